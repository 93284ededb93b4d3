"""One match of each operand, close together: the value of NEAR, THEN, SENT and PARA, whatever the operands are.

A match is the smallest stretch of words that holds one match of every operand, no two of them in the very same place.
Its gap is the number of words in it that no operand covers. Taken in the order in which they begin, the uncovered words
are the jumps from the furthest end so far to the next beginning, so one pass over (which operands, furthest end, gap)
finds the best stretch from a given beginning; nobody multiplies the lists out.
"""

from __future__ import annotations

import bisect
import heapq
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from monitor.rules import bits
from monitor.rules.tree import Hit

MANY = 64
"""Matches of all operands in a stretch beyond which it is worth the trouble to be clever."""

MOST_EACH = 8
"""Next matches of each operand that are looked at where distance does not matter and there are MANY: one for each of at
most 6 operands, since no two may take the same place, and some to spare."""


class Operand:
    """The matches of one operand in one stretch of text, in order of (lo, hi); at least one."""

    def __init__(self, hits: Sequence[Hit]) -> None:
        self.hits = hits
        self.los = [hit[0] for hit in hits]

    @cached_property
    def longest(self) -> int:
        """The words of the longest match."""
        return max(hit[1] - hit[0] for hit in self.hits) + 1

    @cached_property
    def bits(self) -> int:
        """The words at which matches begin."""
        return bits.of(self.los)

    def begins_at(self, lo: int) -> bool:
        """Return whether a match begins at word `lo`."""
        hit = self.at(lo)
        return hit is not None and hit.lo == lo

    def at(self, lo: int) -> Hit | None:
        """Return the first match at word `lo` or behind it."""
        number = bisect.bisect_left(self.los, lo)
        return self.hits[number] if number < len(self.hits) else None


def close(operands: Sequence[Operand], distance: int, ordered: bool, most: int) -> list[Hit]:
    """Return the first `most` matches of NEAR (`ordered`: THEN) within one field, in order.

    Args:
        distance: Most uncovered words.
    """
    starts = None
    if sum(len(operand.hits) for operand in operands) > MANY:
        width = distance + sum(operand.longest for operand in operands) - 1
        starts = _starts_in_order(operands, distance) if ordered else _starts(operands, width)
        near_by = [_inside(operand, bits.reach_up(starts, width)) for operand in operands]
        operands = [operand for operand in near_by if operand is not None]
        if len(operands) < len(near_by):
            return []
    return list(islice(_minimal(_Search(operands, distance, ordered), starts), most))


def _inside(operand: Operand, words: int) -> Operand | None:
    """Return the matches of `operand` that begin at one of `words`, None where none does."""
    size = operand.los[-1] + 1
    row = bits.row(words, size)
    hits = [hit for hit in operand.hits if row[hit[0] >> 3] >> (hit[0] & 7) & 1]
    return Operand(hits) if hits else None


def together(units: Iterable[Sequence[Operand]], most: int) -> list[Hit]:
    """Return the first `most` matches of SENT or PARA. `units`: for each, the matches of every operand inside it."""
    found: list[Hit] = []
    for operands in units:
        found += islice(_in_unit(operands), most - len(found))
        if len(found) >= most:
            break
    return found


def _in_unit(operands: Sequence[Operand]) -> Iterator[Hit]:
    search = _Search(operands, None, False)
    many = sum(len(operand.hits) for operand in operands) > MANY
    return _minimal_far(search) if many else _minimal(search, None)


def by_unit(hits: Iterable[Hit], starts: Sequence[int]) -> dict[int, Operand]:
    """Return the matches that lie within one unit, by its number. `starts`: the first words of the units."""
    found: dict[int, list[Hit]] = {}
    for hit in hits:
        unit = bisect.bisect_right(starts, hit.lo)
        if unit == len(starts) or hit.hi < starts[unit]:
            found.setdefault(unit, []).append(hit)
    return {unit: Operand(inside) for unit, inside in found.items()}


