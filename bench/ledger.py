"""How long lists of the dashboard take over 1,000,000 articles: ledger, alerts, stories, each narrowed in many ways.

The archive is made by SQL inside SQLite: a million articles with a decision each, one in twenty with matches in one of
five packs, one in fifty with an alert that two recipients got. What is timed is what a request does in its thread:
queries, evidence and templates' values; `cpu` is that thread's processor time, which a busy machine does not stretch.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import archive
from bench.figures import Figure
from monitor.store import alert_views, database, ledger, migrate, story_pages, wanted
from monitor.store.store import Connection
from monitor.web import alert_parts, article_parts, story_parts

ARTICLES = 1_000_000
FEEDS = 1_000
TURNS = 20
"""Pages of each list, from the newest on."""
LIMIT_MS = 200.0
NOW = datetime(2025, 6, 1, tzinfo=UTC)


def ledger_lists(articles: int = ARTICLES) -> Iterator[Figure]:
    """Return p95 of a page of each list, in milliseconds."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        path = Path(name) / "world.db"
        engine = database.open_engine(f"sqlite:///{path}")
        migrate.upgrade(engine, NOW)
        began = time.monotonic()
        fill(path, articles)
        note = f"{path.stat().st_size / 1e6:.0f} MB"
        yield Figure("ledger", f"time to write {articles:,} articles", time.monotonic() - began, "s", None, note)
        for what, turn in (*_ledgers(), *_alerts(), *_stories(), *_single(articles)):
            walls, processors = _measured(engine, turn)
            note = f"cpu {_p95(processors):.1f} ms"
            yield Figure("ledger", f"{what}: p95 of {len(walls)} pages", _p95(walls), "ms", LIMIT_MS, note)
        engine.dispose()


Turn = Callable[[Connection, Any], Any]
"""Reads one page after a place and returns the next place, None at the end."""


def _measured(engine: database.Engine, turn: Turn) -> tuple[list[float], list[float]]:
    walls, processors, place = [], [], None
    for _ in range(TURNS):
        with engine.connect() as connection:
            wall, processor = time.perf_counter(), time.thread_time()
            place = turn(connection, place)
            walls.append(1000 * (time.perf_counter() - wall))
            processors.append(1000 * (time.thread_time() - processor))
        if place is None:
            break
    return walls, processors


def _p95(values: list[float]) -> float:
    return sorted(values)[min(len(values) - 1, round(0.95 * (len(values) - 1)))]


def _ledgers() -> Iterator[tuple[str, Turn]]:
    middle = NOW - timedelta(days=50)
    for what, show in (
        ("ledger", ledger.Narrowed()),
        ("ledger, a pack", ledger.Narrowed(pack="pack2")),
        ("ledger, a pack and decision", ledger.Narrowed(pack="pack2", outcome="alert")),
        ("ledger, a frequent reason", ledger.Narrowed(reason="no_match")),
        ("ledger, a reason", ledger.Narrowed(reason="copy")),
        ("ledger, a reason that is nowhere", ledger.Narrowed(reason="inhibited")),
        ("ledger, not told", ledger.Narrowed(outcome="suppressed")),
        ("ledger, a feed", ledger.Narrowed(feed="feed-21")),
        ("ledger, a feed and pack", ledger.Narrowed(feed="feed-21", pack="pack2")),
        ("ledger, of one day in the past", ledger.Narrowed(since=middle, until=middle + timedelta(days=1))),
    ):
        yield what, lambda c, at, show=show: ledger.list_page(c, show, 50, at).before


def _alerts() -> Iterator[tuple[str, Turn]]:
    words = wanted.phrase(["ha"], begins=True)
    for what, show in (
        ("alerts", alert_views.Narrowed()),
        ("alerts, a pack", alert_views.Narrowed(pack="pack2")),
        ("alerts, urgent updates", alert_views.Narrowed(severity="urgent", outcome="update")),
        ("alerts, a newsroom that is nowhere", alert_views.Narrowed(newsroom="nobody")),
        ("alerts, rated noise", alert_views.Narrowed(rated="noise")),
        ("alerts, of a day in the past", alert_views.Narrowed(until=NOW - timedelta(days=50))),
        ("alerts, words", alert_views.Narrowed(words=words)),
    ):
        yield what, lambda c, at, show=show: alert_parts.list_page(c, show, 30, at)[0].before


