"""Feeds: what is declared, what is due, what each poll taught."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store.schema import feeds, hosts

SPREAD = 2.0
"""Seconds over which the first polls of many new feeds are spread, at most."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A feed as configuration, list or command declares it."""

    slug: str
    url: str
    name: str
    newsroom: str
    every: float
    backfill: int
    lang: str | None = None
    country: str | None = None
    side: str | None = None
    tags: tuple[str, ...] = ()
    candidate: bool = False
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """A feed with what its last polls taught, for people."""

    feed: model.Feed
    origin: str
    state: str
    """`new`, `ok`, `failing`, `paused` or `retired`."""
    polled_at: datetime | None
    succeeded_at: datetime | None
    next_check: datetime
    next_reason: str | None
    status: int | None
    error: str | None
    failures: int
    items: int | None
    new_entry_at: datetime | None


def _feed(row: sa.RowMapping) -> model.Feed:
    return model.Feed(
        id=row["id"],
        slug=row["slug"],
        url=row["url"],
        name=row["name"],
        newsroom=row["newsroom"],
        lang=row["lang"],
        country=row["country"],
        side=row["side"],
        tags=tuple(row["tags"]),
        candidate=row["candidate"],
        trusted=row["trusted"],
        every=row["every"],
        backfill=row["backfill"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        body_hash=row["body_hash"],
        failures=row["failures"],
        baselined=row["baselined_at"] is not None,
        succeeded_at=row["succeeded_at"],
    )


def declare(connection: sa.Connection, declared: Sequence[Declared], now: datetime, spread: float = 0.0) -> None:
    """Make the declared feeds those of origin `config`: new ones are added, known ones updated, others retired.

    A known feed is recognised by its slug, else by its URL, so that a renamed feed keeps its history. New feeds are
    first polled at once, spread over `spread` seconds so that a list of 500 does not start at the same instant.
    """
    rows = connection.execute(sa.select(feeds)).mappings().all()
    by_slug = {row["slug"]: row for row in rows}
    by_url = {row["url"]: row for row in rows}
    kept: set[int] = set()
    fresh: list[Declared] = []
    for feed in declared:
        row = by_slug.get(feed.slug) or by_url.get(feed.url)
        if row is None or row["id"] in kept:
            fresh.append(feed)
            continue
        kept.add(row["id"])
        _update_declared(connection, row, feed, now)
    for place, feed in enumerate(fresh):
        _insert(connection, feed, "config", now + timedelta(seconds=spread * place / len(fresh)))
    gone = [
        row["id"] for row in rows if row["origin"] == "config" and row["id"] not in kept and row["retired_at"] is None
    ]
    if gone:
        connection.execute(feeds.update().where(feeds.c.id.in_(gone)).values(retired_at=now))


def _values(feed: Declared) -> dict[str, Any]:
    return {
        "slug": feed.slug,
        "url": feed.url,
        "name": feed.name,
        "newsroom": feed.newsroom,
        "lang": feed.lang,
        "country": feed.country,
        "side": feed.side,
        "tags": list(feed.tags),
        "candidate": feed.candidate,
        "trusted": feed.trusted,
        "every": feed.every,
        "backfill": feed.backfill,
    }


def _update_declared(connection: sa.Connection, row: sa.RowMapping, feed: Declared, now: datetime) -> None:
    values = _values(feed)
    unchanged = row["retired_at"] is None and row["origin"] == "config"
    if unchanged and all(row[key] == value for key, value in values.items()):
        return
    values |= {"origin": "config", "retired_at": None}
    if row["url"] != feed.url:  # another address: its caching headers mean nothing there
        values |= {"etag": None, "last_modified": None, "body_hash": None, "next_check": now, "failures": 0}
    connection.execute(feeds.update().where(feeds.c.id == row["id"]).values(**values))


def _insert(connection: sa.Connection, feed: Declared, origin: str, due: datetime) -> None:
    connection.execute(
        feeds.insert().values(origin=origin, next_check=due, failures=0, permanent_polls=0, **_values(feed))
    )


def add(connection: sa.Connection, wanted: Iterable[Declared], now: datetime) -> tuple[int, int]:
    """Add feeds by command (origin `added`); return how many were new and how many were known already."""
    added = known = 0
    for feed in wanted:
        same = sa.or_(feeds.c.url == feed.url, feeds.c.slug == feed.slug)
        row = connection.execute(sa.select(feeds.c.id, feeds.c.retired_at).where(same)).first()
        if row is None:
            _insert(connection, feed, "added", now)
            added += 1
        elif row.retired_at is not None:
            values = _values(feed) | {"origin": "added", "retired_at": None, "next_check": now}
            connection.execute(feeds.update().where(feeds.c.id == row.id).values(**values))
            added += 1
        else:
            known += 1
    return added, known


def _active() -> sa.ColumnElement[bool]:
    return sa.and_(feeds.c.retired_at.is_(None), feeds.c.paused_at.is_(None))


def list_due(connection: sa.Connection, now: datetime, limit: int) -> list[model.Feed]:
    """Return the active feeds whose next check has come, the latest first overdue first."""
    query = sa.select(feeds).where(_active(), feeds.c.next_check <= now).order_by(feeds.c.next_check).limit(limit)
    return [_feed(row) for row in connection.execute(query).mappings()]


def list_active(connection: sa.Connection) -> list[model.Feed]:
    """Return every feed that is polled, by slug."""
    query = sa.select(feeds).where(_active()).order_by(feeds.c.slug)
    return [_feed(row) for row in connection.execute(query).mappings()]


def get(connection: sa.Connection, feed_id: int) -> model.Feed:
    """Return one feed. Raises: sqlalchemy NoResultFound inside the store only."""
    return _feed(connection.execute(sa.select(feeds).where(feeds.c.id == feed_id)).mappings().one())


def list_health(connection: sa.Connection, retired: bool = False) -> list[Health]:
    """Return feeds with their health, by slug; `retired` adds those no longer declared."""
    query = sa.select(feeds).order_by(feeds.c.slug)
    if not retired:
        query = query.where(feeds.c.retired_at.is_(None))
    return [_health(row) for row in connection.execute(query).mappings()]


def _health(row: sa.RowMapping) -> Health:
    return Health(
        feed=_feed(row),
        origin=row["origin"],
        state=_state(row),
        polled_at=row["polled_at"],
        succeeded_at=row["succeeded_at"],
        next_check=row["next_check"],
        next_reason=row["next_reason"],
        status=row["status"],
        error=row["error"],
        failures=row["failures"],
        items=row["items"],
        new_entry_at=row["new_entry_at"],
    )


def _state(row: sa.RowMapping) -> str:
    if row["retired_at"] is not None:
        return "retired"
    if row["paused_at"] is not None:
        return "paused"
    if row["failures"]:
        return "failing"
    return "new" if row["succeeded_at"] is None else "ok"


def record_failure(
    connection: sa.Connection, feed_id: int, now: datetime, due: datetime, reason: str, status: int | None, error: str
) -> None:
    """Note a poll that gave nothing usable."""
    connection.execute(
        feeds.update()
        .where(feeds.c.id == feed_id)
        .values(
            polled_at=now,
            next_check=due,
            next_reason=reason,
            status=status,
            error=error[:500],
            failures=feeds.c.failures + 1,
        )
    )


def postpone(connection: sa.Connection, feed_id: int, due: datetime, reason: str) -> None:
    """Move a feed's next check without a poll."""
    connection.execute(feeds.update().where(feeds.c.id == feed_id).values(next_check=due, next_reason=reason))


def record_success(
    connection: sa.Connection,
    feed: model.Feed,
    answer: model.HttpInfo,
    now: datetime,
    due: datetime,
    reason: str,
    **more: Any,
) -> None:
    """Note a poll that was answered well; `more` holds columns that this answer changed."""
    values = {
        "polled_at": now,
        "succeeded_at": now,
        "next_check": due,
        "next_reason": reason,
        "status": answer.status,
        "error": None,
        "failures": 0,
        **more,
    }
    connection.execute(_BY_ID, {"this": feed.id, **values})


# Built once: the parameters name the columns to set. To build it costs as much as to run it.
_BY_ID = feeds.update().where(feeds.c.id == sa.bindparam("this"))


def longest_silence(connection: sa.Connection, now: datetime) -> float:
    """Return seconds since the last good poll of the active feed that has waited longest; 0 with no feed polled yet."""
    oldest = connection.execute(sa.select(sa.func.min(feeds.c.succeeded_at)).where(_active())).scalar()
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())


def last_success(connection: sa.Connection) -> datetime | None:
    """Return when a poll of any feed last succeeded."""
    return connection.execute(sa.select(sa.func.max(feeds.c.succeeded_at))).scalar()


def pause_host(connection: sa.Connection, host: str, until: datetime) -> None:
    """Remember that `host` asked to be left alone until `until`."""
    done = connection.execute(hosts.update().where(hosts.c.host == host).values(not_before=until)).rowcount
    if not done:
        connection.execute(hosts.insert().values(host=host, not_before=until))


def host_pauses(connection: sa.Connection, now: datetime) -> dict[str, datetime]:
    """Return the hosts that asked for a pause which is not over."""
    rows = connection.execute(sa.select(hosts).where(hosts.c.not_before > now))
    return {row.host: row.not_before for row in rows}
