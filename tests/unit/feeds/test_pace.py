"""monitor.feeds.pace: when a feed is asked next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor import model
from monitor.feeds import pace

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
NOW = datetime(2024, 11, 4, 10, tzinfo=UTC)  # a Monday
SETTINGS = pace.PaceSettings(every=600, min_every=60)
FEED = model.Feed(
    1, "gazette", "https://gazette.example/rss", "Gazette", "Gazette", every=600, due=NOW, polled_at=NOW - 10 * MINUTE
)
OK = model.HttpInfo(200)


def wait(feed=FEED, answer=OK, drawn=0.5, settings=SETTINGS, now=NOW, ours=False):
    when, reason = pace.next_check(feed, answer, now, settings, lambda: drawn, ours)
    return (when - now).total_seconds(), reason


def coming_every(seconds, now=NOW):
    """A feed that has brought something every so many seconds until now."""
    return replace(FEED, arrivals=tuple(now.timestamp() - seconds * n for n in reversed(range(8))))


def test_healthy_feed_is_asked_after_its_every():
    """Half-way through the jitter the wait is exactly the feed's own."""
    assert wait() == (600, "healthy")
    assert wait(answer=model.HttpInfo(304)) == (600, "healthy")


def test_jitter_spreads_the_wait():
    """The wait varies by a tenth, so that feeds do not march in step, and is never longer than `every` says."""
    assert wait(drawn=0.0)[0] == pytest.approx(540)
    assert wait(drawn=0.25)[0] == pytest.approx(570)
    assert wait(drawn=0.999)[0] == 600


def test_every_is_never_below_the_floor():
    """min_every holds against a feed's own smaller wish."""
    assert wait(replace(FEED, every=5))[0] == 60


@pytest.mark.parametrize(
    ("info", "seconds"),
    [
        (model.HttpInfo(200, cache_control="public, max-age=1800"), 1800),
        (model.HttpInfo(200, cache_control="max-age=30"), 600),
        (model.HttpInfo(200, cache_control="no-cache, max-age=1800"), 600),
        (model.HttpInfo(200, cache_control="max-age=999999999"), 86_400),
        (model.HttpInfo(200, expires="Mon, 04 Nov 2024 11:00:00 GMT", date="Mon, 04 Nov 2024 10:00:00 GMT"), 3600),
        (model.HttpInfo(200, expires="0"), 600),
        (model.HttpInfo(200, expires="rubbish", cache_control="max-age=rubbish"), 600),
    ],
)
def test_server_lengthens_the_wait(info, seconds):
    """Freshness longer than ours is waited for, up to a day; a malformed header counts as absent."""
    assert wait(answer=info, drawn=0.0)[0] in (seconds, seconds * 0.9)


@pytest.mark.parametrize("answer", [OK, model.HttpInfo(304)])
def test_ttl_lengthens_the_wait(answer):
    """A feed's own ttl is waited for, jitter only after it, also while it answers that nothing has changed."""
    feed = replace(FEED, ttl=3600)

    assert wait(feed, answer, drawn=0.0) == (3600, "feed_ttl")
    assert wait(feed, answer, drawn=0.99)[0] == pytest.approx(3660, abs=1)


def test_ttl_of_a_month_is_a_day():
    """No feed can silence itself for longer than a day."""
    assert wait(replace(FEED, ttl=30 * 86_400), drawn=0.0) == (86_400, "feed_ttl")


@pytest.mark.parametrize(
    ("gap", "seconds", "reason"),
    [(30, 60, "rhythm"), (600, 173, "rhythm"), (3600, 424, "rhythm"), (86_400, 600, "healthy")],
)
def test_a_feed_is_asked_in_its_own_rhythm(gap, seconds, reason):
    """The more often something comes out the sooner it is asked, between `min_every` and its `every`."""
    assert wait(coming_every(gap)) == (pytest.approx(seconds, abs=1), reason)


def test_a_feed_that_falls_silent_is_asked_more_seldom():
    """The gap that is still open counts, so that nobody hurries for a burst of yesterday."""
    feed = coming_every(60, now=NOW - 24 * 60 * MINUTE)

    assert wait(feed) == (600, "healthy")


def test_two_arrivals_are_no_rhythm():
    """With fewer than three distinct arrivals `every` holds; a baseline without dates counts as one."""
    assert wait(replace(FEED, arrivals=(NOW.timestamp(),) * 20)) == (600, "healthy")


def test_rhythm_never_beats_what_the_server_asks():
    """max-age holds against a feed that brings something each minute."""
    answer = model.HttpInfo(200, cache_control="max-age=900")

    assert wait(coming_every(60), answer, drawn=0.0) == (900, "server_cache")


