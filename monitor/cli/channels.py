"""`wirewatch channels`: where alerts go, and whether they arrive."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor import model
from monitor.cli import common, waits

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.delivery.channel import OpenTarget

group = typer.Typer(help="Channels: where alerts go.", no_args_is_help=True)
common.app.add_typer(group, name="channels")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The channel, as config.toml names it.")]


@group.command("list")
def list_channels(config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """List the channels with where they lead, their limits, and what waits for them; secrets are masked.

    Example: wirewatch channels list
    """
    from monitor import config as configuration
    from monitor.store import gathering, messages, visit

    loaded = common.load_config(config)
    with visit.reading(loaded.database) as connection:
        counts = messages.count_by_state(connection) if connection is not None else []
        gathered = gathering.list_gathered(connection) if connection is not None else []
    found = [
        _json(loaded, name, {state: count for channel, state, count in counts if channel == name})
        | {"waiting": [waits.gathered_json(one, loaded.timezone) for one in gathered if one.channel == name]}
        for name in configuration.effective_channels(loaded)
    ]
    if json:
        common.print_json(found)
        return
    common.print_table(
        ("CHANNEL", "USED FOR", "RATE", "HOLDS", "MESSAGES", "LEADS TO"),
        [
            (c["channel"], ", ".join(c["used_for"]) or "-", c["rate"] or "-", _holds(c),
             ", ".join(f"{n} {state}" for state, n in c["messages"].items()) or "-", c["leads_to"])
            for c in found
        ],
    )  # fmt: skip
    for one in (one for channel in found for one in channel["waiting"]):
        count = f"{one['alerts']} alert{'' if one['alerts'] == 1 else 's'}"
        print(f"{one['channel']} to {common.clean(one['target'])}: {count}, {one['why']}")


def _json(config: Config, name: str, counts: dict[str, int]) -> dict[str, Any]:
    from monitor import config as configuration
    from monitor.delivery import channel

    settings = configuration.effective_channels(config)[name]
    uses = (("default", name in configuration.effective_route(config)), ("ops", name == config.ops_channel))
    return {
        "channel": name,
        "leads_to": channel.describe(settings.url.get_secret_value()),
        "used_for": [use for use, used in uses if used],
        "rate": f"{settings.rate.count} per {settings.rate.seconds:g}s" if settings.rate else None,
        "digest": waits.timetable(settings.digest) if settings.digest else None,
        "quiet": f"{settings.quiet.start:%H:%M}-{settings.quiet.end:%H:%M}" if settings.quiet else None,
        "budget": settings.budget,
        "group": settings.group,
        "messages": counts,
    }


def _holds(channel: dict[str, Any]) -> str:
    """Return what makes alerts of a channel wait: `digest 07:00, quiet 22:00-06:30, budget 100 a day, group 60 s`."""
    group = f"{channel['group']:g} s" if channel["group"] else None
    budget = f"{channel['budget']} a day" if channel["budget"] is not None else None
    held = {"digest": channel["digest"], "quiet": channel["quiet"], "budget": budget, "group": group}
    return ", ".join(f"{name} {value}" for name, value in held.items() if value) or "-"


@group.command("test")
def send_test(
    name: Name,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Send a message marked as a test to every recipient of a channel, and print what the service answers.

    It goes out at once, past the queue. Exit 1 if a recipient did not take it.

    Example: wirewatch channels test desk-slack
    """
    from monitor.clock import SystemClock
    from monitor.jobs import channel_test

    common.quiet_logs(verbose)
    loaded = common.load_config(config)
    told = channel_test.notice(loaded, name, SystemClock().now())
    results = asyncio.run(channel_test.send(_opened(loaded, name), told))
    if json:
        common.print_json([_result(target, result) for target, result in results])
    else:
        for target, result in results:
            answer = " ".join(filter(None, (str(result.status or ""), common.clean(result.detail))))
            print(f"{name} to {common.clean(target.label)}: {result.outcome.value}: {answer}")
    if any(result.outcome is not model.SendOutcome.SENT for _, result in results):
        raise typer.Exit(1)


def _opened(config: Config, name: str) -> tuple[OpenTarget, ...]:
    from monitor import config as configuration
    from monitor.jobs import channel_test

    targets = channel_test.opened(config, name)
    if targets is None:
        known = ", ".join(configuration.effective_channels(config))
        raise common.fail(f"there is no channel `{name}`; there is {known}", 2)
    return targets


def _result(target: model.Target, result: model.SendResult) -> dict[str, Any]:
    names = ("status", "detail", "retry_after", "service_id")
    return {
        "channel": target.channel,
        "target": target.label,
        "outcome": result.outcome.value,
        **{name: getattr(result, name) for name in names},
    }
