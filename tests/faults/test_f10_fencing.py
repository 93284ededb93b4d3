"""F10, F11: what has lost its lease writes nothing; a commit whose answer was lost is neither lost nor done twice."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import errors
from monitor.store import claims, database, deadlines, later, members, messages, poll_hours, rows, schema
from monitor.store.leading import Leadership
from monitor.store.store import Store
from tests.support import databases, proxy, world

TRIES = 100


@pytest.fixture(scope="module")
def url(made_databases: databases.Databases) -> str:
    """The URL of a database of this module."""
    return made_databases.postgresql()


@pytest.fixture
def engine(url: str) -> Iterator[sa.Engine]:
    """Connections beside the members."""
    made = database.open_engine(url)
    yield made
    made.dispose()


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """Makes stores of members that have just joined."""
    made: list[Store] = []

    def open_one(address: str = url) -> Store:
        own = database.open_member_engine(address)
        member_id = database.write_once(own, lambda connection: members.join(connection, "worker", "1"))
        made.append(Store(own, member_id, guard=members.require))
        return made[-1]

    yield open_one
    for store in made:
        store.close()
        deadlines.close(store.engine)


def end_lease(engine: sa.Engine, member_id: int) -> None:
    """Do what time does to a member that gives no sign of life."""
    past = sa.func.clock_timestamp() - timedelta(seconds=1)
    change = schema.members.update().where(schema.members.c.id == member_id).values(lease_until=past)
    database.write_once(engine, lambda connection: connection.execute(change))


def reap(engine: sa.Engine) -> list[int]:
    """End whose lease ran out; return their numbers."""
    return [member.id for member in database.write_once(engine, members.reap).members]


def count_up(connection: sa.Connection, name: str = "fencing") -> int:
    """Write something that can be counted, of which a part is sent with the end of the transaction."""
    return later.next_number(connection, name)


def count_at_once(connection: sa.Connection, name: str) -> int:
    """Write something that can be counted."""
    value = 1 + (rows.read_counter(connection, name) or 0)
    rows.set_counter(connection, name, value)
    return value


def count_soon(connection: sa.Connection, name: str) -> int:
    """Write it by statements of which all are sent before the first answer is awaited."""
    later.soon(connection, rows.unless_there(connection, schema.counters), {"name": name, "value": 0})
    later.soon(connection, _UP, {"counter": name})
    return 1


_UP = schema.counters.update().where(schema.counters.c.name == sa.bindparam("counter")).values(value=1)


def counted(engine: sa.Engine, name: str = "fencing") -> int:
    """Return how often `count_up` was committed."""
    with engine.connect() as connection:
        return int(rows.read_counter(connection, name) or 0)


WRITES: tuple[Callable[[sa.Connection, int], Any], ...] = (
    lambda connection, _: count_up(connection),
    lambda connection, member: members.beat(connection, member, {}),
    lambda connection, member: claims.claim_entries(connection, member, members.server_time(connection)),
    lambda connection, member: claims.release(connection, "entry", [1], member),
    lambda connection, member: messages.claim(connection, 1, member, members.server_time(connection)),
    lambda connection, _: messages.expire_leases(connection, members.server_time(connection)),
    lambda connection, _: poll_hours.add(connection, {"ok": 1}, members.server_time(connection)),
    lambda connection, _: members.reap(connection),
    members.leave,
)
"""What jobs of a member write, of every kind."""


def test_f10_write_of_an_ended_member_is_refused_a_hundred_times_of_a_hundred(
    engine: sa.Engine, opened: Callable[..., Store]
) -> None:
    """Whatever the job, it does not even run; a member that lives writes the same."""
    stale, alive = opened(), opened()
    end_lease(engine, stale.epoch)
    assert reap(engine) == [stale.epoch]
    ran, refused = [], 0

    for write in itertools.islice(itertools.cycle(WRITES), TRIES):

        def job(connection: sa.Connection, write: Any = write) -> None:
            ran.append(write)
            write(connection, stale.epoch)

        with pytest.raises(errors.Fenced, match=f"lease of member {stale.epoch} ran out"):
            stale.writer.submit(job).result(10)
        refused += 1

    assert (refused, ran, stale.writer.fenced, stale.holds()) == (TRIES, [], True, False)
    assert alive.writer.submit(count_up).result(10) == 1
    assert counted(engine) == 1


def test_f10_writer_and_reaper_that_meet_exclude_each_other_in_a_hundred_races(
    engine: sa.Engine, opened: Callable[..., Store]
) -> None:
    """Nothing of a member is committed once it was ended, whether its transaction comes first, second or beside it."""
    draw, late, outcomes = random.Random(7), [], set()
    for n in range(TRIES):
        store, name = opened(), f"race {n}"
        began, pause, delay = threading.Event(), draw.uniform(0, 0.01), draw.uniform(0, 0.02)

        def job(connection: sa.Connection, name: str = name, began: Any = began, pause: float = pause) -> None:
            began.set()
            count_up(connection, name)
            time.sleep(pause)

        end_lease(engine, store.epoch)
        ended = reap(engine) if n % 4 == 1 else []
        future = _after(delay, store, job)
        if n % 4 == 0:
            assert began.wait(10)
        while store.epoch not in ended:
            ended = reap(engine)
        there = counted(engine, name)
        fault = future.result().exception(10)
        outcomes.add(type(fault))
        late += [name] if counted(engine, name) != there or (fault is None) != (there == 1) else []
        store.close()

    assert late == []
    assert outcomes == {errors.Fenced, type(None)}


def _after(delay: float, store: Store, job: Callable[[sa.Connection], Any]) -> Future[Future[Any]]:
    found: Future[Future[Any]] = Future()
    threading.Timer(delay, lambda: found.set_result(store.writer.submit(job))).start()
    return found


def test_f10_transaction_left_open_by_a_frozen_member_ends_and_is_not_committed(
    engine: sa.Engine, opened: Callable[..., Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends it, so that the reaper has the member's row; what thaws in its middle cannot commit."""
    monkeypatch.setattr(database, "IDLE", 500)
    store, thawed, begun = opened(), threading.Event(), threading.Event()

    def job(connection: sa.Connection) -> None:
        count_up(connection, "frozen")
        begun.set()
        thawed.wait(30)

    future = store.writer.submit(job)
    assert begun.wait(10)
    end_lease_of = store.epoch
    with engine.connect() as connection:  # its own row is locked for changes, but time needs no lock
        assert connection.execute(sa.select(schema.members.c.ended_at).where(schema.members.c.id == end_lease_of)).one()
    world.until(lambda: _expire_if_free(engine, store.epoch), 10, "the server has ended the transaction")
    assert reap(engine) == [store.epoch]
    thawed.set()

    with pytest.raises(errors.StoreError):
        future.result(10)
    assert counted(engine, "frozen") == 0


