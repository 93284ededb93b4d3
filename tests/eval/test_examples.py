"""The example packs: sound, tested by themselves, and better than a list of words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.rules import compile, fmt, lint, load, trial
from tests.eval import examples, labelled

FLOORS = {
    "displacement": {"all": (0.951, 0.93), "tuned": (0.96, 0.93), "other": (0.935, 0.94), "fresh": (0.935, 0.91)},
    "egypt": {"all": (0.96, 0.96)},
    "israel": {"all": (0.94, 0.93)},
    "jordan": {"all": (0.85, 0.83)},
}
"""Name -> part -> least precision and recall; just below what was reached. Re-check: python -m tests.eval.examples."""


@pytest.fixture(scope="module")
def rules() -> compile.RuleSet:
    """The compiled example packs."""
    return labelled.load_rules(examples.RULES)


def load_cases(pack: str) -> tuple[labelled.Case, ...]:
    """Return the labelled texts, or skip where the data is absent."""
    try:
        return examples.load_cases(pack)
    except FileNotFoundError as fault:
        pytest.skip(f"no labelled texts at {fault.filename}")


def test_examples_have_no_lint_finding() -> None:
    """The examples load, pass the strict checks and leave no warning."""
    files = load.read_folder(examples.RULES)

    found = lint.lint(files, load.Known(), strict=True, today=datetime(2026, 1, 1, tzinfo=UTC))

    assert [str(fault) for fault in found] == []


def test_examples_pass_their_own_tests(rules: compile.RuleSet) -> None:
    """Every should_match and should_not_match of the examples holds."""
    outcome = trial.run_tests(rules)

    assert set(rules.packs) == set(examples.NAMES)
    assert [str(failure) for failure in outcome.failures] == []


@pytest.mark.parametrize("pack", list(examples.NAMES))
def test_examples_are_better_than_a_list_of_words(rules: compile.RuleSet, pack: str) -> None:
    """Precision and recall do not sink below what was reached, and precision stays above what a list of words has."""
    cases = load_cases(pack)
    outcomes = examples.judge(rules, pack, cases)

    for name in examples.NAMES[pack]:
        for part, floor in FLOORS[name].items():
            judged = [o for o in outcomes if examples.in_part(o.case, part)]
            reached = labelled.score(name, judged)
            assert (reached.precision >= floor[0], reached.recall >= floor[1]) == (True, True), (name, part, reached)
        naive = labelled.score(name, examples.judge_naively(name, cases))
        assert labelled.score(name, outcomes).precision > naive.precision


def test_examples_are_in_canonical_form() -> None:
    """`rules fmt` would change nothing."""
    files = load.read_folder(examples.RULES)

    assert [name for name, data in files.items() if fmt.format_file(name, data).changed] == []
