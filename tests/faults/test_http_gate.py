"""Hostile addresses, servers and bodies against the gate: F17-F19, F28-F30, A01-A06."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import itertools
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from monitor import http
from monitor.errors import FetchError
from monitor.http import guard
from monitor.model import Reply
from tests.support import web
from tests.support.addresses import BLOCKED, BLOCKED_V6, ODD_SPELLINGS

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
async def gate() -> AsyncIterator[http.Gate]:
    opened = open_gate()
    yield opened
    await opened.close()


def open_gate(resolver: web.Names | None = None, **changes: Any) -> http.Gate:
    return http.Gate(http.HttpSettings(**{"user_agent": "test", "allow_private": LOOPBACK, **changes}), resolver)


async def fetch(gate: http.Gate, url: str, **options: Any) -> Reply:
    return await gate.fetch(url, **{"cap": 1_000_000, "accept": "*/*", **options})


async def refusal(gate: http.Gate, url: str, **options: Any) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetch(gate, url, **options)
    return caught.value


# -- addresses -----------------------------------------------------------------------------------


@pytest.mark.parametrize("host", [*BLOCKED, *(f"[{a}]" for a in BLOCKED_V6), *ODD_SPELLINGS])
async def test_a01_no_way_of_writing_an_address_reaches_inside(host: str, connects: list[Any]) -> None:
    """However a private address is written, no socket is connected."""
    gate = open_gate(web.Names(), allow_private=())

    error = await refusal(gate, f"http://{host}:8080/latest/meta-data/")
    await gate.close()

    assert error.code in {"blocked_address", "bad_url"}
    assert connects == []


@pytest.mark.parametrize("address", [*BLOCKED, *BLOCKED_V6])
async def test_a01_a_name_for_a_private_address_is_refused(address: str, connects: list[Any]) -> None:
    """A public name that resolves inside is refused, with a message that tells the remedy."""
    gate = open_gate(web.Names({"evil.example": [address]}), allow_private=())

    error = await refusal(gate, "http://evil.example/")
    await gate.close()

    assert error.code == "blocked_address"
    assert "evil.example" in str(error)
    assert "allow_private" in str(error)
    assert connects == []


async def test_a01_the_socket_is_guarded_too(connects: list[Any]) -> None:
    """An address that never meets the resolver is stopped where sockets are made."""
    names = web.Names()
    gate = open_gate(names, allow_private=())

    error = await refusal(gate, "http://10.0.0.1/")
    await gate.close()

    assert names.asked == []
    assert error.code == "blocked_address"
    assert connects == []


async def test_a01_a_public_address_is_connected_to(connects: list[Any]) -> None:
    """The guard of these tests sees connections: a public address does reach it."""
    gate = open_gate(web.Names({"news.example": ["93.184.216.34"]}), allow_private=())

    error = await refusal(gate, "http://news.example/")
    await gate.close()

    assert error.code == "connect"
    assert connects == [("93.184.216.34", 80)]


async def test_a02_of_mixed_records_only_the_allowed_are_used(connects: list[Any], site: web.Site) -> None:
    """A name with a private and an allowed address leads to the allowed one, whichever comes first."""
    site.page("/", b"x")
    records = ["10.0.0.1", "::1", "127.0.0.1", "169.254.169.254"]

    for order in itertools.permutations(records):
        gate = open_gate(web.Names({"mixed.example": order}))
        await fetch(gate, site.url("/", host="mixed.example"))
        await gate.close()

    assert set(connects) == {("127.0.0.1", site.port)}


async def test_a02_rebinding_never_connects_to_what_was_not_checked(connects: list[Any]) -> None:
    """A name that alternates between a public and a private address never leads inside."""
    names = web.Names()
    names.set("rebind.example", *[["93.184.216.34"], ["127.0.0.1"]] * 10)
    codes = set()

    for _ in range(20):  # a gate of its own each time: a gate remembers an answer for some seconds
        gate = open_gate(names, allow_private=())
        codes.add((await refusal(gate, "http://rebind.example/")).code)
        await gate.close()

    assert codes == {"connect", "blocked_address"}
    assert set(connects) == {("93.184.216.34", 80)}


async def test_a02_a_thousand_changing_answers_give_no_private_address() -> None:
    """Whatever the name server answers, mixed or alternating, only allowed addresses are passed on."""
    names = web.Names()
    names.set("rebind.example", *[["93.184.216.34", "::1"], ["127.0.0.1"], ["10.0.0.1", "8.8.8.8"]] * 334)
    checked = guard.Guard(http.parse_allowed(()), names)
    given = set()

    for _ in range(1000):
        with contextlib.suppress(guard.Blocked):
            given.update(result["host"] for result in await checked.resolve("rebind.example", 80))

    assert given == {"93.184.216.34", "8.8.8.8"}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "//169.254.169.254/",
        "http://[::ffff:169.254.169.254]/",
        "http://inside.example/",
        "http://127.0.0.1:1/",
    ],
)
async def test_a03_every_hop_is_checked(status: int, target: str, connects: list[Any], site: web.Site) -> None:
    """A redirect from an allowed host to a blocked address, name or port is not followed."""
    gate = open_gate(web.Names({"inside.example": ["192.168.0.1"]}), allow_private=(site.address,))
    site.redirect("/feed", target, status)

    error = await refusal(gate, site.url("/feed"))
    await gate.close()

    assert error.code == "blocked_address"
    assert set(connects) == {("127.0.0.1", site.port)}


@pytest.mark.parametrize(
    "target",
    [
        "file:///etc/passwd",
        "ftp://example.com/",
        "gopher://x/",
        "data:text/plain,x",
        "jar:http://x!/",
        "http://u@example.com/",
    ],
)
async def test_a03_redirects_lead_only_to_web_addresses(target: str, gate: http.Gate, site: web.Site) -> None:
    """A redirect to another scheme, or with a user name, is refused."""
    site.redirect("/feed", target)

    assert (await refusal(gate, site.url("/feed"))).code == "bad_redirect"


async def test_a03_credentials_never_cross_hosts(site: web.Site) -> None:
    """Password, the operator's headers and cookies stay behind when a redirect leaves the host, for good."""
    names = web.Names({"feeds.example": ["127.0.0.1"], "other.example": ["127.0.0.1"]})
    gate = open_gate(names)
    site.redirect("/start", site.url("/away", host="other.example"), headers={"Set-Cookie": "session=1"})
    site.redirect("/away", site.url("/back", host="feeds.example"))
    site.page("/back", b"x")

    await fetch(gate, site.url("/start", host="feeds.example"), auth=("desk", "secret"), headers={"X-Key": "secret"})
    await gate.close()

    first, *later = site.requests
    assert (first.headers["x-key"], "authorization" in first.headers) == ("secret", True)
    assert len(later) == 2
    assert not any({"authorization", "x-key", "cookie"} & set(request.headers) for request in later)


