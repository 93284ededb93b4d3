"""A cluster on a real PostgreSQL: members as processes of the real command, and the world around them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from tests.support import inbox, invariants, web, webhook, world

_STATE = (
    "id, role, pid, reason, lease_until - now() FROM members ORDER BY id",
    "slug, next_check - now(), polled_at - now(), next_reason, failures, error FROM feeds",
    "kind, item_id, member_id, deaths FROM claims LIMIT 40",
    "state, count(*), min(due_at) - now() FROM entries GROUP BY state",
    "state, count(*), min(due_at) - now() FROM messages GROUP BY state",
    "id, paused_until - now() FROM targets",
    "task_name, args, status, worker_id FROM procrastinate_jobs",
    "id, now() - last_heartbeat FROM procrastinate_workers",
    "host, n, member_id, until - now() FROM host_slots",
    "state, wait_event, now() - xact_start, left(query, 60) FROM pg_stat_activity WHERE state != 'idle'",
)
"""What tells why a cluster stands still."""


class Cluster(world.World):
    """A world whose database is a server's, and whose daemon is several processes."""

    def __init__(self, folder: Path, database_url: str) -> None:
        super().__init__(folder)
        self.database_url = database_url
        self.hurry = 1.0
        """What the lease of a daemon is divided by, so that a killed one is not waited for so long."""
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

    def daemon(self, *fail: str, arguments: Sequence[str] = (), **options: Any) -> world.Process:
        """Start a member that does everything, alone or beside others: what `wirewatch run` is on a server."""
        hurry = ("--hurry", f"{self.hurry:g}") if self.hurry > 1 else ()
        return super().daemon(*fail, arguments=(*hurry, *arguments), **options)

    def make_due(self) -> None:
        """Do what time does: feeds, pages, messages and targets wait no longer."""
        for change in (
            "feeds SET next_check = '2025-01-01Z'",
            "articles SET retry_at = '2025-01-01Z' WHERE retry_at IS NOT NULL",
            "messages SET due_at = '2025-01-01Z' WHERE state IN ('queued', 'uncertain')",
            "targets SET paused_until = NULL",
        ):
            self.execute(f"UPDATE {change}")

    def integrity(self) -> str:
        """Return that the server looks after its own files: there is nothing to ask."""
        return world.SERVERS

    def scalar(self, statement: str, *values: object) -> Any:
        """Return the one value that a query gives."""
        return self.query(statement, *values)[0][0]

    def execute(self, statement: str, *values: object) -> None:
        """Change the database beside the members."""
        with self.engine.connect() as connection:
            connection.exec_driver_sql(statement, values or None)

    def until_arrived(self, count: int, seconds: float = 60.0) -> None:
        """Wait until so many more messages have arrived."""
        before = self.arrived()
        try:
            world.until(lambda: self.arrived() >= before + count, seconds, f"{count} more messages")
        except AssertionError as fault:
            raise AssertionError(f"{fault}\n{self._standstill()}") from None

    def _standstill(self) -> str:
        """Return what the database says is to be done and by whom, with the end of each log."""
        state = [f"{what}: {self.query(f'SELECT {what}')}" for what in _STATE]
        return "\n".join((*state, *(f"-- {one.pid}, runs: {one.running}\n{one.log[-3000:]}" for one in self.processes)))

    def unlabelled(self) -> int:
        """Return how many repeats arrived of which no copy says that it may be one; the frozen one may arrive last."""
        copies: dict[tuple[str, str], list[bool]] = {}
        for channel, found in self.receipts().items():
            for token, labelled, _ in found:
                copies.setdefault((channel, token), []).append(labelled)
        return sum(max(0, len(said) - 1 - sum(said)) for said in copies.values())

    def strays(self) -> list[tuple[Any, ...]]:
        """Return what members did after they had ended, or still hold: attempts, sends and claims."""
        return self.query(
            "SELECT 'attempt', m.id, a.message_id FROM attempts a JOIN members m ON m.id = a.epoch"
            " WHERE a.started_at > m.ended_at UNION ALL "
            "SELECT 'claim of ' || c.kind, m.id, c.item_id FROM claims c JOIN members m ON m.id = c.member_id"
            " WHERE m.ended_at IS NOT NULL"
        )

    def living(self) -> list[tuple[int, str, int]]:
        """Return (number, role, process id) of the members that have not ended."""
        return [
            tuple(row) for row in self.query("SELECT id, role, pid FROM members WHERE ended_at IS NULL ORDER BY id")
        ]  # type: ignore[misc]


def anywhere(folder: Path, database_url: str) -> contextlib.AbstractContextManager[world.World]:
    """A world whose monitor works on this database, of either kind; a file lies where its configuration has it."""
    return world.opened(folder) if database_url.startswith("sqlite") else opened(folder, database_url)


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
