"""Room for large bodies."""

from __future__ import annotations

import asyncio

import pytest

from monitor.errors import FetchError
from monitor.http.room import SMALL, STEPS, WAITING, Room, Rooms

LARGE = STEPS[-1][0] + 1
AT_ONCE = STEPS[-1][1]


async def holding(rooms: Rooms, size: int, done: asyncio.Event) -> None:
    """Hold a body of `size` bytes until `done`."""
    async with rooms.open() as room:
        await room.hold(size)
        await done.wait()


async def started(*work: asyncio.Task[None]) -> None:
    """Let tasks run until they wait."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_small_bodies_need_no_room() -> None:
    """Any number of small bodies is held at once."""
    rooms, done = Rooms(), asyncio.Event()
    tasks = [asyncio.create_task(holding(rooms, SMALL, done)) for _ in range(200)]
    await started(*tasks)

    done.set()

    await asyncio.wait_for(asyncio.gather(*tasks), 1)


async def test_f29_large_bodies_are_held_a_few_at_a_time() -> None:
    """The next large body waits until one before it was dropped; a small one does not."""
    rooms, done = Rooms(), asyncio.Event()
    first = [asyncio.create_task(holding(rooms, LARGE, done)) for _ in range(AT_ONCE)]
    await started(*first)
    next_one: Room
    async with rooms.open() as next_one, rooms.open() as small:
        waiting = asyncio.create_task(next_one.hold(LARGE))
        await started(waiting)
        await asyncio.wait_for(small.hold(SMALL), 1)
        before = waiting.done(), next_one.waits

        done.set()
        await asyncio.wait_for(waiting, 1)

    assert before == (False, True)
    assert not next_one.waits


async def test_f29_a_crowd_of_large_bodies_is_sent_away() -> None:
    """Only so many wait for room: each holds a connection and a place among all requests."""
    rooms, done = Rooms(), asyncio.Event()
    tasks = [asyncio.create_task(holding(rooms, LARGE, done)) for _ in range(AT_ONCE + WAITING)]
    await started(*tasks)

    async with rooms.open() as room:
        with pytest.raises(FetchError) as caught:
            await room.hold(LARGE)
    done.set()
    await asyncio.wait_for(asyncio.gather(*tasks), 1)

    assert caught.value.code == "busy"


async def test_room_is_given_back_by_whoever_gives_up() -> None:
    """Whoever is cancelled while holding or waiting leaves the room to the next."""
    rooms, done = Rooms(), asyncio.Event()
    tasks = [asyncio.create_task(holding(rooms, LARGE, done)) for _ in range(AT_ONCE + 3)]
    await started(*tasks)

    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

    async with rooms.open() as one, rooms.open() as two:
        await asyncio.wait_for(one.hold(LARGE), 1)
        await asyncio.wait_for(two.hold(SMALL + 1), 1)
