"""Digests and quiet hours through changes of the clock, restarts and reloads (F12-F14), by the real jobs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from monitor import hours
from monitor.store.schema import messages, targets
from tests.support import databases, invariants
from tests.support.desk import Desk, item

PACK = """\
format: 1
pack: move
rules:
  - {id: core, any: [resettlement]}
  - {id: loud, all: [resettlement, ultimatum], severity: urgent}
"""
NEVER = "Weather of the week"


@pytest.fixture
def local(made_databases: databases.Databases, tmp_path: Path) -> Iterator[Desk]:
    """A desk on SQLite alone: what it tries of a clock asks nothing of the database that the other tests do not."""
    made = Desk(made_databases.sqlite(), tmp_path, {"packs/move.yaml": PACK})
    yield made
    made.read(invariants.check)
    made.close()


def asks(desk: Desk, channel: str = "desk", **keys: Any) -> None:
    """Let a channel ask for digest, quiet hours and so on from now on, as a reload does."""
    channels = {**desk.config.channels, channel: replace(desk.config.channels[channel], **keys)}
    desk.config = replace(desk.config, channels=channels)
    desk.set_up(desk.context.setup.live if desk.context else None)


def begin(desk: Desk, zone: str, start: datetime, *channels: str) -> None:
    """Open a desk in a zone at a time, with the gazette past its baseline."""
    desk.clock.time = start
    desk.config = replace(desk.config, timezone=zone)
    desk.packs = {"packs/move.yaml": PACK}
    desk.has(["gazette"], channels or ("desk",)).publishes("gazette", item(0, NEVER))
    desk.run()


def publish(desk: Desk, *titles: str) -> None:
    """Add stories to the feed; nobody looks yet."""
    known: list[str] = desk.__dict__.setdefault("published", [])
    known += titles
    first = max(0, len(known) - 50)
    desk.publishes("gazette", *(item(n, title) for n, title in enumerate(known[first:], first + 1)))


def published(desk: Desk) -> list[str]:
    """Return what was published, in order."""
    return list(desk.__dict__.get("published", []))


def report(n: int) -> str:
    """Return a title that is told and is like no other."""
    return f"Resettlement number{n} alpha{n} beta{n}"


def sent(desk: Desk, channel: str = "desk") -> list[tuple[str, datetime]]:
    """Return slot and time of sending of each message of alerts to a channel, in order; notices pass everything."""
    query = sa.select(messages.c.slot, messages.c.sent_at).join(targets, targets.c.id == messages.c.target_id)
    query = query.where(targets.c.channel == channel, messages.c.state == "sent", messages.c.kind != "ops")
    query = query.order_by(messages.c.sent_at, messages.c.id)
    return [(row.slot or "", row.sent_at) for row in desk.read(lambda c: c.execute(query).all())]


def waiting(desk: Desk) -> list[tuple[str, datetime]]:
    """Return slot and due time of what gathers."""
    query = sa.select(messages.c.slot, messages.c.due_at).where(messages.c.state == "gathering")
    return [tuple(row) for row in desk.read(lambda c: c.execute(query.order_by(messages.c.id)).all())]


def told(desk: Desk, channel: str = "desk") -> list[str]:
    """Return every title that was told, in order of sending."""
    return desk.senders[channel].titles


def sweep(desk: Desk) -> None:
    """Let the daemon's half minute pass twice: what one sweep queues is sent by then."""
    desk.later(seconds=30)
    desk.later(seconds=30)


# -- daylight saving -----------------------------------------------------------------------------

# Each case takes seconds; every change of six zones in three years is in tests/unit/test_hours.py.
CHANGES = [  # zone, the first day to live through, a local time that is skipped or doubled, its quiet hours
    ("Europe/Paris", datetime(2025, 10, 25, 12, tzinfo=UTC), "02:30", "22:00-02:15"),
    ("Australia/Lord_Howe", datetime(2025, 10, 4, 1, tzinfo=UTC), "02:15", "22:00-02:15"),
    ("America/Havana", datetime(2025, 11, 1, 12, tzinfo=UTC), "00:30", "21:00-00:30"),
    ("Africa/Cairo", datetime(2025, 4, 24, 12, tzinfo=UTC), "00:00", "20:00-00:30"),
    ("Asia/Jerusalem", datetime(2025, 3, 27, 12, tzinfo=UTC), "02:30", "22:00-02:30"),
    ("Asia/Kolkata", datetime(2025, 3, 29, 12, tzinfo=UTC), "07:00", "22:00-06:30"),
]


