"""The processes of a cluster: each holds a lease on the server's clock and writes only while it has one.

A member renews its lease with every beat. Whoever finds one that ran out ends that member, and from then on not one
transaction of it commits: each of them begins by locking its own row, and the row of a member that has ended cannot be
had. What it worked on is free again in the same transaction.

A transaction that was open when its process froze would hold that lock; the server ends it after IDLE
(`database.open_member_engine`).
"""

from __future__ import annotations

import math
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor import errors
from monitor.store.rows import new_id
from monitor.store.schema import claims, host_slots, members

LEASE = timedelta(seconds=30)
"""How long a member is taken to live after its last beat."""
BEAT = 5.0
"""Seconds between beats."""
READINGS = 3
"""Times the clock of the server is read in a row."""
KEPT = timedelta(days=7)
"""How long the row of a member that has ended is kept, for people to read."""


@dataclass(frozen=True, slots=True)
class Member:
    """A process of the cluster; times on the server's clock."""

    id: int
    role: str
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    lease_until: datetime
    ended_at: datetime | None
    reason: str | None
    state: dict[str, Any]


class Lease:
    """What a member knows of its own lease without asking anybody.

    It counts from before the beat was sent, on a clock that goes on while the process is frozen; so it ends here before
    it ends on the server.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._until = -math.inf

    def renew(self, began: float) -> None:
        """Take it as renewed by a beat that was begun then and went through."""
        self._until = began + LEASE.total_seconds()

    @property
    def good(self) -> bool:
        """Return whether it has not run out."""
        return self._monotonic() < self._until


def server_time(connection: sa.Connection) -> datetime:
    """Return the present on the clock of the database's server, in UTC."""
    return connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()  # type: ignore[no-any-return]


def read_clock(connection: sa.Connection, monotonic: Callable[[], float]) -> tuple[datetime, float]:
    """Return the server's time, and what `monotonic` showed then: of a few answers the quickest, which is off least.

    Members count what a channel was sent in a second by this clock, and put messages in order by it.
    """
    readings = []
    for _ in range(READINGS):
        asked = monotonic()
        now = server_time(connection)
        answered = monotonic()
        readings.append((answered - asked, now, (asked + answered) / 2))
    _, now, at = min(readings)
    return now, at


def join(connection: sa.Connection, role: str, version: str, state: dict[str, Any] | None = None) -> int:
    """Enter this process as a member and return its number, which is its epoch; `state` as `beat` has it."""
    now = server_time(connection)
    row = {"role": role, "host": socket.gethostname(), "pid": os.getpid(), "version": version, "state": state}
    times = {"started_at": now, "beat_at": now, "lease_until": now + LEASE}
    return new_id(connection, members.insert(), {**row, **times})


def next_epoch(connection: sa.Connection) -> int:
    """Return a number that no member has or will have, for a daemon that works alone."""
    sequence = sa.func.pg_get_serial_sequence("members", "id")
    return int(connection.execute(sa.select(sa.func.nextval(sequence))).scalar_one())


def require(connection: sa.Connection, member_id: int) -> str:
    """Keep a member from being ended while this transaction lasts; return the transaction's number on the server.

    Raises: Fenced when it has ended.
    """
    number: str | None = connection.execute(_REQUIRE, {"this": member_id}).scalar()
    if number is None:
        raise _fenced(member_id)
    return number


def _fenced(member_id: int) -> errors.Fenced:
    return errors.Fenced(
        f"the lease of member {member_id} ran out, and others took over its work; it stops without writing"
    )


_LIVES = members.c.ended_at.is_(None)
_REQUIRE = (
    sa.select(sa.cast(sa.func.pg_current_xact_id(), sa.Text))
    .where(members.c.id == sa.bindparam("this"), _LIVES)
    .with_for_update(read=True, key_share=True, of=members)  # its beat, which changes no key, goes on meanwhile
)  # fmt: skip


