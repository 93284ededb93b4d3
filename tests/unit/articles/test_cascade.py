"""Where a text comes from when the extractor's first answer is not the article, and what is cut from it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from monitor import errors
from monitor.articles import extract

URL = "https://www.gazette.example/a/1"
PARAGRAPHS = [
    f"On day {n} of the strike the dockers of the town voted once more to stay out until their pensions are secured, "
    "and the port authority said that talks would go on through the night."
    for n in range(1, 9)
]
TEXT = "".join(f"<p>{text}</p>" for text in PARAGRAPHS)
TITLE = "Harbour strike enters day six"


def read(body: str, head: str = f"<title>{TITLE} | Gazette</title>") -> extract.Seen:
    """Read a page with this body and head."""
    return extract.read_page(f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>".encode(), URL)


def article(text: str) -> str:
    """Return an article element around a text."""
    return f"<article><h1>{TITLE}</h1>{text}</article>"


def json_ld(**about: Any) -> str:
    """Return a JSON-LD script."""
    return f'<script type="application/ld+json">{json.dumps({"@type": "NewsArticle", **about})}</script>'


# -- links to other stories ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "teaser",
    [
        "<p><a href='/x'>Settlers expelled from the valley</a></p>",
        "<p><strong>Read also:</strong> <a href='/x'>Settlers expelled from the valley</a></p>",
        "<p>اقرأ أيضا: <a href='/x'>Settlers expelled from the valley</a></p>",
        "<h3>More on this</h3><ul><li><a href='/x'>Settlers expelled from the valley</a></li><li><a href='/'>B</a></li>"
        "</ul>",
        "<ul><li><p><a href='/x'>Settlers expelled from the valley</a></p></li></ul>",
        "<h3><a href='/x'>Settlers expelled from the valley</a></h3>",
    ],
)
def test_link_to_another_story_is_no_text(teaser: str) -> None:
    """A block that is a link goes, in any language, with the label above it."""
    seen = read(article(TEXT[:900] + "</p>" + teaser + TEXT))

    assert "Settlers" not in seen.page.text
    assert "More on this" not in seen.page.text
    assert all(text in seen.page.text for text in PARAGRAPHS)


def test_linked_words_in_a_sentence_stay() -> None:
    """A paragraph that has links in it is text."""
    sentence = "The dockers <a href='/1'>voted on Monday</a> to go on, <a href='/2'>as the union had asked</a> them to."

    seen = read(article(TEXT + f"<p>{sentence}</p>"))

    assert "The dockers voted on Monday to go on, as the union had asked them to." in seen.page.text


def test_page_whose_text_is_links_keeps_it() -> None:
    """Where most paragraphs are links they are what the page has to say."""
    items = "".join(
        f"<p><a href='/{n}'>Report number {n} on the harbour, the town and its sea</a></p>" for n in range(20)
    )

    seen = read(article(items))

    assert "Report number 7 on the harbour" in seen.page.text


# -- pieces ----------------------------------------------------------------------------------------


def test_article_in_parts_is_joined() -> None:
    """Parts of one name between advertisements are one article."""
    parts = [f"<div class='article-body'>{TEXT}</div>".replace("On day", f"In part {n} on day") for n in range(3)]

    seen = read("<div>" + "<div class='ad'>Buy boots</div>".join(parts) + "</div>")

    assert all(f"In part {n} on day 1" in seen.page.text for n in range(3))
    assert "boots" not in seen.page.text


def test_posts_of_a_list_are_not_joined() -> None:
    """Posts are named alike too; each brings its own heading, which is a link."""
    posts = [
        f"<div class='post p{n}'><h2><a href='/{n}'>Post {n}</a></h2><div class='post-content'>{text}</div></div>"
        for n, text in enumerate(TEXT.replace("On day", f"In post {n} on day") for n in range(3))
    ]

    seen = read(f"<div>{''.join(posts)}</div>")

    assert "In post 0 on day 1" in seen.page.text
    assert "In post 2 on day 1" not in seen.page.text


def test_frame_that_was_never_closed_keeps_its_article() -> None:
    """An aside that holds nearly all paragraphs is a fault of the markup."""
    seen = read(f"<h1>{TITLE}</h1><aside class='x'>Box {TEXT}")

    assert all(text in seen.page.text for text in PARAGRAPHS)


def test_lead_in_a_frame_of_its_own_is_the_first_line() -> None:
    """What stands below the headline is read, where the page's description begins like it."""
    lead = "Nobody expected the dockers to hold out for so long, least of all the dockers themselves."
    head = f'<title>{TITLE}</title><meta property="og:description" content="{lead[:60]}...">'
    body = f"<div><h1>{TITLE}</h1><div class='standfirst'>{lead}</div><div class='article-body'>{TEXT}</div></div>"

    assert read(body, head).page.text.split("\n")[0] == lead
    assert lead not in read(body).page.text


