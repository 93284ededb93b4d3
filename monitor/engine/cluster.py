"""The engine of a cluster: the same lanes and jobs, each member taking its share from one PostgreSQL database.

A member holds a lease (`store.members`) and claims what it works on (`store.claims`). The queue wakes it: whoever
leaves work says so in the same transaction (`store.wakes`), and a member that takes a full batch passes the word on.
One scheduler leads. Each second it looks for what is due and has woken nobody, which makes up for every wake-up that
was lost; it ends the members whose lease ran out, and runs the sweep. What it decides from stands in the database, so
that the next leader goes on where it was.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog

from monitor import errors, jobs, metrics, model
from monitor.clock import ServerClock
from monitor.engine import queue
from monitor.engine.host_turns import HostTurns
from monitor.engine.work import TICK, Periodic, Work, clockwork
from monitor.feeds import outage
from monitor.jobs import recover, replan, report
from monitor.jobs.context import Context
from monitor.store import claims, deadlines, feeds, gathering, host_slots, members, messages, poll_hours, wakes
from monitor.store.leading import Leadership
from monitor.store.store import Connection
from monitor.store.wakes import Wake

REAP = EXCHANGE = 5.0
STALLED = 30.0
RELEASED_TOGETHER = 0.1
"""Seconds that letting go of an item may wait for others to share its commit."""
LEAVING, LAST_WORDS = 5.5, 2.0
"""Seconds that leaving may take, sends in flight included, and that a statement may take then."""
TRY_AGAIN = 1.0
"""Seconds before a queue whose connection broke is followed again."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Role:
    """What a member does."""

    name: str
    """all | scheduler | worker | web"""

    @property
    def works(self) -> bool:
        """Whether it polls, reads and sends."""
        return self.name in ("all", "worker")

    @property
    def leads(self) -> bool:
        """Whether it may become the leader."""
        return self.name in ("all", "scheduler")


