"""Who calls the jobs, and when. `local` is the default: one process, APScheduler's clock, worker processes."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from monitor.store.gathering import Gathered


@dataclass(frozen=True, slots=True)
class Summary:
    """What one pass did and what it leaves."""

    polled: int
    failed_polls: int
    new_entries: int
    baseline: int
    processed: int
    alerts: int
    sent: int
    dead: int
    waiting: int
    next_try: str | None
    """When the first waiting message goes, ISO 8601 UTC."""
    gathering: tuple[Gathered, ...] = ()
    """Messages that wait for a digest, the end of quiet hours or of a budget's day: no pass of before sends them."""

    @property
    def failed(self) -> bool:
        """Return whether the pass as a whole went wrong: a message died, or every poll failed."""
        return self.dead > 0 or (self.polled > 0 and self.failed_polls == self.polled)


class Engine(Protocol):
    """Runs the jobs over one context."""

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then leave within 8 s."""
        ...

    async def run_once(self) -> Summary:
        """Poll what is due, process, send what is due; wait for no future retry."""
        ...
