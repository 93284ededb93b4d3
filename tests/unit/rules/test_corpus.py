"""Labelled articles: read with every fault, judged, and counted by pack, language and tier."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitor.rules import corpus
from tests.support.rulefiles import ruleset

YAML = """\
format: 1
cases:
- id: a
  lang: en
  date: '2025-03-10'
  title: Aid withheld
  text: no
  expected: [p]
  tier: plain
  note: free
- {id: b, lang: ar, title: Weather, expected: [], tier: trap}
"""
LINES = """\
{"id": "a", "lang": "en", "date": "2025-03-10", "title": "Aid withheld", "text": "no", "expected": "p", "tier": "plain"}

{"id": "b", "lang": "ar", "title": "Weather", "text": null, "expected": [], "tier": "trap", "note": {"free": 1.5}}
"""


@pytest.mark.parametrize(
    ("file", "text"), [("cases.yaml", YAML), ("cases.jsonl", LINES), ("cases.jsonl", "\ufeff" + LINES)]
)
def test_yaml_and_json_lines_say_the_same(file: str, text: str) -> None:
    """Both forms have the same keys; what the packs do not need is a note."""
    (first, second), faults = corpus.parse_corpus(file, text.encode())

    assert faults == ()
    assert (first.id, first.tier, first.expected) == ("a", "plain", {"p"})
    assert (first.article.title, first.article.text, first.article.lang) == ("Aid withheld", "no", "en")
    assert first.article.published == first.article.first_seen == datetime(2025, 3, 10, tzinfo=UTC)
    assert (second.id, second.expected, second.article.published) == ("b", frozenset(), None)


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("c.yaml", "cases:\n- {title: x, expected: []}\n", "c.yaml:2:3: E105 `id` is missing"),
        ("c.yaml", "cases:\n- {id: a, expected: []}\n", "c.yaml:2:3: E105 a case needs `title` or `text`"),
        ("c.yaml", "cases:\n- {id: a, title: x}\n", "c.yaml:2:3: E105 `expected` is missing"),
        ("c.yaml", "cases:\n- {id: a, title: x, expected: [], lang: xx}\n", "c.yaml:2:41: E206 `xx` is no language"),
        ("c.yaml", "cases:\n- {id: a, title: x, expected: [], date: soon}\n", "c.yaml:2:41: E206 `soon` is no date"),
        ("c.yaml", "cases:\n- {id: a, title: x, expected: {p: 1}}\n", "c.yaml:2:31: E105 `expected` must be a list"),
        ("c.yaml", 2 * "cases: [{id: a, title: x, expected: []}]\n", "c.yaml:2:1: E102 `cases` is already in line 1"),
        ("c.yaml", "cases:\n- &a {id: a}\n", "c.yaml:2:3: E107"),
        ("c.yaml", "cases: [a]\n", "c.yaml:1:9: E105 a case must be a map"),
        ("c.yaml", "- a\n", "c.yaml:1:1: E105 `cases` is missing"),
        ("c.yaml", "cases: []\n", "c.yaml: E105 there is no case"),
        ("c.jsonl", "", "c.jsonl: E105 there is no case"),
        ("c.jsonl", '{"id": "a", "title": "x", "expected": []}\noops\n', "c.jsonl:2:1: E101 not JSON"),
        ("c.jsonl", 2 * '{"id": "a", "title": "x", "expected": []}\n', "c.jsonl:2:1: E202 case `a`"),
        ("c.jsonl", "[1]\n", "c.jsonl:1:1: E105 a case must be a map"),
    ],
)  # fmt: skip
def test_faults_have_their_line(file: str, text: str, fault: str) -> None:
    """What is wrong with a corpus is said with file and line, every fault at once."""
    _, faults = corpus.parse_corpus(file, text.encode())

    assert str(faults[0]).startswith(fault)


def test_bytes_that_are_no_text() -> None:
    """A file of another kind is refused in either form."""
    for file in ("c.yaml", "c.jsonl"):
        assert corpus.parse_corpus(file, b'{"id": "\xff"}')[1][0].line == 1


RULES = """
- {id: a, any: [aid]}
- {id: b, any: [talks], status: test}
"""


def outcomes() -> tuple[corpus.Outcome, ...]:
    """Judge four cases: found, missed, false, rightly silent."""
    rows = [
        {"id": "found", "lang": "en", "title": "Aid", "expected": ["p"], "tier": "plain"},
        {"id": "missed", "lang": "fr", "title": "Talks", "expected": ["p"], "tier": "oblique"},
        {"id": "false", "lang": "en", "title": "First aid", "expected": [], "tier": "trap"},
        {"id": "silent", "title": "Rain", "expected": [], "tier": "odd"},
    ]
    cases, faults = corpus.parse_corpus("c.jsonl", "\n".join(map(json.dumps, rows)).encode())
    assert faults == ()
    return corpus.run_cases(ruleset(RULES), cases)


def test_scores_by_language_and_tier() -> None:
    """Precision and recall of a pack as a whole, by language, and by tier from the easiest to the traps."""
    found = {(kind, name): (s.true, s.false, s.missed) for kind, name, s in corpus.breakdown("p", outcomes())}

    assert found == {
        ("all", "all"): (1, 1, 1),
        ("language", "en"): (1, 1, 0),
        ("language", "fr"): (0, 0, 1),
        ("language", "unknown"): (0, 0, 0),
        ("tier", "plain"): (1, 0, 0),
        ("tier", "oblique"): (0, 0, 1),
        ("tier", "trap"): (0, 1, 0),
        ("tier", "odd"): (0, 0, 0),
    }
    assert (corpus.score("p", outcomes()).precision, corpus.score("p", outcomes()).recall) == (0.5, 0.5)
    assert corpus.Score().precision == corpus.Score().recall == 1.0


def test_rules_on_trial_do_not_alert_but_their_terms_count() -> None:
    """A test rule raises nothing, so its case is missed; its term fired all the same."""
    found = outcomes()

    wrong = [outcome.case.id for outcome in found if outcome.wrong("p")]

    assert wrong == ["missed", "false"]
    assert [row.word.term for row in corpus.usage_of(found).rows("p")] == ["aid", "talks"]
