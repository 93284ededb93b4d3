"""One match of each operand, close together: the value of NEAR, THEN, SENT and PARA.

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
from itertools import islice
from typing import NamedTuple

from monitor.rules import bits
from monitor.rules.tree import Hit

MANY = 64
"""Matches of all operands in a stretch beyond which it is worth the trouble to be clever."""

MOST_EACH = 8
"""Next matches of each operand that are looked at where distance does not matter and there are MANY: one for each of at
most 6 operands, since no two may take the same place, and some to spare."""


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


def close(operands: Sequence[Sequence[Hit]], distance: int, ordered: bool, most: int) -> list[Hit]:
    """Return the first `most` matches of NEAR (`ordered`: THEN) within one field, in order.

    Args:
        operands: For each, its matches in order of (lo, hi), none empty.
        distance: Most uncovered words.
    """
    starts = None
    if sum(map(len, operands)) > MANY:
        starts = _possible_starts(operands, distance)
        if starts is None:
            return []
    search = _Search(operands, distance, ordered)
    return list(islice(_minimal(search, starts), most))


def together(units: Iterable[Sequence[Sequence[Hit]]], most: int) -> list[Hit]:
    """Return the first `most` matches of SENT or PARA. `units`: for each, the matches of every operand inside it."""
    found: list[Hit] = []
    for operands in units:
        search = _Search(operands, None, False)
        many = sum(map(len, operands)) > MANY
        found += islice(_minimal_far(search) if many else _minimal(search, None), most - len(found))
        if len(found) >= most:
            break
    return found


def by_unit(hits: Iterable[Hit], starts: Sequence[int]) -> dict[int, list[Hit]]:
    """Return the matches that lie within one unit, by its number. `starts`: the first words of the units."""
    found: dict[int, list[Hit]] = {}
    for hit in hits:
        unit = bisect.bisect_right(starts, hit.lo)
        if unit == len(starts) or hit.hi < starts[unit]:
            found.setdefault(unit, []).append(hit)
    return found


def shared_units(operands: Sequence[Mapping[int, list[Hit]]]) -> Iterator[list[list[Hit]]]:
    """Yield the matches of every operand for each unit that holds them all."""
    common = set(operands[0])
    for operand in operands[1:]:
        common &= operand.keys()
    for unit in sorted(common):
        yield [operand[unit] for operand in operands]


def _possible_starts(operands: Sequence[Sequence[Hit]], distance: int) -> bits.Row | None:
    """Return a set that holds every word at which a match may begin, None where there is none."""
    size = max(operand[-1].lo for operand in operands) + 1
    width = distance + sum(max(hit.hi - hit.lo + 1 for hit in operand) for operand in operands) - 1
    possible = bits.below(size)
    for operand in operands:
        possible &= bits.reach_down(bits.of((hit.lo for hit in operand), size), width)
    return bits.Row(possible, size) if possible else None


class _Search:
    """The matches of all operands in order of their beginning, merged as far as they are needed."""

    def __init__(self, operands: Sequence[Sequence[Hit]], distance: int | None, ordered: bool) -> None:
        self.operands = operands
        self._distance = distance
        self._ordered = ordered
        self._all = (1 << len(operands)) - 1
        self._last = min(operand[-1].lo for operand in operands)
        rows = [[_Event(h[0], h[1], n, h) for h in hits] for n, hits in enumerate(operands)] if self._few() else None
        self._events: list[_Event] = sorted(e for row in rows for e in row) if rows else []
        self._more = iter(()) if rows else heapq.merge(*(_events(n, hits) for n, hits in enumerate(operands)))

    def _few(self) -> bool:
        return sum(map(len, self.operands)) <= MANY

    def event(self, at: int) -> _Event | None:
        """Return the event number `at`, None behind the last."""
        while at >= len(self._events):
            new = next(self._more, None)
            if new is None:
                return None
            self._events.append(new)
        return self._events[at]

    def starts(self) -> Iterator[int]:
        """Yield the number of the first event of each beginning from which every operand still lies ahead."""
        at, before = 0, -1
        while (event := self.event(at)) is not None and event.lo <= self._last:
            if event.lo != before:
                yield at
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
        ahead = []
        for number, operand in enumerate(self.operands):
            first = bisect.bisect_left(operand, lo, key=_lo)
            ahead += [_Event(h[0], h[1], number, h) for h in operand[first : first + MOST_EACH]]
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


def _lo(hit: Hit) -> int:
    return hit[0]


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


def _minimal(search: _Search, starts: bits.Row | None) -> Iterator[Hit]:
    """Yield the matches that hold no other inside, in order."""
    open_: deque[tuple[int, _State]] = deque()
    for at in search.starts():
        lo = search._events[at].lo
        if starts is not None and lo not in starts:
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
    begins = sorted({hit.lo for operand in search.operands for hit in operand})
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
