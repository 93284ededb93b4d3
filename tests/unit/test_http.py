"""The gate on good days: replies, conditional requests, redirects, turns, reload."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import http
from monitor.errors import FetchError
from monitor.http import addresses, turns
from monitor.model import Reply
from tests.support import web

LOOPBACK = ("127.0.0.0/8",)
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def settings(**changes: Any) -> http.HttpSettings:
    return http.HttpSettings(**{"user_agent": "Wirewatch/1 (+desk@example.org)", "allow_private": LOOPBACK, **changes})


@pytest.fixture
async def site() -> AsyncIterator[web.Site]:
    async with web.Site() as running:
        yield running


@pytest.fixture
async def gate() -> AsyncIterator[http.Gate]:
    opened = http.Gate(settings())
    yield opened
    await opened.close()


async def fetch(gate: http.Gate, url: str, **options: Any) -> Reply:
    return await gate.fetch(url, **{"cap": 1_000_000, "accept": "*/*", **options})


async def test_a_reply_carries_status_headers_and_body(gate: http.Gate, site: web.Site) -> None:
    """Body, address and the headers for pacing and caching arrive as the server gave them."""
    site.page("/feed", b"<rss/>", etag='"7"', headers={"Last-Modified": "Sun, 22 Nov 2026 10:00:00 GMT"})

    reply = await fetch(gate, site.url("/feed"))

    assert reply.body == b"<rss/>"
    assert reply.url == site.url("/feed")
    assert (reply.info.status, reply.info.etag) == (200, '"7"')
    assert reply.info.last_modified == "Sun, 22 Nov 2026 10:00:00 GMT"
    assert reply.permanent_url is None


async def test_a_request_says_who_we_are_and_what_we_take(gate: http.Gate, site: web.Site) -> None:
    """The User-Agent carries a contact; only gzip is asked for; no cookie is ever sent back."""
    site.page("/feed", b"x", headers={"Set-Cookie": "track=1"})

    await fetch(gate, site.url("/feed"), accept="application/rss+xml")
    await fetch(gate, site.url("/feed"))

    headers = site.requests[0].headers
    assert headers["user-agent"] == "Wirewatch/1 (+desk@example.org)"
    assert headers["accept"] == "application/rss+xml"
    assert headers["accept-encoding"] == "gzip"
    assert "cookie" not in site.requests[1].headers


async def test_an_unchanged_feed_answers_304(gate: http.Gate, site: web.Site) -> None:
    """ETag and Last-Modified go back to the server, and its 304 comes through without a body."""
    site.page("/feed", b"<rss/>", etag='"7"')

    reply = await fetch(gate, site.url("/feed"), etag='"7"', last_modified="Sun, 22 Nov 2026 10:00:00 GMT")

    assert (reply.info.status, reply.body) == (304, b"")
    assert site.requests[0].headers["if-modified-since"] == "Sun, 22 Nov 2026 10:00:00 GMT"


async def test_gzip_is_decoded(gate: http.Gate, site: web.Site) -> None:
    """A compressed body, also one of several members with padding, arrives decoded."""
    site.page("/feed", b"text " * 1000, zipped=True)

    reply = await fetch(gate, site.url("/feed"))

    assert reply.body == b"text " * 1000


@pytest.mark.parametrize("status", [400, 403, 404, 410, 429, 500, 503])
async def test_errors_of_the_server_are_replies(gate: http.Gate, site: web.Site, status: int) -> None:
    """A status is data for the caller, with Retry-After as written; the error page is not read."""
    site.page("/feed", b"<html>sorry</html>", status=status, headers={"Retry-After": "120"})

    reply = await fetch(gate, site.url("/feed"))

    assert (reply.info.status, reply.info.retry_after, reply.body) == (status, "120", b"")


async def test_connections_are_kept(gate: http.Gate, site: web.Site) -> None:
    """Polls of one host in a row use one connection."""
    site.page("/feed", b"x")

    for _ in range(5):
        await fetch(gate, site.url("/feed"))

    assert site.connections == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(gate: http.Gate, site: web.Site, status: int) -> None:
    """Each kind of redirect leads on; only 301 and 308 tell that the feed has moved for good."""
    site.redirect("/old", "/new", status)
    site.page("/new", b"x")

    reply = await fetch(gate, site.url("/old"))

    assert (reply.url, reply.body) == (site.url("/new"), b"x")
    assert reply.permanent_url == (site.url("/new") if status in (301, 308) else None)


async def test_permanent_address_ends_at_the_first_temporary_hop(gate: http.Gate, site: web.Site) -> None:
    """After 301, 302, 301 the feed has moved only as far as the first 301 says."""
    site.redirect("/a", "/b", 301)
    site.redirect("/b", "/c", 302)
    site.redirect("/c", "/d", 301)
    site.page("/d", b"x")

    reply = await fetch(gate, site.url("/a"))

    assert (reply.url, reply.permanent_url) == (site.url("/d"), site.url("/b"))


async def test_credentials_go_to_their_host(gate: http.Gate, site: web.Site) -> None:
    """User, password and the operator's own headers reach the host they are meant for, across its redirects."""
    site.redirect("/old", "/new")
    site.page("/new", b"x")

    await fetch(gate, site.url("/old"), auth=("desk", "pässword"), headers={"X-Key": "k"})

    expected = "Basic " + base64.b64encode("desk:pässword".encode()).decode()
    assert [r.headers["authorization"] for r in site.requests] == [expected, expected]
    assert [r.headers["x-key"] for r in site.requests] == ["k", "k"]


