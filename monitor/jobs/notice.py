"""Tell the operator of the monitor's own troubles: once through the ops channel, again when over.

What cannot be told there, since the channel refuses or has failed for a while, goes to every other one that works.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from monitor.alerts import watch
from monitor.jobs.context import Context, Outlet
from monitor.store import messages, notices
from monitor.store import watch as signs
from monitor.store.store import Connection

MANY = 6
"""Troubles that begin or end together from which on they share a message."""
SLOT = 100
"""Characters of a slot."""
LISTED = 100
"""Troubles that such a message names."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Telling:
    """A trouble to tell, or that is over; the first line of `body` is a sentence of its own."""

    key: str
    headline: str
    body: str


def tell(
    context: Context,
    connection: Connection,
    key: str,
    headline: str,
    body: str,
    now: datetime,
    avoid: int | None = None,
) -> None:
    """Open notice `key` and queue a message about it, unless it was told within a day.

    Args:
        avoid: Id of a target that is itself the trouble: the notice goes another way if there is one.
    """
    if not notices.open_notice(connection, key, headline, body, now):
        return
    _queue(context, connection, f"{key}:{now:%Y-%m-%dT%H:%M:%S}", headline, body, now, avoid)


def over(context: Context, connection: Connection, key: str, headline: str, body: str, now: datetime) -> None:
    """Close notice `key` and say so, if it stood open."""
    if notices.close_notice(connection, key, now):
        _queue(context, connection, f"{key}:over:{now:%Y-%m-%dT%H:%M:%S}", headline, body, now, None)


def close(connection: Connection, key: str, now: datetime) -> None:
    """Close notice `key` and say nothing: whoever asks knows."""
    notices.close_notice(connection, key, now)


def say(context: Context, connection: Connection, slot: str, headline: str, body: str, now: datetime) -> None:
    """Queue a message that opens no notice, once for `slot`."""
    _queue(context, connection, slot, headline, body, now, None)


def tell_all(
    context: Context, connection: Connection, tellings: Sequence[Telling], headline: str, now: datetime
) -> None:
    """Open every notice; tell those that are due each for itself, or MANY and more in one message under `headline`."""
    due = [told for told in tellings if notices.open_notice(connection, told.key, told.headline, told.body, now)]
    _queue_all(context, connection, due, headline, "", now)


def over_all(
    context: Context, connection: Connection, tellings: Sequence[Telling], headline: str, now: datetime
) -> None:
    """Close every notice and say so, MANY and more in one message under `headline`."""
    due = [told for told in tellings if notices.close_notice(connection, told.key, now)]
    _queue_all(context, connection, due, headline, "over:", now)


def _queue_all(
    context: Context, connection: Connection, due: Sequence[Telling], headline: str, what: str, now: datetime
) -> None:
    if len(due) < MANY:
        for told in due:
            slot = f"{told.key}:{what}{now:%Y-%m-%dT%H:%M:%S}"
            _queue(context, connection, slot, told.headline, told.body, now, None)
        return
    lines = [f"{told.headline}. {told.body.splitlines()[0]}" for told in due[:LISTED]]
    if len(due) > LISTED:
        lines.append(f"And {len(due) - LISTED} more: `wirewatch feeds list`.")
    slot = f"many:{what}{now:%Y-%m-%dT%H:%M:%S.%f}"
    _queue(context, connection, slot, headline.format(count=len(due)), "\n".join(lines), now, None)


def _queue(
    context: Context, connection: Connection, slot: str, headline: str, body: str, now: datetime, avoid: int | None
) -> None:
    log.warning("ops_notice", headline=headline, body=body)
    for outlet in _ways(context, connection, avoid, now):
        messages.queue_text(connection, outlet.target_id, "ops", _short(slot), headline, body, now)


def _short(slot: str) -> str:
    """Return a slot that fits its column and is still one of a kind: its end, the time, tells two notices apart."""
    return slot if len(slot) <= SLOT else f"{slot[: SLOT - 33]}:{hashlib.sha256(slot.encode()).hexdigest()[:32]}"


def _ways(context: Context, connection: Connection, avoid: int | None, now: datetime) -> tuple[Outlet, ...]:
    """Return the ops channel's recipients that can be told; where there are none, those of every other channel.

    Where nobody can be told it waits for the ops channel all the same, unless that is the trouble itself.
    """
    setup = context.setup
    ops = setup.outlets_of((setup.config.ops_channel,)) if setup.config.ops_channel else ()
    if not ops:
        return ()
    dead = watch.cannot_be_told(signs.recipients(connection, now), now) | {avoid}
    well = tuple(outlet for outlet in ops if outlet.target_id not in dead)
    others = tuple(outlet for outlet in setup.outlets.values() if outlet.target_id not in dead)
    return well or others or tuple(outlet for outlet in ops if outlet.target_id != avoid)
