"""Rule files -> packs, with every fault of every file at once. Pure but for `read_folder`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from monitor import errors
from monitor.rules import collector, pack_file, reader, syntax, vocabulary, yaml_nodes
from monitor.rules.packs import Item, Pack, Rule, Vocabulary

FOLDERS = ("entities", "lists", "packs")


DEEPEST_NAMES = 50
"""Names that may stand behind one another."""


@dataclass(frozen=True, slots=True)
class Known:
    """The names that rules may use; None: not checked."""

    channels: frozenset[str] | None = None
    sources: frozenset[str] | None = None
    groups: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Loaded:
    """Packs without an error, every fault of every file, and the faults of each pack (or pack file) that is out."""

    packs: tuple[Pack, ...]
    faults: tuple[errors.Fault, ...]
    broken: Mapping[str, tuple[errors.Fault, ...]] = field(default_factory=dict)
    unused: tuple[Vocabulary, ...] = ()
    """Entities and lists that no pack leads to."""
    vocabularies: tuple[Vocabulary, ...] = ()
    """Every entity and global list."""


@dataclass(frozen=True, slots=True)
class Document:
    """What one file holds, whatever else it leads to."""

    file: str
    pack: Pack | None
    vocabularies: tuple[Vocabulary, ...]
    uses: tuple[pack_file.Use, ...]
    """Names of channels, sources and groups, for checks against `Known`."""
    faults: tuple[errors.Fault, ...]


def read_folder(root: Path) -> dict[str, bytes]:
    """Return path -> bytes of the rule files under `root`: entities/, lists/ and packs/, `.yaml` or `.yml`.

    Links that leave `root` are left out. A file over 1 MB is read one byte past the limit, which loading reports.
    Raises: OSError, where a folder or file cannot be read.
    """
    home = root.resolve()
    files = {}
    for path in _paths(root):
        if not path.resolve().is_relative_to(home) or not path.is_file():
            continue
        with path.open("rb") as stream:
            files[path.relative_to(root).as_posix()] = stream.read(yaml_nodes.LARGEST + 1)
    return files


def _paths(root: Path) -> Iterator[Path]:
    for folder in FOLDERS:
        base = root / folder
        if not base.is_dir():
            continue
        for path in sorted(base.iterdir(), key=os.fspath):
            if path.suffix in (".yaml", ".yml") and not path.name.startswith("."):
                yield path


def load_packs(files: Mapping[str, bytes], known: Known = Known()) -> Loaded:
    """Return the packs that `files` (relative path -> bytes) hold and everything that is wrong with them."""
    with collector.paused():
        documents = [_document(file, bytes(data)) for file, data in sorted(files.items())]
    shared, doubles = _shared(documents)
    loader = _Loader({d.file: d for d in documents}, shared, doubles, known, files)
    results = [loader.load(d) for d in documents if d.file.startswith("packs/")]
    broken: dict[str, tuple[errors.Fault, ...]] = {}
    good: list[Pack] = []
    seen: dict[str, Pack] = {}
    found: list[errors.Fault] = [f for d in documents for f in d.faults] + doubles
    for document, result in results:
        faults = list(result.faults)
        pack = document.pack
        if pack is not None and pack.id in seen:
            first = seen[pack.id].place
            faults.append(pack.place.fault("E202", f"pack `{pack.id}` is also in {first}", "rename one"))
        if pack is not None:
            seen.setdefault(pack.id, pack)
        found += faults
        wrong = tuple(f for f in (*faults, *result.inherited) if f.is_error)
        if wrong:
            broken[pack.id if pack is not None else document.file] = wrong
        elif result.pack is not None:
            good.append(result.pack)
    good = [pack for pack in good if pack.id not in broken]
    used = {name for result in results for name in result[1].names}
    everything = tuple(shared.values())
    unused = tuple(v for v in everything if v.id not in used)
    return Loaded(tuple(good), _sorted(found), broken, unused, everything)


def shared_vocabularies(found: Iterable[Pack]) -> dict[str, Vocabulary]:
    """Return every entity and global list of the files that the packs are made of, those they do not use included.

    In an order where uses come after what they use. Of several versions of a name that of the first pack which uses it
    counts. A name that leads to files which no pack is made of is left out.
    """
    found = tuple(found)
    names = {name: v for pack in reversed(found) for name, v in pack.vocabularies.items() if name not in pack.local}
    texts = dict.fromkeys((file, text) for pack in found for file, text in pack.files.items())
    for file, text in texts:
        if not file.startswith("packs/"):
            for vocabulary in _document(file, text.encode()).vocabularies:
                names.setdefault(vocabulary.id, vocabulary)
    walk = _Walk({}, names, [], ())
    for name, vocabulary in names.items():
        before = len(walk.found)
        walk.name(name, vocabulary.place, ())
        if walk.faults:
            walk.faults.clear()
            while len(walk.found) > before:
                walk.found.popitem()
    return walk.found


def _sorted(faults: Iterable[errors.Fault]) -> tuple[errors.Fault, ...]:
    distinct = dict.fromkeys(faults)
    return tuple(sorted(distinct, key=lambda f: (f.file, f.line or 0, f.column or 0, f.code)))


def _shared(documents: list[Document]) -> tuple[dict[str, Vocabulary], list[errors.Fault]]:
    """Return the global namespace and the faults of names that stand in it twice."""
    names: dict[str, Vocabulary] = {}
    doubles = []
    for found in (v for d in documents if d.pack is None for v in d.vocabularies):
        if found.id not in names:
            names[found.id] = found
            continue
        first = names[found.id].place
        doubles.append(found.place.fault("E202", f"`{found.id}` is already in {first}", "rename one"))
        doubles.append(first.fault("E202", f"`{found.id}` is also in {found.place}", "rename one"))
    return names, doubles


@dataclass(frozen=True, slots=True)
class _Result:
    pack: Pack | None
    faults: tuple[errors.Fault, ...]
    """Found while names were resolved."""
    inherited: tuple[errors.Fault, ...] = ()
    """Of the files it uses, its own included."""
    names: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Loader:
    documents: Mapping[str, Document]
    shared: Mapping[str, Vocabulary]
    doubles: list[errors.Fault]
    known: Known
    files: Mapping[str, bytes]

    def load(self, document: Document) -> tuple[Document, _Result]:
        """Return `document` with its pack resolved: vocabularies, files, and what is wrong with them."""
        if document.pack is None:
            return document, _Result(None, (), document.faults)
        faults = list(self._unknown_names(document))
        local = {v.id: v for v in document.vocabularies}
        for name in local.keys() & self.shared.keys():
            message = f"`{name}` is already in {self.shared[name].place}"
            faults.append(local[name].place.fault("E202", message, "rename one"))
        walk = _Walk(local, self.shared, faults, self._unreadable())
        for rule in document.pack.rules:
            for item in (*rule.all, *rule.any, *rule.none):
                walk.item(item, ())
            for expr in _queries(rule):
                walk.expr(expr)
        for name, own in local.items():
            walk.name(name, own.place, ())
        used = {document.file} | {v.place.file for v in walk.found.values()}
        inherited = [f for d in self.documents.values() if d.file in used for f in d.faults]
        inherited += [f for f in self.doubles if f.file in used]
        texts = {f: bytes(self.files[f]).decode("utf-8", "replace") for f in sorted(used)}
        pack = replace(document.pack, vocabularies=walk.found, local=frozenset(local), files=texts)
        return document, _Result(pack, tuple(faults), tuple(inherited), frozenset(walk.found) - frozenset(local))

    def _unreadable(self) -> tuple[str, ...]:
        """Return the files of entities and lists that could not be read: a missing name may stand in one of them."""
        shared = (d for d in self.documents.values() if d.pack is None and not d.file.startswith("packs/"))
        return tuple(d.file for d in shared if not d.vocabularies and any(f.is_error for f in d.faults))

    def _unknown_names(self, document: Document) -> Iterator[errors.Fault]:
        for use in document.uses:
            names: frozenset[str] | None = getattr(self.known, use.kind)
            if names is not None and use.name not in names:
                kind = use.kind.removesuffix("s")
                yield use.place.fault("E204", f"unknown {kind} `{use.name}`", reader.fix_for(use.name, names))


def _queries(rule: Rule) -> Iterator[syntax.Expr]:
    if rule.query is not None:
        yield rule.query
    if rule.score is not None:
        yield from (clause.query for clause in rule.score.clauses)


@dataclass(slots=True)
class _Walk:
    """Follows $names from item to vocabulary to item; finds unknown names and circles."""

    local: Mapping[str, Vocabulary]
    shared: Mapping[str, Vocabulary]
    faults: list[errors.Fault]
    unreadable: tuple[str, ...]
    found: dict[str, Vocabulary] = field(default_factory=dict)
    reported: set[str] = field(default_factory=set)

    def item(self, item: Item, path: tuple[str, ...]) -> None:
        for term in (item.term, *item.require, *item.forbid):
            if term.ref is not None:
                self.name(term.ref, term.place, path)

    def expr(self, expr: syntax.Expr) -> None:
        for word in syntax.words(expr):
            if word.term.ref is not None:
                self.name(word.term.ref, word.place, ())

    def name(self, name: str, place: yaml_nodes.Place, path: tuple[str, ...]) -> None:
        inside_shared = bool(path) and path[-1] not in self.local
        vocabulary = (None if inside_shared else self.local.get(name)) or self.shared.get(name)
        if vocabulary is None:
            fix = reader.fix_for(name, [*self.local, *self.shared], "$")
            if self.unreadable:
                fix = f"perhaps it stands in {' or '.join(self.unreadable)}, which cannot be read"
            self.faults.append(place.fault("E201", f"unknown name `${name}`", fix))
        elif name in path:
            circle = " -> ".join(f"${n}" for n in (*path[path.index(name) :], name))
            if name not in self.reported:
                self.faults.append(place.fault("E203", f"names lead in a circle: {circle}", "remove one of them"))
            self.reported.update(path)
        elif len(path) >= DEEPEST_NAMES:
            message = f"names lead through more than {DEEPEST_NAMES} others: ${path[0]} -> ... -> ${name}"
            self.faults.append(place.fault("E203", message, "let the list hold its words itself"))
            self.reported.update(path)
        elif name not in self.found and name not in self.reported:
            for item in vocabulary.items:
                self.item(item, (*path, name))
            for holder in vocabulary.holders:
                self.name(holder.entity, holder.place, (*path, name))
            self.found[name] = vocabulary


def names_behind(
    expr: syntax.Expr, local: Mapping[str, Vocabulary], shared: Mapping[str, Vocabulary], faults: list[errors.Fault]
) -> dict[str, Vocabulary]:
    """Return every vocabulary that a query leads to, what is used before what uses it; unknown names are `faults`."""
    walk = _Walk(local, shared, faults, ())
    walk.expr(expr)
    return walk.found


@lru_cache(maxsize=512)
def _document(file: str, data: bytes) -> Document:
    """Return what a file holds; kept, since a reload mostly meets the same files again."""
    root, first = yaml_nodes.parse(file, data)
    faults = list(first)
    if root is None:
        if not faults:
            faults.append(errors.Fault(file, 1, 1, "E106", "the file is empty", "begin with `format: 1`"))
        return Document(file, None, (), (), tuple(faults))
    if not isinstance(root, yaml_nodes.Map):
        faults.append(root.place.fault("E105", "the file must be a map", "begin with `format: 1`"))
        return Document(file, None, (), (), tuple(faults))
    top = reader.Reader(root, faults)
    pack_file.check_format(top)
    kind = file.split("/", 1)[0]
    if kind == "packs":
        pack, lists, uses = pack_file.read_pack(top)
        return Document(file, pack, lists, uses, tuple(faults))
    top.check_keys(("format", kind))
    if kind == "entities":
        found = vocabulary.read_entities(top.nodes("entities"), faults)
    else:
        found = vocabulary.read_lists(top.map("lists"), faults)
    return Document(file, None, found, (), tuple(faults))
