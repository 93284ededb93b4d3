"""The gate itself: one GET with its redirects, each hop checked like a first request."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import yarl
from aiohttp.abc import AbstractResolver

from monitor import urls
from monitor.errors import FetchError
from monitor.http import addresses, body, faults, files, guard, names, turns
from monitor.http import headers as headers_
from monitor.http import room as room_
from monitor.model import Reply

_PERMANENT = (301, 308)
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """Limits of every request. Times in seconds, sizes in bytes after decompression."""

    user_agent: str
    allow_private: tuple[str, ...] = ()
    """Private addresses that may be fetched from: `10.1.2.3:8080`, `intranet:8080` or `10.1.0.0/16`."""
    concurrency: int = 64
    """Requests under way at once."""
    per_host: int = 2
    """Requests under way at once to one host."""
    deadline: float = 20.0
    """For a whole request with redirects and body; waiting for one's turn does not count."""
    feed_cap: int = 10_000_000
    page_cap: int = 2_000_000
    hops: int = 5
    """Redirects that are followed."""
    ca_file: Path | None = None
    """Certificates to trust besides the system's."""


class Gate:
    """Fetches feeds and pages within the limits of its settings."""

    def __init__(self, settings: HttpSettings, resolver: AbstractResolver | None = None) -> None:
        """Prepare; no connection is made. `resolver` replaces the system's DNS.

        Raises: ValueError for a bad `allow_private`; FetchError `tls` for an unreadable `ca_file`.
        """
        self._resolver = resolver or names.SystemResolver()
        self._settings = settings
        self._line = _Line(settings, self._resolver)
        self._retired: list[_Line] = []
        self._turns = turns.Turns(files.affordable(settings.concurrency), settings.per_host)
        self._rooms = room_.Rooms()

    async def fetch(
        self,
        url: str,
        *,
        cap: int,
        accept: str,
        etag: str | None = None,
        last_modified: str | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        room: room_.Room | None = None,
    ) -> Reply:
        """Return the final answer to a GET, whatever its status; the body only for 2xx, at most `cap` bytes.

        Args:
            etag, last_modified: As the address gave them before; the answer may then be a 304.
            headers, auth: For this host only; they are dropped when a redirect leaves it.
            room: Bounds what all bodies together may hold; without it nothing does.
        Raises: FetchError, see its codes.
        """
        line, settings = self._line, self._settings
        public = headers_.public_headers(settings.user_agent, accept, etag, last_modified)
        private = headers_.private_headers(headers, auth)
        request = _Request(urls.parse_url(url), public, private, settings.deadline, room)
        line.users += 1
        try:
            return await self._follow(line, settings, request, cap)
        finally:
            line.users -= 1
            if self._retired:
                await self._close_retired()

    def room(self) -> contextlib.AbstractAsyncContextManager[room_.Room]:
        """Return a room to fetch in; it is left when the body has been dropped."""
        return self._rooms.open()

    def is_crowded(self, url: str) -> bool:
        """Return whether so many requests wait for the host of `url` that another would wait for long."""
        return self._turns.is_crowded(urls.host_of(url))

    def replace(self, settings: HttpSettings) -> None:
        """Use `settings` from the next request on; requests under way end under the old ones.

        Raises: As the constructor; the old settings then stay.
        """
        if settings == self._settings:
            return
        line = _Line(settings, self._resolver)
        self._retired.append(self._line)
        self._line, self._settings = line, settings
        self._turns.resize(files.affordable(settings.concurrency), settings.per_host)

    @property
    def deadline(self) -> float:
        """Seconds that a whole request may take."""
        return self._settings.deadline

    def share(self, shared: turns.Shared) -> None:
        """Ask `shared` for a turn before each hop, too: other processes ask the same hosts."""
        self._turns.shared = shared

    async def close(self) -> None:
        """Close every connection; requests under way fail."""
        for line in (*self._retired, self._line):
            await line.close()
        self._retired.clear()
        await self._resolver.close()

    async def _close_retired(self) -> None:
        for line in [line for line in self._retired if not line.users]:
            self._retired.remove(line)
            await line.close()

    async def _follow(self, line: _Line, settings: HttpSettings, request: _Request, cap: int) -> Reply:
        for _ in range(settings.hops + 1):
            async with self._turns.of(request.url.host, request.left), request.on_time(settings.deadline):
                answer = await _ask(line, request, cap)
            if isinstance(answer, Reply):
                return answer
            request.turn_to(answer)
        raise FetchError("too_many_redirects", f"{request.first.shown} was redirected more than {settings.hops} times")