def beat(connection: sa.Connection, member_id: int, state: dict[str, Any]) -> datetime:
    """Renew a member's lease, say what others must know of it, and return the server's time.

    Raises: Fenced when it has ended.
    """
    now = server_time(connection)
    change = members.update().where(members.c.id == member_id, _LIVES)
    if not connection.execute(change.values(beat_at=now, lease_until=now + LEASE, state=state)).rowcount:
        raise _fenced(member_id)
    return now


def leave(connection: sa.Connection, member_id: int) -> None:
    """End this member in good order: what it still writes is waited for, and after it comes nothing more."""
    connection.execute(sa.select(members.c.id).where(members.c.id == member_id).with_for_update())
    _end(connection, [member_id], "left")
    connection.execute(claims.delete().where(claims.c.member_id == member_id, claims.c.deaths == 0))
    connection.execute(claims.update().where(claims.c.member_id == member_id).values(member_id=None, alone=False))


TOGETHER = 2
"""Deaths in a row that count while others were under way, too; what has so many is worked on alone."""


@dataclass(frozen=True, slots=True)
class Reaped:
    """Members that were ended, and what they worked on that met more than one death in a row, with its deaths."""

    members: list[Member]
    suspects: list[tuple[str, int, int]]
    """(kind, item, deaths) of claims."""


def reap(connection: sa.Connection) -> Reaped:
    """End the members whose lease ran out and free what they worked on.

    One that is in the middle of a transaction is left for the next time: its server session ends it, or it beats.
    """
    expired = sa.select(members).where(_LIVES, members.c.lease_until < sa.func.clock_timestamp())
    found = [_member(row) for row in connection.execute(expired.with_for_update(skip_locked=True)).mappings()]
    if found:
        ids = [member.id for member in found]
        _end(connection, ids, "lease")
    return Reaped(found, _free(connection, [member.id for member in found]))


def _free(connection: sa.Connection, ids: list[int]) -> list[tuple[str, int, int]]:
    if not ids:
        return []
    after = sa.case(
        (claims.c.alone, claims.c.deaths + 1),
        (claims.c.deaths < TOGETHER, claims.c.deaths + 1),
        else_=claims.c.deaths,
    )
    freed = claims.update().where(claims.c.member_id.in_(ids)).values(member_id=None, alone=False, deaths=after)
    rows = connection.execute(freed.returning(claims.c.kind, claims.c.item_id, claims.c.deaths)).all()
    return sorted((row.kind, row.item_id, row.deaths) for row in rows if row.deaths > 1)


def _end(connection: sa.Connection, ids: list[int], reason: str) -> None:
    change = members.update().where(members.c.id.in_(ids), _LIVES)
    connection.execute(change.values(ended_at=sa.func.clock_timestamp(), reason=reason))
    connection.execute(host_slots.delete().where(host_slots.c.member_id.in_(ids)))


def living() -> sa.Select[tuple[int]]:
    """Return the query for the numbers of those that live."""
    return sa.select(members.c.id).where(_LIVES)


def in_lease() -> sa.Select[tuple[int]]:
    """Return the query for the numbers of those that live and whose lease is good."""
    return living().where(members.c.lease_until >= sa.func.clock_timestamp())


def list_living(connection: sa.Connection) -> list[Member]:
    """Return those that live, in the order in which they joined."""
    rows = connection.execute(sa.select(members).where(_LIVES).order_by(members.c.id)).mappings()
    return [_member(row) for row in rows]


def list_all(connection: sa.Connection) -> list[Member]:
    """Return every member that is still kept, the latest first."""
    return [_member(row) for row in connection.execute(sa.select(members).order_by(members.c.id.desc())).mappings()]


def prune(connection: sa.Connection) -> None:
    """Forget members that ended long ago."""
    connection.execute(members.delete().where(members.c.ended_at < sa.func.clock_timestamp() - KEPT))


def _member(row: sa.RowMapping) -> Member:
    return Member(**{**row, "state": row["state"] or {}})
