"""Stories as people look at them: lists, one story in full, its articles with what became of each. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from monitor.store.decisions import EVERY_PACK
from monitor.store.rows import some
from monitor.store.schema import alerts, articles, decisions, feeds, revisions, stories, story_changes

PAGE = 200
"""Stories that are looked at together while a list is filtered."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which stories a list shows; None: all of them."""

    pack: str | None = None
    """Told to this pack's readers."""
    since: datetime | None = None
    """With an article that was decided then or later."""
    articles: int = 0
    """With at least so many articles."""


@dataclass(frozen=True, slots=True)
class ToldOf:
    """An alert or an update about a story."""

    alert_id: int
    pack: str
    outcome: str
    reason: str
    created_at: datetime
    article_id: int
    newsrooms: int | None
    """Independent newsrooms that carried the story when this was told."""
    detail: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class StoryRow:
    """A story in a list."""

    id: int
    first_article: int
    title: str
    """Headline of its first article, as it stands now."""
    articles: int
    languages: Mapping[str, int]
    """Articles by language, the most frequent first; `?` where it is not known."""
    first_at: datetime
    last_at: datetime
    told: tuple[ToldOf, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """One article of a story."""

    id: int
    story_id: int
    title: str
    url: str | None
    newsroom: str
    aggregator: str | None
    feed: str
    trusted: bool
    lang: str | None
    published: datetime | None
    first_seen: datetime
    duplicate_of: int | None
    duplicate_reason: str | None
    share: float | None
    joined: Mapping[str, Any] | None
    credits: tuple[str, ...]

    @property
    def at(self) -> datetime:
        """Return when it came out: its publication, at the latest when it was first seen."""
        return min(self.published or self.first_seen, self.first_seen)


class Standing(NamedTuple):
    """Whose word an article gives; the fields of `stories.independence.Report`."""

    article_id: int
    newsroom: str
    credits: tuple[str, ...]
    duplicate_of: int | None
    aggregator: str | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class Made:
    """A decision that stands, about an article of a story."""

    article_id: int
    revision: int
    pack: str
    outcome: str
    reason: str
    severity: str | None
    detail: Mapping[str, Any] | None
    decided_at: datetime
    alert_id: int | None


@dataclass(frozen=True, slots=True)
class Change:
    """A merge (`story_id` became part of `other_id`) or a split (`story_id` left `other_id`)."""

    kind: str
    story_id: int
    other_id: int
    article_id: int
    at: datetime
    detail: Mapping[str, Any] | None


# -- lists -----------------------------------------------------------------------------------------

_CAME_OUT = sa.case(
    (articles.c.published < articles.c.first_seen, articles.c.published),
    else_=articles.c.first_seen,
)


def iter_stories(connection: sa.Connection, narrowed: Narrowed) -> Iterator[list[StoryRow]]:
    """Yield stories that are no part of another, the one with the latest article first, some at a time."""
    before: tuple[datetime, int] | None = None
    while True:
        found = connection.execute(_page(narrowed, before)).all()
        if not found:
            return
        yield list_rows(connection, [row.id for row in found])
        before = (found[-1].last, found[-1].id)


def _page(narrowed: Narrowed, before: tuple[datetime, int] | None) -> sa.Select[Any]:
    query = sa.select(stories.c.id, stories.c.updated_at.label("last")).where(
        stories.c.merged_into.is_(None),
        stories.c.articles >= max(1, narrowed.articles),
        stories.c.updated_at.isnot(None),
    )
    if narrowed.since is not None:
        query = query.where(stories.c.updated_at >= narrowed.since)
    if narrowed.pack is not None:
        told = sa.select(articles.c.story_id).join(alerts, alerts.c.article_id == articles.c.id)
        query = query.where(stories.c.id.in_(told.where(alerts.c.pack == narrowed.pack)))
    if before is not None:
        last, number = before
        earlier = sa.and_(stories.c.updated_at == last, stories.c.id < number)
        query = query.where(sa.or_(stories.c.updated_at < last, earlier))
    return query.order_by(stories.c.updated_at.desc(), stories.c.id.desc()).limit(PAGE)


def get_story(connection: sa.Connection, story_id: int) -> StoryRow | None:
    """Return one story; None where it has no article."""
    found = list_rows(connection, [story_id])
    return found[0] if found else None


def list_rows(connection: sa.Connection, ids: Sequence[int]) -> list[StoryRow]:
    """Return stories by id, in that order; one without an article is left out."""
    query = (
        sa.select(
            articles.c.story_id,
            articles.c.lang,
            sa.func.count().label("articles"),
            sa.func.min(articles.c.id).label("first"),
            sa.func.min(_CAME_OUT).label("first_at"),
            sa.func.max(_CAME_OUT).label("last_at"),
        )
        .where(articles.c.story_id.in_(ids))
        .group_by(articles.c.story_id, articles.c.lang)
    )
    by_story: dict[int, list[sa.Row[Any]]] = {}
    for row in connection.execute(query):
        by_story.setdefault(row.story_id, []).append(row)
    firsts = {story: min(row.first for row in found) for story, found in by_story.items()}
    titles = titles_of(connection, firsts.values())
    told = told_of(connection, list(by_story))
    return [
        StoryRow(
            id=story,
            first_article=firsts[story],
            title=titles[firsts[story]],
            articles=sum(row.articles for row in by_story[story]),
            languages={
                row.lang or "?": row.articles
                for row in sorted(by_story[story], key=lambda row: (-row.articles, row.lang or "?"))
            },
            first_at=min(row.first_at for row in by_story[story]),
            last_at=max(row.last_at for row in by_story[story]),
            told=tuple(told.get(story, ())),
        )
        for story in ids
        if story in by_story
    ]


def titles_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, str]:
    """Return the headlines of articles as they stand now."""
    found: dict[int, str] = {}
    for part in some(ids):
        query = sa.select(revisions.c.article_id, revisions.c.title).where(revisions.c.article_id.in_(part))
        found |= {row.article_id: row.title for row in connection.execute(query.order_by(revisions.c.n))}
    return found


