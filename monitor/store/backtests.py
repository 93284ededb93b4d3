"""What a backtest reads of the archive: revisions in the order in which they were decided, and what stood around them.

Every decided revision has one row of pack `*` with a `decided_seq` of its own, which is indexed and rises with the time
of the decision: a period is a range of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from monitor import model
from monitor.store import decisions as decided
from monitor.store import stories as story_rows
from monitor.store import voices as voice_rows
from monitor.store.articles import SEEN_BY_RULES, seen_by_rules
from monitor.store.rows import some
from monitor.store.schema import (
    alerts,
    articles,
    batches,
    decisions,
    entries,
    feeds,
    holds,
    matches,
    revisions,
    silences,
    stories,
    story_changes,
    texts,
    voices,
)


class Span(NamedTuple):
    """A period as its first and last `decided_seq`, both in it."""

    first: int
    last: int


class Written(NamedTuple):
    """A decided revision as rules look at it first."""

    revision_id: int
    seq: int
    decided_at: datetime
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Archived:
    """A revision with all that rules and decisions ask of it."""

    revision_id: int
    n: int
    article_id: int
    story_id: int
    feed_id: int
    batch_id: int | None
    trusted: bool
    duplicate_of: int | None
    duplicate_reason: str | None
    article: model.Article
    """As rules see it, without its text."""


# -- the period ------------------------------------------------------------------------------------


def span_of(connection: sa.Connection, since: datetime) -> Span | None:
    """Return the revisions decided from `since` on; None where there is none."""
    first, last = connection.execute(
        sa.select(sa.func.min(decisions.c.decided_seq), sa.func.max(decisions.c.decided_seq))
    ).one()
    if first is None:
        return None
    low = _first_at(connection, since, first, last + 1)
    return Span(low, last) if low <= last else None


def _first_at(connection: sa.Connection, moment: datetime, low: int, high: int) -> int:
    """Return the first number from `low` on that was given at `moment` or later, `high` where none was."""
    while low < high:
        middle = (low + high) // 2
        at = connection.scalar(_AT, {"seq": middle})
        if at is not None and at < moment:
            low = middle + 1
        else:
            high = middle
    return low


_AT = (
    sa.select(decisions.c.decided_at)
    .where(decisions.c.decided_seq >= sa.bindparam("seq"))
    .order_by(decisions.c.decided_seq)
    .limit(1)
)
_WHOLE = decisions.c.pack == decided.EVERY_PACK, decisions.c.n == 1


def newest_from(connection: sa.Connection, span: Span, most: int) -> Span:
    """Return the end of a period that holds at most the newest `most` revisions."""
    query = (
        sa.select(decisions.c.decided_seq)
        .where(*_WHOLE, decisions.c.decided_seq.between(*span))
        .order_by(decisions.c.decided_seq.desc())
        .offset(most - 1)  # of one bounded range of an index
        .limit(1)
    )
    return Span(connection.scalar(query) or span.first, span.last)


# -- revisions -------------------------------------------------------------------------------------


def iter_written(connection: sa.Connection, span: Span) -> Iterator[Written]:
    """Yield the revisions of a period in the order in which they were decided."""
    rows = connection.execution_options(yield_per=200).execute(_WRITTEN, {"low": span.first, "high": span.last})
    return (Written(*row) for row in rows)


_WRITTEN = (
    sa.select(revisions.c.id, decisions.c.decided_seq, decisions.c.decided_at, revisions.c.title, texts.c.text)
    .select_from(decisions)
    .join(revisions, revisions.c.id == decisions.c.revision_id)
    .join(texts, texts.c.hash == revisions.c.text_hash)
    .where(*_WHOLE, decisions.c.decided_seq.between(sa.bindparam("low"), sa.bindparam("high")))
    .order_by(decisions.c.decided_seq)
)


def get_written(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Written]:
    """Return revisions by id."""
    wanted = (
        sa.select(revisions.c.id, decisions.c.decided_seq, decisions.c.decided_at, revisions.c.title, texts.c.text)
        .select_from(revisions)
        .join(decisions, decisions.c.revision_id == revisions.c.id)
        .join(texts, texts.c.hash == revisions.c.text_hash)
        .where(*_WHOLE)
    )
    found: dict[int, Written] = {}
    for part in some(sorted(set(ids))):
        found |= {row[0]: Written(*row) for row in connection.execute(wanted.where(revisions.c.id.in_(part)))}
    return found


def get_archived(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Archived]:
    """Return where revisions came from and what they repeat, by id; the story is that of today."""
    found: dict[int, Archived] = {}
    for part in some(sorted(set(ids))):
        for row in connection.execute(_ARCHIVED.where(revisions.c.id.in_(part))).mappings():
            own = {column.name: row[column.name] for column in _OF_ARCHIVED}
            found[row["revision_id"]] = Archived(**own, article=seen_by_rules(row, ""))
    return found


_OF_ARCHIVED = (
    revisions.c.id.label("revision_id"),
    revisions.c.n,
    articles.c.id.label("article_id"),
    articles.c.story_id,
    articles.c.feed_id,
    entries.c.batch_id,
    feeds.c.trusted,
    articles.c.duplicate_of,
    articles.c.duplicate_reason,
)
_ARCHIVED = (
    sa.select(*_OF_ARCHIVED, *SEEN_BY_RULES, revisions.c.lang, revisions.c.partial)
    .join(articles, articles.c.id == revisions.c.article_id)
    .join(feeds, feeds.c.id == articles.c.feed_id)
    .join(entries, entries.c.id == articles.c.entry_id)
)


def list_recorded(connection: sa.Connection, span: Span, packs: Sequence[str]) -> dict[int, list[model.Match]]:
    """Return what was matched for some packs when it was decided, by revision, in the order of decisions."""
    query = (
        sa.select(decisions.c.revision_id, *(matches.c[name] for name in _OF_MATCH))
        .select_from(decisions)
        .join(matches, sa.and_(matches.c.revision_id == decisions.c.revision_id, matches.c.pack.in_(packs)))
        .where(*_WHOLE, decisions.c.decided_seq.between(*span))
        .order_by(decisions.c.decided_seq, matches.c.pack, matches.c.rule)
    )
    found: dict[int, list[model.Match]] = {}
    for revision_id, pack, rule, severity, status, evidence, score in connection.execute(query):
        spans = tuple(model.Evidence(**span) for span in evidence)
        found.setdefault(revision_id, []).append(model.Match(pack, rule, severity, status, spans, score))
    return found


_OF_MATCH = ("pack", "rule", "severity", "status", "evidence", "score")


def count_alerts(connection: sa.Connection, span: Span, packs: Sequence[str]) -> int:
    """Return how many alerts and updates the daemon itself decided in a period."""
    query = sa.select(sa.func.count()).select_from(alerts)
    query = query.where(alerts.c.pack.in_(packs), alerts.c.decided_seq.between(*span))
    return connection.scalar(query) or 0


# -- what stood around them ------------------------------------------------------------------------


class Member(NamedTuple):
    """An article of a story, as far as others of the story depend on it. `seq`: of its first decision."""

    seq: int
    decided_at: datetime
    article_id: int
    story_id: int
    feed_id: int
    newsroom: str
    aggregator: str | None
    credits: Sequence[str] | None
    claim: str | None
    first_seen: datetime
    published: datetime | None
    duplicate_of: int | None
    joined: Mapping[str, Any] | None
    """Why it is in its story."""
    features: bytes | None
    """By what others are compared with it: of its last revision, as is all that is kept of an article."""


class Merged(NamedTuple):
    """A story that became part of an older one, as the coming of an article showed."""

    seq: int
    at: datetime
    younger: int
    older: int
    article_id: int


def list_merges(connection: sa.Connection, story_ids: Iterable[int]) -> list[Merged]:
    """Return every merge that led to some stories of today, in order."""
    names = ("decided_seq", "at", "story_id", "other_id", "article_id")
    query = sa.select(*(story_changes.c[name] for name in names)).where(story_changes.c.kind == "merge")
    found: list[Merged] = []
    asked = set(story_ids)
    while asked:
        new = [
            Merged(*row)
            for part in some(sorted(set(asked)))
            for row in connection.execute(query.where(story_changes.c.other_id.in_(part)))
        ]
        found += new
        asked = {one.younger for one in new}
    return sorted(found)


def list_members(connection: sa.Connection, story_ids: Iterable[int], last: int) -> list[Member]:
    """Return the articles of some stories that were decided by `last`, in that order."""
    names = ("id", "story_id", "feed_id", "newsroom", "aggregator", "credits", "claim", "first_seen", "published")
    query = (
        sa.select(decisions.c.decided_seq, decisions.c.decided_at, *(articles.c[name] for name in names))
        .add_columns(articles.c.duplicate_of, articles.c.joined, articles.c.features)
        .select_from(articles)
        .join(revisions, sa.and_(revisions.c.article_id == articles.c.id, revisions.c.n == 1))
        .join(decisions, decisions.c.revision_id == revisions.c.id)
        .where(*_WHOLE, decisions.c.decided_seq <= last)
    )
    found: list[Member] = []
    for part in some(sorted(set(story_ids))):
        found += [Member(*row) for row in connection.execute(query.where(articles.c.story_id.in_(part)))]
    return sorted(found, key=lambda one: (one.seq, one.article_id))


def list_told(
    connection: sa.Connection, story_ids: Iterable[int], packs: Sequence[str], span: Span
) -> list[Mapping[str, Any]]:
    """Return the alerts of some stories that a backtest takes as they are, as rows of their table, oldest first.

    What the packs were told before the period, and the urgent alerts of all other packs: those mute routine ones.
    """
    own = sa.and_(alerts.c.pack.in_(packs), alerts.c.decided_seq < span.first)
    other = sa.and_(alerts.c.pack.not_in(packs), alerts.c.severity == "urgent", alerts.c.decided_seq <= span.last)
    query = sa.select(alerts).join(articles, articles.c.id == alerts.c.article_id).where(sa.or_(own, other))
    found: list[dict[str, Any]] = []
    for part in some(sorted(set(story_ids))):
        for row in connection.execute(query.where(articles.c.story_id.in_(part))).mappings():
            found.append(dict(row))
    return sorted(found, key=lambda row: (row["decided_seq"], row["id"]))


def list_silences(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return every silence as a row of its table."""
    return [dict(row) for row in connection.execute(sa.select(silences).order_by(silences.c.id)).mappings()]


