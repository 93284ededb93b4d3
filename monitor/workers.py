"""Killable worker processes: hostile bytes are parsed here, with limits on time, memory and CPU.

One thread owns one worker process and one socket to it; a task is a pickled function and its arguments, the answer
comes back over the same socket. Nothing is shared between workers, so that a worker may be killed at any instant
without hurting another. Workers are forked from a server that has loaded the heavy modules, which they share.

pebble's pool was tried for this and left: a signal to an idle worker breaks the whole pool, its timeouts follow the
wall clock, and stopping a worker that is inside C code holds the lock of all others for seconds.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import ctypes
import math
import multiprocessing
import os
import pickle
import queue
import resource
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from types import ModuleType
from typing import Any, TypeVar

from monitor.errors import MonitorError, WorkerCrashed, WorkerTimeout, WorkerUnavailable

T = TypeVar("T")

START_LIMIT = 30.0
"""Seconds a new worker may take until it is ready; the first waits for the preloaded modules."""
_HEADER = struct.Struct("!Q")
_READY = b"ready"
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """How many workers, and what each may use."""

    count: int = 2
    memory_mb: int = 512
    """Private memory of one worker, MB of 2**20 bytes (RLIMIT_DATA: shared libraries do not count)."""
    tasks_per_worker: int = 0
    """A worker is replaced after so many tasks; 0: only when it fails."""


class Workers:
    """A fixed number of worker processes that survive whatever their tasks do."""

    def __init__(self, settings: WorkerSettings, preload: Sequence[str] = ()) -> None:
        """Start the workers in the background.

        `preload` names modules to load once and share; in one program, those of the first Workers count.
        """
        self._settings = settings
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload([*preload, "monitor.workers_preload"])
        self._closed = False
        self._alive: set[_Worker] = set()
        self._lock = threading.Lock()
        self._slots: queue.SimpleQueue[_Slot] = queue.SimpleQueue()
        self._threads = ThreadPoolExecutor(settings.count, thread_name_prefix="worker")
        for _ in range(settings.count):
            self._slots.put(_Slot())
        for _ in range(settings.count):
            self._threads.submit(self._warm_up)
        # Before multiprocessing's own clean-up at exit, which would wait for workers that ignore SIGTERM.
        atexit.register(self.close)

    async def call(self, function: Callable[..., T], *args: object, timeout: float) -> T:
        """Return `function(*args)` as computed in a worker.

        Args:
            function: Importable by name, not defined in the main script.
            timeout: Seconds from when a worker takes the task up; time in the queue does not count.
        Raises: WorkerTimeout when it was killed for time; WorkerCrashed when it died, ran out of memory, or raised
            something that is no MonitorError; MonitorErrors of the function unchanged. Cancelling kills the task.
        """
        if self._closed:
            raise WorkerUnavailable("the workers are closed")
        task = _Task(function.__qualname__, pickle.dumps((function, args), pickle.HIGHEST_PROTOCOL), timeout)
        future: Future[Any] = self._threads.submit(self._run, task)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            task.abandon()
            if _was_asked_to_cancel():
                raise
            raise WorkerUnavailable("the workers are closed") from None  # close() cancelled it in the queue

    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the living workers, for metrics."""
        with self._lock:
            return tuple(worker.pid for worker in self._alive)

    def close(self) -> None:
        """Kill all workers at once; tasks under way and queued ones fail."""
        atexit.unregister(self.close)
        with self._lock:
            self._closed = True
            workers = tuple(self._alive)
            self._alive.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.join(0.5)

    def _warm_up(self) -> None:
        with self._slot() as slot, contextlib.suppress(WorkerUnavailable):  # the next task reports it
            slot.worker = slot.worker or self._start()

    def _run(self, task: _Task) -> Any:
        with self._slot() as slot:
            worker = self._usable(slot)
            try:
                answer = task.exchange(worker)
            except BaseException:
                self._discard(slot)
                self._replace_soon()
                raise
            if answer.spent or worker.tasks == self._settings.tasks_per_worker:
                self._discard(slot)
                self._replace_soon()
            return answer.result()

    def _replace_soon(self) -> None:
        with contextlib.suppress(RuntimeError):  # closed meanwhile: nothing to replace
            self._threads.submit(self._warm_up)

    @contextlib.contextmanager
    def _slot(self) -> Iterator[_Slot]:
        slot = self._slots.get()
        try:
            yield slot
        finally:
            self._slots.put(slot)

    def _usable(self, slot: _Slot) -> _Worker:
        if slot.worker is not None and not slot.worker.is_alive():
            self._discard(slot)
        slot.worker = slot.worker or self._start()
        return slot.worker

    def _start(self) -> _Worker:
        worker = _Worker.start(self._context.Process, self._settings.memory_mb)
        with self._lock:
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
            with self._lock:
                self._alive.discard(worker)


