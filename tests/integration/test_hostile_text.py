"""Hostile characters from feeds of every format, through the real jobs into both databases."""

from __future__ import annotations

import re

import pytest
import sqlalchemy as sa

from monitor.feeds import parse
from monitor.store.schema import articles, entries, revisions, texts
from tests.support.desk import Desk

FEED = "https://gazette.example/feed"
DIRT = b"Gaza resettlement\x00\x07\x1b[31m &#0;&#xD800;&#x85; half \xed\xa0\x80 end"
RSS = (
    b"<rss version='2.0'><channel><title>x</title><item><title>%b</title><guid>g%b</guid><author>%b</author>"
    b"<category>%b</category><source>%b</source><link>https://gazette.example/a/1</link><description>%b</description>"
    b"</item></channel></rss>"
)
JSON = (
    b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "g\\u0000\\ud800", "title": "%b \\u0000\\ud83d",'
    b' "content_text": "%b", "tags": ["%b"], "authors": [{"name": "%b"}], "url": "https://gazette.example/a/1"}]}'
)
NEWS = (
    b"<urlset xmlns:news='http://www.google.com/schemas/sitemap-news/0.9'><url><loc>https://gazette.example/a/1</loc>"
    b"<news:news><news:title>%b</news:title><news:keywords>%b</news:keywords></news:news></url></urlset>"
)
BODIES = {"rss": RSS % ((DIRT,) * 6), "json_feed": JSON % ((DIRT,) * 4), "news_sitemap": NEWS % ((DIRT,) * 2)}
UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_f27_hostile_characters_are_stored_alike_in_both_databases(desk: Desk, kind: str) -> None:
    """NUL, lone surrogates and control characters reach no row; both databases hold what was parsed."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.web.answers[FEED] = BODIES[kind]

    desk.later()

    rows = desk.read(_everything)
    words = [text for row in rows for value in row for text in (value if isinstance(value, list) else [value])]
    assert [text for text in words if isinstance(text, str) and UNWANTED.search(text)] == []
    assert all(text.encode().decode() == text for text in words if isinstance(text, str))
    assert len(desk.senders["desk"].notices) == 1
    (entry,) = parse.parse_feed(BODIES[kind], FEED).entries
    stored = (entry.guid, entry.url, entry.title, entry.summary, entry.author, list(entry.tags), entry.publisher)
    assert [tuple(row[: len(stored)]) for row in rows] == [stored]


def _everything(connection: sa.Connection) -> list[list[object]]:
    columns = ("guid", "url", "title", "summary", "author", "tags", "publisher")
    query = (
        sa.select(*(entries.c[name] for name in columns), articles.c.newsroom, revisions.c.title, texts.c.text)
        .join(articles, articles.c.entry_id == entries.c.id)
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(texts, texts.c.hash == revisions.c.text_hash)
    )
    return [list(row) for row in connection.execute(query)]
