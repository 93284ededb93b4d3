"""The database as commands visit it, on SQLite and PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import errors
from monitor.store import database, hold, migrate, stats, visit
from tests.support import databases


def test_reading_sees_what_writing_left(database_url: str) -> None:
    """A short write is there for the next reader."""
    visit.write(database_url, lambda c: c.execute(sa.text("INSERT INTO counters (name, value) VALUES ('visits', 7)")))

    with visit.reading(database_url) as connection:
        assert connection is not None
        rows = stats.count_rows(connection)

    assert rows["counters"] == 1


def test_upgrade_is_refused_beside_a_daemon_and_reading_is_not(database_url: str) -> None:
    """Who holds the database keeps its schema; readers do not mind."""
    engine = database.open_engine(database_url)

    with hold.exclusive(engine):
        with pytest.raises(errors.DatabaseHeld):
            visit.upgrade(database_url, databases.EPOCH)
        with visit.reading(database_url) as connection:
            seen = connection is not None

    engine.dispose()
    assert seen
    assert visit.upgrade(database_url, databases.EPOCH) == visit.Upgraded(migrate.newest(), migrate.newest(), None)


def test_newer_schema_is_refused_to_readers_and_writers(database_url: str) -> None:
    """A schema of a later version is left alone."""
    visit.write(database_url, lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))

    with pytest.raises(errors.DatabaseTooNew), visit.reading(database_url):
        pass
    with pytest.raises(errors.DatabaseTooNew):
        visit.write(database_url, lambda connection: None)


def test_nothing_is_made_by_looking(tmp_path: Path) -> None:
    """A database that is not there yet reads as empty; a write says how to make it."""
    url = f"sqlite:///{tmp_path / 'none' / 'wirewatch.db'}"

    with visit.reading(url) as connection:
        assert connection is None
    with pytest.raises(errors.DatabaseUnusable, match="db upgrade"):
        visit.write(url, lambda connection: None)

    assert list(tmp_path.iterdir()) == []
