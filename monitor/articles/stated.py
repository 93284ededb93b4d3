"""The text that a page states as data (JSON-LD `articleBody`): in place of a text that is thin, or as its measure."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

LONGER = 1.5
"""How many times longer than what was found in the page the stated text must be to replace it."""
COVERED = 0.8
"""Share of the stated text that must be found in the page for it to tell where the article ends."""
EXCERPT = 0.5
"""Share of the found text that must be stated too; a stated text that holds less of it is an excerpt."""
SHORT_LINE = 20
"""Letters: a line that is not longer may stand anywhere by chance."""
AGAIN = 100
"""Characters: what begins with the same ones a second time is the same text stated twice."""
PARAGRAPHS = 3
"""A string of a script with so many paragraphs of markup may be the article."""
FAULTS = 20
"""Strings that do not end or cannot be read, after which a script is left: each may cost a pass over all of it."""
TITLE_START = 15
"""Characters of the title that must stand in the same script."""
PROBE = 40
"""Letters of a line that must stand in the stated text for the line to be part of it."""

_MARKUP = re.compile(r"<(?:/?p|br|/?div|/?li|/?h\d)\b[^>]{0,500}>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^>]{0,500}>")
_DECODER = json.JSONDecoder(strict=False)
_ESCAPED = re.compile(r"\\u(00[2-7][0-9a-fA-F])")
_OTHER = re.compile(r"[\W_]+")
_BLANKS = re.compile(r"[ \t\r\f\v\xa0]+")
_LINES = re.compile(r"\s*\n\s*")


def plain(body: str) -> str:
    """Return a stated text without markup, escaped once or twice, a paragraph a line where it has paragraphs."""
    for _ in range(2):
        if "&" in body:
            body = html.unescape(body)
    if "<" in body:
        body = _TAG.sub("", _MARKUP.sub("\n", body))
    body = _LINES.sub("\n", _BLANKS.sub(" ", body)).strip()
    again = body.find(body[:AGAIN], AGAIN) if len(body) > 2 * AGAIN else -1
    return body if again < 0 else body[:again].rstrip()


def replaces(stated: str, found: str) -> bool:
    """Return whether the stated text is the article and what was `found` in the page a piece of it, or nothing."""
    return len(stated) >= LONGER * max(len(found), 1)


def trimmed(found: str, stated: str) -> str:
    """Return `found` without the lines after the last one that the stated text has too: related links, author boxes.

    Nothing goes where the two are not the same article, or the stated text is an excerpt.
    """
    lines = found.split("\n")
    measure = _letters(stated)
    letters = [_letters(line) for line in lines]
    sizes = [(len(line), number) for number, line in enumerate(letters)]
    common = [sizes[n] for n, line in enumerate(letters) if len(line) > SHORT_LINE and line[:PROBE] in measure]
    same = sum(size for size, _ in common)
    if not common or same < COVERED * len(measure) or same < EXCERPT * sum(size for size, _ in sizes):
        return found
    return "\n".join(lines[: common[-1][1] + 1])


def _letters(text: str) -> str:
    return _OTHER.sub("", text).casefold()


def from_scripts(scripts: list[str], title: str) -> str:
    """Return the longest text with paragraphs among the strings of a page's scripts; empty if there is none.

    Pages that draw themselves by script bring the article as data. Only a script that has the title too is believed.
    """
    start = title[:TITLE_START]
    found = ""
    for script in scripts if start else ():
        if start in _readable(script):
            found = max((found, *_texts(script)), key=len)
    return plain(found)


def _texts(script: str) -> Iterator[str]:
    """Yield the strings of a script that hold paragraphs of markup; a script that is no JSON is given up soon."""
    place, faults = script.find('"'), 0
    while place >= 0 and faults < FAULTS:
        try:
            text, end = _DECODER.raw_decode(script, place)
        except ValueError:
            faults, end = faults + 1, place + 1
        else:
            if text.count("<p") >= PARAGRAPHS:
                yield text
        place = script.find('"', end)


def _readable(script: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), script)
