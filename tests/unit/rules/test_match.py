"""What rules find in articles, and where."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from monitor.rules import match
from tests.support.rulefiles import article, ruleset


def evidence(term: str, text: str, **more: object) -> list[str]:
    """Return the written words that a rule `any: [term]` finds in a body, checked against their offsets."""
    rules = ruleset(f"- {{id: a, any: ['{term.replace(chr(39), chr(39) * 2)}']}}")
    body = article(text, **more)
    found = match.match_article(rules, body)
    assert found == match.match_everything(rules, body)
    spans = [e for m in found for e in m.evidence]
    assert all((body.title if e.field == "title" else body.text)[e.start : e.end] == e.text for e in spans)
    return [e.text for e in spans]


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("resettle", "They re-settle them", ["re-settle"]),
        ("re-settle", "resettle, re settle, re-settle", ["resettle", "re settle", "re-settle"]),
        ("resettl*", "a RE-SETTLEMENT plan, resettled", ["RE-SETTLEMENT", "resettled"]),
        ("organi?ation", "organisation organization organiation", ["organisation", "organization"]),
        ("take in", "take in, take them in", ["take in"]),
        ("take in", "they take\nin the", []),
        ("bande de Gaza*", "la bande de Gazaouis", ["bande de Gazaouis"]),
        ("l'enclave", "dans l’enclave", ["l’enclave"]),
        ("Égypte", "l'Egypte d'EGYPTE", ["Egypte", "EGYPTE"]),
        ("Gaza's people", "Gaza people", ["Gaza people"]),
        ("1,300", "1300 or 1.300 or ١٣٠٠", ["1300", "1.300", "١٣٠٠"]),
        ("1.3 bn", "$1,3bn", ["1,3bn"]),
        ("القاهرة", "وصل وفد وللقاهرة وبالقاهرة", ["وللقاهرة", "وبالقاهرة"]),
        ("قاهرة", "للقاهرة", ["للقاهرة"]),
        ("تهجير", "لن تقبل بالتهجير", ["بالتهجير"]),
        ("توطين*", "التوطينية", ["التوطينية"]),
        ("קהיר", "נאמר שבקהיר", ["שבקהיר"]),
        ("ארה״ב", 'סיוע מארה"ב', ['מארה"ב']),
        ("U.S. aid", "the US aid", ["US aid"]),
        ("Ben-Gvir", "Ben Gvir, Ben-Gvir, Bengvir", ["Ben Gvir", "Ben-Gvir", "Bengvir"]),
        ("emergency US-led talks", "emergency US-led talks", ["emergency US-led talks"]),
        ("gaza", "so\u00adgaza \u200fga\u200dza\u200f", ["ga\u200dza"]),
        ("AT&T", "at&t", ["at&t"]),
    ],
)
def test_terms_find_words_with_their_places(term: str, text: str, found: list[str]) -> None:
    """A term finds what the format says, and evidence is a slice of the original."""
    assert evidence(term, text) == found


@pytest.mark.parametrize(
    ("term", "text", "found"),
    [
        ("=US", "US told us. The U.S. and the US's", ["US", "U.S.", "US's"]),
        ("=US", "GIVE US AID NOW, SAYS PM", []),
        ("=US", "GIVE U.S. AID NOW, SAYS PM", ["U.S."]),
        ("=US", "BREAKING: US AID", ["US"]),
        ("=US", "GIVE US AID NOW, SAYS Rubio", ["US"]),
        ("=US", "the US-led talks", ["US"]),
        ('="White House"', "White House, white house, White house", ["White House"]),
        ("=Bill", "the bill of Bill", ["Bill"]),
        ("=Ben-Gvir", "Bengvir Ben-Gvir Ben Gvir", ["Ben-Gvir", "Ben Gvir"]),
        ("=القاهرة", "للقاهرة القاهرة", ["القاهرة"]),
        ("=Égypte", "Egypte E\u0301gypte", ["E\u0301gypte"]),
    ],
)
def test_exact_terms(term: str, text: str, found: list[str]) -> None:
    """`=` compares before case and accents; in capitals only the dotted form is sure."""
    assert evidence(term, text) == found


def test_title_is_one_sentence_and_one_paragraph() -> None:
    """A title's phrase never runs into the body, and its capitals are judged alone."""
    assert evidence("take in", "in a day", title="they take") == []
    assert evidence("=US", "Quiet words here.", title="GIVE US AID. NOW SAYS PM") == []


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("Gaza is near", True),
        ("Gaza Street is closed", False),
        ("The street in old Gaza", False),
        ("The street that leads to old Gaza", True),
        ("Gaza Street and the people of Gaza city", True),
        ("drinks of Gaza Cola", False),
        ("the Strip of Las Vegas", False),
        ("the Strip is closed.\nHamas says so", True),
        ("Gazans leave", True),
        ("لسكان غزة", True),
        ("רחוב עזה", False),
        ("רחוב ארוך מאוד ליד עזה", True),
    ],
)
def test_contexts_drop_mentions(text: str, matches: bool) -> None:
    """`require` and `forbid` judge mention by mention; one that survives is enough."""
    rules = ruleset("- {id: a, all: [$gaza]}")

    assert bool(match.match_article(rules, article(text))) == matches


