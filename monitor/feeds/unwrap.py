"""Bytes as servers send them -> bytes in which ASCII tags can be found: gzip off, UTF-16, UTF-32 and EBCDIC re-coded.

Linear and bounded: what unpacks to more than MAX_BYTES is refused, and a second layer of gzip is not opened.
"""

from __future__ import annotations

import re
import zlib

from monitor import errors

MAX_BYTES = 10_000_000
"""Largest body that is read, unpacked; the fetch gate stops at the same size."""

_GZIP = b"\x1f\x8b"
_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")
_DECLARED = re.compile(rb"<\?xml\s[^>]{0,200}encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"']")
_WIDE = (
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\x00<", "utf-32-be"),
    (b"<\x00\x00\x00", "utf-32-le"),
    (b"\xfe\xff", "utf-16"),
    (b"\xff\xfe", "utf-16"),
    (b"\x00<\x00", "utf-16-be"),
    (b"<\x00", "utf-16-le"),
    (b"\x00{\x00", "utf-16-be"),
    (b"{\x00", "utf-16-le"),
)
_EBCDIC = b"\x4c\x6f\xa7\x94\x93"
"""`<?xml` in every EBCDIC code page."""


def unwrap(body: bytes) -> tuple[bytes, str | None]:
    """Return the body of a feed with ASCII tags, and its character set where it was re-coded (then always UTF-8).

    A body that is itself gzip (`news-sitemap.xml.gz`, served as a file) is unpacked, as far as it goes.
    Raises: ParseError `too_large`, `not_a_feed`.
    """
    if body.startswith(_GZIP):
        body = _gunzip(body)
    encoding = next((name for mark, name in _WIDE if body.startswith(mark)), None)
    if encoding is None and body.startswith(_EBCDIC):
        encoding = _ebcdic(body)
    if encoding is None:
        return body.removeprefix(b"\xef\xbb\xbf"), None
    text = body.decode(encoding, "replace").lstrip("\ufeff")
    return _DECLARATION.sub(b"", text.encode("utf-8", "replace"), count=1), "utf-8"


def _gunzip(body: bytes) -> bytes:
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        found = unpacker.decompress(body, MAX_BYTES + 1)
    except zlib.error as error:
        raise errors.ParseError("not_a_feed", f"This is gzip, but damaged ({error}); nothing was read.") from error
    if len(found) > MAX_BYTES:
        raise errors.ParseError("too_large", f"This is gzip that unpacks to more than {MAX_BYTES:,} bytes; refused.")
    return found


def _ebcdic(body: bytes) -> str:
    """Return the declared EBCDIC code page; all of them agree on the characters of an XML declaration."""
    declared = _DECLARED.match(body[:300].decode("cp037").encode("latin-1", "replace"))
    name = declared[1].decode("ascii") if declared else "cp037"
    try:
        return name if "<?xml".encode(name) == _EBCDIC else "cp037"
    except (LookupError, ValueError):  # no such code page; `undefined`, which is one, refuses everything
        return "cp037"
