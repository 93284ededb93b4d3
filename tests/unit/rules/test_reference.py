"""The engine finds what the naive evaluator finds: no match lost, none invented, with the same words; and what it
finds with its pre-selection it finds without.

Rules over the whole language, written as people write them, on texts of a few words that the rules know, so that
nearly everything can happen.
"""

from __future__ import annotations

import json
import os
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from bench.naive_match import Found, naive_matches
from monitor import model
from monitor.rules import compile, crowd, load, match, presence

EXAMPLES = int(os.environ.get("EXAMPLES", "150"))
"""Of each property; after a change of the language or of the engine run with EXAMPLES=5000 and --timeout=0."""

# -- worlds ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Words of texts, and what rules ask for: terms without a space, phrases, regular expressions."""

    words: list[str]
    terms: list[str]
    phrases: list[str]
    regexes: list[str]
    gaps: list[str] = field(default_factory=lambda: [" ", " ", " ", " ", "\n", ". ", ", ", "-", "! ", "\n\n"])
    most: int = 14


FEW = World(
    ["aa", "bb", "cc", "dd", "aa-bb", "Aa", "Bb"],
    ["aa", "bb", "cc", "dd", "aabb", "aa-bb", "=aa"],
    ["aa bb", "bb cc", "aa aa", '="aa Aa"'],
    ["re:/b[b ]+/", r"re:/a\W+b/"],
    [" ", " ", " ", " ", ". ", "\n"],
    9,
)
THREE = World(
    ["aa", "bb", "cc", "Aa", "Bb", "Cc", "aa bb cc", "Aa bb bb cc"],
    ["aa", "bb", "cc"],
    ["aa bb", "bb aa", "bb cc", "bb bb", "aa bb cc"],
    ["re:/b+ a/"],
    [" ", " ", " ", ". ", "\n"],
    6,
)
CAPITALS = World(
    ["gaza", "Gazans", "Gaza", "US", "U.S.", "us", "US's", "Gaza's", "AID", "NOW", "SAYS", "so\u00adgaza",
     "ga\u200dza", "Sa'ar"],
    ["gaza", "Gaza*", "=US", "=us", "us", "=Gaza", "=NOW", "Sa'ar", "ga?a"],
    ["gaza us", "gaza gaza", '="US AID"', "aid now"],
    ["re:/gaz[ae]/", r"re:/\bus\b/", "re:/a.*a/"],
)  # fmt: skip
HYPHENS = World(
    ["re-settle", "resettle", "re", "settle", "F-35", "1,300", "1300", "1.3bn", "a-b-c", "US-led", "l'Égypte",
     "E\u0301cole"],
    ["resettle", "re-settle", "resettl*", "re-settl*", "re?ettle", "1300", "F-35", "abc", "a-b", "b-c", "Égypte", "l",
     "École"],
    ["settle re", "re-settle re", "1.3 bn", "us-led re-settle", "re settle", "a b-c"],
    [r"re:/\d+/", "re:/re.settle/", "re:/éc?/", "re:/settle.re/"],
    [" ", " ", " ", "-", "-", "\n", ". ", "\u2011", "-\n"],
    10,
)  # fmt: skip
SCRIPTS = World(
    ["غزة", "وغزة", "بالتهجير", "تهجير", "للقاهرة", "القاهرة", "עזה", "שבעזה", "ב-קהיר", "קהיר", "בקהיר", "ארה״ב",
     'מארה"ב', "Каир", "Каире"],
    ["غزة", "تهجير", "القاهرة", "قاهرة", "تهج*", "עזה", "קהיר", "ארה״ב", "קהי*", "Каир*", "=القاهرة", "=קהיר"],
    ["עזה קהיר", "غزة تهجير", "ב קהיר", "Каир Каир"],
    ["re:/[א-ת]+ [א-ת]+/", "re:/ال.+/", "re:/каир/"],
    [" ", " ", " ", "\n", ". ", "، ", " \u200f", "\u00a0", "؟ "],
)  # fmt: skip
MIXED = World(
    [*CAPITALS.words, *HYPHENS.words, *SCRIPTS.words],
    [*CAPITALS.terms, *HYPHENS.terms, *SCRIPTS.terms],
    [*CAPITALS.phrases, *HYPHENS.phrases, *SCRIPTS.phrases],
    [*CAPITALS.regexes, *HYPHENS.regexes, *SCRIPTS.regexes],
)
METADATA = [
    "url:example", r"url:re:/\.org\/\d/", "source:gazette", 'source:"Herald Tribune"', "author:jane", "lang:en",
    "lang:re:/^a/", "tags:sport", 'tags:"world news"', "tags:re:/new./",
]  # fmt: skip
TEXT_FIELDS = ["title", "lead", "body", "text", "top"]
NAMES = ["$places", "$words", "$minister"]


