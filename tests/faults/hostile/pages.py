"""Hostile web pages."""

from __future__ import annotations

import json
from collections.abc import Iterator

from tests.faults.hostile.recipe import WORDS, Hostile, html, page


def recipes() -> Iterator[Hostile]:
    """Yield every recipe."""
    yield from _quadratic()
    yield from _deep()
    yield from _unclosed()
    yield from _heads()
    yield from _charsets()
    yield from _texts()
    yield from _other_files()


def _quadratic() -> Iterator[Hostile]:
    for kilobytes in (60, 156, 312, 1_000, 1_900):
        yield page(f"one-paragraph-{kilobytes}k", lambda n=kilobytes: html(f"<p>{'<b>x</b>' * (n * 125)}</p>"))
    for tag in ("i", "a href='x'", "span", "em", "sup", "code", "q", "img src='x' ", "br"):
        name = tag.split()[0]
        yield page(f"inline-{name}", lambda t=tag, n=name: html(f"<p>{f'<{t}>x</{n}>' * 40_000}</p>"))
    yield page(
        "colspan-table", lambda: html(f"<table>{'<tr>' + '<td colspan=1000>x</td>' * 40:}</tr>" * 250 + "</table>")
    )
    yield page("colspan-huge", lambda: html("<table><tr><td colspan=1000000000 rowspan=1000000000>x</td></tr></table>"))
    yield page("colspan-negative", lambda: html("<table><tr><td colspan=-1>x</td><td colspan=x>y</td></tr></table>"))
    yield page("cells-50000", lambda: html(f"<table><tr>{'<td>x</td>' * 50_000}</tr></table>"))
    yield page("rows-50000", lambda: html(f"<table>{'<tr><td>x</td></tr>' * 50_000}</table>"))
    yield page("tables-5000", lambda: html("<table><tr><td>x</td></tr></table>" * 5_000))
    yield page("lists-50000", lambda: html(f"<ul>{'<li>x</li>' * 50_000}</ul>"))
    yield page("paragraphs-100000", lambda: html("<p>x</p>" * 100_000))
    yield page("headings-50000", lambda: html("<h2>Port</h2>" * 50_000))
    yield page("breaks-300000", lambda: html("<p>x" + "<br>" * 300_000 + "</p>"))
    yield page("divs-100000", lambda: html("<div>x</div>" * 100_000))
    yield page("links-50000", lambda: html("".join(f'<a href="/rss/{n}">feed {n}</a>' for n in range(40_000))))
    yield page("quotes-20000", lambda: html("<blockquote>x</blockquote>" * 20_000))
    yield page("images-30000", lambda: html('<img src="a.jpg" alt="x">' * 30_000))
    yield page("options-50000", lambda: html(f"<select>{'<option>x' * 50_000}</select>"))
    yield page("same-paragraph-10000", lambda: html(f"<p>{WORDS}</p>" * 10_000))
    yield page("same-tokens", lambda: html(f"<p>{'resettlement ' * 100_000}</p>"))


def _deep() -> Iterator[Hostile]:
    for tag in ("div", "span", "b", "table", "ul", "blockquote", "a", "font", "section", "p"):
        for depth in (300, 10_000, 100_000):
            yield page(f"deep-{tag}-{depth}", lambda t=tag, n=depth: html(f"<{t}>" * n + WORDS + f"</{t}>" * n))
    yield page("deep-tables", lambda: html("<table><tr><td>" * 2_000 + WORDS))
    yield page("deep-lists", lambda: html("<ul><li>" * 5_000 + WORDS))
    yield page("deep-formatting", lambda: html("<b><i><u><a href=x>" * 5_000 + WORDS))


def _unclosed() -> Iterator[Hostile]:
    for name, text in (
        ("comment", "<!--"),
        ("comments", "<!-- x" * 100_000),
        ("cdata", "<![CDATA["),
        ("tag", "<a href='"),
        ("tags", "<a " * 200_000),
        ("attribute", '<p class="' + "x" * 1_500_000),
        ("script", "<script>" + "var a = '<p>';" * 100_000),
        ("style", "<style>" + "p{color:red}" * 100_000),
        ("textarea", "<textarea>" + "<p>x</p>" * 100_000),
        ("plaintext", "<plaintext>" + "<p>x</p>" * 100_000),
        ("xmp", "<xmp>" + "<p>x</p>" * 100_000),
        ("noscript", "<noscript>" * 20_000),
        ("template", "<template>" * 20_000),
        ("iframe", "<iframe>" * 20_000),
        ("svg", "<svg>" + "<g>" * 50_000),
        ("math", "<math>" + "<mi>" * 50_000),
        ("frameset", "<frameset>" * 10_000),
        ("paragraphs", "<p>" * 200_000),
        ("less-than", "<" * 1_500_000),
        ("closings", "</p>" * 300_000),
        ("doctypes", "<!doctype html>" * 100_000),
        ("instructions", "<?php " * 200_000),
        ("entities", "&amp" * 300_000),
        ("entity-long", "&" + "a" * 1_500_000),
        ("references", "&#" * 500_000),
    ):
        yield page(f"unclosed-{name}", lambda t=text: html(t))


