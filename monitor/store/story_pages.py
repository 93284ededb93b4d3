"""Stories a page at a time, the one with the latest article first; each page looks at a bounded number of stories."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.store import story_views
from monitor.store.schema import alerts, articles, stories
from monitor.store.story_views import StoryRow

MOST_LOOKED = 10_000
"""Stories that one page looks at."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which stories a list shows; None: all of them."""

    pack: str | None = None
    """Told to this pack's readers."""
    told: bool | None = None
    """Told to anybody's, or to nobody's."""
    articles: int = 1
    """With at least so many articles."""
    lang: str | None = None
    """With an article in it."""
    newsroom: str | None = None
    """With an article by a newsroom whose name holds this."""
    since: datetime | None = None
    """With an article that was decided then or later."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page ends: the time and id of the last story that it looked at."""

    at: datetime
    id: int

    def to_text(self) -> str:
        """Return what addresses carry: microseconds since 1970, and the id."""
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id}"

    @classmethod
    def from_text(cls, text: str) -> Place | None:
        """Return the place that an address carries, None for what is none."""
        at, _, number = text.partition("-")
        if not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (at, number)):
            return None
        try:
            return cls(_EPOCH + timedelta(microseconds=int(at)), int(number))
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class StoryPage:
    """A page of a list."""

    rows: tuple[StoryRow, ...]
    before: Place | None
    """Where the next page begins; None where there is none."""
    looked_to: datetime | None = None
    """Where the page is not full though there are more stories: until when, back in time, it looked."""


def list_page(connection: sa.Connection, narrowed: Narrowed, limit: int, before: Place | None = None) -> StoryPage:
    """Return the stories after `before`, those that became part of another left out."""
    looked = _looked(narrowed, before).subquery()
    query = sa.select(looked.c.id, looked.c.updated_at).where(*_conditions(narrowed, looked.c.id, looked.c.articles))
    order = (looked.c.updated_at.desc(), looked.c.id.desc())
    found = connection.execute(query.order_by(*order).limit(limit + 1)).all()
    rows = tuple(story_views.list_rows(connection, [row.id for row in found[:limit]]))
    if len(found) > limit:
        return StoryPage(rows, Place(found[limit - 1].updated_at, found[limit - 1].id))
    last = connection.execute(_looked(narrowed, before).offset(MOST_LOOKED - 1).limit(1)).first()
    return StoryPage(rows, None) if last is None else StoryPage(rows, Place(last.updated_at, last.id), last.updated_at)


def _looked(narrowed: Narrowed, before: Place | None) -> sa.Select[Any]:
    """Return the stories that a page looks at; the index on `updated_at` gives them in order."""
    query = sa.select(stories.c.id, stories.c.updated_at, stories.c.articles).where(
        stories.c.merged_into.is_(None), stories.c.updated_at.isnot(None), stories.c.articles > 0
    )
    if narrowed.since is not None:
        query = query.where(stories.c.updated_at >= narrowed.since)
    if before is not None:
        same = sa.and_(stories.c.updated_at == before.at, stories.c.id < before.id)
        query = query.where(stories.c.updated_at <= before.at, sa.or_(stories.c.updated_at < before.at, same))
    return query.order_by(stories.c.updated_at.desc(), stories.c.id.desc()).limit(MOST_LOOKED)


def _conditions(narrowed: Narrowed, story: Any, size: Any) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if narrowed.articles > 1:
        found.append(size >= narrowed.articles)
    told = sa.exists().where(articles.c.story_id == story, alerts.c.article_id == articles.c.id)
    if narrowed.pack is not None:
        # In a function, so that no index on packs is taken: it would be walked for each story anew.
        found.append(told.where(sa.func.coalesce(alerts.c.pack, "") == narrowed.pack))
    if narrowed.told is not None:
        found.append(told if narrowed.told else ~told)
    within = sa.exists().where(articles.c.story_id == story)
    if narrowed.lang is not None:
        found.append(within.where(articles.c.lang == narrowed.lang))
    if narrowed.newsroom is not None:
        found.append(within.where(articles.c.newsroom.icontains(narrowed.newsroom, autoescape=True)))
    return found
