"""Targets, messages and attempts: the delivery states.

[gathering ->] queued(due) -> sending(epoch, attempt, lease) -> sent | queued(retry at) | uncertain(due) | dead(reason).
The claim commits before the first byte; one message per target is `sending` at a time, so order holds. A digest that is
`gathering` (`batches.gather`) is not claimed and holds nothing behind it; `due_at` is the latest time to queue it.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import wakes
from monitor.store.rows import insert_new, new_id
from monitor.store.schema import alerts, attempts, message_alerts, messages, targets

OPEN = ("gathering", "queued", "uncertain", "sending")
WAITING = ("queued", "uncertain")
LEASE = timedelta(seconds=45)
REMOVED_KEPT = timedelta(hours=24)
"""How long messages of a removed channel wait for its return."""


@dataclass(frozen=True, slots=True)
class StoredTarget:
    """A target with its id and pause."""

    id: int
    target: model.Target
    paused_until: datetime | None
    pause_seconds: float | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A message that this daemon may send now, until `lease_until`."""

    id: int
    target_id: int
    kind: str
    slot: str | None
    attempt: int
    lease_until: datetime
    message_id: str
    severity: str
    headline: str
    body: str
    possible_repeat: bool
    plain: bool
    revision_id: int | None
    created_at: datetime
    alert_ids: tuple[int, ...]


# -- targets -------------------------------------------------------------------------------------


def declare_targets(
    connection: sa.Connection, wanted: Sequence[model.Target], now: datetime
) -> dict[model.Target, int]:
    """Store the targets of every open channel and return their ids; targets no longer there are marked removed."""
    rows = {(row.channel, row.key): row for row in connection.execute(sa.select(targets))}
    ids: dict[model.Target, int] = {}
    for target in wanted:
        row = rows.pop((target.channel, target.key), None)
        known = row is not None
        ids[target] = _revive_target(connection, row, target) if known else _insert_target(connection, target, now)
    gone = [row.id for row in rows.values() if row.removed_at is None]
    if gone:
        connection.execute(targets.update().where(targets.c.id.in_(gone)).values(removed_at=now))
    return ids


def know_targets(connection: sa.Connection, wanted: Sequence[model.Target], now: datetime) -> dict[model.Target, int]:
    """Store those of a member's targets that nobody has declared yet; return the ids of all but those removed.

    A member that decided without them would raise alerts that nobody is sent.
    """
    known = {(row.channel, row.key) for row in connection.execute(sa.select(targets.c.channel, targets.c.key))}
    for target in wanted:
        if (target.channel, target.key) not in known:
            _insert_target(connection, target, now)
    ids = {(one.target.channel, one.target.key): one.id for one in list_targets(connection)}
    return {target: ids[key] for target in wanted if (key := (target.channel, target.key)) in ids}


def _insert_target(connection: sa.Connection, target: model.Target, now: datetime) -> int:
    values = {"channel": target.channel, "key": target.key, "label": target.label, "created_at": now}
    insert_new(connection, targets, values)  # another member may be declaring it, too
    same = sa.and_(targets.c.channel == target.channel, targets.c.key == target.key)
    return int(connection.execute(sa.select(targets.c.id).where(same)).scalar_one())


def _revive_target(connection: sa.Connection, row: Any, target: model.Target) -> int:
    if row.removed_at is not None or row.label != target.label:
        change = targets.update().where(targets.c.id == row.id)
        connection.execute(change.values(removed_at=None, label=target.label, paused_until=None, pause_seconds=None))
    return int(row.id)


def pause_target(connection: sa.Connection, target_id: int, until: datetime | None, seconds: float | None) -> None:
    """Let a target rest until `until`; None wakes it."""
    change = targets.update().where(targets.c.id == target_id)
    connection.execute(change.values(paused_until=until, pause_seconds=seconds))


def target_since(connection: sa.Connection, target_id: int) -> datetime | None:
    """Return when a target was first declared; None where that was before this was noted."""
    return connection.execute(sa.select(targets.c.created_at).where(targets.c.id == target_id)).scalar()


def pause_of(connection: sa.Connection, target_id: int) -> float | None:
    """Return the seconds a target last rested after a failure, None if its last attempt went well."""
    return connection.execute(sa.select(targets.c.pause_seconds).where(targets.c.id == target_id)).scalar()


def list_targets(connection: sa.Connection) -> list[StoredTarget]:
    """Return the targets of open channels."""
    query = sa.select(targets).where(targets.c.removed_at.is_(None)).order_by(targets.c.channel, targets.c.key)
    return [_target(row) for row in connection.execute(query)]