def list_feeds(connection: sa.Connection) -> list[dict[str, Any]]:
    """Return every feed as a row of its table, without what polls learned."""
    names = ("id", "slug", "url", "name", "newsroom", "tags", "candidate", "trusted", "every", "backfill", "origin")
    query = sa.select(*(feeds.c[name] for name in (*names, "next_check")))
    return [{**row, "failures": 0, "permanent_polls": 0} for row in connection.execute(query).mappings()]


# -- the copy in memory that is decided in ---------------------------------------------------------


def put_feeds(scratch: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make feeds known to a database in memory."""
    if rows:
        scratch.execute(feeds.insert(), list(rows))


def put_story(scratch: sa.Connection, story_id: int, now: datetime) -> None:
    """Make a story known, without articles yet."""
    scratch.execute(stories.insert(), {"id": story_id, "created_at": now, "updated_at": now})


def put_article(scratch: sa.Connection, member: Member) -> None:
    """Make an article known."""
    row = {
        "id": member.article_id,
        "feed_id": member.feed_id,
        "entry_id": 0,
        "story_id": member.story_id,
        "newsroom": member.newsroom,
        "aggregator": member.aggregator,
        "first_seen": member.first_seen,
        "published": member.published,
        "duplicate_of": member.duplicate_of,
        "features": member.features,
        "partial": False,
        "retries": 0,
    }
    scratch.execute(_PUT_ARTICLE, row)


_PUT_ARTICLE = articles.insert()


def merge(scratch: sa.Connection, merged: Merged) -> None:
    """Make one story part of another, with whose word it gives."""
    story_rows.merge(scratch, _Merge(merged.younger, merged.older), merged.article_id, merged.seq, merged.at)
    voice_rows.merge(scratch, merged.younger, merged.older)


class _Merge(NamedTuple):
    younger: int
    older: int
    fit: float = 0.0


def put_voice(scratch: sa.Connection, story_id: int, claim: str, feed_id: int, first_id: int) -> None:
    """Let a feed give its word for a story."""
    row = {"story_id": story_id, "claim": claim, "feed_id": feed_id, "articles": 1, "first_id": first_id}
    scratch.execute(_PUT_VOICE, row)


_PUT_VOICE = voices.insert()


def put_revision(scratch: sa.Connection, revision_id: int, article_id: int, n: int, title: str, now: datetime) -> None:
    """Make a revision known, without its text."""
    row = {
        "id": revision_id,
        "article_id": article_id,
        "n": n,
        "title": title,
        "text_hash": "",
        "partial": False,
        "cut": False,
        "created_at": now,
    }
    scratch.execute(_PUT_REVISION, row)


_PUT_REVISION = revisions.insert()


def put_text(scratch: sa.Connection, revision_id: int, text: str) -> None:
    """Give a revision its text: silences look for words in it."""
    scratch.execute(texts.insert(), {"hash": str(revision_id), "text": text})
    scratch.execute(revisions.update().where(revisions.c.id == revision_id).values(text_hash=str(revision_id)))


def put_alert(scratch: sa.Connection, row: Mapping[str, Any]) -> None:
    """Store an alert that is taken as it was, under an id of its own."""
    scratch.execute(alerts.insert(), {key: value for key, value in row.items() if key != "id"})


def put_silence(scratch: sa.Connection, row: Mapping[str, Any]) -> None:
    """Begin a silence."""
    scratch.execute(silences.insert(), {**row, "ended_at": None})


def end_silence(scratch: sa.Connection, silence_id: int, now: datetime) -> None:
    """End a silence."""
    scratch.execute(silences.update().where(silences.c.id == silence_id).values(ended_at=now))


def put_batches(scratch: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Make batches known."""
    if rows:
        scratch.execute(batches.insert(), list(rows))


def list_batches(connection: sa.Connection, ids: Iterable[int]) -> list[dict[str, Any]]:
    """Return batches as rows of their table."""
    found: list[dict[str, Any]] = []
    for part in some(sorted(set(ids))):
        query = sa.select(batches).where(batches.c.id.in_(part))
        found += [dict(row) for row in connection.execute(query).mappings()]
    return found


def next_release(scratch: sa.Connection) -> datetime | None:
    """Return when the time of the first of the held decisions is over; None where nothing is held."""
    found: datetime | None = scratch.scalar(_NEXT_RELEASE)
    return found


_NEXT_RELEASE = sa.select(holds.c.until).order_by(holds.c.until).limit(1)


class Verdict(NamedTuple):
    """A decision that stands at the end, with its alert if it told one."""

    revision_id: int
    pack: str
    outcome: str
    reason: str
    severity: str | None
    decided_at: datetime
    alert_id: int | None
    rules: tuple[str, ...]


def list_verdicts(scratch: sa.Connection) -> list[Verdict]:
    """Return the decisions that stand about what matched, in the order in which they were made."""
    names = ("revision_id", "pack", "outcome", "reason", "severity", "decided_at", "alert_id")
    query = (
        sa.select(*(decisions.c[name] for name in names), alerts.c.rules)
        .outerjoin(alerts, alerts.c.id == decisions.c.alert_id)
        .where(decisions.c.pack != decided.EVERY_PACK)
        .order_by(decisions.c.decided_seq, decisions.c.revision_id, decisions.c.pack, decisions.c.n)
    )
    found: dict[tuple[int, str], Verdict] = {}
    for row in scratch.execute(query):
        found[row.revision_id, row.pack] = Verdict(**{**row._mapping, "rules": tuple(row.rules or ())})
    return list(found.values())
