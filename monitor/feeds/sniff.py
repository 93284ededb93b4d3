"""Bytes before feedparser sees them: is this a feed, is it whole, and what in it would be dear to parse.

Every scan here is linear in the length of the body and works on bytes, because feedparser needs 28 s to find out
that a 5 MB page is no feed, expands entities, and runs a quadratic regex over author fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from monitor import errors
from monitor.feeds import unwrap

MAX_ITEMS = 1000
"""Items of one feed that are read; the rest is cut off and reported."""
MAX_PERSON_BYTES = 500
"""Longest author, publisher or contributor handed to feedparser: its e-mail regex is quadratic (feedparser #562)."""

_SNIFF_BYTES = 4096
_ROOT = re.compile(
    rb"<((?:[A-Za-z_][\w.-]*:)?(rss|feed|RDF|channel|entry|urlset|sitemapindex|opml))(?=[\s>/])", re.IGNORECASE
)
_LATE_ROOT = re.compile(rb"<((?:[A-Za-z_][\w.-]*:)?(?:rss|feed|RDF|urlset))(?=[\s>/])", re.IGNORECASE)
_JSON_FEED = re.compile(rb"\"version\"\s*:\s*\"https?:\\?/\\?/(?:www\.)?jsonfeed\.org\\?/version\\?/")
ELEMENT = re.compile(rb"<([A-Za-z_][\w.:-]*)")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body)(?=[\s>/])", re.IGNORECASE)
_FRAGMENT = re.compile(rb"<(?:div|h1|p|center|pre|script|title|meta|br|b|img|iframe)(?=[\s>/])", re.IGNORECASE)
_DECLARATION = re.compile(rb"<\?xml\s[^>]*\?>")
_ITEM_MARKS = re.compile(rb"<!\[CDATA\[|<!--|<(/?)((?:[A-Za-z_][\w.-]*:)?(?:item|entry))(?=[\s>/])", re.IGNORECASE)
_URL_MARKS = re.compile(rb"<!\[CDATA\[|<!--|<(/?)((?:[A-Za-z_][\w.-]*:)?url)(?=[\s>/])", re.IGNORECASE)
_PERSON_MARKS = re.compile(
    rb"<((?:[A-Za-z_][\w.-]*:)?(?:author|contributor|creator|publisher|owner|managingEditor|webMaster|name|email))"
    rb"(?:\s[^<>]{0,500})?>",
    re.IGNORECASE,
)
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]{1,12})|([0-9]{1,12}));")
_CONTROL = bytes(byte for byte in range(32) if byte not in b"\t\n\r")
FEED, JSON_FEED, SITEMAP = "feed", "json_feed", "sitemap"
_LISTS = {
    b"opml": (
        "opml_list",
        "This is a list of feeds (OPML), not a feed. `wirewatch feeds import` adds the feeds that it names.",
    ),
    b"sitemapindex": (
        "sitemap_index",
        "This is an index of sitemaps. `wirewatch feeds check` lists what it names; add the news sitemap.",
    ),
}


@dataclass(frozen=True, slots=True)
class Cleared:
    """A feed's bytes, safe to hand to feedparser, and what was taken out of them, one sentence each."""

    body: bytes
    dropped: tuple[str, ...]
    charset: str | None = None
    """Set where the bytes were re-coded, against their own declaration."""
    kind: str = FEED
    """Who reads it: `feed` (feedparser), `json_feed` or `sitemap`."""
    root: bytes = b""
    """Name of the root element without its prefix, lower case."""
    items: tuple[tuple[int, int], ...] = ()
    """Where each item begins and ends in `body`; none where that is not plain to see."""


@dataclass(frozen=True, slots=True)
class _Root:
    name: bytes
    start: int

    @property
    def kind(self) -> bytes:
        """Return the name without prefix, lower case."""
        return self.name.rpartition(b":")[2].lower()


@dataclass(frozen=True, slots=True)
class _Items:
    starts: list[int]
    ends: list[int]
    """Offsets after the closing tags."""

    @property
    def last_end(self) -> int:
        """Return the offset after the last closing tag of an item; 0 where none closes."""
        return self.ends[-1] if self.ends else 0

    def whole(self) -> tuple[tuple[int, int], ...]:
        """Return the items that were read as (start, end); none where tags do not alternate."""
        pairs = list(zip(self.starts, self.ends, strict=False))[:MAX_ITEMS]
        followers = [start for start, _ in pairs[1:]] + [end for _, end in pairs[-1:]]
        alternate = all(start < end <= after for (start, end), after in zip(pairs, followers, strict=True))
        return tuple(pairs) if alternate else ()


