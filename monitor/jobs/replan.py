"""When what gathers leaves: as it was told, sooner where channel and pack, as they are now, would have it so.

Nothing that gathers is planned once and for all: the configuration and the rules change, a channel goes and comes back,
the clock is set. So the plans are compared with what is asked for now, whatever changed and whenever it did. A plan is
made sooner: nobody waits longer than they were told. But what is found late, since the monitor slept, waits for the end
of quiet hours that it would fall into.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.alerts import posting
from monitor.config_settings import effective_channels
from monitor.jobs import post
from monitor.jobs.context import Setup
from monitor.store import batches, gathering
from monitor.store.store import Connection


def settle(setup: Setup, connection: Connection, now: datetime, early: Sequence[str] = ()) -> int:
    """Plan anew, close what batches are complete, and queue what is due; return how many messages that were.

    `early`: kinds of slots that are not waited for.
    """
    replan(setup, connection, now)
    return batches.settle(connection, now) + gathering.settle(connection, now, early)


def replan(setup: Setup, connection: Connection, now: datetime) -> int:
    """Move what would wait longer than is asked for now, or come out in the quiet; return how many messages."""
    moved = 0
    for message in gathering.list_gathered(connection):
        if message.target_id not in setup.outlets:
            continue
        due = _planned(setup, connection, message, now)
        if due != message.due_at:
            gathering.set_due(connection, message.id, due)
            moved += 1
    return moved


def _planned(setup: Setup, connection: Connection, message: gathering.Gathered, now: datetime) -> datetime:
    kind = posting.kind_of(message.slot)
    if message.due_at > now:
        is_timed = kind in gathering.BY_THE_CLOCK
        return min(message.due_at, _latest(setup, connection, message, now)) if is_timed else message.due_at
    if kind not in gathering.HELD or message.severity == "urgent":
        return message.due_at
    return posting.after_sleep(_whole(setup, message), message.slot, message.due_at, now)


def _whole(setup: Setup, message: gathering.Gathered) -> posting.Policy:
    """Return what a message's channel asks for, whatever its packs do."""
    channel = effective_channels(setup.config).get(setup.outlets[message.target_id].target.channel)
    return post.policy_of(channel, "", (), ZoneInfo(setup.config.timezone))


def _latest(setup: Setup, connection: Connection, message: gathering.Gathered, now: datetime) -> datetime:
    """Return when a message would leave if what it gathered came now."""
    channel = effective_channels(setup.config).get(setup.outlets[message.target_id].target.channel)
    zone = ZoneInfo(setup.config.timezone)
    kind, pack = posting.kind_of(message.slot), posting.pack_of(message.slot)
    whole = _whole(setup, message)
    if kind == "quiet":
        return posting.after_quiet(whole, now)
    if kind == "budget":
        return posting.end_of_day(whole, now) if whole.budget is not None else posting.after_quiet(whole, now)
    told = [rules for name, rules in gathering.packs_in(connection, message.id) if name == pack] if pack else []
    policies = [post.policy_of(channel, pack, post.traits_of(setup, pack, rules), zone) for rules in told]
    return min(posting.waits_until(policy, now) for policy in policies or [whole])
