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
Role = Annotated[
    str,
    typer.Option(
        "--role",
        metavar="ROLE",
        help="What this process does, where several share a PostgreSQL database: all, scheduler (leads, one of them), "
        "worker (polls, reads, sends) or web (the dashboard).",
    ),
]
Listen = Annotated[
    str | None,
    typer.Option("--listen", metavar="HOST:PORT", help="Where this process answers, instead of `[web] listen`."),
]
ROLES = ("all", "scheduler", "worker", "web")
Once = Annotated[bool, typer.Option("--once", help="One full pass (poll what is due, process, deliver), then exit.")]


@common.app.command()
def run(
    config: common.ConfigOption = None,
    once: Once = False,
    role: Role = "all",
    listen: Listen = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Watch the feeds and send alerts until stopped.

    Example: wirewatch run --config config.toml
    Example: wirewatch run --role worker --listen 0.0.0.0:8081
    """
    from monitor import app as application

    run_with(application.Seams(), config, once, json, common.log_level(verbose, quiet), role, listen)


def run_with(
    seams: application.Seams,
    config: common.ConfigOption,
    once: bool,
    json: bool,
    level: str,
    role: str = "all",
    listen: str | None = None,
) -> None:
    """Run with the parts that tests replace. Raises: MonitorError; typer.Exit for a pass that failed."""
    from monitor import app as application
    from monitor import config as configuration
    from monitor import logs

    loaded = _placed(application.load_config(config), role, listen, once)
    live = [loaded]  # a reload puts its own in: a rotated secret is masked from then on
    writer = logs.setup(level, None, lambda: configuration.secrets_of(live[-1]))
    try:
        if once:
            _finish(run_and_leave(application.run_once(loaded, seams)), json, loaded.timezone)
        else:
            _forever(loaded, role, seams, live)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
    finally:
        writer.close()


def _placed(loaded: configuration.Config, role: str, listen: str | None, once: bool) -> configuration.Config:
    """Return the configuration with the address of this process. Raises: BadParameter for a role it cannot have."""
    from dataclasses import replace

    from monitor import config_values
    from monitor.store import database

    if role not in ROLES:
        raise typer.BadParameter(f"there is no role {role!r}; there are {', '.join(ROLES)}", param_hint="--role")
    if role != "all" and once:
        raise typer.BadParameter("one pass is made by one process alone: leave --role out", param_hint="--once")
    if role != "all" and database.sqlite_path(loaded.database) is not None:
        raise typer.BadParameter(
            f"role {role!r} needs a database that several processes can share: "
            f'set [monitor] database = "postgresql+psycopg://..." in {loaded.path}',
            param_hint="--role",
        )
    if listen is None:
        return loaded
    try:
        host, port = config_values.parse_listen(listen)
    except ValueError as fault:
        raise typer.BadParameter(f"{listen!r} is not host:port; write 127.0.0.1:8081", param_hint="--listen") from fault
    return replace(loaded, web=replace(loaded.web, host=host, port=port))


def _forever(
    loaded: configuration.Config, role: str, seams: application.Seams, live: list[configuration.Config]
) -> None:
    from monitor import app as application
    from monitor.store import database

    def announce(address: str) -> None:
        print(_greeting(loaded, role, address), file=sys.stderr, flush=True)

    if database.sqlite_path(loaded.database) is not None:
        run_and_leave(application.run_daemon(loaded, seams, announce, live.append))
        return
    from monitor import app_cluster
    from monitor.engine.cluster import Role as ClusterRole

    place = app_cluster.Place(ClusterRole(role), (loaded.web.host, loaded.web.port), announce, live.append)
    run_and_leave(app_cluster.run_member(loaded, place, seams))


def _greeting(loaded: configuration.Config, role: str, address: str) -> str:
    """Return what is printed once the process answers."""
    health = f"health at {address}/healthz"
    if role in ("scheduler", "worker"):
        return f"wirewatch {role} for {len(loaded.feeds)} feeds; {health}"
    return f"wirewatch watches {len(loaded.feeds)} feeds; dashboard at {address}/, {health}"


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
