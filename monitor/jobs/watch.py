"""The monitor watches itself: what is amiss is told once, reminded of once a day, and told again when it is over.

`alerts.watch` judges; here the signs are gathered, and what was found is compared with the notices that stand open, so
that a restart tells nothing twice. Feeds, broken rule files and refusals are told where they are met (`jobs.alarm`,
`reload`, `jobs.send`); what is over of the last is told here.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from monitor import metrics
from monitor.alerts import watch as judge
from monitor.alerts.watch import Finding
from monitor.feeds import outage
from monitor.jobs import notice, watch_rules
from monitor.jobs.context import Context
from monitor.jobs.pulse import Standing
from monitor.store import database, messages, notices
from monitor.store import watch as signs
from monitor.store.store import Connection

REMIND = timedelta(hours=24)
WITH_IT = timedelta(hours=12)
"""What was told so long ago is reminded of together with what is due for it."""
CLOCK_KEPT = 3600.0
"""Seconds for which it counts that the clock was set."""
SAMPLE, SAMPLES, ENOUGH = 3600.0, 24, 6
"""Seconds between looks at how the disk fills, how many are kept, and how many tell a pace."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the database says now."""

    polls: signs.Polls
    reading: signs.Reading
    recipients: list[signs.Recipient]
    open: Mapping[str, datetime | None]
    """Notices, and when each was told last."""
    orphaned: frozenset[str]
    """Removed channels for which messages wait."""


async def watch(context: Context) -> None:
    """Look at everything once, tell what is due, and keep what stands for the health routes and the heartbeat."""
    now = context.clock.now()
    seen = await context.store.read(lambda connection: _look(connection, now))
    await watch_rules.look(context, seen.open.keys())
    standing = tuple(_aged(context, list(_found(context, seen, now)), now))
    for one in standing:
        before = {old.finding.key for old in context.pulse.standing}
        if one.finding.standstill and one.finding.key not in before:
            log.warning("standstill_begins", finding=one.finding.key, says=one.finding.headline)
    context.pulse.standing = standing
    _gauge(seen, now)
    metrics.show_whole(database.sqlite_path(str(context.store.engine.url)) is None)
    begun, ended = _begun(standing, seen), list(_ended(context, standing, seen))
    if begun or ended or _is_reminder_due(seen, now):
        await context.store.write(lambda connection: _settle(context, connection, begun, ended, now))


def _gauge(seen: _Seen, now: datetime) -> None:
    metrics.NOTICES_OPEN.set(len(seen.open))
    metrics.ENTRIES_WAITING.set(seen.reading.waiting)
    for work, due in (("poll", seen.polls.due_at), ("read", seen.reading.due_at)):
        metrics.LATENESS.labels(work).set(max(0.0, (now - due).total_seconds()) if due else 0.0)
    if seen.polls.succeeded_at is not None:  # of every member, and of before this process began
        metrics.LAST_SUCCESSFUL_POLL.set(seen.polls.succeeded_at.timestamp())


def _look(connection: Connection, now: datetime) -> _Seen:
    return _Seen(
        signs.polls(connection, now),
        signs.reading(connection, now),
        signs.recipients(connection, now),
        signs.open_notices(connection),
        frozenset(messages.orphaned(connection)),
    )


# -- what is found -------------------------------------------------------------------------------


def _found(context: Context, seen: _Seen, now: datetime) -> Iterator[Finding]:
    live = context.setup.live
    silent = context.way_out.failing_since if outage.silence(context.way_out, now) >= outage.DOUBT else None
    sending = sum(rule.rule.traits.status == "live" for rule in live.ruleset.rules)
    found = (
        judge.judge_silence(silent, context.way_out.answered_at, now) or judge.judge_polls(seen.polls, now),
        judge.judge_reading(seen.reading, now),
        judge.judge_rules(sending, len(live.stale)),
        _disk(context),
        judge.judge_clock(_clock_moved(context)),
        judge.judge_heartbeat(context.pulse.beat_failing_at, context.pulse.beat_said),
    )
    yield from (one for one in found if one is not None)
    yield from judge.judge_channels(seen.recipients, now)
    yield from judge.judge_outbox(seen.recipients, now)
    yield from context.pulse.of_rules or ()


