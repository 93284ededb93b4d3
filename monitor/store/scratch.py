"""A database in memory, with the tables of the real one: what `replay` and evaluations decide in."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from monitor.store import database
from monitor.store.schema import metadata

Engine = sa.Engine
"""Stages above the store know engines by this name."""


def open_scratch() -> sa.Engine:
    """Return an engine whose one connection holds an empty database; it is gone when the engine is disposed of."""
    engine = sa.create_engine(
        "sqlite://",
        module=database.sqlite_module(),
        poolclass=sa.pool.StaticPool,
        connect_args={"check_same_thread": False},
    )

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy must not begin for us

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.execute(
            sa.text("CREATE VIRTUAL TABLE search USING fts5(title, text, content='', tokenize='unicode61')")
        )
    return engine
