"""Which IP addresses feeds and pages may be fetched from: public ones, and those that the operator names.

The list is our own: `ipaddress.is_global` lets several addresses pass that lead back inside (NAT64, 6to4, Azure's
metadata server). For IPv6 everything outside the global unicast block is refused, which covers every way of writing an
IPv4 address inside an IPv6 one.
Source: IANA special-purpose address registries (RFC 6890), RFC 6052, RFC 3056.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_DENIED_V4 = tuple(
    map(
        ipaddress.IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
            *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15"),
            *("198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
            "168.63.129.16/32",  # Azure's metadata and DNS server, a public address that is local to every machine
        ),
    )
)
_GLOBAL_V6 = ipaddress.IPv6Network("2000::/3")
_DENIED_V6 = tuple(map(ipaddress.IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))

_PRIVATE = tuple(
    map(
        ipaddress.ip_network,
        ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"),
    )
)
"""Where a named host may lie; loopback, link-local and metadata addresses must be named as addresses."""
_METADATA = frozenset(map(ipaddress.ip_address, ("100.100.100.200", "fd00:ec2::254", "fd20:ce::254")))

_ENDPOINT = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/\[\]\s]+):(?P<port>[0-9]{1,5})")


@lru_cache(maxsize=4096)
def is_public(address: str) -> bool:
    """Return whether `address`, an IP address as text, is reachable from everywhere alike; False for nonsense."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv4Address):
        return not any(ip in network for network in _DENIED_V4)
    return ip in _GLOBAL_V6 and not any(ip in network for network in _DENIED_V6)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The private addresses that the operator named: networks on every port, hosts on one port."""

    networks: tuple[IPNetwork, ...] = ()
    endpoints: frozenset[tuple[str, int]] = frozenset()
    """(IP address or host name, port)."""

    def covers(self, address: str, port: int) -> bool:
        """Return whether `address` (as text) on `port` is public or named."""
        if is_public(address) or (address, port) in self.endpoints:
            return True
        ip = _ip(address)
        return ip is not None and any(ip in network for network in self.networks)

    def covers_host(self, host: str, address: str, port: int) -> bool:
        """Return whether `address`, which DNS gave for `host`, may be used.

        A host named with its port may lie in a private network, but not at a metadata address; on loopback only if it
        is `localhost`.
        """
        if self.covers(address, port):
            return True
        ip = _ip(address)
        if ip is None or (host, port) not in self.endpoints or ip in _METADATA:
            return False
        return (host == "localhost" and ip.is_loopback) or any(ip in network for network in _PRIVATE)


def parse_allowed(entries: Iterable[str]) -> Allowed:
    """Return what `allow_private` names: `host:port`, `[IPv6]:port`, an address, or a network in CIDR form.

    Raises: ValueError with the entry and the remedy: nonsense, or a network that holds public addresses.
    """
    networks: list[IPNetwork] = []
    endpoints: list[tuple[str, int]] = []
    for entry in entries:
        if match := _ENDPOINT.fullmatch(entry):
            endpoints.append((_endpoint_host(match["host"]), _port(entry, match["port"])))
        else:
            networks.append(_network(entry))
    return Allowed(tuple(networks), frozenset(endpoints))


def _endpoint_host(host: str) -> str:
    text = host.strip("[]").lower().removesuffix(".")
    ip = _ip(text)
    return text if ip is None else str(ip)


def _port(entry: str, text: str) -> int:
    port = int(text)
    if not 0 < port < 65536:
        raise ValueError(f"allow_private {entry!r}: the port is not between 1 and 65535")
    return port


def _network(entry: str) -> IPNetwork:
    try:
        network = ipaddress.ip_network(entry)
    except ValueError as error:
        raise ValueError(
            f"allow_private {entry!r} is neither host:port nor a network such as 10.1.0.0/16 ({error})"
        ) from None
    if _holds_public(network):
        raise ValueError(f"allow_private {entry!r} holds public addresses; name only the private network that is meant")
    return network


def _holds_public(network: IPNetwork) -> bool:
    if isinstance(network, ipaddress.IPv4Network):
        return not any(network.subnet_of(denied) for denied in _DENIED_V4)
    return network.overlaps(_GLOBAL_V6) and not any(network.subnet_of(denied) for denied in _DENIED_V6)


def _ip(address: str) -> IPAddress | None:
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None
