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


MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'


def test_entry_without_text_of_its_own_has_its_media_s():
    """Title and description of a media group are what a video's entry says."""
    entry = only_entry(
        f"<item {MEDIA}><link>https://gazette.example/v</link><media:group><media:title>Strike, the film</media:title>"
        "<media:description>Dockers speak.</media:description></media:group></item>"
    )

    assert (entry.title, entry.summary) == ("Strike, the film", "Dockers speak.")


@pytest.mark.parametrize("caption_first", [True, False])
def test_a_caption_does_not_displace_the_text(caption_first):
    """A picture's caption that is longer than the teaser stands beside it, wherever it is written."""
    caption = (
        "<media:content url='https://gazette.example/a.jpg'><media:description>Cranes at rest above the quay of Haifa"
        "</media:description></media:content>"
    )
    teaser = "<description>Dockers stay out.</description>"
    parts = caption + teaser if caption_first else teaser + caption

    entry = only_entry(f"<item {MEDIA}><title>Strike</title>{parts}</item>")

    assert "Dockers stay out." in entry.summary
    assert "Cranes at rest" in entry.summary


def test_all_authors_are_named():
    """Several authors are one line, each once."""
    people = "".join(f"<author><name>{name}</name></author>" for name in ("R. Levi", "A. Haddad", "R. Levi"))

    (entry,) = parse.parse_feed(feedtexts.atom(f"<entry><title>x</title>{people}</entry>"), URL).entries

    assert entry.author == "R. Levi, A. Haddad"


@pytest.mark.parametrize(
    ("attributes", "inside", "lang"),
    [
        ("", "<dc:language xmlns:dc='http://purl.org/dc/elements/1.1/'>ar-EG</dc:language>", "ar"),
        ("xml:lang='fr-CA'", "", "fr"),
        ("", "", "en"),
    ],
)
def test_language_of_an_entry(attributes, inside, lang):
    """What the item says of itself comes before the feed's language."""
    item = f"<item {attributes}><title>x</title>{inside}</item>"

    assert only_entry(item, channel="<title>G</title><language>en-us</language>").lang == lang


def test_channel_definition_format_is_read():
    """CDF, in which a channel is the root, gives its items."""
    body = (
        b"<CHANNEL HREF='https://gazette.example/'><TITLE>Gazette</TITLE><ITEM HREF='https://gazette.example/1'>"
        b"<TITLE>Strike</TITLE><ABSTRACT>Dockers stay out.</ABSTRACT></ITEM></CHANNEL>"
    )

    parsed = parse.parse_feed(body.lower(), URL)

    assert parsed.format == "cdf"
    assert [(entry.title, entry.url) for entry in parsed.entries] == [("strike", "https://gazette.example/1")]


@pytest.mark.parametrize(("end", "count"), [("</entry>", 1), ("", 0)])
def test_a_single_atom_entry_is_a_feed_of_one(end, count):
    """A document whose root is an entry gives it, unless the document ends within."""
    body = '<?xml version="1.0"?><entry xmlns="http://www.w3.org/2005/Atom"><title>Strike</title><id>tag:1</id>' + end

    parsed = parse.parse_feed(body.encode(), URL)

    assert len(parsed.entries) == count
    assert bool(parsed.dropped) is (count == 0)


def test_items_left_out_are_counted():
    """`items` counts what the document listed, empty entries included."""
    parsed = parse.parse_feed(feedtexts.rss("<item><guid>a</guid></item>", feedtexts.item(1)), URL)

    assert (parsed.items, len(parsed.entries)) == (2, 1)


def test_a_date_that_cannot_be_is_shown_as_written():
    """The date that was refused goes with the place of its entry; a missing one is not told of."""
    items = [
        "<item><title>Undated</title></item>",
        "<item><title>Misdated</title><pubDate>30 Feb\n 2024</pubDate></item>",
    ]

    assert parse.parse_feed(feedtexts.rss(*items), URL).unread_dates == ((1, "30 Feb 2024"),)


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
