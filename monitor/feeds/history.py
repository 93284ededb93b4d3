"""What the last polls of a feed brought, kept in a few hundred bytes of its row. Pure.

The newest polls stand one by one, the last days as sums: enough to see a rhythm, and bounded however often a feed is
asked. A time is seconds since 1970, a day the number of its UTC date since then.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

POLLS = 40
"""Polls that are kept one by one."""
DAYS = 14
"""Days whose sums are kept, today included."""
OUTCOMES = ("unchanged", "ok", "baseline", "failed")
_DAY_SECONDS = 86_400
_HEAD = struct.Struct("<BB")
_DAY = struct.Struct("<HHHI")
_POLL = struct.Struct("<IBHI")
_VERSION = 1
_MOST, _MOST_NEW = 2**16 - 1, 2**32 - 1


@dataclass(frozen=True, slots=True)
class Poll:
    """How one poll ended."""

    at: int
    outcome: str
    """One of OUTCOMES."""
    status: int = 0
    """Of the answer; 0 where nothing answered."""
    new: int = 0
    """Entries that it brought; at a baseline those that are older than the monitor."""


@dataclass(frozen=True, slots=True)
class Day:
    """The polls of one UTC day."""

    day: int
    polls: int = 0
    failed: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class History:
    """Days and polls, the oldest first; a day without a poll has no row."""

    days: tuple[Day, ...] = ()
    polls: tuple[Poll, ...] = ()


def note(kept: bytes | None, poll: Poll) -> bytes:
    """Return what is kept after one more poll. The older polls are not read: this is done at each poll of each feed."""
    before, tail = _split(kept)
    today = poll.at // _DAY_SECONDS
    # A clock that was set back leaves days to come, which would stand for ever.
    days = [one for one in before if today - DAYS < one[0] <= today]
    if not days or days[-1][0] != today:
        days.append((today, 0, 0, 0))
    _, polls, failed, new = days[-1]
    brought = poll.new if poll.outcome == "ok" else 0
    failed = min(failed + (poll.outcome == "failed"), _MOST)
    days[-1] = (today, min(polls + 1, _MOST), failed, min(new + brought, _MOST_NEW))
    last = _POLL.pack(poll.at, OUTCOMES.index(poll.outcome), min(poll.status, _MOST), min(poll.new, _MOST_NEW))
    head = _HEAD.pack(_VERSION, len(days)) + b"".join(_DAY.pack(*one) for one in days)
    return head + (tail + last)[-POLLS * _POLL.size :]


def read(kept: bytes | None) -> History:
    """Return what is kept; nothing where it is none of ours."""
    days, tail = _split(kept)
    rows = _POLL.iter_unpack(tail)
    polls = tuple(Poll(at, OUTCOMES[outcome], status, new) for at, outcome, status, new in rows)
    return History(tuple(Day(*row) for row in days), polls)


def _split(kept: bytes | None) -> tuple[list[tuple[int, ...]], bytes]:
    """Return the days, and the polls as they are kept."""
    if not kept or kept[0] != _VERSION:
        return [], b""
    _, count = _HEAD.unpack_from(kept)
    place = _HEAD.size + count * _DAY.size
    return list(_DAY.iter_unpack(kept[_HEAD.size : place])), kept[place:]


def daily(history: History, today: int) -> tuple[Day, ...]:
    """Return the last DAYS days up to `today`, those without a poll as empty rows."""
    known = {one.day: one for one in history.days}
    return tuple(known.get(day, Day(day)) for day in range(today - DAYS + 1, today + 1))


def day_of(seconds: float) -> int:
    """Return the UTC day of a time."""
    return int(seconds) // _DAY_SECONDS
