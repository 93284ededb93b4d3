"""poll_feed: from a due feed to stored entries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor import errors, http, metrics, model, tasks, urls
from monitor.feeds import identity, pace
from monitor.jobs import ingest, meter, notice
from monitor.jobs.context import Context
from monitor.store import feeds
from monitor.store.store import Connection

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.8, */*;q=0.1"
)
FEED_CAP = 10_000_000
PARSE_SECONDS = 10.0
WORKERS_BUSY = 60.0
"""Seconds that a feed known to be slow waits while the slow ones before it are not done."""
UNHURRIED = 0.1
"""Seconds that the record of an unchanged feed may wait for others: nobody is told anything by it."""
TELL_AFTER = 3
"""Failed polls in a row before the ops channel hears of a feed."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Polled:
    """How a poll ended: `unchanged`, `ok`, `baseline`, `postponed` or `failed`, and how many entries it brought."""

    outcome: str
    new: int = 0
    baseline: int = 0


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    sentence: str
    answer: model.HttpInfo | None = None


async def poll_feed(context: Context, feed: model.Feed) -> Polled:
    """Poll one feed and store what is new; every way it can fail is recorded on the feed."""
    context.reached("poll.due")
    pause = context.host_pauses.get(urls.host_of(feed.url))
    if pause is not None and pause > context.clock.now():
        await context.store.write(lambda connection: feeds.postpone(connection, feed.id, pause, "host_paused"))
        return Polled("postponed")
    if context.workers.is_busy(_source(feed)):
        return await _wait_for_workers(context, feed)
    try:
        reply = await _fetch(context, feed)
        context.reached("poll.fetched")
        polled = await _take_in(context, feed, reply)
    except errors.WorkerBusy:
        polled = await _wait_for_workers(context, feed)
    except _Failed as failed:
        polled = await _record_failure(context, feed, failed.failure)
    metrics.FEED_POLLS.labels(polled.outcome).inc()
    if polled.outcome != "failed":
        metrics.LAST_SUCCESSFUL_POLL.set(context.clock.now().timestamp())
    return polled


def _source(feed: model.Feed) -> str:
    """Return the name under which the workers remember how long this feed took."""
    return f"feed {feed.id}"


async def _wait_for_workers(context: Context, feed: model.Feed) -> Polled:
    """Put off a feed that takes long to parse while others of its kind wait already; it has not failed."""
    due = context.clock.now() + timedelta(seconds=WORKERS_BUSY)
    await context.store.write(lambda connection: feeds.postpone(connection, feed.id, due, "workers_busy"))
    return Polled("postponed")