def _heads() -> Iterator[Hostile]:
    deep: object = []
    for _ in range(900):
        deep = [deep]
    for name, data in (
        ("deep", deep),
        (
            "wrong-types",
            {"@type": {"a": 1}, "headline": [[]], "datePublished": 10**30, "author": [None, 3, {"name": {}}]},
        ),
        ("graph", {"@graph": [{"@type": "NewsArticle", "articleBody": WORDS * 50}] * 200}),
        ("long", {"@type": "NewsArticle", "articleBody": "x" * 1_500_000}),
        ("headline", {"@type": "NewsArticle", "headline": "h" * 500_000}),
        ("markup", {"@type": "NewsArticle", "articleBody": "<b>x</b>" * 100_000}),
    ):
        text = json.dumps(data)
        yield page(f"json-ld-{name}", lambda t=text: html("", f'<script type="application/ld+json">{t}</script>'))
    opened = '<script type="application/ld+json">' + "[" * 300_000 + "</script>"
    yield page("json-ld-unclosed", lambda: html("", opened))
    yield page("json-ld-many", lambda: html("", '<script type="application/ld+json">{"@type":"X"}</script>' * 20_000))
    yield page("json-ld-digits", lambda: html("", f'<script type="application/ld+json">{"9" * 1_000_000}</script>'))
    yield page("title-1mb", lambda: html("", f"<title>{'t ' * 500_000}</title>"))
    yield page("titles-50000", lambda: html("", "<title>t</title>" * 50_000))
    yield page("metas-50000", lambda: html("", '<meta property="og:title" content="x">' * 40_000))
    yield page("meta-long", lambda: html("", f'<meta name="description" content="{"x" * 1_500_000}">'))
    yield page(
        "meta-dates", lambda: html("", f'<meta property="article:published_time" content="{"2024-01-01 " * 90_000}">')
    )
    yield page("meta-author", lambda: html("", f'<meta name="author" content="{"a@a." * 100_000}!">'))
    yield page("byline", lambda: html(f'<p class="author byline">By {"A. " * 200_000}</p>'))
    yield page("time-elements", lambda: html('<time datetime="2024-99-99">x</time>' * 30_000))
    yield page("dates-in-text", lambda: html(f"<p>{'12/31/2024 2024-01-01 31 December 2024 ' * 25_000}</p>"))
    yield page("dates-in-links", lambda: html('<a href="/2024/01/01/a">x</a>' * 30_000))
    yield page("digits", lambda: html(f"<p>{'1' * 1_500_000}</p>"))
    yield page("copyright", lambda: html(f"<footer>{'© 2001-2024 ' * 100_000}</footer>"))
    for target in ("http://169.254.169.254/", "http://127.0.0.1:1/", "file:///etc/passwd", "javascript:alert(1)", ""):
        name = "".join(letter if letter.isalnum() else "-" for letter in target)[:20] or "self"
        yield page(f"refresh-{name}", lambda t=target: html("", f'<meta http-equiv="refresh" content="0;url={t}">'))
    yield page("base-javascript", lambda: html('<a href="x">y</a>', '<base href="javascript:alert(1)">'))
    yield page("base-long", lambda: html('<a href="/rss">y</a>' * 5_000, f'<base href="http://h/{"a" * 100_000}">'))
    yield page(
        "feeds-declared", lambda: html("", '<link rel="alternate" type="application/rss+xml" href="/f">' * 30_000)
    )
    yield page("canonical-long", lambda: html("", f'<link rel="canonical" href="http://h/{"a" * 1_000_000}">'))
    yield page("language-long", lambda: f"<html lang='{'en-' * 300_000}'><body><p>{WORDS * 20}</p>")
    classes = " ".join(f"comment-{n}" for n in range(100_000))
    yield page("classes-100000", lambda: html(f'<div class="{classes}"><p>{WORDS}</p></div>'))
    yield page("attributes-50000", lambda: html("<p " + " ".join(f'a{n}="b"' for n in range(50_000)) + ">x</p>"))
    yield page("data-image", lambda: html(f'<img src="data:image/png;base64,{"A" * 1_500_000}">'))
    yield page("zones-20000", lambda: html('<div class="related"><p>x</p></div><nav><a href=x>y</a></nav>' * 10_000))


