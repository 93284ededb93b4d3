"""What a new installation has so far."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from monitor.store.schema import alerts, feeds


@dataclass(frozen=True, slots=True)
class State:
    """How far a new installation is."""

    feeds: int
    polled: int
    """Feeds that answered at least once."""
    alerts: bool
    """Whether there was ever one."""


def look(connection: sa.Connection) -> State:
    """Return what is there; counts feeds, which are thousands at most."""
    active = feeds.c.retired_at.is_(None)
    query = sa.select(sa.func.count(), sa.func.count(feeds.c.succeeded_at)).where(active)
    there, polled = connection.execute(query).one()
    return State(there, polled, connection.scalar(sa.select(alerts.c.id).limit(1)) is not None)
