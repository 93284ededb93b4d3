"""monitor.feeds.recall: what stands as it stood at the last poll is not read again, and nothing else is lost by it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor import model
from monitor.feeds import parse, recall
from tests.support import feedtexts

URL = "https://gazette.example/rss"
NOW = datetime(2024, 11, 4, 12, tzinfo=UTC)


def read(body: bytes, memory: bytes | None = None, url: str = URL, content_type: str | None = None) -> model.ParsedFeed:
    return parse.parse_feed(body, url, content_type, memory)


def body(*numbers: int, channel: str = "<title>Gazette</title><link>https://gazette.example/</link>") -> bytes:
    return feedtexts.rss(*(feedtexts.item(number) for number in numbers), channel=channel)


def test_only_the_new_item_is_read():
    """Of a body with one new item that item comes out; the others are counted with their dates."""
    first = read(body(3, 2, 1))

    second = read(body(4, 3, 2), first.memory)

    assert second.recalled
    assert [entry.guid for entry in second.entries] == ["gazette-4"]
    assert second.unchanged == (first.entries[0].published, first.entries[1].published)
    assert (second.items, second.listed, second.title) == (3, 3, "Gazette")
    assert second.memory == read(body(4, 3, 2)).memory


def test_a_head_that_changes_at_each_poll_costs_no_item():
    """A build date in the channel is no change of any item."""
    first = read(body(2, 1))

    second = read(
        body(2, 1, channel="<title>Gazette!</title><link>https://gazette.example/</link><ttl>5</ttl>"), first.memory
    )

    assert second.recalled
    assert (second.entries, second.listed, second.title, second.ttl) == ((), 2, "Gazette!", 300.0)


def test_a_changed_item_is_read_again():
    """One byte makes another item; with the guid that it keeps it shares no key with the others."""
    first = read(body(3, 2, 1))

    second = read(body(3, 2, 1).replace(b"enters day 2", b"enters day two"), first.memory)

    assert [entry.title for entry in second.entries] == ["Harbour strike enters day two"]


@pytest.mark.parametrize(
    "changed",
    [
        body(4, 3, 2, 1, channel="<title>Gazette</title><link>https://other.example/</link>"),
        body(4, 3, 2, 1, channel="<title>G</title><link>https://gazette.example/</link><language>he</language>"),
        body(4, 3, 2, 1).replace(b'version="2.0"', b'version="2.0" xml:base="https://other.example/"'),
        body(4, 3, 2, 1).replace(b'version="2.0"', b'version="2.0" xml:lang="he"'),
        body(4, 3, 2, 1).replace(b"<channel>", b"<channel xml:base='https://other.example/'>"),
        body(4, 3, 2, 1).replace(b'encoding="UTF-8"', b'encoding="ISO-8859-1"'),
        body(4, 3, 2, 1).replace(b"day 4", b"<b>day 4"),
        body(4, 3, 2, 1).replace(b"gazette-4", b"gazette-3"),
        body(4, 3, 2, 1).replace(b"news/4", b"news/2"),
        body(*range(20, 0, -1)),
        body(4, 5, 6),
        feedtexts.rss(feedtexts.item(4), feedtexts.item(3).replace("<item>", "<item><dc:language>fr</dc:language>")),
    ],
    ids=[
        *("base", "language", "root_base", "root_language", "channel_base", "charset", "malformed", "same_guid"),
        *("same_link", "many", "nothing_left", "item_language"),
    ],
)
def test_what_might_be_read_otherwise_is_read_as_a_whole(changed):
    """Wherever more than an item's own bytes may decide what is read in it, nothing is recalled."""
    first = read(body(3, 2, 1))

    second = read(changed, first.memory)

    assert first.memory
    assert not second.recalled
    assert second == read(changed)


@pytest.mark.parametrize("place", ["url", "content_type"])
def test_another_address_or_header_is_another_context(place):
    """Relative links follow the address, letters the header's charset."""
    first = read(body(3, 2, 1))
    given_ = {"url": "https://b.example/rss"} if place == "url" else {"content_type": "text/xml; charset=iso-8859-1"}

    assert not read(body(4, 3, 2, 1, channel="<title>x</title>"), first.memory, **given_).recalled


@pytest.mark.parametrize(
    "document",
    [
        body(3, 2, 1).replace(b"day 2", b"<b>day 2"),
        feedtexts.rss(*(feedtexts.item(n).replace("<item>", "<item><language>fr</language>") for n in (1, 2))),
        feedtexts.rss("<item><item><title>x</title></item></item>", feedtexts.item(1)),
        feedtexts.rss("<item/>", feedtexts.item(1)),
        body(*range(400)),
        body(),
    ],
    ids=["malformed", "item_language", "nested", "closed_at_once", "many", "none"],
)
def test_nothing_is_remembered_where_items_cannot_be_told_apart(document):
    """Documents in which one item may influence another, and very long ones, leave no memory."""
    assert read(document).memory is None


