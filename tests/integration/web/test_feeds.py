"""The pages of feeds: what people see of a feed that fails, and what they do about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.errors import FetchError, WorkerCrashed
from monitor.store import feed_views, feeds
from tests.support import dashboard, databases
from tests.support.dashboard import HOSTILE, Answer, Site
from tests.support.desk import item, rss

PATHS = ("/feeds", "/feeds/1", "/feeds/new")
LIST = b"""<?xml version="1.0"?><opml version="2.0"><body><outline text="World">
<outline text="Courier" xmlUrl="https://courier.example/feed"/>
<outline text="Gazette" xmlUrl="https://gazette.example/feed"/>
<outline text="None" xmlUrl="javascript:alert(1)"/></outline></body></opml>"""


@pytest.fixture(scope="module")
def busy(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard over feeds that answer, fail, are paused and have names that would do something."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("site")) as site:
        desk = site.desk
        desk.web.answers["https://herald.example/feed"] = 503
        added = feeds.Declared("hostile", "https://hostile.example/feed", HOSTILE[1], HOSTILE[2], 600.0, 0)
        desk.write(lambda c: feeds.add(c, [added], desk.clock.now()))
        desk.web.answers["https://hostile.example/feed"] = rss({"title": "No link and no text", "guid": HOSTILE[3]}, {})
        for _ in range(3):
            desk.later(hours=2)
        desk.write(lambda c: feeds.pause(c, "wafa", desk.clock.now()))
        yield site


def row_of(site: Site, name: str, **filters: str) -> str:
    """Return what the list says of a feed, without markup."""
    rows = site.get("/feeds").text.split('<li class="feed-row"')[1:]
    (found,) = [row for row in rows if f'<bdi dir="auto">{name}</bdi></a>' in row]
    return words(found)


def words(html: str) -> str:
    """Return the text of a page in one line."""
    return re.sub(r" ([.,;:])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", html).split()))


def number(site: Site, slug: str) -> int:
    """Return the number of a feed."""
    found = site.desk.read(lambda c: feed_views.number_of(c, slug))
    assert isinstance(found, int)
    return found


def upload(site: Site, data: bytes) -> Answer:
    """Post a list of feeds, as a browser does."""
    token = f'--b\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n{site.csrf()}\r\n'
    head = '--b\r\nContent-Disposition: form-data; name="file"; filename="list.opml"\r\nContent-Type: text/xml\r\n\r\n'
    body = (token + head).encode() + data + b"\r\n--b--\r\n"
    return site.ask("POST", "/feeds/import", body, {"Content-Type": "multipart/form-data; boundary=b"})


# -- looking -------------------------------------------------------------------------------------


def test_list_says_how_each_feed_fares(busy: Site) -> None:
    """State in a word and with a sign, the error with since when and how often, when it is asked next and why."""
    failing, paused = row_of(busy, "Herald"), row_of(busy, "Wafa")

    assert "✗ failing" in failing
    assert re.search(r"The server answered 503, since 10 Mar 2025, \d\d:\d\d, 3 times in a row\.", failing)
    assert "(it failed; the wait doubles with each failure)" in failing
    assert "‖ paused" in paused
    assert "next check" not in paused


def test_list_counts_the_states_and_keeps_to_the_one_asked_for(busy: Site) -> None:
    """The tallies lead to the feeds of a state, and a part of a name finds its feed."""
    everything = busy.get("/feeds").text
    failing = busy.get("/feeds?state=failing").text
    named = busy.get("/feeds?text=MAKO").text

    assert re.search(r'href="/feeds\?state=failing".*<b>1</b> failing', everything)
    assert failing.count('class="feed-row"') == named.count('class="feed-row"') == 1
    assert ">Herald<" in failing
    assert ">Makor<" in named


def test_list_with_a_state_there_is_not_says_which_there_are(busy: Site) -> None:
    """A wrong filter is answered with the right ones, not with an empty list."""
    answer = busy.get("/feeds?state=broken")

    assert answer.status == 422
    assert "known: new, ok, failing" in answer.text


def test_one_feed_shows_its_polls_its_entries_and_what_was_left_out(busy: Site) -> None:
    """The page of a feed has every poll with its answer, its entries with what became of them, and what was dropped."""
    herald = words(busy.get(f"/feeds/{number(busy, 'herald')}").text)
    hostile = words(busy.get(f"/feeds/{number(busy, 'hostile')}").text)

    assert herald.count("failed 503") == 3
    assert "first look 200" in herald
    assert re.search(r"Resettlement plan for Gaza is discussed in Cairo .{1,30} ago read art-\d", herald)
    assert "Left out of its last body" in hostile


@pytest.mark.parametrize("path", ["/feeds/999999", "/feeds/x", "/feeds/-1", "/feeds/99999999999999999999"])
def test_a_feed_that_is_not_there_is_said(busy: Site, path: str) -> None:
    """A wrong number is answered 404 with a sentence."""
    assert busy.get(path).status == 404


def test_a07_what_feeds_are_called_does_nothing(busy: Site) -> None:
    """Names, newsrooms and titles of a hostile feed stand on the pages as text."""
    for path in ("/feeds", f"/feeds/{number(busy, 'hostile')}"):
        page = busy.get(path).text
        assert "&lt;img src=x onerror=" in page
        assert "<img" not in page
        assert "<svg/onload" not in page


# -- changing ------------------------------------------------------------------------------------


def test_pausing_and_resuming_on_the_page(busy: Site) -> None:
    """A paused feed is not asked until it is resumed; the filters of the list are kept."""
    feed = number(busy, "gazette")
    asked = busy.desk.web.asked.count

    paused = busy.post(f"/feeds/{feed}/pause", next="/feeds?text=gaz")
    before = asked("https://gazette.example/feed")
    busy.desk.later(hours=3)
    during = asked("https://gazette.example/feed")
    resumed = busy.post(f"/feeds/{feed}/resume", next="https://evil.example/")
    busy.desk.run()

    assert paused.headers["location"] == "/feeds?text=gaz&said=Gazette%20is%20paused."
    assert (during, asked("https://gazette.example/feed")) == (before, before + 1)
    assert resumed.headers["location"].startswith(f"/feeds/{feed}?said=")


def test_adding_a_feed_shows_it_first(busy: Site) -> None:
    """An address is fetched and its entries shown; the feed is added by a second click and polled at once."""
    busy.desk.web.answers["https://first.example/feed"] = rss(item(1, "First of all", site="first"), {})

    seen = busy.post("/feeds/check", url="https://first.example/feed")
    not_yet = busy.desk.read(lambda c: feed_views.number_of(c, "the-courier"))
    added = busy.post(
        "/feeds/add", url="https://first.example/feed", name="The Courier", tags="a, b", every="5m", trusted="on"
    )
    busy.desk.run()

    assert "First of all" in seen.text
    assert 'value="https://first.example/feed"' in seen.text
    assert not_yet is None
    assert added.headers["location"] == "/feeds?said=The%20Courier%20is%20polled%20from%20now%20on."
    page = words(busy.get(f"/feeds/{number(busy, 'the-courier')}").text)
    assert "at most 5 min as declared" in page
    assert "added by hand" in page
    assert "First of all" in page


def test_a_page_leads_to_the_feeds_behind_it(busy: Site) -> None:
    """Of a page with two feeds both are shown with a way to look at either; with one, that one is taken."""
    links = '<link rel="alternate" type="application/rss+xml" href="/{}">'
    pages = busy.desk.web.answers
    pages["https://two.example/"] = f"<html><head>{links.format('a')}{links.format('b')}</head><body>x</body></html>"
    pages["https://one.example/"] = f"<html><head>{links.format('a')}</head><body>x</body></html>"
    for name in ("two.example/a", "two.example/b", "one.example/a"):
        pages[f"https://{name}"] = rss(item(1, f"Entry of {name}"))

    two = busy.post("/feeds/check", url="https://two.example/").text
    one = busy.post("/feeds/check", url="https://one.example/").text

    assert two.count("Look at this one") == 2
    assert "Add this feed" not in two
    assert "Entry of one.example/a" in one
    assert 'name="url" value="https://one.example/a"' in one


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("javascript:alert(1)", "no address that can be polled"),
        ("", "no address that can be polled"),
        ("https://inside.example/", "add 10.0.0.0/8 to allow_private. So no link can lead"),
        ("https://none.example/", "answered 404"),
    ],
)
def test_an_address_that_cannot_be_polled_is_explained(busy: Site, url: str, says: str) -> None:
    """What is refused, and what does not answer, is said on the page, and nothing is added."""
    fault = "inside.example: 10.0.0.1 is not a public address; if that is meant, add 10.0.0.0/8 to allow_private"
    busy.desk.web.answers["https://inside.example/"] = FetchError("blocked_address", fault)

    answer = busy.post("/feeds/check", url=url)

    assert answer.status == 422
    assert says in words(answer.text)


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [("lang", "eng", "two letters"), ("every", "often", "10m"), ("name", "x" * 201, "one line")],
)
def test_a_wrong_field_is_named_and_what_was_typed_stays(busy: Site, field: str, value: str, says: str) -> None:
    """A field that cannot be used is explained; the others need not be typed again."""
    answer = busy.post("/feeds/add", **{"url": "https://c.example/f", "newsroom": "The Courier", field: value})

    assert answer.status == 422
    assert says in answer.text
    assert 'value="The Courier"' in answer.text


def test_only_what_was_added_by_hand_is_removed(busy: Site) -> None:
    """A feed of config.toml is removed there; one that was added is no longer polled and stands under removed."""
    busy.post("/feeds/add", url="https://gone.example/feed", name="Goner")
    declared = busy.post(f"/feeds/{number(busy, 'gazette')}/remove")
    added = busy.post(f"/feeds/{number(busy, 'goner')}/remove")

    assert declared.status == 409
    assert "config.toml" in declared.text
    assert added.status == 303
    assert ">Goner<" not in busy.get("/feeds").text
    assert ">Goner<" in busy.get("/feeds?state=retired").text


# -- lists ---------------------------------------------------------------------------------------


def test_a_list_is_imported_and_exported(busy: Site) -> None:
    """New feeds of a list are added with their folder as tag, what is wrong is told, and all leave as OPML."""
    answer = upload(busy, LIST)
    exported = busy.get("/feeds/export")

    assert "1 feed added, 1 known already" in words(answer.text)
    assert "javascript" in answer.text
    assert 'xmlUrl="https://courier.example/feed"' in exported.text
    assert exported.headers["content-disposition"].startswith("attachment")


BOMB = (
    b'<!DOCTYPE opml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    b"<opml><body><outline text='&b;'/></body></opml>"
)


@pytest.mark.parametrize(
    ("data", "status", "says"),
    [
        (BOMB, 422, "Nothing was added"),
        (b"no list at all", 422, "Nothing was added"),
        (b"", 422, "Choose a file first"),
        (b"x" * 10_100_000, 413, "larger than"),
    ],
)
def test_a24_a_hostile_list_adds_nothing(busy: Site, data: bytes, status: int, says: str) -> None:
    """An entity bomb, what is no list, nothing and too much are refused with a reason."""
    before = busy.desk.read(feed_views.count)

    answer = upload(busy, data)

    assert answer.status == status
    assert says in words(answer.text)
    assert busy.desk.read(feed_views.count) == before


def test_a24_a_list_that_kills_its_reader_adds_nothing(busy: Site) -> None:
    """Lists are read in a worker: what a list does there is told, and the dashboard goes on."""
    busy.desk.workers.fail["read_opml"] = WorkerCrashed("a worker ran out of memory at read_opml")

    try:
        answer = upload(busy, LIST)
    finally:
        del busy.desk.workers.fail["read_opml"]

    assert answer.status == 422
    assert "ran out of memory" in answer.text
    assert busy.get("/feeds").status == 200


def test_an_empty_installation_leads_to_adding_a_feed(made_databases: databases.Databases, tmp_path: Path) -> None:
    """Without a feed the page says how to get one."""
    with dashboard.opened(made_databases.sqlite(), tmp_path, seeded=False) as empty:
        page = empty.get("/feeds").text

    assert "No feed yet" in page
    assert 'href="/feeds/new"' in page
