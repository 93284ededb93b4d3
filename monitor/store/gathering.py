"""Messages that gather alerts under a slot until they are due, and what a recipient got lately.

A message in state `gathering` is not claimed and holds nothing behind it; `due_at` says when it is queued. One that was
claimed takes no more: what comes after it under the same slot opens the slot's next message (`SLOT:2`, `SLOT:3`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import messages as outbox
from monitor.store.schema import alerts, message_alerts, messages, targets

BY_THE_CLOCK = ("digest", "quiet", "budget")
"""Kinds of slots that wait for a time of the desk's day; the others wait for some minutes or hours to pass."""
HELD = (*BY_THE_CLOCK, "throttle")
"""Kinds of slots that leave in no quiet hours."""
_NEXT = "#"
"""Stands between a slot and the number of its second and later messages."""


def gather(
    connection: sa.Connection,
    target_id: int,
    slot: str,
    due: datetime,
    alert_ids: Sequence[int],
    severity: str,
    now: datetime,
) -> int:
    """Put alerts into the target's message of this slot, and return the message's id."""
    found = _newest(connection, target_id, slot)
    if found is not None and (found.state == "gathering" or (found.state == "queued" and found.attempt == 0)):
        message = int(found.id)
        worst = max(severity, found.severity, key=model.severity_rank)
        if worst != found.severity:
            connection.execute(messages.update().where(messages.c.id == message).values(severity=worst))
    else:
        name = slot if found is None else f"{slot}{_NEXT}{_number(found.slot) + 1}"
        values = {"kind": "digest", "state": "gathering", "slot": name, "severity": severity}
        message = outbox.insert(connection, target_id, due, now, **values)
    rows = [{"alert_id": alert, "target_id": target_id, "message_id": message} for alert in alert_ids]
    connection.execute(message_alerts.insert(), rows)
    return message


def _newest(connection: sa.Connection, target_id: int, slot: str) -> sa.Row[*tuple[Any, ...]] | None:
    # Locked: a claim on another connection either sees what is added here, or is seen by it.
    columns = (messages.c.id, messages.c.state, messages.c.attempt, messages.c.severity, messages.c.slot)
    query = sa.select(*columns).where(messages.c.target_id == target_id, of_slot(slot))
    return connection.execute(query.order_by(messages.c.id.desc()).limit(1).with_for_update()).first()


def of_slot(slot: str) -> sa.ColumnElement[bool]:
    """Return the condition that a message belongs to a slot, whichever of its messages it is."""
    return sa.or_(
        messages.c.slot == slot, sa.and_(messages.c.slot > slot + _NEXT, messages.c.slot < slot + chr(ord(_NEXT) + 1))
    )


def _number(name: str) -> int:
    _, found, number = name.rpartition(_NEXT)
    return int(number) if found else 1


def slot_of(name: str | None) -> str:
    """Return the slot that a message's name is of; empty for a message of its own."""
    return (name or "").split(_NEXT)[0]


def is_first(name: str) -> bool:
    """Return whether a message is its slot's first."""
    return _NEXT not in name


def settle(connection: sa.Connection, now: datetime, early: Sequence[str] = ()) -> int:
    """Queue what has gathered long enough, and what gathers under slots of the kinds `early`; return how many."""
    ripe = sa.or_(messages.c.due_at <= now, of_kinds(early))
    change = messages.update().where(messages.c.state == "gathering", ripe)
    return connection.execute(change.values(state="queued", due_at=now)).rowcount


def is_due(connection: sa.Connection, now: datetime) -> bool:
    """Return whether anything has gathered long enough."""
    return connection.execute(_DUE, {"now": now}).first() is not None


_DUE = (
    sa.select(messages.c.id)
    .join(targets, targets.c.id == messages.c.target_id)
    .where(messages.c.state == "gathering", messages.c.due_at <= sa.bindparam("now"), targets.c.removed_at.is_(None))
    .limit(1)
)


