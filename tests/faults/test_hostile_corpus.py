"""The hostile corpus through real workers with the real tasks: F29-F31 (all of it: `python -m bench hostile`).

Nothing may end the parent or swell it; each file is done, refused or killed within its limits.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import re
import time
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from monitor import errors, memory, model, tasks
from monitor.feeds import discover, opml
from monitor.workers import Workers, WorkerSettings
from tests.faults import hostile
from tests.support.tasks import same

FEED_CAP, PAGE_CAP = 10_000_000, 2_000_000
SECONDS = 5.0
"""Half of what the daemon gives a task: what hangs is killed as surely, and the suite waits less."""
pytestmark = pytest.mark.timeout(900)  # some of the files use up their limits; on a busy machine that takes long
GROWTH_MB = 30
WORKER_MB = 300
EVERY_NTH = 40
WORST = (
    "feed-author-author", "feed-categories-1000000", "feed-deep-xhtml-100000", "feed-json-deep-lists",
    "feed-beyond-10-mb", "page-one-paragraph-312k", "page-deep-div-100000", "page-text-one-word", "list-entity-bomb",
)  # fmt: skip
"""What libraries took longest over, or died of."""


def memory_mb(pid: int, field: str = "VmRSS") -> float:
    """Return a figure of a process's memory, MB."""
    found = re.search(rf"{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text("ascii", "replace"))
    assert found
    return int(found[1]) / 1000


def representative() -> Iterable[hostile.Hostile]:
    """Yield each fortieth file and the worst; what is packed is for the gate."""
    for place, file in enumerate(hostile.corpus()):
        if (place % EVERY_NTH == 0 or file.name in WORST) and not file.headers:
            yield file


@pytest.fixture
async def pool() -> AsyncIterator[Workers]:
    opened = Workers(WorkerSettings(count=2), tasks.PRELOAD)
    await opened.call(same, 1, timeout=60)
    yield opened
    opened.close()


@pytest.fixture
def rules(tmp_path: Path) -> str:
    """A file with a live rule source."""
    from monitor import wiring
    from monitor.rules import live, load

    pack = b"format: 1\npack: move\nrules:\n  - {id: core, any: [resettlement], near: }\n".replace(b", near: ", b"")
    files = wiring.RuleFiles()
    return str(files.put(live.next_live(None, {"packs/move.yaml": pack}, load.Known())))


def calls_of(file: hostile.Hostile, rules: str) -> list[tuple[Callable[..., Any], tuple[Any, ...]]]:
    """Return every task that the product has for such bytes."""
    body, url = file.body(), "http://127.0.0.1/x"
    draft = model.Article(title="Port quarter", text="Words.", lang=None, first_seen=datetime(2025, 3, 1, tzinfo=UTC))
    page = tasks.PageBytes(body[:PAGE_CAP], url, file.content_type)
    return [
        (tasks.parse_feed, (body[:FEED_CAP], url, file.content_type)),
        (tasks.read_entry, (rules, draft, page, None)),
        (discover.discover_feeds, (body[:PAGE_CAP], url)),
        (opml.read_opml, (body[:FEED_CAP],)),
    ]


async def outcome(pool: Workers, function: Callable[..., Any], args: tuple[Any, ...]) -> str:
    """Return how a task ended."""
    try:
        await pool.call(function, *args, timeout=SECONDS)
    except errors.WorkerError as fault:
        return type(fault).__name__
    except errors.MonitorError as fault:
        return f"refused {getattr(fault, 'code', '')}"
    return "done"


async def watch(pool: Workers, peaks: dict[int, float]) -> None:
    """Note the most that each worker ever held, MB, until cancelled: one that is killed takes its figure with it."""
    while True:
        for pid in pool.pids():
            with contextlib.suppress(OSError, AssertionError):  # it has just ended
                peaks[pid] = memory_mb(pid, "VmHWM")
        await asyncio.sleep(0.02)


def test_the_corpus_is_large_and_the_same_every_time() -> None:
    """At least 300 files of all kinds, and one seed gives one corpus."""
    once, again = hostile.corpus(1), hostile.corpus(1)

    assert len(once) >= 300
    assert {file.kind for file in once} == {"feed", "page", "list"}
    for place in range(0, len(once), 40):
        assert once[place].body() == again[place].body()


async def test_f29_f31_hostile_files_are_done_or_killed_and_the_parent_stays_small(pool: Workers, rules: str) -> None:
    """No file crashes a worker or the parent, none outlives its limits, and the parent grows by 30 MB at most."""
    files = list(representative())
    gc.collect()
    await memory.trim()  # as the daemon does every ten seconds
    ends, grown = dict[str, str](), 0.0
    start = memory_mb(os.getpid())
    slowest = 0.0
    for file in files:
        calls = calls_of(file, rules)
        base, began = memory_mb(os.getpid()), time.monotonic()  # with the bytes themselves, which the gate bounds
        found = await asyncio.gather(*(outcome(pool, function, args) for function, args in calls))
        ends |= {f"{file.name} {function.__name__}": end for (function, _), end in zip(calls, found, strict=True)}
        slowest = max(slowest, time.monotonic() - began)
        grown = max(grown, memory_mb(os.getpid()) - base)
    del calls, found
    gc.collect()
    await memory.trim()

    assert len(files) > 20
    assert {end for end in ends.values() if not end.startswith("refused")} <= {"done", "WorkerTimeout"}
    assert slowest < 4 * 3 * SECONDS  # four tasks of one file
    assert grown < GROWTH_MB
    assert memory_mb(os.getpid()) - start < GROWTH_MB


async def test_f29_f30_a_worker_keeps_within_its_memory(rules: str) -> None:
    """Over the largest and the deepest files no worker holds more than its limit, whatever the file asks for."""
    pool = Workers(WorkerSettings(count=1), tasks.PRELOAD)
    peaks: dict[int, float] = {}
    watching = asyncio.create_task(watch(pool, peaks))
    for file in (file for file in hostile.corpus() if file.name in WORST):
        for function, args in calls_of(file, rules)[:2]:
            await outcome(pool, function, args)
    watching.cancel()
    pool.close()

    assert max(peaks.values()) > 60  # they were seen at work
    assert max(peaks.values()) < WORKER_MB


async def test_f31_slow_input_delays_good_input_little(pool: Workers, rules: str) -> None:
    """Thirty tasks that each use up their time, all first in line, delay a proven source by slices, not minutes."""
    files = {file.name: file for file in hostile.corpus()}
    slow_call, slow_args = calls_of(files["page-one-paragraph-1000k"], rules)[1]
    good_call, good_args = calls_of(files["page-empty"], rules)[1]
    await pool.call(good_call, *good_args, timeout=SECONDS, source="good")
    slow = [
        asyncio.create_task(pool.call(slow_call, *slow_args, timeout=SECONDS, source=f"slow {number % 6}"))
        for number in range(30)
    ]
    await asyncio.sleep(0.1)

    waits = []
    for _ in range(5):
        began = time.monotonic()
        await pool.call(good_call, *good_args, timeout=SECONDS, source="good")
        waits.append(time.monotonic() - began)
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)

    assert max(waits) < 3 * SECONDS
