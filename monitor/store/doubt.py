"""What became of a transaction whose connection broke: its answer was lost, and it may have been committed.

PostgreSQL knows each by its number, also after a restart. One that is still open is ended first: whoever began it is
not there any more.
Source: https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT
"""

from __future__ import annotations

import sqlalchemy as sa

_PASSING = ("40001", "40P01", "53300", "57P01", "57P02", "57P03", "57P05")
"""Serialization failure, deadlock, too many connections; the server is being shut down, crashed, starts."""


def is_passing(fault: BaseException) -> bool:
    """Return whether a PostgreSQL server said no for now, or nothing at all; what was asked may be asked again."""
    if not isinstance(fault, sa.exc.DBAPIError) or fault.orig is None or not hasattr(fault.orig, "sqlstate"):
        return False
    if fault.connection_invalidated:
        return True
    state: str | None = fault.orig.sqlstate
    if state is None:
        return isinstance(fault, sa.exc.OperationalError)  # no server answered
    return state.startswith("08") or state in _PASSING


def was_committed(engine: sa.Engine, number: str | None) -> bool | None:
    """Return whether the transaction of this number was committed; None while it is open. None was never begun.

    Raises: DBAPIError where the server cannot be asked.
    """
    with engine.connect() as connection:
        if number is None:
            connection.execute(sa.select(1))
            return False
        status = connection.execute(_STATUS, {"number": number}).scalar()
        if status == "in progress":
            connection.execute(_END, {"number": number})
            return None
        return bool(status == "committed")


_STATUS = sa.text("SELECT pg_xact_status(CAST(:number AS xid8))")
_END = sa.text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = CAST(CAST(:number AS xid8) AS xid)"
)
