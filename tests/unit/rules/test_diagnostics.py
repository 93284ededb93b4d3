"""Every diagnostic by its code: a faulty file set, where it is told, and a corrected twin that is not told of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import errors, model
from monitor.rules import lint, load

ROOT = Path(__file__).resolve().parents[3]
TODAY = datetime(2025, 6, 1, tzinfo=UTC)
RULES = "rules: [{id: a, any: [x1]}]\n"
CORPUS = [model.Article("Cairo talks on the crossing", "")] * 5 + [model.Article("Weather", "")] * 5
KNOWN = load.Known(channels=frozenset({"desk"}), sources=frozenset({"gazette"}), groups=frozenset({"satire"}))

Files = str | bytes | Mapping[str, str]
"""A pack (what stands below its first two lines), a whole file in bytes, or files by path."""


@dataclass(frozen=True)
class Row:
    """A code, where it is told (`line:column` of the pack, or of `file`), and the files without and with the fault."""

    code: str
    at: str
    faulty: Files
    good: Files
    file: str = "packs/p.yaml"
    more: Mapping[str, Any] = field(default_factory=dict)


def files_of(written: Files) -> dict[str, bytes]:
    """Return rule files."""
    if isinstance(written, bytes):
        return {"packs/p.yaml": written}
    if isinstance(written, str):
        return {"packs/p.yaml": f"format: 1\npack: p\n{written}".encode()}
    return {path: text.encode() for path, text in written.items()}


def query(text: str) -> str:
    """Return a pack with one rule that asks `text`, which begins in line 6, column 7."""
    return f"rules:\n  - id: a\n    query: |\n      {text}\n"


def items(*terms: str, key: str = "any") -> str:
    """Return a pack with one rule of `terms`; the first stands in line 6, column 9."""
    return f"rules:\n  - id: a\n    {key}:\n" + "".join(f"      - {term}\n" for term in terms)


def score(*clauses: str, threshold: int = 30, more: str = "") -> str:
    """Return a pack with a score; its threshold stands in line 6, its clauses begin in line 8, column 9."""
    head = f"rules:\n  - id: a\n    score:\n      threshold: {threshold}\n      clauses:\n"
    return head + "".join(f"        {clause}\n" for clause in clauses) + more


def entities(*written: str, rule: str = "") -> dict[str, str]:
    """Return a file of entities, the first in line 3, and a pack that uses `$aa` and `$bb` as far as they are there."""
    names = ", ".join(f"${name}" for name in ("aa", "bb") if any(f"id: {name}" in one for one in written))
    found = {"packs/p.yaml": f"format: 1\npack: p\n{rule or f'rules: [{{id: a, any: [x1, {names}]}}]'}\n"}
    found["entities/e.yaml"] = "format: 1\nentities:\n" + "".join(f"  - {one}\n" for one in written)
    return found


ROWS = [
    Row("E101", "3:8", "title: @x\n" + RULES, "title: '@x'\n" + RULES),
    Row("E102", "4:1", "title: one\ntitle: two\n" + RULES, "title: one\n" + RULES),
    Row("E103", "3:1", "severty: high\n" + RULES, "severity: high\n" + RULES),
    Row(
        "E104",
        "4:29",
        "rules:\n  - {id: a, query: SENT(x1, x2)}\n",
        "rules:\n  - {id: a, query: 'SENT(x1, x2)'}\n",
    ),
    Row("E105", "3:11", "severity: hihg\n" + RULES, "severity: high\n" + RULES),
    Row("E106", "1:9", b"format: 9\npack: p\nrules: [{id: a, any: [x1]}]\n", RULES),
    Row("E107", "3:8", "title: &x one\n" + RULES, "title: '&x one'\n" + RULES),
    Row("E108", "3:11", b"format: 1\npack: p\ntitle: caf\xe9\n", "title: café\n" + RULES),
    Row("E109", "4:1", RULES + "---\nformat: 1\n", RULES),
    Row("E110", "4:23", "rules:\n  - {id: a, query: x1 -- why}\n", query("x1 -- why")),
    Row("E201", "6:9", items("$gzaa") + "lists: {gaza: [x1]}\n", items("$gaza") + "lists: {gaza: [x1]}\n"),
    Row("E202", "5:10", "rules:\n  - {id: a, any: [x1]}\n  - {id: a, any: [x2]}\n", RULES),
    Row("E203", "3:22", "lists: {a: [$b], b: [$a]}\n" + RULES, "lists: {a: [$b], b: [x1]}\n" + RULES),
    Row("E204", "3:9", "route: [dsk]\n" + RULES, "route: [desk]\n" + RULES),
    Row("E205", "4:5", "rules:\n  - {id: a, none: [x1]}\n", "rules:\n  - {id: a, any: [x2], none: [x1]}\n"),
    Row("E206", "3:10", "max_age: 36\n" + RULES, "max_age: 36h\n" + RULES),
    Row("E310", "6:10", query("x1 AND"), query("x1 AND x2")),
    Row("E311", "6:10", query("x1 x2"), query("x1 AND x2")),
    Row("E312", "6:17", query("x1 AND x2 OR x3"), query("x1 AND (x2 OR x3)")),
    Row("E313", "6:7", query("NOT x1"), query("x2 AND NOT x1")),
    Row("E314", "6:13", query("x1 OR NOT x2"), query("x1 AND NOT x2")),
    Row("E315", "6:20", query("x1 NEAR/5 x2 NEAR/5 x3"), query("NEAR/5(x1, x2, x3)")),
    Row("E316", "6:10", query("x1 W/5 x2"), query("x1 NEAR/5 x2")),
    Row("E317", "6:10", query("x1 and x2"), query("x1 AND x2")),
    Row("E320", "6:9", items("'*port'"), items("airport")),
    Row("E321", "6:9", items("por*"), items("port*")),
    Row("E322", "6:7", query("re:/(?=x)x/"), query("re:/xx/")),
    Row("E323", "6:10", query("x1 NEAR/51 x2"), query("x1 NEAR/50 x2")),
    Row("E324", "6:9", items("'...'"), items("x1")),
    Row("E325", "6:7", query("NEAR/5(x1)"), query("NEAR/5(x1, x2)")),
    Row("E326", "6:7", query("ATLEAST/3(x1, x2)"), query("ATLEAST/2(x1, x2)")),
    Row("E327", "6:9", items("(x1)"), items("x1")),
    Row("E328", "6:9", items("“Gaza Strip”"), items("Gaza Strip")),
    Row("E329", "6:25", query("ATLEAST/2(x1, x2, x1)"), query("ATLEAST/2(x1, x2, x3)")),
    Row("E330", "6:22", query("NEAR/5(x1, (x2 AND x3))"), query("NEAR/5(x1, (x2 OR x3))")),
    Row("E401", "6:18", score("b: {weight: 20, query: x1}"), score("b: {weight: 30, query: x1}")),
    Row("E402", "6:18", score("b: {weight: 20, query: x1}", threshold=0), score("b: {weight: 30, query: x1}")),
    Row(
        "E403",
        "8:38",
        score("b: {weight: 30, title_bonus: -5, query: x1}"),
        score("b: {weight: 30, title_bonus: 5, query: x1}"),
    ),
    Row("E901", "3:14", RULES, RULES + "lint_ok: [W901]\n", more={"strict": True}),
    Row("W501", "6:9", items("government"), items("government", key="all") + "    any: [x1]\n"),
    Row("W501", "6:7", query("govern* OR x1"), query("govern* NEAR/5 x1")),
    Row("W501", "6:28", query("x1 AND (title:(x2 OR said) OR x3)"), query("x1 AND NEAR/5(x3, (x2 OR said))")),
    Row("W501", "7:9", items("x1", "قال"), items("x1", "{name: قال, require: [x1]}")),
    Row("W501", "2:7", items("crossing"), items("crossing", key="all") + "    any: [Cairo]\n", more={"corpus": CORPUS}),
    Row(
        "W502",
        "3:54",
        entities("{id: aa, type: person, names: {en: [Israel Katz, Katz]}}"),
        entities("{id: aa, type: person, names: {en: [Israel Katz, {name: Katz, require: [minister]}]}}"),
        file="entities/e.yaml",
    ),
    Row("W503", "6:9", items("بير"), items("{name: بير, clitics: false}")),
    Row("W503", "6:7", query("אשר OR x1"), query("=אשר OR x1")),
    Row("W504", "6:9", items("FMF"), items("=FMF")),
    Row("W504", "6:12", query("SENT(FMF, x1)"), query("SENT(=FMF, x1)")),
    Row("W504", "6:33", items("{name: waiver, forbid: [US]}"), items("{name: waiver, forbid: [=US]}")),
    Row(
        "W505",
        "4:38",
        entities("{id: aa, type: org, names: [Foo]}", "{id: bb, type: org, names: [Bar, foo]}"),
        entities("{id: aa, type: org, names: [Foo]}", "{id: bb, type: place, names: [Bar, foo]}"),
        file="entities/e.yaml",
    ),
    Row("W506", "4:36", "rules:\n  - {id: a, any: [x1, foo], none: [Foo]}\n", RULES),
    Row("W506", "6:22", query("x1port AND NOT x1po*"), query("x1po* AND NOT x1port")),
    Row("W506", "6:25", query("x1 AND NOT (x2 OR x1)"), query("x1 AND NOT (x2 OR x3)")),
    Row("W506", "6:20", query("x1 NOTNEAR/3 x1"), query('x1 NOTNEAR/3 "x1 street"')),
    Row(
        "W506",
        "6:28",
        query("(goal OR x1) AND NOT $sport") + "lists: {sport: [league, goal]}\n",
        query("(goal OR x1) AND NOT $sport") + "lists: {sport: [league]}\n",
    ),
    Row(
        "W507",
        "3:40",
        entities(
            "{id: aa, type: org, names: [{name: Mercury, forbid: [planet]}]}",
            rule="rules: [{id: a, any: [x1, $aa], none: [mercury]}]",
        ),
        entities(
            "{id: aa, type: org, names: [{name: Mercury, forbid: [planet]}]}", rule="rules: [{id: a, any: [x1, $aa]}]"
        ),
    ),
    Row(
        "W507",
        "6:19",
        entities("{id: aa, type: org, names: [{name: Mercury, forbid: [planet]}]}", rule=query("$aa AND NOT Mercury")),
        entities("{id: aa, type: org, names: [{name: Mercury, forbid: [planet]}]}", rule=query("$aa NOTNEAR/3 planet")),
    ),
    Row("W508", "6:26", query("NEAR/5((x1 OR x2), x1)"), query("NEAR/5((x1 OR x2), x3)")),
    Row(
        "W508",
        "6:21",
        query("NEAR/5($gaza, Gazans)") + "lists: {gaza: [Gaza, Gazan*]}\n",
        query("NEAR/5($gaza, Cairo)") + "lists: {gaza: [Gaza, Gazan*]}\n",
    ),
    Row("W508", "6:12", query('SENT("Gaza Strip", Gaza)'), query('SENT("Gaza Strip", Egypt)')),
    Row("W509", "6:9", items("foo OR bar"), items("foo", "bar")),
    Row("W509", "6:7", query('"foo AND bar" OR x1'), query('"foo" OR x1')),
    Row("W510", "7:9", items("resettl*", "resettled"), items("resettl*", "relocated")),
    Row("W510", "6:9", items("resettl*", "resettled", key="all"), items("resettl*", key="all")),
    Row("W510", "7:9", items("foo", "=Foo"), items("=foo", "=Foo")),
    Row("W510", "6:23", query("(Saar OR (x1 OR Sa'ar)) NEAR/5 x2"), query("(Saar OR x1) NEAR/5 x2")),
    Row("W511", "6:7", query("title:x1 NEAR/5 x2"), query("title:(x1 NEAR/5 x2)")),
    Row("W511", "6:7", query("title:(x1 OR x2) NOTSENT x3"), query("(title:(x1 OR x2)) NOTSENT x3")),
    Row("W512", "6:7", query(r"re:/\bx+\b/"), query(r"re:/(?:^|[^\p{L}])x+/")),
    Row("W513", "6:7", query("re:/x+.*/"), query(r"re:/x+\.*/")),
    Row("W513", "6:7", query("re:/.*x+/"), query("re:/x+.*y/")),
    Row("W514", "6:9", items("foo, bar"), items("foo bar")),
    Row("W514", "6:9", items("معبر، حدود"), items("معبر حدود", "1,300 عائلة")),
    Row(
        "W515", "6:16", query("$foo AND foo") + "lists: {foo: [x1]}\n", query('$foo AND "foo"') + "lists: {foo: [x1]}\n"
    ),
    Row("W516", "6:7", query("NEAR/0(x1, x2)"), query("THEN/0(x1, x2) OR x1 NOTNEAR/0 x3")),
    Row("W517", "6:16", items("{name: Mercury}"), items("{name: Mercury, forbid: [planet]}")),
    Row("W601", "6:14", query("x1 OR (x1 AND x2)"), query("x1 OR (x3 AND x2)")),
    Row("W601", "6:25", query("NEAR/9(x1, x2) OR NEAR/5(x2, x1)"), query("NEAR/9(x1, x2) OR NEAR/5(x2, x3)")),
    Row("W601", "7:9", items("$foo", "$foo") + "lists: {foo: [x1]}\n", items("$foo") + "lists: {foo: [x1]}\n"),
    Row(
        "W601",
        "9:9",
        score("b: {weight: 20, query: x1}", "c: {weight: 20, query: x1}"),
        score("b: {weight: 20, query: x1}", "c: {weight: 20, query: x2}"),
    ),
    Row(
        "W601",
        "5:10",
        "rules:\n  - {id: a, any: [x1, x2]}\n  - {id: b, any: [x2, x1]}\n",
        "rules:\n  - {id: a, any: [x1, x2]}\n  - {id: b, any: [x2, x1], languages: [ar]}\n",
    ),
    Row(
        "W601",
        "6:16",
        query("SENT(x1, $foo)") + "    languages: [en]\nlists: {foo: {fr: [accord]}}\n",
        query("SENT(x1, $foo)") + "    languages: [en, fr]\nlists: {foo: {fr: [accord]}}\n",
    ),
    Row("W602", "3:9", "lists: {foo: [x1]}\n" + RULES, "lists: {foo: [x1]}\n" + query("$foo OR x2")),
    Row(
        "W602",
        "3:10",
        entities("{id: aa, type: org, names: [Foo]}", rule=RULES),
        entities("{id: aa, type: org, names: [Foo]}", rule=query("$aa OR x1")),
        file="entities/e.yaml",
    ),
    Row("W603", "2:7", "languages: [en, ar]\n" + query("x1"), "languages: [en, ar]\n" + query("x1 OR معبر")),
    Row(
        "W603",
        "4:10",
        "rules:\n  - {id: b, any: [x1], languages: [he]}\n",
        "rules:\n  - {id: b, any: [מעבר], languages: [he]}\n",
    ),
    Row(
        "W603",
        "8:9",
        "languages: [en, fr, ar]\n" + query("$foo OR معبر") + "lists: {foo: {en: [x1], fr: [x2]}}\n",
        "languages: [en, fr, ar]\n" + query("$foo OR معبر") + "lists: {foo: {en: [x1], fr: [x2], ar: [حدود]}}\n",
    ),
    Row("W604", "2:7", RULES, RULES.replace("x1]", "x1], status: retired"), more={"matched": {("p", "a"): None}}),
    Row(
        "W605",
        "8:9",
        score("b: {weight: 30, query: x1}"),
        score("b: {weight: 30, query: x1}", "c: {weight: 5, query: x2}"),
    ),
    Row(
        "W606",
        "9:9",
        score("b: {weight: 40, query: x1}", "c: {weight: -10, query: x2}"),
        score("b: {weight: 35, query: x1}", "c: {weight: -10, query: x2}"),
    ),
    Row("W701", "2:7", RULES, "owner: me\nroute: [desk]\n" + RULES),
    Row(
        "W702",
        "4:10",
        "rules:\n  - {id: a, any: [x1], severity: urgent}\n",
        "rules:\n  - {id: a, any: [x1], severity: urgent, throttle: {same_story: 6h}}\n",
    ),
    Row("W703", "3:14", RULES + "active: {to: 2025-01}\n", RULES + "active: {to: 2026-01}\n"),
    Row("W901", "3:14", RULES, RULES + "lint_ok: [W901]\n"),
    Row("W902", "2:7", items("Cairo", "Amman"), items("Cairo", "weather"), more={"corpus": CORPUS}),
    Row(
        "W902",
        "2:7",
        score("b: {weight: 20, query: Cairo}", "c: {weight: 20, query: 'Cairo AND weather'}"),
        score("b: {weight: 20, query: Cairo}", "c: {weight: 20, query: weather}"),
        more={"corpus": CORPUS},
    ),
]

CODES = re.compile("[EW][0-9]{3}")


def told(files: Files, row: Row) -> list[errors.Fault]:
    """Return what is told of files under the row's code."""
    found = lint.lint(files_of(files), KNOWN, today=TODAY, **row.more)
    return [fault for fault in found if fault.code == row.code]


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row.code}" for number, row in enumerate(ROWS)])
def test_each_diagnostic_has_its_place_and_its_remedy(row: Row) -> None:
    """A fault is told once, at file, line and column, in one sentence, with what to write instead."""
    found = told(row.faulty, row)

    assert [(fault.file, f"{fault.line}:{fault.column}") for fault in found] == [(row.file, row.at)]
    for fault in found:
        assert is_one_sentence(fault.message)
        assert fault.fix


