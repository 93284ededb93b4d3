"""How a feed fares, in words: the same in commands, on the page and in the API."""

from __future__ import annotations

import math
from datetime import datetime

from monitor import model
from monitor.feeds import pace, rhythm
from monitor.store.feeds import Health

STATES = {
    "new": "not polled yet",
    "ok": "answers",
    "failing": "failing",
    "candidate": "has never answered",
    "paused": "paused",
    "stopped": "gone for good",
    "retired": "removed",
}
REASONS = {
    "healthy": "its usual wait",
    "rhythm": "by its rhythm",
    "overflow": "as often as may be: entries may be lost",
    "server_cache": "its server says that nothing is new until then",
    "feed_ttl": "its text asks for that",
    "feed_skips": "its text asks for no polls until then",
    "retry_after": "its server asks to be left alone until then",
    "back_off": "it failed; the wait doubles with each failure",
    "gone": "its address is gone; the wait doubles with each failure",
    "no_answer": "nothing answered; the wait doubles with each failure",
    "network": "nothing at all answers: the network is the trouble",
    "host_paused": "its host asks to be left alone until then",
    "workers_busy": "others go first, for it takes long to read",
    "memory_busy": "others go first, for it is large",
    "quarantined": "its text killed the reader; it is left alone for hours",
    "resumed": "it was resumed",
}


def why_next(row: Health) -> str:
    """Return why the next check is when it is; empty for a feed that was never polled."""
    return REASONS.get(row.next_reason or "", row.next_reason or "")


def remarks(row: Health) -> list[str]:
    """Return what there is to know of a feed besides its state: its last error, its troubles, where it moved."""
    feed = row.feed
    told = [sentence.rstrip(".") for code, (_, sentence) in sorted(feed.troubles.items()) if code != "failing"]
    if feed.declared_url:
        told.append(f"Moved for good from {feed.declared_url} to {feed.url}: write that in its declaration")
    elif feed.permanent_url:
        told.append(f"Redirects permanently to {feed.permanent_url} (seen at {feed.permanent_polls} polls)")
    return [row.error.rstrip("."), *told] if row.error else told


def learned_wait(feed: model.Feed, now: datetime) -> float | None:
    """Return the seconds between polls that the feed's rhythm alone would have; None while it has none."""
    gap = rhythm.gap(feed.arrivals, now.timestamp())
    return math.sqrt(gap * pace.EAGERNESS) if gap is not None else None


def learned_gap(feed: model.Feed, now: datetime) -> float | None:
    """Return the seconds between its entries as the last few came; None while there is no rhythm."""
    return rhythm.gap(feed.arrivals, now.timestamp())
