"""poll_feed: from a due feed to stored entries."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor import errors, http, metrics, model, tasks, urls
from monitor.feeds import health, history, identity, outage, pace, recall
from monitor.jobs import ingest, learn, meter
from monitor.jobs.context import Context
from monitor.store import feeds, troubles
from monitor.store.store import Connection

ACCEPT = (
    "application/rss+xml, application/atom+xml, application/rdf+xml, application/feed+json, application/xml;q=0.9, "
    "text/xml;q=0.8, */*;q=0.1"
)
FEED_CAP = 10_000_000
PARSE_SECONDS = 10.0
BUSY = 60.0
"""Seconds that a feed known to be slow, or a large one, waits while those before it are not done."""
QUARANTINE_AFTER = 3
QUARANTINE = timedelta(hours=6)
"""How long a feed is left alone that failed so often in a row, and whose text now killed the parser: each try costs a
worker seconds. `feeds list` shows it as `quarantined`, the ops channel as failing."""
UNHURRIED = 0.1
"""Seconds that the record of an unchanged feed may wait for others: nobody is told anything by it."""
AFTER_PAUSE = 60.0
"""Seconds over which the feeds of a host are spread when the pause ends that it asked for."""
KEPT_DROPPED = 20
"""Sentences about what was left out that a feed's page shows."""
_GONE = 410
_NOT_ASKED = frozenset(("bad_url", "blocked_address"))
"""Faults that end a fetch before anything was sent."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Polled:
    """How a poll ended: `unchanged`, `ok`, `baseline`, `postponed` or `failed`, and how many entries it brought."""

    outcome: str
    new: int = 0
    baseline: int = 0
    again: datetime | None = None
    """When it is asked again, if it was put off because others go first."""


@dataclass(frozen=True, slots=True)
class _Failure:
    reason: str
    sentence: str
    answer: model.HttpInfo | None = None
    url: str | None = None
    """The address that answered, after redirects."""


async def poll_feed(context: Context, feed: model.Feed) -> Polled:
    """Poll one feed and store what is new; every way it can fail is recorded on the feed."""
    context.reached("poll.due")
    pause = context.host_pauses.get(urls.host_of(feed.url))
    if pause is not None and pause > context.clock.now():
        due = pause + timedelta(seconds=AFTER_PAUSE * context.draw())
        await context.store.write(lambda connection: feeds.postpone(connection, feed.id, due, "host_paused"))
        return Polled("postponed")
    if context.workers.is_busy(_source(feed)):
        return await _put_off(context, feed, "workers_busy")
    try:
        async with context.gate.room() as room:
            reply = await _fetch(context, feed, room)
            context.reached("poll.fetched")
            polled = await _take_in(context, feed, reply)
    except errors.WorkerBusy:
        polled = await _put_off(context, feed, "workers_busy")
    except _Crowded:
        polled = await _put_off(context, feed, "memory_busy")
    except _Failed as failed:
        polled = await _record_failure(context, feed, failed.failure)
    metrics.FEED_POLLS.labels(polled.outcome).inc()
    context.pulse.polled[polled.outcome] += 1
    if polled.outcome != "failed":
        metrics.LAST_SUCCESSFUL_POLL.set(context.clock.now().timestamp())
    return polled


def _source(feed: model.Feed) -> str:
    """Return the name under which the workers remember how long this feed took."""
    return f"feed {feed.id}"


async def _put_off(context: Context, feed: model.Feed, reason: str) -> Polled:
    """Put off a feed that takes long to parse, or is large, while others of its kind wait; it has not failed."""
    due = context.clock.now() + timedelta(seconds=BUSY)
    await context.store.write(lambda connection: feeds.postpone(connection, feed.id, due, reason))
    return Polled("postponed", again=due)


class _Crowded(Exception):
    """Too many large answers came at once."""


class _Failed(Exception):
    def __init__(self, failure: _Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


async def _fetch(context: Context, feed: model.Feed, room: http.Room) -> model.Reply:
    declared = context.setup.declared.get(feed.slug)
    if declared and urls.host_of(declared.url) != urls.host_of(feed.url):
        declared = None  # the feed has moved to another host: what was meant for the first is not shown to it
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
            room=room,
        )
    except errors.FetchError as fault:
        if fault.code == "busy":
            raise _Crowded from fault
        _note_network(context, feed, fault.code)
        raise _Failed(_Failure(fault.code, str(fault))) from fault
    _note_network(context, feed, None)
    if reply.info.status not in (200, 304):
        sentence = f"the server answered {reply.info.status}"
        raise _Failed(_Failure(f"http_{reply.info.status}", sentence, reply.info, reply.url))
    return reply


async def _take_in(context: Context, feed: model.Feed, reply: model.Reply) -> Polled:
    digest = hashlib.sha256(reply.body).hexdigest()
    if reply.info.status == 304 or digest == feed.body_hash:
        return await _record_unchanged(context, feed, reply)
    parsed = await _parse(context, feed, reply, recall.usable(feed, context.clock.now()))
    polled = await _ingest(context, feed, reply, parsed, digest)
    if polled is None:
        parsed = await _parse(context, feed, reply, None)
        polled = await _ingest(context, feed, reply, parsed, digest)
        assert polled is not None
    context.reached("poll.committed")
    _log_poll(feed, parsed, polled)
    return polled


async def _parse(context: Context, feed: model.Feed, reply: model.Reply, memory: bytes | None) -> model.ParsedFeed:
    """Have a worker parse a body, but for what stands in it as `memory` has it."""
    try:
        parsed = await context.workers.call(
            tasks.parse_feed,
            reply.body,
            reply.url,
            reply.info.content_type,
            memory,
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
    return parsed


def _pace(context: Context, feed: model.Feed) -> pace.PaceSettings:
    polling = context.setup.config.polling
    return pace.PaceSettings(every=feed.every, min_every=polling.min_every)


async def _record_unchanged(context: Context, feed: model.Feed, reply: model.Reply) -> Polled:
    now = context.clock.now()
    due, reason = pace.next_check(feed, reply.info, now, _pace(context, feed), context.draw)

    def record(connection: Connection) -> None:
        more = learn.from_answer(connection, feed, reply, now)
        more["history"] = _noted(feed, now, "unchanged", reply.info)
        feeds.record_success(connection, feed, reply.info, now, due, reason, **more)

    await context.store.write(record, UNHURRIED)
    return Polled("unchanged")


async def _ingest(
    context: Context, feed: model.Feed, reply: model.Reply, parsed: model.ParsedFeed, digest: str
) -> Polled | None:
    """Store what a body brought; None, and nothing is stored, where it must be read as a whole.

    What a body brought beside known items is new if nothing is known of it. Whether it is one of those known under
    another form (a revision, a reused guid) shows only among all that is listed.
    """
    now = context.clock.now()
    keys = [identity.entry_keys(entry) for entry in parsed.entries]

    def record(connection: Connection) -> Polled | None:
        if parsed.recalled and ingest.knows_any(connection, feed, keys):
            return None
        limit = meter.limit_of(context, feed.slug)
        unchanged = len(parsed.unchanged)
        taken = ingest.store_entries(connection, feed, parsed.entries, keys, now, limit, unchanged)
        taken = replace(taken, known=taken.known + unchanged)
        meter.tell(context, connection, feed, taken.excess, now)
        polled = Polled("ok" if feed.baselined else "baseline", taken.new, taken.baseline)
        columns = {"body_hash": digest, "items": parsed.listed}
        columns |= ingest.remembered(feed, parsed, taken, now)
        columns["history"] = _noted(feed, now, polled.outcome, reply.info, polled.new + polled.baseline)
        if not parsed.recalled or parsed.dropped:  # else what is wrong with the items known by heart still stands
            columns["dropped"] = [sentence[:500] for sentence in parsed.dropped[:KEPT_DROPPED]] or None
        # Of a body that ended early the rest is still owed: a 304 next time would keep it back.
        answer = model.HttpInfo(reply.info.status) if parsed.ended_early else reply.info
        columns |= {"etag": answer.etag, "last_modified": answer.last_modified}
        if polled.new:
            columns["new_entry_at"] = now
        # Of a first body that ended early the rest is old too; a feed that always ends so is not waited for twice.
        if not feed.baselined and (feed.succeeded_at is not None or not parsed.ended_early):
            columns["baselined_at"] = now
        learned = learn.from_listing(connection, feed, parsed, taken, now)
        columns |= learn.from_answer(connection, feed, reply, now) | learned.columns
        due, reason = pace.next_check(learned.feed, reply.info, now, _pace(context, feed), context.draw)
        feeds.record_success(connection, feed, reply.info, now, due, reason, **columns)
        context.reached("poll.before_commit")
        return polled

    return await context.store.write(record)


def _noted(feed: model.Feed, now: datetime, outcome: str, answer: model.HttpInfo | None, new: int = 0) -> bytes:
    poll = history.Poll(int(now.timestamp()), outcome, answer.status if answer else 0, new)
    return history.note(feed.history, poll)


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
    ours = failure.reason in outage.SILENT_CODES and outage.is_ours(context.network, feed.failing_at, now)
    due, reason = pace.next_check(feed, heeded, now, _pace(context, feed), context.draw, ours)
    if failure.reason == "parser_killed" and feed.failures + 1 >= QUARANTINE_AFTER:
        due, reason = max(due, now + QUARANTINE), "quarantined"
    noted = _noted(feed, now, "failed", failure.answer)
    failed = replace(_judge_failure(feed, failure, now, counts=not ours), history=noted)
    wait = http.retry_after_seconds(failure.answer.retry_after, now) if failure.answer else None
    host = urls.host_of(failure.url or feed.url)

    def record(connection: Connection) -> None:
        feeds.record_failure(connection, feed, failed, now, due, reason)
        if wait:
            feeds.pause_host(connection, host, now + timedelta(seconds=wait))
        if not ours:
            found = health.judge_failure(failed.failures, failure.reason, failure.sentence, bool(failed.stopped_at))
            standing = health.merge(troubles.standing(connection, feed.id), health.OF_POLLS, found, now)
            troubles.record(connection, feed.id, standing)

    await context.store.write(record)
    if wait:
        context.host_pauses[host] = now + timedelta(seconds=wait)
    log.warning(
        "feed_failed", feed=feed.slug, reason=failure.reason, error=failure.sentence, next_check=due.isoformat()
    )
    return Polled("failed")


def _judge_failure(feed: model.Feed, failure: _Failure, now: datetime, counts: bool) -> feeds.Failed:
    """Return what to record: a poll that failed for a reason of ours counts for nothing."""
    status = failure.answer.status if failure.answer else None
    gone_at = (feed.gone_at or now) if status == _GONE else feed.gone_at
    stopped = status == _GONE and gone_at is not None and now - gone_at >= health.GONE_AFTER
    failures = feed.failures + 1 if counts else feed.failures
    return feeds.Failed(status, failure.sentence, failures, gone_at, now if stopped else None)


def _note_network(context: Context, feed: model.Feed, code: str | None) -> None:
    """Note whether anybody answered; `code` is that of the fault, None for an answer."""
    now, host = context.clock.now(), urls.host_of(feed.url)
    if code in outage.SILENT_CODES:
        context.network = outage.see_silence(context.network, host, now)
    elif code not in _NOT_ASKED:
        context.network = outage.see_answer(context.network, host, now)
