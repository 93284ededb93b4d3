"""`wirewatch db copy`: an installation moves to another database."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common
from monitor.cli.db import group

if TYPE_CHECKING:
    from monitor.store.copy import Copied, Step

WORDS = (
    "A file (SQLite), postgresql://user@host/name, ${NAME} or ${file:PATH} that holds one, "
    "or a .toml file whose [monitor] database it is."
)
Source = Annotated[str, typer.Argument(metavar="SRC", help=f"The database as it is. {WORDS}")]
Goal = Annotated[str, typer.Argument(metavar="DST", help="Where it goes, as SRC: empty, or half a copy of SRC.")]


@group.command("copy")
def copy(
    source: Source,
    target: Goal,
    anew: Annotated[bool, typer.Option("--anew", help="Empty half a copy first, and begin again.")] = False,
    json: common.JsonOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Copy an installation to another database, SQLite or PostgreSQL, and compare both; no daemon may run on either.

    SRC stays as it is. A copy that was interrupted goes on with the same command.

    Example: wirewatch db copy data/wirewatch.db 'postgresql://wirewatch:${file:/run/secrets/db}@db/wirewatch'
    """
    from monitor.clock import SystemClock
    from monitor.store import copy as copying

    one, other = _address(source, "SRC"), _address(target, "DST")
    with _progress(quiet) as show:
        done = copying.copy(one, other, SystemClock().now(), show, anew)
    common.print_json(_as_json(done)) if json else _print(done)


def _address(written: str, role: str) -> str:
    """Return the URL that an argument stands for. Raises: Exit 2, never with a password in its words."""
    from monitor import config_filling, config_values

    def report(_path: object, _code: str, message: str, fix: str | None) -> None:
        raise common.fail(f"{role}: {message}" + (f"; {fix}" if fix else ""), 2)

    filler = config_filling.Filler(Path.cwd(), os.environ, report)
    text = str(filler.fill(written, ("monitor", "database")))
    if text.endswith(".toml") and "://" not in text:
        return common.load_config(Path(text)).database
    url = config_values.database_url(text if "://" in text else f"sqlite:///{Path(text).absolute()}", Path.cwd())
    if url is None:
        raise common.fail(
            f"{role}: this is neither a file for SQLite nor a PostgreSQL database; write data/wirewatch.db or "
            "postgresql://user@host/name",
            2,
        )
    return url


def _as_json(done: Copied) -> dict[str, Any]:
    tables = {name: {"rows": table.rows, "checksum": table.checksum} for name, table in done.tables.items()}
    names = ("source", "target", "schema", "resumed", "copied", "cleaned", "seconds")
    counted = {name: getattr(done, name) for name in ("indexed", "waiting", "sending")}
    return {**{name: getattr(done, name) for name in names}, "tables": tables, **counted, "not_copied": dict(done.left)}


def _print(done: Copied) -> None:
    rows = sum(table.rows for table in done.tables.values())
    print(f"copied {done.source}\n    to {done.target}")
    print(
        f"{rows:,} rows in {len(done.tables)} tables are the same on both sides, by count and checksum; "
        f"{done.indexed:,} articles can be searched"
    )
    if done.cleaned:
        print(f"{done.cleaned} texts held NUL characters, which PostgreSQL does not take; they are left out")
    if done.waiting or done.sending:
        unsure = f" and {done.sending} that were being sent, labelled as a possible repeat" if done.sending else ""
        print(f"{done.waiting} messages wait{unsure}: they leave from DST, and from SRC too if it is started again")
    secret = " (the password as ${NAME} or ${file:PATH})" if "***" in done.target else ""
    print(
        f'next: set database = "{done.target}"{secret} under [monitor], and `wirewatch run`. '
        "Do not start the monitor on SRC again: both would tell of everything"
    )


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Step], None]]:
    """Yield what shows how far it is, and how fast, to a person at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda step: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    with Bar(
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), console=Console(stderr=True), transient=True
    ) as bar:
        task = bar.add_task("beginning", total=None)

        def show(step: Step) -> None:
            said = f"{step.what} {step.done:,} of {step.total:,}, {step.taken / step.seconds:,.0f} rows/s"
            bar.update(task, completed=step.done, total=step.total, description=said)

        yield show