async def test_a03_credentials_never_change_ports(gate: http.Gate, site: web.Site) -> None:
    """Another port of the same host is another server."""
    async with web.Site() as other:
        other.page("/", b"x")
        site.redirect("/feed", other.url("/"))

        await fetch(gate, site.url("/feed"), auth=("desk", "secret"))

    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    "url",
    [
        *("file:///etc/passwd", "/etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "data:text/plain,hello"),
        *(
            "jar:http://127.0.0.1!/x",
            "javascript:alert(1)",
            "http:127.0.0.1",
            "http:/127.0.0.1",
            "http:///127.0.0.1",
            "",
        ),
        *("feed://127.0.0.1/", "//127.0.0.1/", "unix:/run/docker.sock", "http+unix://x/"),
    ],
)
async def test_a04_only_web_addresses_are_fetched(url: str, gate: http.Gate, connects: list[Any]) -> None:
    """Another scheme is refused before anything is opened."""
    error = await refusal(gate, url)

    assert error.code == "bad_url"
    assert connects == []


@pytest.mark.parametrize(
    "url",
    [
        *("http://127.0.0.1:80\\@example.com/", "http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/"),
        *("http://example.com#@127.0.0.1/x\x00", "http://example.com@127.0.0.1/", "http://127.0.0.1 .example.com/"),
        *("http://127.0.0.1\t.example.com/", "http://127.0.0.1\x00.example.com/", "http://127.0.0.1\r\nHost: x/"),
        *("ht\ttp://127.0.0.1/", "http://\t127.0.0.1/", " http://127.0.0.1/", "http://127.0.0.1:80:81/"),
        *(
            "http://[127.0.0.1]/",
            "http://[::1]x/",
            "http://[::1/",
            "http://::1/",
            "http://1.1.1.1&@127.0.0.1#@3.3.3.3/",
        ),
        *("http://127.0.0.1:@example.com/", "http://example.com:80@127.0.0.1:80/", "http://\u2028127.0.0.1/"),
        *(
            "http://exa%6dple.com/",
            "http://ex\u00adample..com/",
            "http://127.0.0.1%2f@example.com/",
            "http://\ud800.com/",
        ),
    ],
)
async def test_a05_what_parsers_read_differently_is_refused(url: str, gate: http.Gate, connects: list[Any]) -> None:
    """An address that two parsers could take for two hosts is refused when it is parsed."""
    error = await refusal(gate, url)

    assert error.code == "bad_url"
    assert connects == []


