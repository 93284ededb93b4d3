"""Every way by which an address gets into the monitor, with every spelling of a private one: A01, A03.

Counted at the socket: whatever is told to connect anywhere but to the test's own site is a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from html import escape
from pathlib import Path
from typing import Any

import pytest

from monitor import http, jobs
from monitor.config import FeedSettings
from monitor.errors import FetchError
from monitor.feeds import discover, opml
from monitor.store import feeds
from tests.support import databases, web
from tests.support.addresses import SPELLINGS, URLS
from tests.support.desk import Desk


class Guarded:
    """A monitor whose gate is real and opens the way to one site only."""

    def __init__(self, desk: Desk, gate: http.Gate, site: web.Site) -> None:
        self.desk, self.gate, self.site = desk, gate, site

    def declare(self, *urls: str) -> list[Any]:
        """Make feeds known and return them."""
        declared = tuple(
            FeedSettings(url=url, id=f"f{n}", name=f"F{n}", newsroom=f"F{n}") for n, url in enumerate(urls)
        )
        object.__setattr__(self.desk.config, "feeds", declared)
        self.desk.set_up()
        assert self.desk.context is not None
        self.desk.context.gate = self.gate
        return list(self.desk.read(feeds.list_active))

    async def poll(self, *urls: str) -> list[jobs.poll.Polled]:
        """Poll feeds by their addresses."""
        assert self.desk.context is not None or urls
        found = self.declare(*urls)
        assert self.desk.context is not None
        return [await jobs.poll_feed(self.desk.context, feed) for feed in found]

    async def process(self) -> int:
        """Process what is pending and return how many entries there were."""
        assert self.desk.context is not None
        pending = self.desk.read(
            lambda connection: jobs.process.entries.list_pending(connection, self.desk.clock.now(), 500)
        )
        for entry_id in pending:
            await jobs.process_entry(self.desk.context, entry_id)
        return len(pending)


@pytest.fixture
async def monitor(tmp_path: Path, site: web.Site) -> AsyncIterator[Guarded]:
    made = next(databases.session(tmp_path))
    desk = Desk(made.sqlite(), tmp_path).has([], channels=["desk"])
    gate = http.Gate(http.HttpSettings("test", allow_private=(site.address,)), web.Names())
    yield Guarded(desk, gate, site)
    await gate.close()
    desk.close()


@pytest.fixture
def strangers(connects: list[Any], site: web.Site) -> Callable[[], list[Any]]:
    """Every address but the site's own that a socket was told to connect to."""
    return lambda: [address for address in connects if address[:2] != ("127.0.0.1", site.port)]


