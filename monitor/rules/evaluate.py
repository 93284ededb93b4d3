"""Nodes to matches: what an article makes true, and with which words.

Span-level nodes have a value, the list of their matches in order; article-level ones are true or false. `holds` asks
for truth and stops at the first reason, `evidence` for the matches to show.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Iterator, Sequence

from monitor.rules import bits, near, tree
from monitor.rules.tree import Hit, Node
from monitor.rules.view import View, script_of

MOST_HITS = 100
"""Matches of one node that are kept as evidence."""


def evaluate(node: Node, view: View) -> list[Hit]:
    """Return the matches of a span-level `node`, in order of their places. Each node is judged once."""
    known: list[Hit] | None = view.memo.get(id(node))
    if known is None:
        known = view.memo[id(node)] = _VALUES[type(node)](node, view)
    return known


def holds(node: Node, view: View) -> bool:
    """Return whether `node` is true of the article."""
    judge = _JUDGES.get(type(node))
    if judge is None:
        return bool(evaluate(node, view))
    key = ("holds", id(node))
    known: bool | None = view.memo.get(key)
    if known is None:
        known = view.memo[key] = judge(node, view)
    return known


def evidence(node: Node, view: View) -> Iterator[Hit]:
    """Yield places of leaves that make `node` true; nothing where it is false, and nothing of what it excludes."""
    if not holds(node, view):
        return
    below = _SHOWN.get(type(node))
    if below is None:
        for hit in evaluate(node, view)[:MOST_HITS]:
            yield from tree.leaves_of(hit)
    else:
        for child in below(node, view):
            yield from evidence(child, view)


# -- span level ------------------------------------------------------------------------------------


def _leaf(node: tree.Leaf, view: View) -> list[Hit]:
    return [Hit(lo, hi, node) for lo, hi in view.find(node.parts, node.clitics)]


def _pattern(node: tree.Pattern, view: View) -> list[Hit]:
    return view.find_pattern(node)


def _mention(node: tree.Mention, view: View) -> list[Hit]:
    if not counts_in(node, view.lang):
        return []
    hits = evaluate(node.child, view)
    if hits and node.require:
        near_by = Surroundings.of(node.require, node.within, view)
        hits = [hit for hit in hits if near_by.beside(hit)]
    if hits and node.forbid:
        near_by = Surroundings.of(node.forbid, node.forbid_within, view)
        hits = [hit for hit in hits if not near_by.beside_or_across(hit)]
    return hits


def counts_in(node: tree.Mention, lang: str | None) -> bool:
    """Return whether the mention counts in articles of `lang`; unknown languages pass.

    A list item under key L also counts where L is written in another script: it can hardly be mistaken there.
    """
    if lang is None:
        return True
    if node.langs is not None and lang not in node.langs:
        return False
    return node.lang is None or node.lang == lang or script_of(node.lang) != script_of(lang)


def _held(node: tree.Held, view: View) -> list[Hit]:
    return evaluate(node.child, view) if in_office(node, view) else []


def in_office(node: tree.Held, view: View) -> bool:
    """Return whether the holder held the office at the article's date; an article without any date passes."""
    moment = view.moment
    if moment is None:
        return True
    return (node.start is None or node.start <= moment) and (node.end is None or moment < node.end)


def _named(node: tree.Named, view: View) -> list[Hit]:
    return evaluate(node.child, view)


def _any_of(node: tree.AnyOf, view: View) -> list[Hit]:
    values = [hits for child in node.worth_asking(view) if (hits := evaluate(child, view))]
    if len(values) < 2:
        return values[0] if values else []
    first: dict[tuple[int, int], Hit] = {}
    for hit in itertools.chain.from_iterable(values):
        first.setdefault((hit[0], hit[1]), hit)
    return [first[place] for place in sorted(first)]


def _within(node: tree.Within, view: View) -> list[Hit]:
    ranges = [view.fields[field] for field in node.fields]
    start, end = max(first for first, _ in ranges), min(last for _, last in ranges)
    return [hit for hit in evaluate(node.child, view) if hit.lo >= start and hit.hi < end]


def _near(node: tree.Near, view: View) -> list[Hit]:
    values = _operands(node.children, view)
    if values is None:
        return []
    found: list[Hit] = []
    for in_title in (True, False):
        operands = [_in_field(hits, view.in_title, in_title) for hits in values]
        if all(operands) and len(found) < node.most:
            found += near.close(operands, node.distance, node.ordered, node.most - len(found))
    return found


def _in_field(hits: list[Hit], border: int, in_title: bool) -> list[Hit]:
    if hits[-1].lo < border or hits[0].lo >= border:
        return hits if (hits[0].lo < border) == in_title else []
    at = bisect.bisect_left(hits, border, key=lambda hit: hit.lo)
    return hits[:at] if in_title else hits[at:]


