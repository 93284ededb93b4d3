"""What the pre-filter sees of a page: never less than an extractor could take from it."""

from __future__ import annotations

import html
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import errors, text
from monitor.articles import extract, page_words

PROSE = " ".join(f"Sentence {n} tells of the families and of the town in which they live." for n in range(40))


def forms(body: str, head: str = "", feed: tuple[str, ...] = ()) -> set[str]:
    """Return the forms seen in a page with enough prose."""
    page = f"<html><head>{head}</head><body><p>{PROSE}</p>{body}</body></html>"
    found = page_words.page_words(page.encode(), "text/html; charset=utf-8", feed)
    assert found is not None
    return set(found.decode().split())


@pytest.mark.parametrize(
    "body",
    [
        "<p>In Gaza today</p>",
        "<p>In <b>Ga</b>za today</p>",
        "<p>In G<i>a</i><b>z</b>a today</p>",
        "<p>In Ga<sup>1</sup>za today</p>",
        "<p>In Ga<span class=ad>a label</span>za today</p>",
        "<p>In Ga&shy;za today</p>",
        "<p>In G&#97;za today</p>",
        "<p>In Ga\u200bza today</p>",
        "<ul><li>Gaza</li><li>Aid</li></ul>",
        "<nav><a href=/>Gaza</a></nav>",
        "<div hidden>Gaza</div>",
        "<!-- Gaza -->",
        "<!-- <p>Gaza</p> -->",
        "<noscript>Gaza</noscript>",
        "<![CDATA[ Gaza ]]>",
        "<img alt='In Gaza'>",
        "<p>5 <6 Gaza> 4</p>",
        "<p>(Gaza's)</p>",
        "<p>l'<b>Gaza</b></p>",
    ],
)
def test_word_is_seen_wherever_it_stands(body: str) -> None:
    """Tags inside a word, references, hidden text, comments and attributes hide nothing."""
    assert "gaza" in forms(body)


@pytest.mark.parametrize(
    "data",
    [
        json.dumps({"articleBody": "Nobody left غزة today"}),
        json.dumps({"articleBody": "<p>Nobody left <b>غز</b>ة</p>\nToday"}),
        json.dumps({"articleBody": html.escape("<p>Nobody left <b>غز</b>ة</p>")}),
        json.dumps(json.dumps({"articleBody": "Nobody left\nغزة today"})),
    ],
)
def test_data_is_read_as_its_strings_mean_it(data: str) -> None:
    """Escapes of JSON, markup in it and references in that are undone."""
    assert "غزه" in forms(f"<script type='application/ld+json'>{data}</script>")


def test_forms_are_those_of_the_matcher() -> None:
    """Clitics, hyphens and numbers give the forms that the matcher knows."""
    seen = forms("<p>وبغزة U.S.-backed 13,500 mid-2020s</p>")

    assert {"غزه", "usbacked", "13500", "mid2020"} <= seen


def test_programs_and_styles_are_no_text() -> None:
    """Words of scripts and style sheets do not make a page look interesting."""
    assert "gaza" not in forms("<script>var gaza = 'Gaza';</script><style>.gaza {}</style>")


def test_titles_and_the_feed_count() -> None:
    """What stands in the head, in its attributes and in the feed's own words is seen."""
    seen = forms("", "<title>Cairo</title><meta property='og:title' content='Rafah'>", ("Sinai", "A plan"))

    assert {"cairo", "rafah", "sinai", "plan"} <= seen


@pytest.mark.parametrize(
    "page",
    [
        "<p>Too short.</p>",
        f"<p>{PROSE}</p><script>{{'isAccessibleForFree': false}}</script>",
        f"<p>{PROSE}</p><p>It is a reset-</p><p>tlement plan</p>",
        f"<p>{PROSE}</p><p>ガザ<b>地区</b>で</p>",
    ],
)
def test_what_only_extraction_can_tell_is_left_to_it(page: str) -> None:
    """Walls and teasers, paid articles, words cut at a line's end, and scripts without spaces."""
    assert page_words.page_words(page.encode(), None, ()) is None


WORDS = st.sampled_from(
    ["Gaza", "aid", "l'Égypte", "U.S.", "Al-Sisi", "13,500", "وبالقاهرة", "לעזה", 'צה"ל', "re‑entry"]
)
TAGS = st.sampled_from(
    ["", " ", "<b>", "</b>", "<a href='/x'>", "</a>", "<br>", "</p><p>", "<sup>1</sup>", "\n", "&nbsp;", "&amp;", ", "]
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(WORDS, TAGS, st.integers(0, 9)), max_size=40))
def test_extracted_words_are_always_seen(parts: list[tuple[str, str, int]]) -> None:
    """Whatever tags stand between words and within them, the extractor finds no form that was not seen."""
    body = "".join(f"{word[:cut]}{tag}{word[cut:]} " for word, tag, cut in parts)
    page = f"<html><body><article><p>{PROSE}</p><p>{body}</p><p>{PROSE}</p></article></body></html>".encode()

    seen = page_words.page_words(page, None, ())

    try:
        found = extract.extract_page(page, "https://gazette.example/a/1")
    except errors.ExtractError:
        return
    if seen is not None:
        assert set(text.haystack(found.title, found.text).split()) <= set(seen.split())
