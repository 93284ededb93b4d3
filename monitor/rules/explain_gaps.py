"""How near the operands of NEAR, THEN, SENT, PARA and NOTNEAR came where they did not come near enough."""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import NamedTuple

from monitor.rules import tree
from monitor.rules.evaluate import evaluate
from monitor.rules.tree import Hit, Node
from monitor.rules.view import View

WIDE = 1_000
"""Words between operands beyond which nobody wants to know how many."""

MOST_PLACES = 2_000
"""Matches of one operand that are looked at."""

MOST_MENTIONS = 10
"""Mentions whose distance from what NOTNEAR keeps away is measured."""


class Miss(NamedTuple):
    """Why the operands, all of them there, make no match. `gap`: words or units between; `hits`: where it was so.

    `kind`: `far`, `order` (THEN), `fields` (some only in the title, others only in the text), `same` (one mention
    would have to be two operands), `wide` (further apart than anybody measures).
    """

    kind: str
    gap: int | None = None
    hits: tuple[Hit, ...] = ()


def near_miss(node: tree.Near, view: View) -> Miss:
    """Return why a NEAR or THEN is false whose operands are all there."""
    if not _by_field(node.children, view):
        return Miss("fields")
    turned = _match(node, node.distance, False, view) if node.ordered else None
    if turned is not None:
        return Miss("order", None, turned)
    hits = _closest(node, view)
    if hits is not None:
        return Miss("far", gap_of(hits), hits)
    some = _match(node, view.size, False, view)
    if some is None:
        return Miss("same")
    return Miss("order", None, some) if node.ordered else Miss("wide")


def _closest(node: tree.Near, view: View) -> tuple[Hit, ...] | None:
    """Return the matches of the operands with the least gap, by halving what is allowed; None beyond WIDE."""
    low, high = node.distance, WIDE
    best = _match(node, high, node.ordered, view)
    while best is not None and high - low > 1:
        middle = (low + high) // 2
        found = _match(node, middle, node.ordered, view)
        low, high, best = (middle, high, best) if found is None else (low, max(low + 1, gap_of(found)), found)
    return best


def _match(node: tree.Near, distance: int, ordered: bool, view: View) -> tuple[Hit, ...] | None:
    """Return the first match that `node` would have at another distance, one part for each operand."""
    other = tree.Near(node.children, distance, ordered, 1)
    view.memo["explained", id(node), distance, ordered] = other  # kept: what a node was found to be goes by its id
    found = evaluate(other, view)
    return assigned(found[0], [evaluate(child, view) for child in node.children]) if found else None


def gap_of(hits: Sequence[Hit]) -> int:
    """Return the words between the first and the last of `hits` that none of them covers."""
    gap, end = 0, -1
    for hit in sorted(hits, key=_place):
        gap += max(0, hit.lo - end - 1) if end >= 0 else 0
        end = max(end, hit.hi)
    return gap


def parts_of(hit: Hit) -> tuple[Hit, ...]:
    """Return the matches that a match of NEAR, THEN, SENT or PARA is made of."""
    assert isinstance(hit.what, tuple), "a match of several operands"
    return hit.what


def assigned(whole: Hit, operands: Sequence[Sequence[Hit]]) -> tuple[Hit, ...]:
    """Return the parts of a match in the order of the operands that they stand for."""
    places = [{(hit.lo, hit.hi) for hit in operand} for operand in operands]

    def choose(at: int, left: tuple[Hit, ...]) -> tuple[Hit, ...] | None:
        if at == len(places):
            return ()
        for hit in left:
            if (hit.lo, hit.hi) in places[at]:
                rest = choose(at + 1, tuple(other for other in left if other is not hit))
                if rest is not None:
                    return (hit, *rest)
        return None

    return choose(0, parts_of(whole)) or parts_of(whole)


def unit_miss(node: tree.Together, view: View) -> Miss:
    """Return why a SENT or PARA is false whose operands are all there; `gap`: how many units apart they stand."""
    rows = _by_field(node.children, view)
    if not rows:
        return Miss("fields")
    starts = view.sentences if node.unit == "sentence" else view.starts
    return min((_unit_miss(operands, starts) for operands in rows), key=lambda miss: (miss.gap is None, miss.gap))


def _unit_miss(operands: list[list[Hit]], starts: Sequence[int]) -> Miss:
    """Return the fewest units that hold one match of each operand: one pass over all of them."""
    events = sorted(
        ((bisect.bisect_right(starts, hit.lo), n, hit) for n, operand in enumerate(operands) for hit in operand),
        key=lambda event: (event[:2], _place(event[2])),
    )
    latest: dict[int, tuple[int, Hit]] = {}
    best: tuple[int, tuple[Hit, ...]] | None = None
    for unit, operand, hit in events:
        latest[operand] = (unit, hit)
        if len(latest) == len(operands):
            apart = unit - min(first for first, _ in latest.values())
            if apart and (best is None or apart < best[0]):
                best = apart, tuple(latest[n][1] for n in range(len(operands)))
    return Miss("far", *best) if best is not None else Miss("same")


def _by_field(children: Sequence[Node], view: View) -> list[list[list[Hit]]]:
    """Return the matches of each child in the title, then in the body, where all children have some."""
    values = [evaluate(child, view) for child in children]
    rows = [[_part(hits, view, in_title) for hits in values] for in_title in (True, False)]
    return [row for row in rows if all(row)]


def _part(hits: list[Hit], view: View, in_title: bool) -> list[Hit]:
    return [hit for hit in hits if (hit.lo < view.in_title) == in_title][:MOST_PLACES]


def only_field(node: Node, view: View) -> str | None:
    """Return the only field in which `node` has matches: `title` or `text`; None where it has in both."""
    fields = {"title" if hit.lo < view.in_title else "text" for hit in evaluate(node, view)}
    return fields.pop() if len(fields) == 1 else None


def kept_away(node: tree.Apart, view: View) -> tuple[int, Hit, Hit] | None:
    """Return (words between, mention, word) of the mention that came nearest to standing far enough from the other."""
    others = evaluate(node.other, view)
    pairs = [nearest_word(hit, others, view) for hit in evaluate(node.child, view)[:MOST_MENTIONS]]
    return max((pair for pair in pairs if pair is not None), key=lambda pair: pair[0], default=None)


def nearest_word(mention: Hit, words: Sequence[Hit], view: View) -> tuple[int, Hit, Hit] | None:
    """Return (words between, mention, word) of the word that stands nearest in the mention's field."""
    pairs = [(between(mention, word), mention, word) for word in words if view.same_field(mention.lo, word.lo)]
    return min(pairs, key=lambda pair: (pair[0], _place(pair[2])), default=None)


def between(a: Hit, b: Hit) -> int:
    """Return how many words stand between two matches."""
    return max(0, b.lo - a.hi - 1, a.lo - b.hi - 1)


def _place(hit: Hit) -> tuple[int, int]:
    return hit.lo, hit.hi
