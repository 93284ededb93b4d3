"""Polls that fail, pages that fail, readers that die: told, retried, never given up, nothing lost."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import sqlalchemy as sa

from monitor import errors, jobs
from monitor.errors import FetchError
from monitor.model import HttpInfo, Reply
from monitor.store import articles as store_articles
from monitor.store import entries as store_entries
from monitor.store import feeds as store_feeds
from monitor.store.schema import articles, decisions, entries, feeds, revisions
from tests.support.desk import Desk, item, page

BODY = " ".join(f"Paragraph {n} of the report on families and their homes." for n in range(30))


@pytest.fixture
def alerting(desk: Desk) -> Desk:
    """A desk with one feed past its baseline, an alert channel and an ops channel."""
    desk.has(["gazette"], channels=("desk", "ops"), ops="ops").publishes("gazette")
    desk.run()
    return desk


def test_unchanged_body_stops_before_parsing(alerting: Desk) -> None:
    """A feed that answers 200 with the same bytes is not parsed again."""
    alerting.workers.fail["parse_feed"] = AssertionError("parsed")

    polled = alerting.poll("gazette")

    assert polled.outcome == "unchanged"


def test_failing_feed_is_told_once_and_again_when_it_works(alerting: Desk) -> None:
    """Three failures in a row reach the ops channel once; the recovery reaches it too; polling never stops."""
    alerting.web.answers["https://gazette.example/feed"] = 500

    for _ in range(6):
        alerting.poll("gazette")
        alerting.later(minutes=1)
    alerting.publishes("gazette", item(9, "Weather"))
    alerting.poll("gazette")
    alerting.later()

    headlines = [notice.headline for notice in alerting.senders["ops"].notices]
    assert headlines == ["Feed Gazette is failing", "Feed Gazette works again"]


def test_back_off_grows_and_stays_under_a_day(alerting: Desk) -> None:
    """A feed that fails for long is asked ever more seldom, at least once a day."""
    alerting.web.answers["https://gazette.example/feed"] = 500
    waits = []

    for _ in range(16):
        alerting.poll("gazette")
        due = alerting.read(lambda c: c.execute(sa.select(feeds.c.next_check)).scalar())
        waits.append((due - alerting.clock.now()).total_seconds())

    assert waits[0] < waits[3] < waits[6]
    assert 12 * 3600 < waits[-1] <= 86_400 * 1.15


def test_f21_retry_after_keeps_the_whole_host_unasked(alerting: Desk) -> None:
    """After 429 with Retry-After neither the feed nor a page of that host is requested before its time."""
    alerting.web.answers["https://gazette.example/feed"] = Reply(
        HttpInfo(429, retry_after="3600"), "https://gazette.example/feed"
    )
    alerting.poll("gazette")
    asked = len(alerting.web.asked)

    alerting.later(minutes=59)

    assert len(alerting.web.asked) == asked


@pytest.mark.parametrize("body", ["<html><body>Sorry</body></html>", '{"error": 1}', ""])
def test_f28_error_page_with_200_is_a_failure_that_says_so(alerting: Desk, body: str) -> None:
    """HTML, JSON or nothing in place of a feed counts as a failed poll and forgets no entry."""
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()
    alerting.web.answers["https://gazette.example/feed"] = body.encode()

    polled = alerting.poll("gazette")

    health = alerting.read(store_feeds.list_health)[0]
    assert polled.outcome == "failed"
    assert health.state == "failing"
    assert health.error
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()
    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_f32_page_that_fails_alerts_from_the_feed_at_once(alerting: Desk) -> None:
    """A page that cannot be had does not hold the alert: it goes out from the feed's text, marked partial."""
    alerting.web.answers["https://gazette.example/a/1"] = FetchError("timeout", "too slow")
    alerting.publishes("gazette", item(1, "Plan unveiled", "Lawmakers debate resettlement of families."))

    alerting.later()

    (notice,) = alerting.senders["desk"].notices
    assert notice.items[0].partial
    assert notice.items[0].snippets[0].text == "Lawmakers debate resettlement of families."


