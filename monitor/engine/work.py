"""The jobs of one process: a lane for each kind, advanced whenever there may be something to do.

Where the work comes from is the engine's affair: `local` looks at what the database says is due, `cluster` claims its
share of it.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from monitor import errors, jobs, model
from monitor.engine.lanes import BATCH, Lane
from monitor.jobs.context import Context
from monitor.store import feeds

TICK = 1.0
SEND_GRACE = 4.0
"""Seconds that sends in flight get when the daemon is told to stop."""
BREATH = 0.02
"""Least seconds between two rounds of the daemon, so that a burst of finished jobs makes one round."""
PROCESSING = 12
"""Entries under way at once: enough to keep two workers busy while pages are fetched."""
SENDS = 64
"""Targets that are sent to at once."""
FENCED = "another wirewatch has taken over the database; this one stops without writing"

log = structlog.get_logger()
Periodic = tuple[float, Callable[[], Awaitable[None]]]
"""Seconds, and what is called every so many."""


@dataclass(slots=True)
class Counts:
    """What this engine has done since it was made."""

    polled: int = 0
    failed_polls: int = 0
    new_entries: int = 0
    baseline: int = 0
    processed: int = 0


class Work(ABC):
    """Lanes for polls, entries, pages and sends.

    Args:
        batch: Items that a lane takes up at a time.
    """

    def __init__(self, context: Context, batch: int = BATCH) -> None:
        self.context = context
        self.ticked = time.monotonic()
        self._batch = batch
        self._wake = asyncio.Event()
        self._counts = Counts()
        # Feeds that never answered well, or not the last time, may be slow, hanging or hostile: they have places of
        # their own, so that however many there are they never hold all of those of the others.
        self._polls = self._lane(
            "poll", self._concurrency, partial(self._due_feeds, "proven"), _feed_id, self._poll, self._after_poll
        )
        self._trials = self._lane(
            "trial",
            lambda: max(1, self._concurrency() // 2),
            partial(self._due_feeds, "strangers"),
            _feed_id,
            self._poll,
            self._after_poll,
        )
        self._entries = self._lane(
            "process", lambda: PROCESSING, self._due_entries, _itself, self._process, self._after_entry
        )
        self._pages = self._lane("retry", lambda: 2, self._due_pages, _itself, self._retry, self._after_entry)
        self._sends = self._lane("deliver", lambda: SENDS, self._due_targets, _itself, self._deliver, self._after_send)
        self._lanes: tuple[Lane[Any], ...] = (self._polls, self._trials, self._entries, self._pages, self._sends)

    def _lane(self, name: str, limit: Any, find: Any, key: Any, work: Any, done: Any) -> Lane[Any]:
        return Lane(name, limit, find, key, work, done, self._wake.set, self._batch)

    def _concurrency(self) -> int:
        return self.context.setup.config.polling.concurrency

    def silence(self) -> float:
        """Return seconds since the last tick of the clock."""
        return time.monotonic() - self.ticked

    # -- what is due -----------------------------------------------------------------------------

    @abstractmethod
    async def _due_feeds(self, among: feeds.Among, n: int) -> list[model.Feed]: ...

    @abstractmethod
    async def _due_entries(self, n: int) -> list[int]: ...

    @abstractmethod
    async def _due_pages(self, n: int) -> list[int]: ...

    @abstractmethod
    async def _due_targets(self, n: int) -> list[int]: ...

    # -- the jobs --------------------------------------------------------------------------------

    async def _poll(self, feed: model.Feed) -> bool:
        """Poll a feed; return whether there may be entries to process or notices to send."""
        polled = await jobs.poll_feed(self.context, feed)
        self._note_wait(polled.again)
        if polled.again is not None:
            return False
        self._note_poll(feed)
        self._counts.polled += 1
        self._counts.failed_polls += polled.outcome == "failed"
        self._counts.new_entries += polled.new
        self._counts.baseline += polled.baseline
        return polled.outcome != "unchanged" or feed.failures > 0

    async def _process(self, entry_id: int) -> None:
        again = await jobs.process_entry(self.context, entry_id)
        self._note_wait(again)
        self._counts.processed += again is None

    def _note_wait(self, again: datetime | None) -> None:
        """Hear when what was put off, because others go first, is due again."""

    def _note_poll(self, feed: model.Feed) -> None:
        """Hear that a feed was polled."""

    async def _retry(self, article_id: int) -> None:
        await jobs.retry_page(self.context, article_id)

    async def _deliver(self, target_id: int) -> None:
        await jobs.deliver(self.context, target_id)

    # What a job may have left for whom. Looking costs a query each, so that nobody looks without a reason.

    def _after_poll(self, made_work: bool | None) -> None:
        """Hear what `_poll` returned; None if it raised."""

    def _after_entry(self, _: object) -> None:
        """Hear that an entry or a page is done."""

    def _after_send(self, _: object) -> None:
        """Hear that a target has had what was due."""

    # -- running ---------------------------------------------------------------------------------

    async def _go(self, stop: asyncio.Event) -> None:
        stopping = asyncio.create_task(stop.wait())
        told = False
        while not stop.is_set():
            self._wake.clear()
            busy = await self._round()
            if not told and not busy and self._counts.polled:
                told = True
                self._tell_baseline()
            woken = asyncio.create_task(self._wake.wait())
            await asyncio.wait((woken, stopping), return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            await asyncio.sleep(BREATH)
        stopping.cancel()

    async def _round(self) -> bool:
        busy = False
        for lane in self._lanes:
            try:
                busy |= await lane.advance()
            except errors.Fenced:
                raise
            except errors.StoreError as fault:
                log.error("store_unreadable", job=lane.name, error=str(fault))
                await asyncio.sleep(TICK)
            if lane.fenced:
                raise lane.fenced
        if self.context.store.fenced:
            raise errors.Fenced(FENCED)
        return busy

    def _tell_baseline(self) -> None:
        if self._counts.baseline:
            log.info(
                "baseline", entries=self._counts.baseline, meaning="alerts begin with the next new item of each feed"
            )

    async def _finish(self) -> None:
        """Let sends end, drop everything else: what is dropped stands in the database and is done at the next start."""
        await asyncio.gather(
            *(lane.finish(0) for lane in self._lanes if lane is not self._sends), self._sends.finish(SEND_GRACE)
        )


def clockwork(every: Iterable[Periodic]) -> AsyncIOScheduler:
    """Return APScheduler's clock, not started yet, for some periodic work.

    It ticks in UTC, so that no hour is repeated or missing; ticks that a sleep held up are one.
    """
    defaults = {"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
    scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=defaults)
    for seconds, work in every:
        scheduler.add_job(guarded(work), "interval", seconds=seconds)
    return scheduler


def guarded(work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
    """Return periodic work whose faults are logged and end nothing."""

    async def run() -> None:
        try:
            await work()
        except errors.MonitorError as fault:
            log.error("periodic_work_failed", error=str(fault))
        except asyncio.CancelledError:
            log.debug("periodic_work_dropped", why="the daemon is leaving")

    return run


def _feed_id(feed: model.Feed) -> int:
    return feed.id


def _itself(item: int) -> int:
    return item
