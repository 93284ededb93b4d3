"""What a hostile file is, and plain words to wrap the hostile part in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

RSS, ATOM, HTML, JSON, OPML, SITEMAP = (
    "application/rss+xml",
    "application/atom+xml",
    "text/html; charset=utf-8",
    "application/feed+json",
    "text/x-opml",
    "application/xml",
)
WORDS = "The cabinet met on Tuesday and heard a report on the resettlement of families from the port quarter. "


@dataclass(frozen=True, slots=True)
class Hostile:
    """One file: `kind` is feed, page or list; `headers` go with its body as it is sent."""

    name: str
    kind: str
    content_type: str
    body: Callable[[], bytes]
    headers: Mapping[str, str] = field(default_factory=dict)


def feed(name: str, make: Callable[[], bytes | str], content_type: str = RSS) -> Hostile:
    """Return a recipe for a feed."""
    return Hostile(f"feed-{name}", "feed", content_type, _as_bytes(make))


def page(name: str, make: Callable[[], bytes | str], content_type: str = HTML) -> Hostile:
    """Return a recipe for an article's page."""
    return Hostile(f"page-{name}", "page", content_type, _as_bytes(make))


def opml(name: str, make: Callable[[], bytes | str]) -> Hostile:
    """Return a recipe for a list of feeds."""
    return Hostile(f"list-{name}", "list", OPML, _as_bytes(make))


def _as_bytes(make: Callable[[], bytes | str]) -> Callable[[], bytes]:
    def body() -> bytes:
        made = make()
        return made.encode("utf-8", "surrogatepass") if isinstance(made, str) else made

    return body


def item(inner: str = "", number: int = 1) -> str:
    """Return an ordinary item with something more in it."""
    link = f"http://127.0.0.1/a/{number}"
    return f"<item><title>Item {number}</title><guid>{number}</guid><link>{link}</link>{inner}</item>"


def rss(items: str, head: str = "", before: str = '<?xml version="1.0" encoding="utf-8"?>') -> str:
    """Return an RSS feed."""
    names = (
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
    )
    return f'{before}<rss version="2.0" {names}><channel><title>t</title>{head}{items}</channel></rss>'


def atom(entries: str, head: str = "") -> str:
    """Return an Atom feed."""
    return f'<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>t</title>{head}{entries}</feed>'


def html(body: str, head: str = "") -> str:
    """Return a page with an ordinary article before the hostile part."""
    article = f"<article><h1>Port quarter</h1><p>{WORDS * 3}</p>{body}</article>"
    return f"<!doctype html><html><head><title>Port quarter</title>{head}</head><body>{article}</body></html>"
