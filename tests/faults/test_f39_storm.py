"""F39: thousands of matches at once, through the real daemon, are few messages, and none is lost.

A few hundred in the usual run; WIREWATCH_STORM=10000 makes the full count (a hundred feeds of a hundred items each).
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from bench import measure
from tests.support import webhook, world

COUNT = int(os.environ.get("WIREWATCH_STORM", "400"))
PER_FEED = 100
MOST, WINDOW = 20, timedelta(minutes=10)
"""Messages to one recipient, and within which time."""
LATE = 60.0
"""Seconds that a poll may be late by."""
MEMORY = 400.0
"""MB over all processes."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    with world.opened(tmp_path) as opened:
        yield opened


@pytest.mark.timeout(120 + COUNT // 5)
def test_f39_thousands_of_matches_are_few_messages_and_nothing_is_lost(desk: world.World) -> None:
    """At most twenty messages in ten minutes to each recipient; the mails' lists and the ledger hold every match."""
    for n in range(COUNT):
        desk.publish(f"room{n // PER_FEED}", world.plain_story(n))
    desk.configure(every="20s")
    tokens = {f"tok-{n}" for n in range(COUNT)}
    with desk.daemon().until_up() as daemon, measure.Memory(daemon.pid) as memory, watched(desk) as late:
        world.until(lambda: told(desk) >= COUNT, 60 + COUNT / 5, "every match decided", 1.0)
        desk.until_quiet(180)
        assert daemon.stop() == 0

    channels = {name: sent_at(desk, name) for name in ("mail", "chat")}
    _report(desk, channels, memory.peak, max(late))
    assert {name: busiest(moments) for name, moments in channels.items() if busiest(moments) > MOST} == {}
    assert tokens - named_in_mails(desk) == set()
    assert tokens - in_ledger(desk, "mail") == set()
    assert tokens - in_ledger(desk, "chat") == set()
    assert all(re.search(r"and \d+ more articles", text) for text in storms(desk))
    assert memory.peak < MEMORY
    assert max(late) < LATE


@contextmanager
def watched(desk: world.World) -> Iterator[list[float]]:
    """Sample by how many seconds the feed that waits longest is late, while the block runs."""
    late, stop = [0.0], threading.Event()

    def sample() -> None:
        query = "SELECT max(julianday('now') - julianday(next_check)) * 86400 FROM feeds"
        while not stop.wait(1.0):
            (value,) = desk.query(query)[0]
            late.append(float(value or 0.0))

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        yield late
    finally:
        stop.set()
        thread.join()


def told(desk: world.World) -> int:
    """Return how many alerts were decided."""
    return int(desk.query("SELECT count(*) FROM alerts")[0][0])


def sent_at(desk: world.World, channel: str) -> list[datetime]:
    """Return when messages about alerts reached a channel, in order."""
    query = """SELECT sent_at FROM messages JOIN targets ON targets.id = messages.target_id
               WHERE channel = ? AND kind IN ('alert', 'digest') AND state = 'sent' ORDER BY sent_at"""
    return [datetime.fromisoformat(row[0]) for row in desk.query(query, channel)]


def busiest(moments: list[datetime]) -> int:
    """Return how many messages at most came within one window."""
    return max(sum(start <= at < start + WINDOW for at in moments) for start in moments)


def named_in_mails(desk: world.World) -> set[str]:
    """Return the tokens in the mails, or in the tables attached to them."""
    found: set[str] = set()
    for mail in desk.inbox.mails:
        found |= set(world.TOKEN.findall(mail.text))
        found |= {token for part in mail.message.iter_attachments() for token in _listed(part)}
    return found


def _listed(attachment: EmailMessage) -> set[str]:
    table = attachment.get_payload(decode=True)
    assert isinstance(table, bytes)
    rows = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    return {token for row in rows for token in world.TOKEN.findall(row["title"])}


def in_ledger(desk: world.World, channel: str) -> set[str]:
    """Return the tokens of alerts whose message to a channel is recorded as sent."""
    query = """SELECT title FROM revisions JOIN alerts ON alerts.revision_id = revisions.id
               JOIN message_alerts ON message_alerts.alert_id = alerts.id
               JOIN messages ON messages.id = message_alerts.message_id
               JOIN targets ON targets.id = messages.target_id WHERE channel = ? AND state = 'sent'"""
    return {token for (title,) in desk.query(query, channel) for token in world.TOKEN.findall(title)}


def storms(desk: world.World) -> list[str]:
    """Return the texts of the chat's messages that cannot name all they are about."""
    texts = ["\n".join(webhook.strings(payload)) for payload in desk.webhook.payloads]
    counted = [(text, re.search(r"Storm: (\d+) reports", text)) for text in texts]
    return [text for text, found in counted if found and int(found[1]) > 50]


def _report(desk: world.World, channels: dict[str, list[datetime]], peak: float, late: float) -> None:
    """Print what was counted, for `-s`."""
    figures = {
        "matches": COUNT,
        "messages": {name: len(moments) for name, moments in channels.items()},
        "busiest ten minutes": {name: busiest(moments) for name, moments in channels.items()},
        "named in mails": len(named_in_mails(desk)),
        "largest mail, bytes": max(len(mail.raw) for mail in desk.inbox.mails),
        "minutes": (max(max(moments) for moments in channels.values()) - min(min(m) for m in channels.values()))
        / timedelta(minutes=1),
        "PSS peak, MB": round(peak),
        "poll late by at most, s": round(late, 1),
    }
    print(json.dumps(figures, default=str), time.strftime("%H:%M"))
