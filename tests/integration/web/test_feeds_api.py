"""The API on feeds, lists, silences, the system and channels: what the pages do, for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.errors import FetchError
from monitor.store import feed_views
from tests.support import dashboard, databases
from tests.support.dashboard import Answer, Site
from tests.support.desk import item, rss

LIST = '<opml version="2.0"><body><outline text="Listed" xmlUrl="https://listed.example/feed"/></body></opml>'


@pytest.fixture(scope="module")
def site(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A dashboard over a feed that fails, and feeds to add."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("site")) as made:
        pages = made.desk.web.answers
        pages["https://herald.example/feed"] = 503
        pages["https://new.example/feed"] = rss({**item(1, "New", site="new"), "pubDate": "never"}, {})
        link = '<link rel="alternate" type="application/rss+xml" href="/{}">'
        pages["https://new.example/"] = f"<html><head>{link.format('feed')}</head><body>x</body></html>"
        pages["https://two.example/"] = f"<html><head>{link.format('a')}{link.format('b')}</head><body>x</body></html>"
        pages["https://two.example/a"] = pages["https://two.example/b"] = rss(item(1, "One"))
        made.desk.later()
        yield made


def number(site: Site, slug: str) -> int:
    """Return the number of a feed, as the list gives it."""
    found = site.api("GET", "/feeds?limit=200").json["feeds"]
    return int(next(one["id"] for one in found if one["slug"] == slug))


# -- feeds ---------------------------------------------------------------------------------------


def test_feeds_are_listed_by_cursor(site: Site) -> None:
    """Every feed comes once, by its id, whatever the size of the pages; the end is told."""
    seen: list[str] = []
    cursor = ""
    while True:
        page = site.api("GET", f"/feeds?limit=2{cursor}").json
        seen += [one["slug"] for one in page["feeds"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert seen == sorted(set(seen))
    assert {"gazette", "herald", "makor", "wafa"} <= set(seen)


def test_a_feed_tells_its_state_and_its_polls(site: Site) -> None:
    """State, error and since when; each poll with its answer; entries with what became of them."""
    (failing,) = site.api("GET", "/feeds?state=failing").json["feeds"]
    full = site.api("GET", f"/feeds/{failing['id']}").json

    assert (failing["slug"], failing["error"], failing["failures"]) == ("herald", "the server answered 503", 1)
    assert failing["failing_since"] == failing["polled_at"] == full["polls"][-1]["at"]
    assert [poll["outcome"] for poll in full["polls"]][-1] == "failed"
    assert full["polls"][-1]["status"] == 503
    assert (full["days"][-1]["polls"], full["days"][-1]["failed"]) == (len(full["polls"]), 1)
    assert full["entries"][0]["state"] == "done"


def test_looking_at_an_address_adds_nothing(site: Site) -> None:
    """A feed is shown with its entries, a page with what is behind it."""
    before = site.api("GET", "/feeds").json
    feed = site.api("POST", "/feeds/check", {"url": "https://new.example/feed"}).json
    page = site.api("POST", "/feeds/check", {"url": "https://two.example/"}).json

    (entry,) = feed["feed"]["entries"]
    assert (entry["title"], entry["date_refused"]) == ("New", "never")
    assert feed["feed"]["dropped"]
    assert page["other"]["feeds_found"] == ["https://two.example/a", "https://two.example/b"]
    assert site.api("GET", "/feeds").json == before


def test_a_feed_is_added_paused_and_removed(site: Site) -> None:
    """Of a page the feed behind it is taken; a second time it is known; it can be paused, resumed and removed."""
    wanted = {"url": "https://new.example/", "name": "New", "tags": ["x y"], "every": "5m"}
    added = site.api("POST", "/feeds", wanted)
    again = site.api("POST", "/feeds", wanted)
    path = f"/feeds/{added.json['feed']['id']}"
    paused = site.api("PATCH", path, {"paused": True}).json
    resumed = site.api("PATCH", path, {"paused": False}).json
    removed, after = site.api("DELETE", path), site.api("PATCH", path, {"paused": True})

    assert (added.status, added.json["added"], again.status, again.json["added"]) == (200, True, 200, False)
    feed = added.json["feed"]
    assert (feed["url"], feed["every"], feed["tags"]) == ("https://new.example/feed", 300.0, ["x y"])
    assert (paused["state"], resumed["state"]) == ("paused", "new")
    assert (removed.status, removed.text, after.status) == (204, "", 409)
    assert site.api("GET", path).json["state"] == "retired"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"url": "javascript:alert(1)"}, "no address that can be polled"),
        ({"url": "https://two.example/"}, "several feeds behind it"),
        ({"url": "https://inside.example/"}, "not a public address"),
        ({"url": "https://new.example/feed", "every": "often"}, "longest wait"),
        ({"url": "https://new.example/feed", "lang": "e!"}, "two letters"),
        ({"url": "https://new.example/feed", "name": "a\u0000b"}, "one line"),
        ({"url": "x" * 2_001}, "at most 2000"),
        ({"address": "https://new.example/feed"}, "Field required"),
    ],
)
def test_what_cannot_be_added_is_explained(site: Site, body: dict[str, Any], says: str) -> None:
    """Each refusal is a problem document that says what to do."""
    site.desk.web.answers["https://inside.example/"] = FetchError("blocked_address", "10.0.0.1 is not a public address")

    answer = site.api("POST", "/feeds", body)

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json["detail"]


def test_a_feed_of_the_configuration_is_not_removed(site: Site) -> None:
    """It would come back at the next reload: 409 says where to remove it."""
    answer = site.api("DELETE", f"/feeds/{number(site, 'gazette')}")

    assert answer.status == 409
    assert "config.toml" in answer.json["detail"]


# -- lists ---------------------------------------------------------------------------------------


def send_list(site: Site, data: str, kind: str = "text/x-opml") -> Answer:
    """Send a list of feeds."""
    sent = {"Content-Type": kind, "X-CSRF-Token": site.csrf()}
    return site.ask("POST", "/api/v1/opml", data, sent)


def test_lists_come_in_and_leave(site: Site) -> None:
    """What is in a list is polled from then on, and stands in the list that leaves."""
    brought = send_list(site, LIST)
    leaves = site.ask("GET", "/api/v1/opml")

    assert brought.json == {"added": 1, "known": 0, "problems": []}
    assert leaves.headers["content-type"].startswith("text/x-opml")
    assert "https://listed.example/feed" in leaves.text
    assert leaves.headers["etag"]


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [("<opml/>", "text/xml", 422), ("x" * 10_000_001, "text/xml", 413), (LIST, "application/json", 415)],
)
def test_a24_a_list_that_is_none_is_refused(site: Site, data: str, kind: str, status: int) -> None:
    """No feed in it, too much of it, or another type: nothing is added."""
    assert send_list(site, data, kind).status == status


# -- silences ------------------------------------------------------------------------------------


def test_a_silence_is_previewed_made_and_ended(site: Site) -> None:
    """A program sees what would be muted, mutes it, finds it among those that hold, and ends it."""
    named = {"pack": "move", "newsroom": "Gazette"}
    seen = site.api("POST", "/silences/preview", named).json
    made = site.api("POST", "/silences", {**named, "for": "4h", "comment": "known"})
    listed = site.api("GET", "/silences").json["silences"]
    path = f"/silences/{made.json['id']}"
    ended, again = site.api("DELETE", path), site.api("DELETE", path)
    over = site.api("GET", "/silences?state=over&limit=1").json

    assert seen["count"] == len(seen["alerts"])
    assert {alert["newsroom"] for alert in seen["alerts"]} == {"Gazette"}
    assert (made.status, made.json["says"], made.json["hidden"]) == (201, "pack move, newsroom Gazette", 0)
    assert [one["id"] for one in listed] == [made.json["id"]]
    assert (ended.status, again.status) == (204, 409)
    assert over["silences"][0]["ended_at"]
    assert site.api("GET", "/silences/999").status == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pack": "move"},
        {"pack": "moves", "for": "4h"},
        {"pack": "move", "for": "4h", "until": "2999-01-01"},
        {"story": "x", "for": "4h"},
        {"text": "\u0000", "for": "4h"},
    ],
)
def test_a_silence_that_cannot_be_made_is_refused(site: Site, body: dict[str, str]) -> None:
    """Nothing named, no end, two ends, a name that leads nowhere: 422."""
    assert site.api("POST", "/silences", body).status == 422
    assert site.api("GET", "/silences").json["silences"] == []


# -- system --------------------------------------------------------------------------------------


def test_system_tells_how_the_monitor_fares(site: Site) -> None:
    """Machine, feeds, channels, outbox, troubles, and the numbers of the charts."""
    system = site.api("GET", "/system").json

    assert system["machine"]["database"] == "SQLite"
    assert system["feeds"]["states"]["failing"] == 1
    assert {"desk", "mail"} <= {one["name"] for one in system["channels"]}
    assert system["alerts"][-1]["alerts"] >= 3
    assert sum(hour["polls"].get("failed", 0) for hour in system["polls"]) == 1
    assert any("gives no dates" in trouble["headline"] for trouble in system["troubles"])


def test_channels_are_listed_and_tested(site: Site) -> None:
    """A test says what each recipient answered; a channel that is not there is said."""
    listed = {one["name"]: one for one in site.api("GET", "/channels").json["channels"]}
    tested = site.api("POST", "/channels/desk/test").json

    assert listed["desk"]["uses"] == ["default"]
    assert listed["desk"]["recipients"][0]["sent_at"]
    assert [result["outcome"] for result in tested["results"]] == ["sent"]
    assert site.api("POST", "/channels/nothing/test").status == 404


@pytest.mark.parametrize("path", ["/feeds/999999", "/feeds/0", "/feeds/check", "/silences/x"])
def test_what_is_not_there_is_a_problem_document(site: Site, path: str) -> None:
    """A wrong number, or none, is answered 404 in the form of all faults."""
    answer = site.api("GET", path)

    assert (answer.status, answer.json["status"]) == (404, 404)


def test_a_page_of_a_long_list_is_served_by_the_index_of_ids(site: Site) -> None:
    """No page looks at feeds before its cursor, and nothing is sorted, with any filter."""
    wanted = feed_views.Narrowed(words="feed", state="failing")

    plan = site.desk.read(
        lambda c: [row.detail for row in c.execute(sa.text(f"EXPLAIN QUERY PLAN {compiled(c, wanted)}"))]
    )

    assert len(plan) == 1
    assert plan[0].startswith("SEARCH feeds USING INDEX")
    assert "slug>?" in plan[0]


def compiled(connection: sa.Connection, wanted: feed_views.Narrowed) -> str:
    """Return the statement of a page, with its values."""
    query = feed_views.page_query(wanted, "f00100", 50)
    return str(query.compile(connection, compile_kwargs={"literal_binds": True}))
