"""One scheduler leads: it holds an advisory lock of a session of its own, and loses it with that session.

A leader that was killed lets go at once. The session of one that is frozen or cut off stays: whoever wants to lead ends
it once that member's lease has run out.
"""

from __future__ import annotations

import contextlib
import threading

import sqlalchemy as sa

from monitor.store.members import in_lease

LEADING_LOCK = 7_236_002
"""Key of the advisory lock of the leader."""
NAME = "wirewatch leader "
"""How its session is called in `pg_stat_activity`, with the member's number behind it."""


class Leadership:
    """The place of the leader, which this member takes where it is free."""

    def __init__(self, engine: sa.Engine, member_id: int) -> None:
        self._engine = engine
        self._member_id = member_id
        self._session: sa.Connection | None = None
        self._lock = threading.Lock()
        self._over = False

    def hold(self) -> bool:
        """Return whether this member leads, having taken the place if it was free, and kept it if it was ours."""
        with self._lock:
            try:
                if self._session is not None:
                    self._session.execute(sa.select(1))
                elif not self._over:
                    self._session = self._take()
            except sa.exc.DBAPIError:
                self._drop()
            return self._session is not None

    def let_go(self) -> None:
        """Give the place up, for good."""
        self._over = True
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            with contextlib.suppress(sa.exc.SQLAlchemyError):  # one that broke has nothing to give back
                session.execute(sa.select(sa.func.pg_advisory_unlock(LEADING_LOCK)))
            session.invalidate()
            session.close()

    def _take(self) -> sa.Connection | None:
        session = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        try:
            session.exec_driver_sql(f"SET application_name = '{NAME}{self._member_id}'")
            if session.execute(sa.select(sa.func.pg_try_advisory_lock(LEADING_LOCK))).scalar():
                return session
            _end_stale(session)
        except sa.exc.DBAPIError:
            session.invalidate()
            session.close()
            raise
        session.invalidate()  # nobody else is to have a session of this name
        session.close()
        return None


def _end_stale(session: sa.Connection) -> None:
    """End the session of a leader whose lease ran out, so that the next try finds the place free.

    It need not have been ended as a member: nobody but a leader ends members.
    """
    locks = sa.table("pg_locks", sa.column("pid"), sa.column("objid"), sa.column("locktype"), sa.column("granted"))
    activity = sa.table("pg_stat_activity", sa.column("pid"), sa.column("application_name"))
    number = sa.cast(sa.func.substr(activity.c.application_name, len(NAME) + 1), sa.BigInteger)
    session.execute(
        sa.select(sa.func.pg_terminate_backend(locks.c.pid))
        .join_from(locks, activity, activity.c.pid == locks.c.pid)
        .where(locks.c.locktype == "advisory", locks.c.objid == LEADING_LOCK, locks.c.granted)
        .where(activity.c.application_name.op("~")(f"^{NAME}[0-9]+$"), number.not_in(in_lease()))
    )
