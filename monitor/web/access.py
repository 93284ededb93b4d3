"""Who may ask for what: one guard before every route.

Open are the health routes, the login page, static files and signed rating pages; the metrics and the alert feeds have a
door of their own (loopback, or a token); everything else wants a visitor: somebody who is logged in, an API token, a
trusted proxy's word, or, where no password is set, this machine itself. Nothing here looks at what a route does, so a
route that is forgotten is guarded.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, Protocol
from urllib.parse import quote, urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from monitor import errors
from monitor.config import WebSettings
from monitor.config_values import is_loopback
from monitor.web.faults import Busy, Refused, WebFault

COOKIE = "wirewatch_session"
CSRF_KEY = "csrf"
"""Name of the key that forms are signed with."""
FIELD = "csrf"
HEADER = "x-csrf-token"
API = "/api/"
_OPEN = ("/healthz", "/readyz", "/login")
_OPEN_BELOW = ("/static/", "/rate/")
_SAFE = frozenset(("GET", "HEAD", "OPTIONS"))
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")

Kind = Literal["nobody", "local", "session", "token", "proxy"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks, and what they may do."""

    kind: Kind
    name: str = ""
    """What lists of sessions, ratings and changes call them."""
    scopes: frozenset[str] = frozenset()
    """`read`, `write`, `feeds` (metrics and alert feeds)."""
    mark: str = ""
    """What their forms are signed for."""
    session_id: int | None = None

    @property
    def may_write(self) -> bool:
        """Return whether forms and changes are theirs."""
        return "write" in self.scopes


ALL = frozenset(("read", "write", "feeds"))


def anonymous() -> Visitor:
    """Return the visitor of whom nothing is known."""
    return Visitor("nobody")


# -- CSRF ----------------------------------------------------------------------------------------


def csrf_token(key: bytes, visitor: Visitor) -> str:
    """Return what the visitor's forms carry: bound to the session, so that another's is of no use."""
    return hmac.new(key, f"csrf:{visitor.kind}:{visitor.mark}".encode(), hashlib.sha256).hexdigest()


def csrf_fits(key: bytes, visitor: Visitor, given: str) -> bool:
    """Return whether `given` is the visitor's token, in constant time."""
    return hmac.compare_digest(csrf_token(key, visitor).encode(), given.encode("utf-8", "replace"))


def is_foreign(request: Request) -> bool:
    """Return whether a browser says that the request comes from another site.

    A browser that sends neither header, or the Origin `null` which our own no-referrer policy makes of a form's, leaves
    it to the token. Source: https://www.w3.org/TR/fetch-metadata/, https://fetch.spec.whatwg.org/#origin-header
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None or origin == "null":
        return False
    return urlsplit(origin).netloc.lower() != request.headers.get("host", "").lower()


# -- addresses -----------------------------------------------------------------------------------


def name_of(host_header: str) -> str:
    """Return the name in a Host header, in lower case and without its port and brackets."""
    host = host_header.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def is_known_host(host_header: str, web: WebSettings) -> bool:
    """Return whether the daemon answers to that name.

    Addresses and localhost always: a page elsewhere that lets its own name point here (DNS rebinding) comes with that
    name. Beside them the names of `allowed_hosts` and of `public_url`.
    """
    name = name_of(host_header)
    if not name:
        return False
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        public = urlsplit(web.public_url).hostname if web.public_url else None
        return name in ("localhost", web.host.lower(), public, *(host.lower() for host in web.allowed_hosts))
    return True


def is_trusted_proxy(address: str, web: WebSettings) -> bool:
    """Return whether a header from `address` may name who asks."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return any((mapped or found) in ipaddress.ip_network(network, strict=False) for network in web.trusted_proxies)


def is_secure(request: Request, web: WebSettings) -> bool:
    """Return whether the visitor came by https, as far as `public_url` says so: its cookie is for https only then."""
    if web.public_url is None or not web.public_url.startswith("https://"):
        return request.url.scheme == "https"
    return urlsplit(web.public_url).netloc.lower() == request.headers.get("host", "").lower()


# -- who asks ------------------------------------------------------------------------------------


class Keys(Protocol):
    """What the guard asks of sessions and tokens; both look them up anew, so that a revoked one ends at once."""

    async def session(self, token: str) -> Visitor | None:
        """Return whose session it is."""
        ...

    async def api_token(self, token: str) -> Visitor | None:
        """Return whose token it is."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """What the guard stands on: the settings of the moment, and where the daemon listens."""

    settings: Callable[[], WebSettings]
    keys: Keys
    loopback: bool
    """Whether the daemon listens on loopback only."""

    @property
    def has_login(self) -> bool:
        """Return whether somebody can log in."""
        web = self.settings()
        return web.password is not None or bool(web.proxy_header)


async def visitor_of(request: Request, door: Door) -> Visitor:
    """Return who asks: by token, by session, by the proxy's word, or as this machine where no login is set."""
    web = door.settings()
    given = bearer(request)
    if given is not None:
        return await _bearer(given, web, door.keys)
    proxied = _proxied(request, web)
    if proxied is not None:
        return proxied
    cookie = request.cookies.get(COOKIE)
    if web.password is not None and cookie:
        found = await door.keys.session(cookie)
        if found is not None:
            return found
    if is_local(request, door) and not door.has_login:
        return Visitor("local", "this machine", ALL, "local")
    if is_local(request, door):
        return Visitor("nobody", scopes=frozenset(("feeds",)))
    return anonymous()


