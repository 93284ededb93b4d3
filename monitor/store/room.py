"""Room on the disk of an SQLite database: a reserve that is let go when the disk is full.

Every commit needs the disk, also the claim before a message is sent. Without a reserve a full disk would silence what
was decided before. With it sends go on, and nothing new is taken in until there is room for the reserve again.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from pathlib import Path

import structlog

SIZE = 4_000_000
"""Bytes: SQLite's journal, which begins anew at 4 MB."""
SHARE = 20
"""Of a small disk at most this part."""
ROOM = 3
"""So many times the reserve must be free before it is taken (again)."""
LOOK = 5.0
"""Seconds between two looks."""
SUFFIX = ".reserve"

log = structlog.get_logger()


class Room:
    """The reserve beside a database file; without one (PostgreSQL) there is always room."""

    def __init__(self, database: Path | None) -> None:
        named = database is not None and database.name  # a database in memory has no name
        self._path = database.with_name(database.name + SUFFIX) if database is not None and named else None
        self._lock = threading.Lock()
        self.full = False
        """Whether the disk was full and there is no room yet: nothing new is to be taken in."""

    def look(self) -> None:
        """Take the reserve where there is room for it, which ends `full`; let it go where the disk is full."""
        if self._path is None or not self._path.parent.is_dir():
            return
        usage = shutil.disk_usage(self._path.parent)
        size = min(SIZE, usage.total // SHARE)
        with self._lock:
            if self._is_held(size):
                roomy = usage.free >= size // ROOM
            else:
                roomy = usage.free >= ROOM * size and self._take(size)
        if not roomy and self._is_held(size):
            self.release()
        elif roomy and self.full:
            self.full = False
            log.warning("disk_has_room", free=usage.free, meaning="articles are taken in again")

    def release(self) -> bool:
        """The disk is full: let the reserve go, and return whether there was one."""
        if self._path is None:
            return False
        with self._lock:
            if not self.full:
                log.error(
                    "disk_full", folder=str(self._path.parent), meaning="what is decided is sent, nothing new read"
                )
            self.full = True
            try:
                self._path.unlink()
            except OSError:
                return False
            return True

    def _is_held(self, size: int) -> bool:
        try:
            return self._path is not None and self._path.stat().st_size == size
        except OSError:
            return False

    def _take(self, size: int) -> bool:
        """Write the reserve. Allocated, not sparse: a file of holes would hold nothing free."""
        assert self._path is not None
        partial = self._path.with_name(self._path.name + ".part")
        try:
            with partial.open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, size)
            partial.rename(self._path)
        except OSError:
            with contextlib.suppress(OSError):
                partial.unlink()
            return False
        return True
