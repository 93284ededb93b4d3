"""Stories told in several languages: what the set holds, how it is counted, and what is reached."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import pytest

from monitor import replay
from tests.eval import cross_language, labelled, stories
from tests.eval.cross_language import Merged, Pairs, Told
from tests.support.corpora import needs_data

NOON = datetime(2025, 3, 1, 12, tzinfo=UTC)


def told(story: str, number: int, lang: str = "en", like: str | None = None, mix: bool = False) -> Told:
    """Return an article of a story."""
    row = replay.Row(f"{story}.{number}", "A title", "A text.", lang=lang, published=NOON)
    return Told(row.id, story, "dev", like, mix, lang, row)


@pytest.mark.parametrize("part", cross_language.PARTS)
def test_each_half_has_enough_of_every_language(part: str) -> None:
    """Forty stories or more, each told in two languages at least by two articles, each language in half of them."""
    everything = [one for one in cross_language.load_told() if one.part == part and not one.mix]
    stories = {one.story for one in everything}
    languages = Counter(lang for _, lang in {(one.story, one.lang) for one in everything})

    assert len(stories) >= 40
    assert languages.keys() == {"en", "ar", "he", "fr"}
    assert min(languages.values()) >= len(stories) / 2
    for story in stories:
        assert len({one.lang for one in everything if one.story == story}) >= 2
        assert 2 <= len([one for one in everything if one.story == story]) <= 6


def test_nothing_of_the_set_stands_twice() -> None:
    """No text serves in both halves, and none is its own copy."""
    everything = cross_language.load_told()
    parts = {(one.story, one.part) for one in everything}

    assert len({one.id for one in everything}) == len(everything)
    assert len({one.row.text for one in everything}) == len(everything)
    assert len(parts) == len({one.story for one in everything})


def test_pairs_are_counted_by_their_languages() -> None:
    """A pair is right, wrong or missed; round-ups are no part of pairs."""
    articles = [told("a", 1), told("a", 2, "ar"), told("a", 3, "he"), told("b", 1), told("m", 1, mix=True)]
    found = {"a.1": "s1", "a.2": "s1", "a.3": "s2", "b.1": "s1", "m.1": "s1"}

    pairs = cross_language.pairs_of(articles, found)

    assert pairs == {
        "all": Pairs(1, 2, 2),
        "ar-en": Pairs(1, 1, 0),
        "ar-he": Pairs(0, 0, 1),
        "en-en": Pairs(0, 1, 0),
        "en-he": Pairs(0, 0, 1),
    }
    assert cross_language.across(pairs) == Pairs(1, 1, 2)
    assert (pairs["all"].precision, pairs["all"].recall) == (1 / 3, 1 / 3)
    assert (Pairs().precision, Pairs().recall) == (1.0, 1.0)


def test_what_is_put_together_wrongly_is_told_apart() -> None:
    """Two look-alikes in one story, two others in one story, and a round-up that joined one, each count once."""
    articles = [
        *(told(story, number, like="quakes") for story in ("a", "b", "c") for number in (1, 2)),
        told("d", 1),
        told("e", 1),
        told("m", 1, mix=True),
        told("n", 1, mix=True),
    ]
    found = {"a.1": "s1", "a.2": "s1", "b.1": "s1", "b.2": "s1", "c.1": "s3", "c.2": "s3"}
    found |= {"d.1": "s4", "e.1": "s4", "m.1": "s4", "n.1": "s5"}

    assert cross_language.merged_of(articles, found) == Merged(alike=1, of_alike=3, others=1, mixes=1, of_mixes=2)


FLOORS = {"dev": (0.97, 0.95), "check": (0.93, 0.90)}
"""Half -> least precision and recall of pairs in two languages, just below what was reached
(`python -m tests.eval.cross_language`)."""
MOST_MIXED = 20
"""Stories of several languages among posts about one war that hardly ever tell of one event."""


@pytest.mark.parametrize("part", cross_language.PARTS)
def test_reports_in_two_languages_are_joined(part: str) -> None:
    """Of the pairs put together nearly all tell one event, nearly all such pairs are, and no look-alikes are."""
    articles = [one for one in cross_language.load_told() if one.part == part]

    found = cross_language.judge(labelled.load_rules(cross_language.RULES), [one.row for one in articles])

    pairs = cross_language.across(cross_language.pairs_of(articles, found))
    precision, recall = FLOORS[part]
    assert pairs.precision >= precision
    assert pairs.recall >= recall
    assert cross_language.merged_of(articles, found).alike == 0


MOST_LOST = {"dev": 3, "check": 1}
"""Half -> stories of which a desk is told nothing, as measured; 3 and 2 where whole stories count as told."""


@pytest.mark.parametrize("part", cross_language.PARTS)
def test_a_desk_hears_of_nearly_every_story(part: str) -> None:
    """Look-alikes that share a story are told all the same, and hardly a story is told twice."""
    articles = [(one.row, one.story) for one in cross_language.load_told() if one.part == part]

    found = stories.heard(articles)

    assert found.lost <= MOST_LOST[part]
    assert found.again <= found.stories / 5


@needs_data
def test_reports_of_one_war_are_not_one_story() -> None:
    """What everybody tells of for weeks joins nobody's reports."""
    posts = cross_language.load_posts()

    found = cross_language.judge(labelled.load_rules(cross_language.RULES), posts)

    assert cross_language.mixed_of(posts, found) <= MOST_MIXED
