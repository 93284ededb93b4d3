"""Articles in a row through sketch, look-up, judgement and storing, as the deciding step does, on a real database."""

from __future__ import annotations

import random
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import sqlalchemy as sa

from monitor import text
from monitor.store import database, migrate, sketches
from monitor.store.schema import articles, entries, feeds, revisions, stories, texts
from monitor.stories import copies, sketch

BEGAN = datetime(2025, 6, 1, tzinfo=UTC)
BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Told:
    """An article to place."""

    newsroom: str
    title: str
    body: str
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Placed:
    """What was found about it, and the CPU seconds of the worker's and of the deciding side."""

    article_id: int
    story_id: int
    copy: copies.Copy | None
    sketching: float
    deciding: float


class Stream:
    """A database into which articles are placed one after the other; its transaction is never committed."""

    def __init__(self, url: str) -> None:
        engine = database.open_engine(url)
        migrate.upgrade(engine, BEGAN)
        self.connection = engine.connect()
        self._engine = engine
        self._feeds: dict[str, int] = {}
        self._last = self.connection.execute(sa.select(sa.func.coalesce(sa.func.max(articles.c.id), 0))).scalar_one()

    def close(self) -> None:
        """Let the database go."""
        self.connection.rollback()
        self.connection.close()
        self._engine.dispose()

    def place(self, told: Told) -> Placed:
        """Find what an article copies, and store it."""
        words = text.folded_words(told.body)
        began = time.thread_time()
        made = sketch.sketch_of(words)
        sketched = time.thread_time()
        own = copies.Newcomer(made, told.newsroom, told.title, told.trusted)
        near = sketches.find(self.connection, made, told.trusted)
        copy = copies.find_copy(own, [copies.Candidate(*one) for one in near])
        judged = time.thread_time()
        story = copy.story_id if copy else None
        article_id, story_id = self._store(told, story, made)
        stored = time.thread_time()
        sketches.index(self.connection, article_id, made, trusted=told.trusted)
        deciding = judged - sketched + time.thread_time() - stored
        return Placed(article_id, story_id, copy, sketched - began, deciding)

    def _store(self, told: Told, story: int | None, made: sketch.Sketch) -> tuple[int, int]:
        """Insert the rows that an article needs."""
        self._last += 1
        own = self._last
        now = BEGAN + timedelta(seconds=own)
        feed = self._feed(told)
        run = self.connection.execute
        run(
            entries.insert(),
            {"id": own, "feed_id": feed, "title": told.title, "summary": "", "tags": [], "first_seen": now}
            | {"state": "done", "attempts": 0},
        )
        if story is None:
            story = own
            run(stories.insert(), {"id": own, "created_at": now})
        run(
            articles.insert(),
            {"id": own, "feed_id": feed, "entry_id": own, "story_id": story, "newsroom": told.newsroom}
            | {"first_seen": now, "partial": False, "retries": 0}
            | sketches.columns_of(made),
        )
        run(texts.insert(), {"hash": str(own), "text": told.body})
        run(
            revisions.insert(),
            {"article_id": own, "n": 1, "title": told.title, "text_hash": str(own)}
            | {"partial": False, "cut": False, "created_at": now},
        )
        return own, story

    def _feed(self, told: Told) -> int:
        slug = f"{told.newsroom}{'' if told.trusted else ' (untrusted)'}"
        if slug not in self._feeds:
            row = {"slug": slug, "url": f"http://{len(self._feeds)}.test/", "name": slug, "newsroom": told.newsroom}
            row |= {"tags": [], "candidate": False, "trusted": told.trusted, "every": 600.0, "backfill": 0}
            row |= {"origin": "config", "next_check": BEGAN, "failures": 0, "permanent_polls": 0}
            made = self.connection.execute(feeds.insert(), row).inserted_primary_key
            assert made is not None
            self._feeds[slug] = made[0]
        return self._feeds[slug]


def place_all(stream: Stream, told: Iterable[Told]) -> list[Placed]:
    """Place articles in order."""
    return [stream.place(one) for one in told]


def fill(path: Path, count: int, sizes: list[tuple[int, int, int]], bare: bool = False) -> None:
    """Write `count` articles with invented sketches into a migrated SQLite database.

    `sizes`: (hashes, values of the digest, shingles) of real texts, of which one is drawn for each. `bare`: without the
    sketches, to see what those add.
    """
    rng = random.Random("copies")
    connection = database.sqlite_module().connect(str(path), timeout=60)
    connection.execute("PRAGMA synchronous=OFF")
    connection.execute("PRAGMA cache_size=-400000")
    row = (
        "INSERT INTO articles (id, feed_id, entry_id, story_id, newsroom, first_seen, partial, retries, sketch_kind,"
        " sketch_size, sketch) VALUES (?, 1, ?, ?, ?, '2025-05-01 00:00:00.000000', 0, 0, ?, ?, ?)"
    )
    for begin in range(1, count + 1, BATCH):
        hashes, rows = [], []
        for number in range(begin, min(begin + BATCH, count + 1)):
            looked, values, size = rng.choice(sizes)
            hashes += [(rng.getrandbits(48), number) for _ in range(looked)]
            kept = (None, None, None) if bare else (sketch.KIND, size, rng.randbytes(2 * values))
            rows.append((number, number, number, f"Newsroom {number % 500}", *kept))
        connection.executemany(row, rows)
        if not bare:
            connection.executemany("INSERT OR IGNORE INTO sketches (hash, article_id) VALUES (?, ?)", sorted(hashes))
        connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
