"""What every command shares: options, output, exit codes. Imports little: `health` runs every half minute."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from monitor import errors

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.store.store import Connection

app = typer.Typer(
    name="wirewatch",
    help="Reads the wires for one desk and speaks only when it matters.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Default: ./config.toml, then $WIREWATCH_CONFIG.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Say more.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Say only what goes wrong.")]

Advance = Callable[[Iterable[str]], Iterable[str]]
"""Passes lines on and shows how far it is."""

_CODES: tuple[tuple[type[errors.MonitorError], int], ...] = (
    (errors.CopyDiffers, 1),
    (errors.DatabaseDamaged, 3),
    (errors.DatabaseTooNew, 4),
    (errors.DatabaseHeld, 5),
    (errors.Fenced, 5),
    (errors.ConfigError, 2),
    (errors.RuleError, 2),
    (errors.StoreError, 2),
    (errors.DeliveryError, 2),
)


def exit_code_of(fault: errors.MonitorError) -> int:
    """Return the exit code of the contract for an error."""
    return next((code for kind, code in _CODES if isinstance(fault, kind)), 1)


def print_fault(fault: errors.MonitorError) -> None:
    """Print an error to stderr, one line for each fault it carries."""
    print(fault, file=sys.stderr)


def print_json(value: Any) -> None:
    """Print data for programs: one JSON document, readable as text, no ASCII escapes."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> str:
    return value.isoformat().replace("+00:00", "Z") if isinstance(value, datetime) else str(value)


def log_level(verbose: bool, quiet: bool) -> str:
    """Return the level that -v and -q ask for."""
    return "debug" if verbose else "warning" if quiet else "info"


def quiet_logs(verbose: bool) -> None:
    """Let a command that answers on stdout keep the daemon's log lines to itself, unless it is asked for them."""
    import structlog

    low = 10 if verbose else 40
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(low),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def fail(message: str, code: int = 1) -> typer.Exit:
    """Say on stderr why a command did not do what it was asked; raise what this returns."""
    print(message, file=sys.stderr)
    return typer.Exit(code)


# -- configuration and database ------------------------------------------------------------------


def load_config(path: Path | None) -> Config:
    """Find and load config.toml. Raises: ConfigError."""
    from monitor import config as configuration

    return configuration.load(configuration.find(path))


@contextlib.contextmanager
def reading(config: Config) -> Iterator[Connection | None]:
    """Yield a reading connection beside a running daemon, None (and say so) where there is no database yet."""
    from monitor.store import visit

    with visit.reading(config.database) as connection:
        if connection is None:
            print("the archive is empty: `wirewatch run` has not run with this configuration yet", file=sys.stderr)
        yield connection


# -- text for people -----------------------------------------------------------------------------


def bold(text: str) -> str:
    """Return `text` in bold where a person reads it and wants colours."""
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else text


def clean(text: str | None) -> str:
    """Return data on one line without anything that a terminal would act on."""
    from monitor.delivery import wording

    return wording.clean(text or "")


def when(moment: datetime | None, zone: str = "UTC") -> str:
    """Return a time in the desk's zone, `-` where there is none."""
    return "-" if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def print_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns, the last as long as it is, so that nothing is cut when the output is piped."""
    lines = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(line[place]) for line in [list(head), *lines]) for place in range(len(head) - 1)]
    print(bold(_columns(head, widths)))
    for line in lines:
        print(_columns(line, widths))


def _columns(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, cells[-1]]).rstrip()


@app.callback()
def root() -> None:
    """Reads the wires for one desk and speaks only when it matters."""
