"""What is under way in this process, on a file beside the database that a killed process leaves as it stood.

An article that kills the daemon would kill it again at each start. The database cannot know which one it was, since
nothing is committed before the article is decided, and a commit for each would cost as much as deciding it. A write of
a few bytes into the page cache costs next to nothing, and outlives the process.

A dozen are under way at once, and all but one of them are innocent. What was under way in two deaths in a row is worked
on alone from then on, and from then on only such deaths count.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

from monitor.store.members import TOGETHER

SLOTS = 256
SUFFIX = ".under-way"
_SLOT = struct.Struct("<qqq")
"""Key, deaths so far, how it is under way."""
_WAITS, _SHARED, _ALONE = range(3)


class UnderWay:
    """Keys of work (an entry's id, an article's as a negative number) with the deaths that they were under way in.

    Without a file, or where it cannot be written, nothing is remembered: work goes on all the same.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Take over what the last process left: what was under way then has one death more."""
        self._file: int | None = None
        self._slots: dict[int, int] = {}
        """Key -> slot."""
        self._free = list(range(SLOTS))[::-1]
        self._deaths: dict[int, int] = _left(path) if path is not None else {}
        self._room = _Room()
        self.note_alone: Callable[[int], Awaitable[None]] = _tell_nobody
        """Told of a key that nothing else is under way beside, before its work begins."""
        if path is not None:
            self._open(path)

    def _open(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            os.pwrite(self._file, bytes(SLOTS * _SLOT.size), 0)
        for key, deaths in self.suspects().items():
            self._write(self._slot(key), key, deaths, _WAITS)

    def suspects(self) -> dict[int, int]:
        """Return key -> deaths in a row of what was under way when the process died, most first."""
        return dict(sorted(self._deaths.items(), key=lambda pair: -pair[1]))

    def expect(self, key: int, deaths: int) -> None:
        """Know of a key that is about to be worked on in how many deaths it was under way, elsewhere."""
        if deaths:
            self._deaths[key] = deaths

    @contextlib.asynccontextmanager
    async def mark(self, key: int) -> AsyncIterator[int]:
        """Have `key` stand as under way while the block runs, and give its deaths so far.

        However the block ends, if the process lives the key is cleared.
        """
        deaths = self._deaths.get(key, 0)
        alone = deaths >= TOGETHER
        await self._room.enter(alone)
        try:
            self._write(self._slot(key), key, deaths, _ALONE if alone else _SHARED)
            if alone:
                await self.note_alone(key)
            yield deaths
        finally:
            self.clear(key)
            self._room.leave()

    def clear(self, key: int) -> None:
        """Forget a key: it is done."""
        self._deaths.pop(key, None)
        slot = self._slots.pop(key, None)
        if slot is not None:
            self._write(slot, 0, 0, _WAITS)
            self._free.append(slot)

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _slot(self, key: int) -> int | None:
        if key not in self._slots and self._free:
            self._slots[key] = self._free.pop()
        return self._slots.get(key)

    def _write(self, slot: int | None, key: int, deaths: int, how: int) -> None:
        if self._file is None or slot is None:
            return
        with contextlib.suppress(OSError):  # a full disk: the next start knows of one article less
            os.pwrite(self._file, _SLOT.pack(key, deaths, how), slot * _SLOT.size)


async def _tell_nobody(_: int) -> None:
    """The file says it."""


def _left(path: Path) -> dict[int, int]:
    """Return key -> deaths of what stands in a file, with the death of the process that left it."""
    try:
        data = path.read_bytes()[: SLOTS * _SLOT.size]
    except OSError:
        return {}
    whole = data[: len(data) // _SLOT.size * _SLOT.size]
    found = {key: _after(deaths, how) for key, deaths, how in _SLOT.iter_unpack(whole) if key}
    return {key: deaths for key, deaths in found.items() if deaths > 0}


def _after(deaths: int, how: int) -> int:
    return min(deaths + 1, TOGETHER) if how == _SHARED else deaths + (how == _ALONE)


class _Room:
    """Holds many at once, or one alone; who wants to be alone goes before those that come after."""

    def __init__(self) -> None:
        self._inside = self._wanting = 0
        self._alone = False
        self._waiting: list[asyncio.Future[None]] = []

    async def enter(self, alone: bool) -> None:
        self._wanting += alone
        try:
            while self._alone or (self._inside if alone else self._wanting):
                turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiting.append(turn)
                await turn
        except asyncio.CancelledError:
            self._wake()
            raise
        finally:
            self._wanting -= alone
        self._inside += 1
        self._alone = alone

    def leave(self) -> None:
        self._inside -= 1
        self._alone = False
        self._wake()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)
