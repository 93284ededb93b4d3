"""Warnings: silent on good files, silenced by `lint_ok`, and what they say with a corpus or an archive."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from monitor import errors, model
from monitor.rules import lint, load
from tests.support.rulefiles import files

TODAY = datetime(2025, 6, 1, tzinfo=UTC)
GOOD = "{should_match: [{title: x1}, {title: x1 b}], should_not_match: [{title: c}, {title: d}]}"


def codes(world: dict[str, bytes], strict: bool = False) -> list[str]:
    """Return the distinct codes of a lint run."""
    found = lint.lint(world, load.Known(), strict=strict, today=TODAY)
    assert all(fault.line and fault.fix for fault in found if fault.code.startswith("W"))
    return sorted({fault.code for fault in found})


def world(rules: str = "- {id: a, any: [x1]}", entity: str = "", **more: str) -> dict[str, bytes]:
    """Return a pack that lints clean, but for what the arguments change."""
    found = files(rules, **{"owner": "desk", "route": "[desk]", "tests": GOOD, "lint_ok": "[W602]", **more})
    del found["entities/world.yaml"]
    if entity:
        found["entities/e.yaml"] = f"format: 1\nentities:\n{entity}".encode()
    return found


def asks(query: str, **more: str) -> dict[str, bytes]:
    """Return a pack with one rule that asks `query`, or finds x1."""
    return world(f"- id: a\n  query: |\n    x1 OR ({query})", **more)


def articles(*titles: str) -> list[model.Article]:
    """Return articles without text."""
    return [model.Article(title, "") for title in titles]


def test_a_good_pack_lints_clean() -> None:
    """Nothing is said where nothing is wrong."""
    assert codes(world()) == []


def test_a_test_that_fails_is_a_fault() -> None:
    """A pack's own tests are a part of the check."""
    assert codes(world(tests=GOOD.replace("{title: c}", "{title: x1}"))) == ["test_failed"]


@pytest.mark.parametrize(
    "rules",
    [
        "- {id: a, any: [x1, =FMF]}",
        "- {id: a, any: [x1, FMF], lint_ok: [W504]}",
        "- {id: a, any: [x1, {name: FMF, lint_ok: [W504]}]}",
        "- {id: a, any: [x1, national interest, national-interest]}",
        "- {id: a, any: [x1, or else]}",
        "- {id: a, all: [x1]}\n- {id: b, any: [x2], all: [government]}",
        "- {id: a, any: [x1, {name: government, require: [x2]}]}",
        "- {id: a, any: [x1, {name: government, lint_ok: [W501]}]}",
        "- {id: a, any: [x1, كبير الخبراء, بيروت]}",
        "- {id: a, any: [x1, {name: support, require: [x2]}, {name: support, require: [x3]}]}",
        "- {id: a, any: [x1, x2]}\n- {id: b, any: [x1, x2], languages: [en]}",
        "- {id: a, any: [x1, x2]}\n- {id: b, any: [x1, x2], status: draft}",
    ],
)
def test_lists_of_good_rules_stay_silent(rules: str) -> None:
    """A warning is silenced by lint_ok, and does not speak of what is meant."""
    assert codes(world(rules)) == []


