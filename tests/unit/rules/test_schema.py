"""The JSON Schema of rule files says what the loader says, key by key and value by value."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitor.rules import load, pack_file, reader, schema, vocabulary

RULES = Path(__file__).parents[3] / "rules"
KEYS = {
    "PackFile": pack_file.PACK_KEYS,
    "EntitiesFile": ("format", "entities"),
    "ListsFile": ("format", "lists"),
    "Traits": pack_file.TRAIT_KEYS,
    "Rule": pack_file.RULE_KEYS,
    "Score": pack_file.SCORE_KEYS,
    "Clause": pack_file.CLAUSE_KEYS,
    "Throttle": pack_file.THROTTLE_KEYS,
    "Digest": pack_file.DIGEST_KEYS,
    "Corroboration": pack_file.CORROBORATION_KEYS,
    "Sources": pack_file.SOURCES_KEYS,
    "Active": pack_file.ACTIVE_KEYS,
    "Tests": pack_file.TEST_KINDS,
    "PositiveCase": pack_file.TEST_KEYS,
    "NegativeCase": tuple(key for key in pack_file.TEST_KEYS if not key.endswith("because")),
    "Entity": vocabulary.ENTITY_KEYS,
    "Holder": vocabulary.HOLDER_KEYS,
    "Item": vocabulary.ITEM_KEYS,
}
PACK = "format: 1\npack: p\n"
RULE = PACK + "rules:\n  - {id: r, any: [aid]}\n"
GOOD = {
    "packs": [
        PACK + "rules:\n  - {id: a, any: [no, on, 010, 1.50, 2025-03-10, true], title: 12:30}\n",
        PACK + "rules:\n  - {id: a, all: aid, none: [x, {name: aid, require: y, within: article, clitics: false}]}\n",
        PACK + "rules:\n  - id: a\n    query: |\n      aid AND NOT food -- why\n",
        PACK + "rules:\n  - id: a\n    score: {threshold: 5, require: [c], clauses: {c: {weight: '5', query: aid}}}\n",
        PACK + "languages: no\nmax_age: 36h\nactive: {from: 2023, to: 2025-03-10T08:00Z}\nrules: [{id: a, any: b}]\n",
        RULE + "throttle: {same_story: 6h, max: 12 per 1h}\ndigest: {at: 'mon-fri 07:00'}\nsteps: [3, 10]\n",
        RULE + "corroboration: {newsrooms: 2, hold: 2h, else: suppress}\nx-own: {a: [1]}\nlint_ok: W701\n",
        RULE + "tests: {should_match: [{title: 2025, date: 2025-03-10, because: [aid]}], todo_match: []}\n",
        RULE + "lists: {w: {en: [a, b], any: c}, plain: [d], one: e}\ndefaults: {route: x, sources: {deny: [y]}}\n",
    ],
    "entities": [
        "format: '1'\nentities:\n  - {id: o, type: office, names: {en: [x]}, holders: [{id: p, from: 2023-01}]}\n",
        "format: 1\nentities:\n  - {id: o, type: place, names: [x, {name: y, case: exact, langs: [ar]}], x-note: z}\n",
    ],
    "lists": ["format: 1\nlists:\n  a: {any: [$b]}\n  b: [c]\n"],
}
BAD = {
    "packs": [
        "pack: p\nrules: [{id: a, any: [b]}]\n",
        "format: 2\npack: p\nrules: [{id: a, any: [b]}]\n",
        PACK,
        PACK + "rules: [{id: A, any: [b]}]\n",
        PACK + "rules: [{any: [b]}]\n",
        PACK + "rules: [{id: a, ayn: [b]}]\n",
        PACK + "rules: [{id: a, any: []}]\n",
        PACK + "rules: [{id: a, none: [b]}]\n",
        PACK + "rules: [{id: a, any: [b], query: c}]\n",
        PACK + "rules: [{id: a, query: c, score: {threshold: 1, clauses: {c: {weight: 1, query: d}}}}]\n",
        PACK + "rules: [{id: a, score: {threshold: 0, clauses: {c: {weight: 1, query: d}}}}]\n",
        PACK + "rules: [{id: a, score: {threshold: 1, clauses: {}}}]\n",
        PACK + "rules: [{id: a, score: {threshold: 1, clauses: {c: {weight: 1}}}}]\n",
        PACK + "rules: [{id: a, any: [{name: b, within: 5}]}]\n",
        PACK + "rules: [{id: a, any: [{name: b, require: [c], within: near}]}]\n",
        RULE + "severity: hihg\n",
        RULE + "status: on\n",
        RULE + "max_age: 36 hours\n",
        RULE + "languages: [english]\n",
        RULE + "active: {from: yesterday}\n",
        RULE + "title:\n",
        RULE + "throttle: {max: 12/h}\n",
        RULE + "digest: {at: '25:00'}\n",
        RULE + "corroboration: {newsrooms: 1, hold: 2h}\n",
        RULE + "steps: [1]\n",
        RULE + "tests: {should_match: [{rule: r}]}\n",
        RULE + "tests: {should_not_match: [{title: x, because: [y]}]}\n",
        RULE + "tests: {should_macth: [{title: x}]}\n",
        RULE + "lists: {Words: [a]}\n",
        RULE + "lists: {words: {english: [a]}}\n",
    ],
    "entities": [
        "format: 1\nentities:\n  - {id: o, names: {en: [x]}}\n",
        "format: 1\nentities:\n  - {id: o, type: person}\n",
        "format: 1\nentities:\n  - {id: o, type: planet, names: [x]}\n",
        "format: 1\nentities:\n  - {id: o_p, type: place, names: [x]}\n",
        "format: 1\nentities:\n  - {id: o, type: place, names: [x], holders: [{id: p}]}\n",
    ],
    "lists": ["format: 1\nlists: [a]\n"],
}


def samples(found: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Return (folder, text) of each sample."""
    return [(folder, text) for folder, texts in found.items() for text in texts]


