"""A backtest from beginning to end: the steps, in workers that can be killed, with progress.

Cancelling the task kills the workers' tasks under way and leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import itertools
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from monitor.backtest import course, report, sift
from monitor.backtest.values import MOST_MATCHED, NOTHING, SIDES, Counted, Job, Report
from monitor.store.backtests import Span
from monitor.workers import Workers, WorkerSettings

STRETCH = 2_000
"""Revisions that a step of matching reads: seconds of work, so that progress is seen and a kill costs little."""
AT_ONCE = 2
"""Steps under way."""
STEP_LIMIT = 300.0
"""Seconds for one step of matching."""
DECIDING_LIMIT = 900.0
"""Seconds for all decisions of a side."""
FEW = 1_000
"""Matches that one worker decides for both sides: rules are loaded once more for each that takes part."""
POOL = WorkerSettings(count=AT_ONCE, memory_mb=250, cpu_seconds=DECIDING_LIMIT, seats=AT_ONCE)
SHARED = replace(POOL, count=AT_ONCE + 1)
"""One worker more, for what must not wait behind a backtest."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a backtest is. `stage`: matching, deciding, comparing; `share`: 0 to 1 of the whole."""

    stage: str
    share: float
    counted: Counted = NOTHING


def _silent(progress: Progress) -> None:
    """Show nothing."""


async def run(
    workers: Workers,
    job: Job,
    period: tuple[datetime, datetime],
    progress: Callable[[Progress], None] = _silent,
    stretch: int = STRETCH,
) -> Report:
    """Try the edited rules beside the live ones over `job.span`.

    Args:
        period: Its beginning and end, as they are told.
        stretch: Revisions a step; smaller where several workers are to share little work.
    Raises: WorkerError, RuleError, StoreError.
    """
    spool = tempfile.mkdtemp(prefix="spool-", dir=Path(job.live).parent)
    try:
        return await _steps(workers, replace(job, spool=spool), period, progress, stretch)
    finally:
        shutil.rmtree(spool, ignore_errors=True)


async def _steps(
    workers: Workers,
    job: Job,
    period: tuple[datetime, datetime],
    progress: Callable[[Progress], None],
    stretch: int,
) -> Report:
    progress(Progress("matching", 0.0))
    counted, stopped = await _match(workers, job, progress, stretch)
    progress(Progress("deciding", 0.8, counted))
    if counted.live + counted.edited <= FEW:
        short = report.decide_and_report
        made = await workers.call(short, job, *period, counted, timeout=DECIDING_LIMIT, source="backtest")
        progress(Progress("done", 1.0, counted))
        return replace(made, stopped=stopped)
    until = period[1]
    sides = (
        workers.call(course.decide_side, job, side, until, timeout=DECIDING_LIMIT, source="backtest") for side in SIDES
    )
    await _all(sides)
    progress(Progress("comparing", 0.97, counted))
    made = await workers.call(report.report, job, *period, counted, timeout=STEP_LIMIT, source="backtest")
    progress(Progress("done", 1.0, counted))
    return replace(made, stopped=stopped)


def stretches(span: Span, size: int) -> list[Span]:
    """Return a period cut at multiples of `size`, so that those within it are the same whenever it is asked for."""
    cuts = [span.first, *range((span.first // size + 1) * size, span.last + 1, size), span.last + 1]
    return [Span(low, high - 1) for low, high in itertools.pairwise(cuts)]


async def _match(workers: Workers, job: Job, progress: Callable[[Progress], None], stretch: int) -> tuple[Counted, str]:
    """Match every stretch, AT_ONCE at a time; return what was seen, and why it ended early."""
    waiting = stretches(job.span, stretch)[::-1]
    counted, done, whole = NOTHING, 0, len(waiting)

    async def one_after_another() -> None:
        nonlocal counted, done
        while waiting and max(counted.live, counted.edited) <= MOST_MATCHED:
            span = waiting.pop()
            seen = await workers.call(sift.sift, job, span, timeout=STEP_LIMIT, source="backtest")
            counted = Counted(*(one + more for one, more in zip(counted, seen, strict=True)))
            done += 1
            progress(Progress("matching", 0.8 * done / whole, counted))

    await _all(one_after_another() for _ in range(AT_ONCE))
    if not waiting:
        return counted, ""
    return counted, (
        f"stopped after {counted.read:,} articles, of which more than {MOST_MATCHED:,} matched: "
        "that lets everything through; narrow the rule or the period"
    )


async def _all(calls: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Await all; where one fails, end the others and raise what it raised."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
