"""Feeds that pass on what others publish (Google News, Bing): whose article is it, and where does it lie?

A feed is an aggregator if its host is one of the known ones, or if it carries the tag `aggregator`. The newsroom of its
entries is the publisher that each names; the feed itself never counts as an independent one.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import replace
from urllib.parse import parse_qs

from monitor import errors, model, urls
from monitor.feeds import plain

TAG = "aggregator"
"""A tag of a feed, in config.toml or OPML, that makes it an aggregator."""

_GOOGLE_NEWS = "news.google.com"
_SEARCHES = frozenset((_GOOGLE_NEWS, "bing.com"))
_HOSTS = _SEARCHES | {"google.com", "news.search.yahoo.com", "news.yahoo.com", "yahoo.com", "msn.com"}
_TARGET_PARAMETERS = {
    ("bing.com", "/news/apiclick.aspx"): ("url",),
    ("google.com", "/url"): ("url", "q"),
    ("news.google.com", "/news/url"): ("url",),
}
_ARTICLE_ID = re.compile(r"/(?:__i/)?(?:rss/)?(?:articles|read)/([A-Za-z0-9_=-]+)")
_TAIL_MARKS = (" - ", " \u2013 ", " \u2014 ", " | ")


def is_aggregator(feed_url: str, tags: Iterable[str]) -> bool:
    """Return whether a feed passes on the articles of others, by its host or by its tag."""
    return TAG in tags or _host(feed_url) in _HOSTS


def waits_for_match(feed_url: str, link: str | None) -> bool:
    """Return whether an entry is matched on the feed's own words first, its page fetched only if a rule asks for it.

    So it is with news searches, which list a hundred articles of sites that nobody chose, and with wrapper links.
    """
    return _host(feed_url) in _SEARCHES or is_wrapper(link)


def is_wrapper(link: str | None) -> bool:
    """Return whether a link leads to an aggregator's own page in place of the article, where nothing is to be read."""
    try:
        url = urls.parse_url(link or "")
    except errors.FetchError:
        return False
    host = url.host.removeprefix("www.")
    if host == "google.com":
        return url.path == "/url" or url.path.startswith("/sorry")
    return host in (_GOOGLE_NEWS, "consent.google.com") or (host, url.path) in _TARGET_PARAMETERS


def target_of(link: str) -> str | None:
    """Return the article that a wrapper link holds in itself, without asking anybody; None where it holds none.

    Bing and Google Alerts carry it as a parameter, and Google News until 2024 as base64 in its path.
    """
    try:
        url = urls.parse_url(link)
    except errors.FetchError:
        return None
    host = _host(link)
    names = _TARGET_PARAMETERS.get((host, url.path))
    if names:
        given = parse_qs(url.query)
        return next((target for name in names for text in given.get(name, ()) if (target := _elsewhere(text))), None)
    found = _ARTICLE_ID.fullmatch(url.path) if host == _GOOGLE_NEWS else None
    return _elsewhere(_decode(found[1])) if found else None


def _elsewhere(link: str | None) -> str | None:
    target = urls.safe_link(link)
    return None if target is None or is_wrapper(target) else target


def _decode(token: str) -> str | None:
    """Return the address inside a Google News id: protobuf, field 4 is the page, field 26 its AMP twin."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    start = raw.find(b'"')
    if not 0 <= start < 6 or len(raw) < start + 3:
        return None
    size, first = raw[start + 1], start + 2
    if size & 0x80:
        size, first = (size & 0x7F) | raw[first] << 7, first + 1
    address = raw[first : first + size]
    return address.decode("utf-8") if address.startswith(b"http") and address.isascii() else None


def unwrapped(entry: model.Entry) -> model.Entry:
    """Return `entry` as its publisher's: link opened where it holds its target, the publisher off the title's end.

    The text of a Google News entry is dropped: it is a list of links to what others wrote about the subject, so that
    words in it are not this article's.
    """
    title = without_publisher(entry.title, entry.publisher)
    if not is_wrapper(entry.url):
        return entry if title == entry.title else replace(entry, title=title)
    summary = "" if _host(entry.url or "") == _GOOGLE_NEWS else entry.summary
    return replace(entry, title=title, summary=summary, url=target_of(entry.url or "") or entry.url)


def without_publisher(title: str, publisher: str | None) -> str:
    """Return a headline without ` - Publisher` at its end, where that is exactly the publisher that the entry names."""
    if not publisher:
        return title
    name = plain.clean_line(publisher, 500)
    tail = next((mark + name for mark in _TAIL_MARKS if title.endswith(mark + name)), "")
    return title.removesuffix(tail).rstrip() or title


def _host(url: str) -> str:
    return urls.host_of(url).removeprefix("www.")
