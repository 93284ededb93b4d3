"""Who gets in: passwords, sessions, tokens, a trusted proxy's word; and who does not."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from monitor.config import WebSettings
from monitor.store import sessions as stored
from monitor.web import access, sessions
from monitor.web.faults import Busy
from tests.support import commands, dashboard, databases
from tests.support.dashboard import PASSWORD, Site

LOCKED = WebSettings(password=SecretStr(PASSWORD))


@pytest.fixture
def locked(made_databases: databases.Databases, tmp_path: Path) -> Iterator[Site]:
    """A dashboard that the network reaches and a password opens; nobody is logged in."""
    with dashboard.opened(made_databases.sqlite(), tmp_path, web=LOCKED, loopback=False, seeded=False) as site:
        yield site


def reconfigured(site: Site, web: WebSettings) -> None:
    """Take over other settings, as a reload does."""
    context = site.desk.context
    assert context is not None
    context.setup = replace(context.setup, config=replace(context.setup.config, web=web))


def token(site: Site, *scopes: str, ends: timedelta | None = None) -> str:
    """Make an API token and return its secret."""
    secret, now = access.new_secret(), site.desk.clock.now()
    site.desk.write(
        lambda c: stored.add_token(c, f"t{secret[:8]}", access.hash_of(secret), scopes, now, ends and now + ends)
    )
    return secret


# -- logging in ----------------------------------------------------------------------------------


def test_password_opens_a_session(locked: Site) -> None:
    """The right password leads to the page that was asked for, with a cookie that scripts cannot read."""
    refused = locked.get("/sessions")
    entered = locked.post("/login", password=PASSWORD, next="/sessions")

    assert (refused.status, refused.headers["location"]) == (303, "/login?next=%2Fsessions")
    assert (entered.status, entered.headers["location"]) == (303, "/sessions")
    (cookie,) = entered.cookies
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()
    assert locked.get("/sessions").status == 200


@pytest.mark.parametrize("given", ["", "wrong password", PASSWORD + "x", PASSWORD[:-1], "\0", "x" * 50_000])
def test_a17_wrong_password_opens_nothing(locked: Site, given: str) -> None:
    """Any other password is refused, and says no more than that."""
    answer = locked.login(given)

    assert answer.status == 403
    assert answer.cookies == ()
    assert "That is not the password." in answer.text
    assert locked.get("/sessions").status == 303


def test_a17_hash_in_the_configuration_works_too(locked: Site) -> None:
    """A configured argon2 hash takes the password it was made of."""
    reconfigured(locked, replace(LOCKED, password=SecretStr(sessions.hash_password(PASSWORD))))

    assert locked.login("not this one").status == 403
    assert locked.login().status == 303


def test_a17_at_most_ten_tries_a_minute(locked: Site) -> None:
    """The eleventh try within a minute waits, even with the right password; a minute later it is let through."""
    statuses = [locked.login("wrong password").status for _ in range(11)]
    right = locked.login()
    locked.desk.clock.advance(seconds=61)

    assert statuses == [403] * 10 + [429]
    assert right.status == 429
    assert 1 <= int(right.headers["retry-after"]) <= 60
    assert locked.login().status == 303


def test_a17_tries_are_counted_for_each_address_and_for_all() -> None:
    """Ten addresses together have no more tries than one."""
    now = [100.0]
    tries = sessions.Tries(lambda: now[0])

    allowed = [tries.wait(f"10.0.0.{n}") == 0 for n in range(12)]
    now[0] += 61

    assert allowed == [True] * 10 + [False] * 2
    assert tries.wait("10.0.0.1") == 0


def test_a17_a_session_laid_by_another_opens_nothing(locked: Site) -> None:
    """A cookie that was there before the login is not the one after it (session fixation)."""
    locked.cookies[access.COOKIE] = "laid-there-by-somebody"

    locked.login()

    assert locked.cookies[access.COOKIE] != "laid-there-by-somebody"
    fixed = locked.ask("GET", "/sessions", headers={"Cookie": f"{access.COOKIE}=laid-there-by-somebody"})
    assert fixed.status == 303


def test_logging_in_again_ends_the_session_before(locked: Site) -> None:
    """One browser has one session."""
    locked.login()
    before = locked.cookies[access.COOKIE]

    locked.login()

    assert locked.ask("GET", "/sessions", headers={"Cookie": f"{access.COOKIE}={before}"}).status == 303
    assert locked.get("/sessions").status == 200


@pytest.mark.parametrize(
    "where",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/%0d%0aX: y\r\nX: y",
        "javascript:a",
    ],
)
def test_a18_login_leads_nowhere_else(locked: Site, where: str) -> None:
    """What comes after the login is a path of ours, whatever the link said."""
    answer = locked.post("/login", password=PASSWORD, next=where)

    assert answer.headers["location"] == "/"


def test_sessions_survive_a_restart(locked: Site) -> None:
    """A session is in the database, not in the process."""
    locked.login()
    cookies = dict(locked.cookies)

    with dashboard.running(locked.desk, False, dashboard.Healthy()) as again:
        again.cookies = cookies
        assert again.get("/sessions").status == 200


def test_a17_logout_ends_the_session_itself(locked: Site) -> None:
    """After logging out the cookie is worth nothing, wherever a copy of it is."""
    locked.login()
    kept = locked.cookies[access.COOKIE]

    locked.post("/logout")

    assert locked.ask("GET", "/sessions", headers={"Cookie": f"{access.COOKIE}={kept}"}).status == 303


def test_a17_a_new_password_ends_every_session(locked: Site) -> None:
    """Whoever logged in with the old password logs in again."""
    locked.login()

    reconfigured(locked, replace(LOCKED, password=SecretStr("another password")))

    assert locked.get("/sessions").status == 303


@pytest.mark.parametrize(("step", "status"), [(timedelta(days=6), 200), (timedelta(days=8), 303)])
def test_an_idle_session_ends(locked: Site, step: timedelta, status: int) -> None:
    """A session that nobody used for a week is over."""
    locked.login()

    locked.desk.clock.time += step

    assert locked.get("/sessions").status == status


def test_a_used_session_ends_after_thirty_days(locked: Site) -> None:
    """However much it is used, a session has an end."""
    locked.login()

    statuses = []
    for _ in range(6):
        locked.desk.clock.time += timedelta(days=6)
        statuses.append(locked.get("/sessions").status)

    assert statuses == [200, 200, 200, 200, 303, 303]


def test_page_lists_and_ends_sessions(locked: Site) -> None:
    """One browser sees another's session and ends it."""
    locked.login()
    mine = dict(locked.cookies)
    locked.cookies = {}
    locked.login()
    other = dict(locked.cookies)
    locked.cookies = mine

    page = locked.get("/sessions").text
    (other_id,) = [n for n in re.findall(r'name="id" value="(\d+)"', page) if f"session {n}" in page and n != "1"]
    ended = locked.post("/sessions/end", id=other_id)

    assert ended.status == 303
    assert locked.get("/sessions").status == 200
    locked.cookies = other
    assert locked.get("/sessions").status == 303


