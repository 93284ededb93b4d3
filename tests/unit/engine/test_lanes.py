"""A lane runs each item that is due once."""

from __future__ import annotations

import asyncio
from typing import Any

from monitor.engine.lanes import Lane


async def test_what_ends_while_the_database_is_asked_is_not_done_again() -> None:
    """An answer that was read before an item's job was recorded still names it as due."""
    done: list[int] = []
    asked, end, answer = asyncio.Event(), asyncio.Event(), asyncio.Event()
    answers = iter([[7], [7], []])

    async def find(_: int) -> list[int]:
        found = next(answers)
        if done or asked.is_set():
            answer.set()
            await asyncio.sleep(0.05)  # the job ends meanwhile
        asked.set()
        return found

    async def work(item: int) -> None:
        await end.wait()
        done.append(item)

    lane: Lane[int] = Lane("test", lambda: 4, find, _itself, work, _ignore, _ignore)
    await lane.advance()
    lane.look_again()
    looking = asyncio.create_task(lane.advance())
    await answer.wait()
    end.set()
    await looking
    await lane.finish(1)

    assert done == [7]


async def test_what_is_found_and_not_taken_up_is_given_back() -> None:
    """Whoever claimed it for this lane must let it go: nobody else may have it, and this lane forgets it."""
    given_back: list[int] = []
    answers = iter([[7], [7, 8]])

    async def find(_: int) -> list[int]:
        return next(answers)

    async def work(item: int) -> None:
        if item == 7:
            raise ValueError("it fails, and is left alone for a while")

    lane: Lane[int] = Lane("test", lambda: 4, find, _itself, work, _ignore, _ignore)
    lane.passed_over = given_back.append
    for _ in range(2):
        lane.look_again()
        await lane.advance()
        await asyncio.sleep(0.01)

    assert given_back == [7]


def _itself(item: int) -> int:
    return item


def _ignore(*_: Any) -> None:
    """Nobody waits to be told."""
