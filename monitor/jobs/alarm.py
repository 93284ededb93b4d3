"""The silence alarm: which feeds are in trouble, told once when it begins and once when it is over.

Polls and time say what stands (`feeds.troubles`); here it is compared with the notices that stand open. So a kill
between the two loses nothing, and troubles that begin together are told together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor import metrics, model
from monitor.feeds import health, outage
from monitor.jobs import notice
from monitor.jobs.context import Context
from monitor.store import troubles
from monitor.store.store import Connection

BEGINS = {
    "failing": "Feed {name} is failing",
    "html": "Feed {name} has turned into a web page",
    "gone": "Feed {name} is gone",
    "stale": "Feed {name} has gone quiet",
    "undated": "Feed {name} gives no dates",
    "future": "Feed {name} is dated in the future",
    "language": "Feed {name} has changed its language",
    "overflow": "Feed {name} may have lost entries between two polls",
}
ENDS = {
    "failing": "Feed {name} works again",
    "html": "Feed {name} is a feed again",
    "gone": "Feed {name} is polled again",
    "stale": "Feed {name} brings entries again",
    "undated": "Feed {name} gives dates again",
    "future": "Feed {name} is no longer dated in the future",
    "language": "Feed {name} no longer counts as in another language",
    "overflow": "Feed {name} has lost no entries for a day",
}
GATHER = timedelta(minutes=10)
"""Time that a trouble waits for others to be told with it: in it every feed of the usual `every` is asked, so that a
name server that fails makes one message."""
NOTHING_POLLED = "nothing_polled"


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database says now."""

    standing: Mapping[int, Mapping[str, tuple[float, str]]]
    """By feed id, where it is other than recorded."""
    feeds: Mapping[str, model.Feed]
    """By slug, with the troubles that stand now."""
    open: frozenset[str]
    """Keys of notices."""


async def watch_feeds(context: Context, gather: timedelta) -> None:
    """Judge what time alone decides, tell what began or ended, and bring the gauge up to date."""
    now = context.clock.now()
    seen = await context.store.read(lambda connection: _look(connection, now))
    for code in health.CODES:
        metrics.FEED_TROUBLES.labels(code).set(sum(code in feed.troubles for feed in seen.feeds.values()))
    begun = _begun(context, seen, now, gather)
    if seen.standing or begun or _ended(seen) or _network_changed(context, seen, now):
        await context.store.write(lambda connection: _settle(context, connection, now, gather))


def _look(connection: Connection, now: datetime) -> _Seen:
    changed: dict[int, Mapping[str, tuple[float, str]]] = {}
    feeds: dict[str, model.Feed] = {}
    for suspect in troubles.list_suspects(connection, now):
        feed = suspect.feed
        found = health.judge_time(feed, suspect.stale_at, now)
        standing = health.merge(feed.troubles, health.OF_TIME, found, now)
        if standing != feed.troubles:
            changed[feed.id] = standing
            feed = replace(feed, troubles=standing)
        feeds[feed.slug] = feed
    return _Seen(changed, feeds, frozenset(troubles.open_notices(connection)))


def _settle(context: Context, connection: Connection, now: datetime, gather: timedelta) -> None:
    """Record and tell, after a second look inside the transaction."""
    seen = _look(connection, now)
    for feed_id, standing in seen.standing.items():
        troubles.record(connection, feed_id, standing)
    notice.tell_all(context, connection, _begun(context, seen, now, gather), "{count} feeds are in trouble", now)
    ended = _ended(seen)
    watched = troubles.find_watched(connection, {slug for _, _, slug in ended})
    told = [_telling(ENDS, code, watched[slug], "") for _, code, slug in ended if slug in watched]
    notice.over_all(context, connection, told, "{count} troubles of feeds are over", now)
    for key, _, slug in ended:
        if slug not in watched:  # paused or retired by somebody who knows of it
            notice.close(connection, key, now)
    _settle_network(context, connection, now)


def _begun(context: Context, seen: _Seen, now: datetime, gather: timedelta) -> list[notice.Telling]:
    """Return what is to be told: all that stands, less what was told, and what may be no fault of the feed's.

    Nothing until the first of it has stood for `gather`.
    """
    begun = [
        (since, told)
        for feed in seen.feeds.values()
        for code, (since, sentence) in feed.troubles.items()
        if health.is_settled(code, since, now)
        if not (feed.candidate and feed.succeeded_at is None)
        if code != "failing" or outage.is_proven(context.way_out, feed.failing_at)
        if (told := _telling(BEGINS, code, feed, sentence)).key not in seen.open
    ]
    first = min((since for since, _ in begun), default=now.timestamp())
    return [told for _, told in begun] if now.timestamp() - first >= gather.total_seconds() else []


def _ended(seen: _Seen) -> list[tuple[str, str, str]]:
    """Return key, code and slug of each open notice about a feed whose trouble no longer stands."""
    return [
        (key, code, slug)
        for key, code, slug in _about_feeds(seen.open)
        if slug not in seen.feeds or code not in seen.feeds[slug].troubles
    ]


def _about_feeds(keys: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    for key in sorted(keys):
        code, _, slug = key.removeprefix("feed_").partition(":")
        if key.startswith("feed_") and code in health.CODES:
            yield key, code, slug


def _telling(headlines: Mapping[str, str], code: str, feed: model.Feed, sentence: str) -> notice.Telling:
    body = f"{sentence}\n{feed.url}\n`wirewatch feeds list` shows it as {code}." if sentence else feed.url
    return notice.Telling(f"feed_{code}:{feed.slug}", headlines[code].format(name=feed.name), body)


# -- the way out -----------------------------------------------------------------------------------


def _network_changed(context: Context, seen: _Seen, now: datetime) -> bool:
    is_down = outage.is_told(context.way_out, now)
    is_up = context.way_out.answered_at is not None and context.way_out.failing_since is None
    return is_up if NOTHING_POLLED in seen.open else is_down


def _settle_network(context: Context, connection: Connection, now: datetime) -> None:
    network = context.way_out
    if outage.is_told(network, now) and network.failing_since:
        since = network.answered_at or network.failing_since
        headline = f"Nothing could be polled for {(now - since).total_seconds() / 60:.0f} minutes"
        body = (
            f"No server has answered since {network.failing_since:%Y-%m-%d %H:%M} UTC, so the network of this machine "
            "is the likely cause: look at its name server and its way out. The feeds are tried on every few minutes."
        )
        notice.tell(context, connection, NOTHING_POLLED, headline, body, now)
    elif network.answered_at is not None and network.failing_since is None:
        body = f"Servers answer again since {network.answered_at:%Y-%m-%d %H:%M} UTC; what was missed is caught up."
        notice.over(context, connection, NOTHING_POLLED, "Feeds can be polled again", body, now)