@pytest.mark.parametrize("address", ["/sessions/end", "/tokens/revoke"])
@pytest.mark.parametrize("number", ["0", "1x", "9" * 19, "9" * 40, "0" * 19 + "1" + "0" * 20])
def test_a_number_that_is_no_session_or_token_is_not_there(locked: Site, address: str, number: str) -> None:
    """What no id can be is answered with 404, however long it is, and nothing ends."""
    locked.login()

    answer = locked.post(address, id=number)

    assert answer.status == 404
    assert locked.get("/sessions").status == 200


# -- tokens --------------------------------------------------------------------------------------


def test_a17_a_token_opens_what_its_scopes_say(locked: Site) -> None:
    """A token reads, writes or fetches feeds; each alone opens no other door."""
    reading, feeding = token(locked, "read"), token(locked, "feeds")

    def status(path: str, secret: str, method: str = "GET") -> int:
        return locked.ask(method, path, headers={"Authorization": f"Bearer {secret}"}).status

    assert status("/api/v1/openapi.json", reading) == 200
    assert status("/metrics", reading) == 401
    assert status("/metrics", feeding) == 200
    assert status("/api/v1/openapi.json", feeding) == 401
    assert status("/sessions/end", reading, "POST") == 403


def test_a17_the_metrics_token_opens_metrics_only(locked: Site) -> None:
    """The token of `[web] metrics` is no key to the dashboard."""
    reconfigured(locked, replace(LOCKED, metrics=SecretStr("metrics-token-0123456789")))
    sent = {"Authorization": "Bearer metrics-token-0123456789"}

    assert locked.ask("GET", "/metrics", headers=sent).status == 200
    assert locked.ask("GET", "/api/v1/openapi.json", headers=sent).status == 401


