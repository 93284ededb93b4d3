"""What can go wrong, in one tree.

```
MonitorError                 every error of ours; a message says what happened, where, and what to do
 ├─ ConfigError              config.toml is at fault (exit 2); carries every Fault at once
 ├─ RuleError                rule files are at fault; carries every Fault at once
 ├─ FetchError               an address gave nothing usable: blocked, unreachable, too slow, too large
 ├─ ParseError               bytes are not the feed they claim to be
 ├─ ExtractError             a page gave no article text
 ├─ WorkerError              a worker process failed at a task
 │   ├─ WorkerTimeout        ... it exceeded its time and was killed
 │   ├─ WorkerCrashed        ... it died, or ran out of memory
 │   └─ WorkerUnavailable    ... none could be started: the machine's fault, never the task's
 │       └─ WorkerBusy       ... or too much slow work waits already: try later
 ├─ DeliveryError            a channel's address cannot be used at all (sends themselves return a SendResult)
 └─ StoreError               the database cannot be used
     ├─ CopyDiffers          a copy of a database is not equal to it (exit 1)
     ├─ DatabaseUnusable     not writable, no such folder, wrong file (exit 2)
     ├─ DatabaseDamaged      integrity check failed (exit 3)
     ├─ DatabaseTooNew       written by a newer version (exit 4)
     ├─ DatabaseHeld         another daemon holds it (exit 5)
     └─ Fenced               another daemon took over while we were frozen: write nothing more
```
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault in a file that a person wrote.

    `line` and `column` count from 1; None where the fault has no place (a missing file, a missing key).
    `code` is a lint code (`E103`) or a short snake_case word; `fix` says what to write instead.
    """

    file: str
    line: int | None
    column: int | None
    code: str
    message: str
    fix: str | None = None

    @property
    def is_error(self) -> bool:
        """Return whether this fault blocks the file; codes that start with W only warn."""
        return not self.code.startswith("W")

    @property
    def place(self) -> str:
        """Return `file:line:column`, as far as it is known."""
        parts = [self.file] + [str(n) for n in (self.line, self.column) if n is not None]
        return ":".join(parts)

    def __str__(self) -> str:
        tail = f" ({self.fix})" if self.fix else ""
        return f"{self.place}: {self.code} {self.message}{tail}"


class MonitorError(Exception):
    """Base of every error that this program raises on purpose."""


class _FaultyFile(MonitorError):
    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class ConfigError(_FaultyFile):
    """config.toml cannot be used; `faults` lists everything wrong with it."""


class RuleError(_FaultyFile):
    """Rule files cannot be used; `faults` lists everything wrong with them."""


class FetchError(MonitorError):
    """An address gave nothing usable.

    `code` is a snake_case word for metrics and decisions: blocked_address, bad_url, dns, connect, tls, timeout,
    too_large, bad_encoding, too_many_redirects, bad_redirect, protocol, truncated; and busy, where too many large
    answers came at once, which says nothing about the address.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ParseError(MonitorError):
    """Bytes are not a feed; `code` is snake_case: not_a_feed, empty, html_page, json_page."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return self.message


class ExtractError(MonitorError):
    """A page gave no article text.

    `code` is a snake_case word for decisions: no_text, menus, unreadable, not_found, consent_wall, login, script_only,
    robot_check, meta_refresh.
    """

    def __init__(self, message: str, code: str = "no_text") -> None:
        super().__init__(message)
        self.code = code


class WorkerError(MonitorError):
    """A worker process failed at a task."""


class WorkerTimeout(WorkerError):
    """A worker exceeded its time and was killed."""


class WorkerCrashed(WorkerError):
    """A worker died or ran out of memory at a task."""


class WorkerUnavailable(WorkerError):
    """No worker could be started; the task was not tried and says nothing about its input."""


class WorkerBusy(WorkerUnavailable):
    """Too many tasks that need long wait already; the task was not done and may be tried later."""


class DeliveryError(MonitorError):
    """A channel's address cannot be used at all."""


class StoreError(MonitorError):
    """The database cannot be used."""


class CopyDiffers(StoreError):
    """A copied database is not equal to its source (exit 1)."""


class DatabaseUnusable(StoreError):
    """The database's file or server cannot be opened or written (exit 2)."""


class DatabaseDamaged(StoreError):
    """The database failed its integrity check (exit 3)."""


class DatabaseTooNew(StoreError):
    """The database was written by a newer version of this program (exit 4)."""


class DatabaseHeld(StoreError):
    """Another daemon holds the database (exit 5)."""


class Fenced(StoreError):
    """Another daemon took the database over; this one must write nothing more."""
