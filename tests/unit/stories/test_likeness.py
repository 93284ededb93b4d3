"""What an article's story is told by, and how two articles are compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import model, text
from monitor.stories import assign, features, headings, similarity
from monitor.stories.features import Features

NOON = datetime(2025, 3, 10, 12, tzinfo=UTC)

STRIKE = (
    "Dock workers close Haifa port in pay dispute",
    "The port of Haifa stood still on Monday after hundreds of dock workers walked out over pay. Ships waited outside"
    " the harbour while the union of the dockers met the company that runs the port.",
)
RETOLD = (
    "Haifa port shut as dockers strike over wages",
    "No ship was unloaded in Haifa on Monday: dock workers struck for higher pay, and their union said the port would"
    " stay closed until the company that runs the harbour talks to them.",
)
QUAKE = (
    "Strong earthquake shakes the east of Turkey",
    "An earthquake of magnitude 6.1 shook the province of Van in the east of Turkey on Tuesday, and houses fell in"
    " several villages. Rescuers searched the rubble for survivors through the night.",
)
SECOND_QUAKE = (
    "Strong earthquake shakes the east of Turkey again",
    "An earthquake of magnitude 5.2 shook the province of Van in the east of Turkey, and houses fell in several"
    " villages. Rescuers searched the rubble for survivors through the night.",
)
QUAKE_ARABIC = (
    "زلزال قوي يضرب شرق تركيا",
    "ضرب زلزال بقوة 6.1 درجات ولاية وان شرق تركيا، وانهارت منازل في عدة قرى ويبحث رجال الإنقاذ.",
)


def weighed(told: tuple[str, str], lang: str = "en") -> Features:
    """Return the features of an article in an empty archive."""
    title, body = told
    article = model.Article(title=title, text=body, lang=lang)
    raw = features.features_of(article, text.folded_words(title), text.folded_words(body))
    return features.weigh(raw, {}, 0)


def test_retold_report_is_the_same_story() -> None:
    """Two newsrooms' own words about one strike are one story; another event is not."""
    own = weighed(STRIKE)

    assert similarity.compare(own, weighed(RETOLD), 2).is_same
    assert not similarity.compare(own, weighed(QUAKE), 2).is_same


def test_report_in_another_language_is_the_same_story() -> None:
    """An Arabic and an English report of one quake share no word, but what they tell of."""
    found = similarity.compare(weighed(QUAKE), weighed(QUAKE_ARABIC, "ar"), 2)

    assert found.is_same
    assert found.by == "common"
    assert "earthquake" in [term for term, _ in found.shared]


def test_quakes_of_other_strength_are_two_stories() -> None:
    """The same words about another magnitude tell of another quake, and the comparison says so."""
    found = similarity.compare(weighed(QUAKE), weighed(SECOND_QUAKE), 2)

    assert not found.is_same
    assert found.veto == ("magnitude",)


def test_forecasts_of_two_days_are_two_stories() -> None:
    """A headline that differs in its number only is the next of a series."""
    body = "Rain is expected in the north of the country, with strong wind along the coast and snow on the mountains."

    found = similarity.compare(weighed(("Forecast number 8", body)), weighed(("Forecast number 9", body)), 2)

    assert not found.is_same
    assert found.veto == ("number",)


def test_days_that_contradict_count_against() -> None:
    """Reports that name other days are less alike than they read."""
    first = weighed((STRIKE[0], f"On 4 May: {STRIKE[1]}"))
    second = weighed((RETOLD[0], f"On 9 May: {RETOLD[1]}"))

    found = similarity.compare(first, second, 2)

    assert found.veto == ("days",)
    assert found.score < found.likeness


@pytest.mark.parametrize("told", [("", ""), ("Fire", ""), ("Fire in Cairo", "Updates follow.")])
def test_empty_and_one_line_articles_are_like_nothing(told: tuple[str, str]) -> None:
    """A few words in common are no event in common."""
    own = weighed(told)

    assert similarity.compare(own, own, 0).score <= 0
    assert not similarity.compare(own, weighed(QUAKE), 0).is_same


@given(st.text(max_size=300), st.text(max_size=2_000), st.sampled_from(["en", "ar", "he", "fr", "ru", None]))
def test_features_are_small_and_come_back(title: str, body: str, lang: str | None) -> None:
    """Whatever an article holds, its features fit into a row and are read as they were written."""
    article = model.Article(title=title, text=body, lang=lang)
    made = features.features_of(article, text.folded_words(title), text.folded_words(body))

    packed = features.pack(features.weigh(made, {}, 7))

    assert len(packed) <= features.LARGEST + 200  # what is not words is bounded by itself
    back = features.unpack(packed)
    assert back is not None
    assert features.pack(back) == packed


