"""Requests under way to each host, over all members of a cluster: whoever asks a host something holds one of its slots.

A slot is a number below the host's limit, held until a time on the server's clock. It is free again when it is given
back, when the member that holds it has ended (`members`), or when its time is over: a process that was frozen in the
middle of a request keeps nobody from a host for longer than LEASE.

No statement here waits for another member's: two that took the same hosts in different orders would wait for each other
for ever. A host that somebody is taking a slot of at this very moment counts as full, and is asked for again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

LEASE = timedelta(seconds=30)
"""How long a slot is held at most: longer than a request may take (`http.HttpSettings.deadline`), and no longer than a
member is taken to live without a beat."""
HOST_LOCKS = 7_237
"""First key of the PostgreSQL advisory locks of hosts."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One of a host's slots. `until`, on the server's clock, tells it from the slot of that number that comes after."""

    host: str
    n: int
    until: datetime


def take(connection: sa.Connection, member_id: int, wanted: Mapping[str, int], limit: int) -> list[Slot]:
    """Take up to so many free slots of each host, of the `limit` that it has; return those that were had."""
    if not wanted:
        return []
    values = {"hosts": list(wanted), "counts": list(wanted.values()), "last": limit - 1, "locks": HOST_LOCKS}
    rows = connection.execute(_TAKE, {**values, "member": member_id, "lease": LEASE})
    return [Slot(*row) for row in rows]


def give_back(connection: sa.Connection, member_id: int, slots: Sequence[Slot]) -> None:
    """Let go of slots; one whose time was over, and that another has now, stays the other's."""
    if not slots:
        return
    columns: dict[str, list[Any]] = {
        "hosts": [slot.host for slot in slots],
        "ns": [slot.n for slot in slots],
        "untils": [slot.until for slot in slots],
    }
    connection.execute(_GIVE_BACK, {**columns, "member": member_id})


def prune(connection: sa.Connection) -> None:
    """Forget slots whose time was over long ago: their member lives, but could not say that it was done."""
    connection.execute(_PRUNE, {"lease": LEASE})


# The lock is taken after the statement has its view of the table, so that it may miss what was committed in between: a
# slot that it takes for free is therefore looked at once more, as it stands, before it changes hands.
_TAKE = sa.text("""
    WITH mine AS MATERIALIZED (
        SELECT host, wanted FROM unnest(CAST(:hosts AS text[]), CAST(:counts AS int[])) AS asked(host, wanted)
        WHERE pg_try_advisory_xact_lock(:locks, hashtext(host))
    ), free AS (
        SELECT host, n, wanted, row_number() OVER (PARTITION BY host ORDER BY n) AS place
        FROM mine CROSS JOIN generate_series(0, CAST(:last AS int)) AS numbers(n)
        WHERE NOT EXISTS (
            SELECT 1 FROM host_slots held
            WHERE held.host = mine.host AND held.n = numbers.n AND held.until > clock_timestamp()
        )
    )
    INSERT INTO host_slots (host, n, member_id, until)
    SELECT host, n, :member, clock_timestamp() + CAST(:lease AS interval) FROM free WHERE place <= wanted
    ON CONFLICT (host, n) DO UPDATE SET member_id = excluded.member_id, until = excluded.until
        WHERE host_slots.until <= clock_timestamp()
    RETURNING host, n, until
""")
_GIVE_BACK = sa.text("""
    DELETE FROM host_slots held
    USING unnest(CAST(:hosts AS text[]), CAST(:ns AS int[]), CAST(:untils AS timestamptz[])) AS done(host, n, until)
    WHERE held.host = done.host AND held.n = done.n AND held.until = done.until AND held.member_id = :member
""")
_PRUNE = sa.text("DELETE FROM host_slots WHERE until < clock_timestamp() - CAST(:lease AS interval)")
