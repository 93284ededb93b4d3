"""Feeds as pages list them, on both databases: by cursor, narrowed, counted, one with its entries."""

from __future__ import annotations

from typing import Any

from monitor.feeds import history
from monitor.store import feed_views, feeds
from monitor.store.feed_views import Narrowed
from tests.support.desk import Desk, item

ADDED = feeds.Declared("added", "https://added.example/feed", "100% Új", "Room_of its own", 600.0, 0, candidate=True)


def slugs(desk: Desk, after: str = "", limit: int = 50, **narrowed: str) -> list[str]:
    """Return the ids of a page."""
    wanted = Narrowed(**narrowed)
    page = desk.read(lambda c: feed_views.list_page(c, wanted, after, limit))
    return [row.health.feed.slug for row in page.rows]


def running(desk: Desk) -> Any:
    """Let one feed answer, one fail, one be paused and one never answer."""
    desk.has(["gazette", "herald", "wafa"], ["desk"])
    desk.publishes("gazette")
    desk.publishes("wafa")
    desk.write(lambda c: feeds.add(c, [ADDED], desk.clock.now()))
    desk.run()
    desk.publishes("gazette", item(1, "Nothing of note"), item(2, "Nothing at all"))
    desk.write(lambda c: feeds.pause(c, "wafa", desk.clock.now()))
    desk.later()


def test_pages_by_cursor_and_filters(desk: Desk) -> None:
    """Each page goes on where the last one ended; a filter keeps to a state, an origin, or a part of a name."""
    running(desk)

    first = desk.read(lambda c: feed_views.list_page(c, Narrowed(), limit=2))

    assert [row.health.feed.slug for row in first.rows] == ["added", "gazette"]
    assert first.next == "gazette"
    assert slugs(desk, after="gazette") == ["herald", "wafa"]
    assert slugs(desk, state="failing") == ["herald"]
    assert slugs(desk, state="paused") == ["wafa"]
    assert slugs(desk, state="candidate") == ["added"]
    assert slugs(desk, origin="added") == slugs(desk, words="100%") == slugs(desk, words="ROOM_OF") == ["added"]
    assert slugs(desk, words="%") == ["added"]
    assert slugs(desk, words="_") == ["added"]


def test_counts_agree_with_the_lists(desk: Desk) -> None:
    """The tallies above a list are the lengths of the lists that they lead to, removed feeds apart."""
    running(desk)
    desk.write(lambda c: feed_views.retire(c, "added", desk.clock.now()))

    counts = desk.read(feed_views.count)

    assert counts.states == {state: len(slugs(desk, state=state)) for state in feeds.STATES}
    assert (counts.retired, counts.trouble) == (len(slugs(desk, state="retired")), len(slugs(desk, state="trouble")))
    assert (counts.polled, slugs(desk, state="retired")) == (3, ["added"])


def test_one_feed_with_its_polls_and_entries(desk: Desk) -> None:
    """The newest entry first, each with what became of it; every poll with its answer; None for one not there."""
    running(desk)
    number = desk.read(lambda c: feed_views.number_of(c, "gazette"))

    found = desk.read(lambda c: feed_views.get(c, number))
    polls = history.read(found.row.health.feed.history).polls

    assert [entry.title for entry in found.entries] == ["Nothing at all", "Nothing of note"]
    assert {entry.state for entry in found.entries} == {"done"}
    assert [(poll.outcome, poll.status, poll.new) for poll in polls] == [("baseline", 200, 0), ("ok", 200, 2)]
    assert desk.read(lambda c: feed_views.get(c, 10_000)) is None


def test_what_was_left_out_stays_until_a_body_is_read_without_it(desk: Desk) -> None:
    """What of the last body was dropped is kept while it is the last, and goes with the next that has nothing wrong."""
    running(desk)
    number = desk.read(lambda c: feed_views.number_of(c, "gazette"))

    desk.publishes("gazette", item(3, "Nothing again"), {})
    desk.later()
    dropped = desk.read(lambda c: feed_views.get(c, number)).dropped
    desk.later()
    still = desk.read(lambda c: feed_views.get(c, number)).dropped
    desk.publishes("gazette", item(4, "Nothing whatever"))
    desk.later(days=2)

    assert dropped
    assert still == dropped
    assert desk.read(lambda c: feed_views.get(c, number)).dropped == ()


def test_only_what_was_added_is_retired_and_found_again_when_it_comes_back(desk: Desk) -> None:
    """A feed of the configuration is left alone; an added one is found by its address until it is removed."""
    running(desk)
    now = desk.clock.now()

    declared = desk.write(lambda c: feed_views.retire(c, "gazette", now))
    before = desk.read(lambda c: feed_views.find(c, ADDED.url))
    removed = desk.write(lambda c: feed_views.retire(c, "added", now))

    assert (declared, removed) == (False, True)
    assert before is not None
    assert desk.read(lambda c: feed_views.find(c, ADDED.url)) is None
    assert [feed.slug for feed in desk.read(feed_views.list_polled)] == ["gazette", "herald"]
