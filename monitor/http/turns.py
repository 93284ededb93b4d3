"""Taking turns: how many requests run at once, in all and to one host."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator


class Limit:
    """A semaphore, first come first served, whose size may change while it is held."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def idle(self) -> bool:
        """Whether nobody holds it or waits for it."""
        return not self._held and not self._waiting

    @property
    def waiting(self) -> int:
        """How many wait for a turn."""
        return len(self._waiting)

    async def acquire(self) -> None:
        """Wait for a turn."""
        if self._held < self._size and not self._waiting:
            self._held += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            self._give_up(turn)
            raise

    def release(self) -> None:
        """End a turn."""
        self._held -= 1
        self._admit()

    def resize(self, size: int) -> None:
        """Allow `size` turns at once; those beyond it run to their end."""
        self._size = size
        self._admit()

    def _give_up(self, turn: asyncio.Future[None]) -> None:
        if turn.done() and not turn.cancelled():  # the turn came in the same instant: pass it on
            self.release()
        elif turn in self._waiting:  # else a release has passed it over already
            self._waiting.remove(turn)

    def _admit(self) -> None:
        while self._waiting and self._held < self._size:
            turn = self._waiting.popleft()
            if not turn.done():
                self._held += 1
                turn.set_result(None)


class Turns:
    """Limits of all requests together and of those to one host."""

    def __init__(self, total: int, per_host: int) -> None:
        self._per_host = per_host
        self._total = Limit(total)
        self._hosts: dict[str, Limit] = {}

    @contextlib.asynccontextmanager
    async def of(self, host: str) -> AsyncIterator[None]:
        """Hold a turn for one request to `host`."""
        limit = self._hosts.setdefault(host, Limit(self._per_host))
        try:
            await limit.acquire()  # first, so that those who wait for a slow host hold no place among all
            try:
                await self._total.acquire()
                try:
                    yield
                finally:
                    self._total.release()
            finally:
                limit.release()
        finally:
            if limit.idle:
                self._hosts.pop(host, None)

    def is_crowded(self, host: str) -> bool:
        """Return whether so many wait for `host` that another would wait for long."""
        limit = self._hosts.get(host)
        return limit is not None and limit.waiting >= self._per_host

    def resize(self, total: int, per_host: int) -> None:
        """Change both limits; requests under way are not touched."""
        self._per_host = per_host
        self._total.resize(total)
        for limit in self._hosts.values():
            limit.resize(per_host)
