"""What of a pack's concern an article tells: the names, places and numbers around what a rule found. Pure.

A fact is new where no message of the story told it. What a message told is all that its article names, wherever it
stands; what may be new must stand near the evidence. So a rewrite with one more quoted person is no news.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from monitor import model, text
from monitor.alerts import numbers
from monitor.alerts.numbers import Number

PLACES = frozenset({"place"})
NAMED = frozenset({"person", "org", "programme", "law", "event"})
"""Types of entities that are facts. An office is none: its holder is named with it, and often in its stead."""
FOUND = frozenset({"place", "person"})
"""Types of which a name that a rule found is one wherever it stands; others only in the title: parliaments and
ministries are named in every report (read on rss-archive-2023: `python -m tests.eval.day_decisions`)."""
MOST_NUMBERS = 100
"""Of an article, or told of a story; a table of results is no report."""
LONGEST_ACRONYM = 3
"""Letters of an id that is taken for an acronym."""
NEIGHBOURS = 1
"""Sentences before and after one with evidence that belong to it."""

Mentions = Callable[[model.Article], Sequence[model.Mention]]


@dataclass(frozen=True, slots=True)
class Facts:
    """Ids of entities and places, and numbers; each once, in the order of the article."""

    entities: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    numbers: tuple[Number, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entities or self.places or self.numbers)

    def __or__(self, other: Facts) -> Facts:
        return Facts(
            _merged(self.entities, other.entities),
            _merged(self.places, other.places),
            (*self.numbers, *(n for n in other.numbers if not n.known(self.numbers)))[:MOST_NUMBERS],
        )

    def __sub__(self, known: Facts) -> Facts:
        """Return what of these facts is not known."""
        names = {*known.entities, *known.places}
        return Facts(
            tuple(name for name in self.entities if name not in names),
            tuple(name for name in self.places if name not in names),
            tuple(number for number in self.numbers if not number.known(known.numbers)),
        )

    def to_json(self) -> dict[str, list[Any]]:
        """Return the stored form."""
        return {
            "entity": list(self.entities),
            "place": list(self.places),
            "number": [[number.value, number.noun, number.written] for number in self.numbers],
        }

    def to_words(self) -> dict[str, list[str]]:
        """Return what of them people read; kinds that are empty left out."""
        words = {
            "entities": [_label(name) for name in self.entities],
            "places": [_label(name) for name in self.places],
            "numbers": [number.written for number in self.numbers],
        }
        return {kind: found for kind, found in words.items() if found}


NOTHING = Facts()


def from_json(stored: Mapping[str, Any] | None) -> Facts:
    """Return facts as `to_json` stored them; nothing for alerts of versions that kept none."""
    if not stored:
        return NOTHING
    found = tuple(Number(value, noun, written) for value, noun, written in stored.get("number", ()))
    return Facts(tuple(stored.get("entity", ())), tuple(stored.get("place", ())), found)


@dataclass(frozen=True, slots=True)
class ArticleFacts:
    """`whole`: all that the article names, which is told with it. `near`: pack -> what may be new for it."""

    whole: Facts = NOTHING
    near: Mapping[str, Facts] = field(default_factory=dict)


NO_FACTS = ArticleFacts()


def article_facts(
    article: model.Article, matches: Iterable[model.Match], named: Iterable[model.Mention], mentions: Mentions
) -> ArticleFacts:
    """Return the facts of an article, for each pack that matches it.

    Args:
        named: The entities that the article names.
        mentions: Returns those that an excerpt names; called for the excerpt of each pack.
    """
    by_pack: dict[str, list[model.Evidence]] = {}
    for match in matches:
        by_pack.setdefault(match.pack, []).extend(match.evidence)
    if not by_pack:
        return NO_FACTS
    around = text.sentences(article.text)
    whole = _facts(named, f"{article.title}\n{article.text}", article.lang)
    near = {pack: _near(_excerpt(article, around, evidence), evidence, mentions) for pack, evidence in by_pack.items()}
    return ArticleFacts(whole, near)


def _near(excerpt: model.Article, evidence: Sequence[model.Evidence], mentions: Mentions) -> Facts:
    found = {span.entity for span in evidence if span.entity}
    named = [
        mention
        for mention in mentions(excerpt)
        if mention.in_title or (mention.entity in found and mention.type in FOUND)
    ]
    return _facts(named, f"{excerpt.title}\n{excerpt.text}", excerpt.lang)


def _facts(named: Iterable[model.Mention], written: str, lang: str | None) -> Facts:
    named = tuple(named)
    return Facts(
        tuple(mention.entity for mention in named if mention.type in NAMED),
        tuple(mention.entity for mention in named if mention.type in PLACES),
        numbers.find_numbers(written, lang, MOST_NUMBERS),
    )


def _excerpt(
    article: model.Article, sentences: Sequence[tuple[int, int]], evidence: Iterable[model.Evidence]
) -> model.Article:
    """Return the article cut down to its title and the sentences that hold evidence, with their neighbours."""
    starts = [start for start, _ in sentences]
    kept: set[int] = set()
    for span in evidence:
        if span.field == "text" and sentences:
            place = max(0, bisect.bisect_right(starts, span.start) - 1)
            kept.update(range(max(0, place - NEIGHBOURS), min(len(sentences), place + NEIGHBOURS + 1)))
    said = "\n".join(article.text[start:end] for start, end in (sentences[place] for place in sorted(kept)))
    return model.Article(article.title, said, article.lang, published=article.published, first_seen=article.first_seen)


def _merged(own: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*own, *others)))


def _label(entity: str) -> str:
    """Return an entity's id as people read it: `rafah-crossing` is "Rafah Crossing", `un` "UN"."""
    words = entity.replace("_", " ").replace("-", " ").split()
    if len(words) == 1 and len(entity) <= LONGEST_ACRONYM:
        return entity.upper()
    return " ".join(word.upper() if word in ("un", "us", "eu", "uk") else word.capitalize() for word in words)
