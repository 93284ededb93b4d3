"""What is due by the clock of the desk although nothing came: a digest without alerts says so."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import hours
from monitor.alerts import digest, posting
from monitor.config_settings import ChannelSettings, effective_channels
from monitor.jobs.context import Outlet, Setup
from monitor.store import gathering, messages, stats
from monitor.store.store import Connection

MISSED = timedelta(hours=24)
"""Age up to which a digest that was missed is still sent."""


def owe_digests(setup: Setup, connection: Connection, now: datetime) -> int:
    """Queue a digest that says so wherever one is due and nothing was collected for it; return how many."""
    zone = ZoneInfo(setup.config.timezone)
    channels = effective_channels(setup.config)
    owed = 0
    for outlet in setup.outlets.values():
        channel = channels.get(outlet.target.channel)
        if channel is not None and channel.digest is not None:
            owed += _owe(connection, outlet, channel, channel.digest, zone, now)
    return owed


def _owe(
    connection: Connection,
    outlet: Outlet,
    channel: ChannelSettings,
    table: hours.Timetable,
    zone: ZoneInfo,
    now: datetime,
) -> bool:
    due = hours.last_slot(table, zone, now)
    slot = posting.digest_slot("", due.key)
    if now - due.due >= MISSED or (channel.quiet and hours.quiet_until(channel.quiet, zone, now)):
        return False
    began = messages.target_since(connection, outlet.target_id)
    if began is None or began >= due.due or gathering.exists(connection, outlet.target_id, slot):
        return False
    before = hours.last_slot(table, zone, due.due - timedelta(microseconds=1))
    read, silent = stats.count_articles(connection, before.due, due.due), stats.count_silent(connection)
    told = gathering.list_told(connection, outlet.target_id, before.due)
    left = sum(1 for moment, _ in told if moment <= due.due)
    headline, body = digest.empty_words(read, silent, left)
    messages.queue_text(connection, outlet.target_id, "digest", slot, headline, body, now)
    return True
