"""The one source of `now`, so that tests and replays can bring their own."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

_SINCE_BOOT: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """Tells the time; passed to whatever needs it, never reached for."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back, from an arbitrary start; they go on while the machine sleeps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds; at once where there are none left."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the present as an aware UTC datetime."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that never go back; on Linux they go on while the machine sleeps."""
        return time.clock_gettime(_SINCE_BOOT)

    async def sleep(self, seconds: float) -> None:
        """Return after so many seconds; at once where there are none left."""
        await asyncio.sleep(max(0.0, seconds))


class ServerClock(SystemClock):
    """The clock of a database's server, which several machines share: its last reading, and what has passed since."""

    def __init__(self) -> None:
        self._read: tuple[datetime, float] | None = None

    def set(self, server: datetime, monotonic: float) -> None:
        """Take a reading, and what `monotonic` showed at that moment."""
        self._read = server.astimezone(UTC), monotonic

    def now(self) -> datetime:
        """Return the server's present as an aware UTC datetime; this machine's before the first reading."""
        if self._read is None:
            return super().now()
        server, at = self._read
        return server + timedelta(seconds=self.monotonic() - at)
