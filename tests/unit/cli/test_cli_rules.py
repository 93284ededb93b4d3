"""`wirewatch rules`: canonical form, schema, terms and corpora from the command line."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.support import commands

UNTIDY = "pack: move\nformat: 1\nrules:\n- {any: [resettlement], id: core}\n"
TIDY = "format: 1\npack: move\nrules:\n  - {id: core, any: [resettlement]}\n"


@pytest.fixture
def untidy(tmp_path: Path) -> Path:
    """A rule folder whose only pack is not in canonical form; returns that file."""
    commands.write_config(tmp_path, pack=UNTIDY)
    return tmp_path / "rules" / "packs" / "move.yaml"


# -- fmt -------------------------------------------------------------------------------------------


def test_fmt_writes_what_it_changes(untidy: Path, tmp_path: Path) -> None:
    """Without a file, the folder of the configuration is formatted; the second time nothing is left to do."""
    first = commands.call("rules", "fmt", folder=tmp_path)
    second = commands.call("rules", "fmt", "--check", folder=tmp_path)

    assert untidy.read_text() == TIDY
    assert (first.code, first.out) == (0, "reformatted rules/packs/move.yaml\n1 reformatted, 0 left as they are\n")
    assert (second.code, second.out) == (0, "0 would be reformatted, 1 left as they are\n")


def test_fmt_check_names_files_and_changes_nothing(untidy: Path, tmp_path: Path) -> None:
    """`--check` is for CI: exit 1, a line a file."""
    done = commands.call("rules", "fmt", "--check", "--rules", tmp_path / "rules")

    assert done.code == 1
    assert done.out.startswith("would reformat ")
    assert untidy.read_text() == UNTIDY


def test_fmt_diff_shows_the_change(untidy: Path, tmp_path: Path) -> None:
    """`--diff` prints a unified diff, exits 1 and changes nothing."""
    done = commands.call("rules", "fmt", "rules", "--diff", folder=tmp_path)

    assert done.code == 1
    assert "+++ rules/packs/move.yaml (formatted)" in done.out
    assert "-- {any: [resettlement], id: core}" in done.out
    assert untidy.read_text() == UNTIDY


def test_fmt_prints_to_standard_output(untidy: Path, tmp_path: Path) -> None:
    """`--stdout` prints one file, `-` reads standard input, as editors want it."""
    printed = commands.call("rules", "fmt", untidy, "--stdout")
    piped = commands.call("rules", "fmt", "-", stdin=UNTIDY.encode())
    both = commands.call("rules", "fmt", "-", untidy, stdin=UNTIDY.encode())

    assert (printed.code, printed.out) == (piped.code, piped.out) == (0, TIDY)
    assert both.code == 2
    assert untidy.read_text() == UNTIDY


def test_fmt_keeps_mode_and_link(untidy: Path, tmp_path: Path) -> None:
    """The file is replaced at one stroke: its mode stays, a link to it stays a link, and nothing is left beside it."""
    untidy.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(untidy)

    done = commands.call("rules", "fmt", link)

    assert done.code == 0
    assert link.is_symlink()
    assert untidy.read_text() == TIDY
    assert stat.S_IMODE(untidy.stat().st_mode) == 0o640
    assert os.listdir(untidy.parent) == ["move.yaml"]


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (b"\x7fELF\x00\xff", 1, "E108"),
        (b"", 1, "the file is empty"),
        (b"a: 1\na: 2\n", 1, "bad.yaml:2:1: E102"),
        (b"- a\n", 1, "must be a map"),
        (b"x: " + b"a" * 1_000_001, 1, "larger than 1 MB"),
        (None, 2, "cannot be read: No such file"),
    ],
)
def test_fmt_leaves_what_it_cannot_format(
    untidy: Path, tmp_path: Path, content: bytes | None, code: int, said: str
) -> None:
    """A faulty file is named with its place and stays as it is; the others are formatted."""
    bad = tmp_path / "bad.yaml"
    if content is not None:
        bad.write_bytes(content)

    done = commands.call("rules", "fmt", "bad.yaml", untidy, folder=tmp_path)

    assert done.code == code
    assert said in done.err
    assert content is None or bad.read_bytes() == content
    assert untidy.read_text() == TIDY


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_fmt_respects_a_read_only_file(untidy: Path) -> None:
    """What the user may not write is not replaced either."""
    untidy.chmod(0o444)

    done = commands.call("rules", "fmt", untidy)

    assert done.code == 2
    assert "read-only" in done.err
    assert untidy.read_text() == UNTIDY


# -- schema ----------------------------------------------------------------------------------------


def test_schema_is_printed_or_written(tmp_path: Path) -> None:
    """Without an option it goes to standard output; `--write` puts the same text into the rule folder."""
    commands.write_config(tmp_path)

    printed = commands.call("rules", "schema", folder=tmp_path)
    written = commands.call("rules", "schema", "--write", folder=tmp_path)
    again = commands.call("rules", "schema", "--write", "--rules", "rules", folder=tmp_path)
    nowhere = commands.call("rules", "schema", "--write", "--rules", "nowhere", folder=tmp_path)

    assert printed.json["title"] == "Wirewatch rule file"
    assert (tmp_path / "rules" / "schema.json").read_text("utf-8") == printed.out
    assert "# yaml-language-server: $schema=../schema.json" in written.out
    assert (written.code, again.code, nowhere.code) == (0, 0, 2)
    assert commands.call("rules", "lint", folder=tmp_path).code == 0


# -- terms -----------------------------------------------------------------------------------------

LINES = (
    {"id": "a", "title": "A resettlement", "text": "of families", "lang": "en"},
    {"id": "b", "title": "خطة", "text": "مخطط التهجير", "lang": "ar"},
    {"id": "c", "title": "Resettlement, resettlement", "text": "", "lang": "fr"},
    {"id": "d", "title": "Rain", "text": "", "lang": "en"},
)


@pytest.fixture
def stream(tmp_path: Path) -> Path:
    """A rule folder with the pack `move`, and four articles; returns the file of the latter."""
    commands.write_config(tmp_path, pack=commands.PACK.replace("[resettlement,", "[resettlement, exodus,"))
    file = tmp_path / "stream.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return file


def test_terms_counts_articles_of_a_corpus(stream: Path, tmp_path: Path) -> None:
    """Per pack, rule and term: articles, share, languages; and the terms that never fired with their place."""
    done = commands.call("rules", "terms", "--corpus", stream, "--json", folder=tmp_path)
    shown = commands.call("rules", "terms", "move", "--corpus", stream, folder=tmp_path)

    [pack] = done.json["packs"]
    assert (done.code, done.json["articles"], pack["articles"]) == (0, 4, {"core": 3})
    assert pack["terms"] == [
        {"rule": "core", "term": "resettlement", "entity": None, "articles": 2, "share": 0.5,
         "share_of_rule": 0.666667, "languages": {"en": 1, "fr": 1}},
        {"rule": "core", "term": "التهجير", "entity": None, "articles": 1, "share": 0.25,
         "share_of_rule": 0.333333, "languages": {"ar": 1}},
    ]  # fmt: skip
    assert pack["never_fired"] == [{"term": "exodus", "entity": None, "file": "rules/packs/move.yaml", "line": 6}]
    assert "50.0%  66.7%    en:1 fr:1  resettlement" in shown.out
    assert "1 of 3 terms never fired:\n    exodus  rules/packs/move.yaml:6" in shown.out


def test_terms_goes_on_after_a_bad_line_and_a_bad_pack(stream: Path, tmp_path: Path) -> None:
    """Both are named on stderr and make the exit code 1; the rest is counted."""
    stream.write_text(stream.read_text() + "oops\n")
    (tmp_path / "rules" / "packs" / "bad.yaml").write_text("format: 1\npack: bad\nrules: 7\n")

    done = commands.call("rules", "terms", "--corpus", stream, "--rules", "rules", "--json", folder=tmp_path)

    assert (done.code, done.json["articles"]) == (1, 4)
    assert "stream.jsonl:5: not JSON" in done.err
    assert "pack bad is left out: rules/packs/bad.yaml:3" in done.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("mvoe", "--corpus", "stream.jsonl"), "there is no pack mvoe; there is move"),
        (("--corpus", "nowhere.jsonl"), "cannot be read"),
        (("--corpus", "stream.jsonl", "--since", "30d"), "give one of them"),
        (("--since", "soon"), "`soon` is no duration"),
    ],
)
def test_terms_usage_errors(stream: Path, tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """What cannot be counted is said in a line, exit 2."""
    done = commands.call("rules", "terms", *arguments, folder=tmp_path)

    assert done.code == 2
    assert said in done.err


def test_terms_of_an_empty_archive(stream: Path, tmp_path: Path) -> None:
    """Before the first run there is nothing to count, which is no fault."""
    done = commands.call("rules", "terms", folder=tmp_path)

    assert (done.code, done.out) == (0, "")
    assert "archive is empty" in done.err


# -- test --corpus ---------------------------------------------------------------------------------

CASES = """\
cases:
- {id: c1, lang: en, tier: plain, title: A resettlement plan, expected: [move]}
- {id: c2, lang: en, tier: oblique, title: An exodus, text: They are to go., expected: [move]}
- {id: c3, lang: fr, tier: trap, title: No resettlement, expected: []}
- {id: c4, lang: fr, tier: trap, title: Rain, expected: [other]}
"""


@pytest.fixture
def cases(tmp_path: Path) -> Path:
    """A rule folder with the pack `move`, and four labelled cases; returns the file of the latter."""
    commands.write_config(tmp_path)
    file = tmp_path / "cases.yaml"
    file.write_text(CASES)
    return file


def test_corpus_gives_precision_and_recall(cases: Path, tmp_path: Path) -> None:
    """By pack, language and tier, with every wrong case and the terms that never fired."""
    done = commands.call("rules", "test", "--corpus", cases, "--json", folder=tmp_path)

    [pack] = done.json["packs"]
    half = {"precision": 0.5, "recall": 0.5, "true": 1, "false": 1, "missed": 1}
    assert (done.code, done.json["cases"]) == (0, 4)
    assert pack | half == pack
    assert pack["languages"]["en"] == {"precision": 1.0, "recall": 0.5, "true": 1, "false": 0, "missed": 1}
    assert pack["tiers"]["trap"]["false"] == 1
    assert [(case["id"], case["line"], case["alerted"], case["words"]) for case in pack["wrong"]] == [
        ("c2", 3, False, []),
        ("c3", 4, True, ["resettlement"]),
    ]
    assert [term["term"] for term in pack["never_fired"]] == ["التهجير"]
    assert "cases.yaml:5: there is no pack `other`; it is not measured" in done.err


def test_corpus_for_people(cases: Path, tmp_path: Path) -> None:
    """A table, a line a wrong case, and the silent terms."""
    done = commands.call("rules", "test", "--corpus", cases, "--rules", "rules", folder=tmp_path)

    assert "  all                        0.500   0.500      1      1       1\n" in done.out
    assert "c2 (en, oblique) 'An exodus' missed: They are to go." in done.out
    assert "c3 (fr, trap) 'No resettlement' alerted by core: resettlement" in done.out
    assert "1 of 2 terms never fired:" in done.out


def test_corpus_floors(cases: Path, tmp_path: Path) -> None:
    """A floor that is missed is named, exit 1; one that is reached is not."""
    low = commands.call("rules", "test", "--corpus", cases, "--min-recall", "0.6", folder=tmp_path)
    good = commands.call("rules", "test", "--corpus", cases, "--min-precision", "0.5", folder=tmp_path)
    quiet = commands.call("rules", "test", "--corpus", cases, "--min-recall", "0.6", "-q", folder=tmp_path)
    alone = commands.call("rules", "test", "--min-recall", "0.6", folder=tmp_path)

    assert (low.code, good.code, quiet.code, quiet.out, alone.code) == (1, 0, 1, "", 2)
    assert low.err.endswith("move: recall 0.500 is below 0.600\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("cases:\n- {id: a}\n- {title: b, expected: []}\n", "cases.yaml:2:3: E105 a case needs `title` or `text`"),
        ("cases:\n- {id: a}\n- {title: b, expected: []}\n", "cases.yaml:3:3: E105 `id` is missing"),
        (None, "cases.yaml: unreadable_file cannot be read"),
    ],
)
def test_faulty_corpus_is_refused(cases: Path, tmp_path: Path, content: str | None, said: str) -> None:
    """Every fault is named with its line, and nothing is measured."""
    cases.unlink()
    if content is not None:
        cases.write_text(content)

    done = commands.call("rules", "test", "--corpus", "cases.yaml", folder=tmp_path)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


# -- list ------------------------------------------------------------------------------------------


def test_list_shows_kinds_and_sizes(tmp_path: Path) -> None:
    """Of each rule: lists, query or score, how many terms can fire, how many tests name it."""
    rules = """\
rules:
  - {id: core, any: [resettlement, التهجير], severity: high}
  - {id: asked, query: aid AND talks}
  - {id: points, score: {threshold: 1, clauses: {a: {weight: 1, query: aid}}}}
tests:
  should_match:
    - {rule: asked, title: Aid talks}
"""
    commands.write_config(tmp_path, pack=commands.PACK.partition("rules:")[0] + rules)

    done = commands.call("rules", "list", "--json", folder=tmp_path)
    shown = commands.call("rules", "list", folder=tmp_path)

    found = [(rule["rule"], rule["kind"], rule["terms"], rule["tests"]) for rule in done.json["packs"][0]["rules"]]
    assert found == [("core", "lists", 2, 0), ("asked", "query", 2, 1), ("points", "score", 1, 0)]
    assert done.json["packs"][0]["terms"] == 4
    assert "move  asked   query  normal    live    2      1      all" in shown.out
