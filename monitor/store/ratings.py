"""What readers said of alerts, the key that links to say so are signed with, and what rules are judged by."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from monitor import model
from monitor.store.rows import insert_new, some
from monitor.store.schema import (
    alerts,
    articles,
    matches,
    message_alerts,
    messages,
    ratings,
    revisions,
    signing_keys,
    targets,
    texts,
)

KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class StoredRating:
    """One reader's word about one alert."""

    alert_id: int
    by: str
    rating: str
    at: datetime
    comment: str


@dataclass(frozen=True, slots=True)
class Rateable:
    """An alert as the page shows it to the recipient who rates it."""

    alert_id: int
    title: str
    newsroom: str
    published: datetime | None
    pack_title: str
    by: str
    """The recipient, as the rating names it."""
    rated: StoredRating | None
    """What the same recipient said before."""


class Fired(NamedTuple):
    """An alert with the rules that it is of."""

    alert_id: int
    pack: str
    rules: tuple[str, ...]
    story_id: int


@dataclass(frozen=True, slots=True)
class Count:
    """Alerts of the same rules of a pack. `ratings`: what was said of each of those that somebody rated."""

    pack: str
    rules: tuple[str, ...]
    alerts: int
    ratings: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An alert with what its rules are judged by."""

    alert_id: int
    pack: str
    rules: tuple[str, ...]
    revision_id: int
    story_id: int
    title: str
    newsroom: str
    lang: str | None
    published: datetime | None
    decided_at: datetime
    sent_at: datetime | None
    """When the first of its messages was sent."""


def signing_key(connection: sa.Connection, name: str) -> bytes:
    """Return the key of that name, made on the first call; the connection must be one that writes."""
    query = sa.select(signing_keys.c.value).where(signing_keys.c.name == name)
    found = connection.execute(query).scalar()
    if found is None:
        insert_new(connection, signing_keys, {"name": name, "value": secrets.token_bytes(KEY_BYTES)})
        found = connection.execute(query).scalar_one()  # another member's, if that was first
    return bytes(found)


# -- one alert -----------------------------------------------------------------------------------


def rate(
    connection: sa.Connection, alert_id: int, rating: str, by: str, now: datetime, comment: str = ""
) -> StoredRating | None:
    """Store what `by` says of an alert, in place of what they said before; return that."""
    before = get(connection, alert_id, by)
    values = {"rating": rating, "at": now, "comment": comment}
    if before is None:
        connection.execute(ratings.insert(), {"alert_id": alert_id, "by": by, **values})
    else:
        connection.execute(ratings.update().where(_of(alert_id, by)).values(**values))
    return before


def rate_once(
    connection: sa.Connection, alert_id: int, rating: str, by: str, now: datetime, comment: str = ""
) -> StoredRating | None:
    """Store what `by` says of an alert unless they said something before; return that."""
    before = get(connection, alert_id, by)
    return before if before is not None else rate(connection, alert_id, rating, by, now, comment)


def _of(alert_id: int, by: str) -> sa.ColumnElement[bool]:
    return sa.and_(ratings.c.alert_id == alert_id, ratings.c.by == by)


def get(connection: sa.Connection, alert_id: int, by: str) -> StoredRating | None:
    """Return what `by` said of an alert."""
    row = connection.execute(sa.select(ratings).where(_of(alert_id, by))).mappings().first()
    return StoredRating(**row) if row is not None else None


def list_of(connection: sa.Connection, alert_id: int) -> list[StoredRating]:
    """Return what was said of an alert, oldest first."""
    query = sa.select(ratings).where(ratings.c.alert_id == alert_id).order_by(ratings.c.at, ratings.c.by)
    return [StoredRating(**row) for row in connection.execute(query).mappings()]


def get_rateable(connection: sa.Connection, alert_id: int, target_id: int) -> Rateable | None:
    """Return an alert for the recipient who is asked about it; None where either is gone."""
    query = (
        sa.select(revisions.c.title, articles.c.newsroom, articles.c.published, alerts.c.pack_title, alerts.c.pack)
        .join(revisions, revisions.c.id == alerts.c.revision_id)
        .join(articles, articles.c.id == alerts.c.article_id)
        .where(alerts.c.id == alert_id)
    )
    row = connection.execute(query).first()
    by = connection.execute(sa.select(targets.c.label).where(targets.c.id == target_id)).scalar()
    if row is None or by is None:
        return None
    by = str(by)[:300]
    told = row.pack_title or row.pack
    return Rateable(alert_id, row.title, row.newsroom, row.published, told, by, get(connection, alert_id, by))


# -- what rules are judged by --------------------------------------------------------------------


def list_told(connection: sa.Connection, since: datetime, pack: str | None = None) -> list[Told]:
    """Return the alerts decided at `since` or later, of one pack or all, oldest first."""
    sent = (
        sa.select(message_alerts.c.alert_id, sa.func.min(messages.c.sent_at).label("sent_at"))
        .join(messages, messages.c.id == message_alerts.c.message_id)
        .join(alerts, alerts.c.id == message_alerts.c.alert_id)
        .where(_recent(since, pack), messages.c.sent_at.is_not(None))
        .group_by(message_alerts.c.alert_id)
        .subquery()
    )
    query = (
        sa.select(
            alerts.c.id.label("alert_id"),
            alerts.c.pack,
            alerts.c.rules,
            alerts.c.revision_id,
            articles.c.story_id,
            revisions.c.title,
            articles.c.newsroom,
            revisions.c.lang,
            articles.c.published,
            alerts.c.created_at.label("decided_at"),
            sent.c.sent_at,
        )
        .join(revisions, revisions.c.id == alerts.c.revision_id)
        .join(articles, articles.c.id == alerts.c.article_id)
        .outerjoin(sent, sent.c.alert_id == alerts.c.id)
        .where(_recent(since, pack))
        .order_by(alerts.c.id)
    )
    return [Told(**{**row, "rules": tuple(row["rules"])}) for row in connection.execute(query).mappings()]


def list_fired(connection: sa.Connection, since: datetime, pack: str) -> list[Fired]:
    """Return the alerts of a pack that `list_told` returns, by what they need no other table for."""
    columns = (alerts.c[name] for name in ("id", "pack", "rules", "story_id"))
    query = sa.select(*columns).where(_recent(since, pack)).order_by(alerts.c.id)
    return [Fired(number, name, tuple(rules), story) for number, name, rules, story in connection.execute(query)]


def count_told(connection: sa.Connection, since: datetime, pack: str | None = None) -> list[Count]:
    """Return how many alerts that `list_told` returns there are, by pack and rules, with their ratings."""
    rules = sa.cast(alerts.c.rules, sa.Text).label("rules")
    query = sa.select(alerts.c.pack, rules, sa.func.count()).where(_recent(since, pack)).group_by(alerts.c.pack, rules)
    said: dict[tuple[str, str], dict[int, list[str]]] = {}
    rated = sa.select(ratings.c.alert_id, ratings.c.rating, alerts.c.pack, rules)
    rated = rated.join(alerts, alerts.c.id == ratings.c.alert_id).where(_recent(since, pack))
    for row in connection.execute(rated):
        said.setdefault((row.pack, row.rules), {}).setdefault(row.alert_id, []).append(row.rating)
    return [
        Count(name, tuple(json.loads(written)), count, tuple(map(tuple, said.get((name, written), {}).values())))
        for name, written, count in connection.execute(query)
    ]


def _recent(since: datetime, pack: str | None) -> sa.ColumnElement[bool]:
    return sa.and_(alerts.c.created_at >= since, alerts.c.pack == pack if pack is not None else sa.true())


def ratings_since(connection: sa.Connection, since: datetime, pack: str | None = None) -> dict[int, list[str]]:
    """Return alert id -> its ratings, for the alerts that `list_told` returns."""
    query = sa.select(ratings.c.alert_id, ratings.c.rating).join(alerts, alerts.c.id == ratings.c.alert_id)
    found: dict[int, list[str]] = {}
    for row in connection.execute(query.where(_recent(since, pack)).order_by(ratings.c.alert_id, ratings.c.by)):
        found.setdefault(row.alert_id, []).append(row.rating)
    return found


def evidence_since(
    connection: sa.Connection, since: datetime, pack: str | None = None
) -> dict[int, dict[str, tuple[model.Evidence, ...]]]:
    """Return alert id -> rule -> the places that made it true, for the alerts that `list_told` returns."""
    query = (
        sa.select(alerts.c.id, matches.c.rule, matches.c.evidence)
        .join(matches, sa.and_(matches.c.revision_id == alerts.c.revision_id, matches.c.pack == alerts.c.pack))
        .where(_recent(since, pack), matches.c.status == "live")
    )
    found: dict[int, dict[str, tuple[model.Evidence, ...]]] = {}
    for row in connection.execution_options(yield_per=1000).execute(query):
        found.setdefault(row.id, {})[row.rule] = tuple(model.Evidence(**span) for span in row.evidence)
    return found


def texts_of(connection: sa.Connection, revision_ids: Iterable[int]) -> Mapping[int, str]:
    """Return revision id -> its text."""
    found: dict[int, str] = {}
    for part in some(sorted(set(revision_ids))):
        query = (
            sa.select(revisions.c.id, texts.c.text)
            .join(texts, texts.c.hash == revisions.c.text_hash)
            .where(revisions.c.id.in_(part))
        )
        rows: Iterable[Any] = connection.execute(query)
        found.update({row.id: row.text for row in rows})
    return found
