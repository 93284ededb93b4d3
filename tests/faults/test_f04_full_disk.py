"""F04: the disk of the database is full while the daemon runs: what is decided goes out, and all goes on with room.

That it is nearly full is told before, through the ops channel."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.store import room
from tests.support import webhook, world

DISK = "48m"
BACK = 60.0
"""Seconds within which all goes on once there is room."""
LITTLE = 3_000_000
"""Bytes left that are too few, and no full disk yet."""
A_DAY_LATER = """\
import sys
from pathlib import Path
from tests.support import world

with world.connect(Path(sys.argv[1])) as database:
    database.execute("UPDATE notices SET told_at = datetime(told_at, '-25 hours') || '.000000'")
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world with one newsroom, whose chat does not answer for now."""
    with world.opened(tmp_path) as opened:
        opened.newsroom("gazette")
        opened.storm = False
        opened.configure()
        yield opened


def started(desk: world.World, *more: str) -> tuple[world.Process, Path]:
    """Start the daemon with its data folder on a small disk of its own; return that as it is seen from here."""
    desk.database.parent.mkdir()
    mounted = f'mount -t tmpfs -o size={DISK} none "{desk.database.parent}" && exec "$@"'
    command = [sys.executable, "-m", "tests.support.entry", "--no-storm", *more, "run", "--config", str(desk.config)]
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


def fill(disk: Path, left: int = 0) -> Path:
    """Write until nothing more fits, or so many bytes are left."""
    path = disk / "fill"
    with path.open("wb", buffering=0) as file:
        if left:
            file.write(bytes(shutil.disk_usage(disk).free - left))
            return path
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


@pytest.mark.timeout(300)
def test_f04_a_disk_nearly_full_is_told_once_reminded_of_daily_and_closed_with_room(desk: world.World) -> None:
    """The ops channel gets one notice, one reminder a day later, and the end; alerts go on all the while."""
    desk.configure(ops="chat")
    first, second = world.plain_story(1), world.plain_story(2)
    desk.publish("gazette", first)
    daemon, disk = started(desk, "--hurry", "10")
    with daemon:
        desk.until_told(first.token, channels=["mail"])
        before = headlines(desk)
        filled = fill(disk, left=LITTLE)
        world.until(lambda: headlines(desk), 30 * world.SLACK, "the notice")
        desk.publish("gazette", second)
        desk.until_told(second.token, channels=["mail"])
        inside = ["nsenter", "--mount", f"--target={daemon.pid}", sys.executable, "-c", A_DAY_LATER]
        subprocess.run([*inside, str(desk.database)], cwd=world.ROOT, env=desk.environment(), check=True, timeout=60)
        world.until(lambda: len(headlines(desk)) > 1, 30 * world.SLACK, "the reminder")
        filled.unlink()
        world.until(lambda: len(headlines(desk)) > 2, 30 * world.SLACK, "the end")
        assert daemon.stop() == 0

    notice, reminder, end = headlines(desk)
    assert before == []
    assert notice.startswith("The disk of the database is nearly full")
    assert f"{desk.database.parent}: 3 MB of 50 MB are free" in notice
    assert "1 trouble still stands" in reminder
    assert "The disk of the database is nearly full (since" in reminder
    assert "The disk of the database has room again" in end


def headlines(desk: world.World) -> list[str]:
    """Return what the ops channel got."""
    return ["\n".join(webhook.strings(payload)) for payload in list(desk.webhook.payloads)]
