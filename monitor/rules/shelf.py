"""Pack files as the dashboard saves them: only below `packs/`, at one stroke, with a copy of what stood there.

Everything goes through descriptors of the folders, so that no link and no `..` leads anywhere else (A13).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor.rules.yaml_nodes import LARGEST

NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}\.ya?ml")
"""Of a pack file. Lower case: one name on every file system."""
BACKUPS = ".backups"
"""Folder beside `packs`, which no rule is read from."""
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = _READ | os.O_DIRECTORY


class NotSaved(Exception):
    """Nothing was written; the message says why."""


class Changed(NotSaved):
    """The file is not what the writer saw, for somebody saved it meanwhile. `present`: its text; None: it is gone."""

    def __init__(self, present: str | None) -> None:
        super().__init__("the file changed since it was opened here")
        self.present = present


@dataclass(frozen=True, slots=True)
class OnShelf:
    """A pack file as it stands: its text, and what `save` must be told to replace it."""

    text: str
    mark: str


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that was written. `backup`: the copy of what stood there, below the rule folder; None: nothing did."""

    file: str
    mark: str
    backup: str | None


def read(folder: Path, name: str) -> OnShelf | None:
    """Return a pack file, None where there is none. Raises: NotSaved for a name or a file that is none of ours."""
    _require(name)
    if not (folder / "packs").exists():
        return None
    with _opened(folder) as packs:
        data = _content(packs, name)
    return None if data is None else OnShelf(data.decode("utf-8", "replace"), mark_of(data))


def save(folder: Path, name: str, text: str, seen: str | None, now: datetime) -> Saved:
    """Put a text in the place of a pack file.

    Args:
        seen: The mark of what the writer saw there; None: no such file.
    Raises: Changed; NotSaved, also where the folder cannot be written.
    """
    _require(name)
    if "\0" in text:
        raise NotSaved("the text holds a NUL, which no rule file may")
    data = text.encode("utf-8", "replace")
    if len(data) > LARGEST:
        raise NotSaved("the text is larger than 1 MB: split the pack")
    try:
        with _opened(folder) as packs:
            present = _content(packs, name)
            if (mark_of(present) if present is not None else None) != seen:
                raise Changed(present.decode("utf-8", "replace") if present is not None else None)
            backup = _keep(folder, name, present, now) if present is not None else None
            _replace(packs, name, data)
    except OSError as fault:
        raise NotSaved(f"{name} cannot be written: {fault.strerror or fault}") from fault
    return Saved(f"packs/{name}", mark_of(data), backup)


def mark_of(data: bytes) -> str:
    """Return what tells one content of a file from another."""
    return hashlib.sha256(data).hexdigest()[:32]


def _require(name: str) -> None:
    if not NAME.fullmatch(name):
        raise NotSaved("a pack file is named in lower case letters, digits, - and _, and ends in .yaml: my_pack.yaml")


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    """Yield a descriptor of the folder `packs`, which must be no link."""
    try:
        packs = os.open(folder / "packs", _FOLDER)
    except OSError as fault:
        raise NotSaved(f"the folder {folder.name}/packs cannot be used: {fault.strerror}") from fault
    try:
        yield packs
    finally:
        os.close(packs)


def _content(packs: int, name: str) -> bytes | None:
    try:
        handle = os.open(name, _READ | os.O_NONBLOCK, dir_fd=packs)
    except FileNotFoundError:
        return None
    except OSError as fault:
        raise NotSaved(f"{name} is a link, or cannot be read: edit it where it stands") from fault
    with os.fdopen(handle, "rb") as stream:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise NotSaved(f"{name} is no file")
        return stream.read(LARGEST + 1)


def _keep(folder: Path, name: str, data: bytes, now: datetime) -> str:
    """Write a copy beside the folder of packs and return its path below the rule folder."""
    with contextlib.suppress(FileExistsError):
        os.mkdir(folder / BACKUPS)
    stem, _, ending = name.rpartition(".")
    backups = os.open(folder / BACKUPS, _FOLDER)
    try:
        for number in range(100):
            copy = f"{stem}.{now:%Y%m%d-%H%M%S}{f'-{number}' if number else ''}.{ending}"
            with contextlib.suppress(FileExistsError):
                _write(backups, copy, data, 0o644)
                return f"{BACKUPS}/{copy}"
    finally:
        os.close(backups)
    raise NotSaved("there are a hundred copies of this second already")


def _replace(packs: int, name: str, data: bytes) -> None:
    mode = 0o644
    with contextlib.suppress(FileNotFoundError):
        mode = stat.S_IMODE(os.stat(name, dir_fd=packs, follow_symlinks=False).st_mode)
    # The dot keeps a running daemon from taking it for a rule file.
    partial = f".{name}-{secrets.token_hex(6)}"
    _write(packs, partial, data, mode)
    try:
        os.replace(partial, name, src_dir_fd=packs, dst_dir_fd=packs)
    except OSError:
        os.unlink(partial, dir_fd=packs)
        raise
    os.fsync(packs)


def _write(folder: int, name: str, data: bytes, mode: int) -> None:
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode, dir_fd=folder)
    with os.fdopen(handle, "wb") as stream:
        os.fchmod(handle, mode)
        stream.write(data)
        stream.flush()
        os.fsync(handle)
