"""What stands at an address or in a file: fetched through the gate, parsed in a worker, as the daemon does both."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from monitor import errors
from monitor.cli import extract as pages

if TYPE_CHECKING:
    from monitor import http, model
    from monitor.feeds.discover import Found
    from monitor.feeds.look import Look
    from monitor.workers import Workers

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.8, "
    "text/html;q=0.5, */*;q=0.1"
)
FEED_CAP = 10_000_000
MAX_TRIED = 12
"""Addresses behind a page that are asked."""
SECONDS = 10.0


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


def is_url(place: str) -> bool:
    """Return whether a place is an address."""
    return place.startswith(("http://", "https://"))


def look_at(place: str, config: Path | None) -> Seen:
    """Return what stands at a URL, in a file, or on standard input (`-`).

    Behind a page or an index of sitemaps, at most MAX_TRIED addresses are asked; behind a page that names no feed, the
    places where many sites have one.
    Raises: FetchError; WorkerError; typer.Exit 2 for a file that cannot be read.
    """
    import asyncio

    return asyncio.run(_look_at_url(place, config) if is_url(place) else _look_at_file(place))


async def _look_at_file(place: str) -> Seen:
    body, url = pages.read_bytes(place), "https://feed.invalid/"
    pool = _workers()
    try:
        return Seen(url, await _look(pool, body, url, None))
    finally:
        pool.close()


async def _look_at_url(place: str, config: Path | None) -> Seen:
    import asyncio

    from monitor import http
    from monitor.feeds import discover, look

    gate, pool = http.Gate(pages.gate_settings(config)), _workers()
    try:
        reply = await _fetch(gate, place)
        seen = await _look(pool, reply.body, reply.url, reply.info.content_type)
        behind = seen.behind
        if seen.kind == look.PAGE and not behind:
            behind = discover.guess_feeds(reply.url)
        tried = await asyncio.gather(*(_try(gate, pool, found) for found in behind[:MAX_TRIED]))
        return Seen(reply.url, seen, tuple(tried), reply.permanent_url)
    finally:
        await gate.close()
        pool.close()


def _workers() -> Workers:
    from monitor import workers

    return workers.Workers(workers.WorkerSettings(count=1))


async def _fetch(gate: http.Gate, url: str) -> model.Reply:
    reply = await gate.fetch(url, cap=FEED_CAP, accept=ACCEPT)
    if reply.info.status != 200:
        raise errors.FetchError("status", f"{url} answered {reply.info.status}")
    return reply


async def _look(pool: Workers, body: bytes, url: str, content_type: str | None) -> Look:
    from monitor import tasks

    return await pool.call(tasks.look_at, body, url, content_type, timeout=SECONDS)


async def _try(gate: http.Gate, pool: Workers, found: Found) -> Tried:
    try:
        reply = await _fetch(gate, found.url)
        look = await _look(pool, reply.body, reply.url, reply.info.content_type)
    except (errors.FetchError, errors.WorkerError) as fault:
        return Tried(found, None, str(fault))
    return Tried(found, look.parsed, look.fault)
