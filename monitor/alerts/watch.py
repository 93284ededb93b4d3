"""What the monitor finds wrong with itself: signs in, findings with their reasons out. Pure.

Two kinds of signs. `Vitals` are those of the process: clock, writer and sweep; a thread reads them that needs none of
the three. The others (polls, reading, channels, disk) are read from the database at each sweep.
A finding is told once it has stood for its `patience`. A `standstill` is one in which alerts no longer come out at all:
it then silences the heartbeat too. Each is to be found within 15 minutes, though feeds may be asked only every ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.store.watch import Polls, Reading, Recipient

PATIENCE = timedelta(minutes=10)
"""Time before the operator is told."""
SOON = timedelta(minutes=4)
LONG_AGO = timedelta(minutes=12)
"""Where nothing has succeeded for LONG_AGO, SOON of failing is enough: the first failure came late."""
AT_ONCE = timedelta()
SEVERAL = 3
"""Feeds that were sound and fail one after the other, no poll between them having succeeded: that is no accident."""
LATE = timedelta(minutes=2)
"""Time beyond its plan at which work that nobody does counts as left lying."""
NOBODY_TOLD = timedelta(minutes=12)
"""Time for which every channel fails before that is a standstill: by then the others were tried with the news."""
MANY_WAIT = 200
"""Messages of one channel that are an outbox which grows, whatever their age."""
LONG_WAIT = timedelta(minutes=10)
"""Time for which a message that may leave has not left."""
CLOCK_MOVED = timedelta(minutes=5)
LOW_DISK = 1_000_000_000
"""Free bytes below which the disk is nearly full; of a small one a tenth."""
FULL_WITHIN_DAYS = 3.0

TICK_STILL, WRITER_STILL, COMMIT_STILL, SWEEP_STILL = 60.0, 60.0, 120.0, 300.0
"""Seconds without a sign of life after which a part of the process stands still. A tick comes each second, the writer
stirs each second, something is committed each five, a sweep ends each thirty."""


UNTOLD = frozenset(("nothing_polled", "nobody_told"))
"""Findings that are not told here: of the first the silence alarm tells, of the second nobody can be told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something amiss. `key` names it for as long as it stands; `since`: None where only its first sight tells."""

    key: str
    headline: str
    body: str
    since: datetime | None = None
    patience: timedelta = PATIENCE
    standstill: bool = False


# -- the process itself --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Vitals:
    """Seconds since the last sign of life of each part of the process."""

    tick: float
    writer: float
    commit: float
    sweep: float
    fault: str = ""
    """What the database said to the last write that failed; empty once one succeeded."""


def judge_vitals(vitals: Vitals) -> Finding | None:
    """Return what stands still, the deepest cause alone: without ticks there is no sweep either."""
    if vitals.tick > TICK_STILL:
        return Finding(
            "scheduler_still",
            "The monitor stands still: its scheduler does not tick",
            f"For {_span(vitals.tick)} nothing has been polled, decided or sent. Restart it: nothing is lost. "
            "The log shows where it stands (`standstill`).",
            standstill=True,
        )
    if vitals.writer > WRITER_STILL:
        return Finding(
            "writer_still",
            "The monitor stands still: its database writer hangs",
            f"For {_span(vitals.writer)} nothing could be recorded, so nothing is decided or sent. "
            "Look at the disk of the database, then restart the monitor: nothing is lost.",
            standstill=True,
        )
    if vitals.commit > COMMIT_STILL:
        said = vitals.fault or "another process holds its lock"
        return Finding(
            "database_still",
            "The monitor stands still: its database takes no writes",
            f"For {_span(vitals.commit)} nothing could be recorded, so nothing is decided or sent: {said}. It is tried "
            "on, and all goes on by itself once the database can be written.",
            standstill=True,
        )
    if vitals.sweep > SWEEP_STILL:
        return Finding(
            "sweep_still",
            "The monitor no longer looks after itself",
            f"For {_span(vitals.sweep)} its sweep has not ended: held alerts, digests and the watch over feeds and "
            "channels depend on it. The log says why (`periodic_work_failed`); restart the monitor.",
            standstill=True,
        )
    return None


# -- polls and reading ---------------------------------------------------------------------------


def judge_polls(signs: Polls, now: datetime) -> Finding | None:
    """Return why nothing new can be heard of, if so."""
    if not signs.active:
        why = [f"{signs.paused} are paused"] * bool(signs.paused) + [f"{signs.stopped} are gone"] * bool(signs.stopped)
        body = f"{' and '.join(why) or 'None is declared'}: nothing can alert. `wirewatch feeds list` shows them."
        return Finding("no_feeds", "No feed is polled", body, standstill=True)
    if signs.fallen >= min(SEVERAL, signs.sound) > 0 and signs.fallen_at is not None:
        last = (
            f"The last good poll was at {signs.succeeded_at:%Y-%m-%d %H:%M} UTC" if signs.succeeded_at else "None was"
        )
        return Finding(
            "polls_failing",
            "No poll succeeds any more",
            f"{last}; since then {_feeds(signs.fallen)} failed, and none has been polled well. A "
            "proxy or firewall that answers in their place is a likely cause. `wirewatch feeds list` shows what came.",
            signs.fallen_at,
            _patience(signs.succeeded_at, now),
            standstill=True,
        )
    if _is_late(signs.due_at, now) and not _is_fresh(signs.polled_at, now):
        return Finding(
            "polls_stalled",
            "Feeds are due and none is asked",
            f"The first has been due since {signs.due_at:%Y-%m-%d %H:%M} UTC. The monitor's workers or its fetches are "
            "stuck; restart it: nothing is lost.",
            patience=timedelta(minutes=2),
            standstill=True,
        )
    return None


def judge_silence(since: datetime | None, answered_at: datetime | None, now: datetime) -> Finding | None:
    """Return that no server at all answers since then, if so: whatever fails meanwhile fails for that."""
    if since is None:
        return None
    patience = _patience(answered_at, now)
    return Finding("nothing_polled", "Nothing can be polled", "No server answers.", since, patience, standstill=True)


def _patience(last: datetime | None, now: datetime) -> timedelta:
    return SOON if last is None or now - last >= LONG_AGO else PATIENCE


def judge_reading(signs: Reading, now: datetime) -> Finding | None:
    """Return that articles wait and none is decided, if so."""
    if not _is_late(signs.due_at, now) or _is_fresh(signs.decided_at, now):
        return None
    return Finding(
        "reading_stalled",
        "Articles wait and none is decided",
        f"{signs.waiting} wait, the first since {signs.due_at:%Y-%m-%d %H:%M} UTC. The worker processes are stuck or "
        "cannot be started (memory?): the log says more (`job_failed`). Restart the monitor: nothing is lost.",
        patience=timedelta(minutes=5),
        standstill=True,
    )


def judge_rules(live: int, stale: int) -> Finding | None:
    """Return that no rule can alert, if so; `live` counts rules that may, `stale` packs with faulty files."""
    if live:
        return None
    why = f"{stale} packs are faulty: `wirewatch check` shows where" if stale else "none has the status `live`"
    body = f"Articles are read and recorded, and nothing can alert: {why}."
    return Finding("no_rules", "No rule is live", body, patience=timedelta(minutes=1), standstill=True)


def _is_late(due: datetime | None, now: datetime) -> bool:
    return due is not None and now - due >= LATE


def _is_fresh(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and now - moment < LATE


# -- channels and the outbox ---------------------------------------------------------------------


def judge_channels(signs: Sequence[Recipient], now: datetime) -> Iterator[Finding]:
    """Yield a finding for each recipient that cannot be reached, and one where nobody can."""
    failing = [one for one in signs if one.failing_at is not None]
    for one in failing:
        told = [f"Notices that wait for it: {'; '.join(one.notices)}."] if one.notices else []
        lines = [
            f"{one.label}: {one.detail or 'no answer'}",
            f"Since {one.failing_at:%Y-%m-%d %H:%M} UTC; {one.waiting} messages wait in order, for 7 days at most.",
            *told,
            f"`wirewatch channels test {one.channel}` tries it.",
        ]
        key = f"channel_failing:{one.channel}:{one.key}"
        yield Finding(key, f"Channel {one.channel} cannot be reached", "\n".join(lines), one.failing_at)
    dead = [one for one in signs if one.refused or _stood(one.failing_at, NOBODY_TOLD, now)]
    first = min((one.failing_at for one in dead if one.failing_at), default=None)
    if dead and not any(_is_heard(one, first) for one in signs if one not in dead):
        names = ", ".join(sorted({one.channel for one in dead}))
        body = f"{names}: nobody can be told of anything."
        yield Finding("nobody_told", "No channel works", body, patience=AT_ONCE, standstill=True)


def _stood(since: datetime | None, length: timedelta, now: datetime) -> bool:
    return since is not None and now - since >= length


def _is_heard(one: Recipient, since: datetime | None) -> bool:
    """Return whether a recipient got something since others fail; without a time, ever."""
    return one.sent_at is not None and (since is None or one.sent_at >= since)


def cannot_be_told(signs: Iterable[Recipient], now: datetime) -> set[int]:
    """Return the targets through which nothing should be said now: they refuse, or have failed for a while."""
    return {one.target_id for one in signs if one.refused or _stood(one.failing_at, SOON, now)}


def judge_outbox(signs: Iterable[Recipient], now: datetime) -> Iterator[Finding]:
    """Yield a finding for each channel whose messages pile up although it does not fail."""
    for one in signs:
        late = _stood(one.due_at, LONG_WAIT, now)
        if one.failing_at is None and not one.refused and (late or one.waiting >= MANY_WAIT):
            since = f", the oldest since {one.due_at:%Y-%m-%d %H:%M} UTC" if one.due_at else ""
            body = (
                f"{one.label}: {one.waiting} messages wait{since}. None is lost; its `rate` or its service is slower "
                "than what comes. `digest`, `budget` or `group` make fewer messages of them."
            )
            headline = f"Messages pile up for channel {one.channel}"
            yield Finding(f"outbox:{one.channel}:{one.key}", headline, body, patience=timedelta(minutes=3))


# -- the disk, and the heartbeat -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DiskSigns:
    """Of the disk that the database lies on; `growth`: bytes that it loses in a day, 0 where not known yet."""

    folder: str
    free: int
    total: int
    growth: float = 0.0


def judge_disk(signs: DiskSigns) -> Finding | None:
    """Return that the disk is nearly full, or soon will be, and what happens then."""
    days = signs.free / signs.growth if signs.growth > 0 else FULL_WITHIN_DAYS
    soon = days < FULL_WITHIN_DAYS
    if signs.free >= min(LOW_DISK, signs.total / 10) and not soon:
        return None
    pace = f" At today's pace it is full in {_span(days * 86_400)}." if soon else ""
    body = (
        f"{signs.folder}: {signs.free / 1e6:,.0f} MB of {signs.total / 1e6:,.0f} MB are free.{pace} On a full disk no "
        "article can be recorded: what is decided is sent, and nothing new until there is room; what stands in the "
        "feeds then is caught up. Free space, or move the database ([monitor] database)."
    )
    return Finding("disk", "The disk of the database is nearly full", body, patience=AT_ONCE)


def judge_clock(moved: timedelta) -> Finding | None:
    """Return that the machine's clock was set, or stands still; `moved`: by how much in all within the last hour."""
    if abs(moved) < CLOCK_MOVED:
        return None
    way = "ahead" if moved > timedelta() else "back (or it stands still)"
    body = (
        f"Within an hour it went {_span(abs(moved).total_seconds())} {way}. What is planned moved with it, so nothing "
        "is polled twice or left out; digests and quiet hours go by the new time. Look at the machine's time service."
    )
    return Finding("clock_set", "The clock of this machine was set", body, patience=AT_ONCE)


