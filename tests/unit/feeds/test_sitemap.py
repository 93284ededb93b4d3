"""monitor.feeds.sitemap: news sitemaps as a source beside feeds."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta

import pytest

from monitor import errors
from monitor.feeds import parse, sitemap

URL = "https://gazette.example/news-sitemap.xml"
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
    ' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    ' xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">'
)


def url_of(number: int, title: str | None = None, date: str = "2024-11-04T10:00:00Z") -> str:
    return (
        f"<url><loc>https://gazette.example/news/{number}</loc><news:news><news:publication><news:name>Gazette</news:name>"
        f"<news:language>iw</news:language></news:publication><news:publication_date>{date}</news:publication_date>"
        f"<news:title>{title or f'Harbour strike, day {number}'}</news:title>"
        "<news:keywords>ports, labour</news:keywords>"
        "</news:news><image:image><image:loc>https://gazette.example/a.jpg</image:loc>"
        "<image:title>A crane</image:title></image:image></url>"
    )


def sitemap_of(*urls: str) -> bytes:
    return (HEAD + "".join(urls) + "</urlset>").encode()


def test_address_with_news_title_becomes_an_entry():
    """Link, title, date, language and keywords are read; pictures beside them are not taken for them."""
    parsed = parse.parse_feed(sitemap_of(url_of(1, "Strike &amp; talks")), URL)

    (entry,) = parsed.entries
    assert (parsed.format, parsed.lang, parsed.items, parsed.dropped) == ("news_sitemap", "he", 1, ())
    assert (entry.url, entry.title) == ("https://gazette.example/news/1", "Strike & talks")
    assert (entry.lang, entry.tags, entry.guid) == ("he", ("ports", "labour"), None)
    assert entry.published == datetime(2024, 11, 4, 10, tzinfo=UTC)


def test_packed_sitemap_is_unpacked():
    """A `.xml.gz` that is served as a file is read as what it holds."""
    parsed = parse.parse_feed(gzip.compress(sitemap_of(url_of(1))), URL + ".gz")

    assert [entry.title for entry in parsed.entries] == ["Harbour strike, day 1"]


@pytest.mark.parametrize("newest_first", [True, False])
def test_the_newest_thousand_are_kept(newest_first):
    """Of 1,200 addresses the 200 oldest are left out, wherever they stand, and the cut is told."""
    start = datetime(2024, 11, 4, tzinfo=UTC)
    urls = [url_of(number, date=(start + timedelta(minutes=number)).isoformat()) for number in range(1200)]

    parsed = parse.parse_feed(sitemap_of(*(reversed(urls) if newest_first else urls)), URL)

    assert {entry.url for entry in parsed.entries} == {f"https://gazette.example/news/{n}" for n in range(200, 1200)}
    assert parsed.dropped == ("1,200 addresses: only the newest 1,000 were read.",)


def test_sitemap_without_news_titles_is_explained():
    """A plain sitemap is refused with what to look for."""
    body = sitemap_of("<url><loc>https://gazette.example/about</loc><lastmod>2024-11-04</lastmod></url>")

    with pytest.raises(errors.ParseError, match="1 addresses without news titles") as caught:
        parse.parse_feed(body, URL)

    assert caught.value.code == "plain_sitemap"


def test_addresses_without_a_title_are_left_out_and_told():
    """Beside news, other pages are passed over."""
    parsed = parse.parse_feed(sitemap_of("<url><loc>https://gazette.example/about</loc></url>", url_of(1)), URL)

    assert len(parsed.entries) == 1
    assert parsed.dropped == ("1 addresses without a news title: left out.",)


def test_news_sitemap_of_a_quiet_site_is_empty():
    """Without an address a news sitemap is a feed that lists nothing."""
    assert parse.parse_feed(sitemap_of(), URL).entries == ()


def test_index_lists_its_sitemaps_news_first():
    """An index is no feed; what it names can be listed, the likely ones first."""
    body = (
        b'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>https://gazette.example/a.xml'
        b"</loc></sitemap><sitemap><loc>/news.xml</loc></sitemap><sitemap><loc>file:///x</loc></sitemap></sitemapindex>"
    )

    with pytest.raises(errors.ParseError) as caught:
        parse.parse_feed(body, URL)

    assert caught.value.code == "sitemap_index"
    assert sitemap.list_sitemaps(body, URL) == ("https://gazette.example/news.xml", "https://gazette.example/a.xml")


def test_undeclared_prefix_and_wrong_bytes_are_read():
    """A missing namespace declaration and a byte that is no UTF-8 cost no article."""
    body = sitemap_of(url_of(1, "Caf\u00e9 closed"), url_of(2)).replace("\u00e9".encode(), b"\xe9")
    body = body.replace(b' xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"', b"")

    parsed = parse.parse_feed(body, URL)

    assert [entry.title for entry in parsed.entries] == ["Caf\ufffd closed", "Harbour strike, day 2"]


def test_a_date_that_cannot_be_is_absent_and_shown():
    """The date as it was written goes with the place of its entry."""
    parsed = parse.parse_feed(sitemap_of(url_of(1), url_of(2, date="soon")), URL)

    assert parsed.entries[1].published is None
    assert parsed.unread_dates == ((1, "soon"),)
