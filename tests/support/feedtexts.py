"""Feeds as bytes, made for tests."""

from __future__ import annotations

from xml.sax.saxutils import escape

ITEM = """<item>
<title>{title}</title>
<link>https://gazette.example/news/{number}</link>
<guid isPermaLink="false">gazette-{number}</guid>
<pubDate>Mon, 04 Nov 2024 10:{minute:02d}:00 GMT</pubDate>
<description>{summary}</description>
</item>
"""


def item(number: int, title: str | None = None, summary: str | None = None) -> str:
    """Return one RSS item; title and summary are escaped."""
    return ITEM.format(
        number=number,
        minute=number % 60,
        title=escape(title if title is not None else f"Harbour strike enters day {number}"),
        summary=escape(summary if summary is not None else f"<p>Dockers voted on day {number} to stay out.</p>"),
    )


def rss(*items: str, channel: str = "<title>Gazette</title><link>https://gazette.example/</link>") -> bytes:
    """Return an RSS 2.0 document of ready-made items."""
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
    return f"{head}<channel>{channel}\n{''.join(items)}</channel></rss>\n".encode()


def rss_of(count: int) -> bytes:
    """Return an RSS document of `count` different items."""
    return rss(*(item(number) for number in range(1, count + 1)))


def atom(*entries: str, attributes: str = "") -> bytes:
    """Return an Atom document of ready-made entries."""
    return (
        f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" {attributes}>'
        f"<title>Gazette</title>{''.join(entries)}</feed>"
    ).encode()
