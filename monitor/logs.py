"""One event, one line; no secret in it; and never a wait for whoever should read it.

Events are snake_case words with keys (`log.info("feed_new_entries", feed=slug, entries=3)`); docs/operations.md lists
them. Lines go to stderr, for stdout belongs to data and to the console channel. A thread of its own writes them from a
bounded queue: with a full pipe or a full disk, lines are dropped and counted, and the work goes on.
"""

from __future__ import annotations

import atexit
import json as jsonlib
import logging
import os
import queue
import re
import sys
import threading
from collections.abc import Callable, Mapping, MutableMapping
from typing import IO, Any

import structlog

from monitor import metrics

QUEUE_LINES = 10_000
"""Lines that may wait for a blocked reader; at some 300 bytes each, 3 MB."""
MAX_VALUE = 4_000
"""Characters of one value; a traceback fits."""
CLOSE_SECONDS = 1.0
MASK = "***"

# Foreign libraries: what they log at a lower level is noise, and apprise writes whole webhook addresses at DEBUG.
_FOREIGN_LEVEL = logging.WARNING

# C0 and C1 controls, line and paragraph separators, marks that turn the direction of writing, halves of characters.
_UNSAFE = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_PLAIN_WORD = re.compile(r"[^\s\"=]+")

Event = MutableMapping[str, Any]


def setup(
    level: str,
    json: bool | None,
    secrets: Callable[[], frozenset[str]],
    stream: IO[str] | None = None,
    on_drop: Callable[[], None] = metrics.LOG_LINES_DROPPED.inc,
) -> Writer:
    """Send the events of structlog and of `logging` to `stream` (default: stderr) and return what writes them.

    Args:
        level: `debug`, `info`, `warning` or `error`, in any case.
        json: Whether lines are JSON; None: unless `stream` is a terminal.
        secrets: Asked at every event, so that a reloaded secret is masked at once.
        on_drop: Called for each line that is lost.
    Raises: ValueError for another level.
    """
    numeric = logging.getLevelNamesMapping().get(level.upper())
    if numeric is None:
        raise ValueError(f"`{level}` is not a log level: write debug, info, warning or error")
    stream = sys.stderr if stream is None else stream
    as_json = not stream.isatty() if json is None else json
    writer = Writer(stream, on_drop)
    finish = _Finish(Masker(secrets), _render_json if as_json else _render_plain)
    _setup_structlog(numeric, finish, writer)
    _setup_logging(finish, writer)
    atexit.register(writer.close)
    return writer


def _setup_structlog(level: int, finish: _Finish, writer: Writer) -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            finish,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: writer,
        cache_logger_on_first_use=False,
    )


def _setup_logging(finish: _Finish, writer: Writer) -> None:
    root = logging.getLogger()
    root.handlers[:] = [_Handler(finish, writer)]
    root.setLevel(_FOREIGN_LEVEL)
    logging.getLogger("apprise").setLevel(_FOREIGN_LEVEL)
    logging.captureWarnings(True)


