"""Strict YAML: text, sequences and maps with their places, and nothing else.

Read from the parser's events rather than composed, so that depth, anchors, aliases, tags and further documents are
refused before anything is built from them. Every plain scalar is text; the schema decides what is a number or a date.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml

from monitor import errors

LARGEST = 1_000_000
"""Bytes of one rule file."""

DEEPEST = 50
"""Levels of nesting."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Place(NamedTuple):
    """Where something stands; `line` and `column` count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def fault(self, code: str, message: str, fix: str | None = None) -> errors.Fault:
        """Return a fault at this place."""
        return errors.Fault(self.file, self.line, self.column, code, message, fix)


_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""What YAML takes for the end of a line."""


class Text(NamedTuple):
    """A scalar. `style` is the quote or block sign, empty for a plain one; `empty`: nothing was written at all.

    `raw`: as the file writes it, quotes and indentation included; empty for a plain one on one line, which is `value`.
    """

    place: Place
    value: str
    style: str = ""
    raw: str = ""

    @property
    def empty(self) -> bool:
        """Return whether the file has nothing here (YAML's null)."""
        return not self.value and not self.style

    @property
    def spans_lines(self) -> bool:
        """Return whether its text stands in more than one line of the file."""
        lines = _BREAK.split(self.raw)[1:] if self.style in ("|", ">") else _BREAK.split(self.raw)
        return sum(1 for line in lines if line.strip()) > 1

    def places(self) -> Callable[[int], Place]:
        """Return a function from an offset in `value` (its end included) to the place in the file.

        Exact for every style but folded blocks of several lines; where nothing is exact, it is where the text begins.
        """
        file, line, column = self.place
        if not self.raw:
            return lambda offset: Place(file, line, column + offset)
        if self.raw[1:-1] == self.value and not _BREAK.search(self.raw):
            return lambda offset: Place(file, line, column + 1 + offset)
        spots = _block_places(self) if self.style in ("|", ">") else _flow_places(self)
        return lambda offset: spots(offset) or self.place


@dataclass(frozen=True, slots=True)
class Seq:
    """A list."""

    place: Place
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """A map, in the order of the file. `flow`: written in braces."""

    place: Place
    entries: tuple[tuple[Text, Node], ...]
    flow: bool = False

    def get(self, key: str) -> Node | None:
        """Return the value under `key`, or None."""
        return next((value for name, value in self.entries if name.value == key), None)


Node = Text | Seq | Map


def _block_places(text: Text) -> Callable[[int], Place | None]:
    """Return offset -> place in a `|` block: its lines are those below the sign, without their indentation."""
    written = _BREAK.split(text.raw)[1:]
    starts, shifts = [0], []
    for value_line, raw_line in zip(_BREAK.split(text.value), written, strict=False):
        shifts.append(len(raw_line) - len(value_line) if raw_line.endswith(value_line) else 0)
        starts.append(starts[-1] + len(value_line) + 1)
    file, first, _ = text.place

    def place(offset: int) -> Place | None:
        row = bisect.bisect_right(starts, offset) - 1
        if row >= len(shifts):
            return None
        return Place(file, first + 1 + row, 1 + max(0, shifts[row]) + offset - starts[row])

    return place


_FOLDED = r"(?P<fold>[ \t]*(?:\r\n|[\n\r\x85\u2028\u2029])[ \t\n\r\x85\u2028\u2029]*)"
_PIECES = {
    "": re.compile(rf"{_FOLDED}|.", re.DOTALL),
    "'": re.compile(rf"{_FOLDED}|''|.", re.DOTALL),
    '"': re.compile(
        rf"{_FOLDED}|(?P<escaped>\\(?:\r\n|[\n\r\x85\u2028\u2029])[ \t\n\r\x85\u2028\u2029]*)"
        r"|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\U[0-9A-Fa-f]{8}|\\.|.",
        re.DOTALL,
    ),
}
"""What one character of a value is written as, by quote sign; `fold` and `escaped` are line ends."""


def _flow_places(text: Text) -> Callable[[int], Place | None]:
    """Return offset -> place in a plain or quoted text: each character of the value is one piece of what is written."""
    body = text.raw[1:-1] if text.style else text.raw
    shift = 1 if text.style else 0
    offsets: list[int] = []
    for piece in _PIECES[text.style].finditer(body):
        offsets += [piece.start() + shift] * _length(piece)
    offsets.append(len(body) + shift)
    breaks = [found.end() for found in _BREAK.finditer(text.raw)]
    file, first, column = text.place

    def place(offset: int) -> Place | None:
        if len(offsets) != len(text.value) + 1 or offset >= len(offsets):
            return None
        at = offsets[offset]
        row = bisect.bisect_right(breaks, at)
        return Place(file, first + row, at - breaks[row - 1] + 1 if row else column + at)

    return place


