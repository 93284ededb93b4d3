"""What a flood of the dashboard does to polling: 50 requests a second of its heaviest page, beside the real daemon.

The daemon polls FEEDS feeds every five seconds from a site on loopback, over an archive with 10,000 alerts. Every half
second the database is asked by how much the feed that waits longest is overdue: without requests first, then under the
flood. The heaviest page is the one that took longest when each was asked for three times.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import aiohttp

from bench.figures import Figure, percentile
from monitor.store import database, migrate
from tests.support import dashboard, world
from tests.support.desk import Desk

FEEDS = 40
ALERTS = 10_000
RATE = 50
CALM = 30.0
"""Seconds that are looked at before the flood."""
LIMIT = 5.0
"""Seconds by which polling may be late because of it (faults.md, A25)."""
PAGES = ("/alerts", "/stories", "/stories/1", "/ledger", "/feeds", "/system", "/rules", "/search?q=resettlement")


def flood(minutes: float = 5.0) -> Iterator[Figure]:
    """Return how late polls were without and under the flood, and what became of the requests."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, world.opened(Path(name)) as desk:
        desk.checked = False  # the 10,000 alerts were not decided, they were written
        for n in range(FEEDS):
            desk.publish(f"room{n}", world.plain_story(n))
        desk.configure(every="5s", channels={})
        _fill(desk.database)
        with desk.daemon() as daemon:
            daemon.until_up(120)
            time.sleep(20)
            calm = _lags(desk.database, time.monotonic() + CALM)
            yield Figure("flood", "longest a feed is overdue without requests", max(calm), "s")
            page, took = asyncio.run(_heaviest(daemon.address))
            yield Figure("flood", f"{page}: best of three", took, "s")
            with ThreadPoolExecutor(1) as pool:
                asked = pool.submit(lambda: asyncio.run(_flood(daemon.address + page, 60 * minutes)))
                late = _lags(desk.database, time.monotonic() + 60 * minutes)
                answers, times = asked.result()
            yield Figure("flood", f"longest a feed is overdue, {RATE} requests/s", max(late), "s", max(calm) + LIMIT)
            yield Figure(
                "flood", "requests that were answered", answers[200] / sum(answers.values()), "", None, _told(answers)
            )
            yield Figure("flood", "p95 of an answer", percentile(times, 0.95), "s")
            daemon.stop()


def _fill(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = database.open_engine(f"sqlite:///{path}")
    migrate.upgrade(engine, datetime.now(UTC))
    engine.dispose()
    desk = Desk(f"sqlite:///{path}", path.parent)
    desk.clock.time = datetime.now(UTC)
    dashboard.seed(desk)
    dashboard.seed_many(desk, ALERTS)
    desk.close()
    with closing(sqlite3.connect(path)) as connection:  # the daemon's own lock is free at once
        connection.execute("DELETE FROM daemon")
        connection.commit()


def _lags(path: Path, until: float) -> list[float]:
    """Return how long the longest waiting feed was overdue, looked at twice a second."""
    found = []
    query = "SELECT min(next_check) FROM feeds WHERE retired_at IS NULL AND paused_at IS NULL"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as connection:
        while time.monotonic() < until:
            (planned,) = connection.execute(query).fetchone()
            due = datetime.fromisoformat(planned).replace(tzinfo=UTC)
            found.append(max(0.0, (datetime.now(UTC) - due).total_seconds()))
            time.sleep(0.5)
    return found


async def _heaviest(address: str) -> tuple[str, float]:
    found = []
    async with aiohttp.ClientSession() as session:
        for page in PAGES:
            times = []
            for _ in range(3):
                began = time.monotonic()
                async with session.get(address + page) as answer:
                    await answer.read()
                times.append(time.monotonic() - began)
            found.append((min(times), page))
    took, page = max(found)
    return page, took


async def _flood(url: str, seconds: float) -> tuple[Counter[int], list[float]]:
    """Ask RATE times a second, whether or not what was asked before is answered."""
    answers: Counter[int] = Counter()
    times: list[float] = []

    async def ask(session: aiohttp.ClientSession) -> None:
        began = time.monotonic()
        try:
            async with session.get(url) as answer:
                await answer.read()
                answers[answer.status] += 1
        except (aiohttp.ClientError, TimeoutError):
            answers[0] += 1
        times.append(time.monotonic() - began)

    limits = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=200), timeout=limits) as session:
        end, next_at, asked = time.monotonic() + seconds, time.monotonic(), set()
        while next_at < end:
            task = asyncio.create_task(ask(session))
            asked.add(task)
            task.add_done_callback(asked.discard)
            next_at += 1 / RATE
            await asyncio.sleep(max(0.0, next_at - time.monotonic()))
        await asyncio.gather(*asked)
    return answers, times


def _told(answers: Counter[int]) -> str:
    return ", ".join(f"{count} x {status or 'no answer'}" for status, count in sorted(answers.items()))
