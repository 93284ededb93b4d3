"""F01: kill -9 while an alert is held for corroboration: it is told once, neither lost nor repeated."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import world

PACK = """\
format: 1
pack: move
title: Moving out
corroboration: {newsrooms: 2, hold: 1s}
rules:
  - {id: core, any: [resettlement], severity: normal}
"""
KILLED = (
    "process.before_commit",
    "process.committed",
    "release.before_commit",
    "release.before_commit",
    "send.claimed",
)
"""Each life dies at one of these: before it is held, while it is, and twice as the hold ends; a pass takes a second."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world with a newsroom and both channels, whose pack waits for a second newsroom."""
    with world.opened(tmp_path) as made:
        made.newsroom("gazette")
        made.configure()
        (made.rules / "packs" / "move.yaml").write_text(PACK)
        yield made


def one_pass(desk: world.World, *fail: str) -> int:
    """Make one pass as a real process and return how it ended."""
    planted = [part for point in fail for part in ("--fail", f"{point}:kill")]
    command = [sys.executable, "-m", "tests.support.entry", *planted, "run", "--config", str(desk.config), "--once"]
    with world.Process(command, desk.folder, desk.environment()) as made:
        return int(made.wait(60))


def test_f01_killed_again_and_again_while_it_is_held(desk: world.World) -> None:
    """Five lives end before, in and after the hold: the sixth has told it once in each channel, marked."""
    story = world.plain_story(1)
    desk.publish("gazette", story)

    deaths = [one_pass(desk, point) for point in KILLED]
    ends = [one_pass(desk), one_pass(desk)]

    assert deaths == [-signal.SIGKILL] * len(KILLED)
    assert ends == [0, 0]
    tally = desk.tally([story.token])
    assert tally.lost == 0, tally
    assert tally.unlabelled == 0, tally
    decided = desk.query("SELECT outcome, reason FROM decisions WHERE pack = 'move' ORDER BY n")
    assert decided == [("held", "awaiting_corroboration"), ("alert", "unconfirmed")]
    assert desk.query("SELECT count(*) FROM alerts") == [(1,)]
    assert desk.query("SELECT count(*) FROM holds") == [(0,)]
    assert desk.integrity() == "ok"
