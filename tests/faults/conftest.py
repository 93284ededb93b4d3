"""A site on loopback, and a look at every socket that is told to connect."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.support import web


@pytest.fixture
def connects(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every address that a socket of this process is told to connect to, over the event loop or directly."""
    seen: list[Any] = []
    loop_connect = asyncio.selector_events.BaseSelectorEventLoop.sock_connect

    async def sock_connect(self: Any, sock: socket.socket, address: Any) -> None:
        seen.append(address)
        if not address[0].startswith("127."):
            raise ConnectionRefusedError("this test lets nothing leave the machine")
        await loop_connect(self, sock, address)

    monkeypatch.setattr(asyncio.selector_events.BaseSelectorEventLoop, "sock_connect", sock_connect)
    return seen


@pytest.fixture
async def site() -> AsyncIterator[web.Site]:
    async with web.Site() as running:
        yield running