def clear_feed(body: bytes) -> Cleared:
    """Return `body` without what must not reach feedparser.

    Cut are: the document type declaration with its entities, items beyond MAX_ITEMS, an item that the end of the
    document interrupts, and names of people longer than MAX_PERSON_BYTES. A JSON Feed comes back as it is: its reader
    stops by itself, and so does a sitemap's, whose newest entries may stand anywhere.
    Raises: ParseError, where the bytes are no feed.
    """
    body, charset = unwrap.unwrap(body)
    if is_json_feed(body):
        return Cleared(body, (), charset, JSON_FEED)
    root = _find_root(body)
    body = body[: root.start] + _without_illegal(body[root.start :])
    body, root, dropped = _without_doctype(body, root)
    if root.kind == b"urlset":
        body, notes = _without_interrupted(body, root, _scan_items(body, root, _URL_MARKS))
        return Cleared(body, (*dropped, *notes), charset, SITEMAP)
    items = _scan_items(body, root, _ITEM_MARKS)
    body, notes = _cut_items(body, root, items)
    body, persons = _without_long_persons(body)
    return Cleared(body, (*dropped, *notes, *persons), charset, FEED, root.kind, () if persons else items.whole())


def is_json_feed(body: bytes) -> bool:
    """Return whether `body` is a JSON object that names a version of JSON Feed, as every such feed must."""
    return body[: _skip_space(body, 0) + 1].endswith(b"{") and _JSON_FEED.search(body) is not None


def _without_illegal(body: bytes) -> bytes:
    """Drop control bytes and references to what is no character: they break the strict parser, then the loose one."""
    # ISO-2022 switches its letters by escape sequences.
    body = body.translate(None, _CONTROL if b"\x1b$" not in body else _CONTROL.replace(b"\x1b", b""))
    return _REFERENCE.sub(_legal_reference, body) if b"&#" in body else body


def _legal_reference(found: re.Match[bytes]) -> bytes:
    code = int(found[1], 16) if found[1] else int(found[2])
    legal = 32 <= code < 0xD800 or 0xE000 <= code < 0xFFFE or 0x10000 <= code < 0x110000 or code in (9, 10, 13)
    return found[0] if legal else b""


def _find_root(body: bytes) -> _Root:
    start = _skip_prolog(body)
    found = _ROOT.match(body, start) or _root_after_noise(body, start)
    if found:
        root = _Root(found[1], found.start())
        if root.kind in _LISTS:
            raise errors.ParseError(*_LISTS[root.kind])
        return root
    raise _not_a_feed(body[start : start + _SNIFF_BYTES])


def _skip_prolog(body: bytes) -> int:
    """Return the offset of the first thing that is no white space, declaration, comment or document type."""
    position = 0
    while True:
        position = _skip_space(body, position)
        if body.startswith(b"<?", position):
            end = body.find(b"?>", position) + 2
        elif body.startswith(b"<!--", position):
            end = body.find(b"-->", position) + 3
        elif body[position : position + 9].upper() == b"<!DOCTYPE":
            end = _doctype_end(body, position)
        else:
            return position
        if end <= position:
            return position
        position = end


def _skip_space(body: bytes, position: int) -> int:
    while body[position : position + 1] in (b" ", b"\t", b"\r", b"\n", b"\x00"):
        position += 1
    return position


def _doctype_end(body: bytes, position: int) -> int:
    close = body.find(b">", position)
    subset = body.find(b"[", position, close if close >= 0 else None)
    if subset < 0:
        return close + 1
    end = re.compile(rb"\]\s*>").search(body, subset)
    return end.end() if end else 0


def _root_after_noise(body: bytes, start: int) -> re.Match[bytes] | None:
    """Find a root behind a server's stray words (a PHP warning), unless a page comes first."""
    window = body[start : start + _SNIFF_BYTES]
    found = _LATE_ROOT.search(window)
    page = _HTML.search(window)
    if found is None or (page and page.start() < found.start()) or window[:1] in (b"{", b"["):
        return None
    return _ROOT.match(body, start + found.start())


def _not_a_feed(beginning: bytes) -> errors.ParseError:
    stripped = beginning.strip(b"\x00 \t\r\n")
    if not stripped:
        return errors.ParseError("empty", "The answer is empty; a feed was expected.")
    if stripped[:1] in (b"{", b"["):
        return errors.ParseError(
            "json_page",
            "This is JSON, but no JSON Feed: it names no `version` of it. Look for the site's feed address.",
        )
    if _HTML.search(stripped) or _FRAGMENT.match(stripped):
        return errors.ParseError(
            "html_page",
            "This is a web page, not a feed; perhaps an error or login page. `wirewatch feeds check` lists the feeds "
            "that a page names.",
        )
    return errors.ParseError("not_a_feed", f"This is not a feed: {_what(stripped)} where <rss>, <feed> or <rdf:RDF>")


