"""What is planned, moved along when the machine's clock is set: a plan is an interval, not a date."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store.gathering import BY_THE_CLOCK, of_kinds
from monitor.store.messages import OPEN
from monitor.store.schema import articles, attempts, entries, feeds, hosts, messages, targets

_FEED_TIMES = ("next_check", "polled_at", "succeeded_at", "baselined_at", "stale_at", "failing_at", "gone_at")


def last_poll(connection: sa.Connection) -> datetime | None:
    """Return when a feed was last polled; later than now if the clock has been set back since."""
    return connection.execute(sa.select(sa.func.max(feeds.c.polled_at))).scalar()


def shift(connection: sa.Connection, by: timedelta, now: datetime) -> None:
    """Move every time that somebody waits for by `by`, as the clock was moved; `now` is what it shows since.

    What gathers for a time of day waits for what the clock shows, not for so many hours: it stays (`jobs.replan`).
    """
    _shift(connection, feeds.c.id, _FEED_TIMES, sa.true(), by)
    _shift(connection, entries.c.id, ("due_at",), entries.c.due_at.is_not(None), by)
    _shift(connection, articles.c.id, ("retry_at",), articles.c.retry_at.is_not(None), by)
    dated = sa.and_(messages.c.state == "gathering", of_kinds(BY_THE_CLOCK))
    open_ones = sa.and_(messages.c.state.in_(OPEN), sa.not_(sa.func.coalesce(dated, sa.false())))
    _shift(connection, messages.c.id, ("due_at", "lease_until"), open_ones, by)
    _shift(connection, targets.c.id, ("paused_until",), targets.c.paused_until.is_not(None), by)
    _shift(connection, hosts.c.host, ("not_before",), sa.true(), by)
    # What was sent by a clock ahead of this one would count against a channel's rate until then.
    ahead = attempts.update().where(attempts.c.started_at > now)
    connection.execute(ahead.values(started_at=now))
    # No digest is owed of before a target was declared: of one declared by such a clock none would be until then.
    connection.execute(targets.update().where(targets.c.created_at > now).values(created_at=now))


def _shift(
    connection: sa.Connection,
    key: sa.Column[int] | sa.Column[str],
    names: tuple[str, ...],
    where: sa.ColumnElement[bool],
    by: timedelta,
) -> None:
    table = key.table
    columns = [table.c[name] for name in names]
    rows = [
        {"this": row[0], **{name: moment and moment + by for name, moment in zip(names, row[1:], strict=True)}}
        for row in connection.execute(sa.select(key, *columns).where(where))
    ]
    if rows:
        connection.execute(table.update().where(key == sa.bindparam("this")), rows)
