"""F40, A15: rule files that are broken while they run, and rule files that mean harm."""

from __future__ import annotations

import random

from monitor.rules import live, load, match
from tests.support.rulefiles import article, files

KNOWN = load.Known()
TESTS = "{should_match: [{title: Gazans leave, because: [Gazans]}], should_not_match: [{title: Gaza Street}]}"


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


def test_a15_keywords_stay_words() -> None:
    """`no`, `on` and `12:30` are never read as anything but text."""
    world = files("- {id: a, any: [no, on, off, 1e3, 0x10]}", title="no")

    (pack,) = load.load_packs(world).packs

    assert pack.title == "no"
    assert [item.term.written for item in pack.rules[0].any] == ["no", "on", "off", "1e3", "0x10"]
