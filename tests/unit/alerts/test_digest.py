"""Which alerts wait for a digest, and its words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts import digest
from monitor.model import Decision, Outcome, Reason

NOW = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
OLD = {"missed": True, "age_seconds": 90_000}


def alert(severity: str = "high", outcome: Outcome = Outcome.ALERT, **detail: object) -> Decision:
    """Return a decision about an entry of a batch."""
    return Decision("move", outcome, Reason.FIRST_REPORT, severity, detail or None)


@pytest.mark.parametrize(
    ("kind", "decision", "expected"),
    [
        (digest.REBUILT, alert(), True),
        (digest.REBUILT, alert("urgent"), False),
        (digest.REBUILT, alert(outcome=Outcome.UPDATE), True),
        (digest.REBUILT, alert(outcome=Outcome.SUPPRESSED), False),
        (digest.CATCH_UP, alert(), False),
        (digest.CATCH_UP, alert(**OLD), True),
        (digest.CATCH_UP, alert("urgent", **OLD), True),
        (digest.CATCH_UP, alert(outcome=Outcome.SUPPRESSED, **OLD), False),
    ],
)
def test_who_joins(kind: str, decision: Decision, expected: bool) -> None:
    """Of a rebuilt feed all that is not urgent; of what was missed only what is too old to be told by itself."""
    assert digest.joins_digest(kind, NOW, decision, NOW) is expected


@pytest.mark.parametrize(("hours", "expected"), [(24, True), (25, False)])
def test_batch_takes_in_what_comes_within_a_day(hours: int, expected: bool) -> None:
    """A page read hours later still joins; a revision of the next day is news by itself."""
    assert digest.joins_digest(digest.REBUILT, NOW, alert(), NOW + timedelta(hours=hours)) is expected


def test_words_of_a_later_digest_say_more() -> None:
    """A second message of one batch is not taken for a second rebuilding."""
    headline, body = digest.render_words(digest.REBUILT, "Gazette", 37, 2, False)

    assert headline == "Gazette was rebuilt: 2 more reports among 37 items that look new"
    assert "37 items that look new; 2 more match." in body


def test_words_of_catching_up() -> None:
    """The catch-up digest says that we were late, not the news."""
    headline, body = digest.render_words(digest.CATCH_UP, None, 90, 1, True)

    assert headline == "Catch-up: 1 report from while the monitor was away"
    assert "1 report came out meanwhile and is now older than the rule's max_age" in body
