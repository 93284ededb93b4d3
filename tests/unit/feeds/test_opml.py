"""monitor.feeds.opml: lists of feeds, read and written."""

from __future__ import annotations

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
