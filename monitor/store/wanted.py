"""What a search asks the full-text index for: words that stand side by side, all of some, or one of some.

It is what must be true of every article that a query finds, so that nothing is missed; what is true of too many is
sorted out by evaluating the query itself. `None` stands for what the index cannot tell.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

LONGEST_WORD = 200
"""Letters of a word that the index is asked for (`word_forms.LONGEST`)."""

DEEPEST = 12
"""Brackets inside one another that databases read; their parsers have a stack of a hundred signs."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Forms of words that stand side by side. Build it with `phrase`.

    `begins`: the last is only how its word begins. `column`: `title` or `text`, None for both.
    """

    forms: tuple[str, ...]
    begins: bool = False
    column: str | None = None


@dataclass(frozen=True, slots=True)
class All:
    """Every one of `parts`."""

    parts: tuple[Wanted, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One of `parts`."""

    parts: tuple[Wanted, ...]


Wanted = Phrase | All | Any


def phrase(forms: Sequence[str], begins: bool = False, column: str | None = None) -> Phrase | None:
    """Return the phrase, None where the index may not hold its words: letters that its tokeniser may not know."""
    if not forms or any(len(form) > LONGEST_WORD or not _is_old(form) for form in forms):
        return None
    return Phrase(tuple(forms), begins, column)


def _is_old(form: str) -> bool:
    """Return whether every letter stood in Unicode 3.2 already: the tokenisers of databases know at least 6.1."""
    return form.isascii() or all(unicodedata.ucd_3_2_0.category(char) != "Cn" for char in form)


def all_of(parts: Iterable[Wanted | None]) -> Wanted | None:
    """Return what asks for every part; a part that the index cannot tell asks for nothing."""
    flat: dict[Wanted, None] = {}
    for part in parts:
        if part is not None:
            flat.update(dict.fromkeys(part.parts if isinstance(part, All) else (part,)))
    if len(flat) < 2:
        return next(iter(flat), None)
    return All(tuple(flat))


def any_of(parts: Iterable[Wanted | None]) -> Wanted | None:
    """Return what asks for one of the parts; None where the index cannot tell one of them."""
    flat: dict[Wanted, None] = {}
    for part in parts:
        if part is None:
            return None
        flat.update(dict.fromkeys(part.parts if isinstance(part, Any) else (part,)))
    kept = _without_narrower(list(flat))
    return kept[0] if len(kept) == 1 else Any(tuple(kept)) if kept else None


def shallow(asked: Wanted | None, deepest: int = DEEPEST) -> Wanted | None:
    """Return what asks for no more than `asked` and is at most `deepest` brackets deep."""
    if asked is None or isinstance(asked, Phrase):
        return asked
    if not deepest:
        return None
    parts = [shallow(part, deepest - 1) for part in asked.parts]
    return all_of(parts) if isinstance(asked, All) else any_of(parts)


def _without_narrower(parts: list[Wanted]) -> list[Wanted]:
    """Return `parts` without those that ask for another one and more: "Gaza Strip" beside "Gaza"."""
    there = set(parts)
    return [part for part in parts if not _asks_for_more(part, there)]


def _asks_for_more(part: Wanted, there: set[Wanted]) -> bool:
    """Return whether `part` asks for one of `there`, among other things."""
    if isinstance(part, All):
        return any(inner in there or _asks_for_more(inner, there) for inner in part.parts)
    if isinstance(part, Any) or (len(part.forms) == 1 and part.column is None):
        return False
    return any(word in there for word in _words_of(part) if word != part)


def _words_of(part: Phrase) -> Iterator[Phrase]:
    last = len(part.forms) - 1
    for at, form in enumerate(part.forms):
        for column in {part.column, None}:
            yield Phrase((form,), part.begins and at == last, column)
