"""The operations of the API on the system: how the monitor fares."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from monitor.web import system_parts
from monitor.web.api.channels import ChannelOut
from monitor.web.api.operation import Answer, Call, Model, Operation
from monitor.web.desk import Desk


class SystemMachine(Model):
    """Where the daemon runs."""

    version: str
    python: str
    database: str
    database_bytes: int
    disk_free: int | None
    disk_total: int | None
    workers: int
    started_at: datetime | None
    backup_at: datetime | None


class SystemMember(Model):
    """A process of a cluster; `silent`: its lease has run out, `lost`: it was ended for that within a day."""

    id: int
    role: Literal["all", "scheduler", "worker", "web"]
    host: str
    pid: int
    version: str
    started_at: datetime
    beat_at: datetime
    state: Literal["living", "silent", "lost"]
    leads: bool


class SystemFinding(Model):
    """What the monitor found amiss with itself, told or not yet."""

    key: str
    headline: str
    seconds: float


class SystemOutbox(Model):
    """Messages of a channel in one state."""

    channel: str
    state: str
    messages: int
    oldest: datetime


class SystemTrouble(Model):
    """What the monitor told about itself and what still stands."""

    key: str
    headline: str
    body: str
    opened_at: datetime


class SystemFeeds(Model):
    """Feeds by state."""

    states: dict[str, int]
    retired: int
    trouble: int


class SystemDay(Model):
    """Alerts of a day of the desk's zone."""

    day: str
    alerts: int


class SystemDelay(Model):
    """Seconds from publication to the channel's acceptance, on one day."""

    day: str
    messages: int
    p50: float | None
    p95: float | None


class SystemHour(Model):
    """Polls of an hour, by outcome."""

    hour: datetime
    polls: dict[str, int]


class SystemOut(Model):
    """How the monitor fares."""

    machine: SystemMachine
    members: list[SystemMember]
    """Of a cluster; none where one process works alone."""
    findings: list[SystemFinding]
    feeds: SystemFeeds
    channels: list[ChannelOut]
    outbox: list[SystemOutbox]
    troubles: list[SystemTrouble]
    alerts: list[SystemDay]
    delays: list[SystemDelay]
    own_p95: float | None
    """Seconds from first sight to the channel's acceptance."""
    polls: list[SystemHour]


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on the system."""
    return [Operation("GET", "/system", "How the monitor fares", show_system, answer=SystemOut)]


async def show_system(call: Call) -> Answer:
    """Answer with all of it."""
    now, context = call.desk.now(), call.desk.context
    found = await call.desk.read(lambda c: system_parts.read(c, context, now))
    return Answer(
        SystemOut(
            machine=SystemMachine.like(found.machine),
            members=[SystemMember.like(one) for one in found.members],
            findings=[
                SystemFinding(key=one.finding.key, headline=one.finding.headline, seconds=one.age.total_seconds())
                for one in found.standing
            ],
            feeds=SystemFeeds.like(found.feeds),
            channels=[ChannelOut.of(row) for row in found.channels],
            outbox=[SystemOutbox.like(row) for row in found.outbox],
            troubles=[SystemTrouble.like(one) for one in found.troubles],
            alerts=[SystemDay(day=day.name, alerts=day.alerts) for day in found.days],
            delays=[SystemDelay(day=day.name, messages=day.messages, p50=day.p50, p95=day.p95) for day in found.delays],
            own_p95=found.own_p95,
            polls=[SystemHour(hour=hour, polls=dict(counts)) for hour, counts in found.hours],
        )
    )
