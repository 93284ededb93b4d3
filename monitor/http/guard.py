"""Name resolution that gives only addresses we may use, and sockets only for those."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Sequence
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.http.addresses import Allowed

AddrInfo = tuple[Any, ...]
"""(family, type, proto, canonname, sockaddr), as getaddrinfo gives it."""

LOOKUPS = 16
"""Threads that look up names at once; a dead name server holds each for many seconds."""


class Blocked(OSError):
    """An address that must not be connected to; an OSError because the HTTP client passes those through."""


class SystemResolver(AbstractResolver):
    """The operating system's resolver, in threads of its own.

    Daemon threads: neither the stores that share asyncio's thread pool nor the end of the program waits for a dead
    name server.
    """

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(LOOKUPS)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return every address of `host`. Raises: socket.gaierror."""
        await self._free.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[AddrInfo]] = loop.create_future()
        thread = threading.Thread(target=self._look_up, args=(loop, answer, host, port, family), daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            self._free.release()
            raise OSError(f"no thread left to look names up in: {error}") from error
        return [_result(host, info) for info in await answer]

    async def close(self) -> None:
        """Nothing to release: lookups under way end by themselves."""

    def _look_up(
        self,
        loop: asyncio.AbstractEventLoop,
        answer: asyncio.Future[list[AddrInfo]],
        host: str,
        port: int,
        family: socket.AddressFamily,
    ) -> None:
        found: Sequence[AddrInfo] | OSError | UnicodeError
        try:
            found = socket.getaddrinfo(host, port, family, socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            found = error
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._settle, answer, found)

    def _settle(
        self, answer: asyncio.Future[list[AddrInfo]], found: Sequence[AddrInfo] | OSError | UnicodeError
    ) -> None:
        self._free.release()
        if answer.done():  # the request was given up meanwhile
            return
        if isinstance(found, UnicodeError):
            answer.set_exception(socket.gaierror(socket.EAI_NONAME, "not a host name"))
        elif isinstance(found, OSError):
            answer.set_exception(found)
        else:
            answer.set_result(list(found))


def _result(host: str, info: AddrInfo) -> ResolveResult:
    family, _, proto, _, address = info
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address[0], port=address[1], family=family, proto=proto, flags=flags)


class Guard(AbstractResolver):
    """Stands between the HTTP client and the network: forbidden addresses are neither resolved to nor connected to.

    Where a name has both allowed and forbidden addresses, only the allowed ones are used.
    """

    def __init__(self, allowed: Allowed, resolver: AbstractResolver) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._vouched: set[tuple[str, int]] = set()
        """Private endpoints of hosts that the operator named."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the allowed addresses of `host`. Raises: Blocked if it has none; socket.gaierror."""
        results = await self._resolver.resolve(host, port, family)
        usable = [result for result in results if self._allowed.covers_host(host, result["host"], port)]
        if not usable:
            raise Blocked(_refusal(host, [result["host"] for result in results], port))
        self._vouched.update(
            (result["host"], port) for result in usable if not self._allowed.covers(result["host"], port)
        )
        return [{**result, "port": port} for result in usable]

    def make_socket(self, info: AddrInfo) -> socket.socket:
        """Return a socket to connect to the address of `info`. Raises: Blocked."""
        family, kind, proto, _, (address, port, *_) = info
        if not self._allowed.covers(address, port) and (address, port) not in self._vouched:
            raise Blocked(_refusal(address, [address], port))
        return socket.socket(family, kind, proto)

    async def close(self) -> None:
        """Nothing to release: the resolver belongs to whoever gave it."""


def _refusal(host: str, found: list[str], port: int) -> str:
    shown = ", ".join(found[:3]) or "no address"
    where = shown if host in found else f"{host} ({shown})"
    entry = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return f"{where} is not a public address; if that is meant, add {entry} to allow_private"
