"""Nothing that a person can write, call or read off a graph is undocumented; what a page names exists."""

from __future__ import annotations

import importlib
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.core
import typer.main

from monitor import cli, config, config_schema, errors, metrics, model, text
from monitor.rules import (
    compile,
    evaluate,
    load,
    match,
    pack_file,
    query,
    query_foreign,
    regexes,
    schema,
    syntax,
    terms,
    trial,
    vocabulary,
)
from monitor.rules.view import View

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

RULE_FIELDS = {
    "pack": pack_file.PACK_KEYS,
    "rule": pack_file.RULE_KEYS,
    "sources": pack_file.SOURCES_KEYS,
    "active": pack_file.ACTIVE_KEYS,
    "score": pack_file.SCORE_KEYS,
    "clause": pack_file.CLAUSE_KEYS,
    "throttle": pack_file.THROTTLE_KEYS,
    "digest": pack_file.DIGEST_KEYS,
    "corroboration": pack_file.CORROBORATION_KEYS,
    "kinds of test": pack_file.TEST_KINDS,
    "test": pack_file.TEST_KEYS,
    "entity": vocabulary.ENTITY_KEYS,
    "item": vocabulary.ITEM_KEYS,
    "holder": vocabulary.HOLDER_KEYS,
}


def page(name: str) -> str:
    """Return the text of a page of the manual."""
    return (DOCS / name).read_text()


def section(text: str, title: str) -> str:
    """Return the part of a page under the heading that holds `title`, up to the next heading of its level or above."""
    found = re.search(rf"^(#+) [^\n]*{re.escape(title)}(?![\w-])[^\n]*\n", text, flags=re.MULTILINE)
    assert found, f"no heading holds {title!r}"
    rest = text[found.end() :]
    end = re.search(rf"^#{{1,{len(found[1])}}} ", rest, flags=re.MULTILINE)
    return rest[: end.start()] if end else rest


def commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield each command below `command` that does something, with the words that call it."""
    if isinstance(command, typer.core.TyperGroup):
        for name, child in command.commands.items():
            yield from commands(child, f"{path} {name}")
    else:
        yield path, command


for module in pkgutil.iter_modules(cli.__path__):
    importlib.import_module(f"monitor.cli.{module.name}")  # each adds its commands to `app`
COMMANDS = dict(commands(typer.main.get_command(cli.app), "wirewatch"))


# -- config.toml ---------------------------------------------------------------------------------


@pytest.mark.parametrize("table", list(config_schema.TABLES))
def test_every_config_key_is_documented(table: str) -> None:
    """docs/config.md explains each key of each table, under the table's own heading."""
    explained = section(page("config.md"), f"[{table}")

    missing = [key for key in config_schema.TABLES[table].model_fields if f"`{key}`" not in explained]

    assert missing == []


def examples(language: str) -> Iterator[tuple[str, str]]:
    """Yield every code block of a language in README and manual, with the page that holds it."""
    for path in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        for block in re.findall(rf"^```{language}[^\n]*\n(.*?)^```", path.read_text(), flags=re.DOTALL | re.MULTILINE):
            yield path.name, block


@pytest.mark.parametrize(("name", "block"), list(examples("toml")))
def test_every_config_example_uses_known_keys(name: str, block: str) -> None:
    """An example can be copied: it is TOML, and each of its keys exists."""
    tables = tomllib.loads(block)

    unknown = [
        f"{table}.{key}"
        for table, value in tables.items()
        for member in members(table, value)
        for key in member
        if key not in config_schema.TABLES[table].model_fields
    ]

    assert unknown == []


def members(table: str, value: object) -> list[dict[str, object]]:
    """Return the tables of one kind: the members of `feeds` and `channels`, else the table itself."""
    if isinstance(value, list):
        return list(value)
    assert isinstance(value, dict), f"{table} is no table"
    return list(value.values()) if table == "channels" else [value]


def test_shipped_configuration_runs_as_it_is() -> None:
    """config.toml loads with no variable set, so that `make run` needs no preparation."""
    loaded = config.load(ROOT / "config.toml", environ={})

    assert loaded.feeds
    assert loaded.rules == ROOT / "rules"


# -- rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(RULE_FIELDS))
def test_every_rule_field_is_documented(kind: str) -> None:
    """docs/rules-reference.md names each key that a rule file may hold."""
    found = page("rules-reference.md")

    missing = [key for key in RULE_FIELDS[kind] if f"`{key}`" not in found and f"`{key}:" not in found]

    assert missing == []


def yaml_blocks(kind: str) -> list[tuple[str, str]]:
    """Return the examples of a whole rule file of one `kind`, each with its page; a comment may stand before it."""
    return [e for e in examples("yaml") if re.match(rf"(?:#[^\n]*\n)*format: 1\n{kind}:", e[1])]


