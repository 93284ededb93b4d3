"""A page's bytes -> its title and text; trafilatura's one door.

Runs in a worker process that is killed after 10 s: on hostile pages trafilatura's time is quadratic.
"""

from __future__ import annotations

import logging
import re

import lxml.etree
import lxml.html
import trafilatura

from monitor import errors, model
from monitor.articles import charset, head, scope

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


def extract_page(html: bytes, url: str, content_type: str | None = None, fast: bool = True) -> model.Page:
    """Return the article in a page.

    Args:
        html: At most 2 MB, decoded from gzip.
        url: Address that answered; relative links are resolved against it.
        content_type: Header of that name, for its charset.
        fast: Compare with two further extractors only where little text was found, instead of always.
    Returns: A page whose `partial` is True where it says that it is paid, or the text is under THIN_TEXT characters.
    Raises: ExtractError, if there is no page or no text in it.
    """
    tree = _parse_html(charset.to_utf8(html, content_type), url)
    about = head.read_head(tree, url)
    text = _extract_text(tree, url, fast)
    if len(text) < LEAST_TEXT or _is_menus(text):
        raise errors.ExtractError(
            f"{url}: the page holds no article text" + (", only menus." if _is_menus(text) else ".")
        )
    return model.Page(
        title=about.title,
        text=text,
        lang=about.lang,
        author=about.author,
        published=about.published,
        canonical_url=about.canonical_url,
        partial=about.paid or len(text) < THIN_TEXT,
    )


def _parse_html(page: bytes, url: str) -> lxml.html.HtmlElement:
    parser = lxml.etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False
    )
    # One class for all elements: lxml.html's own lookup is a Python call for each element touched.
    parser.set_element_class_lookup(lxml.etree.ElementDefaultClassLookup(element=lxml.html.HtmlElement))
    try:
        tree = lxml.etree.fromstring(page, parser) if page.strip() else None
    except (lxml.etree.LxmlError, ValueError) as error:
        raise errors.ExtractError(f"{url}: the page cannot be read ({error}).") from error
    if tree is None:
        raise errors.ExtractError(f"{url}: the page is empty.")
    return tree


def _extract_text(tree: lxml.html.HtmlElement, url: str, fast: bool) -> str:
    scope.drop_dead(tree)
    scope.narrow(tree)
    text = _run_trafilatura(tree, url, fast)
    if not fast or len(text) >= DOUBTFUL_TEXT:
        return text
    return max(text, _run_trafilatura(tree, url, fast=False), key=len)


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
