"""Is it them, or is it us? When nothing answers any more, no feed is to blame."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

DOUBT = timedelta(minutes=2)
"""Time without any answer after which failures are not held against feeds: less than the third failure of one takes."""
TOLD, TOLD_SOON = timedelta(minutes=10), timedelta(minutes=4)
"""Time without any answer after which the operator is told; the shorter one where the last answer is LONG_AGO."""
LONG_AGO = timedelta(minutes=12)
WITNESSES = 2
"""Hosts that must fail before it is us; where only one has ever answered, that one is enough."""
MEMORY = 0.05
"""Weight of one poll in the share of polls that are answered."""
FEW = 0.02
"""Share of answered polls below which it is us all the same: a feed inside the house answers when the line is cut."""
SILENT_CODES = frozenset(("dns", "connect", "timeout", "tls"))
"""Faults of a fetch in which no server of the feed's had a part, or may have had none."""


@dataclass(frozen=True, slots=True)
class Network:
    """What the last polls say of the way out."""

    answered_at: datetime | None = None
    failing_since: datetime | None = None
    """First poll without an answer since one was answered."""
    answered: frozenset[str] = frozenset()
    """Hosts that have ever answered, WITNESSES of them at most."""
    failing: frozenset[str] = frozenset()
    """Hosts that failed since the last answer, WITNESSES of them at most."""
    share: float = 1.0
    """Of polls that are answered, the later ones counting more."""


def see_answer(network: Network, host: str, now: datetime) -> Network:
    """Return the network after a server answered, whatever it said."""
    share = network.share + MEMORY * (1.0 - network.share)
    return Network(now, None, _with(network.answered, host), frozenset(), share)


def see_silence(network: Network, host: str, now: datetime) -> Network:
    """Return the network after a poll that nobody answered."""
    since, share = network.failing_since or now, network.share * (1.0 - MEMORY)
    return replace(network, failing_since=since, failing=_with(network.failing, host), share=share)


def is_ours(network: Network, failing_at: datetime | None, now: datetime) -> bool:
    """Return whether a poll that nobody answered is rather our own fault than the feed's.

    Args:
        failing_at: Since when the feed has failed; None if this is the first time.
    """
    if network.failing_since is None:
        return False
    if network.share < FEW:
        return True
    if is_proven(network, failing_at):
        return False
    last = min(network.answered_at or now, network.failing_since)
    alone = len(network.answered | network.failing) < WITNESSES
    return now - last >= DOUBT and (alone or len(network.failing) >= WITNESSES)


def is_proven(network: Network, failing_at: datetime | None) -> bool:
    """Return whether somebody has answered since a feed began to fail: then the fault is not ours."""
    return failing_at is not None and network.answered_at is not None and network.answered_at > failing_at


def silence(network: Network, now: datetime) -> timedelta:
    """Return for how long polls have gone unanswered; zero if the last one was answered."""
    return max(now - network.failing_since, timedelta()) if network.failing_since else timedelta()


def is_told(network: Network, now: datetime) -> bool:
    """Return whether nobody has answered for so long that the operator is told."""
    long_ago = network.answered_at is not None and now - network.answered_at >= LONG_AGO
    return silence(network, now) >= (TOLD_SOON if long_ago else TOLD)


def shift(network: Network, by: timedelta) -> Network:
    """Return the network after the clock was set by `by`."""
    answered, failing = network.answered_at, network.failing_since
    return replace(network, answered_at=answered and answered + by, failing_since=failing and failing + by)


def together(networks: Sequence[Network]) -> Network:
    """Return what several processes see, each with its own way out: nobody answers only where none has an answer."""
    seen = [one for one in networks if one.answered_at or one.failing_since]
    if not seen:
        return Network()
    answered = max((one.answered_at for one in seen if one.answered_at), default=None)
    silent = all(one.failing_since for one in seen)
    failing = min((one.failing_since for one in seen if one.failing_since), default=None) if silent else None
    hosts = frozenset[str]().union(*(one.answered for one in seen))
    lost = frozenset[str]().union(*(one.failing for one in seen)) if silent else frozenset()
    return Network(answered, failing, hosts, lost, max(one.share for one in seen))


def to_plain(network: Network) -> dict[str, Any]:
    """Return a network as values that JSON has."""
    times = {"answered_at": network.answered_at, "failing_since": network.failing_since}
    return {
        **{name: moment and moment.isoformat() for name, moment in times.items()},
        "answered": sorted(network.answered),
        "failing": sorted(network.failing),
        "share": network.share,
    }


def from_plain(plain: Mapping[str, Any]) -> Network:
    """Return the network that `to_plain` was given."""
    answered, failing = (
        datetime.fromisoformat(plain[name]) if plain[name] else None for name in ("answered_at", "failing_since")
    )
    return Network(answered, failing, frozenset(plain["answered"]), frozenset(plain["failing"]), plain["share"])


def _with(hosts: frozenset[str], host: str) -> frozenset[str]:
    return hosts if len(hosts) >= WITNESSES else hosts | {host}
