"""The health routes, asked over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import aiohttp
import pytest

from monitor import config_values
from monitor.web import headers, server
from tests.support.health import bare

TOKEN = "token-0123456789"


@dataclass
class Health:
    """What the daemon would say of itself."""

    is_alive: tuple[bool, str] = (True, "")
    is_ready: tuple[bool, tuple[str, ...]] = (True, ())
    tokens: list[str | None] = field(default_factory=lambda: [None])

    def alive(self) -> tuple[bool, str]:
        return self.is_alive

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        return self.is_ready

    def token(self) -> str | None:
        return self.tokens[-1]


@dataclass(frozen=True)
class Answer:
    """Status, headers and text of an answer."""

    status: int
    headers: dict[str, str]
    text: str


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def health() -> Health:
    """A healthy daemon without a token."""
    return Health()


@pytest.fixture
async def ask(health: Health) -> AsyncIterator[Ask]:
    """Return a function that asks a server which listens on loopback (or, `public`, thinks it does not)."""
    local = await server.serve(bare(health, loopback=True, token=health.token), "127.0.0.1", 0)
    public = await server.serve(bare(health, token=health.token), "127.0.0.1", 0)

    async with aiohttp.ClientSession() as session:

        async def request(path: str, method: str = "GET", at: str = "local", **headers: str) -> Answer:
            port = local.port if at == "local" else public.port
            names = {name.replace("_", "-"): value for name, value in headers.items()}
            async with session.request(method, f"http://127.0.0.1:{port}{path}", headers=names) as answer:
                return Answer(answer.status, dict(answer.headers), await answer.text())

        yield request
    await asyncio.gather(local.stop(), public.stop())


async def test_healthz_says_ok_and_nothing_else(ask: Ask) -> None:
    """A living daemon answers 200 with one word."""
    answer = await ask("/healthz")

    assert (answer.status, json.loads(answer.text)) == (200, {"status": "ok"})


async def test_healthz_of_a_dead_scheduler_is_red_without_data(ask: Ask, health: Health) -> None:
    """A daemon that no longer works answers 503, and keeps the reason to its log."""
    health.is_alive = (False, "scheduler_stalled")

    answer = await ask("/healthz")

    assert (answer.status, json.loads(answer.text)) == (503, {"status": "failing"})


async def test_readyz_lists_reasons(ask: Ask, health: Health) -> None:
    """A daemon that lives but does not do its work says why, in short codes."""
    ready = await ask("/readyz")
    health.is_ready = (False, ("rules_stale", "polls_failing"))
    amiss = await ask("/readyz")

    assert (ready.status, json.loads(ready.text)) == (200, {"status": "ready", "reasons": []})
    assert amiss.status == 503
    assert json.loads(amiss.text) == {"status": "not_ready", "reasons": ["rules_stale", "polls_failing"]}


async def test_metrics_are_open_on_loopback(ask: Ask) -> None:
    """Where only this machine can ask, no token is needed."""
    answer = await ask("/metrics")

    assert answer.status == 200
    assert "wirewatch_build_info" in answer.text
    assert answer.headers["Content-Type"].startswith("text/plain; version=")


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"]
)
@pytest.mark.parametrize("token", [None, TOKEN])
async def test_a17_metrics_want_the_token_elsewhere(
    ask: Ask, health: Health, header: str | None, token: str | None
) -> None:
    """A daemon that others can reach gives metrics to nobody without the token, nor to anybody if there is none."""
    health.tokens.append(token)
    headers = {} if header is None else {"Authorization": header}

    answer = await ask("/metrics", at="public", **headers)

    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "wirewatch_" not in answer.text


async def test_metrics_open_with_the_token(ask: Ask, health: Health) -> None:
    """The token of the moment opens them; a reloaded one does at once, the old one no more."""
    health.tokens.append(TOKEN)
    first = await ask("/metrics", at="public", Authorization=f"Bearer {TOKEN}")
    health.tokens.append("another-0123456789")
    old = await ask("/metrics", at="public", Authorization=f"Bearer {TOKEN}")
    new = await ask("/metrics", at="public", Authorization="bearer another-0123456789")

    assert (first.status, old.status, new.status) == (200, 401, 200)


async def test_a17_nobody_can_claim_to_be_local(ask: Ask) -> None:
    """Headers of proxies do not open what only this machine may see."""
    answer = await ask(
        "/metrics", at="public", X_Forwarded_For="127.0.0.1", Forwarded="for=127.0.0.1", Host="localhost"
    )

    assert answer.status == 401


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz/x", "/metrics/../x", "/api/v1/alerts", "/static/%2e%2e/etc"])
async def test_everything_else_is_not_there(ask: Ask, path: str) -> None:
    """No other path answers."""
    answer = await ask(path)

    assert answer.status == 404


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/none"])
async def test_a08_every_answer_carries_the_security_headers(ask: Ask, path: str) -> None:
    """Answers, refusals and what is not there forbid scripts, frames, sniffing and caching."""
    answers = [
        await ask(path, method, at) for method in ("GET", "HEAD", "POST", "DELETE") for at in ("local", "public")
    ]

    for answer in answers:
        assert {name: answer.headers.get(name) for name in headers.SECURITY_HEADERS} == headers.SECURITY_HEADERS
        assert "server" not in {name.lower() for name in answer.headers}


async def test_a08_a_failure_says_nothing_of_itself(ask: Ask, health: Health) -> None:
    """An exception becomes a bare 500 with the same headers."""
    health.is_ready = 3  # type: ignore[assignment]

    answer = await ask("/readyz")

    assert answer.status == 500
    assert "Traceback" not in answer.text
    assert {name: answer.headers.get(name) for name in headers.SECURITY_HEADERS} == headers.SECURITY_HEADERS


async def test_host_header_does_not_matter(ask: Ask) -> None:
    """Probes ask by whatever name they know."""
    answer = await ask("/healthz", Host="probe.example")

    assert answer.status == 200


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("fe80::1%eth0", False),
        ("localhost.example", False),
    ],
)
def test_loopback_is_what_no_other_machine_reaches(host: str, expected: bool) -> None:
    """Only loopback addresses and `localhost` count; all-addresses does not."""
    assert config_values.is_loopback(host) is expected
