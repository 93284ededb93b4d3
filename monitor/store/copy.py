"""Move an installation to another database: every row, in steps that a kill may end anywhere, compared at the end.

The source stays as it is. Each batch of rows is one transaction of the target, with the mark of how far it came, so
that the same command goes on where a kill ended it. The target becomes an installation in one last transaction, after
every table was found equal on both sides.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from monitor import errors
from monitor.store import copy_ends, copy_rows, copy_words, database, hold, migrate
from monitor.store.copy_ends import End, Mark, Stamp, State
from monitor.store.schema import messages

INDEX = "search"
"""The name under which the full-text index has its mark."""
_NONE = Mark("", 0, whole=False)


@dataclass(frozen=True, slots=True)
class Step:
    """How far a copy is. `what`: a table, or what is done; `done` and `total` count rows of it.

    `taken`: rows that this run has written, indexed or compared in `seconds`.
    """

    what: str
    done: int
    total: int
    taken: int
    seconds: float


Show = Callable[[Step], None]


@dataclass(frozen=True, slots=True)
class Table:
    """A table that is equal on both sides."""

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class Copied:
    """What was done. `source`, `target`: addresses without passwords. `copied`: rows of this run, `seconds` it took.

    `resumed`: whether an earlier run had begun it; `cleaned`: texts of this run that lost NUL characters; `indexed`:
    articles in the full-text index; `waiting`: messages that are not sent yet, `sending`: of which nobody knows.
    """

    source: str
    target: str
    schema: str
    resumed: bool
    copied: int
    cleaned: int
    seconds: float
    tables: Mapping[str, Table]
    indexed: int
    waiting: int
    sending: int
    left: Mapping[str, str] = field(default_factory=lambda: copy_ends.NOT_COPIED)
    """Tables that are not copied, and why."""


def copy(source: str, target: str, now: datetime, show: Show = lambda step: None, anew: bool = False) -> Copied:
    """Copy the database of one URL into that of another, which is empty or half a copy of it.

    Args:
        now: What the clock shows.
        show: Told how far it is, often.
        anew: Empty half a copy first, whatever it is a copy of.
    Raises: CopyDiffers; DatabaseHeld, DatabaseDamaged, DatabaseTooNew, DatabaseUnusable, which begin with SRC or DST.
    """
    for role, url in (("SRC", source), ("DST", target)):
        copy_ends.require_address(role, url)
    copy_ends.require_apart(source, target)
    copy_ends.require_source_file(source)
    copy_ends.require_target_file(target)
    with contextlib.ExitStack() as stack:
        one = _opened(stack, "SRC", source)
        with one.explained():
            stamp = copy_ends.stamp_of(one, now)
        other = _opened(stack, "DST", target)
        with other.explained():
            if anew:
                copy_ends.clear(other)
            state = copy_ends.look(one, other, stamp)
            if state is State.EMPTY:
                migrate.upgrade(other.engine, now)
                with other.writing() as connection:
                    copy_ends.begin(connection, stamp)
        with one.explained():
            reading = stack.enter_context(one.frozen())
        return _Copy(one, other, stamp, reading, show).run(state, now)


def _opened(stack: contextlib.ExitStack, role: str, url: str) -> End:
    """Open a database and hold it against daemons and other copies."""
    try:
        engine = database.open_engine(url)
    except errors.StoreError as fault:
        raise type(fault)(f"{role}: {fault}") from fault
    stack.callback(engine.dispose)
    end = End(role, url, engine)
    with end.explained():
        stack.enter_context(hold.exclusive(engine))
    return end


class _Copy:
    """A copy under way. `reading`: a connection to the source that sees one state of it."""

    def __init__(self, source: End, target: End, stamp: Stamp, reading: sa.Connection, show: Show) -> None:
        self._source, self._target, self._stamp = source, target, stamp
        self._reading, self._show = reading, show
        self._sums: dict[str, copy_rows.Sum] = {}
        """Of tables that were read from their first row to the last while they were copied."""
        self._plain = target.is_postgresql
        self._copied = self._cleaned = self._taken = 0
        self._began = time.monotonic()

    def run(self, state: State, now: datetime) -> Copied:
        """Copy what is missing, compare everything, and let the target be an installation."""
        marks: dict[str, Mark] = {}
        if state is not State.WHOLE:
            with self._target.explained(), self._target.engine.connect() as connection:
                marks = copy_ends.read_marks(connection)
            for table in copy_ends.tables():
                self._copy_table(table, marks.get(table.name, _NONE))
            self._index(marks.get(INDEX, _NONE))
        tables, indexed = self._compare()
        if state is not State.WHOLE:
            self._finish(now)
        with self._source.explained():
            states = _count_states(self._reading)
        return Copied(
            source=copy_ends.shown(self._source.url),
            target=copy_ends.shown(self._target.url),
            schema=self._stamp.schema,
            resumed=bool(marks),
            copied=self._copied,
            cleaned=self._cleaned,
            seconds=time.monotonic() - self._began,
            tables=tables,
            indexed=indexed,
            waiting=sum(states.get(name, 0) for name in ("gathering", "queued", "uncertain")),
            sending=states.get("sending", 0),
        )

    def _tell(self, what: str, done: int, total: int, taken: int) -> None:
        self._taken += taken
        self._show(Step(what, done, total, self._taken, time.monotonic() - self._began))

    # -- rows ----------------------------------------------------------------------------------------

    def _copy_table(self, table: sa.Table, mark: Mark) -> None:
        if mark.whole:
            return
        total, done = self._count(table), mark.rows
        after = copy_rows.read_key(table, mark.last) if mark.last else None
        found = copy_rows.Sum()
        last = mark.last
        for batch in copy_rows.batches(self._rows_of(table, after), table, found, self._plain):
            done, last = done + len(batch.rows), copy_rows.write_key(batch.last)
            with self._target.explained(f"table {table.name}"), self._target.writing() as connection:
                copy_rows.write(connection, table, batch.rows)
                copy_ends.set_mark(connection, table.name, Mark(last, done, whole=False))
            self._copied += len(batch.rows)
            self._cleaned += batch.cleaned
            self._tell(table.name, done, total, len(batch.rows))
        if after is None:
            self._sums[table.name] = found
        with self._target.explained(), self._target.writing() as connection:
            copy_ends.set_mark(connection, table.name, Mark(last, done, whole=True))

    def _rows_of(self, table: sa.Table, after: copy_rows.Key | None) -> Iterator[copy_rows.Row]:
        with self._source.explained(f"table {table.name}"):
            yield from copy_rows.read(self._reading, table, after)

    def _count(self, table: sa.Table) -> int:
        with self._source.explained(f"table {table.name}"):
            return copy_rows.count(self._reading, table)

    def _index(self, mark: Mark) -> None:
        if mark.whole:
            return
        with self._source.explained():
            total = copy_words.count_wanted(self._reading)
        done, last = mark.rows, mark.last
        for words in self._words(int(mark.last or 0)):
            done, last = done + len(words), str(words[-1][0])
            with self._target.explained("full-text index"), self._target.writing() as connection:
                copy_words.write(connection, words)
                copy_ends.set_mark(connection, INDEX, Mark(last, done, whole=False))
            self._tell("full-text index", done, total, len(words))
        with self._target.explained(), self._target.writing() as connection:
            copy_ends.set_mark(connection, INDEX, Mark(last, done, whole=True))

    def _words(self, after: int) -> Iterator[list[copy_words.Words]]:
        with self._source.explained("full-text index"):
            yield from copy_words.read(self._reading, after)

    # -- comparing -----------------------------------------------------------------------------------

    def _compare(self) -> tuple[dict[str, Table], int]:
        """Return each table as it is on both sides, and the articles in the index. Raises: CopyDiffers."""
        found = {}
        with self._target.explained(), self._target.frozen() as connection:
            for table in copy_ends.tables():
                there = self._sum(connection, table)
                here = self._sums.get(table.name) or self._sum(self._reading, table)
                if here != there:
                    self._tell_difference(connection, table, here, there)
                found[table.name] = Table(there.rows, there.checksum)
            wanted, indexed = copy_words.count_wanted(connection), copy_words.count(connection)
        if wanted != indexed:
            raise errors.CopyDiffers(f"the full-text index of DST holds {indexed} articles of {wanted}")
        return found, indexed

    def _sum(self, connection: sa.Connection, table: sa.Table) -> copy_rows.Sum:
        found, total, before = copy_rows.Sum(), copy_rows.count(connection, table), 0
        for found in copy_rows.sum_up(copy_rows.read(connection, table), table, self._plain):
            self._tell(f"comparing {table.name}", found.rows, total, found.rows - before)
            before = found.rows
        return found

    def _tell_difference(
        self, connection: sa.Connection, table: sa.Table, here: copy_rows.Sum, there: copy_rows.Sum
    ) -> None:
        """Raise CopyDiffers with the first key that is not the same on both sides."""
        key = copy_rows.first_difference(self._reading, connection, table, self._plain)
        if key is None:
            key = copy_rows.first_difference(connection, self._reading, table, self._plain)
        place = "" if key is None else f", first at key {', '.join(map(str, key))}"
        raise errors.CopyDiffers(
            f"table {table.name} differs{place}: SRC has {here.rows} rows with checksum {here.checksum}, DST "
            f"{there.rows} with {there.checksum}. Was one of them changed since the copy was begun?"
        )

    # -- the end -------------------------------------------------------------------------------------

    def _finish(self, now: datetime) -> None:
        """Number new rows behind the copied ones, and let daemons in.

        The lock file comes first: a later epoch, of a database that stood here before, would forbid every start.
        """
        with self._target.explained():
            hold.note_epoch(self._target.engine, self._stamp.epoch or None)
            with self._target.writing() as connection:
                if self._target.is_postgresql:
                    for table in copy_ends.tables():
                        _number_on(connection, table)
                copy_ends.finish(connection, now)
            if self._target.is_postgresql:
                with self._target.writing() as connection:
                    connection.exec_driver_sql("ANALYZE")


def _number_on(connection: sa.Connection, table: sa.Table) -> None:
    """Let the sequence of a table's ids go on behind the highest."""
    column = table.autoincrement_column
    if column is None:
        return
    name = connection.scalar(sa.select(sa.func.pg_get_serial_sequence(table.name, column.name)))
    highest = connection.scalar(sa.select(sa.func.max(column)))
    if name is not None:
        connection.execute(sa.select(sa.func.setval(name, highest or 1, highest is not None)))


def _count_states(connection: sa.Connection) -> dict[str, int]:
    query = sa.select(messages.c.state, sa.func.count()).group_by(messages.c.state)
    return {state: int(number) for state, number in connection.execute(query)}
