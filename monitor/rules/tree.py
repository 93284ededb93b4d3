"""What a rule becomes: a tree of nodes. A new kind of node adds a class here and a function in the tables
of `evaluate`, `anchors`, `presence` and `explain`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from monitor.rules.terms import Part
from monitor.text import Form


@dataclass(frozen=True, slots=True)
class Leaf:
    """Words that stand side by side. `term`: as written; `place`: file:line; `entity`: whose alias it is."""

    parts: tuple[Part, ...]
    clitics: bool
    term: str
    place: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Mention:
    """Mentions of `child` that their surroundings allow.

    `lang`: the list key it stands under; `langs`: the only languages of articles it counts in. `within`,
    `forbid_within`: most words between in the same field; None: the whole article.
    """

    child: Node
    lang: str | None
    langs: frozenset[str] | None
    require: tuple[Node, ...]
    within: int | None
    forbid: tuple[Node, ...]
    forbid_within: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A holder of an office, for article dates from `start` until before `end`."""

    child: Node
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Named:
    """An entity or a list behind its `$name`."""

    id: str
    kind: str
    place: str
    child: Node


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one child is. Build it with `any_of`.

    An entity has a hundred aliases and an article two of them; only those are worth asking. `by_word`: form -> numbers
    of the children that need it; `by_head`: the first HEAD letters of a form -> numbers of the children that need a
    form which so begins; `rest`: numbers of the others.
    """

    children: tuple[Node, ...]
    by_word: Mapping[str, tuple[int, ...]] = field(compare=False, repr=False)
    by_head: Mapping[str, tuple[int, ...]] = field(compare=False, repr=False)
    rest: tuple[int, ...] = field(compare=False, repr=False)

    def worth_asking(self, forms: AbstractSet[str], heads: AbstractSet[str]) -> list[Node]:
        """Return the children that may be true of an article with these forms and their heads, in order."""
        numbers = [number for word in forms & self.by_word.keys() for number in self.by_word[word]]
        numbers += [number for head in heads & self.by_head.keys() for number in self.by_head[head]]
        return [self.children[number] for number in sorted([*numbers, *self.rest])]


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every child is and nothing of `without` is."""

    children: tuple[Node, ...]
    without: tuple[Node, ...] = ()


Node = Leaf | Mention | Held | Named | AnyOf | AllOf


HEAD = 3
"""Letters; a wildcard has at least as many before it, but for some `?`."""


def heads_of(forms: Iterable[str]) -> frozenset[str]:
    """Return the first HEAD letters of each form."""
    return frozenset(form[:HEAD] for form in forms)


def any_of(children: Iterable[Node]) -> AnyOf:
    """Return the alternative of `children`, indexed by what they need."""
    children = tuple(children)
    by_word: dict[str, list[int]] = {}
    by_head: dict[str, list[int]] = {}
    rest = []
    for number, child in enumerate(children):
        word, head = _need(child)
        if word is not None:
            by_word.setdefault(word, []).append(number)
        elif head is not None:
            by_head.setdefault(head, []).append(number)
        else:
            rest.append(number)
    return AnyOf(children, _frozen(by_word), _frozen(by_head), tuple(rest))


def _frozen(index: Mapping[str, list[int]]) -> Mapping[str, tuple[int, ...]]:
    return {key: tuple(numbers) for key, numbers in index.items()}


def _need(node: Node) -> tuple[str | None, str | None]:
    """Return (a form, the head of a form) that must occur when `node` is true; None where there is a choice."""
    if isinstance(node, Mention):
        return _need(node.child)
    if not isinstance(node, Leaf):
        return None, None
    glued = [*(part.glued for part in node.parts), False]
    alone = [part for i, part in enumerate(node.parts) if not (part.glued or glued[i + 1])]
    words = [part.folded for part in alone if not (part.prefix or "?" in part.folded)]
    heads = [part.folded.partition("?")[0] for part in alone]
    long = (head[:HEAD] for head in heads if len(head) >= HEAD)
    return max(words, key=len, default=None), next(long, None)


class Span(NamedTuple):
    """An occurrence of a leaf: token numbers, both included. `peeled`: the words that lost clitics, with their form."""

    lo: int
    hi: int
    leaf: Leaf
    peeled: tuple[tuple[int, Form], ...] = ()


class Hit(NamedTuple):
    """One way in which a node is true: the tokens it covers and the leaf occurrences that are its evidence."""

    lo: int
    hi: int
    spans: tuple[Span, ...]
