"""When an alert goes out to one recipient, and together with what. Pure.

Nothing is dropped here: what does not leave at once is gathered under a slot, and the slot says why. From the first
that applies:

| slot | why | leaves |
|---|---|---|
| `digest` | the pack or the channel collects its alerts | at the next time of its timetable |
| `quiet` | the channel's quiet hours | when they end |
| `throttle` | the pack told as many as its `throttle.max` allows | when the oldest of them is out of the window |
| `budget` | the channel told as many today as it may, and this is less than high | when the desk's day ends |
| `storm` | more messages than people can read | every minute |
| `group` | the channel groups, and another message left within its window | when the window ends |

Urgent alerts pass digest, quiet, budget and group. A throttle holds them too, for the rule itself asks for it, and in a
storm they wait for the minute's end.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor import hours, model

STORM_MESSAGES = 10
"""Messages to one recipient in STORM_WINDOW that leave one by one; with one a minute after them, it gets twenty."""
STORM_WINDOW = timedelta(minutes=10)
STORM_EVERY = timedelta(minutes=1)
LATE = timedelta(minutes=5)
"""By how much what gathers may leave late and is held for nothing any more: a sweep comes twice a minute."""
MADE_UP = timedelta(hours=24)
"""How long after its time what was slept through waits for quiet hours to end: not for ever on a machine that is awake
at night alone."""
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NAMED = "%Y-%m-%dT%H:%M:%S.%fZ"
_MIDNIGHT = hours.parse_timetable("00:00")


@dataclass(frozen=True, slots=True)
class Policy:
    """What channel and pack ask for."""

    zone: ZoneInfo
    digest: hours.Timetable | None = None
    digest_of: str = ""
    """Pack whose own timetable `digest` is; empty where it is the channel's."""
    quiet: hours.Quiet | None = None
    group: timedelta | None = None
    budget: int | None = None
    """Alerts a day, in the zone."""
    most: int | None = None
    """Alerts of the pack in `per`."""
    per: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the recipient got lately."""

    posted: Sequence[datetime] = ()
    """When its messages of the last STORM_WINDOW or `group` left or will leave, in order: those of their own, and the
    slots `storm` and `group`."""
    today: int = 0
    """Alerts since local midnight that left at once, or in a storm or group."""
    of_pack: Sequence[datetime] = ()
    """When the pack told in the last `per`, in order: alerts in such messages, and each message of a throttle."""


@dataclass(frozen=True, slots=True)
class Post:
    """Where an alert goes: `slot` None is a message of its own, which leaves at once."""

    slot: str | None
    due: datetime


def post_alert(policy: Policy, severity: str, standing: Standing, now: datetime) -> Post:
    """Return when an alert leaves, and under which slot it is gathered until then."""
    passes = severity == "urgent"
    clock = None if passes else _by_the_clock(policy, now)
    later = clock or _throttled(policy, standing, now, passes) or _over_budget(policy, severity, standing, now)
    if later is not None:
        return later
    since = now - STORM_WINDOW
    if sum(1 for moment in standing.posted if moment > since) >= STORM_MESSAGES:
        end = _round_up(now, STORM_EVERY)
        return Post(f"storm:{_named(end)}", end)
    if policy.group is not None and not passes:
        return _grouped(policy.group, standing, now)
    return Post(None, now)


def after_quiet(policy: Policy, due: datetime) -> datetime:
    """Return `due`, or the end of the quiet hours that it falls into."""
    end = hours.quiet_until(policy.quiet, policy.zone, due) if policy.quiet is not None else None
    return end or due


def after_sleep(policy: Policy, slot: str, due: datetime, now: datetime) -> datetime:
    """Return when what should have left at `due` leaves: at once, or when the quiet hours end that `now` falls into.

    The monitor was asleep or away when its time came, and nobody who asked for quiet is to be woken by that. It waits
    so for a day after its time at most, where its slot names a date after the end of that date.
    """
    if now - due < LATE or now - _promised(policy, slot, due) >= MADE_UP:
        return due
    end = after_quiet(policy, now)
    return end if end > now else due


def _promised(policy: Policy, slot: str, due: datetime) -> datetime:
    """Return the time that a slot's name promises, however often its message was put off since."""
    named = slot.rpartition(":")[2]
    if kind_of(slot) in ("digest", "budget") and _DATE.fullmatch(named):
        after = date.fromisoformat(named) + timedelta(days=1)
        return datetime.combine(after, time(), policy.zone).astimezone(UTC)
    return leaves_at(slot) if kind_of(slot) in ("quiet", "throttle") else due


def waits_until(policy: Policy, now: datetime) -> datetime:
    """Return when an alert that is not urgent would leave by the clock alone: digest and quiet; `now` is at once."""
    post = _by_the_clock(policy, now)
    return post.due if post is not None else now


def end_of_day(policy: Policy, now: datetime) -> datetime:
    """Return when the desk's day ends, or the quiet hours that its end falls into: until then the budget holds."""
    return after_quiet(policy, hours.next_slot(_MIDNIGHT, policy.zone, now).due)


def kind_of(slot: str) -> str:
    """Return which of the six reasons a slot is for."""
    return slot.partition(":")[0]


def pack_of(slot: str) -> str:
    """Return the pack whose own timetable a `digest` slot is of; empty for a channel's, and for other slots."""
    kind, _, rest = slot.partition(":")
    return rest.partition(":")[0] if kind == "digest" else ""


def _by_the_clock(policy: Policy, now: datetime) -> Post | None:
    if policy.digest is not None:
        slot = hours.next_slot(policy.digest, policy.zone, now)
        return Post(digest_slot(policy.digest_of, slot.key), after_quiet(policy, slot.due))
    end = after_quiet(policy, now)
    return Post(f"quiet:{_named(end)}", end) if end > now else None


def digest_slot(pack: str, key: str) -> str:
    """Return the slot of a digest: `key` names the local date or the hour, an empty `pack` means the channel's own."""
    return f"digest:{pack}:{key}"


def _throttled(policy: Policy, standing: Standing, now: datetime, passes: bool) -> Post | None:
    if policy.most is None or len(standing.of_pack) < policy.most:
        return None
    due = standing.of_pack[-policy.most] + policy.per
    leaves = due if passes else after_quiet(policy, due)
    return Post(f"throttle:{_named(leaves)}", leaves) if due > now else None


def _over_budget(policy: Policy, severity: str, standing: Standing, now: datetime) -> Post | None:
    lower = model.severity_rank(severity) < model.severity_rank("high")
    if not lower or policy.budget is None or standing.today < policy.budget:
        return None
    slot = hours.next_slot(_MIDNIGHT, policy.zone, now)
    return Post(f"budget:{slot.key}", after_quiet(policy, slot.due))


def _grouped(window: timedelta, standing: Standing, now: datetime) -> Post:
    """Let the first message of a lull go; what comes within the window after it leaves together at its end."""
    last = standing.posted[-1] if standing.posted else None
    if last is not None and last > now:
        return Post(f"group:{_named(last)}", last)
    if last is None or now - last >= window:
        return Post(None, now)
    return Post(f"group:{_named(last + window)}", last + window)


def _round_up(moment: datetime, step: timedelta) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return day + ((moment - day) // step + 1) * step


def _named(moment: datetime) -> str:
    return moment.strftime(_NAMED)


def leaves_at(slot: str) -> datetime:
    """Return when what is gathered under a slot that names a moment leaves: `storm`, `group`, `quiet`, `throttle`."""
    return datetime.strptime(slot.partition(":")[2], _NAMED).replace(tzinfo=UTC)
