"""What is heard of a service's answers beside apprise, and that no reply is read without end."""

from __future__ import annotations

import asyncio
import resource

import pytest
import requests

from monitor import model
from monitor.delivery import apprise_answers, apprise_channel, channel
from tests.support import notices, web

SENT, RETRY, REFUSED = model.SendOutcome.SENT, model.SendOutcome.RETRY, model.SendOutcome.REFUSED


async def answered(reply: web.Reply) -> model.SendResult:
    """Return how an attempt ends at a webhook that gives this reply."""
    async with web.Site() as site:
        site.on("/hook", reply)
        (opened,) = channel.open_channel("desk", f"json://{site.address}/hook")
        return await opened.sender.send(notices.notice())


@pytest.mark.parametrize("status", [429, 503])
async def test_f35_retry_after_of_a_service_behind_apprise_is_handed_on(status: int) -> None:
    """The seconds that the service asks for reach the outbox, with its status."""
    result = await answered(web.page(b"slow down", status=status, headers={"Retry-After": "30"}))

    assert (result.outcome, result.status, result.retry_after) == (RETRY, status, 30.0)


async def test_refusal_has_no_time_to_wait_for() -> None:
    """A Retry-After beside a refusal changes nothing: nobody tries again."""
    result = await answered(web.page(b"gone", status=404, headers={"Retry-After": "30"}))

    assert (result.outcome, result.retry_after) == (REFUSED, None)


async def test_f35_a21_huge_replies_behind_apprise_are_read_to_64_kb() -> None:
    """A reply of 300 MB costs next to no memory, and its status counts."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    result = await answered(web.endless(b" " * 65_536, {"Content-Length": "300000000"}))

    assert result.outcome is SENT
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000


async def test_requests_of_others_are_read_whole() -> None:
    """Only a thread that listens is heard; what else the process asks for is read as ever."""
    with apprise_answers.heard() as answers:
        pass
    async with web.Site() as site:
        site.on("/long", web.page(b"x" * 200_000))
        reply = await asyncio.to_thread(requests.get, site.url("/long"), timeout=10)

    assert len(reply.content) == 200_000
    assert answers == []


def test_status_of_the_answer_counts_where_apprise_names_none() -> None:
    """A plugin that says no more than that it failed leaves the service's own word."""
    gone = apprise_answers.Answer(410, None, None)

    assert apprise_channel.classify(False, "it failed", gone).outcome is REFUSED
    assert apprise_channel.classify(False, "it failed", None).outcome is RETRY
