"""F40, F42, A14, A15: rule files that are broken while they run, and rule files that mean harm."""

from __future__ import annotations

import asyncio
import random
import re
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from monitor import config as configuration
from monitor import errors, reload, wiring
from monitor.rules import live, load, match
from tests.support import databases, world
from tests.support import desk as desks
from tests.support.rulefiles import EXAMPLE, article, files

ROOT = Path(__file__).parents[2]
KNOWN = load.Known()
TESTS = "{should_match: [{title: Gazans leave, because: [Gazans]}], should_not_match: [{title: Gaza Street}]}"
MOST_SECONDS = 2 * world.SLACK
"""Of processor time, for a file that is refused, whatever it is."""


def found(rules: live.LiveRules) -> list[tuple[str, str]]:
    """Return what an article that concerns the pack matches."""
    return [(m.pack, m.rule) for m in match.match_article(rules.ruleset, article("Gazans told to leave"))]


def test_f40_the_last_good_set_survives_two_hundred_mutations() -> None:
    """Whatever half-written, overwritten or emptied file is read, every article is judged by a good version."""
    world = files("- {id: a, all: [$gaza, leave]}", tests=TESTS)
    current = live.next_live(None, world, KNOWN)
    chance = random.Random(40)

    for number in range(200):
        name = chance.choice(list(world))
        current = live.next_live(current, {**world, name: mutated(world[name], number, chance)}, KNOWN)

        assert found(current) == [("p", "a")], number
        assert all(fault.code and fault.message for fault in current.faults)

    assert live.next_live(current, world, KNOWN).stale == {}


def mutated(data: bytes, number: int, chance: random.Random) -> bytes:
    """Return `data` cut, damaged, doubled or emptied."""
    at = chance.randrange(len(data))
    return (data[:at], data[:at] + b"\xff" + data[at:], data[:at] + b"\t: [" + data[at:], b"")[number % 4]


def test_f40_a_pack_written_byte_by_byte_never_goes_dark() -> None:
    """While an editor writes the file slowly, the version before stays until the new one is whole."""
    world = files("- {id: a, all: [$gaza, leave]}", tests=TESTS)
    current = live.next_live(None, world, KNOWN)
    whole = world["packs/p.yaml"]

    for end in range(0, len(whole), 3):
        current = live.next_live(current, {**world, "packs/p.yaml": whole[:end]}, KNOWN)
        assert ("p", "a") in found(current), end


# -- two hundred broken files ------------------------------------------------------------------------

HEAD = "format: 1\npack: p\n"
GOOD = "rules: [{id: a, all: [$gaza, leave]}]\n"


def rules(line: str) -> str:
    """Return a pack whose only rule says `line`."""
    return f"{HEAD}rules:\n  - id: a\n    {line}\n"


def query(text: str) -> str:
    """Return a pack whose only rule asks `text`, which begins in line 6, column 7."""
    return f"{HEAD}rules:\n  - id: a\n    query: |\n      {text}\n"


def score(text: str) -> str:
    """Return a pack whose only rule has this score."""
    return f"{HEAD}rules:\n  - id: a\n    score:\n      {text}\n"


def entity(text: str) -> str:
    """Return a file with one entity."""
    return f"format: 1\nentities:\n  - {text}\n"


@dataclass(frozen=True)
class Broken:
    """A file somebody wrote, and the code and place (`line:column`) of the fault that it is refused with."""

    name: str
    written: str | bytes
    code: str
    place: str
    file: str = "packs/p.yaml"

    @property
    def data(self) -> bytes:
        """Return what is in the file."""
        return self.written if isinstance(self.written, bytes) else self.written.encode()


