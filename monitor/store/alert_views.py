"""Alerts as people look at them: pages of a list by what it is narrowed to, and what belongs to each. Reads only.

A list goes by id, the newest first, and looks at `MOST_LOOKED` alerts at the most: a filter that fits few of them costs
no more than one that fits all, and the page says from where to go on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor import model
from monitor.store import decisions, search, times_by_key
from monitor.store.decisions import AlertRow
from monitor.store.ratings import StoredRating
from monitor.store.rows import some
from monitor.store.schema import (
    alerts,
    articles,
    matches,
    message_alerts,
    messages,
    ratings,
    revisions,
    targets,
    texts,
)
from monitor.store.wanted import Wanted

MOST_LOOKED = 10_000
"""Alerts that one page looks at, ..."""
MOST_FOR_WORDS = 1_000
"""... and where words are asked for: a word may stand in every article between the first and the last of them."""
RATED = ("useful", "noise", "none")


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which alerts a list shows; None: all of them."""

    pack: str | None = None
    severity: str | None = None
    lang: str | None = None
    newsroom: str | None = None
    """Part of the newsroom's name."""
    outcome: str | None = None
    """`alert` or `update`."""
    reason: str | None = None
    rated: str | None = None
    """`useful` or `noise` by anybody; `none`: by nobody."""
    since: datetime | None = None
    until: datetime | None = None
    words: Wanted | None = None
    """In title or text of the article, as the full-text index has it."""


@dataclass(frozen=True, slots=True)
class AlertPage:
    """A page of a list."""

    rows: tuple[AlertRow, ...]
    """The newest first."""
    before: int | None
    """Alerts below this id were not looked at; None where there is none left."""
    looked_to: datetime | None = None
    """Where the page is not full: until when, back in time, it looked; None if to the end."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What of an article an alert marks."""

    text: str
    evidence: tuple[model.Evidence, ...]
    """Of the alert's pack, in the order of title and text."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Where a message of an alert stands."""

    channel: str
    target: str
    state: str
    reason: str | None
    due_at: datetime
    sent_at: datetime | None


def list_page(
    connection: sa.Connection, narrowed: Narrowed, limit: int, before: int | None = None, after: int = 0
) -> AlertPage:
    """Return the newest alerts with an id below `before` and above `after`."""
    low, high = _bounds(connection, narrowed, before, after)
    floor = _floor(connection, low, high, MOST_LOOKED if narrowed.words is None else min(MOST_FOR_WORDS, MOST_LOOKED))
    fits = _conditions(connection, narrowed)
    if narrowed.words is not None:
        fits.append(_has_words(connection, narrowed.words, floor, high))
    ids = (
        sa.select(alerts.c.id)
        .join(articles, articles.c.id == alerts.c.article_id)
        .join(revisions, revisions.c.id == alerts.c.revision_id)
        .where(alerts.c.id < high, alerts.c.id >= floor, *fits)
        .order_by(alerts.c.id.desc())
        .limit(limit + 1)
    )
    found = list(connection.scalars(ids))
    rows = tuple(reversed(decisions.get_alerts(connection, found[:limit])))
    if len(found) > limit:
        return AlertPage(rows, found[limit - 1])
    if floor > low and connection.scalar(
        sa.select(alerts.c.id).where(alerts.c.id < floor, alerts.c.id >= low).limit(1)
    ):
        return AlertPage(rows, floor, times_by_key.time_at(connection, alerts.c.id, alerts.c.created_at, floor))
    return AlertPage(rows, None)


def newest_id(connection: sa.Connection) -> int:
    """Return the id of the newest alert, 0 where there is none."""
    return connection.scalar(sa.select(sa.func.max(alerts.c.id))) or 0


def _bounds(connection: sa.Connection, narrowed: Narrowed, before: int | None, after: int) -> tuple[int, int]:
    """Return the smallest id, and the one below which ids lie, that the page may hold."""
    low, high = after + 1, before if before is not None else newest_id(connection) + 1
    time = alerts.c.created_at
    return times_by_key.narrowed(connection, alerts.c.id, time, (low, high), narrowed.since, narrowed.until)


def _floor(connection: sa.Connection, low: int, high: int, most: int) -> int:
    """Return the id down to which a page looks."""
    looked = sa.select(alerts.c.id).where(alerts.c.id < high, alerts.c.id >= low).order_by(alerts.c.id.desc())
    lowest = connection.scalar(sa.select(sa.func.min(looked.limit(most).subquery().c.id)))
    return low if lowest is None else lowest


