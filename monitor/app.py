"""Config -> a running daemon: store, rules, channels, workers, engine, web; and its orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

import structlog

from monitor import config as configuration
from monitor import errors, http, memory, metrics, tasks, wiring, workers
from monitor.alerts import watch
from monitor.clock import Clock, SystemClock
from monitor.config import Config
from monitor.config_values import is_loopback
from monitor.delivery import heartbeat
from monitor.engine import Summary
from monitor.engine.local import LocalEngine
from monitor.engine.work import Work
from monitor.jobs import beat, recover, watchdog
from monitor.jobs.context import Context, Setup
from monitor.jobs.under_way import SUFFIX, UnderWay
from monitor.reload import CHECK, Reloader
from monitor.store import database, feeds, hold, messages, migrate, ratings, room
from monitor.store.store import Store
from monitor.web import access
from monitor.web import app as web_app
from monitor.web import rating as rating_page
from monitor.web.desk import Desk
from monitor.web.front import Front

STUCK = 15.0
"""Seconds without a tick, or without a sign of the writer, after which the daemon is not alive."""
NOT_POLLED = frozenset(("nothing_polled", "no_feeds", "polls_failing", "polls_stalled"))
"""Findings in which no feed is heard of."""
FRESH = timedelta(hours=1)
"""How long ago the last good poll of any feed may be for the daemon to be ready, beside the longest `every`."""

Listen = tuple[str, int] | Front

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seams:
    """What tests replace: the clock, the jitter, and what is called as each stage is reached."""

    clock: Clock = field(default_factory=SystemClock)
    draw: Callable[[], float] = random.random
    reached: Callable[[str], None] = lambda stage: None


@contextlib.contextmanager
def opened_store(config: Config, seams: Seams) -> Iterator[Store]:
    """Take the database for this process: lock, check, back up, migrate, hold.

    Raises: StoreError of the kind that says what is wrong.
    """
    engine = database.open_engine(config.database)
    try:
        with hold.exclusive(engine):
            store = _take(engine, seams)
            try:
                yield store
            finally:
                store.close()
    except database.DriverError as fault:
        raise errors.DatabaseUnusable(f"the database cannot be used: {fault.orig}") from fault
    finally:
        engine.dispose()


def _take(engine: database.Engine, seams: Seams) -> Store:
    reserve = room.Room(database.sqlite_path(str(engine.url)))
    reserve.look()
    database.check_integrity(engine)
    migrate.refuse_newer(engine)
    hold.require_latest(engine)
    now = seams.clock.now()
    seams.reached("migrate.begun")
    saved = migrate.upgrade(engine, now)
    seams.reached("migrate.done")
    if saved:
        log.info("database_upgraded", backup=str(saved), schema=migrate.newest())
    epoch = database.write_once(engine, lambda connection: hold.take(connection, now))
    hold.note_epoch(engine, epoch)
    return Store(engine, epoch, reserve)


@contextlib.asynccontextmanager
async def opened_context(
    config: Config, store: Store, rule_files: wiring.RuleFiles, seams: Seams
) -> AsyncIterator[Context]:
    """Load rules, open channels and workers, and hand over the context of jobs. Raises: ConfigError, StoreError."""
    opened = wiring.open_channels(config)
    wiring.report_warnings(config)
    before = store.read_now(wiring.stored_rules)
    rules = wiring.load_rules(config, before)
    wiring.report_rules(rules, before)
    now = seams.clock.now()
    under_way = UnderWay(hold.beside(config.database, SUFFIX))
    aside = await store.write(lambda connection: recover.begin(connection, under_way, now))
    setup = await store.write(wiring.record_setup(config, rules, rule_files.put(rules), opened, now))
    async with working_context(store, setup, seams, under_way) as context:
        if aside:
            await store.write(lambda connection: recover.tell_aside(context, connection, aside, now))
        yield context


@contextlib.asynccontextmanager
async def working_context(store: Store, setup: Setup, seams: Seams, under_way: UnderWay) -> AsyncIterator[Context]:
    """Start gate and worker processes for `setup`, and end them, the channels with them, when the block is left."""
    now = seams.clock.now()
    pauses = await store.read(lambda connection: feeds.host_pauses(connection, now))
    http.raise_limit()
    memory.give_back()
    gate = http.Gate(wiring.http_settings(setup.config))
    warm_up = workers.WarmUp(tasks.WARM_UP, str(setup.rules_path))
    pool = workers.Workers(workers.WorkerSettings(), tasks.PRELOAD, warm_up)
    context = Context(
        store,
        gate,
        pool,
        seams.clock,
        setup,
        log,
        reached=seams.reached,
        draw=seams.draw,
        host_pauses=pauses,
        under_way=under_way,
    )
    # What is there now stays: the collector need not walk modules and rules again and again.
    gc.collect()
    gc.freeze()
    try:
        yield context
    finally:
        gc.unfreeze()
        pool.close()
        under_way.close()
        await gate.close()
        for outlet in context.setup.outlets.values():
            await outlet.sender.close()


class HealthView(web_app.HealthView, Protocol):
    """What `/healthz` and `/readyz` say, and the signs of life that a thread watches."""

    def vitals(self) -> watch.Vitals:
        """Return when each part of this process showed life last."""
        ...


class Health:
    """What `/healthz` and `/readyz` say of a process that does all of the work."""

    def __init__(self, context: Context, engine: Work, sweeps: Callable[[], bool] = lambda: True) -> None:
        """`sweeps`: whether this process is the one that runs the sweep, of several."""
        self._context = context
        self._sweeps = sweeps
        self._engine = engine
        self._dead_channels: tuple[str, ...] = ()
        self._polled = False

    def vitals(self) -> watch.Vitals:
        """Return when each part of this process showed life last; asks nobody, from any thread."""
        store, pulse = self._context.store, self._context.pulse
        if not self._sweeps():
            pulse.swept = time.monotonic()  # another's affair; should it become ours, we begin now
        swept = time.monotonic() - pulse.swept
        committed = store.writer.uncommitted_for()
        return watch.Vitals(self._engine.silence(), store.idle_for(), committed, swept, store.fault)

    def alive(self) -> tuple[bool, str]:
        """Return whether the tick and the writer live; a dead internet must not restart the container."""
        if self._engine.silence() > STUCK:
            return False, "the scheduler has not ticked"
        if self._context.store.idle_for() > STUCK:
            return False, "the writer shows no life"
        return True, ""

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Return whether the monitor does its work, and what keeps it from it."""
        reasons = (*self.of_process(), *self.of_whole())
        return not reasons, reasons

    def of_process(self) -> Iterator[str]:
        """Yield what keeps this process from its work, whichever that is."""
        alive, _ = self.alive()
        if not alive:
            yield "not_alive"
        if self._context.store.room.full:
            yield "disk_full"
        vitals = self.vitals()
        if vitals.fault or vitals.commit > STUCK:
            yield "not_writing"

    def of_whole(self) -> Iterator[str]:
        """Yield what is amiss with the monitor as a whole, as the process knows that looks after it."""
        pulse = self._context.pulse
        if self._context.setup.live.stale:
            yield "rules_stale"
        if not self._context.setup.live.ruleset.packs or pulse.has("no_rules", timedelta()):
            yield "no_rules"
        if self.vitals().sweep > watch.SWEEP_STILL:
            yield "not_sweeping"
        still = {found.key for found in pulse.standstills()}
        if not self._polled or still & NOT_POLLED:
            yield "no_recent_poll"
        if "reading_stalled" in still:
            yield "nothing_read"
        if self._dead_channels or "nobody_told" in still or pulse.has("channel_failing", watch.PATIENCE):
            yield "channel_dead"

    async def refresh(self) -> None:
        """Look up in the database what `ready` answers from."""
        now = self._context.clock.now()
        last = await self._context.store.read(feeds.last_success)
        slowest = max((feed.every or 0 for feed in self._context.setup.config.feeds), default=0.0)
        longest = max(slowest, self._context.setup.config.polling.every)
        self._polled = last is not None and now - last < FRESH + timedelta(seconds=longest)
        self._dead_channels = await self._context.store.read(messages.dead_channels)


