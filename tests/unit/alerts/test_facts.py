"""What of an article can be new for a pack, and what was told with it."""

from __future__ import annotations

import pytest

from monitor import model
from monitor.alerts import facts
from monitor.alerts.facts import Facts
from monitor.alerts.numbers import Number

NAMES = {"Sisi": ("sisi", "person"), "Rafah": ("rafah", "place"), "Jordan": ("jordan", "place"), "UN": ("un", "org")}


def mentions(article: model.Article) -> list[model.Mention]:
    """Return the names of NAMES in an article."""
    whole = f"{article.title}\n{article.text}"
    return [
        model.Mention(entity, kind, whole.count(name), name in article.title, whole.index(name))
        for name, (entity, kind) in NAMES.items()
        if name in whole
    ]


def near(title: str, text: str, word: str = "transfer", entity: str | None = None) -> Facts:
    """Return what may be new for a pack whose rule found `word` in the text."""
    start = text.index(word)
    span = model.Evidence("text", start, start + len(word), word, word, entity)
    match = model.Match("move", "core", "normal", "live", (span,))
    article = model.Article(title, text, "en")
    return facts.article_facts(article, [match], mentions(article), mentions).near["move"]


def test_article_without_match_costs_nothing() -> None:
    """No fact is looked for in what no pack wants."""

    def forbidden(_: model.Article) -> list[model.Mention]:
        raise AssertionError("nobody asked")

    assert facts.article_facts(model.Article("Title", "Rafah", "en"), [], (), forbidden) == facts.NO_FACTS


def test_facts_stand_near_the_match_or_in_the_title() -> None:
    """A number in the sentence of the match or beside it is one; what stands further off is background."""
    text = "The plan would transfer 300,000 people. It costs $5 billion. He left. In all 20,000 came to the rally."

    found = near("Camp of 7,500 tents for Rafah", text)

    assert [number.written for number in found.numbers] == ["7,500 tents", "300,000 people", "$5 billion"]
    assert found.places == ("rafah",)


def test_one_more_quoted_person_is_no_fact() -> None:
    """Who is named near the match only adds a voice; named in the title, the report is about them."""
    quoted = near("Plan refused", "Leaders refused the transfer, Sisi said. Talks went on.")
    titled = near("Sisi refuses plan", "Leaders refused the transfer.")

    assert (quoted.entities, titled.entities) == ((), ("sisi",))


def test_name_that_the_rule_found_is_a_fact() -> None:
    """A place or person in the evidence is of the pack's concern; an institution is named in every report."""
    place = near("Plan refused", "Leaders refused, the transfer to Jordan is off.", "Jordan", "jordan")
    body = near("Plan refused", "Leaders refused the transfer at the UN.", "UN", "un")

    assert (place.places, body.entities) == (("jordan",), ())


def test_all_that_an_article_names_is_told_with_it() -> None:
    """What a reader could read in a told article is no news later, wherever it stood."""
    text = "They would transfer all.\n" + "More was said.\n" * 5 + "The UN counted 40,000 tents."
    match = model.Match("move", "core", "normal", "live", (model.Evidence("text", 11, 19, "transfer", "transfer"),))

    article = model.Article("Plan", text, "en")
    found = facts.article_facts(article, [match], mentions(article), mentions)

    assert found.whole.entities == ("un",)
    assert [number.value for number in found.whole.numbers] == [40_000]
    assert not found.near["move"]


def test_known_facts_are_taken_away_and_new_ones_added() -> None:
    """New is what is not known: names by their id in any language, numbers by their value."""
    known = Facts(("sisi",), ("rafah",), (Number(100_000, "peop", "100,000 people"),))
    more = Facts(("sisi", "un"), ("jordan",), (Number(100_500, "pers", "100 500 personnes"),))

    assert (more - known) == Facts(("un",), ("jordan",))
    assert (known | more).entities == ("sisi", "un")
    assert len((known | more).numbers) == 1
    assert not (known - known)


def test_facts_are_kept_whole() -> None:
    """What is stored and read again is the same; an alert of a version that stored none told nothing."""
    told = Facts(("sisi",), ("rafah",), (Number(12.5, "$", "$12.5"),))

    assert facts.from_json(told.to_json()) == told
    assert facts.from_json(None) == facts.NOTHING


@pytest.mark.parametrize(
    ("entity", "label"),
    [("rafah_crossing", "Rafah Crossing"), ("ron-dermer", "Ron Dermer"), ("un", "UN"), ("us-congress", "US Congress")],
)
def test_entities_are_shown_as_words(entity: str, label: str) -> None:
    """An id of a rule file reads as a name."""
    assert Facts((entity,)).to_words() == {"entities": [label]}
