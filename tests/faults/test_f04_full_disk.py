"""F04: the disk of the database is full while the daemon runs: what is decided goes out, and all goes on with room."""

from __future__ import annotations

import shutil
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store import room
from tests.support import world

DISK = "48m"
BACK = 60.0
"""Seconds within which all goes on once there is room."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world with one newsroom, whose chat does not answer for now."""
    with world.opened(tmp_path) as opened:
        opened.newsroom("gazette")
        opened.storm = False
        opened.configure()
        yield opened


def started(desk: world.World) -> tuple[world.Process, Path]:
    """Start the daemon with its data folder on a small disk of its own; return that as it is seen from here."""
    desk.database.parent.mkdir()
    mounted = f'mount -t tmpfs -o size={DISK} none "{desk.database.parent}" && exec "$@"'
    command = [sys.executable, "-m", "tests.support.entry", "--no-storm", "run", "--config", str(desk.config)]
    made = world.Process(["unshare", "--mount", "sh", "-c", mounted, "sh", *command], desk.folder, desk.environment())
    desk.processes.append(made)
    world.until(lambda: "health at" in made.log or not made.running, 30 * world.SLACK, "up", 0.1)
    if "unshare:" in made.log or "mount:" in made.log:
        pytest.skip("needs leave to mount a small disk")
    return made, Path(f"/proc/{made.pid}/root{desk.database.parent}")


def is_quiet(desk: world.World, disk: Path) -> bool:
    """Copy the database from the disk to where the world looks for it; return whether nothing waits in it."""
    for name in (desk.database.name, desk.database.name + "-wal"):
        shutil.copy(disk / name, desk.database.with_name(name))
    desk.database.with_name(desk.database.name + "-shm").unlink(missing_ok=True)
    pending = desk.query("SELECT count(*) FROM entries WHERE state = 'pending'")[0][0]
    return not pending and not desk.open_messages()


def fill(disk: Path) -> Path:
    """Write until nothing more fits."""
    path = disk / "fill"
    with path.open("wb", buffering=0) as file:
        for size in (1_000_000, 4096):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue
    return path


def reasons(daemon: world.Process) -> str:
    """Return what `/readyz` answers."""
    try:
        with urllib.request.urlopen(daemon.address + "/readyz", timeout=10) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as red:
        return red.read().decode()


@pytest.mark.timeout(300)
def test_f04_full_disk_sends_what_is_decided_and_goes_on_with_room(desk: world.World) -> None:
    """Six alerts wait for a mailbox as the disk fills: they go out; later ones once there is room, none twice."""
    desk.inbox.script.extend(["421 4.3.2 not now"] * 10_000)
    first, later = [world.plain_story(n) for n in range(6)], [world.plain_story(n) for n in range(6, 9)]
    desk.publish("gazette", *first)
    daemon, disk = started(desk)
    with daemon:
        desk.until_told(*(story.token for story in first), channels=["chat"])
        reserve = disk / (desk.database.name + room.SUFFIX)
        held = reserve.stat().st_size
        filled = fill(disk)
        desk.publish("gazette", *later)
        world.until(lambda: "disk_full" in reasons(daemon), 10 * world.SLACK, "red")
        desk.inbox.script.clear()
        desk.until_told(*(story.token for story in first), channels=["mail"], seconds=120)
        told = desk.told("chat")
        filled.unlink()
        began = time.monotonic()
        desk.until_told(*(story.token for story in (*first, *later)), seconds=BACK * world.SLACK)
        world.until(reserve.exists, BACK, "the reserve is taken again")
        back = time.monotonic() - began
        world.until(lambda: is_quiet(desk, disk), 60, "quiet", 1.0)
        ready, integrity = reasons(daemon), desk.integrity()
        assert daemon.stop() == 0

    print(f"back after {back:.1f} s")
    assert held == min(room.SIZE, 48 * 1024 * 1024 // room.SHARE)
    assert set(told) == {story.token for story in first}
    tally = desk.tally([story.token for story in (*first, *later)])
    assert (tally.lost, integrity) == (0, "ok")
    assert all(count <= 1 for count in tally.duplicates.values())
    assert tally.unlabelled == 0
    assert "disk_full" not in ready
