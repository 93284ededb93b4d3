"""Lists of feeds as OPML, read and written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import defusedxml
import defusedxml.ElementTree

from monitor import model, urls
from monitor.feeds import plain

MAX_BYTES = 10_000_000
MAX_FEEDS = 10_000
MAX_DEPTH = 50
MAX_PROBLEMS = 100

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)$")
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class OpmlFeed:
    """A feed as a list names it; None and empty where the list says nothing. `every` in seconds."""

    url: str
    name: str
    newsroom: str | None = None
    lang: str | None = None
    country: str | None = None
    side: str | None = None
    tags: tuple[str, ...] = ()
    candidate: bool = False
    id: str | None = None
    every: float | None = None
    trusted: bool = True


def read_opml(data: bytes) -> tuple[tuple[OpmlFeed, ...], tuple[str, ...]]:
    """Return the feeds of an OPML document, and what was wrong with it, one sentence each.

    The names of folders become tags of the feeds in them. An address that stands twice counts once.
    """
    if len(data) > MAX_BYTES:
        return (), (f"The list has {len(data):,} bytes; at most {MAX_BYTES:,} are read. Split it.",)
    try:
        # A quarter of the lists in the wild write `?a=1&b=2` and `News & more` unescaped.
        root = defusedxml.ElementTree.fromstring(_BARE_AMPERSAND.sub(b"&amp;", data), forbid_dtd=False)
    except defusedxml.DefusedXmlException:
        return (), ("The list declares entities, which are refused; remove its document type.",)
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        return (), (f"The list is not well-formed XML: {error}.",)
    if root.tag.lower() != "opml":
        return (), (f"The list is not OPML: its root is <{root.tag[:40]}>.",)
    problems: list[str] = []
    feeds: dict[str, OpmlFeed] = {}
    for feed in _read_outlines(root, problems):
        if feed.url in feeds:
            problems.append(f"{feed.url} stands more than once; the first was taken.")
        elif len(feeds) == MAX_FEEDS:
            problems.append(f"More than {MAX_FEEDS:,} feeds; the rest was left out.")
            break
        else:
            feeds[feed.url] = feed
    return tuple(feeds.values()), _at_most(problems)


def _at_most(problems: list[str]) -> tuple[str, ...]:
    rest = len(problems) - MAX_PROBLEMS
    return (*problems[:MAX_PROBLEMS], *([f"... and {rest} more problems."] if rest > 0 else []))


def _read_outlines(root: ET.Element, problems: list[str]) -> Iterator[OpmlFeed]:
    """Walk the outlines without recursion, in the order of the document."""
    body = root.find("body")
    stack: list[tuple[ET.Element, tuple[str, ...]]] = [(root if body is None else body, ())]
    while stack:
        element, folders = stack.pop()
        attributes = {key.lower(): value for key, value in element.attrib.items()}
        inner = folders
        if "xmlurl" in attributes:
            feed = _read_feed(attributes, folders, problems)
            if feed:
                yield feed
        elif element.tag.lower() == "outline" and (name := _name(attributes)):
            inner = (*folders, name)
        if len(folders) < MAX_DEPTH:
            stack.extend((child, inner) for child in reversed(element))


def _read_feed(attributes: dict[str, str], folders: tuple[str, ...], problems: list[str]) -> OpmlFeed | None:
    written = attributes["xmlurl"].strip()
    url = urls.safe_link(written)
    if not url:
        problems.append(f"{written[:200]!r} is not an http or https address; left out.")
        return None
    own = (tag.strip() for tag in plain.clean_line(attributes.get("tags", ""), 1000).split(","))
    every = attributes.get("every")
    seconds = _seconds(every) if every else None
    if every and seconds is None:
        problems.append(f'{url}: every = "{every[:20]}" is not a duration such as "10m"; the default is used.')
    return OpmlFeed(
        url=url,
        name=_name(attributes) or url,
        newsroom=_field(attributes, "newsroom"),
        lang=_field(attributes, "language"),
        country=_field(attributes, "country"),
        side=_field(attributes, "side"),
        tags=tuple(dict.fromkeys(tag for tag in (*folders, *own) if tag)),
        candidate=attributes.get("candidate", "").strip().lower() in ("true", "1", "yes"),
        id=_field(attributes, "id"),
        every=seconds,
        trusted=attributes.get("trusted", "").strip().lower() not in ("false", "0", "no"),
    )


def _name(attributes: dict[str, str]) -> str:
    return plain.clean_line(attributes.get("title") or attributes.get("text") or "", 200)


def _field(attributes: dict[str, str], key: str) -> str | None:
    return plain.clean_line(attributes.get(key, ""), 200) or None


def _seconds(text: str) -> float | None:
    found = _DURATION.match(text.strip())
    return float(found[1]) * _SECONDS[found[2]] if found else None


def write_opml(feeds: Iterable[model.Feed]) -> bytes:
    """Return an OPML 2.0 document (UTF-8) that `read_opml` reads back without loss of what it names."""
    root = ET.Element("opml", version="2.0")
    ET.SubElement(ET.SubElement(root, "head"), "title").text = "Feeds"
    body = ET.SubElement(root, "body")
    for feed in feeds:
        ET.SubElement(body, "outline", _attributes(feed))
    ET.indent(root)
    document: bytes = ET.tostring(root, encoding="utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + document + b"\n"


def _attributes(feed: model.Feed) -> dict[str, str]:
    pairs = {
        "type": "rss",
        "text": feed.name,
        "title": feed.name,
        "xmlUrl": feed.url,
        "id": feed.slug,
        "newsroom": feed.newsroom,
        "language": feed.lang,
        "country": feed.country,
        "side": feed.side,
        "tags": ",".join(feed.tags),
        "candidate": "true" if feed.candidate else None,
        "trusted": None if feed.trusted else "false",
        "every": f"{feed.every:g}s",
    }
    return {key: plain.clean_text(value) for key, value in pairs.items() if value}
