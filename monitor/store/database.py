"""Open a database, and refuse it with a reason where it cannot be used.

SQLite: WAL with SQLite 3.51.3 or later (the WAL-reset bug needs two writers, which this product has), else
journal_mode=DELETE; synchronous=FULL; BEGIN IMMEDIATE for every writer, since a deferred transaction that turns into a
writer fails at once with SQLITE_BUSY_SNAPSHOT. PostgreSQL: psycopg 3, with deadlines on every connection.
Source: https://www.sqlite.org/wal.html, https://www.sqlite.org/releaselog/3_51_3.html
"""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from monitor import errors
from monitor.store import deadlines, later

Engine = sa.Engine
DriverError = sa.exc.DBAPIError
"""What a driver raises, wrapped; `orig` is its own error. Above the store these are known by these names only."""

WAL_SAFE = (3, 51, 3)
BUSY_TIMEOUT = 5.0
"""Seconds SQLite itself waits for a lock; the writer then tries again for as long as it takes."""


def sqlite_module() -> ModuleType:
    """Return the newest SQLite there is: pysqlite3 where it has a wheel, else the standard library's."""
    if sys.platform == "linux":
        try:
            from pysqlite3 import dbapi2
        except ImportError:
            return sqlite3
        return dbapi2  # type: ignore[no-any-return]
    return sqlite3


def uses_wal(module: ModuleType) -> bool:
    """Return whether this SQLite may use WAL with two writing processes."""
    return tuple(module.sqlite_version_info) >= WAL_SAFE


def sqlite_path(url: str) -> Path | None:
    """Return the file of an SQLite URL, None for another database."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def open_engine(url: str) -> sa.Engine:
    """Return an engine for `url`; nothing is created or changed yet.

    Raises: DatabaseUnusable when the folder cannot be written or the server's driver cannot parse the URL.
    """
    path = sqlite_path(url)
    return _open_postgres(url) if path is None else _open_sqlite(path)


def _open_sqlite(path: Path) -> sa.Engine:
    _require_writable(path)
    module = sqlite_module()
    engine = sa.create_engine(
        f"sqlite:///{path}",
        module=module,
        connect_args={"timeout": BUSY_TIMEOUT, "check_same_thread": False},
        pool_size=6,
        max_overflow=10,
        pool_use_lifo=True,  # few of them hold pages then
    )
    journal = "WAL" if uses_wal(module) else "DELETE"

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy must not begin for us: see _begin
        cursor = connection.cursor()
        for pragma in (f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON", "cache_size=-2000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        mode = "IMMEDIATE" if connection.get_execution_options().get("writes") else "DEFERRED"
        connection.exec_driver_sql(f"BEGIN {mode}")

    return engine


def open_member_engine(url: str, size: int = 4) -> sa.Engine:
    """Return an engine for a member of a cluster: with deadlines at both ends, and no transaction left open.

    `size`: connections that are kept; so many again for a moment.
    Raises: DatabaseUnusable for anything but PostgreSQL, or an address that its driver cannot parse.
    """
    if sqlite_path(url) is not None:
        raise errors.DatabaseUnusable(
            "one process alone can work on an SQLite database; set [monitor] database to a PostgreSQL address"
        )
    engine = _open_postgres(url, IDLE, size, ping=False)  # which no deadline would end
    later.watch(engine)
    deadlines.watch(engine)
    return engine


PREPARED = 400
"""Statements that a connection keeps planned. Deciding an article takes forty, each in several shapes: of the driver's
own hundred they push one another out, and most are planned anew each time."""
IDLE = 15_000
"""Milliseconds after which the server ends a member's transaction that asks for nothing: its process is frozen."""


def server_deadlines(idle: int) -> dict[str, Any]:
    """Return how a connection, ours or the queue's, is told when its partner is gone, as libpq takes it.

    The server, too, ends the session of a client that is gone or takes nothing, and lets go of its locks.
    `idle`: milliseconds that a transaction may ask for nothing; 0 for ever.
    """
    tcp = "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=2 -c tcp_user_timeout=20000"
    return {
        "connect_timeout": 10,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 2,
        "tcp_user_timeout": 20_000,
        "options": f"-c statement_timeout=30000 -c idle_in_transaction_session_timeout={idle} {tcp}",
    }


