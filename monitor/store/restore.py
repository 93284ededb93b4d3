"""Put a backup in the place of a database: looked at as something that a stranger sent, and nothing is lost on the way.

The backup is copied beside the database first. Only the copy is opened, checked, and brought up to date, with the
database's lock held; then the two change places, and what stood there is kept under another name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor import errors
from monitor.store import batches, database, hold, migrate
from monitor.store.schema import alerts, articles, messages

MAGIC = b"SQLite format 3\0"
RESTORED = "restored"
"""Why messages are dead that waited when the backup was made."""

_OPEN = ("queued", "sending", "uncertain")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done. `kept`: where the database of before is now, None if there was none."""

    schema: str
    upgraded_from: str | None
    kept: Path | None
    articles: int
    alerts: int
    newest: datetime | None
    messages: int
    """Open ones that are not sent again."""


def restore(url: str, source: Path, now: datetime) -> Restored:
    """Check a backup and put it in the place of the database of `url`.

    Raises: DatabaseUnusable for what is no backup of ours or for PostgreSQL; DatabaseDamaged; DatabaseTooNew;
    DatabaseHeld while a daemon runs on the database, or on the backup.
    """
    target = database.sqlite_path(url)
    if target is None:
        raise errors.DatabaseUnusable("this restore is for SQLite; use pg_restore for a PostgreSQL database")
    _require_backup(source, target)
    engine = database.open_engine(url)
    copy = target.with_name(f"{target.name}.restoring")
    try:
        with hold.exclusive(engine):
            engine.dispose()
            _clear(copy)
            _copy(source, copy)
            _check(copy, source)
            before = _bring_up_to_date(copy)
            told = _prepare(copy, now)
            kept = _swap(copy, target, now)
            _note(url)
            return Restored(migrate.newest(), before if before != migrate.newest() else None, kept, **told)
    finally:
        engine.dispose()
        _clear(copy)


# -- the backup ------------------------------------------------------------------------------------


def _require_backup(source: Path, target: Path) -> None:
    """Refuse what is no file that stands still, before a byte of it is read as a database."""
    try:
        found = source.stat()
        begin = source.open("rb").read(len(MAGIC)) if stat.S_ISREG(found.st_mode) else b""
    except OSError as fault:
        raise errors.DatabaseUnusable(f"the backup {source} cannot be read: {fault.strerror}") from fault
    if target.exists() and os.path.samefile(source, target):
        raise errors.DatabaseUnusable(f"{source} is the database itself; name a backup")
    if begin != MAGIC:
        raise errors.DatabaseUnusable(f"{source} is no SQLite database; `wirewatch db backup` writes backups")
    journal = source.with_name(source.name + "-wal")
    if journal.exists() and journal.stat().st_size:
        raise errors.DatabaseUnusable(
            f"{source} is a database in use: {journal.name} beside it holds a part of it. "
            f"Make a backup of it with `wirewatch db backup`, and restore that"
        )
    _require_idle(source)


def _require_idle(source: Path) -> None:
    lock = source.with_name(source.name + ".lock")
    if not lock.exists():
        return
    with lock.open("r") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as fault:
            raise errors.DatabaseHeld(
                f"another wirewatch runs on {source}; make a backup of it and restore that"
            ) from (fault)


def _copy(source: Path, copy: Path) -> None:
    free = shutil.disk_usage(copy.parent).free
    need = source.stat().st_size
    if free < need:
        raise errors.DatabaseUnusable(
            f"the backup has {need / 1e6:.0f} MB and {copy.parent} only {free / 1e6:.0f} MB free; make room first"
        )
    try:
        shutil.copyfile(source, copy)
        copy.chmod(0o600)
    except OSError as fault:
        raise errors.DatabaseUnusable(f"the backup cannot be copied to {copy}: {fault.strerror}") from fault


