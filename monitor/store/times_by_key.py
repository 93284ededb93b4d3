"""Times as places in a column of keys that grow with them, found by halving: twenty look-ups in a million rows.

So a list that goes by id takes `since` and `until` without an index on time. Where the clock was set back the keys near
that moment are found a little beside it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

Column = sa.Column[Any]


def first_key_at(connection: sa.Connection, key: Column, time: Column, at: datetime) -> int:
    """Return the smallest key whose time is `at` or later; one more than the largest where there is none.

    Args:
        key: An indexed column of whole numbers.
        time: Of the same table, growing with `key`.
    """
    # One by one: asked for both at once, SQLite reads the whole index.
    low, high = connection.scalar(sa.select(sa.func.min(key))), connection.scalar(sa.select(sa.func.max(key)))
    if low is None or high is None:
        return 0
    high += 1
    while low < high:
        middle = (low + high) // 2
        found = connection.execute(sa.select(key, time).where(key >= middle).order_by(key).limit(1)).one()
        if found[1] >= at:
            high = middle
        else:
            low = int(found[0]) + 1
    return int(low)


def narrowed(
    connection: sa.Connection,
    key: Column,
    time: Column,
    bounds: tuple[int, int],
    since: datetime | None,
    until: datetime | None,
) -> tuple[int, int]:
    """Return that part of `bounds` (the smallest key, the one below which keys lie) which `since` and `until` leave."""
    low, high = bounds
    if since is not None:
        low = max(low, first_key_at(connection, key, time, since))
    if until is not None:
        high = min(high, first_key_at(connection, key, time, until))
    return low, high


def time_at(connection: sa.Connection, key: Column, time: Column, value: int) -> datetime | None:
    """Return the time of the first row whose key is `value` or greater; None where there is none."""
    found: datetime | None = connection.scalar(sa.select(time).where(key >= value).order_by(key).limit(1))
    return found