def _open_postgres(url: str, idle: int = 0, size: int = 6, ping: bool = True) -> sa.Engine:
    try:
        engine = sa.create_engine(
            url,
            pool_size=size,
            max_overflow=10,
            pool_pre_ping=ping,
            pool_use_lifo=True,  # few of them hold prepared statements then
            connect_args={
                "prepare_threshold": 2,
                "client_encoding": "utf8",  # of SQL_ASCII the driver would hand over bytes
                **server_deadlines(idle),
            },
        )
    except sa.exc.ArgumentError as fault:
        raise errors.DatabaseUnusable(f"cannot use the database address: {fault}") from fault

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.prepared_max = PREPARED

    return engine


def conninfo(url: str) -> str:
    """Return a PostgreSQL URL as its driver takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _require_writable(path: Path) -> None:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise errors.DatabaseUnusable(
            f"cannot create the data folder {folder}: {fault.strerror}; create it, or set [monitor] database"
        ) from fault
    if not os.access(folder, os.W_OK):
        raise errors.DatabaseUnusable(
            f"the data folder {folder} cannot be written by user {os.getuid()}; change its owner or mount it writable"
        )
    if path.exists() and not os.access(path, os.W_OK):
        raise errors.DatabaseUnusable(f"the database {path} cannot be written by user {os.getuid()}; change its owner")
    _probe(folder)


def _probe(folder: Path) -> None:
    """Write for real: access(2) says yes to root on a read-only or full disk."""
    probe = folder / f".wirewatch-probe-{os.getpid()}"
    try:
        probe.write_bytes(b"\0" * 4096)
    except OSError as fault:
        raise errors.DatabaseUnusable(
            f"cannot write into the data folder {folder}: {fault.strerror}; free space or mount it writable"
        ) from fault
    finally:
        probe.unlink(missing_ok=True)


def check_integrity(engine: sa.Engine) -> None:
    """Check an existing SQLite file before anything is written to it.

    Raises: DatabaseDamaged naming the file and the way back; nothing is ever recreated silently.
    """
    path = sqlite_path(str(engine.url))
    if path is None or not path.exists():
        return
    fault = _first_damage(path) if path.stat().st_size else "it is an empty file"
    if fault:
        raise errors.DatabaseDamaged(
            f"the database {path} is damaged ({fault}). {remedy(path)} "
            f"(one is written before each upgrade: {path.name}.before-*.backup beside it)"
        )


def remedy(path: Path) -> str:
    """Return the way back from a damaged database."""
    return (
        f"Keep the file, and put a backup in its place: "
        f"mv {path} {path}.damaged; rm -f {path}-wal {path}-shm {path}.lock; cp BACKUP {path}"
    )


def _first_damage(path: Path) -> str | None:
    module = sqlite_module()
    try:
        with closing(module.connect(f"file:{path}?mode=rw", uri=True, timeout=BUSY_TIMEOUT)) as connection:
            answer = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if answer != "ok":
                return str(answer).splitlines()[0]
            schema = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'")
            if schema.fetchone()[0] == 0:
                return "it holds no Wirewatch tables"
    except module.DatabaseError as fault:
        if is_locked(fault):
            return None
        return str(fault)
    return None


def is_locked(fault: BaseException) -> bool:
    """Return whether another process holds the lock: wait, do not fail.

    On PostgreSQL also whether two waited for each other, and the server had one of them give way.
    """
    text = str(fault).lower()
    return "database is locked" in text or "database table is locked" in text or "deadlock detected" in text


def is_full(fault: BaseException) -> bool:
    """Return whether the disk has no room left."""
    text = str(fault).lower()
    return "disk is full" in text or "disk i/o error" in text or "no space left" in text


def backup(engine: sa.Engine, target: Path) -> None:
    """Write a consistent copy of an SQLite database to `target` while others read and write.

    Raises: DatabaseUnusable for PostgreSQL (use pg_dump), an existing target or a disk without room.
    """
    if engine.dialect.name != "sqlite":
        raise errors.DatabaseUnusable("this backup is for SQLite; use pg_dump for a PostgreSQL database")
    if target.exists():
        raise errors.DatabaseUnusable(f"{target} exists already; name a new file")
    partial = target.with_name(target.name + ".part")
    partial.unlink(missing_ok=True)
    try:
        with closing(engine.raw_connection()) as connection:  # VACUUM refuses to run in a transaction
            connection.cursor().execute("VACUUM INTO ?", (str(partial),))
        sync(partial)
        partial.rename(target)
    except (sqlite_module().DatabaseError, OSError) as fault:
        partial.unlink(missing_ok=True)
        raise errors.DatabaseUnusable(f"cannot write the backup {target}: {fault}") from fault


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def write_once(engine: sa.Engine, job: Callable[[sa.Connection], Any]) -> Any:
    """Run `job` in one short writing transaction of its own: for commands, not for the daemon."""
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        return job(connection)
