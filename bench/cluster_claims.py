"""What a claim costs beside a long backlog of entries that wait, and a look at what is due."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from bench.cluster_rig import Server
from bench.figures import Figure
from monitor.store import claims, database, members, migrate, schema

BACKLOGS = (1_000, 10_000, 100_000)
FEEDS, TRIES = 1_000, 40


def claims_with_backlog(server: Server) -> Iterator[Figure]:
    """Milliseconds of a claim of 20 entries, its commit included, by the length of the backlog."""
    engine = database.open_member_engine(server.make("claims"))
    try:
        migrate.upgrade(engine, datetime.now(UTC))
        member = database.write_once(engine, lambda connection: members.join(connection, "worker", "bench"))
        stored = 0
        for backlog in BACKLOGS:
            _store(engine, stored, backlog)
            stored = backlog
            yield from _claims(engine, member, backlog)
    finally:
        engine.dispose()


def _claims(engine: sa.Engine, member: int, backlog: int) -> Iterator[Figure]:
    now = datetime.now(UTC)
    took = [_time(engine, lambda c: claims.claim_entries(c, member, now)) for _ in range(TRIES)]
    looks = [_time(engine, lambda c: claims.kinds_due(c, now)) for _ in range(TRIES)]
    database.write_once(engine, lambda connection: connection.execute(sa.text("DELETE FROM claims")))
    note = f"max {max(took):.0f}; {TRIES} after one another, {TRIES * claims.BATCH} claimed in the end"
    yield Figure("claims", f"{backlog:,} entries wait: a claim of 20", statistics.median(took), "ms", None, note)
    yield Figure("claims", f"{backlog:,} entries wait: the leader's look", statistics.median(looks), "ms")


def _time(engine: sa.Engine, work: Callable[[sa.Connection], Any]) -> float:
    began = time.perf_counter()
    database.write_once(engine, work)
    return 1000 * (time.perf_counter() - began)


def _store(engine: sa.Engine, stored: int, backlog: int) -> None:
    """Have so many entries wait, of FEEDS feeds, where `stored` do already; statistics are up to date then."""
    now = datetime.now(UTC)
    seen = [now - timedelta(seconds=backlog - number) for number in range(stored, backlog)]
    feed = {"name": "", "newsroom": "", "tags": [], "candidate": False, "backfill": 0, "origin": "config"}
    feed |= {"failures": 0, "permanent_polls": 0, "every": 600.0, "next_check": now + timedelta(days=1)}
    entry = {"summary": "", "tags": [], "state": "pending", "attempts": 0}
    with engine.connect() as connection, connection.begin():
        if not stored:
            own = [{"id": n, "slug": f"f{n}", "url": f"http://f{n}.example/"} for n in range(1, FEEDS + 1)]
            connection.execute(schema.feeds.insert(), [feed | one for one in own])
        rows = [
            {"feed_id": 1 + n % FEEDS, "title": f"Title {n}", "first_seen": at, "due_at": at}
            for n, at in enumerate(seen, stored)
        ]
        connection.execute(schema.entries.insert(), [entry | row for row in rows])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE entries")
