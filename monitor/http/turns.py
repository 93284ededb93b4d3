"""Taking turns: how many requests run at once, in all and to one host."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol


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
    def full(self) -> bool:
        """Whether another would have to wait."""
        return self._held >= self._size or bool(self._waiting)

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


class Shared(Protocol):
    """The limit to one host where several processes keep it together."""

    def hold(self, host: str) -> AbstractAsyncContextManager[Callable[[float], bool]]:
        """Hold one of a host's turns over all processes; yields whether it is held for so many seconds more."""
        ...

    def is_full(self, host: str) -> bool:
        """Return whether others hold what there is of a host, and somebody here waits for it."""
        ...


class Alone:
    """As `Shared`, for a process that shares its hosts with nobody."""

    @contextlib.asynccontextmanager
    async def hold(self, host: str) -> AsyncIterator[Callable[[float], bool]]:
        """Hold what everybody may have."""
        yield lambda _seconds: True

    def is_full(self, host: str) -> bool:
        """Return False."""
        return False


class Turns:
    """Limits of all requests together and of those to one host."""

    def __init__(self, total: int, per_host: int) -> None:
        self._per_host = per_host
        self._total = Limit(total)
        self._hosts: dict[str, Limit] = {}
        self.shared: Shared = Alone()

    @contextlib.asynccontextmanager
    async def of(self, host: str, seconds: float) -> AsyncIterator[None]:
        """Hold a turn for one request to `host` that takes up to `seconds`."""
        limit = self._hosts.setdefault(host, Limit(self._per_host))
        try:
            await limit.acquire()  # first, so that those who wait for a slow host hold no place among all
            try:
                async with self._turn_of_all(host, seconds):
                    yield
            finally:
                limit.release()
        finally:
            if limit.idle:
                self._hosts.pop(host, None)

    @contextlib.asynccontextmanager
    async def _turn_of_all(self, host: str, seconds: float) -> AsyncIterator[None]:
        """Hold a turn of the host over all processes, and a place in this one, at the same time."""
        while True:
            async with self.shared.hold(host) as lasts:
                await self._total.acquire()
                try:
                    if lasts(seconds):  # else the wait for a place took what it had
                        yield
                        return
                finally:
                    self._total.release()

    def is_crowded(self, host: str) -> bool:
        """Return whether so many wait for `host`, here or in all processes, that another would wait for long."""
        limit = self._hosts.get(host)
        if limit is None:
            return False
        return limit.waiting >= self._per_host or (limit.full and self.shared.is_full(host))

    def resize(self, total: int, per_host: int) -> None:
        """Change both limits; requests under way are not touched."""
        self._per_host = per_host
        self._total.resize(total)
        for limit in self._hosts.values():
            limit.resize(per_host)
