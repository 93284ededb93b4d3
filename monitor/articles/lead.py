"""The lead of an article that stands apart from its text: below the headline, in a frame of its own."""

from __future__ import annotations

import functools
import re

import lxml.etree
import lxml.html

SHORTEST = 40
LONGEST = 700
"""Characters of a lead."""
MAX_DESCRIPTION = 300
"""Characters of a description that are looked at."""
PROBE = 30
"""Letters at its start that must stand in the page's description, or must not stand in the text."""

_NAME = re.compile(
    r"(?:[a-z0-9]+-){0,4}(?:lead|lede|standfirst|sub-?title|sub-?head(?:ing|line)?|deck|dek|intro|introduction|chapo|summary"
    r"|abstract|excerpt|teaser|description|synopsis)(?:-(?:text|p|paragraph|content|wrapper|inner|body|type))*"
)
_BORDERS = re.compile(r"(?<=[a-z])(?=[A-Z])|[_-]+")
_NAMED = lxml.etree.XPath(
    ".//*[@class or @itemprop][self::div or self::p or self::h2 or self::h3 or self::section or self::strong"
    " or self::span]"
)
_OTHER = re.compile(r"[\W_]+")


def find_lead(body: lxml.html.HtmlElement, description: str) -> str:
    """Return the first block that is named a lead and that the page's description begins like; empty if there is none.

    The description is the proof: teasers of other stories are named alike.
    """
    start = letters(description[:MAX_DESCRIPTION])[:PROBE]
    for element in _NAMED(body):
        if _is_lead(element.get("class") or element.get("itemprop") or ""):
            words = " ".join(element.text_content().split())
            if SHORTEST <= len(words) <= LONGEST and letters(words).startswith(start):
                return words
    return ""


def is_missing(description: str, text: str) -> bool:
    """Return whether the page describes itself in words that its text does not hold."""
    start = letters(description[:MAX_DESCRIPTION])[:PROBE]
    return len(start) == PROBE and start not in letters(text)


@functools.lru_cache(maxsize=4096)
def _is_lead(names: str) -> bool:
    return any(_NAME.fullmatch(_BORDERS.sub("-", name[:60]).strip("-").lower()) for name in names.split()[:12])


def letters(text: str) -> str:
    """Return the letters and digits of a text."""
    return _OTHER.sub("", text).casefold()