def judge_heartbeat(failing_at: datetime | None, said: str) -> Finding | None:
    """Return that the heartbeat does not arrive, if so: whoever waits for it will think that the monitor is dead."""
    if failing_at is None:
        return None
    body = f"Since {failing_at:%Y-%m-%d %H:%M} UTC: {said}. The monitor works; look at heartbeat_url under [ops]."
    return Finding("heartbeat_failing", "The heartbeat does not arrive", body, failing_at)


def _feeds(count: int) -> str:
    return "the one feed that was sound has" if count == 1 else f"{count} feeds that were sound have"


def _span(seconds: float) -> str:
    if seconds < 7200:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.0f} hours" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"


OVER = {
    "no_feeds": "Feeds are polled again",
    "polls_failing": "Polls succeed again",
    "polls_stalled": "Feeds are asked again",
    "reading_stalled": "Articles are decided again",
    "no_rules": "Rules are live again",
    "channel_failing": "Channel {name} can be reached again",
    "channel_refused": "Channel {name} takes messages again",
    "channel_removed": "Nothing waits for the removed channel {name} any more",
    "outbox": "Messages for channel {name} leave in time again",
    "disk": "The disk of the database has room again",
    "clock_set": "The clock of this machine has been steady for an hour",
    "heartbeat_failing": "The heartbeat arrives again",
    "rule_stopped": "Rule {name} fires again",
    "rule_floods": "Rule {name} no longer floods",
}
"""What is said when a finding is over, by the first part of its key; `{name}` is the second."""


def over(key: str) -> str | None:
    """Return the headline for the end of the finding `key`; None where that is not ours to judge."""
    kind, _, rest = key.partition(":")
    words = OVER.get(kind)
    return None if words is None else words.format(name=rest.partition(":")[0])
