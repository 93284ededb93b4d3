"""The rate limiter: pure, so a list of times is all it takes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.delivery import limit

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(*seconds: float) -> list[datetime]:
    """Return times so many seconds from noon."""
    return [NOON + timedelta(seconds=s) for s in seconds]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], 0),
        (at(-10), 0),
        (at(-10, -5), 50),
        (at(-5, -10), 50),
        (at(-60, -5), 0),
        (at(-59, -5), 1),
        (at(-5, 30), 55),
        (at(30, 40), 90),
        (at(-3600, -3000, -5), 0),
    ],
)
def test_next_send_waits_until_the_window_has_room(history, expected):
    """Two in 60 seconds: a third waits until the one before the last is 60 seconds old."""
    slot = limit.next_slot(history, count=2, seconds=60, now=NOON)

    assert (slot - NOON).total_seconds() == expected


@given(count=st.integers(1, 5), gaps=st.lists(st.integers(0, 30), min_size=1, max_size=40))
def test_no_window_ever_holds_more_than_the_rate(count, gaps):
    """However messages come in, no 60 seconds hold more than `count` sends."""
    sent: list[datetime] = []
    now = NOON
    for gap in gaps:
        now += timedelta(seconds=gap)
        now = limit.next_slot(sent, count, 60, now)
        sent.append(now)

    for start in sent:
        assert sum(start <= s < start + timedelta(seconds=60) for s in sent) <= count


@pytest.mark.parametrize(("count", "seconds"), [(0, 60), (1, 0), (-1, 60)])
def test_a_rate_of_nothing_is_refused(count, seconds):
    """A limit that would hold every message for ever is an error, not a wait."""
    with pytest.raises(ValueError, match="rate"):
        limit.next_slot([], count, seconds, NOON)
