"""What a cluster owes the world outside, whichever of its members acts: limits of hosts and channels, order, pauses.

`WIREWATCH_TEST_MEMBERS` (3) and `WIREWATCH_TEST_STORIES` (16) make it larger by hand.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from tests.support import cluster, databases, web, webhook, world

MEMBERS = int(os.environ.get("WIREWATCH_TEST_MEMBERS", "3"))
STORIES = int(os.environ.get("WIREWATCH_TEST_STORIES", "16"))
PER_HOST = 2
COUNT, SECONDS = 4, 1.0
"""The chat's rate."""
BLINK = 0.3
"""Seconds by which messages may come closer together than they were sent: the machine may be busy."""
ROOMS = ("gazette", "herald", "courier", "tribune")


@dataclass
class Ran:
    """What a run left behind."""

    world: cluster.Cluster
    stories: list[world.Story]
    arrivals: list[float] = field(default_factory=list)
    """When the chat was told something."""
    asked_after_pause: list[float] = field(default_factory=list)
    """Seconds after the host had asked for a pause at which it was asked something all the same."""


@pytest.fixture(scope="module")
def ran(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    """A cluster that told every story under its limits, was asked for a pause, and ended in good order."""
    with cluster.opened(tmp_path_factory.mktemp("cluster"), made_databases.postgresql()) as made:
        made.storm = False
        done = Ran(made, [world.plain_story(n) for n in range(STORIES)])
        made.webhook.site.on(webhook.PATH, noting(done.arrivals, made.webhook._answer))
        for n, room in enumerate(ROOMS):
            made.publish(room, world.plain_story(10_000 + n))
        configure(made)
        members = [made.member("all") for _ in range(MEMBERS)]
        for member in members:
            member.until_up(60)
        made.until_told(*(f"tok-{10_000 + n}" for n in range(len(ROOMS))))
        for n, story in enumerate(done.stories):
            made.publish(ROOMS[n % len(ROOMS)], story)
            made.site.on(f"/{ROOMS[n % len(ROOMS)]}/{story.token}", slowly(world.article_page(story)))
        made.until_told(*(story.token for story in done.stories), seconds=120)
        done.asked_after_pause = pause(made)
        for member in members:
            assert member.stop() == 0, member.log
        yield done


def configure(made: cluster.Cluster) -> None:
    """Set the limits that are to be kept."""
    written = made.configure(every="2s").read_text("utf-8")
    chat = f'[channels.chat]\nurl = "{made.webhook.channel_url()}"\n'
    limited = written.replace(chat, f'{chat}rate = "{COUNT} per {SECONDS:g}s"\n')
    made.config.write_text(limited.replace("per_host = 16", f"per_host = {PER_HOST}"), "utf-8")


def slowly(text: str) -> web.Reply:
    """Answer with a page, after a while."""
    reply = web.page(text.encode(), headers={"Content-Type": "text/html; charset=utf-8"})

    async def slow(request: web.Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        await reply(request, writer)

    return slow


def noting(times: list[float], reply: web.Reply) -> web.Reply:
    """Answer the same, with a note of when."""

    async def noted(request: web.Request, writer: asyncio.StreamWriter) -> None:
        times.append(time.monotonic())
        await reply(request, writer)

    return noted


def pause(made: cluster.Cluster) -> list[float]:
    """Have a feed's host ask for a pause, and return how long after that it was asked something within five seconds."""
    said, asked = [], []
    refuse = web.page(b"", status=429, headers={"Retry-After": "600"})
    made.site.on("/gazette/feed", noting(said, refuse))
    world.until(lambda: said, 30, "the gazette is polled")
    for room in ROOMS[1:]:
        made.site.on(f"/{room}/feed", noting(asked, made.feed_of(made.newsroom(room))))
    time.sleep(5)
    return [moment - said[0] for moment in [*asked, *said[1:]]]


def test_a_host_is_never_asked_more_at_once_than_per_host_allows(ran: Ran) -> None:
    """The site counted the requests that were with it: as many at once as one member might make, and no more."""
    assert ran.world.site.busiest == PER_HOST


def test_every_story_is_told_once_by_members_that_share_the_work(ran: Ran) -> None:
    """Nothing is lost or repeated, and more than one member polled and told."""
    tally = ran.world.tally([story.token for story in ran.stories])

    assert (tally.lost, sum(tally.duplicates.values())) == (0, 0)
    assert ran.world.scalar("SELECT count(DISTINCT epoch) FROM attempts") > 1


def test_a_channel_is_sent_no_more_than_its_rate_in_any_window(ran: Ran) -> None:
    """No window of the rate's length holds more than its count, neither by our record nor by the chat's own clock."""
    started = [row[0] for row in ran.world.query("SELECT started_at FROM attempts WHERE channel = 'chat' ORDER BY 1")]

    assert len(started) == STORIES + len(ROOMS)
    for times, blink in ((started, timedelta()), (ran.arrivals, timedelta(seconds=BLINK))):
        spans = [later - first for first, later in zip(times, times[COUNT:], strict=False)]
        least = min(span if isinstance(span, timedelta) else timedelta(seconds=span) for span in spans)
        assert least >= timedelta(seconds=SECONDS) - blink


def test_a_recipient_gets_its_messages_in_order(ran: Ran) -> None:
    """Whichever members sent them, messages arrived in the chat and in the mailbox as they were queued."""
    queued = ran.world.query(
        "SELECT t.channel, r.title FROM messages m JOIN targets t ON t.id = m.target_id"
        " JOIN revisions r ON r.id = m.revision_id ORDER BY m.id"
    )

    for channel in ("chat", "mail"):
        expected = [token for name, title in queued if name == channel for token in world.TOKEN.findall(title)]
        assert [token for token, _, _ in ran.world.receipts()[channel]] == expected


def test_a_recipient_gets_one_message_at_a_time(ran: Ran) -> None:
    """An attempt begins after the one before it has ended, as well as the members' clocks can tell."""
    tried = ran.world.query(
        "SELECT m.target_id, a.started_at, a.ended_at FROM attempts a JOIN messages m ON m.id = a.message_id"
        " ORDER BY m.target_id, a.started_at"
    )

    for (target, _, ended), (next_target, started, _) in itertools.pairwise(tried):
        assert target != next_target or started > ended - timedelta(seconds=BLINK)


def test_a_pause_that_one_member_heard_of_holds_for_all(ran: Ran) -> None:
    """After one Retry-After the host is left alone by every member, but for what was under way."""
    assert [late for late in ran.asked_after_pause if late > world.SLACK * 0.5] == []
