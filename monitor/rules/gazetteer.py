"""All entities of a rule set at once: which of them are worth looking for in an article, and by which words.

An article has six hundred words, and two thousand names of a hundred entities ask for some thirty of them. Only those
are cut into forms with their places (`text.FewWords`); only entities whose rarest words are among them are evaluated.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import ahocorasick_rs

from monitor import text
from monitor.rules import anchors, tree
from monitor.rules.terms import Part
from monitor.rules.view import readings


class Entity(NamedTuple):
    """An entity with its tree. `type`: as its file says."""

    id: str
    type: str
    node: tree.Named


class Gazetteer:
    """The entities of a rule set, by id."""

    def __init__(self, found: Mapping[str, tuple[str, tree.Named]]) -> None:
        """Take id -> (type, tree) of each entity."""
        self.entities = tuple(Entity(id, type_, node) for id, (type_, node) in sorted(found.items()))
        self._asked = _automaton(_forms_of(entity.node for entity in self.entities))
        self._wanted = text.Wanted(self._asks)
        self._always, by_pattern = self._anchor()
        self._by_pattern = list(by_pattern.values())
        self._anchors = _automaton(by_pattern)

    def _anchor(self) -> tuple[list[int], dict[str, list[int]]]:
        """Return the entities that are always looked for, and what must occur where others are named."""
        leaves = (leaf for entity in self.entities for leaf in _leaves(entity.node))
        usage = Counter(part.folded for leaf in leaves for part in leaf.parts)
        chosen, always = anchors.Anchors(usage), []
        by_pattern: dict[str, list[int]] = {}
        for number, entity in enumerate(self.entities):
            patterns = chosen.of(entity.node)
            if patterns is None:
                always.append(number)
            for pattern in sorted(patterns or ()):
                by_pattern.setdefault(pattern, []).append(number)
        return always, by_pattern

    def read(self, written: str) -> text.FewWords:
        """Return the words of a text, of which only those are known that a name may hold."""
        return text.FewWords(written, self._wanted)

    def _asks(self, forms: bytes) -> bool:
        return self._asked is not None and bool(self._asked.find_matches_as_indexes(forms))

    def candidates(self, haystack: bytes) -> list[Entity]:
        """Return the entities that an article with this `text.haystack` may name, in order."""
        numbers = set(self._always)
        if self._anchors is not None:
            for pattern in {match[0] for match in self._anchors.find_matches_as_indexes(haystack, overlapping=True)}:
                numbers.update(self._by_pattern[pattern])
        return [self.entities[number] for number in sorted(numbers)]


def _automaton(patterns: Iterable[str]) -> ahocorasick_rs.BytesAhoCorasick | None:
    encoded = [pattern.encode() for pattern in patterns]
    return ahocorasick_rs.BytesAhoCorasick(encoded) if encoded else None


def _forms_of(nodes: Iterable[tree.Node]) -> list[str]:
    """Return the forms that names and their contexts ask for, between spaces, and what others begin with."""
    parts = {part for node in nodes for leaf in _leaves(node) for part in _parts(leaf)}
    return sorted({anchors.pattern_of(part.folded, part.prefix) for part in parts})


def _parts(leaf: tree.Leaf) -> Iterator[Part]:
    return (part for at in range(len(leaf.parts)) for _, part in readings(leaf.parts, at))


def _leaves(node: tree.Node) -> Iterator[tree.Leaf]:
    """Yield every term below `node`: what a name is made of, requires and forbids."""
    match node:
        case tree.Leaf():
            yield node
        case tree.Mention():
            for below in (node.child, *node.require, *node.forbid):
                yield from _leaves(below)
        case tree.Held() | tree.Named():
            yield from _leaves(node.child)
        case tree.AnyOf():
            for below in node.children:
                yield from _leaves(below)
        case _:
            raise TypeError(f"a vocabulary holds no {type(node).__name__}")