def test_features_of_another_version_are_compared_with_nothing() -> None:
    """A row that an older release wrote is left alone."""
    assert features.unpack(b'[0,"en"]') is None
    assert features.unpack(None) is None


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Israel-Gaza war live updates", headings.LIVE),
        ("EN DIRECT - La réponse au séisme", headings.LIVE),
        ("مباشر: التطورات في غزة", headings.LIVE),
        ("עדכונים שוטפים מהצפון", headings.LIVE),
        ("Morning briefing: what happened overnight", headings.ROUND_UP),
        ("Revue de presse du lundi", headings.ROUND_UP),
        ("أبرز الأخبار اليوم", headings.ROUND_UP),
        ("הכותרות של היום", headings.ROUND_UP),
        ("Ten dead in a fire in Cairo", headings.ORDINARY),
        ("They live in the ruins of Rafah", headings.ORDINARY),
    ],
)
def test_headlines_of_live_blogs_and_round_ups(title: str, kind: str) -> None:
    """What tells of many events is known by its headline in four languages."""
    assert headings.kind_of(title, "") == kind


def test_assorted_paragraphs_are_a_round_up() -> None:
    """Paragraphs that have nothing to do with one another are news in brief, whatever stands above them."""
    lines = [
        "Dock workers closed Haifa harbour over their wages, and vessels waited outside for a settlement today.",
        "An earthquake shook Turkish villages where houses collapsed while rescuers searched among rubble overnight.",
        "Parliament passed next year's budget after lawmakers argued about hospitals, pensions, schooling and taxes.",
        "Barcelona signed another striker from Brazil, paying ninety million euros, according to football insiders.",
        "Researchers photographed unknown orchids growing beneath Amazon canopies, botanists announced on Thursday.",
    ]

    assert headings.kind_of("Around the region", "\n".join(lines)) == headings.ROUND_UP
    assert headings.kind_of(QUAKE[0], "\n".join([QUAKE[1]] * 6)) == headings.ORDINARY


def candidate(number: int, story: int, told: tuple[str, str], lang: str = "en", hours: float = 1) -> assign.Candidate:
    """Return an earlier article of a story."""
    return assign.Candidate(number, story, NOON - timedelta(hours=hours), weighed(told, lang))


def test_article_joins_the_story_that_it_is_like_and_says_why() -> None:
    """The nearest article, the score and what was shared are kept, and what came second."""
    others = [candidate(1, 10, STRIKE), candidate(2, 20, QUAKE)]

    made = assign.join_story(weighed(RETOLD), NOON, others)

    assert made.story_id == 10
    assert made.detail is not None
    assert made.detail["article"] == 1
    assert made.detail["score"] >= made.detail["least"]
    assert "haifa" in made.detail["shared"]


def test_article_that_is_like_nothing_begins_a_story() -> None:
    """No candidates, or none that is alike: a story of its own, in whatever order they come."""
    others = [candidate(1, 10, STRIKE), candidate(2, 11, RETOLD)]

    made = [assign.join_story(weighed(QUAKE), NOON, each) for each in ([], others, others[::-1])]

    assert [one.story_id for one in made] == [None] * 3
    assert made[1] == made[2]


def test_two_stories_that_fit_one_another_are_merged_into_the_older() -> None:
    """An article that fits two stories which are alike shows that they are one."""
    others = [candidate(1, 10, STRIKE), candidate(2, 11, RETOLD)]

    made = assign.join_story(weighed(RETOLD), NOON, others)
    apart = assign.join_story(weighed(RETOLD), NOON, others, ties=False)

    assert made.story_id == 10
    assert made.merge is not None
    assert (made.merge.younger, made.merge.older) == (11, 10)
    assert apart.story_id == 11
    assert apart.merge is None


def test_one_article_in_between_does_not_carry_a_story_away() -> None:
    """A story is known by all its articles: one that is near the newcomer among others that are not is too little."""
    others = [candidate(1, 10, STRIKE), candidate(2, 10, STRIKE), candidate(3, 10, STRIKE), candidate(4, 10, QUAKE)]

    assert assign.join_story(weighed(SECOND_QUAKE), NOON, others).story_id is None