def vocabulary_files(name: str) -> dict[str, bytes]:
    """Return the shipped entities and lists, and those that a page shows."""
    shipped = {file: data for file, data in load.read_folder(ROOT / "rules").items() if not file.startswith("packs/")}
    blocks = [block for other, block in yaml_blocks("entities") if other == name]
    return {**shipped, **{f"entities/example{n}.yaml": block.encode() for n, block in enumerate(blocks)}}


@pytest.mark.parametrize(("name", "block"), yaml_blocks("pack"))
def test_every_example_of_a_pack_loads(name: str, block: str) -> None:
    """A whole pack in a page can be copied: it loads beside the entities there are, and its tests pass."""
    loaded = load.load_packs({**vocabulary_files(name), "packs/example.yaml": block.encode()})

    assert [str(fault) for fault in loaded.faults if fault.is_error] == []
    assert [str(failure) for pack in loaded.packs for failure in trial.run_tests(pack).wrong] == []


def test_each_level_has_an_example_with_tests() -> None:
    """Lists, a query and points are each shown by a pack that says what it means."""
    found = page("rules.md")

    for level in ("Level 1", "Level 2", "Level 3"):
        blocks = re.findall(r"^```yaml\n(.*?)^```", section(found, level), flags=re.DOTALL | re.MULTILINE)
        assert "should_match" in blocks[-1]
        assert "should_not_match" in blocks[-1]


def parse(written: str) -> list[errors.Fault]:
    """Return what is wrong with a query."""
    pack = f"format: 1\npack: p\nrules:\n  - id: r\n    query: |\n      {written}\n"
    loaded = load.load_packs({**vocabulary_files(""), "packs/p.yaml": pack.encode()})
    return [fault for fault in loaded.faults if fault.file == "packs/p.yaml" and fault.is_error]


def is_true(rule: str, article: model.Article) -> bool:
    """Return whether a rule, written as the keys of one, is true of an article."""
    pack = f"format: 1\npack: p\nrules:\n  - id: r\n    {rule}\n"
    loaded = load.load_packs({**vocabulary_files(""), "packs/p.yaml": pack.encode()})
    found = [pack for pack in loaded.packs if pack.id == "p"]
    assert found, [str(fault) for fault in loaded.faults if fault.is_error]
    return evaluate.holds(compile.compile_rules(found).rules[0].node, View(article))


def rows(name: str, title: str, cells: int) -> list[list[str]]:
    """Return the rows of the tables in a section, without their heads and the marks of code."""
    found = section(page(name), title)
    lines = re.findall(r"^\| (.*) \|$", found, flags=re.MULTILINE)
    split = [re.split(r"(?<!\\) \| ", line) for line in lines]
    return [[cell.replace("\\|", "|") for cell in row] for row in split if len(row) == cells and "`" in row[0]]


def code(cell: str) -> str:
    """Return what stands as code in a cell, which is nothing else."""
    return cell.removeprefix("`").removesuffix("`")


@pytest.mark.parametrize(("term", "finds", "not_finds"), rows("rules.md", "What a term finds", 3))
def test_a_term_finds_what_the_manual_says(term: str, finds: str, not_finds: str) -> None:
    """Each example in the table of terms is found, or is not."""
    rule = "any: ['" + code(term).replace("'", "''") + "']"

    assert [one for one in finds.split(" · ") if not is_true(rule, model.Article(title="", text=one))] == []
    assert [one for one in not_finds.split(" · ") if is_true(rule, model.Article(title="", text=one))] == []


def sample() -> model.Article:
    """Return the article that the tables of operators and fields speak of."""
    lines = re.findall(r"^> (.+)$", section(page("rules.md"), "Operators"), flags=re.MULTILINE)
    return model.Article(title=lines[0], text="\n\n".join(lines[1:]), lang="en")


EXAMPLES = [row[2:] for name in ("Operators", "Fields") for row in rows("rules.md", name, 4)]


@pytest.mark.parametrize(("example", "there"), EXAMPLES)
def test_an_operator_means_what_the_manual_says(example: str, there: str) -> None:
    """Each example in the tables of operators and fields is true of the article above them, or is not."""
    assert is_true(f"query: |\n      {code(example)}", sample()) is {"yes": True, "no": False}[there]


@pytest.mark.parametrize(
    ("example", "there"),
    [("Egypt NEAR/4 Gazans", True), ("Egypt NEAR/3 Gazans", False), ("Gazans NEAR/50 Cairo", False)],
)
def test_the_gap_is_what_the_manual_says(example: str, there: bool) -> None:
    """The sentences about gaps and the title hold."""
    assert example.replace("Egypt NEAR/3 Gazans", "NEAR/3") in section(page("rules.md"), "Operators")
    assert is_true(f"query: {example}", sample()) is there