def _what(beginning: bytes) -> str:
    element = ELEMENT.search(beginning)
    if element:
        return f"it begins with <{element[1][:40].decode('ascii', 'replace')}>"
    return f"it begins with {beginning[:40].decode('utf-8', 'replace')!r}"


def _without_doctype(body: bytes, root: _Root) -> tuple[bytes, _Root, tuple[str, ...]]:
    """Drop all between the XML declaration and the root: no entity is ever declared, so none expands."""
    head = body[: root.start]
    declaration = _DECLARATION.search(head)
    kept = declaration[0] if declaration else b""
    count = head.upper().count(b"<!ENTITY")
    note = (f"{count} entity declarations in the document type: not expanded.",) if count else ()
    return kept + body[root.start :], _Root(root.name, len(kept)), note


def _scan_items(body: bytes, root: _Root, marks: re.Pattern[bytes]) -> _Items:
    """Find the tags of items outside of CDATA and comments; prefixed only as the root is."""
    prefix = root.name.rpartition(b":")[0].lower()
    starts: list[int] = []
    ends: list[int] = []
    position = root.start
    while found := marks.search(body, position):
        position = found.end()
        if found[2] is None:
            close = b"]]>" if found[0].startswith(b"<![") else b"-->"
            position = body.find(close, position)
            if position < 0:
                break
        elif found[2].lower().rpartition(b":")[0] not in (b"", prefix):
            continue
        elif not found[1]:
            starts.append(found.start())
        else:
            ends += [end] if (end := body.find(b">", position) + 1) else []
    return _Items(starts, ends)


def _cut_items(body: bytes, root: _Root, items: _Items) -> tuple[bytes, tuple[str, ...]]:
    if len(items.starts) > MAX_ITEMS:
        note = f"{len(items.starts):,} items: only the first {MAX_ITEMS:,} were read."
        return _closed(body[: items.starts[MAX_ITEMS]], root), (note,)
    return _without_interrupted(body, root, items)


def _without_interrupted(body: bytes, root: _Root, items: _Items) -> tuple[bytes, tuple[str, ...]]:
    """Drop an item that the end of the document interrupts: half a link would be an article of its own."""
    if root.kind == b"entry" and items.last_end:  # an entry that is the whole document
        return body, ()
    if body.rfind(b"</" + root.name) >= max(items.last_end, root.start):
        return body, ()
    if not items.starts:
        return body, ("The document ends early, before its first item.",)
    if items.starts[-1] < items.last_end:
        return _closed(body[: items.last_end], root), ("The document ends early; no item was cut by it.",)
    note = "The document ends early: its last item was incomplete and was left out until the next poll."
    return _closed(body[: items.starts[-1]], root), (note,)


def _closed(body: bytes, root: _Root) -> bytes:
    channel = b"</channel>" if root.kind == b"rss" else b""
    return body + channel + b"</" + root.name + b">"


def _without_long_persons(body: bytes) -> tuple[bytes, tuple[str, ...]]:
    parts: list[bytes] = []
    position = kept = count = 0
    closings: dict[bytes, int] = {}
    while found := _PERSON_MARKS.search(body, position):
        position = found.end()
        end = _closing(body, found[1], position, closings)
        if end - position > MAX_PERSON_BYTES and _is_leaf(body, position, end):
            parts.append(body[kept:position])
            position = kept = end
            count += 1
    note = f"{count} names of people longer than {MAX_PERSON_BYTES} bytes: left out."
    return (b"".join(parts) + body[kept:], (note,)) if count else (body, ())


def _closing(body: bytes, name: bytes, position: int, closings: dict[bytes, int]) -> int:
    """Return where `</name` next stands, the end if nowhere; remembered, so that the scan stays linear."""
    known = closings.get(name, -1)
    if known < position:
        known = body.find(b"</" + name, position)
        closings[name] = known if known >= 0 else len(body)
    return closings[name]


def _is_leaf(body: bytes, start: int, end: int) -> bool:
    """Return whether an element holds text rather than `<name>` and `<email>`, which are checked by themselves."""
    return not _PERSON_MARKS.search(body, start, min(end, start + 2000))