def test_context_of_the_other_field_does_not_count() -> None:
    """A forbidden word counts within the same field only, unless it says `article`."""
    rules = ruleset("- {id: a, all: [$gaza]}")

    found = match.match_article(rules, article("Street closed", title="News from Gaza"))

    assert [e.text for e in found[0].evidence] == ["Gaza"]
    assert found[0].evidence[0].entity == "gaza"


def test_required_word_must_not_be_the_mention() -> None:
    """A word that overlaps the mention is no company for it."""
    rules = ruleset("- {id: a, any: [{name: Abu Katz, require: [Katz], within: 5}]}")

    assert not match.match_article(rules, article("Abu Katz came"))
    assert match.match_article(rules, article("Abu Katz came with Katz"))


@pytest.mark.parametrize(
    ("lang", "text", "matches"),
    [
        ("fr", "la maison", True),
        (None, "la maison", True),
        ("en", "la maison", False),
        ("ar", "la maison", True),
        ("en", "קליטה בבית", True),
        ("he", "house", True),
        ("fr", "house", False),
        ("en-GB", "house", True),
        ("fr", "Riviera", True),
    ],
)
def test_list_items_count_by_language(lang: str | None, text: str, matches: bool) -> None:
    """An item counts in its language, in an unknown one, and where its script is foreign; `any` always."""
    lists = "{taking: {fr: [maison], en: [house], he: [קליטה], any: [Riviera]}}"
    rules = ruleset("- {id: a, any: [$taking]}", lists=lists)

    assert bool(match.match_article(rules, article(text, lang=lang))) == matches


def test_alias_langs_limit_articles() -> None:
    """`langs` on an alias keeps it to articles of these languages."""
    rules = ruleset("- {id: a, any: [{name: pour, langs: [fr]}]}")

    assert match.match_article(rules, article("pour", lang="fr"))
    assert match.match_article(rules, article("pour"))
    assert not match.match_article(rules, article("pour", lang="en"))


@pytest.mark.parametrize(
    ("published", "seen", "holder"),
    [
        ("2025-03-01", None, "Ron Dermer"),
        ("2025-11-30", None, "Ron Dermer"),
        ("2025-12-01", None, "Gila Gamliel"),
        (None, "2026-01-01", "Gila Gamliel"),
        ("2020-01-01", None, ""),
        (None, None, "Ron Dermer Gila Gamliel"),
    ],
)
def test_offices_follow_their_holders(published: str | None, seen: str | None, holder: str) -> None:
    """The office is found by whoever held it at the article's date."""
    rules = ruleset("- {id: a, any: [$strategic-minister]}")
    when = {
        "published": published and datetime.fromisoformat(published).replace(tzinfo=UTC),
        "first_seen": seen and datetime.fromisoformat(seen).replace(tzinfo=UTC),
    }

    found = match.match_article(rules, article("Ron Dermer and Gila Gamliel", **when))

    assert " ".join(e.text for m in found for e in m.evidence) == holder


def test_all_any_none() -> None:
    """All of `all`, one of `any`, none of `none`."""
    rules = ruleset("- {id: a, all: [Egypt, Israel], any: [talks, meeting], none: [football]}")

    assert match.match_article(rules, article("Egypt and Israel hold talks"))
    assert not match.match_article(rules, article("Egypt holds talks"))
    assert not match.match_article(rules, article("Egypt and Israel"))
    assert not match.match_article(rules, article("Egypt and Israel hold football talks"))


