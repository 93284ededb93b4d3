"""The tables of Procrastinate while very many wake-ups go through them, with the product's own queue on both ends.

One writer defers them in its transactions as a member's does (`engine.queue.seal`), of different targets, since of two
that wait for the same one is left out; one `engine.queue.Queue` follows them, as one member does. So that a million is
reached, threads beside it take jobs by the statements of Procrastinate's worker, without its loop. Autovacuum is as the
server has it.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import psycopg
import sqlalchemy as sa
from procrastinate import sql

from bench.cluster_rig import Server
from bench.figures import Figure
from monitor.engine import queue
from monitor.store import database, migrate
from monitor.store.wakes import Wake

STEPS = 10
"""Looks at the tables, evenly spread over the jobs."""
TOGETHER = 20
"""Wake-ups of one transaction."""
WAITING = 400
"""Wake-ups that wait at most."""
TAKERS = 2
"""Threads that take jobs beside the follower."""
BEAT = 5.0
"""Seconds between their heartbeats."""
TABLES = ("jobs", "events", "workers", "periodic_defers")


@dataclass(slots=True)
class _Course:
    """How far the jobs are, and how large the tables were at each look: rows and bytes by table."""

    jobs: int
    until: float
    deferred: int = 0
    followed: int = 0
    taken: list[int] = field(default_factory=lambda: [0] * TAKERS)
    """By each thread."""
    ended: threading.Event = field(default_factory=threading.Event)
    looks: list[tuple[int, dict[str, tuple[int, int]]]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether all jobs have been deferred, or the time is up."""
        return self.deferred >= self.jobs or time.monotonic() > self.until

    @property
    def done(self) -> int:
        """How many jobs have run."""
        return self.followed + sum(self.taken)


def tables(server: Server, jobs: int, minutes: float) -> Iterator[Figure]:
    """Rows and bytes of the tables as jobs go through; `minutes` at most."""
    url = server.make("queue_tables")
    engine = database.open_member_engine(url)
    try:
        migrate.upgrade(engine, datetime.now(UTC))
        began, cpu = time.monotonic(), server.cpu()
        course = asyncio.run(_drive(engine, url, _Course(jobs, began + 60 * minutes)))
        took, cpu = time.monotonic() - began, server.cpu() - cpu
        note = f"{course.done:,} in {took:.0f} s, {course.followed:,} of them by the product's own follower"
        yield Figure("queue", "jobs a second", course.done / took, "/s", None, note)
        yield Figure("queue", "CPU of the server a job", 1000 * cpu / course.done, "ms")
        for count, sizes in course.looks:
            said = ", ".join(f"{name} {rows} rows {size / 1e6:.1f} MB" for name, (rows, size) in sizes.items())
            whole = sum(size for _, size in sizes.values()) / 1e6
            yield Figure("queue", f"bytes of the tables after {count:,} jobs", whole, "MB", None, said)
    finally:
        engine.dispose()


async def _drive(engine: sa.Engine, url: str, course: _Course) -> _Course:
    async def woken(_wake: Wake) -> None:
        course.followed += 1

    async def sweep() -> None:
        """Have the periodic job run beside them."""

    handlers = queue.Handlers(woken, sweep)
    takers = [threading.Thread(target=_take, args=(url, course, number)) for number in range(TAKERS)]
    async with queue.Queue(database.conninfo(url), "bench", handlers).opened() as opened:
        following = [asyncio.ensure_future(follow()) for follow in (*opened.followings(), opened.lead)]
        for taker in takers:
            taker.start()
        try:
            while not course.over:
                if course.deferred - course.done > WAITING:
                    await asyncio.sleep(0.01)
                    continue
                await asyncio.to_thread(database.write_once, engine, lambda connection: _defer(connection, course))
                if course.deferred >= (len(course.looks) + 1) * course.jobs // STEPS:
                    course.looks.append((course.deferred, await asyncio.to_thread(_sizes, engine)))
            await asyncio.sleep(5)
            course.looks.append((course.done, await asyncio.to_thread(_sizes, engine)))
        finally:
            course.ended.set()
            for taker in takers:
                await asyncio.to_thread(taker.join)
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
    return course


def _take(url: str, course: _Course, number: int) -> None:
    """Take jobs and finish them until the course has ended, each in two transactions as a worker does."""
    with psycopg.connect(database.conninfo(url), autocommit=True) as connection:
        worker = connection.execute(sql.queries["register_worker"]).fetchone()[0]  # type: ignore[index]
        beat = time.monotonic()
        while not course.ended.is_set():
            if time.monotonic() - beat > BEAT:
                connection.execute(sql.queries["update_heartbeat"], {"worker_id": worker})
                beat = time.monotonic()
            asked = {"queues": list(set(queue.QUEUES.values())), "worker_id": worker}
            job = connection.execute(sql.queries["fetch_job"], asked).fetchone()
            if job is None or job[0] is None:
                time.sleep(0.01)
                continue
            done = {"job_id": job[0], "status": "succeeded", "delete_job": True}
            connection.execute(sql.queries["finish_job"], done)
            course.taken[number] += 1
        connection.execute(sql.queries["unregister_worker"], {"worker_id": worker})


def _defer(connection: sa.Connection, course: _Course) -> None:
    """Defer some wake-ups in this transaction, each of another target."""
    queue.seal(connection, [Wake("deliver", course.deferred + number) for number in range(1, TOGETHER + 1)])
    course.deferred += TOGETHER


def _sizes(engine: sa.Engine) -> dict[str, tuple[int, int]]:
    """Return rows and bytes, indexes included, of each table."""
    found = {}
    with engine.connect() as connection:
        for name in TABLES:
            table = f"procrastinate_{name}"
            query = sa.text(f"SELECT (SELECT count(*) FROM {table}), pg_total_relation_size('{table}')")
            rows, size = connection.execute(query).one()
            found[name] = (int(rows), int(size))
    return found