def test_partial_article_becomes_a_new_revision_when_its_page_comes(alerting: Desk) -> None:
    """Full text found later is matched again: a pack that was not told yet is told then, once."""
    alerting.publishes("gazette", item(1, "Plan unveiled", "Lawmakers debate."))
    alerting.later()
    alerting.web.answers["https://gazette.example/a/1"] = page("Plan unveiled", BODY, "The resettlement of families.")

    alerting.later(minutes=6)
    alerting.later(minutes=60)

    assert alerting.senders["desk"].titles == ["Plan unveiled"]
    rows = alerting.read(lambda c: c.execute(sa.select(revisions.c.n, revisions.c.partial)).all())
    assert [(row.n, bool(row.partial)) for row in rows] == [(1, True), (2, False)]
    assert alerting.read(lambda c: c.execute(sa.select(articles.c.retry_at)).scalar()) is None


def test_prefilter_leaves_pages_unread_and_says_so(alerting: Desk) -> None:
    """A page that no rule could match is fetched and not read; the decision says so, and nothing is owed."""
    _prefilter(alerting)
    alerting.web.answers["https://gazette.example/a/1"] = page("Plan unveiled", BODY)
    alerting.publishes("gazette", item(1, "Plan unveiled", "Lawmakers debate."))

    alerting.later()

    (row,) = alerting.read(lambda c: c.execute(sa.select(decisions.c.reason, decisions.c.detail)).all())
    assert (row.reason, row.detail["prefiltered"]) == ("no_match", True)
    assert alerting.read(store_articles.count_without_text) == {"prefiltered": 1}
    assert alerting.read(lambda c: c.execute(sa.select(articles.c.retry_at)).scalar()) is None


def test_prefiltered_article_is_read_again_when_other_words_come(alerting: Desk) -> None:
    """A changed headline may complete a rule together with the page: its text is had then, and the alert goes out."""
    _prefilter(alerting, {"packs/move.yaml": PAIR})
    alerting.web.answers["https://gazette.example/a/1"] = page("Plan unveiled", BODY, "An ultimatum to families.")
    alerting.publishes("gazette", item(1, "Plan unveiled", "Lawmakers debate."))
    alerting.later()
    before = list(alerting.senders["desk"].titles)

    alerting.publishes("gazette", item(1, "Resettlement plan unveiled", "Lawmakers debate."))
    alerting.later(minutes=20)

    assert (before, alerting.senders["desk"].titles) == ([], ["Resettlement plan unveiled"])
    assert alerting.read(store_articles.count_without_text) == {}


PAIR = "format: 1\npack: move\nrules:\n  - {id: core, all: [resettlement, ultimatum]}\n"


def _prefilter(desk: Desk, packs: dict[str, str] | None = None) -> None:
    """Turn the pre-filter on, with other packs if any are given."""
    desk.packs = packs or desk.packs
    desk.config = replace(desk.config, polling=replace(desk.config.polling, prefilter=True))
    desk.set_up()


def test_page_is_tried_on_a_schedule_and_then_left(alerting: Desk) -> None:
    """A page whose server fails is asked for five times in all, over hours, and then no more."""
    alerting.web.answers["https://gazette.example/a/1"] = 503
    alerting.publishes("gazette", item(1, "Plan unveiled", "Lawmakers debate."))
    alerting.later()

    for _ in range(80):
        alerting.later(minutes=30)

    assert alerting.web.asked.count("https://gazette.example/a/1") == 5


def test_f31_entry_that_kills_its_reader_is_set_aside_and_recorded(alerting: Desk) -> None:
    """An entry whose reading dies three times is closed as unreadable with a decision; others go on."""
    alerting.workers.fail["read_entry"] = errors.WorkerCrashed("the worker was killed")
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()
    alerting.workers.fail.clear()
    alerting.publishes("gazette", item(2, "Resettlement refused"), item(1, "Resettlement plan"))

    alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement refused"]
    states = alerting.read(lambda c: c.execute(sa.select(entries.c.state).order_by(entries.c.id)).scalars().all())
    assert states == ["unreadable", "done"]
    reasons = alerting.read(lambda c: c.execute(sa.select(decisions.c.reason)).scalars().all())
    assert "unreadable" in reasons


