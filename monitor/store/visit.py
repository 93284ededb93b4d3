"""The database as commands visit it: beside a running daemon, without its lock, with plain words for every fault.

Reading never creates or migrates anything. Writing is one short BEGIN IMMEDIATE.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from monitor import errors
from monitor.store import database, hold, migrate

T = TypeVar("T")
_DAMAGE = ("malformed", "not a database", "file is encrypted")


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What an upgrade did; `before` is None for a database that was new, `backup` where none was needed."""

    before: str | None
    after: str
    backup: Path | None


@contextlib.contextmanager
def reading(url: str) -> Iterator[sa.Connection | None]:
    """Yield a reading connection; None where there is no database yet.

    Raises: StoreError of the kind that says what is wrong.
    """
    with _opened(url) as engine:
        if engine is None or not _has_schema(engine):
            yield None
            return
        with engine.connect() as connection:
            yield connection


@contextlib.contextmanager
def reading_again(url: str) -> Iterator[sa.Connection]:
    """Yield a reading connection of a process that asks often: the database is opened and looked at once.

    Raises: DatabaseUnusable where there is no database; StoreError.
    """
    with _explained(url), _kept(url).connect() as connection:
        yield connection


@functools.lru_cache(maxsize=2)
def _kept(url: str) -> sa.Engine:
    engine = database.open_engine(url)
    if not _has_schema(engine):
        raise errors.DatabaseUnusable("there is no database yet; `wirewatch run` makes one")
    return engine


def write(url: str, job: Callable[[sa.Connection], T]) -> T:
    """Run `job` in one short writing transaction and return what it returns.

    Raises: DatabaseUnusable where there is no database yet; StoreError.
    """
    with _opened(url) as engine:
        if engine is None or not _has_schema(engine):
            raise errors.DatabaseUnusable("there is no database yet; `wirewatch db upgrade` makes one")
        done: T = database.write_once(engine, job)
        return done


def upgrade(url: str, now: datetime) -> Upgraded:
    """Bring the schema up to date, or make a new database; no daemon may run on it.

    Raises: DatabaseHeld, DatabaseDamaged, DatabaseTooNew, DatabaseUnusable.
    """
    engine = database.open_engine(url)
    try:
        with _explained(url), hold.exclusive(engine):
            database.check_integrity(engine)
            migrate.refuse_newer(engine)
            before = migrate.revision_of(engine)
            saved = migrate.upgrade(engine, now)
            return Upgraded(before, migrate.newest(), saved)
    finally:
        engine.dispose()


def backup(url: str, target: Path) -> None:
    """Write a consistent copy of an SQLite database while a daemon runs on it. Raises: StoreError."""
    with _opened(url) as engine:
        if engine is None:
            raise errors.DatabaseUnusable("there is no database yet, so there is nothing to back up")
        database.backup(engine, target)


@contextlib.contextmanager
def _opened(url: str) -> Iterator[sa.Engine | None]:
    path = database.sqlite_path(url)
    if path is not None and (not path.exists() or path.stat().st_size == 0):
        yield None
        return
    engine = database.open_engine(url)
    try:
        with _explained(url):
            yield engine
    finally:
        engine.dispose()


def _has_schema(engine: sa.Engine) -> bool:
    """Return whether the schema is ours and present. Raises: DatabaseTooNew; DatabaseUnusable for an older one."""
    migrate.refuse_unfit(engine)
    present = migrate.revision_of(engine)
    if present is not None and not migrate.fits(engine, present):
        raise errors.DatabaseUnusable(
            f"the database is at schema {present} and this version wants {migrate.newest()}: "
            "stop the daemon, then `wirewatch db upgrade`"
        )
    return present is not None


@contextlib.contextmanager
def _explained(url: str) -> Iterator[None]:
    try:
        yield
    except sa.exc.DBAPIError as fault:
        raise explain(fault, url) from fault


def explain(fault: sa.exc.DBAPIError, url: str) -> errors.StoreError:
    """Return the error of ours that says what a driver met."""
    words = str(fault.orig).strip()
    path = database.sqlite_path(url)
    if any(sign in words for sign in _DAMAGE):
        return errors.DatabaseDamaged(
            f"the database {path} is damaged ({words}). Keep the file, and put a backup in its place: cp BACKUP {path}"
        )
    if database.is_locked(fault):
        return errors.StoreError(f"the database {path} is busy: another process is writing; try again")
    return errors.DatabaseUnusable(f"the database cannot be used: {words}")
