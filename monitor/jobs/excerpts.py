"""What a search shows of an article: its title and pieces of its text, with the places that made it true. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH = 200
"""Characters of one excerpt, without the end of its last word."""

MOST = 3
"""Excerpts of one text."""

BEFORE = 60
"""Characters shown before the first place of an excerpt."""

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of text; `marked`: it is one of the places."""

    text: str
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of a text from `start`, in pieces; `opens`, `closes`: it begins and ends with the text itself."""

    start: int
    pieces: tuple[Piece, ...]
    opens: bool
    closes: bool


def marked(text: str, places: Iterable[Place]) -> tuple[Piece, ...]:
    """Return all of `text` in pieces."""
    return _pieces(text, _merged(places), 0, len(text))


def excerpts(text: str, places: Iterable[Place]) -> tuple[Excerpt, ...]:
    """Return the parts of `text` around the first `places`; its beginning where there are none."""
    merged = _merged(places)
    ranges: list[Place] = []
    for start, end in merged or [(0, 0)]:
        if ranges and end <= ranges[-1][1]:
            continue
        if len(ranges) == MOST:
            break
        floor = ranges[-1][1] if ranges else 0
        ranges.append(_around(text, start, end, floor))
    return tuple(
        Excerpt(a, _pieces(text, merged, a, b), not text[:a].strip(), not text[b:].strip()) for a, b in ranges if a < b
    )


def _merged(places: Iterable[Place]) -> list[Place]:
    merged: list[Place] = []
    for start, end in sorted(places):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _around(text: str, start: int, end: int, floor: int) -> Place:
    """Return a part of `text` with the place, cut between words; a word may be longer than an excerpt."""
    begin = max(floor, start - BEFORE)
    if begin > floor:
        space = text.find(" ", begin, start)
        begin = space + 1 if space >= 0 else begin
    close = max(end, begin + WIDTH)
    if close < len(text):
        space = text.find(" ", close, close + BEFORE)
        close = space if space >= 0 else close
    return begin, min(close, len(text))


def _pieces(text: str, places: Sequence[Place], begin: int, close: int) -> tuple[Piece, ...]:
    pieces, at = [], begin
    for start, end in places:
        a, b = max(start, begin), min(end, close)
        if a >= b:
            continue
        pieces += [Piece(text[at:a]), Piece(text[a:b], True)]
        at = b
    pieces.append(Piece(text[at:close]))
    return tuple(piece for piece in pieces if piece.text)