def _target(row: Any) -> StoredTarget:
    return StoredTarget(row.id, model.Target(row.channel, row.key, row.label), row.paused_until, row.pause_seconds)


# -- messages ------------------------------------------------------------------------------------


def new_message_id() -> str:
    """Return a Message-ID that no other message has; it stays the same at every attempt."""
    return f"<{secrets.token_hex(16)}@wirewatch.invalid>"


def queue_alerts(
    connection: sa.Connection,
    target_id: int,
    revision_id: int,
    alert_ids: Sequence[int],
    severity: str,
    now: datetime,
) -> int:
    """Queue one message with the alerts that one revision raised; return its id."""
    number = _unless_queued(connection, target_id, revision_id)
    message = insert(connection, target_id, now, now, kind="alert", revision_id=number, severity=severity)
    rows = [{"alert_id": alert, "target_id": target_id, "message_id": message} for alert in alert_ids]
    connection.execute(message_alerts.insert(), rows)
    return message


def _unless_queued(connection: sa.Connection, target_id: int, revision_id: int) -> int | None:
    """Return the revision that a message is about, None if another is: what was held of it is told by itself."""
    same = sa.and_(messages.c.target_id == target_id, messages.c.revision_id == revision_id)
    known = connection.execute(sa.select(messages.c.id).where(same)).first()
    return revision_id if known is None else None


def queue_text(
    connection: sa.Connection, target_id: int, kind: str, slot: str, headline: str, body: str, now: datetime
) -> int | None:
    """Queue an ops notice or a channel test once per (target, slot); None if that slot was queued already."""
    same = sa.and_(messages.c.target_id == target_id, messages.c.slot == slot)
    if connection.execute(sa.select(messages.c.id).where(same)).first() is not None:
        return None
    severity = "high" if kind == "ops" else "info"
    return insert(
        connection, target_id, now, now, kind=kind, slot=slot, severity=severity, headline=headline, body=body
    )


def insert(connection: sa.Connection, target_id: int, due: datetime, now: datetime, **values: Any) -> int:
    """Store a message of the given columns, `queued` unless they say otherwise, and return its id."""
    row = {
        "target_id": target_id,
        "state": "queued",
        "due_at": due,
        "created_at": now,
        "attempt": 0,
        "possible_repeat": False,
        "plain": False,
        "message_id": new_message_id(),
        "headline": "",
        "body": "",
        **values,
    }
    if row["state"] == "queued":
        wakes.note(connection, "deliver", target_id)
    return new_id(connection, messages.insert(), row)


def due_targets(connection: sa.Connection, now: datetime) -> list[int]:
    """Return ids of targets whose first waiting message may go now: open, not paused, nothing of theirs in flight."""
    busy = sa.select(messages.c.target_id).where(messages.c.state == "sending")
    first = sa.select(sa.func.min(messages.c.id)).where(messages.c.state.in_(WAITING)).group_by(messages.c.target_id)
    query = (
        sa.select(messages.c.target_id)
        .join(targets, targets.c.id == messages.c.target_id)
        .where(
            messages.c.id.in_(first),
            messages.c.due_at <= now,
            targets.c.removed_at.is_(None),
            sa.or_(targets.c.paused_until.is_(None), targets.c.paused_until <= now),
            messages.c.target_id.not_in(busy),
        )
    )
    return list(connection.execute(query).scalars())


def next_due(connection: sa.Connection) -> datetime | None:
    """Return when the next waiting message may go, None if none waits; a paused target counts with its pause."""
    query = (
        sa.select(messages.c.due_at, targets.c.paused_until)
        .join(targets, targets.c.id == messages.c.target_id)
        .where(messages.c.state.in_((*WAITING, "gathering")), targets.c.removed_at.is_(None))
    )
    times = [max(due, paused or due) for due, paused in connection.execute(query)]
    return min(times, default=None)


def lock_channel(connection: sa.Connection, channel: str) -> bool:
    """Let one process at a time count what a channel was sent and claim for it; False while another does.

    It is not waited for here, in a transaction that may hold what the other needs. On SQLite one writes at a time.
    """
    if connection.dialect.name != "postgresql":
        return True
    key = sa.func.hashtext(channel)
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(CHANNEL_LOCKS, key))).scalar())


CHANNEL_LOCKS = 7_236
"""First key of the PostgreSQL advisory locks of channels."""


