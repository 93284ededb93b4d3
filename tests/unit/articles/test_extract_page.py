"""monitor.articles.extract: a page's text and what it says about itself."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from monitor import errors
from monitor.articles import extract

URL = "https://gazette.example/2024/11/04/strike"
PARAGRAPHS = [
    f"On day {n} of the strike the dockers of Haifa voted once more to stay out until their pensions are secured, "
    "and the port authority said that talks would go on through the night."
    for n in range(1, 7)
]


def page(head: str = "", around: str = "", paragraphs: list[str] = PARAGRAPHS, lang: str = "en") -> bytes:
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    return (
        f'<!DOCTYPE html><html lang="{lang}"><head><meta charset="utf-8">{head}</head><body>'
        f"<nav><a href='/'>Home</a></nav><article><h1>Harbour strike enters day six</h1>{body}</article>"
        f"{around}</body></html>"
    ).encode()


def test_text_is_the_article_s_paragraphs():
    """Paragraphs come out one a line; menus and links to other articles do not."""
    around = (
        "<div class='related'><h2>Read also</h2><ul><li><a href='/x'>Settlers expelled</a></li></ul></div>"
        "<aside><p>Subscribe to our newsletter, never miss a story.</p></aside><footer>(c) Gazette</footer>"
    )

    found = extract.extract_page(page(around=around), URL)

    assert [line for line in found.text.split("\n") if line.startswith("On day")] == PARAGRAPHS
    for leak in ("Settlers", "newsletter", "(c) Gazette", "Home"):
        assert leak not in found.text
    assert not found.partial


def test_head_tells_title_author_date_and_address():
    """JSON-LD comes first, then meta elements; the site's name is cut from the title."""
    head = """<title>Harbour strike enters day six | Gazette</title>
    <link rel="canonical" href="/strike"><meta property="og:title" content="Strike &amp;quot;six&amp;quot; | Gazette">
    <meta property="og:site_name" content="Gazette"><meta name="author" content="By Ruth Levi">
    <meta property="article:published_time" content="2024-11-04T12:30:00+02:00">"""

    found = extract.extract_page(page(head), URL)

    assert found.title == 'Strike "six"'
    assert found.author == "Ruth Levi"
    assert found.published == datetime(2024, 11, 4, 10, 30, tzinfo=UTC)
    assert found.canonical_url == "https://gazette.example/strike"
    assert found.lang == "en"


def test_json_ld_tells_headline_authors_and_date():
    """The article object inside @graph gives authors and date, and the headline where the page shares no other."""
    head = """<script type="application/ld+json">{"@graph": [{"@type": "WebSite", "name": "Gazette"},
    {"@type": ["NewsArticle"], "headline": "Strike in Haifa", "datePublished": "2024-11-04T08:00:00Z",
     "author": [{"name": "Ruth Levi"}, {"name": "Omar Said"}]}]}</script>"""

    found = extract.extract_page(page(head), URL)

    assert (found.title, found.author) == ("Strike in Haifa", "Ruth Levi, Omar Said")
    assert found.published == datetime(2024, 11, 4, 8, tzinfo=UTC)


def test_address_dates_a_page_that_does_not():
    """Without any date in the markup the path's day counts, at midnight UTC."""
    assert extract.extract_page(page(), URL).published == datetime(2024, 11, 4, tzinfo=UTC)


@pytest.mark.parametrize("written", ["false", '"False"'])
def test_paid_page_is_partial(written):
    """A page that says it is not free is partial, however long the text is."""
    head = f'<script type="application/ld+json">{{"@type": "NewsArticle", "isAccessibleForFree": {written}}}</script>'

    assert extract.extract_page(page(head), URL).partial


def test_thin_text_is_partial():
    """A teaser is no article."""
    found = extract.extract_page(
        page(paragraphs=["The dockers of Haifa voted to stay out until pensions are secured."]), URL
    )

    assert found.partial


@pytest.mark.parametrize(
    ("charset", "content_type", "meta"),
    [
        ("windows-1255", "text/html; charset=windows-1255", ""),
        ("windows-1255", None, "<meta http-equiv='Content-Type' content='text/html; charset=windows-1255'>"),
        ("iso-8859-8", "text/html; charset=ISO-8859-8-I", ""),
        ("windows-1255", None, ""),
        ("utf-8", "text/html; charset=iso-8859-1", ""),
        ("utf-16", None, ""),
    ],
)
def test_hebrew_page_in_any_charset(charset, content_type, meta):
    """Header, byte order mark, meta, or the bytes themselves tell the charset."""
    sentence = "עובדי הנמל הצביעו " * 12
    text = page("", paragraphs=[sentence + "."] * 4).decode().replace('<meta charset="utf-8">', meta)

    found = extract.extract_page(text.replace('lang="en"', "").encode(charset), URL, content_type)

    assert sentence.strip() in found.text


def test_arabic_page_without_any_declaration():
    """windows-1256 is known by its letters."""
    sentence = "قال العمال إن الإضراب مستمر في الميناء " * 8
    text = (
        page("", paragraphs=[sentence + "."] * 4)
        .decode()
        .replace('<meta charset="utf-8">', "")
        .replace(' lang="en"', "")
    )

    found = extract.extract_page(text.encode("windows-1256"), URL)

    assert sentence.strip() in found.text


@pytest.mark.parametrize("body", [b"", b"   ", b"\x00\x00", b"<html></html>", b"\x89PNG\r\n\x1a\n", b"<p>Hi</p>"])
def test_page_without_text_is_an_error(body):
    """Nothing to read is an ExtractError that names the address."""
    with pytest.raises(errors.ExtractError, match=r"gazette\.example"):
        extract.extract_page(body, URL)


def test_menus_alone_are_no_article():
    """Where only the menus of a page were found, the feed's own text is better."""
    menus = "".join(f"<div><a href='/{n}'>Section {n}</a></div>" for n in range(80))

    with pytest.raises(errors.ExtractError):
        extract.extract_page(f"<html><body>{menus}</body></html>".encode(), URL)


def test_hostile_characters_do_not_come_out():
    """NUL, control characters and references to surrogates leave clean text."""
    dirty = [text.replace("strike", "str\x00ike &#0;&#xD800;&#7;\x1b[31m") for text in PARAGRAPHS]

    found = extract.extract_page(page(paragraphs=dirty), URL)

    assert found.text.encode("utf-8")
    assert not set(found.text) & {chr(n) for n in range(32) if n != 10 and n != 9}


def test_a07_canonical_link_is_http_only():
    """A page cannot plant another scheme."""
    found = extract.extract_page(page("<link rel=canonical href='javascript:alert(1)'>"), URL)

    assert found.canonical_url is None


def test_page_and_error_travel_between_processes():
    """What a worker returns or raises survives pickling."""
    found = extract.extract_page(page(), URL)
    with pytest.raises(errors.ExtractError) as caught:
        extract.extract_page(b"", URL)

    assert pickle.loads(pickle.dumps(found)) == found
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