@pytest.mark.parametrize("tail", ["#@evil.example/", "?@evil.example/", "/@evil.example"])
async def test_a05_an_at_sign_after_the_host_is_no_user_name(tail: str, site: web.Site) -> None:
    """Behind `#`, `?` or `/` an at-sign is part of path or query, and the host stays the host."""
    names = web.Names()
    gate = open_gate(names)
    site.on("*", web.page(b"x"))

    reply = await fetch(gate, f"http://{site.address}{tail}")
    await gate.close()

    assert reply.body == b"x"
    assert names.asked == []


async def test_a06_proxy_variables_are_ignored(
    monkeypatch: pytest.MonkeyPatch, connects: list[Any], site: web.Site
) -> None:
    """A proxy in the environment is not used: it would fetch what the guard refuses."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.2:9")
    site.page("/", b"x")
    gate = open_gate()

    await fetch(gate, site.url("/"))
    await gate.close()

    assert set(connects) == {("127.0.0.1", site.port)}


async def test_a06_an_allowed_port_opens_no_other(connects: list[Any], site: web.Site) -> None:
    """`127.0.0.1:PORT` opens that port; another port and another address stay closed."""
    site.page("/", b"x")
    gate = open_gate(allow_private=(site.address,))

    reply = await fetch(gate, site.url("/"))
    others = [
        await refusal(gate, url) for url in (f"http://127.0.0.1:{site.port + 1}/", f"http://127.0.0.2:{site.port}/")
    ]
    await gate.close()

    assert reply.body == b"x"
    assert [error.code for error in others] == ["blocked_address"] * 2
    assert set(connects) == {("127.0.0.1", site.port)}


# -- redirects -----------------------------------------------------------------------------------


async def test_f19_a_loop_ends_after_five_hops(gate: http.Gate, site: web.Site) -> None:
    """A redirect loop costs six requests and tells what it is."""
    site.redirect("/a", "/b", 301)
    site.redirect("/b", "/a", 301)

    error = await refusal(gate, site.url("/a"))

    assert error.code == "too_many_redirects"
    assert len(site.requests) == 6


async def test_f19_five_hops_are_followed(gate: http.Gate, site: web.Site) -> None:
    """The fifth redirect is still followed."""
    for hop in range(5):
        site.redirect(f"/{hop}", f"/{hop + 1}", 302)
    site.page("/5", b"x")

    assert (await fetch(gate, site.url("/0"))).body == b"x"


@pytest.mark.parametrize("headers", [{}, {"Location": ""}])
async def test_f19_a_redirect_to_nowhere(headers: dict[str, str], gate: http.Gate, site: web.Site) -> None:
    """A redirect without an address is an error of its own, not an empty feed."""
    site.page("/feed", status=302, headers=headers)

    assert (await refusal(gate, site.url("/feed"))).code == "bad_redirect"


async def test_f19_tls_is_not_left(tmp_path: Path, site: web.Site) -> None:
    """A redirect from https to http is refused; the http server is never asked."""
    authority = web.Authority(tmp_path)
    gate = open_gate(ca_file=authority.ca_file)
    async with web.Site(authority.server()) as secure:
        secure.redirect("/feed", site.url("/feed"), 301)

        error = await refusal(gate, secure.url("/feed"))
        await gate.close()

    assert error.code == "bad_redirect"
    assert "https to http" in str(error)
    assert site.requests == []


# -- TLS -----------------------------------------------------------------------------------------


async def test_f17_a_good_certificate_passes(tmp_path: Path) -> None:
    """With the authority's certificate in ca_file, TLS works."""
    authority = web.Authority(tmp_path)
    gate = open_gate(ca_file=authority.ca_file)
    async with web.Site(authority.server()) as site:
        site.page("/", b"x")

        reply = await fetch(gate, site.url("/"))
        await gate.close()

    assert reply.body == b"x"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("expired", "its certificate has expired"),
        ("self_signed", "unknown"),
        ("wrong_name", "its certificate is for another"),
        ("unknown_authority", "unknown"),
    ],
)
async def test_f17_a_bad_certificate_is_refused_with_its_reason(fault: str, reason: str, tmp_path: Path) -> None:
    """Each fault of a certificate is told in plain words, and not a byte of a request is sent."""
    authority = web.Authority(tmp_path)
    contexts = {
        "expired": authority.expired,
        "self_signed": authority.self_signed,
        "wrong_name": lambda: authority.server("other.example"),
        "unknown_authority": authority.server,
    }
    gate = open_gate(ca_file=None if fault == "unknown_authority" else authority.ca_file)
    async with web.Site(contexts[fault]()) as site:
        site.page("/", b"x")

        error = await refusal(gate, site.url("/"))
        await gate.close()

    assert error.code == "tls"
    assert reason in str(error)
    assert site.requests == []


