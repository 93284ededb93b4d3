"""A member of a cluster: joins, works under its role, and joins again when its lease or the server was lost."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from monitor import app, errors, memory, metrics, wiring
from monitor.app import Listen, Seams
from monitor.clock import ServerClock
from monitor.config import Config
from monitor.delivery import heartbeat
from monitor.engine.cluster import LAST_WORDS, ClusterEngine, Role
from monitor.engine.work import Periodic
from monitor.follow import LOOK, Follower
from monitor.jobs import beat, report
from monitor.jobs.context import Context, Setup
from monitor.jobs.under_way import UnderWay
from monitor.member_health import MemberHealth
from monitor.reload import CHECK, Reloader
from monitor.store import database, deadlines, hold, members, migrate
from monitor.store.store import Connection, Store
from monitor.web.front import Front

AGAIN = (1.0, 2.0, 5.0)
"""Seconds before a member tries to join again, the last for every further time."""
ENDING = 7.0
"""Seconds within which a process that is told to stop has ended."""
WAITING = 1.0
"""Seconds between looks of a member that waits until a scheduler has made the schema, or read the rules."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Place:
    """What one process of a cluster is started as.

    Args:
        listen: Where it answers the health routes for its whole life, and the dashboard if its role has one.
        announce: Told the address once it answers.
        taken: Told each configuration that a reload takes over.
    """

    role: Role
    listen: Listen
    announce: Callable[[str], None]
    taken: Callable[[Config], None]


async def run_member(config: Config, place: Place, seams: Seams) -> None:
    """Run one process of a cluster until SIGTERM or Ctrl-C.

    Raises: ConfigError; DatabaseTooNew; another StoreError where it cannot join for the first time, later it tries for
    as long as it takes.
    """
    stop, rule_files, live = asyncio.Event(), wiring.RuleFiles(), [config]
    app.on_signals(stop)

    def taken(new: Config) -> None:
        live.append(new)
        place.taken(new)

    known, failures = False, 0
    front = place.listen if isinstance(place.listen, Front) else await Front.opened(*place.listen)
    try:
        while not stop.is_set():
            member = Member(live[-1], replace(place, listen=front, taken=taken), seams, rule_files)
            try:
                await _run_to_the_end(member, stop)
            except errors.DatabaseTooNew:
                raise
            except (errors.Fenced, errors.StoreError, errors.ConfigError, database.DriverError) as fault:
                slow = isinstance(fault, errors.Fenced)  # it took longer than its lease to begin
                if not (known or member.joined or slow):  # a configuration that broke since may be mended, too
                    raise
                known, failures = True, 0 if member.joined else failures + 1
                wait = AGAIN[min(failures, len(AGAIN) - 1)]
                log.error("member_left", error=str(fault), joins_again_in=wait)
                await _stopped(stop, wait)
    finally:
        await front.close()
        rule_files.close()


