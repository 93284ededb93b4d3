"""What a text tells of, in terms that are the same in English, Arabic, Hebrew and French: a quake is a quake.

Reports in two languages share no words. Entities of the rules join those that a desk has rules for; `senses.txt` adds
what any newsroom writes of: four hundred and fifty events, things and places under their names in each language. Only
the title and the first words count, since a report begins with what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from monitor import text

LANGUAGES = ("en", "ar", "he", "fr")
"""In the order of the columns of senses.txt."""
LEAD = 80
"""Words of the text that are read. 40 to 150 make no difference on tests/eval/cases/stories.yaml (dev)."""
LEAD_CHARACTERS = 1_200
SHORTEST, LONGEST = 3, 16
"""Letters of a beginning that are looked up."""


class Sense(NamedTuple):
    """A term of senses.txt. `weight`: how telling it is, the natural logarithm of one in how many reports hold it."""

    id: str
    weight: float


@cache
def known() -> Mapping[str, Sense]:
    """Return every term by its id."""
    return {sense.id: sense for sense, _ in _lines()}


def senses_of(title: str, body: str, lang: str | None) -> dict[str, int]:
    """Return id -> words before its first mention, for what title and lead hold; nothing in an unknown language.

    Args:
        lang: Code of the article's language; regions are ignored.
    """
    index = _indexes().get((lang or "").replace("_", "-").split("-")[0].casefold())
    if index is None:
        return {}
    pieces = [*text.Words(title).pieces, *text.Words(body[:LEAD_CHARACTERS]).pieces[:LEAD]]
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
