"""F33: channels that are dead, silent or were away, beside others, around the real daemon."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import web, webhook, world

DELAY = 2.0
"""Seconds that a slow or dead channel may delay another by at most."""
BURST = 100
"""Mails."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    with world.opened(tmp_path) as opened:
        opened.newsroom("gazette")
        yield opened


def sent(desk: world.World, channel: str) -> list[tuple[datetime, datetime]]:
    """Return when each alert that reached a channel was decided and when it was taken, in the order of sending."""
    query = """SELECT alerts.created_at, sent_at FROM messages JOIN targets ON targets.id = messages.target_id
               JOIN message_alerts ON message_alerts.message_id = messages.id
               JOIN alerts ON alerts.id = message_alerts.alert_id
               WHERE channel = ? AND state = 'sent' ORDER BY sent_at"""
    return [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in desk.query(query, channel)]


@pytest.mark.timeout(120)
def test_f33_a_silent_and_a_dead_channel_delay_no_other(desk: world.World) -> None:
    """One service never answers, one cannot be reached, one hangs behind apprise: each mail leaves as it is decided."""
    desk.webhook.site.on(webhook.PATH, web.silence())
    desk.site.on("/silent", web.silence())
    dead = {"dead": "json://127.0.0.1:1/hook", "hangs": f"json://{desk.site.address}/silent"}
    desk.configure(channels={**desk.channels(), **dead})
    tokens = [f"tok-{n}" for n in range(6)]
    with desk.daemon().until_up() as daemon:
        for n in range(6):
            desk.publish("gazette", world.plain_story(n))
            desk.until_told(f"tok-{n}", channels=["mail"])
        daemon.kill()  # its other channels would wait for their deadlines

    waits = [(taken - decided).total_seconds() for decided, taken in sent(desk, "mail")]
    assert desk.told("mail") == dict.fromkeys(tokens, 1)
    assert max(waits) < DELAY * world.SLACK


@pytest.mark.timeout(240)
def test_f33_a_burst_of_mails_leaves_in_order_over_one_connection(desk: world.World) -> None:
    """A hundred mails that waited for their server leave as soon as it is back; `-s` shows how long they took."""
    desk.storm = False
    desk.configure(channels={"mail": desk.channels()["mail"]})
    for n in range(BURST):
        desk.publish("gazette", world.plain_story(n))
    desk.inbox.script.extend(["421 4.3.2 not now"] * 1000)
    with desk.daemon().until_up() as daemon:
        world.until(lambda: desk.query("SELECT count(*) FROM alerts")[0][0] == BURST, 120, "every alert decided")
        desk.inbox.script.clear()
        before = desk.inbox.connections
        desk.make_due()
        world.until(lambda: len(desk.inbox.mails) >= BURST, 120, "a hundred mails")
        connections = desk.inbox.connections - before
        desk.until_quiet()
        assert daemon.stop() == 0

    taken = [moment for _, moment in sent(desk, "mail")]
    seconds = (taken[-1] - taken[0]).total_seconds()
    print(f"{BURST} mails in {seconds:.2f} s over {connections} connections")
    assert connections == 1
    assert len(desk.told("mail")) == BURST
    assert desk.query("SELECT id FROM messages ORDER BY sent_at, id") == desk.query(
        "SELECT id FROM messages ORDER BY id"
    )
