"""uvicorn inside the daemon's own event loop: it takes no signals and leaves within two seconds."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from monitor.errors import ConfigError, Fault

MAX_CONNECTIONS = 100
MAX_REQUEST_HEAD = 16_384
_STOP_SECONDS = 2.0


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the daemon."""
        yield


class Server:
    """A server that answers; `port` is the one it got, where 0 was asked for."""

    def __init__(self, server: _Uvicorn, task: asyncio.Task[None], host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server = server
        self._task = task

    async def stop(self) -> None:
        """Take no more requests, give those in flight a second, and leave; safe to call twice."""
        self._server.should_exit = True
        done, _ = await asyncio.wait([self._task], timeout=_STOP_SECONDS)
        if not done:
            self._task.cancel()
            await asyncio.wait([self._task], timeout=_STOP_SECONDS)


async def serve(app: ASGIApp, host: str, port: int) -> Server:
    """Return a server that answers on `host` and `port`.

    Raises: ConfigError (`cannot_listen`) if the address is taken, is not one of this machine, or is not allowed.
    """
    listener = _listen(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,  # else any caller could claim to be local
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        h11_max_incomplete_event_size=MAX_REQUEST_HEAD,
        http="h11",
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )
    server = _Uvicorn(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="web-server")
    while not server.started:
        if task.done():
            await task
            raise RuntimeError("the web server ended while it started")
        await asyncio.sleep(0.01)
    return Server(server, task, host, listener.getsockname()[1])


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> ConfigError:
    shown = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    message = f"the web server cannot listen there: {error.strerror or error}"
    fix = "stop what holds the address, or change `listen` under [web]"
    return ConfigError([Fault(shown, None, None, "cannot_listen", message, fix)])
