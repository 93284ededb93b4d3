"""Rules that used to fire and stopped, and rules that flood: each measured by what it did before. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from monitor.store.watch_rules import Fired

WINDOW = timedelta(days=35)
"""How far back a rule's habit is looked for: a month, with its first weekend and its last."""
HABIT = 5
"""Days with a match that make a habit."""
PATIENCE, SLACK = 2.5, timedelta(days=1)
"""A rule has stopped when it has been silent for PATIENCE times its longest pause, and SLACK: one that fires on
workdays, with pauses of three days, after eight and a half."""
READ = 50
"""Articles that were judged since: where none come in, no rule is to blame."""
MANY = 60
"""Articles of one rule in an hour, one a minute, below which nothing floods."""
USUAL_DAYS = 3.0
"""An hour that brings as much as so many of its usual days is a flood."""
KNOWN = timedelta(days=3)
"""How long the archive must reach back for there to be a usual day; before, half of all articles are a flood."""


def allowed_silence(fired: Fired) -> timedelta | None:
    """Return for how long a rule may be silent by its habit; None where it has none."""
    days = sorted(date.fromisoformat(day) for day in fired.days)
    if len(days) < HABIT:
        return None
    longest = max(later - earlier for earlier, later in itertools.pairwise(days))
    return longest * PATIENCE + SLACK


def has_stopped(fired: Fired, read: int, now: datetime) -> bool:
    """Return whether a rule that had a habit has been silent for too long; `read`: articles judged since its last."""
    allowed = allowed_silence(fired)
    return allowed is not None and read >= READ and now - fired.last > allowed


def floods(fired: Fired, read: int, began: datetime | None, now: datetime) -> bool:
    """Return whether a rule matches far more than it used to; `read`: articles judged in the last hour."""
    if fired.lately < MANY:
        return False
    if began is None or now - began < KNOWN:
        return fired.lately * 2 >= read
    return fired.lately >= USUAL_DAYS * usual(fired, began, now)


def usual(fired: Fired, began: datetime, now: datetime) -> float:
    """Return how many articles a rule matches a day, before the last hour."""
    days = max(1.0, min(now - began, WINDOW) / timedelta(days=1))
    return max(0, sum(fired.days.values()) - fired.lately) / days


def in_words(days: Mapping[str, int]) -> str:
    """Return a habit as people say it."""
    total = sum(days.values())
    return f"{total} articles on {len(days)} days of the last {WINDOW.days}"
