"""An article of which the extractor found a piece: the page holds it in parts of one name, or it looked elsewhere."""

from __future__ import annotations

import lxml.html

from monitor.articles import scope

MISSED = 0.6
"""Share of the page's paragraphs below which the extracted text may be one part of several."""
DEPTH = 4
"""How many ancestors of a paragraph may be such a part."""
LEAST = 100
"""Characters in paragraphs that a part holds."""
SIBLINGS = 4
"""Paragraphs in a row that are an article."""
TWICE = 2
"""How many times longer they must be than what was extracted."""

_Parts = dict[lxml.html.HtmlElement, int]


def join_parts(body: lxml.html.HtmlElement, text: str, headed: list[lxml.html.HtmlElement]) -> bool:
    """Take the names from the parts, so that the whole is found by its frame; return whether there were any.

    The parts are siblings in name (`<div class="article-body">` again and again between advertisements) that hold most
    paragraphs together. Posts of a list are named alike too, but each brings a heading that is a link: `headed` are
    the frames of those that were taken out before.
    """
    whole = scope.paragraphs(body)
    if len(text) >= MISSED * whole:
        return False
    groups = [group for group in _named_alike(body) if _is_split(group, whole)]
    if not groups:
        return False
    parts = max(groups, key=lambda group: sum(group.values()))
    if _are_posts(parts, frozenset(headed)):
        return False
    for part in parts:
        for name in ("class", "id", "itemprop"):
            part.attrib.pop(name, None)
    return True


def sibling_paragraphs(body: lxml.html.HtmlElement, text: str) -> str:
    """Return the paragraphs of the element that holds most of them as its own children; empty if `text` is no piece.

    Cards of other stories hold a paragraph each; an article's paragraphs are siblings, at least SIBLINGS of them.
    """
    if len(text) >= MISSED * scope.paragraphs(body):
        return ""
    frames: dict[lxml.html.HtmlElement, list[str]] = {}
    for paragraph in body.iter("p"):
        words = " ".join(paragraph.text_content().split())
        frame = paragraph.getparent()
        if words and frame is not None and frame.tag not in ("li", "td"):
            frames.setdefault(frame, []).append(words)
    best = max(frames.values(), key=lambda words: sum(map(len, words)), default=[])
    found = "\n".join(best)
    return found if len(best) >= SIBLINGS and len(found) >= TWICE * len(text) else ""


def _named_alike(body: lxml.html.HtmlElement) -> list[_Parts]:
    groups: dict[str, _Parts] = {}
    for paragraph in body.iter("p"):
        size = len(paragraph.text_content())
        for depth, frame in enumerate(paragraph.iterancestors("div", "section", "article", "main")):
            if depth == DEPTH or frame.tag == "article":
                break
            if frame.get("class"):
                group = groups.setdefault(f"{frame.tag} {frame.get('class')}", {})
                group[frame] = group.get(frame, 0) + size
    return list(groups.values())


def _is_split(group: _Parts, whole: int) -> bool:
    return sum(size > LEAST for size in group.values()) > 1 and sum(group.values()) >= MISSED * whole


def _are_posts(parts: _Parts, headed: frozenset[lxml.html.HtmlElement]) -> bool:
    """Return whether at least two parts, each with the frame that is its own, have a heading that is a link."""
    parents = [part.getparent() for part in parts]
    frames = [parent if parents.count(parent) == 1 else part for part, parent in zip(parts, parents, strict=True)]
    return sum(frame is not None and not headed.isdisjoint(frame.iter()) for frame in frames) > 1
