"""Which task a free worker takes up: what has been slow waits on a bench of its own, so that it holds up nobody else.

A *source* is whatever a task's input comes from (a feed). What is known of it is how long its tasks took:

    passed in time     served first
    not known yet      served next
    slow               served one at a time on the bench, or when nobody else waits

One task in SHARE is the one that waits longest, if it lost patience, so that no class starves another. Pure
bookkeeping: no threads, no clock of its own.
"""

from __future__ import annotations

import enum
import itertools
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from monitor.errors import WorkerBusy

T = TypeVar("T")

PATIENCE = 5.0
"""Seconds after which a waiting task may go before those of a better class."""
SHARE = 8
"""Of so many tasks in a row one may be one that lost patience: where all of a worse class have, they must not make it a
line by age again."""
STUCK = 2.0
"""Seconds that tasks of sources not known yet wait only where some of them take long."""
BENCH = 4
"""Tasks of slow sources that may wait; their jobs hold places that other jobs need."""
MEMORY = 10_000
"""Sources of which something is remembered."""
FORGIVEN = 8
"""Strikes are not counted beyond this, so that a mended source is soon served like others."""


class Standing(enum.IntEnum):
    """What is known of a source, in the order in which they are served."""

    PASSED = 0
    NEW = 1
    SLOW = 2


@dataclass(frozen=True, slots=True)
class Place(Generic[T]):
    """A task in the line; `since` is monotonic."""

    task: T
    source: str
    standing: Standing
    since: float

    @property
    def is_slow(self) -> bool:
        """Return whether it needs a seat of the slow."""
        return self.standing is Standing.SLOW


class Line(Generic[T]):
    """The tasks that wait for `workers` workers, of which slow ones may have `seats`; 0: all but one."""

    def __init__(self, workers: int, seats: int = 0) -> None:
        self._seats = seats or max(1, workers - 1)
        self._seated = 0
        self._by_class = SHARE
        """Tasks taken by their class since one was taken by its age."""
        self._waiting: dict[Standing, deque[Place[T]]] = {standing: deque() for standing in Standing}
        self._strikes: OrderedDict[str, int] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def standing(self, source: str) -> Standing:
        """Return what is known of `source`; the nameless passes."""
        strikes = self._strikes.get(source) if source else 0
        if strikes is None:
            return Standing.NEW
        return Standing.SLOW if strikes else Standing.PASSED

    def is_full(self, source: str) -> bool:
        """Return whether a task of `source` would find no place."""
        return self.standing(source) is Standing.SLOW and len(self._waiting[Standing.SLOW]) >= BENCH

    def is_stuck(self, source: str, now: float) -> bool:
        """Return whether a task of `source`, not known yet, would wait for others like it that have waited for long."""
        strangers = self._waiting[Standing.NEW]
        return self.standing(source) is Standing.NEW and bool(strangers) and now - strangers[0].since > STUCK

    def join(self, task: T, source: str, now: float) -> None:
        """Put a task at the end of its class. Raises: WorkerBusy if the bench is full."""
        if self.is_full(source):
            raise WorkerBusy(f"other slow work goes first: {BENCH} tasks that need long wait already")
        place = Place(task, source, self.standing(source), now)
        self._waiting[place.standing].append(place)

    def take(self, now: float) -> Place[T] | None:
        """Return the task that a free worker does next; `leave` must follow. None if none may start."""
        heads = [queue[0] for standing, queue in self._waiting.items() if queue and self._may_start(standing)]
        if not heads:
            return None
        chosen = min(heads, key=lambda head: head.standing)
        oldest = min(heads, key=lambda head: head.since)
        self._by_class += 1
        if now - oldest.since > PATIENCE and self._by_class >= SHARE:
            chosen, self._by_class = oldest, 0
        self._waiting[chosen.standing].popleft()
        self._seated += chosen.is_slow
        return chosen

    def outstay(self, place: Place[T]) -> bool:
        """Note that a running task takes long; return whether it may go on, on a seat of the slow."""
        self._strike(place.source, 1)
        if place.is_slow:
            return True
        if self._seated < self._seats:
            self._seated += 1
            return True
        return False

    def leave(self, *, seated: bool) -> None:
        """Note that a task has ended; `seated` is whether it held a seat of the slow."""
        self._seated -= seated

    def passed(self, source: str) -> None:
        """Note that a task of `source` took no time to speak of."""
        self._strike(source, -1)

    def failed(self, source: str) -> None:
        """Note that a task of `source` had to be killed, or took its worker along."""
        self._strike(source, 2)

    def empty(self) -> Iterator[T]:
        """Take everything out."""
        places = list(itertools.chain.from_iterable(self._waiting.values()))
        for queue in self._waiting.values():
            queue.clear()
        return (place.task for place in places)

    def _may_start(self, standing: Standing) -> bool:
        return standing is not Standing.SLOW or self._seated < self._seats

    def _strike(self, source: str, change: int) -> None:
        if not source:
            return
        strikes = self._strikes.pop(source, 0) + change
        self._strikes[source] = min(max(strikes, 0), FORGIVEN)
        if len(self._strikes) > MEMORY:
            self._strikes.popitem(last=False)
