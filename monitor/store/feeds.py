"""Feeds: what is declared, what is due, what each poll taught."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from monitor import model
from monitor.store.rows import insert_new, new_id
from monitor.store.schema import UtcTime, feeds, hosts

SPREAD = 2.0
"""Seconds over which the first polls of many new feeds are spread, at most."""
FORGOTTEN = timedelta(days=1)
"""A feed removed for longer begins anew when it is added again: what it lists by then is no news of today. One that was
removed for less (a slip in the file) goes on as if it had never been away."""


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
    """`new`, `ok`, `failing`, `candidate` (one that has never answered well), `paused`, `stopped` (gone for good, as
    its server says) or `retired`."""
    polled_at: datetime | None
    succeeded_at: datetime | None
    next_check: datetime
    next_reason: str | None
    status: int | None
    error: str | None
    failures: int
    items: int | None
    new_entry_at: datetime | None


def to_feed(row: sa.RowMapping) -> model.Feed:
    """Return a row of the table as the stages know it."""
    skip = row["skip"] or {}
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
        declared_url=row["declared_url"],
        due=row["next_check"],
        polled_at=row["polled_at"],
        baselined_at=row["baselined_at"],
        arrivals=tuple(row["arrivals"] or ()),
        ttl=row["ttl"],
        skip_hours=tuple(skip.get("hours", ())),
        skip_days=tuple(skip.get("days", ())),
        newest_at=row["newest_at"],
        spoken=row["spoken"],
        troubles=to_standing(row["troubles"]),
        permanent_url=row["permanent_url"],
        permanent_polls=row["permanent_polls"],
        permanent_since=row["permanent_since"],
        failing_at=row["failing_at"],
        gone_at=row["gone_at"],
        memory=row["memory"],
        memory_at=row["memory_at"],
        over_quota=bool(row["quota_over"]),
        history=row["history"],
    )


def to_standing(stored: Any) -> dict[str, tuple[float, str]]:
    """Return the column `troubles` as `model.Feed.troubles` has it."""
    return {code: (told[0], told[1]) for code, told in (stored or {}).items()}


def declare(connection: sa.Connection, declared: Sequence[Declared], now: datetime, spread: float = 0.0) -> None:
    """Make the declared feeds those of origin `config`: new ones are added, known ones updated, others retired.

    A known feed is recognised by its slug, else by its URL (also the one it was declared with before it moved), so that
    a renamed feed keeps its history. New feeds are first polled at once, spread over `spread` seconds so that a list of
    500 does not start at the same instant.
    """
    rows = connection.execute(sa.select(feeds)).mappings().all()
    by_slug = {row["slug"]: row for row in rows}
    by_url = {row["declared_url"]: row for row in rows} | {row["url"]: row for row in rows}
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
        insert(connection, feed, "config", now + timedelta(seconds=spread * place / len(fresh)))
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
    values = _values(feed) | {"declared_url": None}
    if feed.url == row["declared_url"]:  # it has moved on from there, and a reload does not bring it back
        values |= {"url": row["url"], "declared_url": feed.url}
    unchanged = row["retired_at"] is None and row["origin"] == "config"
    if unchanged and all(row[key] == value for key, value in values.items()):
        return
    values |= {"origin": "config", "retired_at": None} | _returning(row["retired_at"], now)
    if row["url"] != values["url"]:  # another address: its caching headers mean nothing there
        values |= _NOTHING_CACHED | _NOT_GONE | {"next_check": now, "permanent_url": None, "permanent_polls": 0}
    connection.execute(feeds.update().where(feeds.c.id == row["id"]).values(**values))


_NOTHING_CACHED: dict[str, Any] = {"etag": None, "last_modified": None, "body_hash": None}
_NOT_GONE: dict[str, Any] = {
    "gone_at": None,
    "stopped_at": None,
    "failing_at": None,
    "failures": 0,
    "error": None,
}


def _returning(retired: datetime | None, now: datetime) -> dict[str, Any]:
    """Return what a feed forgets that comes back: after FORGOTTEN it begins with a baseline, read in full."""
    if retired is None or now - retired <= FORGOTTEN:
        return {}
    return {"baselined_at": None, "etag": None, "last_modified": None, "body_hash": None}


def insert(connection: sa.Connection, feed: Declared, origin: str, due: datetime) -> int:
    """Store a new feed and return its id."""
    row = {"origin": origin, "next_check": due, "failures": 0, "permanent_polls": 0, **_values(feed)}
    return new_id(connection, feeds.insert(), row)


def add(connection: sa.Connection, wanted: Iterable[Declared], now: datetime) -> tuple[int, int]:
    """Add feeds by command (origin `added`); return how many were new and how many were known already."""
    added = known = 0
    for feed in wanted:
        same = sa.or_(feeds.c.url == feed.url, feeds.c.declared_url == feed.url, feeds.c.slug == feed.slug)
        row = connection.execute(sa.select(feeds.c.id, feeds.c.retired_at).where(same)).first()
        if row is None:
            insert(connection, feed, "added", now)
            added += 1
        elif row.retired_at is not None:
            values = _values(feed) | {"origin": "added", "retired_at": None, "next_check": now}
            values |= _returning(row.retired_at, now)
            connection.execute(feeds.update().where(feeds.c.id == row.id).values(**values))
            added += 1
        else:
            known += 1
    return added, known


def is_active() -> sa.ColumnElement[bool]:
    """Return the condition that a feed is polled."""
    return sa.and_(feeds.c.retired_at.is_(None), feeds.c.paused_at.is_(None), feeds.c.stopped_at.is_(None))


def list_due(connection: sa.Connection, now: datetime, limit: int, among: Among = "all") -> list[model.Feed]:
    """Return the active feeds whose next check has come, those first that are late by most of the wait they had.

    `among` picks the proven, whose last poll was good, or the strangers, of which that cannot be said.

    A feed that waits a minute is as urgent after one minute as one that waits ten is after ten. So after an outage that
    made everything due neither 2,000 slow feeds hold up the fast ones (each is at first late by a small part of its
    wait, and gains on them by the minute), nor do fast ones, due again and again, hold up the slow. The index on
    `next_check` finds what is due; only that is put in order.
    """
    query = due(connection, now, among).with_only_columns(*_FOR_POLLS).limit(limit)
    return [to_feed(row) for row in connection.execute(query).mappings()]


def due(connection: sa.Connection, now: datetime, among: Among = "all") -> sa.Select[tuple[int]]:
    """Return the query for the ids of what `list_due` lists, in its order."""
    late, waited = _seconds(connection, now, feeds.c.next_check), _planned_wait(connection)
    found = sa.select(feeds.c.id).where(is_active(), feeds.c.next_check <= now, *_AMONG[among])
    return found.order_by((late / waited).desc())


def get_many(connection: sa.Connection, ids: Sequence[int]) -> list[model.Feed]:
    """Return feeds as polls need them, in the order of `ids`."""
    rows = connection.execute(sa.select(*_FOR_POLLS).where(feeds.c.id.in_(ids))).mappings()
    found = {row["id"]: to_feed(row) for row in rows}
    return [found[number] for number in ids if number in found]


Among = Literal["all", "proven", "strangers"]
_AMONG: dict[Among, tuple[sa.ColumnElement[bool], ...]] = {
    "all": (),
    "proven": (feeds.c.succeeded_at.is_not(None), feeds.c.failures == 0),
    "strangers": (sa.or_(feeds.c.succeeded_at.is_(None), feeds.c.failures > 0),),
}

# A poll needs what it will compare with; what it only writes, and what people read, is not worth decoding each time.
_FOR_PEOPLE = ("lulls", "stale_at", "status", "error", "next_reason", "items", "new_entry_at", "quota_day", "dropped")
_FOR_POLLS = [column for column in feeds.c if column.name not in _FOR_PEOPLE]


def _planned_wait(connection: sa.Connection) -> sa.ColumnElement[float]:
    """Return how long a feed was to wait for its poll, at least a second; `every` for one never polled."""
    planned = _seconds(connection, feeds.c.next_check, feeds.c.polled_at)
    return sa.case((planned >= 1.0, planned), (feeds.c.every >= 1.0, feeds.c.every), else_=1.0)


def _seconds(connection: sa.Connection, later: Any, earlier: Any) -> sa.ColumnElement[float]:
    """Return the seconds from one time to another, in the database's own words."""
    first, last = (
        sa.literal(moment, UtcTime) if isinstance(moment, datetime) else moment for moment in (earlier, later)
    )
    if connection.dialect.name == "sqlite":
        return (sa.func.julianday(last) - sa.func.julianday(first)) * 86_400.0
    return sa.cast(sa.extract("epoch", last - first), sa.Float)


