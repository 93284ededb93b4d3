"""Bodies of answers, decoded within bounds."""

from __future__ import annotations

import io
import zlib

import aiohttp

from monitor import urls
from monitor.errors import FetchError
from monitor.http.room import Room

MAX_MEMBERS = 1000
"""Members of one gzip stream: beyond it the stream is made to cost time, not to carry text."""


async def read(url: urls.Url, response: aiohttp.ClientResponse, cap: int, room: Room | None) -> bytes:
    """Return the decoded body, never holding more than `cap` bytes of it. Raises: FetchError."""
    decoder = _decoder(url, response.headers.get("Content-Encoding", ""))
    if response.content_length is not None and response.content_length > cap:
        raise _too_large(url, cap)
    body = io.BytesIO()  # hands its bytes over without a copy
    size = received = 0
    async for chunk in response.content.iter_any():
        received += len(chunk)
        size += body.write(decoder.decode(chunk, cap + 1 - size) if decoder else chunk)
        if max(size, received) > cap:
            raise _too_large(url, cap)
        if room is not None:
            await room.hold(size)
    if decoder and not decoder.finished:
        raise FetchError("truncated", f"{url.shown}: the compressed answer ends in the middle")
    return body.getvalue()


def _decoder(url: urls.Url, encoding: str) -> _Gunzip | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return _Gunzip(url)
        case _:
            raise FetchError(
                "bad_encoding", f"{url.shown} answered in the encoding {encoding[:40]!a}; we asked for gzip"
            )


class _Gunzip:
    """Decodes a gzip stream in bounded steps; several members in a row are one stream (RFC 1952)."""

    def __init__(self, url: urls.Url) -> None:
        self._url = url
        self._member = zlib.decompressobj(wbits=31)
        self._members = 0

    @property
    def finished(self) -> bool:
        return self._member.eof or not self._members

    def decode(self, chunk: bytes, limit: int) -> bytes:
        """Return at most `limit` bytes; what a chunk holds beyond that is dropped, since the caller then gives up."""
        self._members = self._members or 1
        decoded = bytearray()
        try:
            while chunk and len(decoded) < limit:
                if self._member.eof:
                    if not chunk.startswith(b"\x1f"):  # padding after the last member, as gzip itself ignores it
                        break
                    self._next_member()
                decoded += self._member.decompress(chunk, limit - len(decoded))
                chunk = self._member.unused_data
        except zlib.error as error:
            raise FetchError("bad_encoding", f"{self._url.shown}: the answer says gzip but is not ({error})") from None
        return bytes(decoded)

    def _next_member(self) -> None:
        self._members += 1
        if self._members > MAX_MEMBERS:
            raise FetchError(
                "bad_encoding", f"{self._url.shown}: the answer is made of over {MAX_MEMBERS} gzip members"
            )
        self._member = zlib.decompressobj(wbits=31)


def _too_large(url: urls.Url, cap: int) -> FetchError:
    return FetchError("too_large", f"{url.shown} is larger than the {cap / 1e6:g} MB that are read of it")