def stories_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, int]:
    """Return the stories that articles are in now."""
    found: dict[int, int] = {}
    for part in some(ids):
        query = sa.select(articles.c.id, articles.c.story_id).where(articles.c.id.in_(part))
        found |= {row.id: row.story_id for row in connection.execute(query)}
    return found


def told_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[ToldOf]]:
    """Return alerts and updates by story, oldest first; told of is what the alert's article belongs to now."""
    names = ("pack", "outcome", "reason", "created_at", "article_id", "newsrooms", "detail")
    query = (
        sa.select(articles.c.story_id, alerts.c.id, *(alerts.c[name] for name in names))
        .join(articles, articles.c.id == alerts.c.article_id)
        .where(articles.c.story_id.in_(ids))
        .order_by(alerts.c.id)
    )
    found: dict[int, list[ToldOf]] = {}
    for story, *told in connection.execute(query):
        found.setdefault(story, []).append(ToldOf(*told))
    return found


# -- one story -------------------------------------------------------------------------------------


def first_of(connection: sa.Connection, story_id: int) -> int | None:
    """Return the id of a story's first article."""
    first: int | None = connection.scalar(sa.select(sa.func.min(articles.c.id)).where(articles.c.story_id == story_id))
    return first


def ids_before(connection: sa.Connection, story_id: int, before: int, most: int, first: int = 3) -> list[int]:
    """Return the first articles of a story, and the last that came before another, in their order."""
    query = sa.select(articles.c.id).where(articles.c.story_id == story_id, articles.c.id < before)
    oldest = connection.scalars(query.order_by(articles.c.id).limit(first))
    newest = connection.scalars(query.order_by(articles.c.id.desc()).limit(most))
    return sorted({*oldest, *newest})


def part_of(connection: sa.Connection, story_id: int) -> int | None:
    """Return the story that `story_id` is part of now, itself unless it was merged; None where there is none."""
    seen: set[int] = set()
    while story_id not in seen:
        seen.add(story_id)
        row = connection.execute(sa.select(stories.c.merged_into).where(stories.c.id == story_id)).first()
        if row is None:
            return None
        story_id = row.merged_into or story_id
    return story_id


def list_standing(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Standing]]:
    """Return whose word each article of some stories gives, by story."""
    names = ("id", "newsroom", "credits", "duplicate_of", "aggregator")
    query = (
        sa.select(articles.c.story_id, *(articles.c[name] for name in names), feeds.c.trusted)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .where(articles.c.story_id.in_(ids))
        .order_by(articles.c.id)
    )
    found: dict[int, list[Standing]] = {}
    for story, number, newsroom, credits, *rest in connection.execute(query):
        found.setdefault(story, []).append(Standing(number, newsroom, tuple(credits or ()), *rest))
    return found


def list_reports(connection: sa.Connection, story_id: int, limit: int) -> list[Report]:
    """Return the first articles of a story, in the order in which they came."""
    ids = connection.scalars(
        sa.select(articles.c.id).where(articles.c.story_id == story_id).order_by(articles.c.id).limit(limit)
    ).all()
    return get_reports(connection, ids)


def get_reports(connection: sa.Connection, ids: Sequence[int]) -> list[Report]:
    """Return articles by id, in that order."""
    titles = titles_of(connection, ids)
    found: list[Report] = []
    for part in some(ids):
        query = _REPORTS.where(articles.c.id.in_(part)).order_by(articles.c.id)
        found += [_report(row, titles[row["id"]]) for row in connection.execute(query).mappings()]
    return found


