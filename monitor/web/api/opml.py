"""The operations of the API on opml."""

from __future__ import annotations

from monitor.web.api.operation import Operation
from monitor.web.desk import Desk


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on opml."""
    return []