@pytest.mark.parametrize(
    ("sources", "matches"),
    [
        ("{deny: [gazette]}", False),
        ("{deny: [Daily House]}", False),
        ("{deny: ['group:satire']}", False),
        ("{allow: [gazette]}", True),
        ("{allow: ['group:satire'], deny: [other]}", True),
        ("{allow: [other]}", False),
    ],
)
def test_sources(sources: str, matches: bool) -> None:
    """Feeds, newsrooms and groups are allowed and denied by name."""
    rules = ruleset("- {id: a, any: [x1]}", sources=sources)
    read = article("x1", source="gazette", newsroom="Daily House", groups=("satire",))

    assert bool(match.match_article(rules, read)) == matches


def test_languages_and_active() -> None:
    """A rule looks at its languages, unknown ones included, and only while it is active."""
    rules = ruleset("- {id: a, any: [x1]}", languages="[en, ar]", active="{from: 2025-01, to: 2025-06}")

    def matches(**more: object) -> bool:
        return bool(match.match_article(rules, article("x1", **more)))

    assert matches(lang="en")
    assert matches(lang=None)
    assert not matches(lang="fr")
    assert matches(published=datetime(2025, 6, 30, 23, tzinfo=UTC))
    assert not matches(published=datetime(2025, 7, 1, tzinfo=UTC))
    assert not matches(first_seen=datetime(2024, 12, 31, tzinfo=UTC))


def test_statuses_and_severity_travel_with_the_match() -> None:
    """Live and test rules match and say so; drafts and retired rules do not."""
    rules = ruleset(
        """
        - {id: a, any: [x1], severity: urgent}
        - {id: b, any: [x1], status: test}
        - {id: c, any: [x1], status: draft}
        - {id: d, any: [x1], status: retired}
        """,
        severity="high",
        max_age="36h",
    )

    found = match.match_article(rules, article("x1"))

    assert [(m.rule, m.severity, m.status) for m in found] == [("a", "urgent", "live"), ("b", "high", "test")]
    assert rules.max_age("p", "a") == 36 * 3600
    assert rules.packs["p"].severity == "high"


def test_evidence_is_bounded_and_fair() -> None:
    """Of very many mentions of a word ten are kept; no word crowds another out."""
    rules = ruleset("- {id: a, all: [Gaza, Rafah]}")

    found = match.match_article(rules, article("Gaza " * 3000 + "Rafah"))

    assert len(found[0].evidence) == 11
    assert {e.term for e in found[0].evidence} == {"Gaza", "Rafah"}


def test_only_the_first_200_kilobytes_are_read() -> None:
    """What lies behind the longest text read is not matched."""
    rules = ruleset("- {id: a, any: [needle]}")

    assert match.match_article(rules, article("hay " * 49_000 + "needle"))
    assert not match.match_article(rules, article("hay " * 51_000 + "needle"))


@pytest.mark.timeout(60)
def test_dense_mentions_stay_fast() -> None:
    """Contexts over tens of thousands of mentions do not multiply."""
    rules = ruleset("- {id: a, all: [$gaza]}")

    found = match.match_article(rules, article("Gaza Street " * 16_000))

    assert not found


def test_a_word_in_the_title_earns_the_bonus_however_often_others_stand_in_the_text() -> None:
    """The bonus counts for any word of the clause that stands in the title, behind a hundred others in the text."""
    clauses = "{c: {weight: 10, title_bonus: 5, query: 'Gaza AND Rafah'}}"
    rules = ruleset(f"- {{id: a, score: {{threshold: 10, clauses: {clauses}}}}}")

    (found,) = match.match_article(rules, article("Gaza " * 100, title="Rafah"))

    assert found.score == 15


def test_an_exact_word_in_capitals_is_not_found_by_its_possessive() -> None:
    """In a headline all in capitals US's says no more than US: only the form with dots counts."""
    rules = ruleset("- {id: a, any: [=US]}")

    assert not match.match_article(rules, article("", title="GIVE US's AID NOW SAYS"))
    assert match.match_article(rules, article("", title="GIVE U.S. AID NOW SAYS"))