# -- the parent's side ---------------------------------------------------------------------------


class _Slot:
    """A place for one worker; empty until it is started, and after it was killed."""

    def __init__(self) -> None:
        self.worker: _Worker | None = None


@dataclass(frozen=True, slots=True)
class _Raised:
    """An error in parts: exceptions whose constructor takes other arguments than `args` do not survive pickling."""

    kind: type[MonitorError]
    args: tuple[object, ...]
    state: dict[str, Any]

    def rebuilt(self) -> MonitorError:
        error = self.kind.__new__(self.kind, *self.args)
        error.__dict__.update(self.state)
        return error


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a worker sent back: a value, one of our errors, or the description of a failure."""

    value: Any = None
    error: _Raised | None = None
    crash: str | None = None
    spent: bool = False
    """Whether the worker is not fit for another task (it ran out of memory)."""

    def result(self) -> Any:
        if self.error is not None:
            raise self.error.rebuilt()
        if self.crash is not None:
            raise WorkerCrashed(self.crash)
        return self.value


class _Worker:
    """A process and the socket to it; used by one thread at a time."""

    def __init__(self, process: ForkServerProcess, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.tasks = 0
        self.pid = process.pid or 0

    @classmethod
    def start(cls, process_type: type[ForkServerProcess], memory_mb: int) -> _Worker:
        """Return a worker that is ready. Raises: WorkerUnavailable."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = process_type(target=_serve, args=(theirs, memory_mb), daemon=True)
            try:
                with _without_main_script():
                    process.start()
            except (OSError, EOFError) as error:
                ours.close()
                raise WorkerUnavailable(f"cannot start a worker process: {error}") from error
        worker = cls(process, ours)
        try:
            _receive(ours, time.monotonic() + START_LIMIT)
        except OSError as error:
            worker.kill()
            raise WorkerUnavailable(f"a new worker process did not become ready: {error}") from error
        return worker

    def exchange(self, task: bytes, timeout: float) -> bytearray:
        """Send a task and return the answer. Raises: TimeoutError; other OSErrors when the worker died."""
        self.tasks += 1
        deadline = time.monotonic() + timeout
        _send(self._channel, _HEADER.pack(math.ceil(timeout)) + task, deadline)
        return _receive(self._channel, deadline)

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def kill(self) -> None:
        """End the process at once; harmless if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def join(self, timeout: float) -> None:
        self._process.join(timeout)
        self._channel.close()

    def how_it_ended(self) -> str:
        self._process.join(1.0)
        code = self._process.exitcode
        if code is not None and code < 0:
            return f"was ended by {signal.Signals(-code).name}"
        return f"ended with exit code {code}"


class _Task:
    """One call on its way through a worker."""

    def __init__(self, name: str, payload: bytes, timeout: float) -> None:
        self._name = name
        self._payload = payload
        self._timeout = timeout
        self._lock = threading.Lock()
        self._worker: _Worker | None = None
        self._abandoned = False

    def exchange(self, worker: _Worker) -> _Answer:
        """Return the worker's answer. Raises: WorkerTimeout, WorkerCrashed."""
        self._hold(worker)
        try:
            answer = pickle.loads(worker.exchange(self._payload, self._timeout))
        except TimeoutError:
            raise WorkerTimeout(f"{self._name} took longer than {self._timeout:g} s and was killed") from None
        except OSError:
            raise WorkerCrashed(f"{self._name}: the worker process {worker.how_it_ended()}") from None
        finally:
            self._hold(None)
        assert isinstance(answer, _Answer)
        return answer

    def abandon(self) -> None:
        """Kill the worker if it is busy with this task: nobody waits for the answer."""
        with self._lock:
            self._abandoned = True
            if self._worker is not None:
                self._worker.kill()

    def _hold(self, worker: _Worker | None) -> None:
        with self._lock:
            self._worker = worker
            if worker is not None and self._abandoned:
                worker.kill()


