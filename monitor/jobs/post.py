"""From alerts to messages: who gets them, when, and together with what; part of the deciding step's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import hours, model
from monitor.alerts import posting
from monitor.config_settings import ChannelSettings, effective_channels
from monitor.jobs.context import Outlet, Setup
from monitor.model import Decision
from monitor.rules.packs import Traits
from monitor.store import batches, decisions, gathering, messages
from monitor.store.store import Connection

_COUNTED = ("", "storm", "group")
"""Kinds of slots whose messages leave as alerts come; what waits for hours counts against no limit."""


def post_alerts(
    setup: Setup,
    connection: Connection,
    revision_id: int,
    alerts: Mapping[int, Decision],
    batch: batches.Batch | None,
    now: datetime,
) -> None:
    """Queue or gather the alerts about one revision for each recipient.

    What one article alerts in several packs goes to a recipient together, as soon as the first of them may.
    """
    by_target: dict[int, list[decisions.AlertRow]] = {}
    for row in decisions.get_alerts(connection, list(alerts)):
        for outlet in outlets_for(setup, row.route):
            by_target.setdefault(outlet.target_id, []).append(row)
    for target_id, own in by_target.items():
        _post(setup, connection, target_id, revision_id, own, alerts, batch, now)


def _post(
    setup: Setup,
    connection: Connection,
    target_id: int,
    revision_id: int,
    own: Sequence[decisions.AlertRow],
    alerts: Mapping[int, Decision],
    batch: batches.Batch | None,
    now: datetime,
) -> None:
    ids = [row.id for row in own]
    severity = max((row.severity for row in own), key=model.severity_rank)
    posts = [_place(setup, connection, target_id, row, now) for row in own]
    post = min(posts, key=lambda post: (post.due, post.slot or ""))
    in_batch = batch is not None and all("batch" in (alerts[number].detail or {}) for number in ids)
    if batch is not None and in_batch and posting.kind_of(post.slot or "") in _COUNTED:
        batches.gather(connection, target_id, batch.id, ids, severity, now)
    elif post.slot is None:
        messages.queue_alerts(connection, target_id, revision_id, ids, severity, now)
    else:
        gathering.gather(connection, target_id, post.slot, post.due, ids, severity, now)


# -- who -----------------------------------------------------------------------------------------


def traits_of(setup: Setup, pack: str, rules: Sequence[str]) -> list[Traits]:
    """Return what rules of a pack ask for now; one that is gone since asks for nothing."""
    known = setup.live.ruleset.packs.get(pack)
    return [rule.traits for rule in known.rules if rule.id in rules] if known else []


def outlets_for(setup: Setup, channels: Sequence[str]) -> tuple[Outlet, ...]:
    """Return the recipients of some channels; where they lead nowhere, those of every channel there is.

    A pack may name a channel that has been removed since: better told in the wrong room than not at all.
    """
    default = setup.outlets_of(setup.config.default_route)
    return setup.outlets_of(tuple(channels)) or default or tuple(setup.outlets.values())


# -- when ----------------------------------------------------------------------------------------


def _place(
    setup: Setup, connection: Connection, target_id: int, row: decisions.AlertRow, now: datetime
) -> posting.Post:
    channel = effective_channels(setup.config).get(setup.outlets[target_id].target.channel)
    policy = policy_of(channel, row.pack, traits_of(setup, row.pack, row.rules), ZoneInfo(setup.config.timezone))
    return posting.post_alert(policy, row.severity, _standing(connection, target_id, policy, row.pack, now), now)


def policy_of(channel: ChannelSettings | None, pack: str, rules: Sequence[Traits], zone: ZoneInfo) -> posting.Policy:
    """Return what channel and rules ask for together.

    An alert of several rules waits for a pack's digest or throttle only if every one of them asks for it.
    """
    own = [traits.digest for traits in rules if traits.digest]
    digest: hours.Timetable | None = own[0].table if own and len(own) == len(rules) else None
    limits = [(limit.most, limit.per) for traits in rules if (limit := traits.throttle) and limit.most and limit.per]
    most, per = max(limits) if limits and len(limits) == len(rules) else (None, 0.0)
    return posting.Policy(
        zone=zone,
        digest=digest or (channel.digest if channel else None),
        digest_of=pack if digest else "",
        quiet=channel.quiet if channel else None,
        group=timedelta(seconds=channel.group) if channel and channel.group else None,
        budget=channel.budget if channel else None,
        most=most,
        per=timedelta(seconds=per or 0.0),
    )


def _standing(
    connection: Connection, target_id: int, policy: posting.Policy, pack: str, now: datetime
) -> posting.Standing:
    """Return what a recipient got lately, but for what a clock that was ahead made later than now."""
    since = now - max(posting.STORM_WINDOW, policy.group or timedelta())
    ahead = now + max(posting.STORM_EVERY, policy.group or timedelta())
    today, of_pack = 0, []
    if policy.budget is not None:
        local = now.astimezone(policy.zone)
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
        today = len(_told(gathering.list_told(connection, target_id, midnight), now))
    if policy.most is not None:
        found = gathering.list_told(connection, target_id, now - 2 * policy.per, pack)
        of_pack = _under_throttle(found, now - policy.per, now)
    return posting.Standing(_posted(gathering.list_recent(connection, target_id, since), now, ahead), today, of_pack)


def _told(found: Iterable[tuple[datetime, str]], now: datetime) -> list[datetime]:
    return [moment for moment, slot in found if posting.kind_of(slot) in _COUNTED and moment <= now]


def _under_throttle(found: Iterable[tuple[datetime, str]], since: datetime, now: datetime) -> list[datetime]:
    """Return when the pack told since then, in order: each alert, and once for what it told together beyond its max."""
    merged = {posting.leaves_at(slot) for _, slot in found if posting.kind_of(slot) == "throttle"}
    return sorted(moment for moment in (*_told(found, now), *merged) if since < moment <= now)


def _posted(recent: Iterable[gathering.Recent], now: datetime, ahead: datetime) -> list[datetime]:
    moments: list[datetime] = []
    for one in recent:
        kind = posting.kind_of(one.slot)
        if kind in ("storm", "group"):
            moments += [leaves for leaves in (posting.leaves_at(one.slot),) if leaves <= ahead]
        elif kind in ("", "batch") and one.created_at <= now:
            moments.append(one.created_at)
    return sorted(moments)
