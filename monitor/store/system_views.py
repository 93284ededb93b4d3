"""How the monitor fares, as the page of the system and the API show it: outbox, channels, alerts and delays by day.

Every query goes by an index or over few rows; days begin where the caller says, for they are those of the desk's zone.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store import times_by_key
from monitor.store.members import Member
from monitor.store.messages import OPEN
from monitor.store.rows import read_counter, set_counter
from monitor.store.schema import alerts, articles, attempts, daemon, members, messages, revisions, targets

STATES = (*OPEN, "dead")
MOST_DELAYS = 5_000
"""Messages that the delays are taken from, the newest."""
LOOKED_BACK = 300
"""Attempts of a channel among which its last failure is looked for."""
_BACKUP = "backup_at"


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Messages of one channel in one state."""

    channel: str
    state: str
    messages: int
    oldest: datetime
    """When the oldest of them was made."""


def outbox(connection: sa.Connection) -> list[OutboxRow]:
    """Return what is not sent yet, and what never will be, by channel and state."""
    query = (
        sa.select(targets.c.channel, messages.c.state, sa.func.count(), sa.func.min(messages.c.created_at))
        .join(messages, messages.c.target_id == targets.c.id)
        .where(messages.c.state.in_(STATES))
        .group_by(targets.c.channel, messages.c.state)
        .order_by(targets.c.channel, messages.c.state)
    )
    return [OutboxRow(*row) for row in connection.execute(query)]


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that did not end well."""

    at: datetime
    outcome: str
    status: int | None
    detail: str


def last_failure(connection: sa.Connection, channel: str) -> Failure | None:
    """Return the last failed attempt of a channel, if one is among its last LOOKED_BACK."""
    lately = (
        sa.select(attempts)
        .where(attempts.c.channel == channel)
        .order_by(attempts.c.started_at.desc())
        .limit(LOOKED_BACK)
        .subquery()
    )
    failed = sa.and_(lately.c.outcome.is_not(None), lately.c.outcome != "sent")
    row = connection.execute(sa.select(lately).where(failed).order_by(lately.c.started_at.desc()).limit(1)).first()
    return Failure(row.started_at, row.outcome, row.status, row.detail or "") if row else None


def alerts_between(connection: sa.Connection, bounds: Sequence[datetime]) -> list[int]:
    """Return how many alerts and updates were decided from each bound to the next."""
    counts = [
        sa.select(sa.func.count())
        .select_from(alerts)
        .where(alerts.c.created_at >= begin, alerts.c.created_at < end)
        .scalar_subquery()
        for begin, end in itertools.pairwise(bounds)
    ]
    return list(connection.execute(sa.select(*counts)).one()) if counts else []


@dataclass(frozen=True, slots=True)
class Delay:
    """An alert that was sent: when it was published, first seen and taken by the channel."""

    sent_at: datetime
    published: datetime | None
    first_seen: datetime


def delays(connection: sa.Connection, since: datetime) -> list[Delay]:
    """Return the alerts that were queued since `since` and sent one by one, the newest first, MOST_DELAYS at most."""
    first = times_by_key.first_key_at(connection, messages.c.id, messages.c.created_at, since)
    query = (
        sa.select(messages.c.sent_at, articles.c.published, articles.c.first_seen)
        .join(revisions, revisions.c.id == messages.c.revision_id)
        .join(articles, articles.c.id == revisions.c.article_id)
        .where(messages.c.id >= first, messages.c.sent_at.is_not(None), messages.c.kind == "alert")
        .order_by(messages.c.id.desc())
        .limit(MOST_DELAYS)
    )
    return [Delay(*row) for row in connection.execute(query)]


MOST_MEMBERS = 200
"""Members of a cluster that are listed."""


def list_members(connection: sa.Connection, since: datetime) -> list[Member]:
    """Return the members of the cluster that live, and those that were ended for their silence since then, by age."""
    lost = sa.and_(members.c.reason == "lease", members.c.ended_at >= since)
    query = sa.select(members).where(sa.or_(members.c.ended_at.is_(None), lost))
    rows = connection.execute(query.order_by(members.c.id.desc()).limit(MOST_MEMBERS)).mappings()
    return [Member(**{**row, "state": row["state"] or {}}) for row in rows][::-1]


def started_at(connection: sa.Connection) -> datetime | None:
    """Return since when the daemon holds the database."""
    found: datetime | None = connection.scalar(sa.select(daemon.c.started_at))
    return found


def note_backup(connection: sa.Connection, now: datetime) -> None:
    """Note that a backup was written."""
    set_counter(connection, _BACKUP, int(now.timestamp()))


def last_backup(connection: sa.Connection) -> int | None:
    """Return when `db backup` last wrote a copy, seconds since 1970; None if it never did."""
    return read_counter(connection, _BACKUP)
