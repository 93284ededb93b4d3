"""`${NAME}` and `${file:/path}` in the texts of config.toml, filled from the environment and from files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from monitor import toml_places

MAX_FILE_BYTES = 65_536
"""A secret is a line, not a log: a larger file is a mistake in the path."""

_REFERENCE = re.compile(r"\$(\$?)\{([^}]*)\}?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

Report = Callable[[toml_places.Path, str, str, str | None], None]
"""Takes path, code, message and remedy of one fault."""


class _Missing(Exception):
    def __init__(self, code: str, message: str, fix: str) -> None:
        self.code, self.message, self.fix = code, message, fix


@dataclass(slots=True)
class Filler:
    """Fills references, and remembers what came from where.

    `folder` is what relative file names start from.
    """

    folder: Path
    environ: Mapping[str, str]
    report: Report
    files: list[Path] = field(default_factory=list)
    """Every file that a reference named, read or not."""
    filled: dict[toml_places.Path, tuple[str, ...]] = field(default_factory=dict)
    """What was filled in, by the path of the text that asked for it."""

    def fill(self, value: Any, path: toml_places.Path = ()) -> Any:
        """Return `value` with every text in it filled; what cannot be filled is reported and stays as it is."""
        if isinstance(value, dict):
            return {key: self.fill(item, (*path, key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self.fill(item, (*path, number)) for number, item in enumerate(value)]
        if isinstance(value, str) and "${" in value:
            return self._fill_text(value, path)
        return value

    def _fill_text(self, text: str, path: toml_places.Path) -> str:
        whole = _REFERENCE.fullmatch(text) is not None
        encode = not whole and is_address(path)

        def replace(found: re.Match[str]) -> str:
            if found[1]:
                return found[0][1:]
            value = self._value(found)
            self.filled[path] = (*self.filled.get(path, ()), value)
            return quote(value, safe="") if encode else value

        try:
            return _REFERENCE.sub(replace, text)
        except _Missing as missing:
            self.report(path, missing.code, missing.message, missing.fix)
            return text

    def _value(self, found: re.Match[str]) -> str:
        name = found[2]
        if not found[0].endswith("}") or not (name.startswith("file:") or _VARIABLE.fullmatch(name)):
            raise _Missing(
                "bad_reference",
                "`${` begins a reference, and this is none",
                "write ${NAME} or ${file:/path}; $${ stands for a plain ${",
            )
        return self._file(name[5:]) if name.startswith("file:") else self._variable(name)

    def _variable(self, name: str) -> str:
        value = self.environ.get(name)
        if value is None:
            raise _Missing("missing_variable", f"the variable {name} is not set", f"set {name} in the environment")
        if not value.strip():
            raise _Missing("empty_variable", f"the variable {name} is empty", f"set {name} in the environment")
        return value

    def _file(self, name: str) -> str:
        file = self.folder / name
        self.files.append(file)
        try:
            data = read_file(file, MAX_FILE_BYTES + 1)
            text = data.decode().removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            message = f"the file {file} cannot be read: {_reason(error)}"
            raise _Missing("missing_file", message, "write it, or give another path") from None
        if len(data) > MAX_FILE_BYTES:
            message = f"the file {file} is larger than {MAX_FILE_BYTES} bytes"
            raise _Missing("large_file", message, "name a file that holds the secret only")
        if not text.strip():
            raise _Missing("empty_file", f"the file {file} is empty", "write the secret into it")
        return text


def read_file(file: Path, size: int) -> bytes:
    """Return the first `size` bytes of a regular file; a pipe or a device would hold the start up.

    Raises: OSError; ValueError for a name that holds a NUL.
    """
    if file.exists() and not file.is_file():
        raise OSError(0, "it is not a regular file")
    with file.open("rb") as stream:
        return stream.read(size)


def is_address(path: toml_places.Path) -> bool:
    """Return whether the text at `path` is a URL, in which a filled part is percent-encoded."""
    return path[-1:] in (("url",), ("heartbeat_url",)) or path == ("monitor", "database")


def _reason(error: OSError | ValueError) -> str:
    # Never the error's own text for a ValueError: a UnicodeDecodeError quotes what it read.
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return "it is not UTF-8 text, or its name holds a NUL"