def _clock_moved(context: Context) -> timedelta:
    at = context.clock.monotonic()
    return sum((moved for when, moved in context.pulse.clock if at - when <= CLOCK_KEPT), timedelta())


def _disk(context: Context) -> Finding | None:
    """Judge the disk of an SQLite database; that of a server is the server's affair."""
    path = database.sqlite_path(str(context.store.engine.url))
    if path is None:
        return None
    usage, at, free = shutil.disk_usage(path.parent), context.clock.monotonic(), context.pulse.free
    metrics.DISK_FREE.set(usage.free)
    if not free or at - free[-1][0] >= SAMPLE:
        free.append((at, usage.free))
        if len(free) > SAMPLES:
            free.popleft()
    days = (at - free[0][0]) / 86_400
    growth = max(0.0, (free[0][1] - usage.free) / days) if len(free) > ENOUGH else 0.0
    return judge.judge_disk(judge.DiskSigns(str(path.parent), usage.free, usage.total, growth))


def _aged(context: Context, found: list[Finding], now: datetime) -> Iterator[Standing]:
    """Yield each finding with its age: since it began, where that is known, else since it was first found."""
    at, seen = context.clock.monotonic(), context.pulse.seen
    for gone in seen.keys() - {one.key for one in found}:
        del seen[gone]
    for one in found:
        first = seen.setdefault(one.key, at)
        yield Standing(one, now - one.since if one.since else timedelta(seconds=at - first))


# -- what is told --------------------------------------------------------------------------------


def _begun(standing: tuple[Standing, ...], seen: _Seen) -> list[Finding]:
    return [
        one.finding
        for one in standing
        if one.age >= one.finding.patience and one.finding.key not in judge.UNTOLD | seen.open.keys()
    ]


def _ended(context: Context, standing: tuple[Standing, ...], seen: _Seen) -> Iterator[tuple[str, str]]:
    """Yield key and headline of each open notice whose trouble no longer stands; no headline where its rule is gone."""
    rules = {f"{pack}/{rule}" for pack, rule in watch_rules.names(context)}
    there = {one.finding.key for one in standing}
    there |= {f"channel_refused:{one.channel}:{one.key}" for one in seen.recipients if one.refused}
    there |= {f"channel_removed:{channel}" for channel in seen.orphaned}
    for key in seen.open:
        headline = judge.over(key)
        if headline is not None and key not in there:
            gone = key.startswith("rule_") and key.partition(":")[2] not in rules
            yield key, "" if gone else headline


def _is_reminder_due(seen: _Seen, now: datetime) -> bool:
    return any(told is not None and now - told >= REMIND for told in seen.open.values())


def _settle(
    context: Context, connection: Connection, begun: list[Finding], ended: list[tuple[str, str]], now: datetime
) -> None:
    for finding in begun:
        if not finding.key.startswith("rule_stopped:"):
            notice.tell(context, connection, finding.key, finding.headline, finding.body, now)
    stopped = [notice.Telling(one.key, one.headline, one.body) for one in begun if one.key.startswith("rule_stopped:")]
    notice.tell_all(context, connection, stopped, "{count} rules no longer fire", now)
    for key, headline in ended:
        if headline:
            notice.over(context, connection, key, headline, "", now)
        else:
            notice.close(connection, key, now)
    _remind(context, connection, now)


def _remind(context: Context, connection: Connection, now: datetime) -> None:
    """Say once a day, in one message, all that was told and still stands."""
    told = signs.open_notices(connection)
    due = {key for key, at in told.items() if at is not None and now - at >= WITH_IT}
    if not any(at is not None and now - at >= REMIND for at in told.values()):
        return
    rows = [one for one in notices.list_open(connection) if one.key in due]
    lines = [f"{one.headline} (since {one.opened_at:%Y-%m-%d %H:%M} UTC)" for one in rows[: notice.LISTED]]
    if len(rows) > notice.LISTED:
        lines.append(f"And {len(rows) - notice.LISTED} more.")
    headline = "1 trouble still stands" if len(rows) == 1 else f"{len(rows)} troubles still stand"
    notice.say(context, connection, f"reminder:{now:%Y-%m-%dT%H:%M:%S}", headline, "\n".join(lines), now)
    signs.mark_told(connection, sorted(due), now)
