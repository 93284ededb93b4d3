"""When alerts leave, and together with what."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import hours, model
from monitor.alerts import posting
from monitor.alerts.posting import Policy, Standing

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PLAIN = Policy(ZoneInfo("Asia/Jerusalem"))
NIGHT = hours.parse_quiet("22:00-06:30")


def at(hour: int, minute: int = 0, day: int = 10) -> datetime:
    """Return a time in Jerusalem (two hours before UTC in this week)."""
    return datetime(2026, 3, day, hour, minute, tzinfo=ZoneInfo("Asia/Jerusalem")).astimezone(UTC)


def test_nothing_asked_for_leaves_at_once() -> None:
    """A channel without policy gets each alert by itself, now."""
    assert posting.post_alert(PLAIN, "info", Standing(), NOW) == posting.Post(None, NOW)


def test_digest_collects_until_its_next_time() -> None:
    """A daily digest takes what comes up to its time, by the desk's clock, and names its local date."""
    policy = replace(PLAIN, digest=hours.parse_timetable("07:00"))

    before = posting.post_alert(policy, "high", Standing(), at(6, 59))
    after = posting.post_alert(policy, "high", Standing(), at(7, 0))

    assert before == posting.Post("digest::2026-03-10", at(7))
    assert after == posting.Post("digest::2026-03-11", at(7, day=11))


def test_a_packs_own_digest_is_another_message() -> None:
    """Two packs with digests of their own do not share one."""
    policy = replace(PLAIN, digest=hours.parse_timetable("07:00"), digest_of="us_aid")

    assert posting.post_alert(policy, "high", Standing(), at(6)).slot == "digest:us_aid:2026-03-10"


def test_quiet_hours_hold_until_they_end() -> None:
    """What comes at night leaves together in the morning; a digest of the night as well."""
    policy = replace(PLAIN, quiet=NIGHT)

    late = posting.post_alert(policy, "high", Standing(), at(23))
    early = posting.post_alert(policy, "info", Standing(), at(5, day=11))
    digest = posting.post_alert(replace(policy, digest=hours.parse_timetable("05:00")), "info", Standing(), at(20))

    assert late == early == posting.Post("quiet:2026-03-11T04:30:00.000000Z", at(6, 30, day=11))
    assert digest.due == at(6, 30, day=11)


def test_urgent_passes_what_the_channel_asks_for() -> None:
    """Digest, quiet hours, budget and group do not hold an urgent alert; the throttle of its own rule does."""
    policy = Policy(PLAIN.zone, hours.parse_timetable("07:00"), "", NIGHT, group=timedelta(minutes=1), budget=1)
    standing = Standing((at(23),), 5, (at(23),))

    free = posting.post_alert(policy, "urgent", standing, at(23))
    throttled = posting.post_alert(replace(policy, most=1, per=timedelta(hours=1)), "urgent", standing, at(23, 30))

    assert free == posting.Post(None, at(23))
    assert throttled.due == at(0, day=11)


def test_throttle_defers_to_the_end_of_its_window() -> None:
    """The third alert of a pack that may tell two an hour waits until the first is an hour old; so does the fourth."""
    policy = replace(PLAIN, most=2, per=timedelta(hours=1))
    told = (NOW - timedelta(minutes=50), NOW - timedelta(minutes=20))

    third = posting.post_alert(policy, "high", Standing(of_pack=told), NOW)

    assert third == posting.Post("throttle:2026-03-10T12:10:00.000000Z", NOW + timedelta(minutes=10))
    assert posting.post_alert(policy, "high", Standing(of_pack=told[1:]), NOW).slot is None


def test_budget_sends_the_rest_of_the_day_at_its_end() -> None:
    """Beyond the day's budget what is less than high waits for midnight, or the end of the quiet hours after it."""
    policy = replace(PLAIN, budget=100)

    over = posting.post_alert(policy, "normal", Standing(today=100), NOW)
    quiet = posting.post_alert(replace(policy, quiet=NIGHT), "normal", Standing(today=100), NOW)

    assert over == posting.Post("budget:2026-03-11", at(0, day=11))
    assert quiet.due == at(6, 30, day=11)
    assert posting.post_alert(policy, "high", Standing(today=100), NOW).slot is None
    assert posting.post_alert(policy, "normal", Standing(today=99), NOW).slot is None


def test_first_message_of_a_lull_leaves_at_once_and_the_window_is_grouped() -> None:
    """A group window begins with a message; what comes within it leaves at its end, and the next window follows."""
    policy = replace(PLAIN, group=timedelta(minutes=1))
    posted: list[datetime] = []
    slots = Counter[str | None]()

    for second in (0, 5, 30, 59, 61, 100, 300):
        post = posting.post_alert(policy, "high", Standing(tuple(posted)), NOW + timedelta(seconds=second))
        slots[post.slot] += 1
        posted = sorted({*posted, post.due})

    assert list(slots.values()) == [2, 3, 2]
    assert slots[None] == 2
    assert posted == [NOW + timedelta(seconds=s) for s in (0, 60, 120, 300)]


@given(st.lists(st.integers(0, 3600), min_size=1, max_size=400), st.sampled_from(model.SEVERITIES))
def test_f39_a_storm_is_at_most_twenty_messages_in_ten_minutes(seconds: list[int], severity: str) -> None:
    """However alerts fall within an hour, no ten minutes see over twenty messages, and none is over a minute late."""
    made: dict[str, datetime] = {}

    for number, second in enumerate(sorted(seconds)):
        now = NOW + timedelta(seconds=second)
        post = posting.post_alert(PLAIN, severity, Standing(tuple(sorted(made.values()))), now)
        made[post.slot or f"own {number}"] = post.due

        assert now <= post.due <= now + timedelta(minutes=1)

    times = sorted(made.values())
    most = max(sum(1 for other in times if moment <= other < moment + timedelta(minutes=10)) for moment in times)
    assert most <= 20


@pytest.mark.parametrize("slot", ["digest::2026-03-10", "quiet:2026-03-11T04:30:00.000000Z", "storm:x", "batch:7:2"])
def test_slot_says_why(slot: str) -> None:
    """The first part of a slot is its reason."""
    assert posting.kind_of(slot) == slot.split(":", maxsplit=1)[0]