def claim(connection: sa.Connection, target_id: int, epoch: int, now: datetime) -> Claim | None:
    """Take the target's first waiting message for one attempt; None if none may go now.

    The order of a target is the order in which its messages were queued: a message that waits for a retry holds
    those behind it.
    """
    paused = connection.execute(sa.select(targets.c.paused_until).where(targets.c.id == target_id)).scalar()
    in_flight = sa.and_(messages.c.target_id == target_id, messages.c.state == "sending")
    if (paused is not None and paused > now) or connection.execute(sa.select(messages.c.id).where(in_flight)).first():
        return None
    query = (
        sa.select(messages)
        .where(messages.c.target_id == target_id, messages.c.state.in_(WAITING))
        .order_by(messages.c.id)
        .limit(1)
    )
    row = connection.execute(query).mappings().first()
    if row is None or row["due_at"] > now:
        return None
    return _start(connection, row, epoch, now)


def _start(connection: sa.Connection, row: sa.RowMapping, epoch: int, now: datetime) -> Claim:
    attempt, lease = row["attempt"] + 1, now + LEASE
    repeat = row["possible_repeat"] or row["state"] == "uncertain"
    change = messages.update().where(messages.c.id == row["id"])
    connection.execute(
        change.values(state="sending", attempt=attempt, epoch=epoch, lease_until=lease, possible_repeat=repeat)
    )
    channel = connection.execute(sa.select(targets.c.channel).where(targets.c.id == row["target_id"])).scalar()
    connection.execute(
        attempts.insert().values(message_id=row["id"], n=attempt, epoch=epoch, channel=channel, started_at=now)
    )
    alert_ids = connection.execute(
        sa.select(message_alerts.c.alert_id)
        .where(message_alerts.c.message_id == row["id"])
        .order_by(message_alerts.c.alert_id)
    ).scalars()
    return Claim(
        id=row["id"],
        target_id=row["target_id"],
        kind=row["kind"],
        slot=row["slot"],
        attempt=attempt,
        lease_until=lease,
        message_id=row["message_id"],
        severity=row["severity"],
        headline=row["headline"],
        body=row["body"],
        possible_repeat=repeat,
        plain=row["plain"],
        revision_id=row["revision_id"],
        created_at=row["created_at"],
        alert_ids=tuple(alert_ids),
    )


def set_words(connection: sa.Connection, message_id: int, headline: str, body: str) -> None:
    """Note what a digest says of itself, at its first claim: every attempt says the same."""
    connection.execute(messages.update().where(messages.c.id == message_id).values(headline=headline, body=body))


def channel_starts(connection: sa.Connection, target_id: int, since: datetime) -> list[datetime]:
    """Return when attempts at the target's channel began since `since`, oldest first."""
    channel = sa.select(targets.c.channel).where(targets.c.id == target_id).scalar_subquery()
    query = sa.select(attempts.c.started_at).where(attempts.c.channel == channel, attempts.c.started_at > since)
    return list(connection.execute(query.order_by(attempts.c.started_at)).scalars())


def record_result(
    connection: sa.Connection,
    sent: Claim,
    result: model.SendResult,
    now: datetime,
    *,
    state: str,
    due: datetime,
    reason: str | None,
    plain: bool,
) -> None:
    """Note how an attempt ended and where its message stands now."""
    connection.execute(
        attempts.update()
        .where(attempts.c.message_id == sent.id, attempts.c.n == sent.attempt)
        .values(
            ended_at=now,
            outcome=result.outcome.value,
            status=result.status,
            detail=result.detail[:500],
            retry_after=result.retry_after,
        )
    )
    connection.execute(
        messages.update()
        .where(messages.c.id == sent.id, messages.c.state == "sending", messages.c.attempt == sent.attempt)
        .values(
            state=state,
            due_at=due,
            reason=reason,
            plain=plain,
            lease_until=None,
            service_id=result.service_id,
            sent_at=now if state == "sent" else None,
        )
    )


def expire_leases(connection: sa.Connection, now: datetime) -> int:
    """While running: a send whose lease ran out without a result is uncertain."""
    change = messages.update().where(messages.c.state == "sending", messages.c.lease_until < now)
    return connection.execute(change.values(state="uncertain", due_at=now, lease_until=None)).rowcount


def expire_removed(connection: sa.Connection, now: datetime) -> int:
    """Give up messages whose channel has been gone for REMOVED_KEPT, those that still gather too; return how many."""
    gone = sa.select(targets.c.id).where(targets.c.removed_at < now - REMOVED_KEPT)
    waiting = messages.c.state.in_((*WAITING, "gathering"))
    change = messages.update().where(waiting, messages.c.target_id.in_(gone))
    return connection.execute(change.values(state="dead", reason="channel_removed")).rowcount