def texts_of(world: World) -> st.SearchStrategy[str]:
    """Return texts, some of them in capitals, a few without a word."""
    pairs = st.tuples(st.sampled_from(world.words), st.sampled_from(world.gaps))
    texts = st.lists(pairs, min_size=3, max_size=world.most).map(
        lambda pairs: "".join(word + gap for word, gap in pairs)
    )
    bare = st.sampled_from(["", "\n\n", "-- ."])
    return st.one_of(texts, texts, texts, texts, texts.map(str.upper), texts.map(str.upper), bare)


# -- queries ---------------------------------------------------------------------------------------

Queries = st.SearchStrategy[str]


def queries_of(world: World) -> Queries:
    """Return queries as people write them."""
    phrases = [phrase if phrase.startswith("=") else f'"{phrase}"' for phrase in world.phrases]
    leaves = st.sampled_from(world.terms) | st.sampled_from([*phrases, *NAMES]) | st.sampled_from(world.regexes)
    near = st.recursive(within_fields(leaves), near_by, max_leaves=6)
    plain = st.recursive(near, of_article, max_leaves=4)
    return st.recursive(plain | plain | plain | st.sampled_from(METADATA), joined, max_leaves=3)


def near_queries_of(world: World) -> Queries:
    """Return queries of operators of distance, whose operands overlap often."""
    words, phrases = st.sampled_from(world.terms), st.sampled_from(world.phrases).map(lambda phrase: f'"{phrase}"')
    either = st.builds(lambda a, b: f"({a} OR {b})", words | phrases, words | phrases)
    return near_by(st.recursive(words | phrases | either, near_by, max_leaves=3))


def within_fields(inner: Queries) -> Queries:
    """Return queries, one in five of them of a field."""
    fields = st.builds(lambda name, operand: f"{name}:{operand}", st.sampled_from(TEXT_FIELDS), inner)
    return st.one_of(inner, inner, inner, inner, fields)


def near_by(inner: Queries) -> Queries:
    """Return queries that may stand inside a distance, made of such."""
    distances = st.integers(0, 4)
    names = distances.flatmap(lambda n: st.sampled_from([f"NEAR/{n}", f"THEN/{n}", "SENT", "PARA"]))
    apart = distances.map(lambda n: f"NOTNEAR/{n}") | st.just("NOTSENT")
    pairs = st.tuples(inner, inner)
    made = st.one_of(
        st.builds(lambda name, operands: name + commas(operands), names, many(inner, 4)),
        st.builds(lambda name, pair: f"({pair[0]} {name} {pair[1]})", names | apart, pairs),
        many(inner, 3).map(lambda operands: f"({' OR '.join(operands)})"),
    )
    return within_fields(made)


def of_article(inner: Queries) -> Queries:
    """Return queries about whole articles, made of any but metadata."""
    times = st.builds(lambda k, operand: f"TIMES/{k}({operand})", st.integers(1, 3), inner)
    return within_fields(st.one_of(joined(inner), joined(inner), times))


def joined(inner: Queries) -> Queries:
    """Return queries joined by AND, NOT, OR and ATLEAST."""
    return st.one_of(
        st.builds(conjunction, many(inner, 3), st.lists(inner, max_size=1)),
        st.builds(conjunction, st.tuples(inner), st.tuples(inner)),
        many(inner, 3).map(lambda operands: f"({' OR '.join(operands)})"),
        st.builds(at_least, st.integers(1, 4), many(inner, 4)),
    )


def many(inner: Queries, most: int) -> st.SearchStrategy[list[str]]:
    """Return two or more queries."""
    return st.lists(inner, min_size=2, max_size=most)


