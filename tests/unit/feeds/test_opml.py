"""monitor.feeds.opml: lists of feeds, read and written."""

from __future__ import annotations

import pytest

from monitor import model
from monitor.feeds import opml

LIST = b"""<opml version="2.0"><head><title>Desk</title></head><body>
<outline text="Israel"><outline text="Hebrew">
<outline type="rss" text="Ynet" xmlUrl="https://ynet.example/rss" newsroom="Ynet" language="he" country="IL" side="il"
 tags="daily, online" candidate="true" id="ynet" every="5m"/>
</outline></outline>
<outline title="Gazette" xmlUrl="https://gazette.example/rss"/>
<outline text="Evil" xmlUrl="javascript:alert(1)"/>
<outline text="Again" xmlUrl="https://gazette.example/rss"/>
</body></opml>"""


def test_outlines_become_feeds_and_folders_tags():
    """Attributes are read; the names of folders come before the feed's own tags."""
    feeds, _ = opml.read_opml(LIST)

    assert feeds[0] == opml.OpmlFeed(
        url="https://ynet.example/rss",
        name="Ynet",
        newsroom="Ynet",
        lang="he",
        country="IL",
        side="il",
        tags=("Israel", "Hebrew", "daily", "online"),
        candidate=True,
        id="ynet",
        every=300.0,
    )
    assert feeds[1] == opml.OpmlFeed(url="https://gazette.example/rss", name="Gazette")


def test_what_cannot_be_used_is_told():
    """Other schemes and repetitions are left out, each with a sentence."""
    feeds, problems = opml.read_opml(LIST)

    assert len(feeds) == 2
    assert problems == (
        "'javascript:alert(1)' is not an http or https address; left out.",
        "https://gazette.example/rss stands more than once; the first was taken.",
    )


def test_written_list_reads_back():
    """Nothing that a list can name is lost on the way out and in."""
    feed = model.Feed(
        1, "gazette", "https://gazette.example/rss?a=1&b=2", 'Gazette <"&">', "Gazette Group", "en", "GB", "uk",
        ("daily", "online"), True, 90.0, trusted=False,
    )  # fmt: skip

    feeds, problems = opml.read_opml(opml.write_opml([feed]))

    assert problems == ()
    assert feeds == (
        opml.OpmlFeed(
            feed.url,
            'Gazette <"&">',
            "Gazette Group",
            "en",
            "GB",
            "uk",
            ("daily", "online"),
            True,
            "gazette",
            90.0,
            False,
        ),
    )


def test_broken_and_foreign_documents_are_told():
    """No XML, and XML that is no OPML, give no feed and one sentence."""
    assert "not well-formed" in opml.read_opml(b"<opml><body>")[1][0]
    assert "its root is <rss>" in opml.read_opml(b"<rss/>")[1][0]


@pytest.mark.parametrize(
    "broken",
    [
        'description="The "harbour" and <a href="https://x.example/">others</a>"',
        'description="<p>Ships & quays</p>"',
        'description=""Never," he said"',
        'description="&nbsp; &eacute; &undefined;"',
    ],
)
def test_a_list_with_quotes_and_markup_in_it_is_read(broken):
    """What breaks XML in one outline costs none of them, nor the folders around; the place is told."""
    document = (
        '<opml version="1.0"><body><outline text="Ports">'
        '<outline text="Gazette" xmlUrl="https://gazette.example/rss?a=1&b=2"/>'
        f'<outline text="Herald" {broken} xmlUrl="https://herald.example/rss"/></outline>'
        '<outline text="Courier" xmlUrl="https://courier.example/rss"/></body></opml>'
    )

    feeds, problems = opml.read_opml(document.encode())

    assert [(feed.name, feed.url, feed.tags) for feed in feeds] == [
        ("Gazette", "https://gazette.example/rss?a=1&b=2", ("Ports",)),
        ("Herald", "https://herald.example/rss", ("Ports",)),
        ("Courier", "https://courier.example/rss", ()),
    ]
    assert all("line 1" in problem for problem in problems)


def test_list_that_ends_early_keeps_what_stood_before():
    """Of a list cut in the middle of an outline the others are read, and the cut is told."""
    feeds, problems = opml.read_opml(LIST[: LIST.index(b'https://gazette.example/rss"/>\n<outline text="Evil') + 20])

    assert [feed.name for feed in feeds] == ["Ynet"]
    assert "not well-formed" in problems[0]


@pytest.mark.parametrize(("category", "tags"), [("/News/Ports,daily", ("News", "Ports", "daily")), ("", ())])
def test_categories_become_tags(category, tags):
    """What other readers call categories are tags here, paths included."""
    (feed,), _ = opml.read_opml(
        f'<opml><body><outline text="x" category="{category}" xmlUrl="https://a.example/"/></body></opml>'.encode()
    )

    assert feed.tags == tags


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1255", "utf-8-sig"])
def test_lists_in_other_charsets(encoding):
    """A list is read by its declaration or its byte order mark."""
    declared = encoding.removesuffix("-sig")
    document = f'<?xml version="1.0" encoding="{declared}"?><opml><body><outline text="שבת" xmlUrl="https://a.example/"/></body></opml>'

    (feed,), problems = opml.read_opml(document.encode(encoding))

    assert (feed.name, problems) == ("שבת", ())


def test_folders_read_back_as_tags():
    """Nested folders, one with a comma in its name, are the same tags after a round trip."""
    document = (
        b'<opml><body><outline text="Ports, ships"><outline text="North"><outline text="x" xmlUrl="https://a.example/"/>'
        b"</outline></outline></body></opml>"
    )
    (feed,), _ = opml.read_opml(document)
    stored = model.Feed(1, "x", feed.url, feed.name, feed.name, tags=feed.tags)

    (again,), _ = opml.read_opml(opml.write_opml([stored]))

    assert feed.tags == again.tags == ("Ports ships", "North")


def test_hostile_size_and_depth_are_bounded():
    """100,000 outlines give the first 10,000; 20,000 nested folders do no harm."""
    wide = "".join(f'<outline text="x" xmlUrl="https://a.example/{n}"/>' for n in range(100_000))
    deep = '<outline text="f">' * 20_000 + "</outline>" * 20_000

    feeds, problems = opml.read_opml(f"<opml><body>{wide}</body></opml>".encode())
    nested, _ = opml.read_opml(f"<opml><body>{deep}</body></opml>".encode())

    assert len(feeds) == 10_000
    assert "More than 10,000 feeds" in problems[-1]
    assert nested == ()


def test_wrong_duration_is_told():
    """A duration that cannot be read leaves the default, and says so."""
    feeds, problems = opml.read_opml(
        b'<opml><body><outline text="x" xmlUrl="https://a.example/" every="often"/></body></opml>'
    )

    assert feeds[0].every is None
    assert 'every = "often"' in problems[0]
