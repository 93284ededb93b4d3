"""Databases that are damaged, locked, held, fenced or cannot be written: refused with a reason, or waited for."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import world


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[world.World]:
    """A world with one newsroom and both channels."""
    with world.opened(tmp_path) as made:
        made.newsroom("gazette")
        made.configure()
        yield made


def tell(desk: world.World, *numbers: int, kill: bool = False) -> None:
    """Publish stories and run a daemon until they are told."""
    desk.publish("gazette", *(world.plain_story(n) for n in numbers))
    with desk.daemon().until_up() as daemon:
        desk.until_told(*(f"tok-{n}" for n in numbers))
        desk.until_quiet()
        if kill:
            daemon.kill()
        else:
            assert daemon.stop() == 0


def overwrite_pages(path: Path) -> None:
    """Overwrite three pages inside the file."""
    with path.open("r+b") as file:
        for page in (5, 9, 12):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)


def fill_with_garbage(path: Path) -> None:
    """Replace the file by bytes that were never a database."""
    path.write_bytes(random.Random(6).randbytes(100_000))


def cut(path: Path) -> None:
    """Leave the first third."""
    os.truncate(path, path.stat().st_size // 3 // 4096 * 4096)


def empty(path: Path) -> None:
    """Leave nothing."""
    os.truncate(path, 0)


def other_file(path: Path) -> None:
    """Put another program's database in its place."""
    path.unlink()
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (id INTEGER)")


@pytest.mark.parametrize("damage", [overwrite_pages, fill_with_garbage, cut, empty, other_file])
def test_f06_damaged_database_is_refused_and_left_as_it_is(desk: world.World, damage: Callable[[Path], None]) -> None:
    """Exit 3 within 5 s, naming the file and the way back; not one byte of it is changed or recreated."""
    tell(desk, 1)
    damage(desk.database)
    desk.checked = False
    before = desk.database.read_bytes()

    with desk.command("run") as refused:
        code = refused.wait(5 * world.SLACK)

    assert code == 3, refused.log
    assert f"{desk.database} is damaged" in refused.log
    assert f"cp BACKUP {desk.database}" in refused.log
    assert "Traceback" not in refused.log
    assert desk.database.read_bytes() == before


def test_f06_lost_journal_is_noticed_and_the_remedy_works(desk: world.World) -> None:
    """After a kill the -wal holds what is not yet in the file: without it no start, with it all is there."""
    tell(desk, 1, kill=True)
    wal = desk.database.with_name("wirewatch.db-wal")
    kept = wal.read_bytes()
    assert kept
    wal.unlink()
    before = desk.database.read_bytes()

    with desk.command("run") as refused:
        code = refused.wait(5 * world.SLACK)

    assert code == 3, refused.log
    assert "wirewatch.db-wal" in refused.log
    assert f"rm {desk.database}.lock" in refused.log
    assert desk.database.read_bytes() == before
    wal.write_bytes(kept)
    desk.database.with_name("wirewatch.db-shm").unlink(missing_ok=True)
    tell(desk, 2)
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1, "tok-2": 1}


def test_f06_restored_backup_starts_by_the_printed_remedy(desk: world.World) -> None:
    """The words that the refusal prints bring the monitor back from a backup."""
    tell(desk, 1)
    backup = desk.folder / "kept.backup"
    with desk.command("db", "backup", str(backup)) as saving:
        assert saving.wait() == 0, saving.log
    fill_with_garbage(desk.database)
    with desk.command("run") as refused:
        assert refused.wait(5 * world.SLACK) == 3

    line = next(line for line in refused.log.splitlines() if "put a backup in its place: " in line)
    remedy = line.partition("put a backup in its place: ")[2].partition(" (")[0].replace("BACKUP", str(backup))
    assert os.system(remedy) == 0

    tell(desk, 2)
    assert desk.told("mail") == {"tok-1": 1, "tok-2": 1}


