"""One folder for what a process writes for its own time only: rules for its workers, their socket, a backtest's spool.

`kill -9` leaves it behind, and a daemon that something kills every minute would fill the disk with such folders. So a
process holds a lock on its folder, and the next one that makes a folder removes those whose lock is free. The lock is
on the folder itself, for systemd-tmpfiles leaves locked folders alone: others lose what has not been touched for days,
which a daemon of some weeks still needs. Source: https://systemd.io/TEMPORARY_DIRECTORIES/
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

PREFIX = "wirewatch-run-"
SHORTS = ("/tmp", "/var/tmp")
LONGEST = 62
"""Bytes that the path of the folder around may have, else the workers' socket in ours cannot be made: the path of a
socket has 103 at most where that is least, 107 on Linux. Source: unix(7) and unix(4), sun_path."""
TRIES = 5
"""A process that starts at the same moment may take a folder for left over before it is locked; that is very rare."""


@dataclass(frozen=True, slots=True)
class Held:
    """A folder, and the descriptor whose lock keeps it: the system lets go of it however the process ends."""

    path: Path
    lock: int


_guard = threading.Lock()
_own: Held | None = None


def folder() -> Path:
    """Return the folder of this process, made at the first call; what dead processes left goes with it."""
    global _own
    with _guard:
        if _own is None:
            place = _place()
            sweep(place)
            _own = make(place)
            atexit.register(remove)
        return _own.path


def remove() -> None:
    """Remove the folder of this process with all in it, if it has one: for an end that skips `atexit`, too."""
    global _own
    with _guard:
        held, _own = _own, None
    if held is not None:
        shutil.rmtree(held.path, ignore_errors=True)
        os.close(held.lock)


def _place() -> Path:
    """Return the folder for what is temporary, another one where its path is too long for a socket."""
    wanted = tempfile.gettempdir()
    usable = (place for place in (wanted, *SHORTS) if len(os.fsencode(place)) <= LONGEST and os.access(place, os.W_OK))
    return Path(next(usable, wanted))


def make(place: Path) -> Held:
    """Make a folder in `place` and lock it. Raises: OSError."""
    for _ in range(TRIES):
        made = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place))
        with contextlib.suppress(FileNotFoundError):
            held = Held(made, _open(made))
            if _is_ours(held):
                return held
            os.close(held.lock)
    raise OSError(f"{place}: another process removes each folder that is made there")


def _is_ours(held: Held) -> bool:
    """Lock a new folder; return False where a sweep was faster."""
    try:
        _lock(held.lock)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system that locks no folders: no sweep can take it for left over either
    return held.path.exists()


def sweep(place: Path) -> None:
    """Remove the folders in `place` whose processes are gone, of this user alone."""
    for left in place.glob(PREFIX + "*"):
        # Swept by another process meanwhile, in use, another user's, or no folder: each is to stay as it is.
        with contextlib.suppress(OSError):
            _remove_if_left(left)


def _remove_if_left(left: Path) -> None:
    lock = _open(left)
    try:
        if os.fstat(lock).st_uid == os.geteuid():
            _lock(lock)
            shutil.rmtree(left, ignore_errors=True)
    finally:
        os.close(lock)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)


def _lock(descriptor: int) -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