async def test_a_host_is_asked_twice_at_once_at_most() -> None:
    """Six requests to one host go two by two."""
    gate = http.Gate(settings(per_host=2))
    reply, event = web.gated(web.page(b"x"))
    async with web.Site() as site:
        site.on("/feed", reply)

        tasks = [asyncio.create_task(fetch(gate, site.url("/feed"))) for _ in range(6)]
        await site.until_busy(2)
        event.set()
        replies = await asyncio.gather(*tasks)
        await gate.close()

    assert site.busiest == 2
    assert [r.body for r in replies] == [b"x"] * 6


async def test_new_settings_hold_from_the_next_request(site: web.Site) -> None:
    """A reload lets the request under way end and blocks the next, also over a connection that was kept."""
    gate = http.Gate(settings())
    reply, event = web.gated(web.page(b"x"))
    site.on("/slow", reply)
    site.page("/feed", b"x")
    await fetch(gate, site.url("/feed"))

    under_way = asyncio.create_task(fetch(gate, site.url("/slow")))
    await site.until_busy(1)
    gate.replace(settings(allow_private=()))
    with pytest.raises(FetchError) as caught:
        await fetch(gate, site.url("/feed"))
    event.set()
    finished = await under_way
    await gate.close()

    assert caught.value.code == "blocked_address"
    assert finished.body == b"x"


async def test_bad_settings_leave_the_old_ones(gate: http.Gate, site: web.Site, tmp_path: Path) -> None:
    """A reload with a faulty allow list or CA file raises and changes nothing."""
    site.page("/feed", b"x")

    with pytest.raises(ValueError, match=r"allow_private '10\.0\.0\.0/99'"):
        gate.replace(settings(allow_private=("10.0.0.0/99",)))
    with pytest.raises(FetchError, match="give a PEM file"):
        gate.replace(settings(ca_file=tmp_path / "none.pem"))

    assert (await fetch(gate, site.url("/feed"))).body == b"x"


async def test_private_hosts_may_be_named() -> None:
    """`host:port` in allow_private opens that host on that port and nothing else."""
    names = web.Names({"localhost": ["127.0.0.1"]})
    async with web.Site() as site, web.Site() as other:
        site.page("/feed", b"x")
        gate = http.Gate(settings(allow_private=(f"localhost:{site.port}",)), names)

        reply = await fetch(gate, site.url("/feed", host="localhost"))
        with pytest.raises(FetchError) as caught:
            await fetch(gate, other.url("/feed", host="localhost"))
        await gate.close()

    assert reply.body == b"x"
    assert caught.value.code == "blocked_address"
    assert f"add localhost:{other.port} to allow_private" in str(caught.value)


async def test_the_system_resolves_names(site: web.Site) -> None:
    """Without a resolver of the test's own, the operating system's is asked, and its refusals are told."""
    gate = http.Gate(settings(allow_private=(f"localhost:{site.port}",)))
    site.page("/feed", b"x")

    reply = await fetch(gate, site.url("/feed", host="localhost"))
    with pytest.raises(FetchError) as caught:
        await fetch(gate, f"http://{'a' * 63}.{'b' * 63}.invalid/")
    await gate.close()

    assert reply.body == b"x"
    assert caught.value.code == "dns"


def test_user_agent() -> None:
    """The User-Agent names program, version and contact."""
    assert http.user_agent("https://desk.example/bot").endswith(" (+https://desk.example/bot)")
    assert http.user_agent("x@y.example").startswith("Wirewatch/")
    assert "+" not in http.user_agent("")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        (" 0 ", 0.0),
        ("Sun, 22 Nov 2026 12:02:00 GMT", 120.0),
        ("Sun, 22 Nov 2026 11:59:00 GMT", None),
        ("Sun, 22 Nov 2036 12:00:00 GMT", 86400.0),
        ("315360000", 86400.0),
        ("9" * 500, 86400.0),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("Sun, 22 Nov 99999 12:00:00 GMT", None),
        ("", None),
        (None, None),
    ],
)
def test_f21_retry_after(value: str | None, seconds: float | None) -> None:
    """Retry-After is seconds or a date, at most a day; anything else counts as absent."""
    assert http.retry_after_seconds(value, NOW) == seconds


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("0.0.0.0/0", "holds public addresses"),
        ("8.8.8.8", "holds public addresses"),
        ("::/0", "holds public addresses"),
        ("10.0.0.1/8", "neither host:port nor a network"),
        ("10.0.0.1:0", "the port is not between"),
        ("http://10.0.0.1:80", "neither host:port nor a network"),
        ("", "neither host:port nor a network"),
    ],
)
def test_allow_lists_are_checked(entry: str, message: str) -> None:
    """An entry that is nonsense or too wide is refused with its text and the remedy."""
    with pytest.raises(ValueError, match=message) as caught:
        http.parse_allowed([entry])

    assert repr(entry) in str(caught.value)


