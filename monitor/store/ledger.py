"""The ledger as people look at it: every decision, the newest first, a page at a time. Reads only.

A page goes by the number under which decisions were made, and looks at `MOST_LOOKED` of them at the most. Most rows of
a large archive say that no pack matched; partial indexes hold the others (revision 0004), and a statement says the
condition of the index that is to serve it in the index's own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store import times_by_key
from monitor.store.schema import MATCHED, NOT_UNMATCHED, articles, decisions, feeds, revisions

MOST_LOOKED = 10_000
"""Decisions that one page looks at where no index leads to what it is narrowed to."""
NONE = "none"
NO_MATCH = "no_match"


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which decisions the ledger shows; None: all of them."""

    pack: str | None = None
    """Made for this pack by itself; an article that no pack matched has one row for all."""
    outcome: str | None = None
    reason: str | None = None
    feed: str | None = None
    """Id (slug) of the feed."""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision with its article."""

    seq: int
    article_id: int
    revision_id: int
    revision: int
    title: str
    newsroom: str
    feed: str
    lang: str | None
    pack: str
    n: int
    outcome: str
    reason: str
    severity: str | None
    detail: Mapping[str, Any] | None
    decided_at: datetime
    alert_id: int | None
    alone: bool
    """Whether no pack has a decision of its own about this revision: `*` is every pack then, else every other."""


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """A page of the ledger."""

    rows: tuple[Entry, ...]
    before: int | None
    """Decisions below this number were not looked at; None where there is none left."""
    looked_to: datetime | None = None
    """Where the page is not full though there is more: until when, back in time, it looked."""


def list_page(connection: sa.Connection, narrowed: Narrowed, limit: int, before: int | None = None) -> LedgerPage:
    """Return about `limit` decisions below `before`; what was decided about one article at once stays together."""
    low, high = _bounds(connection, narrowed, before)
    floor = _floor(connection, narrowed, low, high)
    of_feed = _feed_id(connection, narrowed.feed)
    if narrowed.feed is not None and of_feed is None:
        return LedgerPage((), None)
    found = _keys(narrowed, of_feed).where(decisions.c.decided_seq >= floor, decisions.c.decided_seq < high)
    seqs = list(connection.scalars(found.order_by(decisions.c.decided_seq.desc()).limit(limit)))
    last = min(seqs, default=floor)
    if len(seqs) == limit:
        rows = _rows(connection, narrowed, of_feed, last, high)
        is_more = connection.scalar(found.where(decisions.c.decided_seq < last).limit(1)) is not None
        return LedgerPage(rows, last if is_more or floor > low else None)
    rows = _rows(connection, narrowed, of_feed, floor, high) if seqs else ()
    if floor <= low:
        return LedgerPage(rows, None)
    until = times_by_key.time_at(connection, decisions.c.decided_seq, decisions.c.decided_at, floor)
    return LedgerPage(rows, floor, until)


def _bounds(connection: sa.Connection, narrowed: Narrowed, before: int | None) -> tuple[int, int]:
    newest = connection.scalar(sa.select(sa.func.max(decisions.c.decided_seq))) or 0
    bounds = 1, min(newest + 1, before if before is not None else newest + 1)
    key, time = decisions.c.decided_seq, decisions.c.decided_at
    return times_by_key.narrowed(connection, key, time, bounds, narrowed.since, narrowed.until)


def _floor(connection: sa.Connection, narrowed: Narrowed, low: int, high: int) -> int:
    """Return the number down to which a page looks: to the end where an index leads to just what is asked."""
    led = _led_by(narrowed)
    if led == narrowed:
        return low
    looked = _keys(led, None).where(decisions.c.decided_seq >= low, decisions.c.decided_seq < high)
    some = looked.order_by(decisions.c.decided_seq.desc()).limit(MOST_LOOKED).subquery()
    count, lowest = connection.execute(sa.select(sa.func.count(), sa.func.min(some.c.decided_seq))).one()
    return low if count < MOST_LOOKED else int(lowest)


def _led_by(narrowed: Narrowed) -> Narrowed:
    """Return that part of what is asked for which an index leads to."""
    if narrowed.pack is not None:
        return replace(narrowed, outcome=None, reason=None, feed=None)
    if narrowed.reason is not None:
        return replace(narrowed, outcome=None, feed=None)
    return replace(narrowed, feed=None)


def _feed_id(connection: sa.Connection, slug: str | None) -> int | None:
    return None if slug is None else connection.scalar(sa.select(feeds.c.id).where(feeds.c.slug == slug))


def _keys(narrowed: Narrowed, feed_id: int | None) -> sa.Select[Any]:
    return _narrow(sa.select(decisions.c.decided_seq), narrowed, feed_id)


def _narrow(query: sa.Select[Any], narrowed: Narrowed, feed_id: int | None) -> sa.Select[Any]:
    if narrowed.pack is not None:
        query = query.where(decisions.c.pack == narrowed.pack, MATCHED)
    if narrowed.outcome is not None:
        query = query.where(decisions.c.outcome == narrowed.outcome)
        if narrowed.outcome != NONE:
            query = query.where(MATCHED)
    if narrowed.reason is not None:
        query = query.where(decisions.c.reason == narrowed.reason)
        if narrowed.reason != NO_MATCH:
            query = query.where(NOT_UNMATCHED)
    if feed_id is not None:
        query = query.where(
            decisions.c.revision_id.in_(
                sa.select(revisions.c.id)
                .join(articles, articles.c.id == revisions.c.article_id)
                .where(articles.c.feed_id == feed_id, revisions.c.id == decisions.c.revision_id)
            )
        )
    return query


def _rows(connection: sa.Connection, narrowed: Narrowed, feed_id: int | None, low: int, high: int) -> tuple[Entry, ...]:
    query = _narrow(_ENTRIES, narrowed, feed_id).where(decisions.c.decided_seq >= low, decisions.c.decided_seq < high)
    last = sa.case((MATCHED, 0), else_=1)
    order = (decisions.c.decided_seq.desc(), last, decisions.c.pack, decisions.c.n.desc())
    return tuple(Entry(*row) for row in connection.execute(query.order_by(*order)))


_OF_DECISION = ("pack", "n", "outcome", "reason", "severity", "detail", "decided_at", "alert_id")
_OWN = decisions.alias("own")
_ENTRIES = (
    sa.select(
        decisions.c.decided_seq,
        articles.c.id,
        revisions.c.id.label("revision_id"),
        revisions.c.n.label("revision"),
        revisions.c.title,
        articles.c.newsroom,
        feeds.c.slug,
        revisions.c.lang,
        *(decisions.c[name] for name in _OF_DECISION),
        (~sa.exists().where(_OWN.c.revision_id == decisions.c.revision_id, _OWN.c.pack != "*")).label("alone"),
    )
    .join(revisions, revisions.c.id == decisions.c.revision_id)
    .join(articles, articles.c.id == revisions.c.article_id)
    .join(feeds, feeds.c.id == articles.c.feed_id)
)