@pytest.mark.parametrize(("zone", "start", "clock", "quiet"), CHANGES, ids=lambda value: str(value)[:24])
def test_f13_each_digest_once_and_quiet_kept_through_the_change(
    local: Desk, zone: str, start: datetime, clock: str, quiet: str
) -> None:
    """A day and a half around the change: one digest a local date, none in the quiet, every report told once."""
    begin(local, zone, start, "daily", "hourly", "night")
    asks(local, "daily", digest=hours.parse_timetable(clock))
    asks(local, "hourly", digest=hours.parse_timetable("hourly"))
    asks(local, "night", quiet=hours.parse_quiet(quiet))

    for step in range(47):
        if step % 4 == 0:
            publish(local, report(step))
        local.later(minutes=30 if 8 <= step <= 29 else 60)
    local.later(hours=12)
    local.later(hours=12)

    days = [date.fromisoformat(slot.rpartition(":")[2]) for slot, _ in sent(local, "daily")]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert len(days) >= 2
    each_hour = [slot for slot, _ in sent(local, "hourly")]
    assert len(set(each_hour)) == len(each_hour) >= 36
    kept = hours.parse_quiet(quiet)
    assert all(hours.quiet_until(kept, ZoneInfo(zone), at) is None for _, at in sent(local, "night"))
    assert any(slot.startswith("quiet:") for slot, _ in sent(local, "night"))
    for channel in ("daily", "hourly", "night"):
        assert Counter(told(local, channel)) == Counter(published(local))


# -- the clock is set ----------------------------------------------------------------------------

JUMPS = [timedelta(hours=1), timedelta(hours=-1), timedelta(days=30), timedelta(days=-30)]


@pytest.mark.parametrize("jump", JUMPS, ids=["+1h", "-1h", "+30d", "-30d"])
def test_f12_clock_that_is_set_loses_and_repeats_nothing(local: Desk, jump: timedelta) -> None:
    """Digest, quiet hours, budget and group hold something as the clock is set; in two days all is told once."""
    channels = ("digest", "quiet", "budget", "group")
    begin(local, "Asia/Jerusalem", datetime(2025, 6, 10, 20, tzinfo=UTC), *channels)
    asks(local, "digest", digest=hours.parse_timetable("07:00"))
    asks(local, "quiet", quiet=hours.parse_quiet("22:00-06:30"))
    asks(local, "budget", budget=1)
    asks(local, "group", group=1800.0)
    for n in range(4):
        publish(local, report(n))
        local.later(minutes=10)
    held = len(waiting(local))

    local.clock.set_by(jump)
    local.later(minutes=1)
    publish(local, report(10))
    local.later(minutes=10)
    soon = [due - local.clock.now() for _, due in waiting(local)]
    for _ in range(24):
        local.later(hours=2)

    assert held >= 3
    assert max(soon) <= timedelta(days=1)
    assert waiting(local) == []
    for channel in channels:
        assert Counter(told(local, channel)) == Counter(published(local))
    days = [slot for slot, _ in sent(local, "digest")]
    assert len(set(days)) == len(days)


def test_f12_clock_set_back_over_a_digest_tells_it_no_second_time(local: Desk) -> None:
    """Set back an hour just after seven: at the second seven only what came since is told, as more of that digest."""
    begin(local, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC))
    asks(local, digest=hours.parse_timetable("07:00"))
    publish(local, report(1))
    local.later()
    local.later(hours=10, minutes=40, seconds=10)
    first = [notice.headline for notice in local.senders["desk"].notices]

    local.clock.set_by(timedelta(hours=-1))
    local.later(minutes=5)
    publish(local, report(2))
    local.later(minutes=5)
    at_once = len(local.senders["desk"].notices)
    for _ in range(2):
        local.later(minutes=45)

    assert first == ["Digest: 1 report"]
    assert at_once == 1
    assert [notice.headline for notice in local.senders["desk"].notices] == [
        "Digest: 1 report",
        "Digest: 1 more report",
    ]
    assert told(local) == [report(1), report(2)]


