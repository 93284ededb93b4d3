"""At most `per_host` requests to one host are under way, of all members together; on PostgreSQL, where members are."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa

from monitor import errors, http
from monitor.clock import SystemClock
from monitor.engine.host_turns import TURN, HostTurns
from monitor.store import database, host_slots, members, rows, schema
from monitor.store.host_slots import LEASE, Slot
from monitor.store.store import Store
from tests.support import databases, web, world

HOST = "news.example"


@pytest.fixture
def url(made_databases: databases.Databases) -> str:
    """The URL of a fresh database."""
    return made_databases.postgresql()


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """Connections to a fresh database, as a member has them."""
    made = database.open_member_engine(url)
    yield made
    made.dispose()


def join(connection: sa.Connection) -> int:
    """Enter a member and return its number."""
    now = members.server_time(connection)
    row = {"role": "worker", "host": "here", "pid": 1, "version": "1", "started_at": now, "beat_at": now}
    return rows.new_id(connection, schema.members.insert(), {**row, "lease_until": now + members.LEASE})


@contextlib.contextmanager
def joined(url: str) -> Iterator[Store]:
    """A member with a writer of its own."""
    engine = database.open_member_engine(url)
    member_id = database.write_once(engine, join)
    store = Store(engine, member_id, guard=members.require)
    try:
        yield store
    finally:
        store.close()


class Skewed(SystemClock):
    """A clock that a test sets forward."""

    ahead = 0.0

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return super().monotonic() + self.ahead


@contextlib.asynccontextmanager
async def turns_of(store: Store, per_host: int = 2, clock: Skewed | None = None) -> AsyncIterator[HostTurns]:
    """The turns of one member, at work."""
    made = HostTurns(store, lambda: per_host, clock or Skewed(), 20.0)
    running = asyncio.create_task(made.run())
    try:
        yield made
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def take(engine: sa.Engine, member_id: int, count: int, limit: int = 2, host: str = HOST) -> list[Slot]:
    """Take slots of one host and commit."""
    return database.write_once(engine, lambda c: host_slots.take(c, member_id, {host: count}, limit))  # type: ignore[no-any-return]


def held(engine: sa.Engine) -> list[tuple[str, int, int]]:
    """Return (host, number, member) of every slot that stands in the table."""
    table = schema.host_slots
    with engine.connect() as connection:
        return [(row.host, row.n, row.member_id) for row in connection.execute(sa.select(table).order_by(table.c.n))]


def end_leases(engine: sa.Engine) -> None:
    """Do what time does to the slots that are held."""
    past = sa.func.clock_timestamp() - timedelta(seconds=1)
    database.write_once(engine, lambda c: c.execute(schema.host_slots.update().values(until=past)))


async def until(holds: Callable[[], bool]) -> None:
    """Wait until the database shows it."""
    await asyncio.to_thread(world.until, holds, 5, "in the table")


class Asked:
    """A host that counts the requests that are with it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.most = self.now = self.done = 0

    async def ask(self, turns: HostTurns, host: str = HOST) -> None:
        """Make one request when its turn has come."""
        async with turns.hold(host) as lasts:
            assert lasts(20.0)
            self.now += 1
            self.most = max(self.most, self.now)
            await asyncio.sleep(self.seconds)
            self.now -= 1
            self.done += 1


# -- the table -----------------------------------------------------------------------------------------


def test_no_more_slots_are_had_than_a_host_has(engine: sa.Engine) -> None:
    """Two members get one each of two; a third, and the first again, get none; other hosts have their own."""
    first, second = take(engine, 1, 1), take(engine, 2, 5)

    third, again, other = take(engine, 3, 1), take(engine, 1, 1), take(engine, 3, 9, host="other.example")

    assert [[slot.n for slot in slots] for slots in (first, second, third, again, other)] == [[0], [1], [], [], [0, 1]]


