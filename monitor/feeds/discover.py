"""The feeds that a web page names."""

from __future__ import annotations

import re
from collections.abc import Iterator

import lxml.etree
import lxml.html

from monitor import urls
from monitor.feeds.found import DECLARED, LINKED, Found

MAX_FOUND = 50
MAX_LINKS = 5_000
"""Links of a page that are looked at."""

_FEED_TYPES = frozenset((
    "application/rss+xml", "application/atom+xml", "application/rdf+xml", "application/feed+json", "text/rss+xml",
))  # fmt: skip
_FEED_PATH = re.compile(
    r"(?:^|[/._=-])(?:rss|atom|feeds?|rdf)(?:[/._=?&-]|\d*$|\.xml)|\.(?:rss|atom|rdf)$|news-?sitemap", re.IGNORECASE
)
_NOT_A_FEED = re.compile(
    r"feedback|feedburner\.com/fb|subscribe\?|\.(?:png|jpe?g|gif|svg|css|js|html?)$", re.IGNORECASE
)
_COMMENTS = re.compile(r"/comments?/|[?&]feed=comments", re.IGNORECASE)


def find_feeds(html: bytes, url: str) -> tuple[Found, ...]:
    """Return the feeds that the page at `url` declares, then those that its links suggest; those of comments last.

    At most MAX_FOUND, each once, absolute, http or https. Nothing is fetched: a suggestion may prove wrong.
    """
    try:
        tree = lxml.html.document_fromstring(html, parser=lxml.html.HTMLParser(remove_comments=True))
    except (lxml.etree.ParserError, ValueError):
        return ()
    base = _base(tree, url)
    found: dict[str, str] = {}
    for how, links in ((DECLARED, _declared(tree)), (LINKED, _suggested(tree))):
        for written in links:
            if link := urls.safe_link(written, base):
                found.setdefault(link, how)
    ranked = sorted(found.items(), key=lambda pair: _COMMENTS.search(pair[0]) is not None)
    return tuple(Found(link, how) for link, how in ranked[:MAX_FOUND])


def discover_feeds(html: bytes, url: str) -> tuple[str, ...]:
    """Return the addresses of `find_feeds`."""
    return tuple(found.url for found in find_feeds(html, url))


def _base(tree: lxml.html.HtmlElement, url: str) -> str:
    element = tree.find(".//base[@href]")
    return (urls.safe_link(element.get("href"), url) if element is not None else None) or url


def _declared(tree: lxml.html.HtmlElement) -> Iterator[str]:
    for link in tree.iterfind(".//link[@href]"):
        kind = (link.get("type") or "").partition(";")[0].strip().lower()
        if "alternate" in (link.get("rel") or "").lower().split() and kind in _FEED_TYPES:
            yield link.get("href")


def _suggested(tree: lxml.html.HtmlElement) -> Iterator[str]:
    for number, link in enumerate(tree.iterfind(".//a[@href]")):
        if number >= MAX_LINKS:
            return
        address = link.get("href").strip()
        if _FEED_PATH.search(address) and not _NOT_A_FEED.search(address):
            yield address
