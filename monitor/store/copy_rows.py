"""Rows of a table as a copy takes them: read in the order of their key, written in batches, summed up to be compared.

What is read here is equal on both databases: times are aware and UTC, truth values are bools, and JSON is the text that
it is stored as, so that `null` and NULL stay apart. The sum of a table does not depend on the order of its rows, since
two databases order texts each in its own way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.schema import UtcTime

Row = tuple[Any, ...]
Key = tuple[Any, ...]

ROWS, SIZE = 5_000, 8_000_000
"""Most rows of a batch, and its characters beyond which no further row is taken."""
FETCHED, FETCHED_LARGE = 2_000, 100
"""Rows that the driver hands over at once; of tables with texts, each of which may have 200,000 characters."""
COMPARED = 200
"""Rows looked up at once where two tables differ."""
_MODULUS = 2**128


@dataclass(slots=True)
class Sum:
    """How many rows a table has, and the sum of their digests."""

    rows: int = 0
    total: int = 0

    def add(self, written: str) -> None:
        """Count one row, given as `repr` writes it."""
        digest = hashlib.blake2b(written.encode(), digest_size=16).digest()
        self.rows += 1
        self.total = (self.total + int.from_bytes(digest)) % _MODULUS

    @property
    def checksum(self) -> str:
        """Return the sum of the digests in 32 hexadecimal digits."""
        return f"{self.total:032x}"


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that are written together; `last`: the key of the last one in the source; `cleaned`: texts that changed."""

    rows: list[Row]
    last: Key
    cleaned: int


# -- reading -----------------------------------------------------------------------------------------


def count(connection: sa.Connection, table: sa.Table) -> int:
    """Return the number of rows of a table."""
    return int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)


def read(connection: sa.Connection, table: sa.Table, after: Key | None = None) -> Iterator[Row]:
    """Yield the rows of a table in the order of its key, those behind `after`; few are in memory at once."""
    query = _select(table).order_by(*_keys(table))
    if after is not None:
        query = query.where(sa.tuple_(*_keys(table)) > sa.tuple_(*_literals(table, after)))
    large = any(isinstance(column.type, (sa.Text, sa.LargeBinary)) for column in table.columns)
    fetched = FETCHED_LARGE if large else FETCHED
    for rows in connection.execute(query.execution_options(yield_per=fetched)).partitions():
        yield from map(tuple, rows)


def batches(rows: Iterable[Row], table: sa.Table, found: Sum, plain: bool) -> Iterator[Batch]:
    """Yield rows in batches, adding each to `found`; `plain`: without NUL characters, which PostgreSQL refuses."""
    kept: list[Row] = []
    size = cleaned = 0
    row: Row = ()
    for row in rows:
        written = repr(row)
        if plain and _NUL in written:
            changed = without_nul(row)
            cleaned += sum(before != after for before, after in zip(row, changed, strict=True))
            kept.append(changed)
            written = repr(changed)
        else:
            kept.append(row)
        found.add(written)
        size += len(written)
        if len(kept) >= ROWS or size >= SIZE:
            yield Batch(kept, key_of(table, row), cleaned)
            kept, size, cleaned = [], 0, 0
    if kept:
        yield Batch(kept, key_of(table, row), cleaned)


def sum_up(rows: Iterable[Row], table: sa.Table, plain: bool) -> Iterator[Sum]:
    """Yield the sum of rows as it grows, the last time of all of them."""
    found = Sum()
    for _ in batches(rows, table, found, plain):
        yield found
    yield found


_NUL = repr("\0")[1:-1]


def without_nul(row: Row) -> Row:
    """Return a row without the NUL characters of its texts."""
    return tuple(value.replace("\0", "") if isinstance(value, str) else value for value in row)


def _select(table: sa.Table) -> sa.Select[Any]:
    return sa.select(
        *(sa.cast(column, sa.Text) if isinstance(column.type, sa.JSON) else column for column in table.columns)
    )


# -- keys --------------------------------------------------------------------------------------------


def _keys(table: sa.Table) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.primary_key]


def _literals(table: sa.Table, key: Key) -> list[sa.ColumnElement[Any]]:
    return [sa.literal(value, column.type) for column, value in zip(_keys(table), key, strict=True)]


def key_of(table: sa.Table, row: Row) -> Key:
    """Return the primary key of a row."""
    return tuple(value for column, value in zip(table.columns, row, strict=True) if column.primary_key)


def write_key(key: Key) -> str:
    """Return a key as text, for `read_key`."""
    return json.dumps([value.isoformat() if isinstance(value, datetime) else value for value in key])


def read_key(table: sa.Table, text: str) -> Key:
    """Return the key that `write_key` wrote."""
    pairs = zip(_keys(table), json.loads(text), strict=True)
    return tuple(datetime.fromisoformat(value) if isinstance(key.type, UtcTime) else value for key, value in pairs)


# -- writing -----------------------------------------------------------------------------------------


def write(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert rows: with COPY on PostgreSQL, as one prepared statement on SQLite.

    Raises: DBAPIError, or on PostgreSQL the driver's own error, which names the row and the column.
    """
    write_to = _write_postgresql if connection.dialect.name == "postgresql" else _write_sqlite
    write_to(connection, table, rows)


def _write_postgresql(connection: sa.Connection, table: sa.Table, rows: Iterable[Row]) -> None:
    quoted = connection.dialect.identifier_preparer
    names = ", ".join(quoted.format_column(column) for column in table.columns)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {quoted.format_table(table)} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _write_sqlite(connection: sa.Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    quoted = connection.dialect.identifier_preparer
    names = ", ".join(quoted.format_column(column) for column in table.columns)
    places = ", ".join("?" for _ in table.columns)
    statement = f"INSERT INTO {quoted.format_table(table)} ({names}) VALUES ({places})"
    processors = [
        (place, processor)
        for place, column in enumerate(table.columns)
        if not isinstance(column.type, sa.JSON)
        and (processor := column.type.dialect_impl(connection.dialect).bind_processor(connection.dialect))
    ]
    bound = []
    for row in rows:
        values = list(row)
        for place, processor in processors:
            values[place] = processor(values[place])
        bound.append(tuple(values))
    connection.exec_driver_sql(statement, bound)


# -- where two tables differ -------------------------------------------------------------------------


def first_difference(one: sa.Connection, other: sa.Connection, table: sa.Table, plain: bool) -> Key | None:
    """Return the key of the first row of `one` that `other` lacks or has otherwise; None where it has all of them."""
    some: list[Row] = []
    for row in read(one, table):
        some.append(without_nul(row) if plain else row)
        if len(some) == COMPARED:
            differing = _differing(other, table, some)
            if differing is not None:
                return differing
            some = []
    return _differing(other, table, some) if some else None


def _differing(other: sa.Connection, table: sa.Table, rows: list[Row]) -> Key | None:
    keys = [key_of(table, row) for row in rows]
    named = sa.tuple_(*_keys(table)).in_([_literals_of(table, key) for key in keys])
    there = {key_of(table, row): row for row in map(tuple, other.execute(_select(table).where(named)))}
    return next((key for key, row in zip(keys, rows, strict=True) if there.get(key) != row), None)


def _literals_of(table: sa.Table, key: Key) -> Any:
    return sa.tuple_(*_literals(table, key))
