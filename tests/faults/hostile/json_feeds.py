"""Hostile JSON Feeds: wrong types, depth, numbers without end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.faults.hostile.recipe import JSON, WORDS, Hostile, feed

_WRONG: tuple[tuple[str, Any], ...] = (
    ("null", None),
    ("number", 10**40),
    ("float", 1e308),
    ("true", True),
    ("list", [[], [{}], [None]]),
    ("object", {"": {"a": []}}),
    ("long", "x" * 1_000_000),
    ("surrogate", "\ud800\x00\u202e"),
)
_KEYS = ("id", "url", "title", "content_html", "date_published", "authors", "tags", "attachments")


def recipes() -> Iterator[Hostile]:
    """Yield every recipe."""
    for kind, value in _WRONG:
        wrong = dict.fromkeys(_KEYS, value)
        yield _json(f"wrong-{kind}", {"version": _VERSION, "title": value, "items": [wrong, _ITEM, value]})
        yield _json(f"items-{kind}", {"version": _VERSION, "title": "t", "items": value})
        yield _json(f"version-{kind}", {"version": value, "items": [_ITEM]})
        yield _json(f"top-{kind}", value)
    yield _text("deep-lists", "[" * 200_000)
    yield _text("deep-objects", '{"a":' * 200_000)
    yield _text("deep-items", f'{{"version": "{_VERSION}", "items": [{{"tags": {"[" * 100_000}')
    yield _text("digits", f'{{"version": "{_VERSION}", "items": [{{"id": {"9" * 2_000_000}}}]}}')
    yield _text("exponent", f'{{"version": "{_VERSION}", "items": [{{"id": 1e{"9" * 100_000}}}]}}')
    yield _text("not-a-number", f'{{"version": "{_VERSION}", "items": [{{"id": NaN, "title": -Infinity}}]}}')
    yield _text("cut", json.dumps({"version": _VERSION, "items": [_ITEM] * 50})[:-200])
    yield _text("same-keys", "{" + '"version": "x",' * 200_000 + f'"version": "{_VERSION}", "items": []}}')
    nothing = "\\u0000" * 200_000
    yield _text("escapes", f'{{"version": "{_VERSION}", "items": [{{"id": "1", "title": "{nothing}"}}]}}')
    yield _text("many", json.dumps({"version": _VERSION, "items": [_ITEM] * 60_000}))
    yield _text("large", json.dumps({"version": _VERSION, "items": [{**_ITEM, "content_text": WORDS * 80}] * 1_000}))
    yield _text("html", json.dumps({"version": _VERSION, "items": [{**_ITEM, "content_html": "<div>" * 100_000}]}))
    yield _text("tags", json.dumps({"version": _VERSION, "items": [{**_ITEM, "tags": ["t"] * 1_000_000}]}))
    yield _text("mark", "\ufeff" + json.dumps({"version": _VERSION, "items": [_ITEM]}))
    yield _text("comments", "/*" * 100_000 + "{}")


_VERSION = "https://jsonfeed.org/version/1.1"
_ITEM = {"id": "1", "url": "http://127.0.0.1/a/1", "title": "Item", "content_text": "text"}


def _json(name: str, value: Any) -> Hostile:
    return feed(f"json-{name}", lambda: json.dumps(value), JSON)


def _text(name: str, text: str) -> Hostile:
    return feed(f"json-{name}", lambda: text, JSON)
