"""Does a large archive make polls dearer? The same passes with 1,000,000 stored articles and with none.

The archive is written with SQL, not by the daemon: rows of every growing table, keys and full-text rows included, of
the very feeds that are then polled.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import itertools
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import measure, rig
from bench.figures import Figure
from bench.newsworld import COMMON, invented
from monitor.store import database

FEEDS = 100
ARTICLES = 1_000_000
BATCH = 20_000
SENTENCES = 12
"""Of a stored text, 1,100 characters or so."""
EVERY, SETTLE, WATCH, ROUNDS = 2, 5.0, 25.0, 5
"""Seconds between polls, to warm up and to watch; entries that each feed then brings."""
DAY = "2025-06-01 00:00:00.000000"


def archive(articles: int = ARTICLES) -> Iterator[Figure]:
    """CPU of the daemon per unchanged feed, and per feed with a new entry, with an archive and without."""
    empty = _measured(0)
    full = _measured(articles)
    yield Figure("archive", f"time to write {articles:,} articles", full["fill_s"], "s")
    yield Figure("archive", "size of that database", full["mb"], "MB")
    yield Figure(
        "archive", "time until the daemon polls on it", full["start_s"], "s", None, f"{empty['start_s']:.1f} empty"
    )
    for name, what in (("unchanged", "unchanged feed"), ("new", "feed with a new entry")):
        note = f"{full[name]:.2f} against {empty[name]:.2f} ms"
        yield Figure("archive", f"{what}: CPU against an empty archive", full[name] / empty[name], "x", 1.2, note)


def _measured(articles: int) -> dict[str, float]:
    """Return milliseconds of CPU per poll that brings nothing and per poll that brings an entry, which is then read."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, rig.served(FEEDS) as site:
        folder = Path(name)
        config = rig.prepare(folder, site, site.ask("feeds.json"), rig.Setting(EVERY, backfill=0))
        rig.once(config)
        began = time.monotonic()
        if articles:
            fill(folder / "world.db", articles)
        filled, polled = time.monotonic(), site.count("unchanged")
        with rig.daemon(config) as pid:
            rig.until(lambda: site.count("unchanged") > polled + FEEDS, 600.0)
            ready = time.monotonic()
            time.sleep(SETTLE)
            idle = _cpu_of_polls(site, pid, lambda: time.sleep(WATCH))
            busy = _cpu_of_polls(site, pid, lambda: _publish(site))
        size = (folder / "world.db").stat().st_size / 1e6
    unchanged = 1000 * idle[0] / idle[1]
    return {
        "unchanged": unchanged,
        "new": (1000 * busy[0] - unchanged * busy[1]) / (ROUNDS * FEEDS),
        "fill_s": filled - began,
        "start_s": ready - filled,
        "mb": size,
    }


def _cpu_of_polls(site: rig.Site, pid: int, work: Callable[[], None]) -> tuple[float, int]:
    """Return the daemon's CPU seconds while `work` is done, and the polls meanwhile that brought nothing."""
    processes, before = measure.Processes(pid), site.count("unchanged")
    processes.mark()
    work()
    return processes.since(), site.count("unchanged") - before


def _publish(site: rig.Site) -> None:
    """Publish an entry in every feed, ROUNDS times, and wait until their pages were read."""
    for _ in range(ROUNDS):
        wanted = site.count("a") + FEEDS
        for feed in range(FEEDS):
            site.ask(f"publish?feed={feed}", "POST")
        rig.until(functools.partial(_has_asked, site, wanted))
    time.sleep(2.0)  # the last ones are still being decided


def _has_asked(site: rig.Site, pages: int) -> bool:
    return site.count("a") >= pages


def open_database(path: Path) -> sqlite3.Connection:
    """Open a database with the daemon's own SQLite: an older one must not touch a WAL."""
    opened: sqlite3.Connection = database.sqlite_module().connect(str(path), timeout=60)
    return opened


# -- a million articles ----------------------------------------------------------------------------


