"""Which entities an article names: the same in every language, and the same as rules find them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import model, text
from monitor.rules import compile, live, load, match, mentions
from monitor.rules.terms import Term
from monitor.rules.view import View
from tests.support.rulefiles import ENTITIES, article, files, pack, ruleset

RULES = Path(__file__).parents[3] / "rules"
MARCH = datetime(2025, 3, 10, tzinfo=UTC)


@cache
def shipped() -> compile.RuleSet:
    """Return the rules that come with the program."""
    return compile.compile_rules(load.load_packs(load.read_folder(RULES)).packs)


def named(rules: compile.RuleSet, body: model.Article) -> dict[str, model.Mention]:
    """Return id -> mention, checked against the evaluation of every entity on every word."""
    found = mentions.mentions(rules, body)
    assert found == mentions.mentions_of_all(rules, body)
    assert found == mentions.mentions(rules, body, match.haystack_of(body))
    return {mention.entity: mention for mention in found}


# -- languages -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "title", "body"),
    [
        ("en", "Egypt opens Rafah to wounded Gazans", "Cairo told Netanyahu that the crossing stays open."),
        ("fr", "L'Égypte ouvre Rafah aux blessés de Gaza", "Le Caire a averti Nétanyahou que le passage reste ouvert."),
        ("ar", "مصر تفتح معبر رفح لجرحى غزة", "وأبلغت القاهرة نتنياهو بأن المعبر سيبقى مفتوحا."),
        ("he", "מצרים פתחה את מעבר רפיח לפצועים מעזה", "קהיר הודיעה לנתניהו שהמעבר יישאר פתוח."),
    ],
)
def test_a_report_names_the_same_in_every_language(lang: str, title: str, body: str) -> None:
    """Places and people are the same entities in English, French, Arabic and Hebrew, clitics and accents taken off."""
    found = named(shipped(), article(body, title, lang=lang, published=MARCH))

    assert {"egypt", "rafah", "gaza", "netanyahu", "il-prime-minister"} <= found.keys()
    assert found["egypt"].in_title
    assert not found["netanyahu"].in_title
    assert found["egypt"].count == 2
    assert (found["egypt"].type, found["netanyahu"].type, found["il-prime-minister"].type) == (
        "place",
        "person",
        "office",
    )


def test_the_language_of_the_article_need_not_be_known() -> None:
    """An article without a language, or with a wrong one, names what it names."""
    body = "وصل الوفد إلى القاهرة"

    assert "egypt" in named(shipped(), article(body))
    assert "egypt" in named(shipped(), article(body, lang="fr"))


# -- mentions --------------------------------------------------------------------------------------


def test_overlapping_names_are_one_mention_and_the_first_is_told() -> None:
    """Counted are places in the text, not aliases; `first` counts words from the title on."""
    rules = ruleset("- {id: a, any: [$gaza]}")

    found = named(rules, article("The Gaza Strip, Gaza and Gazans.", "Talks today"))

    assert found["gaza"] == model.Mention("gaza", "place", 3, in_title=False, first=3)


def test_entities_come_in_the_order_of_their_first_mention() -> None:
    """What an article begins with comes first, whatever its id."""
    rules = ruleset("- {id: a, any: [$gaza, $usa]}")

    found = mentions.mentions(rules, article("The White House told Gila Gamliel about Gaza.", published=MARCH))

    assert [mention.entity for mention in found] == ["usa", "gila-gamliel", "gaza"]


def test_contexts_drop_mentions_as_they_do_in_rules() -> None:
    """A street is no Strip, and a strip is one only where its surroundings say so."""
    rules = ruleset("- {id: a, any: [$gaza]}")

    assert named(rules, article("Police closed Gaza Street.")) == {}
    assert named(rules, article("They drove along the Strip in Las Vegas.")) == {}
    assert "gaza" in named(rules, article("They crossed the Strip, Hamas said."))


def test_exact_names_are_judged_by_their_sentence() -> None:
    """=US is the country in plain text, and may be any word where a whole sentence is in capitals."""
    rules = ruleset("- {id: a, any: [$usa]}")

    assert "usa" in named(rules, article("A man told the US envoy to wait."))
    assert "usa" in named(rules, article("He said: US OFFICIALS LEFT."))
    assert named(rules, article("He spoke. GIVE US AID NOW. They left.")) == {}
    assert named(rules, article("Nobody told us.")) == {}


def test_a_holder_names_the_office_within_the_term() -> None:
    """An article of 2024 that names Ron Dermer names his office; one of 2026 does not."""
    rules = ruleset("- {id: a, any: [$strategic-minister]}")

    def entities(moment: datetime) -> set[str]:
        return set(named(rules, article("Ron Dermer flew home.", published=moment)))

    assert entities(datetime(2024, 5, 1, tzinfo=UTC)) == {"ron-dermer", "strategic-minister"}
    assert entities(datetime(2026, 5, 1, tzinfo=UTC)) == {"ron-dermer"}


@pytest.mark.parametrize("body", ["", "...", "\n\n", "A port was closed by its pilots."])
def test_an_article_may_name_nobody(body: str) -> None:
    """Empty texts and texts about nothing that the files know name nothing."""
    assert named(shipped(), article(body)) == {}


def test_only_what_is_read_of_a_long_text_names() -> None:
    """What lies behind the limit of a text is as if it were not there."""
    rules = ruleset("- {id: a, any: [$gaza]}")
    filler = "word " * (text.LONGEST // 5)

    assert "gaza" in named(rules, article("Gaza " + filler))
    assert named(rules, article(filler + "Gaza")) == {}


# -- where entities come from --------------------------------------------------------------------------


def test_entities_that_no_rule_uses_count_too() -> None:
    """A pack brings all of its entity files: stories are about more than its rules ask for."""
    rules = ruleset("- {id: a, any: [$gaza]}")

    assert "gila-gamliel" in named(rules, article("Gila Gamliel resigned."))


def test_a_stored_source_names_the_same() -> None:
    """Workers load the rules from their source in the database, and know the same entities."""
    packs = load.load_packs(files("- {id: a, any: [$gaza]}")).packs
    stored = live.from_source(compile.source_of(packs))

    assert [e.id for e in stored.gazetteer.entities] == [e.id for e in compile.compile_rules(packs).gazetteer.entities]
    assert "usa" in named(stored, article("The White House"))


def test_an_entity_that_leads_nowhere_is_left_out() -> None:
    """An unused entity that refers to a file which no pack is made of harms nobody."""
    more = "  - {id: envoy, type: person, names: {en: [Smith, {name: Jones, require: [$elsewhere]}]}}\n"
    world = {
        "entities/world.yaml": (ENTITIES + more).encode(),
        "entities/other.yaml": b"format: 1\nentities: [{id: elsewhere, type: place, names: {en: [Elsewhere]}}]\n",
        "packs/p.yaml": pack("- {id: a, any: [$gaza]}"),
    }
    rules = compile.compile_rules(load.load_packs(world).packs)

    assert named(rules, article("Smith and Jones left Elsewhere for Gaza.")).keys() == {"gaza"}


def test_of_two_versions_of_a_name_the_first_packs_counts() -> None:
    """A pack that keeps its last good version may hold an older file than another pack; each name counts once."""
    old = load.load_packs(files("- {id: a, any: [$gila-gamliel]}")).packs
    newer = ENTITIES.replace("names: {en: [Gila Gamliel]}", "names: {en: [Gamliel]}").encode()
    world = {"entities/world.yaml": newer, "packs/q.yaml": pack("- {id: a, any: [$gila-gamliel]}", "q")}
    rules = compile.compile_rules([*load.load_packs(world).packs, *old])

    assert named(rules, article("Gila Gamliel spoke."))["gila-gamliel"].count == 1
    assert named(rules, article("Gamliel spoke.")) == {}


def test_without_packs_nothing_is_named() -> None:
    """An empty rule set knows no entity."""
    assert named(compile.compile_rules(()), article("Gaza")) == {}


# -- against a naive search ----------------------------------------------------------------------------


def terms_of(rules: compile.RuleSet) -> list[str]:
    """Return everything that the entities of `rules` ask for, as people would write it in a text."""
    vocabularies = load.shared_vocabularies(rules.packs.values()).values()
    items = [item for vocabulary in vocabularies for item in vocabulary.items]
    terms: list[Term] = [term for item in items for term in (item.term, *item.require, *item.forbid)]
    return sorted({term.written.strip('="*').replace("?", "i") for term in terms if term.ref is None})


FILLER = ["the", "of", "said", "he", "NOW", "في", "على", "של", "את", "de", "la", "minister", "12", "US", "a-b"]
GAPS = [" ", " ", " ", " ", ", ", ". ", "\n", "-", "'s ", " و", " ו", " ב", " ال", " l'"]
WORDS = st.sampled_from(terms_of(shipped())) | st.sampled_from(FILLER)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from(GAPS)), max_size=14).map(
    lambda pairs: "".join(word + gap for word, gap in pairs)
)
DATES = st.sampled_from([None, datetime(2023, 6, 1, tzinfo=UTC), MARCH, datetime(2026, 1, 1, tzinfo=UTC)])


@cache
def one_rule_an_entity() -> compile.RuleSet:
    """Return a pack with a rule `any: [$x]` for each entity that is shipped."""
    found = load.read_folder(RULES)
    ids = [entity.id for entity in shipped().gazetteer.entities]
    rules = "\n".join(f"- {{id: e-{id}, any: [${id}]}}" for id in ids)
    world = {path: data for path, data in found.items() if not path.startswith("packs/")}
    return compile.compile_rules(load.load_packs({**world, "packs/all.yaml": pack(rules)}).packs)


@settings(max_examples=200, deadline=None)
@given(TEXTS | TEXTS.map(str.upper), TEXTS, DATES, st.sampled_from(["en", "ar", "he", "fr", None]))
def test_mentions_are_what_rules_find(title: str, body: str, moment: datetime | None, lang: str | None) -> None:
    """For each entity a rule that asks for it alone fires just where it is mentioned."""
    about = article(body, title, published=moment, lang=lang)

    found = named(shipped(), about)

    fired = {found.rule.removeprefix("e-"): found for found in match.match_everything(one_rule_an_entity(), about)}
    assert found.keys() == fired.keys()
    assert {id for id, mention in found.items() if mention.in_title} == {
        id for id, match_ in fired.items() if match_.evidence[0].field == "title"
    }


@settings(max_examples=200, deadline=None)
@given(TEXTS | TEXTS.map(str.upper), TEXTS)
def test_words_nobody_asks_for_keep_their_places(title: str, body: str) -> None:
    """The row of few words is as long as that of all, and each word of it is the same or a stand-in in its case."""
    few = View(article(body, title), shipped().gazetteer.read)
    whole = View(article(body, title))

    assert len(few.pieces) == len(whole.pieces)
    assert few.starts == whole.starts
    assert few.sentences == whole.sentences
    stand_ins = {text.LOWER[0], text.UPPER[0], text.UNCASED[0]}
    for one, other in zip(few.pieces, whole.pieces, strict=True):
        assert one == other or one in stand_ins
        assert capital(one.raw) == capital(other.raw)


def capital(raw: str) -> tuple[bool, bool]:
    """Return whether a word has letters of two cases, and whether it holds no small one."""
    bare = text.POSSESSIVE_S.sub("", raw)
    return bare.upper() != bare.lower(), bare == bare.upper()