@pytest.mark.parametrize(
    "query",
    [
        "government NEAR/5 Rafah",
        "title:x2 NEAR/5 title:x3",
        "(title:x2) NEAR/5 x3",
        '(title:(x2 OR "a) b")) SENT x3',
        "title:(x2 NEAR/5 x3)",
        "source:BBC OR (lang:ar AND x2) OR tags:US",
        "source:BBC AND x2 AND NOT BBCnews",
        "x2 AND NOT title:x2",
        'Gaza NOTNEAR/2 "Gaza Street"',
        'NEAR/18($gaza, "move Gazans")',
        "SENT($gaza, $leaving)",
        "x2 SENT (x3 OR x4)",
        "NEAR/5(x2, x3) OR THEN/9(x2, x3)",
        "title:(x2 AND NOT x4) OR (x2 AND NOT x4)",
        r"url:re:/\d{4}/",
        r"re:/[\p{Nd}]+ dead\.*/",
        '"NOT" SENT x2',
        "ATLEAST/2(x2, x3, x4) OR (x2 AND x5)",
    ],
)
def test_good_queries_stay_silent(query: str) -> None:
    """Operators are used as they are meant to be."""
    lists = "{gaza: [Gaza, Gazan*], leaving: [leave Gaza, resettl*]}"

    assert codes(asks(query, lists=lists)) == []


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ("b: {weight: 30, query: x1}, c: {weight: 10, query: x2}", []),
        ("b: {weight: 40, query: x1}, c: {weight: 5, query: x2}, d: {weight: -6, title_bonus: -5, query: x3}", []),
        (
            "b: {weight: 40, query: x1}, c: {weight: 5, query: x2}, d: {weight: -6, title_bonus: -4, query: x3}",
            ["W606"],
        ),
        ("b: {weight: 30, query: x1}, c: {weight: -1, query: x2}", ["W605"]),
        ("b: {weight: 30, query: x1}, c: {weight: 5, query: x2}, d: {weight: 0, query: x3}", ["W606"]),
        ("b: {weight: 25, query: x1}, c: {weight: 5, query: x2}, d: {weight: -50, query: 'x2 AND x4'}", []),
    ],
)
def test_clauses_of_a_score_can_decide(clauses: str, expected: list[str]) -> None:
    """A negative clause is idle where no sum of the others comes as close to the threshold as it takes away."""
    rule = f"- {{id: a, score: {{threshold: 30, clauses: {{{clauses}}}}}}}"
    tests = "{should_match: [{title: x1 x2}, {title: x1 x2}], should_not_match: [{title: c}, {title: d}]}"
    if expected == ["W605"]:
        tests = GOOD

    assert codes(world(rule, tests=tests)) == expected


@pytest.mark.parametrize(
    "silenced",
    [
        {"rules": "- {id: a, any: [x1, FMF], lint_ok: [W504]}"},
        {"rules": "- {id: a, any: [x1, FMF]}", "lint_ok": "[W504]"},
        {"rules": "- {id: a, any: [x1, FMF]}", "defaults": "{lint_ok: [W504]}"},
        {"rules": "- {id: a, any: [x1, $b]}", "lists": "{b: [FMF]}", "lint_ok": "[W504]"},
        {"rules": "- {id: a, any: [x1, $b]}", "lists": "{b: [{name: FMF, lint_ok: [W504]}]}"},
        {"rules": "- {id: a, any: [x1, $b]}", "entity": "  - {id: b, type: org, names: [FMF], lint_ok: [W504]}\n"},
        {"rules": "- id: a\n  query: x1 OR FMF\n  lint_ok: [W504]"},
    ],
)
def test_lint_ok_silences_where_it_stands(silenced: dict[str, str]) -> None:
    """`lint_ok` counts on an entity, an item, a rule and a pack, and in `defaults`."""
    assert codes(world(**silenced)) == []


def test_retired_rules_are_left_alone() -> None:
    """Nobody mends what is switched off."""
    assert codes(world("- {id: a, any: [x1]}\n- {id: b, any: [FMF, said], status: retired}")) == []


def test_names_in_several_languages_are_no_repetition() -> None:
    """The same name under two language keys of an entity is what people write."""
    entity = "  - {id: aa, type: org, names: {en: [Foobar], fr: [Foobar]}}\n"

    assert codes(world("- {id: a, any: [x1, $aa]}", entity)) == []


def test_an_office_without_holder_warns() -> None:
    """An office whose last holder left is told, so that somebody adds the next."""
    entity = (
        "  - {id: aa, type: person, names: {en: [Foo Bar]}}\n"
        "  - {id: bb, type: office, names: {en: [chief of foo]}, holders: [{id: aa, to: 2025-01}]}\n"
    )

    assert codes(world("- {id: a, any: [x1, $bb]}", entity)) == ["W703"]


