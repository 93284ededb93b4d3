"""What a text tells of, in terms that are the same in English, Arabic, Hebrew and French: a quake is a quake.

Reports in two languages share no words. Entities of the rules join those that a desk has rules for; `senses.txt` adds
what any newsroom writes of: four hundred and fifty events, things and places under their names in each language. Only
the title and the first words count, since a report begins with what it is about.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from monitor import model, text

LANGUAGES = ("en", "ar", "he", "fr")
"""In the order of the columns of senses.txt."""
LEAD = 80
"""Words of the text that are read. 40 to 150 make no difference on tests/eval/cases/stories.yaml (dev)."""
LEAD_CHARACTERS = 1_200
SHORTEST, LONGEST = 3, 16
"""Letters of a beginning that are looked up."""


ENTITY, NUMBER, DIGIT = 5.0, 4.5, 3.0
"""Weights of entities that senses.txt does not know, of numbers, and of those with one digit."""
COMMON = 2.0
"""Weight up to which a term tells nothing: one in seven reports holds it."""
ALIKE = 0.46
TELLING = 5.0
"""What two reports in different languages have at least that tell of one event. Chosen on the pairs within 48 hours of
tests/eval/cases/stories.yaml (dev), round-ups left out: precision 0.98, recall 0.93; then 0.99 and 0.89 on `check`.
Without TELLING three times as many undated posts of fignews-2024-iaa seem alike: all tell of Gaza, Israel, Hamas."""
_YEAR = re.compile(r"(?:19|20)\d\d")


class Sense(NamedTuple):
    """A term of senses.txt. `weight`: how telling it is, the natural logarithm of one in how many reports hold it."""

    id: str
    weight: float


class Term(NamedTuple):
    """What a text tells of. `weight`: how telling it is; `first`: words of title and text before its first mention."""

    weight: float
    first: int


class Likeness(NamedTuple):
    """How alike two texts are. `score`: the cosine of their terms' weights, from 0 to 1; `telling`: the sum of what the
    shared terms weigh above COMMON; `shared`: these, the heaviest first."""

    score: float
    telling: float
    shared: tuple[str, ...]

    @property
    def one_event(self) -> bool:
        """Return whether two reports in different languages, hours apart, tell of one event."""
        return self.score >= ALIKE and self.telling >= TELLING


@cache
def known() -> Mapping[str, Sense]:
    """Return every term by its id."""
    return {sense.id: sense for sense, _ in _lines()}


def senses_of(title: str, body: str, lang: str | None) -> dict[str, int]:
    """Return id -> words before its first mention, for what title and lead hold; nothing in an unknown language.

    Args:
        lang: Code of the article's language; regions are ignored.
    """
    return _senses([*text.Words(title).pieces, *text.Words(body[:LEAD_CHARACTERS]).pieces[:LEAD]], lang)


def _senses(pieces: list[text.Piece], lang: str | None) -> dict[str, int]:
    index = _indexes().get((lang or "").replace("_", "-").split("-")[0].casefold())
    if index is None:
        return {}
    found: dict[str, int] = {}
    for at, piece in enumerate(pieces):
        ids, phrases = index.get((piece.folded, len(piece.forms))) or index.look_up(piece.folded, _forms(piece))
        for id in ids:
            found.setdefault(id, at)
        for rest, id in phrases:
            if _stands(rest, [_forms(behind) for behind in pieces[at + 1 : at + 1 + len(rest)]]):
                found.setdefault(id, at)
    return found


def _forms(piece: text.Piece) -> tuple[str, ...]:
    return tuple(form.text for form in piece.forms)


def _stands(rest: tuple[str, ...], behind: list[tuple[str, ...]]) -> bool:
    """Return whether the other words of a phrase stand behind its first, each in one of its forms."""
    return len(behind) == len(rest) and all(word in forms for word, forms in zip(rest, behind, strict=True))


Phrases = tuple[tuple[tuple[str, ...], str], ...]
"""What must stand behind a form, and what is then found."""

MOST_KEPT = 8_192
"""Words of each language that are looked up once."""


class _Index(dict[tuple[str, int], tuple[tuple[str, ...], Phrases]]):
    """What words name in one language, and the phrases that they begin, found when they are first asked for.

    A word is known by how it is folded and how many forms it has: those of an acronym are more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._single: dict[str, list[str]] = {}
        self._prefix: dict[str, list[str]] = {}
        self._phrase: dict[str, list[tuple[tuple[str, ...], str]]] = {}

    def add(self, id: str, written: str) -> None:
        """Add a term: a word, the beginning of words (`quake*`), or a phrase."""
        first, *rest = text.folded_words(written.removesuffix("*"))
        if rest:
            self._phrase.setdefault(first, []).append((tuple(rest), id))
        else:
            (self._prefix if written.endswith("*") else self._single).setdefault(first, []).append(id)

    def look_up(self, folded: str, forms: tuple[str, ...]) -> tuple[tuple[str, ...], Phrases]:
        """Return what a word with these forms names, and the phrases that it begins."""
        ids = tuple(dict.fromkeys(id for form in forms for id in self._named(form)))
        found = ids, tuple(phrase for form in forms for phrase in self._phrase.get(form, ()))
        if len(self) >= MOST_KEPT:
            self.clear()
        self[folded, len(forms)] = found
        return found

    def _named(self, form: str) -> Iterator[str]:
        yield from self._single.get(form, ())
        for length in range(SHORTEST, min(len(form), LONGEST) + 1):
            yield from self._prefix.get(form[:length], ())