async def test_f17_a_name_must_match_the_certificate(tmp_path: Path) -> None:
    """A certificate for another host name is refused by name."""
    authority = web.Authority(tmp_path)
    gate = open_gate(web.Names({"feeds.example": ["127.0.0.1"]}), ca_file=authority.ca_file)
    async with web.Site(authority.server("other.example")) as site:
        error = await refusal(gate, site.url("/", host="feeds.example"))
        await gate.close()

    assert error.code == "tls"
    assert "another host name" in str(error)


async def test_f17_a_hanging_handshake_ends_at_the_deadline(tmp_path: Path, site: web.Site) -> None:
    """A server that accepts and then says nothing costs the deadline, not more."""
    gate = open_gate(deadline=0.3)

    error = await refusal(gate, f"https://{site.address}/")
    await gate.close()

    assert error.code == "timeout"


async def test_f17_no_tls_at_a_tls_address(gate: http.Gate) -> None:
    """A server that speaks no TLS gives a TLS error, never a retry without it."""
    async with await asyncio.start_server(
        lambda r, w: w.write(b"hello, this is not TLS\r\n"), "127.0.0.1", 0
    ) as server:
        port = server.sockets[0].getsockname()[1]

        error = await refusal(gate, f"https://127.0.0.1:{port}/")

    assert error.code == "tls"


# -- slow, large and broken answers --------------------------------------------------------------


@pytest.mark.parametrize("headers", [False, True])
async def test_f18_a_dripping_server_ends_at_the_deadline(headers: bool, site: web.Site) -> None:
    """One byte at a time, in headers or body, does not outlast the deadline."""
    site.on("/feed", web.drip(b"x" * 1000, pause=0.05, headers=headers))
    gate = open_gate(deadline=0.4)
    began = time.monotonic()

    error = await refusal(gate, site.url("/feed"))
    await gate.close()

    assert error.code == "timeout"
    assert time.monotonic() - began < 3 * 0.4


async def test_f18_redirects_share_one_deadline(site: web.Site) -> None:
    """Slow hops do not each get the whole time."""
    for hop in range(5):
        site.on(f"/{hop}", _slow_redirect(f"/{hop + 1}", 0.2))
    site.page("/5", b"x")
    gate = open_gate(deadline=0.5)

    error = await refusal(gate, site.url("/0"))
    await gate.close()

    assert error.code == "timeout"
    assert len(site.requests) <= 3


async def test_f18_slow_hosts_do_not_hold_up_others(site: web.Site) -> None:
    """Requests that wait for their turn at a silent host hold no place among all."""
    names = web.Names({"slow.example": ["127.0.0.1"], "fast.example": ["127.0.0.1"]})
    gate = open_gate(names, concurrency=4, deadline=5.0)
    site.on("/silent", web.silence())
    site.page("/feed", b"x")

    slow = [asyncio.create_task(fetch(gate, site.url("/silent", host="slow.example"))) for _ in range(20)]
    await site.until_busy(2)
    reply = await asyncio.wait_for(fetch(gate, site.url("/feed", host="fast.example")), 2)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)
    await gate.close()

    assert reply.body == b"x"


