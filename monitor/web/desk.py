"""What every page and every API route is given: the daemon's parts, bounded ways to them, and the templates."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from monitor.jobs.context import Context
from monitor.store.store import Connection
from monitor.web import filters, masking, navigation, templating
from monitor.web.access import Visitor, anonymous, csrf_token
from monitor.web.faults import Busy, NotThere
from monitor.web.forms import MOST_FORM, Form, read_form
from monitor.web.headers import PAGE_POLICY
from monitor.web.sessions import StoredKeys
from monitor.web.trials import Trials

READERS = 2
"""Threads that read for pages: the dashboard never takes the readers of polling (A25)."""
MOST_WAITING = 40
"""Reads that wait for one of them; more are sent away, so that a flood does not become a queue."""
HEAVY = 2
"""Heavy requests in work at once: searches, previews, long lists."""
MOST_ID = 2**63 - 1

T = TypeVar("T")
Posted = Callable[[Request, Form], Awaitable[Response]]


class Desk:
    """The dashboard's own: made once, handed to every page and route.

    Args:
        context: The daemon's parts, with the present `setup`.
        csrf_key: What the forms of this database are signed with.
    """

    def __init__(self, context: Context, csrf_key: bytes) -> None:
        self.context = context
        self.csrf_key = csrf_key
        self.navigation: tuple[navigation.Item, ...] = ()
        """Pages that are there; set when the routes are known."""
        self._readers = ThreadPoolExecutor(max_workers=READERS, thread_name_prefix="web-reader")
        self._waiting = 0
        self._heavy = 0
        self._templates = templating.environment(self)
        self.mask = masking.Mask(lambda: context.setup.config)
        """Takes secrets of the configuration out of a text that is sent."""
        self.keys = StoredKeys(self, csrf_key, self._password)
        """Sessions and tokens."""
        self.trials = Trials(context)
        """The workers that look at rules as they are typed."""

    @property
    def zone(self) -> str:
        """Return the desk's time zone."""
        return self.context.setup.config.timezone

    @property
    def packs(self) -> list[str]:
        """Return the names of the live packs, sorted."""
        return sorted(self.context.setup.live.ruleset.packs)

    def _password(self) -> str | None:
        secret = self.context.setup.config.web.password
        return secret.get_secret_value() if secret else None

    def now(self) -> datetime:
        """Return the time; aware UTC."""
        return self.context.clock.now()

    # -- the database ----------------------------------------------------------------------------

    async def read(self, query: Callable[[Connection], T]) -> T:
        """Run `query` in a thread of the dashboard's own. Raises: StoreError; Busy where too many wait."""
        if self._waiting >= MOST_WAITING:
            raise Busy()
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._readers, self.context.store.read_now, query)
        finally:
            self._waiting -= 1

    async def write(self, job: Callable[[Connection], T]) -> T:
        """Run `job` in the writer's next transaction. Raises: StoreError."""
        return await self.context.store.write(job)

    @contextlib.asynccontextmanager
    async def heavy(self) -> AsyncIterator[None]:
        """Let at most `HEAVY` callers through at once. Raises: Busy (503 with Retry-After) for the others."""
        if self._heavy >= HEAVY:
            raise Busy("Two long requests are in work already. Try again in a moment.")
        self._heavy += 1
        try:
            yield
        finally:
            self._heavy -= 1

    # -- requests --------------------------------------------------------------------------------

    def number(self, request: Request, name: str = "id") -> int:
        """Return a number of the path. Raises: NotThere for what is none, or no id."""
        text = str(request.path_params.get(name, ""))
        found = filters.number(text)
        if found is None or not 0 < found <= MOST_ID:
            raise NotThere(f"{text[:40]!r} is no number of this archive.")
        return found

    def visitor(self, request: Request) -> Visitor:
        """Return who asks, as the guard found."""
        found = request.scope.get("wirewatch.visitor")
        return found if isinstance(found, Visitor) else anonymous()

    def post(self, path: str, handle: Posted, most: int = MOST_FORM) -> Route:
        """Return the route of a form: `handle` gets it read, bounded by `most` bytes, and its CSRF token checked."""
        return Route(path, FormEndpoint(self, handle, most), methods=["POST"])

    # -- answers ---------------------------------------------------------------------------------

    def render(
        self,
        request: Request,
        template: str,
        /,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """Return a page from a template.

        A template knows, beside `values`: `request`, `desk`, `visitor`, `now`, `zone`, `csrf_field` (to stand in every
        form), `csrf` (the bare token), `htmx` (whether htmx asks), `said` and `here` (the path).
        """
        visitor = self.visitor(request)
        token = csrf_token(self.csrf_key, visitor)
        text = self._templates.get_template(template).render(
            request=request,
            desk=self,
            visitor=visitor,
            now=self.now(),
            zone=self.zone,
            csrf=token,
            csrf_field=Markup('<input type="hidden" name="csrf" value="{}">').format(token),
            htmx=is_htmx(request),
            said=request.query_params.get("said", "")[:300],
            here=request.url.path,
            **values,
        )
        return HTMLResponse(
            self.mask(text), status, {"Content-Security-Policy": PAGE_POLICY, "Vary": "HX-Request", **(headers or {})}
        )

    def redirect(self, request: Request, path: str, notice: str = "") -> Response:
        """Return the way to another page of ours after a form, `notice` being shown there once.

        `path` is ours by construction; one from outside goes through `local_path` first.
        """
        where = f"{path}{'&' if '?' in path else '?'}said={quote(notice)}" if notice else path
        if is_htmx(request):
            return Response(status_code=204, headers={"HX-Redirect": where})
        return RedirectResponse(where, 303)

    def close(self) -> None:
        """Let go of the threads and workers."""
        self.trials.close()
        self._readers.shutdown(wait=False, cancel_futures=True)


class FormEndpoint:
    """Reads the form, checks its token, then calls the handler; `access.unchecked` looks for this type."""

    def __init__(self, desk: Desk, handle: Posted, most: int) -> None:
        self._desk = desk
        self._handle = handle
        self._most = most
        self.__name__ = getattr(handle, "__name__", "form")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer as an ASGI application."""
        request = Request(scope, receive, send)
        form = await read_form(request, self._most, self._desk.csrf_key, self._desk.visitor(request))
        try:
            response = await self._handle(request, form)
        finally:
            await form.close()
        await response(scope, receive, send)


def is_htmx(request: Request) -> bool:
    """Return whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true"


def said_event(text: str) -> str:
    """Return the header value (`HX-Trigger`) by which the page shows a sentence; header values are ASCII."""
    return json.dumps({"wirewatch:said": {"text": text}})


def local_path(text: str, otherwise: str = "/") -> str:
    """Return `text` if it is a path of this site and nothing else, so that nobody is led away (A18)."""
    if not text.startswith("/") or text.startswith("//") or "\\" in text or not text.isprintable() or len(text) > 2000:
        return otherwise
    try:
        parsed = urlsplit(text)
    except ValueError:
        return otherwise
    return otherwise if parsed.scheme or parsed.netloc else text
