"""monitor.feeds.wrapper: whose article is it, and where does it lie."""

from __future__ import annotations

import base64

import pytest

from monitor.feeds import parse, wrapper
from tests.support import feedtexts

SEARCH = "https://news.google.com/rss/search?q=harbour"
OPAQUE = "https://news.google.com/rss/articles/CBMiWkFVX3lxTE1hYmNkZWY?oc=5"
TARGET = "https://herald.example/world/harbour-strike"


def google_link(target: str) -> str:
    """Return a link as Google News wrote it until 2024: the address within the id."""
    size = len(target)
    length = bytes((size,)) if size < 128 else bytes((size & 0x7F | 0x80, size >> 7))
    token = base64.urlsafe_b64encode(b'\x08\x13"' + length + target.encode() + b"\xd2\x01\x00").decode().rstrip("=")
    return f"https://news.google.com/rss/articles/{token}?oc=5"


def google_item(link: str = OPAQUE, title: str = "Harbour strike spreads - Herald", source: str = "Herald") -> str:
    others = (
        "&lt;ol&gt;&lt;li&gt;&lt;a href='x'&gt;Harbour strike spreads&lt;/a&gt;&amp;nbsp;Herald&lt;/li&gt;"
        "&lt;li&gt;&lt;a href='y'&gt;Minister resigns over harbour&lt;/a&gt;&amp;nbsp;Gazette&lt;/li&gt;&lt;/ol&gt;"
    )
    return (
        f"<item><title>{title}</title><link>{link}</link><guid isPermaLink='false'>CBMi-1</guid>"
        f"<description>{others}</description><source url='https://herald.example'>{source}</source></item>"
    )


def test_google_entry_is_its_publisher_s():
    """Publisher from `<source>`, its name off the title; what others wrote in the cluster is no text of this entry."""
    (entry,) = parse.parse_feed(feedtexts.rss(google_item()), SEARCH).entries

    assert entry.title == "Harbour strike spreads"
    assert entry.publisher == "Herald"
    assert entry.summary == ""
    assert entry.url == OPAQUE


@pytest.mark.parametrize(
    ("title", "source", "read"),
    [
        ("Strike - Herald", "Herald", "Strike"),
        ("Strike - day 3 - Herald", "Herald", "Strike - day 3"),
        ("Strike - Anadolu | English", "Anadolu | English", "Strike"),
        ("Strike - The Herald", "Herald", "Strike - The Herald"),
        ("Strike - herald", "Herald", "Strike - herald"),
        ("Herald", "Herald", "Herald"),
        ("Strike-Herald", "Herald", "Strike-Herald"),
    ],
)
def test_tail_goes_only_where_it_is_the_source(title, source, read):
    """A headline's own dash stays."""
    (entry,) = parse.parse_feed(feedtexts.rss(google_item(title=title, source=source)), SEARCH).entries

    assert entry.title == read


@pytest.mark.parametrize("target", [TARGET, "https://herald.example/" + "a" * 200])
def test_address_inside_a_google_id_is_read_without_asking(target):
    """Ids of the old kind hold the page's address, short or long."""
    (entry,) = parse.parse_feed(feedtexts.rss(google_item(google_link(target))), SEARCH).entries

    assert entry.url == target


@pytest.mark.parametrize(
    "link",
    [
        "http://www.bing.com/news/apiclick.aspx?ref=FexRss&amp;url=https%3a%2f%2fherald.example%2fworld%2fharbour-strike&amp;c=9",
        "https://www.google.com/url?rct=j&amp;url=https://herald.example/world/harbour-strike&amp;ct=ga",
    ],
)
def test_address_in_a_parameter_is_read_without_asking(link):
    """Bing and Google Alerts name the page in the link."""
    (entry,) = parse.parse_feed(feedtexts.rss(google_item(link)), "https://www.bing.com/news/search?q=x").entries

    assert entry.url == TARGET


@pytest.mark.parametrize(
    "link",
    [
        google_link("javascript:alert(1)"),
        google_link("http://user@herald.example/"),
        google_link(OPAQUE),
        "https://news.google.com/rss/articles/!!!",
        "https://news.google.com/rss/articles/IiI",
        "https://news.google.com/rss/articles/" + "A" * 1500,
        "https://www.google.com/url?url=file:///etc/passwd",
        "https://www.google.com/url?url=https://news.google.com/rss/articles/x",
        "https://evil.example/news/apiclick.aspx?url=https://herald.example/",
        "not an address",
    ],
)
def test_hostile_wrappers_hold_nothing(link):
    """No other scheme, no user name, no wrapper within a wrapper, no other site's parameter."""
    assert wrapper.target_of(link) is None


def test_bing_names_its_source_in_an_element_of_its_own():
    """`<News:Source>` is the publisher, and a snippet of the page stays its text."""
    item = (
        "<item><title>Harbour strike</title><link>https://herald.example/1</link>"
        "<description>Dockers voted.</description>"
        "<News:Source xmlns:News='https://www.bing.com/news/search?q=x'>Herald</News:Source></item>"
    )

    (entry,) = parse.parse_feed(feedtexts.rss(item), "https://www.bing.com/news/search?q=x&format=rss").entries

    assert (entry.publisher, entry.summary) == ("Herald", "Dockers voted.")


@pytest.mark.parametrize(
    ("feed", "tags", "aggregator", "waits"),
    [
        (SEARCH, (), True, True),
        ("https://www.bing.com/news/search?q=x&format=rss", (), True, True),
        ("https://news.yahoo.com/rss/world", (), True, False),
        ("https://planet.example/rss", ("aggregator",), True, False),
        ("https://gazette.example/rss", ("daily",), False, False),
        ("https://news.google.com.evil.example/rss", (), False, False),
    ],
)
def test_aggregators_are_known_by_host_or_tag(feed, tags, aggregator, waits):
    """Searches wait for a match before a page is fetched; a tag makes any feed an aggregator."""
    assert wrapper.is_aggregator(feed, tags) is aggregator
    assert wrapper.waits_for_match(feed, TARGET) is waits


def test_wrapper_link_waits_in_any_feed():
    """A link to Google News is not fetched before a match, whoever lists it."""
    assert wrapper.waits_for_match("https://gazette.example/rss", OPAQUE)
    assert not wrapper.waits_for_match("https://gazette.example/rss", None)