def commas(operands: list[str]) -> str:
    """Return operands as an operator takes them."""
    return f"({', '.join(operands)})"


def at_least(count: int, operands: list[str]) -> str:
    """Return ATLEAST of distinct operands; one alone stays what it is."""
    distinct = list(dict.fromkeys(operands))
    return f"ATLEAST/{min(count, len(distinct))}{commas(distinct)}" if len(distinct) > 1 else distinct[0]


def conjunction(operands: Iterable[str], without: Iterable[str]) -> str:
    """Return AND with NOT."""
    return f"({' AND '.join([*operands, *(f'NOT {operand}' for operand in without)])})"


# -- names and rules -------------------------------------------------------------------------------

Written = dict[str, Any]
Maps = st.SearchStrategy[Written]
langs = st.sampled_from(["en", "ar", "he", "fr"])


def mentions(names: Queries, around: Queries) -> Maps:
    """Return items with contexts."""
    words = st.lists(around, min_size=1, max_size=2)
    reaches = st.sampled_from(["0", "1", "3", "article"])
    bare = st.fixed_dictionaries(
        {"name": names}, optional={"clitics": st.sampled_from(["true", "false"]), "langs": st.lists(langs, max_size=2)}
    )
    required = st.fixed_dictionaries({"require": words}, optional={"within": reaches})
    forbidden = st.fixed_dictionaries({"forbid": words}, optional={"forbid_within": reaches})
    return st.one_of(merged(bare, required), merged(bare, forbidden), merged(bare, required, forbidden))


def merged(*parts: Maps) -> Maps:
    """Return maps with the keys of all."""
    return st.builds(lambda *maps: {key: value for one in maps for key, value in one.items()}, *parts)


def names_of(world: World) -> Maps:
    """Return an entity, an office that it may hold, and a list."""
    plain = st.sampled_from([*world.terms, *world.phrases])
    deep = plain | st.just("$words")
    items = st.lists(plain | mentions(plain, deep), min_size=1, max_size=3)
    entity = items.map(lambda names: {"id": "places", "type": "place", "names": {"en": names}})
    ends = {"from": st.sampled_from(["2025", "2025-06"]), "to": st.just("2025-08-01")}
    holders = st.lists(st.fixed_dictionaries({"id": st.just("places")}, optional=ends), max_size=2)
    office = st.builds(
        lambda names, held: {"id": "minister", "type": "office", "names": {"en": names}, "holders": held},
        items,
        holders,
    )
    listed = st.lists(plain | mentions(plain, plain), min_size=1, max_size=2)
    words = st.fixed_dictionaries({"any": listed}, optional=dict.fromkeys(("en", "ar", "he"), listed))
    return st.fixed_dictionaries({"entities": st.tuples(entity, office), "lists": words.map(lambda w: {"words": w})})


def rules_of(world: World) -> Maps:
    """Return rules of every kind."""
    names = st.sampled_from([*world.terms, *world.phrases, *NAMES])
    items = st.lists(names | mentions(names, names), min_size=1, max_size=3)
    queries = queries_of(world)
    kinds = st.one_of(
        st.fixed_dictionaries({"any": items}, optional={"all": items, "none": items}),
        st.fixed_dictionaries({"all": items}, optional={"none": items}),
        queries.map(lambda query: {"query": query}),
        queries.map(lambda query: {"query": query}),
        scores(queries),
    )
    traits = st.fixed_dictionaries(
        {},
        optional={
            "languages": st.lists(langs, min_size=1, max_size=2),
            "sources": st.sampled_from([{"deny": ["gazette"]}, {"allow": ["group:tier1", "Herald Tribune"]}]),
            "active": st.sampled_from([{"from": "2025-06"}, {"to": "2025-06"}]),
        },
    )
    return merged(st.one_of(*[st.just({})] * 4, traits), kinds)


