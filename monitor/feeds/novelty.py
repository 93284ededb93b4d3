"""Why so much is new at once: the feed was rebuilt, or we were away. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

LEAST_NEW = 20
"""Fewer new entries are told one by one, whatever else speaks for a rebuilt feed."""
LEAST_SHARE = 0.8
"""Of the listed entries that must be new."""
AWAY_TIMES = 3.0
"""Usual waits without a good poll after which we were away."""


def is_mass_novelty(
    new: Sequence[datetime | None], listed: int, named: int, last_poll: datetime | None, away: bool
) -> bool:
    """Return whether a feed that looks all new was rebuilt, so that its entries are told in one digest.

    At least LEAST_NEW entries and LEAST_SHARE of the feed are new, none is listed under a name known before, and more
    than half of the new ones are not dated after the last poll. A date that more than half of them share to the minute
    is the time of the rebuilding and says nothing.

    Args:
        new: When each new entry was published; None for undated ones, which count as old unless we were `away`.
        listed: Entries in the body.
        named: Those of them whose guid (where there is none, address) is known.
        last_poll: The last good poll; None if there was none, which is a first poll and no novelty.
    """
    if last_poll is None or len(new) < LEAST_NEW or len(new) < LEAST_SHARE * listed or named:
        return False
    old = sum(_is_before(published, last_poll, away) for published in _telling_dates(new))
    return old * 2 > len(new)


def _telling_dates(new: Sequence[datetime | None]) -> list[datetime | None]:
    minutes = Counter(published.replace(second=0, microsecond=0) for published in new if published)
    stamp, count = max(minutes.items(), key=lambda item: item[1], default=(None, 0))
    if count * 2 <= len(new):
        return list(new)
    return [
        None if published and published.replace(second=0, microsecond=0) == stamp else published for published in new
    ]


def _is_before(published: datetime | None, last_poll: datetime, away: bool) -> bool:
    return not away if published is None else published < last_poll


def was_away(last_poll: datetime | None, every: float, now: datetime) -> bool:
    """Return whether the last good poll was so much longer ago than `every` (seconds) that we missed what came out."""
    return last_poll is not None and now - last_poll > timedelta(seconds=AWAY_TIMES * every)


def came_meanwhile(published: datetime | None, last_poll: datetime | None) -> bool:
    """Return whether an entry came out after the last good poll; undated ones are new and need no catching up."""
    return published is not None and last_poll is not None and published > last_poll
