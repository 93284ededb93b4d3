"""One seeded dashboard for each file of tests that only look at it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import dashboard, databases


@pytest.fixture(scope="module")
def shared(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dashboard.Site]:
    """A seeded dashboard on SQLite that every test of the file shares: look, do not change."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("site")) as site:
        yield site


@pytest.fixture
def site(made_databases: databases.Databases, tmp_path: Path) -> Iterator[dashboard.Site]:
    """A seeded dashboard of the test's own."""
    with dashboard.opened(made_databases.sqlite(), tmp_path) as made:
        yield made
