"""A feed's bytes -> entries; feedparser's one door.

Runs in a worker process that is killed after 5 s of CPU. feedparser gets bytes only, never a string: it would open
a string as a file or fetch it as an address.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import feedparser

from monitor import dates, errors, model, urls
from monitor.feeds import fields, json_feed, plain, recall, sitemap, sniff, wishes, wrapper

MAX_JOINED = 1_000
"""Characters under which an entry's longest text may be the caption of its picture."""


def parse_feed(body: bytes, url: str, content_type: str | None = None, memory: bytes | None = None) -> model.ParsedFeed:
    """Return what the feed in `body` holds, every string plain text, clamped and free of control characters.

    Read are RSS, RDF, Atom and CDF (by feedparser), JSON Feed and news sitemaps (by readers of our own).

    Args:
        body: As received, decoded from gzip.
        url: Address that answered; relative links are resolved against it.
        content_type: Header of that name; its charset counts as the standards say.
        memory: What an earlier call returned as `memory`: items that stand as they stood then are only counted
            (`unchanged`), wherever the rest can be read without them as it would be with them.
    Raises: ParseError, whose message is a sentence for people.
    """
    cleared = sniff.clear_feed(body)
    if cleared.kind == sniff.JSON_FEED:
        parsed = _unwrapped(json_feed.parse_json_feed(cleared.body, url))
    elif cleared.kind == sniff.SITEMAP:
        parsed = _unwrapped(sitemap.parse_sitemap(cleared.body, url))
    else:
        parsed = _parse_xml(cleared, url, content_type, recall.unpack(memory))
    return replace(parsed, dropped=(*cleared.dropped, *parsed.dropped))


def _unwrapped(parsed: model.ParsedFeed) -> model.ParsedFeed:
    return replace(parsed, entries=tuple(map(wrapper.unwrapped, parsed.entries)))


@dataclass(frozen=True, slots=True)
class _Read:
    """What feedparser read in a document, or in a part of it."""

    parsed: model.ParsedFeed
    known: tuple[recall.Known, ...]
    """What to remember of each item, the empty ones included."""
    context: bytes
    sound: bool
    """Whether the document is well-formed: then no item influences another."""


def _parse_xml(
    cleared: sniff.Cleared, url: str, content_type: str | None, memory: recall.Memory | None
) -> model.ParsedFeed:
    hashes = recall.hashes_of(cleared)
    if memory and hashes and (found := _read_changed(cleared, url, content_type, hashes, memory)):
        return found
    read = _read(cleared, cleared.body, url, content_type)
    if not (hashes and read.sound and len(hashes) == len(read.known)):
        return read.parsed
    return replace(read.parsed, memory=recall.pack(read.context, hashes, read.known))


def _read_changed(
    cleared: sniff.Cleared, url: str, content_type: str | None, hashes: Sequence[bytes], memory: recall.Memory
) -> model.ParsedFeed | None:
    """Read only what is not remembered; None where that might not give what the whole document gives."""
    part = recall.cut(cleared, hashes, memory)
    if part is None:
        return None
    read = _read(cleared, part.body, url, content_type)
    if not read.sound or read.context != memory.context or len(read.known) != len(part.changed):
        return None
    if not recall.stands(part, read.known):
        return None
    known = memory.items | dict(zip(part.changed, read.known, strict=True))
    listed = [known[name] for name in hashes]
    return replace(
        read.parsed,
        dropped=fields.told_empty(sum(item.empty for item in listed)),
        items=len(listed),
        recalled=True,
        unchanged=tuple(item.published for item in part.unchanged if not item.empty),
        memory=recall.pack(read.context, hashes, listed),
    )


def _read(cleared: sniff.Cleared, body: bytes, url: str, content_type: str | None) -> _Read:
    """Read `body`, which is that of `cleared` or a part of it."""
    found = _run_feedparser(body, _content_type(cleared.charset, content_type))
    feed = found.get("feed") or {}
    base = urls.safe_link(str(feed.get("link") or ""), url) or url
    lang = fields.language_of(feed.get("language"))
    version = found.get("version") or ("cdf" if cleared.root == b"channel" else "unknown")
    entries = [(item, wrapper.unwrapped(_entry(item, base, lang))) for item in found.get("entries") or ()]
    kept = [(item, entry) for item, entry in entries if not fields.is_empty(entry)]
    parsed = model.ParsedFeed(
        format=version,
        title=plain.plain_title(_string(feed.get("title")), fields.MAX_TITLE),
        entries=tuple(entry for _, entry in kept),
        lang=lang,
        ttl=wishes.read_ttl(*(_string(feed.get(key)) for key in ("ttl", "sy_updateperiod", "sy_updatefrequency"))),
        skip_hours=wishes.read_skip_hours(cleared.body),
        skip_days=wishes.read_skip_days(cleared.body),
        dropped=fields.told_empty(len(entries) - len(kept)),
        items=len(entries),
        unread_dates=tuple(
            (place, written)
            for place, (item, entry) in enumerate(kept)
            if entry.published is None and (written := " ".join(_dates(item)))
        ),
    )
    context = recall.context_of(cleared, url, content_type, found.get("encoding"), version, base, lang)
    known = tuple(recall.remember(entry) for _, entry in entries)
    return _Read(parsed, known, context, not found.get("bozo"))


