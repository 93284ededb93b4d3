"""What gathers for a time of day leaves when channel and pack, as they are now, would have it leave, if that is sooner.

Nothing that gathers is planned once and for all: the configuration and the rules change, a channel goes and comes back,
the clock is set. So the plans are compared with what is asked for now, whatever changed and whenever it did. A plan is
only ever made sooner: nobody waits longer than they were told.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from monitor.alerts import posting
from monitor.config_settings import effective_channels
from monitor.jobs import post
from monitor.jobs.context import Setup
from monitor.store import gathering
from monitor.store.store import Connection


def replan(setup: Setup, connection: Connection, now: datetime) -> int:
    """Make sooner what would wait longer than is asked for now; return how many messages that were."""
    moved = 0
    for message in gathering.list_gathered(connection):
        kind = posting.kind_of(message.slot)
        if kind not in gathering.BY_THE_CLOCK or message.due_at <= now or message.target_id not in setup.outlets:
            continue
        due = _latest(setup, connection, message, now)
        if due < message.due_at:
            gathering.set_due(connection, message.id, due)
            moved += 1
    return moved


def _latest(setup: Setup, connection: Connection, message: gathering.Gathered, now: datetime) -> datetime:
    """Return when a message would leave if what it gathered came now."""
    channel = effective_channels(setup.config).get(setup.outlets[message.target_id].target.channel)
    zone = ZoneInfo(setup.config.timezone)
    kind, pack = posting.kind_of(message.slot), posting.pack_of(message.slot)
    whole = post.policy_of(channel, "", (), zone)
    if kind == "quiet":
        return posting.after_quiet(whole, now)
    if kind == "budget":
        return posting.end_of_day(whole, now) if whole.budget is not None else posting.after_quiet(whole, now)
    told = [rules for name, rules in gathering.packs_in(connection, message.id) if name == pack] if pack else []
    policies = [post.policy_of(channel, pack, post.traits_of(setup, pack, rules), zone) for rules in told]
    return min(posting.waits_until(policy, now) for policy in policies or [whole])