@pytest.mark.parametrize("keys", [{"group": 3600.0}, {"budget": 1}], ids=["group", "budget"])
def test_f12_clock_that_was_ahead_holds_nothing_back(local: Desk, keys: dict[str, Any]) -> None:
    """What was told by a clock thirty days ahead counts against no limit once it is right again."""
    begin(local, "UTC", datetime(2025, 6, 10, 9, tzinfo=UTC))
    asks(local, **keys)
    publish(local, report(1))
    local.later()

    local.clock.set_by(timedelta(days=-30))
    publish(local, report(2))
    local.later(minutes=1)
    local.later()

    assert told(local) == [report(1), report(2)]


def test_f12_digest_is_owed_although_the_first_start_had_the_wrong_date(local: Desk) -> None:
    """A recipient declared by a clock a month ahead has its empty digest on the first right day."""
    begin(local, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC))
    asks(local, digest=hours.parse_timetable("07:00"))

    local.clock.set_by(timedelta(days=-30))
    local.later(minutes=1)
    local.later(hours=12)

    assert [slot for slot, _ in sent(local)] == ["digest::2025-05-12"]


# -- sleep and restart ---------------------------------------------------------------------------


def test_f14_sleep_over_two_digests_tells_the_one_that_gathered_and_the_last(local: Desk) -> None:
    """Asleep from Tuesday evening to Thursday noon: Wednesday's reports, and that Thursday's digest had none."""
    begin(local, "Asia/Jerusalem", datetime(2025, 6, 10, 15, tzinfo=UTC))
    asks(local, digest=hours.parse_timetable("07:00"))
    publish(local, report(1), report(2))
    local.later()

    local.clock.advance(hours=42)
    sweep(local)

    assert sorted(told(local)) == [report(1), report(2)]
    assert [slot for slot, _ in sent(local)] == ["digest::2025-06-11", "digest::2025-06-12"]
    assert local.senders["desk"].notices[-1].headline.startswith("Digest: 0 alerts")


def test_f14_restart_while_digest_and_quiet_gather_loses_nothing(desk: Desk) -> None:
    """Ended at night, killed once more before the morning: each report is told once, when it was due."""
    begin(desk, "Asia/Jerusalem", datetime(2025, 6, 10, 20, tzinfo=UTC), "daily", "night")
    asks(desk, "daily", digest=hours.parse_timetable("07:00"))
    asks(desk, "night", quiet=hours.parse_quiet("22:00-06:30"))
    publish(desk, report(1))
    desk.later()
    desk.restart()
    publish(desk, report(2))
    desk.later()
    early = told(desk, "daily") + told(desk, "night")
    desk.clock.advance(hours=5)

    desk.restart()
    desk.later(hours=3)

    assert early == []
    for channel in ("daily", "night"):
        assert Counter(told(desk, channel)) == Counter(published(desk))
        assert len(desk.senders[channel].notices) == 1


SLEPT_INTO = [  # what gathers, since when, when sleep ends, when it is told
    ("quiet", {}, 22, datetime(2025, 6, 11, 23, tzinfo=UTC), datetime(2025, 6, 12, 6, 30, tzinfo=UTC)),
    (
        "digest",
        {"digest": "07:00"},
        20,
        datetime(2025, 6, 11, 23, tzinfo=UTC),
        datetime(2025, 6, 12, 6, 30, tzinfo=UTC),
    ),
    ("budget", {"budget": 1}, 20, datetime(2025, 6, 11, 23, tzinfo=UTC), datetime(2025, 6, 12, 6, 30, tzinfo=UTC)),
    ("quiet", {}, 22, datetime(2025, 6, 12, 22, 30, tzinfo=UTC), datetime(2025, 6, 12, 22, 30, tzinfo=UTC)),
    ("quiet", {}, 22, datetime(2025, 6, 11, 12, tzinfo=UTC), datetime(2025, 6, 11, 12, tzinfo=UTC)),
]