_OF_REPORT = (
    *("id", "story_id", "url", "newsroom", "aggregator", "lang", "published", "first_seen"),
    *("duplicate_of", "duplicate_reason", "share", "joined", "credits"),
)
_REPORTS = sa.select(*(articles.c[name] for name in _OF_REPORT), feeds.c.slug.label("feed"), feeds.c.trusted).join(
    feeds, feeds.c.id == articles.c.feed_id
)


def _report(row: sa.RowMapping, title: str) -> Report:
    return Report(**{**row, "credits": tuple(row["credits"] or ())}, title=title)


def features_of(connection: sa.Connection, article_id: int) -> bytes | None:
    """Return what an article's story was told by, packed (`stories.features`)."""
    packed: bytes | None = connection.scalar(sa.select(articles.c.features).where(articles.c.id == article_id))
    return packed


def list_decisions(connection: sa.Connection, ids: Sequence[int]) -> list[Made]:
    """Return the decisions that stand about every revision of some articles, for each pack that matched."""
    found: dict[tuple[int, int, str], Made] = {}
    for part in some(ids):
        query = _MADE.where(revisions.c.article_id.in_(part)).order_by(
            revisions.c.article_id, revisions.c.n, decisions.c.pack, decisions.c.n
        )
        for row in connection.execute(query):
            found[row[0], row[1], row[2]] = Made(*row)  # the highest n stands
    return list(found.values())


_OF_MADE = ("pack", "outcome", "reason", "severity", "detail", "decided_at", "alert_id")
_MADE = (
    sa.select(revisions.c.article_id, revisions.c.n, *(decisions.c[name] for name in _OF_MADE))
    .join(revisions, revisions.c.id == decisions.c.revision_id)
    .where(decisions.c.pack != EVERY_PACK)
)


def count_decisions(connection: sa.Connection, story_id: int) -> list[tuple[str, str, str, int]]:
    """Return (pack, outcome, reason, how many) of the decisions that stand about a story's articles."""
    kind = (decisions.c.pack, decisions.c.outcome, decisions.c.reason)
    query = (
        sa.select(*kind, sa.func.count())
        .join(revisions, revisions.c.id == decisions.c.revision_id)
        .join(articles, articles.c.id == revisions.c.article_id)
        .where(articles.c.story_id == story_id, decisions.c.pack != EVERY_PACK, ~_superseded())
        .group_by(*kind)
        .order_by(*kind)
    )
    return [(pack, outcome, reason, int(count)) for pack, outcome, reason, count in connection.execute(query)]


def _superseded() -> sa.Exists:
    """Return whether a later decision stands in the place of one."""
    later = decisions.alias("later")
    return sa.exists().where(
        later.c.revision_id == decisions.c.revision_id, later.c.pack == decisions.c.pack, later.c.n > decisions.c.n
    )


def list_changes(connection: sa.Connection, story_id: int, limit: int = 100) -> list[Change]:
    """Return merges and splits that a story took part in, oldest first."""
    names = ("kind", "story_id", "other_id", "article_id", "at", "detail")
    query = (
        sa.select(*(story_changes.c[name] for name in names))
        .where(sa.or_(story_changes.c.story_id == story_id, story_changes.c.other_id == story_id))
        .order_by(story_changes.c.id)
        .limit(limit)
    )
    return [Change(*row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Folded:
    """An article that was not told to a pack, because it was told its story."""

    article_id: int
    title: str
    url: str | None
    newsroom: str
    reason: str
    decided_at: datetime


FOLDING = ("same_url", "same_text", "copy", "same_story")
"""Reasons of what is folded into an alert about the same story."""


def list_folded(connection: sa.Connection, pack: str, story_id: int, limit: int) -> tuple[int, list[Folded]]:
    """Return how many articles of a story were folded into what a pack was told, and the first of them."""
    query = (
        sa.select(sa.func.min(revisions.c.id))
        .join(articles, articles.c.id == revisions.c.article_id)
        .join(decisions, decisions.c.revision_id == revisions.c.id)
        .where(articles.c.story_id == story_id, decisions.c.pack == pack)
        .where(decisions.c.outcome == "suppressed", decisions.c.reason.in_(FOLDING), ~_superseded())
        .group_by(articles.c.id)
    )
    count = connection.scalar(sa.select(sa.func.count()).select_from(query.subquery())) or 0
    first = connection.scalars(query.order_by(articles.c.id).limit(limit)).all()
    shown = (
        sa.select(articles.c.id, revisions.c.title, articles.c.url, articles.c.newsroom)
        .add_columns(decisions.c.reason, decisions.c.decided_at)
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(decisions, decisions.c.revision_id == revisions.c.id)
        .where(revisions.c.id.in_(first), decisions.c.pack == pack, ~_superseded())
        .order_by(articles.c.id)
    )
    return count, [Folded(*row) for row in connection.execute(shown)]
