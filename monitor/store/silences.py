"""Silences: what mutes alerts until when, and what they hid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store.rows import new_id
from monitor.store.schema import silences


@dataclass(frozen=True, slots=True)
class StoredSilence:
    """A silence as it was made."""

    id: int
    pack: str | None
    rule: str | None
    story_id: int | None
    newsroom: str | None
    words: str | None
    comment: str
    created_at: datetime
    until: datetime
    ended_at: datetime | None
    """When a person ended it, or when its end was told."""
    hidden: int
    """Alerts and updates that it hid."""


def add(
    connection: sa.Connection,
    until: datetime,
    now: datetime,
    comment: str,
    pack: str | None = None,
    rule: str | None = None,
    story_id: int | None = None,
    newsroom: str | None = None,
    words: str | None = None,
) -> int:
    """Store a silence and return its id."""
    row = {
        "pack": pack,
        "rule": rule,
        "story_id": story_id,
        "newsroom": newsroom,
        "words": words,
        "comment": comment,
        "created_at": now,
        "until": until,
        "hidden": 0,
    }
    return new_id(connection, silences.insert(), row)


def list_active(connection: sa.Connection) -> list[StoredSilence]:
    """Return the silences that nobody ended and whose end was not told yet, oldest first."""
    return _stored(connection, silences.c.ended_at.is_(None))


def list_all(connection: sa.Connection) -> list[StoredSilence]:
    """Return every silence, oldest first."""
    return _stored(connection, sa.true())


def list_ended(connection: sa.Connection, before: int | None = None, limit: int = 50) -> list[StoredSilence]:
    """Return the silences that are over and told of, the newest first, those with an id below `before`."""
    ended = silences.c.ended_at.is_not(None)
    return _stored(connection, ended if before is None else sa.and_(ended, silences.c.id < before), newest=limit)


def get(connection: sa.Connection, silence_id: int) -> StoredSilence | None:
    """Return one silence; None where there is none with this id."""
    return next(iter(_stored(connection, silences.c.id == silence_id)), None)


def list_over(connection: sa.Connection, now: datetime) -> list[StoredSilence]:
    """Return the silences that are over and whose end was not told yet."""
    return _stored(connection, sa.and_(silences.c.ended_at.is_(None), silences.c.until <= now))


def _stored(
    connection: sa.Connection, condition: sa.ColumnElement[bool], newest: int | None = None
) -> list[StoredSilence]:
    """Return silences, oldest first; with `newest` at most so many, and the newest first."""
    query = sa.select(*(silences.c[name] for name in StoredSilence.__dataclass_fields__)).where(condition)
    ordered = query.order_by(silences.c.id) if newest is None else query.order_by(silences.c.id.desc()).limit(newest)
    return [StoredSilence(**row) for row in connection.execute(ordered).mappings()]


def end(connection: sa.Connection, silence_id: int, now: datetime) -> bool:
    """End a silence now; return False where there is none with this id that still holds."""
    change = silences.update().where(silences.c.id == silence_id, silences.c.ended_at.is_(None))
    return connection.execute(change.values(ended_at=now)).rowcount > 0


def count_hidden(connection: sa.Connection, silence_id: int) -> None:
    """Note that a silence hid one more alert."""
    change = silences.update().where(silences.c.id == silence_id)
    connection.execute(change.values(hidden=silences.c.hidden + 1))