def of_kinds(kinds: Sequence[str]) -> sa.ColumnElement[bool]:
    """Return the condition that a message's slot is of one of these kinds."""
    return sa.or_(sa.false(), *(messages.c.slot.like(f"{kind}:%") for kind in kinds))


@dataclass(frozen=True, slots=True)
class Gathered:
    """A message that gathers, with what it holds so far."""

    id: int
    target_id: int
    channel: str
    label: str
    slot: str
    due_at: datetime
    severity: str
    alerts: int


def list_gathered(connection: sa.Connection, removed: bool = False) -> list[Gathered]:
    """Return what gathers for recipients, the first that leaves first; `removed`: also for channels that are gone."""
    count = sa.select(sa.func.count()).where(message_alerts.c.message_id == messages.c.id).scalar_subquery()
    query = (
        sa.select(
            messages.c.id,
            messages.c.target_id,
            targets.c.channel,
            targets.c.label,
            messages.c.slot,
            messages.c.due_at,
            messages.c.severity,
            count,
        )
        .join(targets, targets.c.id == messages.c.target_id)
        .where(messages.c.state == "gathering")
        .order_by(messages.c.due_at, messages.c.id)
    )
    if not removed:
        query = query.where(targets.c.removed_at.is_(None))
    return [Gathered(*row[:4], slot_of(row.slot), *row[5:]) for row in connection.execute(query)]


def packs_in(connection: sa.Connection, message_id: int) -> list[tuple[str, tuple[str, ...]]]:
    """Return pack and rules of each alert in a message."""
    query = sa.select(alerts.c.pack, alerts.c.rules).join(message_alerts, message_alerts.c.alert_id == alerts.c.id)
    found = connection.execute(query.where(message_alerts.c.message_id == message_id))
    return [(row.pack, tuple(row.rules)) for row in found]


def set_due(connection: sa.Connection, message_id: int, due: datetime) -> None:
    """Let what gathers leave at another time."""
    same = sa.and_(messages.c.id == message_id, messages.c.state == "gathering")
    connection.execute(messages.update().where(same).values(due_at=due))


def exists(connection: sa.Connection, target_id: int, slot: str) -> bool:
    """Return whether a target has, or had, a message of this slot."""
    query = sa.select(messages.c.id).where(messages.c.target_id == target_id, of_slot(slot)).limit(1)
    return connection.execute(query).first() is not None


# -- what a recipient got lately -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Recent:
    """A message made lately."""

    created_at: datetime
    slot: str
    """Empty for a message of its own."""


def list_recent(connection: sa.Connection, target_id: int, since: datetime) -> list[Recent]:
    """Return the messages that carry alerts made for a target after `since`, oldest first."""
    rows = connection.execute(_RECENT, {"of_target": target_id, "since": since})
    return [Recent(row.created_at, slot_of(row.slot)) for row in rows]


_RECENT = (
    sa.select(messages.c.created_at, messages.c.slot)
    .where(
        messages.c.target_id == sa.bindparam("of_target"),
        messages.c.created_at > sa.bindparam("since"),
        messages.c.kind.in_(("alert", "digest")),
    )
    .order_by(messages.c.created_at, messages.c.id)
)


def list_told(
    connection: sa.Connection, target_id: int, since: datetime, pack: str | None = None
) -> list[tuple[datetime, str]]:
    """Return when alerts were decided whose messages to a target were made after `since`, with the slots; by time."""
    query = (
        sa.select(alerts.c.created_at, messages.c.slot)
        .join(message_alerts, message_alerts.c.alert_id == alerts.c.id)
        .join(messages, messages.c.id == message_alerts.c.message_id)
        .where(messages.c.target_id == target_id, messages.c.created_at > since)
        .order_by(alerts.c.created_at, alerts.c.id)
    )
    if pack is not None:
        query = query.where(alerts.c.pack == pack)
    return [(row.created_at, slot_of(row.slot)) for row in connection.execute(query)]
