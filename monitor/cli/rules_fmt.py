"""What `wirewatch rules fmt` does with files: which it takes, how it writes, what it says."""

from __future__ import annotations

import difflib
import os
import stat
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from monitor import errors
from monitor.rules import fmt, yaml_nodes

STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Wish:
    """What to do with the canonical form: write it, or only say (`check`), show (`diff`) or print (`stdout`) it."""

    check: bool = False
    diff: bool = False
    stdout: bool = False
    quiet: bool = False

    @property
    def writes(self) -> bool:
        """Return whether files are changed."""
        return not (self.check or self.diff or self.stdout)


def format_files(paths: Iterable[Path], wish: Wish) -> int:
    """Format files as asked and return the exit code: 1 for a refusal or an open change, 2 for a file not read."""
    changed, same, code = 0, 0, 0
    for path in paths:
        data = _read(path)
        done = data if isinstance(data, errors.Fault) else fmt.format_file(str(path), data)
        if isinstance(done, errors.Fault) or done.text is None:
            faults = (done,) if isinstance(done, errors.Fault) else done.faults
            print(*faults, sep="\n", file=sys.stderr)
            code = max(code, *(2 if fault.code == "unreadable_file" else 1 for fault in faults))
            continue
        assert isinstance(data, bytes)
        fault = _deal_with(path, data, done, wish)
        if fault is not None:
            print(fault, file=sys.stderr)
            code = 2
        changed, same = changed + done.changed, same + (not done.changed)
    if not (wish.quiet or wish.stdout):
        print(f"{changed} {'reformatted' if wish.writes else 'would be reformatted'}, {same} left as they are")
    return max(code, int(bool(changed) and (wish.check or wish.diff)))


def _deal_with(path: Path, data: bytes, done: fmt.Formatted, wish: Wish) -> errors.Fault | None:
    """Write, show or print the canonical form; return why it cannot be written."""
    text = done.text or ""
    if wish.stdout:
        sys.stdout.write(text)
    if wish.diff:
        sys.stdout.writelines(_diff(path, data.decode("utf-8-sig"), text))
    if not done.changed or wish.stdout or wish.diff:
        return None
    if wish.check:
        print(f"would reformat {path}")
        return None
    try:
        write_file(path, text)
    except OSError as fault:
        return errors.Fault(str(path), None, None, "unreadable_file", f"cannot be written: {fault.strerror or fault}")
    if not wish.quiet:
        print(f"reformatted {path}")
    return None


def _diff(path: Path, before: str, after: str) -> Iterator[str]:
    names = (str(path), f"{path} (formatted)")
    for line in difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), *names):
        yield line if line.endswith("\n") else f"{line}\n\\ no newline at the end\n"


def _read(path: Path) -> bytes | errors.Fault:
    try:
        if path == STDIN:
            return sys.stdin.buffer.read(yaml_nodes.LARGEST + 1)
        with path.open("rb") as stream:
            return stream.read(yaml_nodes.LARGEST + 1)
    except OSError as fault:
        return errors.Fault(str(path), None, None, "unreadable_file", f"cannot be read: {fault.strerror or fault}")


def write_file(path: Path, text: str) -> None:
    """Put `text` in the place of a file at one stroke, its mode kept; a link stays a link. Raises: OSError."""
    target = path.resolve()
    is_there = target.exists()
    mode = stat.S_IMODE(target.stat().st_mode) if is_there else 0o644
    if is_there and not os.access(target, os.W_OK):
        raise PermissionError(13, "it is read-only")
    # The dot keeps a running daemon from taking it for a rule file.
    handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, mode)
        os.replace(name, target)
    except BaseException:
        os.unlink(name)
        raise


def expand(paths: Iterable[Path]) -> Iterator[Path]:
    """Yield files as they are, and of each folder the YAML files below it."""
    for path in paths:
        if path.is_dir():
            yield from sorted(found for found in path.rglob("*.y*ml") if _is_rule_file(found, path))
        else:
            yield path


def _is_rule_file(path: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    return path.suffix in (".yaml", ".yml") and not hidden and path.is_file()


def files_of(folder: Path, files: Iterable[str]) -> list[Path]:
    """Return the rule files of a folder with paths that open from here."""
    return [Path(os.path.relpath(folder / file)) for file in files]
