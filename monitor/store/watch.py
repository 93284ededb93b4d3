"""What the monitor asks the database about itself, at each sweep: every query goes by an index or over few rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.messages import OPEN, WAITING
from monitor.store.schema import attempts, decisions, entries, feeds, messages, notices, targets


@dataclass(frozen=True, slots=True)
class Polls:
    """How the feeds stand that are to be polled; candidates that never answered are left out."""

    active: int
    paused: int
    stopped: int
    succeeded_at: datetime | None
    """Last good poll of any."""
    polled_at: datetime | None
    sound: int
    """Feeds that were not failing at `succeeded_at`."""
    fallen: int
    """Of these, the ones that have failed since."""
    fallen_at: datetime | None
    due_at: datetime | None
    """When the feed that is most overdue at `now` was to be asked."""


def polls(connection: sa.Connection, now: datetime) -> Polls:
    """Return how the feeds stand."""
    there = feeds.c.retired_at.is_(None)
    active = sa.and_(there, feeds.c.paused_at.is_(None), feeds.c.stopped_at.is_(None))
    tried = sa.and_(active, sa.not_(sa.and_(feeds.c.candidate, feeds.c.succeeded_at.is_(None))))
    succeeded = connection.scalar(sa.select(sa.func.max(feeds.c.succeeded_at)).where(active))
    fallen: sa.ColumnElement[bool] = feeds.c.failing_at.is_not(None)
    before: sa.ColumnElement[bool] = sa.false()
    if succeeded is not None:
        fallen, before = feeds.c.failing_at >= succeeded, feeds.c.failing_at < succeeded
    row = connection.execute(
        sa.select(
            _count(active),
            _count(sa.and_(there, feeds.c.paused_at.is_not(None))),
            _count(sa.and_(there, feeds.c.paused_at.is_(None), feeds.c.stopped_at.is_not(None))),
            sa.func.max(sa.case((active, feeds.c.polled_at))),
            _count(tried) - _count(sa.and_(tried, before)),
            _count(sa.and_(tried, fallen)),
            sa.func.min(sa.case((sa.and_(tried, fallen), feeds.c.failing_at))),
            sa.func.min(sa.case((sa.and_(active, feeds.c.next_check <= now), feeds.c.next_check))),
        )
    ).one()
    return Polls(row[0], row[1], row[2], succeeded, *row[3:])


def _count(where: sa.ColumnElement[bool]) -> sa.ColumnElement[int]:
    return sa.func.coalesce(sa.func.sum(sa.case((where, 1), else_=0)), 0)


@dataclass(frozen=True, slots=True)
class Reading:
    """How the entries stand that wait to be read and decided."""

    waiting: int
    due_at: datetime | None
    """When the one that is most overdue was to be read; None if none is due."""
    decided_at: datetime | None
    """When the last article was decided."""


def reading(connection: sa.Connection, now: datetime) -> Reading:
    """Return how the entries stand."""
    waiting = sa.and_(entries.c.state == "pending", entries.c.due_at <= now)
    count, due = connection.execute(sa.select(sa.func.count(), sa.func.min(entries.c.due_at)).where(waiting)).one()
    last = sa.select(decisions.c.decided_at).order_by(decisions.c.decided_seq.desc()).limit(1)
    return Reading(int(count), due, connection.scalar(last))


@dataclass(frozen=True, slots=True)
class Recipient:
    """One recipient of an open channel and how it takes its messages."""

    target_id: int
    channel: str
    key: str
    label: str
    sent_at: datetime | None
    failing_at: datetime | None
    """First try of the message that holds the queue, if it has failed."""
    detail: str
    refused: bool
    """Whether the last message that came to an end died."""
    waiting: int
    due_at: datetime | None
    """When the oldest that waits might have left, if that is past."""
    notices: tuple[str, ...]
    """Headlines of the ops notices that wait, at most three."""


def recipients(connection: sa.Connection, now: datetime) -> list[Recipient]:
    """Return every recipient of the open channels."""
    query = sa.select(targets).where(targets.c.removed_at.is_(None)).order_by(targets.c.channel, targets.c.key)
    return [_recipient(connection, row, now) for row in connection.execute(query).all()]


def _recipient(connection: sa.Connection, row: Any, now: datetime) -> Recipient:
    own = messages.c.target_id == row.id
    sent, dead = (connection.execute(_last(own, state)).first() for state in ("sent", "dead"))
    failing_at, detail = _failing(connection, own)
    late = sa.case((messages.c.due_at <= now, messages.c.due_at))
    waits = sa.select(sa.func.count(), sa.func.min(late)).where(own, messages.c.state.in_(OPEN))
    count, due = connection.execute(waits).one()
    told = sa.select(messages.c.headline).where(own, messages.c.state.in_(WAITING), messages.c.kind == "ops").limit(3)
    return Recipient(
        row.id,
        row.channel,
        row.key,
        row.label,
        sent.sent_at if sent else None,
        failing_at,
        detail,
        dead is not None and (sent is None or dead.id > sent.id),
        int(count),
        due,
        tuple(connection.execute(told).scalars()) if failing_at else (),
    )


def _last(own: sa.ColumnElement[bool], state: str) -> sa.Select[Any]:
    """Return the query for the last message in one state: with several, the index would give no order."""
    found = sa.select(messages.c.id, messages.c.sent_at).where(own, messages.c.state == state)
    return found.order_by(messages.c.id.desc()).limit(1)


def _failing(connection: sa.Connection, own: sa.ColumnElement[bool]) -> tuple[datetime | None, str]:
    """Return since when the message that holds the queue has failed, and what was said last."""
    holds = (*WAITING, "sending")
    head = connection.execute(
        sa.select(messages.c.id, messages.c.attempt, messages.c.state)
        .where(own, messages.c.state.in_(holds))
        .order_by(messages.c.id)
        .limit(1)
    ).first()
    if head is None or head.attempt < (2 if head.state == "sending" else 1):
        return None, ""
    tries = sa.select(attempts.c.started_at, attempts.c.detail).where(attempts.c.message_id == head.id)
    made = connection.execute(tries.order_by(attempts.c.n)).all()
    said = [one.detail for one in made if one.detail]
    return (made[0].started_at if made else None), (said[-1] if said else "")


# -- notices -------------------------------------------------------------------------------------


def open_notices(connection: sa.Connection) -> dict[str, datetime | None]:
    """Return when each notice that stands open was told last, by key."""
    rows = connection.execute(sa.select(notices.c.key, notices.c.told_at).where(notices.c.closed_at.is_(None)))
    return {row.key: row.told_at for row in rows}


def mark_told(connection: sa.Connection, keys: list[str], now: datetime) -> None:
    """Note that notices were told again."""
    connection.execute(notices.update().where(notices.c.key.in_(keys)).values(told_at=now))