def shared_units(operands: Sequence[Mapping[int, Operand]]) -> Iterator[list[Operand]]:
    """Yield the matches of every operand for each unit that holds them all."""
    common = set(operands[0])
    for operand in operands[1:]:
        common &= operand.keys()
    for unit in sorted(common):
        yield [operand[unit] for operand in operands]


# -- where a match may begin ---------------------------------------------------------------------------


def _starts(operands: Sequence[Operand], width: int) -> int:
    """Return a set (`bits`) of words that holds every beginning of a match and little else."""
    possible = -1
    for operand in operands:
        possible &= bits.reach_down(operand.bits, width)
    return possible


def _starts_in_order(operands: Sequence[Operand], distance: int) -> int:
    """Return the same where each operand must begin behind the one before."""
    possible = operands[-1].bits
    for operand in reversed(operands[:-1]):
        possible = operand.bits & (bits.reach_down(possible, distance + operand.longest - 1) >> 1)
    return possible


# -- the general case ----------------------------------------------------------------------------------


class _Event(NamedTuple):
    lo: int
    hi: int
    operand: int
    hit: Hit


class _State(NamedTuple):
    """Some operands placed. `chosen`: what was placed, in order of its beginning; `taken`: a bit an operand."""

    hi: int
    gap: int
    chosen: tuple[_Event, ...]
    taken: int


class _Search:
    """The matches of all operands in order of their beginning, merged as far as they are needed."""

    def __init__(self, operands: Sequence[Operand], distance: int | None, ordered: bool) -> None:
        self.operands = operands
        self._distance = distance
        self._ordered = ordered
        self._all = (1 << len(operands)) - 1
        self._last = min(operand.los[-1] for operand in operands)
        self.size = max(operand.los[-1] for operand in operands) + 1
        rows = [_events(number, operand.hits) for number, operand in enumerate(operands)]
        few = sum(len(operand.hits) for operand in operands) <= MANY
        self._events: list[_Event] = sorted(event for row in rows for event in row) if few else []
        self._more: Iterator[_Event] = iter(()) if few else heapq.merge(*rows)

    def event(self, at: int) -> _Event | None:
        """Return the event number `at`, None behind the last."""
        while at >= len(self._events):
            new = next(self._more, None)
            if new is None:
                return None
            self._events.append(new)
        return self._events[at]

    def starts(self) -> Iterator[tuple[int, int]]:
        """Yield (first event, word) of each beginning from which every operand still lies ahead."""
        at, before = 0, -1
        while (event := self.event(at)) is not None and event.lo <= self._last:
            if event.lo != before and (not self._ordered or self.operands[0].begins_at(event.lo)):
                yield at, event.lo
            at, before = at + 1, event.lo

    def best(self, at: int) -> _State | None:
        """Return the shortest match that begins where event `at` does; of those the one with the smallest gap."""
        return self._run(self._from(at), True)

    def _from(self, at: int) -> Iterator[_Event]:
        while (event := self.event(at)) is not None:
            yield event
            at += 1

    def nearest(self, lo: int, fixed: bool) -> _State | None:
        """Return the match that ends first of those that begin at word `lo` (not `fixed`: at or behind it)."""
        ahead: list[_Event] = []
        for number, operand in enumerate(self.operands):
            first = bisect.bisect_left(operand.los, lo)
            ahead += _events(number, operand.hits[first : first + MOST_EACH])
        return self._run(iter(sorted(ahead, key=_place)), fixed)

    def _run(self, events: Iterator[_Event], fixed: bool) -> _State | None:
        states: list[_State] = []
        best: _State | None = None
        first = horizon = -1
        group: list[_State] = []
        place = (-1, -1)
        for event in events:
            lo, hi = event.lo, event.hi
            if first < 0:
                first = lo
            if best is not None and lo > best.hi:
                break
            if self._distance is not None and horizon >= 0 and lo > horizon and lo != first:
                break
            if (lo, hi) != place:  # no two operands may stand in the very same place
                states = _kept(states, group) if group else states
                group, place = [], (lo, hi)
            for state in self._next(states, event, not fixed or lo == first):
                if best is not None and state.hi > best.hi:
                    continue
                if state.taken == self._all:
                    best = state if best is None or _better(state, best) else best
                else:
                    group.append(state)
                    if self._distance is not None:
                        horizon = max(horizon, state.hi + self._distance - state.gap + 1)
        return best

    def _next(self, states: list[_State], event: _Event, may_start: bool) -> Iterator[_State]:
        lo, hi, operand, _ = event
        bit = 1 << operand
        if may_start and (not self._ordered or operand == 0):
            yield _State(hi, 0, (event,), bit)
        for state in states:
            if state.taken & bit or (self._ordered and (state.taken + 1 != bit or lo <= state.chosen[-1].lo)):
                continue
            gap = state.gap + max(0, lo - state.hi - 1)
            if self._distance is None or gap <= self._distance:
                yield _State(max(state.hi, hi), gap, (*state.chosen, event), state.taken | bit)


