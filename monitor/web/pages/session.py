"""Logging in and out: `/login`, `/logout`."""

from __future__ import annotations

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from monitor.store import sessions as stored
from monitor.web import access, sessions
from monitor.web.desk import Desk, local_path
from monitor.web.forms import Form

log = structlog.get_logger()


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of logging in and out."""
    pages = _Login(desk)
    return [
        Route("/login", pages.ask, methods=["GET"]),
        desk.post("/login", pages.take),
        desk.post("/logout", pages.leave),
    ]


class _Login:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._passwords = sessions.Passwords()
        self._tries = sessions.Tries(desk.context.clock.monotonic)

    async def ask(self, request: Request) -> Response:
        where = local_path(request.query_params.get("next", "/"))
        if "read" in self._desk.visitor(request).scopes:
            return RedirectResponse(where, 303)
        return self._form(request, where)

    async def take(self, request: Request, form: Form) -> Response:
        where = local_path(form.get("next", "/"))
        configured = self._desk.context.setup.config.web.password
        if configured is None:
            return self._form(request, where, 403, "This monitor has no password to log in with.")
        address = request.client.host if request.client else ""
        wait = self._tries.wait(address)
        if wait:
            log.warning("login_held_off", address=address, seconds=round(wait))
            words = f"Too many tries. The next one is let through in {wait:.0f} seconds."
            return self._form(request, where, 429, words, {"Retry-After": f"{wait:.0f}"})
        if not await self._passwords.fits(configured.get_secret_value(), form.text("password")):
            log.warning("login_failed", address=address)
            return self._form(request, where, 403, "That is not the password.")
        return await self._enter(request, where)

    async def _enter(self, request: Request, where: str) -> Response:
        visitor = self._desk.visitor(request)
        if visitor.session_id is not None:
            await self._desk.keys.end(visitor.session_id)
        # A new secret at each login, whatever the browser brought: a session that somebody laid there opens nothing.
        secret = await self._desk.keys.open("desk", request.headers.get("user-agent", ""))
        log.info("login", address=request.client.host if request.client else "")
        response = RedirectResponse(where, 303)
        response.set_cookie(
            access.COOKIE,
            secret,
            max_age=int(stored.LIFETIME.total_seconds()),
            httponly=True,
            samesite="lax",
            secure=access.is_secure(request, self._desk.context.setup.config.web),
        )
        return response

    async def leave(self, request: Request, form: Form) -> Response:
        visitor = self._desk.visitor(request)
        if visitor.session_id is not None:
            await self._desk.keys.end(visitor.session_id)
        response = RedirectResponse("/login", 303)
        response.delete_cookie(access.COOKIE, httponly=True, samesite="lax")
        return response

    def _form(
        self, request: Request, where: str, status: int = 200, fault: str = "", headers: dict[str, str] | None = None
    ) -> Response:
        return self._desk.render(request, "login.html", status=status, headers=headers, where=where, fault=fault)
