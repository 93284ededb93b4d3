"""The monitor's own troubles: opened once, told once a day at most, closed when over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store.rows import insert_new
from monitor.store.schema import notices

REMIND = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class OpsNotice:
    """A trouble that stands open."""

    key: str
    """`feed_failing:slug`, `channel_refused:name`, `rules_broken:pack`, ..."""
    headline: str
    body: str
    opened_at: datetime


def open_notice(connection: sa.Connection, key: str, headline: str, body: str, now: datetime) -> bool:
    """Note a trouble; return whether it is to be told now (new, reopened, or last told a day ago)."""
    first = {"key": key, "headline": headline, "body": body, "opened_at": now, "told_at": now}
    if insert_new(connection, notices, first):
        return True
    # Locked: of two members that note the same trouble one is to tell it.
    row = connection.execute(sa.select(notices).where(notices.c.key == key).with_for_update()).one()
    due = row.closed_at is not None or row.told_at is None or now - row.told_at >= REMIND
    values: dict[str, str | datetime | None] = {"headline": headline, "body": body, "closed_at": None}
    if row.closed_at is not None:
        values["opened_at"] = now
    if due:
        values["told_at"] = now
    connection.execute(notices.update().where(notices.c.key == key).values(**values))
    return due


def close_notice(connection: sa.Connection, key: str, now: datetime) -> bool:
    """Note that a trouble is over; return whether it stood open."""
    change = notices.update().where(notices.c.key == key, notices.c.closed_at.is_(None))
    return connection.execute(change.values(closed_at=now)).rowcount > 0


def list_open(connection: sa.Connection) -> list[OpsNotice]:
    """Return the troubles that stand open, oldest first."""
    query = sa.select(notices).where(notices.c.closed_at.is_(None)).order_by(notices.c.opened_at)
    return [OpsNotice(row.key, row.headline, row.body, row.opened_at) for row in connection.execute(query)]
