"""What happens while a story runs: another event in it, a restart, saved rules. On both databases."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from monitor.cli import story_words
from monitor.store import stories
from monitor.store.schema import alerts, articles, decisions
from monitor.stories.assign import Merge
from tests.integration.test_stories_by_likeness import FIRST, OTHER, RETOLD, begin
from tests.support.desk import PACK, SECOND, START, Desk, item

FISHERMEN = item(
    2,
    "Court in Lima hears fishermen of island",
    "Judges of the supreme court began to hear fishermen whose island is to become a harbour; the company that builds"
    " it offered each of them money for moving to the coast of Peru.",
    site="herald",
)
"""What OTHER tells of, without the word that fires the pack."""
AGAIN = item(
    3,
    "Lima: supreme court hears fishermen about resettlement",
    "Fishermen whose island is to become a harbour were heard by judges of the supreme court; each was offered money"
    " by the company for resettlement on the coast of Peru.",
    site="gazette",
)


def decided(desk: Desk, pack: str = "move") -> list[tuple[str, str]]:
    """Return (outcome, reason) of every decision for a pack, in order."""
    query = sa.select(decisions.c.outcome, decisions.c.reason).where(decisions.c.pack == pack)
    ordered = query.order_by(decisions.c.decided_seq, decisions.c.revision_id, decisions.c.n)
    return [tuple(row) for row in desk.read(lambda c: c.execute(ordered).all())]


def join_the_two(desk: Desk) -> None:
    """Make the first two stories one, as a wrong comparison might."""
    desk.write(lambda connection: stories.merge(connection, Merge(2, 1, 0.1), 2, 9, START))


@pytest.fixture
def joined(desk: Desk) -> Desk:
    """A story that the pack was told, and in it a report of another event that it was not told."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.later()
    desk.publishes("herald", FISHERMEN)
    desk.later()
    join_the_two(desk)
    return desk


def test_another_event_in_a_told_story_is_told(joined: Desk) -> None:
    """The report that joins it says nothing of what was told: an alert of its own, which says why; then it is told."""
    joined.publishes("herald", FISHERMEN, OTHER | {"guid": "herald-9", "link": "https://herald.example/a/9"})
    joined.later()
    joined.publishes("gazette", FIRST, AGAIN)
    joined.later()

    (_, told) = joined.read(lambda c: c.execute(sa.select(alerts).order_by(alerts.c.id)).all())
    in_story = joined.read(lambda c: set(c.execute(sa.select(articles.c.story_id)).scalars()))
    assert in_story == {1}
    assert decided(joined) == [("alert", "first_report"), ("alert", "other_event"), ("suppressed", "same_story")]
    assert told.detail["alert"] == 1
    assert told.detail["nearest"] == 1
    assert told.detail["fit"] < 0
    assert joined.senders["desk"].titles == [FIRST["title"], OTHER["title"]]
    row = {"pack": "move", "decision": "alert", "alert": "al-2", "reason": "other_event", "detail": told.detail}
    assert "move: alert al-2, other event (art-1 is nearest of what was told, " in story_words.decided(row, "UTC")


def test_retelling_of_either_event_is_folded(joined: Desk) -> None:
    """A copy of what was told, or its retelling, is no other event."""
    joined.publishes("herald", FISHERMEN, RETOLD, FIRST | {"guid": "h-7", "link": "https://herald.example/a/7"})

    joined.later()

    assert sorted(decided(joined)[1:]) == [("suppressed", "same_story"), ("suppressed", "same_text")]


def test_urgent_alert_mutes_no_other_event(joined: Desk) -> None:
    """A story that was told as urgent mutes routine reports of the same event, not those of another one."""
    joined.publishes("gazette", FIRST | {"title": "Ultimatum: " + FIRST["title"]})
    joined.later()
    joined.publishes("herald", FISHERMEN, OTHER | {"guid": "herald-9", "link": "https://herald.example/a/9"})
    joined.later()

    assert decided(joined) == [("alert", "first_report"), ("update", "higher_severity"), ("alert", "other_event")]


def test_f01_restart_in_the_middle_of_a_story_tells_it_no_second_time(desk: Desk) -> None:
    """What was told stands in the database, as does what others are compared with."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.later()
    desk.restart()
    desk.publishes("herald", RETOLD)

    desk.later()

    assert desk.senders["desk"].titles == [FIRST["title"]]
    assert decided(desk) == [("alert", "first_report"), ("suppressed", "same_story")]


SAVED = {
    "other words": PACK.replace("any: [resettlement]", "any: [resettlement, farmers]"),
    "renamed rule": PACK.replace("id: core", "id: renamed"),
    "other severity": PACK.replace("severity: normal", "severity: info"),
}


@pytest.mark.parametrize("saved", SAVED)
def test_rules_saved_while_a_story_runs_tell_it_no_second_time(desk: Desk, saved: str) -> None:
    """The pack was told, by whatever rule; a pack that is new is told of it by the next report."""
    begin(desk)
    desk.publishes("gazette", FIRST)
    desk.later()
    assert desk.context is not None
    fresh = SECOND.replace("pack: talks", "pack: fresh").replace("[delegation]", "[farmers]")
    desk.packs = {"packs/move.yaml": SAVED[saved], "packs/fresh.yaml": fresh}
    desk.set_up(desk.context.setup.live)
    desk.publishes("herald", RETOLD)

    desk.later()

    assert decided(desk) == [("alert", "first_report"), ("suppressed", "same_story")]
    assert decided(desk, "fresh") == [("alert", "first_report")]
    assert titles_by_pack(desk) == {"move": [FIRST["title"]], "fresh": [RETOLD["title"]]}


def titles_by_pack(desk: Desk) -> dict[str, list[str]]:
    """Return the headlines that each pack's readers were sent."""
    found: dict[str, list[str]] = {}
    items: list[Any] = [item for notice in desk.senders["desk"].notices for item in notice.items]
    for sent in items:
        for telling in sent.tellings:
            found.setdefault(telling.pack, []).append(sent.title)
    return found
