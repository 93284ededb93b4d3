"""Where lines and keys of a rule file go: canonical order and indentation, comments with what they stand before.

Works on text whose scalars are single words (see `fmt_words`), so that a `#` is always a comment and a line is blank, a
comment, or structure.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor.rules import pack_file, vocabulary
from monitor.rules.yaml_nodes import Map, Node, Seq, Text

_COMMENT = re.compile(r"(?:^|\s+)#.*")
_DASHES = re.compile(r" *(?:- +)*")


@dataclass(frozen=True, slots=True)
class Shape:
    """The order of a map's keys, and what its values are.

    Keys in neither `head` nor `tail` stand between the two, in the order of the file. `inner`: key -> name of the
    value's shape, `*` for every other key. `items`: the shape of maps in a list, where it is another one.
    """

    head: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    inner: Mapping[str, str] = field(default_factory=dict)
    items: str = ""

    def rank(self, key: str) -> tuple[int, int]:
        """Return where `key` belongs."""
        if key in self.head:
            return 0, self.head.index(key)
        return (2, self.tail.index(key)) if key in self.tail else (1, 0)

    def of_value(self, key: str) -> Shape:
        """Return the shape of the value under `key`."""
        return SHAPES[self.inner.get(key) or self.inner.get("*", "")]

    @property
    def of_item(self) -> Shape:
        """Return the shape of a map in a list."""
        return SHAPES[self.items] if self.items else self


_TERMS = ("any", "all", "none")
_TRAITS = {name: name for name in ("sources", "active", "throttle", "digest", "corroboration")}
SHAPES: Mapping[str, Shape] = {
    "": Shape(),
    "pack": Shape(
        ("format", "pack", "title", "description", "owner", *pack_file.TRAIT_KEYS),
        ("defaults", "lists", "rules", "tests"),
        {"defaults": "traits", "lists": "lists", "rules": "rule", "tests": "tests", **_TRAITS},
    ),
    "entities": Shape(("format",), ("entities",), {"entities": "entity"}),
    "shared lists": Shape(("format",), ("lists",), {"lists": "lists"}),
    "traits": Shape(pack_file.TRAIT_KEYS, inner=_TRAITS),
    "sources": Shape(pack_file.SOURCES_KEYS),
    "active": Shape(pack_file.ACTIVE_KEYS),
    "throttle": Shape(pack_file.THROTTLE_KEYS),
    "digest": Shape(pack_file.DIGEST_KEYS),
    "corroboration": Shape(pack_file.CORROBORATION_KEYS),
    "rule": Shape(
        ("id", *pack_file.TRAIT_KEYS),
        (*_TERMS, "query", "score"),
        {**dict.fromkeys(_TERMS, "item"), **_TRAITS, "score": "score"},
    ),
    "score": Shape(("threshold", "require"), ("clauses",), {"clauses": "clauses"}),
    "clauses": Shape(inner={"*": "clause"}),
    "clause": Shape(("weight", "title_bonus"), ("query",)),
    "tests": Shape(pack_file.TEST_KINDS, inner={"*": "case"}),
    "case": Shape(
        ("rule", "lang", "source", "tags", "date", "published", "title", "text"),
        ("because", "not_because", "expect_score"),
    ),
    "entity": Shape(
        ("id", "type", "wikidata", "description", "langs", "lint_ok"),
        ("names", "holders"),
        {"names": "languages", "holders": "holder"},
    ),
    "holder": Shape(vocabulary.HOLDER_KEYS),
    "lists": Shape(inner={"*": "languages"}),
    "languages": Shape(inner={"*": "item"}, items="item"),
    "item": Shape(vocabulary.ITEM_KEYS),
}


def shape_of(keys: set[str]) -> Shape:
    """Return the shape of a file with these keys."""
    if "entities" in keys:
        return SHAPES["entities"]
    return SHAPES["shared lists" if keys <= {"format", "lists"} else "pack"]


class _Entry(NamedTuple):
    """A key or an item: the comments and blank lines before it, and its own lines, the first at column 0."""

    lead: list[str]
    body: list[str]


def lay_out(text: str, root: Map, originals: Mapping[str, str]) -> str:
    """Return `text` with keys in canonical order and two spaces a level; `originals`: word -> what it stands for."""
    layout = _Layout(text.split("\n"), originals)
    first = (root if root.flow else root.entries[0][0]).place.line - 1
    header, lead = _split_header(_stripped(layout.lines[:first]))
    shape = shape_of({originals.get(key.value, key.value) for key, _ in root.entries})
    body = layout.in_braces(root, shape, lead, first) if root.flow else layout.map(root, shape, lead)
    laid = "\n".join([*header, *body]).strip("\n")
    return re.sub(r"\n{3,}", "\n\n", laid) + "\n"


def _split_header(lines: list[str]) -> tuple[list[str], list[str]]:
    """Return the comment on the file as a whole, and the one on its first key, which a blank line parts."""
    last = max((number for number, line in enumerate(lines, start=1) if not line), default=len(lines))
    return lines[:last], lines[last:]


@dataclass(frozen=True, slots=True)
class _Layout:
    lines: list[str]
    originals: Mapping[str, str]

    def in_braces(self, root: Map, shape: Shape, lead: list[str], start: int) -> list[str]:
        """Return the lines of a file that is one map in braces."""
        cut = self._end_of(root, start, len(self.lines), 0)
        entry = self._one_line("", root, start, cut, shape)
        return [*lead, *entry.lead, entry.body[0].lstrip(), *_stripped(self.lines[cut:])]

    def map(self, node: Map, shape: Shape, lead: list[str], end: int | None = None) -> list[str]:
        """Return the lines of a block map that ends before line `end`, in canonical order, its keys at column 0."""
        starts = [key.place.line - 1 for key, _ in node.entries]
        column = node.entries[0][0].place.column - 1
        ends = [*starts[1:], len(self.lines) if end is None else end]
        found: list[tuple[tuple[int, int], _Entry]] = []
        for (key, value), start, stop in zip(node.entries, starts, ends, strict=True):
            cut = self._end_of(value, start, stop, column)
            name = self._name(key)
            entry = self._entry(key, value, start, cut, shape.of_value(name))
            found.append((shape.rank(name), _Entry(lead + entry.lead, entry.body)))
            lead = _stripped(self.lines[cut:stop])
        found.sort(key=lambda pair: pair[0])
        return [line for _, entry in found for line in (*entry.lead, *entry.body)] + lead

    def _entry(self, key: Text, value: Node, start: int, end: int, shape: Shape) -> _Entry:
        if not self._is_block(value):
            return self._one_line(f"{key.value}:", value, start, end, shape)
        first = value.place.line - 1
        between = _stripped(self.lines[start + 1 : first])
        inner = self._block(value, shape, end)
        return _Entry([], [f"{key.value}:{_comment(self.lines[start])}", *_indented(between + inner)])

    def _block(self, value: Node, shape: Shape, end: int) -> list[str]:
        return self.map(value, shape, [], end) if isinstance(value, Map) else self._seq(value, shape, end)

    def _seq(self, node: Node, shape: Shape, end: int) -> list[str]:
        assert isinstance(node, Seq)
        column = node.place.column - 1
        starts = [self._dash(item, column) for item in node.items]
        ends = [*starts[1:], end]
        lines: list[str] = []
        for item, start, stop in zip(node.items, starts, ends, strict=True):
            cut = self._end_of(item, start, stop, column)
            entry = self._item(item, start, cut, column, shape.of_item)
            lines += [*entry.lead, *entry.body, *_stripped(self.lines[cut:stop])]
        return lines

    def _dash(self, item: Node, column: int) -> int:
        """Return the line of an item's dash, which may stand above the item."""
        line = item.place.line - 1
        while line > 0 and self.lines[line][column : column + 1] != "-":
            line -= 1
        return line

    def _item(self, item: Node, start: int, end: int, column: int, shape: Shape) -> _Entry:
        if not self._is_block(item):
            return self._one_line("-", item, start, end, shape)
        first = item.place.line - 1
        after = self.lines[start][column + 1 :]
        between = _stripped([after, *self.lines[start + 1 : first]]) if first > start else []
        inner = self._block(item, shape, end)
        at = next(number for number, line in enumerate(inner) if line and not line.startswith("#"))
        return _Entry(between + inner[:at], [f"- {inner[at]}", *_indented(inner[at + 1 :])])

    def _one_line(self, head: str, value: Node, start: int, end: int, shape: Shape) -> _Entry:
        """Return a key or item with a scalar or a bracketed value on one line; comments inside move above it."""
        lines = self.lines[start:end]
        inside = [comment for line in lines[:-1] if (comment := _comment(line).strip())]
        return _Entry(inside, [f"{head} {self._flow(value, shape)}".rstrip() + _comment(lines[-1])])

    def _flow(self, node: Node, shape: Shape) -> str:
        """Return a scalar, or a list or map in brackets, on one line."""
        if isinstance(node, Text):
            return node.value
        if isinstance(node, Seq):
            return f"[{', '.join(self._flow(item, shape.of_item) for item in node.items)}]"
        ordered = sorted(node.entries, key=lambda entry: shape.rank(self._name(entry[0])))
        return f"{{{', '.join(self._pair(key, value, shape) for key, value in ordered)}}}"

    def _pair(self, key: Text, value: Node, shape: Shape) -> str:
        written = self._flow(value, shape.of_value(self._name(key)))
        return f"{key.value}: {written}" if written else key.value

    def _name(self, key: Text) -> str:
        return self.originals.get(key.value, key.value)

    def _is_block(self, node: Node) -> bool:
        if isinstance(node, Map):
            return not node.flow and bool(node.entries)
        return isinstance(node, Seq) and self.lines[node.place.line - 1][node.place.column - 1] == "-"

    def _end_of(self, value: Node, start: int, stop: int, column: int) -> int:
        """Return the line where comments and blank lines begin that belong to what follows.

        A comment that stands deeper than `column` belongs to the block above it.
        """
        block = self._is_block(value)
        line = stop
        while line > start + 1 and self._leads(self.lines[line - 1], column if block else None):
            line -= 1
        return line

    def _leads(self, line: str, column: int | None) -> bool:
        bare = line.lstrip()
        return not bare or (bare.startswith("#") and (column is None or len(line) - len(bare) <= column))


def _comment(line: str) -> str:
    """Return the comment at the end of a line, with the space before it."""
    found = _COMMENT.search(line)
    return found[0].rstrip() if found else ""


def _stripped(lines: list[str]) -> list[str]:
    return [line.strip() for line in lines]


def _indented(lines: list[str]) -> list[str]:
    return [f"  {line}" if line else line for line in lines]


def column_of(line: str) -> int:
    """Return the column of the key or item that a line of block structure begins."""
    found = _DASHES.match(line)
    return found.end() if found else 0
