"""How many connections the limit on open files allows: database, channels and workers must find some free."""

from __future__ import annotations

import resource

import structlog

ENOUGH = 8192
"""Open files that the busiest monitor needs; the limit is raised to it where the system lets us."""
RESERVED = 48
"""Open files of everything but the gate."""
LEAST = 4
"""Requests at once, however low the limit."""
PLENTY = 2048
"""Limit from which connections are kept open for long: at 170 polls a second each second of it holds as many files."""

log = structlog.get_logger()


def raise_limit() -> None:
    """Raise this process's limit on open files as far as is useful and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = ENOUGH if hard == resource.RLIM_INFINITY else min(ENOUGH, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def affordable(concurrency: int) -> int:
    """Return how many requests may run at once: `concurrency`, or fewer where open files are scarce."""
    limit = _limit()
    found = max(LEAST, min(concurrency, (limit - RESERVED) // 2))
    if found < concurrency:
        log.warning("few_open_files", limit=limit, requests_at_once=found, remedy="raise it: ulimit -n 1024")
    return found


def kept_open() -> float | None:
    """Return for how long an idle connection is kept, seconds; None: not at all."""
    limit = _limit()
    if limit >= PLENTY:
        return 15.0
    return 2.0 if limit >= PLENTY // 8 else None


def _limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return PLENTY if soft == resource.RLIM_INFINITY else soft
