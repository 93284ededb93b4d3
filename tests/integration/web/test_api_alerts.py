"""The API on alerts, stories, decisions and articles: the same as the pages, for programs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from monitor.store import decisions, ledger
from monitor.store.schema import messages
from tests.support import dashboard, databases


@pytest.fixture(scope="module")
def site(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dashboard.Site]:
    """A dashboard with a few alerts more, shared by the tests of this file."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("api"), many=12) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "key", "name"),
    [
        ("/alerts?limit=5", "alerts", "id"),
        ("/stories?limit=5", "stories", "id"),
        ("/decisions?limit=5", "decisions", "seq"),
    ],
)
def test_lists_go_by_cursor_to_their_end(site: dashboard.Site, path: str, key: str, name: str) -> None:
    """Asking again with `next` until it is null brings everything once."""
    seen: list[tuple[int, str, int]] = []
    cursor = ""
    for _ in range(20):
        body = site.api("GET", path + cursor).json
        seen += [(one[name], one.get("pack", ""), one.get("n", 0)) for one in body[key]]
        if body["next"] is None:
            break
        cursor = f"&cursor={body['next']}"

    whole = site.api("GET", path.replace("limit=5", "limit=200")).json
    assert whole["next"] is None
    assert seen == [(one[name], one.get("pack", ""), one.get("n", 0)) for one in whole[key]]
    assert len(set(seen)) == len(seen) > 12


def test_what_came_since_is_asked_by_the_newest_id(site: dashboard.Site) -> None:
    """`after` holds back what a program has already."""
    newest, second = (one["id"] for one in site.api("GET", "/alerts?limit=2").json["alerts"])

    assert [one["id"] for one in site.api("GET", f"/alerts?after={second}").json["alerts"]] == [newest]
    assert site.api("GET", f"/alerts?after={newest}").json == {"alerts": [], "next": None}


def test_an_alert_comes_with_all_that_its_page_shows(site: dashboard.Site) -> None:
    """Evidence by rule with its offsets in title and text, messages with attempts, the story, why in words."""
    row = next(row for row in site.desk.read(decisions.list_alerts) if row.pack == "move" and row.id < 1_000_000)

    body = site.api("GET", f"/alerts/{row.id}").json

    for rule in body["matched"]:
        for span in rule["evidence"]:
            assert body[span["field"]][span["start"] : span["end"]] == span["text"]
    assert body["messages"][0]["attempts"][0]["outcome"] == "sent"
    assert {told["alert"] for told in body["told"]} >= {row.id}
    assert body["why"].endswith(".")
    assert site.api("GET", "/alerts/424242").status == 404
    assert site.api("GET", "/alerts/x").status == 404


def test_an_answer_that_is_the_same_is_not_sent_again(site: dashboard.Site) -> None:
    """With the ETag of before a program gets 304; after a change the whole again."""
    first = site.api("GET", "/alerts/1000003")

    same = site.api("GET", "/alerts/1000003", If_None_Match=first.headers["etag"])
    site.api("POST", "/alerts/1000003/rating", {"rating": "useful"})
    changed = site.api("GET", "/alerts/1000003", If_None_Match=first.headers["etag"])

    assert (same.status, same.text) == (304, "")
    assert changed.status == 200
    assert [given["rating"] for given in changed.json["ratings"]] == ["useful"]


def test_an_alert_is_rated(site: dashboard.Site) -> None:
    """The last word of a visitor stands; what is none of the two words, or too long, is refused with its place."""
    site.api("POST", "/alerts/1000002/rating", {"rating": "useful", "comment": "early"})
    body = site.api("POST", "/alerts/1000002/rating", {"rating": "noise"}).json
    wrong = site.api("POST", "/alerts/1000002/rating", {"rating": "superb"})
    long = site.api("POST", "/alerts/1000002/rating", {"rating": "noise", "comment": "x" * 501})

    assert [(given["rating"], given["comment"]) for given in body["ratings"]] == [("noise", "")]
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (422, "rating")
    assert (long.status, long.json["errors"][0]["field"]) == (422, "comment")
    assert site.api("POST", "/alerts/424242/rating", {"rating": "noise"}).status == 404


def test_what_died_is_queued_again(site: dashboard.Site) -> None:
    """Only dead messages of the alert are; a second call finds none."""
    dying = messages.update().where(messages.c.id == 1_000_005)
    site.desk.write(lambda c: c.execute(dying.values(state="dead", reason="gone")))

    assert site.api("POST", "/alerts/1000005/resend").json == {"alert": 1_000_005, "queued": [1_000_005]}
    assert site.api("POST", "/alerts/1000005/resend").json == {"alert": 1_000_005, "queued": []}
    assert site.api("POST", "/alerts/424242/resend").status == 404


def test_a_story_comes_with_its_articles_and_voices(site: dashboard.Site) -> None:
    """Every article says why it is in the story and for whom it counts; voices name their articles."""
    row = next(row for row in site.desk.read(decisions.list_alerts) if row.id < 1_000_000)

    body = site.api("GET", f"/stories/{row.story_id}").json

    assert len(body["reports"]) == body["articles"] == 10
    assert sum(len(voice["articles"]) for voice in body["voices"]) + body["unheard"] == 10
    assert body["newsrooms"] == len(body["voices"])
    assert any(report["duplicate_of"] and report["share"] for report in body["reports"])
    assert site.api("GET", "/stories/424242").status == 404
    assert site.api("GET", "/stories?cursor=never").status == 422


def test_an_article_comes_with_every_decision_and_is_explained(site: dashboard.Site) -> None:
    """What was decided for each pack stands with its words; the live rules say what they lack."""
    entry = site.desk.read(lambda c: ledger.list_page(c, ledger.Narrowed(reason="copy"), 1)).rows[0]

    body = site.api("GET", f"/articles/{entry.article_id}").json
    told = site.api("GET", f"/articles/{entry.article_id}/explanation").json
    one = site.api("GET", f"/articles/{entry.article_id}/explanation?pack=talks").json

    made = [made for revision in body["revisions"] for made in revision["decisions"]]
    assert ("move", "suppressed", "copy") in {(m["pack"], m["decision"], m["reason"]) for m in made}
    assert {pack["pack"]: bool(pack["nearest"]) for pack in told["packs"]}.keys() == {"move", "talks"}
    assert [pack["pack"] for pack in one["packs"]] == ["talks"]
    assert all(pack["matched"] != bool(pack["nearest"]) for pack in told["packs"])
    assert site.api("GET", "/articles/424242").status == 404
    assert site.api("GET", "/articles/424242/explanation").status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/alerts?limit=0",
        "/alerts?limit=201",
        "/alerts?cursor=-1",
        "/alerts?since=yesterday",
        "/alerts?since=2025-03-10T00:00:00",
        "/alerts?until=0001-01-01T00:00:00%2B14:00",
        "/alerts?severity=loud",
        "/alerts?pack=%00",
        "/alerts?page=2",
        "/alerts?pack=a&pack=b",
        "/decisions?decision=maybe",
        "/stories?told=perhaps",
        "/articles/1/explanation?pack=" + "x" * 201,
    ],
)
def test_a_parameter_that_does_not_fit_is_named(site: dashboard.Site, path: str) -> None:
    """A problem document says which parameter and why; nothing is guessed."""
    answer = site.api("GET", path)

    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["errors"][0]["in"] == "query"
