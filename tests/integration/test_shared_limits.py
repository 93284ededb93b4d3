"""Limits that the members of a cluster keep together: they decide and claim side by side, on PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import errors, jobs, model
from monitor.clock import SystemClock
from monitor.config import Rate
from monitor.jobs.context import Context, Outlet
from monitor.model import SendResult
from monitor.store import database, feeds, members, messages, notices, rows, schema
from monitor.store.store import Store, lock_deciding
from tests.support import databases, invariants
from tests.support.desk import PACK, START, Desk, FakeSender, item

MEMBERS = 4


@pytest.fixture
def url(made_databases: databases.Databases) -> str:
    """The URL of a fresh database."""
    return made_databases.postgresql()


@pytest.fixture
def desk(url: str, tmp_path: Path) -> Iterator[Desk]:
    """A whole monitor; the members of `joined` work beside it on its database."""
    made = Desk(url, tmp_path)
    yield made
    made.read(invariants.check)
    made.close()


def join(connection: sa.Connection) -> int:
    """Enter a member and return its number."""
    now = members.server_time(connection)
    row = {"role": "worker", "host": "here", "pid": 1, "version": "1", "started_at": now, "beat_at": now}
    return rows.new_id(connection, schema.members.insert(), {**row, "lease_until": now + members.LEASE})


@contextlib.contextmanager
def joined(url: str, count: int = MEMBERS) -> Iterator[list[Store]]:
    """Members, each with a writer of its own."""
    with contextlib.ExitStack() as stack:
        made = []
        for _ in range(count):
            engine = database.open_member_engine(url)
            made.append(Store(engine, database.write_once(engine, join), guard=members.require))
            stack.callback(made[-1].close)
        yield made


def at_once(jobs_: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run functions in threads of their own, all begun at the same moment, and return what they gave."""
    barrier = threading.Barrier(len(jobs_))

    def begin(job: Callable[[], Any]) -> Any:
        barrier.wait()
        return job()

    with ThreadPoolExecutor(len(jobs_)) as pool:
        return list(pool.map(begin, jobs_))


# -- side by side --------------------------------------------------------------------------------------


def test_what_waits_for_each_other_is_written_all_the_same(url: str) -> None:
    """Two members that change two rows in opposite orders both succeed: one gives way and does it again."""
    first_done = threading.Barrier(2)

    def change(name: str, then: str) -> Callable[[sa.Connection], None]:
        tries = []

        def job(connection: sa.Connection) -> None:
            add(connection, name)
            if not tries:
                tries.append(1)
                first_done.wait(5)
            add(connection, then)

        return job

    def add(connection: sa.Connection, name: str) -> None:
        more = schema.counters.update().where(schema.counters.c.name == name)
        connection.execute(more.values(value=schema.counters.c.value + 1))

    with joined(url, 2) as (one, two):
        database.write_once(one.engine, lambda c: [rows.set_counter(c, name, 0) for name in ("a", "b")])
        futures = [one.writer.submit(change("a", "b")), two.writer.submit(change("b", "a"))]
        for future in futures:
            future.result(10)

        assert [one.read_now(lambda c, n=name: rows.read_counter(c, n)) for name in ("a", "b")] == [2, 2]


def test_one_of_two_members_tells_a_trouble(url: str) -> None:
    """A trouble that all note at the same moment is told by one of them, and again by one after it was over."""
    now = datetime(2025, 3, 10, 8, 0).astimezone()

    def note(connection: sa.Connection) -> bool:
        return notices.open_notice(connection, "disk", "Full", "It is full", now)

    with joined(url) as stores:
        told = at_once([lambda s=store: database.write_once(s.engine, note) for store in stores])
        database.write_once(stores[0].engine, lambda c: notices.close_notice(c, "disk", now))
        again = at_once([lambda s=store: database.write_once(s.engine, note) for store in stores])

    assert (sum(told), sum(again)) == (1, 1)


def test_a_member_knows_its_channels_before_a_leader_has_declared_them(url: str) -> None:
    """Who decides first sends to every channel; what the leader has removed stays removed."""
    mail, chat, old = (model.Target(name, "desk", name) for name in ("mail", "chat", "old"))
    now = datetime.now().astimezone()

    with joined(url, 2) as stores:
        alone = database.write_once(stores[0].engine, lambda c: messages.declare_targets(c, [old], now))
        database.write_once(stores[0].engine, lambda c: messages.declare_targets(c, [], now))
        jobs_ = [
            lambda s=s: database.write_once(s.engine, lambda c: messages.know_targets(c, [mail, chat, old], now))
            for s in stores
        ]
        first, second = at_once(jobs_)

    assert first == second
    assert set(first) == {mail, chat}
    assert alone[old] not in first.values()


