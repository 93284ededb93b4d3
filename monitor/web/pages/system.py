"""The page of the system: what waits to be sent, channels with a test, troubles, the machine, charts."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from monitor import errors
from monitor.delivery import wording
from monitor.jobs import channel_test
from monitor.jobs.channel_test import Result
from monitor.web import system_parts
from monitor.web.desk import Desk
from monitor.web.faults import NotThere, Unusable
from monitor.web.forms import Form

MOST_TROUBLES = 15
"""Open troubles that the page lists; a bad day has one for each of a thousand feeds."""
PATIENCE = 60.0
"""Seconds in which every recipient of a channel has to answer a test."""


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of the system."""

    async def show(request: Request) -> Response:
        now = desk.now()
        system = await desk.read(lambda c: system_parts.read(c, desk.context, now))
        return desk.render(
            request,
            "system.html",
            system=system,
            states=system_parts.STATES,
            most_troubles=MOST_TROUBLES,
            kinds=system_parts.POLL_KINDS,
            alert_chart=system_parts.alert_chart(system),
            delay_chart=system_parts.delay_chart(system),
            poll_chart=system_parts.poll_chart(system, desk.zone),
            numbers=system_parts.numbers(system, desk.zone),
        )

    async def test(request: Request, form: Form) -> Response:
        name = request.path_params["name"]
        try:
            results = await test_channel(desk, name)
        except Unusable as fault:
            return desk.redirect(request, "/system", fault.message)
        said = "; ".join(wording.clean(channel_test.shown(*result)) for result in results)
        return desk.redirect(request, "/system", f"Test of {name}: {said}.")

    return [Route("/system", show, methods=["GET"]), desk.post("/system/channels/{name}/test", test)]


async def test_channel(desk: Desk, name: str) -> list[Result]:
    """Send a test to every recipient of a channel. Raises: NotThere; Unusable where its address is; Busy."""
    config = desk.context.setup.config
    async with desk.heavy():
        try:
            targets = channel_test.opened(config, name)
            if targets is None:
                raise NotThere(f"There is no channel `{name[:100]}`.")
            async with asyncio.timeout(PATIENCE):
                return await channel_test.send(targets, channel_test.notice(config, name, desk.now()))
        except TimeoutError:
            raise Unusable(f"Test of {name}: it did not answer within {PATIENCE:.0f} seconds.") from None
        except errors.DeliveryError as fault:
            raise Unusable(f"Test of {name}: {fault}") from None
