"""A pack's own tests are really run, and say where and why they fail."""

from __future__ import annotations

import pytest

from monitor.rules import load, trial
from tests.support.rulefiles import files

RULES = """
- {id: a, all: [Egypt, $gaza], none: [football]}
- {id: b, any: [zzz], status: test}
- {id: c, any: [yyy], status: draft}
"""


def run(tests: str) -> trial.Trial:
    """Return the trial of a pack with rules a (live), b (test), c (draft)."""
    loaded = load.load_packs(files(RULES, tests=tests))
    assert not [str(f) for f in loaded.faults]
    return trial.run_tests(loaded.packs[0])


@pytest.mark.parametrize(
    "tests",
    [
        "{should_match: [{title: Egypt and Gaza, because: [Egypt, Gaza], not_because: [and]}]}",
        "{should_match: [{rule: b, text: zzz}], should_not_match: [{title: Egypt}, {rule: a, text: zzz}]}",
        "{should_match: [{rule: c, text: yyy}], should_not_match: [{text: yyy}]}",
        "{should_match: [{title: x, text: مصر وغزة Egypt, lang: ar, because: [غزة]}]}",
    ],
)
def test_tests_that_hold(tests: str) -> None:
    """Positive and negative tests hold, of one rule or of the whole pack."""
    assert run(tests).failures == ()


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("{should_match: [{title: Egypt and Rafah}]}", "rule a: $gaza not found"),
        ("{should_match: [{title: Egypt closes Gaza Street}]}", 'forbidden "Street" beside it'),
        ("{should_match: [{title: Egypt Gaza football}]}", "rule a: NOT football is there"),
        ("{should_not_match: [{title: Egypt and Gazans}]}", "rule a does: `Egypt` (Egypt), `Gazans` (Gazan*)"),
        ("{should_match: [{title: Egypt and Gaza, because: [Rafah]}]}", "`Rafah` is not in the evidence"),
        ("{should_match: [{title: Egypt and Gaza, not_because: [egypt]}]}", "`egypt` is in the evidence"),
    ],
)
def test_tests_that_fail_name_their_line_and_the_nearest_clause(tests: str, message: str) -> None:
    """A failure has its file and line and says what was missing."""
    (failure,) = run(tests).failures

    assert failure.kind == "wrong"
    assert message in failure.message
    assert str(failure).startswith("packs/p.yaml:3: ")
    assert failure.fault.is_error


def test_todo_tests_must_still_fail() -> None:
    """A todo test that passes is reported, and keeps nobody from going live."""
    outcome = run("{todo_match: [{title: Egypt}, {title: Egypt Gaza}], todo_not_match: [{title: Egypt Gaza}]}")

    assert [f.kind for f in outcome.failures] == ["todo_passes"]
    assert outcome.wrong == ()
    assert outcome.counts["todo"] == 2


def test_a_pack_without_tests_is_reported() -> None:
    """No tests is a failure of `rules test`, not of the gate."""
    outcome = trial.run_tests(load.load_packs(files("- {id: a, any: [x1]}")).packs[0])

    assert [f.kind for f in outcome.failures] == ["no_tests"]
    assert outcome.wrong == ()


def test_source_groups_and_date_of_a_test_reach_the_rule() -> None:
    """What a test says about its article decides as it does for a real one."""
    tests = (
        "{should_match: [{title: x1, date: 2025-03-01}], should_not_match: "
        "[{title: x1, source: gazette}, {title: x1, tags: [satire]}, {title: x1, published: 2026-01-01}]}"
    )
    sources, active = "{deny: [gazette, 'group:satire']}", "{to: 2025}"
    loaded = load.load_packs(files("- {id: a, any: [x1]}", sources=sources, active=active, tests=tests))

    assert loaded.faults == ()
    assert trial.run_tests(loaded.packs[0]).failures == ()


SCORES = """
- id: s
  score:
    threshold: 15
    clauses:
      host: {weight: 10, title_bonus: 5, query: $gaza}
      inside: {weight: -5, query: Mawasi}
- {id: a, any: [zzz]}
"""


def run_scores(tests: str, rules: str = SCORES) -> tuple[trial.TestFailure, ...]:
    """Return the failures of a pack with one score rule and one other."""
    loaded = load.load_packs(files(rules, tests=tests))
    assert not [str(f) for f in loaded.faults if f.is_error]
    return trial.run_tests(loaded.packs[0]).failures


@pytest.mark.parametrize(
    "tests",
    [
        "{should_match: [{rule: s, title: Gazans, expect_score: 15}]}",
        "{should_match: [{title: Gazans, expect_score: 15}]}",
        "{should_not_match: [{text: Gazans, expect_score: 10}, {rule: s, text: Mawasi, expect_score: -5}]}",
        "{todo_match: [{title: Gazans, expect_score: 99}]}",
    ],
)
def test_a_test_may_expect_a_score(tests: str) -> None:
    """The points of the rule that is named, or of the only one with a score, are as expected, fired or not."""
    assert run_scores(tests) == ()


@pytest.mark.parametrize(
    ("test", "message"),
    [
        (
            "{should_match: [{title: Gazans in Mawasi and Gaza, text: zzz, expect_score: 20}]}",
            "rule s has 10 points, expected 20: host +15 (+10, +5 for the title), inside -5",
        ),
        (
            "{should_not_match: [{text: Mawasi, expect_score: 0}]}",
            "rule s has -5 points, expected 0: host 0 of +10, inside -5",
        ),
        (
            "{should_match: [{rule: s, text: Gazans, expect_score: 15}]}",
            "must match, but does not: rule s: 10 of 15 points",
        ),
    ],
)
def test_a_score_that_is_not_as_expected(test: str, message: str) -> None:
    """The message shows both sums and what each clause gave."""
    (failure,) = run_scores(test)

    assert failure.kind == "wrong"
    assert failure.message == message


def test_a_score_of_a_retired_rule() -> None:
    """A test of the points of a rule that is retired since does not pass unseen."""
    rules = SCORES.replace("- id: s", "- id: s\n  status: retired")

    (failure,) = run_scores("{should_not_match: [{rule: s, title: Gazans, expect_score: 15}]}", rules)

    assert failure.message == "`expect_score`: no rule with a score is switched on"


def test_a_failing_query_names_its_nearest_clause() -> None:
    """A query that stands too far apart says how far, in the test's one line."""
    rules = "- {id: q, query: '(NEAR/18($gaza, Egypt) OR SENT($gaza, Jordan)) AND NOT football'}"
    text = "Gazans" + " x" * 21 + " Egypt"

    (failure,) = run_scores(f"{{should_match: [{{text: {text}}}]}}", rules)

    gap = 'NEAR/18($gaza, Egypt): gap was 21, allowed 18 ("Gazans" … "Egypt")'
    assert failure.message == f"must match, but does not: rule q: {gap}"
