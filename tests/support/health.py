"""A web application without a dashboard, for tests of the routes that need none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.routing import Route

from monitor.config import WebSettings
from monitor.web import access, app


class NoKeys:
    """Knows no session and no token."""

    async def session(self, token: str) -> access.Visitor | None:
        """Return that there is none."""
        return None

    async def api_token(self, token: str) -> access.Visitor | None:
        """Return that there is none."""
        return None


def bare(
    health: Any, pages: Sequence[Route] = (), *, loopback: bool = False, token: Callable[[], str | None] = lambda: None
) -> Starlette:
    """Return the application with health routes and `pages` only."""

    def settings() -> WebSettings:
        given = token()
        return WebSettings(metrics=SecretStr(given) if given else None)

    return app.build(health, access.Door(settings, NoKeys(), loopback), None, pages)
