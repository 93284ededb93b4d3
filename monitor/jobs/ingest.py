"""What a feed lists -> stored entries: known, revised or new, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from monitor import model
from monitor.feeds import identity
from monitor.store import entries
from monitor.store.store import Connection


@dataclass(frozen=True, slots=True)
class Taken:
    """How many entries a poll added: `new` ones that will be processed, and `baseline` ones that never alert."""

    new: int
    baseline: int


def store_entries(
    connection: Connection,
    feed: model.Feed,
    listed: Sequence[model.Entry],
    keys: Sequence[tuple[entries.Key, ...]],
    now: datetime,
) -> Taken:
    """Sort a feed's items into known, revised and new, and store what is new.

    On the first poll all but the newest `backfill` items are the baseline: they never alert.
    """
    known = entries.find_known(connection, feed.id, [key for own in keys for key in own])
    stored = {entry.id: entry for entry in known}
    hits = [identity.KnownKeys(entry.id, entry.keys) for entry in known]
    fresh: list[entries.NewEntry] = []
    taken: set[entries.Key] = set()
    for entry, own in zip(listed, keys, strict=True):
        near = [hit for hit in hits if any(value in hit.keys.get(kind, ()) for kind, value in own)]
        decision = identity.decide_entry(entry, near)
        if isinstance(decision, identity.New) or _reuses_guid(decision, entry, own, stored):
            if taken.isdisjoint(own[:1]):  # the same item listed twice
                fresh.append(entries.NewEntry(entry, dict(own).get(identity.URL), own, "pending"))
                taken.update(own)
            continue
        entries.add_keys(connection, feed.id, decision.entry_id, own, now)
        before = stored[decision.entry_id]
        if decision.reason != "same_text" and (before.title, before.summary) != (entry.title, entry.summary):
            entries.revise(connection, decision.entry_id, entry, now)
    if known:
        entries.touch_keys(connection, feed.id, [key for own in keys for key in own], now)
    fresh = fresh if feed.baselined else _baseline(fresh, feed.backfill)
    entries.insert(connection, feed.id, fresh, now)
    new = sum(item.state == "pending" for item in fresh)
    return Taken(new, len(fresh) - new)


def _reuses_guid(
    decision: identity.Known | identity.Revised,
    entry: model.Entry,
    own: tuple[entries.Key, ...],
    stored: Mapping[int, entries.KnownEntry],
) -> bool:
    """Return whether another article came under a known guid: too little text to compare, another title and address."""
    before = stored[decision.entry_id]
    url, urls_before = dict(own).get(identity.URL), before.keys.get(identity.URL, frozenset())
    moved = url is not None and bool(urls_before) and url not in urls_before
    return decision.reason == "same_address" and moved and before.title != entry.title


def _baseline(fresh: list[entries.NewEntry], backfill: int) -> list[entries.NewEntry]:
    """Mark all but the newest `backfill` entries as baseline; undated feeds list the newest first."""
    by_age = sorted(
        range(len(fresh)),
        key=lambda place: (-(fresh[place].entry.published or _LONG_AGO).timestamp(), place),
    )
    alive = set(by_age[:backfill])
    return [item if place in alive else replace(item, state="baseline") for place, item in enumerate(fresh)]


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