def test_every_operator_and_field_is_explained() -> None:
    """The tables of operators and fields leave none out."""
    operators = " ".join(row[0] for row in rows("rules.md", "Operators", 4))
    fields = " ".join(row[0] for row in rows("rules.md", "Fields", 4))

    for name in ("AND", "OR", "NOT", "SENT", "PARA", "NOTSENT", *query_foreign.BARE):
        assert re.search(rf"\b{name}\b", operators)
    assert [name for name in syntax.FIELDS if f"`{name}:`" not in fields] == []


def test_the_regex_of_the_manual_is_one() -> None:
    """The regex that docs/rules.md shows can be copied, and finds what it is for."""
    shown = re.search(r"`(re:/[^`]+/)`", section(page("rules.md"), "Regular expressions"))

    assert shown
    assert is_true(f"query: |\n      {shown[1]}", model.Article(title="", text="The vote on S.Res. 224 is open."))


def test_the_manual_knows_the_limits() -> None:
    """docs/rules-reference.md has the numbers that the code has."""
    found = [int(row[1].replace(",", "")) for row in limits()]

    assert found == [
        text.LONGEST,
        query.LONGEST,
        query.DEEPEST,
        query.FARTHEST,
        query.MOST_OPERANDS,
        regexes.LONGEST,
        terms.MOST_PARTS,
        vocabulary.MOST_WORDS,
        compile.MOST_MATCHES,
        evaluate.MOST_PATTERN,
        compile.MOST_SHOWN,
        evaluate.MOST_HITS,
        match.MOST_EVIDENCE,
    ]


def limits() -> list[list[str]]:
    """Return the rows of the table of limits."""
    lines = re.findall(r"^\| (.+) \| ([0-9,]+) \|$", section(page("rules-reference.md"), "Limits"), flags=re.MULTILINE)
    return [list(line) for line in lines]


def test_the_manual_shows_the_line_for_editors() -> None:
    """The line that tells an editor where the schema is can be copied."""
    assert f"`{schema.MODELINE}`" in page("rules.md")


TOOLS = re.findall(r"^## (.+)$", (DOCS / "rules-from-other-tools.md").read_text(), flags=re.MULTILINE)
FOREIGN = [(tool, *row) for tool in TOOLS for row in rows("rules-from-other-tools.md", tool, 3) if row[2][0] in "sE"]


@pytest.mark.parametrize(("tool", "there", "here", "says"), FOREIGN)
def test_a_query_of_another_tool_is_translated_as_the_manual_says(tool: str, there: str, here: str, says: str) -> None:
    """Lint refuses it with the code and the remedy of the table; what is called the same is read as it is."""
    faults = parse(code(there))

    assert parse(code(here)) == []
    if says == "same":
        assert (there, faults) == (here, [])
        return
    assert faults[0].code == says.removesuffix(" *")
    if not says.endswith("*"):
        assert [part for part in re.findall(r"`([^`]+)`", faults[0].fix or "") if part in code(here)]


def test_every_tool_has_a_table() -> None:
    """No heading stands without translations, but for what has none."""
    assert set(TOOLS) - {row[0] for row in FOREIGN} == {"What has no counterpart, and why"}


@pytest.mark.parametrize("reason", list(model.Reason))
def test_every_reason_is_documented(reason: model.Reason) -> None:
    """docs/decisions.md explains each reason of the closed list."""
    assert f"`{reason.value}`" in page("decisions.md")


# -- commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", list(COMMANDS))
def test_every_command_is_documented(path: str) -> None:
    """docs/commands.md has a heading for each command, and under it each of its options."""
    explained = section(page("commands.md"), path)
    common = section(page("commands.md"), "Every command")

    missing = [
        option
        for parameter in COMMANDS[path].params
        if isinstance(parameter, typer.core.TyperOption) and not parameter.hidden
        for option in parameter.opts
        if option.startswith("--") and option != "--help" and option not in explained + common
    ]

    assert missing == []


@pytest.mark.parametrize("path", list(COMMANDS))
def test_every_command_shows_an_example(path: str) -> None:
    """`--help` of each command says what it does and shows one call of it."""
    command = COMMANDS[path]

    assert command.help
    assert path in command.help + (command.epilog or "")


def test_no_documented_command_is_missing() -> None:
    """Each command that docs/commands.md has a heading for exists."""
    named = re.findall(r"^#+ `(wirewatch [a-z ]+[a-z])", page("commands.md"), flags=re.MULTILINE)

    assert set(named) - set(COMMANDS) == set()


# -- metrics -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", metrics.names())
def test_every_metric_is_documented(name: str) -> None:
    """docs/operations.md explains each metric by its full name."""
    assert f"`{name}`" in page("operations.md") or f"`{name}{{" in page("operations.md")


# -- pages ---------------------------------------------------------------------------------------


def test_every_page_is_in_the_navigation() -> None:
    """A reader finds each page from the menu; decision records are listed together."""
    menu = (ROOT / "mkdocs.yml").read_text()
    pages = [str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")]

    assert [name for name in pages if name not in menu] == []