@pytest.mark.parametrize(("slot", "keys", "hour", "wakes", "leaves"), SLEPT_INTO)
def test_f14_what_was_slept_through_wakes_nobody_in_the_next_quiet_hours(
    local: Desk, slot: str, keys: dict[str, Any], hour: int, wakes: datetime, leaves: datetime
) -> None:
    """Awake, or started, again in quiet hours: it is told when they end, once; a day late it waits no longer."""
    begin(local, "UTC", datetime(2025, 6, 10, hour, tzinfo=UTC))
    asks(local, quiet=hours.parse_quiet("22:00-06:30"), **_settings(keys))
    for n in range(2):
        publish(local, report(n))
        local.later()
    early = len(told(local))

    local.clock.advance(seconds=(wakes - local.clock.now()).total_seconds())
    if slot == "digest":
        local.restart()
    if wakes < leaves:
        sweep(local)
        local.clock.advance(seconds=(leaves - local.clock.now()).total_seconds() - 90)
        sweep(local)
        early = len(told(local)) - early
    sweep(local)

    assert early == 0 or wakes == leaves
    assert Counter(told(local)) == Counter(published(local))
    (left,) = [at for name, at in sent(local) if name.partition(":")[0] == slot]
    assert timedelta() <= left - leaves <= timedelta(minutes=2)


def test_f14_a_machine_that_is_awake_at_night_alone_tells_all_the_same(local: Desk) -> None:
    """Its quiet hours never end while it runs: what came is told a day after its time, not never."""
    begin(local, "UTC", datetime(2025, 6, 10, 22, 30, tzinfo=UTC))
    asks(local, quiet=hours.parse_quiet("22:00-06:30"))
    publish(local, report(1))
    local.later()
    nights = []
    for _ in range(3):
        local.clock.advance(hours=24)
        sweep(local)
        nights.append(len(told(local)))

    assert nights == [0, 1, 1]


# -- reload --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "leaves"),
    [
        ({"digest": "07:00"}, {"digest": "06:00"}, datetime(2025, 6, 11, 6, tzinfo=UTC)),
        ({"digest": "07:00"}, {"digest": "18:00"}, datetime(2025, 6, 11, 7, tzinfo=UTC)),
        ({"digest": "07:00"}, {"digest": "hourly"}, datetime(2025, 6, 10, 21, tzinfo=UTC)),
        ({"digest": "07:00"}, {"digest": None}, datetime(2025, 6, 10, 20, 20, 30, tzinfo=UTC)),
        ({"digest": "07:00"}, {"digest": None, "quiet": "19:00-06:30"}, datetime(2025, 6, 11, 6, 30, tzinfo=UTC)),
        ({"quiet": "19:00-06:30"}, {"quiet": None}, datetime(2025, 6, 10, 20, 20, 30, tzinfo=UTC)),
        ({"quiet": "19:00-06:30"}, {"quiet": "19:00-05:00"}, datetime(2025, 6, 11, 5, tzinfo=UTC)),
        ({"quiet": "19:00-06:30"}, {"quiet": "19:00-09:00"}, datetime(2025, 6, 11, 6, 30, tzinfo=UTC)),
        ({"budget": 1}, {"budget": None}, datetime(2025, 6, 10, 20, 40, 30, tzinfo=UTC)),
    ],
)
def test_reload_makes_what_gathers_leave_sooner_and_never_later(
    desk: Desk, before: dict[str, Any], after: dict[str, Any], leaves: datetime
) -> None:
    """A digest that is put off, or quiet that is made longer, holds what comes next, not what gathers already."""
    begin(desk, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC))
    asks(desk, **_settings(before))
    for n in range(2 if "budget" in before else 1):
        publish(desk, report(n))
        desk.later()

    asks(desk, **_settings(after))
    desk.later(seconds=30)
    planned = [due for _, due in waiting(desk)]
    while desk.clock.now() < leaves + timedelta(minutes=2):
        desk.later(minutes=1 if leaves - desk.clock.now() < timedelta(minutes=21) else 20)

    assert planned in ([leaves], [])
    assert Counter(told(desk)) == Counter(published(desk))
    left = sent(desk)[-1][1]
    assert timedelta() <= left - leaves <= timedelta(minutes=2)


