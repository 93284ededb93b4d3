"""One daemon a database: a file lock and a row, and a check of the row in every write.

The lock says that no other process of this machine runs on the file. The row {boot_id, pid, host, epoch, beat} covers
what a lock cannot: another machine on the same mount, and a daemon that was frozen and thawed after another took over.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any

import sqlalchemy as sa

from monitor import errors
from monitor.store import database, members
from monitor.store.schema import daemon

HOLDING_LOCK = 7_236_000
"""Key of the PostgreSQL advisory lock that a daemon holds for its whole life."""
STALE = timedelta(seconds=30)
"""A row of another boot whose beat is older than this belongs to a daemon that is gone."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the database; `epoch` grows by one with every daemon that takes it."""

    boot_id: str
    pid: int
    host: str
    epoch: int
    beat: datetime


def boot_id() -> str:
    """Return what tells this boot of this machine from every other."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return f"{socket.gethostname()}-{uuid.getnode():x}"


def read_holder(connection: sa.Connection) -> Holder | None:
    """Return the row of the last daemon, None if there never was one."""
    row = connection.execute(sa.select(daemon)).mappings().first()
    if row is None:
        return None
    return Holder(row["boot_id"], row["pid"], row["host"], row["epoch"], row["beat"])


@contextlib.contextmanager
def exclusive(engine: sa.Engine) -> Iterator[None]:
    """Hold the database for this process while the block runs.

    SQLite: flock on `<database>.lock`. PostgreSQL: an advisory lock of a session of its own, which ends with it.
    Raises: DatabaseHeld at once when another process has it, naming the holder.
    """
    path = database.sqlite_path(str(engine.url))
    with _advisory_lock(engine) if path is None else _file_lock(path):
        yield


@contextlib.contextmanager
def shared(engine: sa.Engine) -> Iterator[None]:
    """Hold a PostgreSQL database together with other members of a cluster while the block runs.

    Raises: DatabaseHeld when a command has it for itself: an upgrade, a copy, `run --once`.
    """
    with _session_lock(engine, sa.func.pg_try_advisory_lock_shared, sa.func.pg_advisory_unlock_shared):
        yield


@contextlib.contextmanager
def _advisory_lock(engine: sa.Engine) -> Iterator[None]:
    with _session_lock(engine, sa.func.pg_try_advisory_lock, sa.func.pg_advisory_unlock):
        _refuse_members(engine)
        yield


def _refuse_members(engine: sa.Engine) -> None:
    """Refuse a database on which members work; those that gave no sign of life are ended.

    A member that outlived a restart of the server has lost the lock that it held, and works on all the same.
    """
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("members") or not members.list_living(connection):
            return
    database.write_once(engine, members.reap)
    with engine.connect() as connection:
        if members.list_living(connection):
            raise _held_by(connection)


@contextlib.contextmanager
def _session_lock(engine: sa.Engine, take: Any, let_go: Any) -> Iterator[None]:
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if not connection.execute(sa.select(take(HOLDING_LOCK))).scalar():
            raise _held_by(connection)
        try:
            yield
        finally:
            with contextlib.suppress(sa.exc.DBAPIError):  # a server that is gone holds no lock
                connection.execute(sa.select(let_go(HOLDING_LOCK)))
            connection.invalidate()


def _held_by(connection: sa.Connection) -> errors.DatabaseHeld:
    return errors.DatabaseHeld(
        f"another wirewatch holds this database: {_holders(connection)}; stop it first, or give this one its own"
    )


def _holders(connection: sa.Connection) -> str:
    """Say who works on a PostgreSQL database: the members of a cluster, else the daemon that took it last."""
    inspect = sa.inspect(connection)
    living = members.list_living(connection) if inspect.has_table("members") else []
    if living:
        return ", ".join(f"process {one.pid} on {one.host} ({one.role})" for one in living)
    last = read_holder(connection) if inspect.has_table(daemon.name) else None
    return f"process {last.pid} on {last.host}" if last else "an unknown process"


@contextlib.contextmanager
def _file_lock(path: Path) -> Iterator[None]:
    with _lock_file(path).open("a+") as file:
        _lock(file, path)
        _write_lock(path, _noted_epoch(path))
        yield


def _lock(file: IO[str], path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        file.seek(0)
        holder = file.readline(200).strip() or "an unknown process"
        raise errors.DatabaseHeld(
            f"another wirewatch holds {path}: process {holder}; stop it first, or give this one a database of its own"
        ) from fault


def beside(url: str, suffix: str) -> Path | None:
    """Return a file beside an SQLite database; None for another one."""
    path = database.sqlite_path(url)
    return None if path is None else path.with_name(path.name + suffix)


def _lock_file(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _write_lock(path: Path, epoch: int | None) -> None:
    noted = "" if epoch is None else f"epoch {epoch}\n"
    _lock_file(path).write_text(f"{os.getpid()} on {socket.gethostname()}\n{noted}")


def _noted_epoch(path: Path) -> int | None:
    try:
        words = _lock_file(path).read_text("utf-8", "replace").split()
    except OSError:
        return None
    return int(words[-1]) if words[-2:-1] == ["epoch"] and words[-1].isdecimal() else None


def note_epoch(engine: sa.Engine, epoch: int | None) -> None:
    """Write beside the database which epoch it reached (None: none), so that an older state is known as such."""
    path = database.sqlite_path(str(engine.url))
    if path is not None:
        _write_lock(path, epoch)


def require_latest(engine: sa.Engine) -> None:
    """Refuse a database that is older than its last daemon: its journal (`-wal`) was lost, or it was replaced.

    Such a file is whole by itself: no integrity check sees that commits are gone.
    Raises: DatabaseDamaged naming the file and the remedy.
    """
    path = database.sqlite_path(str(engine.url))
    noted = _noted_epoch(path) if path is not None and path.exists() else None
    if path is None or noted is None:
        return
    with engine.connect() as connection:
        last = read_holder(connection) if sa.inspect(connection).has_table(daemon.name) else None
    if last is None or last.epoch < noted:
        raise errors.DatabaseDamaged(
            f"the database {path} lacks what its last run wrote: its journal {path.name}-wal is gone, or an older copy "
            f"stands in its place. Bring {path.name}-wal back, or, to go on with this older state: rm {path}.lock"
        )


def take(connection: sa.Connection, now: datetime) -> int:
    """Write this process into the row and return its epoch; the caller holds the file lock.

    Raises: DatabaseHeld when a daemon of another boot gave a sign of life within STALE.
    """
    last = read_holder(connection)
    refuse_living(last, now)
    epoch = _next_epoch(connection, last)
    values = {"boot_id": boot_id(), "pid": os.getpid(), "host": socket.gethostname(), "epoch": epoch, "beat": now}
    if last is None:
        connection.execute(daemon.insert().values(id=1, started_at=now, **values))
    else:
        connection.execute(daemon.update().values(started_at=now, **values))
    return epoch


def refuse_living(last: Holder | None, now: datetime) -> None:
    """Raise DatabaseHeld when a daemon of another boot, which no lock shows, gave a sign of life within STALE."""
    if last is not None and last.boot_id != boot_id() and now - last.beat < STALE:
        raise errors.DatabaseHeld(
            f"another wirewatch holds this database: process {last.pid} on {last.host}, "
            f"last seen {last.beat:%H:%M:%S} UTC; stop it, or wait {STALE.seconds} s after it is gone"
        )


def _next_epoch(connection: sa.Connection, last: Holder | None) -> int:
    if connection.dialect.name == "postgresql":
        return members.next_epoch(connection)  # its members are numbered by the same count
    return 1 if last is None else last.epoch + 1


def record_beat(connection: sa.Connection, now: datetime) -> None:
    """Show that this daemon lives."""
    connection.execute(daemon.update().values(beat=now))


def require_epoch(connection: sa.Connection, epoch: int) -> None:
    """Raise Fenced when another daemon has taken the database since."""
    present = connection.execute(sa.select(daemon.c.epoch)).scalar()
    if present != epoch:
        raise errors.Fenced(
            f"another wirewatch has taken over the database (epoch {present}, ours {epoch}); "
            "this one stops without writing"
        )
