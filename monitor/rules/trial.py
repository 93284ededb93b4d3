"""A pack's own tests: what it must match, what it must not, and with which words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from monitor import errors, model, text
from monitor.rules import explain, packs
from monitor.rules.compile import CompiledRule, RuleSet, compile_rules
from monitor.rules.evaluate import evidence, holds
from monitor.rules.match import evidence_of, why_not
from monitor.rules.view import View


@dataclass(frozen=True, slots=True)
class TestFailure:
    """A test that did not come out as it says. `kind`: `wrong`, `no_tests`, or `todo_passes` (it can move up)."""

    pack: str
    file: str
    line: int
    kind: str
    message: str

    __test__ = False  # not a test class, whatever its name begins with

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"

    @property
    def fault(self) -> errors.Fault:
        """Return the failure as a fault of the file."""
        return errors.Fault(self.file, self.line, None, "test_failed", self.message)


class Trial(NamedTuple):
    """What the tests of some packs gave. `counts`: passed, wrong, todo, todo_passes, no_tests."""

    failures: tuple[TestFailure, ...]
    counts: Mapping[str, int]

    @property
    def wrong(self) -> tuple[TestFailure, ...]:
        """Return the failures that keep a pack from going live."""
        return tuple(f for f in self.failures if f.kind == "wrong")


def run_tests(found: RuleSet | packs.Pack) -> Trial:
    """Return the outcome of every test of a rule set or of one pack."""
    rules = compile_rules([found]) if isinstance(found, packs.Pack) else found
    failures: list[TestFailure] = []
    counts = dict.fromkeys(("passed", "wrong", "todo", "todo_passes", "no_tests"), 0)
    for pack in rules.packs.values():
        if not pack.tests:
            message = f"pack `{pack.id}` has no tests"
            failures.append(TestFailure(pack.id, pack.place.file, pack.place.line, "no_tests", message))
            counts["no_tests"] += 1
        for case in pack.tests:
            outcome, message = _judge(case, rules.rules_of(pack.id), pack)
            counts[outcome] += 1
            if outcome in ("wrong", "todo_passes"):
                place = case.place
                failures.append(TestFailure(pack.id, place.file, place.line, outcome, message))
    return Trial(tuple(failures), counts)


def article_of(case: packs.Case) -> model.Article:
    """Return the article that a test describes; its tags stand for the feed's groups too."""
    return model.Article(
        title=case.title,
        text=case.text,
        lang=case.lang,
        source=case.source,
        newsroom=case.source,
        groups=case.tags,
        tags=case.tags,
        published=case.date,
        first_seen=case.date,
    )


def _judge(case: packs.Case, rules: tuple[CompiledRule, ...], pack: packs.Pack) -> tuple[str, str]:
    """Return (outcome, message) of one test."""
    todo = case.kind.startswith("todo_")
    wrong = _what_is_wrong(case, rules, pack)
    if todo:
        return ("todo", wrong) if wrong else ("todo_passes", f"{case.kind} passes now: move it to the other tests")
    return ("wrong", wrong) if wrong else ("passed", "")


def _what_is_wrong(case: packs.Case, rules: tuple[CompiledRule, ...], pack: packs.Pack) -> str:
    article = article_of(case)
    view = View(article)
    asked = _asked(case, rules)
    found: list[model.Evidence] = []
    fired = []
    for rule in asked:
        if why_not(rule.rule.traits, article) is None and holds(rule.node, view):
            fired.append(rule.id)
            found += evidence_of(evidence(rule.node, view), view)
    if case.kind in ("should_not_match", "todo_not_match"):
        words = ", ".join(f"`{e.text}` ({e.term})" for e in found[:6])
        wrong = f"must not match, but rule {', '.join(fired)} does: {words}" if fired else ""
    elif not fired:
        wrong = "must match, but does not: " + explain.nearest(asked, article)
    else:
        wrong = _wrong_words(case, found)
    return wrong or _wrong_score(case, rules, view)


def _wrong_score(case: packs.Case, rules: tuple[CompiledRule, ...], view: View) -> str:
    """Return what is wrong with the points of the rule that the test names, or of the pack's only score rule."""
    if case.expect_score is None:
        return ""
    scored = [rule for rule in rules if rule.rule.score is not None and case.rule in (None, rule.id)]
    if len(scored) != 1:  # the loader lets through only tests that are clear; a rule may be retired since
        return "`expect_score`: no rule with a score is switched on"
    told = explain.explain_rule(scored[0], view)
    if told.tree.got == case.expect_score:
        return ""
    points = ", ".join(map(explain.points_text, told.tree.children))
    return f"rule {told.rule} has {told.tree.got} points, expected {case.expect_score}: {points}"


def _asked(case: packs.Case, rules: tuple[CompiledRule, ...]) -> tuple[CompiledRule, ...]:
    """Return the rules that a test is about: the one it names, else all that record matches, else all drafts."""
    if case.rule is not None:
        return tuple(rule for rule in rules if rule.id == case.rule)
    return tuple(rule for rule in rules if rule.recorded) or rules


def _wrong_words(case: packs.Case, found: list[model.Evidence]) -> str:
    shown = ", ".join(f"`{e.text}`" for e in found[:6])
    missing = [words for words in case.because if not _within(words, found)]
    if missing:
        return f"`{missing[0]}` is not in the evidence, which is {shown}"
    unwanted = [words for words in case.not_because if _within(words, found)]
    return f"`{unwanted[0]}` is in the evidence" if unwanted else ""


def _within(words: str, found: Iterable[model.Evidence]) -> bool:
    return any(words in e.text or text.fold(words) in text.fold(e.text) for e in found)