def _together(node: tree.Together, view: View) -> list[Hit]:
    if _operands(node.children, view) is None:
        return []
    return near.together(near.shared_units([_units(child, node.unit, view) for child in node.children]), node.most)


def _units(node: Node, unit: str, view: View) -> dict[int, list[Hit]]:
    key = (unit, id(node))
    known: dict[int, list[Hit]] | None = view.memo.get(key)
    if known is None:
        starts = view.sentences if unit == "sentence" else view.starts
        known = view.memo[key] = near.by_unit(evaluate(node, view), starts)
    return known


def _operands(children: Sequence[Node], view: View) -> list[list[Hit]] | None:
    """Return the values of all `children`, or None as soon as one has none."""
    values = []
    for child in children:
        hits = evaluate(child, view)
        if not hits:
            return None
        values.append(hits)
    return values


def _apart(node: tree.Apart, view: View) -> list[Hit]:
    hits = evaluate(node.child, view)
    if not hits or not holds(node.other, view):
        return hits
    if node.distance is None:
        taken = {
            s for hit in evaluate(node.other, view) for s in range(view.sentence(hit.lo), view.sentence(hit.hi) + 1)
        }
        return [
            hit for hit in hits if not any(s in taken for s in range(view.sentence(hit.lo), view.sentence(hit.hi) + 1))
        ]
    near_by = Surroundings.of((node.other,), node.distance, view)
    return [hit for hit in hits if not near_by.anywhere(hit)]


_VALUES: dict[type, Callable[..., list[Hit]]] = {
    tree.Leaf: _leaf,
    tree.Pattern: _pattern,
    tree.Mention: _mention,
    tree.Held: _held,
    tree.Named: _named,
    tree.AnyOf: _any_of,
    tree.Within: _within,
    tree.Near: _near,
    tree.Together: _together,
    tree.Apart: _apart,
}

# -- article level ---------------------------------------------------------------------------------


def _some(node: tree.AnyOf, view: View) -> bool:
    return any(holds(child, view) for child in node.worth_asking(view))


def _same(node: tree.Named, view: View) -> bool:
    return holds(node.child, view)


def _all_of(node: tree.AllOf, view: View) -> bool:
    return all(holds(child, view) for child in node.children) and not any(holds(child, view) for child in node.without)


def _one_of(node: tree.OneOf, view: View) -> bool:
    return any(holds(child, view) for child in node.children)


def _at_least(node: tree.AtLeast, view: View) -> bool:
    missing = len(node.children) - node.count
    for child in node.children:
        missing -= not holds(child, view)
        if missing < 0:
            return False
    return True


def _times(node: tree.Times, view: View) -> bool:
    return times(node.child, view, node.count) >= node.count


def times(node: Node, view: View, most: int) -> int:
    """Return how many matches of `node` there are that do not overlap, counted up to `most`."""
    count, behind = 0, -1
    for hit in sorted(_all_hits(node, view), key=lambda hit: hit.hi):
        if hit.lo > behind:
            count, behind = count + 1, hit.hi
            if count == most:
                break
    return count


def _all_hits(node: Node, view: View) -> list[Hit]:
    """Return every match that makes `node` true, also where it is article-level."""
    if tree.is_span(node):
        return evaluate(node, view)
    if not holds(node, view):
        return []
    return [hit for child in _SHOWN[type(node)](node, view) for hit in _all_hits(child, view)]


def _meta(node: tree.Meta, view: View) -> bool:
    if isinstance(node.child, tree.Pattern):
        pattern = node.child.pattern
        return any(pattern.search(value.encode("utf-8", "replace")) for value in view.values(node.field) if value)
    leaf = node.child
    return any(row.find(leaf.parts, leaf.clitics) for row in view.metadata(node.field))


def _scored(node: tree.Scored, view: View) -> bool:
    if node.require and not any(holds(c.child, view) for c in node.clauses if c.id in node.require):
        return False
    return score(node, view) >= node.threshold


def score(node: tree.Scored, view: View) -> int:
    """Return the sum of the points of the true clauses."""
    return sum(points(clause, view) for clause in node.clauses)


def points(clause: tree.Clause, view: View) -> int:
    """Return what `clause` gives: its weight once, more if one of its words stands in the title, 0 if it is false."""
    if not holds(clause.child, view):
        return 0
    bonus = clause.title_bonus and _in_title(clause.child, view)
    return clause.weight + (clause.title_bonus if bonus else 0)


def _in_title(node: Node, view: View) -> bool:
    hits = _all_hits(node, view)
    return any(leaf.lo < view.in_title for hit in hits[:MOST_HITS] for leaf in tree.leaves_of(hit))


