"""What every job needs, handed over in one piece."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor import clock, http, model, workers
from monitor.config import Config, FeedSettings, Rate
from monitor.delivery.channel import Sender
from monitor.feeds import outage
from monitor.jobs.pulse import Pulse
from monitor.jobs.under_way import UnderWay
from monitor.rules.live import LiveRules
from monitor.store.store import Store


@dataclass(frozen=True, slots=True)
class Outlet:
    """An open way to one recipient."""

    target_id: int
    target: model.Target
    sender: Sender
    rate: Rate | None


@dataclass(frozen=True, slots=True)
class Setup:
    """Everything that a reload replaces, in one piece, so that a job sees either the old or the new."""

    config: Config
    live: LiveRules
    rules_path: Path
    """File with the live rule source, which workers load by name."""
    outlets: Mapping[int, Outlet]
    """By target id."""
    rating_key: bytes = field(default=b"", repr=False)
    """Signs the links by which recipients rate alerts; empty: there are none."""
    declared: Mapping[str, FeedSettings] = field(init=False, repr=False)
    """The configured feeds by their id: their headers and passwords are nowhere else."""

    def __post_init__(self) -> None:
        """Index the feeds: a poll must not walk a list of thousands."""
        object.__setattr__(self, "declared", {feed.id: feed for feed in self.config.feeds})

    def outlets_of(self, channels: tuple[str, ...]) -> tuple[Outlet, ...]:
        """Return the outlets of some channels, in the order of the channels."""
        return tuple(outlet for name in channels for outlet in self.outlets.values() if outlet.target.channel == name)


class Locks:
    """Named locks inside this process: one article is never fetched twice at the same time."""

    def __init__(self) -> None:
        self._held: dict[str, tuple[asyncio.Lock, int]] = {}

    @contextlib.asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Let one caller at a time through for `name`."""
        lock, waiting = self._held.get(name) or (asyncio.Lock(), 0)
        self._held[name] = (lock, waiting + 1)
        try:
            async with lock:
                yield
        finally:
            lock, waiting = self._held.pop(name)
            if waiting > 1:
                self._held[name] = (lock, waiting - 1)


def _pass(stage: str) -> None:
    """Reach a stage; tests put their fail points here."""


@dataclass(slots=True)
class Context:
    """The parts a job works with. `setup` is replaced whole on reload; a job reads it once, at its start."""

    store: Store
    gate: http.Gate
    workers: workers.Workers
    clock: clock.Clock
    setup: Setup
    log: Any
    reached: Callable[[str], None] = _pass
    """Called with the name of each stage as it is reached: `poll.fetched`, `send.claimed`, ..."""
    draw: Callable[[], float] = field(default=lambda: 0.5)
    """Uniform in [0, 1): the jitter of next checks."""
    locks: Locks = field(default_factory=Locks)
    slow_hosts: dict[str, datetime] = field(default_factory=dict)
    """Hosts whose pages did not come in time, and until when none is asked for."""
    host_pauses: dict[str, datetime] = field(default_factory=dict)
    """Hosts that sent Retry-After, and until when; the database keeps a copy for the next start."""
    network: outage.Network = field(default_factory=outage.Network)
    """What the last polls of this process say of its own way out."""
    networks: outage.Network | None = None
    """What those of all processes say together; None where there is but one."""
    forms_seen: tuple[str, str] = ("", "")
    """The word form and its words down to which the last sweep looked for those that no text holds any more."""
    pulse: Pulse = field(default_factory=Pulse)
    """What the monitor knows of its own health."""
    under_way: UnderWay = field(default_factory=UnderWay)
    """What this process works on, and what the last one died of."""

    @property
    def way_out(self) -> outage.Network:
        """What polls say of the way out of all who poll."""
        return self.networks or self.network