async def run_daemon(
    config: Config, seams: Seams, announce: Callable[[str], None], taken: Callable[[Config], None]
) -> None:
    """Run until SIGTERM or Ctrl-C.

    Args:
        announce: Told the address of the health routes once they answer.
        taken: Told each configuration that a reload takes over.
    Raises: ConfigError, StoreError.
    """
    stop, rule_files = asyncio.Event(), wiring.RuleFiles()
    with contextlib.ExitStack() as stack:
        stack.callback(rule_files.close)
        on_signals(stop)
        store = stack.enter_context(opened_store(config, seams))
        async with opened_context(config, store, rule_files, seams) as context:
            reloader = Reloader(context, rule_files, config, taken)
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reloader.ask)
            engine = LocalEngine(context, ((CHECK, reloader.look),))
            await _serve_and_run(context, engine, stop, announce)


async def _serve_and_run(
    context: Context, engine: LocalEngine, stop: asyncio.Event, announce: Callable[[str], None]
) -> None:
    health = Health(context, engine)
    engine.add_periodic(5.0, health.refresh)
    engine.add_periodic(room.LOOK, lambda: asyncio.to_thread(context.store.room.look))
    engine.add_periodic(memory.EVERY, memory.trim)
    engine.add_periodic(beat.EVERY, beat.Heartbeat(context, health.vitals, heartbeat.Heart().beat).beat)
    web = context.setup.config.web
    async with serving(context, health, (web.host, web.port), announce):
        await engine.run(stop)