def test_f05_database_locked_by_another_process_is_waited_for(desk: world.World) -> None:
    """A shell that holds BEGIN IMMEDIATE for 8 s delays the alert and nothing else; nobody is told of a lock."""
    with desk.daemon().until_up() as daemon:
        world.until(lambda: desk.site.asked("/gazette/feed"), 30, "a first poll")
        with contextlib.closing(world.connect(desk.database)) as other:
            other.execute("BEGIN IMMEDIATE")
            desk.publish("gazette", world.plain_story(1), world.plain_story(2))
            time.sleep(8)
            assert desk.told("mail") == {}
            other.execute("ROLLBACK")
        released = time.monotonic()
        desk.until_told("tok-1", "tok-2", seconds=5 * world.SLACK)
        waited = time.monotonic() - released
        desk.until_quiet()
        assert daemon.stop() == 0

    assert waited <= 5 * world.SLACK
    assert "database is locked" not in daemon.log
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1, "tok-2": 1}


def test_f09_second_daemon_is_refused_at_once_naming_the_first(desk: world.World) -> None:
    """Two daemons on one database: the second exits 5, names the holder's process, and the first goes on."""
    with desk.daemon().until_up() as first:
        with desk.command("run") as second:
            code = second.wait(2 * world.SLACK)
        desk.publish("gazette", world.plain_story(1))
        desk.until_told("tok-1")
        assert first.stop() == 0

    assert code == 5
    assert f"process {first.pid} on " in second.log


def test_f09_daemon_whose_database_was_taken_over_writes_nothing_more(desk: world.World) -> None:
    """The row of another daemon in the database fences this one: no write, no send, exit 5."""
    with desk.daemon().until_up() as daemon:
        world.until(lambda: desk.site.asked("/gazette/feed"), 30, "a first poll")
        with contextlib.closing(world.connect(desk.database)) as other:
            other.execute("UPDATE daemon SET epoch = epoch + 1")
        desk.publish("gazette", world.plain_story(1))
        code = daemon.wait(30)

    assert code == 5, daemon.log
    assert "another wirewatch has taken over" in daemon.log
    assert desk.query("SELECT count(*) FROM entries") == [(0,)]
    assert desk.told("mail") == desk.told("chat") == {}


def test_f09_frozen_and_thawed_daemon_starts_no_send(desk: world.World) -> None:
    """Frozen, taken over by another, thawed: what came in the meantime is neither stored nor sent by it; exit 5."""
    with desk.daemon().until_up() as daemon:
        world.until(lambda: desk.site.asked("/gazette/feed"), 30, "a first poll")
        os.kill(daemon.pid, signal.SIGSTOP)
        with contextlib.closing(world.connect(desk.database)) as other:
            other.execute("UPDATE daemon SET epoch = epoch + 1")
        desk.publish("gazette", world.plain_story(1))
        os.kill(daemon.pid, signal.SIGCONT)
        code = daemon.wait(30)

    assert code == 5, daemon.log
    assert desk.query("SELECT count(*) FROM entries") == [(0,)]
    assert desk.told("mail") == desk.told("chat") == {}


def test_f03_copies_taken_under_load_start_clean(desk: world.World, tmp_path: Path) -> None:
    """Database and journal copied at ten random instants under load: each copy opens whole and lost no marked alert."""
    draw = random.Random(3)
    copies: list[tuple[Path, set[str]]] = []
    with desk.daemon().until_up() as daemon:
        for n in range(10):
            desk.publish("gazette", *(world.plain_story(n * 4 + k) for k in range(4)))
            time.sleep(draw.uniform(0.2, 0.9))
            told = set(desk.told("mail")) & set(desk.told("chat"))
            copies.append((copy_of(desk, tmp_path / f"copy-{n}"), told))
        desk.until_told(*(f"tok-{n}" for n in range(40)))  # as many as one grouped message of Slack lists
        assert daemon.stop() == 0

    for folder, told in copies:
        with contextlib.closing(world.connect(folder / "wirewatch.db")) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
            titles = " ".join(row[0] for row in copy.execute("SELECT title FROM revisions"))
        assert all(token in titles.split() for token in told)  # the alert was on the disk before it was sent


def copy_of(desk: world.World, folder: Path) -> Path:
    """Copy database and journal as a power cut leaves them: the journal may be newer than the file, never older.

    The file is copied first. A checkpoint in between would move pages under the copy: it is told by the file's change.
    """
    folder.mkdir()
    while True:
        before = desk.database.stat().st_mtime_ns
        shutil.copy(desk.database, folder / "wirewatch.db")
        shutil.copy(desk.database.with_name("wirewatch.db-wal"), folder / "wirewatch.db-wal")
        if desk.database.stat().st_mtime_ns == before:
            return folder


