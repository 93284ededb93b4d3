"""What we tell a server, and what we keep of its answer's headers."""

from __future__ import annotations

import base64
import email.utils
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata

import aiohttp

from monitor.model import HttpInfo

MAX_RETRY_AFTER = 24 * 3600.0
"""Longest wait that a server can impose, seconds."""
_MAX_HEADER = 1024
"""Longest header value that is kept, characters."""


def user_agent(contact: str) -> str:
    """Return how we introduce ourselves; `contact` is an address or page where a publisher reaches the operator."""
    version = metadata.version("wirewatch")
    return f"Wirewatch/{version} (+{contact})" if contact else f"Wirewatch/{version}"


def retry_after_seconds(value: str | None, now: datetime) -> float | None:
    """Return how long a Retry-After header asks to wait, seconds from `now` (aware), at most MAX_RETRY_AFTER.

    None if it is absent, malformed, negative or in the past. Source: RFC 9110 section 10.2.3.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), MAX_RETRY_AFTER)
    try:
        then = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    seconds = (then.replace(tzinfo=then.tzinfo or UTC) - now).total_seconds()
    return min(seconds, MAX_RETRY_AFTER) if seconds >= 0 else None


def public_headers(agent: str, accept: str, etag: str | None, last_modified: str | None) -> dict[str, str]:
    """Return what any server may see."""
    headers = {"User-Agent": agent, "Accept": accept, "Accept-Encoding": "gzip"}
    if etag and _is_plain(etag):
        headers["If-None-Match"] = etag
    if last_modified and _is_plain(last_modified):
        headers["If-Modified-Since"] = last_modified
    return headers


def private_headers(headers: Mapping[str, str] | None, auth: tuple[str, str] | None) -> dict[str, str]:
    """Return what only the host itself may see: the operator's own headers, user and password."""
    private = dict(headers or {})
    if auth:
        token = base64.b64encode(":".join(auth).encode()).decode()
        private["Authorization"] = f"Basic {token}"
    return private


def info_of(response: aiohttp.ClientResponse) -> HttpInfo:
    """Return status and headers that pacing and caching need; unprintable or overlong values count as absent."""

    def kept(name: str) -> str | None:
        value = response.headers.get(name)
        return value if value and _is_plain(value) else None

    return HttpInfo(
        status=response.status,
        etag=kept("ETag"),
        last_modified=kept("Last-Modified"),
        retry_after=kept("Retry-After"),
        cache_control=kept("Cache-Control"),
        expires=kept("Expires"),
        date=kept("Date"),
        content_type=kept("Content-Type"),
    )


def _is_plain(value: str) -> bool:
    return len(value) <= _MAX_HEADER and value.isascii() and value.isprintable()