def _length(piece: re.Match[str]) -> int:
    """Return how many characters of the value a piece stands for: one line end is a space, n are n - 1 line ends."""
    if piece.lastgroup is None:
        return 1
    breaks = len(_BREAK.findall(piece.group()))
    return breaks - 1 if piece.lastgroup == "escaped" else max(1, breaks - 1)


@dataclass(slots=True)
class _Open:
    """A collection that is being read; maps hold keys and values in turn."""

    place: Place
    is_map: bool
    flow: bool
    items: list[Node]


class _Refused(Exception):
    def __init__(self, fault: errors.Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def parse(file: str, data: bytes) -> tuple[Node | None, tuple[errors.Fault, ...]]:
    """Return the file's only document and what is wrong with it; no document if it cannot be read at all."""
    faults: list[errors.Fault] = []
    try:
        text = _decode(file, data)
        root = _build(file, text, faults)
    except _Refused as refused:
        return None, (*faults, refused.fault)
    return root, tuple(faults)


def _decode(file: str, data: bytes) -> str:
    if len(data) > LARGEST:
        raise _Refused(errors.Fault(file, None, None, "E101", "the file is larger than 1 MB", "split it"))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = error.start - data.rfind(b"\n", 0, error.start)
        fault = errors.Fault(file, line, column, "E108", "not UTF-8 text", "save the file as UTF-8")
        raise _Refused(fault) from error


def _build(file: str, text: str, faults: list[errors.Fault]) -> Node | None:
    root: Node | None = None
    stack: list[_Open] = []
    documents = 0
    for event in _events(file, text):
        kind = type(event)
        done: Node | None = None
        if kind is yaml.ScalarEvent:
            done = _scalar(event, text, file, faults)
        elif kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
            done = _close(stack.pop(), faults)
        elif kind is yaml.SequenceStartEvent or kind is yaml.MappingStartEvent:
            stack.append(_open(event, file, kind is yaml.MappingStartEvent, len(stack)))
        elif kind is yaml.AliasEvent:
            _refuse_extras(event, _place(file, event.start_mark))
        elif kind is yaml.DocumentStartEvent:
            documents += 1
            if documents > 1:
                fix = "remove `---`, or split the file"
                raise _Refused(_place(file, event.start_mark).fault("E109", "a second document in the file", fix))
        if done is None:
            continue
        if stack:
            stack[-1].items.append(done)
        else:
            root = done
    return root


def _scalar(event: Any, text: str, file: str, faults: list[errors.Fault]) -> Text:
    place = _place(file, event.start_mark)
    _refuse_extras(event, place)
    style = "" if event.style in (None, ":") else str(event.style)
    if not style and event.value and _CUT.match(text, event.end_mark.index):
        fix = f"write {quoted(_uncut(text, event))}, or `# ` for a comment"
        faults.append(place.fault("E101", f"the text is cut to `{event.value}` at ` #`", fix))
    spread = style or event.end_mark.line != event.start_mark.line
    raw = text[event.start_mark.index : event.end_mark.index] if spread else ""
    return Text(place, event.value, style, raw)


def _uncut(text: str, event: Any) -> str:
    """Return what a plain text was before it was cut at ` #`."""
    return text[event.start_mark.index :].partition("\n")[0].rstrip()


_CUT = re.compile(r"[ \t]+#[^\s#]")
"""Behind `- Trump #2`, of which YAML keeps only `Trump`; a comment has a space behind its `#`."""


def _open(event: Any, file: str, is_map: bool, depth: int) -> _Open:
    place = _place(file, event.start_mark)
    _refuse_extras(event, place)
    if depth >= DEEPEST:
        raise _Refused(place.fault("E101", f"nested deeper than {DEEPEST} levels"))
    return _Open(place, is_map, bool(event.flow_style), [])


def _place(file: str, mark: Any) -> Place:
    return Place(file, mark.line + 1, mark.column + 1)


def _events(file: str, text: str) -> Iterator[Any]:
    try:
        yield from yaml.parse(text, Loader=_LOADER)
    except yaml.MarkedYAMLError as error:
        raise _Refused(_plain_words(file, text, error)) from error
    except yaml.YAMLError as error:
        line, column = _place_of_control(text)
        message = "a control character that YAML does not allow"
        raise _Refused(errors.Fault(file, line, column, "E101", message, "remove it")) from error


def _place_of_control(text: str) -> tuple[int | None, int | None]:
    found = re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]", text)
    if found is None:
        return None, None
    return text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start())


def _plain_words(file: str, text: str, error: yaml.MarkedYAMLError) -> errors.Fault:
    """Return what is wrong in words that help, for the slips that people really make."""
    mark = error.problem_mark or error.context_mark
    problem = str(error.problem or error.context or "cannot be read")
    if mark is None:
        return errors.Fault(file, None, None, "E101", problem)
    opening = _place(file, error.context_mark or mark)
    line = next(itertools.islice(text.splitlines(), mark.line, None), "")
    place = _place(file, mark)
    code, message, fix = _by_sign(line, mark.column) or _by_problem(problem, line, mark.column)
    at_opening = "unexpected end of stream" in problem or "could not find expected ':'" in problem
    return (opening if at_opening else place).fault(code, message, fix)


