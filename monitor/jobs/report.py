"""What a member of a cluster says of itself with each beat, for the leader and for people: plain values in its row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from monitor.alerts.watch import Finding
from monitor.feeds import outage
from monitor.jobs.context import Context
from monitor.jobs.pulse import Standing
from monitor.store import migrate

MOST = 50
"""Findings that a leader says."""


def joining() -> dict[str, Any]:
    """Return what a process says before it works: which schema its code was made for."""
    return {"schema": migrate.newest()}


def said(context: Context, leads: bool) -> dict[str, Any]:
    """Return the state of this member: its way out, and if it leads, what it found amiss at its last sweep."""
    found = {"standing": [_plain(one) for one in context.pulse.standing[:MOST]]} if leads else {}
    return {**joining(), "network": outage.to_plain(context.network), "leads": leads, **found}


def leads(state: Mapping[str, Any]) -> bool:
    """Return whether a member said that it leads."""
    return bool(state.get("leads"))


def standing(state: Mapping[str, Any]) -> tuple[Standing, ...]:
    """Return what a leader said that it found amiss; nothing of anybody else."""
    return tuple(
        Standing(Finding(one["key"], one["headline"], one["body"]), timedelta(seconds=one["seconds"]))
        for one in state.get("standing", ())
    )


def _plain(one: Standing) -> dict[str, Any]:
    finding = one.finding
    return {
        "key": finding.key,
        "headline": finding.headline,
        "body": finding.body,
        "seconds": one.age.total_seconds(),
    }