@cache
def _indexes() -> Mapping[str, _Index]:
    indexes = {lang: _Index() for lang in LANGUAGES}
    for sense, columns in _lines():
        for lang, terms in zip(LANGUAGES, columns, strict=True):
            for term in terms:
                indexes[lang].add(sense.id, term)
    return indexes


def _lines() -> Iterator[tuple[Sense, list[list[str]]]]:
    """Yield the terms of senses.txt with their names in each language: `quake 4.2: quake*, tremor* | ... | ...`."""
    written = resources.files("monitor.stories").joinpath("senses.txt").read_text("utf-8")
    for line in written.splitlines():
        if line and not line.startswith("#"):
            head, _, names = line.partition(": ")
            id, weight = head.split()
            columns = [[name.strip() for name in column.split(",") if name.strip()] for column in names.split("|")]
            yield Sense(id, float(weight)), columns


def terms_of(article: model.Article, mentions: Iterable[model.Mention]) -> dict[str, Term]:
    """Return what title and lead tell of, by terms that do not depend on the language: senses, entities, numbers.

    Args:
        mentions: The entities that the article names; those below the lead are left out.
    """
    found: dict[str, Term] = {}
    pieces = [*text.Words(article.title).pieces, *text.Words(article.text[:LEAD_CHARACTERS]).pieces[:LEAD]]
    for id, first in _senses(pieces, article.lang).items():
        found[id] = Term(known()[id].weight, first)
    for mention in mentions:
        if mention.first < len(pieces):
            sense = known().get(mention.entity)
            first = min(mention.first, found[mention.entity].first if mention.entity in found else mention.first)
            found[mention.entity] = Term(sense.weight if sense else ENTITY, first)
    for first, piece in enumerate(pieces):
        if piece.folded[0].isdigit() and not _YEAR.fullmatch(piece.folded):
            found.setdefault(f"#{piece.folded}", Term(NUMBER if len(piece.folded) > 1 else DIGIT, first))
    return found


def compare(own: Mapping[str, Term], other: Mapping[str, Term]) -> Likeness:
    """Return how alike two texts are by their terms, whatever their languages."""
    shared = own.keys() & other.keys()
    if not shared:
        return Likeness(0.0, 0.0, ())
    common = sum(own[id].weight * other[id].weight for id in shared)
    score = common / math.sqrt(_squares(own) * _squares(other))
    telling = min(_telling(own, shared), _telling(other, shared))
    return Likeness(score, telling, tuple(sorted(shared, key=lambda id: (-own[id].weight, id))))


def _squares(terms: Mapping[str, Term]) -> float:
    return sum(term.weight * term.weight for term in terms.values())


def _telling(terms: Mapping[str, Term], shared: Iterable[str]) -> float:
    """Return the sum of what is above COMMON; of several terms in one place ("Netanyahu", his office) the heaviest."""
    best: dict[int, float] = {}
    for term in map(terms.__getitem__, shared):
        best[term.first] = max(best.get(term.first, 0.0), term.weight - COMMON)
    return sum(best.values())