class _Handler(logging.Handler):
    """Takes what libraries log through the same finish, as event `library_message`."""

    def __init__(self, finish: _Finish, writer: Writer) -> None:
        super().__init__(_FOREIGN_LEVEL)
        self._finish = finish
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._writer.msg(self._finish(None, "", self._event(record)))
        except Exception:  # noqa: BLE001 - a library's broken message must not reach the code that logged it
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:
        self._writer.msg(self._finish(None, "", {"event": "library_message_broken", "logger": record.name}))

    def _event(self, record: logging.LogRecord) -> Event:
        event: Event = {
            "event": "library_message",
            "level": record.levelname.lower(),
            "time": structlog.processors.TimeStamper(fmt="iso", utc=True, key="time")(None, "", {})["time"],
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            event["exception"] = logging.Formatter().formatException(record.exc_info)
        return event


# -- what a line looks like ----------------------------------------------------------------------


class Masker:
    """Replaces every secret in a text; the pattern is rebuilt only when the set changes."""

    def __init__(self, secrets: Callable[[], frozenset[str]]) -> None:
        self._secrets = secrets
        self._known: frozenset[str] = frozenset()
        self._pattern: re.Pattern[str] | None = None

    def __call__(self, text: str) -> str:
        known = self._secrets()
        if known != self._known:
            # The longest first: a secret that contains another must not leave its rest behind.
            longest_first = sorted(filter(None, known), key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None
            self._known = known
        return self._pattern.sub(MASK, text) if self._pattern else text


class _Finish:
    """The last processor: values made safe, then the line."""

    def __init__(self, mask: Masker, render: Callable[[Mapping[str, Any]], str]) -> None:
        self._mask = mask
        self._render = render

    def __call__(self, _logger: object, _method: str, event: Event) -> str:
        ordered = {key: event.pop(key) for key in ("time", "level", "event") if key in event}
        safe = {self._mask(str(key)): self._safe(value) for key, value in {**ordered, **event}.items()}
        return _UNSAFE.sub(_escape, self._render(safe))

    def _safe(self, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {self._mask(str(key)): self._safe(item) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._safe(item) for item in value]
        # Masked before it is cut: a secret across the cut would lose its tail and no longer be recognised.
        text = self._mask(_text(value))
        return text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}... ({len(text)} characters)"


def _text(value: Any) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - an object that cannot be shown must not stop the work that logs it
        return f"<{type(value).__name__} that cannot be shown>"


def _escape(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


def _render_json(event: Mapping[str, Any]) -> str:
    return jsonlib.dumps(event, ensure_ascii=False, allow_nan=True)


def _render_plain(event: Mapping[str, Any]) -> str:
    """Return `time level event key=value ...`; a value that is not one plain word is quoted as JSON does."""
    rest = {key: value for key, value in event.items() if key not in ("time", "level", "event")}
    head = f"{event.get('time', '')} {event.get('level', ''):<8} {_plain(event.get('event', ''))}"
    return " ".join([head, *(f"{_plain(key)}={_plain(value)}" for key, value in rest.items())])


def _plain(value: Any) -> str:
    if isinstance(value, str) and _PLAIN_WORD.fullmatch(value):
        return value
    return jsonlib.dumps(value, ensure_ascii=False)


# -- writing -------------------------------------------------------------------------------------


class Writer:
    """Writes lines from a queue, in a daemon thread; `msg` never waits."""

    def __init__(self, stream: IO[str], on_drop: Callable[[], None], size: int = QUEUE_LINES) -> None:
        self.dropped = 0
        """Lines lost so far."""
        self._stream = stream
        self._on_drop = on_drop
        self._lines: queue.Queue[str | None] = queue.Queue(size)
        self._lock = threading.Lock()
        self._unreported = 0
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    def msg(self, line: str) -> None:
        """Queue `line`, or drop and count it if the queue is full."""
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._drop()

    # structlog calls the logger by the name of the level.
    debug = info = warning = warn = error = critical = fatal = exception = log = msg

    def close(self, timeout: float = CLOSE_SECONDS) -> None:
        """Wait until the queue is written, at most `timeout` seconds; a blocked reader loses what is left."""
        if not self._thread.is_alive():
            return
        try:
            self._lines.put(None, timeout=timeout)
        except queue.Full:
            return
        self._thread.join(timeout)

    def _drop(self) -> None:
        with self._lock:
            self.dropped += 1
            self._unreported += 1
        self._on_drop()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._write(line)
                self._report_dropped()
            except (OSError, ValueError):  # no space, reader gone, stream closed
                self._drop()

    def _report_dropped(self) -> None:
        with self._lock:
            count, self._unreported = self._unreported, 0
        if count:
            self._write(_render_json({"level": "warning", "event": "log_lines_dropped", "count": count}))

    def _write(self, line: str) -> None:
        data = (line + "\n").encode("utf-8", "backslashreplace")
        try:
            descriptor = self._stream.fileno()
        except (OSError, ValueError, AttributeError):
            # A stream without a descriptor, as tests and notebooks have.
            self._stream.write(data.decode())
            self._stream.flush()
            return
        # Not through the stream's own buffer: its lock, held by a blocked write, would hang the exit of the process.
        while data:
            data = data[os.write(descriptor, data) :]
