"""What a rule becomes: a tree of nodes. A new kind of node adds a class here and a function in the tables
of `evaluate`, `anchors`, `presence` and `explain`.

Nodes of two levels. A *span-level* node has matches: places in the text, which operators of distance combine. An
*article-level* node is only true or false of the article as a whole, with the matches below it as evidence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from monitor.rules.terms import Part


@dataclass(frozen=True, slots=True)
class Leaf:
    """Words that stand side by side. Build it with `leaf`.

    `term`: as written; `place`: file:line of an alias or list item, empty for a word of a rule itself; `entity`: whose
    alias it is; `needs`: forms that must all occur, empty where there is a choice.
    """

    parts: tuple[Part, ...]
    clitics: bool
    term: str
    place: str
    entity: str | None = None
    needs: frozenset[str] = frozenset()


def leaf(parts: tuple[Part, ...], clitics: bool, term: str, place: str = "", entity: str | None = None) -> Leaf:
    """Return the leaf of a term."""
    glued = any(part.glued for part in parts)
    plain = () if glued else (part.folded for part in parts if not part.prefix and "?" not in part.folded)
    return Leaf(parts, clitics, term, place, entity, frozenset(plain))


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


class Forms(Protocol):
    """What occurs in an article: every form of every word, and the first letters of each (HEADS)."""

    @property
    def forms(self) -> AbstractSet[str]:
        """Every form."""

    @property
    def heads(self) -> AbstractSet[str]:
        """Their first letters."""


@dataclass(frozen=True, slots=True)
class AnyOf:
    """True when one child is, all of them span-level. Build it with `any_of`.

    An entity has a hundred aliases and an article two of them; only those are worth asking. `by_word`: form -> numbers
    of the children that need it; `by_head`: the head (HEADS) of a form -> numbers of the children that need a
    form which so begins; `rest`: numbers of the others.
    """

    children: tuple[Node, ...]
    by_word: Mapping[str, tuple[int, ...]] = field(compare=False, repr=False)
    by_head: Mapping[str, tuple[int, ...]] = field(compare=False, repr=False)
    rest: tuple[int, ...] = field(compare=False, repr=False)

    def worth_asking(self, there: Forms) -> Iterable[Node]:
        """Return the children that may be true of an article with these forms, in order."""
        if len(self.rest) == len(self.children):
            return self.children
        forms, by_word = there.forms, self.by_word
        words = [word for word in by_word if word in forms] if len(by_word) < len(forms) else forms & by_word.keys()
        numbers = [number for word in words for number in by_word[word]]
        if self.by_head:
            numbers += [number for head in there.heads & self.by_head.keys() for number in self.by_head[head]]
        return [self.children[number] for number in sorted([*numbers, *self.rest])]


@dataclass(frozen=True, slots=True)
class Pattern:
    """`re:/.../`, run on each paragraph."""

    pattern: Any
    term: str
    place: str
    entity: str | None = None


@dataclass(frozen=True, slots=True)
class Within:
    """Matches of `child` that lie in every one of `fields`. Stands on leaves, names and mentions only."""

    fields: frozenset[str]
    child: Node


@dataclass(frozen=True, slots=True)
class Near:
    """One match of each child with at most `distance` uncovered words between; `ordered`: one after the other.

    `most`: how many matches are looked for. The outermost needs a few as evidence, an inner one all it can have.
    """

    children: tuple[Node, ...]
    distance: int
    ordered: bool
    most: int


@dataclass(frozen=True, slots=True)
class Together:
    """One match of each child in one `unit`: `sentence` or `paragraph`. `most` as in `Near`."""

    children: tuple[Node, ...]
    unit: str
    most: int


@dataclass(frozen=True, slots=True)
class Apart:
    """Matches of `child` with none of `other` overlapping or within `distance` words; None: in its sentence."""

    child: Node
    other: Node
    distance: int | None


@dataclass(frozen=True, slots=True)
class AllOf:
    """True when every child is and nothing of `without` is."""

    children: tuple[Node, ...]
    without: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """True when one child is, some of which are article-level."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """True when `count` children are."""

    count: int
    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """True when `child` has `count` matches that do not overlap."""

    count: int
    child: Node


@dataclass(frozen=True, slots=True)
class Meta:
    """True when the metadata `field` holds `child`, a Leaf or a Pattern. Has no place in the text."""

    field: str
    child: Leaf | Pattern


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause of a score."""

    id: str
    weight: int
    title_bonus: int
    child: Node

    @property
    def best(self) -> int:
        """Return the most points that it can give."""
        return max(0, self.weight + max(0, self.title_bonus))


@dataclass(frozen=True, slots=True)
class Scored:
    """True when the points of the true clauses reach `threshold` and one of `require`, if any, is true."""

    clauses: tuple[Clause, ...]
    threshold: int
    require: frozenset[str]


SpanNode = Leaf | Pattern | Mention | Held | Named | AnyOf | Within | Near | Together | Apart
ArticleNode = AllOf | OneOf | AtLeast | Times | Meta | Scored
Node = SpanNode | ArticleNode


def is_span(node: Node) -> bool:
    """Return whether `node` has matches of its own."""
    return isinstance(node, SpanNode)


HEADS = (3, 5)
"""Letters of the heads of forms. A wildcard has at least three before it, but for some `?`; the verbs of a language may
begin alike, so that a list of them is told apart by the longer heads only."""


FEW = 4
"""Children of an alternative that are asked one by one."""


def heads_of(forms: Iterable[str]) -> frozenset[str]:
    """Return the first letters of each form, as many as HEADS says."""
    return frozenset(form[:length] for length in HEADS for form in forms)


def any_of(children: Iterable[Node]) -> AnyOf:
    """Return the alternative of `children`, indexed by what they need."""
    children = tuple(children)
    if len(children) <= FEW:
        return AnyOf(children, {}, {}, tuple(range(len(children))))
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
    # a hyphened word, in parts or joined, begins as its first part does
    heads = [part.folded.partition("?")[0] for part in node.parts if not part.glued]
    long = (head[: HEADS[-1] if len(head) >= HEADS[-1] else HEADS[0]] for head in heads if len(head) >= HEADS[0])
    return max(words, key=len, default=None), next(long, None)


class Hit(NamedTuple):
    """A match: tokens `lo` to `hi`, both included. `what`: the leaf that stands there, or the matches it is made of."""

    lo: int
    hi: int
    what: Leaf | Pattern | tuple[Hit, ...]


def leaves_of(hit: Hit) -> Iterator[Hit]:
    """Yield the places of leaves that `hit` is made of: its evidence."""
    if isinstance(hit.what, tuple):
        for inner in hit.what:
            yield from leaves_of(inner)
    else:
        yield hit