_JUDGES: dict[type, Callable[..., bool]] = {
    tree.AnyOf: _some,
    tree.Named: _same,
    tree.AllOf: _all_of,
    tree.OneOf: _one_of,
    tree.AtLeast: _at_least,
    tree.Times: _times,
    tree.Meta: _meta,
    tree.Scored: _scored,
}


def _shown_children(node: tree.AllOf | tree.OneOf | tree.AtLeast, view: View) -> Iterator[Node]:
    return iter(node.children)


def _shown_child(node: tree.Times, view: View) -> Iterator[Node]:
    yield node.child


def _shown_clauses(node: tree.Scored, view: View) -> Iterator[Node]:
    return (clause.child for clause in node.clauses if clause.weight > 0)


def _shown_nothing(node: tree.Meta, view: View) -> Iterator[Node]:
    return iter(())


_SHOWN: dict[type, Callable[..., Iterator[Node]]] = {
    tree.AllOf: _shown_children,
    tree.OneOf: _shown_children,
    tree.AtLeast: _shown_children,
    tree.Times: _shown_child,
    tree.Scored: _shown_clauses,
    tree.Meta: _shown_nothing,
}

# -- surroundings ----------------------------------------------------------------------------------


class Surroundings:
    """Where words stand that a mention requires, forbids or keeps away from, asked mention by mention.

    `within`: most words between, in the same field; None: the whole article.
    """

    def __init__(self, nodes: Sequence[Node], within: int | None, view: View) -> None:
        self._view = view
        self._within = within
        self.hits = [hit for node in nodes for hit in evaluate(node, view)]
        self._bounds = self._extremes()
        if within is not None:
            self._build(within)

    @classmethod
    def of(cls, nodes: Sequence[Node], within: int | None, view: View) -> Surroundings:
        """Return the surroundings, built once an article."""
        key = ("near", tuple(map(id, nodes)), within)
        known: Surroundings | None = view.memo.get(key)
        if known is None:
            known = view.memo[key] = cls(nodes, within, view)
        return known

    def _extremes(self) -> tuple[int, int, int, int]:
        los, his = [hit.lo for hit in self.hits], [hit.hi for hit in self.hits]
        return (min(los), max(los), min(his), max(his)) if los else (0, 0, 0, 0)

    def _build(self, within: int) -> None:
        view, size = self._view, self._view.size
        begins = bits.of((view.bit(hit.lo) for hit in self.hits), size)
        ends = bits.of((view.bit(hit.hi) for hit in self.hits), size)
        crossed = (view.bit(n) for hit in self.hits if hit.hi > hit.lo for n in range(hit.lo, hit.hi))
        title = view.title_bits
        above = bits.reach_up(ends & title, within) & title | bits.reach_up(ends & ~title, within)
        self._begins = bits.Row(begins, size)
        below = bits.reach_down(begins & ~title, within) & ~bits.below(view.in_title + 1)
        self._right = bits.Row(bits.reach_down(begins & title, within) | below, size)
        self._left = bits.Row(above, size)
        self._crossed = bits.Row(bits.of(crossed, size), size)

    def beside(self, mention: Hit) -> bool:
        """Return whether a word stands near that does not overlap the mention."""
        if not self.hits:
            return False
        if self._within is None:
            _, last_lo, first_hi, _ = self._bounds
            return last_lo > mention.hi or first_hi < mention.lo
        bit = self._view.bit
        return bit(mention.hi) + 1 in self._right or bit(mention.lo) - 1 in self._left

    def beside_or_across(self, mention: Hit) -> bool:
        """Return whether a word stands near that is not merely a part of the mention."""
        if not self.hits:
            return False
        if self._within is None:
            first_lo, _, _, last_hi = self._bounds
            return first_lo < mention.lo or last_hi > mention.hi
        bit = self._view.bit
        across = bit(mention.hi) in self._crossed or bit(mention.lo) - 1 in self._crossed
        return across or self.beside(mention)

    def anywhere(self, mention: Hit) -> bool:
        """Return whether a word stands near the mention or overlaps it in any way."""
        if not self.hits:
            return False
        inside = any(self._view.bit(n) in self._begins for n in range(mention.lo, mention.hi + 1))
        return inside or self.beside_or_across(mention)

    def blocks(self, word: Hit, mention: Hit) -> bool:
        """Return whether `word` is one that forbids `mention`; for explaining a few, not for judging many."""
        if word.lo >= mention.lo and word.hi <= mention.hi:
            return False
        gap = max(0, word.lo - mention.hi - 1, mention.lo - word.hi - 1)
        return self._within is None or (gap <= self._within and self._view.same_field(word.lo, mention.lo))
