"""Many hosts on loopback, each with a way of answering, in a thread of their own."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.contextmanager
def served(hosts: Mapping[str, Answer], port: int) -> Iterator[None]:
    """Serve every host at `port` while the block runs."""
    loop, ready = asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        for host, answer in hosts.items():
            await asyncio.start_server(answer, host, port)
        ready.set()

    def work() -> None:
        loop.run_until_complete(serve())
        loop.run_forever()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
