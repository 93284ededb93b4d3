"""What two sides told, beside one another."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.backtest import compare
from monitor.backtest.values import Told

START = datetime(2025, 3, 10, 23, 30, tzinfo=UTC)


def told(article: int, story: int = 1, minutes: int = 0, outcome: str = "alert", severity: str = "normal") -> Told:
    """Return an alert of pack `aid`, by the only revision of an article."""
    at = START + timedelta(minutes=minutes)
    return Told("aid", article, article, story, at, outcome, "first_report", severity, ("core",))


def kinds(live: list[Told], edited: list[Told]) -> list[tuple[str, int]]:
    """Return the changes as (kind, article), by article."""
    return sorted((one.kind, one.told.article_id) for one in compare.compare(live, edited)[1])


@pytest.mark.parametrize(
    ("live", "edited", "expected"),
    [
        ([told(1)], [told(1)], []),
        ([], [told(1)], [("gained", 1)]),
        ([told(1)], [], [("lost", 1)]),
        ([told(1)], [told(1, severity="high")], [("moved", 1)]),
        ([told(1)], [told(1, minutes=5)], [("moved", 1)]),
        ([told(1)], [told(2, minutes=5)], [("moved", 2)]),
        ([told(1)], [told(2, story=2)], [("gained", 2), ("lost", 1)]),
        ([told(1), told(2, outcome="update")], [told(2)], [("lost", 1), ("moved", 2)]),
        ([told(1), told(2, outcome="update")], [told(1)], [("lost", 2)]),
    ],
)
def test_alerts_are_paired_within_a_story(
    live: list[Told], edited: list[Told], expected: list[tuple[str, int]]
) -> None:
    """The same article first, then another of the story; what has no partner is gained or lost."""
    assert kinds(live, edited) == expected


def test_what_is_the_same_is_counted_and_not_listed() -> None:
    """Alerts that both sides have are kept; the changes come newest first."""
    kept, changes = compare.compare(
        [told(1), told(2, story=2), told(3, story=3)], [told(1), told(4, story=4, minutes=9), told(5, story=5)]
    )

    assert kept == 1
    assert changes[0].told.article_id == 4


def test_days_are_those_of_the_desk() -> None:
    """An alert shortly before midnight UTC belongs to the next day in Jerusalem."""
    live, edited = [told(1)], [told(2, story=2)]

    (day,) = compare.per_day(live, edited, compare.compare(live, edited)[1], "Asia/Jerusalem")

    assert (day.day.isoformat(), day.live, day.edited, day.gained, day.lost) == ("2025-03-11", 1, 1, 1, 1)
