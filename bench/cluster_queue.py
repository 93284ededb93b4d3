"""The tables of Procrastinate while very many wake-ups go through them, with the product's own queue on both ends.

One writer defers them in its transactions as a member's does (`engine.queue.seal`), of different targets, since of two
that wait for the same one is left out; one `engine.queue.Queue` follows them. Autovacuum is as the server has it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

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
TABLES = ("jobs", "events", "workers", "periodic_defers")


@dataclass(slots=True)
class _Course:
    """How far the jobs are, and how large the tables were at each look: rows and bytes by table."""

    jobs: int
    until: float
    deferred: int = 0
    followed: int = 0
    looks: list[tuple[int, dict[str, tuple[int, int]]]] = field(default_factory=list)

    @property
    def over(self) -> bool:
        """Whether all jobs have been deferred, or the time is up."""
        return self.deferred >= self.jobs or time.monotonic() > self.until


def tables(server: Server, jobs: int, minutes: float) -> Iterator[Figure]:
    """Rows and bytes of the tables as jobs go through; `minutes` at most."""
    url = server.make("queue_tables")
    engine = database.open_member_engine(url)
    try:
        migrate.upgrade(engine, datetime.now(UTC))
        began, cpu = time.monotonic(), server.cpu()
        course = asyncio.run(_drive(engine, url, _Course(jobs, began + 60 * minutes)))
        took, cpu = time.monotonic() - began, server.cpu() - cpu
        yield Figure(
            "queue", "jobs a second", course.followed / took, "/s", None, f"{course.followed:,} in {took:.0f} s"
        )
        yield Figure("queue", "CPU of the server a job", 1000 * cpu / course.followed, "ms")
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
    async with queue.Queue(database.conninfo(url), "bench", handlers).opened() as opened:
        following = [asyncio.ensure_future(follow()) for follow in (*opened.followings(), opened.lead)]
        try:
            while not course.over:
                if course.deferred - course.followed > WAITING:
                    await asyncio.sleep(0.01)
                    continue
                await asyncio.to_thread(database.write_once, engine, lambda connection: _defer(connection, course))
                if course.deferred >= (len(course.looks) + 1) * course.jobs // STEPS:
                    course.looks.append((course.deferred, await asyncio.to_thread(_sizes, engine)))
            await asyncio.sleep(5)
            course.looks.append((course.followed, await asyncio.to_thread(_sizes, engine)))
        finally:
            for task in following:
                task.cancel()
            await asyncio.gather(*following, return_exceptions=True)
    return course


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
