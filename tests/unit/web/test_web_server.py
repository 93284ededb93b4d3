"""The server inside the daemon's loop: how it starts, refuses to start, and leaves."""

from __future__ import annotations

import asyncio
import signal
import socket
import time

import aiohttp
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from monitor.errors import ConfigError
from monitor.web import server


async def _slow(_request: Request) -> PlainTextResponse:
    await asyncio.sleep(60)
    return PlainTextResponse("late")


def _app() -> Starlette:
    return Starlette(routes=[Route("/slow", _slow)])


async def _get(url: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]"), ("localhost", "localhost")])
async def test_server_answers_where_it_was_told(host: str, shown: str) -> None:
    """It listens on an IPv4 address, an IPv6 address or a name, and says which port it got."""
    try:
        running = await server.serve(_app(), host, 0)
    except ConfigError:
        pytest.skip(f"needs {host}")

    status = await _get(f"http://{shown}:{running.port}/none")

    assert status == 404
    await running.stop()


async def test_port_in_use_is_a_clear_error() -> None:
    """A port that another program holds is a fault of the configuration, with its remedy."""
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]

        with pytest.raises(ConfigError) as caught:
            await server.serve(_app(), "127.0.0.1", port)

    assert caught.value.faults[0].code == "cannot_listen"
    assert str(caught.value).startswith(f"127.0.0.1:{port}: cannot_listen the web server cannot listen there: Address")
    assert "change `listen` under [web]" in str(caught.value)


@pytest.mark.parametrize("host", ["192.0.2.1", "no such host"])
async def test_foreign_address_is_a_clear_error(host: str) -> None:
    """An address that is not this machine's is refused in the same way."""
    with pytest.raises(ConfigError, match=r"cannot_listen .*change `listen`"):
        await server.serve(_app(), host, 0)


async def test_signals_are_left_to_the_daemon() -> None:
    """Starting and stopping change no signal handler."""
    before = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))

    running = await server.serve(_app(), "127.0.0.1", 0)
    during = (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))
    await running.stop()

    assert before == during == (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT))


async def test_f02_stop_does_not_wait_for_a_hanging_request() -> None:
    """A request in flight holds the end up for some seconds at most, and the port is free afterwards."""
    running = await server.serve(_app(), "127.0.0.1", 0)
    hanging = asyncio.create_task(_get(f"http://127.0.0.1:{running.port}/slow"))
    await asyncio.sleep(0.1)
    started = time.monotonic()

    await running.stop()
    await running.stop()

    assert time.monotonic() - started < 6
    await asyncio.gather(hanging, return_exceptions=True)
    again = await server.serve(_app(), "127.0.0.1", running.port)
    await again.stop()
