"""Room for large bodies: many small ones may be held at once, few large ones, lest a crowd fills the memory.

Whoever fetches opens a room, and leaves it when the body has been parsed and dropped. Most bodies need none of it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from monitor.errors import FetchError
from monitor.http.turns import Limit

SMALL = 256_000
"""Bytes that any number of requests may hold."""
STEPS = ((SMALL, 16), (1_000_000, 1))
"""(bytes, how many bodies may be larger at once): 16 MB and one feed of 10 MB at most."""
WAITING = 8
"""Requests that may wait for a step; more are sent away, since who waits holds a place that others need."""
PATIENCE = 3.0
"""Seconds that one waits. With the whole deadline, twelve large pages kept all others waiting for half a minute."""


def too_late() -> FetchError:
    """Return what is told of a body for which there was no room in time."""
    return FetchError("busy", "other large answers were not done in time; it is asked again soon")


class Rooms:
    """What all requests together may hold."""

    def __init__(self) -> None:
        self._steps = [(size, Limit(count)) for size, count in STEPS]

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[Room]:
        """Open a room for one body, for as long as the body lives."""
        room = Room(self._steps)
        try:
            yield room
        finally:
            room.leave()


class Room:
    """The place of one body."""

    def __init__(self, steps: list[tuple[int, Limit]]) -> None:
        self._steps = steps
        self._taken = 0
        self.waits = False
        """Whether the body waits for others to be dropped, or was given up while it did."""

    async def hold(self, size: int) -> None:
        """Make sure that `size` bytes may be held; waits for others.

        Raises: FetchError `busy` if too many wait, or PATIENCE was not enough.
        """
        while self._taken < len(self._steps) and size > self._steps[self._taken][0]:
            limit = self._steps[self._taken][1]
            if limit.waiting >= WAITING:
                raise FetchError("busy", "too many large answers at once; it is asked again soon")
            self.waits = True
            try:
                async with asyncio.timeout(PATIENCE):
                    await limit.acquire()
            except TimeoutError:
                raise too_late() from None
            self.waits = False
            self._taken += 1

    def leave(self) -> None:
        """Give everything back."""
        while self._taken:
            self._taken -= 1
            self._steps[self._taken][1].release()
