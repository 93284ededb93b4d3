"""What ratings say of rules and terms."""

from __future__ import annotations

import pytest

from monitor.rules import feedback
from monitor.rules.usage import Word

TRANSFER, PLAN = Word("transfer", None), Word("plan", None)


def judged(number: int, useful: bool | None, *words: Word, **changes: object) -> feedback.Judged:
    """Return an alert of rule `core` of pack `move`."""
    values: dict[str, object] = {"pack": "move", "words": {"core": frozenset(words)}, "story_id": number}
    return feedback.Judged(number, useful=useful, **{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ratings", "useful"),
    [
        ([], None),
        (["useful"], True),
        (["noise"], False),
        (["useful", "noise"], True),
        (["noise", "useful", "noise"], False),
    ],
)
def test_an_alert_is_what_most_of_its_readers_say(ratings: list[str], useful: bool | None) -> None:
    """A draw is useful; nobody's word is nothing."""
    assert feedback.verdict(ratings) is useful


def test_rule_shows_what_became_of_its_alerts() -> None:
    """Unrated alerts count as alerts and not in the share."""
    alerts = [
        judged(1, True, PLAN),
        judged(2, False, TRANSFER),
        judged(3, False, TRANSFER, PLAN),
        judged(4, None, PLAN),
    ]

    (row,) = feedback.rule_rows(alerts)

    assert (row.pack, row.rule, row.alerts, row.useful, row.noise) == ("move", "core", 4, 1, 2)
    assert row.share_useful == pytest.approx(1 / 3)


def test_rule_that_nobody_rated_has_no_share() -> None:
    """No rating is not a bad rating."""
    (row,) = feedback.rule_rows([judged(1, None, PLAN)])

    assert row.share_useful is None


def test_terms_that_cost_the_noise_come_first() -> None:
    """More noise first; of as much noise, the term that was useful less often."""
    alerts = [judged(1, False, TRANSFER, PLAN), judged(2, False, TRANSFER), judged(3, True, PLAN, Word("aid", "org"))]
    alerts.append(judged(4, False, Word("sale", None)))

    rows = feedback.term_rows(alerts)

    assert [(row.word.term if row.word else "", row.noise, row.useful) for row in rows] == [
        ("transfer", 2, 0),
        ("sale", 1, 0),
        ("plan", 1, 1),
        ("aid", 0, 1),
    ]


def test_alert_of_two_rules_counts_for_both() -> None:
    """Each rule is judged by all that it told."""
    both = judged(1, True, words={"core": frozenset((PLAN,)), "loud": frozenset((PLAN,))})

    assert [(row.rule, row.alerts) for row in feedback.rule_rows([both, judged(2, None, PLAN)])] == [
        ("core", 2),
        ("loud", 1),
    ]


def test_delays_are_those_that_are_known() -> None:
    """Median and 95th percentile by nearest rank; undated articles and what was never sent do not count."""
    alerts = [judged(n, None, PLAN, decided_after=float(n), sent_after=None) for n in range(1, 101)]
    alerts.append(judged(101, None, PLAN))

    (row,) = feedback.rule_rows(alerts)

    assert row.decided == feedback.Delay(100, 50.0, 95.0)
    assert row.sent is None