def _stories() -> Iterator[tuple[str, Turn]]:
    for what, show in (
        ("stories, all", story_pages.Narrowed()),
        ("stories that were told", story_pages.Narrowed(told=True)),
        ("stories, a pack", story_pages.Narrowed(pack="pack2")),
        ("stories, a language that is nowhere", story_pages.Narrowed(lang="tlh")),
    ):
        yield what, lambda c, at, show=show: story_parts.list_page(c, show, 30, at)[0].before


def _single(articles: int) -> Iterator[tuple[str, Turn]]:
    def one(load: Callable[[Connection, int], Any], step: int) -> Turn:
        def turn(connection: Connection, at: int | None) -> int | None:
            number = step if at is None else at
            load(connection, number)
            return number + step if number + step <= articles else None

        return turn

    yield "an alert", one(alert_parts.load, max(1, articles // 50 // TURNS))
    yield "a story", one(story_parts.load, max(1, articles // TURNS))
    yield "an article", one(article_parts.load, max(1, articles // TURNS))


# -- a million articles ----------------------------------------------------------------------------

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :articles)"
_AT = "strftime('%Y-%m-%d %H:%M:%S.000000', :now - (:articles - i) * 8.64, 'unixepoch')"
"""A hundred days, evenly."""
_PACK = "'pack' || (i / 50 % 5)"
_SEVERITY = "CASE i % 7 WHEN 0 THEN 'urgent' WHEN 1 THEN 'high' ELSE 'normal' END"
_TITLE = "'Harbour of port ' || (i % 977) || ' closed by strike ' || i"
_REASON = (
    "CASE WHEN i % 50 = 0 THEN 'first_report' WHEN i % 3 = 0 THEN 'copy' WHEN i % 3 = 1 THEN 'same_story'"
    " ELSE 'too_old' END"
)
_EVIDENCE = (
    """'[{"field": "title", "start": 0, "end": 7, "text": "Harbour", "term": "harbour", "entity": null},"""
    """ {"field": "text", "start": 4, "end": 11, "text": "harbour", "term": "harbour", "entity": null}]'"""
)
_STATEMENTS = (
    "INSERT INTO entries (id, feed_id, title, summary, tags, first_seen, state, attempts, article_id)"
    f" {_NUMBERS} SELECT i, 1 + i % :feeds, {_TITLE}, '', '[]', {_AT}, 'done', 1, i FROM n",
    f"INSERT INTO stories (id, created_at, updated_at, articles) {_NUMBERS} SELECT i, {_AT}, {_AT}, 1 FROM n",
    "INSERT INTO articles (id, feed_id, entry_id, story_id, url, canonical_url, newsroom, lang, published, first_seen,"
    " partial, retries, claim)"
    f" {_NUMBERS} SELECT i, 1 + i % :feeds, i, i, 'https://a.test/' || i, 'https://a.test/' || i,"
    f" 'Newsroom ' || (i % 300), 'en', {_AT}, {_AT}, 0, 0, 'newsroom ' || (i % 300) FROM n",
    f"INSERT INTO voices (story_id, claim, feed_id, articles, first_id) {_NUMBERS}"
    " SELECT i, 'newsroom ' || (i % 300), 1 + i % :feeds, 1, i FROM n",
    "INSERT INTO revisions (id, article_id, n, title, text_hash, lang, partial, cut, created_at)"
    f" {_NUMBERS} SELECT i, i, 1, {_TITLE}, 'text' || (i % 1000), 'en', 0, 0, {_AT} FROM n",
    "INSERT INTO decisions (revision_id, pack, n, outcome, reason, decided_seq, decided_at)"
    f" {_NUMBERS} SELECT i, '*', 1, 'none', 'no_match', i, {_AT} FROM n",
    "INSERT INTO decisions (revision_id, pack, n, outcome, reason, severity, decided_seq, decided_at, alert_id)"
    f" {_NUMBERS} SELECT i, {_PACK}, 1, CASE WHEN i % 50 = 0 THEN 'alert' ELSE 'suppressed' END, {_REASON},"
    f" {_SEVERITY}, i, {_AT}, CASE WHEN i % 50 = 0 THEN i / 50 END FROM n WHERE i % 20 = 0 OR i % 50 = 0",
    "INSERT INTO matches (revision_id, pack, rule, severity, status, evidence)"
    f" {_NUMBERS} SELECT i, {_PACK}, 'core', {_SEVERITY}, 'live', {_EVIDENCE} FROM n WHERE i % 20 = 0 OR i % 50 = 0",
    "INSERT INTO alerts (id, pack, story_id, article_id, revision_id, outcome, reason, severity, pack_title, rules,"
    " route, ruleset_id, decided_seq, created_at, newsrooms)"
    f" {_NUMBERS} SELECT i / 50, {_PACK}, i, i, i, CASE WHEN i % 150 = 0 THEN 'update' ELSE 'alert' END,"
    f""" 'first_report', {_SEVERITY}, 'Pack', '["core"]', '["desk"]', 'r', i, {_AT}, 1 FROM n WHERE i % 50 = 0""",
    "INSERT INTO messages (id, target_id, kind, revision_id, state, due_at, attempt, possible_repeat, plain,"
    " message_id, severity, headline, body, created_at, sent_at)"
    f" {_NUMBERS} SELECT 2 * (i / 50) + t.id, t.id, 'alert', i, 'sent', {_AT}, 1, 0, 0, '<' || i || '@' || t.id || '>',"
    f" 'normal', '', '', {_AT}, {_AT} FROM n, targets AS t WHERE i % 50 = 0",
    "INSERT INTO message_alerts (alert_id, target_id, message_id)"
    f" {_NUMBERS} SELECT i / 50, t.id, 2 * (i / 50) + t.id FROM n, targets AS t WHERE i % 50 = 0",
    "INSERT INTO attempts (message_id, n, epoch, channel, started_at, ended_at, outcome, status)"
    " SELECT id, 1, 1, 'desk', created_at, sent_at, 'sent', 200 FROM messages",
    'INSERT INTO ratings (alert_id, "by", rating, at, comment)'
    " SELECT id, 'anna', 'noise', created_at, '' FROM alerts WHERE id % 400 = 0",
    f"INSERT INTO search (rowid, title, text) {_NUMBERS} SELECT i, lower({_TITLE}), 'the harbour was closed' FROM n",
)
_TEXT = "The harbour was closed on Tuesday by a strike of its pilots, number {}. " + "No ship has left it since. " * 40


def fill(path: Path, articles: int) -> None:
    """Write feeds, recipients and articles with all that belongs to them."""
    with closing(archive.open_database(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("PRAGMA cache_size=-400000")
        rows = [(i, f"feed-{i}", f"https://feed-{i}.test/", f"Feed {i}", f"Newsroom {i}") for i in range(1, FEEDS + 1)]
        connection.executemany(
            "INSERT INTO feeds (id, slug, url, name, newsroom, tags, candidate, every, backfill, origin, next_check,"
            " failures, permanent_polls) VALUES (?, ?, ?, ?, ?, '[]', 0, 600, 0, 'config', '2025-06-01', 0, 0)",
            rows,
        )
        connection.executemany(
            "INSERT INTO targets (id, channel, key, label) VALUES (?, ?, ?, ?)",
            [(1, "desk", "desk", "desk"), (2, "mail", "mail", "desk@desk.test")],
        )
        connection.executemany(
            "INSERT INTO texts (hash, text) VALUES (?, ?)", [(f"text{i}", _TEXT.format(i)) for i in range(1000)]
        )
        values = {"articles": articles, "feeds": FEEDS, "now": NOW.timestamp()}
        for statement in _STATEMENTS:
            connection.execute(statement, {k: v for k, v in values.items() if f":{k}" in statement})
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
