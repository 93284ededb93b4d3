"""Bring a database to this version's schema, after a backup; refuse a newer one untouched.

A PostgreSQL database may be changed while others work on it: each revision says in its file which older code can work
`beside` it, so that a cluster is replaced member by member (docs/decisions/0036-rolling-upgrade.md).

Alembic is imported only when there is something to migrate: most starts find the schema current.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import sqlalchemy as sa

from monitor import errors
from monitor.store import database, members
from monitor.store.schema import schema_steps

FOLDER = Path(__file__).parent / "migrations"
REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
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
"""Key of the PostgreSQL advisory lock that a migration holds to its commit, and a member while it joins, shared."""
UNSAID = "0005"
"""What the code of a member knows that does not say so: members began with this revision."""
LOCKS = "2s"
"""Longest wait of a migration for a table, behind which everybody else would wait."""
_IN_THE_WAY = ("55P03", "40P01")
"""Errors of PostgreSQL by which a migration learns that others hold what it needs (lock_timeout, deadlock)."""

Outcome = Literal["current", "upgraded", "busy", "locked"]


def refuse_unfit(engine: sa.Engine) -> None:
    """Refuse a database on which this program cannot work beside the members that it has.

    As `refuse_newer`, but on PostgreSQL a newer schema does if each of its later steps says so.
    Raises: DatabaseTooNew, DatabaseUnusable.
    """
    present = revision_of(engine)
    if present is None or not _is_later(engine, present) or not fits(engine, present):
        refuse_newer(engine)


def fits(engine: sa.Engine, present: str) -> bool:
    """Return whether the database, at revision `present`, has what this program works with."""
    if not _is_later(engine, present):
        return present == newest()
    with engine.connect() as connection:
        return _is_beside(connection, present)


def _is_later(engine: sa.Engine, present: str) -> bool:
    return engine.dialect.name == "postgresql" and present not in (*REVISIONS, COPYING)


def _is_beside(connection: sa.Connection, present: str) -> bool:
    if not sa.inspect(connection).has_table(schema_steps.name):
        return False
    later = connection.execute(sa.select(schema_steps).where(schema_steps.c.revision.not_in(REVISIONS))).all()
    return present in {step.revision for step in later} and all(step.beside in REVISIONS for step in later)


def may_join(connection: sa.Connection) -> bool:
    """Return whether no migration is under way; none begins until this transaction has ended."""
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock_shared(MIGRATING_LOCK))).scalar())


def upgrade_together(engine: sa.Engine) -> Outcome:
    """Bring a PostgreSQL database up to date beside the members that work on it; they go on meanwhile.

    Returns `busy` while another migrates, `locked` where somebody holds a table that must change: nothing was changed.
    Raises: DatabaseTooNew; DatabaseHeld where a member lives whose code cannot work on the schema to come.
    """
    refuse_unfit(engine)
    if (present := revision_of(engine)) is not None and fits(engine, present):
        return "current"
    patient = database.open_engine(engine.url.render_as_string(hide_password=False))
    try:
        return "upgraded" if _migrate(patient, beside_others=True) else "busy"
    except sa.exc.DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) in _IN_THE_WAY:
            return "locked"
        raise
    finally:
        patient.dispose()


def _migrate(engine: sa.Engine, beside_others: bool = False) -> bool:
    """Apply what is missing in one transaction; False where another does, beside which this one would."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("SET LOCAL statement_timeout = 0"))  # an index over millions takes its time
        if beside_others and not connection.scalar(sa.select(sa.func.pg_try_advisory_xact_lock(MIGRATING_LOCK))):
            return False
        missing = _missing(connection)
        steps = {revision: getattr(scripts.get_revision(revision).module, "beside", revision) for revision in missing}
        if beside_others:
            _require_able(connection, steps)
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{LOCKS}'"))
        command.upgrade(config, "head")
        for revision, beside in steps.items():
            values = {"revision": revision, "beside": beside, "at": datetime.now(UTC)}
            connection.execute(schema_steps.insert().values(values))
    return True


def _missing(connection: sa.Connection) -> tuple[str, ...]:
    """Return the revisions that the database lacks, oldest first."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return REVISIONS
    present = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if present is None:
        return REVISIONS
    return REVISIONS[REVISIONS.index(present) + 1 :] if present in REVISIONS else ()


def _require_able(connection: sa.Connection, steps: Mapping[str, str]) -> None:
    """Raise DatabaseHeld, naming them, where members live that cannot work beside `steps`."""
    if not steps or not sa.inspect(connection).has_table("members"):
        return
    needed = max(REVISIONS.index(beside) for beside in steps.values())
    if unable := _unable(connection, needed):
        members.reap(connection)  # those that ended without a word are no hindrance
        unable = _unable(connection, needed)
    if unable:
        raise errors.DatabaseHeld(
            f"members work on this database that cannot do so beside schema {newest()} of this version: "
            f"{', '.join(unable)}; stop them first; nothing was changed"
        )


def _unable(connection: sa.Connection, needed: int) -> list[str]:
    """Return the living members whose code knows less than `needed` revisions after the first."""
    return [
        f"process {one.pid} on {one.host} ({one.role}, version {one.version})"
        for one in members.list_living(connection)
        if (known := one.state.get("schema", UNSAID)) in REVISIONS and REVISIONS.index(known) < needed
    ]


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
