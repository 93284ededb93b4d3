"""What the monitor finds wrong with itself, from signs alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.alerts import watch
from monitor.store.watch import Polls, Reading, Recipient

NOW = datetime(2025, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WELL = Polls(10, 0, 0, NOW - MINUTE, NOW - MINUTE, 10, 0, None, None)
DESK = Recipient(1, "desk", "one", "desk", NOW - MINUTE, None, "", refused=False, waiting=0, due_at=None, notices=())
OPS = replace(DESK, target_id=2, channel="ops")


def keys(found: object) -> list[str]:
    """Return the keys of findings."""
    return [one.key for one in found]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("signs", "key"),
    [
        (WELL, None),
        (replace(WELL, sound=9, fallen=2, fallen_at=NOW - 20 * MINUTE), None),
        (replace(WELL, sound=9, fallen=3, fallen_at=NOW - MINUTE), "polls_failing"),
        (replace(WELL, active=1, sound=1, fallen=1, fallen_at=NOW - MINUTE), "polls_failing"),
        (replace(WELL, sound=0, fallen=0), None),  # all have failed for long: each was told by itself
        (replace(WELL, due_at=NOW - 9 * MINUTE), None),  # late, and others are asked meanwhile
        (replace(WELL, due_at=NOW - 3 * MINUTE, polled_at=NOW - 3 * MINUTE), "polls_stalled"),
        (replace(WELL, due_at=NOW - MINUTE, polled_at=NOW - 90 * MINUTE), None),
        (replace(WELL, active=0, paused=10), "no_feeds"),
    ],
)
def test_f45_polls_stand_still_when_none_succeeds_or_none_is_made(signs: Polls, key: str | None) -> None:
    """Failing feeds, late ones and held-back ones are no standstill as long as one is polled well."""
    found = watch.judge_polls(signs, NOW)

    assert (found.key if found else None) == key


@pytest.mark.parametrize(("minutes", "patience"), [(2, 10), (12, 4), (600, 4)])
def test_f45_patience_is_short_where_the_last_good_poll_is_long_ago(minutes: int, patience: int) -> None:
    """A first failure that comes late must not put the message beyond 15 minutes."""
    signs = replace(WELL, succeeded_at=NOW - minutes * MINUTE, fallen=3, fallen_at=NOW - MINUTE)

    found = watch.judge_polls(signs, NOW)

    assert found is not None
    assert found.patience == patience * MINUTE


def test_entries_that_wait_while_others_are_decided_are_no_standstill() -> None:
    """A backlog that is being worked off is told of nowhere."""
    behind = Reading(500, NOW - 30 * MINUTE, NOW - MINUTE)

    assert watch.judge_reading(behind, NOW) is None
    assert watch.judge_reading(replace(behind, decided_at=NOW - 3 * MINUTE), NOW) is not None


# -- channels --------------------------------------------------------------------------------------


def test_one_dead_channel_of_two_is_no_standstill() -> None:
    """It is told; the other one shows that people can be told."""
    dead = replace(DESK, failing_at=NOW - 30 * MINUTE, detail="503", waiting=3)

    assert keys(watch.judge_channels([dead, OPS], NOW)) == ["channel_failing:desk:one"]
    assert watch.cannot_be_told([dead, OPS], NOW) == {1}


@pytest.mark.parametrize(
    ("other", "standstill"),
    [
        (replace(OPS, failing_at=NOW - 13 * MINUTE), True),
        (replace(OPS, refused=True), True),
        (replace(OPS, sent_at=NOW - 40 * MINUTE), True),  # nothing has reached it since the first one failed
        (replace(OPS, sent_at=NOW - 20 * MINUTE), False),
        (replace(OPS, failing_at=NOW - MINUTE, sent_at=NOW - 2 * MINUTE), False),
    ],
)
def test_f45_no_channel_works_when_nobody_was_reached_since_the_first_failed(
    other: Recipient, standstill: bool
) -> None:
    """The heartbeat stops for it: there is no other way left to say it."""
    dead = replace(DESK, failing_at=NOW - 30 * MINUTE)

    assert ("nobody_told" in keys(watch.judge_channels([dead, other], NOW))) is standstill


def test_notices_that_wait_for_a_dead_channel_are_named() -> None:
    """What the ops channel was not told must not be lost on whoever hears of its death."""
    dead = replace(OPS, failing_at=NOW - 30 * MINUTE, waiting=2, notices=("Feed Gazette is failing",))

    found = next(iter(watch.judge_channels([dead], NOW)))

    assert "Feed Gazette is failing" in found.body


@pytest.mark.parametrize(
    ("waiting", "minutes", "grows"), [(3, 9, False), (3, 10, True), (199, 1, False), (200, 1, True), (0, None, False)]
)
def test_an_outbox_grows_by_age_or_by_number(waiting: int, minutes: int | None, grows: bool) -> None:
    """Ten minutes, or two hundred messages; a channel that fails is told as that instead."""
    slow = replace(DESK, waiting=waiting, due_at=None if minutes is None else NOW - minutes * MINUTE)

    assert keys(watch.judge_outbox([slow], NOW)) == ["outbox:desk:one"] * grows
    assert keys(watch.judge_outbox([replace(slow, failing_at=NOW)], NOW)) == []


# -- disk and clock --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("free", "total", "growth", "low"),
    [
        (2e9, 1e12, 0, False),
        (0.9e9, 1e12, 0, True),
        (40e6, 64e6, 0, False),  # a small disk: a tenth counts
        (6e6, 64e6, 0, True),
        (30e9, 1e12, 11e9, True),  # full within three days
        (30e9, 1e12, 9e9, False),
        (30e9, 1e12, 1e-6, False),
    ],
)
def test_f04_a_disk_is_nearly_full_by_what_is_left_or_by_its_pace(
    free: float, total: float, growth: float, low: bool
) -> None:
    """Told before it is full, with what happens then."""
    found = watch.judge_disk(watch.DiskSigns("/data", int(free), int(total), growth))

    assert (found is not None) is low
    assert found is None or "what is decided is sent, and nothing new until there is room" in found.body


@pytest.mark.parametrize(
    ("moved", "says"),
    [(timedelta(minutes=4), ""), (timedelta(minutes=6), "6 minutes ahead"), (-timedelta(days=3), "3 days back")],
)
def test_f12_a_clock_that_moved_is_told_with_how_far(moved: timedelta, says: str) -> None:
    """Corrections of a few minutes are nobody's concern."""
    found = watch.judge_clock(moved)

    assert (says in found.body) if found else not says


def test_every_finding_has_words_for_its_end() -> None:
    """A trouble that was told and is over is told to be over; others' notices are left alone."""
    assert watch.over("channel_failing:desk:one") == "Channel desk can be reached again"
    assert watch.over("rule_floods:move/core") == "Rule move/core no longer floods"
    assert watch.over("feed_failing:gazette") is None
