"""What a rule becomes: a tree of nodes. A new kind of node adds a class here and a function in the tables
of `evaluate`, `anchors`, `presence` and `explain`.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """True when one child is."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every child is and nothing of `without` is."""

    children: tuple[Node, ...]
    without: tuple[Node, ...] = ()


Node = Leaf | Mention | Held | Named | AnyOf | AllOf


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