@pytest.mark.parametrize("at", [0, 1, 500, 999])
async def test_f26_a_cut_body_is_no_body(at: int, gate: http.Gate, site: web.Site) -> None:
    """A body shorter than its Content-Length is an error, never a shorter feed."""
    site.on("/feed", web.truncated(b"x" * 1000, at))

    assert (await refusal(gate, site.url("/feed"))).code == "truncated"


async def test_f26_a_cut_chunk_or_gzip_stream_is_no_body(gate: http.Gate, site: web.Site) -> None:
    """A chunked body without its last chunk and a gzip stream without its end are errors too."""
    chunked = web.head(200, {"Transfer-Encoding": "chunked"}) + b"5\r\nhello\r\n"
    zipped = gzip.compress(b"hello " * 100)[:-9]
    site.on("/chunked", web.raw(chunked))
    site.on("/gzip", web.raw(web.head(200, {"Content-Encoding": "gzip"}) + zipped))

    codes = [(await refusal(gate, site.url(path))).code for path in ("/chunked", "/gzip")]

    assert codes == ["truncated", "truncated"]


async def test_f29_reading_stops_at_the_cap(gate: http.Gate, site: web.Site) -> None:
    """An endless body, a body announced too large and one byte too many are refused; the cap itself passes."""
    site.on("/endless", web.endless(b"x" * 65536))
    site.on("/announced", web.raw(web.head(200, {"Content-Length": "50000000"})))
    site.page("/over", b"x" * 100_001)
    site.page("/exact", b"x" * 100_000)

    codes = [(await refusal(gate, site.url(path), cap=100_000)).code for path in ("/endless", "/announced", "/over")]
    reply = await fetch(gate, site.url("/exact"), cap=100_000)

    assert codes == ["too_large"] * 3
    assert len(reply.body) == 100_000


async def test_f30_a_bomb_is_not_inflated(gate: http.Gate, site: web.Site) -> None:
    """A gzip body that unfolds to 50 MB is refused at the cap, with gzip within gzip left packed."""
    site.on("/bomb", web.bomb(50))
    site.page("/double", gzip.compress(gzip.compress(bytes(10_000_000))), headers={"Content-Encoding": "gzip"})

    error = await refusal(gate, site.url("/bomb"), cap=1_000_000)
    double = await fetch(gate, site.url("/double"), cap=1_000_000)

    assert error.code == "too_large"
    assert len(double.body) < 100_000


async def test_f30_endless_empty_members_are_refused(gate: http.Gate, site: web.Site) -> None:
    """A gzip stream of empty members, which never grows, ends too."""
    site.on("/feed", web.endless(gzip.compress(b"") * 1000, {"Content-Encoding": "gzip"}))

    assert (await refusal(gate, site.url("/feed"))).code == "bad_encoding"


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "compress", "gzip\u00a0", "x" * 5000])
async def test_f30_other_encodings_are_refused(encoding: str, gate: http.Gate, site: web.Site) -> None:
    """An encoding that was not asked for is an error that names it."""
    site.page("/feed", b"\x1b\x00", headers={"Content-Encoding": encoding})

    error = await refusal(gate, site.url("/feed"))

    assert error.code == "bad_encoding"
    assert len(str(error)) < 300


async def test_f30_what_is_not_gzip_is_refused(gate: http.Gate, site: web.Site) -> None:
    """A body that says gzip and is not gives an error, not garbage."""
    site.page("/feed", b"<rss/>", headers={"Content-Encoding": "gzip"})

    assert (await refusal(gate, site.url("/feed"))).code == "bad_encoding"


async def test_gzip_members_and_padding_are_read(gate: http.Gate, site: web.Site) -> None:
    """Two members in a row and zeros behind them are one body, however they are cut into packets."""
    content = gzip.compress(b"one ") + gzip.compress(b"two") + bytes(64)
    site.page("/whole", content, headers={"Content-Encoding": "gzip"})
    site.on("/drip", _dripped_gzip(content))

    bodies = [(await fetch(gate, site.url(path))).body for path in ("/whole", "/drip")]

    assert bodies == [b"one two", b"one two"]


