"""What a page says about itself: title, author, date, canonical address, language, whether it is paid.

One pass over the tree that the text is taken from too: the extractor's own metadata step costs 25 ms a page.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import lxml.html

from monitor import urls
from monitor.articles import dates

MAX_TITLE = 500
MAX_AUTHOR = 200
MAX_JSON = 500_000
"""Characters of one JSON-LD block that are read."""

_TITLE_KEYS = ("twitter:title", "dc.title", "sailthru.title", "parsely-title", "headline")
_AUTHOR_KEYS = ("author", "article:author", "parsely-author", "dc.creator", "sailthru.author", "byl", "citation_author")
_DATE_KEYS = (
    "article:published_time", "og:published_time", "datepublished", "og:article:published_time", "parsely-pub-date",
    "pubdate", "publishdate", "publish-date", "publish_date", "sailthru.date", "article.published", "dc.date.issued",
    "dcterms.created", "dcterms.issued", "dcterms.date", "dc.date", "date", "cxenseparse:recs:publishtime", "ptime",
    "publication_date", "published_at", "article_date_original", "originalpublicationdate", "last-modified-date",
    "article:published", "datecreated", "citation_publication_date", "rnews:datepublished", "displaydate",
)  # fmt: skip
_LANG_KEYS = ("og:locale", "content-language", "language", "dc.language")
_ARTICLE_TYPES = re.compile(r"article|posting|report|liveblog|review", re.IGNORECASE)
_SPACE = re.compile(r"\s+")
_UNWANTED = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_SEPARATOR = re.compile(r"\s+[|\u2013\u2014\u00b7\u2022\u00bb:-]{1,2}\s+|\s*[|\uff5c\uff1a]\s*")
_BYLINE = re.compile(r"^(?:by|von|par|por|da|di|door|מאת|بقلم)[:\s]+", re.IGNORECASE)
_LANG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{1,8})*$", re.IGNORECASE)
_OLD_LANGS = {"iw": "he", "ji": "yi", "in": "id"}


@dataclass(frozen=True, slots=True)
class Head:
    """What a page says about itself; empty or None where it says nothing."""

    title: str
    author: str | None
    published: datetime | None
    canonical_url: str | None
    lang: str | None
    paid: bool


@dataclass(slots=True)
class _Seen:
    meta: dict[str, str] = field(default_factory=dict)
    nodes: list[dict[str, Any]] = field(default_factory=list)
    canonical: str | None = None
    titles: list[str] = field(default_factory=list)
    headings: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)


def read_head(tree: lxml.html.HtmlElement, url: str) -> Head:
    """Return what the page in `tree`, which answered at `url`, says about itself."""
    seen = _collect(tree)
    article = _article_node(seen.nodes)
    return Head(
        title=_title(seen, article),
        author=_author(seen, article),
        published=_published(seen, article, url),
        canonical_url=urls.safe_link(seen.canonical, url) if seen.canonical else None,
        lang=_lang(tree, seen),
        paid=any(_is_paid(node) for node in seen.nodes),
    )


def _collect(tree: lxml.html.HtmlElement) -> _Seen:
    seen = _Seen()
    for element in tree.iter("meta", "link", "title", "h1", "time", "script"):
        _READERS[element.tag](element, seen)
    return seen


def _read_meta(element: lxml.html.HtmlElement, seen: _Seen) -> None:
    content = (element.get("content") or "").strip()
    for attribute in ("property", "name", "itemprop", "http-equiv"):
        key = element.get(attribute)
        if key and content:
            seen.meta.setdefault(key.strip().lower(), content[:2000])


def _read_link(element: lxml.html.HtmlElement, seen: _Seen) -> None:
    if seen.canonical is None and "canonical" in (element.get("rel") or "").lower().split():
        seen.canonical = element.get("href")


def _read_title(element: lxml.html.HtmlElement, seen: _Seen) -> None:
    if element.getparent() is not None and element.getparent().tag in ("head", "html"):
        seen.titles.append(_line(element.text or "", 2000))


def _read_heading(element: lxml.html.HtmlElement, seen: _Seen) -> None:
    if len(seen.headings) < 10:
        seen.headings.append(_line(" ".join(element.itertext()), 2000))


def _read_time(element: lxml.html.HtmlElement, seen: _Seen) -> None:
    if len(seen.times) < 20:
        seen.times.append(element.get("datetime") or (element.text or "").strip())


def _read_script(element: lxml.html.HtmlElement, seen: _Seen) -> None:
    if "ld+json" not in (element.get("type") or "") or not element.text or len(element.text) > MAX_JSON:
        return
    try:
        data = json.loads(element.text.strip().rstrip(";"), strict=False)
    except (ValueError, RecursionError):
        return
    seen.nodes.extend(_nodes(data))


_READERS = {
    "meta": _read_meta,
    "link": _read_link,
    "title": _read_title,
    "h1": _read_heading,
    "time": _read_time,
    "script": _read_script,
}


def _nodes(data: object) -> Iterator[dict[str, Any]]:
    """Yield the objects of a JSON-LD block: itself, the members of lists and of `@graph`."""
    stack = [(data, 0)]
    while stack:
        item, depth = stack.pop()
        if isinstance(item, list) and depth < 5:
            stack.extend((member, depth + 1) for member in reversed(item[:200]))
        elif isinstance(item, dict):
            yield item
            stack.extend((item[key], depth + 1) for key in ("@graph", "mainEntity") if key in item and depth < 5)


def _article_node(nodes: list[dict[str, Any]]) -> dict[str, Any]:
    for node in nodes:
        if _ARTICLE_TYPES.search(str(node.get("@type", ""))) and (node.get("headline") or node.get("datePublished")):
            return node
    return {}


def _line(text: str, limit: int) -> str:
    text = _SPACE.sub(" ", _UNWANTED.sub(" ", text[: limit * 4])).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _decoded(text: str) -> str:
    return html.unescape(text) if "&" in text else text


def _title(seen: _Seen, article: dict[str, Any]) -> str:
    """Return the headline: JSON-LD's, else og:title, else the only `<h1>`, else what is left.

    The order was tuned on extract-fundus and extract-trafilatura; re-run tests/eval/test_extract.py.
    """
    headline = article.get("headline")
    candidates = (
        headline if isinstance(headline, str) else "",
        seen.meta.get("og:title", ""),
        *(seen.headings if len(seen.headings) == 1 else ()),
        *(seen.meta.get(key, "") for key in _TITLE_KEYS),
        *seen.titles,
        *seen.headings,
    )
    found = next((line for text in candidates if (line := _line(_decoded(text), MAX_TITLE))), "")
    return _without_site(found, seen)


def _without_site(title: str, seen: _Seen) -> str:
    """Drop `| Name of the site` from the end, where the site's name or a heading of the page shows what that is."""
    for heading in seen.headings:
        if len(heading) > 10 and title.startswith(heading) and _SEPARATOR.match(title, len(heading)):
            return heading
    site = _line(_decoded(seen.meta.get("og:site_name", "")), 200).casefold()
    while parts := list(_SEPARATOR.finditer(title)):
        head, tail = title[: parts[-1].start()], title[parts[-1].end() :].casefold()
        is_site = bool(site and tail) and (tail in site or site in tail)
        if not head or not (is_site or ("|" in parts[-1][0] and len(tail) < len(head))):
            break
        title = head
    return title


