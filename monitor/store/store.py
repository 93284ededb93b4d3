"""The store as the daemon holds it: reads in threads, writes through the one writer, both awaitable."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import sqlalchemy as sa

from monitor import errors
from monitor.store import database, doubt, hold
from monitor.store.room import Room
from monitor.store.writer import PAUSE, Writer

T = TypeVar("T")
Connection = sa.Connection
"""What queries and jobs are handed; stages above know it by this name."""
READS_AGAIN = 10.0
"""Seconds for which a member of a cluster tries to read from a server that is away."""
DECIDING_LOCK = 7_236_001
"""Key of the PostgreSQL advisory lock under which decisions are made, one at a time."""


class Store:
    """A database that this process holds with `epoch`.

    `read`, `write` and `decide` take a function of a connection; what it returns comes back. A write is durable when
    awaited. On PostgreSQL others may be deciding: decisions wait for their turn in a writer of their own. So nothing
    else of this process waits for it, and nobody who waits has locked what another needs for its turn.
    `room`: the reserve beside the database, that is let go when the disk is full; without one nothing is reserved.
    """

    def __init__(
        self,
        engine: sa.Engine,
        epoch: int,
        room: Room | None = None,
        guard: Callable[[sa.Connection, int], Any] = hold.require_epoch,
    ) -> None:
        """`guard`: raises Fenced where `epoch` may write no more; runs first in every transaction (see Writer)."""
        self.engine = engine
        self.epoch = epoch
        self.room = room or Room(None)
        self.writer = Writer(engine, lambda connection: guard(connection, epoch), self.room.release)
        self.decider = self.writer
        if engine.dialect.name == "postgresql":
            self.decider = Writer(
                engine, lambda connection: guard(connection, epoch), enter=lock_deciding, name="decider"
            )
        self.holds: Callable[[], bool] = lambda: not self.fenced
        """Whether this process may still act for its epoch, asked before what cannot be taken back; never waits."""
        self._readers = ThreadPoolExecutor(max_workers=3, thread_name_prefix="reader")

    @property
    def writers(self) -> tuple[Writer, ...]:
        """What writes: one, or the second for decisions beside it."""
        return (self.writer, self.decider) if self.decides_apart else (self.writer,)

    @property
    def decides_apart(self) -> bool:
        """Whether decisions have a writer of their own, beside which others write what does not hold them up."""
        return self.decider is not self.writer

    @property
    def fenced(self) -> bool:
        """Whether a write was refused because another has taken over."""
        return any(writer.fenced for writer in self.writers)

    def idle_for(self) -> float:
        """Return seconds since that writer last showed life which has shown none for longest."""
        return max(writer.idle_for() for writer in self.writers)

    @property
    def fault(self) -> str:
        """What the database said to a last batch that failed; empty where each writer's was committed."""
        return next((writer.fault for writer in self.writers if writer.fault), "")

    async def read(self, query: Callable[[sa.Connection], T]) -> T:
        """Run `query` on a reading connection. Raises: StoreError."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self.read_now, query)

    def read_now(self, query: Callable[[sa.Connection], T]) -> T:
        """Run `query` in this thread, for a while again where the server of a cluster is away. Raises: StoreError."""
        until = time.monotonic() + READS_AGAIN
        while True:
            try:
                with self.engine.connect() as connection:
                    return query(connection)
            except sa.exc.DBAPIError as fault:
                if not (doubt.is_passing(fault) and self.writer.waits() and time.monotonic() < until):
                    raise errors.StoreError(f"the database refused to read: {fault.orig}") from fault
            time.sleep(PAUSE)

    async def write(self, job: Callable[[sa.Connection], T], patience: float = 0.0) -> T:
        """Run `job` in the writer's next transaction, at most `patience` seconds off, and return after its commit.

        Raises: StoreError, Fenced, or what the job raised. Cancelling may drop a job not yet begun, never half of one.
        """
        return await asyncio.wrap_future(self.writer.submit(job, patience))

    async def decide(self, job: Callable[[sa.Connection], T], patience: float = 0.0) -> T:
        """As `write`, for jobs that make decisions, one at a time over all who do (`lock_deciding`)."""
        return await asyncio.wrap_future(self.decider.submit(job, patience))

    def write_aside(self, job: Callable[[sa.Connection], T]) -> T:
        """Run `job` in a transaction of its own in this thread, beside the writer: for what must wait for nobody.

        It checks by itself whether this process may write. Raises: StoreError, or what it raised.
        """
        for again in (True, False):
            try:
                return database.write_once(self.engine, job)  # type: ignore[no-any-return]
            except sa.exc.DBAPIError as fault:
                if not again or not doubt.is_passing(fault):  # where one connection broke, the next is a new one
                    raise errors.StoreError(f"the database refused to write: {fault.orig}") from fault
        raise AssertionError("unreachable")

    def close(self) -> None:
        """Finish what is queued and let go of every connection."""
        for writer in reversed(self.writers):
            writer.close()
        self._readers.shutdown(wait=False, cancel_futures=True)
        self.engine.dispose()


def lock_deciding(connection: sa.Connection) -> None:
    """Let one decision be made at a time; on SQLite BEGIN IMMEDIATE has done it already."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(DECIDING_LOCK)))
