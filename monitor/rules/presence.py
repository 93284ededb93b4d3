"""The second sieve: can a node be true, given which forms the article holds anywhere?

The automaton looks for one rare word of each rule; this asks for all of them, still without tokens and offsets. Only
what passes both is worth cutting the article into tokens with their places.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator
from functools import cached_property

from monitor import text
from monitor.rules import tree
from monitor.rules.terms import Part
from monitor.rules.tree import Node


class Presence:
    """The distinct forms of an article."""

    def __init__(self, haystack: bytes) -> None:
        self.forms = frozenset(haystack.decode("utf-8", "replace").split(" "))
        self._memo: dict[int, bool] = {}

    def allows(self, node: Node) -> bool:
        """Return False only if `node` cannot be true of the article."""
        known = self._memo.get(id(node))
        if known is None:
            known = self._memo[id(node)] = _CHECKS[type(node)](node, self)
        return known

    def holds(self, folded: str, prefix: bool) -> bool:
        """Return whether a form is `folded`, or begins with it."""
        if folded in self.forms:
            return True
        head, mark, _ = folded.partition("?")
        if not prefix and not mark:
            return False
        at = bisect.bisect_left(self._sorted, head)
        return at < len(self._sorted) and self._sorted[at].startswith(head)

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first letters of each form."""
        return tree.heads_of(self.forms)

    @cached_property
    def _sorted(self) -> list[str]:
        return sorted(self.forms)


def _leaf(node: tree.Leaf, there: Presence) -> bool:
    """Return whether the words are all there, in one of their readings; from the last part to the first."""
    if not node.needs <= there.forms:
        return False
    parts = node.parts
    if len(node.needs) == len(parts):
        return True
    if not any(part.glued for part in parts):
        return all(there.holds(part.folded, part.prefix) for part in parts)
    readable = [False] * len(parts) + [True]
    for at in range(len(parts) - 1, -1, -1):
        readable[at] = any(readable[at + n] and there.holds(word, star) for n, word, star in readings(parts, at))
    return readable[0]


def readings(parts: tuple[Part, ...], at: int) -> Iterator[tuple[int, str, bool]]:
    """Yield (parts used, word, prefix): the part at `at` alone or joined with its hyphen neighbours."""
    joined = ""
    for last in range(at, min(at + text.MOST_JOINED, len(parts))):
        if last > at and not parts[last].glued:
            return
        joined += parts[last].folded
        yield last - at + 1, joined, parts[last].prefix


def _pattern(node: tree.Pattern | tree.Meta, there: Presence) -> bool:
    return True


def _inner(
    node: tree.Mention | tree.Held | tree.Named | tree.Within | tree.Times | tree.Apart, there: Presence
) -> bool:
    return there.allows(node.child)


def _any_of(node: tree.AnyOf, there: Presence) -> bool:
    return any(there.allows(child) for child in node.worth_asking(there))


def _one_of(node: tree.OneOf, there: Presence) -> bool:
    return any(there.allows(child) for child in node.children)


def _all_of(node: tree.AllOf | tree.Near | tree.Together, there: Presence) -> bool:
    return all(there.allows(child) for child in node.children)


def _at_least(node: tree.AtLeast, there: Presence) -> bool:
    return sum(there.allows(child) for child in node.children) >= node.count


def _scored(node: tree.Scored, there: Presence) -> bool:
    if node.require and not any(there.allows(clause.child) for clause in node.clauses if clause.id in node.require):
        return False
    missing = sum(clause.best for clause in node.clauses) - node.threshold
    for clause in node.clauses:
        if missing < 0:
            return False
        if clause.best and not there.allows(clause.child):
            missing -= clause.best
    return missing >= 0


_CHECKS: dict[type, Callable[..., bool]] = {
    tree.Leaf: _leaf,
    tree.Pattern: _pattern,
    tree.Mention: _inner,
    tree.Held: _inner,
    tree.Named: _inner,
    tree.AnyOf: _any_of,
    tree.Within: _inner,
    tree.Near: _all_of,
    tree.Together: _all_of,
    tree.Apart: _inner,
    tree.AllOf: _all_of,
    tree.OneOf: _one_of,
    tree.AtLeast: _at_least,
    tree.Times: _inner,
    tree.Meta: _pattern,
    tree.Scored: _scored,
}
