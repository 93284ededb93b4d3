"""`wirewatch rules`: canonical form, schema, terms and corpora from the command line."""

from __future__ import annotations

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
