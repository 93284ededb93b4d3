"""What a feed uses of its day while one poll of it is stored, and what is told of the excess."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from monitor import metrics, model
from monitor.feeds import quota
from monitor.jobs import notice
from monitor.jobs.context import Context
from monitor.store import entries, prune, quotas
from monitor.store.store import Connection

PRUNED_EVERY = 7
"""Days; feeds take turns."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Excess:
    """What one poll brought beyond the bound of its feed, and how the day stands."""

    recorded: int = 0
    """New entries stored as `over_quota`."""
    lost: int = 0
    """New entries beyond what is recorded: only counted."""
    changes: int = 0
    """Changes left for a later poll."""
    new_day: bool = False
    """Whether these are the first entries of the day."""
    calm: bool = False
    """Whether the day before kept the bound."""


@dataclass(slots=True)
class Meter:
    """Counts what a poll takes of the feed's day; the count is read when first needed and written by `settle`."""

    connection: Connection
    feed_id: int
    limit: int
    now: datetime
    late: int = 0
    """Entries over the bound of an earlier poll that are read now."""
    _use: model.FeedUse | None = None
    _excess: Excess = field(default_factory=Excess)

    @property
    def use(self) -> model.FeedUse:
        """What is used of the day so far."""
        if self._use is None:
            last, day = quotas.read(self.connection, self.feed_id), quota.day_of(self.now)
            self._use = quota.use_on(day, last)
            new_day = last is None or last.day != day
            self._excess = replace(self._excess, new_day=new_day, calm=last is not None and last.over == 0)
        return self._use

    def takes_change(self, entry: model.Entry) -> bool:
        """Count a change of an entry that was read before; return whether it may be taken over now."""
        self._use, taken = quota.take_change(self.use, _size(entry), self.limit)
        if not taken:
            self._excess = replace(self._excess, changes=self._excess.changes + 1)
        return taken

    def takes_late(self, entry: model.Entry) -> bool:
        """Return whether there is room now for an entry that was over the bound when it was first listed."""
        after, state = quota.take_entry(self.use, _size(entry), self.limit)
        if state != "pending":
            return False
        self._use = after
        self.late += 1
        return True

    def sort_out(self, fresh: Iterable[entries.NewEntry]) -> list[entries.NewEntry]:
        """Return new entries as they are to be stored: what is over the bound without its text, the rest as it is."""
        return [sorted_out for item in fresh if (sorted_out := self._sort(item)) is not None]

    def _sort(self, item: entries.NewEntry) -> entries.NewEntry | None:
        if item.state != "pending":
            return item
        self._use, state = quota.take_entry(self.use, _size(item.entry), self.limit)
        if state == "pending":
            return item
        if state == "lost":
            self._excess = replace(self._excess, lost=self._excess.lost + 1)
            return None
        self._excess = replace(self._excess, recorded=self._excess.recorded + 1)
        bare = replace(item.entry, summary="", author=None, tags=())
        return replace(item, entry=bare, state=entries.OVER_QUOTA, batch_id=None)

    def settle(self) -> Excess:
        """Write what was counted, if anything was, and return the excess.

        Once a week, with the first entries of a day, old keys and pauses are forgotten: a feed without new entries does
        not grow.
        """
        if self._use is not None:
            quotas.record(self.connection, self.feed_id, self._use)
        if self._excess.new_day and (self.now.toordinal() - self.feed_id) % PRUNED_EVERY == 0:
            prune.prune_keys(self.connection, self.feed_id, self.now)
            prune.prune_hosts(self.connection, self.now)
        return self._excess


def _size(entry: model.Entry) -> int:
    return len(entry.title.encode()) + len(entry.summary.encode())


def limit_of(context: Context, slug: str) -> int:
    """Return how many entries a day the feed with this id may bring."""
    declared = context.setup.declared.get(slug)
    own = declared.daily_entries if declared else None
    return own if own is not None else context.setup.config.polling.daily_entries


def tell(context: Context, connection: Connection, feed: model.Feed, excess: Excess, now: datetime) -> None:
    """Tell the operator of a feed beyond its bound, once a day; and that it is over after a day within it."""
    over = excess.recorded + excess.lost
    if over:
        metrics.ENTRIES_OVER_QUOTA.inc(over)
    if over or excess.changes:
        limit = limit_of(context, feed.slug)
        log.warning("feed_quota", feed=feed.slug, limit=limit, over=over, lost=excess.lost, changes=excess.changes)
        headline = f"Feed {feed.name} brings more than {limit:,} entries a day"
        notice.tell(context, connection, f"feed_quota:{feed.slug}"[:100], headline, _sentences(feed, excess), now)
    elif excess.new_day and excess.calm:
        notice.over(context, connection, f"feed_quota:{feed.slug}"[:100], f"Feed {feed.name} keeps its bound again",
                    feed.url, now)  # fmt: skip


def _sentences(feed: model.Feed, excess: Excess) -> str:
    lines = [feed.url]
    if excess.recorded:
        lines.append(f"{excess.recorded:,} new entries of the last poll are not read, only recorded as feed_quota.")
    if excess.lost:
        lines.append(f"{excess.lost:,} more are not even recorded, for there are too many.")
    if excess.changes:
        lines.append(f"{excess.changes:,} changes of known entries wait for the next day.")
    lines.append("Until midnight UTC no alert comes of what it brings. If that much is right for it, raise its")
    lines.append("`daily_entries`; if not, look at it with `wirewatch feeds check`, and pause or remove it.")
    return "\n".join(lines)