async def test_a01_as_the_address_of_a_feed(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """A feed at a private address fails its poll, in every spelling, and nothing is connected."""
    polled = await monitor.poll(*URLS)

    told = [row.error or "" for row in monitor.desk.read(feeds.list_health)]
    assert [one.outcome for one in polled] == ["failed"] * len(SPELLINGS)
    assert all("is not a public address" in error or "cannot use the address" in error for error in told)
    assert strangers() == []


async def test_a01_as_the_link_of_an_article(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """An article whose page lies at a private address is told from its feed, and its page is not fetched."""
    rows = "".join(
        f"<item><title>Resettlement {n}</title><guid>g{n}</guid><link>{escape(url)}</link></item>"
        for n, url in enumerate(URLS)
    )
    monitor.site.page("/feed", f"<rss version='2.0'><channel><title>t</title>{rows}</channel></rss>")
    await _open_for(monitor, len(URLS))

    processed = await monitor.process()

    assert processed > len(URLS) - 10
    assert [request.path for request in monitor.site.requests] == ["/feed"]
    assert strangers() == []


async def test_a01_a03_as_a_redirect(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """A redirect to a private address is not followed, neither for a feed nor for a page."""
    for n, url in enumerate(URLS):
        location = url.encode("utf-8").decode("latin-1")
        monitor.site.redirect(f"/feed/{n}", location, status=(301, 302, 303, 307, 308)[n % 5])

    polled = await monitor.poll(*(monitor.site.url(f"/feed/{n}") for n in range(len(URLS))))

    assert [one.outcome for one in polled] == ["failed"] * len(URLS)
    assert len(monitor.site.requests) == len(URLS)
    assert strangers() == []


async def test_a01_a03_as_a_meta_refresh(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """A page that sends browsers elsewhere by meta refresh, base or frame sends us nowhere."""
    rows = ""
    for n, url in enumerate(URLS):
        head = f'<meta http-equiv="refresh" content="0; url={escape(url)}"><base href="{escape(url)}">'
        body = f'<iframe src="{escape(url)}"></iframe><img src="{escape(url)}"><p>Resettlement story {n}.</p>'
        monitor.site.page(f"/a/{n}", f"<html><head>{head}</head><body>{body}</body></html>")
        link = monitor.site.url(f"/a/{n}")
        rows += f"<item><title>Resettlement {n}</title><guid>g{n}</guid><link>{link}</link></item>"
    monitor.site.page("/feed", f"<rss version='2.0'><channel><title>t</title>{rows}</channel></rss>")
    await _open_for(monitor, len(URLS))

    await monitor.process()

    assert len(monitor.site.requests) == 1 + len(URLS)
    assert strangers() == []


async def test_a01_a03_as_what_a_feed_says_of_itself(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """Self, hub, next, new-feed-url and Link headers of a feed are read by nobody who fetches."""
    for n, url in enumerate(URLS):
        href = escape(url)
        told = "".join(f'<atom:link rel="{rel}" href="{href}"/>' for rel in ("self", "hub", "next", "alternate", "via"))
        told += f"<link>{href}</link><itunes:new-feed-url>{href}</itunes:new-feed-url><docs>{href}</docs>"
        names = 'xmlns:atom="http://www.w3.org/2005/Atom" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
        item = "<item><title>t</title><guid>1</guid></item>"
        text = f'<?xml-stylesheet href="{href}"?><rss version="2.0" {names}><channel>{told}{item}</channel></rss>'
        link = url.encode("utf-8").decode("latin-1")
        headers = {"Link": f'<{link}>; rel="self"', "Content-Location": link, "Refresh": f"0; url={link}"}
        monitor.site.page(f"/feed/{n}", text, headers=headers)

    polled = await monitor.poll(*(monitor.site.url(f"/feed/{n}") for n in range(len(URLS))))

    assert {one.outcome for one in polled} == {"baseline"}
    assert len(monitor.site.requests) == len(URLS)
    assert strangers() == []


async def test_a01_as_a_feed_of_a_list(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """What an OPML list names is refused at reading, or at the first poll."""
    rows = "".join(f'<outline text="F{n}" xmlUrl="{escape(url)}"/>' for n, url in enumerate(URLS))
    listed, _ = opml.read_opml(f"<opml><body>{rows}</body></opml>".encode())

    polled = await monitor.poll(*(feed.url for feed in listed))

    assert len(listed) > 20
    assert [one.outcome for one in polled] == ["failed"] * len(listed)
    assert strangers() == []


async def test_a01_as_a_discovered_feed(monitor: Guarded, strangers: Callable[[], list[Any]]) -> None:
    """A page that names feeds at private addresses, declared or as links, leads nowhere."""
    links = "".join(
        f'<link rel="alternate" type="application/rss+xml" href="{escape(url)}"><a href="{escape(url)}rss.xml">x</a>'
        for url in URLS
    )
    found = discover.discover_feeds(f"<html><head>{links}</head></html>".encode(), monitor.site.url("/"))

    for url in found:
        with pytest.raises(FetchError):
            await monitor.gate.fetch(url, cap=1000, accept="*/*")

    assert len(found) > 20
    assert strangers() == []


async def _open_for(monitor: Guarded, items: int) -> None:
    """Poll the site's feed so that all of its items are to be processed."""
    url = monitor.site.url("/feed")
    declared = FeedSettings(url=url, id="f", name="F", newsroom="F", backfill=items)
    object.__setattr__(monitor.desk.config, "feeds", (declared,))
    monitor.desk.set_up()
    assert monitor.desk.context is not None
    monitor.desk.context.gate = monitor.gate
    (feed,) = monitor.desk.read(feeds.list_active)
    polled = await asyncio.wait_for(jobs.poll_feed(monitor.desk.context, feed), 60)
    assert polled.new > items - 10, polled  # some are two spellings of one link
