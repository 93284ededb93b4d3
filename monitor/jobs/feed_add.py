"""Feeds that are added by hand or from a list, and those of config.toml, as the store wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from monitor import config as configuration
from monitor import urls
from monitor.config import Config, FeedSettings
from monitor.store import feeds
from monitor.store.store import Connection

if TYPE_CHECKING:
    from monitor.feeds.opml import OpmlFeed
    from monitor.jobs.feed_look import Seen, Tried


def declared_feeds(config: Config) -> list[feeds.Declared]:
    """Return the configured feeds with the defaults of `[polling]` filled in."""
    polling = config.polling
    return [
        feeds.Declared(
            slug=feed.id,
            url=feed.url,
            name=feed.name,
            newsroom=feed.newsroom,
            every=feed.every if feed.every is not None else polling.every,
            backfill=feed.backfill if feed.backfill is not None else polling.backfill,
            lang=feed.lang,
            country=feed.country,
            side=feed.side,
            tags=feed.tags,
            candidate=feed.candidate,
            trusted=feed.trusted,
        )
        for feed in config.feeds
    ]


def add(connection: Connection, config: Config, outlines: Iterable[OpmlFeed], now: datetime) -> tuple[int, int]:
    """Add feeds to those that are polled; return how many are new and how many were there.

    A feed whose id another feed has already gets an id of its own: two newsrooms may have one name.
    """
    taken = {row.feed.slug: row.feed.url for row in feeds.list_health(connection, True)}
    settings = _settings(outlines, taken)
    return feeds.add(connection, declared_feeds(replace(config, feeds=settings)), now)


def _settings(outlines: Iterable[OpmlFeed], stored: Mapping[str, str]) -> tuple[FeedSettings, ...]:
    """Return the feeds of a list, each with an id of its own that stays the same whenever the list is read.

    Args:
        stored: Addresses of the feeds that are there, by id.
    """
    taken: set[str] = set()
    found = []
    for outline in outlines:
        name = outline.name if outline.name != outline.url else urls.host_of(outline.url)
        slug = outline.id or configuration.slug(name) or configuration.slug(urls.host_of(outline.url))
        if slug in taken or stored.get(slug, outline.url) != outline.url:
            slug = f"{slug}-{hashlib.sha256(outline.url.encode()).hexdigest()[:6]}"
        taken.add(slug)
        found.append(
            FeedSettings(
                url=outline.url,
                id=slug,
                name=name,
                newsroom=outline.newsroom or name,
                lang=(outline.lang or "")[:2].lower() or None,
                country=(outline.country or "")[:2].upper() or None,
                side=outline.side,
                tags=outline.tags,
                candidate=outline.candidate,
                trusted=outline.trusted,
                every=outline.every,
            )
        )
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Choice:
    """The one feed at an address, or why there is not exactly one."""

    feed: OpmlFeed | None
    working: tuple[Tried, ...] = ()
    """Those behind the address that are feeds, where there are several."""


def choose(seen: Seen, wanted: OpmlFeed) -> Choice:
    """Return the wanted feed with what it says of itself: the one at the address, else the only one behind it."""
    if seen.look.parsed is not None:
        parsed = seen.look.parsed
        named = replace(wanted, name=wanted.name or parsed.title, lang=wanted.lang or parsed.lang)
        return Choice(replace(named, url=seen.permanent_url or wanted.url))
    working = tuple(tried for tried in seen.tried if tried.parsed is not None)
    if len(working) == 1 and working[0].parsed is not None:
        found, parsed = working[0].found, working[0].parsed
        return Choice(replace(wanted, url=found.url, name=wanted.name or parsed.title, lang=wanted.lang or parsed.lang))
    return Choice(None, working)
