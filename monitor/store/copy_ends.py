"""The two ends of a copy: whether rows may be taken from the one and put into the other, and how far a copy has come.

While a database is half a copy, its schema revision says COPYING: no version of this program starts on it, reads it or
writes to it. How far the copy has come stands in a table of its own, in the same transactions as the rows.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from monitor import errors
from monitor.store import copy_words, database, hold, migrate, restore, visit
from monitor.store.schema import alerts, articles, daemon, feeds, metadata, signing_keys

NOT_COPIED: Mapping[str, str] = {
    "members": "the processes of a cluster, none of which works on the copy",
    "claims": "what those processes worked on: it is free on the copy",
    "host_slots": "their requests under way",
    "schema_steps": "how the copy's own schema came about",
}
"""Tables that stay behind, and why. `alembic_version` and `search` are each database's own."""
MADE_FULL = "schema_steps"
"""The one table that a new database has rows in."""
QUEUE = "procrastinate_"
"""How the names of the queue's own tables begin: what is due stands in our tables, and is deferred anew from them."""

_MARKS = sa.Table(
    "copy_marks",
    sa.MetaData(),
    sa.Column("name", sa.String(100), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
_SOURCE = "*"
"""The mark that says what is copied; the others bear the names of tables."""


class State(Enum):
    """What a target holds."""

    EMPTY = "empty"
    HALF = "half"
    WHOLE = "whole"
    """All of the source as it is now: its last daemon was the source's, so none has run on it."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What is copied: `source` as `named` gives it, at which epoch (`epoch_of`), into which schema."""

    source: str
    epoch: int
    schema: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a table is copied: the last key, as text, how many rows so far, and whether that is all of them."""

    last: str
    rows: int
    whole: bool


def tables() -> list[sa.Table]:
    """Return the tables that are copied, none before one that it points to."""
    return [table for table in metadata.sorted_tables if table.name not in NOT_COPIED]


def shown(url: str) -> str:
    """Return a database's address without its password."""
    parsed = sa.make_url(url)
    return parsed.update_query_dict(dict.fromkeys(_secret(parsed), "***")).render_as_string(
        hide_password=bool(parsed.password)
    )


def named(url: str) -> str:
    """Return a database's address without any password, wherever that comes from the next time."""
    parsed = sa.make_url(url)
    parsed = parsed.difference_update_query(_secret(parsed))
    bare = sa.URL.create(
        parsed.drivername, parsed.username, None, parsed.host, parsed.port, parsed.database, parsed.query
    )
    return bare.render_as_string()


def _secret(parsed: sa.URL) -> list[str]:
    return [name for name in parsed.query if "pass" in name]


@dataclass(frozen=True, slots=True)
class End:
    """One of the two databases; `role` names it in every fault."""

    role: str
    url: str
    engine: sa.Engine

    @property
    def is_postgresql(self) -> bool:
        """Return whether it is PostgreSQL."""
        return self.engine.dialect.name == "postgresql"

    @contextlib.contextmanager
    def explained(self, what: str = "") -> Iterator[None]:
        """Let every fault of this database say which of the two it is, and `what` was being done."""
        said = f"{self.role}, {what}: " if what else f"{self.role}: "
        try:
            yield
        except errors.CopyDiffers:
            raise
        except errors.StoreError as fault:
            raise type(fault)(f"{said}{fault}") from fault
        except sa.exc.DBAPIError as fault:
            explained = visit.explain(fault, self.url)
            raise type(explained)(f"{said}{explained}") from fault
        except self.engine.dialect.loaded_dbapi.Error as fault:  # of COPY, which SQLAlchemy does not know
            raise errors.DatabaseUnusable(f"{said}{' '.join(str(fault).split())}") from fault

    @contextlib.contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Yield a connection in one transaction, which may take as long as it needs."""
        with self.engine.connect().execution_options(writes=True) as connection, connection.begin():
            self._take_time(connection)
            yield connection

    @contextlib.contextmanager
    def frozen(self) -> Iterator[sa.Connection]:
        """Yield a connection for which, and for all others, this database stays as it is while the block runs.

        Others may read. Commands that would write wait, and give up with a reason.
        """
        options: dict[str, Any] = (
            {"isolation_level": "REPEATABLE READ"} if self.is_postgresql else {"writes": True}  # BEGIN IMMEDIATE
        )
        with self.engine.connect().execution_options(**options) as connection, connection.begin():
            if self.is_postgresql:
                self._take_time(connection)
                quoted = connection.dialect.identifier_preparer
                names = ", ".join(map(quoted.format_table, tables()))
                connection.exec_driver_sql("SET LOCAL lock_timeout = '10s'")
                connection.exec_driver_sql(f"LOCK TABLE {names} IN SHARE MODE")
            yield connection

    def _take_time(self, connection: sa.Connection) -> None:
        if self.is_postgresql:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            connection.exec_driver_sql("SET LOCAL timezone = 'UTC'")  # far dates would leave the calendar elsewhere


# -- before a lock is taken --------------------------------------------------------------------------


def require_address(role: str, url: str) -> None:
    """Refuse what is no address, without its words, which may hold a password. Raises: DatabaseUnusable."""
    try:
        sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as fault:
        raise errors.DatabaseUnusable(
            f"{role}: that is no address of a database; write postgresql://user@host:5432/name"
        ) from fault


def require_apart(source: str, target: str) -> None:
    """Refuse two names of one database. Raises: DatabaseUnusable."""
    one, other = database.sqlite_path(source), database.sqlite_path(target)
    same = sa.make_url(source) == sa.make_url(target)
    if one is not None and other is not None:
        same = one.resolve() == other.resolve() or (one.exists() and other.exists() and one.samefile(other))
    if same:
        raise errors.DatabaseUnusable("SRC and DST are the same database; name two")


def require_source_file(url: str) -> None:
    """Refuse a source that is not there, or not ours, without touching it. Raises: DatabaseUnusable."""
    path = database.sqlite_path(url)
    if path is None:
        return
    if not path.is_file():
        raise errors.DatabaseUnusable(f"SRC: there is no database {path}")
    if "alembic_version" not in _names_in_file(path, "SRC"):
        raise errors.DatabaseUnusable(f"SRC: {path} holds no Wirewatch tables")


def require_target_file(url: str) -> None:
    """Refuse a target file of something else without touching it. Raises: DatabaseUnusable."""
    path = database.sqlite_path(url)
    if path is not None and path.exists():
        if not path.is_file():
            raise errors.DatabaseUnusable(f"DST: {path} is no file; name one that does not exist yet")
        _refuse_strange(_names_in_file(path, "DST") if path.stat().st_size else [], f"DST: {path}")


def _names_in_file(path: Path, role: str) -> list[str]:
    """Return the tables in a file. The engine would change a stranger's file as it opens it."""
    module = database.sqlite_module()
    try:
        with closing(module.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            return [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    except module.DatabaseError as fault:
        raise errors.DatabaseUnusable(f"{role}: {path} cannot be read as a database ({fault})") from fault


def _refuse_strange(names: list[str], where: str) -> None:
    known = {*restore.own_names(), _MARKS.name}
    strange = [name for name in names if name not in known and not name.startswith((QUEUE, "sqlite_"))]
    if strange or (names and "alembic_version" not in names):
        raise errors.DatabaseUnusable(
            f"{where} holds a table `{min(strange or names)[:60]}` that Wirewatch did not make; "
            "name a database that is empty. Nothing was written"
        )


# -- with the locks held -----------------------------------------------------------------------------


def stamp_of(source: End, now: datetime) -> Stamp:
    """Return what is copied, once it is found to be whole and of this version.

    Raises: DatabaseDamaged, DatabaseTooNew, DatabaseHeld by a daemon of another machine, DatabaseUnusable.
    """
    database.check_integrity(source.engine)
    migrate.refuse_newer(source.engine)
    hold.require_latest(source.engine)
    present = migrate.revision_of(source.engine)
    if present is None:
        raise errors.DatabaseUnusable(f"{shown(source.url)} holds no Wirewatch tables")
    if present != migrate.newest():
        raise errors.DatabaseUnusable(
            f"it is at schema {present} and this version wants {migrate.newest()}: with a config.toml that names it, "
            "`wirewatch db upgrade`, then copy"
        )
    with source.engine.connect() as connection:
        hold.refuse_living(hold.read_holder(connection), now)
        return Stamp(named(source.url), epoch_of(connection), present)


def epoch_of(connection: sa.Connection) -> int:
    """Return the number of the last daemon or member that took a database, 0: none ever did."""
    last = hold.read_holder(connection)
    counted = connection.scalar(sa.select(_LAST_MEMBER)) if connection.dialect.name == "postgresql" else None
    return max(last.epoch if last else 0, counted or 0)


_SEQUENCE = sa.func.pg_get_serial_sequence("members", "id")
_LAST_MEMBER = sa.func.pg_sequence_last_value(sa.cast(_SEQUENCE, postgresql.REGCLASS))


def look(source: End, target: End, stamp: Stamp) -> State:
    """Return what the target holds; nothing is written.

    Raises: DatabaseTooNew; DatabaseUnusable where it holds anything but a copy of this source.
    """
    if migrate.revision_of(target.engine) == migrate.COPYING:
        with target.engine.connect() as connection:
            _require_same(_read_stamp(connection), stamp)
        return State.HALF
    migrate.refuse_newer(target.engine)
    if target.is_postgresql:
        _require_utf8(target)
    there = _tables_of(target.engine)
    _refuse_strange(sorted(there), shown(target.url))
    with target.engine.connect() as connection:
        if not any(_has_rows(connection, table) for table in _fillable(there)):
            return State.EMPTY
        if migrate.revision_of(target.engine) == stamp.schema and epoch_of(connection) == stamp.epoch:
            with source.engine.connect() as of_source:
                if _keys_of(connection) == _keys_of(of_source) != []:
                    return State.WHOLE
        counted = {table: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
                   for table in (feeds, articles, alerts) if table.name in there}  # fmt: skip
    raise errors.DatabaseUnusable(
        f"{shown(target.url)} holds an installation already ("
        + ", ".join(f"{number} {table.name}" for table, number in counted.items())
        + "); name a database that is empty. Nothing was written"
    )


def _require_utf8(target: End) -> None:
    """Refuse a database that cannot hold every character, or keeps bytes in the place of texts."""
    with target.engine.connect() as connection:
        encoding = connection.exec_driver_sql("SHOW server_encoding").scalar()
    if encoding != "UTF8":
        raise errors.DatabaseUnusable(
            f"{shown(target.url)} has the encoding {encoding}; make one with CREATE DATABASE ... ENCODING 'UTF8' "
            "TEMPLATE template0"
        )


def _keys_of(connection: sa.Connection) -> list[tuple[object, ...]]:
    """Return what an installation signs with, which tells it from every other."""
    return sorted(map(tuple, connection.execute(sa.select(signing_keys))))


def _tables_of(engine: sa.Engine) -> set[str]:
    path = database.sqlite_path(str(engine.url))
    return set() if path is not None and not path.exists() else set(sa.inspect(engine).get_table_names())


def _fillable(there: set[str]) -> list[sa.Table]:
    """Return the tables of ours among `there` that a new database has no rows in."""
    return [table for table in metadata.sorted_tables if table.name in there and table.name != MADE_FULL]


def _has_rows(connection: sa.Connection, table: sa.Table) -> bool:
    return connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).first() is not None


def _require_same(half: Stamp, stamp: Stamp) -> None:
    again = "`--anew` empties it and begins again"
    if half.source != stamp.source:
        raise errors.DatabaseUnusable(f"it holds half a copy of {half.source}; {again}. Nothing was written")
    if half.epoch != stamp.epoch:
        raise errors.DatabaseUnusable(f"the monitor has run on SRC since this copy was begun; {again}")
    if half.schema != stamp.schema:
        raise errors.DatabaseUnusable(f"this copy was begun by another version (schema {half.schema}); {again}")


# -- how far a copy has come -------------------------------------------------------------------------


def begin(connection: sa.Connection, stamp: Stamp) -> None:
    """Let an empty target of the newest schema be half a copy."""
    _MARKS.create(connection)
    value = json.dumps([stamp.source, stamp.epoch, stamp.schema])
    connection.execute(_MARKS.insert(), {"name": _SOURCE, "value": value})
    _set_revision(connection, migrate.COPYING)


def finish(connection: sa.Connection, now: datetime) -> None:
    """Let half a copy be an installation, which the next daemon takes with the next epoch after the source's."""
    stamp = _read_stamp(connection)
    if stamp.epoch:
        _go_on_from(connection, stamp.epoch, now)
    _end(connection, stamp)


def _end(connection: sa.Connection, stamp: Stamp) -> None:
    _MARKS.drop(connection)
    _set_revision(connection, stamp.schema)


def _go_on_from(connection: sa.Connection, epoch: int, now: datetime) -> None:
    """Let the next epoch be the one after `epoch`: of daemons on SQLite, of daemons and members on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.setval(_SEQUENCE, epoch)))
    elif not connection.execute(daemon.update().values(epoch=epoch)).rowcount:  # a cluster leaves no such row
        gone = now - hold.STALE
        row = {"id": 1, "boot_id": "", "pid": 0, "host": "", "epoch": epoch, "beat": gone, "started_at": gone}
        connection.execute(daemon.insert(), row)


def clear(target: End) -> None:
    """Empty half a copy, whatever it is a copy of; any other database stays as it is."""
    if migrate.revision_of(target.engine) != migrate.COPYING:
        return
    there = _tables_of(target.engine)
    with target.writing() as connection:
        for table in reversed(_fillable(there)):
            connection.execute(table.delete())
        copy_words.clear(connection)
        _end(connection, _read_stamp(connection))


def read_marks(connection: sa.Connection) -> dict[str, Mark]:
    """Return how far each table is copied, by name; one that is not begun is not there."""
    rows = connection.execute(sa.select(_MARKS).where(_MARKS.c.name != _SOURCE))
    return {row.name: Mark(*json.loads(row.value)) for row in rows}


def set_mark(connection: sa.Connection, name: str, mark: Mark) -> None:
    """Note how far a table is copied."""
    value = json.dumps([mark.last, mark.rows, mark.whole])
    if not connection.execute(_MARKS.update().where(_MARKS.c.name == name).values(value=value)).rowcount:
        connection.execute(_MARKS.insert(), {"name": name, "value": value})


def _read_stamp(connection: sa.Connection) -> Stamp:
    value = connection.execute(sa.select(_MARKS.c.value).where(_MARKS.c.name == _SOURCE)).scalar_one()
    return Stamp(*json.loads(value))


def _set_revision(connection: sa.Connection, revision: str) -> None:
    connection.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
