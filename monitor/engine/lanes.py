"""A lane runs one kind of job: a bounded number at a time, no item twice at once, no hot loop over a failing one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Generic, TypeVar

import structlog

from monitor import errors

T = TypeVar("T")
COOL_DOWN = 5.0
"""Seconds an item is left alone after its job raised."""
BATCH = 256
"""Items a lane loads at a time where its engine does not say otherwise."""

log = structlog.get_logger()


class Lane(Generic[T]):
    """Items of one kind, loaded in batches when the last batch is under way.

    Args:
        find: Returns up to n items that are due.
        key: Tells items apart.
        work: The job; what it raises is logged, and the item waits COOL_DOWN seconds.
        done: Called after each item with what the job returned, None if it raised: it tells lanes to look again.
        wake: Called when the lane wants to be advanced.
        batch: Items that are asked for at a time.
    """

    def __init__(
        self,
        name: str,
        limit: Callable[[], int],
        find: Callable[[int], Awaitable[list[T]]],
        key: Callable[[T], Hashable],
        work: Callable[[T], Awaitable[Any]],
        done: Callable[[Any], None],
        wake: Callable[[], None],
        batch: int = BATCH,
    ) -> None:
        self.name = name
        self._batch = batch
        self._limit, self._find, self._key, self._work = limit, find, key, work
        self._done, self._wake = done, wake
        self._stale = True
        self._queue: deque[T] = deque()
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._cooling: dict[Hashable, float] = {}
        self.fenced: errors.Fenced | None = None
        self.passed_over: Callable[[T], None] = lambda item: None
        """Told of an item that was found and is not taken up now: it ended a moment ago, or its job raised."""

    @property
    def idle(self) -> bool:
        """Return whether nothing runs and nothing waits in memory."""
        return not self._running and not self._queue

    @property
    def has_room(self) -> bool:
        """Return whether it would take up what it finds: nothing waits, and a place is free."""
        return not self._queue and len(self._running) < self._limit()

    def look_again(self) -> None:
        """Load items at the next chance: there may be new ones."""
        self._stale = True
        self._wake()

    async def advance(self) -> bool:
        """Load items if none wait and there may be some, start as many as fit; return whether anything runs."""
        if self._stale and self.has_room:
            self._stale = False
            # What ended while the database was asked may stand in the answer as it was before.
            running = set(self._running)
            found = await self._find(self._batch)
            self._stale = self._stale or len(found) == self._batch
            for item in found:
                key = self._key(item)
                if key not in running and self._is_free(key):
                    self._queue.append(item)
                elif key not in self._running:
                    self.passed_over(item)
        self._start()
        return not self.idle

    def _is_free(self, key: Hashable) -> bool:
        until = self._cooling.get(key)
        if until is not None and until <= asyncio.get_running_loop().time():
            del self._cooling[key]
            until = None
        return key not in self._running and until is None

    def _start(self) -> None:
        while self._queue and len(self._running) < self._limit():
            item = self._queue.popleft()
            key = self._key(item)
            if key not in self._running:
                self._running[key] = asyncio.create_task(self._run(key, item), name=f"{self.name} {key}")

    async def _run(self, key: Hashable, item: T) -> None:
        result = None
        try:
            result = await self._work(item)
        except errors.Fenced as fault:
            self.fenced = fault
        except Exception as fault:  # noqa: BLE001 - the edge of a job: one item's fault must not stop the others
            self._cooling[key] = asyncio.get_running_loop().time() + COOL_DOWN
            log.error("job_failed", job=self.name, item=str(key), error=f"{type(fault).__name__}: {fault}")
        finally:
            self._running.pop(key, None)
            self._start()
            self._done(result)
            if not self._queue and (self._stale or not self._running):
                self._wake()

    async def finish(self, grace: float) -> None:
        """Start nothing more; give what runs `grace` seconds, then cancel it."""
        self._queue.clear()
        tasks = list(self._running.values())
        if tasks and grace > 0:
            await asyncio.wait(tasks, timeout=grace)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
