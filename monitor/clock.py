"""The one source of `now`, so that tests and replays can bring their own."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
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
