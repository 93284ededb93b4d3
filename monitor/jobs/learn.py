"""What a poll teaches about its feed, as the columns that it changes: rhythm, wishes, troubles, moves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from monitor import model
from monitor.feeds import health, moves, rhythm
from monitor.jobs import ingest
from monitor.store import feeds, troubles
from monitor.store.store import Connection

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Learned:
    """A feed as a poll left it, and the columns that are other than before."""

    feed: model.Feed
    columns: dict[str, Any]


def from_answer(connection: Connection, feed: model.Feed, reply: model.Reply, now: datetime) -> dict[str, Any]:
    """Return what any good poll changes: nothing, unless the feed was in trouble or has moved."""
    columns: dict[str, Any] = {}
    if feed.failing_at is not None:
        columns |= {"failing_at": None, "gone_at": None}
    if health.OF_POLLS & feed.troubles.keys():
        standing = health.merge(troubles.standing(connection, feed.id), health.OF_POLLS, {}, now)
        columns["troubles"] = troubles.to_column(standing)
    if moves.is_news(feed, reply.permanent_url):
        columns |= _moved(connection, feed, reply.permanent_url, now)
    return columns


def from_listing(
    connection: Connection, feed: model.Feed, parsed: model.ParsedFeed, taken: ingest.Taken, now: datetime
) -> Learned:
    """Return what a body taught that is another than before."""
    listing = health.see_listing(parsed, taken.known)
    found = health.judge_listing(feed, listing, now)
    judged = health.OF_POLLS | health.OF_LISTINGS | ({"stale"} if taken.came else set())
    standing = health.merge(troubles.standing(connection, feed.id), judged, found, now)
    skip = {"hours": list(parsed.skip_hours), "days": list(parsed.skip_days)}
    columns: dict[str, Any] = {
        "ttl": parsed.ttl,
        "skip": skip if parsed.skip_hours or parsed.skip_days else None,
        "spoken": health.spoken_after(feed, listing, now),
        "troubles": troubles.to_column(standing),
    }
    if listing.newest:
        columns["newest_at"] = min(listing.newest, now)
    after = replace(feed, ttl=parsed.ttl, skip_hours=parsed.skip_hours, skip_days=parsed.skip_days, troubles=standing)
    if not taken.came:
        return Learned(after, columns)
    learned = _learn_rhythm(connection, feed, taken, now)
    columns |= {"arrivals": list(learned.arrivals), "lulls": [list(lull) for lull in learned.lulls]}
    columns["stale_at"] = _stale_at(feed, learned, now)
    return Learned(replace(after, arrivals=learned.arrivals), columns)


def _learn_rhythm(connection: Connection, feed: model.Feed, taken: ingest.Taken, now: datetime) -> rhythm.Rhythm:
    before = rhythm.Rhythm(feed.arrivals, troubles.lulls(connection, feed.id))
    came = ((published or now).timestamp() for published in taken.came)
    return rhythm.learn(before, came, now.timestamp())


def _stale_at(feed: model.Feed, learned: rhythm.Rhythm, now: datetime) -> datetime:
    """Return when silence will be too long. A baseline may be old; later, what is new to us shows that it lives."""
    known_for = (now - feed.baselined_at).total_seconds() if feed.baselined_at else 0.0
    last = now.timestamp() if feed.baselined else learned.arrivals[-1]
    allowed = rhythm.tolerance(learned, young=known_for < rhythm.YOUNG)
    return now + timedelta(seconds=last + allowed - now.timestamp())


def _moved(connection: Connection, feed: model.Feed, target: str | None, now: datetime) -> dict[str, Any]:
    """Return the columns of a feed that its server redirects for good, or no longer does."""
    move = moves.decide_move(feed, target, now)
    columns = {"permanent_url": move.target, "permanent_polls": move.polls, "permanent_since": move.since}
    if not move.done or move.target is None:
        return columns
    if feeds.is_taken(connection, move.target, feed.id):
        return columns  # another feed has that address: two that poll it would tell everything twice
    log.warning("feed_moved", feed=feed.slug, old=feed.url, new=move.target)
    declared = feed.declared_url or feed.url
    moved = {"url": move.target, "declared_url": declared if declared != move.target else None}
    return columns | moved | {"permanent_url": None, "permanent_polls": 0, "permanent_since": None}
