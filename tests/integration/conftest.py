"""Every test here runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import databases
from tests.support.desk import Desk


@pytest.fixture(scope="session")
def made_databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[databases.Databases]:
    """Databases of this session."""
    yield from databases.session(tmp_path_factory.mktemp("databases"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, made_databases: databases.Databases) -> str:
    """The URL of a fresh, migrated database."""
    return made_databases.sqlite() if request.param == "sqlite" else made_databases.postgresql()


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A whole monitor with a scripted clock, web and channels."""
    made = Desk(database_url, tmp_path)
    yield made
    made.close()
