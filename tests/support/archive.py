"""An archive written by hand: articles with their feeds, texts, index rows and forms, without a daemon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa

from monitor import text
from monitor.store import articles, word_forms
from monitor.store.schema import entries, feeds, matches

START = datetime(2025, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Written:
    """An article to store; each is first seen an hour after the one before it."""

    title: str
    text: str = ""
    lang: str | None = None
    feed: str = "gazette"
    author: str = ""
    tags: tuple[str, ...] = ()
    pack: str | None = None
    """A pack that matched it."""


def fill(connection: sa.Connection, written: Sequence[Written], forms: bool = True) -> list[int]:
    """Store articles and return their ids; `forms`: with what their words are also found as."""
    known = {slug: _feed(connection, slug) for slug in dict.fromkeys(one.feed for one in written)}
    return [_store(connection, one, known[one.feed], n, forms) for n, one in enumerate(written)]


def _feed(connection: sa.Connection, slug: str) -> int:
    found = connection.scalar(sa.select(feeds.c.id).where(feeds.c.slug == slug))
    if found is not None:
        return int(found)
    row = {
        "slug": slug, "url": f"https://{slug}.example/feed", "name": slug.title(), "newsroom": slug.title(),
        "tags": ["tier1"], "candidate": False, "every": 600.0, "backfill": 0, "origin": "config",
        "next_check": START, "failures": 0, "permanent_polls": 0,
    }  # fmt: skip
    return int(connection.execute(feeds.insert().values(row)).inserted_primary_key[0])


def _store(connection: sa.Connection, one: Written, feed: int, n: int, forms: bool) -> int:
    seen = START + timedelta(hours=n)
    entry = {
        "feed_id": feed, "guid": f"g-{n}", "url": f"https://{one.feed}.example/a/{n}", "title": one.title,
        "summary": one.text[:200], "tags": list(one.tags), "published": seen, "first_seen": seen, "state": "done",
        "attempts": 1,
    }  # fmt: skip
    entry_id = int(connection.execute(entries.insert().values(entry)).inserted_primary_key[0])
    story = articles.new_story(connection, seen)
    number = articles.insert(
        connection, feed_id=feed, entry_id=entry_id, story_id=story, url=entry["url"], newsroom=one.feed.title(),
        author=one.author or None, lang=one.lang, published=seen, first_seen=seen, partial=False,
    )  # fmt: skip
    connection.execute(entries.update().where(entries.c.id == entry_id).values(article_id=number))
    revision = articles.NewRevision(one.title, one.text, one.lang, False, None, False, None, text.TABLE_ID)
    revision_id = articles.add_revision(connection, number, 1, revision, seen)
    words = " ".join(text.folded_words(one.title)), " ".join(text.folded_words(one.text))
    articles.index_words(connection, number, words, None)
    if forms:
        word_forms.note(connection, text.other_forms(one.title, one.text))
    if one.pack:
        matched = {"revision_id": revision_id, "pack": one.pack, "rule": "r", "severity": "high", "status": "live"}
        connection.execute(matches.insert().values({**matched, "evidence": []}))
    return number
