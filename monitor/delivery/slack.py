"""Slack's incoming webhooks, and the services that speak like them."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from monitor import model
from monitor.delivery import sender, slack_blocks, wording

REPLY_LIMIT = 65_536
LONGEST_WAIT = 7 * 86_400.0
"""A Retry-After beyond the life of a message counts as this."""

_CONTENT_WORDS = frozenset(
    {
        "invalid_payload",
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_attachments",
        "missing_text_or_fallback_or_attachments",
        "msg_blocks_too_long",
        "msg_too_long",
        "no_text",
        "too_long",
        "too_many_attachments",
    }
)
_SERVICE_WORD = re.compile(r"[a-z][a-z_]{2,60}")
_PATH_WORDS = frozenset({"services", "webhook", "webhooks"})
_UNAVAILABLE = frozenset({408, 425, 429})
_CONTENT_STATUSES = frozenset({400, 413, 422})


class SlackSender:
    """Posts notices to one incoming webhook."""

    def __init__(
        self, url: str, channel: str | None, settings: sender.SenderSettings, context: ssl.SSLContext | None = None
    ) -> None:
        self._url = url
        self._channel = channel
        self._deadline = settings.deadline
        self._context = context or sender.tls_context(settings)
        self._secrets = _secrets(url)

    async def send(self, notice: model.Notice) -> model.SendResult:
        """Post `notice` once; see `Sender.send`."""
        body = json.dumps(slack_blocks.render_payload(notice, self._channel)).encode()
        progress = SimpleNamespace(connected=False, status=None)
        try:
            async with asyncio.timeout(self._deadline):
                return await self._post(body, progress)
        except TimeoutError:
            return self._broken(progress, f"no complete answer within {self._deadline:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return self._broken(progress, f"{type(error).__name__}: {error}")

    async def close(self) -> None:
        """Nothing is kept open between messages."""

    async def _post(self, body: bytes, progress: SimpleNamespace) -> model.SendResult:
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "Wirewatch"}
        async with (
            self._session() as session,
            session.post(
                self._url, data=body, headers=headers, allow_redirects=False, trace_request_ctx=progress
            ) as response,
        ):
            progress.status = response.status
            progress.wait = retry_after(response.headers.get("Retry-After"), response.headers.get("Date"))
            reply = await _read_reply(response)
            if 300 <= response.status < 400:
                reply = _redirect_host(response)
        return self._definite(progress, reply)

    def _definite(self, progress: SimpleNamespace, reply: str) -> model.SendResult:
        words = wording.service_words(reply, self._secrets)
        return classify(progress.status, words, progress.wait)

    def _broken(self, progress: SimpleNamespace, reason: str) -> model.SendResult:
        """Judge an attempt that gave no complete answer; a status other than 2xx is an answer already."""
        if progress.status is not None and progress.status >= 300:
            return self._definite(progress, "")
        detail = wording.service_words(reason, self._secrets)
        if progress.connected:
            return model.SendResult(model.SendOutcome.UNCERTAIN, progress.status, f"no answer: {detail}")
        return model.SendResult(model.SendOutcome.RETRY, None, f"not connected: {detail}")

    def _session(self) -> aiohttp.ClientSession:
        # A connection kept open may be closed by the service just as we write: doubt that a new one avoids.
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=self._context, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_connect=None, sock_read=None),
            trace_configs=[_tracing()],
            trust_env=False,
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
        )


def classify(status: int, words: str, wait: float | None = None) -> model.SendResult:
    """Return what a webhook's answer means.

    Args:
        words: The reply's text, cleaned.
        wait: Seconds of its Retry-After.
    Source: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks (error words).
    """
    outcome = _outcome(status, words)
    detail = f"{status} {words}".strip()
    if outcome is model.SendOutcome.SENT:
        return model.SendResult(outcome, status, detail)
    if outcome is model.SendOutcome.RETRY:
        return model.SendResult(outcome, status, detail, retry_after=wait)
    return model.SendResult(outcome, status, wording.clamp(_explain(status) + detail, wording.DETAIL_LENGTH))


def _outcome(status: int, words: str) -> model.SendOutcome:
    if words in _CONTENT_WORDS and status < 500:
        return model.SendOutcome.REFUSED_CONTENT
    if 200 <= status < 300:
        return model.SendOutcome.SENT if _accepted(words) else model.SendOutcome.REFUSED
    if status in _UNAVAILABLE or status >= 500:
        return model.SendOutcome.RETRY
    if status in _CONTENT_STATUSES and not _SERVICE_WORD.fullmatch(words):
        return model.SendOutcome.REFUSED_CONTENT
    return model.SendOutcome.REFUSED


def _accepted(words: str) -> bool:
    """Slack and Mattermost say `ok`; Rocket.Chat `{"success": true}`; Zulip `{"result": "success"}`."""
    if words.lower() == "ok":
        return True
    try:
        answer = json.loads(words)
    except ValueError:
        return False
    if not isinstance(answer, dict):
        return False
    return answer.get("ok") is True or answer.get("success") is True or answer.get("result") == "success"


def _explain(status: int) -> str:
    if 200 <= status < 300:
        return "the service answered, but not with its ok; not counted as delivered: "
    if 300 <= status < 400:
        return "the address redirects and redirects are not followed; put the final address into the channel's url: "
    return ""


def retry_after(value: str | None, date: str | None = None, now: datetime | None = None) -> float | None:
    """Return the seconds a Retry-After header asks for, at most LONGEST_WAIT; None if absent or malformed.

    Args:
        date: The answer's Date header: a date in Retry-After is counted from it, whatever our clock says.
    Source: RFC 9110 section 10.2.3.
    """
    if value is None:
        return None
    if re.fullmatch(r"\s*\d{1,12}\s*", value, re.ASCII):
        return min(float(value), LONGEST_WAIT)
    until, since = _http_date(value), _http_date(date or "") or now or datetime.now(UTC)
    return None if until is None else min(max((until - since).total_seconds(), 0.0), LONGEST_WAIT)


def _http_date(value: str) -> datetime | None:
    try:
        parsed = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


async def _read_reply(response: aiohttp.ClientResponse) -> str:
    reply = bytearray()
    while len(reply) < REPLY_LIMIT:
        chunk = await response.content.read(REPLY_LIMIT - len(reply))
        if not chunk:
            break
        reply += chunk
    words = reply.decode("utf-8", "replace").strip()
    return words if len(reply) < REPLY_LIMIT else f"(a reply of {REPLY_LIMIT // 1024} kB or more) {words}"


def _redirect_host(response: aiohttp.ClientResponse) -> str:
    """Name the host alone: a webhook's path is its password, and a redirect may repeat it."""
    try:
        host = urlsplit(response.headers.get("Location", "")).hostname
    except ValueError:
        host = None
    return f"redirect to {host or 'another path of the same host'}"


def _secrets(url: str) -> tuple[str, ...]:
    parts = urlsplit(url)
    pieces = [p for p in re.split(r"[/?&=]", f"{parts.path}?{parts.query}") if len(p) >= 6 and p not in _PATH_WORDS]
    return (url, f"{parts.path}?{parts.query}", parts.path if len(parts.path) > 1 else "", *pieces)


def _tracing() -> aiohttp.TraceConfig:
    async def connected(_session: Any, context: SimpleNamespace, _params: Any) -> None:
        context.trace_request_ctx.connected = True

    tracing = aiohttp.TraceConfig()
    tracing.on_connection_create_end.append(connected)
    return tracing
