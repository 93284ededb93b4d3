"""The page of stories."""

from __future__ import annotations

from starlette.routing import BaseRoute

from monitor.web.desk import Desk


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of stories."""
    return []