def test_f31_parser_that_dies_fails_the_poll_only(alerting: Desk) -> None:
    """A feed that kills its parser is a failed poll with the reason, polled again later."""
    alerting.workers.fail["parse_feed"] = errors.WorkerTimeout("parse_feed took more than 10 s")
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    polled = alerting.poll("gazette")
    alerting.workers.fail.clear()

    alerting.later(minutes=30)

    assert polled.outcome == "failed"
    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_f31_feed_that_kills_its_parser_three_times_is_quarantined(alerting: Desk) -> None:
    """At the third kill in a row a feed is left alone for hours and says so; its next good text is told."""
    alerting.workers.fail["parse_feed"] = errors.WorkerTimeout("parse_feed used more than 5 s of processor time")
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    for _ in range(3):
        alerting.poll("gazette")
    row = next(row for row in alerting.read(store_feeds.list_health) if row.feed.slug == "gazette")
    asked = len(alerting.web.asked)
    alerting.later(hours=5)
    meanwhile = len(alerting.web.asked) - asked
    alerting.workers.fail.clear()

    alerting.later(hours=2)

    assert row.next_reason == "quarantined"
    assert "processor time" in (row.error or "")
    assert meanwhile == 0
    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_f25_same_guid_on_two_articles_alerts_both(alerting: Desk) -> None:
    """A feed that reuses a guid for another article loses neither."""
    first = item(1, "Resettlement plan") | {"guid": "x"}
    second = item(2, "Resettlement refused") | {"guid": "x"}
    alerting.publishes("gazette", first)
    alerting.later()
    alerting.publishes("gazette", second)

    alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement plan", "Resettlement refused"]


def test_f22_guids_that_change_at_each_poll_repeat_nothing(alerting: Desk) -> None:
    """New guids and tracking parameters at every poll do not make known items new."""
    for turn in range(5):
        moved = {"guid": f"g{turn}", "link": f"https://gazette.example/a/1?utm_source=s{turn}"}
        alerting.publishes("gazette", item(1, "Resettlement plan") | moved)
        alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_f24_readded_feed_keeps_its_items(alerting: Desk) -> None:
    """A feed that leaves the configuration and comes back knows its items and alerts on none of them again."""
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()
    alerting.has([], channels=("desk",))
    alerting.has(["gazette"], channels=("desk",))

    alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_f27_hostile_characters_are_stored_on_both_databases(alerting: Desk) -> None:
    """NUL and lone surrogates in a page do not stop the article."""
    alerting.web.answers["https://gazette.example/a/1"] = (
        page("P", BODY + " a\x00b resettlement").encode() + b"&#xD800;"
    )
    alerting.publishes("gazette", item(1, "Resettlement plan"))

    alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_f42_rule_change_never_alerts_for_what_was_decided(alerting: Desk) -> None:
    """A rule added today does not fire on yesterday's articles; it judges what comes next."""
    alerting.publishes("gazette", item(1, "Ceasefire monitors arrive"))
    alerting.later()
    alerting.packs["packs/new.yaml"] = "format: 1\npack: new\nrules:\n  - {id: a, any: [ceasefire]}\n"
    alerting.set_up(alerting.context.setup.live)
    alerting.later()
    alerting.publishes("gazette", item(2, "Ceasefire monitors leave"), item(1, "Ceasefire monitors arrive"))

    alerting.later()

    assert alerting.senders["desk"].titles == ["Ceasefire monitors leave"]


def test_broken_pack_keeps_its_last_good_version(alerting: Desk) -> None:
    """A pack that no longer loads goes on judging as it last did, also after a restart."""
    alerting.packs["packs/move.yaml"] = "format: 1\npack: move\nrules: [\n"
    alerting.set_up(alerting.context.setup.live)
    alerting.restart()
    alerting.publishes("gazette", item(1, "Resettlement plan"))

    alerting.later()

    assert alerting.senders["desk"].titles == ["Resettlement plan"]
    assert "move" in alerting.context.setup.live.stale


