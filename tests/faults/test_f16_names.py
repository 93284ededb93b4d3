"""Name servers that say no, fail, or say nothing: F16, at the resolver, the gate and the lane of polls."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from monitor import http
from monitor.engine.lanes import Lane
from monitor.errors import FetchError
from monitor.http import names
from tests.support import web

CONCURRENCY = 64
WAIT = 0.3
"""A tenth of what the product waits for a lookup."""


class NameServer:
    """Answers by the first label of a host: `ok` at once, `no` and `fail` with errors, `hang` only when released."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.down = threading.Event()
        """While set, nobody gets an answer."""
        self.release = threading.Event()

    def ask(self, host: str, port: int, family: socket.AddressFamily) -> Sequence[names.AddrInfo]:
        """Stand in for getaddrinfo."""
        self.asked.append(host)
        kind = host.partition(".")[0].partition("-")[0]
        if kind == "hang" or self.down.is_set():
            self.release.wait(30)
        if kind == "no":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if kind == "fail":
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def server() -> Iterator[NameServer]:
    running = NameServer()
    yield running
    running.release.set()


def gate_with(server: NameServer) -> http.Gate:
    """Return a gate that asks `server` for names."""
    settings = http.HttpSettings("test", allow_private=("127.0.0.0/8",), concurrency=CONCURRENCY)
    return http.Gate(settings, names.SystemResolver(server.ask, WAIT))


async def reason(gate: http.Gate, url: str) -> FetchError:
    """Return why `url` cannot be fetched."""
    with pytest.raises(FetchError) as caught:
        await gate.fetch(url, cap=1000, accept="*/*")
    return caught.value


@pytest.mark.parametrize(
    ("host", "words"),
    [
        ("no.example", "Name or service not known"),
        ("fail.example", "Temporary failure in name resolution"),
        ("hang.example", "no answer within 0.3 s"),
    ],
)
async def test_f16_each_fault_of_a_name_says_what_it_is(host: str, words: str, server: NameServer) -> None:
    """NXDOMAIN, SERVFAIL and silence end within the wait for a lookup, with the reason in plain words."""
    gate = gate_with(server)
    began = time.monotonic()

    error = await reason(gate, f"http://{host}/feed")
    await gate.close()

    assert error.code == "dns"
    assert words in str(error)
    assert time.monotonic() - began < 3 * WAIT


async def test_f16_two_hundred_hanging_names_delay_the_others_little(server: NameServer, site: web.Site) -> None:
    """Two hundred feeds whose names hang, all due before fifty healthy ones: these are late by 10 s of 3 s waits."""
    site.page("/feed", b"x")
    gate = gate_with(server)
    done: dict[str, float] = {}
    left = [f"hang-{n}.example" for n in range(200)] + [f"ok-{n}.example" for n in range(50)]

    async def find(n: int) -> list[str]:
        found, left[:] = left[:n], left[n:]
        return found

    async def poll(host: str) -> None:
        try:
            await gate.fetch(site.url("/feed", host=host), cap=1000, accept="*/*")
        except FetchError:
            return
        done[host] = time.monotonic() - began

    lane = Lane("poll", lambda: CONCURRENCY, find, str, poll, lambda _: None, lambda: None)
    began = time.monotonic()
    while await lane.advance() or left:  # noqa: ASYNC110 (the lane's own loop)
        await asyncio.sleep(0.01)
    await gate.close()

    rounds = 200 / CONCURRENCY
    assert rounds * names.SECONDS <= 10
    assert len(done) == 50
    assert max(done.values()) < 6 * rounds * WAIT  # one after the other it would be a minute


async def test_f16_known_hosts_outlive_a_dead_name_server(
    server: NameServer, site: web.Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While no name is answered at all, hosts that were looked up within the hour are still polled."""
    site.page("/feed", b"x")
    gate = gate_with(server)
    url = site.url("/feed", host="ok.example")
    await gate.fetch(url, cap=1000, accept="*/*")
    monkeypatch.setattr(names, "FRESH", 0.0)
    server.down.set()

    reply = await gate.fetch(url, cap=1000, accept="*/*")
    await gate.close()

    assert reply.body == b"x"


async def test_f16_a_name_that_is_gone_is_not_served_from_memory(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old answer stands in for silence only, not for the answer that there is no such name."""
    resolver = names.SystemResolver(server.ask, WAIT)
    await resolver.resolve("ok.example", 80)
    monkeypatch.setattr(names, "FRESH", 0.0)

    def gone(host: str, port: int, family: socket.AddressFamily) -> Sequence[names.AddrInfo]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(resolver, "_ask", gone)

    with pytest.raises(socket.gaierror, match="not known"):
        await resolver.resolve("ok.example", 80)


async def test_f16_a_late_answer_serves_the_next_request(server: NameServer) -> None:
    """A lookup that took too long is not wasted, and requests for one host share it."""
    resolver = names.SystemResolver(server.ask, WAIT)
    for _ in range(3):
        with pytest.raises(socket.gaierror, match="no answer"):
            await resolver.resolve("hang.example", 80)

    server.release.set()
    await asyncio.sleep(WAIT)
    found = await resolver.resolve("hang.example", 80)

    assert [result["host"] for result in found] == ["127.0.0.1"]
    assert server.asked == ["hang.example"]


async def test_f16_threads_are_bounded(server: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many names hang, only so many threads wait for them; the others are told at once."""
    monkeypatch.setattr(names, "THREADS", 5)
    resolver = names.SystemResolver(server.ask, WAIT)

    results = await asyncio.gather(
        *(resolver.resolve(f"hang-{n}.example", 80) for n in range(20)), return_exceptions=True
    )

    told = [str(result) for result in results]
    assert len(server.asked) == 5
    assert sum("too many names" in text for text in told) == 15


async def test_a02_a_remembered_address_is_checked_like_a_new_one(
    server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the resolver remembers leads inside no more than what it looks up."""
    gate = http.Gate(http.HttpSettings("test"), names.SystemResolver(server.ask, WAIT))

    first, second = await reason(gate, "http://ok.example/"), await reason(gate, "http://ok.example/")
    await gate.close()

    assert first.code == second.code == "blocked_address"
    assert server.asked == ["ok.example"]
