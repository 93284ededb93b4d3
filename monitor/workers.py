"""Killable worker processes: hostile bytes are parsed here, with limits on time, memory and CPU.

One thread owns one worker process and one socket to it; a task is a pickled function and its arguments, the answer
comes back over the same socket. Nothing is shared between workers, so that a worker may be killed at any instant
without hurting another. Workers are forked from a server that has loaded the heavy modules, which they share.

Three hundred inputs that each need ten seconds must not delay the next good one by half an hour. So every task begins
as a *brief* one; if it used SLICE seconds of processor time and is not done, it goes on only if a seat for slow ones is
free, else it is killed and waits on the bench of the slow (`workers_line`), where the next task of that source goes at
once. One worker is never given to the slow.

pebble's pool was tried for this and left: a signal to an idle worker breaks the whole pool, its timeouts follow the
wall clock, and stopping a worker that is inside C code holds the lock of all others for seconds.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from monitor import workers_process
from monitor.errors import MonitorError, WorkerBusy, WorkerCrashed, WorkerError, WorkerTimeout, WorkerUnavailable
from monitor.workers_line import Line, Place, Standing
from monitor.workers_process import START_LIMIT, Answer, Message, Process

T = TypeVar("T")

SLICE = 1.0
"""Seconds of processor time after which a task counts as slow: a feed of 2 MB and 1,000 items needs 0.5 s."""
STALLED = 6.0
"""A task that gets so little of the processor counts as slow after so many slices on the clock."""


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How many workers, and what each may use."""

    count: int = 2
    memory_mb: int = 250
    """What one worker may take beside what it shares with its server from the start (45 MB, more with large rule sets),
    MB of 2**20 bytes (RLIMIT_DATA: shared libraries do not count). Good feeds of 10 MB take 80 MB, pages of 2 MB 60."""
    cpu_seconds: float = 5.0
    """Processor time of one task."""
    tasks_per_worker: int = 0
    """A worker is replaced after so many tasks; 0: only when it fails."""
    seats: int = 0
    """Workers that slow tasks may have at once; 0: all but one, which is for those that are brief."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A call that the fork server makes once, before it forks: what it loads, all workers share."""

    function: str
    """`module:function`."""
    argument: str