def list_active(connection: sa.Connection) -> list[model.Feed]:
    """Return every feed that is polled, by slug."""
    query = sa.select(feeds).where(is_active()).order_by(feeds.c.slug)
    return [to_feed(row) for row in connection.execute(query).mappings()]


def get(connection: sa.Connection, feed_id: int) -> model.Feed:
    """Return one feed. Raises: sqlalchemy NoResultFound inside the store only."""
    return to_feed(connection.execute(sa.select(feeds).where(feeds.c.id == feed_id)).mappings().one())


def list_health(connection: sa.Connection, retired: bool = False) -> list[Health]:
    """Return feeds with their health, by slug; `retired` adds those no longer declared."""
    query = sa.select(feeds, STATE.label("state")).order_by(feeds.c.slug)
    if not retired:
        query = query.where(feeds.c.retired_at.is_(None))
    return [to_health(row) for row in connection.execute(query).mappings()]


def to_health(row: sa.RowMapping) -> Health:
    """Return a row of the table, with STATE as `state`, as people are shown it."""
    return Health(
        feed=to_feed(row),
        origin=row["origin"],
        state=row["state"],
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


STATE = sa.case(
    (feeds.c.retired_at.is_not(None), "retired"),
    (feeds.c.paused_at.is_not(None), "paused"),
    (feeds.c.stopped_at.is_not(None), "stopped"),
    (sa.and_(feeds.c.candidate, feeds.c.failures > 0, feeds.c.succeeded_at.is_(None)), "candidate"),
    # A failure that is held to be our own is not counted, yet nobody should read that all is well.
    (sa.or_(feeds.c.failures > 0, feeds.c.error.is_not(None)), "failing"),
    (feeds.c.succeeded_at.is_(None), "new"),
    else_="ok",
)
"""Of a row, in one word; see `Health.state`."""
STATES = ("new", "ok", "failing", "candidate", "paused", "stopped")
"""Of feeds that are not retired."""


def count_states(connection: sa.Connection) -> dict[str, int]:
    """Return how many feeds are in each of STATES."""
    query = sa.select(STATE.label("state"), sa.func.count()).group_by(sa.text("state"))
    found = {state: int(count) for state, count in connection.execute(query)}
    return {state: found.get(state, 0) for state in STATES}


@dataclass(frozen=True, slots=True)
class Failed:
    """A poll that gave nothing usable."""

    status: int | None
    error: str
    failures: int
    """In a row, this one included if it counts."""
    gone_at: datetime | None
    stopped_at: datetime | None
    history: bytes | None = None


def record_failure(
    connection: sa.Connection, feed: model.Feed, failed: Failed, now: datetime, due: datetime, reason: str
) -> None:
    """Note a poll that gave nothing usable."""
    values = {
        "polled_at": now,
        "next_check": due,
        "next_reason": reason,
        "status": failed.status,
        "error": failed.error[:500],
        "failures": failed.failures,
        "failing_at": feed.failing_at or now,
        "gone_at": failed.gone_at,
        "stopped_at": failed.stopped_at,
        "history": failed.history,
    }
    connection.execute(_BY_ID, {"this": feed.id, **values})


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


def is_taken(connection: sa.Connection, url: str, other_than: int) -> bool:
    """Return whether another feed that is not retired has this address."""
    same = sa.or_(feeds.c.url == url, feeds.c.declared_url == url)
    query = sa.select(feeds.c.id).where(same, feeds.c.id != other_than, feeds.c.retired_at.is_(None))
    return connection.execute(query.limit(1)).first() is not None


def pause(connection: sa.Connection, slug: str, now: datetime) -> bool:
    """Stop polling a feed until it is resumed; return whether there is one of that id."""
    change = feeds.update().where(feeds.c.slug == slug, feeds.c.retired_at.is_(None))
    return connection.execute(change.values(paused_at=sa.func.coalesce(feeds.c.paused_at, now))).rowcount > 0


def resume(connection: sa.Connection, slug: str, now: datetime) -> bool:
    """Poll a feed at once and from now on, whether it was paused, had stopped or backed off; return whether it exists.

    What was learned of its rhythm stays; silence is counted anew.
    """
    change = feeds.update().where(feeds.c.slug == slug, feeds.c.retired_at.is_(None))
    values = _NOT_GONE | {"paused_at": None, "next_check": now, "next_reason": "resumed", "stale_at": None}
    return connection.execute(change.values(**values)).rowcount > 0


def longest_silence(connection: sa.Connection, now: datetime) -> float:
    """Return seconds since the last good poll of the active feed that has waited longest; 0 with no feed polled yet."""
    oldest = connection.execute(sa.select(sa.func.min(feeds.c.succeeded_at)).where(is_active())).scalar()
    return 0.0 if oldest is None else max(0.0, (now - oldest).total_seconds())


def last_success(connection: sa.Connection) -> datetime | None:
    """Return when a poll of any feed last succeeded."""
    return connection.execute(sa.select(sa.func.max(feeds.c.succeeded_at))).scalar()


def pause_host(connection: sa.Connection, host: str, until: datetime) -> None:
    """Remember that `host` asked to be left alone until `until`."""
    if not insert_new(connection, hosts, {"host": host, "not_before": until}):
        connection.execute(hosts.update().where(hosts.c.host == host).values(not_before=until))


def host_pauses(connection: sa.Connection, now: datetime) -> dict[str, datetime]:
    """Return the hosts that asked for a pause which is not over."""
    rows = connection.execute(sa.select(hosts).where(hosts.c.not_before > now))
    return {row.host: row.not_before for row in rows}
