"""What counts as a rule that stopped, and as one that floods."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts import watch_rules
from monitor.store.watch_rules import Fired

NOW = datetime(2025, 3, 31, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def fired(*days: int, lately: int = 0, a_day: int = 1) -> Fired:
    """Return a rule that matched so many days ago."""
    at = {str((NOW - ago * DAY).date()): a_day for ago in days}
    return Fired(at, NOW - min(days) * DAY, lately)


@pytest.mark.parametrize(
    ("days", "stopped"),
    [
        (range(3, 20), False),  # daily, silent for three days
        (range(4, 20), True),  # daily, silent for four
        ((8, 9, 10, 11, 14, 15, 16, 17, 18), False),  # on workdays, a week of holidays
        ((9, 10, 11, 14, 15, 16, 17, 18), True),
        ((10, 17, 24, 31, 34), False),  # weekly
        ((20, 21, 22, 23), False),  # four days are no habit
    ],
)
def test_a_rule_has_stopped_by_its_own_habit(days: tuple[int, ...], stopped: bool) -> None:
    """Two and a half of its longest pauses and a day."""
    assert watch_rules.has_stopped(fired(*days), 1_000, NOW) is stopped


def test_no_rule_has_stopped_while_nothing_is_read() -> None:
    """Fewer than fifty articles since say nothing."""
    assert not watch_rules.has_stopped(fired(*range(5, 20)), 49, NOW)


@pytest.mark.parametrize(
    ("lately", "a_day", "began", "read", "floods"),
    [
        (59, 1, 30 * DAY, 60, False),  # less than one a minute
        (60, 1, 30 * DAY, 1_000, True),
        (60, 40, 20 * DAY, 1_000, False),  # a busy rule, a day and a half at once
        (200, 40, 20 * DAY, 1_000, True),
        (60, 1, 2 * DAY, 1_000, False),  # a young archive, where one of sixteen matches
        (60, 1, 2 * DAY, 100, True),
        (60, 1, None, 100, True),
    ],
)
def test_a_flood_is_measured_by_what_is_usual(
    lately: int, a_day: int, began: timedelta | None, read: int, floods: bool
) -> None:
    """Three usual days within an hour; in a young archive, half of all that is read."""
    rule = fired(*range(20), lately=lately, a_day=a_day)

    assert watch_rules.floods(rule, read, NOW - began if began else None, NOW) is floods