def test_an_allow_list_opens_only_what_it_names() -> None:
    """host:port opens one port, a network all ports, and neither anything else."""
    allowed = http.parse_allowed(["127.0.0.1:8080", "[::1]:8080", "10.1.0.0/16", "Intranet:80"])

    assert allowed.covers("127.0.0.1", 8080)
    assert allowed.covers("::1", 8080)
    assert allowed.covers("10.1.2.3", 443)
    assert not allowed.covers("127.0.0.1", 8081)
    assert not allowed.covers("127.0.0.2", 8080)
    assert not allowed.covers("10.2.0.1", 443)
    assert allowed.covers_host("intranet", "192.168.1.1", 80)
    assert not allowed.covers_host("intranet", "192.168.1.1", 81)
    assert not allowed.covers_host("intranet", "169.254.169.254", 80)
    assert not allowed.covers_host("intranet", "127.0.0.1", 80)
    assert not allowed.covers_host("other", "192.168.1.1", 80)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700::1111", "2001:200::1", "192.0.1.1", "172.32.0.1"])
def test_public_addresses_pass(address: str) -> None:
    """Ordinary public addresses are not refused."""
    assert addresses.is_public(address)


async def test_a_cancelled_turn_is_passed_on() -> None:
    """Who gives up waiting, even in the instant of its turn, blocks nobody."""
    limit = turns.Limit(1)
    await limit.acquire()
    first, second = asyncio.create_task(limit.acquire()), asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)

    limit.release()
    first.cancel()
    await asyncio.wait_for(second, 1)
    limit.release()

    assert limit.idle


async def test_a_turn_may_be_resized_while_held() -> None:
    """More turns admit those who wait; fewer let those who hold one finish."""
    limit = turns.Limit(1)
    await limit.acquire()
    waiting = asyncio.create_task(limit.acquire())
    await asyncio.sleep(0)

    limit.resize(2)
    await asyncio.wait_for(waiting, 1)
    limit.resize(1)
    limit.release()
    limit.release()

    assert limit.idle


async def test_waiters_cancelled_with_the_holder_leave_without_an_error() -> None:
    """When the daemon is stopped, those who wait for a turn and those who have it leave in any order."""
    limit = turns.Limit(1)
    await limit.acquire()
    waiting = [asyncio.create_task(limit.acquire()) for _ in range(3)]
    await asyncio.sleep(0)

    for task in waiting:
        task.cancel()
    limit.release()
    ended = await asyncio.gather(*waiting, return_exceptions=True)

    assert [type(result) for result in ended] == [asyncio.CancelledError] * 3
    assert limit.idle


async def test_a_host_with_many_who_wait_is_crowded(site: web.Site) -> None:
    """Two who wait for a host make it crowded, and only it; when they are through, it is not."""
    reply, go_on = web.gated(web.page(b"x"))
    site.on("/slow", reply)
    gate = http.Gate(settings(per_host=2))
    before = gate.is_crowded(site.url("/slow"))
    asked = [asyncio.create_task(fetch(gate, site.url("/slow"))) for _ in range(4)]
    await site.until_busy(2)

    crowded, other = gate.is_crowded(site.url("/other")), gate.is_crowded("http://elsewhere.example/")
    go_on.set()
    await asyncio.gather(*asked)
    after = gate.is_crowded(site.url("/slow"))
    await gate.close()

    assert (before, crowded, other, after) == (False, True, False, False)


async def test_f29_large_bodies_wait_for_one_another(site: web.Site) -> None:
    """Of many large bodies at once each arrives whole, those that find no room in time are told so, none is cut."""
    for number in range(6):
        site.page(f"/{number}", bytes(2_000_000))
    gate = http.Gate(settings(per_host=10, deadline=30.0))

    async def one(number: int) -> int:
        async with gate.room() as room:
            return len((await fetch(gate, site.url(f"/{number}"), cap=3_000_000, room=room)).body)

    sizes = await asyncio.gather(*(one(number) for number in range(6)))
    await gate.close()

    assert sizes == [2_000_000] * 6


async def test_f29_no_room_in_time_is_not_the_servers_fault(site: web.Site) -> None:
    """A body that finds no room before the deadline gives `busy`, not `timeout`."""
    site.page("/large", bytes(2_000_000))
    gate = http.Gate(settings(deadline=0.3))
    async with gate.room() as first, gate.room() as second:
        await first.hold(2_000_000)

        with pytest.raises(FetchError) as caught:
            await fetch(gate, site.url("/large"), cap=3_000_000, room=second)
    await gate.close()

    assert caught.value.code == "busy"