def bearer(request: Request) -> str | None:
    """Return the token that comes with the request: `Bearer TOKEN`, or Basic with it as the password (feed readers)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(given.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    return None


async def _bearer(given: str, web: WebSettings, keys: Keys) -> Visitor:
    wanted = web.metrics.get_secret_value() if web.metrics else None
    if wanted and hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode()):
        return Visitor("token", "metrics", frozenset(("feeds",)), "metrics")
    found = await keys.api_token(given) if given else None
    return found or anonymous()


def _proxied(request: Request, web: WebSettings) -> Visitor | None:
    if not web.proxy_header or request.client is None or not is_trusted_proxy(request.client.host, web):
        return None
    name = request.headers.get(web.proxy_header, "").strip()
    if not name or not name.isprintable() or len(name) > 200:
        return None
    return Visitor("proxy", name, ALL, name)


def is_local(request: Request, door: Door) -> bool:
    """Return whether it is this machine that asks, through nobody: a forwarder makes every caller look local."""
    if not door.loopback or request.client is None or not is_loopback(request.client.host):
        return False
    return not any(name in request.headers for name in _FORWARDED)


# -- the guard -----------------------------------------------------------------------------------


def is_open(path: str) -> bool:
    """Return whether a path answers anybody."""
    return path in _OPEN or path.startswith(_OPEN_BELOW)


def is_token_route(path: str) -> bool:
    """Return whether a path has the door of tokens: the metrics and the alert feeds."""
    return path == "/metrics" or path in ("/alerts.atom", "/alerts.json") or _is_pack_feed(path)


def _is_pack_feed(path: str) -> bool:
    parts = path.split("/")
    return len(parts) == 3 and parts[1] == "alerts" and parts[2].endswith((".atom", ".json"))


Fail = Callable[[Request, WebFault], Awaitable[Response]]


class Guard:
    """ASGI middleware that lets a request through to its route with a visitor, or answers itself.

    Args:
        fail: Makes the answer of a fault, as page or as problem document.
    """

    def __init__(self, app: ASGIApp, door: Door, fail: Fail) -> None:
        self._app = app
        self._door = door
        self._fail = fail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as an ASGI application."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        path = request.url.path
        if path in ("/healthz", "/readyz"):
            await self._app(scope, receive, send)
            return
        try:
            is_static = path.startswith("/static/")
            visitor = anonymous() if is_static else await visitor_of(request, self._door)
            self._check_host(request, visitor)
            scope["wirewatch.visitor"] = visitor
            refusal = self._refusal(request, path, visitor)
        except WebFault as fault:
            refusal = await self._fail(request, fault)
        except errors.StoreError:
            refusal = await self._fail(request, Busy("The monitor cannot reach its database at the moment.", 10))
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await refusal(scope, receive, send)

    def _check_host(self, request: Request, visitor: Visitor) -> None:
        # Whoever holds a token is no page that was led here; where none is needed, the name is all there is.
        if visitor.kind == "token" and not self._door.loopback:
            return
        if not is_known_host(request.headers.get("host", ""), self._door.settings()):
            raise _Misdirected()

    def _refusal(self, request: Request, path: str, visitor: Visitor) -> Response | None:
        """Return the answer that keeps the visitor out; None where they may pass. Raises: WebFault."""
        if is_token_route(path):
            if "feeds" not in visitor.scopes:
                raise TokenWanted("This route needs a token: Authorization: Bearer TOKEN (`metrics` under [web]).")
            return None
        unsafe = request.method not in _SAFE
        if unsafe and visitor.kind != "token" and not path.startswith("/rate/") and is_foreign(request):
            raise Refused("This request came from another site. Nothing was changed.")
        if is_open(path):
            return None
        if "read" not in visitor.scopes:
            return self._no_entry(request, path)
        if unsafe and not visitor.may_write:
            raise Refused("This token may only read.")
        return None

    def _no_entry(self, request: Request, path: str) -> Response:
        if path.startswith(API):
            raise TokenWanted("This needs a token: Authorization: Bearer TOKEN (`wirewatch web token add NAME`).")
        if not self._door.has_login:
            raise Refused(_NO_LOGIN)
        where = path + (f"?{request.url.query}" if request.url.query else "")
        login = f"/login?next={quote(where, safe='')}" if request.method in _SAFE and where != "/" else "/login"
        if request.headers.get("hx-request") == "true":
            return Response(status_code=401, headers={"HX-Redirect": "/login"})
        return RedirectResponse(login, 303)


_NO_LOGIN = (
    "The dashboard answers this machine only until it has a login. Set `password` under [web] in config.toml,"
    " or reach it from this machine itself."
)


class _Misdirected(WebFault):
    status = 421

    def __init__(self) -> None:
        super().__init__(
            "The monitor does not answer to that name. Add it to `allowed_hosts` under [web] in config.toml."
        )


class TokenWanted(WebFault):
    """A token is missing, or is not one of ours."""

    status = 401


# -- secrets -------------------------------------------------------------------------------------


def new_secret() -> str:
    """Return a secret of 256 bits, for a cookie or a token."""
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> str:
    """Return what the database keeps of a secret: it has 256 bits of chance, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def mark_of(key: bytes, password: str) -> str:
    """Return what ties a session to the password it was opened with: a new password ends every session."""
    return hmac.new(key, f"password:{password}".encode(), hashlib.sha256).hexdigest()
