"""Services behind apprise, on loopback, as strict about what they take as their documentation is.

Each keeps what it accepted as a reader sees it, and refuses as the real one does; none does more than take messages.
"""

from __future__ import annotations

import asyncio
import html
import json
import re
from html.parser import HTMLParser
from typing import Any

from tests.support import web


class Service:
    """A fake of one service: `url` is its channel's address, `taken` what it accepted, as text."""

    def __init__(self, site: web.Site) -> None:
        self.site = site
        self.taken: list[str] = []
        self.refused: list[str] = []
        """Why, one sentence for each refusal."""
        self.links: list[str] = []
        """What its readers can open, where an address that stands in a text is no link."""
        site.on("*", self._answer)

    @property
    def url(self) -> str:
        """The address for config.toml."""
        raise NotImplementedError

    def point(self, service: Any) -> None:
        """Let apprise's object speak to us, where the real host is built in."""

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        """Return status and answer to a request; what is accepted is kept."""
        raise NotImplementedError

    async def _answer(self, request: web.Request, writer: asyncio.StreamWriter) -> None:
        status, answer = self.take(request)
        body = json.dumps(answer).encode() if answer else b""
        await web.page(body, status=status, headers={"Content-Type": "application/json"})(request, writer)

    def refuse(self, why: str, status: int = 400, **answer: Any) -> tuple[int, dict[str, Any]]:
        """Refuse with a reason."""
        self.refused.append(why)
        return status, {"error": why, **answer}


def units(text: str) -> int:
    """Return the length in UTF-16 code units, the strictest reading of "characters"."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


class Discord(Service):
    """Source: https://discord.com/developers/docs/resources/webhook#execute-webhook (content: 2,000 characters)."""

    def __init__(self, site: web.Site) -> None:
        super().__init__(site)
        self.previews: list[int] = []
        """How many links of each message are shown as pictures besides."""

    @property
    def url(self) -> str:
        return "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js"

    def point(self, service: Any) -> None:
        assert service.notify_url.startswith("https://discord.com/")
        service.notify_url = self.site.url("/api/webhooks")

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        payload = json.loads(request.body)
        content = payload.get("content", "")
        if not content.strip():
            return self.refuse("Cannot send an empty message", code=50006)
        if units(content) > 2000 or payload.get("embeds"):
            return self.refuse("Must be 2000 or fewer in length", code=50035)
        if re.search(r"@(everyone|here)\b|<@[!&]?\d+>", content):
            return self.refuse("it would call people")
        shown = 0 if payload.get("flags", 0) & 4 else len(re.findall(r"https?://", content))
        self.previews.append(min(shown, 5))
        self.taken.append(content)
        return 204, {}


class _Tags(HTMLParser):
    """Reads the HTML that Telegram takes."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.text = ""
        self.fault = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        if tag not in ("b", "strong", "i", "em", "u", "s", "code", "pre", "a", "blockquote"):
            self.fault = f"unsupported start tag {tag}"

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.fault = f"unexpected end tag {tag}"

    def handle_data(self, data: str) -> None:
        self.text += data


class Telegram(Service):
    """Source: https://core.telegram.org/bots/api#sendmessage (1 to 4,096 characters after entities parsing)."""

    @property
    def url(self) -> str:
        return "tgram://123456789:abcdefg_hijklmnop/12315544"

    def point(self, service: Any) -> None:
        assert service.notify_url.startswith("https://api.telegram.org/")
        service.notify_url = self.site.url("/bot")

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        payload = json.loads(request.body)
        assert payload["parse_mode"] == "HTML"
        read = _Tags(payload["text"])
        if read.fault or read.open:
            return self.refuse(f"Bad Request: can't parse entities: {read.fault}", ok=False)
        if not read.text.strip() or units(read.text) > 4096:
            return self.refuse("Bad Request: message is too long, or empty", ok=False)
        self.taken.append(read.text)
        return 200, {"ok": True, "result": {"message_id": 1}}


class Teams(Service):
    """Source: https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors (28 KB a message)."""

    @property
    def url(self) -> str:
        return f"workflows://{self.site.address}/{'a' * 32}/{'b' * 43}/"

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        if len(request.body) > 28 * 1024:
            return self.refuse("the card is larger than 28 KB", 413)
        (card,) = [part["content"] for part in json.loads(request.body)["attachments"]]
        if card.get("msteams", {}).get("entities"):
            return self.refuse("it would call people")
        blocks = [block["text"] for block in card["body"] if block["type"] == "TextBlock"]
        self.links += re.findall(r"(?<!\\)\]\((https?://[^)\s]+)\)", blocks[-1])
        texts = [_unescaped(re.sub(r"\[[^\n]*?(?<!\\)\]\((https?://[^)\s]+)\)", r"\1", text)) for text in blocks]
        if not any(text.strip() for text in texts):
            return self.refuse("the card is empty")
        self.taken.append("\n".join(texts))
        return 202, {}


def _unescaped(markdown: str) -> str:
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


class Matrix(Service):
    """Source: https://spec.matrix.org/v1.11/client-server-api/#size-limits (65,536 bytes an event)."""

    @property
    def url(self) -> str:
        return f"matrix://monitor:pass@{self.site.address}/!room:127.0.0.1?version=3"

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        if "/send/" not in request.path:
            known = {"access_token": "t0ken", "user_id": "@monitor:127.0.0.1", "home_server": "127.0.0.1"}
            return 200, {**known, "device_id": "D1", "room_id": "!room:127.0.0.1", "joined_rooms": []}
        event = json.loads(request.body)
        if len(request.body) > 65_536 - 1024:
            return self.refuse("M_TOO_LARGE", 413, errcode="M_TOO_LARGE")
        if not event["body"].strip():
            return self.refuse("M_BAD_JSON: an empty body")
        self.taken.append(event["body"])
        return 200, {"event_id": "$1"}


class Ntfy(Service):
    """A server without attachments. Source: https://docs.ntfy.sh/publish/#limitations (4,096 bytes a message)."""

    @property
    def url(self) -> str:
        return f"ntfy://{self.site.address}/desk"

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        if request.headers.get("content-type") != "application/json":
            return self.refuse("attachments not allowed", code=40014, http=400)
        if len(request.body) > 2 * 4096:
            return self.refuse("JSON body too large", 413, code=41303, http=413)
        payload = json.loads(request.body)
        if len(payload.get("message", "").encode()) > 4096:
            return self.refuse("attachments not allowed", code=40014, http=400)
        self.taken.append(f"{payload.get('title', '')}\n{payload.get('message', '')}")
        return 200, {"id": "x"}


class Webhook(Service):
    """Anybody's own endpoint, by apprise's `json://`."""

    @property
    def url(self) -> str:
        return f"json://{self.site.address}/hook"

    def take(self, request: web.Request) -> tuple[int, dict[str, Any]]:
        payload = json.loads(request.body)
        self.taken.append(html.unescape(f"{payload['title']}\n{payload['message']}"))
        return 200, {}


SERVICES = (Discord, Telegram, Teams, Matrix, Ntfy, Webhook)
TLS = (Teams,)
"""Those that apprise reaches over TLS alone, whatever address it is given."""