def test_a_slot_is_free_once_given_back_and_at_the_end_of_its_lease(engine: sa.Engine) -> None:
    """What a member gave back or held for too long, somebody else has; giving it back late takes nothing away."""
    (late,) = take(engine, 1, 1, limit=1)
    end_leases(engine)
    (mine,) = take(engine, 2, 1, limit=1)

    database.write_once(engine, lambda c: host_slots.give_back(c, 1, [late]))
    while_mine = held(engine)
    database.write_once(engine, lambda c: host_slots.give_back(c, 2, [mine]))

    assert while_mine == [(HOST, 0, 2)]
    assert held(engine) == []
    assert mine.until > late.until


def test_own_slot_taken_anew_outlives_the_giving_back_of_the_old_one(engine: sa.Engine) -> None:
    """A member that held a slot for too long and has it again loses it not by what the first request gives back."""
    (old,) = take(engine, 1, 1, limit=1)
    end_leases(engine)
    take(engine, 1, 1, limit=1)

    database.write_once(engine, lambda c: host_slots.give_back(c, 1, [old]))

    assert held(engine) == [(HOST, 0, 1)]


def test_slots_of_a_member_that_ended_are_free(url: str, engine: sa.Engine) -> None:
    """Whoever ends a member, for its lease or its leaving, frees what it held."""
    with joined(url) as lost, joined(url) as left:
        take(engine, lost.epoch, 1)
        take(engine, left.epoch, 1)
        past = sa.func.clock_timestamp() - timedelta(seconds=1)
        expire = schema.members.update().where(schema.members.c.id == lost.epoch).values(lease_until=past)
        database.write_once(engine, lambda c: c.execute(expire))

        database.write_once(engine, members.reap)
        database.write_once(engine, lambda c: members.leave(c, left.epoch))

    assert held(engine) == []


def test_a_slot_that_is_being_taken_is_waited_for_by_nobody(engine: sa.Engine) -> None:
    """While another's transaction is open, its host counts as full and every other is had at once."""
    both = {HOST: 1, "other.example": 1}
    with engine.connect() as connection, connection.begin():
        (mine,) = host_slots.take(connection, 1, {HOST: 1}, 2)

        others = database.write_once(engine, lambda c: host_slots.take(c, 2, both, 2))

    assert (mine.host, mine.n) == (HOST, 0)
    assert [(slot.host, slot.n) for slot in others] == [("other.example", 0)]


def test_forgotten_slots_are_pruned(engine: sa.Engine) -> None:
    """A slot whose time was over long ago goes; one that is held stays."""
    take(engine, 1, 1)
    past = sa.func.clock_timestamp() - 2 * LEASE
    database.write_once(engine, lambda c: c.execute(schema.host_slots.update().values(until=past)))
    take(engine, 1, 1, host="other.example")

    database.write_once(engine, host_slots.prune)

    assert held(engine) == [("other.example", 0, 1)]


# -- the turns of members ------------------------------------------------------------------------------


async def test_members_together_keep_to_the_limit_of_a_host(url: str) -> None:
    """Three members with 8 requests each: never more than two at once, all are served, nothing is left behind."""
    asked = Asked(0.01)
    with joined(url) as one, joined(url) as two, joined(url) as three:
        async with turns_of(one) as first, turns_of(two) as second, turns_of(three) as third:
            await asyncio.gather(*(asked.ask(turns) for turns in (first, second, third) for _ in range(8)))
            await until(lambda: not held(one.engine))

    assert (asked.most, asked.done) == (2, 24)


async def test_a_host_is_full_only_while_others_hold_it(url: str) -> None:
    """A host counts as full while others hold it and somebody waits, and no longer; other hosts do not wait."""
    with joined(url) as one, joined(url) as two:
        take(one.engine, one.epoch, 2)
        async with turns_of(two) as turns:
            waiting = asyncio.create_task(Asked(0).ask(turns))
            before = turns.is_full(HOST)
            await asyncio.sleep(0.3)
            full = turns.is_full(HOST)
            await Asked(0).ask(turns, "other.example")
            end_leases(one.engine)
            await asyncio.wait_for(waiting, 5)

            assert (before, full, turns.is_full(HOST), turns.is_full("other.example")) == (False, True, False, False)


