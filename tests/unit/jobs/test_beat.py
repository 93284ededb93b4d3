"""When the heartbeat goes out, and when it must not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from monitor.alerts.watch import PATIENCE, Finding, Vitals
from monitor.jobs import beat
from monitor.jobs.pulse import Pulse, Standing

WELL = Vitals(0.5, 0.5, 3.0, 20.0)


def pulse(standstill: bool, age: timedelta) -> Pulse:
    """Return the pulse of a monitor that found one thing amiss."""
    return Pulse(standing=(Standing(Finding("thing", "A thing", "", standstill=standstill), age),))


@pytest.mark.parametrize(
    ("vitals", "found", "why"),
    [
        (WELL, Pulse(), ""),
        (WELL, pulse(True, PATIENCE - timedelta(seconds=1)), ""),
        (WELL, pulse(True, PATIENCE), "thing"),
        (WELL, pulse(False, timedelta(days=3)), ""),
        (replace(WELL, tick=61.0), Pulse(), "scheduler_still"),
        (replace(WELL, writer=61.0), Pulse(), "writer_still"),
        (replace(WELL, commit=121.0), Pulse(), "database_still"),
        (replace(WELL, sweep=301.0), Pulse(), "sweep_still"),
    ],
)
def test_f45_heartbeat_is_withheld_while_anything_stands_still(vitals: Vitals, found: Pulse, why: str) -> None:
    """A standstill stops it once it is told, one of the process itself at once; a lesser trouble never does."""
    assert beat.withheld(vitals, found) == why
