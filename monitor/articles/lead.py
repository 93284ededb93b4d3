"""The lead of an article that stands apart from its text: below the headline, in a frame of its own."""

from __future__ import annotations

import re

import lxml.etree
import lxml.html

SHORTEST = 40
LONGEST = 700
"""Characters of a lead."""
MAX_DESCRIPTION = 300
"""Characters of a description that are looked at."""
PROBE = 30
"""Letters at a description's start that must stand in the text, or are looked for elsewhere."""
START = 25
"""Characters that the lead and the description begin with."""

_BLOCKS = frozenset(("div", "p", "h2", "h3", "h4", "section", "td", "header", "blockquote"))
_BEGINNING = lxml.etree.XPath(".//*[starts-with(normalize-space(text()), $start)]")
_OTHER = re.compile(r"[\W_]+")


def is_missing(description: str, text: str) -> bool:
    """Return whether the page describes itself in words that its text does not hold."""
    start = letters(description[:MAX_DESCRIPTION])[:PROBE]
    return len(start) == PROBE and start not in letters(text)


def find_lead(body: lxml.html.HtmlElement, description: str) -> str:
    """Return the first block that begins as the page's description does; empty if there is none.

    The description is the proof: what a template names a lead or a summary may be that of another story.
    """
    start = " ".join(description.split())[:START]
    for element in _BEGINNING(body, start=start):
        words = " ".join(_block_of(element, body).text_content().split())
        if SHORTEST <= len(words) <= LONGEST and words.startswith(start):
            return words
    return ""


def _block_of(element: lxml.html.HtmlElement, body: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    while element.tag not in _BLOCKS and element is not body and (frame := element.getparent()) is not None:
        element = frame
    return element


def letters(text: str) -> str:
    """Return the letters and digits of a text."""
    return _OTHER.sub("", text).casefold()
