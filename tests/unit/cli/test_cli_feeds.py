"""`feeds check` and `feeds add`: what stands at an address, and what leads to a feed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support import commands, feedtexts

LOOPBACK = '[polling]\nallow_private = ["127.0.0.0/8"]\n'
PAGE = "<html><head><title>Gazette</title>{links}</head><body><p>News</p></body></html>"
ALTERNATE = '<link rel="alternate" type="application/rss+xml" href="{href}">'
NEWS = (
    '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" '
    'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"><url><loc>https://gazette.example/1</loc>'
    "<news:news><news:title>Strike</news:title></news:news></url></urlset>"
)


class Site:
    """A site on loopback: what each path answers, and which were asked for."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.pages: dict[str, bytes] = {}
        self.asked: list[str] = []


@pytest.fixture
def site() -> Iterator[Site]:
    """A site that answers 404 to everything it has not been given."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            body = made.pages.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A configuration that may reach loopback."""
    return commands.write_config(tmp_path, LOOPBACK)


# -- check -----------------------------------------------------------------------------------------


def check(place: object, *more: object) -> commands.Done:
    return commands.call("feeds", "check", place, *more)


def test_check_shows_all_that_the_monitor_sees(tmp_path: Path) -> None:
    """Language, author, tags, publisher, a date that was refused, the text's length, and what was left out."""
    item = (
        "<item><title>Strike - Herald</title><link>https://news.google.com/rss/articles/AU_abc</link><guid>17</guid>"
        "<pubDate>30 Feb 2024</pubDate><author>R. Levi</author><category>Ports</category><source>Herald</source></item>"
    )
    file = tmp_path / "feed.xml"
    channel = "<title>Gazette</title><language>en</language><ttl>15</ttl>"
    file.write_bytes(feedtexts.rss(item, "<item/>", feedtexts.item(2), channel=channel))

    shown, data = check(file), check(file, "--json").json

    assert shown.code == 0
    assert "rss20, 2 entries of 3 items, en, asks for 15 min between polls" in shown.out
    assert 'undated: "30 Feb 2024" is no date that can be' in shown.out
    assert "a link to an aggregator: followed only after a match" in shown.out
    assert "en; R. Levi; published by Herald; tags Ports" in shown.out
    assert "left out: 1 entry with neither title, text nor link" in shown.out
    assert data["entries"][0]["date_refused"] == "30 Feb 2024"
    assert (data["items"], data["ttl"], data["entries"][0]["wrapper"]) == (3, 900.0, True)


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (b"", 1, "is empty"),
        (b'{"error": 1}', 1, "no JSON Feed"),
        (b"\x89PNG", 1, "not a feed"),
        (b"<urlset><url><loc>https://a.example/</loc></url></urlset>", 1, "without news titles"),
        (b"<html><p>Sorry</p></html>", 1, "a web page, not a feed"),
        (b'<opml><body><outline text="A" xmlUrl="https://a.example/rss"/></body></opml>', 0, "a list of feeds (OPML)"),
        (b"<opml><body/></opml>", 1, "a list of feeds (OPML)"),
        (
            b"<sitemapindex><sitemap><loc>https://a.example/news.xml</loc></sitemap></sitemapindex>",
            0,
            "index of sitemaps",
        ),
    ],
)
def test_check_says_why_a_file_is_no_feed(tmp_path: Path, body: bytes, code: int, words: str) -> None:
    """Each refusal has a sentence; what leads to a feed is listed and no failure."""
    (tmp_path / "file").write_bytes(body)

    shown, data = check(tmp_path / "file"), check(tmp_path / "file", "--json")

    assert (shown.code, data.code) == (code, code)
    assert words in shown.err
    assert words in data.json["fault"]
    assert bool(data.json["feeds_found"]) is (code == 0)


def test_check_tries_the_feeds_behind_a_page(site: Site, config: Path) -> None:
    """With an address, what a page names is asked through the gate: what works, and why the rest does not."""
    links = "".join(ALTERNATE.format(href=href) for href in ("/comments/feed/", "/rss.xml", "/gone.xml"))
    site.pages = {"/": PAGE.format(links=links).encode(), "/rss.xml": feedtexts.rss_of(3), "/comments/feed/": b"<html>"}

    shown, data = check(site.address, "--config", config), check(site.address, "--config", config, "--json").json

    assert shown.code == 0
    assert f"{site.address}/rss.xml  (declared)  rss20, 3 entries, the newest of 2024-11-04 10:03: Gazette" in shown.out
    assert "/gone.xml answered 404" in shown.out
    assert data["feeds_found"] == [f"{site.address}/rss.xml"]
    assert [row["url"].removeprefix(site.address) for row in data["behind"]] == [
        "/rss.xml",
        "/gone.xml",
        "/comments/feed/",
    ]


def test_check_guesses_behind_a_page_that_names_none(site: Site, config: Path) -> None:
    """The places where many sites have a feed are asked; where none answers with one it is a failure."""
    site.pages = {"/news": PAGE.format(links="").encode()}
    nothing = check(f"{site.address}/news", "--config", config)
    site.pages["/feed/"] = feedtexts.rss_of(1)

    found = check(f"{site.address}/news", "--config", config)

    assert nothing.code == 1
    assert found.code == 0
    assert f"{site.address}/feed/  (guessed)  rss20, 1 entries" in found.out


def test_check_shows_what_is_behind_an_index(site: Site, config: Path) -> None:
    """Sitemaps of an index are asked too; a news sitemap among them is a feed."""
    locs = "".join(f"<sitemap><loc>{site.address}/{name}.xml</loc></sitemap>" for name in ("pages", "news"))
    site.pages = {"/s.xml": f"<sitemapindex>{locs}</sitemapindex>".encode(), "/news.xml": NEWS.encode()}

    shown = check(f"{site.address}/s.xml", "--config", config)

    assert shown.code == 0
    assert f"{site.address}/news.xml  (declared)  news_sitemap, 1 entries" in shown.out


