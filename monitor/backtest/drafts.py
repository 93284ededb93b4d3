"""Rules as somebody types them, looked at in a worker: what is wrong, what they make of an article, what can be tried.

A text is a whole pack, or one rule alone, which is then the only rule of a pack. Nothing of it reaches the daemon but
small values: a text that takes too long or too much ends its worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor import errors, model
from monitor.rules import compile as rules_compile
from monitor.rules import explain, explain_json, explain_text, live, load, match, yaml_nodes
from monitor.rules import lint as linting
from monitor.store import articles, visit

ALONE = "playground"
"""Id of the pack that a rule alone is put into."""
_HEAD = f"format: 1\npack: {ALONE}\nrules:\n"
_KINDS = ("all", "any", "query", "score")
_OF_PACKS = ("W701", "W901", "W902")
"""What lint asks of packs and nobody of a rule alone: an owner, tests."""
MOST_FINDINGS = 200
LONGEST_SHOWN = 20_000
"""Characters of an article that an explanation shows."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A text that was typed. `folder`: of the rule files; `file`: the pack file that it stands for, `packs/x.yaml`."""

    folder: str
    file: str
    text: str
    known: load.Known


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong or doubtful, at its place in the text."""

    line: int
    column: int
    code: str
    message: str
    fix: str | None
    is_error: bool


@dataclass(frozen=True, slots=True)
class Checked:
    """What a text is. `files`: path -> text of all that its pack is made of; empty where it cannot be tried."""

    pack: str
    findings: tuple[Finding, ...]
    files: Mapping[str, str]
    passed: int = 0
    failed: int = 0
    alone: bool = False
    """Whether it is a rule without a pack."""
    left_out: int = 0
    """Findings beyond those that are shown."""

    @property
    def errors(self) -> int:
        """Return how many of the findings keep it from being used."""
        return sum(one.is_error for one in self.findings)

    @property
    def source(self) -> str:
        """Return the source of its pack."""
        return rules_compile.source_from({self.pack: self.files})


def check(draft: Draft) -> Checked:
    """Return what is wrong with a text, warnings and failing tests included. Raises: OSError becomes a RuleError."""
    written = as_pack(draft.text)
    files = {**_shared(draft), draft.file: written.text.encode("utf-8", "replace")}
    loaded = load.load_packs(files, draft.known)
    found = [fault for fault in linting.lint(files, draft.known) if fault.file == draft.file]
    if written.alone:
        found = [fault for fault in found if fault.code not in _OF_PACKS]
    findings = [_finding(fault, written) for fault in found]
    pack = next((one for one in loaded.packs if one.place.file == draft.file), None)
    name = pack.id if pack is not None else ""
    tests = [case for case in pack.tests if not case.kind.startswith("todo_")] if pack is not None else []
    failed = sum(fault.code == "test_failed" for fault in found)
    return Checked(
        pack=name,
        findings=tuple(findings[:MOST_FINDINGS]),
        files=pack.files if pack is not None else {},
        passed=len(tests) - failed,
        failed=failed,
        alone=written.alone,
        left_out=max(0, len(findings) - MOST_FINDINGS),
    )


def prepare(draft: Draft) -> Checked:
    """Return the files of a text's pack, or the errors that keep it from being tried: `check` without the rest."""
    written = as_pack(draft.text)
    files = {**_shared(draft), draft.file: written.text.encode("utf-8", "replace")}
    loaded = load.load_packs(files, draft.known)
    pack = next((one for one in loaded.packs if one.place.file == draft.file), None)
    if pack is not None:
        return Checked(pack.id, (), pack.files, alone=written.alone)
    found = [_finding(fault, written) for fault in loaded.faults if fault.file == draft.file and fault.is_error]
    others = [fault for fault in loaded.faults if fault.file != draft.file and fault.is_error]
    found += [Finding(1, 1, fault.code, f"{fault.place}: {fault.message}", fault.fix, True) for fault in others]
    return Checked("", tuple(found[:MOST_FINDINGS]), {}, alone=written.alone)


def _shared(draft: Draft) -> dict[str, bytes]:
    try:
        files = load.read_folder(Path(draft.folder))
    except OSError as fault:
        where = errors.Fault(draft.folder, None, None, "rules_unreadable", f"cannot be read: {fault.strerror}")
        raise errors.RuleError([where]) from fault
    return {path: data for path, data in files.items() if not path.startswith("packs/")}


@dataclass(frozen=True, slots=True)
class AsPack:
    """A text as a pack file: how many lines stand before it, and how far its lines are moved to the right."""

    text: str
    alone: bool = False
    lines: int = 0
    columns: int = 0


def as_pack(text: str) -> AsPack:
    """Return a text as a pack file: as it is, or, of a rule (or a list of rules) alone, in a pack of its own."""
    root, _ = yaml_nodes.parse("packs/draft.yaml", text.encode("utf-8", "replace"))
    if isinstance(root, yaml_nodes.Seq):
        return _wrapped(text, "", "  ")
    if not isinstance(root, yaml_nodes.Map) or root.get("rules") is not None or root.get("pack") is not None:
        return AsPack(text)
    if all(root.get(kind) is None for kind in _KINDS):
        return AsPack(text)
    if root.flow:
        return _wrapped(text, "  -\n", "    ")
    return _wrapped(text, "  -\n" if root.get("id") is not None else "  - id: rule\n", "    ")


def _wrapped(text: str, begin: str, by: str) -> AsPack:
    before = _HEAD + begin
    moved = "".join(by + line for line in text.splitlines(keepends=True))
    return AsPack(before + moved, True, before.count("\n"), len(by))


def _finding(fault: errors.Fault, written: AsPack) -> Finding:
    line, column = (fault.line or 1) - written.lines, (fault.column or 1) - written.columns
    return Finding(max(1, line), max(1, column), fault.code, fault.message, fault.fix, fault.is_error)


# -- one article -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Judged:
    """Why a text's pack is true of an article, or is not."""

    article_id: int
    title: str
    text: str
    url: str | None
    newsroom: str
    said: str
    """The explanation for people (`explain_text`)."""
    told: Mapping[str, Any]
    """The same for programs (`explain_json`)."""
    spans: tuple[model.Evidence, ...]
    cut: bool


def judge(database: str, source_path: str, pack: str, what: str) -> Judged | None:
    """Return the judgement of an article of the archive, by number or address; None where there is none.

    Raises: RuleError; StoreError.
    """
    with visit.reading_again(database) as connection:
        number = int(what) if what.isascii() and what.isdecimal() else articles.find_by_link(connection, what)
        found = articles.load(connection, [number]) if number is not None else []
    if not found:
        return None
    article = found[0].article
    rules = rules_compile.compile_rules(live.packs_of(Path(source_path).read_text("utf-8"), (pack,)).values())
    told = explain.explain(rules, pack, article)
    spans = tuple(dict.fromkeys(span for one in match.match_article(rules, article) for span in one.evidence))
    return Judged(
        found[0].id,
        article.title,
        article.text[:LONGEST_SHOWN],
        article.url or None,
        article.newsroom,
        explain_text.to_text(told),
        explain_json.to_json(told),
        tuple(span for span in spans if span.field == "title" or span.end <= LONGEST_SHOWN),
        len(article.text) > LONGEST_SHOWN,
    )
