"""What queries say, as written: one frozen value a construct, names not yet resolved. `query` makes them, `compile`
turns them into the nodes of `tree`. A list rule's items are not in here (`packs.Item`). A leaf and a field stand where
they begin, every other construct where its (first) operator stands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from monitor.rules.terms import Term
from monitor.rules.yaml_nodes import Place

TEXT_FIELDS = ("title", "lead", "body", "text", "top")
METADATA_FIELDS = ("url", "source", "author", "lang", "tags")
FIELDS = (*TEXT_FIELDS, *METADATA_FIELDS)


@dataclass(frozen=True, slots=True)
class Word:
    """A `$name`, a word, an exact word or a phrase."""

    term: Term

    @property
    def place(self) -> Place:
        """Return where it stands."""
        return self.term.place


@dataclass(frozen=True, slots=True)
class Regex:
    """`re:/pattern/`; RE2, on the unfolded NFC text of a paragraph, case-insensitive."""

    pattern: str
    place: Place


@dataclass(frozen=True, slots=True)
class And:
    """All of `operands` (one or more) and none of `without`."""

    operands: tuple[Expr, ...]
    without: tuple[Expr, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Or:
    """One of `operands` (two or more)."""

    operands: tuple[Expr, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Near:
    """`NEAR/n` and, with `ordered`, `THEN/n`: one match of each of 2 to 6 operands, at most `distance` words uncovered.

    `infix`: written between its two operands rather than before a list of them.
    """

    operands: tuple[Expr, ...]
    distance: int
    ordered: bool
    place: Place
    infix: bool = False


@dataclass(frozen=True, slots=True)
class Together:
    """`SENT` and `PARA`: one match of each of 2 to 6 operands in one unit. `unit`: `sentence` or `paragraph`."""

    operands: tuple[Expr, ...]
    unit: str
    place: Place
    infix: bool = False


@dataclass(frozen=True, slots=True)
class Apart:
    """`a NOTNEAR/n b` (`distance`: n) and `a NOTSENT b` (`distance`: None): matches of `operand` away from `other`."""

    operand: Expr
    other: Expr
    distance: int | None
    place: Place


@dataclass(frozen=True, slots=True)
class AtLeast:
    """`ATLEAST/k(a, b, ...)`."""

    count: int
    operands: tuple[Expr, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class Times:
    """`TIMES/k(x)`."""

    count: int
    operand: Expr
    place: Place


@dataclass(frozen=True, slots=True)
class Field:
    """`name:x`; `name` is one of FIELDS."""

    name: str
    operand: Expr
    place: Place


Expr = Word | Regex | And | Or | Near | Together | Apart | AtLeast | Times | Field


def operands_of(expr: Expr) -> tuple[Expr, ...]:
    """Return the direct operands of `expr`, those that it excludes last."""
    match expr:
        case And():
            return expr.operands + expr.without
        case Or() | Near() | Together() | AtLeast():
            return expr.operands
        case Apart():
            return (expr.operand, expr.other)
        case Times() | Field():
            return (expr.operand,)
        case Word() | Regex():
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """Yield `expr` and everything below it, top down, in the order of the text."""
    yield expr
    for operand in operands_of(expr):
        yield from walk(operand)


def words(expr: Expr) -> Iterator[Word]:
    """Yield every word, phrase and `$name` of `expr`."""
    return (part for part in walk(expr) if isinstance(part, Word))


def wanted(expr: Expr) -> Iterator[Word]:
    """Yield the words that make `expr` true: not those that it excludes."""
    match expr:
        case Word():
            yield expr
        case And() | Or() | Near() | Together() | AtLeast():
            for operand in expr.operands:
                yield from wanted(operand)
        case Apart() | Times() | Field():
            yield from wanted(expr.operand)
        case Regex():
            return


def excluded(expr: Expr) -> Iterator[Word]:
    """Yield the words of NOT, NOTNEAR and NOTSENT."""
    match expr:
        case And():
            denied, others = expr.without, expr.operands
        case Apart():
            denied, others = (expr.other,), (expr.operand,)
        case _:
            denied, others = (), operands_of(expr)
    for operand in denied:
        yield from words(operand)
    for operand in others:
        yield from excluded(operand)


def strip_places(expr: Expr) -> Expr:
    """Return `expr` with every place emptied, so that equal queries compare equal wherever they stand."""
    nowhere = Place("", 0, 0)
    match expr:
        case Word():
            return Word(replace(expr.term, place=nowhere))
        case Regex():
            return replace(expr, place=nowhere)
        case And():
            inner = tuple(map(strip_places, expr.operands)), tuple(map(strip_places, expr.without))
            return replace(expr, operands=inner[0], without=inner[1], place=nowhere)
        case Or() | Near() | Together() | AtLeast():
            return replace(expr, operands=tuple(map(strip_places, expr.operands)), place=nowhere)
        case Apart():
            return replace(expr, operand=strip_places(expr.operand), other=strip_places(expr.other), place=nowhere)
        case Times() | Field():
            return replace(expr, operand=strip_places(expr.operand), place=nowhere)
