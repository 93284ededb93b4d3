"""The queue of a cluster, Procrastinate's one door: jobs that wake whoever is free, and say nothing of what is due.

A wake-up is deferred in the transaction that leaves the work, on its connection. It is no more than that: what is due
stands in our tables, a member that is woken takes its share of it, and a wake-up that is lost is found missing by the
leader's next look. So at most a few wait at any time, and none is kept once it has run.
Source: https://procrastinate.readthedocs.io/en/stable/
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import procrastinate
import structlog
from procrastinate import exceptions

from monitor import errors
from monitor.store import database, deadlines
from monitor.store.store import Connection
from monitor.store.wakes import Kind, Wake

QUEUES: Mapping[Kind, str] = {
    "poll": "poll", "trial": "poll", "page": "poll", "process": "process", "deliver": "deliver",
}  # fmt: skip
"""Which queue a kind of work waits in; a member that works listens to each with a connection of its own."""
SWEEP = "sweep"
"""Queue of the leader's periodic job."""
SEATS: Mapping[str, int] = {"poll": 4, "process": 2, "deliver": 16, SWEEP: 1}
"""Wake-ups that a member follows at once, by queue. All but those of `deliver` end as soon as work has been taken."""
SILENT = 30.0
"""Seconds without a heartbeat after which a worker of the queue counts as stalled, and its jobs are tried again."""
POLLING = 5.0
"""Seconds after which a worker looks for itself, should a notification be lost."""
POOL = 3
"""Connections of a member to the queue, beside one for each queue it listens to."""
GRACE = 4.0
"""Seconds that jobs get when the member leaves."""
CLOSING = 1.0
"""Seconds that closing the pool may take."""

log = structlog.get_logger()

_TODO = """
SELECT DISTINCT task_name, coalesce((args->>'target')::bigint, 0) FROM procrastinate_jobs
WHERE status = 'todo' AND task_name = ANY(%s)
"""
_PREFIX = "wirewatch."


def seal(connection: Connection, wakes: Iterable[Wake]) -> None:
    """Defer in this transaction what its work left for others, but for wake-ups that wait already."""
    wanted = list(wakes)
    if not wanted:
        return
    waiting = connection.exec_driver_sql(_TODO, ([_name(wake.kind) for wake in wanted],)).all()
    known = {Wake(_kind(name), target) for name, target in waiting}
    for wake in wanted:
        if wake not in known:
            _defer(connection, wake)


def _defer(connection: Connection, wake: Wake) -> None:
    driver: Any = connection.connection.driver_connection
    task = _SENDER.configure_task(_name(wake.kind), queue=QUEUES[wake.kind], connection=driver)
    try:
        task.defer(**({"target": wake.target_id} if wake.target_id else {}))
    except exceptions.ConnectorException as fault:
        connection.exec_driver_sql("SELECT 1")  # a connection that broke says so here, as it does to everybody else
        raise errors.StoreError(f"the queue refused a wake-up: {fault}") from fault


def _name(kind: Kind) -> str:
    return _PREFIX + kind


def _kind(name: str) -> Kind:
    return name.removeprefix(_PREFIX)  # type: ignore[return-value]


# Never opened: it only sends on connections that it is given.
_SENDER = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())


@dataclass(frozen=True, slots=True)
class Handlers:
    """What a member does when it is woken."""

    woken: Callable[[Wake], Awaitable[None]]
    sweep: Callable[[], Awaitable[None]]