def _events(number: int, hits: Iterable[Hit]) -> Iterator[_Event]:
    return (_Event(hit[0], hit[1], number, hit) for hit in hits)


def _place(event: _Event) -> tuple[int, int, int]:
    return event[:3]


def _better(new: _State, old: _State) -> bool:
    """Return whether `new` ends sooner, else has the smaller gap, else its words stand further left."""
    return (new.hi, new.gap, _order(new)) < (old.hi, old.gap, _order(old))


def _order(state: _State) -> list[tuple[int, int, int]]:
    return [event[:3] for event in state.chosen]


def _kept(states: list[_State], new: list[_State]) -> list[_State]:
    """Return both, without the new ones that an older one can always stand in for."""
    fresh = [state for state in new if not any(_covers(old, state) for old in states)]
    return states + fresh


def _covers(old: _State, new: _State) -> bool:
    if old.taken != new.taken or old.hi > new.hi:
        return False
    ahead, behind = old.gap - old.hi, new.gap - new.hi
    return ahead < behind or (ahead == behind and _order(old) <= _order(new))


def _minimal(search: _Search, starts: int | None) -> Iterator[Hit]:
    """Yield the matches that hold no other inside, in order."""
    open_: deque[tuple[int, _State]] = deque()
    row = None if starts is None else bits.row(starts, search.size)
    for at, lo in search.starts():
        if row is not None and not row[lo >> 3] >> (lo & 7) & 1:
            continue
        while open_ and open_[0][1].hi < lo:
            yield _hit(*open_.popleft())
        found = search.best(at)
        if found is None:
            continue
        while open_ and open_[-1][1].hi >= found.hi:
            open_.pop()
        open_.append((lo, found))
    for lo, state in open_:
        yield _hit(lo, state)


def _minimal_far(search: _Search) -> Iterator[Hit]:
    """Yield the same where only ends matter and there are many matches: from each end back to the last beginning.

    The end that can be reached from a beginning never falls as the beginning moves on, so the last beginning with the
    same end is found by halving.
    """
    begins = sorted({lo for operand in search.operands for lo in operand.los})
    at = 0
    while at < len(begins) and (found := search.nearest(begins[at], fixed=False)) is not None:
        step, low = 1, at
        while low + step < len(begins) and _ends(search, begins[low + step]) == found.hi:
            low, step = low + step, step * 2
        high = min(low + step, len(begins))
        while high - low > 1:
            middle = (low + high) // 2
            if _ends(search, begins[middle]) == found.hi:
                low = middle
            else:
                high = middle
        exact = search.nearest(begins[low], fixed=True) or found
        yield _hit(begins[low], exact)
        at = low + 1


def _ends(search: _Search, lo: int) -> int | None:
    found = search.nearest(lo, fixed=False)
    return None if found is None else found.hi


def _hit(lo: int, state: _State) -> Hit:
    return Hit(lo, state.hi, tuple(event.hit for event in state.chosen))