def test_a_host_asks_all_members_for_a_pause_at_once(url: str) -> None:
    """Each hears a Retry-After of the same host at the same moment; nobody fails, and the pause is there for all."""
    until = datetime(2100, 1, 1).astimezone()

    with joined(url) as stores:
        pause = lambda c: feeds.pause_host(c, "slow.example", until)  # noqa: E731
        at_once([lambda s=store: database.write_once(s.engine, pause) for store in stores])

        found = stores[0].read_now(lambda c: feeds.host_pauses(c, until - timedelta(days=1)))

    assert found == {"slow.example": until}


def test_nothing_else_of_a_member_waits_for_its_turn_to_decide(url: str) -> None:
    """While another decides, a member's beat and its other writes go on, and its own decision comes after."""
    done: list[str] = []

    def decide(connection: sa.Connection) -> None:
        lock_deciding(connection)
        done.append("decided")

    async def work(store: Store) -> None:
        deciding = asyncio.create_task(store.decide(decide))
        await asyncio.sleep(0.1)
        await store.write(lambda c: members.beat(c, store.epoch, {}))
        done.append("beat")
        other.rollback()
        await deciding

    with joined(url, 2) as (one, two), one.engine.connect() as other:
        lock_deciding(other)
        asyncio.run(asyncio.wait_for(work(two), 10))

    assert done == ["beat", "decided"]


def test_what_is_to_be_decided_while_a_member_waits_its_turn_goes_with_it(url: str) -> None:
    """Decisions that come while another member decides share one transaction, so that each turn decides them all."""

    def transaction(connection: sa.Connection) -> int:
        return int(connection.execute(sa.select(sa.func.txid_current())).scalar_one())

    with joined(url, 1) as (store,), sa.create_engine(url).connect() as other:
        lock_deciding(other)
        waiting = [store.decider.submit(transaction)]
        _until_blocked(other)
        waiting += [store.decider.submit(transaction) for _ in range(4)]
        other.rollback()
        found = [one.result(20) for one in waiting]

    assert len(set(found)) == 1


def _until_blocked(connection: sa.Connection) -> None:
    """Wait until somebody waits for the lock under which decisions are made."""
    waits = sa.text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    for _ in range(200):
        if connection.execute(waits).scalar_one():
            return
        time.sleep(0.02)
    raise AssertionError("nobody waits for a turn")


def test_a_member_leaves_after_its_last_decision(url: str) -> None:
    """What a member is deciding is written before it has left, and nothing is decided for it afterwards."""
    decided = threading.Event()
    more = schema.counters.update().where(schema.counters.c.name == "a").values(value=1)

    def decide(connection: sa.Connection) -> None:
        decided.set()
        time.sleep(0.2)
        connection.execute(more)

    with joined(url, 1) as (store,):
        database.write_once(store.engine, lambda c: rows.set_counter(c, "a", 0))
        last = store.decider.submit(decide)
        decided.wait(5)
        database.write_once(store.engine, lambda c: members.leave(c, store.epoch))
        at_its_end = store.read_now(lambda c: rows.read_counter(c, "a"))
        late = store.decider.submit(lambda c: c.execute(more.values(value=2)))

        assert last.exception(5) is None
        assert at_its_end == 1
        with pytest.raises(errors.Fenced):
            late.result(5)


# -- what is decided -----------------------------------------------------------------------------------


def decide_side_by_side(desk: Desk, url: str, count: int) -> None:
    """Publish so many stories to tell, and have all members decide about them at the same time."""
    desk.publishes("gazette", *(item(n, f"Resettlement number{n} alpha{n} beta{n} gamma{n}") for n in range(count)))
    desk.clock.advance(minutes=20)
    desk.poll("gazette")
    waiting = desk.read(lambda c: list(c.execute(sa.select(schema.entries.c.id).order_by("id")).scalars()))
    assert len(waiting) == count

    async def work(contexts: Sequence[Context]) -> None:
        await asyncio.gather(*(jobs.process_entry(contexts[n % MEMBERS], entry) for n, entry in enumerate(waiting)))

    with joined(url) as stores:
        assert desk.context is not None
        asyncio.run(work([replace(desk.context, store=store) for store in stores]))


def messages_by_slot(desk: Desk) -> Counter[tuple[str, int]]:
    """Return how many messages there are of each (kind of slot, number of alerts)."""
    made, carried = schema.messages, schema.message_alerts
    query = (
        sa.select(made.c.slot, sa.func.count())
        .join(carried, carried.c.message_id == made.c.id)
        .group_by(made.c.id, made.c.slot)
    )
    return Counter(
        ((slot or "").partition(":")[0], count) for slot, count in desk.read(lambda c: list(c.execute(query)))
    )


