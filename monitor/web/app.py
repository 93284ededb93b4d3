"""The health routes (/healthz, /readyz, /metrics) and the pages that are handed in; everything else is 404.

/healthz and /readyz are open, for probes carry no password, and so they hold nothing but words of ours. /metrics names
packs and channels: it is open where the daemon listens on loopback only, else it wants the token of `[web] metrics`.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from monitor import metrics

log = structlog.get_logger()

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class HealthView(Protocol):
    """What the daemon knows of itself; both answers are at hand, neither waits for anything."""

    def alive(self) -> tuple[bool, str]:
        """Return whether scheduler and writer are alive, and a word for the log if not."""
        ...

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Return whether the daemon does its work, and short snake_case codes for what is amiss."""
        ...


def build(
    health: HealthView, token: Callable[[], str | None], pages: Sequence[Route] = (), *, loopback: bool = False
) -> Starlette:
    """Return the application.

    Args:
        token: Gives the present token for /metrics; asked at every request, so that a reload changes it.
        pages: Further routes, each of which knows whom it answers.
        loopback: Whether the daemon listens on a loopback address only; /metrics then needs no token from there.
    """
    routes = _Routes(health, token, loopback)
    return Starlette(
        routes=[
            Route("/healthz", routes.healthz),
            Route("/readyz", routes.readyz),
            Route("/metrics", routes.metrics),
            *pages,
        ],
        middleware=[Middleware(_SecurityHeaders)],
        exception_handlers={Exception: _failed},
    )


def is_loopback(host: str) -> bool:
    """Return whether `host`, an address or `localhost`, can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


class _Routes:
    def __init__(self, health: HealthView, token: Callable[[], str | None], loopback: bool) -> None:
        self._health = health
        self._token = token
        self._loopback = loopback
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

    async def metrics(self, request: Request) -> Response:
        if not (self._is_local(request) or self._has_token(request)):
            words = "metrics need the token of `metrics` under [web]: Authorization: Bearer TOKEN\n"
            return PlainTextResponse(words, 401, {"WWW-Authenticate": 'Bearer realm="wirewatch"'})
        body, content_type = metrics.render()
        return Response(body, headers={"Content-Type": content_type})

    def _is_local(self, request: Request) -> bool:
        # Both: a forwarder that makes every caller look local must not open what listens on all addresses.
        return self._loopback and request.client is not None and is_loopback(request.client.host)

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        wanted = self._token()
        if not wanted or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), wanted.encode())


async def _failed(_request: Request, _error: Exception) -> Response:
    # The server logs the error with its traceback; the answer says nothing of it. This one passes no middleware.
    return PlainTextResponse("the daemon failed to answer; its log says why\n", 500, SECURITY_HEADERS)


class _SecurityHeaders:
    """Adds the headers to every answer, refusals and 404 included; a page may have a policy of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)
