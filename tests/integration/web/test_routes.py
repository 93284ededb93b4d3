"""Every route of the dashboard, found by walking the table of routes: guarded, with its headers, GET without change."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.routing import Route

from monitor.config import WebSettings
from monitor.web import headers
from monitor.web.api.operation import Endpoint
from monitor.web.desk import FormEndpoint
from tests.support import dashboard, databases

OPEN = {"/healthz", "/readyz", "/login", "/static/{name}", "/rate/{token}"}
"""What answers anybody; faults.md, A17."""
TOKEN = {"/metrics", "/alerts.atom", "/alerts.json"}
"""What has the door of tokens, beside the feeds of single packs."""


def table(site: dashboard.Site) -> list[tuple[str, str]]:
    """Return method and path of every route."""
    return [
        (method, route.path)
        for route in site.app.routes
        if isinstance(route, Route)
        for method in sorted(route.methods or ())
        if method != "HEAD"
    ]


def filled(path: str) -> str:
    """Return a path with something in its parameters."""
    return re.sub(r"\{\w+(:\w+)?\}", "1", path)


def is_token_route(path: str) -> bool:
    """Return whether a route is the metrics or an alert feed."""
    return path in TOKEN or re.fullmatch(r"/alerts/\{\w+\}\.(atom|json)", path) is not None


@pytest.fixture(scope="module")
def remote(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dashboard.Site]:
    """A dashboard that the network reaches, without a password."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("remote"), loopback=False) as site:
        yield site


def test_a17_every_route_but_the_open_ones_is_guarded(remote: dashboard.Site) -> None:
    """Without a password nothing but health, login, static files, rating links and token routes answers a network."""
    unguarded = []
    for method, path in table(remote):
        answer = remote.ask(method, filled(path))
        if path not in OPEN and answer.status not in (401, 403):
            unguarded.append((method, path, answer.status))
        if is_token_route(path):
            assert answer.status == 401
            assert answer.headers["www-authenticate"].endswith('Bearer realm="wirewatch"')

    assert unguarded == []


def test_a17_with_a_password_every_route_asks_for_it(made_databases: databases.Databases, tmp_path: Path) -> None:
    """With a password a visitor without a session is sent to the login, on loopback too."""
    from pydantic import SecretStr

    web = WebSettings(password=SecretStr(dashboard.PASSWORD))
    with dashboard.opened(made_databases.sqlite(), tmp_path, web=web, seeded=False) as site:
        unguarded = []
        for method, path in table(site):
            if path in OPEN or is_token_route(path):
                continue
            answer = site.ask(method, filled(path))
            to_login = answer.status == 303 and answer.headers["location"].startswith("/login")
            if answer.status not in (401, 403) and not to_login:
                unguarded.append((method, path, answer.status))

    assert unguarded == []


def test_a08_every_answer_of_every_route_carries_the_headers(shared: dashboard.Site) -> None:
    """Pages, API, refusals and what is not there: no inline, no frames, no sniffing, no referrer, no caching."""
    for method, path in [*table(shared), ("GET", "/nothing"), ("BREW", "/alerts"), ("DELETE", "/login")]:
        answer = shared.ask(method, filled(path), headers={"Origin": "null"})
        policy = answer.headers["content-security-policy"]
        for name, value in headers.SECURITY_HEADERS.items():
            if name not in ("Cache-Control", "Content-Security-Policy"):
                assert answer.headers[name.lower()] == value, (method, path, name)
        assert policy.startswith("default-src 'none'"), (method, path)
        assert "unsafe" not in policy, (method, path)
        assert "frame-ancestors 'none'" in policy, (method, path)


def test_a08_no_page_holds_anything_inline_or_from_elsewhere(shared: dashboard.Site) -> None:
    """No style or event attribute, no script or style in the page, no address of another site that loads by itself."""
    pages = [path for method, path in table(shared) if method == "GET" and "{" not in path and "/api/v1" not in path]
    for path in ["/login", "/nothing", *pages]:
        answer = shared.get(path)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        assert not re.search(r"<\w[^>]*\s(?:style|on\w+)\s*=", answer.text), path
        assert not re.search(r"<style|<script(?![^>]*\ssrc=\"/static/)", answer.text), path
        assert not re.search(r"(?:src|srcset|data|action)=\"(?:https?:)?//", answer.text), path
        assert not re.search(r"<link[^>]*href=\"(?!/)", answer.text), path


