"""Logging in and out, and who may come in: `/login`, `/logout`, `/sessions`."""

from __future__ import annotations

from datetime import timedelta

import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from monitor.store import sessions as stored
from monitor.web import access, filters, sessions
from monitor.web.desk import MOST_ID, Desk, local_path
from monitor.web.faults import NotThere
from monitor.web.forms import Form
from monitor.web.templating import count

log = structlog.get_logger()


def routes(desk: Desk) -> list[BaseRoute]:
    """Return the routes of logging in and out."""
    pages, keys = _Login(desk), _Keys(desk)
    return [
        Route("/login", pages.ask, methods=["GET"]),
        desk.post("/login", pages.take),
        desk.post("/logout", pages.leave),
        Route("/sessions", keys.show, methods=["GET"]),
        desk.post("/sessions/end", keys.end_session),
        desk.post("/tokens", keys.add_token),
        desk.post("/tokens/revoke", keys.revoke_token),
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


SCOPES = {"read": "read everything", "write": "read and change things", "feeds": "metrics and alert feeds"}
ENDS = {"30": 30, "90": 90, "365": 365, "": None}
"""Days that a token made on the page opens; none: for ever."""


class _Keys:
    """The page of sessions and tokens."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def show(self, request: Request) -> Response:
        return await self._page(request)

    async def end_session(self, request: Request, form: Form) -> Response:
        now, given = self._desk.now(), form.get("id")
        ids = None if given == "all" else [_number(given)]
        ended = await self._desk.write(lambda c: stored.revoke_sessions(c, now, ids))
        return self._desk.redirect(request, "/sessions", count(ended, "session") + " ended.")

    async def add_token(self, request: Request, form: Form) -> Response:
        name = form.get("name")
        scopes = [scope for scope in SCOPES if scope in form.all("scope")]
        if not 0 < len(name) <= 100 or not name.isprintable():
            return await self._page(request, 422, "A token has a name: a short line that says what it is for.")
        if not scopes:
            return await self._page(request, 422, "Choose what the token opens.")
        now, secret, days = self._desk.now(), access.new_secret(), ENDS.get(form.get("days"), 90)
        ends = now + timedelta(days=days) if days else None
        made = await self._desk.write(lambda c: stored.add_token(c, name, access.hash_of(secret), scopes, now, ends))
        if made is None:
            return await self._page(request, 422, f"There is an open token called {name} already.")
        return await self._page(request, 201, secret=secret, name=name)

    async def revoke_token(self, request: Request, form: Form) -> Response:
        now, number = self._desk.now(), _number(form.get("id"))
        done = await self._desk.write(lambda c: stored.revoke_token(c, number, now))
        return self._desk.redirect(request, "/sessions", "The token opens nothing any more." if done else "")

    async def _page(
        self, request: Request, status: int = 200, fault: str = "", secret: str = "", name: str = ""
    ) -> Response:
        now = self._desk.now()
        sessions_open = await self._desk.read(lambda c: stored.list_sessions(c, now))
        tokens = await self._desk.read(lambda c: stored.list_tokens(c, now))
        return self._desk.render(
            request,
            "sessions.html",
            status=status,
            sessions=sessions_open,
            tokens=tokens,
            scopes=SCOPES,
            fault=fault,
            secret=secret,
            name=name,
            has_password=self._desk.context.setup.config.web.password is not None,
        )


def _number(text: str) -> int:
    found = filters.number(text)
    if found is None or not 0 < found <= MOST_ID:
        raise NotThere("There is no such session or token.")
    return found
