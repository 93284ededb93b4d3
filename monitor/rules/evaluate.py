"""Nodes to hits: what an article makes true, and with which words."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence

from monitor.rules import tree
from monitor.rules.tree import Hit, Node, Span
from monitor.rules.view import View, script_of


def evaluate(node: Node, view: View) -> list[Hit]:
    """Return every way in which `node` is true of the article; empty where it is false. Each node is judged once."""
    known = view.memo.get(id(node))
    if known is None:
        known = view.memo[id(node)] = _EVALUATORS[type(node)](node, view)
    return known


def _leaf(node: tree.Leaf, view: View) -> list[Hit]:
    return [Hit(lo, hi, (Span(lo, hi, node, peeled),)) for lo, hi, peeled in view.find(node.parts, node.clitics)]


def _mention(node: tree.Mention, view: View) -> list[Hit]:
    if not counts_in(node, view.lang):
        return []
    hits = evaluate(node.child, view)
    if hits and node.require:
        near = Surroundings(node.require, view)
        hits = [hit for hit in hits if near.requires(hit, node.within)]
    if hits and node.forbid:
        near = Surroundings(node.forbid, view)
        hits = [hit for hit in hits if not near.forbids(hit, node.forbid_within)]
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
    return evaluate(node.child, view) if holds(node, view) else []


def holds(node: tree.Held, view: View) -> bool:
    """Return whether the holder held the office at the article's date; an article without any date passes."""
    moment = view.moment
    if moment is None:
        return True
    return (node.start is None or node.start <= moment) and (node.end is None or moment < node.end)


def _named(node: tree.Named, view: View) -> list[Hit]:
    return evaluate(node.child, view)


def _any_of(node: tree.AnyOf, view: View) -> list[Hit]:
    return [hit for child in node.worth_asking(view.forms.keys(), view.heads) for hit in evaluate(child, view)]


def _all_of(node: tree.AllOf, view: View) -> list[Hit]:
    found = []
    for child in node.children:
        hits = evaluate(child, view)
        if not hits:
            return []
        found += hits
    return [] if any(evaluate(child, view) for child in node.without) else found


_EVALUATORS: dict[type, Callable[..., list[Hit]]] = {
    tree.Leaf: _leaf,
    tree.Mention: _mention,
    tree.Held: _held,
    tree.Named: _named,
    tree.AnyOf: _any_of,
    tree.AllOf: _all_of,
}


class Surroundings:
    """Where the words stand that a mention requires or forbids."""

    def __init__(self, nodes: Sequence[Node], view: View) -> None:
        self._view = view
        self.hits = sorted((hit for node in nodes for hit in evaluate(node, view)), key=lambda hit: hit[:2])
        self._starts = [hit.lo for hit in self.hits]
        self._widest = max((hit.hi - hit.lo for hit in self.hits), default=0)

    def requires(self, mention: Hit, within: int | None) -> Hit | None:
        """Return a word at most `within` words away that does not overlap the mention."""
        return next((h for h in self._near(mention, within) if h.hi < mention.lo or h.lo > mention.hi), None)

    def forbids(self, mention: Hit, within: int | None) -> Hit | None:
        """Return a word at most `within` words away that is not merely a part of the mention."""
        return next((h for h in self._near(mention, within) if h.lo < mention.lo or h.hi > mention.hi), None)

    def _near(self, mention: Hit, within: int | None) -> list[Hit]:
        if within is None:
            return self.hits
        first = bisect.bisect_left(self._starts, mention.lo - within - 1 - self._widest)
        last = bisect.bisect_right(self._starts, mention.hi + within + 1)
        return [
            hit
            for hit in self.hits[first:last]
            if gap(mention, hit) <= within and self._view.same_field(mention.lo, hit.lo)
        ]


def gap(a: Hit, b: Hit) -> int:
    """Return the number of words between two hits, 0 if they touch or overlap."""
    return max(0, a.lo - b.hi - 1, b.lo - a.hi - 1)
