"""The gate: what goes live, what keeps its last good version, and what goes away."""

from __future__ import annotations

import pytest

from monitor import errors, text
from monitor.rules import live, load, match
from tests.support.rulefiles import article, files, pack

KNOWN = load.Known()
TESTS = "{should_match: [{title: x1}], should_not_match: [{title: x9}]}"


def first(**more: str) -> live.LiveRules:
    """Return live rules of the small world: pack p with rule a on x1."""
    return live.next_live(None, files("- {id: a, any: [x1]}", **more), KNOWN)


def finds(rules: live.LiveRules, words: str) -> list[str]:
    """Return the packs that an article matches."""
    return [m.pack for m in match.match_article(rules.ruleset, article(words))]


def test_good_packs_go_live() -> None:
    """A pack without faults judges from now on, with an id over its source and the text tables."""
    rules = first(tests=TESTS)

    assert (rules.faults, rules.stale) == ((), {})
    assert finds(rules, "x1") == ["p"]
    assert rules.id == rules.ruleset.id
    assert len(rules.id) == 16
    assert set(live.from_source(rules.source).packs) == {"p"}
    assert live.from_source(rules.source).id == rules.id


def test_the_id_depends_on_what_is_used_only() -> None:
    """A file that no pack uses, or another order of files, changes nothing."""
    world = files("- {id: a, any: [x1]}")
    other = {**dict(reversed(world.items())), "entities/more.yaml": b"format: 1\nentities: []\n"}

    assert live.next_live(None, other, KNOWN).id == live.next_live(None, world, KNOWN).id
    assert text.TABLE_ID not in live.next_live(None, world, KNOWN).source


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"format: 1\npa",
        b"format: 1\npack: p\nrules:\n  - {id: a, any: [$nobody]}\n",
        b"format: 1\npack: p\nrules:\n  - {id: a, any: [x*]}\n",
        b"\xff\xfe\x00",
        pack("- {id: a, any: [x2]}", tests=TESTS),
    ],
    ids=["empty", "half", "unknown name", "bad term", "binary", "failing test"],
)
def test_a_broken_pack_keeps_its_last_good_version(broken: bytes) -> None:
    """Whatever is wrong with the file, the version before goes on, and the reason is told."""
    good = first(tests=TESTS)
    world = {**files("- {id: a, any: [x1]}"), "packs/p.yaml": broken, "packs/q.yaml": pack("- {id: a, any: [x1]}", "q")}

    after = live.next_live(good, world, KNOWN)

    assert finds(after, "x1") == ["p", "q"]
    assert set(after.stale) == {"p"}
    assert "last good version" in after.stale["p"]
    assert any(fault.file == "packs/p.yaml" and fault.is_error for fault in after.faults)


def test_a_kept_version_brings_its_own_entities() -> None:
    """A pack that stays on its last good version stays on the entities it had then; others take the new ones."""
    world = files("- {id: a, any: [$gaza]}")
    good = live.next_live(None, world, KNOWN)
    world["entities/world.yaml"] = world["entities/world.yaml"].replace(b"Gazan*", b"Strippers")
    world["packs/p.yaml"] = b"format: 1\npack: p\nrules: [{id: a, any: [$gaza, ???]}]\n"
    world["packs/q.yaml"] = pack("- {id: a, any: [$gaza]}", "q")

    after = live.next_live(good, world, KNOWN)

    assert finds(after, "Gazans") == ["p"]
    assert finds(after, "Strippers") == ["q"]
    assert finds(live.next_live(after, world, KNOWN), "Gazans") == ["p"]


def test_a_pack_that_never_was_good_is_off() -> None:
    """Without an older version a faulty pack is off, and the rest goes on."""
    world = {**files("- {id: a, any: [x1]}"), "packs/q.yaml": b"format: 1\npack: q\n"}

    rules = live.next_live(None, world, KNOWN)

    assert finds(rules, "x1") == ["p"]
    assert rules.stale["q"].startswith("off: packs/q.yaml")


def test_repair_ends_staleness() -> None:
    """A repaired file is live again with its new meaning."""
    good = first()
    bad = live.next_live(good, {**files(""), "packs/p.yaml": b"x"}, KNOWN)

    after = live.next_live(bad, files("- {id: a, any: [x2]}"), KNOWN)

    assert after.stale == {}
    assert (finds(after, "x1"), finds(after, "x2")) == ([], ["p"])


def test_a_deleted_pack_goes_away_and_a_lost_folder_does_not() -> None:
    """Deleting a pack's file is a decision; every pack gone at once is an accident."""
    world = {**files("- {id: a, any: [x1]}"), "packs/q.yaml": pack("- {id: a, any: [x1]}", "q")}
    both = live.next_live(None, world, KNOWN)
    del world["packs/q.yaml"]

    assert finds(live.next_live(both, world, KNOWN), "x1") == ["p"]

    lost = live.next_live(both, {}, KNOWN)

    assert finds(lost, "x1") == ["p", "q"]
    assert set(lost.stale) == {"p", "q"}
    assert [fault.code for fault in lost.faults] == ["no_packs"]


def test_a_renamed_file_is_the_same_pack() -> None:
    """The id counts, not the file's name, even while the new file is broken."""
    good = first()
    world = files("")
    data = world.pop("packs/p.yaml")

    moved = live.next_live(good, {**world, "packs/new.yaml": pack("- {id: a, any: [x2]}")}, KNOWN)
    broken = live.next_live(good, {**world, "packs/new.yaml": data}, KNOWN)

    assert (finds(moved, "x2"), moved.stale) == (["p"], {})
    assert finds(broken, "x1") == ["p"]


def test_pack_with_unknown_channel_keeps_its_old_route() -> None:
    """A channel that configuration does not know is a fault of the pack."""
    known = load.Known(channels=frozenset({"desk"}))
    good = live.next_live(None, files("- {id: a, any: [x1]}", route="[desk]"), known)

    after = live.next_live(good, files("- {id: a, any: [x1]}", route="[desc]"), known)

    assert after.ruleset.packs["p"].route == ("desk",)
    assert "E204" in after.stale["p"]


def test_a_stored_source_that_does_not_load_says_so() -> None:
    """A worker that cannot read the stored rules raises, rather than judging by half of them."""
    with pytest.raises(errors.RuleError, match="E106"):
        live.from_source('{"packs":{"p":{"packs/p.yaml":"format: 9\\npack: p\\nrules: [{id: a, any: [x1]}]"}}}')


def test_f40_deleted_pack_stays_while_running_and_goes_at_the_next_start() -> None:
    """A vanished file may be an accident: the running daemon keeps the pack and says so; the next start drops it."""
    files = {"packs/one.yaml": _pack("one"), "packs/two.yaml": _pack("two")}
    running = live.next_live(None, files, load.Known())
    left = {"packs/one.yaml": files["packs/one.yaml"]}

    stayed = live.next_live(running, left, load.Known(), deleted="stay")
    started = live.next_live(running, left, load.Known())

    assert set(stayed.ruleset.packs) == {"one", "two"}
    assert "two" in stayed.stale
    assert set(started.ruleset.packs) == {"one"}


def _pack(name: str) -> bytes:
    return f"format: 1\npack: {name}\nrules:\n  - {{id: a, any: [ceasefire]}}\n".encode()
