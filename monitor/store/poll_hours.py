"""How the polls of each hour ended, all feeds together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store.rows import insert_new
from monitor.store.schema import poll_hours

KEPT = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class PollHour:
    """The polls of one outcome in one hour (UTC)."""

    hour: datetime
    outcome: str
    polls: int


def add(connection: sa.Connection, polled: Mapping[str, int], now: datetime) -> None:
    """Count polls, by outcome, to the hour of `now`; what is older than KEPT goes."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    for outcome, count in sorted(polled.items()):  # in one order, for the members of a cluster count side by side
        if not insert_new(connection, poll_hours, {"hour": hour, "outcome": outcome, "polls": count}):
            same = poll_hours.update().where(poll_hours.c.hour == hour, poll_hours.c.outcome == outcome)
            connection.execute(same.values(polls=poll_hours.c.polls + count))
    if polled:
        connection.execute(poll_hours.delete().where(poll_hours.c.hour < now - KEPT))


def list_since(connection: sa.Connection, since: datetime) -> list[PollHour]:
    """Return the hours from `since` on, the oldest first."""
    query = sa.select(poll_hours).where(poll_hours.c.hour >= since).order_by(poll_hours.c.hour, poll_hours.c.outcome)
    return [PollHour(row.hour, row.outcome, row.polls) for row in connection.execute(query)]
