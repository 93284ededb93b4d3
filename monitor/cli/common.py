"""What every command shares: options, output, exit codes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from monitor import errors

app = typer.Typer(
    name="wirewatch",
    help="Reads the wires for one desk and speaks only when it matters.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Default: ./config.toml, then $WIREWATCH_CONFIG.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Log more.")]
QuietOption = Annotated[bool, typer.Option("-q", "--quiet", help="Log only what goes wrong.")]

_CODES: tuple[tuple[type[errors.MonitorError], int], ...] = (
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
    print(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def log_level(verbose: bool, quiet: bool) -> str:
    """Return the level that -v and -q ask for."""
    return "debug" if verbose else "warning" if quiet else "info"


@app.callback()
def root() -> None:
    """Reads the wires for one desk and speaks only when it matters."""
