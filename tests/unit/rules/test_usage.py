"""Which terms fire, and which could but never do."""

from __future__ import annotations

import pytest

from monitor import model
from monitor.rules import compile, usage
from monitor.rules.match import match_article
from tests.support.rulefiles import article, ruleset


def words(rules: str, **more: str) -> list[tuple[str, str | None]]:
    """Return the terms of pack `p` that can be evidence."""
    return [tuple(word) for word in usage.words_of(ruleset(rules, **more).packs["p"])]


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("- {id: a, all: [Egypt], any: [talks, aid], none: [football]}", ["Egypt", "talks", "aid"]),
        ("- {id: a, any: [{name: aid, require: [US], forbid: [first]}]}", ["aid"]),
        ("- {id: a, query: (aid OR =US) AND NOT food}", ["aid", "=US"]),
        ("- {id: a, query: aid NOTNEAR/3 food}", ["aid"]),
        ("- {id: a, query: 'title:aid AND source:gazette'}", ["aid"]),
        ("- {id: a, query: 're:/aid [0-9]+/ OR TIMES/2(aid)'}", ["re:/aid [0-9]+/", "aid"]),
        ("- {id: a, query: 'ATLEAST/2(SENT(a, b), PARA(c, d), e THEN/3 f)'}", ["a", "b", "c", "d", "e", "f"]),
        (
            "- {id: a, score: {threshold: 1, clauses: {x: {weight: 2, query: aid}, y: {weight: -1, query: food}}}}",
            ["aid"],
        ),
        ("- {id: a, any: [aid], status: draft}\n- {id: b, any: [talks], status: test}", ["talks"]),
    ],
)
def test_terms_that_can_be_evidence(rules: str, found: list[str]) -> None:
    """What makes a rule true counts; what it excludes, and what has no place in the text, does not."""
    assert words(rules) == [(term, None) for term in found]


def test_names_lead_to_their_aliases_and_holders() -> None:
    """A `$name` stands for all it finds: aliases of an entity, items of a list, holders of an office, each once."""
    found = words(
        "- {id: a, any: [$spoken]}\n- {id: b, any: [$usa]}", lists="{spoken: {en: [$usa, $strategic-minister, talks]}}"
    )

    assert found == [
        ("=US", "usa"),
        ("White House", "usa"),
        ("strategic affairs minister", "strategic-minister"),
        ("Ron Dermer", "ron-dermer"),
        ("Gila Gamliel", "gila-gamliel"),
        ("talks", None),
    ]


def counted(rules: compile.RuleSet, *articles: model.Article) -> usage.Usage:
    """Return the use of terms on some articles."""
    found = usage.Usage()
    for one in articles:
        found.add(one.lang, match_article(rules, one))
    return found


def test_articles_are_counted_by_rule_term_and_language() -> None:
    """An article counts once for a term, however often the term stands in it."""
    found = counted(
        ruleset("- {id: a, any: [aid, talks]}\n- {id: b, any: [$usa]}"),
        article("Aid and aid for =US", lang="en"),
        article("L'aid des US", lang="fr"),
        article("talks", lang=None),
        article("weather", lang="en"),
    )

    rows = {(row.rule, row.word.term): row for row in found.rows("p")}

    assert found.articles == 4
    assert list(rows) == [("a", "aid"), ("a", "talks"), ("b", "=US")]
    assert rows["a", "aid"][3:] == (2, 0.5, 2 / 3, {"en": 1, "fr": 1})
    assert rows["a", "talks"].languages == {"unknown": 1}
    assert rows["b", "=US"].word.entity == "usa"


def test_silent_terms_are_named_with_their_place() -> None:
    """A term that never fired is listed where it stands; one that fired in any rule is not."""
    rules = ruleset("- {id: a, any: [aid, talks]}\n- {id: b, any: [$usa, aid]}")

    silent = counted(rules, article("aid")).never_fired(rules.packs["p"])

    assert {word.term: str(place) for word, place in silent.items()} == {
        "talks": "packs/p.yaml:4",
        "=US": "entities/world.yaml:21",
        "White House": "entities/world.yaml:21",
    }