def _was_asked_to_cancel() -> bool:
    current = asyncio.current_task()
    return current is not None and current.cancelling() > 0


_main_lock = threading.Lock()


@contextlib.contextmanager
def _without_main_script() -> Iterator[None]:
    """Hide the main script while a worker starts, which would otherwise run its imports (the whole program) again."""
    with _main_lock:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            yield
        finally:
            sys.modules["__main__"] = main


# -- the worker's side ---------------------------------------------------------------------------


def _serve(channel: socket.socket, memory_mb: int) -> None:
    """Answer tasks until the parent is gone; the body of a worker process."""
    _close_all_but(channel.fileno())
    _settle(memory_mb)
    try:
        _send(channel, _READY, None)
        while True:
            task = _receive(channel, None)
            _limit_cpu(_HEADER.unpack_from(task)[0])
            _send(channel, _perform(memoryview(task)[_HEADER.size :]), None)
    except OSError:
        os._exit(0)  # the parent closed the socket or died


def _close_all_but(kept: int) -> None:
    # The fork server ends when nobody holds the pipe to it any more, and it hands that pipe to every worker as well: a
    # busy worker would keep it, and by it itself, alive for ever after the parent died.
    os.closerange(3, kept)
    os.closerange(kept + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _settle(memory_mb: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    # The fork server ends when the parent does, however that ends; a worker ends with its server, even in C code.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))


def _limit_cpu(seconds: int) -> None:
    """Let the kernel end a task that outlives its time even if the parent cannot: it may be stopped or swapped out."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    limit = math.ceil(used.ru_utime + used.ru_stime) + seconds + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, resource.RLIM_INFINITY))


def _perform(task: memoryview) -> bytes:
    try:
        return pickle.dumps(_answer_to(task), pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        return pickle.dumps(_Answer(crash="ran out of memory", spent=True))
    except BaseException as error:  # noqa: BLE001 (a task may raise anything, SystemExit too; it becomes our error)
        return pickle.dumps(_Answer(crash=f"{type(error).__name__}: {str(error)[:500]}"))


def _answer_to(task: memoryview) -> _Answer:
    function, args = pickle.loads(task)
    try:
        return _Answer(function(*args))
    except MonitorError as error:
        return _Answer(error=_Raised(type(error), error.args, vars(error)))


# -- both sides ----------------------------------------------------------------------------------


def _send(channel: socket.socket, message: bytes, deadline: float | None) -> None:
    channel.settimeout(_remaining(deadline))
    channel.sendall(_HEADER.pack(len(message)))
    channel.sendall(message)


def _receive(channel: socket.socket, deadline: float | None) -> bytearray:
    """Return one message. Raises: TimeoutError; EOF and resets as ConnectionError."""
    size = _HEADER.unpack(_receive_exactly(channel, _HEADER.size, deadline))[0]
    return _receive_exactly(channel, size, deadline)


def _receive_exactly(channel: socket.socket, size: int, deadline: float | None) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    got = 0
    while got < size:
        channel.settimeout(_remaining(deadline))
        count = channel.recv_into(view[got:])
        if not count:
            raise ConnectionResetError("the other side is gone")
        got += count
    return data


def _remaining(deadline: float | None) -> float | None:
    # Never zero, which would mean "do not block" and fail with another error than TimeoutError.
    return None if deadline is None else max(deadline - time.monotonic(), 0.001)
