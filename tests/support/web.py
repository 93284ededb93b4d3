"""A scriptable web site on loopback, over HTTP or TLS, that can misbehave in every way a real one does.

```
async with Site() as site:
    site.page("/feed", body=b"<rss/>", etag='"1"')
    site.on("/slow", drip(b"<rss/>", pause=1.0))
    await gate.fetch(site.url("/feed"), ...)
    assert site.requests[0].headers["accept-encoding"] == "gzip"
```

Replies are written as raw bytes, so that a test controls each of them. For a test that blocks (a command in a
subprocess), `in_background(site)` runs the site in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from aiohttp.abc import AbstractResolver, ResolveResult


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it arrived; header names in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


class Hangup(Exception):
    """Raised by a reply to end the connection at once."""


_ENDINGS = (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError, Hangup)
"""How a connection may end without that being the server's concern."""

Reply = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]
"""Writes the answer to a request."""


class Site:
    """A web site on 127.0.0.1 with a port of its own."""

    def __init__(self, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> None:
        self.requests: list[Request] = []
        self.connections = 0
        self.busy = 0
        """Requests under way."""
        self.busiest = 0
        self.port = 0
        self.interrupt: Callable[[], object] | None = None
        """Called once, when half of the body of the next request that has one was read; the connection then ends."""
        self._arrival = asyncio.Event()
        self._tls = tls
        self._host = host
        self._replies: dict[str, Reply] = {}
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Site:
        self._server = await asyncio.start_server(self._serve, self._host, 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def address(self) -> str:
        """`127.0.0.1:PORT`, as allow_private takes it."""
        return f"{self._host}:{self.port}"

    def url(self, path: str = "/", host: str | None = None) -> str:
        """Return the address of `path`, optionally under another host name."""
        return f"{'https' if self._tls else 'http'}://{host or self._host}:{self.port}{path}"

    def on(self, path: str, reply: Reply) -> None:
        """Answer `path` (without query) with `reply` from now on; `*` answers whatever has no reply of its own."""
        self._replies[path] = reply

    def page(
        self,
        path: str,
        body: bytes | str = b"",
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        content_type: str = "text/html; charset=utf-8",
        zipped: bool = False,
    ) -> None:
        """Answer `path` with a page; with `etag`, 304 to whoever has it already."""
        content = body.encode() if isinstance(body, str) else body
        shown = {"Content-Type": content_type, **({"ETag": etag} if etag else {}), **(headers or {})}
        self.on(path, page(content, status=status, headers=shown, etag=etag, zipped=zipped))

    def redirect(self, path: str, to: str, status: int = 302, headers: Mapping[str, str] | None = None) -> None:
        """Answer `path` with a redirect."""
        self.page(path, status=status, headers={"Location": to, **(headers or {})})

    def asked(self, path: str) -> list[Request]:
        """Return the requests for `path` so far."""
        return [request for request in self.requests if request.path == path]

    async def until_busy(self, count: int) -> None:
        """Wait until `count` requests are under way."""
        while self.busy < count:
            self._arrival.clear()
            await self._arrival.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        with contextlib.suppress(*_ENDINGS):
            while request := await self._read(reader):
                self.requests.append(request)
                await self._answer(request, writer)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        request, size = await _read_head(reader)
        if size and self.interrupt:
            await reader.readexactly(size // 2)
            interrupt, self.interrupt = self.interrupt, None
            interrupt()
            raise Hangup
        return replace(request, body=await reader.readexactly(size))

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        reply = self._replies.get(request.path) or self._replies.get("*") or page(b"not found", status=404)
        self.busy += 1
        self.busiest = max(self.busiest, self.busy)
        self._arrival.set()
        try:
            await reply(request, writer)
            await writer.drain()
        finally:
            self.busy -= 1


@contextlib.contextmanager
def in_background(site: Site) -> Iterator[Site]:
    """Run `site` in a thread of its own while the block runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    asyncio.run_coroutine_threadsafe(site.__aenter__(), loop).result(10)
    try:
        yield site
    finally:
        asyncio.run_coroutine_threadsafe(site.__aexit__(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _read_head(reader: asyncio.StreamReader) -> tuple[Request, int]:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines if line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Request(method, target, headers), int(headers.get("content-length", 0))


# -- replies -------------------------------------------------------------------------------------


def head(status: int, headers: Mapping[str, str] | Iterable[tuple[str, str]] = ()) -> bytes:
    """Return a status line and headers, with the empty line that ends them."""
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    lines = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    return f"HTTP/1.1 {status} Status\r\n{lines}\r\n".encode("utf-8", "surrogateescape")


def page(
    body: bytes,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    etag: str | None = None,
    zipped: bool = False,
) -> Reply:
    """A well-behaved answer."""
    content = gzip.compress(body) if zipped else body
    shown = {**({"Content-Encoding": "gzip"} if zipped else {}), **(headers or {}), "Content-Length": str(len(content))}

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        if etag and request.headers.get("if-none-match") == etag:
            writer.write(head(304, {"ETag": etag}))
        else:
            writer.write(head(status, shown) + content)

    return reply


def raw(data: bytes) -> Reply:
    """Exactly these bytes, then the end of the connection."""

    async def reply(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()
        raise Hangup

    return reply


def truncated(body: bytes, at: int, headers: Mapping[str, str] | None = None) -> Reply:
    """A Content-Length that the body, cut at `at`, does not reach."""
    return raw(head(200, {**(headers or {}), "Content-Length": str(len(body))}) + body[:at])


def hangup() -> Reply:
    """The connection ends without an answer."""
    return raw(b"")


def silence() -> Reply:
    """No answer, ever."""

    async def reply(_: Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    return reply


def drip(data: bytes, pause: float, headers: bool = False) -> Reply:
    """One byte each `pause` seconds: of the body, or with `headers` of the whole answer."""
    start = head(200, {"Content-Length": str(len(data))})

    async def reply(_: Request, writer: asyncio.StreamWriter) -> None:
        if not headers:
            writer.write(start)
        for byte in start + data if headers else data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(pause)

    return reply


def endless(chunk: bytes, headers: Mapping[str, str] | None = None) -> Reply:
    """The same bytes for as long as somebody reads."""

    async def reply(_: Request, writer: asyncio.StreamWriter) -> None:
        writer.write(head(200, headers or {}))
        while True:
            writer.write(chunk)
            await writer.drain()

    return reply


def bomb(megabytes: int) -> Reply:
    """A valid gzip body of zeros, a thousand times as large as it looks."""
    return page(gzip.compress(bytes(megabytes * 1_000_000)), headers={"Content-Encoding": "gzip"})


def in_turn(*replies: Reply) -> Reply:
    """One reply after another, the last one for ever."""
    left = list(replies)

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(request, writer)

    return reply


def gated(inner: Reply) -> tuple[Reply, asyncio.Event]:
    """A reply that waits until the event is set."""
    event = asyncio.Event()

    async def reply(request: Request, writer: asyncio.StreamWriter) -> None:
        await event.wait()
        await inner(request, writer)

    return reply, event


# -- names ---------------------------------------------------------------------------------------


class Names(AbstractResolver):
    """A name server in memory; a name may have another answer each time it is asked."""

    def __init__(self, records: Mapping[str, Sequence[str]] | None = None) -> None:
        self._answers: dict[str, list[Sequence[str]]] = {name: [found] for name, found in (records or {}).items()}
        self.asked: list[str] = []

    def set(self, name: str, *answers: Sequence[str]) -> None:
        """Give `answers` in turn, the last one for ever."""
        self._answers[name] = list(answers)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the next answer for `host`. Raises: socket.gaierror for unknown names."""
        self.asked.append(host)
        answers = self._answers.get(host)
        if not answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        return [_record(host, address, port) for address in found]

    async def close(self) -> None:
        """Nothing to release."""


def _record(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST)


# -- certificates --------------------------------------------------------------------------------


class Authority:
    """A test CA: writes its certificate to `ca_file` and makes server contexts, good and bad."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.ca_file = folder / "test-ca.pem"
        self._ca.cert_pem.write_to_path(str(self.ca_file))

    def server(self, *names: str) -> ssl.SSLContext:
        """Return a context with a valid certificate for `names` (127.0.0.1 and localhost unless given)."""
        return _server_context(self._ca.issue_cert(*(names or ("127.0.0.1", "localhost"))))

    def expired(self, *names: str) -> ssl.SSLContext:
        """Return a context whose certificate ended yesterday."""
        yesterday = datetime.now(UTC) - timedelta(days=1)
        return _server_context(self._ca.issue_cert(*(names or ("127.0.0.1", "localhost")), not_after=yesterday))

    def self_signed(self) -> ssl.SSLContext:
        """Return a context with a certificate that nobody vouches for."""
        return _server_context(trustme.CA().issue_cert("127.0.0.1", "localhost"))


def _server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context
