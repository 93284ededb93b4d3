"""The `wirewatch` command: one file per group, no policy.

Exit codes: 0 fine · 1 the thing asked about failed · 2 usage or configuration fault · 3 database damaged ·
4 database of a newer version · 5 another daemon holds the database.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import typer

from monitor.cli.common import app, exit_code_of, print_fault
from monitor.errors import MonitorError

__all__ = ["app", "main", "run_command"]

INTERRUPTED = 130
CLOSED_PIPE = 141
"""Of a command whose reader went away, as a shell names SIGPIPE."""


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    code = run_command()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:
        code = CLOSED_PIPE
    _remove_scratch()
    # Threads that wait for a name server or a dead channel must not hold the exit: everything durable is written.
    os._exit(code)


def _remove_scratch() -> None:
    """Remove what this process wrote for its own time, if it did: an exit that we do not wait for would."""
    if "monitor.scratch" in sys.modules:
        from monitor import scratch

        scratch.remove()


COMMANDS = (
    "alerts",
    "alerts_rate",
    "backtest",
    "channels",
    "check",
    "db",
    "db_copy",
    "demo",
    "explain",
    "extract",
    "feeds",
    "feeds_add",
    "feeds_check",
    "feeds_pause",
    "health",
    "replay",
    "rules",
    "rules_stats",
    "run",
    "search",
    "silence",
    "stories",
    "web",
)
"""Files of this folder that hold commands."""


def run_command(arguments: Sequence[str] | None = None) -> int:
    """Run one command, by default that of the process's own arguments, and return its exit code."""
    for name in COMMANDS:  # each file adds its commands to `app`, and imports what a command needs where it runs
        importlib.import_module(f"monitor.cli.{name}")
    try:
        done = app(arguments, standalone_mode=False)
    except MonitorError as fault:
        print_fault(fault)
        return exit_code_of(fault)
    except typer.TyperException as fault:
        _show_usage(fault)
        return fault.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        return CLOSED_PIPE
    return done if isinstance(done, int) else 0


def _show_usage(fault: typer.TyperException) -> None:
    """Print what was wrong with the arguments, and where help is."""
    context = getattr(fault, "ctx", None)
    path = context.command_path if context is not None else "wirewatch"
    print(f"{fault.format_message()}\ntry `{path} --help`", file=sys.stderr)
