"""Updates as their recipients get them: under which message, of what, and with what was folded, from the real jobs."""

from __future__ import annotations

from dataclasses import replace

import sqlalchemy as sa

from monitor import hours, model
from monitor.delivery import plain_text
from monitor.model import SendOutcome, SendResult
from monitor.store.schema import alerts, attempts, message_alerts, messages, stories, story_changes
from tests.support.desk import PACK, SECOND, Desk, item, page

REFUSED = SendResult(SendOutcome.REFUSED, 404, "no_service")
PLAN, NUMBER = "Resettlement plan unveiled", "Resettlement plan for 300,000 people unveiled"
WITNESSES = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))


def told(desk: Desk, channel: str = "desk") -> list[model.Notice]:
    """Return what a channel was given."""
    return desk.senders[channel].notices


def development(notice: model.Notice) -> model.Development:
    """Return what a message about one article and one pack says of its story."""
    return notice.items[0].tellings[0].development


def first_report(desk: Desk, **settings: object) -> Desk:
    """Let one report be told."""
    desk.has(["gazette"], **settings)  # type: ignore[arg-type]
    desk.publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, PLAN))
    desk.later()
    return desk


def test_update_goes_under_the_first_message_with_its_subject(desk: Desk) -> None:
    """New facts after the interval thread under the first message of this recipient."""
    first_report(desk).publishes("gazette", item(1, NUMBER))

    desk.later(hours=7)

    first, update = told(desk)
    assert first.thread is None
    assert update.thread == model.Thread(first.message_id, "[normal] Resettlement plan unveiled (Gazette)")
    assert development(update).new == ("300,000 people",)
    known = development(update).first
    assert known is not None
    assert (known.alert_id, known.here, known.report.title) == (1, True, PLAN)
    assert known.report.at == desk.read(lambda c: c.execute(sa.select(sa.func.min(messages.c.sent_at))).scalar())


def test_message_says_why_now_and_what_matched(desk: Desk) -> None:
    """A first report says that it is one, and what its rule was true by."""
    first_report(desk)

    said = plain_text.plain_lines(told(desk)[0])

    assert "Why now: first report of the story\nMatched: resettlement\n" in said


def test_higher_severity_keeps_the_thread_but_not_the_subject(desk: Desk) -> None:
    """A mail filter for [urgent] must see the escalation."""
    first_report(desk).publishes("gazette", item(1, "Resettlement ultimatum"))

    desk.later()

    first, update = told(desk)
    assert update.thread == model.Thread(first.message_id, "")
    assert development(update).severity_before == "normal"
    assert update.severity == "urgent"


def test_later_updates_go_under_the_very_first_message(desk: Desk) -> None:
    """A story is one thread, not a chain of pairs."""
    first_report(desk).publishes("gazette", item(1, NUMBER))
    desk.later(hours=7)
    desk.publishes("gazette", item(1, "Resettlement ultimatum"))

    desk.later()

    first, _, last = told(desk)
    assert last.thread is not None
    assert last.thread.message_id == first.message_id


def test_update_after_a_first_message_that_died_stands_alone(desk: Desk) -> None:
    """What was never delivered is no place to put an update; the update says what it is about."""
    desk.has(["gazette"])
    desk.senders["desk"].script = [REFUSED]
    first_report(desk).publishes("gazette", item(1, NUMBER))

    desk.later(hours=7)

    update = told(desk)[-1]
    known = development(update).first
    assert update.thread is None
    assert known is not None
    assert (known.alert_id, known.here, known.report.title) == (1, False, PLAN)


def test_update_on_another_route_stands_alone_there_and_threads_from_then_on(desk: Desk) -> None:
    """A recipient who joins later learns what was told before, and gets a thread of its own from its first message."""
    first_report(desk, channels=("desk", "night"))
    old = told(desk, "night")
    desk.write(lambda c: c.execute(message_alerts.delete().where(message_alerts.c.target_id == 2)))
    desk.publishes("gazette", item(1, NUMBER))
    desk.later(hours=7)
    desk.publishes("gazette", item(1, "Resettlement ultimatum"))

    desk.later()

    assert len(old) == 3
    _, joined, later = told(desk, "night")
    assert joined.thread is None
    known = development(joined).first
    assert known is not None
    assert (known.here, known.report.title) == (False, PLAN)
    assert later.thread is not None
    assert later.thread.message_id == joined.message_id
    assert told(desk)[-1].thread == model.Thread(told(desk)[0].message_id, "")


def test_other_pack_has_its_own_first_message(desk: Desk) -> None:
    """A story that another pack was told is news to this one: it begins its own thread, so that nobody misses it."""
    first_report(desk).publishes("gazette", item(1, "Delegation discusses it: " + PLAN))

    desk.later()

    assert [notice.thread for notice in told(desk)] == [None, None]
    assert [telling.pack for telling in told(desk)[-1].items[0].tellings] == ["talks"]


