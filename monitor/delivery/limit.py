"""How many messages a target gets in a while: limits defer, never drop."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta


def next_slot(history: Sequence[datetime], count: int, seconds: float, now: datetime) -> datetime:
    """Return the earliest time from `now` on at which one more send keeps to `count` in any `seconds`.

    Args:
        history: When earlier messages were sent or are due, in any order; those older than `seconds` change nothing.
        count: At least 1. `seconds`: more than 0; sends exactly `seconds` apart are not in one window.
        now: Aware, UTC.
    Raises: ValueError if `count` or `seconds` make no rate.
    """
    if count < 1 or seconds <= 0:
        raise ValueError(f"a rate needs at least 1 message in more than 0 seconds, not {count} in {seconds}")
    if len(history) < count:
        return now
    return max(now, sorted(history)[-count] + timedelta(seconds=seconds))
