"""What the page of the system and the API say of the daemon: gathered in one read, charts from the same numbers."""

from __future__ import annotations

import itertools
import platform
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from markupsafe import Markup

from monitor import config as configuration
from monitor import metrics
from monitor.delivery import channel
from monitor.jobs import report
from monitor.jobs.context import Context
from monitor.jobs.pulse import Standing
from monitor.store import database, feed_views, notices, poll_hours, stats, system_views
from monitor.store import watch as signs
from monitor.store.feed_views import Counts
from monitor.store.members import Member
from monitor.store.notices import OpsNotice
from monitor.store.poll_hours import PollHour
from monitor.store.store import Connection
from monitor.store.system_views import Delay, Failure, OutboxRow
from monitor.store.watch import Recipient
from monitor.web import charts, templating

ALERT_DAYS = 30
DELAY_DAYS = 14
POLL_HOURS = 24
LOST_SHOWN = timedelta(hours=24)
"""How long a process of a cluster that was lost is shown."""
STATES = {
    "gathering": "gathers",
    "queued": "waits",
    "sending": "is being sent",
    "uncertain": "perhaps sent, tried again",
    "dead": "will not be sent",
}


@dataclass(frozen=True, slots=True)
class ChannelRow:
    """A channel of the configuration."""

    name: str
    leads_to: str
    """Without tokens and passwords."""
    uses: tuple[str, ...]
    recipients: tuple[Recipient, ...]
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class Day:
    """What came on one day of the desk's zone."""

    name: str
    alerts: int


@dataclass(frozen=True, slots=True)
class DelayDay:
    """Seconds from publication to the channel's acceptance, on one day."""

    name: str
    messages: int
    p50: float | None
    p95: float | None


@dataclass(frozen=True, slots=True)
class Machine:
    """Where the daemon runs."""

    version: str
    python: str
    database: str
    """`SQLite` or `PostgreSQL`."""
    database_bytes: int
    disk_free: int | None
    """None where the database is a server's."""
    disk_total: int | None
    workers: int
    started_at: datetime | None
    backup_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A process of a cluster."""

    id: int
    role: str
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    state: str
    """`living`, `silent` (its lease has run out) or `lost` (it was ended for that)."""
    leads: bool


@dataclass(frozen=True, slots=True)
class System:
    """All of it."""

    machine: Machine
    members: tuple[MemberRow, ...]
    """Of a cluster; none where one process works alone."""
    standing: tuple[Standing, ...]
    """What the sweep found amiss, told or not."""
    outbox: tuple[OutboxRow, ...]
    channels: tuple[ChannelRow, ...]
    troubles: tuple[OpsNotice, ...]
    feeds: Counts
    days: tuple[Day, ...]
    delays: tuple[DelayDay, ...]
    own_p95: float | None
    """Seconds from first sight to acceptance, which is what the monitor itself takes."""
    hours: tuple[tuple[datetime, dict[str, int]], ...]
    """Polls of each hour by outcome, the oldest first."""


def read(connection: Connection, context: Context, now: datetime) -> System:
    """Return how the daemon fares."""
    config = context.setup.config
    zone = ZoneInfo(config.timezone)
    bounds = day_bounds(now, zone, ALERT_DAYS)
    counts = system_views.alerts_between(connection, bounds)
    told = system_views.delays(connection, bounds[-1 - DELAY_DAYS])
    since = now.replace(minute=0, second=0, microsecond=0) - timedelta(hours=POLL_HOURS - 1)
    living = system_views.list_members(connection, now - LOST_SHOWN)
    rows = tuple(member_row(one, now) for one in living)
    return System(
        machine=_machine(connection, context, rows),
        members=rows,
        standing=_standing(living, now) if rows else context.pulse.standing,
        outbox=tuple(system_views.outbox(connection)),
        channels=tuple(channels(connection, context, now)),
        troubles=tuple(notices.list_open(connection)),
        feeds=feed_views.count(connection),
        days=tuple(Day(_day_name(at, zone), n) for at, n in zip(bounds, counts, strict=False)),
        delays=tuple(_delay_days(told, bounds[-1 - DELAY_DAYS :], zone)),
        own_p95=percentile([(one.sent_at - one.first_seen).total_seconds() for one in told], 0.95),
        hours=_hours(poll_hours.list_since(connection, since), since),
    )


def day_bounds(now: datetime, zone: ZoneInfo, days: int) -> list[datetime]:
    """Return the beginnings of the last `days` days of a zone, today's the last but one, and the end of today; UTC."""
    today = now.astimezone(zone).date()
    dates = [today - timedelta(days=days - 1 - n) for n in range(days + 1)]
    return [datetime(date.year, date.month, date.day, tzinfo=zone).astimezone(UTC) for date in dates]


def _day_name(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%-d %b}"


def member_row(one: Member, now: datetime) -> MemberRow:
    """Return how a member of a cluster stands."""
    state = "lost" if one.ended_at else "living" if one.lease_until > now else "silent"
    leads = state == "living" and report.leads(one.state)
    return MemberRow(one.id, one.role, one.host, one.pid, one.version, one.started_at, one.beat_at, state, leads)


