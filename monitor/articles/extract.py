"""A page's bytes -> its title and text; trafilatura's one door.

Runs in a worker process that is killed after 10 s: on hostile pages trafilatura's time is quadratic.
"""

from __future__ import annotations

import re

import lxml.etree
import lxml.html
import trafilatura

from monitor import errors, model
from monitor.articles import charset, head

THIN_TEXT = 250
"""Characters: a shorter text is a teaser, a video's caption or an error page."""

# Nothing of this is text; every stage of the extractor copies the whole tree, so it goes first.
_DEAD = ("script", "style", "svg", "iframe", "object", "embed", "template", "link", "canvas", "input", "source")
_UNWANTED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def extract_page(html: bytes, url: str, content_type: str | None = None, fast: bool = True) -> model.Page:
    """Return the article in a page.

    Args:
        html: At most 2 MB, decoded from gzip.
        url: Address that answered; relative links are resolved against it.
        content_type: Header of that name, for its charset.
        fast: Skip the comparison with two further extractors, which costs as much as all the rest.
    Returns: A page whose `partial` is True where it says that it is paid, or the text is under THIN_TEXT characters.
    Raises: ExtractError, if there is no page or no text in it.
    """
    tree = _parse_html(charset.to_utf8(html, content_type), url)
    about = head.read_head(tree, url)
    text = _extract_text(tree, url, fast)
    if not text:
        raise errors.ExtractError(f"{url}: the page holds no article text.")
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
    parser = lxml.html.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, collect_ids=False, default_doctype=False
    )
    try:
        tree = lxml.html.document_fromstring(page, parser=parser) if page.strip() else None
    except (lxml.etree.LxmlError, ValueError) as error:
        raise errors.ExtractError(f"{url}: the page cannot be read ({error}).") from error
    if tree is None:
        raise errors.ExtractError(f"{url}: the page is empty.")
    return tree


def _extract_text(tree: lxml.html.HtmlElement, url: str, fast: bool) -> str:
    _drop_dead(tree)
    found = trafilatura.bare_extraction(
        tree, url=url, fast=fast, include_comments=False, include_tables=True, with_metadata=False, deduplicate=False
    )
    return _UNWANTED.sub("", found.text or "").strip() if found else ""


def _drop_dead(tree: lxml.html.HtmlElement) -> None:
    for element in list(tree.iter(*_DEAD)):
        if "ld+json" not in (element.get("type") or ""):
            element.drop_tree()
