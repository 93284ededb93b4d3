"""What each operator says when it is false, and which clause counts as the nearest."""

from __future__ import annotations

import pytest

from monitor.rules import explain
from tests.support.rulefiles import article, ruleset

LISTS = """\
{leaving: {en: [resettl*, relocat*], fr: [accueillir], any: [
{name: accord, require: [Rafah, Hamas], within: 25}, {name: transit, clitics: false}, {name: توطين, clitics: false}]}}
""".replace("\n", " ")


def why(query: str, text: str, title: str = "", **about: object) -> str:
    """Return why a query is not true, in a line."""
    rules = ruleset(f"- {{id: a, query: '{query}'}}", lists=LISTS)
    return explain.nearest(rules.rules, article(text, title=title, **about)).removeprefix("rule a: ")


@pytest.mark.parametrize(
    ("query", "text", "reason"),
    [
        ("NEAR/3($gaza, relocate)", "Gazans x x x x relocate", 'gap was 4, allowed 3 ("Gazans" … "relocate")'),
        ("NEAR/3(aa, bb)", "aa x x x x bb x x x x x aa", 'gap was 4, allowed 3 ("aa" … "bb")'),
        ("NEAR/1(aa, bb, cc)", "aa x bb x cc", 'gap was 2, allowed 1 ("aa" … "bb" … "cc")'),
        ("NEAR/3(aa, bb)", "aa" + " x" * 1200 + " bb", "more than 1,000 words apart, allowed 3"),
        ("NEAR/3(aa, aa)", "aa", "one mention cannot be two operands"),
        ("NEAR/3($gaza, relocate)", "Rafah relocate", "NEAR/3($gaza, relocate): $gaza not found"),
        ("aa THEN/3 bb", "bb aa", 'aa THEN/3 bb: wrong order: "bb", "aa"'),
        ("aa THEN/3 bb", "bb x x x x x aa", 'wrong order: "bb", "aa"'),
        ("aa THEN/3 bb", "aa x x x x x bb x x x x x aa x x x x bb", "gap was 4, allowed 3"),
        ("SENT(aa, bb)", "Aa. Xx. Bb.", 'SENT(aa, bb): 2 sentences apart ("Aa" … "Bb")'),
        ("aa SENT bb", "Aa. Xx. Bb.", "aa SENT bb: 2 sentences apart"),
        ("PARA(aa, bb)", "aa\nx\nbb", "PARA(aa, bb): 2 paragraphs apart"),
        ("PARA(aa, aa)", "aa", "never all in one paragraph"),
        ("aa NOTNEAR/3 bb", "aa x bb", 'every mention has bb within 3 words: "aa" has "bb" 1 word away'),
        ("aa NOTNEAR/3 (bb OR cc)", "aa bb x x x aa x x cc", '"aa" has "cc" 2 words away'),
        ('aa NOTNEAR/3 "aa bb"', "aa bb", '"aa" has "aa bb" overlapping it'),
        ("aa NOTSENT bb", "aa x bb", 'every mention has bb in its sentence: "aa" has "bb" 1 word away'),
        ("aa NOTNEAR/3 bb", "bb", "aa NOTNEAR/3 bb: aa not found"),
        ("ATLEAST/3(aa, bb, cc, dd)", "aa bb", "ATLEAST/3(aa, bb, cc, dd): 2 of 3 needed: cc, dd not found"),
        ("TIMES/2(aa)", "aa", "TIMES/2(aa): found 1 of 2"),
        ("TIMES/2(aa)", "x", "TIMES/2(aa): found 0 of 2"),
        ("title:aa", "aa", 'title:aa: "aa" stands in the text, not in the title'),
        ("=US", "us", '=US: found "us", not exactly "US"'),
        ("=US", "TALKS ON US AID NOW", '"US" stands in a sentence all in capitals, where it could be any word'),
        ('="White House"', "a white house", 'found "white house", not exactly "White House"'),
        ('"mass migration"', "migration of a mass", "its words are there, but not side by side"),
        ("aa AND NOT (bb OR cc)", "aa cc", 'NOT (bb OR cc) is there ("cc")'),
        ("aa AND bb AND cc", "aa", "bb, cc not found"),
        ("$leaving", "accord" + " x" * 41 + " Hamas",
         'requires Rafah OR Hamas within 25 words, nearest "Hamas" 41 words away (p.yaml:3)'),
        ("$leaving", "accord", "requires Rafah OR Hamas within 25 words, not found"),
        ("$leaving", "بتوطين", '"بتوطين" has a prefix, which is not taken off here'),
        ("$gaza", "Gaza Street and Gaza Street", '"Gaza" dropped, and 1 more: forbidden "Street" beside it'),
        ("$gaza", "the Strip", "requires Gaza OR Hamas in the article, not found"),
        ("$gaza", "Gaza Cola", 'forbidden "Gaza Cola" overlapping it'),
        ("(aa OR re:/[bc]{2}x/) AND dd", "dd", "(aa OR re:/[bc]{2}x/) not found"),
    ],
)  # fmt: skip
def test_reasons(query: str, text: str, reason: str) -> None:
    """A false clause says what was missing, or how near it came."""
    assert reason in why(query, text)


