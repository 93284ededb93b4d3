"""Feeds of a list that nobody has tried: polled like others, no trouble of theirs is told before they answered once."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from monitor import jobs, metrics
from monitor.store import feeds
from tests.support.desk import Desk, item


@pytest.fixture
def listed(desk: Desk) -> Desk:
    """A candidate that answers 404 beside a feed that is well."""
    desk.has(["gazette", "herald"], channels=("desk", "ops"), ops="ops")
    tried = tuple(replace(feed, candidate=feed.id == "gazette") for feed in desk.config.feeds)
    desk.config = replace(desk.config, feeds=tried)
    desk.set_up()
    desk.publishes("herald")
    desk.run()
    return desk


def fail(desk: Desk, times: int) -> None:
    """Have the candidate fail some polls, with the daemon's sweep after each."""
    desk.web.answers["https://gazette.example/feed"] = 404
    for _ in range(times):
        desk.clock.advance(hours=2)
        desk.poll("herald")
        desk.poll("gazette")
        asyncio.run(jobs.sweep(desk.context))
    desk.run()


def told(desk: Desk) -> list[str]:
    """Return what the ops channel heard of the candidate."""
    return [notice.headline for notice in desk.senders["ops"].notices if "Gazette" in notice.headline]


def test_candidate_that_never_answered_is_told_of_nowhere_but_counted(listed: Desk) -> None:
    """Its failures raise no notice, however many; its state says what it is, and the gauge counts it."""
    fail(listed, 8)

    states = {row.feed.slug: row.state for row in listed.read(feeds.list_health)}
    assert told(listed) == []
    assert states == {"gazette": "candidate", "herald": "ok"}
    assert metrics.REGISTRY.get_sample_value("wirewatch_feeds", {"state": "candidate"}) == 1
    assert metrics.REGISTRY.get_sample_value("wirewatch_feeds", {"state": "failing"}) == 0


def test_candidate_that_answered_once_is_a_feed_like_others(listed: Desk) -> None:
    """After its first good fetch its failures are told, and it counts as failing."""
    fail(listed, 4)
    listed.publishes("gazette", item(1, "Weather"))
    listed.poll("gazette")

    fail(listed, 4)

    assert len(told(listed)) == 1
    assert listed.read(feeds.count_states) == dict.fromkeys(feeds.STATES, 0) | {"failing": 1, "ok": 1}
