"""What `/healthz`, `/readyz` and `/metrics` say of one member of a cluster: whether it does the work of its role.

What is amiss with the monitor as a whole is said by the member that leads; the others are ready while they do their own
work.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from monitor import metrics
from monitor.alerts import watch
from monitor.app import Health
from monitor.engine.cluster import ClusterEngine, Role
from monitor.jobs import report
from monitor.jobs.context import Context
from monitor.store import claims, members, messages
from monitor.store.members import Member
from monitor.store.store import Connection

LEFT_LYING = 120.0
"""Seconds for which work may be due that nobody takes, and for which a member may take none of it."""


class MemberHealth:
    """Answers for one member, from what `refresh` found and what its engine knows."""

    def __init__(self, context: Context, engine: ClusterEngine, role: Role) -> None:
        self._context, self._engine, self._role = context, engine, role
        self._health = Health(context, engine, lambda: engine.is_leader)
        self._leader_there = True
        self._left_lying = False
        metrics.hide_whole()
        metrics.MEMBER_INFO.clear()
        metrics.MEMBER_INFO.labels(role.name, str(context.store.epoch)).set(1)
        metrics.LEADS.labels(role.name).set(0)

    def vitals(self) -> watch.Vitals:
        """Return when each part of this process showed life last."""
        return self._health.vitals()

    def alive(self) -> tuple[bool, str]:
        """Return whether the tick and the writer live."""
        return self._health.alive()

    def ready(self) -> tuple[bool, tuple[str, ...]]:
        """Return whether this member does its work, and what keeps it from it."""
        reasons = tuple(self._reasons())
        return not reasons, reasons

    def _reasons(self) -> Iterator[str]:
        yield from self._health.of_process()
        if not self._engine.holds():
            yield "no_lease"
        if self._engine.is_leader:
            yield from self._health.of_whole()
        elif self._role.leads and not self._leader_there:
            yield "nobody_leads"
        idle = self._context.clock.monotonic() - self._engine.took
        if self._role.works and self._left_lying and idle > LEFT_LYING:
            yield "not_taking"

    async def refresh(self) -> None:
        """Look up in the database what `ready` answers from, and set the gauges of a cluster."""
        if self._role.leads:
            await self._health.refresh()
        now = self._context.clock.now()
        living, self._left_lying = await self._context.store.read(
            lambda connection: (members.list_living(connection), self._role.works and _left_lying(connection, now))
        )
        self._leader_there = any(report.leads(one.state) and one.lease_until > now for one in living)
        self._gauge(living)

    def _gauge(self, living: list[Member]) -> None:
        metrics.LEADS.labels(self._role.name).set(self._engine.is_leader)
        if not self._engine.is_leader:
            metrics.hide_whole()
            return
        counts = Counter(one.role for one in living)
        for role in ("all", "scheduler", "worker", "web"):
            metrics.MEMBERS.labels(role).set(counts[role])


def _left_lying(connection: Connection, now: datetime) -> bool:
    """Return whether work has been due for a while that nobody has taken."""
    then = now - timedelta(seconds=LEFT_LYING)
    return bool(claims.kinds_due(connection, then) or messages.due_targets(connection, then))
