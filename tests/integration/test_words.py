"""What first polls teach of words, so that a desk's first day is not one story."""

from __future__ import annotations

from typing import Any

from monitor.jobs import words
from monitor.model import Entry
from monitor.store import entries, stories
from monitor.stories import features
from tests.support.desk import Desk, item

PLACES = ("harbour", "valley", "island", "desert", "capital", "border", "lake", "plateau", "coast", "bridge")


def entry(title: str, state: str = "baseline") -> entries.NewEntry:
    """Return an entry to store."""
    return entries.NewEntry(Entry(None, None, title), None, (), state)


def counted(desk: Desk, *written: str) -> tuple[list[int], int, int]:
    """Return in how many reports each word stood, and the numbers of articles and of reports."""
    terms = [features.term_of(features.stem_of(word)) for word in written]
    found, total, learned = desk.read(lambda c: stories.count_terms(c, terms))
    return [found.get(term, 0) for term in terms], total, learned


def test_first_poll_counts_the_words_of_its_baseline(desk: Desk) -> None:
    """Thirty reports of a war teach that its words are common; a later poll teaches nothing by itself."""
    listed = [item(n, f"Ceasefire talks at the {place} enter day {n}") for n, place in enumerate(PLACES)]
    desk.has(["gazette"]).publishes("gazette", *listed)

    desk.run()
    first = counted(desk, "ceasefire", "harbour", "earthquake")
    desk.publishes("gazette", *listed, item(99, "Earthquake at the harbour"))
    desk.later()
    later = counted(desk, "ceasefire", "harbour", "earthquake")

    assert first == ([10, 1, 0], 0, 10)
    assert later == ([10, 2, 1], 1, 10)


def test_what_is_common_is_worth_less_from_the_first_article_on(desk: Desk) -> None:
    """Weighed after a first poll, a word that all its reports hold is worth much less than one that none does."""

    def learn(connection: Any) -> int:
        return words.learn_words(connection, [entry(f"Ceasefire news {place}") for place in PLACES * 50])

    desk.write(learn)
    raw = features.Features("en", "", {"ceasef": 1.0, "earthq": 1.0}, {}, frozenset())
    before = features.weigh(raw, {}, 0)
    terms = features.terms_of(raw)

    after = features.weigh(raw, *desk.read(lambda c: stories.count_terms(c, terms)))

    assert before.words["ceasef"] == before.words["earthq"]
    assert after.words["ceasef"] < 0.3 * after.words["earthq"]


def test_learning_ends_when_enough_is_known(desk: Desk) -> None:
    """New entries that will be told teach by being read, and what is beyond the bound is not counted."""

    def learn(connection: Any) -> tuple[int, int, int]:
        many = [entry(f"Report {n}") for n in range(words.ENOUGH - 10)]
        return (
            words.learn_words(connection, [entry("Alive", "pending")]),
            words.learn_words(connection, many),
            words.learn_words(connection, many),
        )

    assert desk.write(learn) == (0, words.ENOUGH - 10, 10)