def _check(copy: Path, source: Path) -> None:
    """Refuse a copy that is damaged, or holds anything that this program does not make (A24)."""
    module = database.sqlite_module()
    try:
        with closing(module.connect(f"file:{copy}?mode=ro", uri=True)) as connection:
            for pragma in ("trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
                connection.execute(f"PRAGMA {pragma}")
            answer = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            foreign = _foreign(connection)
    except module.DatabaseError as fault:
        raise errors.DatabaseDamaged(f"the backup {source} is damaged ({fault}); nothing was changed") from fault
    if answer != "ok":
        raise errors.DatabaseDamaged(f"the backup {source} is damaged ({answer.splitlines()[0]}); nothing was changed")
    if foreign:
        raise errors.DatabaseUnusable(f"{source} is no backup of Wirewatch: {foreign}; nothing was changed")


def _foreign(connection: Any) -> str | None:
    """Return what in a schema is not ours. Triggers and views would run with every write of the daemon."""
    found = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
    if not any(name == "alembic_version" for _, name, _ in found):
        return "it holds no Wirewatch tables"
    known = own_names()
    for kind, name, sql in found:
        if kind not in ("table", "index"):
            return f"it holds a {kind} `{str(name)[:60]}`"
        if kind == "table" and name not in known and not str(name).startswith("sqlite_"):
            return f"it holds a table `{str(name)[:60]}`"
        if str(sql or "").upper().startswith("CREATE VIRTUAL") and name != "search":
            return f"`{str(name)[:60]}` is no plain table"
    return None


def own_names() -> frozenset[str]:
    """Return the names of all tables that a database of this version may hold."""
    from monitor.store.schema import metadata

    of_search = (f"search_{part}" for part in ("data", "idx", "docsize", "config", "content"))
    return frozenset({*metadata.tables, "alembic_version", "search", *of_search})


def _bring_up_to_date(copy: Path) -> str | None:
    """Migrate the copy, and return the schema that it had. Raises: DatabaseTooNew."""
    engine = database.open_engine(f"sqlite:///{copy}")
    try:
        migrate.refuse_newer(engine)
        before = migrate.revision_of(engine)
        migrate.upgrade_in_place(engine)
        wrong = _unlike(engine)
    except sa.exc.DBAPIError as fault:
        raise errors.DatabaseDamaged(f"the backup cannot be brought up to date ({fault.orig})") from fault
    finally:
        engine.dispose()
    if wrong:
        raise errors.DatabaseUnusable(f"the backup's tables are not as this version makes them: {wrong}")
    return before


def _unlike(engine: sa.Engine) -> str | None:
    """Return the first table or column that a migrated copy lacks or has beside those of this version."""
    from monitor.store.schema import metadata

    there = sa.inspect(engine)
    for table in metadata.sorted_tables:
        if not there.has_table(table.name):
            return f"`{table.name}` is missing"
        columns = {column["name"] for column in there.get_columns(table.name)}
        differing = columns ^ {column.name for column in table.columns}
        if differing:
            return f"`{table.name}.{min(differing)}`"
    return None


# -- the exchange ------------------------------------------------------------------------------------


def _prepare(copy: Path, now: datetime) -> dict[str, Any]:
    """Keep what waited from being sent again, and count what there is."""
    engine = database.open_engine(f"sqlite:///{copy}")
    try:
        with engine.connect().execution_options(writes=True) as connection, connection.begin():
            batches.note_restored(connection, now)
            dead = messages.update().where(messages.c.state.in_(_OPEN)).values(state="dead", reason=RESTORED)
            silent = connection.execute(dead).rowcount
            counted = [
                connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in (articles, alerts)
            ]
            newest = connection.scalar(sa.select(sa.func.max(articles.c.first_seen)))
    finally:
        engine.dispose()  # the last connection folds the journal into the file
    return {"articles": counted[0], "alerts": counted[1], "newest": newest, "messages": silent}


def _swap(copy: Path, target: Path, now: datetime) -> Path | None:
    """Put the copy in the database's place, and return where that is kept, its journal beside it."""
    database.sync(copy)
    kept: Path | None = None
    if target.exists():
        kept = target.with_name(f"{target.name}.before-restore-{now:%Y%m%dT%H%M%S.%f}")
        for suffix in ("-wal", "-shm", ""):  # a journal without its database is lost, the reverse is noticed
            part = target.with_name(target.name + suffix)
            if part.exists():
                part.rename(kept.with_name(kept.name + suffix))
    copy.rename(target)
    database.sync(target.parent)
    return kept


def _note(url: str) -> None:
    """Let the lock file know how far this state has come, so that it is not taken for one that lost its journal."""
    engine = database.open_engine(url)
    try:
        with engine.connect() as connection:
            last = hold.read_holder(connection)
        hold.note_epoch(engine, last.epoch if last else None)
    finally:
        engine.dispose()


def _clear(copy: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        with contextlib.suppress(FileNotFoundError):
            copy.with_name(copy.name + suffix).unlink()
