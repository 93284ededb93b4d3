"""The last watch: a thread that needs neither loop nor database, and says over a channel that they stand still.

Notices go through the database and are sent by the loop. Where one of the two is what stands still, this thread opens
the channels anew for itself and sends directly: to the ops channel, or, if nobody there takes it, to every other.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator

import structlog

from monitor import config as configuration
from monitor import errors, model
from monitor.alerts import watch
from monitor.alerts.watch import Finding, Vitals
from monitor.config import Config
from monitor.delivery import channel

LOOK = 5.0
"""Seconds between looks."""
ASLEEP = 30.0
"""Seconds between two looks from which on this process was stopped: nothing that stood still meanwhile is a fault."""
SURE = 60.0
"""Seconds for which a standstill must last, seen awake, before it is told."""
REMIND = 86_400.0
Open = Callable[[str, str], tuple[channel.OpenTarget, ...]]
"""Opens a channel by name and URL."""
STACK = 3_000
"""Characters of a thread's stack in the log."""

log = structlog.get_logger()


class Watchdog:
    """Looks at the vitals; told once, reminded of daily, told when over.

    Args:
        vitals: Answers at once from any thread.
        say: Tells headline and body to people; it may take its time and does not raise.
    """

    def __init__(self, vitals: Callable[[], Vitals], say: Callable[[str, str], None]) -> None:
        self._vitals, self._say = vitals, say
        self._stop = threading.Event()
        self._looked: float | None = None
        self._since: float | None = None
        self._told_at: float | None = None

    def start(self) -> None:
        """Watch from a thread of its own until `stop`."""
        threading.Thread(target=self._run, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Look no more; what is being said is not waited for."""
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(LOOK):
            try:
                self.look(time.monotonic())
            except Exception as fault:  # noqa: BLE001 - the last watch must go on whatever it meets
                log.error("watchdog_failed", error=f"{type(fault).__name__}: {fault}")

    def look(self, at: float) -> None:
        """Judge once; `at` is the time on a clock that never goes back, in seconds."""
        was_awake = self._looked is not None and at - self._looked <= ASLEEP
        self._looked = at
        found = watch.judge_vitals(self._vitals())
        if found is None:
            self._end()
        elif self._since is None or not was_awake:
            self._since = at
        elif at - self._since >= SURE and (self._told_at is None or at - self._told_at >= REMIND):
            self._told_at = at
            log.error("standstill", finding=found.key, says=found.headline, stacks=_stacks())
            self._say(found.headline, _body(found))

    def _end(self) -> None:
        told, self._since, self._told_at = self._told_at, None, None
        if told is not None:
            log.warning("standstill_over")
            self._say("The monitor goes on", "What stood still goes on; what came meanwhile is caught up.")


def _body(found: Finding) -> str:
    return f"{found.body}\nThis message was sent past the queue; it is in no list."


def _stacks() -> dict[str, str]:
    """Return where the main thread and the writers stand."""
    frames = sys._current_frames()
    named = {thread.name: thread.ident for thread in threading.enumerate()}
    return {
        name: "".join(traceback.format_stack(frames[number]))[-STACK:]
        for name in ("MainThread", "writer", "decider")
        if (number := named.get(name)) in frames and number is not None
    }


# -- past the queue ------------------------------------------------------------------------------


class Outcry:
    """Sends directly to people, in a loop of its own; `config` gives the configuration as it stands."""

    def __init__(self, config: Callable[[], Config], opened: Open = channel.open_channel) -> None:
        self._config, self._open = config, opened

    def say(self, headline: str, body: str) -> None:
        """Send to the ops channel's recipients; where none of them took it, to those of every other channel."""
        asyncio.run(self._say(headline, body))

    async def _say(self, headline: str, body: str) -> None:
        config = self._config()
        if config.ops_channel is None:
            return
        message_id = f"<{secrets.token_hex(16)}@wirewatch.invalid>"
        notice = model.Notice("ops", message_id, "high", headline=headline, body=body, timezone=config.timezone)
        names = [config.ops_channel, *(name for name in config.channels if name != config.ops_channel)]
        for name in names:
            taken = [await _send(target, notice) for target in self._targets(config, name)]
            if any(taken):
                return

    def _targets(self, config: Config, name: str) -> Iterator[channel.OpenTarget]:
        settings = configuration.effective_channels(config)[name]
        try:
            yield from self._open(name, settings.url.get_secret_value())
        except errors.DeliveryError as fault:
            log.error("outcry_failed", channel=name, error=str(fault))


async def _send(target: channel.OpenTarget, notice: model.Notice) -> bool:
    try:
        result = await target.sender.send(notice)
    except errors.MonitorError as fault:
        result = model.SendResult(model.SendOutcome.RETRY, detail=str(fault))
    finally:
        await target.sender.close()
    taken = result.outcome is model.SendOutcome.SENT
    log.warning("outcry", channel=target.target.channel, target=target.target.label, taken=taken, detail=result.detail)
    return taken
