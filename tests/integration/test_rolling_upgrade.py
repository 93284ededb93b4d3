"""A PostgreSQL database is changed while members work on it: who may go on, who is refused, and who has to wait."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import errors
from monitor.store import database, members, migrate, visit
from tests.support import databases, later

NOW = migrate.newest()
NOT_YET = migrate.REVISIONS[-2]


@pytest.fixture
def engine(made_databases: databases.Databases) -> Iterator[sa.Engine]:
    """A PostgreSQL database at this version's schema."""
    made = database.open_engine(made_databases.postgresql())
    yield made
    made.dispose()


@contextlib.contextmanager
def as_later(folder: Path, beside: str | None) -> Iterator[None]:
    """Be a later version of the program while the block runs."""
    before = migrate.FOLDER, migrate.REVISIONS
    made = later.migrations(folder, beside)
    migrate.FOLDER, migrate.REVISIONS = made, (*migrate.REVISIONS, later.LATER)  # type: ignore[assignment]
    try:
        yield
    finally:
        migrate.FOLDER, migrate.REVISIONS = before


def join(engine: sa.Engine, **state: str) -> int:
    """Enter a worker that says `state` of itself."""
    return int(database.write_once(engine, lambda c: members.join(c, "worker", "0.9", dict(state))))


def remarks(engine: sa.Engine) -> int:
    """Return how many columns `remark` there are: 1 once the later version has been there."""
    return [column["name"] for column in sa.inspect(engine).get_columns("counters")].count("remark")


def test_every_step_is_recorded_with_what_may_work_beside_it(engine: sa.Engine) -> None:
    """A database knows of each revision that made it which older code can go on; most can beside none older."""
    with engine.connect() as connection:
        steps = dict(connection.execute(sa.text("SELECT revision, beside FROM schema_steps")).all())  # type: ignore[arg-type]

    assert tuple(sorted(steps)) == migrate.REVISIONS
    assert steps["0001"] == "0001"
    assert steps["0006"] == "0005"


def test_f07_a_member_goes_on_beside_a_later_schema_that_says_so(engine: sa.Engine, tmp_path: Path) -> None:
    """Where a step says that this version can work beside it, its members join and its commands answer."""
    join(engine, schema=NOW)
    with as_later(tmp_path, NOW):
        outcome = migrate.upgrade_together(engine)

    migrate.refuse_unfit(engine)

    assert (outcome, remarks(engine)) == ("upgraded", 1)
    assert migrate.revision_of(engine) == later.LATER
    assert migrate.fits(engine, later.LATER)
    assert migrate.upgrade_together(engine) == "current"
    with visit.reading(engine.url.render_as_string(hide_password=False)) as connection:
        assert connection is not None


def test_f07_a_later_schema_that_does_not_say_so_is_refused(engine: sa.Engine, tmp_path: Path) -> None:
    """Where the step says nothing, this version does not touch the database: exit 4."""
    with as_later(tmp_path, None):
        outcome = migrate.upgrade_together(engine)

    assert outcome == "upgraded"
    assert not migrate.fits(engine, later.LATER)
    for refuse in (migrate.refuse_unfit, migrate.upgrade_together):
        with pytest.raises(errors.DatabaseTooNew, match=later.LATER):
            refuse(engine)


@pytest.mark.parametrize(("beside", "state"), [(None, {"schema": NOW}), (NOW, {"schema": NOT_YET}), (NOW, {})])
def test_f07_no_step_is_made_under_a_member_that_cannot_go_on(
    engine: sa.Engine, tmp_path: Path, beside: str | None, state: dict[str, str]
) -> None:
    """A member of older code than the step allows is named and nothing changes; once it has left, the step is made."""
    old = join(engine, **state)
    with as_later(tmp_path, beside):
        with pytest.raises(errors.DatabaseHeld, match=r"worker, version 0\.9.*stop them first"):
            migrate.upgrade_together(engine)
        before = migrate.revision_of(engine), remarks(engine)
        database.write_once(engine, lambda c: members.leave(c, old))
        after = migrate.upgrade_together(engine)

    assert before == (NOW, 0)
    assert (after, remarks(engine)) == ("upgraded", 1)


def test_a_member_that_died_without_a_word_hinders_no_step(engine: sa.Engine, tmp_path: Path) -> None:
    """Its lease has run out: it is ended by the step itself, and can write nothing on the new schema."""
    dead = join(engine, schema=NOW)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE members SET lease_until = clock_timestamp() - interval '1 second'"))

    with as_later(tmp_path, None):
        outcome = migrate.upgrade_together(engine)

    assert outcome == "upgraded"
    with engine.begin() as connection, pytest.raises(errors.Fenced):
        members.require(connection, dead)


def test_a_step_waits_for_a_table_only_for_a_moment(engine: sa.Engine, tmp_path: Path) -> None:
    """While somebody reads a table that must change, the step gives up, so that members are not held up behind it."""
    with as_later(tmp_path, NOW):
        with engine.begin() as reading:
            reading.execute(sa.text("SELECT count(*) FROM counters"))
            while_read = migrate.upgrade_together(engine), remarks(engine)
        after = migrate.upgrade_together(engine)

    assert while_read == ("locked", 0)
    assert after == "upgraded"


def test_nobody_joins_while_a_step_is_made_and_one_makes_it(engine: sa.Engine, tmp_path: Path) -> None:
    """A member that joins waits for a migration under way, and a second migration for the first."""
    with engine.begin() as migrating:
        migrating.execute(sa.select(sa.func.pg_advisory_xact_lock(migrate.MIGRATING_LOCK)))
        with as_later(tmp_path, NOW):
            second = migrate.upgrade_together(engine)
        joins = database.write_once(engine, migrate.may_join)
    afterwards = database.write_once(engine, migrate.may_join)

    assert (second, joins, afterwards) == ("busy", False, True)
