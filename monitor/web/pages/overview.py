"""The front page: the alerts, or the first three steps while one of them is left."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from monitor.config import CONSOLE
from monitor.store import first_steps
from monitor.web.desk import Desk


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do before an alert can come."""

    title: str
    done: bool
    words: str
    """What stands now."""
    example: str
    """What to write, as config.toml or a rule file has it; empty where a command does."""
    place: str
    """Where the example belongs."""


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the route of the front page."""

    async def front(request: Request) -> Response:
        state = await desk.read(first_steps.look)
        steps = steps_of(desk, state)
        if state.alerts or all(step.done for step in steps):
            return RedirectResponse("/alerts", 303)
        return desk.render(request, "first_steps.html", steps=steps, state=state)

    return [Route("/", front, methods=["GET"])]


def steps_of(desk: Desk, state: first_steps.State) -> list[Step]:
    """Return the three steps, each with whether it is done."""
    setup = desk.context.setup
    packs = sorted(setup.live.ruleset.packs)
    channels = sorted(name for name in setup.config.channels if name != CONSOLE)
    polled = f", {state.polled} of them polled" if state.feeds else ""
    return [
        Step(
            "Feeds to read",
            state.feeds > 0,
            f"{state.feeds} feeds{polled}." if state.feeds else "No feed yet.",
            '[[feeds]]\nurl = "https://www.example.org/rss.xml"\nname = "Example"',
            "config.toml, or add feeds on the page Feeds; `wirewatch feeds import list.opml` takes a list",
        ),
        Step(
            "Rules that say what matters",
            bool(packs),
            f"Live packs: {', '.join(packs)}." if packs else "No rule pack yet.",
            "format: 1\npack: strikes\ntitle: Strikes in ports\nrules:\n  - {id: core, all: [port, strike]}",
            f"a file in {setup.config.rules}/packs",
        ),
        Step(
            "A channel that reaches you",
            bool(channels),
            f"Channels: {', '.join(channels)}." if channels else "Alerts go to the console of the daemon and to here.",
            '[channels.desk-mail]\nurl = "${MAIL_URL}"   # mailtos://..., slack://... and many more',
            'config.toml, then default_route = ["desk-mail"] under [monitor]; `wirewatch channels test` tries it',
        ),
    ]