def orphaned(connection: sa.Connection) -> dict[str, int]:
    """Return how many messages wait for each removed channel."""
    query = (
        sa.select(targets.c.channel, sa.func.count())
        .join(messages, messages.c.target_id == targets.c.id)
        .where(targets.c.removed_at.is_not(None), messages.c.state.in_((*WAITING, "gathering")))
        .group_by(targets.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def resend(connection: sa.Connection, alert_id: int, now: datetime) -> list[int]:
    """Queue again what died of an alert; return the ids of its messages. What was delivered stays delivered."""
    ids = sa.select(message_alerts.c.message_id).where(message_alerts.c.alert_id == alert_id)
    dead = list(
        connection.execute(sa.select(messages.c.id).where(messages.c.id.in_(ids), messages.c.state == "dead")).scalars()
    )
    if dead:
        change = messages.update().where(messages.c.id.in_(dead))
        connection.execute(change.values(state="queued", due_at=now, reason=None, created_at=now))
        reopened = sa.select(messages.c.target_id).where(messages.c.id.in_(dead))
        wake = targets.update().where(targets.c.id.in_(reopened))
        connection.execute(wake.values(paused_until=None, pause_seconds=None))
    return dead


def dead_channels(connection: sa.Connection) -> tuple[str, ...]:
    """Return the open channels whose last finished message died."""
    last = (
        sa.select(sa.func.max(messages.c.id))
        .where(messages.c.state.in_(("sent", "dead")))
        .group_by(messages.c.target_id)
    )
    query = (
        sa.select(targets.c.channel)
        .join(messages, messages.c.target_id == targets.c.id)
        .where(messages.c.id.in_(last), messages.c.state == "dead", targets.c.removed_at.is_(None))
        .distinct()
    )
    return tuple(connection.execute(query).scalars())


# -- for people ----------------------------------------------------------------------------------


def deliveries_of(connection: sa.Connection, alert_id: int) -> list[dict[str, Any]]:
    """Return the messages that carry an alert, each with its target and attempts."""
    query = (
        sa.select(messages, targets.c.channel, targets.c.label)
        .join(message_alerts, message_alerts.c.message_id == messages.c.id)
        .join(targets, targets.c.id == messages.c.target_id)
        .where(message_alerts.c.alert_id == alert_id)
        .order_by(messages.c.id)
    )
    found = [dict(row) for row in connection.execute(query).mappings()]
    tries: dict[int, list[dict[str, Any]]] = {row["id"]: [] for row in found}
    of_messages = sa.select(attempts).where(attempts.c.message_id.in_(list(tries)))
    for item in connection.execute(of_messages.order_by(attempts.c.message_id, attempts.c.n)).mappings():
        tries[item["message_id"]].append(dict(item))
    return [row | {"attempts": tries[row["id"]]} for row in found]


def count_by_state(connection: sa.Connection) -> list[tuple[str, str, int]]:
    """Return (channel, state, number of messages)."""
    query = (
        sa.select(targets.c.channel, messages.c.state, sa.func.count())
        .join(messages, messages.c.target_id == targets.c.id)
        .group_by(targets.c.channel, messages.c.state)
        .order_by(targets.c.channel, messages.c.state)
    )
    return [(channel, state, count) for channel, state, count in connection.execute(query)]


def count_open(connection: sa.Connection) -> dict[str, int]:
    """Return how many messages of each channel are not finished."""
    query = (
        sa.select(targets.c.channel, sa.func.count())
        .join(messages, messages.c.target_id == targets.c.id)
        .where(messages.c.state.in_(OPEN))
        .group_by(targets.c.channel)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of messages, for the summary of a pass."""

    alerts: int
    sent: int
    dead: int
    waiting: int


def summary(connection: sa.Connection, since: datetime) -> Counts:
    """Return the alerts decided, and the messages sent and dead, since `since`, with all that wait."""
    made = sa.select(sa.func.count()).select_from(alerts).where(alerts.c.created_at >= since)
    count = sa.select(sa.func.count()).select_from(messages)
    touched = sa.select(attempts.c.message_id).where(attempts.c.started_at >= since)
    queries = (
        made,
        count.where(messages.c.sent_at >= since),
        count.where(messages.c.state == "dead", messages.c.id.in_(touched)),
        count.where(messages.c.state.in_(OPEN)),
    )
    return Counts(*(int(connection.execute(query).scalar() or 0) for query in queries))
