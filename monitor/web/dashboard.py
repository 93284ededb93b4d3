"""The dashboard as routes: its pages, its API with the document, its static files; and what its faults look like."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import structlog
from markupsafe import escape
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Match, Route

from monitor import errors, metrics
from monitor.web import access, navigation, static_files
from monitor.web.access import TokenWanted
from monitor.web.api import NOUNS, openapi, operation
from monitor.web.desk import Desk, is_htmx, said_event
from monitor.web.faults import Busy, WebFault
from monitor.web.headers import SECURITY_HEADERS
from monitor.web.pages import PAGES, api_page

log = structlog.get_logger()

_TITLES = {
    400: "Not understood",
    401: "Not without a token",
    403: "Not allowed",
    404: "Not there",
    405: "Not that way",
    409: "Changed meanwhile",
    413: "Too large",
    415: "Not in that form",
    421: "Not that name",
    422: "Not usable",
    429: "Too often",
    500: "The monitor failed to answer",
    503: "Busy",
}


def routes(desk: Desk) -> list[BaseRoute]:
    """Return every route of the dashboard; the navigation lists the pages among them."""
    operations = [made for noun in NOUNS for made in noun.operations(desk)]
    document = openapi.document(operations, metrics.version())
    found: list[BaseRoute] = [route for page in PAGES for route in page.routes(desk)]
    found += api_page.routes(desk, document)
    found += [operation.route(desk, made) for made in operations]
    found.append(static_files.route())
    desk.navigation = navigation.present(route.path for route in found if isinstance(route, Route))
    return found


# -- faults --------------------------------------------------------------------------------------


async def fail(desk: Desk | None, request: Request, fault: WebFault) -> Response:
    """Return the answer that tells of a fault: a page for browsers, a problem document for programs."""
    headers = _headers_of(request, fault)
    if wants_problem(request):
        return problem(fault, headers)
    if desk is None:
        return PlainTextResponse(fault.message + "\n", fault.status, headers)
    title = _TITLES.get(fault.status, "Not possible")
    if is_htmx(request):
        words = f'<p class="fault" role="alert">{escape(fault.message)}</p>'
        return HTMLResponse(
            words, fault.status, {**headers, "HX-Reswap": "none", "HX-Trigger": said_event(fault.message)}
        )
    return desk.render(request, "fault.html", status=fault.status, headers=headers, title=title, message=fault.message)


def problem(fault: WebFault, headers: Mapping[str, str]) -> Response:
    """Return a fault as `application/problem+json` (RFC 9457)."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _TITLES.get(fault.status, "Not possible"),
        "status": fault.status,
        "detail": fault.message,
    }
    if isinstance(fault, operation.Invalid):
        body["errors"] = fault.faults
    text = json.dumps(body).encode("utf-8", "replace")
    return Response(text, fault.status, dict(headers), media_type="application/problem+json")


def wants_problem(request: Request) -> bool:
    """Return whether a program asks."""
    path = request.url.path
    return path.startswith(access.API) or access.is_token_route(path)


def _headers_of(request: Request, fault: WebFault) -> dict[str, str]:
    if isinstance(fault, TokenWanted):
        # Feed readers know Basic only; the token is its password.
        is_feed = access.is_token_route(request.url.path) and request.url.path != "/metrics"
        return {"WWW-Authenticate": ('Basic realm="wirewatch", ' if is_feed else "") + 'Bearer realm="wirewatch"'}
    if isinstance(fault, Busy):
        return {"Retry-After": str(fault.retry_after)}
    return {}


class _Plain(WebFault):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Handlers:
    """The exception handlers of the application."""

    def __init__(self, desk: Desk | None, routes: list[BaseRoute]) -> None:
        self._desk = desk
        self._routes = routes

    async def web_fault(self, request: Request, fault: Exception) -> Response:
        """Answer what a page or the guard raised."""
        assert isinstance(fault, WebFault)
        return await fail(self._desk, request, fault)

    async def http_exception(self, request: Request, fault: Exception) -> Response:
        """Answer what the router raised: 404 and 405."""
        assert isinstance(fault, HTTPException)
        if fault.status_code == 405:
            allowed = ", ".join(sorted(self._allowed(request)))
            answer = await fail(self._desk, request, _Plain(405, f"This address takes {allowed} only."))
            answer.headers["Allow"] = allowed
            return answer
        return await fail(self._desk, request, _Plain(fault.status_code, "There is nothing at this address."))

    async def store_fault(self, request: Request, fault: Exception) -> Response:
        """Answer what the database refused."""
        log.warning("page_failed", path=request.url.path, error=str(fault))
        words = "The monitor cannot reach its database at the moment. Try again later; its log says why."
        return await fail(self._desk, request, Busy(words, 10))

    async def anything(self, request: Request, fault: Exception) -> Response:
        """Answer a defect of ours; the server logs it with its traceback, the answer says nothing of it."""
        answer = await fail(self._desk, request, _Plain(500, "The monitor failed to answer. Its log says why."))
        for name, value in SECURITY_HEADERS.items():  # this one passes no middleware
            answer.headers.setdefault(name, value)
        return answer

    def by_type(self) -> dict[Any, Any]:
        """Return the handlers as Starlette wants them."""
        return {
            WebFault: self.web_fault,
            HTTPException: self.http_exception,
            errors.StoreError: self.store_fault,
            Exception: self.anything,
        }

    def _allowed(self, request: Request) -> set[str]:
        found: set[str] = set()
        for route in self._routes:
            if isinstance(route, Route) and route.methods and route.matches(request.scope)[0] != Match.NONE:
                found |= set(route.methods)
        return found
