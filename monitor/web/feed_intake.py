"""Looking at an address, adding a feed and importing a list, for the page and the API: bounds, and faults in words."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from monitor import config_values, errors, tasks, urls
from monitor.feeds import opml
from monitor.feeds.opml import OpmlFeed
from monitor.jobs import feed_add, feed_look
from monitor.jobs.feed_look import Seen
from monitor.store import feed_views
from monitor.web.desk import Desk
from monitor.web.faults import Busy, TooLarge, Unusable, sentence

PATIENCE = 60.0
"""Seconds for an address and all that is behind it."""
LIST_SECONDS = 10.0
LONGEST_URL = 2_000
LONGEST = 200
MOST_TAGS = 20
OPML_TYPE = "text/x-opml"


def checked_url(written: str) -> str:
    """Return an address that can be polled. Raises: Unusable."""
    text = written.strip()
    if len(text) > LONGEST_URL or urls.safe_link(text) is None:
        raise Unusable("That is no address that can be polled. Write one that begins with https://.", "url")
    return str(urls.parse_url(text))


async def look(desk: Desk, url: str) -> Seen:
    """Return what stands at an address. Raises: Unusable, with what the address answered; Busy."""
    context = desk.context
    try:
        async with asyncio.timeout(PATIENCE):
            return await feed_look.look_at_url(context.gate, context.workers, url)
    except TimeoutError:
        raise Unusable("The address, or what is behind it, did not answer in time.", "url") from None
    except errors.WorkerUnavailable:
        raise Busy("The monitor has no worker free to read that. Try again in a moment.") from None
    except errors.FetchError as fault:
        if fault.code == "busy":
            raise Busy("The monitor is reading other large feeds. Try again in a moment.") from None
        raise Unusable(sentence(str(fault)) + _REMEDIES.get(fault.code, ""), "url") from None
    except errors.WorkerError as fault:
        raise Unusable(sentence(f"What the address answered could not be read: {fault}"), "url") from None


_REMEDIES = {"blocked_address": " So no link can lead the monitor into your own network."}


def wanted(
    url: str,
    name: str = "",
    newsroom: str = "",
    lang: str = "",
    country: str = "",
    side: str = "",
    tags: tuple[str, ...] = (),
    every: str = "",
    candidate: bool = False,
    trusted: bool = True,
) -> OpmlFeed:
    """Return a feed as somebody described it. Raises: Unusable naming the field."""
    for field, value in (("name", name), ("newsroom", newsroom), ("side", side), *(("tags", tag) for tag in tags)):
        if len(value) > LONGEST or not value.isprintable():
            raise Unusable(f"A feed's {field} is one line of at most {LONGEST} characters.", field)
    for field, value in (("lang", lang), ("country", country)):
        if value and not (len(value) == 2 and value.isascii() and value.isalpha()):
            raise Unusable(f"Write the {field} as two letters, such as `en`.", field)
    if len(tags) > MOST_TAGS:
        raise Unusable(f"A feed has at most {MOST_TAGS} tags.", "tags")
    return OpmlFeed(
        url=checked_url(url),
        name=name.strip(),
        newsroom=newsroom.strip() or None,
        lang=lang or None,
        country=country or None,
        side=side.strip() or None,
        tags=tuple(tag.strip() for tag in tags if tag.strip()),
        candidate=candidate,
        every=_seconds(every),
        trusted=trusted,
    )


def _seconds(every: str) -> float | None:
    if not every.strip():
        return None
    try:
        return config_values.parse_duration(every.strip())
    except ValueError:
        raise Unusable('Write the longest wait as a number and s, m, h or d, such as "10m".', "every") from None


@dataclass(frozen=True, slots=True)
class Imported:
    """What a list brought."""

    added: int
    known: int
    problems: tuple[str, ...]


async def add(desk: Desk, outlines: tuple[OpmlFeed, ...]) -> tuple[int, int]:
    """Add feeds; return how many are new and how many were there."""
    now, config = desk.now(), desk.context.setup.config
    named = tuple(one if one.name else replace(one, name=one.url) for one in outlines)
    return await desk.write(lambda connection: feed_add.add(connection, config, named, now))


async def import_list(desk: Desk, data: bytes) -> Imported:
    """Add the feeds of an OPML list, read in a worker as feeds are (A24). Raises: Unusable; TooLarge; Busy."""
    if len(data) > opml.MAX_BYTES:
        raise TooLarge(f"The list has {len(data):,} bytes; at most {opml.MAX_BYTES:,} are read. Split it.")
    try:
        outlines, problems = await desk.context.workers.call(tasks.read_opml, data, timeout=LIST_SECONDS)
    except errors.WorkerUnavailable:
        raise Busy("The monitor has no worker free to read that. Try again in a moment.") from None
    except errors.WorkerError as fault:
        raise Unusable(sentence(f"The list could not be read: {fault}") + " Nothing was added.", "file") from None
    if not outlines:
        said = " ".join(problems[:3]) or "No feed was found in it."
        raise Unusable(f"{said} Nothing was added.", "file")
    added, known = await add(desk, outlines)
    return Imported(added, known, problems)


async def export_list(desk: Desk) -> bytes:
    """Return the polled feeds as OPML; a key that was filled into an address is masked there (A16)."""
    text = await desk.read(lambda connection: opml.write_opml(feed_views.list_polled(connection)))
    return desk.mask(text.decode()).encode()