BROKEN = (
    Broken("empty", "", "E106", "1:1"),
    Broken("only comments", "# nothing\n\n# here\n", "E106", "1:1"),
    Broken("a lone word", "format", "E105", "1:1"),
    Broken("a list", "- format: 1\n", "E105", "1:1"),
    Broken("format lost", "pack: p\n" + GOOD, "E106", "1:1"),
    Broken("format of tomorrow", "format: 3\npack: p\n" + GOOD, "E106", "1:9"),
    Broken("pack lost", "format: 1\n" + GOOD, "E105", "1:1"),
    Broken("rules lost", HEAD, "E105", "1:1"),
    Broken("rules empty", HEAD + "rules:\n", "E105", "3:7"),
    Broken("rules no list", HEAD + "rules: {id: a}\n", "E105", "3:8"),
    Broken("two documents", HEAD + GOOD + "---\n" + HEAD, "E109", "4:1"),
    Broken("directive", "%YAML 1.2\n---\n" + HEAD + GOOD + "...\n...\n---\n", "E109", "8:1"),
    Broken("binary", b"\x00\x01\x7fELF\x02\xff\xfe" * 40, "E108", "1:8"),
    Broken("gzip", b"\x1f\x8b\x08\x00" + bytes(range(256)), "E108", "1:2"),
    Broken("UTF-16", (HEAD + GOOD).encode("utf-16"), "E108", "1:1"),
    Broken("Latin-1", (HEAD + "title: déplacés\n" + GOOD).encode("latin-1"), "E108", "3:9"),
    Broken("NUL", HEAD + "title: a\0b\n" + GOOD, "E101", "3:9"),
    Broken("NULs for a lost file", b"\0" * 4096, "E101", "1:1"),
    Broken("control character", HEAD + "title: a\x0cb\x08\n" + GOOD, "E101", "3:9"),
    Broken("cut in a letter", (HEAD + "title: é").encode()[:-1], "E108", "3:8"),
    Broken("merge conflict", HEAD + "<<<<<<< HEAD\n" + GOOD + "=======\n" + GOOD + ">>>>>>> x\n", "E101", "3:1"),
    Broken("HTML instead", "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n", "E105", "1:1"),
    Broken("JSON cut", '{"format": 1, "pack": "p", "rules": [', "E101", "2:1"),
    Broken("anchor", HEAD + "rules: &all [{id: a, any: [x1]}]\n", "E107", "3:8"),
    Broken("alias", HEAD + "rules: *all\n", "E107", "3:8"),
    Broken("merge key", HEAD + "defaults: {<<: {severity: high}}\n" + GOOD, "E107", "3:12"),
    Broken("tag", HEAD + "title: !!python/object/apply:os.system [id]\n" + GOOD, "E107", "3:8"),
    Broken("own tag", HEAD + "title: !env HOME\n" + GOOD, "E107", "3:8"),
    Broken("alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "E107", "1:4"),
    Broken("key as a list", HEAD + "? [a, b]\n: c\n" + GOOD, "E105", "3:3"),
    Broken("key twice", HEAD + "title: a\ntitle: b\n" + GOOD, "E102", "4:1"),
    Broken("rule key twice", HEAD + "rules: [{id: a, any: [x1], any: [x2]}]\n", "E102", "3:28"),
    Broken("tab", HEAD + "rules:\n\t- {id: a, any: [x1]}\n", "E101", "4:1"),
    Broken("too deep", HEAD + "  title: a\n" + GOOD, "E101", "3:8"),
    Broken("too shallow", HEAD + "rules:\n  - id: a\n   any: [x1]\n", "E101", "5:4"),
    Broken("bracket open", HEAD + "rules: [{id: a, any: [x1}]\n", "E101", "3:25"),
    Broken("brace open", HEAD + "rules:\n  - {id: a, any: [x1]\n", "E101", "5:1"),
    Broken("bracket behind", HEAD + "rules: [{id: a, any: [x1]}]]\n", "E101", "3:28"),
    Broken("quote open", rules("any: ['x1]"), "E101", "5:11"),
    Broken("text behind quote", rules('any: ["Gaza" Strip]'), "E101", "5:18"),
    Broken("colon in text", HEAD + "title: Gaza: leave\n" + GOOD, "E101", "3:12"),
    Broken("at sign", HEAD + "title: @desk\n" + GOOD, "E101", "3:8"),
    Broken("star first", rules("any: [*port]"), "E107", "5:11"),
    Broken("cut at #", rules("any:\n      - Trump #2"), "E101", "6:9"),
    Broken("escape", HEAD + 'title: "a\\qb"\n' + GOOD, "E101", "3:10"),
    Broken("key misspelt", HEAD + "titel: a\n" + GOOD, "E103", "3:1"),
    Broken("rule key misspelt", rules("anny: [x1]"), "E103", "5:5"),
    Broken("severity", rules("any: [x1]\n    severity: hihg"), "E105", "6:15"),
    Broken("status", rules("any: [x1]\n    status: of"), "E105", "6:13"),
    Broken("language", rules("any: [x1]\n    languages: [en, xx]"), "E206", "6:21"),
    Broken("duration", HEAD + "max_age: soon\n" + GOOD, "E206", "3:10"),
    Broken("date", rules("any: [x1]\n    active: {from: 2025-13-01}"), "E206", "6:20"),
    Broken("null", HEAD + "title:\n" + GOOD, "E105", "3:7"),
    Broken("no condition", rules("severity: high"), "E205", "4:5"),
    Broken("two conditions", rules("any: [x1]\n    query: x2"), "E205", "4:5"),
    Broken("id twice", HEAD + "rules: [{id: a, any: [x1]}, {id: a, any: [x2]}]\n", "E202", "3:34"),
    Broken("bad id", HEAD + "rules: [{id: A b, any: [x1]}]\n", "E105", "3:14"),
    Broken("unknown name", rules("any: [$gazza]"), "E201", "5:11"),
    Broken("circle", HEAD + "lists: {one: [$two], two: [$one]}\n" + "rules: [{id: a, any: [$one]}]\n", "E203", "3:28"),
    Broken("within without require", rules("any: [{name: x1, within: 3}]"), "E105", "5:11"),
    Broken("test of no rule", HEAD + GOOD + "tests: {should_match: [{rule: b, title: x}]}\n", "E201", "4:31"),
    Broken("unknown test kind", HEAD + GOOD + "tests: {shoud_match: [{title: x}]}\n", "E103", "4:9"),
    Broken("failing test", HEAD + GOOD + "tests: {should_match: [{title: Weather}]}\n", "test_failed", "4"),
    Broken("prefix too short", rules("any: [the*]"), "E321", "5:11"),
    Broken("star inside", rules("any: [re*settle]"), "E320", "5:11"),
    Broken("brackets in an item", rules("any: [(x1)]"), "E327", "5:11"),
    Broken("typographic", rules("any: [“Gaza Strip”]"), "E328", "5:11"),
    Broken("only signs", rules("any: ['...']"), "E324", "5:11"),
    Broken("lower-case operator", query("x1 and x2"), "E317", "6:10"),
    Broken("no operator", query("x1 x2"), "E311", "6:10"),
    Broken("mixed", query("x1 AND x2 OR x3"), "E312", "6:17"),
    Broken("NOT alone", query("NOT x1"), "E313", "6:7"),
    Broken("OR NOT", query("x1 OR NOT x2"), "E314", "6:13"),
    Broken("chain", query("x1 NEAR/3 x2 NEAR/3 x3"), "E315", "6:20"),
    Broken("foreign", query("x1 W/5 x2"), "E316", "6:10"),
    Broken("far", query("x1 NEAR/500 x2"), "E323", "6:10"),
    Broken("bracket missing", query("(x1 OR x2 AND"), "E310", "6:7"),
    Broken("comma in braces", HEAD + "rules:\n  - {id: a, query: SENT(x1, x2)}\n", "E104", "4:29"),
    Broken("AND in NEAR", query("NEAR/3(x1, (x2 AND x3))"), "E330", "6:22"),
    Broken("field misspelt", query("titel:x1"), "E310", "6:7"),
    Broken("regex look-ahead", query("re:/(?=x)x/"), "E322", "6:7"),
    Broken("regex of nothing", query("re:/x*/"), "E322", "6:7"),
    Broken("regex open", query("re:/x(/"), "E322", "6:7"),
    Broken("empty query", rules("query: ''"), "E310", "5:12"),
    Broken("threshold", score("threshold: high\n      clauses: {b: {weight: 1, query: x1}}"), "E105", "6:18"),
    Broken("unreachable", score("threshold: 9\n      clauses: {b: {weight: 1, query: x1}}"), "E401", "6:18"),
    Broken(
        "require", score("threshold: 1\n      require: [c]\n      clauses: {b: {weight: 1, query: x1}}"), "E201", "7:17"
    ),
    Broken("entity without id", entity("{type: place, names: [x1]}"), "E105", "3:5", "entities/world.yaml"),
    Broken("entity type", entity("{id: gaza, type: plaice, names: [x1]}"), "E105", "3:22", "entities/world.yaml"),
    Broken("entity names", entity("{id: gaza, type: place}"), "E105", "3:5", "entities/world.yaml"),
    Broken("entity lost", "format: 1\nentities: []\n", "E201", "5:19", "entities/world.yaml"),
    Broken("entities misspelt", "format: 1\nentitys: []\n", "E103", "2:1", "entities/world.yaml"),
    Broken(
        "holder",
        entity("{id: gaza, type: office, names: [x1], holders: [{id: nobody-known}]}"),
        "E201",
        "3:58",
        "entities/world.yaml",
    ),
    Broken(
        "holder dates",
        entity("{id: gaza, type: office, names: [x1], holders: [{id: gaza, from: 2025, to: 2024}]}"),
        "E206",
        "3:53",
        "entities/world.yaml",
    ),
    Broken("alias bomb in entities", "x: &x [a]\n", "E107", "1:4", "entities/world.yaml"),
    Broken(
        "entity twice",
        entity("{id: gaza, type: place, names: [x1]}\n  - {id: gaza, type: place, names: [x2]}"),
        "E202",
        "3:10",
        "entities/world.yaml",
    ),
)


OF_EXAMPLE, OF_SHIPPED = 102, 6
"""Damaged files beside the hand-written ones: more than two hundred in all."""


@pytest.fixture(scope="module")
def small() -> tuple[dict[str, bytes], live.LiveRules]:
    """The files of a small world, and what they are when live."""
    return alive(files("- {id: a, all: [$gaza, leave]}", tests=TESTS))


def alive(written: dict[str, bytes]) -> tuple[dict[str, bytes], live.LiveRules]:
    """Return files with the rules that they make."""
    current = live.next_live(None, written, KNOWN)
    assert current.stale == {}
    return written, current


def refused(current: live.LiveRules, written: dict[str, bytes]) -> live.LiveRules:
    """Return what is live with broken files: what was live before, soon, and faults that say what is wrong."""
    begun = time.process_time()
    after = live.next_live(current, written, KNOWN)
    assert time.process_time() - begun <= MOST_SECONDS
    check_refused(current, after)
    return after


def check_refused(current: live.LiveRules, after: live.LiveRules) -> None:
    """Check that the rules are what they were, and that the faults say what is wrong."""
    faults = [fault for fault in after.faults if fault.is_error]
    assert faults
    assert after.stale
    assert after.source == current.source
    assert all(fault.code and fault.message and "Traceback" not in fault.message for fault in faults)


def test_f40_there_are_more_than_two_hundred_broken_files() -> None:
    """The tests below try at least 200 files, of which at least 60 were written by hand."""
    assert len(BROKEN) >= 60
    assert len({broken.name for broken in BROKEN}) == len(BROKEN)
    assert len(BROKEN) + OF_EXAMPLE + OF_SHIPPED >= 200


@pytest.mark.parametrize("broken", BROKEN, ids=[broken.name.replace(" ", "-") for broken in BROKEN])
def test_f40_a_broken_file_is_refused_at_its_place(
    small: tuple[dict[str, bytes], live.LiveRules], broken: Broken
) -> None:
    """The last good set stays, and the fault names code, file, line and column."""
    written, current = small

    after = refused(current, {**written, broken.file: broken.data})

    assert found(after) == [("p", "a")]
    assert any((fault.code, _line_column(fault)) == (broken.code, broken.place) for fault in after.faults)


def _line_column(fault: errors.Fault) -> str:
    return fault.place.partition(":")[2]


def damaged(texts: dict[str, bytes], chance: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield (file, what is left of it) without end: cut, garbled, lines lost or doubled, signs lost or added."""
    while True:
        name = chance.choice(sorted(texts))
        data = texts[name]
        lines = data.splitlines(keepends=True)
        at, row = chance.randrange(len(data)), chance.randrange(len(lines))
        sign = chance.choice(b"[]{}()'\":,|$*&-").to_bytes(1, "big")
        signs = [found.start() for found in re.finditer(rb"[\[\]{}()'\":,|$]", data)]
        gone = chance.choice(signs)
        yield (
            name,
            chance.choice(
                (
                    data[:at],
                    data[:at] + b"\xff" + data[at:],
                    data[:at] + sign + data[at:],
                    data[:gone] + data[gone + 1 :],
                    b"".join(lines[:row] + lines[row + 1 :]),
                    b"".join([*lines[: row + 1], *lines[row:]]),
                    b"".join([*lines[:row], b" " + lines[row], *lines[row + 1 :]]),
                    b"".join([*lines[:row], lines[row].replace(b"  ", b"\t", 1), *lines[row + 1 :]]),
                    data[:at] + data[at // 2 : at] + data[at:],
                    data[:at] + b"\x00" * 16 + data[at:],
                    bytes(chance.randrange(256) for _ in range(64)),
                )
            ),
        )


def try_damaged(written: dict[str, bytes], count: int, seed: int) -> None:
    """Damage files until `count` were refused; those that still are sound count nothing."""
    _, current = alive(written)
    left = count
    for name, data in damaged(written, random.Random(seed)):
        after = live.next_live(current, {**written, name: data}, KNOWN)
        if not after.stale:
            continue
        check_refused(current, after)
        assert any(fault.line or "1 MB" in fault.message for fault in after.faults if fault.is_error), data
        left -= 1
        if not left:
            return


def test_f40_the_example_damaged_a_hundred_times_stays_live() -> None:
    """Section 6's example: whatever damage makes a file faulty, the pack that was live stays as it was."""
    try_damaged(EXAMPLE, OF_EXAMPLE, 40)


def test_f40_a_shipped_pack_damaged_stays_live() -> None:
    """A shipped pack and its vocabularies: whatever damage makes a file faulty, the pack stays as it was."""
    shipped = load.read_folder(ROOT / "rules")
    others = {name for name in shipped if name.startswith("packs/")} - {"packs/resettlement.yaml"}
    try_damaged({name: data for name, data in shipped.items() if name not in others}, OF_SHIPPED, 41)


# -- files that mean harm ----------------------------------------------------------------------------


def nested(depth: int) -> str:
    """Return a block of maps, each inside the one before."""
    return "".join(f"{' ' * level}a:\n" for level in range(depth))


HOSTILE: dict[str, Callable[[], str | bytes]] = {
    "alias-bomb": lambda: "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}]\n" for n in range(1, 40)),
    "anchors": lambda: HEAD + "".join(f"x-{n}: &n{n} y\n" for n in range(20_000)),
    "tags": lambda: HEAD + "title: !!python/object/new:os.system [touch /tmp/x]\n" + GOOD,
    "merge-keys": lambda: HEAD + "defaults: {<<: {<<: {<<: {severity: high}}}}\n" + GOOD,
    "flow-nesting": lambda: HEAD + f"title: {'[' * 5000}{']' * 5000}\n" + GOOD,
    "flow-nesting-open": lambda: HEAD + "title: " + "{a: " * 5000,
    "block-nesting": lambda: nested(1_300),
    "list-nesting": lambda: HEAD + "rules:\n  " + "- " * 5000 + "x\n",
    "ten-megabytes": lambda: HEAD + "# " + "x" * 10_000_000 + "\n" + GOOD,
    "ten-megabytes-of-rules": lambda: HEAD + "rules:\n" + "  - {id: a, any: [x1]}\n" * 430_000,
    "binary": lambda: random.Random(15).randbytes(900_000),
    "utf-16": lambda: (HEAD + GOOD * 1000).encode("utf-16"),
    "utf-32": lambda: (HEAD + GOOD).encode("utf-32"),
    "nul-bytes": lambda: b"\0" * 900_000,
    "nul-inside": lambda: HEAD + "title: a\0b\n" + GOOD,
    "empty": lambda: "",
    "comments": lambda: "# nothing\n" * 60_000,
    "brackets": lambda: query("(" * 5000 + "x1" + ")" * 5000),
    "brackets-open": lambda: query("(" * 5000),
    "fields": lambda: query("title:" * 5000 + "x1"),
    "functions": lambda: query("NEAR/3(x1, " * 3000 + "x2" + ")" * 3000),
    "query-of-a-megabyte": lambda: query(" OR ".join(f"x{n}" for n in range(99_000))[:990_000]),
    "query-of-signs": lambda: query("~ ^ | & " * 100_000),
    "rules-with-one-id": lambda: HEAD + "rules:\n" + "- {id: a}\n" * 99_000,
    "keys": lambda: HEAD + "".join(f"k{n}: x\n" for n in range(80_000)),
    "one-key": lambda: HEAD + "k: x\n" * 150_000,
    "doubling-lists": lambda: (
        HEAD
        + "lists:\n"
        + "".join(f"  l{n}: [$l{n + 1}, $l{n + 1}]\n" for n in range(60))
        + "  l60: [$nobody]\n"
        + "rules: [{id: a, any: [$l0]}]\n"
    ),
    "long-line": lambda: HEAD + "title: " + "é" * 400_000 + ": x\n",
    "long-term": lambda: rules("any: [" + "x" * 900_000 + " (]"),
    "many-words": lambda: rules("any: [" + "x1 " * 300_000 + "]"),
    "look-ahead": lambda: query("re:/(?=(a+)+$)x/"),
    "back-reference": lambda: query(r"re:/(a+)\1x/"),
    "huge-repeat": lambda: query("re:/((a{100}){100}){100}x/"),
    "long-regex": lambda: query(f"re:/{'(a|b)' * 1000}x/"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a15_a_hostile_file_is_refused_in_time(small: tuple[dict[str, bytes], live.LiveRules], name: str) -> None:
    """Bombs, tags, depth, size, foreign encodings: refused within two seconds, while the last good set judges."""
    written, current = small
    data = HOSTILE[name]()

    after = refused(current, {**written, "packs/p.yaml": data if isinstance(data, bytes) else data.encode()})

    assert found(after) == [("p", "a")]
    assert len(after.faults) < 200_000
    assert max(len(str(fault)) for fault in after.faults) < 2_500


def chain_of_lists(length: int) -> str:
    """Return a pack with lists of which each names the next."""
    chain = "".join(f"  l{n}: [$l{n + 1}]\n" for n in range(length))
    return f"{HEAD}lists:\n{chain}  l{length}: [$nobody]\nrules: [{{id: a, any: [$l0]}}]\n"


@pytest.mark.parametrize("length", [100, 20_000])
def test_a15_a_chain_of_names_is_followed_or_refused(
    small: tuple[dict[str, bytes], live.LiveRules], length: int
) -> None:
    """Lists that name one another without end are refused at a place, like everything else."""
    written, current = small

    after = refused(current, {**written, "packs/p.yaml": chain_of_lists(length).encode()})

    assert any(fault.code in ("E201", "E203") and fault.line for fault in after.faults)


def test_a15_a_hundred_thousand_rules_are_refused_or_judge(small: tuple[dict[str, bytes], live.LiveRules]) -> None:
    """As many rules as fit into the largest file: each is read, and none of them stops the others."""
    written, current = small
    many = HEAD + "rules: [" + ",".join(f"{{id: r{n}, any: [w{n}]}}" for n in range(36_000)) + "]\n"
    assert len(many) < 1_000_000

    after = live.next_live(current, {**written, "packs/p.yaml": many.encode()}, KNOWN)

    assert after.stale == {}
    assert [m.rule for m in match.match_article(after.ruleset, article("w35999 came"))] == ["r35999"]


REGEXES = ("(a+)+$", "(.*a){20}", ".*a.*b.*c", "(a|aa)+$", "(x+x+)+y", r"(\p{L}+\s?)+!", "(a?){30}a{30}", ".*.*.*=.*")


@pytest.mark.parametrize("pattern", REGEXES)
def test_a14_catastrophic_regexes_are_refused_or_linear(pattern: str) -> None:
    """What takes a backtracking engine years takes RE2 a moment on the longest text that is read."""
    loaded = live.next_live(None, {"packs/p.yaml": query(f"re:/{pattern}/").encode()}, KNOWN)
    texts = ("a" * 199_999 + "!", "a b " * 50_000, "x" * 200_000)

    begun = time.process_time()
    for text in texts if not loaded.stale else ():
        match.match_article(loaded.ruleset, article(text))

    assert time.process_time() - begun <= len(texts) * MOST_SECONDS
    assert all(fault.code == "E322" for fault in loaded.faults if fault.is_error)


def test_a15_keywords_stay_words() -> None:
    """`no`, `on` and `12:30` are never read as anything but text."""
    world = files("- {id: a, any: [no, on, off, 1e3, 0x10]}", title="no")

    (pack,) = load.load_packs(world).packs

    assert pack.title == "no"
    assert [item.term.written for item in pack.rules[0].any] == ["no", "on", "off", "1e3", "0x10"]


# -- saved while it is loaded --------------------------------------------------------------------------


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[desks.Desk]:
    """A monitor in this process, with a database, a config.toml and the pack `talks` in its folder of rules."""
    made = desks.Desk(databases.Databases(tmp_path).sqlite(), tmp_path).has(["gazette"])
    (tmp_path / "rules" / "packs").mkdir(parents=True)
    (tmp_path / "rules" / "packs" / "talks.yaml").write_text(world.SECOND_PACK)
    (tmp_path / "config.toml").write_text(f'[monitor]\nrules = "{tmp_path / "rules"}"\n')
    yield made
    made.close()


def looked(desk: desks.Desk, when_taken: Callable[[], object] = lambda: None) -> live.LiveRules:
    """Return what is live after some looks at files that were saved since the monitor started."""
    assert desk.context is not None
    config = replace(configuration.load(desk.folder / "config.toml"), database=desk.config.database)
    rule_files = wiring.RuleFiles()
    reloader = reload.Reloader(desk.context, rule_files, config, lambda _: when_taken())
    (desk.folder / "rules" / "packs" / "move.yaml").write_text(world.PACK)

    async def look() -> None:
        for _ in range(5):
            await reloader.look()

    asyncio.run(look())
    rule_files.close()
    return desk.context.setup.live


def test_f40_a_file_saved_during_a_reload_is_read_at_the_next_look(desk: desks.Desk) -> None:
    """What is saved after the files were read, and before they are live, is not taken for read."""
    pack = desk.folder / "rules" / "packs" / "talks.yaml"
    later = iter((world.SECOND_PACK.replace("delegation", "envoy"),))

    rules = looked(desk, when_taken=lambda: [pack.write_text(text) for text in later])

    assert "envoy" in rules.source


def test_f40_what_the_loader_cannot_bear_leaves_the_rules_before(
    desk: desks.Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault of the loader itself is told like one of the files: every pack stays, and each says that it is stale."""

    def fall_over(*_: object) -> None:
        raise RecursionError("too deep")

    monkeypatch.setattr(live, "next_live", fall_over)

    rules = looked(desk)

    assert set(rules.ruleset.packs) == set(rules.stale) == {"move", "talks"}
    assert "too deep" in rules.stale["move"]


# -- through the daemon ----------------------------------------------------------------------------


LIMIT = 5 * world.SLACK
"""Seconds in which a fault, or its repair, shows."""


def version(n: int) -> str:
    """Return the n-th sound version of the pack: it knows one word more than resettlement."""
    return world.PACK.replace("[resettlement]", f"[resettlement, expulsion{n}]")


def broken(n: int) -> str:
    """Return the n-th version as an editor leaves it whose last bracket is missing."""
    return version(n).replace(f"expulsion{n}], severity: normal}}", f"expulsion{n}")


def rename_over(file: Path, text: str) -> None:
    """Save as most editors do: a new file takes the place of the old one."""
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(text)
    fresh.replace(file)


def rewrite(file: Path, text: str) -> None:
    """Save as through a bind mount: the same inode, cut and written again."""
    with file.open("r+") as stream:
        stream.truncate()
        stream.write(text)


def swap_link(file: Path, text: str) -> None:
    """Save as a Kubernetes config map does: a link to a folder is swapped, behind which the file stands."""
    folder = file.parent
    fresh = folder / f"..{time.monotonic_ns()}"
    fresh.mkdir()
    (fresh / file.name).write_text(text)
    (folder / "..data_tmp").symlink_to(fresh.name)
    (folder / "..data_tmp").replace(folder / "..data")
    if not file.is_symlink():
        file.unlink(missing_ok=True)
        file.symlink_to(f"..data/{file.name}")


def write_half(file: Path, text: str) -> None:
    """Begin to save and be held up."""
    file.write_text(text[: len(text) * 3 // 4])


def write_all(file: Path, text: str) -> None:
    """Go on with what was begun."""
    with file.open("a") as stream:
        stream.write(text[len(file.read_text()) :])


@dataclass(frozen=True)
class Way:
    """How a file is broken and mended; `place`: where the fault is told; `code`: what `check` exits with."""

    name: str
    breaks: Callable[[Path, int], None]
    mends: Callable[[Path, str], None]
    place: str
    code: int = 1


WAYS = (
    Way("an editor renames", lambda file, n: rename_over(file, broken(n)), rename_over, r"move\.yaml:\d+:\d+$"),
    Way("half is written", lambda file, n: write_half(file, version(n)), write_all, r"move\.yaml:\d+:\d+$"),
    Way("a bind mount rewrites", lambda file, n: rewrite(file, broken(n)), rewrite, r"move\.yaml:\d+:\d+$"),
    Way("the file is emptied", lambda file, n: rewrite(file, ""), rewrite, r"move\.yaml:1:1$"),
    Way("the file is deleted", lambda file, n: file.unlink(), rename_over, "^packs$", 0),
    Way("a config map is swapped", lambda file, n: swap_link(file, broken(n)), swap_link, r"move\.yaml:\d+:\d+$"),
)


def gauges(daemon: world.Process) -> dict[str, float]:
    """Return the plain metrics of a daemon."""
    with urllib.request.urlopen(f"{daemon.address}/metrics", timeout=10) as answer:
        rows = re.findall(r"^(wirewatch_\w+) (\S+)$", answer.read().decode(), re.MULTILINE)
    return {name: float(value) for name, value in rows}


def told_to_ops(desk: world.World) -> list[str]:
    """Return the subjects of the mails to the operator."""
    return [str(m.message["Subject"]) for m in list(desk.inbox.mails) if "ops@desk.test" in m.recipients]


@pytest.mark.timeout(300)
def test_f40_f42_broken_and_mended_in_six_ways_while_it_runs(tmp_path: Path) -> None:
    """A fault shows in log, metrics and check, and once to the operator; the last good set judges until it is mended.

    An article that was decided stays decided, though a later version of the pack knows its words (F42).
    """
    taken = []
    with world.opened(tmp_path) as desk:
        desk.newsroom("gazette")
        channels = {**desk.channels(), "ops": desk.inbox.channel_url("ops@desk.test")}
        desk.configure(channels=channels, ops="ops")
        pack = desk.rules / "packs" / "move.yaml"
        pack.write_text(version(0))
        with desk.daemon().until_up() as daemon:
            for n, way in enumerate(WAYS, 1):
                break_and_see(desk, daemon, way, n)
                taken.append(mend_and_see(desk, daemon, way, n))
            publish(desk, len(WAYS) + 1)
            desk.until_told(f"tok-{len(WAYS) + 1}0")
            desk.until_quiet()
            assert daemon.stop() == 0

    subjects = told_to_ops(desk)
    assert ["broken" in subject for subject in subjects] == [True, False] * len(WAYS), subjects
    assert all("sound again" in subject for subject in subjects[1::2])
    assert desk.told("mail") == desk.told("chat") == {f"tok-{n}0": 1 for n in range(1, len(WAYS) + 2)}
    assert "Traceback" not in daemon.log
    print(f"\nsaved to live, in seconds: {', '.join(f'{seconds:.2f}' for seconds in taken)}")


def break_and_see(desk: world.World, daemon: world.Process, way: Way, n: int) -> None:
    """Break the pack: the fault shows everywhere, and a story meanwhile is judged by the version before."""
    faults, failures = len(daemon.events("rule_fault")), gauges(daemon)["wirewatch_rules_load_failures_total"]

    way.breaks(desk.rules / "packs" / "move.yaml", n)

    world.until(lambda: gauges(daemon)["wirewatch_packs_stale"] == 1, LIMIT, f"{way.name}: a stale pack")
    assert gauges(daemon)["wirewatch_rules_load_failures_total"] > failures
    assert gauges(daemon)["wirewatch_config_last_reload_success"] == 1
    # What is logged is written by a thread of its own, a moment later.
    world.until(lambda: daemon.events("pack_stale") and len(daemon.events("rule_fault")) > faults, LIMIT, "the log")
    assert daemon.events("pack_stale")[-1]["pack"] == "move"
    places = [event["place"] for event in daemon.events("rule_fault")[faults:]]
    assert places
    assert all(re.search(way.place, place) for place in places), places
    with desk.command("check") as check:
        publish(desk, n)
        desk.until_told(f"tok-{n}0")
        assert check.wait() == way.code, check.log
    assert not way.code or all(place in check.log for place in places), check.log
    world.until(lambda: len(told_to_ops(desk)) >= 2 * n - 1, LIMIT, f"{way.name}: a word to the operator")
    desk.until_quiet()


def mend_and_see(desk: world.World, daemon: world.Process, way: Way, n: int) -> float:
    """Mend the pack, with one word more: it is live, and the operator hears so. Return seconds from save to live."""
    live_before, begun = len(daemon.events("rules_live")), time.monotonic()

    way.mends(desk.rules / "packs" / "move.yaml", version(n))

    world.until(lambda: len(daemon.events("rules_live")) > live_before, LIMIT, f"{way.name}: the new version")
    taken = time.monotonic() - begun
    world.until(lambda: gauges(daemon)["wirewatch_packs_stale"] == 0, LIMIT, f"{way.name}: no stale pack")
    world.until(lambda: len(told_to_ops(desk)) >= 2 * n, LIMIT, f"{way.name}: sound again")
    return taken


def publish(desk: world.World, n: int) -> None:
    """Publish one story that only the version before the n-th knows, and one that only the n-th will know."""
    for word, token in ((f"Expulsion{n - 1}", f"tok-{n}0"), (f"Expulsion{n}", f"tok-{n}1")):
        plain = world.plain_story(int(token[4:]))
        text = plain.text.replace("resettlement", "sewage")
        desk.publish(
            "gazette", world.Story(token, f"{word} order {token}", f"{token}: {word.lower()} was signed. {text}")
        )
