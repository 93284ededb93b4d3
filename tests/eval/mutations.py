"""Rule files as an editor sees them, and slips of the hand made in them: what one is made of, and how it is judged.

`mistakes` names the slips. Each yields edits wherever a file has room for it; which of them are tried is drawn by a
hash of the line that they stand in, so that a pack which is still being edited keeps most of its mutations.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

from monitor.rules import lint, live, load, yaml_nodes
from monitor.rules.yaml_nodes import Map, Node, Place, Seq, Text

RULES = Path(__file__).parents[2] / "rules"
TODAY = datetime(2026, 1, 1, tzinfo=UTC)
STOPPED = ("error", "tests", "warning")
"""How a mistake is stopped: the loader refuses it, the pack's own tests fail, lint says something new in review."""

Path_ = tuple[str | int, ...]
"""Keys and indexes from the root of a file to a node."""


class Edit(NamedTuple):
    """`new` in the place of text[start:end]."""

    start: int
    end: int
    new: str


class Entry(NamedTuple):
    """A key of a map, with the path to its value."""

    path: Path_
    key: Text
    value: Node
    parent: Map


class Sheet:
    """One rule file: its text, its nodes, and where each of them stands."""

    def __init__(self, file: str, text: str) -> None:
        root, faults = yaml_nodes.parse(file, text.encode())
        assert isinstance(root, Map), faults
        self.file, self.text, self.root = file, text, root
        self._starts = [0, *(found.end() for found in re.finditer("\n", text))]

    @property
    def is_pack(self) -> bool:
        """Return whether it is a pack rather than entities or lists."""
        return self.file.startswith("packs/")

    def at(self, place: Place) -> int:
        """Return the offset of a place."""
        return self._starts[place.line - 1] + place.column - 1

    def end_of(self, text: Text) -> int:
        """Return the offset behind a scalar."""
        return self.at(text.place) + len(text.raw or text.value)

    def line_of(self, offset: int) -> int:
        """Return the number of the line that holds an offset."""
        return self.text.count("\n", 0, offset) + 1

    def line_at(self, offset: int) -> tuple[int, int]:
        """Return where the line that holds an offset begins, and where the next one does."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        return start, len(self.text) if end < 0 else end + 1

    def replaced(self, start: int, new: str, length: int = 0) -> Edit:
        """Return an edit that puts `new` over `length` characters."""
        return Edit(start, start + length, new)

    # -- what stands in it -------------------------------------------------------------------------

    @cached_property
    def nodes(self) -> tuple[tuple[Path_, Node], ...]:
        """Every node before the tests."""
        return tuple(_walk(self.root, ()))

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """Every key before the tests."""
        maps = ((path, node) for path, node in self.nodes if isinstance(node, Map))
        return tuple(Entry((*path, k.value), k, v, node) for path, node in maps for k, v in node.entries)

    def entries_at(self, *keys: str) -> Iterator[Entry]:
        """Yield the entries under one of these keys."""
        return (entry for entry in self.entries if entry.key.value in keys)

    @cached_property
    def queries(self) -> tuple[Text, ...]:
        """Every query of a rule or clause."""
        return tuple(e.value for e in self.entries_at("query") if isinstance(e.value, Text))

    def in_queries(self, pattern: str) -> Iterator[tuple[int, re.Match[str]]]:
        """Yield (offset in the file, match) of a pattern in the queries."""
        for query in self.queries:
            places = query.places()
            for found in re.finditer(pattern, query.value):
                start = self.at(places(found.start()))
                if self.text.startswith(found.group(), start):
                    yield start, found

    @cached_property
    def items(self) -> tuple[tuple[Path_, Text], ...]:
        """Every plain term of a list, an entity or an `any:`, with its path."""
        found = ((path, node) for path, node in self.nodes if isinstance(node, Text) and not node.style)
        return tuple((p, n) for p, n in found if _is_item(p) and not n.spans_lines)

    def items_in(self, *languages: str) -> Iterator[Text]:
        """Yield the items that stand under one of these languages."""
        return (text for path, text in self.items if languages_of(path) in languages)

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield (offset, line) of each line before the tests that is YAML: no comment, no line of a block."""
        blocks = [
            (n.place.line, n.place.line + n.raw.count("\n"))
            for _, n in self.nodes
            if isinstance(n, Text) and n.style in ("|", ">")
        ]
        last = next((e.key.place.line for e in self.entries if e.path == ("tests",)), len(self._starts))
        for number, line in enumerate(self.text.split("\n")[: last - 1], 1):
            if line.strip() and not line.strip().startswith("#") and not any(a < number <= b for a, b in blocks):
                yield self._starts[number - 1], line

    def block_of(self, entry: Entry) -> Edit | None:
        """Return the edit that removes a key and all under it; None where nothing simple would."""
        start = self.at(entry.key.place)
        if entry.parent.flow:
            names = [key for key, _ in entry.parent.entries]
            after = names.index(entry.key) + 1
            return Edit(start, self.at(names[after].place), "") if after < len(names) else None
        return self.indented(start)

    def indented(self, offset: int) -> Edit:
        """Return the edit that removes the line at an offset and what is indented deeper below it."""
        start, end = self.line_at(offset)
        depth = _depth(self.text[start:end])
        while end < len(self.text):
            line = self.text[end : self.line_at(end)[1]]
            if line.strip() and _depth(line) <= depth:
                break
            end += len(line)
        return Edit(start, end, "")


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _walk(node: Node, path: Path_) -> Iterator[tuple[Path_, Node]]:
    if path[:1] == ("tests",) and len(path) > 1:
        return
    yield path, node
    if isinstance(node, Map):
        for key, value in node.entries:
            yield from _walk(value, (*path, key.value))
    elif isinstance(node, Seq):
        for number, item in enumerate(node.items):
            yield from _walk(item, (*path, number))


