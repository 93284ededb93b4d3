"""Messages that were being sent as the last daemon died: they may have arrived, and they may be what it died of."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store import wakes
from monitor.store.schema import attempts, message_alerts, messages, targets

DIED = "the monitor ended while this was being sent"


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A message whose last attempt no daemon saw the end of."""

    id: int
    channel: str
    label: str
    alert_ids: tuple[int, ...]
    deaths: int
    """In how many tries in a row the daemon died, this one included."""


def void_leases(connection: sa.Connection, now: datetime, living: Sequence[int] = ()) -> list[Interrupted]:
    """Whatever was being sent by a process that ended may have arrived; it goes again, labelled.

    `living`: epochs of those that have not ended; none at the start of a daemon that works alone.
    """
    over = sa.and_(messages.c.state == "sending", messages.c.epoch.not_in(living))
    columns = (messages.c.id, targets.c.channel, targets.c.label, messages.c.target_id)
    query = sa.select(*columns).join(targets, targets.c.id == messages.c.target_id)
    found = connection.execute(query.where(over).order_by(messages.c.id)).all()
    begun = sa.and_(attempts.c.ended_at.is_(None), attempts.c.epoch.not_in(living))
    connection.execute(attempts.update().where(begun).values(ended_at=now, outcome="uncertain", detail=DIED))
    connection.execute(messages.update().where(over).values(state="uncertain", due_at=now, lease_until=None))
    for row in found:
        wakes.note(connection, "deliver", row.target_id)
    return [Interrupted(*row[:3], _alerts_in(connection, row.id), _deaths(connection, row.id)) for row in found]


def _alerts_in(connection: sa.Connection, message_id: int) -> tuple[int, ...]:
    query = sa.select(message_alerts.c.alert_id).where(message_alerts.c.message_id == message_id)
    return tuple(connection.execute(query.order_by(message_alerts.c.alert_id)).scalars())


def _deaths(connection: sa.Connection, message_id: int) -> int:
    query = sa.select(attempts.c.detail).where(attempts.c.message_id == message_id).order_by(attempts.c.n.desc())
    return sum(1 for _ in itertools.takewhile(lambda said: said == DIED, connection.execute(query).scalars()))


def put_off(connection: sa.Connection, message_id: int, due: datetime) -> None:
    """Let a message, and what is behind it, wait until `due`."""
    connection.execute(messages.update().where(messages.c.id == message_id).values(due_at=due))


def set_aside(connection: sa.Connection, message_id: int, reason: str) -> None:
    """Send a message no more; `messages.resend` queues it again."""
    connection.execute(messages.update().where(messages.c.id == message_id).values(state="dead", reason=reason))
