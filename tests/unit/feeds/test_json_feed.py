"""monitor.feeds.json_feed: JSON Feed 1.0 and 1.1, read an item at a time."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from monitor import errors
from monitor.feeds import parse

URL = "https://gazette.example/feed.json"
VERSION = "https://jsonfeed.org/version/1.1"


def feed(*items: object, **head: object) -> bytes:
    return json.dumps({"version": VERSION, "title": "Gazette", **head, "items": list(items)}).encode()


def test_item_becomes_an_entry():
    """All that an item can say arrives: id, link, title, text, date, authors, tags and language."""
    item = {
        "id": "gazette-1",
        "url": "/news/1",
        "title": "Harbour strike &amp; talks",
        "content_html": "<p>Dockers voted.</p><p>They stay out.</p>",
        "summary": "Dockers voted.",
        "date_published": "2024-11-04T12:00:00+02:00",
        "authors": [{"name": "R. Levi"}, {"name": "A. Haddad"}],
        "tags": ["Ports", "Labour", "Ports"],
        "language": "iw",
    }

    parsed = parse.parse_feed(feed(item, home_page_url="https://gazette.example/", language="en-GB"), URL)

    (entry,) = parsed.entries
    assert (parsed.format, parsed.title, parsed.lang, parsed.items) == ("json_feed_1.1", "Gazette", "en", 1)
    assert (entry.guid, entry.url) == ("gazette-1", "https://gazette.example/news/1")
    assert entry.title == "Harbour strike & talks"
    assert entry.summary == "Dockers voted.\n\nThey stay out."
    assert entry.published == datetime(2024, 11, 4, 10, tzinfo=UTC)
    assert (entry.author, entry.tags, entry.lang) == ("R. Levi, A. Haddad", ("Ports", "Labour"), "he")


def test_version_1_names_one_author():
    """`author` of version 1.0 counts, the feed's own where the item has none; PHP's escaped slashes are read."""
    body = json.dumps(
        {"version": "https://jsonfeed.org/version/1", "author": {"name": "Desk"}, "items": [{"id": "1", "title": "x"}]}
    ).replace("/", "\\/")

    parsed = parse.parse_feed(body.encode(), URL)

    assert (parsed.format, parsed.entries[0].author) == ("json_feed_1", "Desk")


@pytest.mark.parametrize(
    ("item", "url"),
    [
        ({"url": "https://a.example/1", "external_url": "https://b.example/"}, "https://a.example/1"),
        ({"id": "https://a.example/1", "external_url": "https://b.example/"}, "https://a.example/1"),
        ({"id": "1", "external_url": "https://b.example/x"}, "https://b.example/x"),
        ({"id": 17, "url": "javascript:alert(1)"}, None),
        ({"id": "file:///etc/passwd"}, None),
    ],
)
def test_link_is_the_item_s_page(item, url):
    """The item's own page comes before the one it points to; only http links come out."""
    (entry,) = parse.parse_feed(feed({"title": "Strike", **item}), URL).entries

    assert entry.url == url


def test_plain_text_is_no_markup():
    """`content_text` keeps its angle brackets and line breaks."""
    (entry,) = parse.parse_feed(feed({"id": "1", "content_text": "if a <b> c\n\nthen &amp; stop"}), URL).entries

    assert entry.summary == "if a <b> c\n\nthen &amp; stop"


WRONG: list[object] = [None, 17, True, 1.5, ["x"], {"name": "x"}, "text"]


@pytest.mark.parametrize("value", WRONG, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize(
    "key",
    [
        *("id", "url", "external_url", "title", "content_html", "content_text", "summary", "image", "date_published"),
        *("date_modified", "author", "authors", "tags", "language", "attachments"),
    ],
)
def test_a_value_of_a_wrong_type_is_told_and_passed_over(key, value):
    """Whatever stands where, the item next to it is read, and so is the rest of the item itself."""
    item = {"id": "1", "title": "Strike", "content_text": "Dockers voted.", key: value}

    parsed = parse.parse_feed(feed(item, {"id": "2", "title": "Second"}), URL)

    assert [entry.title or entry.summary for entry in parsed.entries][-1] == "Second"
    assert len(parsed.entries) == 2


def test_wrong_types_are_counted_by_name():
    """What was passed over is named with its count."""
    parsed = parse.parse_feed(feed({"id": "1", "title": ["x"], "tags": 3, "summary": "s"}, 5, "six", language=[]), URL)

    assert len(parsed.entries) == 1
    assert parsed.items == 3
    assert parsed.dropped == ("values of a wrong type were passed over: items (2), title, tags.",)


@pytest.mark.parametrize("items", [None, {}, "x", 5])
def test_without_a_list_of_items_it_is_no_feed(items):
    """`items` must be a list."""
    body = json.dumps({"version": VERSION, "items": items}).encode()

    with pytest.raises(errors.ParseError, match="no list of `items`") as caught:
        parse.parse_feed(body, URL)

    assert caught.value.code == "not_a_feed"


def test_order_of_members_is_free():
    """Items may come before version and title, and unknown members, lists among them, are stepped over."""
    body = json.dumps(
        {"items": [{"id": "1", "title": "x"}], "_ext": [[1], {"a": [2]}], "title": "Gazette", "version": VERSION}
    )

    parsed = parse.parse_feed(body.encode(), URL)

    assert (parsed.title, len(parsed.entries), parsed.dropped) == ("Gazette", 1, ())
