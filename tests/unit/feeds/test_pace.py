"""monitor.feeds.pace: when a feed is asked next."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from monitor import model
from monitor.feeds import pace

NOW = datetime(2024, 11, 4, 10, tzinfo=UTC)
SETTINGS = pace.PaceSettings(every=600, min_every=60)
FEED = model.Feed(1, "gazette", "https://gazette.example/rss", "Gazette", "Gazette", every=600)
OK = model.HttpInfo(200)


def wait(feed=FEED, answer=OK, drawn=0.5, ttl=None, settings=SETTINGS):
    when, reason = pace.next_check(feed, answer, NOW, settings, lambda: drawn, ttl)
    return (when - NOW).total_seconds(), reason


def test_healthy_feed_is_asked_after_its_every():
    """Half-way through the jitter the wait is exactly the feed's own."""
    assert wait() == (600, "healthy")
    assert wait(answer=model.HttpInfo(304)) == (600, "healthy")


def test_jitter_spreads_the_wait():
    """The wait varies by a tenth both ways, so that feeds do not march in step."""
    assert wait(drawn=0.0)[0] == pytest.approx(540)
    assert wait(drawn=0.999)[0] == pytest.approx(660, abs=1)


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


def test_ttl_lengthens_the_wait():
    """A feed's own ttl is waited for, jitter only after it."""
    assert wait(ttl=3600, drawn=0.0) == (3600, "feed_ttl")


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
