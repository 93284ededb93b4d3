"""The naive evaluator, by examples worked out by hand from the specification: the engine is compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bench.naive_match import Found, naive_matches
from monitor import model
from monitor.rules import packs, syntax, terms
from monitor.rules.yaml_nodes import Place

HERE = Place("packs/p.yaml", 1, 1)
Operand = str | syntax.Expr


def term(written: str, **how: bool) -> terms.Term:
    """Return a term that is written well."""
    found = terms.parse(written, HERE, **how)
    assert isinstance(found, terms.Term)
    return found


def word(operand: Operand) -> syntax.Expr:
    """Return an expression; a text is a word, a phrase or a `$name`."""
    return syntax.Word(term(operand)) if isinstance(operand, str) else operand


def words(operands: Iterable[Operand]) -> tuple[syntax.Expr, ...]:
    """Return expressions."""
    return tuple(word(operand) for operand in operands)


def near(distance: int, *operands: Operand) -> syntax.Expr:
    """NEAR/distance."""
    return syntax.Near(words(operands), distance, False, HERE)


def then(distance: int, *operands: Operand) -> syntax.Expr:
    """THEN/distance."""
    return syntax.Near(words(operands), distance, True, HERE)


def sent(*operands: Operand) -> syntax.Expr:
    """SENT."""
    return syntax.Together(words(operands), "sentence", HERE)


def para(*operands: Operand) -> syntax.Expr:
    """PARA."""
    return syntax.Together(words(operands), "paragraph", HERE)


def either(*operands: Operand) -> syntax.Expr:
    """OR."""
    return syntax.Or(words(operands), HERE)


def both(*operands: Operand, without: Iterable[Operand] = ()) -> syntax.Expr:
    """AND, with what NOT excludes."""
    return syntax.And(words(operands), words(without), HERE)


def apart(operand: Operand, distance: int | None, other: Operand) -> syntax.Expr:
    """NOTNEAR/distance; NOTSENT where it is None."""
    return syntax.Apart(word(operand), word(other), distance, HERE)


def at_least(count: int, *operands: Operand) -> syntax.Expr:
    """ATLEAST/count."""
    return syntax.AtLeast(count, words(operands), HERE)


def times(count: int, operand: Operand) -> syntax.Expr:
    """TIMES/count."""
    return syntax.Times(count, word(operand), HERE)


def inside(name: str, operand: Operand) -> syntax.Expr:
    """A field before an operand."""
    return syntax.Field(name, word(operand), HERE)


def regex(pattern: str) -> syntax.Expr:
    """re:/pattern/."""
    return syntax.Regex(pattern, HERE)


def judge(
    rule: packs.Rule, article: model.Article, vocabularies: Mapping[str, packs.Vocabulary] | None = None
) -> Found:
    """Return what a rule makes of an article."""
    pack = packs.Pack("p", HERE, packs.Traits(), (rule,), (), vocabularies or {})
    return naive_matches(pack, article)[rule.id]


def evidence(expr: Operand, text: str, title: str = "", **more: Any) -> list[str] | None:
    """Return the words that make a query true, title first; None where it is false."""
    vocabularies = more.pop("vocabularies", None)
    article = model.Article(title=title, text=text, **more)
    found = judge(packs.Rule("a", HERE, packs.Traits(), query=word(expr)), article, vocabularies)
    return written(found, article) if found.true else None


def written(found: Found, article: model.Article) -> list[str]:
    """Return the words of the evidence, title first."""
    spans = sorted(found.spans, key=lambda span: (span[0] != "title", *span[1:]))
    return [(article.title if field == "title" else article.text)[start:end] for field, start, end in spans]


# -- words -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "text", "found"),
    [
        ("gaza", "Gaza, GAZA and Gazans", ["Gaza", "GAZA"]),
        ("Gaza*", "Gaza, GAZA and Gazans", ["Gaza", "GAZA", "Gazans"]),
        ("organi?ation", "organisation organi9ation organiation", ["organisation"]),
        ("take in", "take in, take them in, intake", ["take in"]),
        ("take in", "they take\nin", None),
        ("resettle", "re-settle", ["re-settle"]),
        ("re-settle", "resettle, re settle, re-settle", ["resettle", "re settle", "re-settle"]),
        ("US-led talks", "a US-led talks, a usled talks", ["US-led talks", "usled talks"]),
        ("re-settle us", "re-settle-us", ["re-settle-us"]),
        ("settle", "re-settle", ["settle"]),
        ("تهجير", "لن تقبل بالتهجير", ["بالتهجير"]),
        ("קהיר", "שבקהיר", ["שבקהיר"]),
        ("=US", "US, us, U.S. and US's", ["US", "U.S.", "US's"]),
        ("=US", "GIVE US AID NOW", None),
        ("=US", "GIVE US'S AID NOW", None),
        ("=US", "GIVE U.S. AID NOW", ["U.S."]),
        ("=US", "GIVE US AID", ["US"]),
        ("=US", "GIVE US 300 1,000 AID", ["US"]),
        ("=US", "GIVE US AID NOW. It did not", None),
        ("=US", "GIVE US AID NOW, he said", ["US"]),
        ("=NATO's", "NATO'S and NATO", ["NATO'S", "NATO"]),
        ("=القاهرة", "للقاهرة القاهرة", ["القاهرة"]),
        ("=resettle", "re-settle resettle", ["resettle"]),
        ('="White House"', "White House, White house", ["White House"]),
        (regex("[a-z]+gate"), "Watergate, a tollgate", ["Watergate", "tollgate"]),
        (regex("te.*ll"), "aWater gate tollgate", ["aWater gate tollgate"]),
        (regex("l.*a"), "roll\nalert lava", ["alert lava"]),
        (regex(r"\$|€"), "10 € each", None),
        (regex(r"\d+ €"), "10 € each", ["10"]),
        (regex("é"), "École", ["École"]),
    ],
)
def test_words(expr: Operand, text: str, found: list[str] | None) -> None:
    """Words, wildcards, phrases, exact words and regular expressions find what the specification says."""
    assert evidence(expr, text) == found


def test_a_term_without_clitics_finds_the_bare_word() -> None:
    """`clitics: false` leaves what stands alone."""
    bare = syntax.Word(term("تهجير", clitics=False))

    assert evidence(bare, "بالتهجير أو تهجير") == ["تهجير"]


# -- proximity -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "text", "found"),
    [
        # distance
        (near(1, "a1", "b1"), "a1 x b1", ["a1", "b1"]),
        (near(1, "a1", "b1"), "b1 x a1", ["b1", "a1"]),
        (near(1, "a1", "b1"), "a1 x x b1", None),
        (near(0, "a1", "b1"), "a1 x b1", None),
        (near(1, "a1", "b1", "c1"), "a1 x b1 c1", ["a1", "b1", "c1"]),
        (near(1, "a1", "b1", "c1"), "a1 x b1 x c1", None),
        (near(2, "a1", "b1", "c1"), "c1 x b1 x a1", ["c1", "b1", "a1"]),
        # words that the operands cover do not count
        (near(0, "a1", "x y z", "b1"), "a1 x y z b1", ["a1", "x y z", "b1"]),
        (near(2, "a1", "b1"), "a1 x y z b1", None),
        # what stands in both
        (near(5, "move gazans", "gazans"), "move Gazans", ["move Gazans", "Gazans"]),
        (near(5, "gazans", "gaza*"), "Gazans", None),
        (near(5, "gazans", "gaza*"), "Gazans x Gazans", ["Gazans", "Gazans"]),
        (near(5, "the", "the", "the"), "the x the", None),
        # only minimal matches
        (near(9, "a1", "b1"), "a1 x a1 b1", ["a1", "b1"]),
        (near(9, "a1", "b1"), "a1 b1 a1", ["a1", "b1", "a1"]),
        (near(9, "a1", "b1"), "a1 b1 x a1", ["a1", "b1", "a1"]),
        (near(9, "a1", "b1"), "a1 a1 b1 b1", ["a1", "b1"]),
        (near(9, "a1", either("b1", "b1 b1")), "a1 b1 b1", ["a1", "b1"]),
        # the same place twice: the smaller gap, then the leftmost
        (near(9, "a1", "c1", either("b1", "x b1")), "a1 x b1 c1", ["a1", "x b1", "c1"]),
        (near(9, "a1", "c1", either("b1", "b1 b1")), "a1 b1 b1 c1", ["a1", "b1 b1", "c1"]),
        (near(9, "a1", "c1", "b1"), "a1 b1 b1 c1", ["a1", "b1", "c1"]),
        # paragraphs and fields
        (near(1, "a1", "b1"), "a1\nb1", ["a1", "b1"]),
        # THEN
        (then(1, "a1", "b1"), "a1 x b1", ["a1", "b1"]),
        (then(1, "a1", "b1"), "b1 x a1", None),
        (then(9, "a1", "b1", "c1"), "c1 b1 a1 b1 c1", ["a1", "b1", "c1"]),
        (then(9, "a1", "a1 b1"), "a1 b1", None),
        (then(9, "a1 b1", "b1"), "a1 b1", ["a1 b1", "b1"]),
        (then(0, "the", "the"), "the the the", ["the", "the", "the"]),
        # nested
        (near(1, near(0, "a1", "b1"), "c1"), "a1 b1 x c1", ["a1", "b1", "c1"]),
        (near(1, near(2, "a1", "b1"), "c1"), "a1 y z b1 x c1", ["a1", "b1", "c1"]),
        (near(1, near(1, "a1", "b1"), "c1"), "a1 y z b1 x c1", None),
        (near(0, "y", near(2, "a1", "b1")), "a1 y z b1", ["a1", "y", "b1"]),
        # OR: of one place the first operand's
        (near(0, either("a1 b1", near(0, "a1", "b1")), "c1"), "a1 b1 c1", ["a1 b1", "c1"]),
        (near(0, either(near(0, "a1", "b1"), "a1 b1"), "c1"), "a1 b1 c1", ["a1", "b1", "c1"]),
        (apart(either(near(0, "a1", "b1"), "a1 b1"), 0, "c1"), "a1 b1", ["a1", "b1"]),
        # SENT and PARA
        (sent("a1", "b1"), "A1 x x x b1. C1", ["A1", "b1"]),
        (sent("a1", "b1"), "A1. B1", None),
        (sent("a1", "b1"), "A1\nb1", None),
        (sent("a1", "b1", "c1"), "C1 a1. B1 x b1 x a1 x c1 a1", ["b1", "a1", "c1"]),
        (para("a1", "b1"), "A1. B1", ["A1", "B1"]),
        (para("a1", "b1"), "A1\nb1", None),
        (sent(near(9, "a1", "b1"), "c1"), "a1\nb1 c1", None),
        (sent(near(9, "a1", "b1"), "c1"), "a1\nb1 a1 c1", ["b1", "a1", "c1"]),
    ],
)
def test_proximity(expr: Operand, text: str, found: list[str] | None) -> None:
    """NEAR, THEN, SENT and PARA take one match of each operand, closest first."""
    assert evidence(expr, text) == found


def test_title_and_body_are_never_joined() -> None:
    """Neither a phrase nor NEAR nor THEN runs from the title into the body, and the title is one sentence."""
    assert evidence("a1 b1", "b1", title="a1") is None
    assert evidence(near(50, "a1", "b1"), "b1", title="a1") is None
    assert evidence(then(50, "a1", "b1"), "b1", title="a1") is None
    assert evidence(para("a1", "b1"), "b1", title="a1") is None
    assert evidence(sent("a1", "b1"), "", title="A1. B1") == ["A1", "B1"]


def test_a_proximity_has_at_most_400_matches() -> None:
    """The first 400, from the left."""
    found = evidence(near(0, "a1", "b1"), "a1 b1 x " * 500)

    assert found is not None
    assert len(found) == 800


def test_of_two_choices_with_one_place_the_smaller_gap_wins() -> None:
    """`b1 b1` covers more than `b1` between the same outer words; of equals the leftmost is taken."""
    found = judge(
        packs.Rule("a", HERE, packs.Traits(), query=near(9, "a1", "b1", "c1")),
        model.Article(title="", text="a1 x b1 b1 c1"),
    )

    assert found.spans == {("text", 0, 2), ("text", 5, 7), ("text", 11, 13)}


@pytest.mark.parametrize(
    ("expr", "text", "found"),
    [
        (apart("a1", 1, "b1"), "a1 x b1", None),
        (apart("a1", 1, "b1"), "a1 x x b1", ["a1"]),
        (apart("a1", 1, "b1"), "b1 x a1 x x a1", ["a1"]),
        (apart("a1", 0, "a1 b1"), "a1 b1 x a1", ["a1"]),
        (apart("a1", 9, "a1"), "a1", None),
        (apart("a1", 0, "b1"), "a1\nb1", None),
        (apart("a1", None, "b1"), "A1 x b1. A1 x", ["A1"]),
        (apart("a1", None, "b1"), "A1 x\nb1", ["A1"]),
        (apart(near(3, "a1", "c1"), None, "b1"), "A1 x\nc1 b1", None),
        (apart("a1", None, near(3, "b1", "c1")), "A1 b1\nc1", None),
        (apart(near(1, "a1", "c1"), 0, "b1"), "a1 b1 c1", None),
        (apart("b1", 0, near(9, "a1", "c1")), "a1 x b1 x c1", None),
    ],
)
def test_apart(expr: Operand, text: str, found: list[str] | None) -> None:
    """NOTNEAR and NOTSENT keep the matches that the other side is not near, and only those are evidence."""
    assert evidence(expr, text) == found


def test_notnear_does_not_look_from_the_title_into_the_body() -> None:
    """A word at the end of the title is not near one at the beginning of the body."""
    assert evidence(apart("a1", 50, "b1"), "b1", title="a1") == ["a1"]
    assert evidence(apart("a1", None, "b1"), "b1", title="a1") == ["a1"]


# -- the whole article -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expr", "text", "found"),
    [
        (both("a1", "b1"), "b1 a1 a1", ["b1", "a1", "a1"]),
        (both("a1", "b1"), "a1", None),
        (both("a1", without=["b1"]), "a1", ["a1"]),
        (both("a1", without=["b1"]), "a1 b1", None),
        (either("a1", "b1"), "b1 a1", ["b1", "a1"]),
        (either("a1", "b1"), "c1", None),
        (either(near(0, "a1", "b1"), "a1 b1"), "a1 b1", ["a1", "a1 b1", "b1"]),
        (both(near(0, "a1", "b1"), "a1 b1"), "a1 b1", ["a1", "a1 b1", "b1"]),
        (either(times(1, "a1 b1"), near(0, "a1", "b1")), "a1 b1", ["a1", "a1 b1", "b1"]),
        (at_least(2, "a1", "b1", "c1"), "a1 c1 x", ["a1", "c1"]),
        (at_least(2, "a1", "b1", "c1"), "a1 a1", None),
        (times(2, "a1"), "a1 x a1", ["a1", "a1"]),
        (times(2, "a1"), "a1", None),
        (times(2, "a1 a1"), "a1 a1 a1", None),
        (times(2, "a1 a1"), "a1 a1 a1 a1", ["a1 a1", "a1 a1", "a1 a1"]),
        (times(2, either("a1", "a1 b1")), "a1 b1", None),
    ],
)
def test_article_level_operators(expr: Operand, text: str, found: list[str] | None) -> None:
    """AND, NOT, OR, ATLEAST and TIMES join what their operands found."""
    assert evidence(expr, text) == found


@pytest.mark.parametrize(
    ("expr", "found"),
    [
        (inside("title", "a1"), ["a1"]),
        (inside("body", "a1"), ["A1", "A1", "a1"]),
        (inside("text", "a1"), ["a1", "A1", "A1", "a1"]),
        (inside("lead", "a1"), ["A1", "A1"]),
        (inside("top", "a1"), ["a1", "A1", "A1"]),
        (inside("top", inside("body", "a1")), ["A1", "A1"]),
        (inside("title", inside("body", "a1")), None),
        (inside("lead", near(9, "a1", "third")), None),
        (inside("lead", "two third"), None),
        (inside("title", apart("a1", 0, "b1")), ["a1"]),
        (inside("title", both("a1", without=["third"])), ["a1"]),
        (near(9, inside("title", "a1"), "c1"), ["a1", "c1"]),
    ],
)
def test_fields(expr: Operand, found: list[str] | None) -> None:
    """A field is all that its operand sees; the lead is the first two paragraphs with a word."""
    assert evidence(expr, "A1 one.\n--\nA1 two\nthird a1 b1", title="a1 c1") == found


def test_lead_ends_after_80_words() -> None:
    """However long the first two paragraphs are."""
    long = "x " * 78 + "a1 a1 a1"

    assert len(evidence(inside("lead", "a1"), long) or []) == 2
    assert evidence(inside("lead", times(2, "a1 a1")), long) is None
    assert len(evidence(inside("top", "a1"), long, title="a1 x a1") or []) == 4


@pytest.mark.parametrize(
    ("name", "operand", "true"),
    [
        ("url", "example", True),
        ("url", "other", False),
        ("url", regex(r"\.org/\d+"), True),
        ("source", "gazette", True),
        ("source", "Herald Tribune", True),
        ("source", "gazette Herald", False),
        ("author", "jane*", True),
        ("author", "=jane", False),
        ("lang", "en", True),
        ("lang", "gb", False),
        ("tags", "world news", True),
        ("tags", "news sport", False),
        ("tags", regex("^sport$"), True),
        ("tags", either("nothing", "sport"), True),
    ],
)
def test_metadata(name: str, operand: Operand, true: bool) -> None:
    """Metadata make a query true or false and are no evidence."""
    article: dict[str, Any] = {
        "url": "https://example.org/12/a",
        "source": "gazette",
        "newsroom": "Herald Tribune",
        "author": "Janet Doe",
        "lang": "en-GB",
        "tags": ("World News", "Sport"),
    }

    assert evidence(inside(name, operand), "a1", **article) == ([] if true else None)
    assert evidence(both("a1", inside(name, operand)), "a1", **article) == (["a1"] if true else None)
    assert evidence(both("a1", without=[inside(name, operand)]), "a1", **article) == (None if true else ["a1"])


def test_missing_metadata_is_false() -> None:
    """An article of unknown language is not `lang:en`."""
    assert evidence(inside("lang", "en"), "a1") is None
    assert evidence(inside("tags", regex(".")), "a1") is None


# -- names, items and contexts ---------------------------------------------------------------------


def item(name: str, **how: Any) -> packs.Item:
    """Return an item; contexts are given as texts."""
    contexts: dict[str, Any] = {key: tuple(term(one) for one in how.pop(key, ())) for key in ("require", "forbid")}
    return packs.Item(term(name), **contexts, **how)


def vocabulary(*items: packs.Item, name: str = "v", **more: Any) -> dict[str, packs.Vocabulary]:
    """Return one vocabulary by its name."""
    return {name: packs.Vocabulary(name, "list", HERE, items, **more)}


@pytest.mark.parametrize(
    ("mention", "text", "found"),
    [
        (item("gaza", require=["hamas"]), "Gaza x Hamas", ["Gaza"]),
        (item("gaza", require=["hamas"], within=0), "Gaza x Hamas", None),
        (item("gaza", require=["hamas"], within=1), "Gaza x x Hamas x Gaza", ["Gaza"]),
        (item("gaza", require=["gaza"]), "Gaza", None),
        (item("gaza", require=["gaza"]), "Gaza x Gaza", ["Gaza", "Gaza"]),
        (item("gaza", require=["gaza strip"]), "Gaza Strip", None),
        (item("gaza", require=["hamas", "strip"]), "Gaza Strip", ["Gaza"]),
        (item("gaza", forbid=["street"]), "Gaza Street, x x x x Gaza", ["Gaza"]),
        (item("gaza", forbid=["street"], forbid_within=1), "Gaza x Street x x Gaza", ["Gaza"]),
        (item("gaza", forbid=["gaza street"]), "Gaza Street", None),
        (item("gaza strip", forbid=["gaza"], forbid_within=0), "Gaza Strip x", ["Gaza Strip"]),
        (item("gaza strip", forbid=["strip mall"], forbid_within=0), "Gaza Strip mall", None),
        (item("gaza", forbid=["street"], forbid_within=None), "Gaza " + "x " * 99 + "Street", None),
        (item("gaza", require=["hamas"], within=None), "Gaza " + "x " * 99 + "Hamas", ["Gaza"]),
        (item("gaza", require=["hamas"]), "Gaza " + "x " * 26 + "Hamas", None),
        (item("gaza", require=["hamas"], forbid=["street"]), "Gaza Street x x x x Gaza x Hamas", ["Gaza"]),
        (item("gaza", require=["$w"]), "Gaza x Hamas", ["Gaza"]),
        (item("$w", require=["gaza"]), "Gaza x Hamas", ["Hamas"]),
    ],
)
def test_contexts(mention: packs.Item, text: str, found: list[str] | None) -> None:
    """A mention counts where its surroundings allow it; one that counts is enough."""
    names = vocabulary(mention) | vocabulary(item("hamas"), name="w")

    assert evidence("$v", text, vocabularies=names) == found


def test_contexts_look_into_the_same_field_but_see_it_whole() -> None:
    """Nearness ends with the title; `article` does not; a field before `$name` does not narrow what contexts see."""
    near_by, anywhere = item("gaza", require=["hamas"]), item("gaza", require=["hamas"], within=None)

    assert evidence("$v", "Hamas", title="Gaza", vocabularies=vocabulary(near_by)) is None
    assert evidence("$v", "Hamas", title="Gaza", vocabularies=vocabulary(anywhere)) == ["Gaza"]
    assert evidence(inside("title", "$v"), "Hamas", title="Gaza", vocabularies=vocabulary(anywhere)) == ["Gaza"]
    assert evidence(inside("lead", "$v"), "Gaza\nx\nHamas", vocabularies=vocabulary(near_by)) == ["Gaza"]


@pytest.mark.parametrize(
    ("mention", "lang", "counts"),
    [
        (item("gaza", lang="en"), "en-GB", True),
        (item("gaza", lang="en"), "fr", False),
        (item("gaza", lang="en"), None, True),
        (item("gaza", lang="en"), "ar", True),
        (item("gaza", lang="he"), "ar", True),
        (item("gaza", lang="fa"), "ar", False),
        (item("gaza"), "fr", True),
        (item("gaza", langs=frozenset({"en"})), "ar", False),
        (item("gaza", langs=frozenset({"en"})), "en", True),
        (item("gaza", langs=frozenset({"en"})), None, True),
    ],
)
def test_languages_of_items(mention: packs.Item, lang: str | None, counts: bool) -> None:
    """A key limits an item to its language and to other scripts; `langs` limits it to languages."""
    found = evidence("$v", "Gaza", lang=lang, vocabularies=vocabulary(mention))

    assert found == (["Gaza"] if counts else None)


@pytest.mark.parametrize(("day", "counts"), [(None, True), (1, False), (2, True), (3, True), (4, False)])
def test_an_office_is_found_by_its_holder_of_the_day(day: int | None, counts: bool) -> None:
    """From the first day of the term until before its end; an article without a date passes."""
    holder = packs.Holder("w", datetime(2025, 1, 2, tzinfo=UTC), datetime(2025, 1, 4, tzinfo=UTC), HERE)
    names = vocabulary(item("minister"), holders=(holder,)) | vocabulary(item("dermer"), name="w")
    seen = datetime(2025, 1, day, tzinfo=UTC) if day else None

    assert evidence("$v", "Dermer", first_seen=seen, vocabularies=names) == (["Dermer"] if counts else None)
    assert evidence("$v", "the minister", first_seen=seen, vocabularies=names) == ["minister"]


# -- lists, scores and who looks -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "text", "found"),
    [
        ({"any": ["a1", "b1"]}, "b1 a1", ["b1", "a1"]),
        ({"any": ["a1", "b1"]}, "x", None),
        ({"all": ["a1", "b1"]}, "b1 a1", ["b1", "a1"]),
        ({"all": ["a1", "b1"]}, "b1", None),
        ({"all": ["a1"], "any": ["b1", "c1"]}, "a1 c1", ["a1", "c1"]),
        ({"all": ["a1"], "any": ["b1", "c1"]}, "a1", None),
        ({"all": ["a1"], "none": ["b1"]}, "a1", ["a1"]),
        ({"all": ["a1"], "none": ["b1"]}, "a1 b1", None),
    ],
)
def test_lists(parts: dict[str, list[str]], text: str, found: list[str] | None) -> None:
    """All of `all`, one of `any`, none of `none`."""
    items: dict[str, Any] = {key: tuple(item(name) for name in names) for key, names in parts.items()}
    article = model.Article(title="", text=text)

    made = judge(packs.Rule("a", HERE, packs.Traits(), **items), article)

    assert (written(made, article) if made.true else None) == found


def clause(name: str, weight: int, query: Operand, title_bonus: int = 0) -> packs.Clause:
    """Return a clause of a score."""
    return packs.Clause(name, HERE, weight, word(query), title_bonus)


@pytest.mark.parametrize(
    ("title", "text", "require", "true", "score", "found"),
    [
        ("", "a1 a1", (), False, 20, []),
        ("a1", "a1", (), False, 25, []),
        ("", "a1 b1", (), True, 35, ["a1", "b1"]),
        ("a1", "b1", (), True, 40, ["a1", "b1"]),
        ("a1", "b1 c1", (), False, 20, []),
        ("a1", "b1 d1 c1", (), True, 45, ["a1", "b1", "d1"]),
        ("a1", "b1 d1", ("d",), True, 65, ["a1", "b1", "d1"]),
        ("a1", "b1", ("d",), False, 40, []),
        ("b1 x", "d1", (), True, 40, ["b1", "d1"]),
    ],
)
def test_scores(title: str, text: str, require: tuple[str, ...], true: bool, score: int, found: list[str]) -> None:
    """Each clause counts once, with its bonus in the title; what takes points away is no evidence."""
    clauses = (clause("a", 20, "a1", 5), clause("b", 15, "b1"), clause("c", -20, "c1"), clause("d", 25, "d1"))
    rule = packs.Rule("a", HERE, packs.Traits(), score=packs.Score(HERE, 30, clauses, require))
    article = model.Article(title=title, text=text)

    made = judge(rule, article)

    assert (made.true, made.score, written(made, article)) == (true, score, found)


@pytest.mark.parametrize(
    ("traits", "looks"),
    [
        (packs.Traits(), True),
        (packs.Traits(languages=frozenset({"en", "ar"})), True),
        (packs.Traits(languages=frozenset({"fr"})), False),
        (packs.Traits(sources=packs.Sources(allow=frozenset({"gazette"}))), True),
        (packs.Traits(sources=packs.Sources(allow=frozenset({"herald"}))), False),
        (packs.Traits(sources=packs.Sources(allow_groups=frozenset({"tier1"}))), True),
        (packs.Traits(sources=packs.Sources(deny=frozenset({"Gazette News"}))), False),
        (packs.Traits(sources=packs.Sources(deny_groups=frozenset({"tier1"}))), False),
        (packs.Traits(active_from=datetime(2025, 1, 3, tzinfo=UTC)), False),
        (packs.Traits(active_from=datetime(2025, 1, 2, tzinfo=UTC)), True),
        (packs.Traits(active_to=datetime(2025, 1, 2, tzinfo=UTC)), False),
    ],
)
def test_who_looks(traits: packs.Traits, looks: bool) -> None:
    """A rule looks only at articles of its languages, sources and dates."""
    article = model.Article(
        title="", text="a1", lang="en", source="gazette", newsroom="Gazette News", groups=("tier1",),
        published=datetime(2025, 1, 2, tzinfo=UTC),
    )  # fmt: skip

    assert judge(packs.Rule("a", HERE, traits, any=(item("a1"),)), article).true == looks
