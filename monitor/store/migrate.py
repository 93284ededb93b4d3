"""Bring a database to this version's schema, after a backup; refuse a newer one untouched.

Alembic is imported only when there is something to migrate: most starts find the schema current.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa

from monitor import errors
from monitor.store import database

FOLDER = Path(__file__).parent / "migrations"
REVISIONS = ("0001", "0002", "0003", "0004", "0005")
"""Every schema revision this version knows, oldest first; a test compares it with the migrations folder."""
COPYING = "copying"
"""Stands in the place of the revision while a database is half a copy of another: no version knows it."""


def revision_of(engine: sa.Engine) -> str | None:
    """Return the schema revision the database is at, None for an empty one, or one that does not exist yet."""
    path = database.sqlite_path(str(engine.url))
    if path is not None and not path.exists():
        return None  # connecting would make an empty file
    with engine.connect() as connection:
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def newest() -> str:
    """Return the schema revision this program writes."""
    return REVISIONS[-1]


def refuse_newer(engine: sa.Engine) -> None:
    """Raise DatabaseTooNew when the database was written by a version that this one does not know.

    Raises: DatabaseUnusable for half a copy (`db copy`).
    """
    present = revision_of(engine)
    if present == COPYING:
        raise errors.DatabaseUnusable(
            "the database is a copy that is not finished: run the same `wirewatch db copy SRC DST` again"
        )
    if present is not None and present not in REVISIONS:
        raise errors.DatabaseTooNew(
            f"the database is at schema {present}, which this version does not know (newest here: {newest()}); "
            "install the version that wrote it or a later one; nothing was changed"
        )


def upgrade(engine: sa.Engine, now: datetime) -> Path | None:
    """Bring the schema up to date; return the backup that was written before, None where none was needed.

    All of it is one transaction, so a kill in the middle leaves the old schema and the next start resumes. A new SQLite
    database is made beside its place and moved there when it is whole: an empty file is never our doing.
    Raises: DatabaseTooNew, DatabaseUnusable (no room for the backup).
    """
    refuse_newer(engine)
    present = revision_of(engine)
    if present == newest():
        return None
    path = database.sqlite_path(str(engine.url))
    if path is not None and not path.exists():
        _make(path)
        return None
    saved = _save(engine, present, now) if present is not None and engine.dialect.name == "sqlite" else None
    _migrate(engine)
    return saved


def upgrade_in_place(engine: sa.Engine) -> None:
    """Bring a database up to date that is itself a copy. Raises: DatabaseTooNew."""
    refuse_newer(engine)
    if revision_of(engine) != newest():
        _migrate(engine)


MIGRATING_LOCK = 7_236_003
"""Key of the PostgreSQL advisory lock under which one member of a cluster migrates."""


def upgrade_together(engine: sa.Engine) -> bool:
    """Bring a PostgreSQL database up to date beside other members; return whether there was anything to do.

    Raises: DatabaseTooNew.
    """
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(MIGRATING_LOCK)))
        try:
            refuse_newer(engine)
            if revision_of(engine) == newest():
                return False
            patient = database.open_engine(engine.url.render_as_string(hide_password=False))
            try:
                _migrate(patient)
            finally:
                patient.dispose()
            return True
        finally:
            connection.execute(sa.select(sa.func.pg_advisory_unlock(MIGRATING_LOCK)))


def _migrate(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # an index over millions takes its time
        command.upgrade(config, "head")


def _make(path: Path) -> None:
    new = path.with_name(path.name + ".new")
    for left in (new, *path.parent.glob(new.name + "-*")):
        left.unlink(missing_ok=True)
    engine = database.open_engine(f"sqlite:///{new}")
    try:
        _migrate(engine)
    finally:
        engine.dispose()  # the last connection folds the journal into the file
    database.sync(new)
    new.rename(path)
    database.sync(path.parent)


def _save(engine: sa.Engine, present: str, now: datetime) -> Path:
    path = database.sqlite_path(str(engine.url))
    assert path is not None
    for left in path.parent.glob(f"{path.name}.before-*.backup.part"):  # of an upgrade that was killed
        left.unlink()
    # To the microsecond: a start that was killed in the same second has left its own backup.
    target = path.with_name(f"{path.name}.before-{present}-{now:%Y%m%dT%H%M%S.%f}.backup")
    database.backup(engine, target)
    return target
