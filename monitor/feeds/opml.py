"""Lists of feeds as OPML, read and written."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import defusedxml
import defusedxml.ElementTree

from monitor import errors, model, urls
from monitor.feeds import plain, unwrap

MAX_BYTES = 10_000_000
MAX_FEEDS = 10_000
MAX_DEPTH = 50
MAX_PROBLEMS = 100

_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd]?)$")
_BARE_AMPERSAND = re.compile(rb"&(?!(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|amp|lt|gt|quot|apos);)")
_DECLARATION = re.compile(rb"\s*<\?xml\s[^>]{0,200}\?>")
_OPML_ROOT = re.compile(rb"<opml[\s>]", re.IGNORECASE)
_OUTLINE_TAGS = re.compile(rb"</?outline(?=[\s/>])", re.IGNORECASE)
_ATTRIBUTE = re.compile(
    rb"(?<![\w:-])(text|title|xmlUrl|category|newsroom|language|country|side|tags|candidate|trusted|id|every)"
    rb"\s{0,9}=\s{0,9}\"([^\"<>]{0,2000})\"",
    re.IGNORECASE,
)
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

    The names of folders become tags of the feeds in them. An address that stands twice counts once. Of a list that is
    not well-formed, as one in six is, the outlines are read one by one.
    """
    if len(data) > MAX_BYTES:
        return (), (f"The list has {len(data):,} bytes; at most {MAX_BYTES:,} are read. Split it.",)
    problems: list[str] = []
    try:
        root = _read_xml(data, problems)
    except errors.ParseError as error:
        return (), (str(error),)
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


def _read_xml(data: bytes, problems: list[str]) -> ET.Element:
    """Return the root of a list. Raises: ParseError, whose message is a sentence for people."""
    data, _ = unwrap.unwrap(data)
    # A quarter of the lists in the wild write `?a=1&b=2` and `News & more` unescaped.
    escaped = _BARE_AMPERSAND.sub(b"&amp;", data)
    try:
        root = _parse(escaped)
    except (ET.ParseError, ValueError, LookupError, RecursionError) as error:
        told = f"The list is not well-formed XML: {error}"
        try:
            root = _parse(_rewritten(escaped))
        except (ET.ParseError, ValueError, LookupError, RecursionError):
            raise errors.ParseError("not_a_list", f"{told}.") from error
        problems.append(f"{told}; its outlines were read one by one, compare their number.")
    name = root.tag.rpartition("}")[2]
    if name.lower() != "opml":
        raise errors.ParseError("not_a_list", f"The list is not OPML: its root is <{name[:40]}>.")
    return root


def _parse(data: bytes) -> ET.Element:
    try:
        found: ET.Element = defusedxml.ElementTree.fromstring(data, forbid_dtd=False)
    except defusedxml.DefusedXmlException as error:
        told = "The list declares entities, which are refused; remove its document type."
        raise errors.ParseError("entities", told) from error
    return found


def _rewritten(data: bytes) -> bytes:
    """Return a list of the outlines in `data` with the attributes that we know: what breaks XML stands in others."""
    declaration = _DECLARATION.match(data)
    parts = [declaration[0] if declaration else b"", b"<opml><body>"]
    depth = 0
    tags = list(_OUTLINE_TAGS.finditer(data)) if _OPML_ROOT.search(data) else []
    for tag, after in zip(tags, (*tags[1:], None), strict=True):
        written = data[tag.end() : after.start() if after else len(data)]
        if tag[0].startswith(b"</"):
            parts += [b"</outline>"] if depth > 0 else []
            depth -= depth > 0
            continue
        known = {found[1]: found[2] for found in _ATTRIBUTE.finditer(written)}
        # A feed holds no others; a folder stays open until its end tag.
        is_feed = any(name.lower() == b"xmlurl" for name in known)
        parts.append(
            b"<outline" + b"".join(b' %s="%s"' % pair for pair in known.items()) + (b"/>" if is_feed else b">")
        )
        depth += not is_feed
    return b"".join(parts) + b"</outline>" * depth + b"</body></opml>"


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
        elif element.tag.lower() == "outline" and (name := _name(attributes, ",")):
            inner = (*folders, name)
        if len(folders) < MAX_DEPTH:
            stack.extend((child, inner) for child in reversed(element))


def _read_feed(attributes: dict[str, str], folders: tuple[str, ...], problems: list[str]) -> OpmlFeed | None:
    written = attributes["xmlurl"].strip()
    url = urls.safe_link(written)
    if not url:
        problems.append(f"{written[:200]!r} is not an http or https address; left out.")
        return None
    lists = ",".join((attributes.get("tags", ""), attributes.get("category", "").replace("/", ",")))
    own = (tag.strip() for tag in plain.clean_line(lists, 1000).split(","))
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


def _name(attributes: dict[str, str], unwanted: str = "") -> str:
    name = attributes.get("title") or attributes.get("text") or ""
    return plain.clean_line(name.replace(unwanted, " ") if unwanted else name, 200)


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
        "tags": ",".join(tag.replace(",", " ") for tag in feed.tags),
        "candidate": "true" if feed.candidate else None,
        "trusted": None if feed.trusted else "false",
        "every": f"{feed.every:g}s",
    }
    return {key: plain.clean_text(value) for key, value in pairs.items() if value}
