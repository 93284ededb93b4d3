"""Tell the operator of the monitor's own troubles: once through the ops channel, again when over."""

from __future__ import annotations

from datetime import datetime

import structlog

from monitor.jobs.context import Context, Outlet
from monitor.store import messages, notices
from monitor.store.store import Connection

log = structlog.get_logger()


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


def _queue(
    context: Context, connection: Connection, slot: str, headline: str, body: str, now: datetime, avoid: int | None
) -> None:
    log.warning("ops_notice", headline=headline, body=body)
    for outlet in _ways(context, avoid):
        messages.queue_text(connection, outlet.target_id, "ops", slot[:100], headline, body, now)


def _ways(context: Context, avoid: int | None) -> tuple[Outlet, ...]:
    """Return the ops channel's recipients; where all of them are the trouble, those of every other channel."""
    setup = context.setup
    ops = setup.outlets_of((setup.config.ops_channel,)) if setup.config.ops_channel else ()
    left = tuple(outlet for outlet in ops if outlet.target_id != avoid)
    if left or not ops:
        return left
    return tuple(outlet for outlet in setup.outlets.values() if outlet.target_id != avoid)
