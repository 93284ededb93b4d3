"""A page's bytes -> its title and text; trafilatura's one door.

Runs in a worker process that is killed after 10 s: on hostile pages trafilatura's time is quadratic.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass

import lxml.etree
import lxml.html
import trafilatura
import trafilatura.external

from monitor import errors, model
from monitor.articles import charset, head, lead, lines, parts, scope, stated, stopwords, teasers, walls, zones

THIN_TEXT = 250
"""Characters: a shorter text is a teaser, a video's caption or an error page."""
LEAST_TEXT = 50
"""Characters: less than this is no text at all."""
DOUBTFUL_TEXT = 800
"""Characters: a shorter text is compared with two further extractors, which costs 20 ms.

Tuned on extract-aeb and extract-trafilatura: 600 loses 0.004 of segment F, 1,000 loses 0.004 of F1 and gains nothing.
Re-run tests/eval/test_extract.py.
"""

MENU_LINES = 40
MENU_WIDTH = 60
"""More lines than that, none of them as long as this, are the menus of a page whose text was not found."""

_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# It warns of each page without text, with the address as it came; our ExtractError says the same, once and escaped.
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
stopwords.keep_small(trafilatura.external)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read in a page, where from, and why it is partial."""

    page: model.Page
    origin: str
    """`page`, `page_parts` (several parts joined), `paragraphs` (in a row, where the extractor found a piece),
    `second_extractor` (where the first found little), `json_ld` (the page's own `articleBody`), or
    `script_data` (of a page that draws itself by script)."""
    partial_reason: str | None
    """`paid`, `thin_page`, or None where the text is whole."""


def extract_page(html: bytes, url: str, content_type: str | None = None, fast: bool = True) -> model.Page:
    """Return the article in a page; see `read_page`."""
    return read_page(html, url, content_type, fast).page


def read_page(html: bytes, url: str, content_type: str | None = None, fast: bool = True) -> Seen:
    """Return the article in a page, and how it was found.

    Args:
        html: At most 2 MB, decoded from gzip.
        url: Address that answered; relative links are resolved against it.
        content_type: Header of that name, for its charset.
        fast: Compare with two further extractors only where little text was found, instead of always.
    Returns: A page whose `partial` is True where it says that it is paid, or the text is under THIN_TEXT characters.
    Raises: ExtractError with its code, if there is no page, no text in it, or the text is none of an article.
    """
    page = charset.to_utf8(html, content_type)
    tree = _parse_html(page, url)
    about = head.read_head(tree, url)
    text, origin = _find_text(tree, url, about, fast)
    if len(text) < LEAST_TEXT:
        text, origin = _from_scripts(page, url, about.title) or text, "script_data"
    fault = "menus" if _is_menus(text) else walls.of_text(about.title, text) if len(text) >= LEAST_TEXT else "no_text"
    if fault == "no_text":
        fault = walls.without_text(about.title, _parse_html(page, url))
    if fault:
        raise errors.ExtractError(f"{url}: the page holds no article text: {walls.SAID[fault]}.", fault)
    reason = "paid" if about.paid else "thin_page" if len(text) < THIN_TEXT else None
    seen = model.Page(
        title=about.title,
        text=text,
        lang=about.lang,
        author=about.author,
        published=about.published,
        canonical_url=about.canonical_url,
        partial=reason is not None,
    )
    return Seen(seen, origin, reason)


def _parse_html(page: bytes, url: str) -> lxml.html.HtmlElement:
    parser = lxml.etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False
    )
    # One class for all elements: lxml.html's own lookup is a Python call for each element touched.
    parser.set_element_class_lookup(lxml.etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement))
    try:
        tree = lxml.etree.fromstring(page, parser) if page.strip() else None
    except (lxml.etree.LxmlError, ValueError) as error:
        raise errors.ExtractError(f"{url}: the page cannot be read ({error}).", "unreadable") from error
    if tree is None:
        raise errors.ExtractError(f"{url}: the page is empty.")
    return tree


def _find_text(tree: lxml.html.HtmlElement, url: str, about: head.Head, fast: bool) -> tuple[str, str]:
    """Return the text and its origin: the page's, a second extractor's where that is thin, or what JSON-LD states."""
    scope.drop_dead(tree)
    body = tree.find("body")
    text, origin = _extract_text(tree, body, url, fast)
    if about.body and stated.replaces(about.body, text):
        text, origin = _UNWANTED.sub("", about.body), "json_ld"
    elif about.body:
        text = stated.trimmed(text, about.body)
    text = lines.without_tail(lines.without_headline(text, about.title))
    if body is not None and text and lead.is_missing(about.description, text):
        above = _UNWANTED.sub("", lead.find_lead(body, about.description))
        text = f"{above}\n{text}" if above else text
    return text, origin


def _from_scripts(page: bytes, url: str, title: str) -> str:
    scripts = [element.text for element in _parse_html(page, url).iter("script") if element.text]
    return _UNWANTED.sub("", stated.from_scripts(scripts, title))


def _extract_text(
    tree: lxml.html.HtmlElement, body: lxml.html.HtmlElement | None, url: str, fast: bool
) -> tuple[str, str]:
    posts = _prepare(tree, body) if body is not None else []
    text, origin = _run_trafilatura(tree, url, fast), "page"
    if body is not None and parts.join_parts(body, text, posts):
        joined = _run_trafilatura(tree, url, fast)
        text, origin = (joined, "page_parts") if len(joined) > len(text) else (text, origin)
    siblings = parts.sibling_paragraphs(body, text) if body is not None else ""
    if siblings:
        text, origin = _UNWANTED.sub("", siblings), "paragraphs"
    if not fast or len(text) >= DOUBTFUL_TEXT:
        return text, origin
    second = _run_trafilatura(tree, url, fast=False)
    return (second, "second_extractor") if len(second) > len(text) else (text, origin)


def _prepare(tree: lxml.html.HtmlElement, body: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """Take out of the tree what is not the article; return the frames of headings that were links."""
    if scope.unfold_layout(body):
        scope.narrow_by_text(body)
    scope.narrow(tree)
    zones.drop_zones(body)
    return teasers.drop_teasers(body)


def _is_menus(text: str) -> bool:
    """Return whether `text` is words of the whole page, the extractor's last resort: many lines, no paragraph."""
    lines = text.split("\n")
    return len(lines) > MENU_LINES and max(map(len, lines)) < MENU_WIDTH


def _run_trafilatura(tree: lxml.html.HtmlElement, url: str, fast: bool) -> str:
    """Return the article's text, paragraphs separated by newlines; empty if there is none. `tree` stays as it is."""
    found = trafilatura.bare_extraction(
        tree, url=url, fast=fast, include_comments=False, include_tables=True, with_metadata=False, deduplicate=False
    )
    text = getattr(found, "text", None) or ""
    return _UNWANTED.sub("", text).strip()
