"""monitor.feeds.discover: the feeds that a page names."""

from __future__ import annotations

from monitor.feeds import discover

URL = "https://gazette.example/news/"


def test_declared_feeds_come_before_likely_links():
    """`<link rel=alternate>` first, then links that look like feeds; absolute, each once."""
    page = b"""<html><head>
    <link rel="stylesheet" href="/feed.css"><link rel="alternate" hreflang="he" href="/he/">
    <link rel="alternate" type="application/rss+xml; charset=utf-8" href="../rss.xml">
    <link rel="ALTERNATE home" type="application/atom+xml" href="//cdn.example/atom"></head>
    <body><a href="/rss.xml">RSS</a><a href="/world/feed/">World</a><a href="/feedback">Feedback</a>
    <a href="javascript:feed()">x</a><a href="/news/1">One</a></body></html>"""

    found = discover.discover_feeds(page, URL)

    assert found == (
        "https://gazette.example/rss.xml",
        "https://cdn.example/atom",
        "https://gazette.example/world/feed/",
    )


def test_base_element_counts():
    """Relative addresses follow `<base>`."""
    page = b'<base href="https://www.gazette.example/"><link rel=alternate type=application/rss+xml href=rss>'

    assert discover.discover_feeds(page, URL) == ("https://www.gazette.example/rss",)


def test_nothing_found_in_nothing():
    """Empty and binary bodies give no feed and no error."""
    assert discover.discover_feeds(b"", URL) == ()
    assert discover.discover_feeds(b"\x00\xff\xfe", URL) == ()
