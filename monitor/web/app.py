"""The application: the health routes (/healthz, /readyz, /metrics), the dashboard behind its guard, and the headers.

/healthz and /readyz are open, for probes carry no password, and so they hold nothing but words of ours. /metrics names
packs and channels: it is open where the daemon listens on loopback only, else it wants the token of `[web] metrics`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from monitor import metrics
from monitor.web import dashboard
from monitor.web.access import Door, Guard
from monitor.web.desk import Desk
from monitor.web.faults import WebFault
from monitor.web.headers import SecurityHeaders

log = structlog.get_logger()


class HealthView(Protocol):
    """What the daemon knows of itself; both answers are at hand, neither waits for anything."""

    def alive(self) -> tuple[bool, str]:
        """Return whether scheduler and writer are alive, and a word for the log if not."""
        ...

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Return whether the daemon does its work, and short snake_case codes for what is amiss."""
        ...


def build(health: HealthView, door: Door, desk: Desk | None = None, pages: Sequence[Route] = ()) -> Starlette:
    """Return the application.

    Args:
        door: Who is let in where.
        desk: Of the dashboard; None answers the health routes and `pages` only.
        pages: Further routes, each of which knows whom it answers.
    """
    own = _Health(health)
    routes: list[BaseRoute] = [
        Route("/healthz", own.healthz),
        Route("/readyz", own.readyz),
        Route("/metrics", own.metrics),
        *pages,
        *(dashboard.routes(desk) if desk else ()),
    ]

    async def fail(request: Request, fault: WebFault) -> Response:
        return await dashboard.fail(desk, request, fault)

    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders), Middleware(Guard, door=door, fail=fail)],
        exception_handlers=dashboard.Handlers(desk, routes).by_type(),
    )


class _Health:
    def __init__(self, health: HealthView) -> None:
        self._health = health
        self._was_alive = True

    async def healthz(self, _request: Request) -> Response:
        alive, reason = self._health.alive()
        if alive != self._was_alive:
            # The answer stays bare; why it turned is for the log, once.
            self._was_alive = alive
            log.warning("health_changed", alive=alive, reason=reason)
        return JSONResponse({"status": "ok" if alive else "failing"}, 200 if alive else 503)

    async def readyz(self, _request: Request) -> Response:
        ready, reasons = self._health.ready()
        body = {"status": "ready" if ready else "not_ready", "reasons": list(reasons)}
        return JSONResponse(body, 200 if ready else 503)

    async def metrics(self, _request: Request) -> Response:
        body, content_type = metrics.render()
        return Response(body, headers={"Content-Type": content_type})
