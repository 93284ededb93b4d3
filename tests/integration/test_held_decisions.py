"""First alerts that wait for a second newsroom, and new facts that wait for their time: through the real jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor.jobs import voices
from monitor.store import held
from monitor.store.schema import alerts, articles, decisions, holds, message_alerts, stories, story_changes
from tests.support import invariants
from tests.support.desk import PACK, SECOND, START, Desk, item, page

WAIT = "corroboration: {newsrooms: 2, hold: 90m}\n"
STRICT = "corroboration: {newsrooms: 2, hold: 90m, else: suppress}\n"
WITNESSES = " ".join(f"The committee heard witness number {n} on the resettlement of families." for n in range(12))


@pytest.fixture(autouse=True)
def promises(desk: Desk) -> Iterator[None]:
    """Whatever a desk here goes through, its database keeps its promises to the end."""
    yield
    desk.read(invariants.check)


def decided(desk: Desk, pack: str = "move") -> list[tuple[str, str]]:
    """Return (outcome, reason) of every decision for a pack, in order."""
    query = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.pack == pack)
    ordered = query.order_by(decisions.c.decided_seq, decisions.c.revision_id, decisions.c.n)
    return [tuple(row) for row in desk.read(lambda c: c.execute(ordered).all())]


def is_held(desk: Desk) -> int:
    """Return how many decisions are held."""
    return int(desk.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(holds)).scalar()))


def waiting(desk: Desk, terms: str = WAIT) -> Desk:
    """Let the pack ask for a second newsroom; two newsrooms are past their baseline."""
    desk.packs = {"packs/move.yaml": terms + PACK, "packs/talks.yaml": SECOND}
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    return desk


def test_report_of_one_newsroom_is_told_unconfirmed_when_its_time_is_over(desk: Desk) -> None:
    """Held for an hour and a half, then told once, marked, about the article that was held."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    before = list(desk.senders["desk"].titles)
    desk.later(minutes=89)
    still = list(desk.senders["desk"].titles)

    desk.later(minutes=2)
    desk.later(hours=2)

    assert before == still == []
    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]
    assert decided(desk) == [("held", "awaiting_corroboration"), ("alert", "unconfirmed")]
    (detail,) = desk.read(lambda c: c.execute(sa.select(alerts.c.detail)).scalars().all())
    assert detail["unconfirmed"] is True
    assert is_held(desk) == 0


def test_strict_pack_says_nothing_of_what_nobody_else_reports(desk: Desk) -> None:
    """`else: suppress`: recorded with its reason, never sent."""
    waiting(desk, STRICT).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()

    desk.later(minutes=91)

    assert desk.senders["desk"].titles == []
    assert decided(desk) == [("held", "awaiting_corroboration"), ("suppressed", "uncorroborated")]


def test_copy_of_what_is_held_neither_confirms_nor_repeats_it(desk: Desk) -> None:
    """A second newsroom that carries the same text is one voice with the first: the story stays held, and one."""
    waiting(desk)
    for name in ("gazette", "herald"):
        desk.web.answers[f"https://{name}.example/a/1"] = page("Plan", WITNESSES)
        desk.publishes(name, item(1, f"Witnesses, says the {name}", site=name))
        desk.later()

    desk.later(minutes=91)

    assert desk.senders["desk"].titles == ["Witnesses, says the gazette"]
    assert decided(desk) == [
        ("held", "awaiting_corroboration"),
        ("suppressed", "same_text"),
        ("alert", "unconfirmed"),
    ]


def test_other_packs_are_not_held_up(desk: Desk) -> None:
    """The pack beside it that asks for nothing is told at once, the held one later in a message of its own."""
    waiting(desk).publishes("gazette", item(1, "Delegation discusses resettlement"))
    desk.later()
    at_once = [[telling.pack for telling in notice.items[0].tellings] for notice in desk.senders["desk"].notices]

    desk.later(minutes=91)

    told = [[telling.pack for telling in notice.items[0].tellings] for notice in desk.senders["desk"].notices]
    assert at_once == [["talks"]]
    assert told == [["talks"], ["move"]]