def test_broad_words_are_found_behind_names() -> None:
    """A list that alone makes a rule true is judged word by word, at the word's own place."""
    found = world("- {id: a, any: [x1, $b]}", lists="{b: [Rafah crossing, ministry]}")

    (fault,) = lint.lint(found, load.Known(), today=TODAY)

    assert (fault.code, fault.message.split("`")[1]) == ("W501", "ministry")


def test_a_list_in_another_script_is_reachable() -> None:
    """Arabic words count in English articles: they can hardly be mistaken there."""
    found = world("- {id: a, any: [x1, $b], languages: [en]}", lists="{b: {ar: [معبر رفح]}}")

    assert codes(found) == []


def test_large_and_tangled_rules_are_judged_quickly() -> None:
    """Lists that name one another over and over, long queries and long scores take no more than a moment."""
    lists = ["l0: {fr: [accord]}", *(f"l{n}: [$l{n - 1}, $l{n - 1}]" for n in range(1, 45))]
    fields = " OR ".join(f"title:(x{n} AND y{n})" for n in range(700))
    clauses = ", ".join(f"c{n}: {{weight: {'-' * (n % 2)}99{n:03}, query: z{n}}}" for n in range(40))
    rules = (
        f"- id: a\n  query: |\n    x1 OR ($l44 AND NOT $l43) OR {fields}\n  languages: [en]\n"
        f"- {{id: b, score: {{threshold: 99000, clauses: {{{clauses}}}}}}}"
    )
    began = time.process_time()

    found = lint.lint(world(rules, lists="{" + ", ".join(lists) + "}", tests="{}"), load.Known(), today=TODAY)

    assert "W601" in {fault.code for fault in found}
    assert time.process_time() - began < 4  # three-fold slack


def of_code(found: tuple[errors.Fault, ...], code: str) -> list[str]:
    """Return the messages under a code."""
    return [fault.message for fault in found if fault.code == code]


def test_a_corpus_tells_which_terms_are_broad_and_which_never_occur() -> None:
    """W501 by share and W902 speak only with a corpus, in one line a pack."""
    found = world("- {id: a, any: [x1, $b]}", lists="{b: [Rafah, Kerem Shalom, Erez crossing]}")
    corpus = articles(*["Rafah closed"] * 3, *["Weather"] * 97)

    silent = lint.lint(found, load.Known(), today=TODAY)
    spoken = lint.lint(found, load.Known(), today=TODAY, corpus=corpus)

    assert silent == ()
    assert of_code(spoken, "W501") == [
        "1 term alone makes a rule true and stands in more than 2% of 100 articles: `Rafah` 3%"
    ]
    assert of_code(spoken, "W902") == [
        "neither a test of the pack nor one of 100 articles holds 2 of 4 terms: `Kerem Shalom`, `Erez crossing`"
    ]


def test_an_archive_tells_which_rules_never_match() -> None:
    """W604 speaks of rules that the archive was asked about, in one line a pack."""
    found = world("- {id: a, any: [x1]}\n- {id: b, any: [x1 y]}\n- {id: c, any: [x1 z]}\n- {id: d, any: [x1 w]}")
    matched = {
        ("p", "a"): TODAY - timedelta(days=1),
        ("p", "b"): None,
        ("p", "c"): TODAY - timedelta(days=31),
    }

    told = lint.lint(found, load.Known(), today=TODAY, matched=matched, days=30)

    assert of_code(told, "W604") == ["2 of 3 rules matched nothing in 30 days: `b`, `c`"]


def test_strict_makes_too_few_tests_an_error() -> None:
    """With --strict a live rule needs its tests."""
    assert codes(world(tests="{should_match: [{title: x1}]}"), strict=True) == ["E901"]
