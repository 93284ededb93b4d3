"""The turns of hosts in a cluster: at most `per_host` requests are under way to one host, of all members together.

A member's own limit (`http.turns`) comes first, so that it never asks for more than it can use. What its requests want
and what they are done with goes into one statement with whatever else the member writes at that moment.

A slot that is done with goes to the next request here that waits for the host, but for TURN seconds at most: then it is
given back, and this member asks for none of that host for REST seconds. Those who wait elsewhere ask at least every
SELDOM seconds, so that one of them gets it. A slot that nobody waits for is given back after PATIENCE.

How many can there be? A request takes less than its deadline, and begins on a slot that is held for longer than that;
it therefore ends before others may have the slot, unless its process was frozen meanwhile. So there are at most
`per_host` requests to a host, beside those of frozen processes, which are at most `per_host` of each and do nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import structlog

from monitor import errors
from monitor.clock import Clock
from monitor.store import database, host_slots
from monitor.store.host_slots import LEASE, Slot
from monitor.store.store import Connection, Store

TURN = 5.0
"""Seconds for which a slot goes from request to request of one member."""
SOON, SELDOM = 0.05, 0.4
"""Seconds after which a full host is asked for again: at first, and at most."""
REST = 0.6
"""Seconds for which a member that had its turn leaves a host to those who wait elsewhere."""
PATIENCE = 0.1
"""Seconds that the giving back may wait for others to share its statement."""
AGAIN = 1.0
"""Seconds before the database is asked again that could not be had."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Held:
    slot: Slot
    taken: float
    """Not later than it was taken, on this member's own clock."""

    def left(self, now: float) -> float:
        """Return seconds for which it surely is ours."""
        return self.taken + LEASE.total_seconds() - now


@dataclass(frozen=True, slots=True)
class _Later:
    """A host that was asked for in vain, or where this member had its turn."""

    again: float
    """When it is asked for again."""
    wait: float = 0.0
    """Seconds that were waited last."""


class HostTurns:
    """The turns of one member.

    Args:
        store: The member's, which writes for it.
        per_host: Returns how many requests to one host all members may have under way together.
        clock: Its monotonic seconds tell how long a slot is held.
        seconds: The deadline of a request.
    """

    def __init__(self, store: Store, per_host: Callable[[], int], clock: Clock, seconds: float) -> None:
        self._store, self._per_host, self._clock, self._seconds = store, per_host, clock, seconds
        self._waiting: dict[str, list[asyncio.Future[_Held]]] = {}
        self._later: dict[str, _Later] = {}
        self._done: dict[str, list[_Held]] = {}
        """What is not needed any more, and not given back yet."""
        self._changed = asyncio.Event()

    @contextlib.asynccontextmanager
    async def hold(self, host: str) -> AsyncIterator[Callable[[float], bool]]:
        """Hold one of a host's slots; yields whether it is held for so many seconds more."""
        held = self._again(host) or await self._wait(host)
        try:
            yield lambda seconds: held.left(self._clock.monotonic()) > seconds
        finally:
            self._end(held)

    def is_full(self, host: str) -> bool:
        """Return whether others hold every slot of a host that somebody here waits for."""
        return host in self._later and host in self._waiting

    def _again(self, host: str) -> _Held | None:
        """Return what was done with a moment ago, if it is good for another request."""
        done = self._done.get(host, [])
        for held in done:
            if self._may_go_on(held):
                done.remove(held)
                return held
        return None

    def _may_go_on(self, held: _Held) -> bool:
        now = self._clock.monotonic()
        return now - held.taken < TURN and held.left(now) > self._seconds and held.slot.n < self._per_host()

    async def _wait(self, host: str) -> _Held:
        turn: asyncio.Future[_Held] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(host, []).append(turn)
        self._changed.set()
        try:
            return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came in the same instant
                self._end(turn.result())
            self._live(host)
            raise

    def _end(self, held: _Held) -> None:
        """Let the next who waits have it, or give it back."""
        host = held.slot.host
        goes_on = self._may_go_on(held)
        if goes_on and self._hand_on(held):
            return
        if not goes_on:
            self._later[host] = _Later(self._clock.monotonic() + REST)
        self._done.setdefault(host, []).append(held)
        self._changed.set()

    def _hand_on(self, held: _Held) -> bool:
        waiting = self._live(held.slot.host)
        if not waiting:
            return False
        waiting[0].set_result(held)
        self._live(held.slot.host)
        return True

    def _live(self, host: str) -> list[asyncio.Future[_Held]]:
        """Return who waits for a host, first come first, and forget those who do no longer."""
        live = [turn for turn in self._waiting.pop(host, ()) if not turn.done()]
        if live:
            self._waiting[host] = live
        return live

    # -- asking ------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take and give back until cancelled."""
        while True:
            await self._until_needed()
            wanted, done = self._wanted(), self._done
            self._done = {}
            began = self._clock.monotonic()
            try:
                taken = await self._store.write(self._change(wanted, done))
            except (errors.StoreError, database.DriverError) as fault:
                log.warning("host_slots_unknown", error=str(fault))
                for host, held in done.items():
                    self._done.setdefault(host, []).extend(held)
                await self._clock.sleep(AGAIN)
            else:
                self._hand_out(wanted, [_Held(slot, began) for slot in taken])

    async def _until_needed(self) -> None:
        """Wait until a host is to be asked for, or what is done with has waited for its company."""
        until: float | None = None
        while not self._wanted():
            now = self._clock.monotonic()
            if self._done and until is None:
                until = now + PATIENCE
            if until is not None and now >= until:
                return
            times = [later.again for host, later in self._later.items() if host in self._waiting]
            wait = min([*times, *([until] if until is not None else [])], default=None)
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._changed.wait(), None if wait is None else max(0.0, wait - now) + 0.001)

    def _wanted(self) -> dict[str, int]:
        """Return how many slots of each host are asked for now."""
        now = self._clock.monotonic()
        for host in [host for host, later in self._later.items() if later.again <= now and host not in self._waiting]:
            del self._later[host]
        asked = [host for host in self._waiting if host not in self._later or self._later[host].again <= now]
        return {host: count for host in asked if (count := len(self._live(host)))}

    def _change(self, wanted: Mapping[str, int], done: Mapping[str, list[_Held]]) -> Callable[[Connection], list[Slot]]:
        member, limit = self._store.epoch, self._per_host()
        back = [held.slot for ended in done.values() for held in ended]

        def change(connection: Connection) -> list[Slot]:
            host_slots.give_back(connection, member, back)
            return host_slots.take(connection, member, wanted, limit)

        return change

    def _hand_out(self, wanted: Mapping[str, int], taken: list[_Held]) -> None:
        """Give what was had to those who waited; what they left meanwhile is given back."""
        had = {held.slot.host for held in taken}
        for held in taken:
            if not self._hand_on(held):
                self._done.setdefault(held.slot.host, []).append(held)
        now = self._clock.monotonic()
        for host in wanted:
            before = self._later.get(host)
            if before and before.again > now:  # its turn here ended meanwhile
                continue
            self._later.pop(host, None)
            if self._live(host):  # what one of two was had, the other is not asked for at once
                wait = min(SELDOM, 2 * before.wait) if before and before.wait and host not in had else SOON
                self._later[host] = _Later(now + wait, wait)