def test_changed_headline_of_what_is_held_is_told_once(desk: Desk) -> None:
    """A revision that is more severe is told in the place of the first, when the first's time is over."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement plan unveiled to lawmakers"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement ultimatum to Cairo"))
    desk.later()

    desk.later(minutes=51)

    assert desk.senders["desk"].titles == ["Resettlement ultimatum to Cairo"]
    told = sa.select(alerts.c.severity, alerts.c.reason)
    assert desk.read(lambda c: c.execute(told).all()) == [("urgent", "unconfirmed")]
    assert sorted(decided(desk)) == [
        ("alert", "unconfirmed"),
        ("held", "awaiting_corroboration"),
        ("held", "awaiting_corroboration"),
        ("suppressed", "same_article"),
        ("suppressed", "same_story"),
    ]


def test_f01_restart_in_the_middle_of_a_hold_tells_it_once(desk: Desk) -> None:
    """What is held stands in the database: a new process tells it at its time, and not again after the next start."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    desk.restart().later(minutes=91)

    desk.restart().later(hours=1)

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]
    assert decided(desk)[-1] == ("alert", "unconfirmed")


def test_f12_clock_that_is_set_back_does_not_hold_for_a_month(desk: Desk) -> None:
    """Held while the clock was a month ahead: once it is right again, the hold lasts as long as it was to last."""
    waiting(desk)
    desk.clock.set_by(timedelta(days=30))
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    desk.clock.set_by(timedelta(days=-30))
    desk.later(minutes=1)
    early = list(desk.senders["desk"].titles)

    desk.later(minutes=91)

    assert early == []
    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]


def test_f12_clock_that_is_set_ahead_ends_a_hold_once(desk: Desk) -> None:
    """A jump of a month ends the hold early and tells it once; the way back tells nothing again."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    desk.clock.set_by(timedelta(days=30))
    desk.later(minutes=1)
    desk.clock.set_by(timedelta(days=-30))

    desk.later(hours=1)

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]


def change_rules(desk: Desk, move: str) -> None:
    """Save other rules, as a person would while the monitor runs."""
    assert desk.context is not None
    desk.packs = {"packs/move.yaml": move, "packs/talks.yaml": SECOND}
    desk.set_up(desk.context.setup.live)


def test_rule_that_no_longer_asks_for_corroboration_tells_what_is_held(desk: Desk) -> None:
    """Saved while the story is held: it is told at the next sweep."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    change_rules(desk, PACK)

    desk.later(minutes=1)

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]
    assert decided(desk) == [("held", "awaiting_corroboration"), ("alert", "first_report")]


@pytest.mark.parametrize(
    "after",
    [
        WAIT + PACK.replace("title: Gaza move", "title: Another title"),
        WAIT + PACK.replace("any: [resettlement]", "any: [something else]"),
        WAIT + PACK.replace("id: core", "id: renamed"),
        "defaults: {status: test}\n" + WAIT + PACK,
    ],
    ids=["title", "other words", "renamed", "on trial"],
)
def test_what_matched_under_one_rule_set_is_told_under_it(desk: Desk, after: str) -> None:
    """The rules change while the story is held: it matched under those of then, and is told under them at its time."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    change_rules(desk, after)
    desk.later()
    early = list(desk.senders["desk"].titles)

    desk.later(minutes=71)

    (notice,) = desk.senders["desk"].notices
    assert early == []
    assert [(telling.pack_title, telling.rules) for telling in notice.items[0].tellings] == [("Gaza move", ("core",))]
    assert decided(desk)[-1] == ("alert", "unconfirmed")


def test_pack_that_is_removed_while_it_holds_a_story_still_tells_it(desk: Desk) -> None:
    """Nothing is lost because a file was moved."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    assert desk.context is not None
    desk.packs = {"packs/talks.yaml": SECOND}
    desk.set_up(desk.context.setup.live)

    desk.later(minutes=91)

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]


def test_rule_on_trial_that_goes_live_finds_its_stories_untold(desk: Desk) -> None:
    """What was recorded on trial was told to nobody: the first revision after it goes live is a first report."""
    desk.packs = {"packs/move.yaml": "defaults: {status: test}\n" + PACK}
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    change_rules(desk, PACK)
    desk.publishes("gazette", item(1, "Resettlement plan unveiled to lawmakers"))

    desk.later()

    assert decided(desk) == [("suppressed", "test_status"), ("alert", "first_report")]
    assert desk.senders["desk"].titles == ["Resettlement plan unveiled to lawmakers"]


