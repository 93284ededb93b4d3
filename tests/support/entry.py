"""The daemon with fail points, as a process: what tests start where a kill, a fault or a standstill must be exact.

```
python -m tests.support.entry --fail send.accepted:kill:2 run --config config.toml [--once]
```

`--fail STAGE:ACTION[:N]` acts as STAGE is reached for the N-th time (default the first): `kill` is SIGKILL to itself,
`raise` a fault nobody expects, `break` the same from then on at each reach, `hang` a standstill of the thread that
reached it. Stages are those of monitor's own
`reached` calls (`poll.fetched`, `process.before_commit`, `send.claimed`, `migrate.begun`, ...) and three that only
tests see: `migrate.statement` (before each CREATE or ALTER), `backup.begun`, `backup.written` (not yet on the disk).

`--hurry N` divides by N the times after which the monitor holds itself to stand still, and between two heartbeats; of
a member of a cluster its lease, its beats and its deadlines.

`--no-storm` lets every alert be a message of its own, however many there are: where messages are counted.

`--deadly WORD` dies of SIGKILL whenever an article whose title holds WORD is decided, or a message about one is sent
whose title holds `WORD-message`; suspects wait a hundredth of the time and are set aside after four deaths.

`--no-suspicion` takes no article or message for the cause of a kill, however often it met the same: where fail points
kill at each start.

`--migrations FOLDER` makes it a later version of the program: one whose schema revisions stand in FOLDER.
"""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import typer

from monitor import app, errors, member_health, scratch
from monitor.alerts import posting, watch
from monitor.cli import common, run
from monitor.engine import cluster, local, queue
from monitor.jobs import beat, compose, decide, recover, watchdog
from monitor.store import database, deadlines, members, migrate


class Planted(Exception):
    """The fault of a `raise` fail point."""


def _kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _raise() -> None:
    raise Planted("a fail point")


def _hang() -> None:
    time.sleep(86_400)


ACTIONS: dict[str, Callable[[], None]] = {"kill": _kill, "raise": _raise, "break": _raise, "hang": _hang}


@dataclass
class FailPoint:
    """Does `action` at the `at`-th reach of `stage`."""

    stage: str
    action: str
    at: int = 1
    _count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def parse(cls, text: str) -> FailPoint:
        """Read `STAGE:ACTION[:N]`. Raises: ValueError."""
        stage, action, *count = text.split(":")
        if action not in ACTIONS or len(count) > 1:
            raise ValueError(f"{text!r} is no fail point; write STAGE:kill|raise|break|hang[:N]")
        return cls(stage, action, int(count[0]) if count else 1)

    def reach(self, stage: str) -> None:
        """Count, and act when it is time."""
        if stage != self.stage:
            return
        with self._lock:
            self._count += 1
            due = self._count == self.at or (self.action == "break" and self._count > self.at)
        if due:
            ACTIONS[self.action]()


def main() -> None:
    """Run the daemon with what the arguments plant in it, and leave as the command does."""
    options = _options()
    points = [FailPoint.parse(text) for text in options.fail]

    def reached(stage: str) -> None:
        for point in points:
            point.reach(stage)

    faulthandler.register(signal.SIGUSR1)  # where every thread stands, for whoever looks at a standstill
    _watch_driver(reached)
    if options.no_storm:
        posting.STORM_MESSAGES = sys.maxsize
    if options.deadly:
        _die_of(options.deadly)
    if options.no_suspicion:
        recover.APART = recover.LONGEST = recover.STEP = timedelta()
        recover.DEATHS = recover.WITHOUT_PAGE = sys.maxsize
    if options.hurry > 1:
        _hurry(options.hurry)
    if options.migrations:
        _use_migrations(options.migrations)
    code = _run(app.Seams(reached=reached), options)
    sys.stdout.flush()
    sys.stderr.flush()
    scratch.remove()
    os._exit(code)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--fail", action="append", default=[])
    parser.add_argument("--hurry", type=float, default=1.0)
    parser.add_argument("--no-storm", action="store_true")
    parser.add_argument("--deadly", default="")
    parser.add_argument("--no-suspicion", action="store_true")
    parser.add_argument("--migrations", type=Path)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--role", default="all")
    parser.add_argument("--listen")
    return parser.parse_args()


def _run(seams: app.Seams, options: argparse.Namespace) -> int:
    try:
        run.run_with(seams, options.config, options.once, options.json, "info", options.role, options.listen)
    except errors.MonitorError as fault:
        common.print_fault(fault)
        return common.exit_code_of(fault)
    except typer.Exit as left:
        return left.exit_code
    return 0


def _watch_driver(reached: Callable[[str], None]) -> None:
    def before(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.lstrip().upper().startswith(("CREATE ", "ALTER ")):
            reached("migrate.statement")

    sa.event.listen(sa.Engine, "before_cursor_execute", before)
    write, sync = database.backup, database.sync

    def backup(engine: sa.Engine, target: Path) -> None:
        reached("backup.begun")
        write(engine, target)

    def synced(path: Path) -> None:
        if path.suffix == ".part":
            reached("backup.written")
        sync(path)

    database.backup, database.sync = backup, synced


def _die_of(word: str) -> None:
    decided, built = decide.record, compose.build_notice

    def record(*given: Any) -> Any:
        if word in given[4].article.title.split():
            _kill()
        return decided(*given)

    def build(*given: Any) -> Any:
        made = built(*given)
        if any(f"{word}-message" in item.title.split() for item in made.items):
            _kill()
        return made

    decide.record, compose.build_notice = record, build
    recover.DEATHS = 4
    recover.APART, recover.LONGEST, recover.STEP = (
        span / 100 for span in (recover.APART, recover.LONGEST, recover.STEP)
    )


def _hurry(times: float) -> None:
    for module, names in (
        (watch, ("TICK_STILL", "WRITER_STILL", "COMMIT_STILL", "SWEEP_STILL")),
        (watchdog, ("LOOK", "SURE")),
        (beat, ("EVERY",)),
        (local, ("BEAT", "SWEEP")),
        (app, ("STUCK",)),
        (member_health, ("LEFT_LYING",)),
        (members, ("LEASE", "BEAT")),
        (cluster, ("REAP", "STALLED")),
        (queue, ("SILENT",)),
        (deadlines, ("STATEMENT",)),
    ):
        for name in names:
            setattr(module, name, getattr(module, name) / times)
    database.IDLE = round(database.IDLE / times)
    # The writer of SQLite waits five seconds for a lock between two signs of life.
    watch.WRITER_STILL, app.STUCK = max(8.0, watch.WRITER_STILL), max(8.0, app.STUCK)


def _use_migrations(folder: Path) -> None:
    names = sorted(path.name for path in (folder / "versions").glob("[0-9]*.py"))
    migrate.FOLDER = folder
    migrate.REVISIONS = tuple(name.partition("_")[0] for name in names)  # type: ignore[assignment]


if __name__ == "__main__":
    main()