class Queue:
    """The queue of one member: an open pool, and workers that follow wake-ups.

    Args:
        conninfo: Of the server, as psycopg takes it.
        name: Of the member, for people who look into the tables.
    """

    def __init__(self, conninfo: str, name: str, handlers: Handlers) -> None:
        # One line for each wake-up is no news, and that a connection broke is said once by whoever follows.
        logging.getLogger("procrastinate").setLevel(logging.CRITICAL)
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        self._name = name
        self._connections: weakref.WeakSet[Any] = weakref.WeakSet()
        connector = procrastinate.PsycopgConnector(
            conninfo=conninfo,
            min_size=1,
            max_size=POOL,
            timeout=20.0,
            configure=self._note,
            kwargs={"application_name": f"wirewatch queue of {name}", **database.server_deadlines(database.IDLE)},
        )
        self._app = procrastinate.App(connector=connector)
        for kind in QUEUES:
            self._app.task(name=_name(kind))(_follow(kind, handlers))
        self._sweeper = procrastinate.App(connector=connector)

        @self._sweeper.periodic(cron="* * * * * */30")  # the sixth field is that of seconds
        @self._sweeper.task(name=_PREFIX + SWEEP, queue=SWEEP)
        async def sweep(timestamp: int) -> None:
            await _told(handlers.sweep())

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[Queue]:
        """Hold the pool open. Raises: StoreError when the server cannot be reached."""
        try:
            await self._app.open_async()
        except Exception as fault:
            await self._close()
            raise errors.StoreError(f"the queue cannot be reached: {fault}") from fault
        try:
            yield self
        finally:
            await self._close()

    async def _close(self) -> None:
        """Close the pool; what a silent network keeps from closing is dropped."""
        try:
            await asyncio.wait_for(self._app.close_async(), CLOSING)
        except Exception as fault:  # noqa: BLE001 - whatever the driver raises, nothing of it is used any more
            log.debug("queue_dropped", error=f"{type(fault).__name__}: {fault}")
        self.cut()

    async def _note(self, connection: Any) -> None:
        self._connections.add(connection)

    def cut(self) -> None:
        """End every connection now, under whoever waits for an answer: nothing in the driver gives one up."""
        for connection in list(self._connections):
            deadlines.shut(connection)

    def followings(self) -> tuple[Callable[[], Awaitable[None]], ...]:
        """Return, for each queue that anybody may follow, what follows its wake-ups until cancelled."""
        return tuple(partial(self._follow_queue, self._app, queue) for queue in sorted(set(QUEUES.values())))

    async def lead(self) -> None:
        """Defer and run the periodic sweep, until cancelled."""
        await self._follow_queue(self._sweeper, SWEEP)

    async def _follow_queue(self, app: procrastinate.App, queue: str) -> None:
        await app.run_worker_async(
            queues=[queue],
            name=f"{self._name} {queue}",
            concurrency=SEATS[queue],
            fetch_job_polling_interval=POLLING,
            update_heartbeat_interval=SILENT / 3,
            stalled_worker_timeout=SILENT,
            shutdown_graceful_timeout=GRACE,
            delete_jobs="always",
            install_signal_handlers=False,
        )

    async def retry_stalled(self) -> int:
        """Let the jobs of workers that gave no heartbeat run again, and forget those that failed; return how many.

        Raises: StoreError.
        """
        manager = self._app.job_manager
        try:
            stalled = list(await manager.get_stalled_jobs(seconds_since_heartbeat=SILENT))
            for job in stalled:
                await manager.retry_job(job)
            await manager.delete_old_jobs(nb_hours=1, include_failed=True, include_cancelled=True, include_aborted=True)
        except exceptions.ConnectorException as fault:
            raise errors.StoreError(f"the queue cannot be reached: {fault.__cause__}") from fault
        return len(stalled)


def _follow(kind: Kind, handlers: Handlers) -> Callable[..., Awaitable[None]]:
    async def follow(target: int = 0) -> None:
        await _told(handlers.woken(Wake(kind, target)))

    return follow


async def _told(work: Awaitable[None]) -> None:
    """Say what a job raises here: the queue's own words are switched off, and it is not run again for it."""
    try:
        await work
    except Exception as fault:  # noqa: BLE001 - the edge of a job: a later wake-up follows
        log.error("queue_job_failed", error=f"{type(fault).__name__}: {fault}")