def _by_sign(line: str, column: int) -> tuple[str, str, str] | None:
    """Return code, message and fix for a slip that the line itself shows."""
    at, before = line[column : column + 1], line[:column].rstrip()
    if "\t" in line[: column + 1] and not line[:column].strip():
        return "E101", "a tab at the start of the line", "indent with spaces"
    if at and at in "@`%":
        return "E101", f"YAML allows no text that starts with {at}", _in_quotes(line, column)
    if at == "*":
        return "E107", "`*` at the start is a YAML alias", "there are no leading wildcards; quote the text"
    if before.endswith(("'", '"')) and at and at not in ",]}:#":
        return "E101", "text behind the closing quote", _in_quotes(line, None)
    if before.endswith(("]", "}")) and at and at not in ",]}:#":
        return "E101", f"text behind the closing `{before[-1]}`", _in_quotes(line, None)
    return None


def _by_problem(problem: str, line: str, column: int) -> tuple[str, str, str | None]:
    """Return code, message and fix for what the parser says."""
    if "alias" in problem:
        return "E107", "`*` at the start is a YAML alias", "there are no leading wildcards; quote the text"
    if "mapping values are not allowed" in problem:
        if _FIRST_KEY.fullmatch(line[:column]):
            return "E101", "the line is indented deeper than its place", "indent it like the keys beside it"
        return "E101", "a second `: ` in the line", _in_quotes(line, None)
    if "expected ',' or" in problem:
        return "E101", "a bracket is not closed, or a comma is missing", None
    if "unexpected end of stream" in problem:
        return "E101", "the quote that opens here is not closed", "close it"
    if "could not find expected ':'" in problem:
        return "E101", "the line is no `key: value` and stands under none", "indent it deeper than the key above"
    if "expected comment or line break" in problem:
        return "E101", "text behind the sign of a block", "write it in the next line, indented"
    if "'-' indicator" in problem or "<block end>" in problem or "expected key" in problem:
        return "E101", "the line is not indented like those above it", "indent it like the keys beside it"
    if "unknown escape" in problem:
        return "E101", "a `\\` in double quotes begins an escape", "use single quotes, or a `|` block"
    if "not allowed in this context" in problem:
        return "E101", f"a value cannot start with `{line[column : column + 1]} `", _in_quotes(line, column)
    return "E101", f"not YAML: {problem}", None


_FIRST_KEY = re.compile(r"\s*[^\s:]+")
_VALUE = re.compile(r"\s*(?:- +)?(?:([A-Za-z_-]+): +)?(.+?)(?:\s+#.*)?")


def _in_quotes(line: str, column: int | None) -> str:
    """Return a fix that quotes the value of a line, which begins at `column` if that is given."""
    found = _VALUE.fullmatch(line)
    value = found[2] if found else ""
    if value.startswith("'"):
        return "write it in a `|` block, or double each single quote inside"
    if not found or len(value) > 160 or (value[:1] in ("[", "{") and value[-1:] in ("]", "}")):
        return "put the whole value in single quotes, or in a `|` block"
    if column is not None and not line[column:].startswith(value):
        return "put it in quotes"
    return f"write {found[1] + ': ' if found[1] else ''}{quoted(value)}"


def quoted(text: str) -> str:
    """Return `text` in single quotes, as YAML wants it."""
    return "'" + text.replace("'", "''") + "'"


def _refuse_extras(event: Any, place: Place) -> None:
    if type(event) is yaml.AliasEvent:
        message = f"`*{event.anchor}` is a YAML alias; aliases are not used here"
        raise _Refused(place.fault("E107", message, "quote the text; there are no leading wildcards"))
    if event.anchor:
        message = f"`&{event.anchor}` is a YAML anchor; anchors are not used here"
        raise _Refused(place.fault("E107", message, "quote it"))
    if event.tag:
        raise _Refused(place.fault("E107", f"the tag `{event.tag}` is not used here", "quote the text"))


def _close(open_: _Open, faults: list[errors.Fault]) -> Node:
    if not open_.is_map:
        return Seq(open_.place, tuple(open_.items))
    seen: dict[str, Text] = {}
    entries: list[tuple[Text, Node]] = []
    for key, value in zip(open_.items[::2], open_.items[1::2], strict=True):
        if not isinstance(key, Text):
            faults.append(key.place.fault("E105", "a key must be text", "quote it"))
        elif key.value == "<<" and not key.style:
            faults.append(key.place.fault("E107", "the merge key `<<` is not used here", "write the keys out"))
        elif key.value in seen:
            first = seen[key.value].place
            faults.append(key.place.fault("E102", f"`{key.value}` is already in line {first.line}", "merge the two"))
        else:
            seen[key.value] = key
            entries.append((key, value))
    return Map(open_.place, tuple(entries), open_.flow)
