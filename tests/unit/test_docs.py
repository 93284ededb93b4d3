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

from monitor import cli, config, config_schema, metrics, model
from monitor.rules import load, pack_file, trial, vocabulary

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"

RULE_FIELDS = {
    "pack": pack_file.PACK_KEYS,
    "rule": pack_file.RULE_KEYS,
    "sources": pack_file.SOURCES_KEYS,
    "active": pack_file.ACTIVE_KEYS,
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
    """docs/rules.md names each key that a rule file may hold."""
    text = page("rules.md")

    missing = [key for key in RULE_FIELDS[kind] if f"`{key}`" not in text and f"`{key}:" not in text]

    assert missing == []


@pytest.mark.parametrize(
    ("name", "block"), [e for e in examples("yaml") if re.search(r"^format: 1\npack:", e[1], flags=re.MULTILINE)]
)
def test_every_example_of_a_pack_loads(name: str, block: str) -> None:
    """A whole pack in a page can be copied: it loads beside the shipped vocabularies, and its tests pass."""
    files = {file: data for file, data in load.read_folder(ROOT / "rules").items() if not file.startswith("packs/")}

    loaded = load.load_packs({**files, "packs/example.yaml": block.encode()})

    assert [str(fault) for fault in loaded.faults if fault.file == "packs/example.yaml" and fault.is_error] == []
    assert [str(failure) for pack in loaded.packs for failure in trial.run_tests(pack).wrong] == []


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
