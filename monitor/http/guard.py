"""Addresses of names, of which only those that we may use are given, and sockets only for those."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from monitor.http.addresses import Allowed
from monitor.http.names import AddrInfo


class Blocked(OSError):
    """An address that must not be connected to; an OSError because the HTTP client passes those through."""


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
