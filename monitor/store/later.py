"""What a transaction writes without waiting for it: sent with the rows that come after it, where there are any.

A statement costs more to send, and to wait for, than most rows do. Only the writer keeps rows back (`kept_back`); on
every other connection they are written as they come.

- `write`: nothing in the transaction reads it. It goes by statement, many rows at once, at the end.
- `soon`: it may be read. On the connections of a cluster it goes with its like, all sent before the first answer is
  awaited, as soon as anything else is asked (`watch`). New rows of some tables get their numbers ahead of that.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from monitor.store import deadlines, rows
from monitor.store.schema import articles, counters, revisions, stories

_KEY = "wirewatch_later"
NUMBERED = (stories, articles, revisions)
"""Tables whose rows are numbered ahead: each article has about one of each."""


@dataclass(slots=True)
class _Kept:
    """What is kept back on a connection."""

    jobs: int
    """How many jobs share the transaction."""
    joins: bool
    """Whether what comes soon is kept back too."""
    rows: dict[sa.Executable, list[Mapping[str, Any]]] = field(default_factory=dict)
    """By statement, in the order in which the statements came first."""
    soon: list[tuple[sa.Executable, Any]] = field(default_factory=list)
    counters: dict[str, int] = field(default_factory=dict)
    """What counters stand at."""
    numbers: dict[str, list[int]] = field(default_factory=dict)
    """Those that the next rows of tables get, the last one first."""


@contextlib.contextmanager
def kept_back(connection: sa.Connection, jobs: int) -> Iterator[None]:
    """Keep back what can wait while the block runs, and write it then; where the block raises, never.

    `jobs`: how many share the transaction.
    """
    info = connection.info  # of a connection that breaks meanwhile it cannot be asked any more
    kept = info[_KEY] = _Kept(jobs, connection.engine in _WATCHED)
    try:
        yield
        kept.soon += kept.rows.items()
        kept.soon += ((_STANDS, {"counter": name, "stands": value}) for name, value in kept.counters.items())
        _send(connection, kept)
    finally:
        info.pop(_KEY, None)


def write(connection: sa.Connection, statement: sa.Executable, *listed: Mapping[str, Any]) -> None:
    """Execute a statement with some rows in this transaction, at its end at the latest.

    Only for what nothing in a transaction reads. The statement must be the same object each time, and each of its rows
    have the same keys.
    """
    kept: _Kept | None = connection.info.get(_KEY)
    if kept is not None and listed:
        kept.rows.setdefault(statement, []).extend(listed)
    elif listed:
        connection.execute(statement, [dict(row) for row in listed])


def soon(connection: sa.Connection, statement: sa.Executable, row: Mapping[str, Any]) -> None:
    """Execute a statement that answers nothing, before the next one that does."""
    kept: _Kept | None = connection.info.get(_KEY)
    if kept is None or not kept.joins:
        connection.execute(statement, dict(row))
    else:
        kept.soon.append((statement, dict(row)))


# -- what is sent together -------------------------------------------------------------------------

_WATCHED: weakref.WeakSet[sa.Engine] = weakref.WeakSet()


def watch(engine: sa.Engine) -> None:
    """Have connections of a PostgreSQL engine send what waits before they ask anything. Before `deadlines.watch`."""
    sa.event.listen(engine, "before_cursor_execute", lambda connection, *_: _send_waiting(connection))
    _WATCHED.add(engine)


def _send_waiting(connection: sa.Connection) -> None:
    kept: _Kept | None = connection.info.get(_KEY)
    if kept is not None and kept.soon:
        _send(connection, kept)


def _send(connection: sa.Connection, kept: _Kept) -> None:
    """Execute what waits: in a cluster all of it is sent before the first answer is awaited."""
    waiting, kept.soon = kept.soon, []
    if not kept.joins or len(waiting) < 2:
        _execute(connection, waiting)
        return
    driver: Any = connection.connection.driver_connection
    module: Any = connection.dialect.loaded_dbapi
    try:
        with driver.pipeline():
            _execute(connection, waiting)
            deadlines.begin(connection)
        deadlines.end(connection)
    except module.Error as fault:  # as SQLAlchemy says it of one statement
        broken = connection.dialect.is_disconnect(fault, connection.connection, None)
        if broken:
            connection.invalidate(fault)
        raise sa.exc.DBAPIError.instance(
            None, None, fault, module.Error, connection_invalidated=broken, dialect=connection.dialect
        ) from fault


def _execute(connection: sa.Connection, waiting: Sequence[tuple[sa.Executable, Any]]) -> None:
    for statement, given in waiting:
        connection.execute(statement, given)


# -- numbers ---------------------------------------------------------------------------------------


def new_id(connection: sa.Connection, insert: sa.Insert, values: Mapping[str, Any]) -> int:
    """Insert one row, soon, and return the id that it has then; as `rows.new_id`."""
    kept: _Kept | None = connection.info.get(_KEY)
    table = insert.table.name
    if kept is None or not kept.joins or insert.table not in NUMBERED:
        return rows.new_id(connection, insert, values)
    if not kept.numbers.get(table):
        found = list(connection.execute(_NUMBERS, {"many": kept.jobs}))
        for place, one in enumerate(NUMBERED):
            kept.numbers[one.name] = [int(row[place]) for row in reversed(found)]
    number = kept.numbers[table].pop()
    kept.soon.append((rows.plain(insert), {"id": number, **values}))
    return number


_NUMBERS = sa.text(
    "SELECT "
    + ", ".join(f"nextval(pg_get_serial_sequence('{table.name}', 'id'))" for table in NUMBERED)
    + " FROM generate_series(1, CAST(:many AS integer))"
)

# The first number that a transaction takes of a counter locks it; the others need not ask.
_NEXT = (
    counters.update()
    .where(counters.c.name == sa.bindparam("counter"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
_STANDS = counters.update().where(counters.c.name == sa.bindparam("counter")).values(value=sa.bindparam("stands"))


def next_number(connection: sa.Connection, name: str) -> int:
    """Return 1, 2, 3 ... for counter `name`, in the order of commits."""
    kept: _Kept | None = connection.info.get(_KEY)
    if kept is None:
        return _take(connection, name)
    before = kept.counters.get(name)
    kept.counters[name] = found = _take(connection, name) if before is None else before + 1
    return found


def _take(connection: sa.Connection, name: str) -> int:
    value = connection.execute(_NEXT, {"counter": name}).scalar()
    if value is None:
        connection.execute(counters.insert().values(name=name, value=1))
        return 1
    return int(value)


def next_of(connection: sa.Connection, name: str) -> int:
    """Return what `next_number` will return, without taking it."""
    kept: _Kept | None = connection.info.get(_KEY)
    before = kept.counters.get(name) if kept is not None else None
    return 1 + (before if before is not None else rows.read_counter(connection, name) or 0)