def fill(path: Path, articles: int, length: int = SENTENCES) -> None:
    """Write articles of `length` sentences with their entries, keys, stories, revisions, decisions, full-text rows."""
    rng = random.Random("archive")
    words = [*COMMON["en"], *(invented(rng) for _ in range(20_000))]
    weights = list(itertools.accumulate(1 / (rank + 3) ** 0.95 for rank in range(len(words))))
    sentences = [" ".join(rng.choices(words, cum_weights=weights, k=16)) for _ in range(20_000)]
    with contextlib.closing(open_database(path)) as connection:
        feeds = [row[0] for row in connection.execute("SELECT id FROM feeds ORDER BY id")]
        ruleset = connection.execute("SELECT id, table_id FROM rulesets WHERE live").fetchone()
        tables = ("entries", "articles", "stories", "revisions")
        first = 1 + max(
            connection.execute(f"SELECT coalesce(max(id), 0) FROM {table}").fetchone()[0] for table in tables
        )
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-400000")
        for begin in range(0, articles, BATCH):
            numbers = range(first + begin, first + min(begin + BATCH, articles))
            made = (_Made(n, feeds[n % len(feeds)], rng.choices(sentences, k=length)) for n in numbers)
            _write(connection, list(made), ruleset)
            connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("ANALYZE")
        connection.commit()


class _Made:
    """One invented article."""

    def __init__(self, number: int, feed: int, said: list[str]) -> None:
        self.id, self.feed = number, feed
        self.title = said[0][:80]
        self.text = "\n".join(f"{sentence.capitalize()}." for sentence in said)
        self.words = " ".join(said)
        self.url = f"http://archive-{feed}.test/{number // 97}/{number}.html"
        self.hash = hashlib.sha256(f"{number} {self.text}".encode()).hexdigest()


def _write(connection: sqlite3.Connection, made: list[_Made], ruleset: tuple[str, str]) -> None:
    """Write one batch; every column without a default is given."""

    def insert(table: str, rows: Iterator[dict[str, Any]]) -> None:
        known = list(rows)
        names = ", ".join(known[0])
        places = ", ".join(f":{name}" for name in known[0])
        connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({places})", known)

    insert(
        "entries",
        (
            {
                "id": one.id, "feed_id": one.feed, "guid": f"tag:{one.id}", "url": one.url, "canonical_url": one.url,
                "title": one.title, "summary": one.text[:300], "tags": "[]", "published": DAY, "first_seen": DAY,
                "state": "done", "attempts": 0, "article_id": one.id,
            }
            for one in made
        ),
    )  # fmt: skip
    for kind in ("guid", "url", "print"):
        value = {"guid": lambda one: f"tag:{one.id}", "url": lambda one: one.url, "print": lambda one: one.hash}[kind]
        rows = (
            {"feed_id": one.feed, "kind": kind, "value": value(one), "entry_id": one.id, "listed_at": DAY}
            for one in made
        )
        insert("entry_keys", rows)
    insert("stories", ({"id": one.id, "created_at": DAY} for one in made))
    insert(
        "articles",
        (
            {
                "id": one.id, "feed_id": one.feed, "entry_id": one.id, "story_id": one.id, "url": one.url,
                "canonical_url": one.url, "newsroom": f"Feed {one.feed}", "lang": "en", "published": DAY,
                "first_seen": DAY, "folded_hash": one.hash, "partial": 0, "retries": 0,
            }
            for one in made
        ),
    )  # fmt: skip
    insert("texts", ({"hash": one.hash, "text": one.text} for one in made))
    insert(
        "revisions",
        (
            {
                "id": one.id, "article_id": one.id, "n": 1, "title": one.title, "text_hash": one.hash, "lang": "en",
                "partial": 0, "cut": 0, "ruleset_id": ruleset[0], "table_id": ruleset[1], "created_at": DAY,
            }
            for one in made
        ),
    )  # fmt: skip
    insert(
        "decisions",
        (
            {
                "revision_id": one.id, "pack": "*", "n": 1, "outcome": "none", "reason": "no_match",
                "decided_seq": one.id, "decided_at": DAY,
            }
            for one in made
        ),
    )  # fmt: skip
    insert("search", ({"rowid": one.id, "title": one.title, "text": one.words} for one in made))