LANGUAGES = ("en", "ar", "he", "fr")


def languages_of(path: Path_) -> str:
    """Return the language that an item stands under, empty for none."""
    return next((str(part) for part in path if part in LANGUAGES), "")


def _is_item(path: Path_) -> bool:
    listed = bool(path) and isinstance(path[-1], int) and len(path) > 1 and path[-2] in (*LANGUAGES, "any", "all")
    return listed or (path[-1:] == ("name",) and languages_of(path) != "")


# -- drawing ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mutation:
    """A rule file with one mistake in it."""

    mistake: str
    file: str
    line: int
    before: str
    after: str
    data: bytes

    @property
    def where(self) -> str:
        """Return its place and what was done there."""
        return f"{self.file}:{self.line}: {self.before} -> {self.after}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A kind of slip: how often it is tried, in which files, and all edits that would make it."""

    name: str
    count: int
    files: str
    edits: Callable[[Sheet], Iterable[Edit]]
    encoding: str = "utf-8"

    def mutations(self, sheets: Iterable[Sheet]) -> list[Mutation]:
        """Return the mutations that are tried: few, spread over the files, the same ones tomorrow."""
        rows = []
        for sheet in sheets:
            if self.files in ("any", "packs" if sheet.is_pack else "entities"):
                found = sorted((self._rank(sheet, edit), edit) for edit in set(self.edits(sheet)))
                rows.append([(n, rank, sheet, edit) for n, (rank, edit) in enumerate(found[: self.count])])
        drawn = sorted((entry for row in rows for entry in row), key=lambda entry: entry[:2])
        return [self._mutation(sheet, edit) for _, _, sheet, edit in drawn[: self.count]]

    def _rank(self, sheet: Sheet, edit: Edit) -> str:
        start, end = sheet.line_at(edit.start)
        told = (self.name, sheet.file, sheet.text[start:end].strip(), str(edit.start - start), edit.new)
        return hashlib.sha256("\0".join(told).encode()).hexdigest()

    def _mutation(self, sheet: Sheet, edit: Edit) -> Mutation:
        text = sheet.text[: edit.start] + edit.new + sheet.text[edit.end :]
        data = text.encode(self.encoding, "replace")
        before, after = _shown(sheet.text, edit.start, edit.end), _shown(text, edit.start, edit.start + len(edit.new))
        return Mutation(self.name, sheet.file, sheet.line_of(edit.start), before, after, data)


SHOWN = 44


