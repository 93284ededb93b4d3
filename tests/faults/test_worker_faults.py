"""Tasks that hang, crash and hoard, and parents that die: F31, with the memory limit of F29."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from monitor import errors
from monitor.workers import Workers, WorkerSettings
from tests.support import tasks


@pytest.fixture
async def pool() -> AsyncIterator[Workers]:
    opened = Workers(WorkerSettings(count=1))
    await opened.call(tasks.same, 1, timeout=30)
    yield opened
    opened.close()


async def next_task_runs(pool: Workers) -> float:
    """Return how long the next task takes, seconds."""
    began = time.monotonic()
    assert await pool.call(tasks.same, "next", timeout=10) == "next"
    return time.monotonic() - began


@pytest.mark.parametrize("task", [tasks.spin, tasks.redos, tasks.spin_in_c, tasks.stop])
async def test_f31_a_hanging_task_is_killed_on_time(task: Callable[[], None], pool: Workers) -> None:
    """A loop in Python, in a pattern, in C and a stopped process end at the limit; the next task runs within 2 s."""
    began = time.monotonic()

    with pytest.raises(errors.WorkerTimeout, match=rf"{task.__name__} took longer than 0.5 s"):
        await pool.call(task, timeout=0.5)

    assert time.monotonic() - began < 3 * 0.5
    assert await next_task_runs(pool) < 2


@pytest.mark.parametrize(
    ("task", "args", "how"),
    [
        (tasks.die, (signal.SIGSEGV,), "was ended by SIGSEGV"),
        (tasks.die, (signal.SIGKILL,), "was ended by SIGKILL"),
        (tasks.crash_in_c, (), "was ended by SIGSEGV"),
        (tasks.leave, (3,), "ended with exit code 3"),
        (tasks.leave, (0,), "ended with exit code 0"),
    ],
)
async def test_f31_a_crash_is_told_and_survived(
    task: Callable[..., Any], args: tuple[Any, ...], how: str, pool: Workers
) -> None:
    """A task that takes its process down is told how, and the next task runs within 2 s."""
    with pytest.raises(errors.WorkerCrashed, match=how):
        await pool.call(task, *args, timeout=10)

    assert await next_task_runs(pool) < 2


@pytest.mark.parametrize("task", [tasks.hoard, tasks.hoard_in_c])
async def test_f29_memory_is_limited(task: Callable[[], Any]) -> None:
    """A task that takes more than its memory fails, its worker is replaced, the parent does not grow."""
    pool = Workers(WorkerSettings(count=1, memory_mb=128))
    before = await pool.call(os.getpid, timeout=30)

    with pytest.raises(errors.WorkerCrashed, match="ran out of memory"):
        await pool.call(task, timeout=30)
    after = await pool.call(os.getpid, timeout=10)
    pool.close()

    assert before != after


@pytest.mark.parametrize("signal_number", [signal.SIGSEGV, signal.SIGKILL])
async def test_f31_an_idle_worker_may_die(signal_number: int, pool: Workers) -> None:
    """A worker that dies between tasks costs no task."""
    (pid,) = pool.pids()

    os.kill(pid, signal_number)
    while tasks.is_running(pid):  # noqa: ASYNC110 (another process is watched)
        await asyncio.sleep(0.01)

    assert await next_task_runs(pool) < 2
    assert pool.pids() != (pid,)


async def test_f31_others_are_not_disturbed() -> None:
    """While one worker is killed again and again, tasks on the other go on."""
    pool = Workers(WorkerSettings(count=2))
    await pool.call(tasks.same, 1, timeout=30)

    killers = [pool.call(tasks.die, signal.SIGKILL, timeout=10) for _ in range(10)]
    good = [pool.call(tasks.same, number, timeout=10) for number in range(50)]
    outcomes = await asyncio.gather(*killers, *good, return_exceptions=True)
    pool.close()

    assert all(isinstance(outcome, errors.WorkerCrashed) for outcome in outcomes[:10])
    assert outcomes[10:] == list(range(50))


async def test_f31_the_fork_server_may_die(pool: Workers) -> None:
    """If the server that forks workers is killed, another takes its place."""
    (pid,) = pool.pids()
    server = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])

    os.kill(server, signal.SIGKILL)
    while tasks.is_running(pid):  # noqa: ASYNC110 (another process is watched)
        await asyncio.sleep(0.01)

    assert await pool.call(tasks.same, 1, timeout=10) == 1


async def test_f02_signals_of_a_terminal_do_not_reach_workers(pool: Workers) -> None:
    """Ctrl-C and SIGTERM to the process group leave the workers to the parent."""
    assert await pool.call(tasks.signals_ignored, timeout=10) == (True, True)


@pytest.mark.parametrize("task", [tasks.spin, tasks.spin_in_c])
async def test_f29_f31_processor_time_is_limited_by_the_kernel_too(task: Callable[[], None]) -> None:
    """A task that spins, in Python or in C, is ended when it has used its processor time, whatever the clock says."""
    pool = Workers(WorkerSettings(count=1, cpu_seconds=0.5))
    began = time.monotonic()

    with pytest.raises(errors.WorkerTimeout, match=r"used more than 0\.5 s of processor time"):
        await pool.call(task, timeout=60)
    took = time.monotonic() - began
    again = await next_task_runs(pool)
    pool.close()

    assert took < 30
    assert again < 2


PARENT = """
    import asyncio
    from monitor.workers import Workers, WorkerSettings
    from tests.support import tasks

    async def main():
        pool = Workers(WorkerSettings(count=2), preload=["colorsys", "no_such_module"])
        assert await pool.call(tasks.has_loaded, "colorsys", timeout=10)
        await asyncio.gather(*(pool.call(tasks.pid_after, 0.2, timeout=10) for _ in range(2)))
        busy = asyncio.create_task(pool.call(tasks.spin_in_c if BUSY else tasks.spin, timeout=60))
        await asyncio.sleep(0.2)
        print(*pool.pids(), flush=True)
        if LEAVE:
            busy.cancel()
            return
        await busy

    if __name__ == "__main__":
        asyncio.run(main())
