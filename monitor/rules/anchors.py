"""Pre-selection: for each node a set of patterns of which one must occur in an article that makes the node true.

Patterns are what the automaton looks for in `text.haystack`: forms between spaces, prefixes with a space before them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

from monitor import text
from monitor.rules import tree
from monitor.rules.terms import Part
from monitor.rules.tree import Node

Anchor = frozenset[str] | None
"""None: the node must always be evaluated."""

_EVERYWHERE = frozenset(
    text.folded_words(
        "the of and to in a is that for it with as was on be at by he his from are this have or had not but an they"
        " which one were all their there has been who more will would about up out so said its after over new into"
        " first two people year years"
        " في من على الى إلى عن أن ان التي الذي ما لا هذا هذه كان مع بعد قبل بين كما قال"
        " של את על לא הוא היא זה עם כי גם או אם אל כל בין לפני אחרי אמר"
        " le la les des de du un une et en est que qui dans pour par sur pas au aux avec ce il elle son se plus"
    )
)
_OFTEN = frozenset(
    text.folded_words(
        "government state states united minister president says war israel israeli gaza trump plan talks officials"
        " غزة إسرائيل مصر الرئيس ישראל עזה ראש gaza israel gouvernement président ministre"
    )
)
"""Words of nearly every text, and of perhaps one in five that a desk of this kind reads."""

EVERYWHERE, OFTEN, SELDOM = 1.0, 0.2, 0.002
"""Rough shares of articles that hold a word: of the first list, of the second, and any other one of 8 letters."""


class Anchors:
    """Chooses what each node is anchored on.

    `usage`: how many terms of the rule set hold each word. A word of many names (`holdings`) is likely to stand in many
    articles, too, and would bring every rule that holds it.
    """

    def __init__(self, usage: Mapping[str, int] | None = None) -> None:
        self._usage = usage or {}
        self._named: dict[int, Anchor] = {}
        self._costs: dict[str, float] = {}

    def of(self, node: Node) -> Anchor:
        """Return patterns of which one occurs whenever `node` is true, or None where there are none."""
        if not isinstance(node, tree.Named):
            return _ANCHORS[type(node)](node, self)
        if id(node) not in self._named:
            self._named[id(node)] = self.of(node.child)
        return self._named[id(node)]

    def cost(self, patterns: Iterable[str]) -> float:
        """Return roughly the share of articles that hold one of `patterns`; good for choosing between alternatives."""
        return sum(self._frequency(pattern) for pattern in patterns)

    def _frequency(self, pattern: str) -> float:
        known = self._costs.get(pattern)
        if known is None:
            known = self._costs[pattern] = self._estimate(pattern)
        return known

    def _estimate(self, pattern: str) -> float:
        word = pattern.strip(" ")
        if word in _EVERYWHERE:
            return EVERYWHERE
        if word in _OFTEN:
            return OFTEN
        prefixes = 1.0 if pattern.endswith(" ") else 2.0
        return min(0.5, SELDOM * prefixes * 8.0 / len(word) * math.sqrt(self._usage.get(word, 1)))

    def cheapest(self, anchors: Iterable[Anchor]) -> Anchor:
        """Return the anchor least often met; None only if all are."""
        found = [a for a in anchors if a is not None]
        if len(found) < 2:
            return found[0] if found else None
        return min(found, key=self.cost)


def union(anchors: Iterable[Anchor]) -> Anchor:
    """Return what must occur when any one of the nodes is true."""
    patterns: set[str] = set()
    for found in anchors:
        if found is None:
            return None
        patterns |= found
    return frozenset(patterns)


def _leaf(node: tree.Leaf, by: Anchors) -> Anchor:
    words, group = [], [node.parts[0]]
    for part in node.parts[1:]:
        if not part.glued:
            words += _word(group)
            group = []
        group.append(part)
    return by.cheapest([*words, *_word(group)])


def _word(group: list[Part]) -> list[Anchor]:
    """Return for each part of a hyphened word what holds it: the part alone, or joined with its neighbours."""
    if len(group) == 1:
        return [frozenset((pattern_of(group[0].folded, group[0].prefix),))]
    found: list[Anchor] = []
    for at in range(len(group)):
        spans = ((a, b) for a in range(at + 1) for b in range(at, len(group)) if b - a < text.MOST_JOINED)
        found.append(
            frozenset(pattern_of("".join(p.folded for p in group[a : b + 1]), group[b].prefix) for a, b in spans)
        )
    return found


def pattern_of(folded: str, prefix: bool) -> str:
    """Return what the automaton looks for: a form between spaces, or how it begins."""
    head, mark, _ = folded.partition("?")
    return f" {head}" if prefix or mark else f" {head} "


def _all_of(node: tree.AllOf | tree.Near | tree.Together, by: Anchors) -> Anchor:
    return by.cheapest(by.of(child) for child in node.children)


def _any_of(node: tree.AnyOf | tree.OneOf, by: Anchors) -> Anchor:
    return union(by.of(child) for child in node.children)


def _inner(node: tree.Mention | tree.Held | tree.Named | tree.Within | tree.Times | tree.Apart, by: Anchors) -> Anchor:
    return by.of(node.child)


def _at_least(node: tree.AtLeast, by: Anchors) -> Anchor:
    """Return the union of the m - k + 1 cheapest of m: of k true ones at least one is among them."""
    found = [by.of(child) for child in node.children]
    found.sort(key=lambda patterns: math.inf if patterns is None else by.cost(patterns))
    return union(found[: len(found) - node.count + 1])


def _never(node: tree.Pattern | tree.Meta, by: Anchors) -> Anchor:
    return None


def _scored(node: tree.Scored, by: Anchors) -> Anchor:
    """Return the cheaper of what `require` needs and what is left without clauses that cannot reach the threshold."""
    required = union(by.of(c.child) for c in node.clauses if c.id in node.require) if node.require else None
    found = {clause.id: by.of(clause.child) for clause in node.clauses if clause.best > 0}
    dear = sorted(
        (clause for clause in node.clauses if clause.best > 0),
        key=lambda clause: math.inf if (patterns := found[clause.id]) is None else by.cost(patterns),
        reverse=True,
    )
    spare = node.threshold - 1
    kept: list[Anchor] = []
    for clause in dear:
        if clause.best <= spare:
            spare -= clause.best
        else:
            kept.append(found[clause.id])
    return by.cheapest([required, union(kept)])


_ANCHORS: dict[type, Callable[..., Anchor]] = {
    tree.Leaf: _leaf,
    tree.Pattern: _never,
    tree.Mention: _inner,
    tree.Held: _inner,
    tree.Named: _inner,
    tree.AnyOf: _any_of,
    tree.Within: _inner,
    tree.Near: _all_of,
    tree.Together: _all_of,
    tree.Apart: _inner,
    tree.AllOf: _all_of,
    tree.OneOf: _any_of,
    tree.AtLeast: _at_least,
    tree.Times: _inner,
    tree.Meta: _never,
    tree.Scored: _scored,
}