def _author(seen: _Seen, article: dict[str, Any]) -> str | None:
    named = _names(article.get("author"))
    if not named:
        metas = (_line(_decoded(seen.meta.get(key, "")), MAX_AUTHOR) for key in _AUTHOR_KEYS)
        named = next((text for text in metas if text and not text.startswith(("http", "/", "@"))), "")
    return _BYLINE.sub("", named) or None


def _names(value: object) -> str:
    """Return the names in a JSON-LD `author`: a string, an object, or a list of them."""
    items = value if isinstance(value, list) else [value]
    names = [item.get("name") if isinstance(item, dict) else item for item in items[:20]]
    lines = [_line(_decoded(name), MAX_AUTHOR) for name in names if isinstance(name, str)]
    return ", ".join(dict.fromkeys(line for line in lines if line and not line.startswith("http")))[:MAX_AUTHOR]


def _published(seen: _Seen, article: dict[str, Any], url: str) -> datetime | None:
    raw = (
        article.get("datePublished"),
        *(seen.meta.get(key) for key in _DATE_KEYS),
        *(node.get("datePublished") for node in seen.nodes),
        article.get("dateCreated"),
        *seen.times,
    )
    texts = (text for text in raw if isinstance(text, str))
    return next((moment for text in texts if (moment := dates.parse_date(text))), None) or dates.date_in_url(url)


def _lang(tree: lxml.html.HtmlElement, seen: _Seen) -> str | None:
    root = tree.getroottree().getroot()
    for text in (root.get("lang"), root.get("{http://www.w3.org/XML/1998/namespace}lang"), root.get("xml:lang"),
                 *(seen.meta.get(key) for key in _LANG_KEYS)):  # fmt: skip
        found = _LANG.match((text or "").strip())
        if found:
            return _OLD_LANGS.get(found[1].lower(), found[1].lower())
    return None


def _is_paid(node: dict[str, Any]) -> bool:
    """Return whether a JSON-LD object says that its text is for subscribers (schema.org isAccessibleForFree)."""
    return str(node.get("isAccessibleForFree", "")).strip().lower() in ("false", "0", "no")
