"""Digests and quiet hours in the desk's zone, through changes of the clock (F13)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from monitor import hours

ZONES = ("Asia/Jerusalem", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata", "Europe/Paris")
BEGIN, END = datetime(2024, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def chain(table: hours.Timetable, zone: ZoneInfo, end: datetime = END) -> list[hours.Slot]:
    """Return every slot of three years, each found from the one before."""
    found = [hours.next_slot(table, zone, BEGIN)]
    while found[-1].due < end:
        found.append(hours.next_slot(table, zone, found[-1].due))
    return found


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("clock", ["00:00", "01:30", "02:30", "07:00", "23:59"])
def test_f13_every_local_date_has_one_digest(name: str, clock: str) -> None:
    """Three years of dates, each once, in order, also where the clock skips or repeats the very time."""
    zone = ZoneInfo(name)

    slots = chain(hours.parse_timetable(clock), zone)

    days = [date.fromisoformat(slot.key) for slot in slots]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))]
    assert len(slots) > 1090
    wrong = [slot for slot in slots if f"{slot.due.astimezone(zone):%H:%M}" != clock]
    assert len(wrong) <= 3, "only where that time does not exist"


@pytest.mark.parametrize("name", ZONES)
def test_f13_hourly_digests_come_with_every_full_local_hour(name: str) -> None:
    """Every full hour that the clock shows, twice where it shows it twice."""
    zone = ZoneInfo(name)

    slots = chain(hours.Timetable(None), zone, datetime(2025, 1, 1, tzinfo=UTC))

    assert len({slot.key for slot in slots}) == len(slots)
    assert all(slot.due.astimezone(zone).minute == 0 for slot in slots)
    gaps = Counter(later.due - former.due for former, later in pairwise(slots))
    assert gaps.pop(timedelta(hours=1)) > 8_700
    assert all(timedelta(minutes=30) <= gap <= timedelta(minutes=90) for gap in gaps)
    assert gaps.total() <= 3


@pytest.mark.parametrize("written", ["07:00", "mon-fri 07:00", "sat,sun 09:30", "hourly"])
@pytest.mark.parametrize("name", ZONES)
def test_last_slot_is_the_one_before_the_next(name: str, written: str) -> None:
    """At any moment the last slot is due by then, the next one later, and none lies between."""
    zone, table = ZoneInfo(name), hours.parse_timetable(written)
    moments = [BEGIN + timedelta(hours=17 * n, minutes=n % 60) for n in range(1_500)]

    for moment in moments:
        last, following = hours.last_slot(table, zone, moment), hours.next_slot(table, zone, moment)

        assert last.due <= moment < following.due
        assert hours.next_slot(table, zone, last.due) == following


def test_days_are_those_of_the_desk() -> None:
    """Friday 07:00 in Jerusalem is told on its own local day, whatever day it is in UTC."""
    zone = ZoneInfo("Pacific/Auckland")

    slot = hours.next_slot(hours.parse_timetable("fri 07:00"), zone, datetime(2026, 1, 1, tzinfo=UTC))

    assert slot == hours.Slot("2026-01-02", datetime(2026, 1, 1, 18, 0, tzinfo=UTC))


@pytest.mark.parametrize(
    ("written", "days"), [("mon-fri 07:00", (0, 1, 2, 3, 4)), ("sat-mon 07:00", (0, 5, 6)), ("wed 07:00", (2,))]
)
def test_days_may_reach_over_sunday(written: str, days: tuple[int, ...]) -> None:
    """Ranges, lists and single days are read as written."""
    assert hours.parse_timetable(written) == hours.Timetable(time(7), days)


@pytest.mark.parametrize("written", ["7:00", "24:00", "07:60", "daily", "mon 7", "mon-xyz 07:00", "07:00 mon"])
def test_no_timetable(written: str) -> None:
    """What is no timetable is refused."""
    with pytest.raises(ValueError, match=written.split(" ", maxsplit=1)[0]):
        hours.parse_timetable(written)


@pytest.mark.parametrize("written", ["22:00", "22:00-22:00", "22:00-25:00", "22-06"])
def test_no_quiet_hours(written: str) -> None:
    """What names no hours, or all of them, is refused."""
    with pytest.raises(ValueError, match=written):
        hours.parse_quiet(written)


@pytest.mark.parametrize("name", ZONES)
@pytest.mark.parametrize("written", ["22:00-06:30", "00:30-02:15", "13:00-14:00", "23:30-00:00"])
def test_f13_quiet_ends_when_the_clock_says_so(name: str, written: str) -> None:
    """Whatever moment of three years is quiet has an end ahead, at which it is quiet no more."""
    zone, quiet = ZoneInfo(name), hours.parse_quiet(written)
    length = Counter[bool]()

    for n in range(6_500):
        moment = BEGIN + timedelta(hours=4 * n, minutes=(7 * n) % 240)
        end = hours.quiet_until(quiet, zone, moment)
        length[end is not None] += 1

        if end is not None:
            assert moment < end <= moment + timedelta(hours=10)
            again = hours.quiet_until(quiet, zone, end)
            assert again is None or again - end <= timedelta(hours=1), "the clock was put back into the quiet"

    assert length[True]
    assert length[False]


def test_quiet_hours_over_midnight() -> None:
    """22:00-06:30 in Jerusalem holds at 23:00 until the next morning and at 05:00 until the same one."""
    zone, quiet = ZoneInfo("Asia/Jerusalem"), hours.parse_quiet("22:00-06:30")

    ends = [
        hours.quiet_until(quiet, zone, datetime(2026, 1, day, hour, tzinfo=zone)) for day, hour in ((5, 23), (6, 5))
    ]

    assert ends == [datetime(2026, 1, 6, 4, 30, tzinfo=UTC)] * 2
    assert hours.quiet_until(quiet, zone, datetime(2026, 1, 6, 6, 30, tzinfo=zone)) is None
