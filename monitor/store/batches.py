"""Batches: entries whose alerts are told together, and the digests that gather them.

A batch is open until none of its entries is pending; its digests (messages in state `gathering`) are then queued. What
is decided later opens another digest of the same batch. Everything stands in the database: whoever comes first after a
kill, the deciding step or the sweep, settles what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.store import gathering, prune
from monitor.store.rows import new_id, read_counter, set_counter
from monitor.store.schema import batches, entries, feeds, messages

GATHER = timedelta(minutes=15)
"""Longest wait of a digest for entries that are still pending."""

REBUILT = "rebuilt"
CATCH_UP = "catch_up"
RESTORED = "restored"
RESTORED_AT = "restored_at"
"""Counter: when a backup was last put back, in seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch with the name of its feed (None for `catch_up`) and how many entries it has."""

    id: int
    kind: str
    feed_name: str | None
    created_at: datetime
    closed_at: datetime | None
    entries: int


def open_rebuilt(connection: sa.Connection, feed_id: int, now: datetime) -> int:
    """Begin the batch of a rebuilt feed and return its id."""
    return _open(connection, REBUILT, feed_id, now)


def open_catch_up(connection: sa.Connection, now: datetime) -> int:
    """Return the id of the open catch-up batch, which all feeds share; a new one if none is open."""
    return _shared(connection, CATCH_UP, now)


def open_restored(connection: sa.Connection, now: datetime) -> int:
    """Return the id of the open batch of what came before a backup was put back; a new one if none is open."""
    return _shared(connection, RESTORED, now)


def restored_at(connection: sa.Connection) -> datetime | None:
    """Return when a backup was last put in the place of this database; None: never."""
    seconds = read_counter(connection, RESTORED_AT)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def note_restored(connection: sa.Connection, now: datetime) -> None:
    """Note that a backup was put in the place of this database."""
    set_counter(connection, RESTORED_AT, int(now.timestamp()))


def _shared(connection: sa.Connection, kind: str, now: datetime) -> int:
    query = sa.select(batches.c.id).where(batches.c.closed_at.is_(None), batches.c.kind == kind)
    found = connection.execute(query.order_by(batches.c.id).limit(1)).scalar()
    return found or _open(connection, kind, None, now)


def _open(connection: sa.Connection, kind: str, feed_id: int | None, now: datetime) -> int:
    """Insert a batch and forget the oldest, so that the table grows with nothing but what there is to tell."""
    made = new_id(connection, batches.insert(), {"kind": kind, "feed_id": feed_id, "created_at": now})
    prune.prune_batches(connection, made, now)
    return made


def get(connection: sa.Connection, batch_id: int) -> Batch | None:
    """Return one batch."""
    members = sa.select(sa.func.count()).select_from(entries).where(entries.c.batch_id == batch_id).scalar_subquery()
    query = sa.select(batches, feeds.c.name, members.label("entries")).outerjoin(feeds, feeds.c.id == batches.c.feed_id)
    row = connection.execute(query.where(batches.c.id == batch_id)).first()
    if row is None:
        return None
    return Batch(row.id, row.kind, row.name, row.created_at, row.closed_at, row.entries)


# -- gathering -----------------------------------------------------------------------------------


def gather(
    connection: sa.Connection, target_id: int, batch: int, alert_ids: Sequence[int], severity: str, now: datetime
) -> int:
    """Put alerts into the target's digest of this batch and return its id; one that was claimed takes no more."""
    return gathering.gather(connection, target_id, slot_of(batch), now + GATHER, alert_ids, severity, now)


def slot_of(batch: int) -> str:
    """Return the slot of a batch's digests."""
    return f"batch:{batch}"


def batch_of(name: str | None) -> int | None:
    """Return the batch that a message's slot names, None for other slots."""
    kind, _, number = gathering.slot_of(name).partition(":")
    return int(number) if kind == "batch" else None


# -- settling ------------------------------------------------------------------------------------


def settle(connection: sa.Connection, now: datetime) -> int:
    """Close the batches that are complete and queue their digests; return how many of those."""
    closing = [row.id for row in connection.execute(_OPEN) if _is_complete(connection, row, now)]
    for batch in closing:
        connection.execute(batches.update().where(batches.c.id == batch).values(closed_at=now))
    if not closing:
        return 0
    change = messages.update().where(
        messages.c.state == "gathering", sa.or_(*(gathering.of_slot(slot_of(batch)) for batch in closing))
    )
    return connection.execute(change.values(state="queued", due_at=now)).rowcount


_OPEN = sa.select(batches.c.id, batches.c.kind, batches.c.created_at).where(batches.c.closed_at.is_(None))


def _is_complete(connection: sa.Connection, row: sa.Row[*tuple[Any, ...]], now: datetime) -> bool:
    if row.kind in (CATCH_UP, RESTORED) and row.created_at <= now - GATHER:
        return True  # what comes after it is another catching up
    pending = sa.select(entries.c.id).where(entries.c.batch_id == row.id, entries.c.state == "pending").limit(1)
    if connection.execute(pending).first() is not None:
        return False
    return row.kind not in (CATCH_UP, RESTORED) or not _is_behind(connection, now)


def _is_behind(connection: sa.Connection, now: datetime) -> bool:
    """Return whether a feed is due: while the catching up goes on, its digest waits."""
    active = sa.and_(feeds.c.retired_at.is_(None), feeds.c.paused_at.is_(None), feeds.c.stopped_at.is_(None))
    return (
        connection.execute(sa.select(feeds.c.id).where(active, feeds.c.next_check <= now).limit(1)).first() is not None
    )
