"""A machine that slept for eight hours with 2,000 feeds: F14, around the real daemon."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import crowd, world

FEEDS, HOSTS = 2_000, 100
ANSWER = 0.05
"""Seconds that a host takes for an answer."""
LIMIT = 900.0
"""Seconds within which everything is to be caught up."""
RSS = b'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><title>x</title></item></channel></rss>'
REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n\r\n" % len(RSS) + RSS
SLEPT = (
    "UPDATE feeds SET next_check = strftime('%Y-%m-%d %H:%M:%f', next_check, '-8 hours') || '000', "
    "polled_at = strftime('%Y-%m-%d %H:%M:%f', polled_at, '-8 hours') || '000'"
)


class Newsrooms:
    """Hosts on loopback that count who asks for what, and how many at once."""

    def __init__(self) -> None:
        self.hosts = [f"127.0.5.{n + 1}" for n in range(HOSTS)]
        self.port = crowd.free_port()
        self.asked: collections.Counter[bytes] = collections.Counter()
        self.busy: collections.Counter[str] = collections.Counter()
        self.busiest = self.busiest_host = 0

    def forget(self) -> None:
        """Count anew."""
        self.asked.clear()
        self.busiest = self.busiest_host = 0

    @contextlib.contextmanager
    def running(self) -> Iterator[Newsrooms]:
        """Serve in a thread while the block runs."""
        with crowd.served(dict.fromkeys(self.hosts, self._answer), self.port):
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host = writer.get_extra_info("sockname")[0]
        with contextlib.suppress(OSError, EOFError):
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked[head.split(b" ", 2)[1]] += 1
                self.busy[host] += 1
                self.busiest = max(self.busiest, self.busy.total())
                self.busiest_host = max(self.busiest_host, self.busy[host])
                await asyncio.sleep(ANSWER)
                self.busy[host] -= 1
                writer.write(REPLY)
        writer.close()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    with world.opened(tmp_path) as opened:
        yield opened


@pytest.mark.timeout(1200)
def test_f14_two_thousand_feeds_are_caught_up_by_one_poll_each(desk: world.World) -> None:
    """All are due at once: one poll of each, at most 64 at a time and 2 to a host; the next checks are spread."""
    with Newsrooms().running() as rooms:
        feeds = "".join(
            f'[[feeds]]\nurl = "http://{rooms.hosts[n % HOSTS]}:{rooms.port}/{n}"\nid = "f{n}"\nname = "f {n}"\n'
            for n in range(FEEDS)
        )
        desk.configure(feeds=feeds, every="1h", allow=["127.0.0.0/8"])
        desk.config.write_text(desk.config.read_text().replace("per_host = 16", "per_host = 2"))
        with desk.daemon().until_up() as daemon:
            unpolled = "SELECT count(*) FROM feeds WHERE succeeded_at IS NULL AND slug LIKE 'f%'"
            world.until(lambda: desk.query(unpolled)[0][0] == 0, LIMIT, "a first poll of every feed", step=0.5)
            assert daemon.stop() == 0
        with contextlib.closing(world.connect(desk.database)) as connection:
            connection.execute(SLEPT)
        rooms.forget()

        began = time.monotonic()
        with desk.daemon().until_up() as daemon:
            world.until(lambda: len(rooms.asked) == FEEDS, LIMIT, "a poll of every feed after the sleep", step=0.2)
            took = time.monotonic() - began
            due = "SELECT count(*) FROM feeds WHERE next_check < strftime('%Y-%m-%d %H:%M:%f', 'now')"
            world.until(lambda: desk.query(due)[0][0] == 0, 60, "every poll to be recorded", step=0.5)
            assert daemon.stop() == 0
        waits = [row[0] for row in desk.query("SELECT julianday(next_check) * 86400 FROM feeds WHERE slug LIKE 'f%'")]

    print(f"caught up in {took:.1f} s, at most {rooms.busiest} at a time and {rooms.busiest_host} to a host")
    assert took < LIMIT
    assert set(rooms.asked.values()) == {1}
    assert rooms.busiest <= 64
    assert rooms.busiest_host <= 2
    assert max(waits) - min(waits) > 300  # a tenth of an hour, and never beyond `every`
