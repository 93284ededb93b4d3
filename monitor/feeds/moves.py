"""Whether a feed has moved for good: a permanent redirect is believed when it has stood for a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor import model

POLLS = 3
"""Polls in a row that must lead to the same place; a misconfigured proxy answers 301 for an hour."""
STOOD = timedelta(hours=24)
"""Time between the first and the last of them."""


@dataclass(frozen=True, slots=True)
class Move:
    """What is known of a feed's move after a good poll."""

    target: str | None
    """Where its address leads permanently; None: it answers itself."""
    polls: int
    since: datetime | None
    done: bool
    """Whether the target is the feed's address from now on."""


def decide_move(feed: model.Feed, target: str | None, now: datetime) -> Move:
    """Return what a good poll says of the feed's address.

    Args:
        target: Where an unbroken chain of 301 and 308 led; None without one.
    """
    if target is None or target == feed.url:
        return Move(None, 0, None, done=False)
    if target != feed.permanent_url or feed.permanent_since is None:
        return Move(target, 1, now, done=False)
    polls = feed.permanent_polls + 1
    return Move(target, polls, feed.permanent_since, polls >= POLLS and now - feed.permanent_since >= STOOD)


def is_news(feed: model.Feed, target: str | None) -> bool:
    """Return whether there is anything to decide: for nearly every feed there is not."""
    return target is not None or feed.permanent_url is not None