class _Failed(Exception):
    def __init__(self, failure: _Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


async def _fetch(context: Context, feed: model.Feed) -> model.Reply:
    declared = context.setup.declared.get(feed.slug)
    headers = {name: value.get_secret_value() for name, value in declared.headers.items()} if declared else {}
    auth = (
        (declared.user, declared.password.get_secret_value())
        if declared and declared.user and declared.password
        else None
    )
    try:
        reply = await context.gate.fetch(
            feed.url,
            cap=FEED_CAP,
            accept=ACCEPT,
            etag=feed.etag,
            last_modified=feed.last_modified,
            headers=headers,
            auth=auth,
        )
    except errors.FetchError as fault:
        raise _Failed(_Failure(fault.code, str(fault))) from fault
    if reply.info.status not in (200, 304):
        raise _Failed(_Failure(f"http_{reply.info.status}", f"the server answered {reply.info.status}", reply.info))
    return reply


async def _take_in(context: Context, feed: model.Feed, reply: model.Reply) -> Polled:
    digest = hashlib.sha256(reply.body).hexdigest()
    if reply.info.status == 304 or digest == feed.body_hash:
        return await _record_unchanged(context, feed, reply)
    try:
        parsed = await context.workers.call(
            tasks.parse_feed,
            reply.body,
            reply.url,
            reply.info.content_type,
            timeout=PARSE_SECONDS,
            source=_source(feed),
        )
    except errors.ParseError as fault:
        raise _Failed(_Failure(fault.code, str(fault), reply.info)) from fault
    except errors.WorkerUnavailable:
        raise  # not the feed's fault: it stays due and is polled again
    except errors.WorkerError as fault:
        metrics.WORKER_RESTARTS.inc()
        raise _Failed(_Failure("parser_killed", str(fault), reply.info)) from fault
    context.reached("poll.parsed")
    return await _ingest(context, feed, reply, parsed, digest)


def _pace(context: Context, feed: model.Feed) -> pace.PaceSettings:
    polling = context.setup.config.polling
    return pace.PaceSettings(every=feed.every, min_every=polling.min_every)


async def _record_unchanged(context: Context, feed: model.Feed, reply: model.Reply) -> Polled:
    now = context.clock.now()
    due, reason = pace.next_check(feed, reply.info, now, _pace(context, feed), context.draw)

    def record(connection: Connection) -> None:
        feeds.record_success(connection, feed, reply.info, now, due, reason)
        _recovered(context, connection, feed, now)

    await context.store.write(record, UNHURRIED)
    return Polled("unchanged")


async def _ingest(
    context: Context, feed: model.Feed, reply: model.Reply, parsed: model.ParsedFeed, digest: str
) -> Polled:
    now = context.clock.now()
    due, reason = pace.next_check(feed, reply.info, now, _pace(context, feed), context.draw, parsed.ttl)
    keys = [identity.entry_keys(entry) for entry in parsed.entries]

    def record(connection: Connection) -> Polled:
        limit = meter.limit_of(context, feed.slug)
        taken = ingest.store_entries(connection, feed, parsed.entries, keys, now, limit)
        meter.tell(context, connection, feed, taken.excess, now)
        polled = Polled("ok" if feed.baselined else "baseline", taken.new, taken.baseline)
        columns = {"body_hash": digest, "items": len(parsed.entries)}
        columns |= {"etag": reply.info.etag, "last_modified": reply.info.last_modified}
        if polled.new:
            columns["new_entry_at"] = now
        if not feed.baselined:
            columns["baselined_at"] = now
        feeds.record_success(connection, feed, reply.info, now, due, reason, **columns)
        _recovered(context, connection, feed, now)
        context.reached("poll.before_commit")
        return polled

    polled = await context.store.write(record)
    context.reached("poll.committed")
    _log_poll(feed, parsed, polled)
    return polled


def _log_poll(feed: model.Feed, parsed: model.ParsedFeed, polled: Polled) -> None:
    for sentence in parsed.dropped:
        log.warning("feed_items_dropped", feed=feed.slug, why=sentence)
    if polled.baseline:
        log.info("feed_baseline", feed=feed.slug, entries=polled.baseline, will_alert=polled.new)
    elif polled.new:
        log.info("feed_new_entries", feed=feed.slug, entries=polled.new)


async def _record_failure(context: Context, feed: model.Feed, failure: _Failure) -> Polled:
    now = context.clock.now()
    # A good answer that held no feed is a failure all the same: what it says of caching does not count.
    heeded = failure.answer if failure.answer and failure.answer.status >= 400 else None
    due, _ = pace.next_check(feed, heeded, now, _pace(context, feed), context.draw)
    status = failure.answer.status if failure.answer else None
    wait = http.retry_after_seconds(failure.answer.retry_after, now) if failure.answer else None

    def record(connection: Connection) -> None:
        feeds.record_failure(connection, feed.id, now, due, failure.reason, status, failure.sentence)
        if wait:
            feeds.pause_host(connection, urls.host_of(feed.url), now + timedelta(seconds=wait))
        if _is_told(feed):
            headline = f"Feed {feed.name} has failed {feed.failures + 1} times"
            body = (
                f"{feed.url}\n{failure.sentence}\nIt is tried again at {due:%Y-%m-%d %H:%M} UTC; it is never given up."
            )
            notice.tell(context, connection, f"feed_failing:{feed.slug}", headline, body, now)

    await context.store.write(record)
    if wait:
        context.host_pauses[urls.host_of(feed.url)] = now + timedelta(seconds=wait)
    log.warning(
        "feed_failed", feed=feed.slug, reason=failure.reason, error=failure.sentence, next_check=due.isoformat()
    )
    return Polled("failed")


def _is_told(feed: model.Feed) -> bool:
    """A candidate's failures raise no notice until its first good fetch."""
    return feed.failures + 1 >= TELL_AFTER and not (feed.candidate and feed.succeeded_at is None)


def _recovered(context: Context, connection: Connection, feed: model.Feed, now: datetime) -> None:
    if feed.failures >= TELL_AFTER:
        headline = f"Feed {feed.name} works again"
        notice.over(context, connection, f"feed_failing:{feed.slug}", headline, feed.url, now)
