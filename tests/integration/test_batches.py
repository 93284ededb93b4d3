"""Mass novelty and catching up: what is told together, in how many messages, and that none of it is lost."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import jobs
from monitor.config import ChannelSettings
from monitor.store import batches as store_batches
from monitor.store import database, feeds, schema
from monitor.store.schema import alerts, batches, decisions, entries, messages
from tests.support.desk import START, Desk, item, page

WITH_AGE = """\
format: 1
pack: move
title: Gaza move
defaults: {max_age: 6h}
rules:
  - {id: core, any: [resettlement], severity: normal}
  - {id: loud, all: [resettlement, ultimatum], severity: urgent}
"""


def dated(made: dict[str, str], published: datetime) -> dict[str, str]:
    """Return the item with a date."""
    return made | {"pubDate": format_datetime(published)}


def old(n: int, title: str, site: str = "gazette", days: int = 30) -> dict[str, str]:
    """Return an item from before START, under a guid and an address of its own."""
    return dated(item(n, title, site=site), START - timedelta(days=days, minutes=n))


def rebuilt(count: int, *matching: str) -> list[dict[str, str]]:
    """Return `count` old items that a rebuilt feed lists: the first ones match."""
    titles = [*matching, *(f"Quiet day number {n} in the harbour" for n in range(count - len(matching)))]
    return [old(100 + n, title) for n, title in enumerate(titles)]


def states(desk: Desk) -> list[tuple[str, str]]:
    """Return kind and state of every message, in order."""
    return [tuple(row) for row in rows(desk, messages.c.kind, messages.c.state)]


def rows(desk: Desk, *columns: sa.Column[Any]) -> list[Any]:
    """Return rows in the order of their ids."""
    query = sa.select(*columns).order_by(columns[0].table.c.id)
    return list(desk.read(lambda c: c.execute(query).all()))


def begin(desk: Desk, *channels: str) -> None:
    """Declare the gazette and poll it once, so that it has a baseline."""
    desk.has(["gazette"], channels or ("desk",)).publishes("gazette", old(1, "Resettlement of the old days"))
    desk.run()


def test_f23_rebuilt_feed_is_one_digest(desk: Desk) -> None:
    """Forty unknown items with old dates and no known name: one message per recipient that lists what matches."""
    begin(desk, "desk", "mail")
    desk.publishes("gazette", *rebuilt(40, "Resettlement plan", "Resettlement office", "Delegation lands"))

    desk.later()

    for channel in ("desk", "mail"):
        (notice,) = desk.senders[channel].notices
        assert notice.kind == "digest"
        assert {told.title for told in notice.items} == {"Resettlement plan", "Resettlement office", "Delegation lands"}
        assert notice.headline == "Gazette was rebuilt: 3 reports among 40 items that look new"
        assert "40 items that look new; 3 match" in notice.body
    assert [tuple(row) for row in rows(desk, alerts.c.outcome, alerts.c.reason)] == [("alert", "first_report")] * 3
    assert states(desk) == [("digest", "sent"), ("digest", "sent")]
    assert rows(desk, batches.c.closed_at)[0].closed_at is not None


def test_f23_reset_of_500_repeats_nothing_and_is_one_digest(desk: Desk) -> None:
    """A reset lists 500 items under new guids and dates, thirty of them known: no repeat, and one digest."""
    first = [old(n, f"Resettlement report number {n} from the northern district") for n in range(30)]
    desk.has(["gazette"]).publishes("gazette", *first[1:])
    desk.run()
    desk.publishes("gazette", *first)
    desk.later()
    told = list(desk.senders["desk"].titles)
    known = [made | {"guid": f"new-{n}", "pubDate": format_datetime(START)} for n, made in enumerate(first)]
    fresh = [old(1000 + n, f"Resettlement note {n}", days=2) for n in range(470)]
    desk.publishes("gazette", *known, *fresh)

    desk.later()
    desk.later()

    assert told == [first[0]["title"]]
    digest, *singles = desk.senders["desk"].notices[1:]
    assert (singles, digest.kind, len(digest.items)) == ([], "digest", 470)
    assert {told.title for told in digest.items}.isdisjoint(made["title"] for made in first)


def test_urgent_alert_of_a_rebuilt_feed_passes_singly(desk: Desk) -> None:
    """What is urgent does not wait in the digest."""
    begin(desk)
    desk.publishes("gazette", *rebuilt(25, "Resettlement ultimatum", "Resettlement plan"))

    desk.later()

    assert [(n.kind, n.severity, [i.title for i in n.items]) for n in desk.senders["desk"].notices] == [
        ("alert", "urgent", ["Resettlement ultimatum"]),
        ("digest", "normal", ["Resettlement plan"]),
    ]


def test_told_story_stays_suppressed_in_a_rebuilt_feed(desk: Desk) -> None:
    """What another feed told already is no part of the digest, and a batch without alerts sends nothing."""
    desk.has(["gazette", "herald"])
    desk.publishes("herald")
    desk.publishes("gazette", old(1, "Quiet"))
    desk.run()
    plan = old(100, "Resettlement plan")
    desk.publishes("herald", plan)
    desk.later()
    desk.publishes("gazette", plan, *rebuilt(30)[1:])

    desk.later()

    assert desk.senders["desk"].titles == ["Resettlement plan"]
    assert [kind for kind, _ in states(desk)] == ["alert"]


@pytest.mark.parametrize("count", [19, 20])
def test_twenty_is_the_border_of_a_digest(desk: Desk, count: int) -> None:
    """Nineteen old items are told one by one, twenty together."""
    begin(desk)
    desk.publishes("gazette", *rebuilt(count, "Resettlement plan", "Resettlement office"))

    desk.later()

    kinds = [notice.kind for notice in desk.senders["desk"].notices]
    assert kinds == (["digest"] if count == 20 else ["alert", "alert"])


def test_digest_waits_for_the_entries_of_its_batch_and_holds_nothing_up(desk: Desk) -> None:
    """While an entry is pending the digest gathers and other alerts go; after 15 minutes it goes as it is."""
    begin(desk)
    desk.publishes("gazette", *rebuilt(20, "Resettlement plan", "Resettlement office"))
    desk.clock.advance(minutes=20)
    desk.poll("gazette")
    process(desk, first_pending(desk))
    desk.publishes("gazette", dated(item(7, "Resettlement vote today"), desk.clock.now()), *rebuilt(20)[2:])
    desk.poll("gazette")

    process(desk, last_pending(desk))
    deliver(desk)
    before = list(desk.senders["desk"].titles)
    gathering = states(desk)
    desk.clock.advance(minutes=15)
    sweep(desk)
    deliver(desk)

    assert before == ["Resettlement vote today"]
    assert gathering == [("digest", "gathering"), ("alert", "sent")]
    assert desk.senders["desk"].titles == ["Resettlement vote today", "Resettlement plan"]


def test_what_comes_after_the_claim_opens_another_digest(desk: Desk) -> None:
    """Members are frozen at the first claim; later alerts of the batch go into a message of their own."""
    begin(desk)
    desk.publishes("gazette", *rebuilt(20, "Resettlement plan", "Resettlement office"))
    desk.clock.advance(minutes=20)
    desk.poll("gazette")
    process(desk, first_pending(desk))
    desk.clock.advance(minutes=15)
    sweep(desk)
    deliver(desk)

    desk.run()

    first, second = desk.senders["desk"].notices
    assert [item.title for item in first.items] == ["Resettlement plan"]
    assert [item.title for item in second.items] == ["Resettlement office"]
    assert second.headline == "Gazette was rebuilt: 1 more report among 20 items that look new"
    assert [row.slot for row in rows(desk, messages.c.slot)] == ["batch:1", "batch:1#2"]


def test_page_read_later_gathers_again(desk: Desk) -> None:
    """A page that comes at a later try and fires a pack goes into a digest of the batch, not into a flood of alerts."""
    begin(desk)
    desk.publishes("gazette", *rebuilt(20, "Harbour plan"))
    desk.later()
    desk.web.answers["https://gazette.example/a/100"] = page(
        "Harbour plan", "The delegation spoke of the harbour. " * 30
    )

    desk.later(minutes=6)
    waiting = states(desk)
    desk.later(minutes=16)

    assert waiting == [("digest", "gathering")]
    assert [(n.kind, [i.title for i in n.items]) for n in desk.senders["desk"].notices] == [
        ("digest", ["Harbour plan"])
    ]


def test_summary_of_a_pass_counts_what_gathers(desk: Desk) -> None:
    """A pass that ends with a digest still gathering says that it waits, and until when."""
    begin(desk)
    desk.publishes("gazette", *rebuilt(20, "Resettlement plan"))
    desk.workers.fail["read_entry"] = RuntimeError("no")
    desk.clock.advance(minutes=20)
    desk.poll("gazette")
    desk.workers.fail.clear()
    process(desk, first_pending(desk))
    desk.write(lambda c: c.execute(entries.update().values(due_at=desk.clock.now() + timedelta(hours=1))))

    summary = desk.run()

    assert (summary.waiting, summary.sent) == (1, 0)
    assert summary.next_try == (desk.clock.now() + timedelta(minutes=15)).isoformat()


STAGES = ["poll.before_commit", "poll.committed", "process.before_commit", "process.committed", "send.claimed"]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("times", [1, 3])
def test_f01_killed_digest_loses_and_repeats_nothing(desk: Desk, stage: str, times: int) -> None:
    """Killed at any stage of a rebuilt feed, any number of times: each alert is told once, in digests."""
    begin(desk)
    titles = [f"Resettlement note {n}" for n in range(5)]
    desk.publishes("gazette", *rebuilt(30, *titles))
    desk.clock.advance(minutes=20)

    for _ in range(times):
        killed_at(desk, stage)
        desk.restart()
    desk.run()
    desk.later(minutes=16)

    notices = desk.senders["desk"].notices
    assert {notice.kind for notice in notices} == {"digest"}
    assert sorted(desk.senders["desk"].titles) == titles
    assert {state for _, state in states(desk)} == {"sent"}


# -- catching up ---------------------------------------------------------------------------------


def test_what_is_too_old_only_because_we_were_away_is_one_digest_across_feeds(desk: Desk) -> None:
    """After a night without polls the fresh report alerts, and the two that are past max_age share one digest."""
    desk.packs["packs/move.yaml"] = WITH_AGE
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    desk.publishes(
        "gazette",
        dated(item(2, "Resettlement vote"), START + timedelta(hours=11)),
        dated(item(1, "Resettlement plan"), START + timedelta(hours=1)),
    )
    desk.publishes("herald", dated(item(3, "Resettlement office", site="herald"), START + timedelta(hours=2)))

    desk.later(hours=12)

    singles = [n for n in desk.senders["desk"].notices if n.kind == "alert"]
    (digest,) = [n for n in desk.senders["desk"].notices if n.kind == "digest"]
    assert [item.title for n in singles for item in n.items] == ["Resettlement vote"]
    assert {item.title for item in digest.items} == {"Resettlement plan", "Resettlement office"}
    assert digest.headline == "Catch-up: 2 reports from while the monitor was away"
    assert [row.kind for row in rows(desk, batches.c.kind)] == ["catch_up"]
    told = desk.read(lambda c: c.execute(sa.select(decisions.c.reason, decisions.c.detail, decisions.c.alert_id)).all())
    assert sum(bool(row.detail and row.detail.get("missed")) and row.reason == "first_report" for row in told) == 2


def test_what_was_too_old_anyway_stays_suppressed_after_an_absence(desk: Desk) -> None:
    """An article from before the last poll is too old with or without us."""
    desk.packs["packs/move.yaml"] = WITH_AGE
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", dated(item(1, "Resettlement plan"), START - timedelta(hours=1)))

    desk.later(hours=12)

    assert desk.senders["desk"].notices == []
    assert [row.reason for row in rows_of_pack(desk)] == ["too_old"]


def test_late_article_of_a_feed_that_was_polled_is_too_old(desk: Desk) -> None:
    """A feed that lists an article seven hours late, while we polled it all the time, is nothing to catch up."""
    desk.packs["packs/move.yaml"] = WITH_AGE
    desk.has(["gazette"]).publishes("gazette")
    for _ in range(24):
        desk.later()
    desk.publishes("gazette", dated(item(1, "Resettlement plan"), START + timedelta(minutes=30)))

    desk.later()

    assert desk.senders["desk"].notices == []
    assert [row.reason for row in rows_of_pack(desk)] == ["too_old"]


def test_next_absence_has_a_digest_of_its_own(desk: Desk) -> None:
    """One batch is open at a time; after it closed, another absence begins another."""
    desk.packs["packs/move.yaml"] = WITH_AGE
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    for day in range(2):
        published = desk.clock.now() + timedelta(hours=1)
        desk.publishes("gazette", dated(item(day, f"Resettlement plan {day}"), published))
        desk.later(hours=12)

    assert [[i.title for i in n.items] for n in desk.senders["desk"].notices] == [
        ["Resettlement plan 0"],
        ["Resettlement plan 1"],
    ]
    assert len(rows(desk, batches.c.id)) == 2


def test_digest_to_a_removed_channel_is_not_lost_from_sight(desk: Desk) -> None:
    """A digest that gathers for a channel which is removed is queued all the same, and its end is recorded."""
    begin(desk, "desk")
    desk.publishes("gazette", *rebuilt(20, "Resettlement plan"))
    desk.clock.advance(minutes=20)
    desk.poll("gazette")
    process(desk, first_pending(desk))
    desk.senders["other"] = desk.senders["desk"]
    settings = {"other": ChannelSettings("other", desk.config.channels["desk"].url, None)}
    desk.config = replace(desk.config, channels=settings, default_route=("other",))
    desk.set_up()

    desk.later(minutes=16)
    sweep(desk)
    desk.clock.advance(hours=25)
    sweep(desk)

    assert states(desk)[0] == ("digest", "dead")


# -- steps ---------------------------------------------------------------------------------------


def rows_of_pack(desk: Desk) -> list[Any]:
    """Return the decisions that name a pack."""
    query = sa.select(decisions.c.reason).where(decisions.c.pack != "*").order_by(decisions.c.decided_seq)
    return list(desk.read(lambda c: c.execute(query).all()))


def first_pending(desk: Desk) -> int:
    """Return the id of the first pending entry."""
    return int(desk.read(lambda c: c.execute(sa.select(sa.func.min(entries.c.id)).where(PENDING)).scalar()))


def last_pending(desk: Desk) -> int:
    """Return the id of the last pending entry."""
    return int(desk.read(lambda c: c.execute(sa.select(sa.func.max(entries.c.id)).where(PENDING)).scalar()))


PENDING = entries.c.state == "pending"


def process(desk: Desk, entry_id: int) -> None:
    """Process one entry."""
    assert desk.context is not None
    asyncio.run(jobs.process_entry(desk.context, entry_id))


def deliver(desk: Desk) -> None:
    """Send what is due to every target."""
    assert desk.context is not None
    for target in desk.context.setup.outlets:
        asyncio.run(jobs.deliver(desk.context, target))


def sweep(desk: Desk) -> None:
    """Sweep once."""
    assert desk.context is not None
    asyncio.run(jobs.sweep(desk.context))


class Killed(Exception):
    """The process ends here."""


def killed_at(desk: Desk, stage: str) -> None:
    """Run a pass step by step until `stage` is reached, and drop everything there."""
    assert desk.context is not None

    def reached(name: str) -> None:
        if name == stage:
            raise Killed

    desk.context.reached = reached
    with contextlib.suppress(Killed):
        desk.poll("gazette")
        while desk.read(lambda c: c.execute(sa.select(entries.c.id).where(PENDING)).first()):
            process(desk, first_pending(desk))
        deliver(desk)
    desk.context.reached = lambda _name: None


def _feed(connection: sa.Connection) -> int:
    """Return the id of a feed."""
    feeds.declare(connection, [feeds.Declared("a", "https://a.test/feed", "A", "A", 600.0, 0)], START)
    return int(connection.execute(sa.select(sa.func.min(schema.feeds.c.id))).scalar_one())


def test_batches_are_forgotten_after_400_days(database_url: str) -> None:
    """What was closed over 400 days ago goes when the next batch opens; the open one and the last year's stay."""
    engine = database.open_engine(database_url)
    closed = {"old": 500, "late": 399, "open": None}
    made = {}

    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        for name, days in closed.items():
            made[name] = store_batches.open_rebuilt(connection, _feed(connection), START - timedelta(days=501))
            when = START - timedelta(days=days) if days else None
            connection.execute(batches.update().where(batches.c.id == made[name]).values(closed_at=when))
        newest = store_batches.open_catch_up(connection, START)
        left = set(connection.execute(sa.select(batches.c.id)).scalars())
    engine.dispose()

    assert left == {made["open"], made["late"], newest}


def test_a_batch_never_gets_the_number_of_a_forgotten_one(database_url: str) -> None:
    """Its digests would be taken for those of the other."""
    engine = database.open_engine(database_url)

    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        first = store_batches.open_catch_up(connection, START - timedelta(days=500))
        connection.execute(batches.update().values(closed_at=START - timedelta(days=499)))
        second = store_batches.open_catch_up(connection, START)
        left = list(connection.execute(sa.select(batches.c.id)).scalars())
    engine.dispose()

    assert second > first
    assert left == [second]