def _run_feedparser(body: bytes, content_type: str) -> Mapping[str, Any]:
    # Without a base feedparser leaves guids as they are: `17` must not become an address that moves with the feed.
    headers = {"content-type": content_type}
    try:
        # Markup is turned into text below, so sanitising and link rewriting would be paid for twice.
        found: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except (RecursionError, AssertionError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise errors.ParseError("not_a_feed", f"The feed cannot be read ({type(error).__name__}: {error}).") from error
    return found


def _content_type(charset: str | None, content_type: str | None) -> str:
    """Return the header for feedparser; a text/* type without charset would mean ASCII to it."""
    if charset:
        return f"application/xml; charset={charset}"
    if content_type and "charset=" in content_type.lower():
        return "application/xml; " + content_type.partition(";")[2].strip()
    return "application/xml"


def _entry(item: Mapping[str, Any], base: str, feed_lang: str | None) -> model.Entry:
    return model.Entry(
        guid=plain.clean_line(_string(item.get("id")), fields.MAX_GUID) or None,
        url=_link(item, base),
        title=plain.plain_title(_string(item.get("title")) or _string(item.get("itunes_title")), fields.MAX_TITLE),
        summary=_summary(item),
        author=_author(item),
        published=next((moment for text in _dates(item) if (moment := dates.parse_date(text))), None),
        lang=_entry_language(item) or feed_lang,
        tags=fields.tags_of(_string(tag.get("label")) or _string(tag.get("term")) for tag in item.get("tags") or ()),
        publisher=_publisher(item),
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _link(item: Mapping[str, Any], base: str) -> str | None:
    """Return the entry's page: its link, else its guid where that is an absolute address."""
    link, guid = (plain.clean_text(_string(item.get(key))).strip() for key in ("link", "id"))
    # Of a guid without isPermaLink="false" feedparser makes a link, whatever stands in it; it is not among `links`.
    is_written = any(part.get("href") == item.get("link") for part in item.get("links") or ())
    if link and is_written and len(link) <= fields.MAX_LINK and (found := urls.safe_link(link, base)):
        return found
    return urls.safe_link(guid) if len(guid) <= fields.MAX_LINK else None


def _summary(item: Mapping[str, Any]) -> str:
    """Return the longest text of the entry; beside a picture the others too, since the longest may be its caption."""
    written = [_string(item.get("summary")), *(_string(part.get("value")) for part in item.get("content") or ())]
    texts = [plain.plain_text(text[: fields.MAX_SUMMARY * 3]) for text in dict.fromkeys(written) if text]
    longest = max(texts, key=len, default="")
    if item.get("media_content") and 1 < len(texts) < 6 and len(longest) < MAX_JOINED:
        return plain.clamp(
            "\n\n".join(text for text in texts if text == longest or text not in longest), MAX_JOINED * 6
        )
    return plain.clamp(longest, fields.MAX_SUMMARY)


def _author(item: Mapping[str, Any]) -> str | None:
    people = [name for person in item.get("authors") or () if (name := _string(person.get("name")))]
    return fields.names_of(people if len(people) > 1 else [_string(item.get("author"))])


def _dates(item: Mapping[str, Any]) -> list[str]:
    """Return the dates as they were written, the publication first."""
    # Only keys that are there: asked for a missing `updated`, feedparser answers the published date, and warns of it.
    there = set(item.keys())
    written = (plain.clean_line(_string(item[key]), 100) for key in ("published", "updated", "created") if key in there)
    return [text for text in written if text]


def _entry_language(item: Mapping[str, Any]) -> str | None:
    """Return what the item says of its own language, else the nearest `xml:lang`."""
    details = (item.get(key) or {} for key in ("title_detail", "summary_detail"))
    told = (item.get("language"), *(detail.get("language") for detail in details))
    return next((lang for value in told if (lang := fields.language_of(value))), None)


def _publisher(item: Mapping[str, Any]) -> str | None:
    """Return the newsroom that `<source>` names; Bing writes `<News:Source>`."""
    source = item.get("source") or {}
    name = _string(source.get("title")) or _string(item.get("news_source"))
    return plain.plain_title(name, fields.MAX_AUTHOR) or None
