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
MIN_PARAGRAPHS = 500
"""Characters in `<p>` below which a page's own outline is not trusted."""
SHARE = 0.8
"""Share of the page's paragraphs that its `<article>` or `<main>` must hold for the rest to be dropped.

Tuned on extract-aeb and extract-trafilatura: at 0.5 the text F1 falls by 0.007, without scoping by 0.001, and the time
rises by a quarter. Re-run tests/eval/test_extract.py.
"""


def drop_dead(tree: lxml.html.HtmlElement) -> None:
    """Remove what is never article text from `tree`, but for JSON-LD that holds an article's body."""
    bodies = [element for element in tree.iter("script") if "articleBody" in (element.text or "")]
    for element in bodies:
        element.tag = "kept-script"
    lxml.etree.strip_elements(tree, *DEAD, with_tail=False)
    for element in bodies:
        element.tag = "script"


def narrow(tree: lxml.html.HtmlElement) -> None:
    """Leave nothing in the body but its `<article>` or `<main>`, where exactly one holds nearly all paragraphs."""
    body = tree.find("body")
    if body is None:
        return
    enough = max(MIN_PARAGRAPHS, SHARE * _paragraphs(body))
    for name in ("article", "main"):
        outer = (element for element in body.iter(name) if next(element.iterancestors(name), None) is None)
        found = [element for element in outer if _paragraphs(element) >= enough]
        if len(found) == 1:
            _keep_only(body, found[0])
            return


def _paragraphs(element: lxml.html.HtmlElement) -> int:
    return sum(len(paragraph.text_content()) for paragraph in element.iter("p"))


def _keep_only(body: lxml.html.HtmlElement, kept: lxml.html.HtmlElement) -> None:
    kept.tail = body.text = None
    scripts = [element for element in body.iter("script") if kept not in element.iterancestors()]
    body[:] = [kept, *scripts]