@pytest.mark.parametrize(
    ("asks", "pack", "count", "expected"),
    [
        ({"budget": 2}, PACK, 6, {("", 1): 2, ("budget", 4): 1}),
        ({"group": 60.0}, PACK, 6, {("", 1): 1, ("group", 5): 1}),
        ({}, PACK, 13, {("", 1): 10, ("storm", 3): 1}),
        ({}, PACK.replace("severity: normal", "severity: normal, throttle: {max: 2 per 1h}"), 6,
         {("", 1): 2, ("throttle", 4): 1}),
    ],
    ids=["budget", "group", "storm", "throttle"],
)  # fmt: skip
def test_a_limit_is_counted_right_by_members_that_decide_at_once(
    desk: Desk, url: str, asks: dict[str, Any], pack: str, count: int, expected: dict[tuple[str, int], int]
) -> None:
    """Four members decide side by side: as many alerts leave by themselves as one member would have let go."""
    desk.packs = {"packs/move.yaml": pack}
    desk.has(["gazette"]).publishes("gazette")
    channels = {"desk": replace(desk.config.channels["desk"], **asks)}
    desk.config = replace(desk.config, channels=channels)
    desk.set_up()
    desk.run()

    decide_side_by_side(desk, url, count)

    assert messages_by_slot(desk) == expected


def test_one_story_is_told_once_by_members_that_decide_at_once(desk: Desk, url: str) -> None:
    """The same report in eight newsrooms, decided about side by side: one alert, and each other is the same text."""
    rooms = [f"room{n}" for n in range(8)]
    desk.packs = {"packs/move.yaml": PACK}
    desk.has(rooms)
    for room in rooms:
        desk.publishes(room)
    desk.run()
    desk.clock.advance(minutes=20)
    text = "Resettlement of a town was decided on by the council, which met for seven hours behind closed doors."
    for room in rooms:
        desk.publishes(room, item(1, "Resettlement of a town is decided", text, site=room))
        desk.poll(room)
    waiting = desk.read(lambda c: list(c.execute(sa.select(schema.entries.c.id)).scalars()))

    async def work(contexts: Sequence[Context]) -> None:
        await asyncio.gather(*(jobs.process_entry(contexts[n % MEMBERS], entry) for n, entry in enumerate(waiting)))

    with joined(url) as stores:
        assert desk.context is not None
        asyncio.run(work([replace(desk.context, store=store) for store in stores]))

    outcomes = desk.read(lambda c: list(c.execute(sa.select(schema.decisions.c.outcome, schema.decisions.c.pack))))
    told = Counter(outcome for outcome, pack in outcomes if pack == "move")
    assert (told["alert"], sum(told.values())) == (1, 8)


# -- what is sent --------------------------------------------------------------------------------------


class Slow(FakeSender):
    """Takes a moment for each message, and counts what it is sent at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.most = 0

    async def send(self, notice: model.Notice) -> SendResult:
        """Take a message."""
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0.01)
        self.now -= 1
        return await super().send(notice)


def test_a_channels_rate_is_kept_by_eight_members(desk: Desk, url: str) -> None:
    """Eight members claim for two recipients of a channel: in no window more than its rate, in order, one at a time."""
    rate, count = Rate(4, 0.5), 6
    desk.has(["gazette"])
    assert desk.context is not None
    targets = [model.Target("desk", key, key) for key in ("one", "two")]
    ids = desk.write(lambda c: messages.declare_targets(c, targets, desk.clock.now()))
    senders = {ids[target]: Slow() for target in targets}
    outlets = {ids[target]: Outlet(ids[target], target, senders[ids[target]], rate) for target in targets}
    with joined(url, 8) as stores:
        for n, number in itertools.product(range(count), outlets):
            desk.write(
                lambda c, n=n, to=number: messages.queue_text(c, to, "ops", f"slot-{n}", f"Notice {n}", "", START)
            )
        setup = replace(desk.context.setup, outlets=outlets)
        contexts = [replace(desk.context, store=store, setup=setup, clock=SystemClock()) for store in stores]
        asyncio.run(asyncio.wait_for(work_off(contexts, list(outlets), 2 * count), 20))

    starts = sorted(desk.read(lambda c: list(c.execute(sa.select(schema.attempts.c.started_at)).scalars())))
    gaps = [later - first for first, later in zip(starts, starts[rate.count :], strict=False)]
    assert len(starts) == 2 * count
    assert min(gaps) >= timedelta(seconds=rate.seconds)
    for sender in senders.values():
        assert [notice.headline for notice in sender.notices] == [f"Notice {n}" for n in range(count)]
        assert sender.most == 1


async def work_off(contexts: Sequence[Context], targets: Sequence[int], count: int) -> None:
    """Have every member send what is due to each target, again and again, until all is sent."""
    done = 0

    async def follow(context: Context, target: int) -> None:
        nonlocal done
        while done < count:
            tries = await jobs.deliver(context, target)
            done += tries
            await asyncio.sleep(0.02)

    await asyncio.gather(*(follow(context, target) for context in contexts for target in targets))