def test_f03_started_copy_tells_what_was_not_marked(desk: world.World, tmp_path: Path) -> None:
    """A copy taken between claim and mark, started: what was under way goes again, labelled, and nothing is missing."""
    desk.publish("gazette", world.plain_story(1), world.plain_story(2))
    with desk.daemon("send.accepted:kill") as dying:
        dying.wait(60)
    copy = copy_of(desk, tmp_path / "copy")
    for name in ("wirewatch.db", "wirewatch.db-wal"):
        shutil.copy(copy / name, desk.database.with_name(name))
    desk.database.with_name("wirewatch.db-shm").unlink(missing_ok=True)

    tell(desk, 3)
    desk.until_told("tok-1", "tok-2")

    tally = desk.tally(["tok-1", "tok-2", "tok-3"])
    assert tally.lost == 0
    assert tally.unlabelled == 0


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_f03_claim_is_on_the_disk_before_the_first_byte_to_a_channel(desk: world.World, tmp_path: Path) -> None:
    """Traced: between any write to the journal and the next connection to a channel stands a flush of the journal."""
    desk.publish("gazette", world.plain_story(1))
    trace = tmp_path / "trace"
    calls = "pwrite64,write,fdatasync,fsync,connect"
    command = ["strace", "-f", "-yy", "-e", f"trace={calls}", "-e", "signal=none", "-o", str(trace)]
    command += [sys.executable, "-m", "tests.support.entry", "run", "--config", str(desk.config), "--once"]
    with world.Process(command, tmp_path, desk.environment()) as traced:
        assert traced.wait(110) == 0, traced.log

    ports = (desk.inbox.port, desk.webhook.site.port)
    dirty, sends = False, 0
    for line in trace.read_text("utf-8", "replace").splitlines():
        if "wirewatch.db-wal" in line:
            dirty = "sync(" not in line
        elif "connect(" in line and any(f"htons({port})" in line for port in ports):
            assert not dirty, line
            sends += 1
    assert sends == 2
    assert desk.told("mail") == desk.told("chat") == {"tok-1": 1}


def test_read_only_data_folder_is_refused_with_its_remedy(desk: world.World) -> None:
    """A data folder that cannot be written: exit 2, naming folder and remedy."""
    desk.database.parent.mkdir()
    command = [sys.executable, "-m", "monitor", "run", "--config", str(desk.config)]
    if os.getuid() == 0:  # root may write wherever the disk itself allows it
        mounted = f'mount -t tmpfs -o ro none "{desk.database.parent}" && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", mounted, "sh", *command]
    else:
        desk.database.parent.chmod(0o555)

    with world.Process(command, desk.folder, desk.environment()) as refused:
        code = refused.wait(30)

    if "mount:" in refused.log or "unshare:" in refused.log:
        pytest.skip("needs leave to mount: for root nothing is read-only here")
    assert code == 2, refused.log
    assert str(desk.database.parent) in refused.log
    assert "mount it writable" in refused.log
    assert "Traceback" not in refused.log


def test_full_disk_at_start_is_refused_with_its_remedy(desk: world.World) -> None:
    """No room for a single page: exit 2, naming folder and remedy."""

    def no_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))

    with desk.command("run", preexec_fn=no_room) as refused:
        code = refused.wait(30)

    assert code == 2, refused.log
    assert f"cannot write into the data folder {desk.database.parent}" in refused.log
    assert "free space" in refused.log
    assert not desk.database.exists()


def test_f05_commands_that_write_wait_their_turn(desk: world.World) -> None:
    """Commands that write beside a running daemon wait their turn: none of four at once fails."""
    tell(desk, 1)
    with desk.daemon().until_up() as daemon:
        codes: list[int] = []
        threads = [
            threading.Thread(target=lambda: codes.append(desk.command("alerts", "resend", "al-1").wait(60)))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert daemon.stop() == 0

    assert codes == [0] * 4
    assert desk.told("mail") == {"tok-1": 1}