def test_update_lists_what_was_folded_since(desk: Desk) -> None:
    """Copies that were not told one by one are counted and named by newsroom, with their addresses."""
    names = ["gazette", "herald", "times"]
    desk.has(names)
    for name in names:
        desk.publishes(name)
    desk.run()
    for name in names:
        desk.web.answers[f"https://{name}.example/a/1"] = page("Plan", WITNESSES)
        desk.publishes(name, item(1, f"Witnesses, says the {name}", site=name))
        desk.later()
    desk.publishes("gazette", item(1, "Resettlement ultimatum, says the gazette"))

    desk.later()

    now = development(told(desk)[-1])
    assert len(told(desk)) == 2
    assert now.folded == 2
    assert [(report.newsroom, report.url) for report in now.folded_reports] == [
        ("Times", "https://times.example/a/1"),
        ("Herald", "https://herald.example/a/1"),
    ]
    assert now.folded_since is not None
    assert now.folded_since < desk.clock.now()


def test_unconfirmed_alert_is_marked_and_its_subject_is_not_repeated(desk: Desk) -> None:
    """What is told as unconfirmed says so, and an update about it is not put under a subject that calls it so."""
    desk.packs = {"packs/move.yaml": "corroboration: {newsrooms: 2, hold: 30m}\n" + PACK, "packs/talks.yaml": SECOND}
    first_report(desk)
    desk.later(minutes=31)
    desk.publishes("gazette", item(1, "Resettlement ultimatum"))

    desk.later(hours=1)

    first, *updates = told(desk)
    assert development(first).unconfirmed
    assert development(first).newsrooms == 1
    assert all(notice.thread and notice.thread.subject == "" for notice in updates)


def test_digest_is_no_thread_but_may_begin_one(desk: Desk) -> None:
    """An update under a story that a digest told names the digest, with a subject of its own."""
    first_report(desk)
    words = {"kind": "digest", "headline": "1 report", "body": "Told together.", "slot": "digest:x:1"}
    desk.write(lambda c: c.execute(messages.update().values(**words, revision_id=None)))
    desk.publishes("gazette", item(1, NUMBER))

    desk.later(hours=7)

    first, update = told(desk)
    assert update.thread == model.Thread(first.message_id, "")
    assert replace(first, thread=None) == first


def test_urgent_update_that_overtakes_its_first_report_says_so(desk: Desk) -> None:
    """While the first report still gathers for a digest, an update is under no message and says so."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    evening = replace(desk.config.channels["desk"], digest=hours.parse_timetable("22:00"))
    desk.config = replace(desk.config, channels={"desk": evening})
    desk.set_up(desk.context.setup.live if desk.context else None)
    desk.publishes("gazette", item(1, PLAN))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement ultimatum"))

    desk.later()

    update = told(desk)[-1]
    known = development(update).first
    assert update.thread is None
    assert known is not None
    assert not known.here


def test_update_in_a_digest_that_began_before_the_first_report_names_it(desk: Desk) -> None:
    """A digest gathers from the morning on: what was told at noon is known to its reader in the evening."""
    first_report(desk)
    desk.publishes("gazette", item(1, NUMBER))
    desk.later(hours=7)
    moved = {"kind": "digest", "headline": "1 report", "body": "Told.", "slot": "digest:x:1", "revision_id": None}
    again = {"state": "queued", "due_at": desk.clock.now(), "sent_at": None}

    def begin_earlier(connection: sa.Connection) -> None:
        connection.execute(messages.update().where(messages.c.id == 2).values(**moved, **again))
        for old, new in ((1, 3), (2, 1), (3, 2)):  # the digest was the first to be made
            connection.execute(attempts.delete())
            carried = message_alerts.select().where(message_alerts.c.message_id == old)
            rows = [dict(row) for row in connection.execute(carried).mappings()]
            connection.execute(message_alerts.delete().where(message_alerts.c.message_id == old))
            connection.execute(messages.update().where(messages.c.id == old).values(id=new))
            connection.execute(message_alerts.insert(), [{**row, "message_id": new} for row in rows])

    desk.write(begin_earlier)

    desk.later(minutes=1)

    digest = told(desk)[-1]
    known = development(digest).first
    assert digest.kind == "digest"
    assert digest.thread is None
    assert known is not None
    assert known.here


def test_update_of_stories_that_became_one_names_what_was_told_of_either(desk: Desk) -> None:
    """What was told of a story before it was merged into another is what the update carries on."""
    first_report(desk)

    def merge(connection: sa.Connection) -> None:
        connection.execute(stories.insert().values(id=50, created_at=desk.clock.now(), articles=0, merged_into=1))
        change = {"kind": "merge", "story_id": 50, "other_id": 1, "article_id": 1, "decided_seq": 1}
        connection.execute(story_changes.insert().values(**change, at=desk.clock.now()))
        connection.execute(alerts.update().values(story_id=50))

    desk.write(merge)
    desk.publishes("gazette", item(1, NUMBER))

    desk.later(hours=7)

    first, update = told(desk)
    known = development(update).first
    assert known is not None
    assert (known.alert_id, known.here) == (1, True)
    assert update.thread is not None
    assert update.thread.message_id == first.message_id
