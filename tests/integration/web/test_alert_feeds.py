"""The alert feeds: read by real parsers, the same entry for ever, cached, let in by token."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

import feedparser
import pytest
from pydantic import SecretStr

from monitor.config import WebSettings
from monitor.feeds import parse
from monitor.store import decisions
from tests.support import dashboard, databases

TOKEN = "a token of feeds"


def test_feedparser_reads_the_atom_feed(shared: dashboard.Site) -> None:
    """A strict reader finds every alert, newest first, with title, link, author, time, and the matched words."""
    answer = shared.get("/alerts.atom")
    found = feedparser.parse(answer.text.encode())

    rows = shared.desk.read(decisions.list_alerts)
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert (found.bozo, found.version) == (False, "atom10")
    assert [entry.id.rpartition(":")[2] for entry in found.entries] == [str(row.id) for row in rows]
    assert {entry.author for entry in found.entries} == {row.newsroom for row in rows}
    assert all(entry.links[0].href.startswith("https://") for entry in found.entries)
    assert all(entry.updated.endswith("Z") for entry in found.entries)
    assert any("<b>resettlement</b> committee" in entry.content[0].value for entry in found.entries)


def test_every_element_that_atom_requires_is_there(shared: dashboard.Site) -> None:
    """RFC 4287: id, title, updated in feed and entries, one alternate link each, absolute ids that are URIs."""
    root = ElementTree.fromstring(shared.get("/alerts.atom").text)
    atom = "{http://www.w3.org/2005/Atom}"

    for node in (root, *root.findall(f"{atom}entry")):
        assert re.fullmatch(r"tag:wirewatch\.invalid,2025:[0-9a-f]{16}:[\w:/-]+", node.findtext(f"{atom}id") or "")
        assert node.findtext(f"{atom}title")
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", node.findtext(f"{atom}updated") or "")
        assert len([link for link in node.findall(f"{atom}link") if link.get("rel") == "alternate"]) == 1
    assert all(entry.find(f"{atom}author/{atom}name") is not None for entry in root.findall(f"{atom}entry"))


def test_the_json_feed_keeps_to_version_1_1(shared: dashboard.Site) -> None:
    """Required members are there with the types that the format gives them; what is ours begins with an underscore."""
    answer = shared.get("/alerts.json")
    feed = answer.json

    rows = shared.desk.read(decisions.list_alerts)
    assert answer.headers["content-type"].startswith("application/feed+json")
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert set(feed) == {"version", "title", "home_page_url", "feed_url", "items"}
    for item in feed["items"]:
        assert isinstance(item["id"], str)
        assert item["content_html"]
        assert datetime.fromisoformat(item["date_published"]).tzinfo == UTC
        assert [set(author) for author in item["authors"]] == [{"name"}]
        assert all(isinstance(tag, str) for tag in item["tags"])
        assert item["_wirewatch"]["about"] == "docs/webhooks.md"
    assert [item["_wirewatch"]["alert"] for item in feed["items"]] == [row.id for row in rows]


def test_another_monitor_can_read_both(shared: dashboard.Site) -> None:
    """What we put out is what we read: our own parser finds as many entries in either form."""
    many = len(shared.desk.read(decisions.list_alerts))

    for name in ("alerts.atom", "alerts.json"):
        answer = shared.get(f"/{name}")
        read = parse.parse_feed(answer.text.encode(), f"{shared.address}/{name}", answer.headers["content-type"])
        assert len(read.entries) == many, name


def test_a_pack_has_a_feed_of_its_own(shared: dashboard.Site) -> None:
    """It holds that pack's alerts, under an id and a title of its own; a pack that is not there is 404."""
    own, every = shared.get("/alerts/talks.json").json, shared.get("/alerts.json").json

    assert {item["_wirewatch"]["pack"] for item in own["items"]} == {"talks"}
    assert own["feed_url"].endswith("/alerts/talks.json")
    assert {item["id"] for item in own["items"]} < {item["id"] for item in every["items"]}
    assert "talks" in (ElementTree.fromstring(shared.get("/alerts/talks.atom").text)[0].text or "")
    assert shared.get("/alerts/nobody.atom").status == 404


def test_a_feed_is_narrowed_as_the_page_is(shared: dashboard.Site) -> None:
    """The filters of the page's address work in the feed's, and one that cannot be used is said."""
    urgent = shared.get("/alerts.json?severity=urgent").json["items"]

    assert {item["_wirewatch"]["severity"] for item in urgent} == {"urgent"}
    assert all(item["title"].startswith("URGENT") for item in urgent)
    assert shared.get("/alerts.json?severity=loud").status == 422


@pytest.mark.parametrize("name", ["alerts.atom", "alerts.json", "alerts/move.atom"])
def test_a_feed_that_is_the_same_is_not_sent_again(shared: dashboard.Site, name: str) -> None:
    """Readers may keep it for a minute and then ask with its ETag or time: 304, without a body."""
    first = shared.get(f"/{name}")

    by_tag = shared.get(f"/{name}", If_None_Match=first.headers["etag"])
    by_time = shared.get(f"/{name}", If_Modified_Since=first.headers["last-modified"])
    older = shared.get(f"/{name}", If_Modified_Since="Mon, 10 Mar 2025 07:00:00 GMT")
    nonsense = shared.get(f"/{name}", If_Modified_Since="yesterday")

    assert first.headers["cache-control"] == "private, max-age=60"
    assert [(answer.status, answer.text) for answer in (by_tag, by_time)] == [(304, ""), (304, "")]
    assert [older.status, nonsense.status] == [200, 200]


def test_a01_hostile_titles_stay_text_in_both(shared: dashboard.Site) -> None:
    """No markup of a newsroom becomes markup of the feed, and nothing in it is no XML."""
    atom, feed = shared.get("/alerts.atom").text, shared.get("/alerts.json").json

    contents = [entry.content[0].value for entry in feedparser.parse(atom.encode()).entries]
    for content in [*contents, *(item["content_html"] for item in feed["items"])]:
        assert set(re.findall(r"</?(\w+)", content)) <= {"p", "b", "a"}
        assert html.unescape(content).count("\u202e") == 0


def test_a17_off_loopback_a_feed_wants_a_token(made_databases: databases.Databases, tmp_path: Path) -> None:
    """Bearer, or Basic with the token as password as feed readers have it; nobody else learns anything."""
    web = WebSettings(metrics=SecretStr(TOKEN))
    with dashboard.opened(made_databases.sqlite(), tmp_path, web=web, loopback=False, seeded=False) as site:
        basic = base64.b64encode(f"reader:{TOKEN}".encode()).decode()

        refused = site.get("/alerts.atom")
        wrong = site.get("/alerts/move.json", Authorization="Bearer wrong")
        let_in = [site.get("/alerts.atom", Authorization=how).status for how in (f"Bearer {TOKEN}", f"Basic {basic}")]
        empty = json.loads(site.get("/alerts.json", Authorization=f"Bearer {TOKEN}").text)

    assert (refused.status, wrong.status) == (401, 401)
    assert "Basic" in refused.headers["www-authenticate"]
    assert let_in == [200, 200]
    assert empty["items"] == []
