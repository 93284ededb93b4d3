"""deliver: from a queued message to sent, queued again, uncertain or dead."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal

import structlog

from monitor import errors, metrics, model
from monitor.alerts import digest, posting
from monitor.delivery import limit, verdict
from monitor.jobs import compose, notice, rate_links
from monitor.jobs.context import Context, Outlet
from monitor.model import SendOutcome, SendResult
from monitor.store import batches, decisions, gathering, messages
from monitor.store.store import Connection

log = structlog.get_logger()


BUSY_AGAIN = 0.03
"""Seconds after which a channel is claimed from again while another member did."""
BUSY_TRIES = 50
"""Times in a row; then it is left to the next who looks for what is due."""


async def deliver(context: Context, target_id: int) -> int:
    """Send what is due to one target, in order; return how many attempts were made."""
    tries = busy = 0
    while (outlet := context.setup.outlets.get(target_id)) is not None:
        claim = await context.store.write(lambda connection, out=outlet: _claim(context, connection, out))  # type: ignore[misc]
        if claim is None:
            break
        if claim == "busy":
            busy += 1
            if busy == BUSY_TRIES:
                break
            await context.clock.sleep(BUSY_AGAIN)
            continue
        context.reached("send.claimed")
        await _send(context, outlet, claim)
        tries, busy = tries + 1, 0
    return tries


def _claim(context: Context, connection: Connection, outlet: Outlet) -> messages.Claim | Literal["busy"] | None:
    if not messages.lock_channel(connection, outlet.target.channel):
        return "busy"
    now = context.clock.now()
    if outlet.rate is not None:
        since = now - timedelta(seconds=outlet.rate.seconds)
        starts = messages.channel_starts(connection, outlet.target_id, since)
        slot = limit.next_slot(starts, outlet.rate.count, outlet.rate.seconds, now)
        if slot > now:
            messages.pause_target(connection, outlet.target_id, slot, None)
            return None
    claim = messages.claim(connection, outlet.target_id, context.store.epoch, now)
    return _with_words(connection, claim) if claim is not None and claim.kind == "digest" else claim


def _with_words(connection: Connection, claim: messages.Claim) -> messages.Claim:
    """Let a digest say what it is, once and for all attempts: its members are frozen from now on."""
    if claim.headline or not claim.slot:
        return claim
    told = len({row.revision_id for row in decisions.get_alerts(connection, claim.alert_ids)})
    first = gathering.is_first(claim.slot)
    number = batches.batch_of(claim.slot)
    batch = batches.get(connection, number) if number is not None else None
    if batch is not None:
        headline, body = digest.render_words(batch.kind, batch.feed_name, batch.entries, told, first)
    else:
        headline, body = digest.slot_words(posting.kind_of(claim.slot), told, first)
    messages.set_words(connection, claim.id, headline, body)
    return replace(claim, headline=headline, body=body)


async def _send(context: Context, outlet: Outlet, claim: messages.Claim) -> None:
    """Make one attempt and record how it ended; a cancelled attempt is recorded as uncertain."""
    try:
        said = await context.store.read(
            lambda connection: compose.build_notice(connection, claim, context.setup.config.timezone)
        )
    except errors.StoreError as fault:  # else it would count as one that may have arrived
        await _record(context, outlet, claim, SendResult(SendOutcome.RETRY, detail=str(fault), pause_channel=False))
        return
    said = rate_links.with_links(said, context.setup, claim.target_id, context.clock.now())
    try:
        result = await _attempt(context, outlet, claim, said)
        context.reached("send.accepted")
    except asyncio.CancelledError:
        result = SendResult(SendOutcome.UNCERTAIN, detail="the monitor was stopped while this was being sent")
        await asyncio.shield(_record(context, outlet, claim, result))
        raise
    await asyncio.shield(_record(context, outlet, claim, result))
    context.reached("send.recorded")


async def _attempt(context: Context, outlet: Outlet, claim: messages.Claim, said: model.Notice) -> SendResult:
    if context.clock.now() >= claim.lease_until or not context.store.holds():
        return SendResult(SendOutcome.RETRY, detail="the lease ran out before the first byte", pause_channel=False)
    try:
        return await outlet.sender.send(said)
    except errors.MonitorError as fault:
        return SendResult(SendOutcome.RETRY, detail=str(fault))


async def _record(context: Context, outlet: Outlet, claim: messages.Claim, result: SendResult) -> None:
    now = context.clock.now()

    def record(connection: Connection) -> tuple[verdict.Verdict, list[datetime]]:
        paused = messages.pause_of(connection, claim.target_id)
        seen = verdict.judge(result, claim.created_at, claim.plain, paused, now)
        messages.record_result(
            connection, claim, result, now, state=seen.state, due=seen.due, reason=seen.reason, plain=seen.plain
        )
        messages.pause_target(connection, claim.target_id, seen.pause_until, seen.pause_seconds)
        if seen.state == "dead":
            _tell_dead(context, connection, outlet, claim, seen, now)
        if seen.state != "sent" or not claim.alert_ids:
            return seen, []
        rows = decisions.get_alerts(connection, claim.alert_ids)
        return seen, list({row.article_id: row.published for row in rows if row.published}.values())

    seen, published = await context.store.write(record)
    metrics.MESSAGES.labels(outlet.target.channel, seen.state).inc()
    for moment in published:
        metrics.PUBLISHED_TO_SENT.observe(max(0.0, (now - moment).total_seconds()))
    level = log.info if seen.state == "sent" else log.warning
    level(
        "message_" + seen.state,
        message=claim.id,
        channel=outlet.target.channel,
        target=outlet.target.label,
        attempt=claim.attempt,
        detail=result.detail,
        next_try=None if seen.state in ("sent", "dead") else seen.due.isoformat(),
    )


def _tell_dead(
    context: Context,
    connection: Connection,
    outlet: Outlet,
    claim: messages.Claim,
    seen: verdict.Verdict,
    now: datetime,
) -> None:
    """Report a message that no further try can deliver; an ops notice that died is not reported in a circle."""
    if claim.kind == "ops":
        return
    alerts = ", ".join(f"al-{alert}" for alert in claim.alert_ids) or "a test"
    headline = f"Channel {outlet.target.channel} refuses messages"
    body = (
        f"{outlet.target.label}: {seen.reason}\nNot delivered: {alerts}.\n"
        f"Mend the channel in config.toml, then: wirewatch alerts resend ID"
    )
    key = f"channel_refused:{outlet.target.channel}:{outlet.target.key}"
    notice.tell(context, connection, key, headline, body, now, avoid=claim.target_id)
