"""Explain never fails and never says anything else than matching does, over random rules of the whole language."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from hypothesis import given, settings

from monitor import model
from monitor.rules import compile, explain, explain_json, explain_text, load, match
from monitor.rules.explain_told import Clause
from tests.unit.rules import test_reference as reference

EXAMPLES = 100
"""Of each property."""


def walk(clause: Clause) -> Iterator[Clause]:
    """Yield a clause and all below it."""
    yield clause
    for child in clause.children:
        yield from walk(child)


def agree(files: Mapping[str, bytes], article: model.Article) -> None:
    """Assert that explain and match say the same of an article, and that what explain shows is so."""
    rules = compile.compile_rules(load.load_packs(files).packs)
    found = {one.rule: one for one in match.match_everything(rules, article)}

    told = explain.explain(rules, "p", article)

    assert {rule.rule for rule in told.rules if rule.true} == set(found)
    assert told.matched == bool(found)
    for rule in told.rules:
        assert not rule.true or rule.tree.kind != "score" or rule.tree.got == found[rule.rule].score
        for clause in walk(rule.tree):
            honest(clause, article)
    assert explain_text.to_text(told)
    assert json.dumps(explain_json.to_json(told))
    assert explain.nearest(rules.rules, article)


def honest(clause: Clause, article: model.Article) -> None:
    """Assert that a clause has a reason when it is false, words that stand where it says, and a gap that decides."""
    assert bool(clause.why) != clause.true
    assert (clause.nearness == 1) == clause.true
    assert 0 <= clause.nearness <= 1
    for found in clause.found:
        assert (article.title if found.field == "title" else article.text)[found.start : found.end] == found.text
    if clause.kind in ("near", "then") and clause.gap is not None:
        assert (clause.gap <= (clause.allowed or 0)) == clause.true


@settings(max_examples=EXAMPLES, deadline=None)
@given(reference.cases(), reference.abouts)
def test_explain_and_match_agree(case: reference.Case, about: reference.Written) -> None:
    """Lists, queries and scores, with names, contexts, fields and metadata."""
    pack = reference.as_text({"format": "1", "pack": "p", "rules": reference.numbered(case.rules)})

    agree(reference.files_of(case.names, pack), model.Article(title=case.title, text=case.body, **about))


@settings(max_examples=EXAMPLES, deadline=None)
@given(reference.near_cases())
def test_explain_and_match_agree_on_dense_texts(case: reference.Case) -> None:
    """Queries over four words in texts of the same four words, where nearly everything can happen."""
    pack = reference.as_blocks(reference.numbered(case.rules))

    agree(reference.files_of(case.names, pack), model.Article(title=case.title, text=case.body, lang="en"))
