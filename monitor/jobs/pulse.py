"""What the monitor knows of its own health, in memory: a database that stands still must not hide it."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.alerts.watch import Finding


@dataclass(frozen=True, slots=True)
class Standing:
    """A finding, and for how long it has stood."""

    finding: Finding
    age: timedelta


@dataclass(slots=True)
class Pulse:
    """Written by the sweep and the heartbeat, read by whoever asks how the monitor does."""

    swept: float = field(default_factory=time.monotonic)
    """When the last sweep ended, on the process's monotonic clock."""
    standing: tuple[Standing, ...] = ()
    """What the last sweep found amiss."""
    seen: dict[str, float] = field(default_factory=dict)
    """When each of these was first found, on the context's monotonic clock."""
    of_rules: tuple[Finding, ...] | None = None
    """What the last look at the rules found; None before the first."""
    rules_due: float = 0.0
    """When rules are looked at again, on the context's monotonic clock."""
    free: deque[tuple[float, int]] = field(default_factory=deque)
    """(monotonic clock, free bytes) of the database's disk in the last day."""
    clock: deque[tuple[float, timedelta]] = field(default_factory=lambda: deque(maxlen=1_000))
    """(monotonic clock, by how much) of each time that the wall clock was found set."""
    polled: Counter[str] = field(default_factory=Counter)
    """Polls that ended since the last sweep, by outcome."""
    beat_failing_at: datetime | None = None
    """Since when the heartbeat has not arrived."""
    beat_said: str = ""
    """Why."""

    def has(self, kind: str, age: timedelta) -> bool:
        """Return whether a finding of this kind, the first part of its key, has stood for `age`."""
        return any(one.finding.key.partition(":")[0] == kind and one.age >= age for one in self.standing)

    def standstills(self) -> list[Finding]:
        """Return the standstills that have stood for their patience."""
        return [one.finding for one in self.standing if one.finding.standstill and one.age >= one.finding.patience]
