"""Text out of feeds: markup off, entities decoded, nothing that a database or a terminal chokes on."""

from __future__ import annotations

import html
import re

import lxml.etree

_UNWANTED = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")
_LINE_SPACE = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n(?: ?\n)+ ?")
_NAMES = (
    "a|abbr|acronym|address|applet|article|aside|audio|b|bdi|bdo|big|blink|blockquote|body|br|button|center|cite|code|dd|del|"
    "details|dfn|div|dl|dt|em|embed|figcaption|figure|font|footer|form|frame|frameset|h[1-6]|head|header|hr|html|i|iframe|img|input|"
    "ins|kbd|label|li|link|main|mark|marquee|meta|nav|nobr|noscript|object|ol|p|param|picture|pre|q|ruby|s|samp|script|"
    "section|small|source|span|strike|strong|style|sub|sup|svg|table|tbody|td|textarea|tfoot|th|thead|time|title|tr|tt|"
    "u|ul|var|video|wbr"
)
_TAG = re.compile(rf"</?(?:{_NAMES})(?=[\s/>])[^<>]*>|<!--[^<>]*-->|<!doctype[^<>]*>", re.IGNORECASE)
_HIDDEN_PAIR = re.compile(r"<(script|style)\b[^<>]*>[^<]*</\1\s*>", re.IGNORECASE)
_BLOCKS = frozenset((
    "address", "article", "aside", "blockquote", "center", "dd", "details", "div", "dl", "dt", "figcaption", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
    "section", "table", "tr", "ul",
))  # fmt: skip
_HIDDEN = frozenset((
    "script", "style", "iframe", "object", "embed", "svg", "template", "textarea", "noscript", "head", "title",
))  # fmt: skip


def clean_text(text: str) -> str:
    """Return `text` without NUL, lone surrogates and control characters; line ends become newlines."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def clean_line(text: str, limit: int) -> str:
    """Return `text` on one line, single-spaced, of at most `limit` characters."""
    return clamp(_SPACE.sub(" ", clean_text(text)).strip(), limit)


def clamp(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text`, marked with an ellipsis where something was cut."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def plain_title(markup: str, limit: int) -> str:
    """Return the one-line text of a title, tags dropped and entities decoded; `2 < 3` stays."""
    cut = markup[: limit * 20]
    text = _TAG.sub("", _HIDDEN_PAIR.sub("", cut)) if "<" in cut else cut
    return clean_line(html.unescape(text), limit)


def plain_text(markup: str) -> str:
    """Return the text of an HTML fragment; blocks are paragraphs, separated by a blank line."""
    if not _TAG.search(markup):
        return tidy(html.unescape(clean_text(markup)))
    parser = lxml.etree.HTMLParser(remove_comments=True, remove_pis=True)
    try:
        tree = lxml.etree.fromstring(f"<div>{clean_text(markup)}</div>", parser)
    except (lxml.etree.XMLSyntaxError, ValueError):
        tree = None
    return tidy("".join(_pieces(tree)) if tree is not None else html.unescape(_TAG.sub(" ", clean_text(markup))))


def _pieces(tree: lxml.etree._Element) -> list[str]:
    """Return the text nodes of `tree` in order, with breaks where blocks begin and end."""
    pieces: list[str] = []
    hidden = 0
    for event, element in lxml.etree.iterwalk(tree, events=("start", "end")):
        name = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            hidden += name in _HIDDEN
            text = element.text
        else:
            hidden -= name in _HIDDEN
            text = element.tail
        if name in _BLOCKS:
            pieces.append("\n\n")
        elif name == "br" and event == "end":
            pieces.append("\n")
        if text and not hidden:
            pieces.append(_SPACE.sub(" ", text))
    return pieces


def tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", _LINE_SPACE.sub(" ", clean_text(text))).strip()