@pytest.mark.parametrize("row", ROWS, ids=[f"{number}-{row.code}" for number, row in enumerate(ROWS)])
def test_each_diagnostic_is_silent_where_the_fault_is_mended(row: Row) -> None:
    """The corrected twin is told nothing under the code, and has no error."""
    found = lint.lint(files_of(row.good), KNOWN, today=TODAY, **row.more)

    assert [str(fault) for fault in found if fault.code == row.code or fault.is_error] == []


def is_one_sentence(message: str) -> bool:
    """Return whether a message is one line of plain words, without a full stop inside or at its end."""
    bare = re.sub("`[^`]*`", "`", message)
    return bool(message) and "\n" not in message and not re.search(r"[.!?](\s|$)", bare)


def codes_in_source() -> set[str]:
    """Return the codes that the source can emit: every text in it that is one."""
    sources = [path.read_text("utf-8") for path in (ROOT / "monitor" / "rules").rglob("*.py")]
    texts = (node for source in sources for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant))
    return {node.value for node in texts if isinstance(node.value, str) and CODES.fullmatch(node.value)}


def test_every_code_of_the_source_has_a_row() -> None:
    """No diagnostic goes without a test of its place."""
    assert codes_in_source() - {row.code for row in ROWS} == set()


def test_every_lint_names_its_code() -> None:
    """A lint is found by its code, and tells nothing under another."""
    for check in lint.LINTS:
        assert re.match(r"w[0-9]{3}_", check.__name__)
    assert {check.__name__[:4].upper() for check in lint.LINTS} == {c for c in codes_in_source() if c[0] == "W"}


def test_the_manual_explains_every_code_and_no_other() -> None:
    """The table of docs/rules.md has one row a code that the source can emit."""
    section = (ROOT / "docs" / "rules.md").read_text("utf-8").partition("## Diagnostics")[2]
    documented = re.findall(r"^\| ([EW][0-9]{3}) \|", section, flags=re.MULTILINE)

    assert sorted(documented) == sorted(codes_in_source())
