"""Rule files: what is read, and what is refused with file, line and column."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from monitor.rules import load
from tests.support.rulefiles import ENTITIES, files, pack

HEAD = "format: 1\npack: p\n"
RULES = "rules:\n  - {id: a, any: [x1]}\n"


def faults(text: str | bytes, **known: frozenset[str]) -> list[str]:
    """Return `line:column code` of every fault of a pack file."""
    data = text if isinstance(text, bytes) else text.encode()
    loaded = load.load_packs({"packs/p.yaml": data}, load.Known(**known))
    assert all(fault.message and "\n" not in str(fault) for fault in loaded.faults)
    return [f"{f.line}:{f.column} {f.code}" for f in loaded.faults]


def messages(text: str) -> str:
    """Return every fault of a pack file as people read it."""
    return "\n".join(str(fault) for fault in load.load_packs({"packs/p.yaml": text.encode()}).faults)


def test_smallest_pack() -> None:
    """Four lines make a pack with the documented defaults."""
    loaded = load.load_packs({"packs/p.yaml": b"format: 1\npack: p\nrules:\n  - {id: a, all: [Dermer, Egypt]}\n"})

    assert loaded.faults == ()
    (found,) = loaded.packs
    assert (found.id, found.title, found.severity, found.status, found.languages) == ("p", "p", "normal", "live", None)
    assert found.route == ()
    assert list(found.files) == ["packs/p.yaml"]


def test_rules_override_their_pack_and_its_defaults() -> None:
    """A rule's own word wins over the pack's, which wins over `defaults`."""
    text = (
        "format: 1\npack: p\nseverity: high\ndefaults: {severity: info, tags: [x], languages: [ar], x-note: free}\n"
        "rules:\n  - {id: a, any: [x1]}\n  - {id: b, any: [x1], severity: urgent, tags: [], x-more: {a: [b]}}\n"
    )

    loaded = load.load_packs({"packs/p.yaml": text.encode()})

    assert loaded.faults == ()
    a, b = loaded.packs[0].rules
    assert (a.traits.severity, a.traits.tags, a.traits.languages) == ("high", ("x",), frozenset({"ar"}))
    assert (b.traits.severity, b.traits.tags) == ("urgent", ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + 'rules:\n  - id: a\n    query: "Gaza Strip" AND aid\n', ["5:25 E101"]),
        (HEAD + "title: @x\n" + RULES, ["3:8 E101"]),
        (HEAD + "title: %x\n" + RULES, ["3:8 E101"]),
        (HEAD + "rules:\n\t- {id: a, any: [x1]}\n", ["4:1 E101"]),
        (HEAD + "title: 'open\n" + RULES, ["3:8 E101"]),
        (HEAD + "rules:\n  - {id: a, any: [x1}\n", ["4:21 E101"]),
        (HEAD + "rules:\n  - {id: a, any: [*foo]}\n", ["4:19 E107"]),
        (HEAD + "rules:\n  - {id: a, any: [&x foo]}\n", ["4:19 E107"]),
        (HEAD + "rules:\n  - {id: a, any: [!x foo]}\n", ["4:19 E107"]),
        (HEAD + "rules:\n  - {<<: {id: b}, id: a, any: [x1]}\n", ["4:6 E107"]),
        (HEAD + "rules:\n  - id: a\n    any: [x1]\n    any: [x2]\n", ["6:5 E102"]),
        (HEAD + "rules:\n  - id: a\n    any:\n      - Cairo: x\n", ["6:9 E105"]),
        (HEAD + "rules:\n  - id: a\n    any:\n      - Trump #2\n", ["6:9 E101"]),
        (HEAD + "rules:\n  - id: a\n    any:\n      - Trump # two\n", []),
        (HEAD + "rules:\n  - id: a\n    any:\n", ["5:9 E105"]),
        (HEAD + "rules:\n  - {id: a, any: [x1], title: a b, c}\n", ["4:36 E104"]),
        (HEAD + RULES + "---\nformat: 1\n", ["5:1 E109"]),
        ("pack: p\n" + RULES, ["1:1 E106"]),
        ("format: 2\npack: p\n" + RULES, ["1:9 E106"]),
        ("", ["1:1 E106"]),
        ("- a\n", ["1:1 E105"]),
        (b"format: 1\npack: p\ntitle: caf\xe9\n", ["3:11 E108"]),
        ("format: 1\npack: p\ntitle: a\x00b\n", ["3:9 E101"]),
        (HEAD + "severty: high\n" + RULES, ["3:1 E103"]),
        (HEAD + "severity: loud\n" + RULES, ["3:11 E105"]),
        (HEAD + "status: on\n" + RULES, ["3:9 E105"]),
        (HEAD + "max_age: 36\n" + RULES, ["3:10 E206"]),
        (HEAD + "languages: [en, no1]\n" + RULES, ["3:17 E206"]),
        (HEAD + "active: {from: 2025-13}\n" + RULES, ["3:16 E206"]),
        (HEAD + "active: {from: 2025-03, to: 2025-01}\n" + RULES, ["3:9 E206"]),
        (HEAD + "sources: [a]\n" + RULES, ["3:10 E105"]),
        (HEAD + "rules:\n  - {id: A, any: [x1]}\n", ["4:10 E105"]),
        (HEAD + "rules:\n  - {id: a, none: [x1]}\n", ["4:5 E205"]),
        (HEAD + "rules:\n  - {id: a, any: [x1], query: 'x'}\n", ["4:5 E205"]),
        (HEAD + RULES + "  - {id: a, any: [x2]}\n", ["5:10 E202"]),
        (HEAD + "throttle: {max: 1}\n" + RULES, ["3:17 E105"]),
        (HEAD + "rules:\n  - {id: a, any: [$gzaa]}\nlists: {gaza: [x1]}\n", ["4:19 E201"]),
        (HEAD + "lists: {a: [$b], b: [$a]}\nrules:\n  - {id: a, any: [$a]}\n", ["3:22 E203"]),
        (HEAD + RULES + "tests:\n  should_match:\n    - {rule: b, title: x1}\n", ["7:14 E201"]),
        (HEAD + RULES + "tests:\n  should_not_match:\n    - {title: x1, because: [x1]}\n", ["7:7 E105"]),
    ],
)
def test_traps_have_a_place(text: str | bytes, expected: list[str]) -> None:
    """Each slip that people make is refused at its own line and column."""
    assert faults(text) == expected


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("'*foo'", "E320"),
        ("fo*o", "E320"),
        ("'?foo'", "E320"),
        ("Gaza?", "E320"),
        ("'=foo*'", "E320"),
        ("foo*", "E321"),
        ("غز*", "E321"),
        ("f?oo", "E321"),
        ("'...'", "E324"),
        ("'='", "E324"),
        ("'  '", "E324"),
        ("(a or b)", "E327"),
        ("title:gaza", "E327"),
        ("re:/x/", "E327"),
        ("'\"Gaza Strip\"'", "E327"),
        ("=White House", "E327"),
        ("the $gaza", "E327"),
        ("“Gaza Strip”", "E328"),
    ],
)
def test_terms_are_refused_with_a_remedy(item: str, code: str) -> None:
    """A term that would not do what it seems to is refused."""
    assert faults(HEAD + f"rules:\n  - id: a\n    any:\n      - {item}\n") == [f"6:9 {code}"]


@pytest.mark.parametrize(
    "item", ["غزة*", "עזתי*", "ארה״ב", 'ארה"ב', "smotricz'", "'=U.S.'", "no", "on", "12.5", "010", "~ab"]
)
def test_plain_scalars_are_text(item: str) -> None:
    """Nothing that YAML likes to change is changed."""
    assert faults(HEAD + f"rules:\n  - id: a\n    any:\n      - {item}\n") == []


def test_every_fault_is_told_at_once() -> None:
    """One reading tells all faults of a file, in order."""
    text = HEAD + "severty: high\nmax_age: soon\nrules:\n  - {id: a, any: [fo*, $x]}\n"

    told = messages(text)

    assert [line.split(" ")[1] for line in told.splitlines()] == ["E103", "E206", "E321", "E201"]
    assert "did you mean `severity`?" in told
    assert "36h" in told


def test_names_are_suggested_and_duplicates_show_both_places() -> None:
    """An unknown name brings the nearest, a duplicate key the line of the first."""
    assert "`$gaza`?" in messages(HEAD + "rules:\n  - {id: a, any: [$gzaa]}\nlists: {gaza: [x1]}\n")
    assert "already in line 3" in messages(HEAD + RULES + "rules: []\n")


def test_unknown_channels_sources_and_groups() -> None:
    """Names of the configuration are checked where they are known."""
    text = HEAD + "route: [desk-slak]\nsources: {deny: [gazete, 'group:satire']}\n" + RULES
    known = {
        "channels": frozenset({"desk-slack"}),
        "sources": frozenset({"gazette"}),
        "groups": frozenset({"satire"}),
    }

    assert faults(text, **known) == ["3:9 E204", "4:18 E204"]
    assert faults(text) == []


def test_an_entity_in_two_files_is_told_in_both() -> None:
    """One namespace: both places are shown, and packs that use either are out."""
    world = files("- {id: a, any: [$gaza]}")
    world["entities/zzz.yaml"] = ENTITIES.split("  - id: usa")[0].encode()

    loaded = load.load_packs(world)

    assert [(f.file, f.code) for f in loaded.faults] == [("entities/world.yaml", "E202"), ("entities/zzz.yaml", "E202")]
    assert set(loaded.broken) == {"p"}


def test_a_pack_holds_exactly_the_files_it_uses() -> None:
    """A pack can be frozen with its own file and those of the names it leads to."""
    world = files("- {id: a, any: [$strategic-minister]}")
    world["entities/other.yaml"] = b"format: 1\nentities: [{id: other, type: org, names: {en: [Otherorg]}}]\n"
    world["packs/q.yaml"] = pack("- {id: a, any: [x1]}", name="q")

    loaded = load.load_packs(world)

    assert {p.id: sorted(p.files) for p in loaded.packs} == {
        "p": ["entities/world.yaml", "packs/p.yaml"],
        "q": ["packs/q.yaml"],
    }
    assert {v.id for v in loaded.unused} == {"gaza", "usa", "other"}


def test_a_broken_entity_file_takes_only_its_packs_along() -> None:
    """Packs that use a broken file are out; the others are not."""
    world = files("- {id: a, any: [$gaza]}")
    world["entities/world.yaml"] = world["entities/world.yaml"].replace(b"Gaza Strip", b"Ga*")
    world["packs/q.yaml"] = pack("- {id: a, any: [x1]}", name="q")

    loaded = load.load_packs(world)

    assert [p.id for p in loaded.packs] == ["q"]
    assert [f.code for f in loaded.broken["p"]] == ["E321"]


def test_an_unreadable_entity_file_is_named_where_its_names_are_missed() -> None:
    """A pack that misses a name is told of the file that could not be read."""
    world = {**files("- {id: a, any: [$gaza]}"), "entities/world.yaml": b"format: 1\nentities: ["}

    found = load.load_packs(world).broken["p"]

    assert [fault.code for fault in found] == ["E201"]
    assert "entities/world.yaml, which cannot be read" in str(found[0])


def test_the_folder_is_read_and_links_out_of_it_are_not(tmp_path: Path) -> None:
    """Rule files are read by folder; a link that leaves the folder is not followed."""
    root, outside = tmp_path / "rules", tmp_path / "secret.yaml"
    (root / "packs").mkdir(parents=True)
    (root / "packs" / "p.yml").write_bytes(pack("- {id: a, any: [x1]}"))
    (root / "packs" / ".#p.yaml").write_text("half")
    (root / "packs" / "readme.md").write_text("no")
    outside.write_text("format: 1")
    (root / "packs" / "link.yaml").symlink_to(outside)

    assert list(load.read_folder(root)) == ["packs/p.yml"]
    assert load.read_folder(tmp_path / "nowhere") == {}


@pytest.mark.parametrize(
    "data",
    [
        bytes(range(256)) * 40_000,
        b"[" * 900_000,
        b"- " * 450_000,
        b"{a: " * 200_000,
        b"? " * 400_000,
        b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n" * 1000,
        b"format: 1\npack: p\nrules:\n" + b"  - {id: a, any: [x1]}\n" * 30_000,
        b"\xff\xfe" * 1000,
    ],
    ids=["binary", "brackets", "dashes", "braces", "questions", "aliases", "doubles", "utf16"],
)
def test_hostile_files_are_refused_quickly(data: bytes) -> None:
    """Large, deep and tangled files are refused, the largest within the two seconds that A15 allows."""
    began = time.process_time()

    loaded = load.load_packs({"packs/p.yaml": data})

    assert loaded.packs == ()
    assert any(fault.is_error for fault in loaded.faults)
    assert time.process_time() - began < 6  # three-fold slack