"""


def start_parent(folder: Path, **names: bool) -> tuple[subprocess.Popen[str], list[int]]:
    """Start a program with two workers, one of them busy; return it and the workers' process ids."""
    script = folder / "parent.py"
    constants = "".join(f"{name} = {value}\n" for name, value in names.items())
    script.write_text(constants + textwrap.dedent(PARENT))
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    parent = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment)
    assert parent.stdout is not None
    return parent, [int(pid) for pid in parent.stdout.readline().split()]


def gone_within(seconds: float, pids: list[int]) -> bool:
    """Return whether all processes end in time."""
    deadline = time.monotonic() + seconds
    while any(map(tasks.is_running, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(tasks.is_running, pids))


@pytest.mark.parametrize("busy_in_c", [False, True])
def test_f01_no_worker_outlives_a_killed_parent(busy_in_c: bool, tmp_path: Path) -> None:
    """After kill -9 of the parent its workers are gone, the idle one and the one that spins."""
    parent, pids = start_parent(tmp_path, BUSY=busy_in_c, LEAVE=False)
    helpers = children_of(parent.pid)

    parent.kill()
    parent.wait()

    assert len(pids) == 2
    assert gone_within(3, pids)
    assert gone_within(3, helpers)


def test_f02_a_program_that_forgets_to_close_still_ends(tmp_path: Path) -> None:
    """Without close, the end of the program ends its workers without delay."""
    parent, pids = start_parent(tmp_path, BUSY=False, LEAVE=True)

    code = parent.wait(10)

    assert code == 0
    assert gone_within(3, pids)


def test_f02_workers_leave_signals_to_the_parent(tmp_path: Path) -> None:
    """SIGINT and SIGTERM to the whole process group end no worker: the parent decides."""
    parent, pids = start_parent(tmp_path, BUSY=False, LEAVE=False)

    for pid in pids + children_of(parent.pid):
        os.kill(pid, signal.SIGINT)
        os.kill(pid, signal.SIGTERM)
    time.sleep(0.2)

    assert all(map(tasks.is_running, pids))
    parent.kill()
    parent.wait()
    assert gone_within(3, pids)


def children_of(pid: int) -> list[int]:
    """Return the process ids of the children of all threads of a process."""
    return [
        int(child) for listing in Path(f"/proc/{pid}/task").glob("*/children") for child in listing.read_text().split()
    ]
