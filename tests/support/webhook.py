"""A chat service's incoming webhook on loopback, over TLS, that answers as Slack does, or as a test tells it to.

```
authority = web.Authority(tmp_path)
async with Webhook(authority) as hook:
    hook.script += [webhook.too_many(after=30), web.hangup()]     # then its usual ok
    await a_sender(hook.channel_url()).send(notice)
    assert hook.payloads[0]["text"] == "..."
```
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import struct
from collections import deque
from collections.abc import Iterator
from typing import Any

from tests.support import web

PATH = "/services/T0TEST/B0TEST/s3cr3t-t0ken-of-the-hook"


class Webhook:
    """Takes payloads at PATH; `payloads` holds all that arrived, `accepted` those that were answered with ok."""

    def __init__(self, authority: web.Authority) -> None:
        self.site = web.Site(authority.server())
        self.script: deque[web.Reply] = deque()
        """Replies to the next requests; when it is empty, ok."""
        self.payloads: list[dict[str, Any]] = []
        self.accepted: list[dict[str, Any]] = []
        self.arrived = asyncio.Event()
        """Set once anything has arrived."""
        self.refused_rooms: dict[str, web.Reply] = {}
        """Rooms (`#desk`) whose messages always get this reply."""
        self.site.on(PATH, self._answer)

    async def __aenter__(self) -> Webhook:
        await self.site.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.site.__aexit__(*error)

    def channel_url(self, room: str = "") -> str:
        """Return the URL that a channel in config.toml has for this webhook."""
        return f"slack+https://127.0.0.1:{self.site.port}{PATH}" + (f"#{room.removeprefix('#')}" if room else "")

    async def _answer(self, request: web.Request, writer: asyncio.StreamWriter) -> None:
        payload = json.loads(request.body)
        self.payloads.append(payload)
        self.arrived.set()
        if payload.get("channel") in self.refused_rooms:
            await self.refused_rooms[payload["channel"]](request, writer)
        elif self.script:
            await self.script.popleft()(request, writer)
        else:
            self.accepted.append(payload)
            await says("ok")(request, writer)


@contextlib.contextmanager
def in_background(hook: Webhook) -> Iterator[Webhook]:
    """Run `hook` in a thread of its own while the block runs, for tests that block."""
    with web.in_background(hook.site):
        yield hook


# -- replies -------------------------------------------------------------------------------------


def says(words: str, status: int = 200, headers: dict[str, str] | None = None) -> web.Reply:
    """A status and a word, as Slack answers."""
    return web.page(words.encode(), status=status, headers={"Content-Type": "text/plain", **(headers or {})})


def too_many(after: str | float = 30) -> web.Reply:
    """429 with a Retry-After."""
    return says("rate_limited", 429, {"Retry-After": str(after)})


def moved(to: str = "https://elsewhere.test/services/other") -> web.Reply:
    """A redirect."""
    return says("", 302, {"Location": to})


def huge(megabytes: int) -> web.Reply:
    """A reply that says ok at its start and then goes on for very long."""
    return web.page(b"ok" + b" " * (megabytes * 1_000_000))


def reset() -> web.Reply:
    """A reset connection (RST) instead of an answer, after the request was read."""

    async def reply(_: web.Request, writer: asyncio.StreamWriter) -> None:
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
        raise web.Hangup

    return reply


# -- what a reader of the chat sees ------------------------------------------------------------------


def strings(payload: Any) -> Iterator[str]:
    """Yield every string of a payload that a reader sees or a client interprets, but no addresses of buttons."""
    if isinstance(payload, dict):
        for key, value in payload.items():
            if key in ("text", "fallback") and isinstance(value, str):
                yield value
            elif key not in ("url", "type", "action_id"):
                yield from strings(value)
    elif isinstance(payload, list):
        for value in payload:
            yield from strings(value)


def controls(mrkdwn: str) -> list[str]:
    """Return every <...> that Slack would act on: links, mentions, commands."""
    return re.findall(r"<([^>]*)>", mrkdwn)


def visible(mrkdwn: str) -> str:
    """Return what a reader sees of a mrkdwn string, with **bold** kept as it is."""
    shown = re.sub(r"<([^|>]*)\|([^>]*)>", r"\2", mrkdwn)
    return shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
