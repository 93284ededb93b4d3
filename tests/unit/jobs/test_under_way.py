"""What a killed process leaves of what it was working on, and how suspects are told from the innocent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from monitor.jobs.under_way import SLOTS, TOGETHER, UnderWay


def killed(path: Path, *keys: int) -> dict[int, int]:
    """Let a process begin work on some keys and die in it; return what the next one suspects."""

    async def die() -> None:
        work = UnderWay(path)
        for key in keys:
            await work.mark(key).__aenter__()
        work.close()

    asyncio.run(die())
    work = UnderWay(path)
    work.close()
    return work.suspects()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The file of a database."""
    return tmp_path / "wirewatch.db.under-way"


def test_f38_what_was_under_way_is_known_to_the_next_process(path: Path) -> None:
    """Entries and pages have one death each; what was done before has none."""

    async def live() -> None:
        work = UnderWay(path)
        async with work.mark(7):
            pass
        work.close()

    asyncio.run(live())

    assert killed(path) == {}
    assert killed(path, 8, -9) == {8: 1, -9: 1}


def test_f38_deaths_in_company_count_twice_at_most(path: Path) -> None:
    """A dozen are under way at each kill: only who is alone when the process dies gathers more deaths."""
    for _ in range(5):
        _die_in_company(path, (1, 2))
    together = UnderWay(path).suspects()
    for _ in range(2):
        alone = killed(path, 1)

    assert together == {1: TOGETHER, 2: TOGETHER}
    assert alone == {1: TOGETHER + 2, 2: TOGETHER}


def _die_in_company(path: Path, keys: Sequence[int]) -> None:
    """Let a process die that knows of no suspicion: each key is under way beside the others."""
    work = UnderWay(path)
    for key in keys:
        work._write(work._slot(key), key, work.suspects().get(key, 0), 1)
    work.close()


def test_f38_a_suspect_works_alone(path: Path) -> None:
    """It waits until the others are done, those that come after it wait, and once it is done it is no suspect."""
    _die_in_company(path, (1,))
    _die_in_company(path, (1,))
    said: list[str] = []

    async def work_on(work: UnderWay, key: int, turns: int) -> None:
        async with work.mark(key):
            said.append(f"+{key}")
            for _ in range(turns):
                await asyncio.sleep(0)
            said.append(f"-{key}")

    async def live() -> dict[int, int]:
        work = UnderWay(path)
        async with asyncio.TaskGroup() as group:
            for key, turns in ((5, 9), (6, 3), (1, 9), (7, 1), (8, 1)):
                group.create_task(work_on(work, key, turns))
        work.close()
        return work.suspects()

    left = asyncio.run(live())

    assert said[:2] == ["+5", "+6"]
    assert said[4:6] == ["+1", "-1"]
    assert sorted(said[6:]) == ["+7", "+8", "-7", "-8"]
    assert left == {}


def test_f38_a_suspect_that_gives_up_lets_the_others_in(path: Path) -> None:
    """One that waits to be alone and is cancelled holds nobody any more."""
    _die_in_company(path, (1,))
    _die_in_company(path, (1,))

    async def live() -> str:
        work = UnderWay(path)
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(work.mark(5))
            suspect = asyncio.create_task(work.mark(1).__aenter__())
            await asyncio.sleep(0)
            late = asyncio.create_task(work.mark(6).__aenter__())
            await asyncio.sleep(0)
            waited = not late.done()
            suspect.cancel()
            await asyncio.wait((late,), timeout=5)
            return f"{waited} {late.done()}"

    assert asyncio.run(live()) == "True True"


@pytest.mark.parametrize("left", [b"", b"\xff" * 1000, b"x", bytes(24 * SLOTS * 2)])
def test_f38_whatever_stands_in_the_file_work_goes_on(path: Path, left: bytes) -> None:
    """A file that is cut, or garbage, costs nothing but what it would have said."""
    path.write_bytes(left)

    assert killed(path, 3).get(3) == 1


def test_f04_without_a_file_work_goes_on(tmp_path: Path) -> None:
    """Where the file cannot be made, nothing is remembered and nothing fails."""
    assert killed(tmp_path / "missing" / "file", 3) == {}
