"""`wirewatch run`: the daemon."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from monitor.cli import common, waits

if TYPE_CHECKING:
    from monitor import app as application
    from monitor import config as configuration
    from monitor.engine import Summary

T = TypeVar("T")
Once = Annotated[bool, typer.Option("--once", help="One full pass (poll what is due, process, deliver), then exit.")]


@common.app.command()
def run(
    config: common.ConfigOption = None,
    once: Once = False,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Watch the feeds and send alerts until stopped.

    Example: wirewatch run --config config.toml
    """
    from monitor import app as application

    run_with(application.Seams(), config, once, json, common.log_level(verbose, quiet))


def run_with(seams: application.Seams, config: common.ConfigOption, once: bool, json: bool, level: str) -> None:
    """Run with the parts that tests replace. Raises: MonitorError; typer.Exit for a pass that failed."""
    from monitor import app as application
    from monitor import config as configuration
    from monitor import logs

    loaded = application.load_config(config)
    live = [loaded]  # a reload puts its own in: a rotated secret is masked from then on
    writer = logs.setup(level, None, lambda: configuration.secrets_of(live[-1]))
    try:
        if once:
            _finish(run_and_leave(application.run_once(loaded, seams)), json, loaded.timezone)
        else:
            _forever(loaded, seams, live)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        writer.close()


def _forever(loaded: configuration.Config, seams: application.Seams, live: list[configuration.Config]) -> None:
    from monitor import app as application

    def announce(address: str) -> None:
        print(
            f"wirewatch watches {len(loaded.feeds)} feeds; dashboard at {address}/, health at {address}/healthz",
            file=sys.stderr,
            flush=True,
        )

    run_and_leave(application.run_daemon(loaded, seams, announce, live.append))


def run_and_leave(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end in a loop of its own that is then abandoned.

    asyncio.run would wait for its threads, and one of them may sit in a name look-up for half a minute.
    """
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop.run_until_complete(work)


def _finish(summary: Summary, json: bool, zone: str) -> None:
    if json:
        plain = {name: getattr(summary, name) for name in summary.__dataclass_fields__}
        common.print_json({**plain, "gathering": [waits.gathered_json(one, zone) for one in summary.gathering]})
    else:
        print(sentence(summary, zone))
    if summary.failed:
        raise typer.Exit(1)


def sentence(summary: Summary, zone: str) -> str:
    """Return what one pass did and what it leaves, in words."""
    lines = [f"polled {summary.polled} feeds ({summary.failed_polls} failed), {summary.new_entries} new entries"]
    if summary.baseline:
        lines.append(f"baseline: {summary.baseline} entries; alerts begin with the next new item")
    lines.append(
        f"processed {summary.processed}, alerts {summary.alerts}, messages sent {summary.sent}, dead {summary.dead}"
    )
    if summary.waiting:
        lines.append(f"{summary.waiting} messages wait; the next try is at {summary.next_try}")
    for one in summary.gathering:
        lines.append(f"{one.channel} to {common.clean(one.label)}: {one.alerts} gathered, "
                     f"{waits.gathers(one.slot, one.due_at, zone)}")  # fmt: skip
    return "\n".join(lines)
