"""NEAR, THEN, SENT and PARA where every match is a single word: nearly every query of nearly every desk.

Then a match's gap is its length less its operands, the shortest stretch has the smallest gap, and sets of word numbers
(`bits`) are all that is needed: from a beginning to the first end, and from there back to the last beginning.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from monitor.rules import bits


class Stretch(NamedTuple):
    """Words `begin` to `end`; `words`: where each operand stands in it."""

    begin: int
    end: int
    words: tuple[int, ...]


def close(sets: Sequence[int], distance: int, ordered: bool) -> Iterator[Stretch]:
    """Yield the matches of NEAR (`ordered`: THEN) in order. `sets`: the words at which each operand stands."""
    width = distance + len(sets)
    window = bits.below(width)
    starts = _starts_in_order(sets, distance) if ordered else _starts(sets, width - 1)
    at = bits.first_from(starts, 0)
    while at is not None:
        found = _first([words >> at & window for words in sets], ordered)
        if found is None:
            at = bits.first_from(starts, at + 1)
            continue
        begin, end = at + found[0], at + found[1]
        yield _stretch(sets, begin, end, ordered)
        at = bits.first_from(starts, begin + 1)


def inside(sets: Sequence[int], first: int, last: int) -> Iterator[Stretch]:
    """Yield the matches within the words `first` to `last`, however far apart, in order."""
    unit = bits.below(last - first + 1)
    left = [words >> first & unit for words in sets]
    at = first
    while (found := _first(left, False)) is not None:
        yield _stretch(sets, at + found[0], at + found[1], False)
        step = found[0] + 1
        left = [words >> step for words in left]
        at += step


def _starts(sets: Sequence[int], reach: int) -> int:
    """Return the words from which every operand stands within `reach`; of two operands, in words of their own."""
    if len(sets) == 2:
        one, other = sets
        behind = max(0, reach - 1)
        return one & bits.reach_down(other, behind) >> 1 | other & bits.reach_down(one, behind) >> 1
    possible, everything = -1, 0
    for words, count in Counter(sets).items():
        begins = words if count == 1 else _begins_of(words, count, reach)
        possible &= bits.reach_down(begins, reach)
        everything |= words
    return possible & everything


def _begins_of(words: int, count: int, reach: int) -> int:
    """Return the words from which the same set has `count` of its own within `reach`."""
    rows = bits.numbers(words)
    return bits.of([first for first, last in zip(rows, rows[count - 1 :], strict=False) if last - first <= reach])


def _starts_in_order(sets: Sequence[int], distance: int) -> int:
    possible = sets[-1]
    for words in reversed(sets[:-1]):
        possible = words & (bits.reach_down(possible, distance) >> 1)
    return possible


def _first(sets: Sequence[int], ordered: bool) -> tuple[int, int] | None:
    """Return the last beginning and the first end of a match: no other one ends sooner. None where there is none."""
    if ordered:
        return _first_in_order(sets)
    if not all(sets):
        return None
    taken = 0
    for words in sets:
        if taken & words:
            return _first_distinct(sets)
        taken |= words
    end = max((words & -words).bit_length() for words in sets) - 1
    so_far = bits.below(end + 1)
    return min((words & so_far).bit_length() for words in sets) - 1, end


def _first_in_order(sets: Sequence[int]) -> tuple[int, int] | None:
    at = 0
    for words in sets:
        found = bits.first_from(words, at)
        if found is None:
            return None
        at = found + 1
    begin = at
    for words in reversed(sets):
        begin = (words & bits.below(begin)).bit_length() - 1
    return begin, at - 1


# -- operands that share words: no two may take the same one -----------------------------------------------


def _first_distinct(sets: Sequence[int]) -> tuple[int, int] | None:
    end = _end_distinct(sets)
    if end is None:
        return None
    turned = [_reversed(words & bits.below(end + 1), end) for words in sets]
    back = _end_distinct(turned)
    assert back is not None, "what can be placed forwards can be placed backwards"
    return end - back, end


def _reversed(words: int, end: int) -> int:
    return int(f"{words:0{end + 1}b}"[::-1], 2)


def _end_distinct(sets: Sequence[int]) -> int | None:
    """Return the first word up to which every operand can have a word of its own."""
    everything = 0
    for words in sets:
        everything |= words
    full = 1 << ((1 << len(sets)) - 1)
    reached = 1  # bit t: the operands in t can be placed; no operand so far
    at = bits.first_from(everything, 0)
    while at is not None:
        new = 0
        for number, words in enumerate(sets):
            if words >> at & 1:
                new |= (reached & _without(number, len(sets))) << (1 << number)
        reached |= new
        if reached & full:
            return at
        at = bits.first_from(everything, at + 1)
    return None


def _without(number: int, count: int) -> int:
    """Return the set of all sets of `count` operands that do not hold `number`."""
    known = _WITHOUT.get((number, count))
    if known is None:
        known = sum(1 << t for t in range(1 << count) if not t >> number & 1)
        _WITHOUT[number, count] = known
    return known


_WITHOUT: dict[tuple[int, int], int] = {}


def _stretch(sets: Sequence[int], begin: int, end: int, ordered: bool) -> Stretch:
    """Return the match from `begin` to `end` whose words stand furthest left."""
    unit = bits.below(end - begin + 1)
    left = [words >> begin & unit for words in sets]
    chosen = _chosen_in_order(left) if ordered else _chosen(left)
    return Stretch(begin, end, tuple(begin + word for word in chosen))


def _chosen_in_order(sets: Sequence[int]) -> list[int]:
    chosen: list[int] = []
    for words in sets:
        word = bits.first_from(words, chosen[-1] + 1 if chosen else 0)
        assert word is not None, "the stretch was found to hold every operand"
        chosen.append(word)
    return chosen


def _chosen(sets: Sequence[int]) -> list[int]:
    taken = 0
    for words in sets:
        if taken & words:
            return _chosen_distinct(sets)
        taken |= words
    return [(words & -words).bit_length() - 1 for words in sets]


def _chosen_distinct(sets: Sequence[int]) -> list[int]:
    """Return the words, of all ways to place the operands the one furthest to the left, then of the lower number."""
    chosen: dict[int, int] = {}
    at = 0
    while len(chosen) < len(sets):
        for number, words in enumerate(sets):
            others = [other >> at + 1 for n, other in enumerate(sets) if n != number and n not in chosen]
            if number not in chosen and words >> at & 1 and (not others or _end_distinct(others) is not None):
                chosen[number] = at
                break
        at += 1
    return [chosen[number] for number in range(len(sets))]