async def _run_to_the_end(member: Member, stop: asyncio.Event) -> None:
    """Run one life of a member; when told to stop, for ENDING seconds at most, whatever it waits for.

    Raises: what it raises.
    """
    life, stopped = asyncio.create_task(member.run(stop)), asyncio.create_task(stop.wait())
    await asyncio.wait((life, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    done, _ = await asyncio.wait((life,), timeout=ENDING)
    if done:
        return await life
    log.warning("left_abruptly", meaning="the database gives no answer; others take over when the lease has run out")


class Member:
    """One life of a member: from joining to leaving, or to the loss of its lease."""

    def __init__(self, config: Config, place: Place, seams: Seams, rule_files: wiring.RuleFiles) -> None:
        self._config, self._place, self._rule_files = config, place, rule_files
        self._clock = ServerClock()
        self._lease = members.Lease(self._clock.monotonic)
        self._seams = replace(seams, clock=self._clock)
        self.joined = False

    async def run(self, stop: asyncio.Event) -> None:
        """Join, work until `stop` is set, and leave. Raises: ConfigError, StoreError, Fenced."""
        engine = database.open_member_engine(self._config.database)
        try:
            async with _held(engine):
                if not await self._schema_made(engine, stop) or (member_id := await self._joined(engine, stop)) is None:
                    return
                store = self._opened(engine, member_id)
                try:
                    await self._work(store, stop)
                finally:
                    await asyncio.to_thread(store.close)
        except database.DriverError as fault:
            raise errors.StoreError(f"the database cannot be used: {fault.orig}") from fault
        finally:
            engine.dispose()
            deadlines.close(engine)

    async def _schema_made(self, engine: database.Engine, stop: asyncio.Event) -> bool:
        """Bring the schema up to date if that is this role's affair, else wait until it is; False when stopped."""
        told = False
        while not await asyncio.to_thread(self._is_made, engine):
            if not told:
                log.warning("waits_for_schema", wanted=migrate.newest(), meaning="a scheduler makes it, beside members")
                told = True
            if await _stopped(stop):
                return False
        return True

    def _is_made(self, engine: database.Engine) -> bool:
        if not self._place.role.leads:
            migrate.refuse_unfit(engine)
            present = migrate.revision_of(engine)
            return present is not None and migrate.fits(engine, present)
        outcome = migrate.upgrade_together(engine)
        if outcome == "upgraded":
            log.info("database_upgraded", schema=migrate.newest())
        return outcome in ("current", "upgraded")

    def _opened(self, engine: database.Engine, member_id: int) -> Store:
        store = Store(engine, member_id, guard=members.require)
        store.holds = store.writer.waits = lambda: self._lease.good
        return store

    async def _joined(self, engine: database.Engine, stop: asyncio.Event) -> int | None:
        """Return this member's number, once no migration is under way; None when stopped."""
        began = self._clock.monotonic()
        while (joined := await asyncio.to_thread(database.write_once, engine, self._join)) is None:
            if await _stopped(stop):
                return None
            began = self._clock.monotonic()
        member_id, now = joined
        self._lease.renew(began)
        self._clock.set(now, self._clock.monotonic())
        log.info("joined", member=member_id, role=self._place.role.name)
        return int(member_id)

    def _join(self, connection: Connection) -> tuple[int, datetime] | None:
        if not migrate.may_join(connection):
            return None
        migrate.refuse_unfit(connection.engine)
        member_id = members.join(connection, self._place.role.name, metrics.version(), report.joining())
        return member_id, members.server_time(connection)

    async def _work(self, store: Store, stop: asyncio.Event) -> None:
        async with contextlib.AsyncExitStack() as stack:
            beating = asyncio.create_task(self._beat(store))
            stack.callback(beating.cancel)
            setup = await self._first_setup(store, stop)
            if setup is None:
                await store.write(lambda connection: members.leave(connection, store.epoch))
                return
            context = await stack.enter_async_context(app.working_context(store, setup, self._seams, UnderWay()))
            engine = self._engine(context)
            health = MemberHealth(context, engine, self._place.role)
            engine.add_periodic(5.0, health.refresh)
            engine.add_led(beat.EVERY, beat.Heartbeat(context, health.vitals, heartbeat.Heart().beat).beat)
            pages = self._place.role.name in ("all", "web")
            await stack.enter_async_context(
                app.serving(context, health, self._place.listen, self._place.announce, pages)
            )
            self.joined = True
            beating.cancel()
            await engine.run(stop)

    async def _beat(self, store: Store) -> None:
        """Keep the lease while rules are read and workers start, however long that takes."""
        while True:
            await asyncio.sleep(members.BEAT)
            began = self._clock.monotonic()
            with contextlib.suppress(errors.StoreError):
                await store.write(lambda connection: members.beat(connection, store.epoch, report.joining()))
                self._lease.renew(began)

    async def _first_setup(self, store: Store, stop: asyncio.Event) -> Setup | None:
        """Return what to begin with: the rules that are live, or, for who may lead, what the files say."""
        opened = wiring.open_channels(self._config)
        wiring.report_warnings(self._config)
        told = False
        while (rules := await store.read(wiring.stored_rules)) is None and not self._place.role.leads:
            if not told:
                log.warning("waits_for_rules", meaning="a scheduler reads them")
                told = True
            if await _stopped(stop):
                return None
        if rules is None:
            rules = await asyncio.to_thread(wiring.load_rules, self._config, None)
        now = self._clock.now()
        return await store.write(wiring.member_setup(self._config, rules, self._rule_files.put(rules), opened, now))

    def _engine(self, context: Context) -> ClusterEngine:
        place = self._place
        reloader = Reloader(context, self._rule_files, self._config, place.taken)
        follower = Follower(context, self._rule_files, self._config, place.taken)
        engine = ClusterEngine(
            context, place.role, self._clock, database.conninfo(self._config.database), self._lease, reloader.reload
        )

        async def follow() -> None:
            if not engine.is_leader:
                await follower.look()

        def ask() -> None:
            (reloader if engine.is_leader else follower).ask()

        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, ask)
        often: tuple[Periodic, ...] = ((LOOK, follow), (memory.EVERY, memory.trim))
        for seconds, work in often:
            engine.add_periodic(seconds, work)
        engine.add_led(CHECK, reloader.look)
        return engine


@contextlib.asynccontextmanager
async def _held(engine: database.Engine) -> AsyncIterator[None]:
    """Hold the database together with others, asked beside the loop: a server that is silent must not hold that up."""
    holding = hold.shared(engine)
    await asyncio.to_thread(holding.__enter__)
    try:
        yield
    finally:
        deadlines.shorten(engine, LAST_WORDS)
        await asyncio.to_thread(holding.__exit__, None, None, None)


async def _stopped(stop: asyncio.Event, wait: float = WAITING) -> bool:
    """Wait so many seconds at most; return whether the process is to end."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), wait)
    return stop.is_set()