class _Line:
    """A connection pool under one set of settings; kept until its last request has ended."""

    def __init__(self, settings: HttpSettings, resolver: AbstractResolver) -> None:
        self._guard = guard.Guard(addresses.parse_allowed(settings.allow_private), resolver)
        self._tls = _tls_context(settings.ca_file)
        self._session: aiohttp.ClientSession | None = None
        self.users = 0

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = self._open()
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        kept = files.kept_open()
        connector = aiohttp.TCPConnector(
            limit=0,  # Turns does the limiting
            keepalive_timeout=kept,
            force_close=kept is None,
            ssl=self._tls,
            resolver=self._guard,
            use_dns_cache=False,  # the resolver remembers, and knows what to do when the name server does not answer
            socket_factory=self._guard.make_socket,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
        )


@dataclass(frozen=True, slots=True)
class _Redirect:
    status: int
    url: urls.Url


class _Request:
    """One fetch on its way through its redirects."""

    def __init__(
        self,
        url: urls.Url,
        public: dict[str, str],
        private: dict[str, str],
        deadline: float,
        room: room_.Room | None,
    ) -> None:
        self.first = self.url = url
        self.room = room
        self._public = public
        self._private = private
        self._left = deadline
        self._unbroken = True
        self.permanent_url: str | None = None

    @property
    def left(self) -> float:
        """Seconds of the deadline that are left."""
        return self._left

    @property
    def headers(self) -> dict[str, str]:
        return self._public | self._private

    @contextlib.asynccontextmanager
    async def on_time(self, deadline: float) -> AsyncIterator[None]:
        """Count the time of one hop against the deadline of all. Raises: FetchError `timeout`."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self._left):
                yield
        except TimeoutError:
            if self.room is not None and self.room.waits:
                raise room_.too_late() from None
            raise FetchError("timeout", f"{self.url.shown} did not answer in full within {deadline:g} s") from None
        self._left -= time.monotonic() - began

    def turn_to(self, redirect: _Redirect) -> None:
        """Go on with the next hop. Raises: FetchError `bad_redirect` if it leaves TLS."""
        if self.url.scheme == "https" and redirect.url.scheme == "http":
            raise FetchError(
                "bad_redirect", f"{self.url.shown} redirects from https to http ({redirect.url.shown}); not followed"
            )
        self._unbroken = self._unbroken and redirect.status in _PERMANENT
        if self._unbroken:
            self.permanent_url = str(redirect.url)
        if not _same_site(self.url, redirect.url):
            self._private = {}
        self.url = redirect.url


def _same_site(old: urls.Url, new: urls.Url) -> bool:
    """Return whether credentials may go along: the same host and port, or its move from http to https."""
    upgraded = (old.port, new.port) == (80, 443)
    return old.host == new.host and (old.port == new.port or upgraded)


async def _ask(line: _Line, request: _Request, cap: int) -> Reply | _Redirect:
    """Send one request and read its answer. Raises: FetchError."""
    url = request.url
    try:
        async with line.session.get(_to_yarl(url), headers=request.headers, allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return _Redirect(response.status, _location(url, response))
            content = await body.read(url, response, cap, request.room) if 200 <= response.status < 300 else b""
            return Reply(headers_.info_of(response), str(url), content, request.permanent_url)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if isinstance(error, TimeoutError):
            raise
        raise faults.explain(url, error) from error


def _to_yarl(url: urls.Url) -> yarl.URL:
    # From the parts, not from the text: a second parser must not get to read the address in its own way.
    return yarl.URL.build(scheme=url.scheme, authority=url.netloc, path=url.path, query_string=url.query, encoded=True)


def _location(url: urls.Url, response: aiohttp.ClientResponse) -> urls.Url:
    location = response.headers.get("Location", "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if not location:
        raise FetchError("bad_redirect", f"{url.shown} answered {response.status} without saying where to go")
    try:
        return urls.join_url(url, location)
    except FetchError as error:
        raise FetchError(
            "bad_redirect", f"{url.shown} redirects to an address that is not followed: {error}"
        ) from error


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    if ca_file is not None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise FetchError("tls", f"cannot read certificates from {ca_file}: {error}; give a PEM file") from None
    return context
