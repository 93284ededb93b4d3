"""monitor.feeds.novelty: when a feed that looks all new was rebuilt."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.feeds import novelty

POLL = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
OLD = [POLL - timedelta(days=day) for day in range(1, 41)]
LATER = [POLL + timedelta(minutes=minute) for minute in range(1, 41)]


def judge(new, listed=None, named=0, last_poll=POLL, away=False) -> bool:
    """Judge a feed in which all is new, unless said otherwise."""
    return novelty.is_mass_novelty(new, len(new) if listed is None else listed, named, last_poll, away)


@pytest.mark.parametrize(("count", "expected"), [(19, False), (20, True), (40, True)])
def test_at_least_twenty_new(count, expected):
    """Nineteen old-dated entries are told one by one, twenty in a digest."""
    assert judge(OLD[:count]) is expected


@pytest.mark.parametrize(("listed", "expected"), [(25, True), (26, False)])
def test_at_least_four_fifths_of_the_feed(listed, expected):
    """Twenty of 25 are four fifths, twenty of 26 are not."""
    assert judge(OLD[:20], listed=listed) is expected


def test_one_known_name_left_is_no_rebuilt_feed():
    """A feed that still lists an entry under its known guid or address goes on."""
    assert not judge(OLD[:30], listed=31, named=1)


@pytest.mark.parametrize(("old", "later", "expected"), [(11, 9, True), (10, 10, False), (9, 11, False)])
def test_most_are_dated_before_the_last_poll(old, later, expected):
    """Exactly half is not most."""
    assert judge(OLD[:old] + LATER[:later]) is expected


def test_date_of_the_very_poll_is_not_before_it():
    """An entry of the second of the last poll came out after it."""
    assert not judge([POLL + timedelta(minutes=n) for n in range(30)])


def test_first_poll_is_no_novelty():
    """Without a poll before there is nothing to be new against: that is the baseline's part."""
    assert not judge(OLD, last_poll=None)


def test_undated_entries_count_as_old_unless_we_were_away():
    """Nothing says that undated entries are new; after an absence nothing says that they are old."""
    assert judge([None] * 20)
    assert not judge([None] * 20, away=True)


def test_one_date_for_all_is_the_time_of_rebuilding():
    """All entries dated with the minute in which the feed was made: the date says nothing."""
    assert judge([POLL + timedelta(minutes=5, seconds=n) for n in range(30)])


def test_dates_spread_after_the_last_poll_are_news():
    """A busy feed after an hour: everything is new and dated since, and is told one by one."""
    assert not judge(LATER)


@pytest.mark.parametrize(("minutes", "expected"), [(30, False), (31, True)])
def test_away_is_more_than_three_usual_waits(minutes, expected):
    """With ten minutes between polls we were away after half an hour."""
    assert novelty.was_away(POLL, 600, POLL + timedelta(minutes=minutes)) is expected


def test_a_feed_never_polled_was_not_left_alone():
    """Before the first good poll nobody was away."""
    assert not novelty.was_away(None, 600, POLL)


def test_only_what_is_dated_after_the_last_poll_came_meanwhile():
    """Older and undated entries are no part of the catching up."""
    assert [novelty.came_meanwhile(date, POLL) for date in (LATER[0], POLL, OLD[0], None)] == [
        True,
        False,
        False,
        False,
    ]