def test_poll_and_process_can_run_again_anywhere(alerting: Desk) -> None:
    """Processing an entry twice stores one revision and tells once."""
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    alerting.later()

    asyncio.run(jobs.process_entry(alerting.context, 1))

    assert alerting.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(revisions)).scalar()) == 1
    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_entries_wait_for_workers_that_cannot_start(alerting: Desk) -> None:
    """When the machine cannot start a worker nothing is set aside: feed and entry are taken up again, and alert."""
    alerting.workers.fail["read_entry"] = errors.WorkerUnavailable("cannot start a worker process: out of memory")
    alerting.publishes("gazette", item(1, "Resettlement plan"))
    for _ in range(5):
        alerting.later(minutes=1)
    alerting.workers.fail.clear()

    alerting.later(minutes=20)

    assert alerting.senders["desk"].titles == ["Resettlement plan"]


def test_changed_headline_of_a_partial_article_still_gets_its_page(alerting: Desk) -> None:
    """A revision from the feed alone does not cancel the next try for the page."""
    alerting.publishes("gazette", item(1, "Plan unveiled", "Lawmakers debate."))
    alerting.later()
    alerting.publishes("gazette", item(1, "Plan unveiled at last", "Lawmakers debate."))
    alerting.later(minutes=2)
    alerting.poll("gazette")
    alerting.later(seconds=1)
    alerting.web.answers["https://gazette.example/a/1"] = page("Plan unveiled", BODY, "The resettlement of families.")

    alerting.later(minutes=10)

    assert alerting.senders["desk"].titles == ["Plan unveiled at last"]


def test_one_pass_polls_each_feed_once(desk: Desk) -> None:
    """A feed that is due again within the pass is left for the next one."""
    desk.has(["gazette"]).publishes("gazette")
    desk.write(lambda c: c.execute(feeds.update().values(every=0.5)))

    summary = desk.run()

    assert summary.polled == 1


def test_entries_of_all_feeds_take_turns(desk: Desk) -> None:
    """A feed that brings many entries does not keep those of others waiting until it is done."""
    desk.has(["flood", "gazette"])
    desk.publishes("flood", item(0, "Quiet day", site="flood"))
    desk.publishes("gazette", item(0, "Quiet day"))
    desk.run()
    desk.publishes("flood", *(item(n, f"Flood {n}", site="flood") for n in range(1, 60)))
    desk.clock.advance(minutes=20)
    desk.poll("flood")
    desk.clock.advance(minutes=1)
    desk.publishes("gazette", *(item(n, f"Story {n}") for n in range(1, 4)))
    desk.poll("gazette")

    first = desk.read(lambda connection: store_entries.list_pending(connection, desk.clock.now(), 6))

    found = [desk.read(lambda connection, this=this: store_entries.load(connection, this)) for this in first]
    assert [entry.feed_slug for entry in found] == ["flood", "gazette"] * 3


def test_f32_a_host_that_does_not_answer_is_asked_for_few_pages(alerting: Desk) -> None:
    """After one page that did not come in time, the next articles of that host go by their feed's text at once."""
    slow = errors.FetchError("timeout", "did not answer")
    urls = [f"https://gazette.example/a/{n}" for n in range(20, 40)]
    alerting.web.answers.update(dict.fromkeys(urls, slow))
    alerting.publishes("gazette", *(item(n, f"Resettlement {n}", f"Words {n}") for n in range(20, 40)))

    alerting.later()

    asked = [url for url in alerting.web.asked if url in urls]
    assert len(alerting.senders["desk"].titles) >= 20
    assert len(asked) < len(urls)


def test_one_pass_waits_for_what_it_put_off(alerting: Desk) -> None:
    """`run --once` leaves neither a feed nor an article behind that had to let others go first."""
    alerting.publishes("gazette", item(1, "Resettlement plan"), item(2, "Resettlement office"))
    alerting.workers.queue, alerting.web.crowds = 3, 3

    summary = alerting.later()

    assert summary.polled == 1
    assert summary.processed == 2
    told = {notice.items[0].title for notice in alerting.senders["desk"].notices}
    assert told == {"Resettlement plan", "Resettlement office"}