class Workers:
    """A fixed number of worker processes that survive whatever their tasks do."""

    def __init__(self, settings: WorkerSettings, preload: Sequence[str] = (), warm_up: WarmUp | None = None) -> None:
        """Start the workers in the background.

        `preload` names modules to load once and share; in one program, those of the first Workers count, and so does
        its `warm_up`.
        """
        self._settings = settings
        if warm_up is not None:
            os.environ[workers_process.WARM_UP] = json.dumps([warm_up.function, warm_up.argument])
        self._context = workers_process.context(preload)
        self._closed = False
        self._alive: set[Process] = set()
        self._line: Line[_Task] = Line(settings.count, settings.seats)
        self._turn = threading.Condition()
        for number in range(settings.count):
            threading.Thread(target=self._work, name=f"worker-{number}", daemon=True).start()
        # Before multiprocessing's own clean-up at exit, which would wait for workers that ignore SIGTERM.
        atexit.register(self.close)

    async def call(self, function: Callable[..., T], *args: object, timeout: float, source: str = "") -> T:
        """Return `function(*args)` as computed in a worker.

        Args:
            function: Importable by name, not defined in the main script.
            timeout: Seconds from when a worker takes the task up; time in the queue does not count.
            source: Names what the input comes from: how long its tasks took decides how the next one is served.
        Raises: WorkerTimeout when it was killed for time; WorkerCrashed when it died, ran out of memory, or raised
            something that is no MonitorError; WorkerBusy when too much slow work waits; MonitorErrors of the function
            unchanged. Cancelling kills the task.
        """
        task = _Task(function.__qualname__, workers_process.packed(function, args), timeout)
        with self._turn:
            if self._closed:
                raise WorkerUnavailable("the workers are closed")
            self._line.join(task, source, time.monotonic())
            self._turn.notify()
        try:
            return await asyncio.wrap_future(task.future)
        except asyncio.CancelledError:
            task.abandon()
            raise

    def is_busy(self, source: str) -> bool:
        """Return whether a call for `source` would raise WorkerBusy now: its input need not be fetched yet."""
        with self._turn:
            return self._line.is_full(source)

    def is_proven(self, source: str) -> bool:
        """Return whether the tasks of `source` take no time to speak of."""
        with self._turn:
            return self._line.standing(source) is Standing.PASSED

    def is_stuck(self, source: str) -> bool:
        """Return whether `source` is not known yet, and others like it make one another wait for long."""
        with self._turn:
            return self._line.is_stuck(source, time.monotonic())

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the living workers, for metrics."""
        with self._turn:
            return tuple(worker.pid for worker in self._alive)

    def close(self) -> None:
        """Kill all workers at once; tasks under way and queued ones fail."""
        atexit.unregister(self.close)
        with self._turn:
            self._closed = True
            workers, waiting = tuple(self._alive), tuple(self._line.empty())
            self._alive.clear()
            self._turn.notify_all()
        for task in waiting:
            task.fail(WorkerUnavailable("the workers are closed"))
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(0.5)

    # -- one thread per worker -------------------------------------------------------------------

    def _work(self) -> None:
        slot = _Slot()
        self._warm(slot)
        while (place := self._next()) is not None:
            if place.task.begin():
                self._perform(slot, place)
            else:
                self._leave(place, seated=place.is_slow)

    def _next(self) -> Place[_Task] | None:
        """Wait for a task that may start; None when the workers are closed."""
        with self._turn:
            while not self._closed:
                place = self._line.take(time.monotonic())
                if place is not None:
                    return place
                self._turn.wait()
        return None

    def _perform(self, slot: _Slot, place: Place[_Task]) -> None:
        run = _Run(self._line, self._turn, place)
        try:
            worker = self._usable(slot)
            answer = run.exchange(worker, self._settings.cpu_seconds)
        except WorkerError as fault:
            self._discard(slot)
            self._leave(place, seated=run.seated, fault=fault)
            self._warm(slot)
            return
        if answer.spent or worker.tasks == self._settings.tasks_per_worker:
            self._discard(slot)
        self._leave(place, seated=run.seated, spent=answer.spent, brief=not run.long)
        place.task.settle(answer)
        if slot.worker is None:
            self._warm(slot)

    def _leave(
        self,
        place: Place[_Task],
        *,
        seated: bool,
        fault: WorkerError | None = None,
        spent: bool = False,
        brief: bool = False,
    ) -> None:
        """Book the end of a task; one that was set back joins the line again."""
        with self._turn:
            self._line.leave(seated=seated)
            if isinstance(fault, _SetBack):
                fault = self._set_back(place)
            elif spent or isinstance(fault, WorkerTimeout | WorkerCrashed):
                self._line.failed(place.source)
            elif brief:
                self._line.passed(place.source)
            self._turn.notify_all()
        if fault is not None:
            place.task.fail(fault)

    def _set_back(self, place: Place[_Task]) -> WorkerError | None:
        if self._closed:
            return WorkerUnavailable("the workers are closed")
        try:
            self._line.join(place.task, place.source, time.monotonic())
        except WorkerBusy as fault:
            return fault
        return None

    def _warm(self, slot: _Slot) -> None:
        with contextlib.suppress(WorkerUnavailable):  # the next task reports it
            self._usable(slot)

    def _usable(self, slot: _Slot) -> Process:
        if slot.worker is not None and not slot.worker.is_fit():
            self._discard(slot)
        slot.worker = slot.worker or self._start()
        return slot.worker

    def _start(self) -> Process:
        if self._closed:
            raise WorkerUnavailable("the workers are closed")
        worker = Process.start(self._context.Process, self._settings.memory_mb)
        with self._turn:
            if not self._closed:
                self._alive.add(worker)
                return worker
        worker.kill()
        raise WorkerUnavailable("the workers are closed")

    def _discard(self, slot: _Slot) -> None:
        worker, slot.worker = slot.worker, None
        if worker is not None:
            worker.kill()
            worker.join(START_LIMIT)
            with self._turn:
                self._alive.discard(worker)


class _Slot:
    """A place for one worker; empty until it is started, and after it was killed."""

    def __init__(self) -> None:
        self.worker: Process | None = None


class _SetBack(WorkerError):
    """The task took long while no seat for slow ones was free; it is tried again on one."""


class _Task:
    """One call on its way through a worker."""

    def __init__(self, name: str, payload: Message, timeout: float) -> None:
        self.name = name
        self.payload = payload
        self.timeout = timeout
        self.future: Future[Any] = Future()
        self._begun = False
        self._lock = threading.Lock()
        self._worker: Process | None = None
        self._abandoned = False

    def begin(self) -> bool:
        """Return whether somebody still waits for the answer."""
        if not self._begun:
            self._begun = self.future.set_running_or_notify_cancel()
            return self._begun
        return not self._abandoned

    def settle(self, answer: Answer) -> None:
        """Hand the answer to whoever waits."""
        try:
            self.future.set_result(answer.result())
        except MonitorError as fault:
            self.future.set_exception(fault)

    def fail(self, fault: WorkerError) -> None:
        """Tell whoever waits that there is no answer."""
        if self._begun or self.future.set_running_or_notify_cancel():
            self.future.set_exception(fault)

    def abandon(self) -> None:
        """Kill the worker if it is busy with this task: nobody waits for the answer."""
        with self._lock:
            self._abandoned = True
            if self._worker is not None:
                self._worker.kill()

    def hold(self, worker: Process | None) -> None:
        """Note which worker is busy with this task."""
        with self._lock:
            self._worker = worker
            if worker is not None and self._abandoned:
                worker.kill()


class _Run:
    """One try at a task."""

    def __init__(self, line: Line[_Task], turn: threading.Condition, place: Place[_Task]) -> None:
        self._line, self._turn, self._place = line, turn, place
        self.seated = place.is_slow
        self.long = False
        """Whether the task used up its slice."""

    def exchange(self, worker: Process, cpu_seconds: float) -> Answer:
        """Return the worker's answer. Raises: WorkerTimeout, WorkerCrashed, _SetBack; the worker is then unfit."""
        task = self._place.task
        task.hold(worker)
        deadline = time.monotonic() + task.timeout
        try:
            worker.send(task.payload, cpu_seconds, deadline)
            if not self._ends_briefly(worker, deadline):
                self._outstay()
            return worker.receive(deadline)
        except TimeoutError:
            raise WorkerTimeout(f"{task.name} took longer than {task.timeout:g} s and was killed") from None
        except OSError:
            raise _how_it_ended(task.name, worker, cpu_seconds) from None
        finally:
            task.hold(None)

    def _ends_briefly(self, worker: Process, deadline: float) -> bool:
        """Return whether the worker answers within its slice; True too if the deadline comes first."""
        began, used = time.monotonic(), worker.cpu()
        end = min(began + SLICE * STALLED, deadline)
        left = SLICE
        while not worker.has_answered(min(left, max(end - time.monotonic(), 0.0))):
            left = SLICE - (worker.cpu() - used)
            if time.monotonic() >= end:
                return end == deadline
            if left <= 0:
                return False
            left = max(left, 0.01)
        return True

    def _outstay(self) -> None:
        self.long = True
        with self._turn:
            stays = self._line.outstay(self._place)
        if not stays:
            raise _SetBack(f"{self._place.task.name} was set back")
        self.seated = True


def _how_it_ended(name: str, worker: Process, cpu_seconds: float) -> WorkerError:
    end = worker.ended_by()
    if end is signal.SIGPROF:
        return WorkerTimeout(f"{name} used more than {cpu_seconds:g} s of processor time and was ended")
    if isinstance(end, signal.Signals):
        return WorkerCrashed(f"{name}: the worker process was ended by {end.name}")
    return WorkerCrashed(f"{name}: the worker process ended with exit code {end}")
