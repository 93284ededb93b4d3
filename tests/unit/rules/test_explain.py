"""Explain says why a rule fired, and why it did not."""

from __future__ import annotations

import json

import pytest

from monitor import errors
from monitor.rules import explain
from tests.support.rulefiles import article, ruleset

LISTS = "{leaving: {ar: [تهجير], he: [קהיר], en: [take in], fr: [accueillir]}}"


def told(rules: str, text: str, **more: object) -> str:
    """Return the explanation of pack p for people."""
    return explain.to_text(explain.explain(ruleset(rules, lists=LISTS), "p", article(text, **more)))


def test_a_match_shows_words_aliases_places_and_clitics() -> None:
    """Every true clause shows its words, the alias with its line, and the clitics that were peeled."""
    text = told("- {id: a, all: [$gaza, $leaving], none: [football]}", "لن تقبل بالتهجير لسكان غزة. Gazans")

    assert text.startswith('p  MATCH  language unknown  ""')
    assert '"Gazans" (alias Gazan*, entities/world.yaml:8)' in text
    assert "بالتهجير = ب+ال+تهجير" in text
    assert "none: football  ok: absent" in text


@pytest.mark.parametrize(
    ("text", "lang", "reason"),
    [
        ("Gaza Street and again Gaza Street", None, "2 mentions dropped (forbid Street, entities/world.yaml:9)"),
        ("the Strip", None, "1 mention dropped (requires Gaza or Hamas in the article, entities/world.yaml:12)"),
        ("Rafah", None, "$gaza  not found"),
        ("Gaza accueillir", "en", "1 mention, but it does not count in language en"),
    ],
)
def test_a_miss_shows_the_reason(text: str, lang: str | None, reason: str) -> None:
    """A false clause says why: nothing there, mentions dropped and by what, or the wrong language."""
    assert reason in told("- {id: a, all: [$gaza, $leaving]}", text, lang=lang)


def test_excluded_and_skipped_rules_say_so() -> None:
    """A rule that `none` stops, and a rule that does not look at the article, are told apart."""
    rules = "- {id: a, any: [x1], none: [football]}\n- {id: b, any: [x1], languages: [fr]}\n"

    text = told(rules, "x1 football", lang="en")

    assert '- none: football  "football" in text at 3-11' in text
    assert "language en is not among fr" in text


def test_json_has_the_same_tree() -> None:
    """The JSON form carries clauses, reasons and offsets, and survives a round trip."""
    rules = ruleset("- {id: a, all: [$gaza, Egypt]}")

    tree = json.loads(json.dumps(explain.to_json(explain.explain(rules, "p", article("Gazans", title="x")))))

    (rule,) = tree["rules"]
    gaza, egypt = rule["clauses"]
    assert (tree["ruleset"], rule["matched"], gaza["true"], egypt["reason"]) == (rules.id, False, True, "not found")
    (found,) = gaza["found"]
    assert (found["field"], found["start"], found["end"], found["term"]) == ("text", 0, 6, "Gazan*")
    assert (found["entity"], found["place"]) == ("gaza", "entities/world.yaml:8")


def test_an_office_out_of_term_is_told() -> None:
    """A holder who is out of office at the article's date is named as the reason."""
    from datetime import UTC, datetime

    text = told("- {id: a, any: [$strategic-minister]}", "Ron Dermer", published=datetime(2026, 3, 1, tzinfo=UTC))

    assert "$ron-dermer did not hold the office at the article's date" in text


def test_an_unknown_pack_is_refused_with_the_known_ones() -> None:
    """Asking for a pack that does not exist names those that do."""
    with pytest.raises(errors.RuleError, match="there is p"):
        explain.explain(ruleset("- {id: a, any: [x1]}"), "q", article("x1"))
