"""monitor.feeds.health and moves: what ails a feed, and where it has gone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor import model
from monitor.feeds import health, moves

NOW = datetime(2025, 3, 10, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
FEED = model.Feed(1, "gazette", "https://gazette.example/rss", "Gazette", "Gazette", baselined=True, spoken="en")


def listing(published=None, entries=6, known=1, spoken="en"):
    """A listing whose entries are an hour old unless told otherwise."""
    dates = (NOW - HOUR,) * entries if published is None else tuple(published)
    return health.Listing(entries, known, dates, spoken)


def codes(feed=FEED, now=NOW, **what):
    return set(health.judge_listing(feed, listing(**what), now))


def test_sound_listing_has_no_trouble() -> None:
    """Dated, in its language, overlapping with the last one."""
    assert codes() == set()


def test_few_entries_say_nothing() -> None:
    """A feed of one item that is replaced has not overflowed, nor has it lost its dates or its language."""
    feed = replace(FEED, newest_at=NOW - DAY)

    assert codes(feed, entries=1, known=0, published=[]) == set()
    assert codes(feed, entries=1, known=0, spoken="he") == set()
    assert codes(feed, entries=4, known=0) == set()


def test_future_is_more_than_any_slip_of_time_zone() -> None:
    """Fourteen hours ahead is a clock that shows local time; more is a wrong date."""
    assert codes(published=[NOW + 14 * HOUR] * 6) == set()
    assert codes(published=[NOW + 15 * HOUR, NOW]) == {"future"}


def test_overflow_needs_everything_new_and_newer() -> None:
    """One known entry, one undated, or one older than the last newest: then nothing need have been missed."""
    feed = replace(FEED, newest_at=NOW - 2 * HOUR)

    assert codes(feed, known=0) == {"overflow"}
    assert codes(feed, known=1) == set()
    assert codes(feed, known=0, published=[NOW] * 5) == set()
    assert codes(feed, known=0, published=[NOW] * 5 + [NOW - 2 * HOUR]) == set()
    assert codes(replace(feed, newest_at=None), known=0) == set()


def test_overflow_stands_for_a_day_after_the_last() -> None:
    """It does not end with the next calm poll, nor does a second one within the day begin another alarm."""
    stood = replace(FEED, troubles={"overflow": ((NOW - 23 * HOUR).timestamp(), "lost")})

    assert set(health.judge_time(stood, None, NOW)) == {"overflow"}
    assert set(health.judge_time(stood, None, NOW + HOUR)) == set()


def test_language_is_told_after_an_hour_and_adopted_after_a_week() -> None:
    """An odd listing is nothing, a week of another language is the feed's own."""
    since = NOW.timestamp()
    changed = replace(FEED, troubles={"language": (since, "other")})

    assert codes(spoken="he") == {"language"}
    assert not health.is_settled("language", since, NOW + 59 * timedelta(minutes=1))
    assert health.is_settled("language", since, NOW + HOUR)
    assert codes(changed, NOW + 2 * HOUR, spoken=None) == {"language"}
    assert codes(changed, NOW + 2 * HOUR, spoken="en") == set()
    assert health.spoken_after(changed, listing(spoken="he"), NOW + 2 * HOUR) == "en"
    assert health.spoken_after(changed, listing(spoken="he"), NOW + 8 * DAY) == "he"
    assert codes(changed, NOW + 8 * DAY, spoken="he") == set()


@pytest.mark.parametrize(
    ("failures", "reason", "stopped", "code"),
    [
        (2, "dns", False, None),
        (3, "dns", False, "failing"),
        (3, "html_page", False, "html"),
        (1, "http_410", True, "gone"),
    ],
)
def test_failed_polls_have_a_name(failures: int, reason: str, stopped: bool, code: str | None) -> None:
    """Three in a row are a trouble; a page and a feed that is gone have names of their own."""
    assert list(health.judge_failure(failures, reason, "why", stopped)) == ([code] if code else [])


def test_silence_is_proven_by_a_good_poll_only() -> None:
    """Past the time that the rhythm explains, but not polled well since: we do not know."""
    polled = replace(FEED, succeeded_at=NOW)

    assert set(health.judge_time(polled, NOW - HOUR, NOW)) == {"stale"}
    assert set(health.judge_time(polled, NOW + HOUR, NOW)) == set()
    assert set(health.judge_time(replace(FEED, succeeded_at=NOW - DAY), NOW - HOUR, NOW)) == set()
    assert set(health.judge_time(polled, None, NOW)) == set()


def test_trouble_that_goes_on_keeps_its_beginning() -> None:
    """Only the codes that were judged change, and what stood already began when it began."""
    before = {"failing": (1.0, "3 times"), "undated": (2.0, "none")}

    after = health.merge(before, health.OF_POLLS, {"failing": "4 times"}, NOW)

    assert after == {"failing": (1.0, "4 times"), "undated": (2.0, "none")}
    assert health.merge(before, health.OF_POLLS, {}, NOW) == {"undated": (2.0, "none")}


def test_f19_three_polls_within_a_day_are_no_move() -> None:
    """Three polls and a day are both needed, to one and the same target."""
    target = "https://herald.example/rss"
    seen = replace(FEED, permanent_url=target, permanent_polls=2, permanent_since=NOW - 23 * HOUR)

    assert not moves.decide_move(seen, target, NOW).done
    assert moves.decide_move(seen, target, NOW + HOUR).done
    assert not moves.decide_move(replace(seen, permanent_polls=1), target, NOW + DAY).done
    assert moves.decide_move(seen, "https://other.example/rss", NOW + DAY) == moves.Move(
        "https://other.example/rss", 1, NOW + DAY, done=False
    )
    assert moves.decide_move(seen, None, NOW) == moves.Move(None, 0, None, done=False)