def test_a_feed_that_overflowed_is_asked_as_often_as_may_be():
    """Entries came and went between two polls: the wait is `min_every`, but never less than the server asks."""
    feed = replace(FEED, troubles={"overflow": (NOW.timestamp(), "lost")})

    assert wait(feed) == (60, "overflow")
    assert wait(replace(feed, ttl=1200), drawn=0.0) == (1200, "feed_ttl")


def test_a_search_keeps_to_its_every():
    """A search brings what all others publish: neither its rhythm nor an overflow makes us ask it more often."""
    busy = replace(coming_every(60), url="https://news.google.com/rss/search?q=port", every=1800)

    assert wait(busy) == (1800, "healthy")
    assert wait(replace(busy, troubles={"overflow": (NOW.timestamp(), "lost")})) == (1800, "healthy")


@pytest.mark.parametrize(
    ("hours", "days", "at"),
    [
        ((10,), (), "2024-11-04T11:00"),
        ((10, 11, 12), (), "2024-11-04T13:00"),
        ((), (0,), "2024-11-05T00:00"),
        ((3,), (), "2024-11-04T10:10"),
        (tuple(range(23)), (), "2024-11-04T23:00"),
        ((), (0, 1, 2), "2024-11-05T10:00"),
    ],
)
@pytest.mark.parametrize("answer", [OK, model.HttpInfo(304)])
def test_skipped_hours_and_days_are_kept(hours, days, at, answer):
    """No poll falls into an hour or a day that the feed asks to skip, up to a day ahead; jitter only after it."""
    feed = replace(FEED, skip_hours=hours, skip_days=days)

    waited, reason = wait(feed, answer)

    when = NOW + waited * SECOND
    assert f"{when:%Y-%m-%dT%H:%M}" == at
    assert reason == ("healthy" if hours == (3,) else "feed_skips")


def test_catch_up_is_spread_over_half_the_wait():
    """After an outage all are asked at once; their next checks lie between half of the wait and all of it."""
    late = replace(FEED, due=NOW - 60 * MINUTE)

    assert wait(late, drawn=0.0)[0] == 600
    assert wait(late, drawn=0.999)[0] == pytest.approx(300, abs=1)


def test_f16_while_nothing_answers_the_back_off_stays_small():
    """A dead network is not the feed's fault: it is tried again within five minutes, with jitter."""
    feed = replace(FEED, failures=12)

    assert wait(feed, None, ours=True) == (300, "network")
    assert wait(feed, None, drawn=0.0, ours=True)[0] == 270
    assert wait(feed, None) == (86_400, "no_answer")


@pytest.mark.parametrize(
    ("failures", "seconds"), [(0, 60), (1, 120), (4, 960), (10, 61_440), (11, 86_400), (400, 86_400)]
)
def test_failures_double_the_wait(failures, seconds):
    """From min_every, doubling, up to a day; nothing is given up."""
    assert wait(replace(FEED, failures=failures), None) == (seconds, "no_answer")


@pytest.mark.parametrize(("status", "reason"), [(404, "gone"), (410, "gone"), (500, "back_off"), (403, "back_off")])
def test_error_answers_back_off(status, reason):
    """Missing feeds are asked on, ever more rarely."""
    assert wait(replace(FEED, failures=2), model.HttpInfo(status)) == (240, reason)


def test_recovered_feed_is_healthy_at_once():
    """A good answer after failures ends the back-off with this very poll."""
    assert wait(replace(FEED, failures=12)) == (600, "healthy")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("1200", 1200),
        ("Mon, 04 Nov 2024 10:30:00 GMT", 1800),
        ("315360000", 86_400),
        ("Thu, 04 Nov 2034 10:00:00 GMT", 86_400),
    ],
)
@pytest.mark.parametrize("status", [429, 503, 200])
def test_f21_retry_after_is_obeyed(header, seconds, status):
    """Seconds or a date, at any status, at most a day; never a moment sooner, jitter only after it."""
    for drawn in (0.0, 0.99):
        waited, reason = wait(FEED, model.HttpInfo(status, retry_after=header), drawn)
        assert seconds <= waited <= seconds + 6
        assert reason == "retry_after"


@pytest.mark.parametrize("header", ["-5", "soon", "", "Mon, 04 Nov 2019 10:30:00 GMT", "\u0663\u0660"])
def test_f21_malformed_retry_after_counts_as_absent(header):
    """Negative, past and unreadable values leave the ordinary back-off."""
    answer = model.HttpInfo(429, retry_after=header)

    assert wait(FEED, answer) == (60, "back_off")
