"""How much one feed may bring on a day: a feed gone wild, or made to, must not fill the disk. Pure.

Counted per feed and day (UTC): entries beyond the baseline, changes of entries that were read before, and the bytes of
text stored for it. What is beyond the bound is not lost in silence: it is recorded without its text, as `over_quota`,
its keys are kept so that it does not come as new again, and it is read when there is room while the feed still lists
it. Beyond RECORDED times the bound it is only counted.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from monitor import model

BYTES_PER_ENTRY = 25_000
"""Text that an entry may bring on average. News articles have 3 to 6 kB; the most a single one can store is 200 kB."""
RECORDED = 10
"""Entries recorded beyond the bound, as a multiple of it: about 600 bytes each."""


def day_of(now: datetime) -> str:
    """Return the day that `now` counts to."""
    return now.date().isoformat()


def use_on(day: str, last: model.FeedUse | None) -> model.FeedUse:
    """Return what is used of `day`, when `last` is what was noted last, of whatever day."""
    return last if last is not None and last.day == day else model.FeedUse(day)


def is_full(stored: int, limit: int) -> bool:
    """Return whether `stored` bytes of text reach the bound for a feed of `limit` entries a day."""
    return stored >= limit * BYTES_PER_ENTRY


def take_entry(use: model.FeedUse, size: int, limit: int) -> tuple[model.FeedUse, str]:
    """Return the use after a new entry of `size` bytes, and what becomes of it.

    Args: limit: entries a day.
    Returns: `pending`: it is read; `over_quota`: it is recorded without its text; `lost`: it is only counted.
    """
    if use.taken < limit and not is_full(use.stored, limit):
        return replace(use, taken=use.taken + 1, stored=use.stored + size), "pending"
    state = "over_quota" if use.over < limit * RECORDED else "lost"
    return replace(use, over=use.over + 1), state


def take_change(use: model.FeedUse, size: int, limit: int) -> tuple[model.FeedUse, bool]:
    """Return the use after a change of an entry that was read, and whether it is taken over.

    Changes have a bound of their own, as high as that of entries: a feed that counts comments in its summaries must not
    keep its own news from being read. A change that is not taken is one still at the next poll.
    """
    if use.changed >= limit or is_full(use.stored, limit):
        return use, False
    return replace(use, changed=use.changed + 1, stored=use.stored + size), True
