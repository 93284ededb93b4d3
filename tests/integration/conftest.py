"""Every test here runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Desk


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Iterator[Desk]:
    """A whole monitor with a scripted clock, web and channels."""
    made = Desk(database_url, tmp_path)
    yield made
    made.close()
