"""F26: bodies that end anywhere, through the real gate, parser and ingest onto a real store."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import http, jobs
from monitor.feeds import parse
from monitor.store import feeds
from monitor.store.schema import entries
from monitor.store.schema import feeds as feed_rows
from tests.support import databases, feedtexts, web
from tests.support.desk import Desk

ITEMS = 50
OFFSETS = 642

Row = tuple[str | None, str | None, str, str]


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, made_databases: databases.Databases, tmp_path: Path) -> Iterator[Desk]:
    """A desk on a fresh database."""
    made = Desk(made_databases.sqlite() if request.param == "sqlite" else made_databases.postgresql(), tmp_path)
    yield made
    made.close()


def body_of(format: str) -> bytes:
    """Return a feed of ITEMS entries."""
    if format == "rss":
        return feedtexts.rss_of(ITEMS)
    written = (
        f"<entry><id>tag:gazette.example,2024:{n}</id><title>Strike, day {n}</title>"
        f'<link href="https://gazette.example/news/{n}"/><updated>2024-11-04T10:{n:02d}:00Z</updated>'
        f"<summary>Dockers voted on day {n} to stay out.</summary></entry>"
        for n in range(ITEMS)
    )
    return feedtexts.atom(*written)


def whole(body: bytes) -> set[Row]:
    """Return what the whole body holds."""
    return {(e.guid, e.url, e.title, e.summary) for e in parse.parse_feed(body, "http://127.0.0.1/feed").entries}


def stored(desk: Desk) -> list[Row]:
    """Return what the store holds."""
    query = sa.select(entries.c.guid, entries.c.url, entries.c.title, entries.c.summary)
    return [tuple(row) for row in desk.read(lambda c: c.execute(query).all())]


async def poll_each(desk: Desk, replies: list[web.Reply]) -> list[tuple[str, int]]:
    """Poll the feed once for each reply of its server; return how each poll ended and what the store then held."""
    made: list[tuple[str, int]] = []
    async with web.Site() as site:
        feed = replace(desk.config.feeds[0], url=site.url("/feed"))
        desk.config = replace(desk.config, feeds=(feed,))
        desk.set_up()
        assert desk.context is not None
        desk.context.gate = http.Gate(http.HttpSettings(user_agent="test", allow_private=("127.0.0.0/8",)), None)
        for reply in replies:
            site.on("/feed", reply)
            desk.clock.advance(minutes=10)
            (polled,) = desk.read(feeds.list_active)
            outcome = (await jobs.poll_feed(desk.context, polled)).outcome
            made.append((outcome, len(stored(desk))))
        await desk.context.gate.close()
    return made


def unannounced(body: bytes, at: int) -> web.Reply:
    """The connection ends at `at`, and no Content-Length says that there was more."""
    return web.raw(web.head(200, {"Connection": "close", "ETag": '"1"'}) + body[:at])


@pytest.mark.parametrize("format", ["rss", "atom"])
def test_f26_cut_without_a_length_brings_whole_items_only(
    desk: Desk, format: str, request: pytest.FixtureRequest
) -> None:
    """Cut at every offset: whatever is stored is an item of the whole feed, and the whole feed brings the rest."""
    body = body_of(format)
    count = OFFSETS if "sqlite" in request.node.name else 64
    offsets = [len(body) * n // count for n in range(count)]
    desk.has(["gazette"])

    polls = asyncio.run(poll_each(desk, [unannounced(body, at) for at in offsets]))
    before = stored(desk)
    last = asyncio.run(poll_each(desk, [web.page(body)]))

    assert set(before) < whole(body)
    assert len(before) == len(set(before))
    assert {held for _, held in polls} == set(range(ITEMS))
    assert (last, set(stored(desk)), len(stored(desk))) == ([("ok", ITEMS)], whole(body), ITEMS)


def test_f26_cut_below_its_length_brings_nothing(desk: Desk, request: pytest.FixtureRequest) -> None:
    """Where a Content-Length tells that there was more, no item is taken, and the whole feed brings all of them."""
    body = body_of("rss")
    count = OFFSETS if "sqlite" in request.node.name else 64
    offsets = [len(body) * n // count for n in range(count)]
    desk.has(["gazette"])

    polls = asyncio.run(poll_each(desk, [web.truncated(body, at) for at in offsets]))
    last = asyncio.run(poll_each(desk, [web.page(body)]))

    assert set(polls) == {("failed", 0)}
    assert last == [("baseline", ITEMS)]
    assert set(stored(desk)) == whole(body)


def test_f26_etag_of_a_cut_body_does_not_hold_the_rest_back(desk: Desk) -> None:
    """The server answers 304 to whoever has the tag: after a cut body we do not say that we have it."""
    body = body_of("rss")
    tagged = web.page(body, headers={"ETag": '"1"'}, etag='"1"')
    desk.has(["gazette"])

    polls = asyncio.run(poll_each(desk, [unannounced(body, len(body) // 2), tagged, tagged]))

    assert [outcome for outcome, _ in polls] == ["baseline", "baseline", "unchanged"]
    assert polls[0][1] < ITEMS
    assert polls[1][1] == ITEMS


def test_f26_first_body_that_ends_early_is_half_a_baseline(desk: Desk) -> None:
    """The back catalogue stays quiet although its second half came a poll later; a feed that is always cut goes on."""
    body = body_of("rss")
    desk.has(["gazette"])

    asyncio.run(poll_each(desk, [unannounced(body, len(body) // 2), unannounced(body, len(body) - 900)]))
    states = desk.read(lambda c: c.execute(sa.select(entries.c.state)).scalars().all())
    baselined = desk.read(lambda c: c.execute(sa.select(feed_rows.c.baselined_at)).scalar())
    last = asyncio.run(poll_each(desk, [web.page(body)]))

    assert set(states) == {"baseline"}
    assert baselined is not None
    assert last == [("ok", ITEMS)]
    assert "pending" in desk.read(lambda c: c.execute(sa.select(entries.c.state)).scalars().all())
