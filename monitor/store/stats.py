"""Sizes, for `db stats` and the summary of a run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store import database, retention, word_forms
from monitor.store.schema import articles, feeds, metadata, revisions


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


@dataclass(frozen=True, slots=True)
class Growth:
    """What comes in: articles first seen in the last day and week, and the bytes a day that a week's pace adds."""

    day: int
    week: int
    bytes_a_day: int


@dataclass(frozen=True, slots=True)
class Archive:
    """What the archive spans. `oldest`, `newest`: when articles were first seen; None in an empty one.

    `without_text`: how many articles retention took the text of. `forms_missing`: the newest article whose word forms
    are not noted yet, 0: all are.
    """

    oldest: datetime | None
    newest: datetime | None
    growth: Growth
    without_text: int
    forms_missing: int


def describe(connection: sa.Connection, now: datetime, size: int) -> Archive:
    """Return what the archive spans; `size` is that of the database in bytes."""
    seen = articles.c.first_seen
    oldest, newest, total = connection.execute(
        sa.select(sa.func.min(seen), sa.func.max(seen), sa.func.count(articles.c.id))
    ).one()
    day, week = (count_articles(connection, now - timedelta(days=days), now) for days in (1, 7))
    removed = sa.select(sa.func.count(sa.distinct(revisions.c.article_id)))
    gone = connection.scalar(removed.where(revisions.c.partial_reason == retention.REMOVED)) or 0
    each = size / total if total else 0.0
    growth = Growth(day, week, round(each * week / 7))
    return Archive(oldest, newest, growth, gone, word_forms.missing_from(connection))


def bytes_by_table(connection: sa.Connection) -> dict[str, int]:
    """Return how many bytes each table takes, its indexes included, the largest first.

    PostgreSQL counts them. SQLite does not say: there it is the rows times the length of some of them, without
    indexes, and for the full-text index its blocks.
    """
    if connection.dialect.name == "postgresql":
        query = sa.text("SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relkind = 'r'")
        known = {table.name for table in metadata.sorted_tables} | {"search"}
        sizes = {name: int(size) for name, size in connection.execute(query) if name in known}
    else:
        names = {table.name: [column.name for column in table.columns] for table in metadata.sorted_tables}
        names["search_data"] = ["block"]
        sizes = {name: _estimate(connection, name, columns) for name, columns in names.items()}
        sizes["search"] = sizes.pop("search_data")
    return dict(sorted(sizes.items(), key=lambda item: -item[1]))


SAMPLED = 500
"""Rows of a table by which its size is told."""


def _estimate(connection: sa.Connection, table: str, columns: list[str]) -> int:
    """Return the rows of a table times the mean length of its SAMPLED first ones."""
    rows = connection.scalar(sa.text(f'SELECT count(*) FROM "{table}"')) or 0
    length = " + ".join(f'coalesce(length(CAST("{name}" AS BLOB)), 0) + 1' for name in columns)
    sample = f'SELECT avg({length}) FROM (SELECT * FROM "{table}" LIMIT {SAMPLED})'
    return round(rows * float(connection.scalar(sa.text(sample)) or 0.0))
