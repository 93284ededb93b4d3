"""Alert, update or suppressed: decided from values alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts.decide import Story, Subject, Told, decide_alert, strongest
from monitor.alerts.terms import Terms
from monitor.model import Decision, Match, Outcome, Reason

NOW = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)
NEW = Subject(article_id=7, published=NOW, first_seen=NOW)


def match(rule: str = "core", severity: str = "normal", status: str = "live") -> Match:
    """Return a match of pack `p`."""
    return Match("p", rule, severity, status, ())


def decide(*matches: Match, subject: Subject = NEW, told: tuple[Told, ...] = (), **max_age: float | None) -> Decision:
    """Decide for pack `p`; every rule wants what is the default, and the `max_age` that is given for it."""
    terms = {found.rule: Terms(max_age.get(found.rule)) for found in matches}
    return decide_alert("p", matches, subject, Story(told), terms, NOW).decision


def test_untold_story_alerts_at_the_highest_severity_of_its_rules() -> None:
    """The first report of a story is an alert, as urgent as the most urgent rule that matched."""
    made = decide(match("a", "normal"), match("b", "urgent"))

    assert (made.outcome, made.reason, made.severity) == (Outcome.ALERT, Reason.FIRST_REPORT, "urgent")


def test_rules_on_trial_never_alert() -> None:
    """Only rules with status test matched: recorded, not sent, whatever their severity."""
    made = decide(match(status="test", severity="urgent"))

    assert (made.outcome, made.reason) == (Outcome.SUPPRESSED, Reason.TEST_STATUS)


def test_trial_rule_does_not_raise_the_severity_of_a_live_one() -> None:
    """The severity counts live rules only."""
    made = decide(match("a", "normal"), match("b", "urgent", "test"))

    assert made.severity == "normal"


@pytest.mark.parametrize(
    ("subject", "reason"),
    [
        (Subject(1, NOW, NOW), Reason.SAME_ARTICLE),
        (Subject(7, NOW, NOW, 1, "same_url"), Reason.SAME_URL),
        (Subject(7, NOW, NOW, 1, "same_text"), Reason.SAME_TEXT),
        (Subject(7, NOW, NOW), Reason.SAME_STORY),
    ],
)
def test_told_story_is_suppressed_with_the_nearest_reason(subject: Subject, reason: Reason) -> None:
    """The reason says why this article is no news: its own revision, its address, its text, its story."""
    made = decide(match(), subject=subject, told=(Told(3, 1, "normal"),))

    assert (made.outcome, made.reason) == (Outcome.SUPPRESSED, reason)
    assert made.detail == {"alert": 3}


def test_higher_severity_of_a_told_story_is_an_update() -> None:
    """A story told as normal and now urgent is told again at once."""
    made = decide(match(severity="urgent"), told=(Told(3, 1, "normal"),))

    assert (made.outcome, made.reason) == (Outcome.UPDATE, Reason.HIGHER_SEVERITY)
    assert made.detail == {"from": "normal", "to": "urgent", "alert": 3, "newsrooms": 1, "names": []}


def test_severity_already_told_by_an_update_is_no_news() -> None:
    """What counts is the highest severity the pack was told, not the first."""
    told = (Told(3, 1, "normal"), Told(4, 1, "urgent"))

    made = decide(match(severity="urgent"), told=told)

    assert made.outcome is Outcome.SUPPRESSED


def test_article_older_than_every_rule_allows_is_suppressed() -> None:
    """Age is first_seen - published; an article beyond max_age is recorded with its age."""
    old = Subject(7, NOW - timedelta(hours=37), NOW)

    made = decide(match(), subject=old, core=36 * 3600.0)

    assert (made.outcome, made.reason) == (Outcome.SUPPRESSED, Reason.TOO_OLD)
    assert made.detail == {"age_seconds": 37 * 3600.0}


def test_rule_without_limit_alerts_however_old() -> None:
    """A rule without max_age alerts beside one whose limit has passed, at its own severity."""
    old = Subject(7, NOW - timedelta(days=9), NOW)

    made = decide(match("a", "urgent"), match("b", "info"), subject=old, a=3600.0, b=None)

    assert (made.outcome, made.severity) == (Outcome.ALERT, "info")


@pytest.mark.parametrize("published", [None, NOW + timedelta(days=400)])
def test_f15_undated_and_future_articles_are_new(published: datetime | None) -> None:
    """Dates decide age only where they make sense: no date and a date to come mean new."""
    made = decide(match(), subject=Subject(7, published, NOW), core=1.0)

    assert made.outcome is Outcome.ALERT


def test_strongest_outcome_is_in_the_contracts_order() -> None:
    """alert > update > held > suppressed > none."""
    assert strongest([Outcome.NONE, Outcome.SUPPRESSED, Outcome.UPDATE]) is Outcome.UPDATE
    assert strongest([]) is Outcome.NONE


def test_a20_untrusted_alert_does_not_count_against_a_trusted_report() -> None:
    """What only an untrusted feed told is told again; an untrusted report counts everything that was told."""
    told = (Told(3, 1, "urgent", trusted=False),)
    forged = Subject(article_id=8, published=NOW, first_seen=NOW, trusted=False)

    made = decide(match(), told=told)
    again = decide(match(), subject=forged, told=told)

    assert (made.outcome, made.reason, made.detail) == (Outcome.ALERT, Reason.TRUSTED_REPORT, {"alert": 3})
    assert (again.outcome, again.reason) == (Outcome.SUPPRESSED, Reason.SAME_STORY)


def test_what_was_missed_is_told_with_its_age() -> None:
    """Too old only because we were away: told, with age and cause in the detail; what is fresh enough has neither."""
    late = Subject(7, NOW - timedelta(hours=9), NOW, missed=True)

    made = decide(match(), subject=late, core=6 * 3600.0)
    fresh = decide(match(), subject=late, core=10 * 3600.0)

    assert (made.outcome, made.reason) == (Outcome.ALERT, Reason.FIRST_REPORT)
    assert made.detail == {"missed": True, "age_seconds": 9 * 3600.0}
    assert fresh.detail is None


def test_what_was_missed_is_still_told_once() -> None:
    """A story that the pack knows stays suppressed, however it came late."""
    late = Subject(7, NOW - timedelta(hours=9), NOW, missed=True)

    made = decide(match(), subject=late, told=(Told(3, 1, "normal"),), core=6 * 3600.0)

    assert (made.outcome, made.reason) == (Outcome.SUPPRESSED, Reason.SAME_STORY)