def _conditions(connection: sa.Connection, narrowed: Narrowed) -> list[sa.ColumnElement[bool]]:
    exact = (
        (alerts.c.pack, narrowed.pack),
        (alerts.c.severity, narrowed.severity),
        (alerts.c.outcome, narrowed.outcome),
        (alerts.c.reason, narrowed.reason),
        (revisions.c.lang, narrowed.lang),
    )
    found: list[sa.ColumnElement[bool]] = [column == value for column, value in exact if value is not None]
    if narrowed.newsroom is not None:
        found.append(articles.c.newsroom.icontains(narrowed.newsroom, autoescape=True))
    if narrowed.rated is not None:
        found.append(_rated(narrowed.rated))
    return found


def _rated(rated: str) -> sa.ColumnElement[bool]:
    given = sa.exists().where(ratings.c.alert_id == alerts.c.id)
    return ~given if rated == "none" else given.where(ratings.c.rating == rated)


def _has_words(connection: sa.Connection, words: Wanted, floor: int, high: int) -> sa.ColumnElement[bool]:
    """Return the condition that an alert's article has words; `floor`, `high`: between which ids alerts are."""
    if connection.dialect.name == "sqlite":
        found = sa.text(
            "SELECT rowid AS id FROM search WHERE search MATCH :words AND rowid >= :oldest AND rowid <= :newest"
        )
        asked = search.to_fts5(connection, words)
    else:
        found = sa.text(
            "SELECT article_id AS id FROM search WHERE words @@ to_tsquery('simple', :words)"
            " AND article_id >= :oldest AND article_id <= :newest"
        )
        asked = search.to_tsquery(connection, words)
    looked = sa.select(sa.func.min(alerts.c.article_id), sa.func.max(alerts.c.article_id))
    oldest, newest = connection.execute(looked.where(alerts.c.id >= floor, alerts.c.id < high)).one()
    bound = found.bindparams(words=asked, oldest=oldest or 0, newest=newest or 0)
    return alerts.c.article_id.in_(sa.select(bound.columns(articles.c.id).subquery().c.id))


# -- what belongs to them --------------------------------------------------------------------------


def shown_of(connection: sa.Connection, rows: Sequence[AlertRow]) -> dict[int, Shown]:
    """Return text and evidence by alert id."""
    revision_ids = sorted({row.revision_id for row in rows})
    bodies: dict[int, str] = {}
    evidence: dict[tuple[int, str], set[model.Evidence]] = {}
    for part in some(revision_ids):
        of_text = sa.select(revisions.c.id, texts.c.text).join(texts, texts.c.hash == revisions.c.text_hash)
        bodies |= {row.id: row.text for row in connection.execute(of_text.where(revisions.c.id.in_(part)))}
        of_match = sa.select(matches.c.revision_id, matches.c.pack, matches.c.evidence).where(
            matches.c.revision_id.in_(part), matches.c.status == "live"
        )
        for row in connection.execute(of_match):
            spans = {model.Evidence(**span) for span in row.evidence}
            evidence.setdefault((row.revision_id, row.pack), set()).update(spans)
    return {
        row.id: Shown(
            bodies.get(row.revision_id, ""),
            tuple(decisions.in_order(evidence.get((row.revision_id, row.pack), set()))),
        )
        for row in rows
    }


def sendings_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[Sending]]:
    """Return where the messages of alerts stand, by alert id."""
    names = ("state", "reason", "due_at", "sent_at")
    found: dict[int, list[Sending]] = {}
    for part in some(ids):
        query = (
            sa.select(message_alerts.c.alert_id, targets.c.channel, targets.c.label, *(messages.c[n] for n in names))
            .join(messages, messages.c.id == message_alerts.c.message_id)
            .join(targets, targets.c.id == messages.c.target_id)
            .where(message_alerts.c.alert_id.in_(part))
            .order_by(message_alerts.c.alert_id, messages.c.id)
        )
        for alert_id, *sending in connection.execute(query):
            found.setdefault(alert_id, []).append(Sending(*sending))
    return found


def ratings_of(connection: sa.Connection, ids: Sequence[int]) -> dict[int, list[StoredRating]]:
    """Return what was said of alerts, by alert id."""
    found: dict[int, list[StoredRating]] = {}
    for part in some(ids):
        query = sa.select(ratings).where(ratings.c.alert_id.in_(part)).order_by(ratings.c.at, ratings.c.by)
        for row in connection.execute(query).mappings():
            found.setdefault(row["alert_id"], []).append(StoredRating(**row))
    return found
