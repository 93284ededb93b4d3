"""Sizes, for `db stats` and the summary of a run."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from monitor.store import database
from monitor.store.schema import articles, feeds, metadata


def count_rows(connection: sa.Connection) -> dict[str, int]:
    """Return the number of rows of every table, by name."""
    return {
        table.name: int(connection.execute(sa.select(sa.func.count()).select_from(table)).scalar() or 0)
        for table in metadata.sorted_tables
    }


def size_bytes(engine: sa.Engine) -> int:
    """Return the size of the database: of its files on SQLite, as the server counts on PostgreSQL."""
    path = database.sqlite_path(str(engine.url))
    if path is None:
        with engine.connect() as connection:
            return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar() or 0)
    files = (path, path.with_name(path.name + "-wal"))
    return sum(file.stat().st_size for file in files if file.exists())


def count_articles(connection: sa.Connection, since: datetime, until: datetime) -> int:
    """Return how many articles were first seen after `since` and not after `until`."""
    query = sa.select(sa.func.count()).where(articles.c.first_seen > since, articles.c.first_seen <= until)
    return int(connection.execute(query).scalar() or 0)


def count_silent(connection: sa.Connection) -> int:
    """Return how many feeds that are to be polled have an alarm."""
    polled = feeds.c.retired_at.is_(None), feeds.c.paused_at.is_(None)
    query = sa.select(sa.func.count()).where(*polled, feeds.c.troubles.is_not(None))
    return int(connection.execute(query).scalar() or 0)
