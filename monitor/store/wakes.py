"""What a transaction leaves for others to do: noted as it is written, and handed to the queue before its commit.

Only a cluster has a queue. A daemon that works alone looks for itself, and what commands leave is found by the next
look at what is due.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

Kind = Literal["poll", "trial", "process", "page", "deliver"]
_KEY = "wirewatch_wakes"


@dataclass(frozen=True, slots=True, order=True)
class Wake:
    """Work of a kind is there; for `deliver`, of which target."""

    kind: Kind
    target_id: int = 0


def note(connection: sa.Connection, kind: Kind, target_id: int = 0) -> None:
    """Note that this transaction leaves work."""
    if connection.dialect.name == "postgresql":
        connection.info.setdefault(_KEY, set()).add(Wake(kind, target_id))


def collect(connection: sa.Connection) -> list[Wake]:
    """Return what was noted on this connection since the last call, in an order that is the same everywhere."""
    return sorted(connection.info.pop(_KEY, ()))
