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
from monitor.articles import dates, stated

MAX_TITLE = 500
MAX_AUTHOR = 200
MAX_JSON = 500_000
"""Characters of one JSON-LD block that are read."""
MAX_UPDATES = 200
"""Posts of a live blog that are read."""

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
_BARS = "|\uff5c\u2502\u3163"
_SEPARATOR = re.compile(rf"\s+[{_BARS}\u2013\u2014\u00b7\u2022\u00bb:-]{{1,2}}\s+|\s*[{_BARS}\uff1a]\s*")
_KICKER = re.compile(rf"(?::|\s[\u2013\u2014\u00b7\u2022\u00bb/-]|\s*[{_BARS}\uff1a])\s*$")
_LETTERS = re.compile(r"[\W_]+")
SITE_WORDS = 20
"""Letters that a title's end may hold beside the site's name ("Bhopal News - The Times of India")."""
LEAST_HEADLINE = 20
"""Characters: a shorter candidate is not taken for what is left of a longer one without its kicker."""
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
    body: str = ""
    """The article's text as JSON-LD states it, without markup; empty where it states none."""
    description: str = ""
    """What the page says of itself to those who share it."""


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
        title=_title(seen, article, url),
        author=_author(seen, article),
        published=_published(seen, article, url),
        canonical_url=urls.safe_link(seen.canonical, url) if seen.canonical else None,
        lang=_lang(tree, seen),
        paid=any(_is_paid(node) for node in seen.nodes)
        or seen.meta.get("article:content_tier", "").lower() == "locked",
        body=_body(seen.nodes),
        description=_decoded(seen.meta.get("og:description") or seen.meta.get("description", "")),
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


def _title(seen: _Seen, article: dict[str, Any], url: str) -> str:
    """Return the headline: og:title, else JSON-LD's, else the only `<h1>`, else what is left.

    og:title is what the newsroom shows outside. But where `<title>` says the same, and JSON-LD and `<h1>` agree on
    something else, the former are words for search engines and the latter what is printed. The order was tuned on
    extract-fundus and extract-trafilatura; re-run `python -m tests.eval.extraction`.
    """
    names = _site_names(seen, url)
    headline = article.get("headline")
    shown = _plain_title(seen.meta.get("og:title", ""), names, seen)
    stated_ = _plain_title(headline if isinstance(headline, str) else "", names, seen)
    printed = _plain_title(seen.headings[0] if len(seen.headings) == 1 else "", names, seen)
    window = _plain_title(seen.titles[0] if seen.titles else "", names, seen)
    if stated_ and _letters(stated_) == _letters(printed) and _letters(window) == _letters(shown):
        return stated_
    others = (*(seen.meta.get(key, "") for key in _TITLE_KEYS), *seen.titles, *seen.headings)
    rest = (title for text in others if (title := _plain_title(text, names, seen)))
    return _without_kicker(shown or stated_ or printed or next(rest, ""), (stated_, printed))


def _plain_title(text: str, names: tuple[str, ...], seen: _Seen) -> str:
    line = _line(_decoded(text), MAX_TITLE)
    return _without_site(line, names, seen.headings) if line else ""


def _site_names(seen: _Seen, url: str) -> tuple[str, ...]:
    """Return what the site may be called in its titles, letters only: its name, and its host without the ending."""
    site = _line(_decoded(seen.meta.get("og:site_name", "")), 200)
    labels = urls.host_of(url).removeprefix("www.").split(".")
    names = (_letters(site), _letters("".join(labels)), _letters(labels[0]) if len(labels) > 1 else "")
    return tuple(name for name in names if len(name) > 2)


def _letters(text: str) -> str:
    return _LETTERS.sub("", text).casefold()


def _without_site(title: str, names: tuple[str, ...], headings: list[str]) -> str:
    """Drop `| Name of the site` from either end, where the site's name or a heading of the page shows what that is."""
    for heading in headings:
        if len(heading) > 10 and title.startswith(heading) and _SEPARATOR.match(title, len(heading)):
            return heading
    parts = list(_SEPARATOR.finditer(title))
    while parts:
        last = parts.pop()
        head, tail = title[: last.start()], title[last.end() :]
        bar = any(sign in last[0] for sign in _BARS)
        if not head or not (_is_site(tail, names) or (bar and len(tail) < len(head))):
            break
        title = head
    first = _SEPARATOR.search(title)
    is_site = first and _letters(title[: first.start()]).removeprefix("the") in names
    return title[first.end() :] if first and is_site else title


def _is_site(tail: str, names: tuple[str, ...]) -> bool:
    letters = _letters(tail)
    return len(letters) > 1 and any(
        letters in name or (name in letters and len(letters) <= len(name) + SITE_WORDS) for name in names
    )


def _without_kicker(title: str, others: tuple[str, ...]) -> str:
    """Return what stands after a kicker ("Migration: ..."), where another title of the page is just that."""
    for other in others:
        before = title[: -len(other)] if title.endswith(other) else ""
        if len(other) >= LEAST_HEADLINE and _KICKER.search(before):
            return other
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


def _body(nodes: list[dict[str, Any]]) -> str:
    """Return the longest `articleBody`; of a live blog the updates, newest first, as the page shows them."""
    bodies = [node["articleBody"] for node in nodes if isinstance(node.get("articleBody"), str)]
    bodies += [_updates(node["liveBlogUpdate"]) for node in nodes if isinstance(node.get("liveBlogUpdate"), list)]
    return stated.plain(max(bodies, key=len)[:MAX_JSON]) if bodies else ""


def _updates(posts: list[Any]) -> str:
    texts = [
        post[key] for post in posts[:MAX_UPDATES] if isinstance(post, dict) for key in ("headline", "articleBody")
        if isinstance(post.get(key), str)
    ]  # fmt: skip
    return "\n".join(texts)


def _is_paid(node: dict[str, Any]) -> bool:
    """Return whether a JSON-LD object says that its text is for subscribers (schema.org isAccessibleForFree)."""
    return str(node.get("isAccessibleForFree", "")).strip().lower() in ("false", "0", "no")
