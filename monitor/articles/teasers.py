"""Links to other stories, taken out of a page's tree: told by how much of a block is link, in any language."""

from __future__ import annotations

import re

import lxml.html

LINKED = 0.75
"""Share of a paragraph's or item's text that is link from which it is a teaser. Tuned on extract-aeb and extract-fundus
(0.6 to 0.9 differ by less than 0.001); re-run `python -m tests.eval.extraction`."""
MAX_TEASER = 300
"""Characters: a longer linked paragraph is text in which somebody forgot to close a link."""
MAX_SOURCE = 10 * MAX_TEASER
"""Characters with all blanks; the words of a longer block are not counted, which nested lists would make costly."""
MAX_LOST = 0.3
"""Share of the paragraphs' text that may be teasers; beyond that the page is a list of links, and they its text."""
FEW = 200
"""Characters of teasers that are dropped whatever their share."""
WHOLE_LIST = 0.8
"""Share of a list's items that are links, for the list to be one of links."""
LEAD = 0.95
"""Share of a paragraph that is its links and a label before them ("Read also: ...")."""
MAX_LABEL = 60
"""Characters of a label above links."""

_BLOCKS = frozenset(
    ("p", "li", "h1", "h2", "h3", "h4", "h5", "h6", "dd", "dt", "td", "th", "div", "section", "article", "main",
     "body", "blockquote", "figcaption", "ul", "ol")
)  # fmt: skip
_HEADINGS = frozenset(("h2", "h3", "h4", "h5", "h6"))
_TEASERS = _HEADINGS | {"p", "dd", "dt", "blockquote"}
_LABELS = _HEADINGS | {"p", "div", "span", "strong", "b"}
_LISTS = ("ul", "ol")
_END = re.compile(r"[.!?…。؟״\"”»)]\s*$")
_LEAD = re.compile(r"[^.!?؟]{1,40}[:：>»]\s*|[\W\d_]*")


def drop_teasers(body: lxml.html.HtmlElement) -> list[lxml.html.HtmlElement]:
    """Remove paragraphs and lists of `body` that are links to other pages, with the label above them.

    Returns: The elements in which headings were that are links: posts of a list, or cards.
    """
    linked = _linked_blocks(body)
    teasers = [block for block, size in linked.items() if block.tag in _TEASERS and _is_teaser(block, size)]
    items = [block for block, size in linked.items() if block.tag == "li" and _is_teaser(block, size)]
    headed = [frame for block in teasers if block.tag in _HEADINGS and (frame := block.getparent()) is not None]
    lost = sum(map(_length, teasers))
    if lost <= FEW or lost <= MAX_LOST * sum(len(p.text_content()) for p in body.iter("p")):
        _drop(teasers)
    _drop(_link_lists(items))
    return headed


def _linked_blocks(body: lxml.html.HtmlElement) -> dict[lxml.html.HtmlElement, int]:
    """Return for each block with links, and each item around one, how many characters of it are link."""
    found: dict[lxml.html.HtmlElement, int] = {}
    for link in body.iter("a"):
        size = _length(link) if link.get("href") else 0
        block = _around(link, _BLOCKS) if size else None
        if block is not None:
            found[block] = found.get(block, 0) + size
            item = _around(block, _ITEM_OR_END) if block.tag != "li" else None
            if item is not None and item.tag == "li":
                found[item] = found.get(item, 0) + size
    return found


_ITEM_OR_END = frozenset(("li", "ul", "ol", "body", "article", "main"))


def _around(element: lxml.html.HtmlElement, tags: frozenset[str]) -> lxml.html.HtmlElement | None:
    frame = element.getparent()
    while frame is not None and frame.tag not in tags:
        frame = frame.getparent()
    return frame


def _is_teaser(block: lxml.html.HtmlElement, linked: int) -> bool:
    if len(block.text_content()) > MAX_SOURCE or (whole := _length(block)) > MAX_TEASER:
        return False
    if linked >= LINKED * whole:
        return True
    lead = next((words for text in block.itertext() if (words := " ".join(text.split()))), "")
    return linked + len(lead) >= LEAD * whole and bool(_LEAD.fullmatch(lead))


def _link_lists(items: list[lxml.html.HtmlElement]) -> list[lxml.html.HtmlElement]:
    """Return the lists of which nearly all items are links."""
    lists: dict[lxml.html.HtmlElement, int] = {}
    for item in items:
        parent = item.getparent()
        if parent is not None and parent.tag in _LISTS:
            lists[parent] = lists.get(parent, 0) + 1
    return [parent for parent, count in lists.items() if count >= WHOLE_LIST * sum(c.tag == "li" for c in parent)]


def _drop(blocks: list[lxml.html.HtmlElement]) -> None:
    for block in blocks:
        if block.getparent() is None:
            continue
        label = block.getprevious()
        if label is not None and _is_label(label):
            label.drop_tree()
        block.drop_tree()


def _is_label(element: lxml.html.HtmlElement) -> bool:
    text = element.text_content().strip() if element.tag in _LABELS else ""
    return 0 < len(text) <= MAX_LABEL and not _END.search(text)


def _length(element: lxml.html.HtmlElement) -> int:
    return len(" ".join(element.text_content().split()))
