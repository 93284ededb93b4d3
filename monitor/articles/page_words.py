"""Every word that a page's text could hold, whatever an extractor takes and leaves, without parsing the page.

The pre-filter asks the rules with them. They must hold all forms (`text.haystack`) of any text that `extract` may
return, so everything counts: menus, hidden text, comments, JSON-LD, titles and descriptions in attributes. Left out are
only programs and style sheets, which no extractor reads.

Markup may tear a word (`<b>Ga</b>za`), or two words may touch in the source and not on the screen
(`<a>Gaza</a><a>Aid</a>`), and extractors lose blanks at tags. A tag is therefore both: pieces beside it count alone and
joined, in every contiguous choice, and over what stands between two tags, which an extractor may drop.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from monitor import text
from monitor.articles import charset

LEAST_PROSE = 800
"""Characters in `<p>` under which a page may be a wall, an error or a teaser: only extraction can tell those."""
MOST_PIECES = 6
"""Pieces of one word that tags may cut it into."""
LONGEST_PIECE = 48
"""Characters of a piece next to a tag that may belong to the cut word: no word of any rule is longer."""
MOST_DROPPED = 80
"""Characters that stand inside a cut word and that an extractor may drop: a footnote's number, a label.

A longer insertion between two halves of one word is not looked for."""

_MARK = "\x01"
_GONE = re.compile(r"<(?:[a-zA-Z/?][^<>]*>|!(?:--|\[CDATA\[|[^<>]*>))|-->|\]\]>|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Tags, and what extractors take out of a text: control characters."""
_PROGRAM = re.compile(r"<(script|style)\b([^>]*)>(.*?)</\1", re.IGNORECASE | re.DOTALL)
_STATING = re.compile(r"<(?:meta|img|input|area|amp-img)\b[^<>]*>", re.IGNORECASE)
_VALUE = re.compile(r"\b(?:content|alt|title|value)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)", re.IGNORECASE)
_PROSE = re.compile(r"<p\b[^>]*>(.*?)(?=</?p\b|</div)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")
_PAID = "isAccessibleForFree"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_REFERENCE = re.compile(r"&#?\w+;?")
_OUTSIDE = re.compile(r"[{}\[\]()<>|/\\=+*&%$#@^~;:!?_]+")
"""Signs that stand in no word."""
_EDGES = ',.;:!?()[]{}<>"“”„«»‘‹›*/|=+&…–—-'
"""Signs that say nothing at a word's edge; without them most words are known from other pages."""
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff]")
"""Letters of scripts without spaces: there a tag may cut a word of any length."""
_OPEN_HYPHEN = re.compile(rf"[-‐‑\xad](?<=[^\W\d_].)[ \t]*(?:[\n\r{_MARK}]|$)")
"""A hyphen at the end of a line, which joins its word with whatever an extractor puts behind it."""


def page_words(page: bytes, content_type: str | None, feed: Iterable[str]) -> bytes | None:
    """Return the forms of all words that the article could hold, between spaces, UTF-8, as `text.haystack` does.

    Args:
        feed: What the feed says: title and text.
    Returns: None where only extraction can tell: too little prose, a paid article, a script without spaces, a word cut
        by a line's end.
    """
    source = charset.to_utf8(page, content_type).decode("utf-8", "replace")
    visible, data = _without_programs(source)
    if _PAID in source or sum(len(_TAG.sub("", prose)) for prose in _PROSE.findall(visible)) < LEAST_PROSE:
        return None
    chunks: set[str] = set()
    for stream in (*_streams(visible, data), *feed):
        if _OPEN_HYPHEN.search(stream) or _UNSPACED.search(stream):
            return None
        pieces = [piece for part in stream.split(_MARK) if (piece := part.strip())]
        chunks.update(" ".join(pieces).split(), _over_one(pieces), _joined(pieces))
    long = [chunk for chunk in chunks if len(chunk) > LONGEST_PIECE]
    chunks.difference_update(long)
    chunks.update(_OUTSIDE.sub(" ", " ".join(long)).split())
    return text.haystack(" ".join({chunk.strip(_EDGES) for chunk in chunks}))


# -- page -> plain streams -------------------------------------------------------------------------


def _without_programs(source: str) -> tuple[str, list[str]]:
    """Return the page without scripts and style sheets, and those scripts that may state a text."""
    data: list[str] = []

    def keep(found: re.Match[str]) -> str:
        if _states(found[2], found[3]):
            data.append(found[3])
        return f"<{found[1]}></{found[1]}"

    return _PROGRAM.sub(keep, source), data


def _states(attributes: str, body: str) -> bool:
    """Return whether `head`, `scope` or `stated` may find a text in a script."""
    return "ld+json" in attributes.lower() or "articleBody" in body or "<p" in body or "003cp" in body.lower()


def _streams(visible: str, data: list[str]) -> Iterator[str]:
    """Yield the page's texts with a mark for each tag: what is between tags, what is in attributes, what is data."""
    yield from _decoded(_unmarked(visible))
    values = (value.strip("\"'") for tag in _STATING.findall(visible) for value in _VALUE.findall(tag))
    yield from map(_unmarked, _decoded("\n".join(values)))
    for body in data:
        for plain in _unescaped(body):
            yield from map(_unmarked, _decoded(plain))


def _unmarked(source: str) -> str:
    return _GONE.sub(_MARK, source)


def _decoded(stream: str) -> Iterator[str]:
    """Yield `stream` without character references; where some were written twice, also without those."""
    once = html.unescape(stream)
    yield once
    if "&" in once and _REFERENCE.search(once) and (twice := html.unescape(once)) != once:
        yield twice


def _unescaped(data: str) -> Iterator[str]:
    """Yield a script's text as its strings mean it; JSON within JSON is escaped twice."""
    if "\\" not in data:
        yield data
    for _ in range(2):
        if "\\" not in data:
            return
        data = _ESCAPE.sub(_meant, data)
        if re.search("[\ud800-\udfff]", data):
            data = data.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        yield data


def _meant(found: re.Match[str]) -> str:
    if found[1]:
        return chr(int(found[1], 16))
    return "\n" if found[2] in "nrtbf" else found[2]


# -- words that tags cut ---------------------------------------------------------------------------


def _over_one(pieces: list[str]) -> Iterator[str]:
    """Yield what the pieces before and after a short one make together."""
    for at in range(len(pieces) - 2):
        if len(pieces[at + 1]) <= MOST_DROPPED and _may_go_on(made := _tail(pieces[at])):
            yield made + _head(pieces[at + 2])


def _joined(pieces: list[str]) -> Iterator[str]:
    """Yield what neighbours make together."""
    for at in range(len(pieces) - 1):
        made = _tail(pieces[at])
        if not _may_go_on(made):
            continue
        for piece in pieces[at + 1 : at + MOST_PIECES]:
            head = _head(piece)
            yield made + head
            if head != piece or not _may_go_on(head):
                break
            made += head


def _tail(piece: str) -> str:
    return piece[-LONGEST_PIECE:].rsplit(None, 1)[-1]


def _head(piece: str) -> str:
    return piece[:LONGEST_PIECE].split(None, 1)[0]


def _may_go_on(word: str) -> bool:
    """Return whether letters behind `word` may belong to it."""
    return word[-1] not in _ENDING


_ENDING = frozenset(":;!?)]}>|/=+*&%$#@^~<([{»«…")
