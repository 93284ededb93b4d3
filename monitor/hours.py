"""Times of day as a desk keeps them: when digests go out and when it is quiet, through every change of its clock. Pure.

A local time that a change of the clock leaves out stands for the moment as far after the change as it lay after the
lost hour's beginning; of one that comes twice the first counts. So each local date has each of its times exactly once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = r"([01][0-9]|2[0-3]):([0-5][0-9])"
_DAILY = re.compile(rf"(?:(\S+) +)?{_CLOCK}")
_FROM_TO = re.compile(rf"{_CLOCK}\s*-\s*{_CLOCK}")


@dataclass(frozen=True, slots=True)
class Timetable:
    """When alerts are collected into one message: at `at` on `days` (0 is Monday), or every hour where it is None."""

    at: time | None
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Slot:
    """One going out of a timetable."""

    key: str
    """Names it for ever: the local date, or for an hourly one the hour in UTC."""
    due: datetime


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours of every day in which nothing that can wait is told; they may reach over midnight."""

    start: time
    end: time


def parse_timetable(written: str) -> Timetable:
    """Return the timetable of `07:00`, `mon-fri 07:00`, `sat,sun 09:30` or `hourly`. Raises: ValueError."""
    if written.strip() == "hourly":
        return Timetable(None)
    found = _DAILY.fullmatch(written.strip())
    if found is None:
        raise ValueError(written)
    return Timetable(time(int(found[2]), int(found[3])), _days(found[1] or "mon-sun"))


def _days(written: str) -> tuple[int, ...]:
    found: set[int] = set()
    for part in written.split(","):
        first, _, last = part.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise ValueError(written)
        begin, end = DAYS.index(first), DAYS.index(last or first)
        found.update(day % 7 for day in range(begin, end + 1 if end >= begin else end + 8))
    return tuple(sorted(found))


def parse_quiet(written: str) -> Quiet:
    """Return the hours of `22:00-06:30`. Raises: ValueError; a day that is quiet throughout is refused."""
    found = _FROM_TO.fullmatch(written.strip())
    if found is None:
        raise ValueError(written)
    start, end = time(int(found[1]), int(found[2])), time(int(found[3]), int(found[4]))
    if start == end:
        raise ValueError(written)
    return Quiet(start, end)


def next_slot(table: Timetable, zone: ZoneInfo, now: datetime) -> Slot:
    """Return the first slot after `now`."""
    return next(slot for slot in _slots(table, zone, now, 1) if slot.due > now)


def last_slot(table: Timetable, zone: ZoneInfo, now: datetime) -> Slot:
    """Return the last slot that was due at `now` or before."""
    return next(slot for slot in _slots(table, zone, now, -1) if slot.due <= now)


def _slots(table: Timetable, zone: ZoneInfo, now: datetime, way: int) -> Iterator[Slot]:
    """Yield the slots around `now`, in the order of time, or against it where `way` is -1."""
    if table.at is None:
        yield from _hours(zone, now)[::way]
        return
    today = now.astimezone(zone).date()
    for day in (today + timedelta(days=way * offset) for offset in range(-1, 9)):
        if day.weekday() in table.days:
            due = _moment(day, table.at, zone)
            if due.astimezone(zone).date() == day:  # a zone that crossed the date line left a date out altogether
                yield Slot(day.isoformat(), due)


def _hours(zone: ZoneInfo, now: datetime) -> list[Slot]:
    """Return the full hours of the local clock around `now`; in some zones they are not those of UTC."""
    wall = now.astimezone(zone).replace(tzinfo=None, fold=0, minute=0, second=0, microsecond=0)
    moments = set()
    for shown in (wall + timedelta(hours=offset) for offset in (-2, -1, 0, 1, 2)):
        for fold in (0, 1):  # an hour that comes twice is two hours
            moment = shown.replace(tzinfo=zone, fold=fold).astimezone(UTC)
            if moment.astimezone(zone).replace(tzinfo=None, fold=0) == shown:
                moments.add(moment)
    return [Slot(f"{moment:%Y-%m-%dT%H:%MZ}", moment) for moment in sorted(moments)]


def quiet_until(quiet: Quiet, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return when the quiet that `now` falls into ends, None where it falls into none."""
    local = now.astimezone(zone)
    clock = local.time()
    over_midnight = quiet.start > quiet.end
    inside = clock >= quiet.start or clock < quiet.end if over_midnight else quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if over_midnight and clock >= quiet.start else 0)
    end = _moment(day, quiet.end, zone)
    if end <= now:  # the clock was put back over the end: it comes a second time
        end = datetime.combine(day, quiet.end, zone).replace(fold=1).astimezone(UTC)
    return end if end > now else None


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)
