"""Explain says why a rule fired and why it did not, as a reader sees it: the example pack of the rule format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from textwrap import dedent
from typing import Any

import pytest

from monitor import errors, model
from monitor.rules import compile, explain, explain_json, explain_text, load
from tests.support.rulefiles import article, ruleset

ENTITIES = """\
format: 1
entities:
  - id: gaza
    type: place
    names:
      en:
        - Gaza Strip
        - Gazan*
        - {name: Gaza, forbid: [Street, Province], forbid_within: 2}
        - {name: the Strip, require: [Gaza, Hamas, Rafah], within: article}
      ar: [غزة, قطاع غزة]
  - {id: egypt, type: place, names: {en: [Egypt, Egyptian*, Cairo], ar: [مصر, القاهرة]}}
  - {id: jordan, type: place, names: {en: [Jordan, Jordanian*, Amman], ar: [الأردن]}}
"""
PACK = """\
format: 1
pack: resettlement
defaults: {severity: high, languages: [en, ar]}
lists:
  leaving: {en: [resettl*, relocat*, mass migration], ar: [تهجير, توطين]}
  taking-in: {en: [take in, absorb, accept, house], ar: [استقبال]}
rules:
  - id: phrases
    any: [Riviera of the Middle East, resettlement of Gazans, مدينة إنسانية]
  - id: core
    query: |
      (NEAR/18($gaza, $leaving) OR SENT($gaza, $taking-in, ($egypt OR $jordan)))
      AND NOT title:(league OR striker OR منتخب)
  - id: weak-signals
    severity: normal
    status: test
    score:
      threshold: 30
      clauses:
        host:    {weight: 20, query: 'SENT($gaza, $taking-in)'}
        refusal: {weight: 15, title_bonus: 5, query: '($egypt OR $jordan) THEN/8 (reject* OR refus* OR "red line")'}
        inside:  {weight: -20, query: 'TIMES/2(Mawasi)'}
