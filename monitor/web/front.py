"""An address that answers for as long as the process lives, whatever stands behind it at the moment.

A member of a cluster that waits for its database is alive and not ready: whoever asks gets that for an answer, not a
refused connection.
"""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor.web import server as web_server
from monitor.web.headers import SecurityHeaders


class Front:
    """Shows an application, or says that there is none."""

    def __init__(self, host: str) -> None:
        self.host = host
        self._shown: ASGIApp | None = None
        self._bare = _bare()
        self._server: web_server.Server

    @classmethod
    async def opened(cls, host: str, port: int) -> Front:
        """Return one that answers there; port 0 takes any. Raises: ConfigError when the address cannot be had."""
        made = cls(host)
        made._server = await web_server.serve(made, host, port)
        return made

    @property
    def port(self) -> int:
        """Return the port that it got."""
        return self._server.port

    def show(self, app: ASGIApp | None) -> None:
        """Have `app` answer from now on; None: nobody."""
        self._shown = app

    async def close(self) -> None:
        """Answer no more."""
        await self._server.stop()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        await (self._shown or self._bare)(scope, receive, send)


def _bare() -> Starlette:
    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        return JSONResponse({"status": "not_ready", "reasons": ["not_joined"]}, 503)

    async def nothing(_request: Request) -> Response:
        return JSONResponse({"status": "not_joined"}, 503, {"Retry-After": "5"})

    routes = [Route("/healthz", healthz), Route("/readyz", readyz), Route("/{path:path}", nothing)]
    return Starlette(routes=routes, middleware=[Middleware(SecurityHeaders)])
