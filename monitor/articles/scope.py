"""A page's tree, made smaller before the extractor copies and searches it again and again."""

from __future__ import annotations

import lxml.etree
import lxml.html

# Nothing of this is article text, and the extractor would drop it too: after having copied it four times.
DEAD = (
    "script", "style", "svg", "iframe", "object", "embed", "template", "canvas", "input", "source", "link", "noscript",
    "select", "button", "audio", "video", "map", "picture", "img", "figure", "textarea", "dialog", "menu", "datalist",
    "nav", "footer", "aside",
)  # fmt: skip
FRAMES = ("aside", "figure", "dialog", "footer", "object", "button", "menu", "nav")
UNCLOSED = 0.6
"""Share of the page's paragraphs in one of FRAMES from which it is a fault of the markup."""
MIN_PARAGRAPHS = 500
"""Characters in `<p>` below which a page's own outline is not trusted."""
SHARE = 0.8
"""Share of the page's paragraphs that its `<article>` or `<main>` must hold for the rest to be dropped, and of its
text that a table must hold to be the page's layout.

Tuned on extract-aeb and extract-trafilatura: at 0.5 the text F1 falls by 0.007, without scoping by 0.001, and the time
rises by a quarter. Re-run `python -m tests.eval.extraction`.
"""
CELL = 600
"""Characters: no cell of a table of data is longer."""

_TABLE = ("table", "thead", "tbody", "tfoot", "tr", "td", "th")


def drop_dead(tree: lxml.html.HtmlElement) -> None:
    """Remove what is never article text from `tree`; a frame that was never closed and holds the article stays."""
    whole = paragraphs(tree)
    for frame in list(tree.iter(*FRAMES)) if whole >= MIN_PARAGRAPHS else ():
        if paragraphs(frame) > UNCLOSED * whole:
            frame.tag = "div"
    lxml.etree.strip_elements(tree, *DEAD, with_tail=False)


def unfold_layout(body: lxml.html.HtmlElement) -> None:
    """Turn the tables that hold the whole page into plain blocks, as pages of the years before CSS are built.

    The extractor writes a table as one line, menus and article alike.
    """
    tables = list(body.iter("table"))
    whole = len(body.text_content()) if tables else 0
    for table in tables:
        if len(table.text_content()) >= SHARE * whole and _is_layout(table):
            for element in table.iter(*_TABLE):
                element.tag = "div"


def _is_layout(table: lxml.html.HtmlElement) -> bool:
    if next(table.iterdescendants("table", "p", "div", "h1"), None) is not None:
        return True
    return any(len(cell.text_content()) > CELL for cell in table.iter("td"))


def narrow(tree: lxml.html.HtmlElement) -> None:
    """Leave nothing in the body but its `<article>` or `<main>`, where exactly one holds nearly all paragraphs."""
    body = tree.find("body")
    if body is None:
        return
    enough = max(MIN_PARAGRAPHS, SHARE * paragraphs(body))
    for name in ("article", "main"):
        outer = (element for element in body.iter(name) if next(element.iterancestors(name), None) is None)
        found = [element for element in outer if paragraphs(element) >= enough]
        if len(found) == 1:
            found[0].tail = body.text = None
            body[:] = found
            return


def paragraphs(element: lxml.html.HtmlElement) -> int:
    """Return how many characters of `element` stand in paragraphs."""
    return sum(len(paragraph.text_content()) for paragraph in element.iter("p"))
