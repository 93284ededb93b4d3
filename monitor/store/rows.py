"""Small things every file of queries needs."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitor.store.schema import counters

T = TypeVar("T")
NAMED = 500
"""Values in one IN list: SQLite takes 999 in its older versions."""

_PLAIN: dict[str, sa.Insert] = {}
"""One plain INSERT for each table: what SQLAlchemy finds out about a statement it keeps with that very object."""


def new_id(connection: sa.Connection, insert: sa.Insert, values: Mapping[str, Any]) -> int:
    """Insert one row and return the id it was given.

    The values go beside the statement, not into it: to build a statement with its values costs more than to run it.
    """
    key = connection.execute(plain(insert), dict(values)).inserted_primary_key
    assert key is not None, "every table that is asked has an id of its own"
    return int(key[0])


def plain(insert: sa.Insert) -> sa.Insert:
    """Return the one plain INSERT into the table of this one."""
    return _PLAIN.setdefault(insert.table.name, insert)


def insert_new(connection: sa.Connection, table: sa.Table, values: Mapping[str, Any]) -> bool:
    """Insert a row unless one of its key is there; return whether it was inserted.

    Where another transaction is inserting that row, this waits for its end: of several members one is the first.
    """
    return connection.execute(_unless_there(connection.dialect.name, table, True), dict(values)).first() is not None


def unless_there(connection: sa.Connection, table: sa.Table) -> sa.Executable:
    """Return the INSERT of a row that does nothing where one of its key is there."""
    return _unless_there(connection.dialect.name, table, False)


@functools.cache
def _unless_there(dialect: str, table: sa.Table, told: bool) -> sa.Executable:
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    made = make(table).on_conflict_do_nothing()
    found: sa.Executable = made.returning(*table.primary_key) if told else made
    return found


def some(values: Iterable[T], most: int = NAMED) -> Iterator[list[T]]:
    """Yield values in their order, as many at a time as one statement names."""
    rest = list(values)
    return (rest[at : at + most] for at in range(0, len(rest), most))


def read_counter(connection: sa.Connection, name: str) -> int | None:
    """Return what a counter stands at; None where it was never set."""
    found: Any = connection.scalar(sa.select(counters.c.value).where(counters.c.name == name))
    return None if found is None else int(found)


def set_counter(connection: sa.Connection, name: str, value: int) -> None:
    """Let a counter stand at a value."""
    if not insert_new(connection, counters, {"name": name, "value": value}):
        connection.execute(counters.update().where(counters.c.name == name).values(value=value))