def written(folder: Path, found: dict[str, list[str]]) -> list[Path]:
    """Write samples as files and return them."""
    paths = []
    for number, (_, text) in enumerate(samples(found)):
        paths.append(folder / f"{number:02}.yaml")
        paths[-1].write_text(text, "utf-8")
    return paths


def validate(paths: list[Path]) -> set[Path]:
    """Return the files that the shipped schema refuses, as check-jsonschema sees it."""
    command = [sys.executable, "-m", "check_jsonschema", "--output-format", "json", "--schemafile"]
    done = subprocess.run(
        [*command, str(RULES / schema.FILE), *map(str, paths)], capture_output=True, text=True, check=False
    )
    told = json.loads(done.stdout)
    assert done.returncode == int(bool(told["errors"])), done.stderr
    assert told.get("parse_errors", []) == []
    return {Path(error["filename"]) for error in told["errors"]}


def properties(node: Any) -> Iterator[tuple[str, Any]]:
    """Yield every key of every map that the schema describes."""
    if isinstance(node, dict):
        for name, inner in node.get("properties", {}).items():
            if isinstance(inner, dict) and "const" not in inner:
                yield name, inner
        for inner in node.values():
            yield from properties(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from properties(inner)


def test_shipped_schema_is_the_generated_one() -> None:
    """rules/schema.json is what the models say; `wirewatch rules schema --write --rules rules` renews it."""
    assert (RULES / schema.FILE).read_text("utf-8") == schema.to_text()


@pytest.mark.parametrize("name", list(KEYS))
def test_keys_are_those_of_the_loader(name: str) -> None:
    """No key is forgotten, none is promised that the loader refuses."""
    found = schema.json_schema()["$defs"][name]

    assert set(found["properties"]) == set(KEYS[name])
    assert found["additionalProperties"] is False
    assert list(found["patternProperties"]) == ["^x-"]


def test_every_map_is_compared_with_the_loader() -> None:
    """A new map in the schema gets a line in KEYS."""
    maps = {name for name, found in schema.json_schema()["$defs"].items() if "properties" in found}

    assert maps == set(KEYS)


def test_every_key_is_described() -> None:
    """An editor has something to show for each key."""
    found = schema.json_schema()
    keys = list(properties(found))

    assert len(keys) > 80
    assert [name for name, inner in keys if not (inner.get("description") or "$ref" in inner)] == []
    assert [name for name, inner in found["$defs"].items() if not inner.get("description")] == []


def test_enums_are_those_of_the_loader() -> None:
    """Languages, severities, statuses and types are offered for completion."""
    defs = schema.json_schema()["$defs"]

    assert set(defs["Language"]["enum"]) == reader.ISO_639_1
    assert tuple(defs["Entity"]["properties"]["type"]["enum"]) == vocabulary.TYPES
    assert tuple(defs["Rule"]["properties"]["status"]["enum"]) == pack_file.STATUSES


def test_shipped_files_are_valid() -> None:
    """The rules that come with the program have no red line in an editor."""
    assert validate(sorted(RULES.glob("*/*.yaml"))) == set()


def test_what_the_loader_takes_is_valid(tmp_path: Path) -> None:
    """Every way to write a value that loads, unquoted numbers, dates and `no` among them."""
    assert validate(written(tmp_path, GOOD)) == set()


def test_what_the_loader_refuses_is_invalid(tmp_path: Path) -> None:
    """Unknown keys, wrong values, missing keys, two kinds of rule in one: each file is refused."""
    paths = written(tmp_path, BAD)

    assert set(paths) - validate(paths) == set()


@pytest.mark.parametrize(("folder", "text"), samples(GOOD))
def test_good_samples_load(folder: str, text: str) -> None:
    """The samples of this file are what they claim to be; names that they use stand elsewhere."""
    loaded = load.load_packs({f"{folder}/x.yaml": text.encode()})

    assert [str(fault) for fault in loaded.faults if fault.is_error and fault.code != "E201"] == []


@pytest.mark.parametrize(("folder", "text"), samples(BAD))
def test_bad_samples_do_not_load(folder: str, text: str) -> None:
    """What the schema refuses, the loader refuses too."""
    loaded = load.load_packs({f"{folder}/x.yaml": text.encode()})

    assert [fault for fault in loaded.faults if fault.is_error] != []
