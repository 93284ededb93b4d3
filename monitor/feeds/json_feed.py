"""JSON Feed 1.0 and 1.1 -> entries, read an item at a time.

A document is never built as a whole: ten megabytes of `{}` would take hundreds of megabytes. Items that stood before
the end of an interrupted document are kept, and a value of a wrong type is told and counts as absent.
Source: https://www.jsonfeed.org/version/1.1/
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from monitor import dates, errors, model, urls
from monitor.feeds import fields, plain, sniff

_SPACE = re.compile(r"[ \t\r\n]*")
_VERSION = re.compile(r"jsonfeed\.org/version/(\d(?:\.\d)?)")
_HEAD = frozenset(("version", "title", "home_page_url", "language", "author", "authors"))
_BROKEN = (ValueError, IndexError, RecursionError)
"""What the decoder raises where a document is cut, is no JSON, or nests too deeply."""


@dataclass(slots=True)
class _Told:
    """What was not as it should be."""

    wrong: Counter[str] = field(default_factory=Counter)
    sentences: list[str] = field(default_factory=list)

    def all(self) -> tuple[str, ...]:
        names = ", ".join(f"{name} ({count})" if count > 1 else name for name, count in self.wrong.most_common(10))
        wrong = (f"values of a wrong type were passed over: {names}.",) if names else ()
        return (*self.sentences, *wrong)


def _small_int(text: str) -> int:
    return int(text) if len(text) < 20 else 0


_DECODER = json.JSONDecoder(strict=False, parse_int=_small_int)


def parse_json_feed(body: bytes, url: str) -> model.ParsedFeed:
    """Return what the JSON Feed in `body` holds; at most the first 1,000 items.

    Args:
        body: As `sniff.clear_feed` returns it.
        url: Address that answered; relative links are resolved against the feed's home page, else against it.
    Raises: ParseError `not_a_feed`, where there is no list of items.
    """
    told = _Told()
    head, items = _document(body.decode("utf-8", "replace"), told)
    if items is None:
        raise errors.ParseError("not_a_feed", "This JSON Feed cannot be read: it has no list of `items`.")
    return _feed(head, items, url, told)


def _feed(head: dict[str, Any], items: list[Any], url: str, told: _Told) -> model.ParsedFeed:
    home = urls.safe_link(_text(head, "home_page_url", told), url) or url
    lang = fields.language_of(head.get("language"))
    found = [_Item(item, told) for item in items if isinstance(item, dict)]
    if len(found) < len(items):
        told.wrong["items"] += len(items) - len(found)
    entries = [item.entry(home, lang, _people(head, told)) for item in found]
    kept = [(entry, item) for entry, item in zip(entries, found, strict=True) if not fields.is_empty(entry)]
    version = _VERSION.search(str(head.get("version")))
    return model.ParsedFeed(
        format=f"json_feed_{version[1]}" if version else "json_feed",
        title=plain.plain_title(_text(head, "title", told), fields.MAX_TITLE),
        entries=tuple(entry for entry, _ in kept),
        lang=lang,
        dropped=(*told.all(), *fields.told_empty(len(found) - len(kept))),
        items=len(items),
        unread_dates=tuple((place, item.unread) for place, (_, item) in enumerate(kept) if item.unread),
    )


# -- the document ----------------------------------------------------------------------------------


def _document(text: str, told: _Told) -> tuple[dict[str, Any], list[Any] | None]:
    """Return the members that matter, and the first MAX_ITEMS items (None without such a list), as far as they go."""
    head: dict[str, Any] = {}
    items: list[Any] | None = None
    position = _skip(text, _skip(text, 0) + 1)
    try:
        while text[position] != "}":
            key, position = _DECODER.raw_decode(text, position)
            start = _skip(text, _expect(text, position, ":"))
            if key == "items" and items is None and text[start] == "[":
                items = []
                position = _read_items(text, start, items, told)
            elif key in _HEAD:
                head[key], position = _DECODER.raw_decode(text, start)
            else:
                position = _walk(text, start)
            position = _skip(text, position)
            if text[position] != "}":
                position = _skip(text, _expect(text, position, ","))
    except _BROKEN:
        told.sentences = told.sentences or ["The document ends early or is broken outside of its items."]
    return head, items


def _read_items(text: str, start: int, items: list[Any], told: _Told) -> int:
    """Append the first MAX_ITEMS values of the list at `start` to `items`; return where it ends."""
    count, position = 0, _skip(text, start + 1)
    try:
        while text[position] != "]":
            value, position = _DECODER.raw_decode(text, position)
            count += 1
            if count <= sniff.MAX_ITEMS:
                items.append(value)
            position = _after_comma(text, position)
    except _BROKEN:
        told.sentences.append(f"The document ends early or is broken after item {count:,}; the rest was left out.")
        raise
    finally:
        if count > sniff.MAX_ITEMS:
            told.sentences.append(f"{count:,} items: only the first {sniff.MAX_ITEMS:,} were read.")
    return position + 1


def _walk(text: str, start: int) -> int:
    """Return where the value at `start` ends; a list is walked and never built as a whole."""
    if text[start] != "[":
        return _DECODER.raw_decode(text, start)[1]
    position = _skip(text, start + 1)
    while text[position] != "]":
        position = _after_comma(text, _DECODER.raw_decode(text, position)[1])
    return position + 1


def _after_comma(text: str, position: int) -> int:
    """Return where the next value of a list begins, or its closing bracket. Raises: ValueError, IndexError."""
    position = _skip(text, position)
    return position if text[position] == "]" else _skip(text, _expect(text, position, ","))


def _expect(text: str, position: int, mark: str) -> int:
    position = _skip(text, position)
    if text[position] != mark:
        raise ValueError(f"no {mark} at {position}")
    return position + 1


def _skip(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


# -- an item ---------------------------------------------------------------------------------------


class _Item:
    """One item, as it was written."""

    def __init__(self, raw: dict[str, Any], told: _Told) -> None:
        self.raw, self.told, self.unread = raw, told, ""

    def entry(self, home: str, feed_lang: str | None, feed_people: list[str]) -> model.Entry:
        guid = plain.clean_line(self._id(), fields.MAX_GUID) or None
        return model.Entry(
            guid=guid,
            url=self._link(home, guid),
            title=plain.plain_title(_text(self.raw, "title", self.told), fields.MAX_TITLE),
            summary=self._summary(),
            author=fields.names_of(_people(self.raw, self.told) or feed_people),
            published=self._published(),
            lang=fields.language_of(self.raw.get("language")) or feed_lang,
            tags=fields.tags_of(_strings(self.raw, "tags", self.told)),
        )

    def _id(self) -> str:
        """Return the id; the standard asks readers to take numbers too."""
        value = self.raw.get("id")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return _text(self.raw, "id", self.told)

    def _link(self, home: str, guid: str | None) -> str | None:
        own, elsewhere = (_text(self.raw, key, self.told)[: fields.MAX_LINK + 1] for key in ("url", "external_url"))
        return urls.safe_link(own, home) or urls.safe_link(guid) or urls.safe_link(elsewhere, home)

    def _summary(self) -> str:
        limit = fields.MAX_SUMMARY
        markup = _text(self.raw, "content_html", self.told)[: limit * 3]
        texts = [plain.plain_text(markup) if markup else ""]
        texts += [plain.tidy(_text(self.raw, key, self.told)[:limit]) for key in ("content_text", "summary")]
        return plain.clamp(max(texts, key=len), limit)

    def _published(self) -> Any:
        written = [_text(self.raw, key, self.told) for key in ("date_published", "date_modified")]
        moment = next((moment for text in written if (moment := dates.parse_date(text))), None)
        if moment is None:
            self.unread = plain.clean_line(" ".join(written), 100)
        return moment


def _text(raw: dict[str, Any], key: str, told: _Told) -> str:
    value = raw.get(key)
    if value is None or isinstance(value, str):
        return value or ""
    told.wrong[key] += 1
    return ""


def _strings(raw: dict[str, Any], key: str, told: _Told) -> list[str]:
    values = raw.get(key)
    if values is None:
        return []
    found = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    if not isinstance(values, list) or len(found) < len(values):
        told.wrong[key] += 1
    return found


def _people(raw: dict[str, Any], told: _Told) -> list[str]:
    """Return the names of `authors` (1.1), else of `author` (1.0)."""
    values = raw.get("authors") or raw.get("author") or []
    people = values if isinstance(values, list) else [values]
    if not all(isinstance(person, dict) for person in people):
        told.wrong["authors"] += 1
    return [name for person in people[:20] if isinstance(person, dict) and (name := _text(person, "name", told))]
