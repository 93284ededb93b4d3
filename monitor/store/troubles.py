"""What polls teach of a feed's rhythm, and the alarms that stand for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import feeds as stored
from monitor.store.schema import feeds, notices


@dataclass(frozen=True, slots=True)
class Suspect:
    """A feed that has troubles, or has been silent for longer than its rhythm explains."""

    feed: model.Feed
    stale_at: datetime | None


def list_suspects(connection: sa.Connection, now: datetime) -> list[Suspect]:
    """Return the feeds that are polled, or were until they were gone, and about which something is to be judged."""
    query = sa.select(feeds).where(_watched(), sa.or_(feeds.c.troubles.is_not(None), feeds.c.stale_at <= now))
    rows = connection.execute(query.order_by(feeds.c.slug)).mappings()
    return [Suspect(stored.to_feed(row), row["stale_at"]) for row in rows]


def standing(connection: sa.Connection, feed_id: int) -> Mapping[str, tuple[float, str]]:
    """Return the alarms that stand for a feed now: a poll that began before the last sweep knows older ones."""
    told = connection.execute(sa.select(feeds.c.troubles).where(feeds.c.id == feed_id)).scalar()
    return stored.to_standing(told)


def record(connection: sa.Connection, feed_id: int, troubles: Mapping[str, tuple[float, str]]) -> None:
    """Have `troubles` stand for a feed, and no others."""
    connection.execute(_BY_ID, {"this": feed_id, "troubles": to_column(troubles)})


def to_column(troubles: Mapping[str, tuple[float, str]]) -> dict[str, Any] | None:
    """Return troubles as the column holds them."""
    return {code: list(told) for code, told in troubles.items()} or None


def lulls(connection: sa.Connection, feed_id: int) -> tuple[tuple[float, float], ...]:
    """Return (end, length) of a feed's longest gaps between arrivals, in seconds, the longest first."""
    found = connection.execute(sa.select(feeds.c.lulls).where(feeds.c.id == feed_id)).scalar()
    return tuple((end, length) for end, length in found or ())


def open_notices(connection: sa.Connection) -> set[str]:
    """Return the keys of the notices that stand open."""
    return set(connection.execute(sa.select(notices.c.key).where(notices.c.closed_at.is_(None))).scalars())


def find_watched(connection: sa.Connection, slugs: Collection[str]) -> dict[str, model.Feed]:
    """Return those of the feeds that are neither retired nor paused, by slug."""
    query = sa.select(feeds).where(_watched(), feeds.c.slug.in_(sorted(slugs)))
    return {row["slug"]: stored.to_feed(row) for row in connection.execute(query).mappings()}


def _watched() -> sa.ColumnElement[bool]:
    return sa.and_(feeds.c.retired_at.is_(None), feeds.c.paused_at.is_(None))


_BY_ID = feeds.update().where(feeds.c.id == sa.bindparam("this"))