def _expire_if_free(engine: sa.Engine, member_id: int) -> bool:
    free = sa.select(schema.members.c.id).where(schema.members.c.id == member_id).with_for_update(skip_locked=True)
    with engine.connect() as connection:
        if connection.execute(free).first() is None:
            return False
    end_lease(engine, member_id)
    return True


def test_f10_leader_whose_lease_ran_out_is_replaced_and_one_that_lives_is_not(
    engine: sa.Engine, opened: Callable[..., Store]
) -> None:
    """Its session is ended by whoever wants to lead, although nobody has ended it as a member."""
    first, second = opened(), opened()
    leader, next_one = Leadership(first.engine, first.epoch), Leadership(second.engine, second.epoch)

    held = [leader.hold(), next_one.hold(), next_one.hold(), leader.hold()]
    end_lease(engine, first.epoch)
    world.until(next_one.hold, 10, "the next one leads")

    assert held == [True, False, False, True]
    assert [leader.hold(), leader.hold(), next_one.hold()] == [False, False, True]
    next_one.let_go()
    assert next_one.hold() is False
    end_lease(engine, second.epoch)
    reap(engine)


@pytest.fixture
def network(url: str) -> Iterator[proxy.Proxy]:
    """The way to the server."""
    with proxy.in_background(url) as made:
        yield made


@pytest.mark.parametrize(
    ("ends", "count", "most"),
    [
        ("deaf", count_at_once, 1),
        *((ends, count, 2) for ends in ("deaf", "silent", "cut") for count in (count_up, count_soon)),
    ],
)
def test_f11_commit_whose_answer_is_lost_is_neither_lost_nor_done_twice(
    ends: str, count: Any, most: int, engine: sa.Engine, opened: Callable[..., Store], network: proxy.Proxy
) -> None:
    """The server knows what became of it: what it has committed is answered, what it has not is run again."""
    store, runs, name = opened(network.database_url), [], f"{ends} {count.__name__}"
    store.writer.waits = lambda: True
    mending = threading.Timer(0.5, network.mend)

    def job(connection: sa.Connection) -> int:
        value = count(connection, name)
        if not runs:
            getattr(network, ends)()
            mending.start()
        runs.append(value)
        return value

    assert store.writer.submit(job).result(30) == 1
    mending.join()
    assert counted(engine, name) == 1
    assert len(runs) == most


def test_f11_statement_that_gets_no_answer_is_given_up(
    opened: Callable[..., Store], network: proxy.Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network takes every byte and stays silent: writer and readers end by themselves, and say what happened."""
    monkeypatch.setattr(deadlines, "STATEMENT", 1.0)
    store = opened(network.database_url)
    store.read_now(members.list_living)
    network.silent()

    with pytest.raises(errors.StoreError, match="refused to read"):
        store.read_now(members.list_living)
    with pytest.raises(errors.StoreError, match="refused to write"):
        store.writer.submit(count_up).result(30)

    network.mend()
    assert store.read_now(members.list_living)


def test_f11_f38_member_dies_of_one_article_and_only_its_deaths_count(
    engine: sa.Engine, opened: Callable[..., Store]
) -> None:
    """Twelve lives take the same twenty items: the one that is worked on alone is blamed, those that waited are not."""
    table, seen = schema.claims, []
    rows_of_it = [{"kind": "entry", "item_id": item, "deaths": 0} for item in range(1, 21)]
    database.write_once(engine, lambda connection: connection.execute(table.insert(), rows_of_it))
    for _ in range(12):
        store = opened()
        take = table.update().where(table.c.member_id.is_(None)).values(member_id=store.epoch)
        taken = take.returning(table.c.item_id, table.c.deaths)
        rows_taken = store.writer.submit(lambda c, taken=taken: c.execute(taken).all()).result(10)
        if {row.item_id: row.deaths for row in rows_taken}[1] >= members.TOGETHER:
            store.writer.submit(lambda c, member=store.epoch: claims.note_alone(c, "entry", 1, member)).result(10)
        end_lease(engine, store.epoch)
        seen.append({item: count for _, item, count in database.write_once(engine, members.reap).suspects})

    assert [found.get(1, 0) for found in seen] == [0, *range(2, 13)]
    assert {count for found in seen for item, count in found.items() if item != 1} == {2}
