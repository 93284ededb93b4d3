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
        ("{should_match: [{title: Egypt and Rafah}]}", "rule a: all: $gaza: not found"),
        ("{should_match: [{title: Egypt closes Gaza Street}]}", "forbid Street"),
        ("{should_match: [{title: Egypt Gaza football}]}", "none: football is there"),
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
