"""What a `json://` channel gets, as docs/webhooks.md describes it."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest

from monitor import model
from monitor.delivery import channel
from tests.support import notices, web

DOCS = Path(__file__).resolve().parents[3] / "docs" / "webhooks.md"
FIELDS = {"version", "title", "message", "attachments", "type"}


async def received(notice: model.Notice) -> tuple[dict[str, Any], str]:
    """Return the payload that a webhook gets for a notice, and its media type."""
    bodies: list[tuple[bytes, str]] = []

    async def keep(request: web.Request, writer: asyncio.StreamWriter) -> None:
        bodies.append((request.body, request.headers.get("content-type", "")))
        await web.page(b"ok")(request, writer)

    async with web.Site() as site:
        site.on("/hook", keep)
        (opened,) = channel.open_channel("desk", f"json://{site.address}/hook")
        result = await opened.sender.send(notice)
    assert result.outcome is model.SendOutcome.SENT
    ((body, kind),) = bodies
    return json.loads(body), kind


async def test_a_webhook_gets_the_documented_fields() -> None:
    """An object of version 1.0: the headline, the message as plain text, no attachments, always `info`."""
    payload, kind = await received(notices.notice())

    assert kind == "application/json"
    assert set(payload) == FIELDS
    assert (payload["version"], payload["type"], payload["attachments"]) == ("1.0", "info", [])
    assert payload["title"]
    assert "»" in payload["message"]


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_is_documented(field: str) -> None:
    """The page names each field in its table, and its example has it."""
    text = DOCS.read_text("utf-8")
    example = json.loads(re.findall(r"```json\n(.*?)```", text, re.DOTALL)[0])

    assert f"| `{field}` |" in text
    assert field in example
