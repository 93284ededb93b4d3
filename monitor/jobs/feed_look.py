"""What stands at an address: fetched through the gate, read in a worker, as polls do both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from monitor import errors, http, model, tasks
from monitor.feeds import found, identity, wrapper
from monitor.feeds.found import Found, Look
from monitor.workers import Workers

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.8, "
    "text/html;q=0.5, */*;q=0.1"
)
FEED_CAP = 10_000_000
MAX_TRIED = 12
"""Addresses behind a page that are asked."""
AT_ONCE = 4
SECONDS = 10.0
NOWHERE = "https://feed.invalid/"
"""Address of what came from a file."""


@dataclass(frozen=True, slots=True)
class Tried:
    """An address behind a page, and what it answered."""

    found: Found
    parsed: model.ParsedFeed | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found at a place, and behind it."""

    url: str
    """The address that answered."""
    look: Look
    tried: tuple[Tried, ...] = ()
    """Empty where nothing was asked: a file has no site around it."""
    permanent_url: str | None = None

    @property
    def leads_to_a_feed(self) -> bool:
        """Return whether there is a feed here, behind it, or in the list that it is."""
        if self.look.parsed is not None:
            return True
        if self.tried:
            return any(tried.parsed is not None for tried in self.tried)
        return bool(self.look.behind or self.look.listed)


async def look_at_url(gate: http.Gate, workers: Workers, url: str) -> Seen:
    """Return what stands at an address.

    Behind a page or an index of sitemaps, at most MAX_TRIED addresses are asked; behind a page that names no feed, the
    places where many sites have one.
    Raises: FetchError; WorkerError.
    """
    async with gate.room() as room:
        reply = await _fetch(gate, url, room)
        seen = await _look(workers, reply)
    behind = seen.behind
    if seen.kind == found.PAGE and not behind:
        behind = found.guess_feeds(reply.url)
    turn = asyncio.Semaphore(AT_ONCE)
    tried = await asyncio.gather(*(_try(gate, workers, turn, one) for one in behind[:MAX_TRIED]))
    return Seen(reply.url, seen, tuple(tried), reply.permanent_url)


async def look_at_bytes(workers: Workers, body: bytes) -> Seen:
    """Return what a file holds. Raises: WorkerError."""
    look = await workers.call(tasks.look_at, body, NOWHERE, None, timeout=SECONDS)
    return Seen(NOWHERE, look)


async def _fetch(gate: http.Gate, url: str, room: http.Room) -> model.Reply:
    reply = await gate.fetch(url, cap=FEED_CAP, accept=ACCEPT, room=room)
    if reply.info.status != 200:
        raise errors.FetchError("status", f"{url} answered {reply.info.status}")
    return reply


async def _look(workers: Workers, reply: model.Reply) -> Look:
    return await workers.call(tasks.look_at, reply.body, reply.url, reply.info.content_type, timeout=SECONDS)


async def _try(gate: http.Gate, workers: Workers, turn: asyncio.Semaphore, one: Found) -> Tried:
    try:
        async with turn, gate.room() as room:
            look = await _look(workers, await _fetch(gate, one.url, room))
    except (errors.FetchError, errors.WorkerError) as fault:
        return Tried(one, None, str(fault))
    return Tried(one, look.parsed, look.fault)


# -- as commands, the page and the API show it ---------------------------------------------------


def feed_shown(parsed: model.ParsedFeed, url: str) -> dict[str, Any]:
    """Return a feed as the monitor sees it: its entries with their keys, and what was left out."""
    refused = dict(parsed.unread_dates)
    return {
        "url": url,
        "format": parsed.format,
        "title": parsed.title,
        "lang": parsed.lang,
        "ttl": parsed.ttl,
        "skip_hours": list(parsed.skip_hours),
        "skip_days": list(parsed.skip_days),
        "items": parsed.items,
        "entries": [_entry_shown(entry, refused.get(place)) for place, entry in enumerate(parsed.entries)],
        "dropped": list(parsed.dropped),
    }


def _entry_shown(entry: model.Entry, refused: str | None) -> dict[str, Any]:
    return {
        "title": entry.title,
        "url": entry.url,
        "wrapper": wrapper.is_wrapper(entry.url),
        "published": entry.published,
        "date_refused": refused,
        "lang": entry.lang,
        "author": entry.author,
        "publisher": entry.publisher,
        "tags": list(entry.tags),
        "summary_characters": len(entry.summary),
        "keys": dict(identity.entry_keys(entry)),
    }


def other_shown(seen: Seen) -> dict[str, Any]:
    """Return anything else that stands at an address, with what is behind it."""
    look = seen.look
    behind = seen.tried or tuple(Tried(one, None, None) for one in look.behind)
    working = [tried.found.url for tried in behind if tried.parsed is not None or not seen.tried]
    return {
        "url": seen.url,
        "kind": look.kind,
        "code": look.code,
        "fault": look.fault,
        "feeds_found": working or [feed.url for feed in look.listed],
        "behind": [_tried_shown(tried) for tried in behind],
        "problems": list(look.problems),
    }


def _tried_shown(tried: Tried) -> Mapping[str, Any]:
    parsed = tried.parsed
    return {
        "url": tried.found.url,
        "how": tried.found.how,
        "format": parsed.format if parsed else None,
        "title": parsed.title if parsed else None,
        "entries": len(parsed.entries) if parsed else None,
        "newest": max((e.published for e in parsed.entries if e.published), default=None) if parsed else None,
        "fault": tried.fault,
    }
