"""The gate: from the files on disk to the rules that judge, pack by pack, keeping what last was good. Pure."""

from __future__ import annotations

import functools
import json
from collections.abc import Container, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from monitor import errors
from monitor.rules import collector, load, packs, trial
from monitor.rules.compile import RuleSet, compile_rules, id_of, source_of


@dataclass(frozen=True, slots=True)
class LiveRules:
    """The rules that judge from now on.

    `source`: canonical JSON {"packs": {id: {path: text}}}. `id`: names it and the text tables. `faults`: everything
    wrong with the files as they stand now. `stale`: pack (or pack file) -> why it runs on an older version, or not
    at all.
    """

    ruleset: RuleSet
    source: str
    id: str
    faults: tuple[errors.Fault, ...]
    stale: Mapping[str, str]


def next_live(
    current: LiveRules | None, files: Mapping[str, bytes], known: load.Known, deleted: Literal["go", "stay"] = "go"
) -> LiveRules:
    """Return the rules that `files` (as they stand on disk) and the good versions of `current` make.

    A pack goes live when it and the files it uses are without error and its own tests pass; else its last good
    version stays, or it stays off if it never had one. Where every pack file is gone at once, all stay: that is a
    folder lost rather than a decision.

    Args:
        deleted: What becomes of a pack whose file is gone. A running daemon lets it `stay`, since a file that vanished
            may be an accident and its silence would not be noticed; at the next start it does `go`.
    """
    loaded = load.load_packs(files, known)
    faults = list(loaded.faults)
    good: dict[str, packs.Pack] = {}
    wrong: dict[str, tuple[errors.Fault, ...]] = dict(loaded.broken)
    previous = _previous(current)
    for pack in loaded.packs:
        passed = pack.id in previous and previous[pack.id].files == pack.files  # when it went live
        failures = () if passed else _failures(pack)
        if failures:
            wrong[pack.id] = failures
            faults += failures
        else:
            good[pack.id] = pack
    kept = _kept(previous, good, wrong, files)
    if deleted == "stay":
        kept |= {name: pack for name, pack in previous.items() if name not in good and pack.place.file not in files}
    if previous and kept.keys() == previous.keys() and not good and not _pack_files(files):
        faults.append(errors.Fault("packs", None, None, "no_packs", "there is no pack any more; the last ones stay"))
    stale = _stale(wrong, kept, good, previous)
    live = [*good.values(), *kept.values()]
    source = source_of(live)
    unchanged = current is not None and current.source == source
    ruleset = current.ruleset if current is not None and unchanged else compile_rules(live)
    return LiveRules(ruleset, source, id_of(source), tuple(faults), stale)


def _failures(pack: packs.Pack) -> tuple[errors.Fault, ...]:
    """Return the pack's own tests that fail; kept, since a reload mostly meets the same packs again."""
    key = id_of(source_of([pack]))
    if key not in _TRIED:
        if len(_TRIED) >= MOST_TRIED:
            _TRIED.clear()
        _TRIED[key] = tuple(failure.fault for failure in trial.run_tests(pack).wrong)
    return _TRIED[key]


_TRIED: dict[str, tuple[errors.Fault, ...]] = {}
MOST_TRIED = 1_000


def from_source(source: str) -> RuleSet:
    """Return the rule set of a stored source.

    Raises: RuleError, where it does not load (it was written by another version).
    """
    return compile_rules(packs_of(source).values())


def to_file(folder: Path, source: str, name: str = "") -> Path:
    """Write a source once into a folder and return its file, for `of_file`; its id is the name where none is given."""
    path = folder / f"{name or id_of(source)}.json"
    if not path.exists():
        partial = path.with_suffix(".part")
        partial.write_text(source, "utf-8")
        partial.rename(path)
    return path


@functools.lru_cache(maxsize=2)
def of_file(path: str) -> RuleSet:
    """Return the rule set of a file with a stored source, loaded once in a process. Raises: RuleError."""
    rules = from_source(Path(path).read_text("utf-8")).build()
    collector.settle()
    return rules


def _previous(current: LiveRules | None) -> Mapping[str, packs.Pack]:
    return current.ruleset.packs if current is not None else {}


def packs_of(source: str, names: Container[str] | None = None) -> dict[str, packs.Pack]:
    """Return the packs of a stored source by id, all or only those of some `names`.

    Raises: RuleError, as `from_source` does.
    """
    found = {}
    for name, texts in json.loads(source)["packs"].items():
        if names is not None and name not in names:
            continue
        loaded = load.load_packs({path: text.encode() for path, text in texts.items()})
        if [pack.id for pack in loaded.packs] != [name]:
            raise errors.RuleError(f for f in loaded.faults if f.is_error)
        found[name] = loaded.packs[0]
    return found


def _pack_files(files: Mapping[str, bytes]) -> set[str]:
    return {path for path in files if path.startswith("packs/")}


def _kept(
    previous: Mapping[str, packs.Pack],
    good: Mapping[str, packs.Pack],
    wrong: Mapping[str, tuple[errors.Fault, ...]],
    files: Mapping[str, bytes],
) -> dict[str, packs.Pack]:
    """Return the older versions that stay: of packs that are wrong now, under their id or in their file."""
    there = _pack_files(files)
    good_files = {pack.place.file for pack in good.values()}

    def stays(pack: packs.Pack) -> bool:
        if pack.id in good:
            return False
        return not there or pack.id in wrong or (pack.place.file in there and pack.place.file not in good_files)

    return {name: pack for name, pack in previous.items() if stays(pack)}


def _stale(
    wrong: Mapping[str, tuple[errors.Fault, ...]],
    kept: Mapping[str, packs.Pack],
    good: Mapping[str, packs.Pack],
    previous: Mapping[str, packs.Pack],
) -> dict[str, str]:
    of_file = {pack.place.file: name for name, pack in kept.items()}
    stale: dict[str, str] = {}
    for name, faults in wrong.items():
        pack = of_file.get(name, name)
        first = str(faults[0]) + (f" and {len(faults) - 1} more" if len(faults) > 1 else "")
        stale[pack] = f"the last good version stays: {first}" if pack in kept else f"off: {first}"
    for name in kept:
        stale.setdefault(name, "the last good version stays until the next start: its file is gone or cannot be used")
    return stale
