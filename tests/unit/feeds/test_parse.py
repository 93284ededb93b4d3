"""monitor.feeds.parse: what an entry says after parsing."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from monitor import errors
from monitor.feeds import parse
from tests.support import feedtexts

URL = "https://gazette.example/rss"


def only_entry(item: str, channel: str = "<title>Gazette</title>"):
    (entry,) = parse.parse_feed(feedtexts.rss(item, channel=channel), URL).entries
    return entry


def test_rss_item_becomes_an_entry():
    """An ordinary item keeps guid, link, title, text and date; the text is plain."""
    entry = parse.parse_feed(feedtexts.rss_of(1), URL).entries[0]

    assert entry.guid == "gazette-1"
    assert entry.url == "https://gazette.example/news/1"
    assert entry.title == "Harbour strike enters day 1"
    assert entry.summary == "Dockers voted on day 1 to stay out."
    assert entry.published == datetime(2024, 11, 4, 10, 1, tzinfo=UTC)


def test_atom_entry_keeps_its_alternate_link():
    """Atom's first HTML alternate is the link, relative ones resolved against xml:base."""
    entry = (
        '<entry><id>tag:gazette,2024:1</id><title>Strike</title><link rel="self" href="https://gazette.example/api/1"/>'
        '<link href="news/1"/><updated>2024-11-04T12:00:00+02:00</updated></entry>'
    )
    parsed = parse.parse_feed(feedtexts.atom(entry, attributes='xml:base="https://gazette.example/en/"'), URL)

    assert parsed.entries[0].guid == "tag:gazette,2024:1"
    assert parsed.entries[0].url == "https://gazette.example/en/news/1"
    assert parsed.entries[0].published == datetime(2024, 11, 4, 10, tzinfo=UTC)
    assert parsed.format == "atom10"


def test_prefixed_rdf_root_is_a_feed():
    """RSS 1.0 with its rdf prefix is read, items outside of the channel."""
    body = (
        b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/">'
        b'<channel rdf:about="x"><title>Gazette</title></channel><item rdf:about="https://gazette.example/1">'
        b"<title>Strike</title><link>https://gazette.example/1</link></item></rdf:RDF>"
    )

    parsed = parse.parse_feed(body, URL)

    assert [(entry.title, entry.url) for entry in parsed.entries] == [("Strike", "https://gazette.example/1")]
    assert parsed.dropped == ()


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ("<title>x</title><guid>https://gazette.example/g</guid>", "https://gazette.example/g"),
        ("<title>x</title><guid>17</guid>", None),
        ("<title>x</title><guid isPermaLink='false'>17</guid><link>/news/17</link>", "https://gazette.example/news/17"),
        ("<title>x</title><enclosure url='https://gazette.example/a.mp3' type='audio/mpeg' length='1'/>", None),
        ("<title>x</title><link>https://gazette.example/" + "a" * 3000 + "</link>", None),
    ],
)
def test_link_falls_back_to_an_absolute_guid(item, url):
    """Without a link the guid is the page if it is an address; a number or an enclosure never is."""
    assert only_entry(f"<item>{item}</item>").url == url


def test_guid_does_not_move_with_the_feed():
    """A guid that is no address stays as written, whatever address the feed answered from."""
    body = feedtexts.rss("<item><title>x</title><guid>17</guid></item>")

    guids = {parse.parse_feed(body, url).entries[0].guid for url in (URL, "http://other.example/feed")}

    assert guids == {"17"}


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Q&amp;amp;A: &amp;quot;never&amp;quot;", 'Q&A: "never"'),
        ("<![CDATA[Caf\u00e9 &#8211; <b>open</b>]]>", "Caf\u00e9 \u2013 open"),
        ("2 &lt; 3 and 5 &gt; 4", "2 < 3 and 5 > 4"),
        ("  two\n lines ", "two lines"),
        ("a" * 600, "a" * 499 + "\u2026"),
    ],
)
def test_title_is_one_plain_line(written, title):
    """Entities are decoded, tags dropped, spaces folded, length clamped."""
    assert only_entry(f"<item><title>{written}</title></item>").title == title


def test_longer_of_summary_and_content_is_the_text():
    """content:encoded replaces a shorter description; blocks become paragraphs, scripts vanish."""
    item = (
        "<item><title>x</title><description>Short.</description><content:encoded><![CDATA["
        "<h2>Strike</h2><p>First &amp; <a href='/x'>linked</a>.</p><script>var x = '<p>no</p>';</script>"
        "<ul><li>One<li>Two</ul>Line<br>break]]></content:encoded></item>"
    )

    assert only_entry(item).summary == "Strike\n\nFirst & linked.\n\nOne\n\nTwo\n\nLine\nbreak"


def test_author_tags_language_and_publisher():
    """The remaining fields are plain, tags distinct and at most thirty."""
    tags = "".join(f"<category>tag {n % 40}</category>" for n in range(80))
    item = f"<item><title>x</title><author>R. Levi</author>{tags}<source url='https://herald.example/'>Herald</source></item>"

    entry = only_entry(item, channel="<title>G</title><language>iw-IL</language><ttl>15</ttl>")

    assert entry.author == "R. Levi"
    assert entry.tags == tuple(f"tag {n}" for n in range(30))
    assert entry.lang == "he"
    assert entry.publisher == "Herald"


@pytest.mark.parametrize(("written", "seconds"), [("15", 900.0), ("0", None), ("soon", None), ("99999999999", None)])
def test_ttl_is_seconds_or_absent(written, seconds):
    """RSS writes minutes; nonsense counts as absent."""
    channel = f"<title>G</title><ttl>{written}</ttl>"

    assert parse.parse_feed(feedtexts.rss(feedtexts.item(1), channel=channel), URL).ttl == seconds


def test_a_server_s_stray_words_before_the_feed_are_skipped():
    """A warning printed before the root does not cost the feed."""
    body = b"<b>Warning</b>: mysql in /srv/x.php\n" + feedtexts.rss_of(2)

    assert len(parse.parse_feed(body, URL).entries) == 2


def test_complete_items_survive_a_missing_end():
    """Where the document ends between two items, all of them are kept, and the end is told."""
    body = feedtexts.rss_of(3).replace(b"</channel></rss>", b"")

    parsed = parse.parse_feed(body, URL)

    assert len(parsed.entries) == 3
    assert parsed.dropped == ("The document ends early; no item was cut by it.",)


@pytest.mark.parametrize(
    ("charset", "content_type"),
    [
        ("windows-1255", None),
        ("windows-1256", None),
        ("iso-8859-8", "text/xml"),
        ("windows-1255", "text/xml; charset=windows-1255"),
    ],
)
def test_charsets_of_the_region(charset, content_type):
    """Declared single-byte sets are read by declaration, also under text/xml without a charset."""
    title = "\u05e9\u05d1\u05d9\u05ea\u05d4" if charset != "windows-1256" else "\u0625\u0636\u0631\u0627\u0628"
    body = feedtexts.rss(feedtexts.item(1, title)).decode().replace("UTF-8", charset).encode(charset)

    assert parse.parse_feed(body, URL, content_type).entries[0].title == title


def test_parsed_feed_and_error_travel_between_processes():
    """What a worker returns or raises survives pickling."""
    parsed = parse.parse_feed(feedtexts.rss_of(2), URL)
    with pytest.raises(errors.ParseError) as caught:
        parse.parse_feed(b"<html></html>", URL)

    assert pickle.loads(pickle.dumps(parsed)) == parsed
    assert pickle.loads(pickle.dumps(caught.value)).code == "html_page"
