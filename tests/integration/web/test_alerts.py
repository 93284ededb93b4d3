"""The pages of alerts: the list with its filters, one alert in full, and what can be done with it."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator

import pytest

from monitor.store import alert_views, decisions, ratings, silences
from monitor.store.decisions import AlertRow
from monitor.store.schema import attempts, messages
from tests.support import dashboard, databases


@pytest.fixture(scope="module")
def changed(made_databases: databases.Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dashboard.Site]:
    """A seeded dashboard whose alerts are changed, each test one of its own."""
    with dashboard.opened(made_databases.sqlite(), tmp_path_factory.mktemp("changed"), many=3) as site:
        yield site


def told(site: dashboard.Site) -> list[AlertRow]:
    """Return the alerts, the newest first."""
    return site.desk.read(decisions.list_alerts)


def titles(text: str) -> list[str]:
    """Return the titles of a list, as a reader sees them."""
    found = re.findall(r'<div class="item-title" dir="auto"><a [^>]*>(.*?)</a>', text, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", title)).strip() for title in found]


def ids(text: str) -> list[int]:
    """Return the alerts of a list by their ids."""
    return [int(number) for number in re.findall(r'<li class="alert [^"]*" data-item id="al-(\d+)"', text)]


def test_the_list_shows_what_was_found_newest_first(shared: dashboard.Site) -> None:
    """Each alert has its title, the sentence with the matched words marked, its newsrooms and messages."""
    answer = shared.get("/alerts")

    rows = told(shared)
    assert answer.status == 200
    assert ids(answer.text) == [row.id for row in rows]
    assert "Delegation leaves for Cairo" in titles(answer.text)
    assert "The <mark>resettlement</mark> committee of the ministry" in answer.text
    assert re.search(r"\d newsrooms</a> so far", answer.text)
    assert answer.text.count("sent to 2") == len(rows)


FILTERS: list[tuple[str, Callable[[AlertRow], bool]]] = [
    ("pack=talks", lambda row: row.pack == "talks"),
    ("severity=urgent", lambda row: row.severity == "urgent"),
    ("decision=alert", lambda row: row.outcome == "alert"),
    ("decision=update", lambda row: row.outcome == "update"),
    ("lang=en", lambda row: row.lang == "en"),
    ("lang=tlh", lambda row: False),
    ("newsroom=HERA", lambda row: row.newsroom == "Herald"),
    ("newsroom=100%25", lambda row: False),
    ("rated=none", lambda row: True),
    ("rated=noise", lambda row: False),
    ("since=2025-03-10", lambda row: True),
    ("since=2025-03-11", lambda row: False),
    ("until=2025-03-09", lambda row: False),
    ("until=2025-03-10", lambda row: True),
    ("since=1m", lambda row: False),
    ("since=2h", lambda row: True),
    ("text=leave", lambda row: "leaves" in row.title),
    ("text=ultimatum", lambda row: "ultimatum" in row.title),
    ("text=unheard", lambda row: False),
    ("pack=move&lang=en&text=resettle", lambda row: row.pack == "move" and row.lang == "en"),
]


@pytest.mark.parametrize(("asked", "fits"), FILTERS, ids=[asked for asked, _ in FILTERS])
def test_filters_stand_in_the_address(shared: dashboard.Site, asked: str, fits: Callable[[AlertRow], bool]) -> None:
    """A filter of the address narrows the list, alone or with others."""
    assert ids(shared.get(f"/alerts?{asked}").text) == [row.id for row in told(shared) if fits(row)]


@pytest.mark.parametrize("asked", ["since=tomorrow", "severity=loud", "rated=yes", "text=%21%21"])
def test_a_filter_that_cannot_be_used_is_said_and_the_form_stays(shared: dashboard.Site, asked: str) -> None:
    """What is wrong is said in a sentence above the empty list; nothing that was typed is lost."""
    answer = shared.get(f"/alerts?{asked}&newsroom=Herald")

    assert answer.status == 422
    assert 'role="alert"' in answer.text
    assert 'name="newsroom" value="Herald"' in answer.text


def test_new_alerts_come_alone_and_say_where_to_go_on(shared: dashboard.Site) -> None:
    """Polling brings only what is newer, with the next place to ask from; nothing at all where nothing is."""
    newest, *_, oldest = told(shared)

    part = shared.get(f"/alerts?after={oldest.id}", HX_Request="true")
    nothing = shared.get(f"/alerts?after={newest.id}&pack=move", HX_Request="true")

    assert ids(part.text) == [row.id for row in told(shared)][:-1]
    assert "<html" not in part.text
    assert f'hx-get="/alerts?after={newest.id}"' in part.text
    assert (nothing.status, nothing.text) == (204, "")


def test_an_alert_shows_all_that_was_found_and_why_it_was_told(shared: dashboard.Site) -> None:
    """Every span is named by rule and term; reason, severity, story, messages and attempts stand beside it."""
    row = next(row for row in told(shared) if row.pack == "move" and row.reason == "first_report")

    answer = shared.get(f"/alerts/{row.id}")

    assert len(re.findall(r'<mark title="rule core: resettlement[^"]*">[Rr]esettlement</mark>', answer.text)) >= 3
    assert "The first report of its story" in answer.text
    assert "<code>core</code>" in answer.text
    assert answer.text.count('<span class="badge b-good">sent</span>') == 2
    assert "<li><time" in answer.text
    assert f'href="/stories/{row.story_id}"' in answer.text


@pytest.mark.parametrize("path", ["/alerts/99", "/alerts/0", "/alerts/99999999999999999999", "/alerts/x", "/alerts/-1"])
def test_an_alert_that_is_not_there_is_said(shared: dashboard.Site, path: str) -> None:
    """An id that leads nowhere is answered 404, whatever it is."""
    assert shared.get(path).status == 404


def test_a01_hostile_titles_are_text(shared: dashboard.Site) -> None:
    """What newsrooms write never becomes a part of the page, moves other text, or is a link to script."""
    stories = [f"/stories/{row.story_id}" for row in told(shared)]
    for path in ("/alerts", "/stories", *(f"/alerts/{row.id}" for row in told(shared)), *stories):
        text = shared.get(path).text
        assert not re.search(r"<(?:img|iframe|svg/)|<script(?! src=\"/static)", text), path
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", text), path
        assert "javascript:" not in "".join(re.findall(r'href="[^"]*"', text)), path


def test_an_alert_is_rated_and_the_rating_can_be_changed(changed: dashboard.Site) -> None:
    """Useful, then noise: the last word of a visitor stands, and is shown as pressed."""
    number = 1_000_000

    first = changed.post(f"/alerts/{number}/rating", rating="useful", back="/alerts?pack=move")
    changed.post(f"/alerts/{number}/rating", rating="noise", comment="known since Sunday")

    (given,) = changed.desk.read(lambda c: ratings.list_of(c, number))
    page = changed.get(f"/alerts/{number}").text
    where = "/alerts?pack=move&said=al-1000000%20is%20rated%20useful."
    assert (first.status, first.headers["location"]) == (303, where)
    assert (given.rating, given.by, given.comment) == ("noise", "this machine", "known since Sunday")
    assert re.search(r'value="noise"[^>]* aria-pressed="true"', page)
    assert "known since Sunday" in page
    assert ids(changed.get("/alerts?rated=noise").text) == [number]


def test_a_rating_leads_nobody_away(changed: dashboard.Site) -> None:
    """The way back is a page of ours, whatever the form says; a rating is one of two words."""
    path = "/alerts/1000001/rating"

    assert changed.post(path, rating="useful", back="//evil.example").headers["location"].startswith("/alerts/1000001?")
    assert changed.post(path, rating="superb").status == 422
    assert changed.post("/alerts/77/rating", rating="noise").status == 404


def test_what_died_can_be_sent_again(changed: dashboard.Site) -> None:
    """The button is there where a message of the alert is dead; it queues that message and no other."""
    path, dying = "/alerts/1000002", messages.update().where(messages.c.id == 1_000_002)
    before = changed.get(path).text
    changed.desk.write(lambda c: c.execute(dying.values(state="dead", reason="gone")))

    page, answer = changed.get(path).text, changed.post(f"{path}/resend")

    (sending,) = changed.desk.read(lambda c: alert_views.sendings_of(c, [1_000_002]))[1_000_002]
    assert f'action="{path}/resend"' not in before
    assert f'action="{path}/resend"' in page
    assert "1%20message%20queued%20again" in answer.headers["location"]
    assert sending.state == "queued"


def test_a_story_is_muted_from_its_alert(changed: dashboard.Site) -> None:
    """The silence is of the story that the article belongs to, until the end that was chosen, with its comment."""
    changed.post("/alerts/1000001/silence", lasts="12h", comment="vote tomorrow")

    (made,) = changed.desk.read(silences.list_active)
    assert (made.story_id, made.comment) == (1_000_001, "vote tomorrow")
    assert (made.until - changed.desk.clock.now()).total_seconds() == 12 * 3600
    assert changed.post("/alerts/1000001/silence", lasts="99y").status == 422


def test_attempts_are_shown_with_what_the_service_answered(changed: dashboard.Site) -> None:
    """What a service said stands with its time and status, as text."""
    change = attempts.update().where(attempts.c.message_id == 1_000_001)
    changed.desk.write(lambda c: c.execute(change.values(outcome="transient", status=503, detail="<b>full</b>")))

    page = changed.get("/alerts/1000001").text

    assert "transient 503" in page
    assert "&lt;b&gt;full&lt;/b&gt;" in page
