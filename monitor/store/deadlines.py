"""A deadline for every statement, kept by the client: a network that is silent takes bytes and gives none back.

The server's own limits do not help where nothing of it arrives, and TCP's do not where something in between answers for
it. A thread looks each second, and shuts the socket of a connection whose statement is overdue: the driver then sees
the end of the stream and raises.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import weakref
from typing import Any

import sqlalchemy as sa

STATEMENT = 20.0
"""Seconds that a statement or a commit may take before its connection is given up."""
LOOK = 1.0


class Deadlines:
    """Watches every connection of one engine."""

    def __init__(self, engine: sa.Engine) -> None:
        self._seconds = STATEMENT
        self._due: dict[int, tuple[Any, float]] = {}
        self._lock = threading.Lock()
        self._closed = threading.Event()
        sa.event.listen(engine, "before_cursor_execute", self.begin_statement)
        sa.event.listen(engine, "after_cursor_execute", self.end_statement)
        sa.event.listen(engine, "commit", self.begin_statement)
        sa.event.listen(engine, "rollback", self.begin_statement)
        sa.event.listen(engine, "reset", lambda connection, *_: self._begin(connection))
        sa.event.listen(engine, "checkin", lambda connection, _record: self._end(connection))
        sa.event.listen(engine, "close", lambda connection, _record: self._end(connection))
        weakref.finalize(engine, self._closed.set)
        threading.Thread(target=self._watch, name="deadlines", daemon=True).start()

    def shorten(self, seconds: float) -> None:
        """Give what is under way, and whatever comes, so many seconds at most: this process is leaving."""
        with self._lock:
            self._seconds = min(self._seconds, seconds)
            latest = time.monotonic() + self._seconds
            self._due = {key: (driver, min(due, latest)) for key, (driver, due) in self._due.items()}

    def close(self) -> None:
        """Stop watching once nothing is under way any more."""
        self._closed.set()

    def begin_statement(self, connection: sa.Connection, *_: object) -> None:
        """Give what the connection waits for now the time of a statement."""
        if not connection.invalidated:  # else there is nothing left to wait for
            self._begin(connection.connection.dbapi_connection)

    def end_statement(self, connection: sa.Connection, *_: object) -> None:
        """It waits no more."""
        self._end(connection.connection.dbapi_connection)

    def _begin(self, driver: Any) -> None:
        with self._lock:
            self._due[id(driver)] = (driver, time.monotonic() + self._seconds)

    def _end(self, driver: Any) -> None:
        with self._lock:
            self._due.pop(id(driver), None)

    def _watch(self) -> None:
        while not self._closed.wait(LOOK) or self._due:
            if self._closed.is_set():
                time.sleep(LOOK)
            now = time.monotonic()
            with self._lock:
                overdue = [driver for driver, due in self._due.values() if due < now]
                for driver in overdue:
                    del self._due[id(driver)]
            for driver in overdue:
                shut(driver)


_OF: weakref.WeakKeyDictionary[sa.Engine, Deadlines] = weakref.WeakKeyDictionary()


def watch(engine: sa.Engine) -> None:
    """Watch every connection of an engine from now on."""
    _OF[engine] = Deadlines(engine)


def begin(connection: sa.Connection) -> None:
    """Begin the time of what a connection of a watched engine waits for beside its statements; `end` it."""
    _OF[connection.engine].begin_statement(connection)


def end(connection: sa.Connection) -> None:
    """End what was begun."""
    _OF[connection.engine].end_statement(connection)


def shorten(engine: sa.Engine, seconds: float) -> None:
    """Give what is under way on a watched engine, and whatever comes, so many seconds at most."""
    _OF[engine].shorten(seconds)


def close(engine: sa.Engine) -> None:
    """Stop watching an engine once nothing is under way on it."""
    _OF[engine].close()


def shut(driver: Any) -> None:
    """End the stream of a psycopg connection, of either kind, under whoever waits on it."""
    with contextlib.suppress(Exception):  # it may have ended meanwhile, and then it has no socket
        stream = socket.socket(fileno=driver.fileno())
        try:
            stream.shutdown(socket.SHUT_RDWR)
        finally:
            stream.detach()  # the descriptor is the driver's
