"""A page's tree, made smaller before the extractor copies and searches it again and again."""

from __future__ import annotations

import lxml.etree
import lxml.html

# Nothing of this is article text, and the extractor would drop it too: after having copied it four times.
DEAD = (
    "script", "style", "svg", "iframe", "object", "embed", "template", "canvas", "input", "source", "link", "noscript",
    "select", "button", "audio", "video", "map", "picture", "img", "figure", "textarea", "dialog", "menu", "datalist",
    "nav", "footer", "aside", "amp-ad", "amp-embed", "amp-sticky-ad", "amp-consent", "amp-sidebar", "amp-lightbox",
    "amp-user-notification", "figcaption",
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
INLINE = frozenset(("font", "span", "b", "i", "strong", "em", "u", "small", "big", "a"))
LINE = 40
"""Characters: a block with less text of its own is a label."""
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


def unfold_layout(body: lxml.html.HtmlElement) -> bool:
    """Turn the tables that hold the whole page into plain blocks, as pages of the years before CSS are built.

    The extractor writes a table as one line, menus and article alike. Returns: Whether there were any.
    """
    tables = list(body.iter("table"))
    whole = len(body.text_content()) if tables else 0
    layout = [table for table in tables if len(table.text_content()) >= SHARE * whole and _is_layout(table)]
    for table in layout:
        for element in table.iter(*_TABLE):
            element.tag = "div"
    return bool(layout)


def narrow_by_text(body: lxml.html.HtmlElement) -> None:
    """Leave nothing in `body` but the innermost block with nearly all of its text that is no link.

    For pages without names and without paragraphs only: elsewhere the lead, which stands apart, would be lost.
    """
    held: dict[lxml.html.HtmlElement, int] = {}
    for block in body.iter("div", "p", "center", "blockquote"):
        size = _own_text(block)
        if size >= LINE:
            for frame in (block, *block.iterancestors()):
                held[frame] = held.get(frame, 0) + size
    frame = body
    while (inner := max(frame, key=lambda child: held.get(child, 0), default=None)) is not None:
        if held.get(inner, 0) < SHARE * held.get(body, 0) or not held.get(inner):
            break
        frame = inner
    frame = _with_lead(frame, body, held)
    if frame is not body:
        body.text = frame.tail = None
        body[:] = [frame]


def _with_lead(
    frame: lxml.html.HtmlElement, body: lxml.html.HtmlElement, held: dict[lxml.html.HtmlElement, int]
) -> lxml.html.HtmlElement:
    """Return the next frame around `frame` that adds text before it and none after: a lead does, comments do not."""
    inner = frame
    while inner is not body and (around := inner.getparent()) is not None and around is not body:
        if any(held.get(after) for after in inner.itersiblings()):
            break
        if any(held.get(before) for before in inner.itersiblings(preceding=True)):
            return around
        inner = around
    return frame


def _own_text(block: lxml.html.HtmlElement) -> int:
    """Return how many characters stand in `block` itself or in inline elements, links left out."""
    size = len((block.text or "").strip())
    for child in block:
        if child.tag in INLINE and next(child.iterdescendants("div", "p"), None) is None:
            size += len(child.text_content().strip()) - sum(len(link.text_content()) for link in child.iter("a"))
        size += len((child.tail or "").strip())
    return size


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