def _standing(found: Sequence[Member], now: datetime) -> tuple[Standing, ...]:
    """Return what the leader of a cluster said with its last beat."""
    leaders = [one for one in found if member_row(one, now).leads]
    return report.standing(leaders[-1].state) if leaders else ()


def _machine(connection: Connection, context: Context, members: Sequence[MemberRow]) -> Machine:
    path = database.sqlite_path(str(context.store.engine.url))
    usage = shutil.disk_usage(path.parent) if path is not None else None
    backup = system_views.last_backup(connection)
    return Machine(
        version=metrics.version(),
        python=platform.python_version(),
        database="SQLite" if path is not None else "PostgreSQL",
        database_bytes=stats.size_bytes(context.store.engine),
        disk_free=usage.free if usage else None,
        disk_total=usage.total if usage else None,
        workers=len(context.workers.pids()),
        started_at=min((one.started_at for one in members if one.state == "living"), default=None)
        or system_views.started_at(connection),
        backup_at=datetime.fromtimestamp(backup, UTC) if backup is not None else None,
    )


def channels(connection: Connection, context: Context, now: datetime) -> list[ChannelRow]:
    """Return the channels of the configuration, and how each fares."""
    config = context.setup.config
    found = signs.recipients(connection, now)
    route = configuration.effective_route(config)
    rows = []
    for name, settings in configuration.effective_channels(config).items():
        uses = (("default", name in route), ("ops", name == config.ops_channel))
        rows.append(
            ChannelRow(
                name,
                channel.describe(settings.url.get_secret_value()),
                tuple(use for use, used in uses if used),
                tuple(one for one in found if one.channel == name),
                system_views.last_failure(connection, name),
            )
        )
    return rows


def _delay_days(told: Sequence[Delay], bounds: Sequence[datetime], zone: ZoneInfo) -> list[DelayDay]:
    rows = []
    for begin, end in itertools.pairwise(bounds):
        late = [
            (one.sent_at - one.published).total_seconds()
            for one in told
            if one.published is not None and begin <= one.sent_at < end
        ]
        rows.append(DelayDay(_day_name(begin, zone), len(late), percentile(late, 0.5), percentile(late, 0.95)))
    return rows


def percentile(values: Sequence[float], share: float) -> float | None:
    """Return the value that `share` of them do not exceed; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _hours(rows: Sequence[PollHour], since: datetime) -> tuple[tuple[datetime, dict[str, int]], ...]:
    found: dict[datetime, dict[str, int]] = {since + timedelta(hours=n): {} for n in range(POLL_HOURS)}
    for row in rows:
        if row.hour in found:
            found[row.hour][row.outcome] = row.polls
    return tuple(found.items())


# -- charts --------------------------------------------------------------------------------------


def alert_chart(system: System) -> Markup:
    """Return alerts a day."""
    row = charts.Series("alerts and updates", tuple(float(day.alerts) for day in system.days), "a")
    return charts.bars("Alerts a day", [day.name for day in system.days], (row,))


def delay_chart(system: System) -> Markup:
    """Return the delay of the typical and of the late alert, in minutes, by day."""
    rows = (
        charts.Series("half of them within", tuple(_minutes(day.p50) for day in system.delays), "a"),
        charts.Series("19 of 20 within", tuple(_minutes(day.p95) for day in system.delays), "b"),
    )
    return charts.lines("Published to sent, minutes", [day.name for day in system.delays], rows, " min")


def _minutes(seconds: float | None) -> float | None:
    return None if seconds is None else seconds / 60


def poll_chart(system: System, zone: str) -> Markup:
    """Return polls an hour, by outcome."""
    labels = [f"{hour.astimezone(ZoneInfo(zone)):%H:%M}" for hour, _ in system.hours]
    rows = tuple(
        charts.Series(name, tuple(float(_polls(counts, outcomes)) for _, counts in system.hours), kind)
        for name, outcomes, kind in POLL_KINDS
    )
    return charts.bars("Polls an hour", labels, rows)


POLL_KINDS = (
    ("something new", ("ok", "baseline"), "a"),
    ("nothing new", ("unchanged",), "c"),
    ("put off", ("postponed",), "b"),
    ("failed", ("failed",), "bad"),
)


def _polls(counts: Mapping[str, int], outcomes: Sequence[str]) -> int:
    return sum(counts.get(outcome, 0) for outcome in outcomes)


def numbers(system: System, zone: str) -> dict[str, list[tuple[object, ...]]]:
    """Return the numbers of the charts as rows of tables."""
    lasting = templating.lasting
    return {
        "alerts": [(day.name, day.alerts) for day in system.days],
        "delays": [(day.name, day.messages, lasting(day.p50), lasting(day.p95)) for day in system.delays],
        "polls": [
            (f"{hour.astimezone(ZoneInfo(zone)):%H:%M}", *(_polls(counts, kinds) for _, kinds, _ in POLL_KINDS))
            for hour, counts in system.hours
        ],
    }