def test_new_number_is_told_when_the_interval_is_over(desk: Desk) -> None:
    """A revision adds a number within six hours: held, and told with it when they are over."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement plan for 300,000 people unveiled"))
    desk.later()
    desk.publishes("gazette", item(1, "Resettlement plan for 300,000 people in 12,000 tents unveiled"))
    desk.later()
    before = list(desk.senders["desk"].titles)

    desk.later(hours=6)

    assert before == ["Resettlement plan unveiled"]
    assert decided(desk) == [
        ("alert", "first_report"),
        ("held", "awaiting_interval"),
        ("suppressed", "same_article"),
        ("update", "new_facts"),
    ]
    detail = desk.read(lambda c: c.execute(sa.select(alerts.c.detail).order_by(alerts.c.id)).scalars().all())[-1]
    assert detail["new"] == {"numbers": ["300,000 people", "12,000 tents"]}


def test_same_facts_in_other_words_are_no_update(desk: Desk) -> None:
    """The number that was told is told, however it is written, a week later as well."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement plan for 300,000 people unveiled"))
    desk.later()
    desk.publishes("gazette", item(1, "Unveiled: a resettlement plan for 300 thousand persons"))

    desk.later(days=1)

    assert decided(desk) == [("alert", "first_report"), ("suppressed", "same_article")]


def merge(desk: Desk, younger: int, older: int) -> None:
    """Make two stories one, as the deciding step does when an article shows that they are."""

    def change(connection: Any) -> None:
        row = {"kind": "merge", "story_id": younger, "other_id": older, "article_id": 1, "decided_seq": 1}
        connection.execute(story_changes.insert(), {**row, "at": desk.clock.now()})
        moving = articles.update().where(articles.c.story_id == younger).values(story_id=older)
        moved = connection.execute(moving).rowcount
        connection.execute(stories.update().where(stories.c.id == older).values(articles=stories.c.articles + moved))
        connection.execute(stories.update().where(stories.c.id == younger).values(merged_into=older, articles=0))
        voices.recount(connection, older)

    desk.write(change)


def two_stories(desk: Desk) -> None:
    """Let two newsrooms tell of what turns out to be one event."""
    desk.publishes("gazette", item(1, "Resettlement plan unveiled", "A committee met in the capital on Monday."))
    desk.later()
    desk.publishes("herald", item(1, "Envoys argue over resettlement", "Talks in Cairo broke off late.", "herald"))
    desk.later()


ALIKE = "The plan was unveiled by a committee that met in the capital on Monday."
"""What the herald writes once it tells of the same as the gazette."""


def test_merged_stories_that_were_both_told_are_told_no_third_time(desk: Desk) -> None:
    """What was told in either counts as told; nothing is taken back."""
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    two_stories(desk)
    merge(desk, 2, 1)
    desk.publishes(
        "herald", item(1, "Envoys still argue over resettlement", "Talks in Cairo broke off late.", "herald")
    )

    desk.later()

    assert decided(desk) == [("alert", "first_report"), ("alert", "first_report"), ("suppressed", "same_article")]


def test_merge_of_two_held_stories_tells_one_report_that_names_both_newsrooms(desk: Desk) -> None:
    """Each waits for a second newsroom, and is the other's: the first is told at the next article, the other folded."""
    waiting(desk)
    two_stories(desk)
    desk.publishes("herald", item(1, "Envoys argue over resettlement plan unveiled", ALIKE, "herald"))
    desk.later()
    merge(desk, 2, 1)
    desk.publishes("herald", item(1, "Envoys still argue over resettlement plan unveiled", ALIKE, "herald"))

    desk.later()

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]
    (detail,) = desk.read(lambda c: c.execute(sa.select(alerts.c.detail)).scalars().all())
    assert (detail["newsrooms"], detail["names"]) == (2, ["Gazette", "Herald"])
    assert sorted(decided(desk)) == [
        ("alert", "corroborated"),
        ("held", "awaiting_corroboration"),
        ("held", "awaiting_corroboration"),
        ("suppressed", "same_article"),
        ("suppressed", "same_article"),
        ("suppressed", "same_story"),
    ]
    assert is_held(desk) == 0


