"""The heartbeat: sent each minute while the monitor does its work, and only then.

It is the one alarm that needs nothing of this machine: where it stops, somebody outside notices.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog

from monitor import metrics
from monitor.alerts import watch
from monitor.alerts.watch import Vitals
from monitor.jobs.context import Context
from monitor.jobs.pulse import Pulse

EVERY = 60.0
"""Seconds between two beats."""

log = structlog.get_logger()


def withheld(vitals: Vitals, pulse: Pulse) -> str:
    """Return why there is no heartbeat now: the key of what stands still; empty if all is well."""
    still = watch.judge_vitals(vitals)
    if still is not None:
        return still.key
    return next((found.key for found in pulse.standstills()), "")


class Heartbeat:
    """Decides and sends; a failure is logged once and told by the sweep, it never raises and is never waited for."""

    def __init__(self, context: Context, vitals: Callable[[], Vitals], send: Callable[[str], Awaitable[str]]) -> None:
        """`send` asks an address and returns what is wrong, nothing if it arrived."""
        self._context, self._vitals, self._send = context, vitals, send
        self._last = ""

    async def beat(self) -> None:
        """Send one heartbeat, if one is configured and nothing stands still."""
        pulse, url = self._context.pulse, self._context.setup.config.ops.heartbeat_url
        if url is None:
            pulse.beat_failing_at = None
            return
        why = withheld(self._vitals(), pulse)
        if why:
            metrics.HEARTBEATS.labels("withheld").inc()
            self._note(f"withheld: {why}")
            return
        said = await self._send(url.get_secret_value())
        metrics.HEARTBEATS.labels("failed" if said else "sent").inc()
        pulse.beat_said = said
        pulse.beat_failing_at = (pulse.beat_failing_at or self._context.clock.now()) if said else None
        self._note(f"failed: {said}" if said else "")

    def _note(self, state: str) -> None:
        if state == self._last:
            return
        self._last = state
        if state:
            log.warning("heartbeat_stopped", why=state)
        else:
            log.info("heartbeat_sent", meaning="it goes out each minute while all is well")
