"""The folder of a process: removed at its end, or by the next process where a kill was its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor import scratch

HOLDER = """
import sys
from pathlib import Path
from monitor import scratch

(scratch.folder() / "rules").mkdir()
(scratch.folder() / "rules" / "of-this-run.json").write_text("{}")
print(scratch.folder(), flush=True)
sys.stdin.read()
"""
"""A process that has a folder with something in it, until its input ends."""


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder with a short path, as one for what is temporary has."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@pytest.fixture
def holder(short: Path) -> Iterator[subprocess.Popen[str]]:
    """A process whose folder lies in `short`; its first line of output names it."""
    command, pipe = [sys.executable, "-c", HOLDER], subprocess.PIPE
    environment = {**os.environ, "TMPDIR": str(short)}
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:
        yield process
        process.kill()


def told(process: subprocess.Popen[str]) -> Path:
    """Return the folder that a holder names."""
    assert process.stdout is not None
    return Path(process.stdout.readline().strip())


def test_a_process_removes_its_folder_as_it_ends(holder: subprocess.Popen[str], short: Path) -> None:
    """Nothing is left of an end in good order."""
    folder = told(holder)
    there = folder.is_dir()

    holder.communicate("")

    assert there
    assert folder.parent == short
    assert list(short.iterdir()) == []


def test_the_folder_of_a_living_process_stays_and_that_of_a_killed_one_goes(
    holder: subprocess.Popen[str], short: Path
) -> None:
    """A sweep beside a process takes nothing from it; after `kill -9` it takes all."""
    folder = told(holder)

    scratch.sweep(short)
    alive = sorted(path.name for path in folder.rglob("*"))
    holder.send_signal(signal.SIGKILL)
    holder.wait(10)
    killed = folder.is_dir()
    scratch.sweep(short)

    assert alive == ["of-this-run.json", "rules"]
    assert killed
    assert list(short.iterdir()) == []


def test_a_sweep_touches_nothing_else(tmp_path: Path) -> None:
    """Other folders, a file of that name, and what a link of that name leads to are not ours."""
    for name in ("wirewatch-bench-1", "pymp-1", "elsewhere"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kept").touch()
    (tmp_path / f"{scratch.PREFIX}file").write_text("kept")
    (tmp_path / f"{scratch.PREFIX}link").symlink_to(tmp_path / "elsewhere")
    before = sorted(tmp_path.rglob("*"))

    scratch.sweep(tmp_path)

    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_a_sweep_leaves_other_users_alone(tmp_path: Path) -> None:
    """Root's daemon does not remove what another user's left: a folder of theirs may be a trap."""
    theirs = tmp_path / f"{scratch.PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 4242, 4242)

    scratch.sweep(tmp_path)

    assert theirs.is_dir()


def test_a_folder_that_a_sweep_took_before_it_was_locked_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two daemons that start at the same moment do not cost one of them its folder."""
    make, taken = tempfile.mkdtemp, list[str]()

    def made(**options: str) -> str:
        folder = make(**options)
        if not taken:
            taken.append(folder)
            scratch.sweep(tmp_path)
        return folder

    monkeypatch.setattr(tempfile, "mkdtemp", made)
    held = scratch.make(tmp_path)
    scratch.sweep(tmp_path)

    assert not Path(taken[0]).exists()
    assert list(tmp_path.iterdir()) == [held.path]
    os.close(held.lock)


def test_the_workers_socket_fits_where_the_temp_folder_has_a_long_path(tmp_path: Path) -> None:
    """A path of 150 bytes in TMPDIR does not keep the workers from starting: another folder is taken."""
    far = tmp_path / ("a" * 75) / ("b" * 75)
    far.mkdir(parents=True)
    bind = "import socket, monitor.scratch as s; socket.socket(socket.AF_UNIX).bind(str(s.folder() / ('l' * 17)))"

    done = subprocess.run(
        [sys.executable, "-c", f"{bind}; print(s.folder())"],
        env={**os.environ, "TMPDIR": str(far)},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert done.returncode == 0, done.stderr
    assert not Path(done.stdout.strip()).exists()
    assert list(far.iterdir()) == []
