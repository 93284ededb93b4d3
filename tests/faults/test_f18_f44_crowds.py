"""Crowds of slow hosts, and too few file descriptors, around the real daemon: F18, F44."""

from __future__ import annotations

import asyncio
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support import crowd, world

SLOW, HEALTHY = 50, 500
LIMIT = 30.0
"""Seconds: the most that a slow answer takes, and that a healthy feed is late by."""
RSS = b'<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><item><title>x</title></item></channel></rss>'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\nContent-Length: %d\r\n"


class Hosts:
    """Many hosts on loopback; the slow ones send a byte a second, in their headers or in their body."""

    def __init__(self, slow: int, healthy: int) -> None:
        self.slow = [f"127.0.3.{n + 1}" for n in range(slow)]
        self.healthy = [f"127.0.4.{n + 1}" for n in range(healthy)]
        self.port = crowd.free_port()
        self.held: list[float] = []
        """How long each slow connection lasted, seconds."""

    @contextmanager
    def running(self) -> Iterator[Hosts]:
        """Serve in a thread while the block runs."""
        dripping, answering = dict.fromkeys(self.slow, self._drip), dict.fromkeys(self.healthy, self._answer)
        with crowd.served({**dripping, **answering}, self.port):
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(HEAD % len(RSS) + b"\r\n" + RSS)
        except (OSError, EOFError):
            writer.close()

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        began = time.monotonic()
        try:
            await reader.readuntil(b"\r\n\r\n")
            headers = int(writer.get_extra_info("sockname")[0].rpartition(".")[2]) % 2
            writer.write(HEAD % 1000 + (b"X-Slow: " if headers else b"\r\n"))
            while not reader.at_eof():
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(1)
        except (OSError, EOFError):
            writer.close()
        self.held.append(time.monotonic() - began)


def declared(kind: str, hosts: list[str], port: int, count: int) -> str:
    """Return `count` feeds spread over `hosts`, as configuration."""
    return "".join(
        f'[[feeds]]\nurl = "http://{hosts[n % len(hosts)]}:{port}/{n}"\nid = "{kind}-{n}"\nname = "{kind} {n}"\n'
        for n in range(count)
    )


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    with world.opened(tmp_path) as opened:
        yield opened


@pytest.mark.timeout(400)
def test_f18_fifty_slow_feeds_do_not_hold_up_five_hundred(desk: world.World) -> None:
    """Each slow answer is given up within 30 s, and no healthy feed is polled more than 30 s late meanwhile."""
    with Hosts(SLOW, 50).running() as hosts:
        feeds = declared("slow", hosts.slow, hosts.port, SLOW) + declared("good", hosts.healthy, hosts.port, HEALTHY)
        desk.configure(feeds=feeds, every="20s", allow=["127.0.0.0/8"])
        late = []
        with desk.daemon().until_up() as daemon:
            end = time.monotonic() + 35
            while time.monotonic() < end or len(hosts.held) < SLOW:
                time.sleep(0.5)
                late += _lateness(desk)
                assert daemon.running, daemon.log[-3000:]
                assert time.monotonic() < end + 3 * LIMIT, f"{len(hosts.held)} slow answers were given up"
            unpolled = desk.query("SELECT count(*) FROM feeds WHERE polled_at IS NULL AND slug LIKE 'good%'")
            told = desk.query("SELECT DISTINCT error FROM feeds WHERE slug LIKE 'slow%' AND polled_at IS NOT NULL")
            assert daemon.stop() == 0

    assert unpolled == [(0,)]
    assert max(late) < LIMIT
    assert max(hosts.held[:SLOW]) < LIMIT
    assert all("did not answer in full within" in str(row[0]) for row in told)


def _lateness(desk: world.World) -> list[float]:
    """Return for how many seconds the healthy feed that waits longest has been due."""
    query = "SELECT max(julianday('now') - julianday(next_check)) * 86400 FROM feeds WHERE slug LIKE 'good%'"
    (value,) = desk.query(query)[0]
    return [float(value)] if value is not None else []


def test_f44_with_64_file_descriptors_polls_go_on(desk: world.World) -> None:
    """A daemon that may open 64 files polls a hundred feeds on a hundred hosts, and its alerts arrive."""
    desk.publish("gazette", world.plain_story(1))
    with Hosts(0, 100).running() as hosts:
        desk.configure(feeds=declared("good", hosts.healthy, hosts.port, 100), every="3s", allow=["127.0.0.0/8"])
        few = (64, 64)
        with desk.daemon(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, few)).until_up() as daemon:
            desk.until_told("tok-1", seconds=90)
            unpolled = "SELECT count(*) FROM feeds WHERE succeeded_at IS NULL"
            world.until(lambda: desk.query(unpolled)[0][0] == 0, 120, "a good poll of every feed")
            desk.publish("gazette", world.plain_story(2))
            desk.until_told("tok-2", seconds=90)
            failed = daemon.events("feed_failed")
            assert daemon.stop() == 0

    assert desk.integrity() == "ok"
    assert len(failed) < 100
