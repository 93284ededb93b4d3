"""Tasks for worker processes, good and bad, and a look at processes from outside."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn, TypeVar

T = TypeVar("T")


def same(value: T) -> T:
    """Return `value`."""
    return value


def joined(*parts: bytes) -> bytes:
    """Return all parts as one."""
    return b"".join(parts)


def fail(kind: type[BaseException], *args: object) -> NoReturn:
    """Raise an error of `kind`."""
    raise kind(*args)


def unpicklable() -> Callable[[], int]:
    """Return what cannot be handed over."""
    return lambda: 0


def sleep(seconds: float) -> None:
    """Do nothing for a while."""
    time.sleep(seconds)


def pid_after(seconds: float) -> int:
    """Return the process id, after a while."""
    time.sleep(seconds)
    return os.getpid()


def spin() -> NoReturn:
    """Burn processor time for ever."""
    while True:
        pass


def spin_in_c() -> int:
    """Burn processor time inside one call of C code that looks at no signal and holds the interpreter."""
    sys.set_int_max_str_digits(0)
    return len(str(7**3_000_000))


def redos() -> None:
    """Match a pattern that takes longer than the universe is old."""
    re.match(r"(a+)+$", "a" * 60 + "b")


def die(signal_number: int) -> None:
    """End by a signal."""
    os.kill(os.getpid(), signal_number)


def crash_in_c() -> None:
    """Read address 0."""
    ctypes.string_at(0)


def leave(code: int) -> NoReturn:
    """End the process without a word."""
    os._exit(code)


def hoard() -> NoReturn:
    """Take memory until there is none."""
    kept = []
    while True:
        kept.append(bytearray(10_000_000))


def hoard_in_c() -> int:
    """Ask for more memory at once than a worker has."""
    return len(bytes(600_000_000))


def stop() -> None:
    """Stop like a process under a debugger: alive, and never answering."""
    os.kill(os.getpid(), signal.SIGSTOP)


def shout(text: str) -> None:
    """Write to standard output and error, through Python and past it."""
    print(text, flush=True)
    print(text, file=sys.stderr, flush=True)
    os.write(1, text.encode())
    os.write(2, text.encode())


def main_script() -> str | None:
    """Return the main script as this process knows it."""
    return getattr(sys.modules.get("__mp_main__"), "__file__", None)


def signals_ignored() -> tuple[bool, bool]:
    """Return whether SIGINT and SIGTERM are ignored."""
    return signal.getsignal(signal.SIGINT) is signal.SIG_IGN, signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def has_loaded(module: str) -> bool:
    """Return whether `module` was loaded before anybody here asked for it."""
    return module in sys.modules


# -- from outside --------------------------------------------------------------------------------


def is_running(pid: int) -> bool:
    """Return whether the process exists and is no zombie."""
    try:
        return _stat(pid)[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def cpu_seconds(pid: int) -> float:
    """Return the processor time that the process has used; 0 if it is gone."""
    try:
        fields = _stat(pid)
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    # The second field, the command's name, may hold blanks and brackets: read on behind it.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
