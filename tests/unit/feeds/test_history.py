"""What is kept of a feed's polls: bounded, and read back as it was."""

from __future__ import annotations

import pytest

from monitor.feeds import history
from monitor.feeds.history import Day, Poll

NOON = 20_157 * 86_400 + 43_200
"""2025-03-10, 12:00 UTC."""


def test_polls_are_read_back_with_the_sums_of_their_day() -> None:
    """Each poll stands with time, outcome, status and what it brought; the day counts them."""
    kept = None
    polls = (Poll(NOON, "baseline", 200, 20), Poll(NOON + 60, "ok", 200, 3), Poll(NOON + 120, "failed"))

    for poll in polls:
        kept = history.note(kept, poll)

    assert history.read(kept) == history.History((Day(20_157, 3, 1, 3),), polls)


def test_a_feed_asked_for_years_keeps_a_few_hundred_bytes() -> None:
    """Only the newest polls and the last two weeks stay."""
    kept = None

    for n in range(2_000):
        kept = history.note(kept, Poll(NOON + n * 3_600, "ok", 200, 1))
    read = history.read(kept)

    assert kept is not None
    assert len(kept) < 700
    assert len(read.polls) == history.POLLS
    assert read.polls[-1].at == NOON + 1_999 * 3_600
    assert [day.day for day in read.days] == list(range(read.days[-1].day - 13, read.days[-1].day + 1))
    assert {day.new for day in read.days[:-1]} == {24}


def test_numbers_beyond_their_field_stand_at_its_end() -> None:
    """What is far too large is shown as the largest that fits, and breaks nothing."""
    read = history.read(history.note(None, Poll(NOON, "ok", 70_000, 2**40)))

    assert (read.polls[0].status, read.polls[0].new) == (65_535, 2**32 - 1)


def test_days_to_come_of_a_clock_that_was_set_back_are_forgotten() -> None:
    """After a clock ran a year ahead the next poll of today leaves today only."""
    kept = history.note(None, Poll(NOON + 365 * 86_400, "ok", 200, 5))

    assert history.read(history.note(kept, Poll(NOON, "ok", 200, 2))).days == (Day(20_157, 1, 0, 2),)


@pytest.mark.parametrize("kept", [None, b"", b"\x09something else"])
def test_what_is_none_of_ours_is_no_history(kept: bytes | None) -> None:
    """Nothing kept, or another form of it, reads as nothing."""
    assert history.read(kept) == history.History()


def test_days_without_a_poll_are_empty_in_a_row_of_all_days() -> None:
    """The chart has a place for each of the last days."""
    kept = history.note(None, Poll(NOON - 3 * 86_400, "ok", 200, 7))

    found = history.daily(history.read(kept), 20_157)

    assert len(found) == history.DAYS
    assert [day.new for day in found[-4:]] == [7, 0, 0, 0]