def test_a01_check_goes_through_the_gate(site: Site, tmp_path: Path) -> None:
    """Neither the address nor what a page names is reached where the configuration does not allow it."""
    (tmp_path / "strict").mkdir()
    strict = commands.write_config(tmp_path / "strict")

    refused = check(site.address, "--config", strict)

    assert refused.code == 1
    assert site.asked == []


# -- add -------------------------------------------------------------------------------------------


def add(config: Path, *arguments: object) -> commands.Done:
    return commands.call("feeds", "add", *arguments, "--config", config)


def listed(config: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = commands.call("feeds", "list", "--config", config, "--json").json
    return found


def test_add_takes_a_feed_with_what_it_says_of_itself(site: Site, config: Path) -> None:
    """Title and language come from the feed, all else from the options; a second time it is known."""
    site.pages = {"/rss.xml": feedtexts.rss(feedtexts.item(1), channel="<title>Gazette</title><language>en</language>")}
    url = f"{site.address}/rss.xml"

    first = add(config, url, "--newsroom", "Gazette Group", "--country", "gb", "--tag", "daily", "--every", "5m")
    second = add(config, url, "--json")

    (row,) = listed(config)
    assert first.out == f"Gazette: {url} is polled from now on\n"
    assert second.json == {"url": url, "name": "Gazette", "added": False, "known": True}
    assert (row["id"], row["newsroom"], row["lang"], row["country"]) == ("gazette", "Gazette Group", "en", "GB")
    assert (row["tags"], row["every"], row["origin"], row["state"]) == (["daily"], 300.0, "added", "new")


def test_add_takes_the_one_feed_behind_a_page(site: Site, config: Path) -> None:
    """A page with one feed that works stands for it."""
    links = ALTERNATE.format(href="/rss.xml") + ALTERNATE.format(href="/gone.xml")
    site.pages = {"/": PAGE.format(links=links).encode(), "/rss.xml": feedtexts.rss_of(1)}

    done = add(config, f"{site.address}/")

    assert done.code == 0
    assert [row["url"] for row in listed(config)] == [f"{site.address}/rss.xml"]


def test_add_lists_the_feeds_of_a_page_that_has_several(site: Site, config: Path) -> None:
    """Which of two is meant is for a person to say; nothing is added."""
    links = ALTERNATE.format(href="/a.xml") + ALTERNATE.format(href="/b.xml")
    site.pages = {"/": PAGE.format(links=links).encode(), "/a.xml": feedtexts.rss_of(1), "/b.xml": feedtexts.rss_of(1)}

    done = add(config, f"{site.address}/")

    assert done.code == 1
    assert f"{site.address}/a.xml" in done.err
    assert f"{site.address}/b.xml" in done.err
    assert listed(config) == []


@pytest.mark.parametrize("path", ["/page", "/missing"])
def test_add_of_what_is_no_feed_changes_nothing(site: Site, config: Path, path: str) -> None:
    """A page without feeds and a missing one are refused, exit 1; --no-check adds unseen."""
    site.pages = {"/page": b"<html><p>Sorry</p></html>"}

    refused = add(config, site.address + path)
    unseen = add(config, site.address + path, "--no-check", "--name", "Gazette", "--candidate", "--untrusted")

    assert (refused.code, unseen.code) == (1, 0)
    (row,) = listed(config)
    assert (row["name"], row["candidate"], row["trusted"]) == ("Gazette", True, False)


@pytest.mark.parametrize(
    "arguments", [("file:///etc/passwd",), ("gazette.example",), ("https://a.example/", "--every", "x")]
)
def test_add_refuses_what_cannot_be_polled(config: Path, arguments: tuple[str, ...]) -> None:
    """Another scheme, no scheme, and a duration without a unit are usage faults."""
    assert add(config, *arguments, "--no-check").code == 2


def test_two_feeds_of_one_name_are_both_polled(config: Path) -> None:
    """A second feed of the same name is no known one: it gets an id of its own, by command and from a list."""
    for letter in "ab":
        add(config, f"https://{letter}.example/rss", "--name", "Gazette", "--no-check")
    (config.parent / "x.opml").write_text(
        '<opml><body><outline text="Gazette" xmlUrl="https://c.example/"/></body></opml>'
    )
    imported = commands.call("feeds", "import", config.parent / "x.opml", "--config", config)

    rows = listed(config)
    assert imported.out == "1 feeds added, 0 known already\n"
    assert len({row["id"] for row in rows}) == 3
    assert {row["url"] for row in rows} == {"https://a.example/rss", "https://b.example/rss", "https://c.example/"}


# -- list ------------------------------------------------------------------------------------------


def test_list_names_the_candidates_that_never_answered(site: Site, tmp_path: Path) -> None:
    """What is dead in an untried list is not dead in silence: a line below the table names it, and says what to do."""
    site.pages["/good"] = feedtexts.rss_of(2)
    feeds = "".join(
        f'[[feeds]]\nurl = "{site.address}/{name}"\nname = "{name}"\ncandidate = true\n' for name in ("good", "dead")
    )
    config = commands.write_config(tmp_path, LOOPBACK + feeds)
    commands.call("run", "--once", "--config", config)

    done = commands.call("feeds", "list", "--config", config)

    assert "1 of 2 candidates have never answered: dead. See: wirewatch feeds check URL" in done.out
    assert "candidate (1)" in done.out