def test_words_in_another_field() -> None:
    """Operands that stand only in title and text apart are told so, as is a required word in the other field."""
    assert why("NEAR/3(aa, bb)", "bb", "aa") == "NEAR/3(aa, bb): aa only in the title; bb only in the text"
    assert 'requires Rafah OR Hamas within 25 words, "Rafah" only in the title' in why("$leaving", "accord", "Rafah")


def test_words_of_another_language() -> None:
    """A word that does not count in the article's language is told so."""
    assert why("$leaving", "accueillir", lang="en") == '$leaving: "accueillir" does not count in language en'


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("url:other", 'url:other: url is "https://example.org/12"'),
        ("source:herald", 'source is "gazette", "The Gazette"'),
        ("author:jane", "author is empty"),
        ("tags:sport", 'tags is "World", "News"'),
        ("lang:ar", 'lang is "en"'),
    ],
)
def test_metadata_is_shown_as_it_is(query: str, reason: str) -> None:
    """A field of metadata that does not fit is shown."""
    about = {"url": "https://example.org/12", "source": "gazette", "newsroom": "The Gazette", "tags": ("World", "News")}

    assert reason in why(query, "x", lang="en", **about)


@pytest.mark.parametrize(
    ("query", "text", "nearest"),
    [
        ("(NEAR/3(aa, bb) OR SENT(cc, dd)) AND ee", "aa x x x x bb ee", "NEAR/3(aa, bb): gap was 4"),
        ("NEAR/3(aa, bb) AND cc", "aa x x x x bb", 'NEAR/3(aa, bb): gap was 4, allowed 3 ("aa" … "bb"); cc not found'),
        ("NEAR/3(aa, bb) OR NEAR/3(cc, dd)", "aa x x x x x x x x bb cc x x x x dd", "NEAR/3(cc, dd): gap was 4"),
        ("(aa AND bb AND cc) OR (dd AND ee)", "aa bb", "cc not found"),
        ("NEAR/3(aa, SENT(bb, cc))", "Aa. Bb. X cc.", "SENT(bb, cc): 1 sentence apart"),
    ],
)
def test_the_nearest_clause_of_the_whole_tree(query: str, text: str, nearest: str) -> None:
    """The innermost clause that came nearest is named, whatever it stands in."""
    assert why(query, text).startswith(nearest)


def test_the_nearest_rule() -> None:
    """Of several rules the one that came nearest is named; one that does not look at the article never is."""
    rules = ruleset("- {id: a, all: [x1, x2, x3]}\n- {id: b, all: [x1, x4]}\n- {id: c, all: [x1], languages: [fr]}")

    assert explain.nearest(rules.rules, article("x1 x2", lang="en")) == "rule a: x3 not found"


def test_a_score_names_the_clauses_that_were_missing() -> None:
    """Points and threshold come first, then what was missing, and a required clause that is not true."""
    clauses = "{a: {weight: 10, query: x1}, b: {weight: 5, query: x2}, c: {weight: -5, query: x3}}"
    score = f"- {{id: a, score: {{threshold: 10, clauses: {clauses}, require: [b]}}}}"
    rules = ruleset(score).rules

    assert explain.nearest(rules, article("x3")).startswith('rule a: -5 of 10 points; c -5: x3 is there ("x3")')
    assert explain.nearest(rules, article("x1")).startswith("rule a: 10 of 10 points, but b is required and not true")


@pytest.mark.parametrize(
    "query",
    [
        "NEAR/18($gaza, $leaving)", "$gaza NEAR/5 $leaving", "aa AND (bb OR cc) AND NOT dd", "title:(aa OR bb)",
        "(aa NEAR/3 bb) NOTNEAR/2 cc", "TIMES/2(aa OR bb)", "ATLEAST/2(aa, (bb OR cc))", "lead:(aa SENT bb)",
        '="White House" NOTSENT re:/a\\/b/', "url:re:/\\/sport\\//", "PARA(aa, (bb OR cc), dd)", "aa THEN/0 resettl*",
    ],
)  # fmt: skip
def test_labels_are_the_language(query: str) -> None:
    """A query is written back as its author wrote it."""
    rules = ruleset(f"- {{id: a, query: '{query}'}}", lists=LISTS).rules

    told = explain.explain_rule(rules[0], explain.View(article("x")))

    assert told.tree.label == query


def test_long_alternatives_are_shortened() -> None:
    """Of many alternatives the first three are named."""
    assert why("aa OR bb OR cc OR dd OR ee", "x") == "(aa OR bb OR cc OR ...) not found"