def _charsets() -> Iterator[Hostile]:
    text = f"<p>הממשלה دانة بالقرار café {WORDS * 5}</p>"
    for declared in (
        "utf-16",
        "utf-32",
        "utf-7",
        "zip",
        "rot13",
        "hex",
        "base64",
        "idna",
        "undefined",
        "x" * 3_000,
        "",
        "\x00",
    ):
        shown = "".join(letter if letter.isalnum() else "_" for letter in declared)[:12] or "empty"
        yield page(
            f"charset-lie-{shown}",
            lambda name=declared: html(text, f'<meta charset="{name}">').encode("windows-1255", "replace"),
            "text/html",
        )
    for mark, coded in (
        (b"\xef\xbb\xbf", "utf-16"),
        (b"\xff\xfe", "utf-8"),
        (b"\xfe\xff", "utf-16-le"),
        (b"\x00\x00\xfe\xff", "utf-8"),
    ):
        yield page(f"mark-{mark.hex()}-{coded}", lambda m=mark, c=coded: m + html(text).encode(c), "text/html")
    for coded in ("utf-16-le", "utf-16-be", "utf-32", "utf-7", "windows-1255", "iso2022_jp"):
        yield page(f"charset-real-{coded}", lambda c=coded: html(text).encode(c, "replace"), "text/html")
    yield page("charset-many", lambda: html(text, '<meta charset="a">' * 50_000), "text/html")
    yield page("charset-random", lambda: b"<p>" + bytes(range(256)) * 6_000, "text/html")
    yield page("charset-surrogates", lambda: html("<p>" + "\ud800\udfff" * 200_000))


def _texts() -> Iterator[Hostile]:
    for name, text in (
        ("one-word", "x" * 1_500_000),
        ("arabic-word", "ا" * 700_000),
        ("hebrew-points", "שָׁ" * 200_000),
        ("combining", "a" + "\u0301" * 700_000),
        ("zero-width", "\u200b" * 500_000),
        ("directions", "\u202e\u202d" * 250_000),
        ("emoji", "👨‍👩‍👧‍👦" * 40_000),
        ("chinese", "北京" * 250_000),
        ("full-stops", "." * 1_500_000),
        ("sentences", "A. " * 400_000),
        ("quotes", '"' * 1_000_000),
        ("dashes", "-" * 1_000_000),
        ("newlines", "\n" * 1_500_000),
        ("tabs", "\t" * 1_500_000),
        ("nul", "\x00" * 1_000_000),
        ("names", "Netanyahu Gaza Egypt " * 70_000),
        ("urls", "http://h/a?b=c " * 90_000),
        ("numbers", "1,000,000.00 " * 90_000),
        ("letters", "a b c d e f g h " * 80_000),
        ("case-folding", "İßŉ" * 200_000),
        ("compatibility", "ﷺ" * 200_000),
    ):
        yield page(f"text-{name}", lambda t=text: html(f"<p>{t}</p>"))


def _other_files() -> Iterator[Hostile]:
    yield page("pdf", lambda: b"%PDF-1.7\n" + bytes(range(256)) * 4_000, "application/pdf")
    yield page("png", lambda: b"\x89PNG\r\n\x1a\n" + bytes(500_000), "text/html")
    yield page("video", lambda: b"\x00\x00\x00\x18ftypmp42" + bytes(500_000), "video/mp4")
    yield page("zip", lambda: b"PK\x03\x04" + bytes(100_000), "application/zip")
    yield page("empty", lambda: b"")
    yield page("json", lambda: json.dumps({"html": "<p>x</p>" * 10_000}), "application/json")
    yield page("xml", lambda: "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>" + "&b;" * 200_000)
    yield page(
        "xhtml", lambda: '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body>' + "<p/>" * 100_000
    )
    yield page("beyond-2-mb", lambda: html(f"<p>{WORDS}</p>" * 25_000))
    yield page("type-long", lambda: html(""), "text/html; charset=" + "a" * 4_000)
    yield page("type-odd", lambda: html(""), "text/html; charset=utf-8; charset=zip; boundary=x")
