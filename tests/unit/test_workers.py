"""Workers on good days: values, errors, queueing, closing."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator

import pytest

from monitor import errors, workers
from monitor.workers import Workers, WorkerSettings
from tests.support import tasks


@pytest.fixture
async def pool() -> AsyncIterator[Workers]:
    opened = Workers(WorkerSettings(count=1))
    yield opened
    opened.close()


async def test_a_value_comes_back(pool: Workers) -> None:
    """Arguments go over and the value comes back, from another process."""
    assert await pool.call(tasks.joined, b"ab", b"cd", timeout=10) == b"abcd"
    assert await pool.call(os.getpid, timeout=10) != os.getpid()


async def test_large_values_pass(pool: Workers) -> None:
    """A feed of the largest size goes over and comes back whole."""
    body = os.urandom(10_000_000)

    assert await pool.call(tasks.same, body, timeout=10) == body


@pytest.mark.parametrize(
    ("kind", "args"),
    [
        (errors.FetchError, ("dns", "no such host")),
        (errors.ParseError, ("empty", "nothing in it")),
        (errors.ExtractError, ("no text",)),
        (errors.RuleError, ([errors.Fault("a.yaml", 3, 4, "E101", "unknown key", "did you mean any?")],)),
    ],
)
async def test_our_errors_pass_unchanged(pool: Workers, kind: type[errors.MonitorError], args: tuple[object]) -> None:
    """An error of ours arrives with its type, its words and its fields."""
    expected = kind(*args)

    with pytest.raises(kind) as caught:
        await pool.call(tasks.fail, kind, *args, timeout=10)

    assert str(caught.value) == str(expected)
    assert caught.value.args == expected.args
    assert vars(caught.value) == vars(expected)


@pytest.mark.parametrize("kind", [ValueError, SystemExit, KeyboardInterrupt])
async def test_other_errors_become_crashes(pool: Workers, kind: type[BaseException]) -> None:
    """Any other exception is told by type and message, and the worker lives on."""
    before = await pool.call(os.getpid, timeout=10)

    with pytest.raises(errors.WorkerCrashed, match=f"{kind.__name__}: bad"):
        await pool.call(tasks.fail, kind, "bad", timeout=10)

    assert await pool.call(os.getpid, timeout=10) == before


async def test_an_answer_that_cannot_be_pickled_is_a_crash(pool: Workers) -> None:
    """A value that cannot be handed over is told as such."""
    with pytest.raises(errors.WorkerCrashed, match="pickle"):
        await pool.call(tasks.unpicklable, timeout=10)


async def test_waiting_in_the_queue_does_not_count(pool: Workers) -> None:
    """Time limits run from when a worker takes the task up."""
    calls = [pool.call(tasks.sleep, 0.3, timeout=0.9) for _ in range(4)]

    assert await asyncio.gather(*calls) == [None] * 4


async def test_workers_run_side_by_side() -> None:
    """Two workers take two tasks at once, in two processes."""
    pool = Workers(WorkerSettings(count=2))

    pids = await asyncio.gather(*(pool.call(tasks.pid_after, 0.3, timeout=10) for _ in range(2)))
    pool.close()

    assert len(set(pids)) == 2


async def test_a_worker_is_replaced_after_its_tasks() -> None:
    """With tasks_per_worker, a fresh process follows in time."""
    pool = Workers(WorkerSettings(count=1, tasks_per_worker=2))

    pids = [await pool.call(os.getpid, timeout=10) for _ in range(5)]
    pool.close()

    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


async def test_a_cancelled_task_is_killed(pool: Workers) -> None:
    """Who cancels gets the worker back at once, though the task would have run on."""
    call = asyncio.create_task(pool.call(tasks.spin, timeout=60))
    await pool_is_busy(pool)
    began = time.monotonic()

    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await pool.call(tasks.same, 1, timeout=10) == 1

    assert time.monotonic() - began < 10


async def test_a_cancelled_task_in_the_queue_never_runs(pool: Workers) -> None:
    """A task that is cancelled before its turn disturbs neither the one before nor the one behind."""
    first = asyncio.create_task(pool.call(tasks.pid_after, 0.3, timeout=10))
    second = asyncio.create_task(pool.call(tasks.spin, timeout=60))
    third = asyncio.create_task(pool.call(os.getpid, timeout=10))
    await asyncio.sleep(0)

    second.cancel()

    assert await first == await third


async def test_closing_is_immediate(pool: Workers) -> None:
    """Closing kills what runs, fails what waits, and refuses what comes."""
    await pool.call(tasks.same, 1, timeout=10)
    running = asyncio.create_task(pool.call(tasks.spin, timeout=60))
    queued = asyncio.create_task(pool.call(tasks.same, 1, timeout=60))
    await pool_is_busy(pool)
    pids = pool.pids()
    began = time.monotonic()

    pool.close()
    took = time.monotonic() - began
    results = await asyncio.gather(running, queued, return_exceptions=True)

    assert took < 3
    assert [type(result) for result in results] == [errors.WorkerCrashed, errors.WorkerUnavailable]
    assert not any(map(tasks.is_running, pids))
    with pytest.raises(errors.WorkerUnavailable, match="closed"):
        await pool.call(tasks.same, 1, timeout=10)


async def test_closing_twice_is_harmless(pool: Workers) -> None:
    """A second close does nothing."""
    await pool.call(tasks.same, 1, timeout=10)

    pool.close()
    pool.close()

    assert pool.pids() == ()


async def test_workers_do_not_run_the_main_script(pool: Workers) -> None:
    """A worker imports what its tasks need, not the whole program."""
    assert await pool.call(tasks.main_script, timeout=10) is None


async def test_parent_output_is_not_touched(pool: Workers, capfd: pytest.CaptureFixture[str]) -> None:
    """What a task prints goes nowhere."""
    await pool.call(tasks.shout, "noise", timeout=10)

    captured = capfd.readouterr()
    assert "noise" not in captured.out + captured.err


def test_settings_have_sane_defaults() -> None:
    """Two workers, a quarter of a gigabyte and five seconds of processor time for a task, kept while they behave."""
    assert WorkerSettings() == WorkerSettings(count=2, memory_mb=250, cpu_seconds=5.0, tasks_per_worker=0)
    assert workers.START_LIMIT > 2


async def pool_is_busy(pool: Workers) -> None:
    """Wait until the only worker of `pool` burns processor time."""
    while not pool.pids() or tasks.cpu_seconds(pool.pids()[0]) < 0.2:  # noqa: ASYNC110 (another process is watched)
        await asyncio.sleep(0.02)


async def test_a_source_is_proven_by_a_task_that_takes_no_time(pool: Workers) -> None:
    """Before its first task, and after one that was killed, nobody can say so."""
    before = pool.is_proven("feed")
    await pool.call(tasks.same, 1, timeout=10, source="feed")
    after = pool.is_proven("feed")
    with pytest.raises(errors.WorkerTimeout):
        await pool.call(tasks.spin, timeout=0.5, source="feed")

    assert (before, after, pool.is_proven("feed")) == (False, True, False)
