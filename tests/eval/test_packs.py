"""The shipped packs: their own tests, their floors on labelled cases, and the report that started the project."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import defusedxml.ElementTree
import pytest

from monitor import model
from monitor.rules import compile, lint, load, match, trial
from tests.eval import labelled, real_items
from tests.support.corpora import DATA

ROOT = Path(__file__).parents[2]
RULES = ROOT / "rules"
CASES = ROOT.parent / "shared" / "topic" / "dev_cases.yaml"
PACKS = ("egypt_israel_talks", "resettlement", "us_aid")
LANGUAGES = {"ar", "en", "fr", "he"}
FLOORS = {"egypt_israel_talks": (0.94, 0.93), "resettlement": (0.95, 0.95), "us_aid": (0.94, 0.94)}
"""Pack -> least precision and recall on CASES; all were 1.0 when pinned. Re-check: python -m tests.eval.packs CASES."""

OWN_CASES = Path(__file__).parent / "cases"
UNSEEN = "held.yaml"
"""Invented cases that nobody who writes rules has read; the other files of the folder were written rules on."""
UNSEEN_FLOORS = {"egypt_israel_talks": (0.90, 0.95), "resettlement": (0.93, 0.85), "us_aid": (0.95, 0.95)}
"""A little under what was reached at first sight: 0.93 and 1.00, 0.97 and 0.89, 1.00 and 1.00."""
REAL_FLOORS = {"egypt_israel_talks": (0.86, 0.90), "resettlement": (0.92, 0.85), "us_aid": (0.88, 0.90)}
"""On all labelled real items; reached: 0.90 and 0.94, 0.95 and 0.88, 0.91 and 0.93. Re-check: tests.eval.real_items."""


@pytest.fixture(scope="module")
def rules() -> compile.RuleSet:
    """The compiled packs as shipped."""
    return labelled.load_rules(RULES)


@pytest.fixture(scope="module")
def outcomes(rules: compile.RuleSet) -> tuple[labelled.Outcome, ...]:
    """What the packs say of the labelled cases."""
    if not CASES.exists():
        pytest.skip(f"no labelled cases at {CASES}")
    return labelled.run_cases(rules, labelled.load_cases(CASES))


def seed_report() -> model.Article:
    """Return the seed as an article: its first paragraph is the headline."""
    text = next(iter((ROOT / "seeds").glob("*.txt"))).read_text(encoding="utf-8")
    head, body = text.strip().split("\n", 1)
    return model.Article(head, body, "en", published=datetime(2025, 3, 10, tzinfo=UTC))


def test_rules_have_no_lint_finding() -> None:
    """The shipped rules load, pass the strict checks and leave no warning."""
    found = lint.lint(load.read_folder(RULES), load.Known(), strict=True, today=datetime(2026, 1, 1, tzinfo=UTC))

    assert [str(fault) for fault in found] == []


def test_packs_pass_their_own_tests(rules: compile.RuleSet) -> None:
    """Every should_match and should_not_match of the shipped packs holds."""
    outcome = trial.run_tests(rules)

    assert set(rules.packs) == set(PACKS)
    assert [str(failure) for failure in outcome.failures] == []


@pytest.mark.parametrize("pack", PACKS)
def test_pack_is_tested_in_every_language(rules: compile.RuleSet, pack: str) -> None:
    """A pack has tests of both kinds in Arabic, English, French and Hebrew."""
    tests = rules.packs[pack].tests

    for kind in ("should_match", "should_not_match"):
        assert {case.lang for case in tests if case.kind == kind} == LANGUAGES


@pytest.mark.parametrize("pack", PACKS)
def test_every_rule_has_two_tests_of_its_own(rules: compile.RuleSet, pack: str) -> None:
    """No live rule lives on the tests of its neighbours."""
    named = [case.rule for case in rules.packs[pack].tests if case.kind == "should_match"]

    assert {rule.id: named.count(rule.id) for rule in rules.packs[pack].rules if named.count(rule.id) < 2} == {}


def test_seed_report_fires_all_three_packs(rules: compile.RuleSet) -> None:
    """The report that started the project alerts every pack, with evidence from its own words."""
    article = seed_report()

    matches = match.match_article(rules, article)

    assert {m.pack for m in matches} == set(PACKS)
    for found in (e for m in matches for e in m.evidence):
        assert getattr(article, found.field)[found.start : found.end] == found.text


@pytest.mark.parametrize("pack", PACKS)
def test_labelled_cases_keep_their_floor(outcomes: tuple[labelled.Outcome, ...], pack: str) -> None:
    """Precision and recall on the labelled cases do not sink below what was reached."""
    precision, recall = FLOORS[pack]

    reached = labelled.score(pack, outcomes)

    wrong = [o.case.id for o in outcomes if o.wrong(pack)]
    assert (reached.precision >= precision, reached.recall >= recall) == (True, True), wrong


@pytest.mark.parametrize("file", sorted(path.name for path in OWN_CASES.glob("*.yaml") if path.name != "stories.yaml"))
@pytest.mark.parametrize("pack", PACKS)
def test_invented_cases_keep_their_floor(rules: compile.RuleSet, pack: str, file: str) -> None:
    """What was reached on more cases, seen and unseen, is kept; plain wording is never missed."""
    outcomes = labelled.run_cases(rules, labelled.load_cases(OWN_CASES / file))
    precision, recall = UNSEEN_FLOORS[pack] if file == UNSEEN else (0.88, 0.87)

    reached = labelled.score(pack, outcomes)

    wrong = [o.case.id for o in outcomes if o.wrong(pack)]
    assert (reached.precision >= precision, reached.recall >= recall) == (True, True), wrong
    assert labelled.score(pack, [o for o in outcomes if o.case.tier == "plain"]).recall == 1.0


@pytest.fixture(scope="module")
def real_outcomes(rules: compile.RuleSet) -> tuple[labelled.Outcome, ...]:
    """What the packs say of the labelled real items."""
    if not DATA.is_dir():
        pytest.skip(f"no real items at {DATA}")
    return labelled.run_cases(rules, real_items.load_cases())


@pytest.mark.parametrize("pack", PACKS)
def test_real_items_keep_their_floor(real_outcomes: tuple[labelled.Outcome, ...], pack: str) -> None:
    """Precision and recall on real headlines and teasers do not sink below what was reached."""
    precision, recall = REAL_FLOORS[pack]

    reached = labelled.score(pack, real_outcomes)

    assert (reached.precision >= precision, reached.recall >= recall) == (True, True), reached


@pytest.mark.parametrize("pack", PACKS)
def test_plain_cases_are_never_missed(outcomes: tuple[labelled.Outcome, ...], pack: str) -> None:
    """What a naive word list would find is found."""
    plain = [o for o in outcomes if o.case.tier == "plain"]

    assert labelled.score(pack, plain).recall == 1.0


def test_feed_list_has_unique_ids_and_addresses() -> None:
    """feeds.opml is well formed; ids and addresses are unique, and every feed is a candidate with a newsroom."""
    root = defusedxml.ElementTree.parse(ROOT / "feeds.opml").getroot()

    feeds = [node.attrib for node in root.iter("outline") if "xmlUrl" in node.attrib]

    assert len({feed["id"] for feed in feeds}) == len({feed["xmlUrl"] for feed in feeds}) == len(feeds) > 100
    assert all(feed["candidate"] == "true" and feed["newsroom"] and feed["language"] in LANGUAGES for feed in feeds)
