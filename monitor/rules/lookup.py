"""What the full-text index is asked for, so that every article of the archive is found which makes a node true.

The same promise as that of `anchors` and `presence`, for an index instead of one article: too much may be asked for
less, never too little. Negations, patterns and metadata ask for nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from monitor import text
from monitor.rules import tree
from monitor.rules.terms import Part
from monitor.rules.tree import Node
from monitor.store import wanted
from monitor.store.wanted import Wanted

MOST_READINGS = 32
"""Ways to read a term with hyphens, each part alone or joined, that are all asked for."""


def wanted_of(node: Node, column: str | None = None) -> Wanted | None:
    """Return what must stand in the index of an article that makes `node` true; None where it cannot tell.

    Args:
        column: `title` or `text`, where the node counts in one of them only.
    """
    return _LOOKUPS[type(node)](node, column)


def _leaf(node: tree.Leaf, column: str | None) -> Wanted | None:
    """Return the words side by side, in each reading of hyphens."""
    groups = list(_groups(node.parts))
    readings = [list(_readings(group)) for group in groups]
    count = 1
    for ways in readings:
        count *= len(ways)
    if count > MOST_READINGS:
        readings = [ways for ways in readings if len(ways) == 1]  # what may be read in many ways is not asked for
        return wanted.all_of(_side_by_side(ways[0], column) for ways in readings)
    return wanted.any_of(
        _side_by_side([word for way in ways for word in way], column) for ways in itertools.product(*readings)
    )


def _groups(parts: tuple[Part, ...]) -> Iterator[list[Part]]:
    """Yield the parts of each hyphened word, and each other word alone."""
    group = [parts[0]]
    for part in parts[1:]:
        if not part.glued:
            yield group
            group = []
        group.append(part)
    yield group


def _readings(group: list[Part]) -> Iterator[list[Part]]:
    """Yield the words of each way to read a hyphened word: neighbours joined or not."""
    if not group:
        yield []
        return
    for count in range(1, min(text.MOST_JOINED, len(group)) + 1):
        joined = Part("".join(part.folded for part in group[:count]), prefix=group[count - 1].prefix)
        for rest in _readings(group[count:]):
            yield [joined, *rest]


def _side_by_side(parts: list[Part], column: str | None) -> Wanted | None:
    """Return the phrase; one with wildcards before its last word is asked for in pieces."""
    pieces: list[Wanted | None] = []
    forms: list[str] = []
    for part in parts:
        head, mark, _ = part.folded.partition("?")
        forms.append(head)
        if part.prefix or mark:
            pieces.append(wanted.phrase(forms, True, column))
            forms = []
    if forms:
        pieces.append(wanted.phrase(forms, False, column))
    return wanted.all_of(pieces)


def _mention(node: tree.Mention, column: str | None) -> Wanted | None:
    """Return the mention with its surroundings, which may stand in another field."""
    needed = wanted.any_of(wanted_of(child) for child in node.require) if node.require else None
    return wanted.all_of((wanted_of(node.child, column), needed))


def _inner(node: tree.Held | tree.Named | tree.Times | tree.Apart, column: str | None) -> Wanted | None:
    return wanted_of(node.child, column)


def _within(node: tree.Within, column: str | None) -> Wanted | None:
    if "title" in node.fields:
        column = "title"
    elif node.fields & {"lead", "body"}:
        column = "text"
    return wanted_of(node.child, column)


def _any_of(node: tree.AnyOf | tree.OneOf, column: str | None) -> Wanted | None:
    return wanted.any_of(wanted_of(child, column) for child in node.children)


def _all_of(node: tree.AllOf | tree.Near | tree.Together, column: str | None) -> Wanted | None:
    return wanted.all_of(wanted_of(child, column) for child in node.children)


def _at_least(node: tree.AtLeast, column: str | None) -> Wanted | None:
    """Return one of those that the index can tell: at least one must be true where the others are too few."""
    found = [wanted_of(child, column) for child in node.children]
    known = [part for part in found if part is not None]
    needed = node.count - (len(found) - len(known))
    if needed < 1:
        return None
    return wanted.all_of(known) if needed == len(known) else wanted.any_of(known)


def _nothing(node: tree.Pattern | tree.Meta | tree.Scored, column: str | None) -> Wanted | None:
    return None


_LOOKUPS: dict[type, Callable[..., Wanted | None]] = {
    tree.Leaf: _leaf,
    tree.Pattern: _nothing,
    tree.Mention: _mention,
    tree.Held: _inner,
    tree.Named: _inner,
    tree.AnyOf: _any_of,
    tree.Within: _within,
    tree.Near: _all_of,
    tree.Together: _all_of,
    tree.Apart: _inner,
    tree.AllOf: _all_of,
    tree.OneOf: _any_of,
    tree.AtLeast: _at_least,
    tree.Times: _inner,
    tree.Meta: _nothing,
    tree.Scored: _nothing,
}
