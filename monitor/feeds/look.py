"""What stands at an address: a feed, a page with feeds behind it, a list, an index of sitemaps, or none of them."""

from __future__ import annotations

from dataclasses import dataclass

from monitor import errors, model
from monitor.feeds import discover, opml, parse, sitemap

FEED, PAGE, LIST, INDEX, OTHER = "feed", "page", "list", "sitemap_index", "other"


@dataclass(frozen=True, slots=True)
class Look:
    """What `body` is, and what it leads to."""

    kind: str
    """`feed`, `page`, `list` (OPML), `sitemap_index`, or `other`."""
    parsed: model.ParsedFeed | None = None
    """Of a feed."""
    code: str | None = None
    fault: str | None = None
    """Of anything else: why it is no feed, in a sentence for people."""
    behind: tuple[discover.Found, ...] = ()
    """Feeds that a page names, sitemaps of an index."""
    listed: tuple[opml.OpmlFeed, ...] = ()
    """Feeds of a list."""
    problems: tuple[str, ...] = ()
    """What is wrong in a list, one sentence each."""


def look_at(body: bytes, url: str, content_type: str | None = None) -> Look:
    """Return what `body` is, as it was fetched from `url`. Never raises a ParseError; nothing is fetched."""
    try:
        return Look(FEED, parse.parse_feed(body, url, content_type))
    except errors.ParseError as error:
        code, fault = error.code, str(error)
    if code == "opml_list":
        listed, problems = opml.read_opml(body)
        return Look(LIST, code=code, fault=fault, listed=listed, problems=problems)
    if code == "sitemap_index":
        found = tuple(discover.Found(link, discover.DECLARED) for link in sitemap.list_sitemaps(body, url))
        return Look(INDEX, code=code, fault=fault, behind=found)
    if code in ("html_page", "not_a_feed"):
        found = discover.find_feeds(body, url)
        return Look(PAGE if code == "html_page" or found else OTHER, code=code, fault=fault, behind=found)
    return Look(OTHER, code=code, fault=fault)