def _settings(written: dict[str, Any]) -> dict[str, Any]:
    parse: dict[str, Any] = {"digest": hours.parse_timetable, "quiet": hours.parse_quiet}
    return {key: parse[key](value) if key in parse and value else value for key, value in written.items()}


def test_reload_of_rules_lets_a_pack_without_its_digest_go(desk: Desk) -> None:
    """What gathered for a pack's own digest leaves at once when the pack asks for none any more."""
    begin(desk, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC))
    desk.packs = {"packs/move.yaml": PACK + "digest: {at: '07:00'}\n"}
    desk.set_up(desk.context.setup.live if desk.context else None)
    publish(desk, report(1))
    desk.later()
    gathered = waiting(desk)

    desk.packs = {"packs/move.yaml": PACK}
    desk.set_up(desk.context.setup.live if desk.context else None)
    sweep(desk)

    assert [slot for slot, _ in gathered] == ["digest:move:2025-06-11"]
    assert told(desk) == [report(1)]


def test_channel_that_comes_back_in_time_tells_what_gathered(desk: Desk) -> None:
    """Removed over a digest's time and back after ten hours: its reports are told then, once, and the gap is told."""
    begin(desk, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC), "desk", "ops")
    desk.config = replace(desk.config, ops_channel="ops", default_route=("desk",))
    asks(desk, digest=hours.parse_timetable("07:00"))
    publish(desk, report(1))
    desk.later()
    whole = desk.config
    _drop(desk, "desk")
    desk.later(minutes=1)
    gone = [notice.headline for notice in desk.senders["ops"].notices]
    desk.later(hours=12)

    desk.config = whole
    desk.set_up(desk.context.setup.live if desk.context else None)
    sweep(desk)

    assert gone == ["Channel desk is gone and 1 messages wait for it"]
    assert told(desk) == [report(1)]


def test_channel_that_stays_away_gives_up_what_gathered_and_says_why(desk: Desk) -> None:
    """After a day what gathered for a removed channel is dead with its reason, also for a digest of the week."""
    begin(desk, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC), "desk", "ops")
    desk.config = replace(desk.config, ops_channel="ops", default_route=("desk",))
    asks(desk, digest=hours.parse_timetable("sun 07:00"))
    publish(desk, report(1))
    desk.later()

    _drop(desk, "desk")
    desk.later(hours=25)

    query = sa.select(messages.c.state, messages.c.reason).where(messages.c.kind == "digest")
    assert [tuple(row) for row in desk.read(lambda c: c.execute(query).all())] == [("dead", "channel_removed")]


def _drop(desk: Desk, name: str) -> None:
    channels = {key: value for key, value in desk.config.channels.items() if key != name}
    desk.config = replace(desk.config, channels=channels, default_route=tuple(channels))
    desk.set_up(desk.context.setup.live if desk.context else None)


def test_digest_without_reports_does_not_hide_what_was_urgent(desk: Desk) -> None:
    """An urgent alert passed at night: the digest of the morning has no more, and says that one left before."""
    begin(desk, "UTC", datetime(2025, 6, 10, 20, tzinfo=UTC))
    asks(desk, digest=hours.parse_timetable("07:00"))
    desk.later(hours=12)
    publish(desk, "Resettlement ultimatum at sea")
    desk.later()

    desk.later(hours=24)

    headlines = [notice.headline for notice in desk.senders["desk"].notices]
    assert headlines[0].startswith("Digest: 0 alerts")
    assert headlines[-1] == "Digest: 0 more alerts, 1 article, 0 feeds silent"
    assert "1 alert did not wait for it" in desk.senders["desk"].notices[-1].body
