"""What a feed lists -> stored entries: known, revised or new, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog

from monitor import model
from monitor.feeds import identity, novelty
from monitor.jobs import words
from monitor.jobs.meter import Excess, Meter
from monitor.store import batches, entries
from monitor.store.store import Connection

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Taken:
    """How many entries a poll added: `new` ones that will be processed, and `baseline` ones that never alert."""

    new: int
    baseline: int
    known: int = 0
    """Entries listed now that an earlier poll had listed."""
    came: tuple[datetime | None, ...] = ()
    """Publication of each that is new or baseline."""
    excess: Excess = field(default_factory=Excess)
    """What was beyond the feed's bound of the day."""
    distinct: bool = True
    """Whether no two listed entries share a key: then each is stored under all of its own."""


def store_entries(
    connection: Connection,
    feed: model.Feed,
    listed: Sequence[model.Entry],
    keys: Sequence[tuple[entries.Key, ...]],
    now: datetime,
    limit: int,
    recalled: int = 0,
) -> Taken:
    """Sort a feed's items into known, revised and new, and store what is new.

    On the first poll all but the newest `backfill` items are the baseline: they never alert.

    Args:
        limit: Entries that the feed may bring on a day, its baseline not counted; see `monitor.feeds.quota`.
        recalled: Items that the body lists besides, as they stood at the last poll.
    """
    meter = Meter(connection, feed.id, limit, now)
    looked_up = [key for own in keys for key in own]
    stored = {entry.id: entry for entry in entries.find_known(connection, feed.id, looked_up)}
    known = [_known_keys(entry) for entry in stored.values()]
    placed = identity.sort_listing(listed, keys, known)
    fresh: list[entries.NewEntry] = []
    for entry, place in zip(listed, placed, strict=True):
        if isinstance(place.decision, identity.New):
            fresh.append(entries.NewEntry(entry, dict(place.keys).get(identity.URL), place.keys, "pending"))
        elif not isinstance(place.decision, identity.Repeated):
            _take_known(connection, feed, entry, place, stored, now, meter)
    if stored:
        entries.touch_keys(connection, feed.id, looked_up, now)
    named = sum(place.named for place in placed) + recalled
    fresh = (
        _batched(connection, feed, fresh, len(placed) + recalled, named, now)
        if feed.baselined
        else _baseline(fresh, feed.backfill)
    )
    fresh = meter.sort_out(fresh)
    entries.insert(connection, feed.id, fresh, now)
    words.learn_words(connection, fresh)
    new = sum(item.state == "pending" for item in fresh)
    baseline = sum(item.state == "baseline" for item in fresh)
    came = tuple(item.entry.published for item in fresh)
    return Taken(new + meter.late, baseline, len(known), came, meter.settle(), len(looked_up) == len(set(looked_up)))


def knows_any(connection: Connection, feed: model.Feed, keys: Sequence[tuple[entries.Key, ...]]) -> bool:
    """Return whether any of these keys is that of a stored entry of the feed."""
    return bool(entries.find_known(connection, feed.id, [key for own in keys for key in own]))


def remembered(feed: model.Feed, parsed: model.ParsedFeed, taken: Taken, now: datetime) -> dict[str, Any]:
    """Return the columns of what is remembered of a body, once its entries are stored.

    Nothing of a feed that is over its bound, since what was left for later must be seen again, nor of a body whose
    entries share keys: whose a key is shows when the others are gone.
    """
    excess = taken.excess
    over = feed.over_quota or excess.recorded or excess.lost or excess.changes
    return {
        "memory": None if over or not taken.distinct else parsed.memory,
        "memory_at": feed.memory_at if parsed.recalled else now,
    }


def _known_keys(entry: entries.KnownEntry) -> identity.KnownKeys:
    return identity.KnownKeys(entry.id, entry.keys, entry.title, entry.summary, entry.published)


def _take_known(
    connection: Connection,
    feed: model.Feed,
    entry: model.Entry,
    place: identity.Placed,
    stored: Mapping[int, entries.KnownEntry],
    now: datetime,
    meter: Meter,
) -> None:
    """Give a known entry the keys that it did not have yet, and its new headline or text."""
    decision = place.decision
    assert isinstance(decision, identity.Known | identity.Revised)
    before = stored[decision.entry_id]
    changes = isinstance(decision, identity.Revised) and (before.title, before.summary) != (entry.title, entry.summary)
    if changes and before.state == "done" and not meter.takes_change(entry):
        return  # without the keys of its new text, so that it is a change at the next poll too
    missing = [(kind, value) for kind, value in place.keys if value not in before.keys.get(kind, ())]
    if missing:
        entries.add_keys(connection, feed.id, before.id, missing, now)
    for kind, _ in missing:
        if len(before.keys.get(kind, ())) >= entries.KEPT_KEYS:
            entries.drop_oldest_keys(connection, before.id, kind)
    if before.state == entries.OVER_QUOTA:
        if meter.takes_late(entry):
            entries.take_up(connection, before.id, entry, now)
    elif changes:
        entries.revise(connection, before.id, entry, dict(place.keys).get(identity.URL), now)


def _batched(
    connection: Connection,
    feed: model.Feed,
    fresh: list[entries.NewEntry],
    listed: int,
    named: int,
    now: datetime,
) -> list[entries.NewEntry]:
    """Mark new entries that are told together: all of a rebuilt feed, or what came out while we were away."""
    last_poll = feed.succeeded_at
    restored = batches.restored_at(connection) if fresh else None
    if restored is not None and last_poll is not None and last_poll < restored:
        batch = batches.open_restored(connection, now)
        return [item if _came_after(item, restored) else replace(item, batch_id=batch) for item in fresh]
    away = novelty.was_away(last_poll, feed.every, now)
    dates = [item.entry.published for item in fresh]
    if novelty.is_mass_novelty(dates, listed, named, last_poll, away):
        batch = batches.open_rebuilt(connection, feed.id, now)
        log.warning("feed_rebuilt", feed=feed.slug, new=len(fresh), listed=listed, batch=batch)
        return [replace(item, batch_id=batch) for item in fresh]
    if not away or not any(novelty.came_meanwhile(date, last_poll) for date in dates):
        return fresh
    batch = batches.open_catch_up(connection, now)
    return [
        replace(item, batch_id=batch) if novelty.came_meanwhile(item.entry.published, last_poll) else item
        for item in fresh
    ]


def _came_after(item: entries.NewEntry, moment: datetime) -> bool:
    published = item.entry.published
    return published is not None and published > moment


def _baseline(fresh: list[entries.NewEntry], backfill: int) -> list[entries.NewEntry]:
    """Mark all but the newest `backfill` entries as baseline; undated feeds list the newest first."""
    by_age = sorted(
        range(len(fresh)),
        key=lambda place: (-(fresh[place].entry.published or _LONG_AGO).timestamp(), place),
    )
    alive = set(by_age[:backfill])
    return [item if place in alive else replace(item, state="baseline") for place, item in enumerate(fresh)]


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