def scores(queries: Queries) -> Maps:
    """Return score rules whose first clause can reach the threshold alone."""
    weights = {"weight": st.sampled_from(["10", "20"]), "query": queries}
    first = st.fixed_dictionaries(weights, optional={"title_bonus": st.just("5")})
    further = first | st.fixed_dictionaries({"weight": st.just("5"), "query": queries})
    minus = st.fixed_dictionaries({"weight": st.just("-10"), "query": queries}, optional={"title_bonus": st.just("-5")})
    clauses = st.tuples(first, st.lists(further | minus, max_size=3)).map(
        lambda parts: {f"c{n}": clause for n, clause in enumerate([parts[0], *parts[1]])}
    )
    thresholds = st.sampled_from(["1", "5", "10"])
    return st.builds(
        lambda threshold, named, require: {
            "score": {"threshold": threshold, "clauses": named} | ({"require": ["c0"]} if require else {})
        },
        thresholds,
        clauses,
        st.booleans(),
    )


# -- files and articles ----------------------------------------------------------------------------


def as_text(value: object) -> bytes:
    """Return JSON, which is YAML too."""
    return json.dumps(value, ensure_ascii=False).encode()


def as_blocks(rules: list[Written]) -> bytes:
    """Return a pack whose queries stand in `|` blocks of several lines, with comments."""
    lines = ["format: 1", "pack: p", "rules:"]
    for rule in rules:
        query = rule["query"].replace(" AND ", "  -- both, and:\n      AND ").replace(" OR ", "\n      OR\n      ")
        lines += [f"  - id: {rule['id']}", "    query: |", f"      {query}", "      -- this was it"]
    return "\n".join(lines).encode()


abouts = st.fixed_dictionaries(
    {},
    optional={
        "lang": st.sampled_from(["en", "en-GB", "ar", "he", "fr"]),
        "url": st.just("https://example.org/12"),
        "source": st.just("gazette"),
        "newsroom": st.just("Herald Tribune"),
        "groups": st.just(("tier1",)),
        "author": st.just("Jane Doe"),
        "tags": st.just(("World News", "Sport")),
        "published": st.sampled_from([None, *(datetime(2025, month, 1, tzinfo=UTC) for month in (1, 6, 7, 9))]),
    },
)


WORLDS = (FEW, FEW, CAPITALS, HYPHENS, SCRIPTS, MIXED)


@dataclass(frozen=True, slots=True)
class Case:
    """Names, rules and an article."""

    names: Written
    rules: list[Written]
    title: str
    body: str