def test_block_named_like_a_lead_that_the_page_does_not_describe_itself_with_is_none() -> None:
    """A teaser of another story may be named a summary."""
    head = '<meta property="og:description" content="Dockers of the town vote to stay out for another week.">'
    body = (
        f"<div class='summary'>Settlers were expelled from the valley in the night, as was said.</div>{article(TEXT)}"
    )

    assert "Settlers" not in read(body, head).page.text


# -- what a page states for machines ---------------------------------------------------------------


def test_stated_text_stands_in_for_a_thin_page() -> None:
    """`articleBody` is the text where the page shows little of it; markup and references are read."""
    body = "<p>" + "</p><p>".join(PARAGRAPHS) + "</p>"
    head = json_ld(headline=TITLE, articleBody=body.replace("town", "town &amp;amp; port"))

    seen = read(article(f"<p>{PARAGRAPHS[0]}</p>"), head)

    assert seen.origin == "json_ld"
    assert seen.page.text.count("town & port") == len(PARAGRAPHS)
    assert seen.page.text.count("\n") == len(PARAGRAPHS) - 1


def test_text_stated_twice_is_read_once() -> None:
    """Some pages state the article and the article again."""
    head = json_ld(headline=TITLE, articleBody=" ".join(PARAGRAPHS * 2))

    seen = read(article(f"<p>{PARAGRAPHS[0]}</p>"), head)

    assert seen.page.text.count(PARAGRAPHS[3]) == 1


def test_stated_text_tells_where_the_article_ends() -> None:
    """What follows the last line that both have is not the article."""
    box = "<p>The writer has lived in the town since her youth and keeps bees.</p>"

    stated = read(article(TEXT + box), json_ld(headline=TITLE, articleBody=" ".join(PARAGRAPHS)))
    unstated = read(article(TEXT + box))

    assert "bees" in unstated.page.text
    assert "bees" not in stated.page.text
    assert stated.page.text.endswith(PARAGRAPHS[-1])


def test_stated_excerpt_cuts_nothing() -> None:
    """A site that states the beginning alone loses no text by it."""
    seen = read(article(TEXT), json_ld(headline=TITLE, articleBody=PARAGRAPHS[0]))

    assert all(text in seen.page.text for text in PARAGRAPHS)


def test_page_drawn_by_script_is_read_from_its_data() -> None:
    """A shell without text brings the article as a string of its scripts; only beside its own title."""
    body = json.dumps({"title": TITLE, "contentHtml": TEXT}).replace("<", "\\u003c")
    other = json.dumps({"title": "Another story", "contentHtml": TEXT}).replace("<", "\\u003c")

    seen = read(f"<div id='root'></div><script>window.state = {body};</script>")

    assert seen.origin == "script_data"
    assert seen.page.text.split("\n") == PARAGRAPHS
    with pytest.raises(errors.ExtractError) as caught:
        read(f"<div id='root'></div><script src='/a.js'></script><script>window.state = {other};</script>")
    assert caught.value.code == "script_only"


# -- titles ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "heading", "title"),
    [
        ("<title>Strike | Gazette</title>", "", "Strike"),
        ("<title>Gazette | Strike in the port</title>", "", "Strike in the port"),
        ("<title>Strike in the port - The Gazette</title>", "", "Strike in the port"),
        ("<title>Strike - a record</title>", "", "Strike - a record"),
        ("<title>Gazette of the union says: strike</title>", "", "Gazette of the union says: strike"),
        (
            '<meta property="og:title" content="Shared words"><title>Window words</title>',
            "Printed words",
            "Shared words",
        ),
        (
            '<meta property="og:title" content="Words for engines"><title>Words for engines | Gazette</title>'
            + json_ld(headline="Words that are printed"),
            "Words that are printed",
            "Words that are printed",
        ),
        (
            '<meta property="og:title" content="Migration: Party calls for resistance in the hills">',
            "Party calls for resistance in the hills",
            "Party calls for resistance in the hills",
        ),
    ],
)
def test_headline(head: str, heading: str, title: str) -> None:
    """The site's name and a kicker are cut; words for search engines give way to what is printed."""
    body = f"<article>{f'<h1>{heading}</h1>' if heading else ''}{TEXT}</article>"

    assert read(body, head).page.title == title


# -- around the text -------------------------------------------------------------------------------


def test_headline_and_last_labels_are_no_text() -> None:
    """The headline again above, a label and a notice of rights below."""
    seen = read(article(TEXT + "<p>More on this:</p><p>© 2024 The Gazette. All rights reserved.</p>"))

    assert seen.page.text.split("\n") == PARAGRAPHS


def test_heading_that_is_not_the_title_is_text() -> None:
    """What only the page's heading says is read, since rules look for words."""
    head = '<meta property="og:title" content="Dockers vote again">'

    seen = read(article(TEXT), head)

    assert seen.page.title == "Dockers vote again"
    assert TITLE in seen.page.text