def _shown(text: str, start: int, end: int) -> str:
    """Return an edited place with a little of what stands around it."""
    around = max(2, (SHOWN - (end - start)) // 2)
    left = text.rfind("\n", 0, start) + 1
    found = text[max(left, start - around) : end + around].partition("\n\n")[0]
    short = " ".join(found.split())
    return f"`{short[:SHOWN]}{'...' if len(short) > SHOWN else ''}`"


def sheets(folder: Path = RULES) -> list[Sheet]:
    """Return the rule files of a folder."""
    return [Sheet(file, data.decode()) for file, data in sorted(load.read_folder(folder).items())]


# -- judging ---------------------------------------------------------------------------------------


class Verdict(NamedTuple):
    """How a mutation was stopped: `error`, `tests`, `warning`; or `survived`, or `null` where it changes nothing."""

    how: str
    why: str


class Judge:
    """The shipped files, live and linted, against which mutations of them are tried."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self._files = files
        shared = {file: data for file, data in files.items() if not file.startswith("packs/")}
        packs = [file for file in files if file.startswith("packs/")]
        # A mutation of a pack is tried beside nothing but what that pack uses: the others would not care.
        self._worlds = {file: {**shared, file: files[file]} if file in packs else files for file in files}
        self._current: dict[str, live.LiveRules] = {}
        self._whole = load.load_packs(files)
        self._warnings = frozenset(map(_told, _warnings(self._whole)))

    def judge(self, mutation: Mutation, whole_way: bool = True) -> Verdict:
        """Return what becomes of a mutation. Raises: AssertionError where one that is refused changes what is live.

        Args:
            whole_way: Go through the gate also where reading the files has shown an error, which decides it.
        """
        world = self._worlds[mutation.file]
        read = load.load_packs({**world, mutation.file: mutation.data})
        if read.broken and not whole_way:
            return Verdict("error", str(next(iter(read.broken.values()))[0]))
        current = self._live(mutation.file)
        after = live.next_live(current, {**world, mutation.file: mutation.data}, load.Known())
        if after.stale:
            kept = {name: after.ruleset.packs[name].files for name in after.stale}
            assert kept == {name: current.ruleset.packs[name].files for name in after.stale}, mutation
            fault = next(f for f in after.faults if f.is_error)
            return Verdict("tests" if fault.code == "test_failed" else "error", str(fault))
        loaded = load.load_packs({**self._files, mutation.file: mutation.data})
        if _meaning(loaded) == self._meaning:
            return Verdict("null", "")
        new = [fault for fault in _warnings(loaded) if _told(fault) not in self._warnings]
        return Verdict("warning", str(new[0])) if new else Verdict("survived", "")

    def _live(self, file: str) -> live.LiveRules:
        """Return what is live before a mutation of `file`."""
        key = file if file.startswith("packs/") else ""
        if key not in self._current:
            self._current[key] = live.next_live(None, self._worlds[file], load.Known())
            assert not self._current[key].stale, self._current[key].stale
        return self._current[key]

    @cached_property
    def _meaning(self) -> object:
        return _meaning(self._whole)


def _warnings(loaded: load.Loaded) -> Iterator[object]:
    """Yield what `rules lint` says beside errors and failing tests."""
    world = lint.World(loaded, TODAY)
    for check in lint.LINTS:
        yield from check(world)


def _told(fault: object) -> str:
    """Return what a warning says, wherever in its file it stands."""
    return re.sub(r":\d+|line \d+|column \d+", "", str(fault))


_FORM = re.compile(
    r"Place\(file='[^']*', line=\d+, column=\d+\)"
    r"|(?:written|description)=(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")"
)


def _meaning(loaded: load.Loaded) -> object:
    """Return everything that the packs say, but for where and how it is written, and for descriptions."""
    said = [replace(pack, files={}, local=frozenset()) for pack in loaded.packs]
    unused = [vocabulary.id for vocabulary in loaded.unused]
    return [_FORM.sub("", repr(pack)) for pack in said], unused, [sorted(pack.local) for pack in loaded.packs]


EVERY = 5
"""One in so many of the files with an error goes the whole way: compiling what stays takes most of the time."""

_JUDGE: list[Judge] = []


def judge_all(mutations: list[Mutation], workers: int = 2) -> list[Verdict]:
    """Return what becomes of each mutation, in order; tried by several processes."""
    with ProcessPoolExecutor(workers, get_context("spawn"), _ready, (load.read_folder(RULES),)) as pool:
        return list(pool.map(_judge, range(len(mutations)), mutations, chunksize=4))


def _ready(files: Mapping[str, bytes]) -> None:
    _JUDGE.append(Judge(files))


def _judge(number: int, mutation: Mutation) -> Verdict:
    return _JUDGE[0].judge(mutation, whole_way=number % EVERY == 0)
