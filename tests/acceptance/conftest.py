"""Every test here runs on SQLite and on a real PostgreSQL, but for the demo, which is SQLite by nature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import cluster, world


@pytest.fixture
def anywhere(database_url: str, tmp_path: Path) -> Iterator[world.World]:
    """A world whose monitor works on a database of the one kind, then of the other."""
    with cluster.anywhere(tmp_path, database_url) as made:
        yield made