async def test_an_empty_answer_that_says_gzip_is_empty(gate: http.Gate, site: web.Site) -> None:
    """Servers label empty bodies as gzip; they are empty, not truncated."""
    site.page("/feed", b"", headers={"Content-Encoding": "gzip"})

    assert (await fetch(gate, site.url("/feed"))).body == b""


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (b"", "protocol"),
        (b"garbage\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\n" + b"X: a\r\n" * 100_000 + b"\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx", "protocol"),
        (b"HTTP/1.1 999999 OK\r\n\r\n", "protocol"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "protocol"),
    ],
)
async def test_f28_answers_that_are_no_http(answer: bytes, code: str, gate: http.Gate, site: web.Site) -> None:
    """No answer, garbage, and headers beyond all measure are errors of ours, with a short message."""
    site.on("/feed", web.raw(answer))

    error = await refusal(gate, site.url("/feed"))

    assert error.code == code
    assert len(str(error)) < 400
    assert str(error).isprintable()


async def test_f15_no_server(gate: http.Gate) -> None:
    """A closed port and an unknown name are told apart."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        nowhere = open_gate(web.Names())

        closed = await refusal(gate, f"http://127.0.0.1:{port}/")
        unknown = await refusal(nowhere, "http://nowhere.example/")
        await nowhere.close()

    assert (closed.code, unknown.code) == ("connect", "dns")
    assert "nowhere.example" in str(unknown)


async def test_a16_messages_carry_no_key(site: web.Site) -> None:
    """Whatever goes wrong with an address that holds a key, the key is not in the message."""
    gate = open_gate(web.Names(), deadline=0.2, allow_private=(site.address,))
    site.on("/gone", web.hangup())
    site.on("/slow", web.silence())
    site.on("/short", web.truncated(b"x" * 10, 5))
    site.page("/large", b"x" * 100)
    site.page("/odd", b"x", headers={"Content-Encoding": "br"})
    site.redirect("/away", "ftp://x/?key=s3cret")
    site.redirect("/loop", "/loop?key=s3cret")
    site.redirect("/nowhere", "")
    paths = ("/gone", "/slow", "/short", "/large", "/odd", "/away", "/loop", "/nowhere")
    addresses = [site.url(path) for path in paths] + ["http://10.0.0.1/", "http://unknown.example/"]

    messages = [str(await refusal(gate, f"{address}?key=s3cret", cap=50)) for address in addresses]
    await gate.close()

    assert len(messages) == 10
    assert not [message for message in messages if "s3cret" in message]


async def test_headers_that_cannot_be_kept_count_as_absent(gate: http.Gate, site: web.Site) -> None:
    """An ETag of control characters, foreign bytes or 5 kB is not stored and not sent back."""
    for path, value in {"/long": '"' + "a" * 5000 + '"', "/bytes": '"\udce9"', "/odd": '"é"'}.items():
        site.on(path, web.raw(web.head(200, {"ETag": value, "Content-Length": "1"}) + b"x"))

    replies = [await fetch(gate, site.url(path)) for path in ("/long", "/bytes", "/odd")]

    assert [(reply.body, reply.info.etag) for reply in replies] == [(b"x", None)] * 3


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\nb", "a\x00b", "\ud800", "é"])
async def test_a_stored_header_cannot_inject_another(value: str, gate: http.Gate, site: web.Site) -> None:
    """A stored ETag or date that is not plain text is left out, as if there were none."""
    site.page("/feed", b"x")

    await fetch(gate, site.url("/feed"), etag=value, last_modified=value)

    assert not {"if-none-match", "if-modified-since", "x-injected"} & set(site.requests[0].headers)


@pytest.mark.parametrize("headers", [{"X-Key": "a\r\nX-Injected: 1"}, {"X\r\nY": "1"}, {"X-Key": "a\x00b"}])
async def test_a_configured_header_cannot_inject_another(
    headers: dict[str, str], gate: http.Gate, site: web.Site
) -> None:
    """A configured header with a line break is an error and reaches no server."""
    error = await refusal(gate, site.url("/feed"), headers=headers)

    assert error.code == "protocol"
    assert site.requests == []


def _slow_redirect(target: str, pause: float) -> web.Reply:
    async def reply(_: web.Request, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(pause)
        writer.write(web.head(302, {"Location": target, "Content-Length": "0"}))

    return reply


def _dripped_gzip(content: bytes) -> web.Reply:
    async def reply(_: web.Request, writer: asyncio.StreamWriter) -> None:
        writer.write(web.head(200, {"Content-Encoding": "gzip", "Content-Length": str(len(content))}))
        for byte in content:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(0)

    return reply
