"""Rule files: what is read, and what is refused with file, line and column."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import pytest

from monitor import hours
from monitor.rules import load, packs
from monitor.rules.yaml_nodes import Place
from tests.support.rulefiles import ENTITIES, EXAMPLE, files, pack

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
        (HEAD + "rules:\n  - {id: a, any: [x1], query: x, score: {}}\n", ["4:5 E205", "4:41 E105", "4:41 E105"]),
        (HEAD + "rules:\n  - {id: a}\n", ["4:5 E205"]),
        (HEAD + "rules:\n  - {id: a, query: SENT($a, $b)}\n", ["4:29 E104"]),
        (HEAD + "rules:\n  - {id: a, query: NEAR/5(a, b, c), status: test}\n", ["4:30 E104"]),
        (HEAD + "rules:\n  - {id: a, query: 'a AND $gzaa'}\nlists: {gaza: [x1]}\n", ["4:27 E201"]),
        (HEAD + "rules:\n  - id: a\n    query: |\n      x1 OR\n        $gaza\n", ["7:9 E201"]),
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


def scored(score: str, more: str = "") -> list[str]:
    """Return `line:column code` of every fault of a pack whose rule `a` has this score, written in braces."""
    return faults(HEAD + f"rules:\n  - id: a\n    score: {score}\n{more}")


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        ("{threshold: 20, clauses: {h: {weight: 20, query: x}}}", []),
        ("{threshold: 25, clauses: {h: {weight: 20, title_bonus: 5, query: x}}, require: [h]}", []),
        ("{threshold: 20, clauses: {h_1: {weight: 20, query: x}, i: {weight: -9, title_bonus: -1, query: y}}}", []),
        ("20", ["5:12 E105"]),
        ("{}", ["5:12 E105", "5:12 E105"]),
        ("{threshold: 0, clauses: {h: {weight: 20, query: x}}}", ["5:24 E402"]),
        ("{threshold: -5, clauses: {h: {weight: 20, query: x}}}", ["5:24 E402"]),
        ("{threshold: 1.5, clauses: {h: {weight: 20, query: x}}}", ["5:24 E105"]),
        ("{threshold: 21, clauses: {h: {weight: 20, query: x}, i: {weight: -9, query: y}}}", ["5:24 E401"]),
        ("{threshold: 26, clauses: {h: {weight: 20, title_bonus: 5, query: x}}}", ["5:24 E401"]),
        ("{threshold: 2, clauses: {h: {weight: 20, title_bonus: -5, query: x}}}", ["5:66 E403"]),
        (
            "{threshold: 2, clauses: {h: {weight: -9, title_bonus: 5, query: x}, i: {weight: 2, query: y}}}",
            ["5:66 E403"],
        ),
        ("{threshold: 2, clauses: {}}", ["5:36 E105"]),
        ("{threshold: 2, clauses: [h]}", ["5:36 E105"]),
        ("{threshold: 2, clauses: {h: x}}", ["5:40 E105"]),
        ("{threshold: 2, clauses: {H: {weight: 20, query: x}}}", ["5:37 E105"]),
        ("{threshold: 2, clauses: {h: {query: x}}}", ["5:40 E105"]),
        ("{threshold: 2, clauses: {h: {weight: 2}}}", ["5:40 E105"]),
        ("{threshold: 2, clauses: {h: {weight: many, query: x}}}", ["5:49 E105"]),
        ("{threshold: 2, clauses: {h: {weight: 2, qury: x}}}", ["5:40 E105", "5:52 E103"]),
        ("{threshold: 2, claus: {}}", ["5:12 E105", "5:27 E103"]),
        ("{threshold: 2, clauses: {h: {weight: 2, query: x}, h: {weight: 2, query: x}}}", ["5:63 E102"]),
        ("{threshold: 2, clauses: {h: {weight: 2, query: x}}, require: [i]}", ["5:74 E201"]),
        ("{threshold: 2, clauses: {h: {weight: 2, query: SENT(a, b)}}}", ["5:67 E104"]),
        ("{threshold: 2, clauses: {h: {weight: 2, query: 'a b'}}}", ["5:62 E311"]),
        ("{threshold: 2, clauses: {h: {weight: 2, query: $gaza}}}", ["5:59 E201"]),
    ],
)
def test_scores(score: str, expected: list[str]) -> None:
    """A score must be reachable, its numbers whole, its clauses complete."""
    assert scored(score) == expected


def test_a_score_is_kept_as_written() -> None:
    """Weights, bonus, order and required clauses arrive in the rule."""
    text = (
        "format: 1\npack: p\nrules:\n  - id: a\n    score:\n      threshold: 30\n      require: [host]\n"
        "      clauses:\n"
        "        host: {weight: 20, query: 'SENT(x, y)'}\n        more: {weight: 15, title_bonus: 5, query: z}\n"
        "        less: {weight: -20, query: TIMES/2(q)}\n"
    )

    (found,) = load.load_packs({"packs/p.yaml": text.encode()}).packs

    score = found.rules[0].score
    assert score is not None
    assert (score.threshold, score.require) == (30, ("host",))
    assert [(c.id, c.weight, c.title_bonus) for c in score.clauses] == [
        ("host", 20, 0),
        ("more", 15, 5),
        ("less", -20, 0),
    ]


@pytest.mark.parametrize(
    ("test", "expected"),
    [
        ("{rule: s, title: x, expect_score: 3}", []),
        ("{rule: s, title: x, expect_score: -3}", []),
        ("{title: x, expect_score: 3}", []),
        ("{rule: s, title: x, expect_score: many}", ["9:41 E105"]),
        ("{rule: l, title: x, expect_score: 3}", ["9:14 E105"]),
    ],
)
def test_an_expected_score_needs_a_score(test: str, expected: list[str]) -> None:
    """`expect_score` is a whole number, of a rule that counts points."""
    rules = (
        "rules:\n  - {id: l, any: [x1]}\n  - id: s\n    score: {threshold: 1, clauses: {h: {weight: 1, query: x}}}\n"
    )

    assert faults(HEAD + rules + f"tests:\n  should_match:\n    - {test}\n") == expected
    assert faults(HEAD + RULES + "tests:\n  should_match:\n    - {title: x1, expect_score: 3}\n") == ["7:7 E105"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("throttle: {same_story: 6h, max: 12 per 1h}", []),
        ("throttle: {max: 1}", ["3:17 E105"]),
        ("throttle: {max: 0 per 1h}", ["3:17 E105"]),
        ("throttle: {max: 5 per hour}", ["3:17 E206"]),
        ("throttle: {same_story: 6}", ["3:24 E206"]),
        ("throttle: {most: 5 per 1h}", ["3:12 E103"]),
        ("throttle: 6h", ["3:11 E105"]),
        ("digest: {at: 07:00}", []),
        ("digest: {at: hourly}", []),
        ("digest: {at: mon-fri 07:00}", []),
        ("digest: {at: 'mon,wed 07:00'}", []),
        ("digest: {at: 24:00}", ["3:14 E206"]),
        ("digest: {at: weekly}", ["3:14 E206"]),
        ("digest: {at: mo-fr 07:00}", ["3:14 E206"]),
        ("digest: {}", ["3:9 E105"]),
        ("corroboration: {newsrooms: 2, hold: 2h}", []),
        ("corroboration: {newsrooms: 2, hold: 2h, else: suppress}", []),
        ("corroboration: {newsrooms: 1, hold: 2h}", ["3:28 E105"]),
        ("corroboration: {newsrooms: 2, hold: soon}", ["3:37 E206"]),
        ("corroboration: {newsrooms: 2}", ["3:16 E105"]),
        ("corroboration: {newsrooms: 2, hold: 2h, else: drop}", ["3:47 E105"]),
        ("steps: [3, 10]", []),
        ("steps: 5", []),
        ("steps: []", []),
        ("steps: [3, three]", ["3:12 E105"]),
        ("steps: [3, 3]", ["3:12 E105"]),
        ("steps: [1, 3]", ["3:9 E105"]),
        ("steps: {at: 3}", ["3:8 E105"]),
    ],
)
def test_alert_traits(line: str, expected: list[str]) -> None:
    """throttle, digest, corroboration and steps are checked wherever they stand."""
    assert faults(HEAD + f"{line}\n{RULES}") == expected
    assert [f.split(" ")[1] for f in faults(HEAD + f"rules:\n  - id: a\n    any: [x1]\n    {line}\n")] == [
        fault.split(" ")[1] for fault in expected
    ]


def test_alert_traits_are_inherited() -> None:
    """A rule's own word wins over the pack's; what it does not say, it inherits."""
    text = HEAD + (
        "throttle: {same_story: 6h, max: 12 per 1h}\ndigest: {at: mon-fri 07:30}\nsteps: [3, 10]\n"
        "corroboration: {newsrooms: 2, hold: 30m}\n"
        "rules:\n  - {id: a, any: [x1]}\n  - {id: b, any: [x1], digest: {at: hourly}, throttle: {}}\n"
    )

    (found,) = load.load_packs({"packs/p.yaml": text.encode()}).packs

    a, b = found.rules[0].traits, found.rules[1].traits
    assert a.throttle == packs.Throttle(Place("packs/p.yaml", 3, 11), 21_600.0, 12, 3600.0)
    assert a.digest == packs.Digest(Place("packs/p.yaml", 4, 9), hours.Timetable(dt.time(7, 30), (0, 1, 2, 3, 4)))
    assert a.steps == packs.Steps(Place("packs/p.yaml", 5, 8), (3, 10))
    assert a.corroboration == packs.Corroboration(Place("packs/p.yaml", 6, 16), 2, 1800.0, "unconfirmed")
    assert b.throttle == packs.Throttle(Place("packs/p.yaml", 9, 56))
    assert b.digest == packs.Digest(Place("packs/p.yaml", 9, 32), hours.Timetable(None))
    assert b.steps == a.steps


def test_names_in_queries_and_scores_lead_to_their_files() -> None:
    """A $name in a query or a clause is followed like one in a list."""
    rules = """
    - {id: a, query: 'title:(x OR $gaza)'}
    - id: b
      score: {threshold: 1, clauses: {h: {weight: 1, query: 'a AND NOT $strategic-minister'}}}
    """

    loaded = load.load_packs(files(rules))

    assert loaded.faults == ()
    assert set(loaded.packs[0].vocabularies) == {"gaza", "strategic-minister", "ron-dermer", "gila-gamliel"}
    assert {v.id for v in loaded.unused} == {"usa"}


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ('rules:\n  - id: a\n    query: "Gaza Strip" AND aid\n', """write query: '"Gaza Strip" AND aid'"""),
        ("title: @x\n" + RULES, "write title: '@x'"),
        ("title: %x # why\n" + RULES, "write title: '%x'"),
        ("rules:\n  - {id: a, any: [*foo]}\n", "there are no leading wildcards"),
        ("rules:\n  - id: a\n    any: [x1]\n    any: [x2]\n", "merge the two"),
        ("rules:\n  - id: a\n    any:\n      - Cairo: x\n", "write 'Cairo: x'"),
        ("rules:\n  - id: a\n    any:\n      - Trump #2\n", "write 'Trump #2'"),
        ("rules:\n  - {id: a, query: SENT($a, $b)}\n", "write query: 'SENT($a, $b)'"),
        ("rules:\n  - id: a\n    query: title: gaza\n", "write query: 'title: gaza'"),
        ("rules:\n  - id: a\n    query: [a] AND b\n", "write query: '[a] AND b'"),
        ("rules:\n  - id: a\n    query: 'it's'\n", "double each single quote"),
        ("rules:\n  - id: a\n    query: | a AND b\n", "in the next line"),
        ("rules:\n  - id: a\n    query: |\n    a AND b\n", "indent it deeper"),
        ("rules:\n  - id: a\n    any: [x1]\n     all: [x2]\n", "indent it like the keys beside it"),
        ("rules:\n  - id: a\n   any: [x1]\n", "indent it like the keys beside it"),
        ('rules:\n  - id: a\n    query: "re:/\\d/"\n', "single quotes"),
    ],
)
def test_traps_bring_a_remedy(text: str, fix: str) -> None:
    """What YAML misreads is told with what to write instead."""
    assert fix in messages(HEAD + text)


def test_the_example_of_the_format_loads() -> None:
    """The pack that the rule format shows loads with the entities that it names."""
    loaded = load.load_packs(EXAMPLE)

    assert [str(fault) for fault in loaded.faults] == []
    assert [rule.id for rule in loaded.packs[0].rules] == ["phrases", "core", "weak-signals"]
    assert {v.id for v in loaded.unused} == {"il-strategic-affairs-minister", "ron-dermer"}


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
