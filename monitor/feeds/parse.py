"""A feed's bytes -> entries; feedparser's one door.

Runs in a worker process that is killed after 5 s of CPU. feedparser gets bytes only, never a string: it would open
a string as a file or fetch it as an address.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import feedparser

from monitor import dates, errors, model, urls
from monitor.feeds import plain, sniff, wishes

MAX_TITLE = 500
MAX_AUTHOR = 200
MAX_LINK = 2_000
MAX_GUID = 500
MAX_SUMMARY = 200_000
"""Characters of an entry's own text; matching reads no more either."""
MAX_TAGS = 30
MAX_TAG = 100

_LANG = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*$", re.IGNORECASE)
_OLD_LANGS = {"iw": "he", "ji": "yi", "in": "id"}


def parse_feed(body: bytes, url: str, content_type: str | None = None) -> model.ParsedFeed:
    """Return what the feed in `body` holds, every string plain text, clamped and free of control characters.

    Args:
        body: As received, decoded from gzip.
        url: Address that answered; relative links are resolved against it.
        content_type: Header of that name; its charset counts as the standards say.
    Raises: ParseError, whose message is a sentence for people.
    """
    cleared = sniff.clear_feed(body)
    found = _run_feedparser(cleared, content_type)
    feed = found.get("feed") or {}
    base = urls.safe_link(str(feed.get("link") or ""), url) or url
    lang = _language(feed.get("language"))
    entries, empty = _entries(found.get("entries") or (), base, lang)
    return model.ParsedFeed(
        format=found.get("version") or "unknown",
        title=plain.plain_title(_string(feed.get("title")), MAX_TITLE),
        entries=tuple(entries),
        lang=lang,
        ttl=wishes.read_ttl(*(_string(feed.get(key)) for key in ("ttl", "sy_updateperiod", "sy_updatefrequency"))),
        skip_hours=wishes.read_skip_hours(cleared.body),
        skip_days=wishes.read_skip_days(cleared.body),
        dropped=(*cleared.dropped, *empty),
    )


def _run_feedparser(cleared: sniff.Cleared, content_type: str | None) -> Mapping[str, Any]:
    # Without a base feedparser leaves guids as they are: `17` must not become an address that moves with the feed.
    headers = {"content-type": _content_type(cleared.charset, content_type)}
    try:
        # Markup is turned into text below, so sanitising and link rewriting would be paid for twice.
        found: Mapping[str, Any] = feedparser.parse(
            io.BytesIO(cleared.body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
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


def _entries(
    items: Iterable[Mapping[str, Any]], base: str, lang: str | None
) -> tuple[list[model.Entry], tuple[str, ...]]:
    entries = [_entry(item, base, lang) for item in items]
    kept = [entry for entry in entries if entry.title or entry.summary or entry.url]
    lost = len(entries) - len(kept)
    noun = "1 entry" if lost == 1 else f"{lost} entries"
    return kept, (f"{noun} with neither title, text nor link: left out.",) if lost else ()


def _entry(item: Mapping[str, Any], base: str, feed_lang: str | None) -> model.Entry:
    return model.Entry(
        guid=plain.clean_line(_string(item.get("id")), MAX_GUID) or None,
        url=_link(item, base),
        title=plain.plain_title(_string(item.get("title")), MAX_TITLE),
        summary=_summary(item),
        author=plain.plain_title(_string(item.get("author")), MAX_AUTHOR) or None,
        published=_published(item),
        lang=_entry_language(item) or feed_lang,
        tags=_tags(item),
        publisher=_publisher(item),
    )


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""


def _link(item: Mapping[str, Any], base: str) -> str | None:
    """Return the entry's page: its link, else its guid where that is an absolute address."""
    link, guid = (plain.clean_text(_string(item.get(key))).strip() for key in ("link", "id"))
    # Of a guid without isPermaLink="false" feedparser makes a link, whatever stands in it; it is not among `links`.
    is_written = any(part.get("href") == item.get("link") for part in item.get("links") or ())
    if link and is_written and len(link) <= MAX_LINK and (found := urls.safe_link(link, base)):
        return found
    return urls.safe_link(guid) if len(guid) <= MAX_LINK else None


def _summary(item: Mapping[str, Any]) -> str:
    candidates = [_string(item.get("summary")), *(_string(part.get("value")) for part in item.get("content") or ())]
    texts = [plain.plain_text(text[: MAX_SUMMARY * 3]) for text in dict.fromkeys(candidates) if text]
    return plain.clamp(max(texts, key=len, default=""), MAX_SUMMARY)


def _published(item: Mapping[str, Any]) -> datetime | None:
    # Only keys that are there: asked for a missing `updated`, feedparser answers the published date, and warns of it.
    there = set(item.keys())
    raw = (_string(item[key]) for key in ("published", "updated", "created") if key in there)
    return next((moment for text in raw if (moment := dates.parse_date(text))), None)


def _entry_language(item: Mapping[str, Any]) -> str | None:
    details = (item.get(key) or {} for key in ("title_detail", "summary_detail"))
    return next((lang for detail in details if (lang := _language(detail.get("language")))), None)


def _language(value: object) -> str | None:
    """Return the primary subtag of a language tag, in its present spelling (`iw` is `he`)."""
    found = _LANG.match(_string(value).strip())
    primary = found[1].lower() if found else None
    return _OLD_LANGS.get(primary, primary) if primary else None


def _tags(item: Mapping[str, Any]) -> tuple[str, ...]:
    names = _tag_names(item.get("tags") or ())
    return tuple(dict.fromkeys(names))[:MAX_TAGS]


def _tag_names(tags: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for number, tag in enumerate(tags):
        # A hostile item holds a million categories; past a few dozen none can be among the kept.
        if number >= MAX_TAGS * 4:
            return
        name = plain.plain_title(_string(tag.get("label")) or _string(tag.get("term")), MAX_TAG)
        if name:
            yield name


def _publisher(item: Mapping[str, Any]) -> str | None:
    source = item.get("source") or {}
    return plain.plain_title(_string(source.get("title")), MAX_AUTHOR) or None
