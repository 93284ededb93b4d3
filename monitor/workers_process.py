"""One worker: the process, the socket to it, and what it keeps to. `workers` decides who works on what."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import pickle
import resource
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from types import ModuleType
from typing import Any

from monitor import scratch
from monitor.errors import MonitorError, WorkerCrashed, WorkerUnavailable

START_LIMIT = 30.0
"""Seconds a new worker may take until it is ready; the first waits for the preloaded modules."""
MAX_ANSWER = 64_000_000
"""Longest answer of a worker that is taken, bytes."""

WARM_UP = "WIREWATCH_WARM_UP"
"""Environment variable that tells the fork server what to call once: `["module:function", "argument"]`."""

_SIZE = struct.Struct("!Q")
_CPU_LIMIT = struct.Struct("!d")
_READY = b"ready"
_PR_SET_PDEATHSIG = 1
_CPU_OF_PROCESS = 2
"""CPUCLOCK_SCHED in the clock ids that clock_getcpuclockid(3) gives."""

Message = Sequence[bytes | bytearray | memoryview]
"""The parts of a message, in order: large ones are handed on without being copied."""


# -- the parent's side ---------------------------------------------------------------------------


def context(preload: Sequence[str]) -> ForkServerContext:
    """Return where workers are forked from; in one program the modules of the first call are preloaded."""
    # Else its socket lies in a folder that multiprocessing makes, and a kill leaves that for good. `get_temp_dir` takes
    # no wish, and one more folder below ours would make the socket's path too long where TMPDIR is long (unix(7)).
    multiprocessing.current_process()._config["tempdir"] = str(scratch.folder())  # type: ignore[attr-defined]
    made = multiprocessing.get_context("forkserver")
    made.set_forkserver_preload([*preload, "monitor.workers_preload"])
    return made


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
class Answer:
    """What a worker sent back: a value, one of our errors, or the description of a failure."""

    value: Any = None
    error: _Raised | None = None
    crash: str | None = None
    spent: bool = False
    """Whether the worker is not fit for another task (it ran out of memory)."""

    def result(self) -> Any:
        """Return the value. Raises: what the task raised."""
        if self.error is not None:
            raise self.error.rebuilt()
        if self.crash is not None:
            raise WorkerCrashed(self.crash)
        return self.value


class Process:
    """A worker process and the socket to it; used by one thread at a time."""

    def __init__(self, process: ForkServerProcess, channel: socket.socket) -> None:
        self._process = process
        self._channel = channel
        self.tasks = 0
        self.pid = process.pid or 0

    @classmethod
    def start(cls, process_type: type[ForkServerProcess], memory_mb: int) -> Process:
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

    def send(self, task: Message, cpu_seconds: float, deadline: float) -> None:
        """Hand over a task that may use `cpu_seconds`. Raises: TimeoutError; other OSErrors when the worker died."""
        self.tasks += 1
        _send(self._channel, [_CPU_LIMIT.pack(cpu_seconds), *task], deadline)

    def has_answered(self, seconds: float) -> bool:
        """Return whether the worker answered, or died, within `seconds`."""
        poll = select.poll()
        poll.register(self._channel, select.POLLIN)
        return bool(poll.poll(seconds * 1000))

    def receive(self, deadline: float) -> Answer:
        """Return the answer. Raises: TimeoutError; other OSErrors when the worker died."""
        answer = pickle.loads(_receive(self._channel, deadline, MAX_ANSWER))
        assert isinstance(answer, Answer)
        return answer

    def cpu(self) -> float:
        """Return the processor time that the process has used, seconds; 0 if it is gone."""
        try:
            return time.clock_gettime((~self.pid << 3) | _CPU_OF_PROCESS)
        except OSError:
            return 0.0

    def is_fit(self) -> bool:
        """Return whether the process, which has no task, waits for one.

        The kernel closes the socket as the process ends; the fork server tells of it only some time later.
        """
        return self._process.is_alive() and not self.has_answered(0)

    def kill(self) -> None:
        """End the process at once; harmless if it has ended."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def join(self, timeout: float) -> None:
        """Wait for its end, and let go of it."""
        self._process.join(timeout)
        self._channel.close()

    def ended_by(self) -> signal.Signals | int | None:
        """Return the signal or the exit code that it ended with; None if it has not."""
        self._process.join(1.0)
        code = self._process.exitcode
        return signal.Signals(-code) if code is not None and code < 0 else code


class _Pieces:
    """A file for the pickler that keeps what it is given: a feed's bytes go to the worker without a second copy."""

    def __init__(self) -> None:
        self.parts: list[bytes | bytearray | memoryview] = []

    def write(self, part: Any) -> int:
        # Only bytes stay as they are; a view may show a buffer that the pickler uses again.
        self.parts.append(part if isinstance(part, bytes) else bytes(part))
        return len(part)


def packed(function: Callable[..., Any], args: tuple[object, ...]) -> Message:
    """Return a task as a message."""
    pieces = _Pieces()
    pickle.Pickler(pieces, pickle.HIGHEST_PROTOCOL).dump((function, args))
    return pieces.parts


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
        _send(channel, [_READY], None)
        while True:
            task = _receive(channel, None)
            signal.setitimer(signal.ITIMER_PROF, _CPU_LIMIT.unpack_from(task)[0])
            answer = _perform(memoryview(task)[_CPU_LIMIT.size :])
            signal.setitimer(signal.ITIMER_PROF, 0)
            del task
            _send(channel, [answer], None)
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
    # The kernel ends a task that used up its processor time, in C code too, and even if the parent cannot.
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    # The fork server ends when the parent does, however that ends; a worker ends with its server, even in C code.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    os.close(nowhere)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _data_now() + (memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _data_now() -> int:
    """Return how much counts towards RLIMIT_DATA already, bytes. Source: proc(5), /proc/pid/statm, `data`."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[5]) * resource.getpagesize()


def _perform(task: memoryview) -> bytes:
    try:
        answer = pickle.dumps(_answer_to(task), pickle.HIGHEST_PROTOCOL)
        if len(answer) <= MAX_ANSWER:
            return answer
        return pickle.dumps(Answer(crash=f"its answer of {len(answer):,} bytes is too large", spent=True))
    except MemoryError:
        return pickle.dumps(Answer(crash="ran out of memory", spent=True))
    except BaseException as error:  # noqa: BLE001 (a task may raise anything, SystemExit too; it becomes our error)
        return pickle.dumps(Answer(crash=f"{type(error).__name__}: {str(error)[:500]}"))


def _answer_to(task: memoryview) -> Answer:
    function, args = pickle.loads(task)
    try:
        return Answer(function(*args))
    except MonitorError as error:
        return Answer(error=_Raised(type(error), error.args, vars(error)))


# -- both sides ----------------------------------------------------------------------------------


def _send(channel: socket.socket, message: Message, deadline: float | None) -> None:
    for part in (_SIZE.pack(sum(map(len, message))), *message):
        channel.settimeout(_remaining(deadline))
        channel.sendall(part)


def _receive(channel: socket.socket, deadline: float | None, longest: int | None = None) -> bytearray:
    """Return one message. Raises: TimeoutError; EOF, resets and messages beyond `longest` as ConnectionError."""
    size = _SIZE.unpack(_receive_exactly(channel, _SIZE.size, deadline))[0]
    if longest is not None and size > longest:
        raise ConnectionAbortedError(f"an answer of {size:,} bytes is not taken")
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
