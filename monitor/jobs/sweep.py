"""sweep: what must happen now and then although nothing asks for it."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import structlog

from monitor import metrics
from monitor.jobs import alarm, decide, desk, digests, hush, notice, release, replan, retention, watch
from monitor.jobs.context import Context
from monitor.store import feeds, messages, poll_hours, stories
from monitor.store.store import Connection, lock_deciding

log = structlog.get_logger()


async def sweep(context: Context, gather: timedelta = alarm.GATHER) -> None:
    """Void expired leases, end holds, give up messages of removed channels, look after itself, and keep the gauges.

    `gather`: how long a feed's trouble waits for others to be told with it.
    """
    now = context.clock.now()
    expired, dead = await context.store.write(lambda connection: _expire(context, connection, now))
    if expired or dead:
        log.warning("messages_swept", expired_leases=expired, channel_removed=dead)
    released = await context.store.decide(lambda connection: _release(context, connection))
    for one in released:
        metrics.DECISIONS.labels(one.decision.outcome.value, one.decision.reason.value).inc()
    if released:
        log.info("holds_ended", told=sum(one.alert_id is not None for one in released), decisions=len(released))
    await alarm.watch_feeds(context, gather)
    await watch.watch(context)
    await context.store.read(lambda connection: _gauge(context, connection, now))
    for host in [host for host, until in context.host_pauses.items() if until <= now]:
        del context.host_pauses[host]
    polled = dict(context.pulse.polled)
    context.pulse.polled.clear()
    await context.store.write(lambda connection: _settle(connection, polled, now))
    context.pulse.swept = time.monotonic()
    metrics.LAST_SWEEP.set(now.timestamp())
    await retention.keep_up(context)


def _expire(context: Context, connection: Connection, now: datetime) -> tuple[int, int]:
    for channel, waiting in messages.orphaned(connection).items():
        headline = f"Channel {channel} is gone and {waiting} messages wait for it"
        body = "They wait 24 hours for the channel to come back to config.toml; then they are dead: channel_removed."
        notice.tell(context, connection, f"channel_removed:{channel}", headline, body, now)
    replan.settle(context.setup, connection, now)
    digests.owe_digests(context.setup, connection, now)
    hush.tell_ends(context, connection, now)
    return messages.expire_leases(connection, now), messages.expire_removed(connection, now)


def _settle(connection: Connection, polled: dict[str, int], now: datetime) -> None:
    stories.prune_terms(connection, now)
    poll_hours.add(connection, polled, now)


def _release(context: Context, connection: Connection) -> list[release.Released]:
    """Tell or close what was held until now; alerts and messages commit together."""
    lock_deciding(connection)
    now = context.clock.now()
    setup = context.setup
    released = release.release_due(connection, desk.desk_of(setup), now)
    decide.queue_released(setup, connection, released, now)
    context.reached("release.before_commit")
    return released


def _gauge(context: Context, connection: Connection, now: datetime) -> None:
    waiting = messages.count_open(connection)
    for channel in {outlet.target.channel for outlet in context.setup.outlets.values()} | set(waiting):
        metrics.MESSAGES_PENDING.labels(channel).set(waiting.get(channel, 0))
    for state, count in feeds.count_states(connection).items():
        metrics.FEEDS.labels(state).set(count)
    oldest = feeds.longest_silence(connection, now)
    metrics.FEED_STALENESS.set(oldest)