def test_empty_items_stay_counted():
    """An item that was left out as empty is told of at each poll."""
    first = read(feedtexts.rss("<item><guid>a</guid></item>", feedtexts.item(1)))

    second = read(feedtexts.rss("<item><guid>a</guid></item>", feedtexts.item(1), feedtexts.item(2)), first.memory)

    assert second.recalled
    assert (second.items, second.listed, second.dropped) == (3, 2, first.dropped)


@pytest.mark.parametrize(
    "memory", [b"", b"\x01", b"\x02" + bytes(8), b"\x01" + bytes(20), bytes(600), b"\x01" + bytes(8 + 24)]
)
def test_a_memory_that_cannot_be_read_is_none(memory):
    """Of another version, cut, or of nothing that is listed: the body is read as a whole."""
    assert read(body(2, 1), memory) == read(body(2, 1))


ITEMS = st.builds(
    lambda guid, link, title, date, extra: (
        f"<item><title>{title}</title>{link}{guid}{date}{extra}</item>",
    )[0],
    st.sampled_from(["", "<guid>https://gazette.example/3</guid>", *(f"<guid>{n}</guid>" for n in range(30))]),
    st.sampled_from(["", "<link>/1</link>", "<link>https://gazette.example/2</link>"]),
    st.sampled_from(["", "Strike", "A headline that is long enough to name an article by itself", "&lt;b&gt;x"]),
    st.sampled_from(["", "<pubDate>Mon, 04 Nov 2024 10:00:00 GMT</pubDate>", "<pubDate>soon</pubDate>"]),
    st.sampled_from([
        "", "<author>a</author>", "<description>d &amp;lt; e</description>",
        "<description><![CDATA[</item>]]></description>",
        "<source url='https://h.example'>Herald</source>", "<category>c</category>", "<x:y xmlns:x='urn:x'>z</x:y>",
        "<dc:language>fr</dc:language>", "<!-- <item> -->", "<media:title>m</media:title>",
    ]),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.lists(ITEMS, min_size=2, max_size=8),
    st.lists(ITEMS, max_size=3),
    st.lists(st.integers(0, 7), min_size=1, max_size=6),
)
def test_recalled_and_read_make_the_whole(before, fresh, kept):
    """Whatever two bodies hold, the second read with the memory of the first is what it is without, less what stood."""
    first = read(with_spaces(*before))
    listed = [*fresh, *(before[place] for place in kept if place < len(before))]
    document = with_spaces(*listed)

    whole, part = read(document), read(document, first.memory)

    if not part.recalled:
        assert part == whole
        return
    stood = set(before)
    expected = [entry for item, entry in zip(listed, entries_of(document, listed), strict=True) if item not in stood]
    assert list(part.entries) == [entry for entry in expected if entry]
    assert (part.items, part.listed, part.memory) == (whole.items, len(whole.entries), whole.memory)
    assert (part.title, part.lang, part.dropped) == (whole.title, whole.lang, whole.dropped)


def with_spaces(*items: str) -> bytes:
    """Return a document that declares the namespaces of the items."""
    spaces = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"'
    return feedtexts.rss(*items).replace(b"<rss ", f"<rss {spaces} ".encode())


def entries_of(document: bytes, listed: list[str]) -> list[model.Entry | None]:
    """Return the entry of each listed item in the whole document, None for an empty one."""
    entries = iter(read(document).entries)
    known = recall.unpack(read(document).memory)
    assert known
    return [None if known.items[recall.hash_of(item.encode())].empty else next(entries) for item in listed]


@pytest.mark.parametrize(
    ("feed", "used"),
    [
        ({}, True),
        ({"memory_at": NOW - timedelta(hours=23)}, True),
        ({"memory_at": NOW - timedelta(hours=25)}, False),
        ({"memory_at": NOW + timedelta(hours=1)}, False),
        ({"memory_at": None}, False),
        ({"baselined": False}, False),
        ({"troubles": {"language": (0.0, "")}}, False),
    ],
)
def test_a_body_is_read_as_a_whole_once_a_day(feed, used):
    """And while the clock is in doubt, the first poll is not done, or the language is in question."""
    stored = {"memory": b"m", "memory_at": NOW, "baselined": True} | feed

    assert (recall.usable(model.Feed(1, "g", URL, "G", "G", **stored), NOW) == b"m") is used
