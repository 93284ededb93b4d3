"""What stands at an address: a feed, a page with feeds behind it, a list, an index of sitemaps, or none of them."""

from __future__ import annotations

from monitor import errors
from monitor.feeds import discover, opml, parse, sitemap
from monitor.feeds.found import DECLARED, FEED, INDEX, LIST, OTHER, PAGE, Found, Look


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
        found = tuple(Found(link, DECLARED) for link in sitemap.list_sitemaps(body, url))
        return Look(INDEX, code=code, fault=fault, behind=found)
    if code in ("html_page", "not_a_feed"):
        found = discover.find_feeds(body, url)
        return Look(PAGE if code == "html_page" or found else OTHER, code=code, fault=fault, behind=found)
    return Look(OTHER, code=code, fault=fault)
