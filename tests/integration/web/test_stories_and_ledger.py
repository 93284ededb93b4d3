"""The pages of stories and of the ledger: what belongs together, what was decided, and what the rules say of it."""

from __future__ import annotations

import html
import re

import pytest

from monitor.errors import WorkerTimeout
from monitor.model import Reason
from monitor.store import decisions, ledger
from monitor.web import reasons
from tests.support import dashboard


def titles(text: str) -> list[str]:
    """Return the titles of a list, as a reader sees them."""
    found = re.findall(r'<div class="item-title" dir="auto"><a [^>]*>(.*?)</a>', text, re.DOTALL)
    return [html.unescape(re.sub(r"<[^>]+>", "", title)).strip() for title in found]


def first(site: dashboard.Site, **narrowed: str) -> ledger.Entry:
    """Return a decision of the archive."""
    return site.desk.read(lambda c: ledger.list_page(c, ledger.Narrowed(**narrowed), 10)).rows[0]


def test_a_story_shows_its_articles_over_time_and_for_whom_they_count(shared: dashboard.Site) -> None:
    """A dot an article, a row a newsroom; why each is in the story, for whom it counts, what was decided."""
    (alert, *_) = shared.desk.read(decisions.list_alerts)

    text = shared.get(f"/stories/{alert.story_id}").text

    assert text.count('<circle class="s-') == 10
    assert all(f'text-anchor="end">{name}</text>' in text for name in ("Gazette", "Herald", "Wafa", "Makor"))
    assert "shares most words with" in text
    assert "counts for" in text
    assert reasons.sentence("copy") in text
    assert f'href="/alerts/{alert.id}"' in text
    assert shared.get("/stories/99").status == 404


def test_a_list_of_stories_shows_those_that_were_told(shared: dashboard.Site) -> None:
    """Without a filter it is what readers were told; with one that fits none it says so."""
    assert len(titles(shared.get("/stories").text)) == 1
    assert "independent newsrooms" in shared.get("/stories").text
    assert titles(shared.get("/stories?newsroom=gaz&show=several&lang=en").text)
    assert "No story fits." in shared.get("/stories?pack=talks&lang=tlh").text
    assert shared.get("/stories?show=maybe").status == 422
    assert shared.get("/stories?before=nonsense").status == 200


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("pack=talks", {"pack": "talks"}),
        ("decision=suppressed", {"outcome": "suppressed"}),
        ("reason=copy", {"reason": "copy"}),
        ("feed=wafa", {"feed": "wafa"}),
    ],
)
def test_the_ledger_holds_every_decision_and_is_narrowed(
    shared: dashboard.Site, asked: str, kept: dict[str, str]
) -> None:
    """What an address asks for is what it shows: the decisions that fit, each with its reason in words."""
    expected = shared.desk.read(lambda c: ledger.list_page(c, ledger.Narrowed(**kept), 50)).rows

    text = shared.get(f"/ledger?{asked}").text

    assert len(titles(text)) == len(expected) > 0
    assert {row.reason for row in expected} == {
        r for r in Reason if f">{reasons.sentence(r)}</p>" in html.unescape(text)
    }


def test_a_pack_that_was_told_is_not_among_those_without_a_match(shared: dashboard.Site) -> None:
    """An article that one pack matched says "every other pack" of those that did not, below the pack's own decision."""
    text = shared.get("/ledger").text

    assert "every other pack" in text
    assert text.index('<bdi dir="auto">move</bdi>') < text.index("every other pack")


def test_a_filter_of_the_ledger_that_is_none_is_said(shared: dashboard.Site) -> None:
    """A reason that does not exist is no empty list."""
    answer = shared.get("/ledger?reason=bored")

    assert answer.status == 422
    assert "is no reason; known:" in answer.text


def test_an_article_shows_every_decision_and_what_the_rules_say(shared: dashboard.Site) -> None:
    """Each pack's decision stands with its reason; the live rules say which is true, or what the nearest one lacks."""
    entry = first(shared, reason="first_report", pack="move")

    page = shared.get(f"/ledger/{entry.article_id}").text
    part = shared.get(f"/ledger/{entry.article_id}/why", HX_Request="true").text
    single = shared.get(f"/ledger/{entry.article_id}/why?pack=talks").text

    assert reasons.sentence("first_report") in html.unescape(page)
    assert f'hx-get="/ledger/{entry.article_id}/why"' in page
    assert "<html" not in part
    assert "<strong>match</strong>" in part
    assert "delegation" in single
    assert "<html" in single
    assert shared.get(f"/ledger/{entry.article_id}/why?pack=nobody").status == 404
    assert shared.get("/ledger/99").status == 404
    assert shared.get("/ledger/99/why").status == 404


def test_a14_an_explanation_that_takes_too_long_is_given_up(shared: dashboard.Site) -> None:
    """The worker is killed, the page says that it did not get an answer, and nothing else suffers."""
    entry = first(shared, reason="copy")
    workers = shared.desk.context.workers
    workers.fail["judge"] = WorkerTimeout("judge took longer than 10 s and was killed")
    try:
        answer = shared.get(f"/ledger/{entry.article_id}/why?pack=talks")
    finally:
        del workers.fail["judge"]

    assert answer.status == 503
    assert answer.headers["retry-after"] == "10"
    assert shared.get(f"/ledger/{entry.article_id}/why?pack=talks").status == 200


def test_every_reason_has_its_words() -> None:
    """A reason that is new in the closed list cannot be forgotten."""
    assert [reason for reason in Reason if reason not in reasons.WORDS] == []


def test_the_detail_of_a_decision_is_told_in_words() -> None:
    """Times, alerts, newsrooms, severities and new facts are named; what is not known to us is left out."""
    told = reasons.facts(
        {
            "alert": 3,
            "until": "2025-03-10T09:00:00+00:00",
            "from": "normal",
            "to": "urgent",
            "newsrooms": 3,
            "names": ["Gazette", "Herald"],
            "new": {"numbers": [["120", "delegates"]], "places": ["Cairo"]},
            "silence": 2,
            "would": "alert",
            "because": "first_report",
            "whatever": 1,
        }
    )

    assert [(fact.label, fact.text) for fact in told] == [
        ("Told before by", "al-3"),
        ("Until", ""),
        ("Muted by", "si-2"),
        ("Severity", "normal before, urgent now"),
        ("Independent newsrooms", "3: Gazette, Herald"),
        ("New numbers", "120 delegates"),
        ("New places", "Cairo"),
        ("Would have been", "alert, first report"),
    ]
