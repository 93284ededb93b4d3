"""News sitemaps -> entries: what a site published in the last two days, for search engines.

Source: https://www.google.com/schemas/sitemap-news/0.9/ and https://www.sitemaps.org/protocol.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import lxml.etree

from monitor import dates, errors, model, urls
from monitor.feeds import fields, plain, sniff, unwrap

MAX_SITEMAPS = 200
"""Sitemaps of an index that are listed."""
MAX_URLS = 100_000
"""Addresses of a sitemap that are looked at; the protocol allows 50,000."""
_WANTED = frozenset(("loc", "title", "language", "publication_date", "keywords"))
_DECLARATION = re.compile(rb"\s*<\?xml\s(?:[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9._-]{1,40})[\"'])?[^>]{0,200}\?>")
_OLDEST = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Url:
    """One `<url>`, as it was written."""

    loc: str
    title: str
    language: str
    published: str
    keywords: str


def parse_sitemap(body: bytes, url: str) -> model.ParsedFeed:
    """Return the articles that the news sitemap in `body` lists: the newest 1,000, in the order of the document.

    Args:
        body: As `sniff.clear_feed` returns it.
        url: Address that answered; relative links are resolved against it.
    Raises: ParseError `plain_sitemap`, where no address has a news title; `not_a_feed`, where there is none at all.
    """
    found = list(_read_urls(body))
    if not found and b"<url>" in body:
        raise errors.ParseError(
            "not_a_feed", "This sitemap cannot be read: its XML is broken before its first address."
        )
    titled = [item for item in found if item.title]
    # A news sitemap without any address is that of a site which published nothing in two days.
    if not titled and (found or b"sitemap-news" not in body):
        raise errors.ParseError(
            "plain_sitemap",
            f"This sitemap lists {len(found):,} addresses without news titles; only news sitemaps (`news:title`) are "
            "read. Look for one in the site's robots.txt.",
        )
    dated = [(item, dates.parse_date(item.published)) for item in titled]
    kept, notes = _newest(dated)
    if len(titled) < len(found):
        notes = (*notes, f"{len(found) - len(titled):,} addresses without a news title: left out.")
    entries = tuple(_entry(item, moment, url) for item, moment in kept)
    return model.ParsedFeed(
        format="news_sitemap",
        title="",
        entries=entries,
        lang=next((entry.lang for entry in entries if entry.lang), None),
        dropped=notes,
        items=len(found),
        unread_dates=tuple(
            (place, plain.clean_line(item.published, 100))
            for place, (item, moment) in enumerate(kept)
            if item.published and moment is None
        ),
    )


def list_sitemaps(body: bytes, url: str) -> tuple[str, ...]:
    """Return the sitemaps that an index names, those with `news` in their address first; none if it is no index."""
    try:
        body, _ = unwrap.unwrap(body)
    except errors.ParseError:
        return ()
    links = (urls.safe_link(sitemap.get("loc", ""), url) for sitemap in _children(_as_utf8(body), "sitemap"))
    found = tuple(dict.fromkeys(link for link in links if link))
    return tuple(sorted(found, key=lambda link: "news" not in link.lower()))[:MAX_SITEMAPS]


def _newest(
    dated: list[tuple[_Url, datetime | None]],
) -> tuple[list[tuple[_Url, datetime | None]], tuple[str, ...]]:
    """Cut to the newest MAX_ITEMS: many sitemaps list the newest first, some last. Undated ones count as the oldest."""
    if len(dated) <= sniff.MAX_ITEMS:
        return dated, ()
    order = sorted(range(len(dated)), key=lambda place: (dated[place][1] or _OLDEST, -place), reverse=True)
    note = f"{len(dated):,} addresses: only the newest {sniff.MAX_ITEMS:,} were read."
    return [dated[place] for place in sorted(order[: sniff.MAX_ITEMS])], (note,)


def _entry(item: _Url, moment: datetime | None, url: str) -> model.Entry:
    return model.Entry(
        guid=None,
        url=urls.safe_link(item.loc[: fields.MAX_LINK + 1], url),
        title=plain.plain_title(item.title, fields.MAX_TITLE),
        published=moment,
        lang=fields.language_of(item.language),
        tags=fields.tags_of(item.keywords[:5000].split(",")),
    )


def _read_urls(body: bytes) -> Iterator[_Url]:
    for number, found in enumerate(_children(_as_utf8(body), "url")):
        if number >= MAX_URLS:
            return
        keys = ("loc", "news:title", "news:language", "news:publication_date", "news:keywords")
        yield _Url(*(found.get(key, "") for key in keys))


def _children(body: bytes, name: str) -> Iterator[dict[str, str]]:
    """Yield the wanted texts of each `name` element, those in a news namespace with `news:` before their names.

    Elements are forgotten as they are read. Entities are never expanded, nothing is fetched, and broken markup is read
    as far as it goes.
    """
    parser = lxml.etree.XMLPullParser(
        events=("end",), recover=True, resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        for start in range(0, len(body), 65_536):
            parser.feed(body[start : start + 65_536])
            yield from _finished(parser, name)
        parser.close()
    except lxml.etree.XMLSyntaxError:
        return  # what stood before was read
    yield from _finished(parser, name)


def _finished(parser: Any, name: str) -> Iterator[dict[str, str]]:
    for _, element in parser.read_events():
        own, local = _name(element)
        if local != name:
            continue
        yield _texts(element, own)
        element.clear()
        while element.getparent() is not None and element.getprevious() is not None:
            del element.getparent()[0]


def _texts(element: Any, own: str) -> dict[str, str]:
    """Return the first text of each wanted name: in the element's own namespace or a news one, no image's."""
    found: dict[str, str] = {}
    for node in element.iterdescendants():
        space, local = _name(node)
        if local in _WANTED and (space == own or "news" in space):
            found.setdefault(local if space == own else f"news:{local}", "".join(node.itertext())[:10_000])
    return found


def _name(element: Any) -> tuple[str, str]:
    """Return namespace and local name; a prefix that was never declared counts as its namespace."""
    tag = element.tag if isinstance(element.tag, str) else ""
    space, _, local = tag.rpartition("}")
    prefix, _, bare = local.rpartition(":")
    return (prefix or space).lower(), bare


def _as_utf8(body: bytes) -> bytes:
    """Return `body` in UTF-8 without its declaration: the XML parser refuses a whole document for one wrong byte."""
    declaration = _DECLARATION.match(body)
    if not declaration:
        return body.decode("utf-8", "replace").encode()
    try:
        text = body[declaration.end() :].decode((declaration[1] or b"utf-8").decode("ascii"), "replace")
    except LookupError:
        text = body[declaration.end() :].decode("utf-8", "replace")
    return text.encode("utf-8", "replace")
