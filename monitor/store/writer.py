"""One thread writes; it groups what arrives together into one commit, since each commit is a disk flush."""

from __future__ import annotations

import contextlib
import math
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
import structlog

from monitor import errors
from monitor.store import database, doubt, later

GATHER = 0.020
"""Seconds a batch may grow once one of its jobs waits for the commit."""
PAUSE = 0.25
"""Seconds between tries while another process holds the database's lock."""

log = structlog.get_logger()
Job = Callable[[sa.Connection], Any]


@dataclass(slots=True)
class _Item:
    job: Job
    until: float
    """When its patience ends, on the monotonic clock."""
    future: Future[Any] = field(default_factory=Future)


class Writer:
    """Runs writing jobs one after the other and answers each only after COMMIT.

    - A job that raises is undone alone; the others of its batch are kept. They may be run twice for it.
    - A job with patience may wait that long for others to share its commit; the first one without ends the wait.
    - While another process holds the lock, the batch waits and is run again: nothing fails, nothing is lost.
    - While the server is away and `waits` says so, the same; what became of a lost commit is asked of it then.
    - `guard` runs first in every transaction and raises Fenced when another daemon has taken over; it returns the
      transaction's number where the server counts them.
    - `enter` then waits for a turn among all who write the like; what has arrived meanwhile goes with it.
    - `make_room` is called where the disk is full; where it made some, the batch is run again.
    - `seal` runs last in every transaction that is about to be committed.
    - What the jobs wrote that can wait is kept back until then (`later`). `name` is its thread's.
    """

    def __init__(
        self,
        engine: sa.Engine,
        guard: Job,
        make_room: Callable[[], bool] = lambda: False,
        enter: Job | None = None,
        name: str = "writer",
    ) -> None:
        self._engine = engine
        self._guard = guard
        self._enter = enter
        self._make_room = make_room
        self.seal: Job = lambda connection: None
        self.waits: Callable[[], bool] = lambda: False
        """Whether a batch waits for a server that is away; else it fails."""
        self._number: str | None = None
        self._answers: list[tuple[Any, BaseException | None]] = []
        """Of the transaction under way: its number, and, once all of its jobs have run, what they gave."""
        self._items: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._closed = False
        self.beat = self.committed = time.monotonic()
        self.fault = ""
        """What the database said to the last batch that failed; empty once one was committed."""
        self.fenced = False
        self.patient = True
        """Whether jobs may wait for company; a caller that does one thing at a time waits for nobody."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def submit(self, job: Job, patience: float = 0.0) -> Future[Any]:
        """Queue `job`; the future resolves after its commit, or with what it raised.

        `patience`: seconds that the job may wait for company. A commit costs more than most jobs do.
        """
        item = _Item(job, time.monotonic() + (patience if self.patient else 0.0))
        if self._closed:
            item.future.set_exception(errors.StoreError("the writer is closed"))
            return item.future
        self._items.put(item)
        return item.future

    def idle_for(self) -> float:
        """Return seconds since the thread last showed life; it does so at least every second."""
        return time.monotonic() - self.beat

    def uncommitted_for(self) -> float:
        """Return seconds since something was last committed; the daemon's beat has something to commit every few."""
        return time.monotonic() - self.committed

    def close(self, timeout: float = 3.0) -> None:
        """Write what is queued, then stop."""
        self._closed = True
        self._items.put(None)
        self._thread.join(timeout)

    def _run(self) -> None:
        going = True
        while going:
            self.beat = time.monotonic()
            batch, going = self._gather()
            if batch:
                self._settle(batch)

    def _gather(self) -> tuple[list[_Item], bool]:
        """Return what waits now and what joins it while every job of it is patient, and whether to go on afterwards."""
        batch: list[_Item] = []
        try:
            item = self._items.get(timeout=1.0)
            began, until = time.monotonic(), math.inf
            while item is not None:
                batch.append(item)
                until = min(until, item.until)
                if time.monotonic() > max(until, began + GATHER):
                    return batch, True
                item = self._items.get(timeout=max(0.0, until - time.monotonic()))
        except queue.Empty:
            return batch, True
        return batch, False

    def _settle(self, batch: list[_Item]) -> None:
        """Commit a batch, waiting for as long as another process keeps the database locked."""
        live = [item for item in batch if item.future.set_running_or_notify_cancel()]
        while True:
            self._number, self._answers = None, []
            try:
                answers = self._commit(live)
            except sa.exc.DBAPIError as fault:
                if database.is_full(fault) and self._make_room():
                    continue
                if database.is_locked(fault):
                    self._pause()
                elif (committed := self._was_committed(fault)) is None:
                    return self._fail(live, errors.StoreError(_sentence(fault)))
                elif committed:
                    return self._done(live, self._answers)
            except errors.Fenced as fault:
                self.fenced = True
                return self._fail(live, fault)
            except Exception as fault:  # noqa: BLE001 - the thread must outlive whatever a driver raises
                return self._fail(live, errors.StoreError(f"the database refused to write: {fault}"))
            else:
                return self._done(live, answers)

    def _was_committed(self, fault: sa.exc.DBAPIError) -> bool | None:
        """Wait for a server that is away; return whether it has committed the batch, None where nobody can say."""
        if not doubt.is_passing(fault):
            return None
        began, self.fault = time.monotonic(), _sentence(fault)
        if not self.waits():
            return None
        log.warning("database_away", error=str(fault.orig))
        while self.waits():
            self._pause()
            with contextlib.suppress(sa.exc.DBAPIError):
                committed = doubt.was_committed(self._engine, self._number)
                if committed is not None:
                    log.info("database_back", after=round(time.monotonic() - began, 1), committed=committed)
                    return committed
        return None

    def _pause(self) -> None:
        self.beat = time.monotonic()
        time.sleep(PAUSE)

    def _done(self, batch: list[_Item], answers: list[tuple[Any, BaseException | None]]) -> None:
        self.committed, self.fault = time.monotonic(), ""
        _resolve(batch, answers)

    def _fail(self, batch: list[_Item], fault: BaseException) -> None:
        self.fault = str(fault)
        for item in batch:
            item.future.set_exception(fault)

    def _commit(self, batch: list[_Item]) -> list[tuple[Any, BaseException | None]]:
        """Run all jobs of a batch; where one raises, run them again, each in a savepoint of its own.

        Nearly none raises, and a savepoint costs more than the record of a poll.
        """
        together = self._run_together(batch)
        if together is not None:
            return together
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            self._begin(connection, batch)
            answers = [self._attempt(connection, item) for item in batch]
            self.seal(connection)
            self._answers = answers
            return answers

    def _run_together(self, batch: list[_Item]) -> list[tuple[Any, BaseException | None]] | None:
        """Return what the jobs gave; None, and nothing is kept, where one of several raised."""
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin() as transaction:
            self._begin(connection, batch)
            try:
                with later.kept_back(connection, len(batch)):
                    answers: list[tuple[Any, BaseException | None]] = [(item.job(connection), None) for item in batch]
            except Exception as fault:
                if _is_everybodys(fault):
                    raise
                transaction.rollback()
                return [(None, fault)] if len(batch) == 1 else None
            self.seal(connection)
            self._answers = answers
            return answers

    def _begin(self, connection: sa.Connection, batch: list[_Item]) -> None:
        """Begin a transaction, and take into it what has come while it waited for its turn."""
        self._number = self._guard(connection)
        if self._enter is None:
            return
        self._enter(connection)
        with contextlib.suppress(queue.Empty):
            while (item := self._items.get_nowait()) is not None:
                if item.future.set_running_or_notify_cancel():
                    batch.append(item)
            self._items.put(None)  # the end is for the loop to see

    @staticmethod
    def _attempt(connection: sa.Connection, item: _Item) -> tuple[Any, BaseException | None]:
        try:
            with connection.begin_nested():
                return item.job(connection), None
        except Exception as fault:
            if _is_everybodys(fault):
                raise
            return None, fault


def _is_everybodys(fault: Exception) -> bool:
    """Return whether what a job met is the database's trouble: it is locked, full or away."""
    if doubt.is_passing(fault):
        return True
    return isinstance(fault, sa.exc.OperationalError) and (database.is_locked(fault) or database.is_full(fault))


def _sentence(fault: sa.exc.DBAPIError) -> str:
    return f"the database refused to write: {fault.orig}"


def _resolve(batch: list[_Item], answers: list[tuple[Any, BaseException | None]]) -> None:
    for item, (value, fault) in zip(batch, answers, strict=True):
        if fault is None:
            item.future.set_result(value)
        else:
            item.future.set_exception(fault)