def test_a18_get_never_changes_state(site: dashboard.Site) -> None:
    """After a GET of every route every table holds what it held."""
    before = contents(site)

    for method, path in table(site):
        if method == "GET":
            site.get(filled(path))

    assert contents(site) == before


def contents(site: dashboard.Site) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table."""
    from monitor.store.schema import metadata

    return site.desk.read(
        lambda c: {
            name: sorted((tuple(row) for row in c.execute(made.select())), key=repr)
            for name, made in metadata.tables.items()
        }
    )


def test_a18_every_form_wants_the_token(shared: dashboard.Site) -> None:
    """A form without the token of our own pages, or with another's, is refused before anything is done."""
    posts = [path for method, path in table(shared) if method == "POST" and path not in ("/rate/{token}",)]
    for path in posts:
        kind = "application/json" if path.startswith("/api/") else "application/x-www-form-urlencoded"
        for token in ("", "0" * 64):
            sent = {"Content-Type": kind, "Cookie": "x=1", "X-CSRF-Token": token}
            assert shared.ask("POST", filled(path), "{}", sent).status == 403, path
    assert "/login" in posts


def test_a18_every_route_that_changes_something_is_made_by_a_checked_maker(shared: dashboard.Site) -> None:
    """A route takes POST through `Desk.post` or as an operation of the API, which check tokens; rating links sign."""
    unchecked = [
        route.path
        for route in shared.app.routes
        if isinstance(route, Route)
        and set(route.methods or ()) - {"GET", "HEAD"}
        and not isinstance(route.endpoint, FormEndpoint | Endpoint)
    ]

    assert unchecked == ["/rate/{token}"]


@pytest.mark.parametrize(
    "sent",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_a18_another_site_changes_nothing(shared: dashboard.Site, sent: dict[str, str]) -> None:
    """What a browser marks as coming from elsewhere is refused even with a token that fits."""
    token = shared.csrf()
    for method, path in table(shared):
        if method != "GET" and path != "/rate/{token}":
            answer = shared.ask(method, filled(path), "", {**sent, "X-CSRF-Token": token})
            assert answer.status == 403, path


@pytest.mark.parametrize("host", ["evil.example:8080", "127.0.0.1.evil.example", ""])
def test_a18_another_name_gets_nothing(shared: dashboard.Site, host: str) -> None:
    """A name that somebody pointed here (DNS rebinding) is answered 421 on every route but the health ones."""
    for method, path in table(shared):
        answer = shared.ask(method, filled(path), headers={"Host": host})
        expected = (200,) if path in ("/healthz", "/readyz") else (400, 421)
        assert answer.status in expected, (method, path, answer.status)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost:8080", "[::1]:8080", "10.0.0.7"])
def test_addresses_and_localhost_are_known_names(shared: dashboard.Site, host: str) -> None:
    """Whoever types an address means this machine."""
    assert shared.get("/api", Host=host).status == 200


@pytest.mark.parametrize(
    "path",
    [
        "/static/../desk.py",
        "/static/..%2fdesk.py",
        "/static/%2e%2e/desk.py",
        "/static//etc/passwd",
        "/static/wirewatch.css%00",
        "/static/htmx.LICENSE",
        "/static/",
        "/static/%2fetc%2fpasswd",
    ],
)
def test_a13_static_files_are_found_by_name_only(shared: dashboard.Site, path: str) -> None:
    """No spelling of a path leads to a file that is not one of the dashboard's own."""
    answer = shared.get(path)

    assert answer.status == 404
    assert "import" not in answer.text


def test_static_files_are_kept_by_browsers(shared: dashboard.Site) -> None:
    """A page names its files with a mark of their content, so that they may be kept for ever, and change at once."""
    (address,) = re.findall(r'href="(/static/wirewatch.css\?v=\w+)"', shared.get("/api").text)

    marked, bare = shared.get(address), shared.get("/static/wirewatch.css")
    again = shared.get(address, If_None_Match=marked.headers["etag"])

    assert (marked.status, again.status, again.text) == (200, 304, "")
    assert "immutable" in marked.headers["cache-control"]
    assert bare.headers["cache-control"] == "no-cache"


def test_an_address_takes_only_its_methods(shared: dashboard.Site) -> None:
    """A method that an address does not have is answered 405 with those it has."""
    answer = shared.ask("DELETE", "/login", headers={"X-CSRF-Token": shared.csrf()})

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
