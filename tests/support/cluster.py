"""A cluster on a real PostgreSQL: members as processes of the real command, and the world around them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support import inbox, invariants, web, webhook, world


class Cluster(world.World):
    """A world whose database is a server's, and whose daemon is several processes."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder)
        self.database_url = database_url
        self.engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")

    def member(
        self, role: str, *fail: str, config: Path | None = None, arguments: Sequence[str] = (), **options: Any
    ) -> world.Process:
        """Start one process of the cluster, with fail points planted in it."""
        planted = [part for point in fail for part in ("--fail", point)] + ([] if self.storm else ["--no-storm"])
        command = [sys.executable, "-m", "tests.support.entry", *planted, *arguments]
        run = ["run", "--config", str(config or self.config), "--role", role, "--listen", "127.0.0.1:0"]
        return self._start([*command, *run], **options)

    def query(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Read from the database beside the members."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(statement, values or None)]

    def scalar(self, statement: str, *values: object) -> Any:
        """Return the one value that a query gives."""
        return self.query(statement, *values)[0][0]

    def execute(self, statement: str, *values: object) -> None:
        """Change the database beside the members."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(statement, values or None)

    def living(self) -> list[tuple[int, str, int]]:
        """Return (number, role, process id) of the members that have not ended."""
        return [
            tuple(row) for row in self.query("SELECT id, role, pid FROM members WHERE ended_at IS NULL ORDER BY id")
        ]  # type: ignore[misc]


@contextlib.contextmanager
def opened(folder: Path, database_url: str) -> Iterator[Cluster]:
    """A cluster's world whose servers run while the block does; its database keeps its promises to the end."""
    with contextlib.ExitStack() as stack:
        made = Cluster(folder, database_url)
        stack.callback(made.engine.dispose)
        stack.enter_context(web.in_background(made.site))
        stack.enter_context(inbox.in_background(made.inbox))
        stack.enter_context(webhook.in_background(made.webhook))
        stack.callback(made.close)
        yield made
        made.close()
        if made.checked:
            invariants.check_url(database_url)