def test_merge_of_two_held_stories_is_told_once_though_nobody_reports_again(desk: Desk) -> None:
    """The sweep at the end of the first hold finds the second newsroom, too."""
    waiting(desk)
    two_stories(desk)
    desk.publishes("herald", item(1, "Envoys argue over resettlement plan unveiled", ALIKE, "herald"))
    desk.later()
    merge(desk, 2, 1)

    desk.later(minutes=91)

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]
    assert ("alert", "corroborated") in decided(desk)
    assert is_held(desk) == 0


def test_merge_of_two_held_stories_that_are_unlike_tells_both(desk: Desk) -> None:
    """A merge that was none hides neither event: each is told, with the newsrooms of the story."""
    waiting(desk)
    two_stories(desk)
    merge(desk, 2, 1)

    desk.later(minutes=91)

    assert desk.senders["desk"].titles == ["Resettlement plan unveiled", "Envoys argue over resettlement"]
    assert is_held(desk) == 0


def test_revision_that_began_before_a_merge_is_decided_in_the_story_of_now(desk: Desk) -> None:
    """The article's story was merged while its page was read: what the older story was told counts."""
    desk.has(["gazette", "herald"])
    desk.publishes("gazette")
    desk.publishes("herald")
    desk.run()
    two_stories(desk)
    desk.publishes("herald", item(1, "Resettlement ultimatum in Cairo", "Talks in Cairo broke off late.", "herald"))
    assert desk.context is not None

    def meanwhile(stage: str) -> None:
        if stage == "process.read":
            merge(desk, 2, 1)

    desk.context.reached = meanwhile

    desk.later()

    assert decided(desk)[-1] == ("update", "higher_severity")
    query = sa.select(alerts.c.story_id).order_by(alerts.c.id)
    assert desk.read(lambda c: c.execute(query).scalars().all()) == [1, 2, 1]


def test_a20_forgery_of_what_is_held_neither_confirms_nor_hides_it(desk: Desk) -> None:
    """A feed that anybody may write into copies a report before its newsroom tells it: the report is held and told."""
    waiting(desk)
    feeds = tuple(replace(feed, trusted=feed.id != "herald") for feed in desk.config.feeds)
    desk.config = replace(desk.config, feeds=feeds)
    desk.set_up()
    for name in ("herald", "gazette"):
        desk.web.answers[f"https://{name}.example/a/1"] = page("Plan", WITNESSES)
        desk.publishes(name, item(1, f"Witnesses, says the {name}", site=name))
        desk.later()

    desk.later(minutes=91)

    assert desk.senders["desk"].titles == ["Witnesses, says the gazette"]
    assert sorted(decided(desk)) == [
        ("alert", "unconfirmed"),
        ("held", "awaiting_corroboration"),
        ("held", "awaiting_corroboration"),
        ("suppressed", "same_story"),
    ]


def test_f01_alert_and_message_of_a_hold_commit_together(desk: Desk) -> None:
    """A failure between the decision and its message leaves neither: the next sweep tells it once."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()
    assert desk.context is not None

    def die(stage: str) -> None:
        if stage == "release.before_commit":
            raise RuntimeError(stage)

    desk.context.reached = die
    desk.clock.advance(minutes=91)
    with pytest.raises(RuntimeError):
        desk.run()
    kept = desk.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(message_alerts)).scalar())
    desk.restart().later(minutes=1)

    assert kept == 0
    assert desk.senders["desk"].titles == ["Resettlement plan unveiled"]


def test_hold_is_found_by_its_time_in_an_index(desk: Desk) -> None:
    """Nothing is due while nothing is over."""
    waiting(desk).publishes("gazette", item(1, "Resettlement plan unveiled"))
    desk.later()

    now = desk.clock.now()

    assert desk.read(lambda c: held.due(c, now)) == []
    assert desk.read(lambda c: held.due(c, now + timedelta(minutes=91))) == [1]
    assert now > START