def test_feed_readers_send_a_token_as_their_password(locked: Site) -> None:
    """Basic authentication carries a token, whatever the user name."""
    secret = token(locked, "feeds")
    basic = base64.b64encode(f"anything:{secret}".encode()).decode()

    assert locked.ask("GET", "/metrics", headers={"Authorization": f"Basic {basic}"}).status == 200
    assert locked.ask("GET", "/metrics", headers={"Authorization": "Basic ???"}).status == 401


def test_a17_an_ended_token_opens_nothing(locked: Site) -> None:
    """A token that is revoked or over is nobody's."""
    short, revoked = token(locked, "read", ends=timedelta(days=1)), token(locked, "read")
    locked.desk.clock.advance(days=2)
    found = locked.desk.read(lambda c: stored.find_token(c, access.hash_of(revoked), locked.desk.clock.now()))
    locked.desk.write(lambda c: stored.revoke_token(c, found.id, locked.desk.clock.now()))

    for secret in (short, revoked, "", "x"):
        answer = locked.ask("GET", "/api/v1/openapi.json", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status == 401
        assert answer.headers["content-type"] == "application/problem+json"


def test_page_makes_a_token_and_shows_it_once(locked: Site) -> None:
    """The page of tokens gives the secret this once; the database has its hash only."""
    locked.login()

    made = locked.post("/tokens", name="bot <b>", scope="read", days="30")
    (secret,) = re.findall(r'<pre id="token" tabindex="0">(\S+)</pre>', made.text)

    assert made.status == 201
    assert "bot &lt;b&gt;" in made.text
    assert secret not in locked.get("/sessions").text
    opened = locked.ask("GET", "/api/v1/openapi.json", headers={"Authorization": f"Bearer {secret}", "Cookie": ""})
    assert opened.status == 200
    assert locked.post("/tokens", name="bot <b>", scope="read").status == 422


def test_page_and_api_list_the_open_sessions_and_tokens_only(locked: Site) -> None:
    """A token that is revoked or over is on neither list; what is open is told with all that is kept of it."""
    locked.login()
    token(locked, "read", ends=timedelta(days=1))
    locked.post("/tokens/revoke", id="1")
    token(locked, "read", ends=timedelta(days=1))
    locked.desk.clock.advance(days=2)
    token(locked, "read", "feeds")

    (session,) = locked.api("GET", "/sessions").json["sessions"]
    (listed,) = locked.api("GET", "/tokens").json["tokens"]

    assert (session["id"], session["name"]) == (1, "desk")
    assert session["created_at"] < session["seen_at"] < session["expires_at"]
    assert (listed["id"], listed["scopes"], listed["used_at"], listed["expires_at"]) == (
        3,
        ["read", "feeds"],
        None,
        None,
    )
    assert locked.get("/sessions").text.count('action="/tokens/revoke"') == 1


# -- without a password, and behind a proxy ------------------------------------------------------


def test_a17_no_password_off_loopback_says_what_to_do(made_databases: databases.Databases, tmp_path: Path) -> None:
    """A monitor that the network reaches and that has no password shows nothing, and says how to change that."""
    with dashboard.opened(made_databases.sqlite(), tmp_path, loopback=False) as site:
        page, api = site.get("/"), site.get("/api/v1/openapi.json")

    assert page.status == 403
    assert "Set <code>password</code> under [web]" in page.text
    assert "Resettlement" not in page.text
    assert api.status == 401


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_a17_a_forwarded_visitor_is_not_this_machine(shared: Site, header: str) -> None:
    """Without a password, what a forwarder on this machine passes on comes from anywhere and gets nothing."""
    assert shared.get("/sessions").status == 200
    assert shared.get("/sessions", **{header: "127.0.0.1"}).status == 403
    assert shared.get("/metrics", **{header: "127.0.0.1"}).status == 401


def test_a_trusted_proxy_says_who_it_is(locked: Site) -> None:
    """A proxy at a trusted address names the visitor; one elsewhere, or without a name, does not."""
    proxied = replace(LOCKED, password=None, proxy_header="x-remote-user", trusted_proxies=("127.0.0.0/8",))
    reconfigured(locked, proxied)
    named, unnamed = locked.get("/sessions", X_Remote_User="anna"), locked.get("/sessions")
    reconfigured(locked, replace(proxied, trusted_proxies=("10.0.0.1",)))
    elsewhere = locked.get("/sessions", X_Remote_User="anna")

    assert named.status == 200
    assert unnamed.status == 303
    assert elsewhere.status == 303


@pytest.mark.parametrize("loopback", [True, False])
def test_cookie_is_for_https_only_where_the_visitor_came_by_it(
    made_databases: databases.Databases, tmp_path: Path, loopback: bool
) -> None:
    """Behind a proxy with https the cookie never travels in the clear; by address it works without."""
    web = replace(LOCKED, public_url="https://wire.example.org")
    with dashboard.opened(made_databases.sqlite(), tmp_path, web=web, loopback=loopback, seeded=False) as site:
        for host, secure in (("wire.example.org", True), (f"127.0.0.1:{site.port}", False)):
            form = f"csrf={site.csrf()}&password={PASSWORD.replace(' ', '+')}"
            kind = "application/x-www-form-urlencoded"
            site.cookies = {}
            answer = site.ask("POST", "/login", form, {"Host": host, "Content-Type": kind})
            assert ("secure" in answer.cookies[0].lower()) is secure
            site.cookies = {}


def test_a25_more_heavy_requests_than_two_are_sent_away(shared: Site) -> None:
    """Two heavy requests are in work at once; a third hears so, and when to come again."""

    async def three() -> tuple[list[str], int]:
        entered: list[str] = []
        async with shared.web.heavy(), shared.web.heavy():
            try:
                async with shared.web.heavy():
                    entered.append("third")
            except Busy as busy:
                wait = busy.retry_after
        async with shared.web.heavy():
            entered.append("afterwards")
        return entered, wait

    assert shared.call(three()) == (["afterwards"], 2)


# -- commands ------------------------------------------------------------------------------------


def test_commands_list_and_end_what_is_open(locked: Site, tmp_path: Path) -> None:
    """`wirewatch web` makes a token and ends sessions and tokens while the daemon runs."""
    locked.desk.clock.time = datetime.now(UTC)
    locked.login()
    file = tmp_path / "config.toml"
    file.write_text(f'[monitor]\ndatabase = "{locked.desk.config.database}"\nrules = "rules"\n')
    config = ("--config", str(file))

    made = commands.call("web", "token", "add", "bot", "--scope", "read", "--for", "90d", *config)
    twice = commands.call("web", "token", "add", "bot", *config)
    sent = {"Authorization": f"Bearer {made.out.strip()}", "Cookie": ""}
    before = locked.ask("GET", "/api/v1/openapi.json", headers=sent).status
    (session,) = commands.call("web", "sessions", "--json", *config).json
    (listed,) = commands.call("web", "token", "list", "--json", *config).json
    revoked = commands.call("web", "token", "revoke", "bot", *config)
    ended = commands.call("web", "logout", str(session["id"]), *config)

    assert (made.code, twice.code, revoked.code, ended.code) == (0, 1, 0, 0)
    assert before == 200
    assert (listed["name"], listed["scopes"]) == ("bot", ["read"])
    assert locked.ask("GET", "/api/v1/openapi.json", headers=sent).status == 401
    assert locked.get("/sessions").status == 303
    assert commands.call("web", "token", "list", "--json", *config).json == []


def test_api_lists_and_ends_what_is_open(locked: Site) -> None:
    """A program sees sessions and tokens without their secrets, and ends them."""
    locked.login()
    secret = token(locked, "write")
    sent = {"Authorization": f"Bearer {secret}", "Cookie": ""}

    def ask(method: str, path: str) -> dashboard.Answer:
        return locked.ask(method, "/api/v1" + path, headers=sent)

    (session,), (listed,) = ask("GET", "/sessions").json["sessions"], ask("GET", "/tokens").json["tokens"]
    ended, again = ask("DELETE", f"/sessions/{session['id']}"), ask("DELETE", f"/sessions/{session['id']}")
    gone = ask("DELETE", f"/tokens/{listed['id']}")

    assert listed["scopes"] == ["write"]
    assert secret not in str(listed)
    assert (ended.status, again.status, gone.status) == (204, 404, 204)
    assert locked.get("/sessions").status == 303
    assert ask("GET", "/tokens").status == 401


def test_command_hashes_a_password() -> None:
    """`wirewatch web hash` prints what `password` under [web] takes."""
    printed = commands.call("web", "hash", stdin=PASSWORD.encode() + b"\n").out.strip()

    assert sessions.is_hash(printed)
    assert asyncio.run(sessions.Passwords().fits(printed, PASSWORD)) is True
