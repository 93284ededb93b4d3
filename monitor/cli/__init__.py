"""The `wirewatch` command: one file per group, no policy.

Exit codes: 0 fine · 1 the thing asked about failed · 2 usage or configuration fault · 3 database damaged ·
4 database of a newer version · 5 another daemon holds the database.
"""

from __future__ import annotations

import os
import sys

from monitor.cli.common import app, exit_code_of, print_fault
from monitor.errors import MonitorError

__all__ = ["app", "main"]


def main() -> None:
    """Run the command that the arguments name, and leave with its exit code."""
    from monitor.cli import run  # noqa: F401 - each file adds its commands to `app`

    code = _run()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that wait for a name server or a dead channel must not hold the exit: everything durable is written.
    os._exit(code)


def _run() -> int:
    try:
        app(standalone_mode=False)
    except MonitorError as fault:
        print_fault(fault)
        return exit_code_of(fault)
    return 0
