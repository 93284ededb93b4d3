"""The operating system's name resolution: in threads, remembered, and waited for only briefly.

A dead name server holds each lookup for many seconds. Two hundred feeds whose names hang must not keep the others from
being polled: a lookup is waited for SECONDS, its late answer serves the next request; a host that was looked up before
is served from memory, if need be with an old answer. A remembered address is checked at each use like a new one.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

AddrInfo = tuple[Any, ...]
"""(family, type, proto, canonname, sockaddr), as getaddrinfo gives it."""

SECONDS = 3.0
"""How long a request waits for a lookup: 200 names that hang then keep 64 requests busy for 10 s."""
THREADS = 400
"""Lookups under way at once; a dead name server holds each thread for up to half a minute, and two hundred of its names
must leave some to others."""
FRESH = 60.0
"""Seconds for which an answer is used without asking again."""
STALE = 3600.0
"""Seconds for which an answer is used where the name server does not answer."""
KEPT = 20_000
"""Hosts whose addresses are remembered."""

Ask = Callable[[str, int, socket.AddressFamily], Sequence[AddrInfo]]


def ask_system(host: str, port: int, family: socket.AddressFamily) -> Sequence[AddrInfo]:
    """Ask the operating system; blocks. Raises: OSError, UnicodeError."""
    return socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)


@dataclass(frozen=True, slots=True)
class _Known:
    found: list[ResolveResult]
    at: float


class SystemResolver(AbstractResolver):
    """The operating system's resolver, in threads of its own.

    Daemon threads: neither the stores that share asyncio's thread pool nor the end of the program waits for a dead
    name server.
    """

    def __init__(self, ask: Ask = ask_system, seconds: float = SECONDS) -> None:
        """`ask` replaces the operating system, `seconds` how long is waited for it."""
        self._ask, self._seconds = ask, seconds
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._asked: dict[str, asyncio.Future[list[ResolveResult]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return every address of `host`. Raises: socket.gaierror, in time."""
        known = self._known.get(host)
        age = time.monotonic() - known.at if known else STALE
        if known and age < FRESH:
            return known.found
        try:
            return await asyncio.wait_for(asyncio.shield(self._lookup(host, port, family)), self._seconds)
        except (TimeoutError, socket.gaierror) as error:
            if known and age < STALE and _may_pass(error):
                return known.found
            if isinstance(error, TimeoutError):
                raise socket.gaierror(socket.EAI_AGAIN, f"no answer within {self._seconds:g} s") from None
            raise

    async def close(self) -> None:
        """Nothing to release: lookups under way end by themselves."""

    def _lookup(self, host: str, port: int, family: socket.AddressFamily) -> asyncio.Future[list[ResolveResult]]:
        """Return the answer to come: of a lookup under way for the same host, else of a new one."""
        if host in self._asked:
            return self._asked[host]
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[ResolveResult]] = loop.create_future()
        answer.add_done_callback(_look_at)
        if len(self._asked) >= THREADS:
            answer.set_exception(socket.gaierror(socket.EAI_AGAIN, "too many names are being looked up"))
            return answer
        thread = threading.Thread(target=self._work, args=(loop, host, port, family), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            answer.set_exception(socket.gaierror(socket.EAI_AGAIN, f"no thread left to look names up in: {error}"))
            return answer
        self._asked[host] = answer
        return answer

    def _work(self, loop: asyncio.AbstractEventLoop, host: str, port: int, family: socket.AddressFamily) -> None:
        found: Sequence[AddrInfo] | OSError | UnicodeError
        try:
            found = self._ask(host, port, family)
        except (OSError, UnicodeError) as error:
            found = error
        try:
            loop.call_soon_threadsafe(self._settle, host, found)
        except RuntimeError:
            return  # the loop was closed meanwhile: nobody waits

    def _settle(self, host: str, found: Sequence[AddrInfo] | OSError | UnicodeError) -> None:
        answer = self._asked.pop(host)
        if answer.done():
            return
        if isinstance(found, UnicodeError):
            answer.set_exception(socket.gaierror(socket.EAI_NONAME, "not a host name"))
        elif isinstance(found, OSError):
            answer.set_exception(found)
        else:
            results = [_result(host, info) for info in found]
            self._remember(host, results)
            answer.set_result(results)

    def _remember(self, host: str, found: list[ResolveResult]) -> None:
        self._known[host] = _Known(found, time.monotonic())
        self._known.move_to_end(host)
        if len(self._known) > KEPT:
            self._known.popitem(last=False)


def _may_pass(error: Exception) -> bool:
    """Return whether an old answer may stand in: the name server is in trouble, it did not say that there is none."""
    return isinstance(error, TimeoutError) or getattr(error, "errno", None) in (socket.EAI_AGAIN, socket.EAI_FAIL)


def _look_at(answer: asyncio.Future[list[ResolveResult]]) -> None:
    # A late failure that no request waits for any more is no news.
    if not answer.cancelled():
        answer.exception()


def _result(host: str, info: AddrInfo) -> ResolveResult:
    family, _, proto, _, address = info
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address[0], port=address[1], family=family, proto=proto, flags=flags)