class ClusterEngine(Work):
    """Runs the jobs of one member.

    Args:
        clock: The server's, which each beat sets; the context's own.
        conninfo: Of the server, for the queue.
        lease: This member's, renewed with each beat.
        leading: Called when this member has become the leader, before it does anything as such.
    """

    def __init__(
        self,
        context: Context,
        role: Role,
        clock: ServerClock,
        conninfo: str,
        lease: members.Lease,
        leading: Callable[[], Awaitable[object]],
    ) -> None:
        super().__init__(context, claims.BATCH)
        self._role, self._clock, self._lease, self._leading = role, clock, lease, leading
        self._every: list[Periodic] = []
        self._led: list[Periodic] = [(STALLED, self._retry_stalled)]
        self._member = context.store.epoch
        self._hosts = HostTurns(context.store, self._per_host, context.clock, context.gate.deadline)
        context.gate.share(self._hosts)
        self._leadership = Leadership(context.store.engine, self._member)
        self.is_leader = False
        self.took = context.clock.monotonic()
        """When this member last took work up, or began."""
        self._leaving = False
        self._beating = ThreadPoolExecutor(max_workers=1, thread_name_prefix="beat")
        self._targets: set[int] = set()
        self._unreleased: set[tuple[claims.Kind, int]] = set()
        self._releasing: asyncio.Task[None] | None = None
        self._let_go: tuple[object, set[tuple[claims.Kind, int]]] = (None, set())
        """What a transaction, the last one that did, has let go of."""
        self._lane_of = {"poll": self._polls, "trial": self._trials, "process": self._entries, "page": self._pages}
        for lane in (self._polls, self._trials):
            lane.passed_over = lambda feed: self._let_go_of("feed", feed.id)
        self._entries.passed_over = lambda entry: self._let_go_of("entry", entry)
        self._pages.passed_over = lambda article: self._let_go_of("page", article)
        self._asked: set[str] = set()
        """Kinds of work for which a wake-up waits until there is room."""
        handlers = queue.Handlers(self._woken, self._sweep)
        self._queue = queue.Queue(conninfo, f"member {self._member}", handlers)
        for writer in context.store.writers:
            writer.seal = lambda connection: queue.seal(connection, wakes.collect(connection))
            writer.waits = lambda: self.holds() and not self._leaving
        context.store.holds = self.holds
        context.under_way.note_alone = self._note_alone

    def _per_host(self) -> int:
        return self.context.setup.config.polling.per_host

    def holds(self) -> bool:
        """Return whether this member's lease is good, as far as it can know without asking."""
        return self._lease.good and not self.context.store.fenced

    def add_periodic(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` called every so many seconds; before `run`."""
        self._every.append((seconds, work))

    def add_led(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        """Have `work` called every so many seconds while this member leads; before `run`."""
        self._led.append((seconds, work))

    # -- its share of the work --------------------------------------------------------------------

    async def _due_feeds(self, among: feeds.Among, n: int) -> list[model.Feed]:
        def claim(connection: Connection) -> list[model.Feed]:
            found = claims.claim_feeds(connection, self._member, self.context.clock.now(), among, n)
            return _pass_on(connection, "poll" if among == "proven" else "trial", found, n)

        return await self._claim(claim)

    async def _due_entries(self, n: int) -> list[int]:
        def claim(connection: Connection) -> list[int]:
            found = claims.claim_entries(connection, self._member, self.context.clock.now(), n)
            self._expect(found)
            return _pass_on(connection, "process", list(found), n)

        return await self._claim(claim)

    async def _due_pages(self, n: int) -> list[int]:
        def claim(connection: Connection) -> list[int]:
            found = claims.claim_pages(connection, self._member, self.context.clock.now(), n)
            self._expect({-page: deaths for page, deaths in found.items()})
            return _pass_on(connection, "page", list(found), n)

        return await self._claim(claim)

    async def _claim(self, claim: Callable[[Connection], list[Any]]) -> list[Any]:
        """Take a share of the work, and hear which hosts asked another member for a pause meanwhile."""
        if not self._role.works:
            return []

        def claimed(connection: Connection) -> tuple[list[Any], dict[str, datetime]]:
            return claim(connection), feeds.host_pauses(connection, self.context.clock.now())

        found, pauses = await self.context.store.write(claimed)
        self.context.host_pauses.update(pauses)
        if found:
            self.took = self.context.clock.monotonic()
        return found

    def _expect(self, deaths: dict[int, int]) -> None:
        for key, count in deaths.items():
            self.context.under_way.expect(key, count)

    async def _note_alone(self, key: int) -> None:
        kind, item = _claim_of(key)
        await self.context.store.write(lambda connection: claims.note_alone(connection, kind, item, self._member))

    async def _due_targets(self, _n: int) -> list[int]:
        wanted, self._targets = self._targets, set()
        if wanted:
            self.took = self.context.clock.monotonic()
        return [target for target in sorted(wanted) if target in self.context.setup.outlets]

    async def _poll(self, feed: model.Feed) -> bool:
        async with self._letting_go("feed", feed.id):
            return await super()._poll(feed)

    async def _process(self, entry_id: int) -> None:
        async with self._letting_go("entry", entry_id):
            await super()._process(entry_id)

    async def _retry(self, article_id: int) -> None:
        async with self._letting_go("page", article_id):
            await super()._retry(article_id)

    @contextlib.asynccontextmanager
    async def _letting_go(self, kind: claims.Kind, item: int) -> Any:
        """Let go of an item when its job has ended, well or badly; what could not be is let go with a later beat."""
        try:
            yield
        finally:
            self._let_go_of(kind, item)

    def _let_go_of(self, kind: claims.Kind, item: int) -> None:
        self._unreleased.add((kind, item))
        if self._releasing is None or self._releasing.done():
            self._releasing = asyncio.create_task(self._release_together())

    async def _release_together(self) -> None:
        """Let go of what has ended, while the next items have its places already."""
        with contextlib.suppress(errors.StoreError):
            while self._unreleased and not self._leaving:
                self._unreleased.difference_update(await self.context.store.write(self._release, RELEASED_TOGETHER))

    def _release(self, connection: Connection) -> set[tuple[claims.Kind, int]]:
        """Let go of what waits for it, but for what this transaction let go of already; return what that is.

        It is forgotten once that has been committed, not before: else it would stay claimed until this member ends.
        """
        transaction, before = connection.get_transaction(), self._let_go
        waiting = set(self._unreleased) - (before[1] if before[0] is transaction else set())
        for kind in sorted({kind for kind, _ in waiting}):
            claims.release(connection, kind, sorted(item for what, item in waiting if what == kind), self._member)
        self._let_go = (transaction, waiting | (before[1] if before[0] is transaction else set()))
        return waiting

    async def _woken(self, wake: Wake) -> None:
        if wake.kind == "deliver":
            self._targets.add(wake.target_id)
            self._sends.look_again()
            return
        if wake.kind in self._asked:
            return
        lane = self._lane_of[wake.kind]
        self._asked.add(wake.kind)
        try:
            while not lane.has_room and not self._leaving:
                await self.context.clock.sleep(0.05)
        finally:
            self._asked.discard(wake.kind)
        lane.look_again()

    # -- its life ----------------------------------------------------------------------------------

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set. Raises: Fenced when the lease ran out; StoreError where the queue cannot be had."""
        logging.getLogger("apscheduler").setLevel(logging.ERROR)  # that work waits for the database is said once
        scheduler = clockwork(
            (
                (TICK, self._tick),
                (TICK, self._lead),
                (members.BEAT, self._beat),
                (EXCHANGE, self._exchange),
                (REAP, self._when_leading(self._reap)),
                *self._every,
                *((seconds, self._when_leading(work)) for seconds, work in self._led),
            )
        )
        await self._beat()
        async with self._queue.opened():
            scheduler.start()
            followings = self._queue.followings() if self._role.works else ()
            following = [asyncio.create_task(self._keep(follow)) for follow in followings]
            following.append(asyncio.create_task(self._keep(self._follow_sweeps)))
            following.append(asyncio.create_task(self._keep(self._hosts.run)))
            try:
                await self._go(stop)
            finally:
                scheduler.shutdown(wait=False)
                await self._leave(following)

    async def _leave(self, following: list[asyncio.Task[None]]) -> None:
        """Let sends end and give back what this member has; from a network that gives no answer nothing is awaited."""
        self._leaving = True
        deadlines.shorten(self.context.store.engine, LAST_WORDS)
        for task in following:
            task.cancel()
        if not self.holds():
            self._queue.cut()
        try:
            async with asyncio.timeout(LEAVING):
                await self._finish()
                await asyncio.wait(following)
                await asyncio.to_thread(self._leadership.let_go)
                if self.holds():
                    await self.context.store.write(lambda connection: members.leave(connection, self._member))
        except (TimeoutError, errors.StoreError) as fault:
            log.warning("left_without_a_word", error=str(fault) or "the database gave no answer in time")
        finally:
            self._queue.cut()
            self._beating.shutdown(wait=False)

    async def _keep(self, follow: Callable[[], Awaitable[None]]) -> None:
        """Follow a queue for as long as this member lives, whatever happens to its connections."""
        while not self._leaving:  # a worker of the queue may end its cancelling with another fault
            try:
                await follow()
            except asyncio.CancelledError:
                raise
            except Exception as fault:  # noqa: BLE001 - whatever the queue's worker raises, it is started again
                log.warning("queue_lost", error=f"{type(fault).__name__}: {fault.__cause__ or fault}")
            await asyncio.sleep(TRY_AGAIN)

    async def _go(self, stop: asyncio.Event) -> None:
        """As the others do, but end when the lease runs out, too: nobody can be asked then."""
        ended, lost = asyncio.Event(), asyncio.create_task(self._lease_lost())
        both = [asyncio.create_task(stop.wait()), lost]
        for task in both:
            task.add_done_callback(lambda _: ended.set())
        try:
            await super()._go(ended)
            if lost.done() and not stop.is_set():
                raise errors.Fenced("the lease of this member ran out: it could not be renewed")
        finally:
            for task in both:
                task.cancel()

    async def _lease_lost(self) -> None:
        while self.holds():
            await self.context.clock.sleep(0.5)

    async def _beat(self) -> None:
        """Renew the lease, set the clock, and say what members must know of this one.

        On a connection and in a thread of its own: neither what is written nor what waits for a lock, or for a name
        server, costs the lease.
        """
        state, began = report.said(self.context, self.is_leader), self._clock.monotonic()

        def beat(connection: Connection) -> tuple[datetime, float]:
            members.beat(connection, self._member, state)
            return members.read_clock(connection, self._clock.monotonic)

        try:
            aside = self.context.store.write_aside
            reading = await asyncio.get_running_loop().run_in_executor(self._beating, aside, beat)
        except errors.Fenced:
            self.context.store.writer.fenced = True
            raise
        self._lease.renew(began)
        self._clock.set(*reading)

    async def _exchange(self) -> None:
        """Note what this member polled and let go of, and hear which hosts asked others for a pause."""
        pulse = self.context.pulse
        polled = {} if self.is_leader else dict(pulse.polled)  # the leader's own are counted by its sweep

        def exchange(connection: Connection) -> tuple[dict[str, datetime], set[tuple[claims.Kind, int]]]:
            now = self.context.clock.now()
            if polled:
                poll_hours.add(connection, polled, now)
            return feeds.host_pauses(connection, now), self._release(connection)

        pauses, released = await self.context.store.write(exchange)
        self._unreleased.difference_update(released)
        pulse.polled.subtract(polled)
        self.context.host_pauses.update(pauses)

    # -- the leader --------------------------------------------------------------------------------

    def _when_leading(self, work: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            if self.is_leader:
                await work()

        return run

    async def _tick(self) -> None:
        """Show that this loop lives; a database that gives no answer must not make it look dead."""
        self.context.reached("engine.tick")
        self.ticked = time.monotonic()

    async def _lead(self) -> None:
        if not self._role.leads or not self.holds():
            return
        leads = await asyncio.to_thread(self._leadership.hold)
        if leads and not self.is_leader:
            log.info("leads", member=self._member)
            await self._leading()
        self.is_leader = leads
        if leads:
            await self._wake_for_due()

    async def _wake_for_due(self) -> None:
        """Have somebody woken for what is due and claimed by nobody."""
        now, setup = self.context.clock.now(), self.context.setup
        due = await self.context.store.read(lambda connection: _due(connection, now))
        if not due.any:
            return

        def wake(connection: Connection) -> None:
            if due.gathered:
                replan.settle(setup, connection, now)
            for kind in due.kinds:
                wakes.note(connection, kind)
            for target in due.targets:
                wakes.note(connection, "deliver", target)

        await self.context.store.write(wake)

    async def _reap(self) -> None:
        """End the members that gave no sign of life, so that others take over what they worked on."""
        now = self.context.clock.now()

        def reap(connection: Connection) -> list[members.Member]:
            reaped = members.reap(connection)
            suspects = {_key(kind, item): deaths for kind, item, deaths in reaped.suspects if kind != "feed"}
            claims.forget(connection, [_claim_of(key) for key in recover.put_off(connection, suspects, now)])
            living = [member.id for member in members.list_living(connection)]
            aside = recover.void_leases(connection, now, living)
            if aside:
                recover.tell_aside(self.context, connection, aside, now)
            return reaped.members

        for member in await self.context.store.write(reap):
            metrics.MEMBERS_LOST.inc()
            log.warning("member_lost", member=member.id, role=member.role, host=member.host, pid=member.pid)

    async def _follow_sweeps(self) -> None:
        """Run the periodic sweep for as long as this member leads."""
        while not self.is_leader:
            await self.context.clock.sleep(TICK)
        following = asyncio.create_task(self._queue.lead())
        try:
            while self.is_leader and not following.done():
                await self.context.clock.sleep(TICK)
            if following.done():
                following.result()
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def _sweep(self) -> None:
        if not self.is_leader:
            return
        living = await self.context.store.read(members.list_living)
        networks = [outage.from_plain(one.state["network"]) for one in living if one.state.get("network")]
        self.context.networks = outage.together(networks)
        await jobs.sweep(self.context)
        await self.context.store.write(members.prune)
        await self.context.store.write(host_slots.prune)

    async def _retry_stalled(self) -> None:
        stalled = await self._queue.retry_stalled()
        if stalled:
            log.warning("jobs_retried", stalled=stalled)


def _key(kind: str, item: int) -> int:
    return -item if kind == "page" else item


def _claim_of(key: int) -> tuple[claims.Kind, int]:
    return ("entry", key) if key > 0 else ("page", -key)


def _pass_on(connection: Connection, kind: wakes.Kind, found: list[Any], n: int) -> list[Any]:
    """Have another member woken where there was as much as could be taken: there may be more."""
    if len(found) == n:
        wakes.note(connection, kind)
    return found


@dataclass(frozen=True, slots=True)
class _Due:
    kinds: tuple[wakes.Kind, ...]
    targets: tuple[int, ...]
    gathered: bool

    @property
    def any(self) -> bool:
        return bool(self.kinds or self.targets or self.gathered)


def _due(connection: Connection, now: Any) -> _Due:
    return _Due(
        tuple(claims.kinds_due(connection, now)),
        tuple(messages.due_targets(connection, now)),
        gathering.is_due(connection, now),
    )
