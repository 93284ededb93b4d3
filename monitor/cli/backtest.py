"""`wirewatch backtest`: edited rules beside the live ones over the archive."""

from __future__ import annotations

import asyncio
import contextlib
import pickle
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from monitor import scratch
from monitor.cli import backtest_text, check, common, rules_stats

if TYPE_CHECKING:
    from monitor.backtest.run import Progress
    from monitor.backtest.values import Job, Pair, Report
    from monitor.config import Config

PRELOAD = ("monitor.backtest.report",)
WARM_UP = "monitor.backtest.sift:warm_up"

Rules = Annotated[Path | None, typer.Option("--rules", metavar="DIR", help="The edited rules; default: those on disk.")]
PackOption = Annotated[str | None, typer.Option("--pack", metavar="NAME", help="This pack; default: all that differ.")]
Against = Annotated[
    str | None, typer.Option("--against", metavar="NAME", help="Compare it with this live pack instead of its own.")
]
Shadow = Annotated[
    bool, typer.Option("--shadow", help="What rules of status `test` would have sent, as live traffic matched them.")
]
Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="Articles decided in the last `30d`, or since `2025-03-01`.")
]


@common.app.command()
def backtest(
    rules: Rules = None,
    pack: PackOption = None,
    against: Against = None,
    shadow: Shadow = False,
    since: Since = "30d",
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Try edited rules beside the live ones on the archive: alerts gained, lost and moved, per day and per term.

    Example: wirewatch backtest --rules edited --pack us_aid --since 30d
    """
    common.quiet_logs(verbose)
    if against is not None and pack is None:
        raise common.fail("--against names the live pack that --pack is compared with: give both", 2)
    if shadow and rules is not None:
        raise common.fail("--shadow shows what live traffic matched, --rules tries files: give one of them", 2)
    from monitor import wiring

    loaded = wiring.with_route(common.load_config(config))
    wish = _Wish(rules, pack, against, shadow, rules_stats.start_of(since))
    with tempfile.TemporaryDirectory(prefix="backtest-", dir=scratch.folder()) as folder:
        planned = _planned(loaded, wish, Path(folder))
        if planned is None:
            return
        made = _run(planned, quiet)
    if json:
        common.print_json(made.to_json())
    else:
        backtest_text.print_report(made, loaded.timezone, verbose)
    if made.stopped:
        raise common.fail(made.stopped)


@dataclass(frozen=True, slots=True)
class _Wish:
    rules: Path | None
    pack: str | None
    against: str | None
    shadow: bool
    since: datetime


@dataclass(frozen=True, slots=True)
class _Planned:
    job: Job
    pickled: Path
    """The job, for those who load its rules before there are workers."""
    since: datetime
    until: datetime


def _planned(config: Config, wish: _Wish, folder: Path) -> _Planned | None:
    """Return what is to be tried; None, and say so, where there is nothing."""
    from monitor.backtest import plan
    from monitor.clock import SystemClock
    from monitor.store import backtests, rulesets

    with common.reading(config) as connection:
        if connection is None:
            return None
        stored = rulesets.live_source(connection)
        if stored is None:
            raise common.fail("no rules were ever live in this database: run `wirewatch run` once", 2)
        until = SystemClock().now()
        span = backtests.span_of(connection, wish.since)
    after = stored[1] if wish.shadow else _edited(config, wish)
    pairs = _pairs(stored[1], after, wish)
    if not pairs:
        print("no rule has status `test`" if wish.shadow else "the rules are the live ones: nothing to compare")
        return None
    if span is None:
        print(f"the archive has no article since {wish.since:%Y-%m-%d %H:%M} UTC")
        return None
    job = plan.make_job(config, folder, (stored[1], after), pairs, span, recorded=wish.shadow)
    pickled = folder / "job.pickle"
    pickled.write_bytes(pickle.dumps(job))
    return _Planned(job, pickled, wish.since, until)


def _edited(config: Config, wish: _Wish) -> str:
    """Return the source of the edited files; what is wrong with them is said on stderr."""
    from monitor.jobs import names
    from monitor.rules import compile as rules_compile
    from monitor.rules import load, trial

    folder = wish.rules or config.rules
    found = load.load_packs(check.read_rules(folder), names.known_to_rules(config))
    for fault in found.faults:
        if fault.is_error:
            print(check.placed(fault, folder), file=sys.stderr)
    if wish.pack in found.broken or (found.broken and wish.pack is None):
        raise common.fail(f"not tried: {', '.join(sorted(found.broken))} cannot be used as it stands")
    for one in found.packs:
        for failure in trial.run_tests(one).wrong if wish.pack in (None, one.id) else ():
            print(f"{check.placed(failure.fault, folder)}; tried all the same", file=sys.stderr)
    return rules_compile.source_of(found.packs)


def _pairs(before: str, after: str, wish: _Wish) -> list[Pair]:
    from monitor.backtest import plan
    from monitor.backtest.values import Pair

    if wish.pack is None:
        names = plan.packs_on_trial(after) if wish.shadow else plan.changed_packs(before, after)
        return [Pair(name, name) for name in names]
    old, new = plan.names_of(before), plan.names_of(after)
    known = new if wish.against or wish.shadow else old | new
    for name, among in ((wish.pack, known), (wish.against or wish.pack, old if wish.against else known)):
        if name not in among:
            raise common.fail(
                f"there is no pack {common.clean(name)}; there is {', '.join(sorted(among)) or 'none'}", 2
            )
    return [Pair(wish.against or wish.pack, wish.pack)]


def _run(planned: _Planned, quiet: bool) -> Report:
    from monitor import workers
    from monitor.backtest import run

    pool = workers.Workers(run.POOL, preload=PRELOAD, warm_up=workers.WarmUp(WARM_UP, str(planned.pickled)))
    try:
        with _progress(quiet) as show:
            return asyncio.run(run.run(pool, planned.job, (planned.since, planned.until), show))
    finally:
        pool.close()


@contextlib.contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """Yield what shows how far it is, to a person at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("matching", total=1.0)

        def show(progress: Progress) -> None:
            said = f"{progress.stage}, {progress.counted.read:,} articles"
            bar.update(task, completed=progress.share, description=said)

        yield show