"""


@pytest.fixture(scope="module")
def rules() -> compile.RuleSet:
    """The example pack of the rule format, compiled."""
    files = {"entities/middle-east.yaml": ENTITIES.encode(), "packs/resettlement.yaml": PACK.encode()}
    loaded = load.load_packs(files)
    assert not [str(fault) for fault in loaded.faults if fault.is_error]
    return compile.compile_rules(loaded.packs)


def told(rules: compile.RuleSet, title: str, text: str, lang: str | None = "en") -> str:
    """Return what a reader sees of an article."""
    return explain_text.to_text(explain.explain(rules, "resettlement", model.Article(title, text, lang)))


def test_a_firing_article_as_a_reader_sees_it(rules: compile.RuleSet) -> None:
    """Each rule that fires shows the words that made it, each with its alias; those that do not take a line."""
    assert told(rules, "Egypt told to take in Gazans", "Cairo refuses.") == dedent(
        """\
        resettlement  MATCH  en  "Egypt told to take in Gazans"
          rule core  MATCH  high
            + one of these
              + SENT($gaza, $taking-in, ($egypt OR $jordan)): title words 0-5
                  $gaza = "Gazans" (alias Gazan*, middle-east.yaml:8)   $taking-in = "take in"
                  $egypt = "Egypt" (alias Egypt, middle-east.yaml:12)
              - NEAR/18($gaza, $leaving): $leaving not found
            + NOT title:(league OR striker OR منتخب): none there
          rule weak-signals  MATCH  normal  35 of 30 points  (status test: recorded, not sent)
            + host +20  SENT($gaza, $taking-in): title words 3-5
                $gaza = "Gazans" (alias Gazan*, middle-east.yaml:8)   $taking-in = "take in"
            + refusal +15  ($egypt OR $jordan) THEN/8 (reject* OR refus* OR "red line"): gap 0 of 8, text words 0-1
                $egypt = "Cairo" (alias Cairo, middle-east.yaml:12)   refus* = "refuses"
            + none there: inside -20
          rule phrases  no: (Riviera of the Middle East OR resettlement of Gazans OR مدينة إنسانية) not found
          dropped mentions: none"""
    )


def test_a_near_miss_as_a_reader_sees_it(rules: compile.RuleSet) -> None:
    """Where words stand too far apart, the reader sees which, how far, and how far they might."""
    text = "People of Gaza " + "have waited and waited " * 6 + "to relocate. Jordan absorbs nobody."

    lines = told(rules, "A long wait", text).splitlines()

    assert lines[:7] == [
        'resettlement  no match  en  "A long wait"',
        "  rule core  no",
        "    - one of these: none is true",
        "      - NEAR/18($gaza, $leaving): gap was 25, allowed 18, text words 2-28",
        '          $gaza = "Gaza" (alias Gaza, middle-east.yaml:9)   '
        '$leaving = "relocate" (relocat*, resettlement.yaml:5)',
        "      - SENT($gaza, $taking-in, ($egypt OR $jordan)): $taking-in not found",
        "    + NOT title:(league OR striker OR منتخب): none there",
    ]


@pytest.mark.parametrize(
    ("title", "text", "lines"),
    [
        (
            "Police clear Gaza Street",
            "Residents were relocated for an hour.",
            [
                'NEAR/18($gaza, $leaving): $gaza: "Gaza" dropped: forbidden "Street" beside it (middle-east.yaml:9)',
                'dropped mentions:\n    "Gaza": forbidden "Street" beside it (middle-east.yaml:9)',
            ],
        ),
        (
            "Egypt loses to Jordan in league",
            "The striker who left Gaza asked to relocate.",
            [
                '- NOT title:(league OR striker OR منتخب): "league", title word 5',
                "+ NEAR/18($gaza, $leaving): gap 2 of 18, text words 4-7",
            ],
        ),
        ("Gazans wait", "They may relocate.", ["NEAR/18($gaza, $leaving): $gaza only in the title; $leaving only in"]),
        (
            "A plan",
            "Gazans wait. Egypt will not absorb them.",
            ["SENT($gaza, $taking-in, ($egypt OR $jordan)): 1 sentence apart, text words 0-5"],
        ),
        (
            "Jordan rejects the plan",
            "Mawasi is full, says Mawasi.",
            [
                "rule weak-signals  no  0 of 30 points",
                "+ refusal +20 (+15, +5 for the title)",
                '- inside -20  TIMES/2(Mawasi): found 2 of 2, "Mawasi"',
                "- host 0 of +20  SENT($gaza, $taking-in): $gaza, $taking-in not found",
            ],
        ),
        (
            "Plan",
            "Egypt was told in June that it may house all. No refusal. It refused.",
            ["refusal 0 of +15", 'gap was 10, allowed 8, text words 0-11'],
        ),
        ("Refused by Egypt", "x", ['refus* OR "red line"): wrong order: "Refused", "Egypt"']),
    ],
)  # fmt: skip
def test_near_misses(rules: compile.RuleSet, title: str, text: str, lines: list[str]) -> None:
    """Every way to miss has its own words: dropped mentions, excluded words, fields, sentences, points, order."""
    seen = told(rules, title, text)

    for line in lines:
        assert line in seen


def test_clitics_are_shown_peeled(rules: compile.RuleSet) -> None:
    """An Arabic word that was found without its prefixes is shown with them taken apart."""
    seen = told(rules, "مصر ترفض", "قالت إنها لن تقبل بالتهجير لسكان غزة.", "ar")

    assert '$leaving = "بالتهجير" [بالتهجير = ب+ال+تهجير] (تهجير, resettlement.yaml:5)' in seen


def test_a_rule_that_did_not_fire_takes_a_line_beside_one_that_did(rules: compile.RuleSet) -> None:
    """Who asks why an article fired is not told at length why other rules did not."""
    seen = told(rules, "Gazans relocate", "Jordan rejects it.").splitlines()

    [line] = [line for line in seen if "weak-signals" in line]
    assert line == (
        "  rule weak-signals  no: 15 of 30 points; host 0 of +20: SENT($gaza, $taking-in): $taking-in not found"
        "  (status test: recorded, not sent)"
    )


def test_clauses_of_a_score_are_few() -> None:
    """Of many clauses that are not there the nearest and weightiest are told of, the others only named."""
    clauses = [f"c{n}: {{weight: {n}, query: x{n}}}" for n in range(1, 9)]
    clauses += ["far: {weight: 9, query: 'aa NEAR/1 bb'}", "minus: {weight: -5, query: no}"]
    rules = ruleset(f"- {{id: a, score: {{threshold: 20, clauses: {{{', '.join(clauses)}}}}}}}")

    seen = explain_text.to_text(explain.explain(rules, "p", article("aa x x x bb x8"))).splitlines()

    assert seen[1:-1] == [
        "  rule a  no  8 of 20 points",
        "    - far 0 of +9  aa NEAR/1 bb: gap was 3, allowed 1, text words 0-4",
        '        "aa"   "bb"',
        *(f"    - c{n} 0 of +{n}  x{n}: not found" for n in (7, 6, 5)),
        "    - nor there: c4 +4, c3 +3, c2 +2, c1 +1",
        '    + c8 +8  "x8", text word 5',
        "    + none there: minus -5",
    ]


def test_a_nested_operator_shows_the_match_inside() -> None:
    """Of NOTNEAR around NEAR the reader sees the words of the NEAR, and where it failed only the part that failed."""
    rules = ruleset("- {id: a, query: '(NEAR/5(aa, bb) OR NEAR/5(cc, dd)) NOTNEAR/3 xx'}")

    there = explain_text.to_text(explain.explain(rules, "p", article("cc y dd"))).splitlines()
    missed = explain_text.to_text(explain.explain(rules, "p", article("cc y y y y y y dd"))).splitlines()

    assert there[2:4] == [
        "    + (NEAR/5(aa, bb) OR NEAR/5(cc, dd)) NOTNEAR/3 xx: gap 1 of 5, text words 0-2",
        '        "cc"   "dd"',
    ]
    assert missed[2:4] == ["    - NEAR/5(cc, dd): gap was 6, allowed 5, text words 0-7", '        "cc"   "dd"']


def test_of_many_rules_the_nearest_are_told_of() -> None:
    """Where no rule fired, three are shown in full, seven in a line each, and the others only named."""
    rules = ruleset("".join(f"- {{id: r{n:02}, query: 'aa NEAR/{n} bb'}}\n" for n in range(14)))

    seen = explain_text.to_text(explain.explain(rules, "p", article("aa" + " y" * 20 + " bb"))).splitlines()

    assert [line.split()[1] for line in seen if line.startswith("  rule")] == [f"r{n:02}" for n in range(13, 3, -1)]
    assert seen[1:3] == ["  rule r13  no", "    - aa NEAR/13 bb: gap was 20, allowed 13, text words 0-21"]
    assert '  rule r10  no: aa NEAR/10 bb: gap was 20, allowed 10 ("aa" … "bb")' in seen
    assert "  and no: r03, r02, r01, r00" in seen


def test_a_skipped_rule_says_why_before_anything_else(rules: compile.RuleSet) -> None:
    """A rule that does not look at the article's language says only that."""
    seen = told(rules, "Egypt told to take in Gazans", "x", "fr")

    assert "  rule core  no: language fr is not among ar, en\n" in seen