@cache
def cases_of(world: World) -> st.SearchStrategy[Case]:
    """Return cases of one world."""
    texts = texts_of(world)
    return st.builds(Case, names_of(world), st.lists(rules_of(world), min_size=1, max_size=4), texts, texts)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Return cases of all worlds."""
    return draw(cases_of(draw(st.sampled_from(WORLDS))))


@cache
def near_cases_of(world: World) -> st.SearchStrategy[Case]:
    """Return cases of operators of distance alone, half of them joined."""
    queries = near_queries_of(world)
    rules = st.lists((queries | joined(queries)).map(lambda query: {"query": query}), min_size=1, max_size=4)
    texts = texts_of(world)
    return st.builds(Case, names_of(world), rules, texts, texts)


@st.composite
def near_cases(draw: st.DrawFn) -> Case:
    """Return cases of operators of distance over three words."""
    return draw(near_cases_of(THREE))


@cache
def context_cases_of(world: World) -> st.SearchStrategy[Case]:
    """Return cases of a name with contexts in a field."""
    plain = st.sampled_from([*world.terms, *world.phrases])
    listed = st.lists(mentions(plain, plain), min_size=1, max_size=2)
    names = listed.map(lambda items: {"entities": [], "lists": {"words": {"any": items}}})
    rules = st.sampled_from([{"query": f"{name}:$words"} for name in TEXT_FIELDS]).map(lambda rule: [rule])
    texts = texts_of(world)
    return st.builds(Case, names, rules, texts, texts)


@st.composite
def context_cases(draw: st.DrawFn) -> Case:
    """Return cases of names in fields over three words."""
    return draw(context_cases_of(THREE))


# -- the properties --------------------------------------------------------------------------------


def compare(files: Mapping[str, bytes], article: model.Article) -> None:
    """Assert that engine and naive evaluator find the same in `article`."""
    loaded = load.load_packs(files)
    assume(not any(fault.code == "E329" for fault in loaded.faults))  # two ways to write one operand of ATLEAST
    assert not [str(fault) for fault in loaded.faults if fault.is_error]
    rules = compile.compile_rules(loaded.packs)

    found = match.match_article(rules, article)

    assert found == match.match_everything(rules, article)
    allowed, alone = allowed_in_a_crowd(rules, article), allowed_alone(rules, article)
    assert {m.rule for m in found} <= allowed <= alone
    if "title:" not in str(files):
        assert allowed == alone
    wanted = {rule: what for rule, what in naive_matches(loaded.packs[0], article).items() if what.true}
    assert {m.rule for m in found} == set(wanted)
    for one in found:
        compare_evidence(one, wanted[one.rule], article)


def allowed_alone(rules: compile.RuleSet, article: model.Article) -> set[str]:
    """Return the rules that the words of an article allow."""
    there = presence.Presence(match.haystack_of(article))
    return {rule.id for rule in rules.rules if there.allows(rule.node)}


def allowed_in_a_crowd(rules: compile.RuleSet, article: model.Article) -> set[str]:
    """Return the same as it comes out for the second of three articles, the third of which joined late."""
    many = crowd.Crowd()
    many.add(model.Article(title=article.text, text="zz"))
    many.add(article)
    crowd.Sieve(many)
    many.add(model.Article(title="zz aa", text=""))
    sieve = crowd.Sieve(many)
    return {rule.id for rule in rules.rules if 1 in crowd.places_of(sieve.allows(rule.node))}


def compare_evidence(found: model.Match, wanted: Found, article: model.Article) -> None:
    """Assert that points and evidence are the same; of much evidence a part is shown.

    The outermost operators of distance show their first MOST_SHOWN matches. Each begins with another word, so that
    nothing is left out where there are no more words than that.
    """
    spans = {(e.field, e.start, e.end) for e in found.evidence}
    for e in found.evidence:
        assert (article.title if e.field == "title" else article.text)[e.start : e.end] == e.text
    assert found.score == wanted.score
    if len(wanted.spans) <= compile.MOST_SHOWN:
        assert spans == wanted.spans
    else:
        assert len(spans) >= compile.MOST_SHOWN


def numbered(rules: list[Written]) -> list[Written]:
    """Return rules with ids."""
    return [{"id": f"r{n}", **rule} for n, rule in enumerate(rules)]


def article_of(case: Case, **about: Any) -> model.Article:
    """Return the article of a case; where there are regular expressions, offsets are plain in it.

    It is composed then, and no line ends in a hyphen.
    """
    title, body = case.title, case.body
    if "re:/" in json.dumps(case.rules, ensure_ascii=False):
        title, body = (unicodedata.normalize("NFC", text.replace("-\n", "- ")) for text in (title, body))
    return model.Article(title=title, text=body, **about)


def files_of(names: Written, pack: bytes) -> dict[str, bytes]:
    """Return rule files."""
    return {
        "entities/e.yaml": as_text({"format": "1", "entities": names["entities"]}),
        "lists/l.yaml": as_text({"format": "1", "lists": names["lists"]}),
        "packs/p.yaml": pack,
    }


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases(), abouts)
def test_engine_and_naive_evaluator_agree(case: Case, about: Written) -> None:
    """Lists, queries and scores with names, contexts, fields and metadata find the same in both."""
    rules = numbered(case.rules)
    pack = as_text({"format": "1", "pack": "p", "rules": rules})

    compare(files_of(case.names, pack), article_of(case, **about))


@settings(max_examples=2 * EXAMPLES, deadline=None)
@given(near_cases())
def test_operators_of_distance_agree(case: Case) -> None:
    """Nearness on dense texts, where each operator has many ways to be true; queries stand in several lines."""
    pack = as_blocks(numbered(case.rules))

    compare(files_of(case.names, pack), article_of(case, lang="en"))


@settings(max_examples=EXAMPLES, deadline=None)
@given(context_cases(), abouts)
def test_contexts_agree(case: Case, about: Written) -> None:
    """Names with contexts inside fields, on dense texts."""
    pack = as_text({"format": "1", "pack": "p", "rules": numbered(case.rules)})

    compare(files_of(case.names, pack), article_of(case, **about))
