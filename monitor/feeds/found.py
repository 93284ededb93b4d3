"""What was found at an address: plain values, so that the daemon, which is handed them, loads no parser of feeds."""

from __future__ import annotations

from dataclasses import dataclass

from monitor import model, urls
from monitor.feeds import opml

FEED, PAGE, LIST, INDEX, OTHER = "feed", "page", "list", "sitemap_index", "other"
DECLARED, LINKED, GUESSED = "declared", "linked", "guessed"
_USUAL_PLACES = ("/feed/", "/rss", "/rss.xml", "/feed.xml", "/atom.xml", "/index.xml", "/news-sitemap.xml")


@dataclass(frozen=True, slots=True)
class Found:
    """An address that may be a feed."""

    url: str
    how: str
    """`declared` in the page's head, `linked` from its body, or `guessed`: where many sites have one."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a body is, and what it leads to."""

    kind: str
    """`feed`, `page`, `list` (OPML), `sitemap_index`, or `other`."""
    parsed: model.ParsedFeed | None = None
    """Of a feed."""
    code: str | None = None
    fault: str | None = None
    """Of anything else: why it is no feed, in a sentence for people."""
    behind: tuple[Found, ...] = ()
    """Feeds that a page names, sitemaps of an index."""
    listed: tuple[opml.OpmlFeed, ...] = ()
    """Feeds of a list."""
    problems: tuple[str, ...] = ()
    """What is wrong in a list, one sentence each."""


def guess_feeds(url: str) -> tuple[Found, ...]:
    """Return where many sites have a feed, for a page that names none."""
    links = (urls.safe_link(place, url) for place in _USUAL_PLACES)
    return tuple(Found(link, GUESSED) for link in links if link)
