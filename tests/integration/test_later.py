"""What a transaction writes without waiting for it; on both databases, and on the connections of a cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import errors
from monitor.store import articles, database, later, migrate, rows
from monitor.store.schema import counters, stories
from monitor.store.store import Store

NOW = datetime(2026, 1, 2, tzinfo=UTC)
_PUT = counters.insert()


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store whose writer keeps back what can wait."""
    is_file = database.sqlite_path(database_url) is not None
    engine = (database.open_engine if is_file else database.open_member_engine)(database_url)
    migrate.upgrade(engine, NOW)
    made = Store(engine, 1, guard=lambda _connection, _epoch: None)
    yield made
    made.close()


def together(store: Store, *jobs: Callable[[sa.Connection], Any]) -> list[Any]:
    """Run jobs in one transaction; return what each gave or raised."""
    gate = threading.Event()
    store.writer.submit(lambda _connection: gate.wait(5))
    futures = [store.writer.submit(job) for job in jobs]
    gate.set()
    return [future.exception(10) or future.result(10) for future in futures]


def counted(store: Store) -> dict[str, int]:
    """Return what counters stand at."""
    return dict(store.read_now(lambda c: c.execute(sa.select(counters.c.name, counters.c.value)).all()))


def put(name: str, value: int, how: Callable[..., None]) -> Callable[[sa.Connection], str]:
    """Return a job that sets a counter which must not be there."""

    def job(connection: sa.Connection) -> str:
        how(connection, _PUT, {"name": name, "value": value})
        return name

    return job


@pytest.mark.parametrize("how", [later.soon, later.write])
def test_what_can_wait_is_committed_with_its_transaction(how: Callable[..., None], store: Store) -> None:
    """All rows of three jobs are there once they are answered."""
    before = counted(store)

    given = together(store, *(put(f"c{n}", n, how) for n in range(3)))

    assert given == ["c0", "c1", "c2"]
    assert counted(store) == {**before, "c0": 0, "c1": 1, "c2": 2}


@pytest.mark.parametrize("how", [later.soon, later.write])
def test_job_whose_late_row_is_refused_is_undone_alone(how: Callable[..., None], store: Store) -> None:
    """The database says so long after the job has run: of three the one fails that is to blame, and leaves nothing."""
    together(store, put("taken", 1, how))

    def broken(connection: sa.Connection) -> None:
        later.write(connection, _PUT, {"name": "left", "value": 1})
        put("taken", 2, how)(connection)

    first, second, third = together(store, put("a", 1, how), broken, put("b", 1, how))

    assert (first, third) == ("a", "b")
    assert isinstance(second, sa.exc.IntegrityError | errors.StoreError)
    assert {name: value for name, value in counted(store).items() if name in ("taken", "left", "a", "b")} == {
        "taken": 1, "a": 1, "b": 1,
    }  # fmt: skip


def test_what_comes_soon_is_there_for_the_next_question(store: Store) -> None:
    """A job reads what it, and the job before it, has just written; each story has the id that it was given."""
    found: list[int] = []

    def begin(connection: sa.Connection) -> int:
        made = articles.new_story(connection, NOW)
        articles.count_in_story(connection, made, NOW, 4)
        found[:] = connection.execute(sa.select(stories.c.id).where(stories.c.articles == 5)).scalars()
        return made

    given = together(store, begin, begin, begin)

    assert sorted(found) == given == sorted(set(given))
    assert sorted(store.read_now(lambda c: list(c.execute(sa.select(stories.c.id)).scalars()))) == given


def test_numbers_are_taken_without_a_gap(store: Store) -> None:
    """Over two transactions, in the second of which a job fails, and asked ahead of its taking."""

    def take(connection: sa.Connection) -> tuple[int, int]:
        return later.next_of(connection, "seq"), later.next_number(connection, "seq")

    def broken(connection: sa.Connection) -> None:
        take(connection)
        raise ValueError("no")

    given = [*together(store, take, take), *together(store, take, broken, take)]

    assert [one for one in given if isinstance(one, tuple)] == [(1, 1), (2, 2), (3, 3), (4, 4)]
    assert store.read_now(lambda c: rows.read_counter(c, "seq")) == 4