@contextlib.asynccontextmanager
async def serving(
    context: Context, health: HealthView, listen: Listen, announce: Callable[[str], None], pages: bool = True
) -> AsyncIterator[None]:
    """Answer the health routes, and the dashboard where `pages`, and watch over this process from a thread.

    Args:
        listen: Host and port, or a Front that answers there already.
    Raises: ConfigError when the address cannot be had.
    """
    guard = watchdog.Watchdog(health.vitals, watchdog.Outcry(lambda: context.setup.config).say)
    csrf_key = await context.store.write(lambda connection: ratings.signing_key(connection, access.CSRF_KEY))
    desk = Desk(context, csrf_key)
    host = listen.host if isinstance(listen, Front) else listen[0]
    door = access.Door(lambda: context.setup.config.web, desk.keys, is_loopback(host))
    routes = (_rating_page(context).route,) if pages else ()
    app = web_app.build(health, door, desk if pages else None, routes)
    front = listen if isinstance(listen, Front) else await Front.opened(*listen)
    front.show(app)
    announce(f"http://{host}:{front.port}")
    metrics.CONFIG_RELOAD_SUCCESS.set(1)
    guard.start()
    try:
        yield
    finally:
        guard.stop()
        front.show(None)
        if front is not listen:
            await front.close()
        desk.close()


def _rating_page(context: Context) -> rating_page.RatingPage:
    return rating_page.RatingPage(
        context.store,
        lambda: context.setup.rating_key,
        context.clock.now,
        lambda: context.setup.config.timezone,
    )


def on_signals(stop: asyncio.Event) -> None:
    """Set `stop` at SIGTERM and Ctrl-C."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)


async def run_once(config: Config, seams: Seams) -> Summary:
    """Poll what is due, process, deliver, and return what was done. Raises: ConfigError, StoreError."""
    stop, rule_files = asyncio.Event(), wiring.RuleFiles()
    with contextlib.ExitStack() as stack:
        stack.callback(rule_files.close)
        on_signals(stop)
        store = stack.enter_context(opened_store(config, seams))
        async with opened_context(config, store, rule_files, seams) as context:
            engine = LocalEngine(context)
            return await _until(stop, engine.run_once())


async def _until(stop: asyncio.Event, work: Awaitable[Summary]) -> Summary:
    task, stopping = asyncio.ensure_future(work), asyncio.create_task(stop.wait())
    await asyncio.wait((task, stopping), return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not task.done():
        task.cancel()
        await asyncio.wait((task,))
        raise KeyboardInterrupt
    return task.result()


def load_config(path: Path | None) -> Config:
    """Find and load config.toml. Raises: ConfigError."""
    return configuration.load(configuration.find(path))