async def test_cancelled_waits_leave_nothing_behind(url: str) -> None:
    """Whoever gives up waiting holds no slot and no place; the host is not full for it."""
    with joined(url) as one, joined(url) as two:
        take(one.engine, one.epoch, 2)
        async with turns_of(two) as turns:
            waiting = [asyncio.create_task(Asked(0).ask(turns)) for _ in range(3)]
            await asyncio.sleep(0.2)
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
            end_leases(one.engine)
            await asyncio.sleep(0.5)

            assert not turns.is_full(HOST)  # what was being taken for them is given back
            await until(lambda: two.epoch not in {member for _, _, member in held(two.engine)})


async def test_a_member_with_much_to_ask_lets_others_have_their_turn(url: str) -> None:
    """One with a request after the other gives the host up after its turn; the one that waits elsewhere gets it."""
    clock, asked = Skewed(), Asked(0.01)
    with joined(url) as one, joined(url) as two:
        async with turns_of(one, 1, clock) as busy, turns_of(two, 1) as turns:
            async with busy.hold(HOST):
                following = [asyncio.create_task(asked.ask(busy)) for _ in range(5)]
                waiting = asyncio.create_task(Asked(0).ask(turns))
                await asyncio.sleep(0.3)
                clock.ahead = TURN
            await asyncio.wait_for(waiting, 5)
            served_before = asked.done
            await asyncio.gather(*following)

    assert (served_before, asked.done) == (0, 5)


async def test_a_frozen_request_keeps_its_host_no_longer_than_its_lease(url: str) -> None:
    """The slot of a request that does not end is another's after its lease, and its own end takes nothing away."""
    with joined(url) as one, joined(url) as two:
        async with turns_of(one, 1) as frozen, turns_of(two, 1) as turns:
            async with frozen.hold(HOST):
                waiting = asyncio.create_task(Asked(0.3).ask(turns))
                end_leases(one.engine)
                await until(lambda: held(two.engine) == [(HOST, 0, two.epoch)])
            await waiting

    assert waiting.done()


async def test_requests_of_two_gates_share_a_host(url: str) -> None:
    """Two members' gates on one site: never more than two requests with it, each hop of a redirect in its own turn."""
    site = web.Site()
    most = now = 0

    async def slow(request: web.Request, writer: asyncio.StreamWriter) -> None:
        nonlocal most, now
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.03)
        now -= 1
        await web.page(b"ok")(request, writer)

    async with site:
        site.on("/slow", slow)
        site.redirect("/moved", site.url("/slow"))
        settings = http.HttpSettings("wirewatch", (site.address,))
        one, two = http.Gate(settings), http.Gate(settings)
        with joined(url) as first, joined(url) as second:
            async with turns_of(first) as mine, turns_of(second) as yours:
                one.share(mine)
                two.share(yours)
                paths = ("/slow", "/moved") * 4
                fetches = (gate.fetch(site.url(path), cap=99, accept="*/*") for gate in (one, two) for path in paths)
                replies = await asyncio.gather(*fetches)
                await one.close()
                await two.close()

    assert [reply.body for reply in replies] == [b"ok"] * 16
    assert most == 2


async def test_turns_outlive_a_database_that_is_away(url: str) -> None:
    """Where the database cannot be had a request waits, and goes on when it is back."""
    with joined(url) as one:
        async with turns_of(one) as turns:
            refusing = one.writer.seal
            one.writer.seal = _refuse
            waiting = asyncio.create_task(Asked(0).ask(turns))
            await asyncio.sleep(0.2)
            waited = not waiting.done()
            one.writer.seal = refusing
            await asyncio.wait_for(waiting, 5)

    assert waited


def _refuse(_connection: object) -> None:
    raise errors.StoreError("the server is away")


def test_a_slot_outlasts_a_request() -> None:
    """A slot is held for longer than any request that begins on it may take, with time to hand it on."""
    assert LEASE.total_seconds() > http.HttpSettings("x").deadline + TURN