def test_lines_are_clean_and_short(rules: compile.RuleSet) -> None:
    """A title of many lines with signs for terminals becomes one short line."""
    seen = told(rules, "Gaza \x1b[31m\nred\u202e " * 40, "Gazans\nrelocate")

    head = seen.splitlines()[0]
    assert head.startswith('resettlement  MATCH  en  "Gaza [31m red Gaza')
    assert len(head) < 140


def test_an_office_out_of_term_is_told() -> None:
    """A holder who is out of office at the article's date is named as the reason, and among the dropped mentions."""
    late = datetime(2026, 3, 1, tzinfo=UTC)
    rules = ruleset("- {id: a, any: [$strategic-minister]}")

    seen = explain_text.to_text(explain.explain(rules, "p", article("Ron Dermer", published=late)))

    assert '"Ron Dermer": $ron-dermer did not hold the office at the article\'s date (world.yaml:' in seen


def test_an_unknown_pack_is_refused_with_the_known_ones() -> None:
    """Asking for a pack that does not exist names those that do."""
    with pytest.raises(errors.RuleError, match="there is p"):
        explain.explain(ruleset("- {id: a, any: [x1]}"), "q", article("x1"))


# -- for programs ------------------------------------------------------------------------------------


def as_json(rules: compile.RuleSet, title: str, text: str) -> dict[str, dict[str, Any]]:
    """Return the rules of the JSON form by their ids, after a round trip."""
    told = explain.explain(rules, "resettlement", model.Article(title, text, "en"))
    tree = json.loads(json.dumps(explain_json.to_json(told)))
    return {rule["rule"]: rule for rule in tree["rules"]}


def test_json_has_places_gaps_and_aliases(rules: compile.RuleSet) -> None:
    """The JSON form carries clauses with offsets in the original, gap and limit, alias and its line."""
    title, text = "A plan", "Some Gazans may soon relocate."

    core = as_json(rules, title, text)["core"]

    choice, without = core["clauses"]
    near, sentence = choice["children"]
    gaza, leaving = near["children"]
    assert (choice["role"], choice["node"], without["role"], without["true"]) == ("all", "or", "none", False)
    assert (near["node"], near["gap"], near["allowed"]) == ("near", 2, 18)
    assert near["where"] == {"field": "text", "first": 1, "last": 4, "start": 5, "end": 29}
    assert sentence["reason"] == "$taking-in, ($egypt OR $jordan) not found"
    [found] = gaza["found"]
    assert text[found["start"] : found["end"]] == found["text"] == "Gazans"
    assert (found["term"], found["entity"], found["place"]) == ("Gazan*", "gaza", "entities/middle-east.yaml:8")
    assert leaving["found"][0]["entity"] is None
    assert core["nearest"] is None


def test_json_has_points(rules: compile.RuleSet) -> None:
    """A score carries its sum and threshold, each clause its id, weight and points."""
    rule = as_json(rules, "Jordan rejects the plan", "Mawasi is full, says Mawasi.")["weak-signals"]

    points = {clause["clause"]: (clause["weight"], clause["points"], clause["true"]) for clause in rule["clauses"]}
    assert points == {"host": (20, 0, False), "refusal": (15, 20, True), "inside": (-20, -20, True)}
    assert (rule["score"], rule["threshold"], rule["matched"]) == (0, 30, False)
    assert rule["nearest"].startswith("0 of 30 points; ")


def test_json_has_dropped_mentions(rules: compile.RuleSet) -> None:
    """A dropped mention carries its place, alias, reason, and how near the word stood that decided."""
    told = explain.explain(rules, "resettlement", model.Article("Old Gaza main Street", "x", "en"))

    [dropped] = explain_json.to_json(told)["dropped"]

    assert (dropped["field"], dropped["start"], dropped["end"], dropped["text"]) == ("title", 4, 8, "Gaza")
    assert (dropped["reason"], dropped["gap"], dropped["allowed"]) == ('forbidden "Street" 1 word away', 1, 2)
