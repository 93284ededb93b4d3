"""`wirewatch demo` as a stranger types it: real sockets, the real daemon, nothing left behind.

On SQLite alone: the demo brings its own database, and whoever tries it has no server.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from monitor.demo import stories, world
from tests.support import commands

ROOT = Path(__file__).parents[2]


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start the demo with `folder` for its temporary files, in a session of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "monitor", "demo", *arguments],
        cwd=folder,
        env={**os.environ, "TMPDIR": str(folder), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def processes_in(folder: Path) -> list[str]:
    """Return the command lines of processes that name `folder`."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue  # the process has ended since
        if str(folder) in line:
            found.append(line)
    return found


def test_one_round_alerts_what_is_wanted_in_both_channels(tmp_path: Path) -> None:
    """Four articles in four languages arrive by mail and chat once each; copy, football and Gaza Street do not."""
    demo = start(tmp_path, "--once")

    out, _ = demo.communicate(timeout=110)

    wanted = [story for story in stories.first_round() if story.packs]
    summary = out.partition("Alerted:")[2]
    assert demo.returncode == 0, out
    assert len(wanted) == 4
    for story in wanted:
        assert f"chat, mail  {story.title}" in summary
        assert out.count(f"] {story.title} (") == 2  # one headline by mail, one in the chat
    assert "a football transfer)\n    every pack: no_match" in summary
    assert "Gaza Street, a road in Jerusalem)\n    every pack: no_match" in summary
    assert "egypt_israel_talks: same_text; resettlement: same_text; us_aid: same_text" in summary
    assert "\033[" not in out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopping_leaves_nothing_behind(tmp_path: Path, number: int) -> None:
    """Ctrl-C and SIGTERM end the demo with exit 0, its daemon stopped and its folder removed."""
    demo = start(tmp_path)
    end = time.monotonic() + 60
    while not any(tmp_path.glob("wirewatch-demo-*/daemon.log")) and time.monotonic() < end:
        time.sleep(0.1)

    demo.send_signal(number)

    out, _ = demo.communicate(timeout=60)
    assert demo.returncode == 0, out
    assert "Traceback" not in out
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == []


def test_stopping_while_the_daemon_is_being_started_leaves_no_daemon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C between the daemon's first breath and the demo's knowing of it still ends both."""

    class Interrupted(subprocess.Popen[bytes]):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(subprocess, "Popen", Interrupted)

    with pytest.raises(KeyboardInterrupt), world.running():
        pass

    assert processes_in(tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_demo_ships_the_seed_report_and_the_rules() -> None:
    """What the package carries is what the repository holds."""
    assert stories.SEED.read_bytes() == (ROOT / "seeds" / "000_e3e790c69237bad8.txt").read_bytes()
    assert world.rules_folder() == ROOT / "rules"


def test_every_later_story_is_what_it_says(tmp_path: Path) -> None:
    """What the demo announces as of interest fires its packs, and the rest fires none."""
    told = [stories.later(number) for number in range(8)]
    lines = [{"id": s.slug, "title": s.title, "text": "\n".join(s.paragraphs), "source": s.newsroom} for s in told]
    body = "\n".join(map(json.dumps, lines)).encode()

    done = commands.call("replay", "-", "--rules", world.rules_folder(), "--json", stdin=body, folder=tmp_path)

    judged = [json.loads(line) for line in done.out.splitlines()]
    assert [tuple(line["packs"]) for line in judged] == [story.packs for story in told]
