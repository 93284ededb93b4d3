"""The default engine: APScheduler's tick over what the database says is due.

APScheduler does nothing but tick, in UTC: an interval is immune to the repeated and the missing hour, coalesced ticks
to sleep. What is due stands in the database (`next_check`, `due_at`), so a restart needs no schedule of its own.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

import structlog

from monitor import jobs, model
from monitor.engine import Summary
from monitor.engine.work import TICK, Periodic, Work, clockwork
from monitor.feeds import outage
from monitor.jobs import replan
from monitor.jobs.context import Context
from monitor.store import articles, entries, feeds, gathering, hold, messages, times

BEAT = 5.0
SWEEP = 30.0
CLOCK_SET = timedelta(seconds=30)
"""Difference between wall and monotonic clock from which on the wall clock was set, not corrected."""
STEADY = 3600.0
"""Seconds after which the two clocks are compared anew, so that what a clock is corrected by does not add up; shorter,
and a clock that stands still, or limps, would never be noticed."""
FEW = 64
"""Entries that are taken up at a time: what comes new stands behind no more of them."""
TURNS = 8
"""Of these, entries of feeds whose pages may take long, a second each and more: what comes new waits for them. Those of
feeds that never did go first."""

log = structlog.get_logger()


class LocalEngine(Work):
    """Runs the jobs in this process; heavy work goes to worker processes.

    Args:
        every: Further periodic work: reloading, say.
    """

    def __init__(self, context: Context, every: tuple[Periodic, ...] = ()) -> None:
        super().__init__(context)
        self._every = every
        self._started = context.clock.now()
        self._polls_until: datetime | None = None
        self._swept = False
        self._seen: tuple[datetime, float] | None = None
        """What the clocks showed when they were last set against each other."""
        self._polled: set[int] = set()
        """Feeds that one pass has polled: each is polled once in it, however short its `every` is."""
        self._put_off: list[datetime] = []
        """When what one pass has put off, because others went first, is due again."""

    # A lane that just ended an item looks for it again where it may be due once more.

    def _after_poll(self, made_work: bool | None) -> None:
        if made_work is not False:
            self._entries.look_again()
            self._sends.look_again()

    def _after_entry(self, _: object) -> None:
        self._entries.look_again()
        self._pages.look_again()
        self._sends.look_again()

    def _after_send(self, _: object) -> None:
        self._sends.look_again()

    def add_periodic(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` called every so many seconds; before `run`."""
        self._every = (*self._every, (seconds, work))

    # -- what is due -----------------------------------------------------------------------------

    async def _due_feeds(self, among: feeds.Among, n: int) -> list[model.Feed]:
        await self._mind_clock()
        if self.context.store.room.full:
            return []
        until = self._polls_until or self.context.clock.now()
        most = n + len(self._polled)  # those of this pass may be due once more, and must not take the places of others
        due = await self.context.store.read(lambda connection: feeds.list_due(connection, until, most, among))
        return [feed for feed in due if feed.id not in self._polled][:n]

    async def _mind_clock(self) -> None:
        """Move what is planned along when the clock was set: else all would be due at once, or nothing for long."""
        before, (now, running) = self._seen, (self.context.clock.now(), self.context.clock.monotonic())
        if before is None:  # the last run's clock may have been ahead of this one's
            last = await self.context.store.read(times.last_poll)
            moved = min(now - last, timedelta()) if last else timedelta()
        else:
            moved = now - before[0] - timedelta(seconds=running - before[1])
        if before is None or abs(moved) >= CLOCK_SET or running - before[1] >= STEADY:
            self._seen = now, running
        if abs(moved) < CLOCK_SET:
            return
        if before is not None:
            self.context.pulse.clock.append((running, moved))
        log.warning("clock_set", seconds=round(moved.total_seconds()), meaning="what is planned moves with it")
        await self.context.store.write(lambda connection: times.shift(connection, moved, now))
        for pauses in (self.context.host_pauses, self.context.slow_hosts):
            pauses.update({host: until + moved for host, until in pauses.items()})
        self.context.network = outage.shift(self.context.network, moved)

    async def _due_entries(self, n: int) -> list[int]:
        now = self.context.clock.now()
        if self.context.store.room.full:
            return []
        found = await self.context.store.read(lambda connection: entries.list_pending(connection, now, n))
        if len(found) <= TURNS:
            return found
        slugs = await self.context.store.read(lambda connection: entries.slugs_of(connection, found))
        proven = [entry for entry in found if self.context.workers.is_proven(jobs.process.source_of(slugs[entry]))]
        known = set(proven)
        return [*proven[: FEW - TURNS], *[entry for entry in found if entry not in known][:TURNS]]

    async def _due_pages(self, n: int) -> list[int]:
        now = self.context.clock.now()
        if self.context.store.room.full:
            return []
        return await self.context.store.read(lambda connection: articles.list_retries(connection, now, n))

    async def _due_targets(self, _n: int) -> list[int]:
        setup, now = self.context.setup, self.context.clock.now()
        if await self.context.store.read(lambda connection: gathering.is_due(connection, now)):
            await self.context.store.write(lambda connection: replan.settle(setup, connection, now))
        due = await self.context.store.read(lambda connection: messages.due_targets(connection, now))
        return [target for target in due if target in self.context.setup.outlets]

    # -- the jobs --------------------------------------------------------------------------------

    def _note_wait(self, again: datetime | None) -> None:
        if again is not None and self._polls_until is not None:
            self._put_off.append(again)

    def _note_poll(self, feed: model.Feed) -> None:
        if self._polls_until is not None:
            self._polled.add(feed.id)

    # -- running ---------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises: Fenced when another daemon took the database over."""
        scheduler = clockwork(((TICK, self._tick), (BEAT, self._beat), (SWEEP, self.sweep), *self._every))
        scheduler.start()
        try:
            await self._go(stop)
        finally:
            scheduler.shutdown(wait=False)
            await self._finish()

    async def _tick(self) -> None:
        self.context.reached("engine.tick")
        self.ticked = time.monotonic()
        for lane in self._lanes:
            lane.look_again()

    async def _beat(self) -> None:
        now = self.context.clock.now()
        await self.context.store.write(lambda connection: hold.record_beat(connection, now))

    async def sweep(self) -> None:
        """Do what must happen now and then although nothing asks for it."""
        await jobs.sweep(self.context)

    async def run_once(self) -> Summary:
        """Poll every feed that is due now, process and send until nothing is due, and say what is left."""
        self._polls_until = self.context.clock.now() + timedelta(seconds=feeds.SPREAD)
        self._wake.clear()
        while await self._round() or await self._wait_out() or await self._flush() or await self._sweep_once():
            await self._wake.wait()
            await asyncio.sleep(0)
            self._wake.clear()
        return await self._summary()

    async def _wait_out(self) -> bool:
        """Wait until the first of what was put off is due again; return False if nothing was."""
        if not self._put_off:
            return False
        due = min(self._put_off)
        self._put_off = [moment for moment in self._put_off if moment > due]
        await self.context.clock.sleep((due - self.context.clock.now()).total_seconds())
        self._polls_until = self.context.clock.now()
        for lane in self._lanes:
            lane.look_again()
        return True

    async def work_off(self) -> None:
        """Do what is due by now, with all that follows from it, as a tick of the running daemon does."""
        await self._tick()
        self._wake.clear()
        while await self._round():
            await self._wake.wait()
            await asyncio.sleep(0)
            self._wake.clear()

    async def _sweep_once(self) -> bool:
        """Tell what the polls of this pass showed of feeds; return False when that was done."""
        if self._swept:
            return False
        self._swept = True
        await jobs.sweep(self.context, gather=timedelta())
        self._sends.look_again()
        return True

    async def _flush(self) -> bool:
        """Queue what nothing holds back any more, and what only waited for company; return whether there was any."""
        now = self.context.clock.now()
        setup, early = self.context.setup, ("storm", "group")
        if not await self.context.store.write(lambda connection: replan.settle(setup, connection, now, early)):
            return False
        self._sends.look_again()
        return True

    async def _summary(self) -> Summary:
        since, counts = self._started, self._counts
        found = await self.context.store.read(lambda connection: messages.summary(connection, since))
        upcoming = await self.context.store.read(messages.next_due)
        gathered = await self.context.store.read(gathering.list_gathered)
        return Summary(
            counts.polled,
            counts.failed_polls,
            counts.new_entries,
            counts.baseline,
            counts.processed,
            alerts=found.alerts,
            sent=found.sent,
            dead=found.dead,
            waiting=found.waiting,
            next_try=upcoming.isoformat() if upcoming else None,
            gathering=tuple(gathered),
        )
