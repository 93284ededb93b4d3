"""The store itself: writer, hold, migrations, search; on both databases."""

from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from monitor import errors
from monitor.store import database, decisions, feeds, hold, migrate, notices, search, wanted
from monitor.store.later import next_number
from monitor.store.schema import counters, daemon, metadata
from monitor.store.store import Store
from tests.support import world
from tests.support.desk import START, Desk, item


@pytest.fixture
def store(database_url: str) -> Store:
    """A store that this process holds."""
    engine = database.open_engine(database_url)
    epoch = database.write_once(engine, lambda connection: hold.take(connection, START))
    made = Store(engine, epoch)
    yield made
    made.close()


def test_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    """The schema that the migrations leave is the one in schema.py."""
    with store.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), metadata)

    differences = [change for change in found if "search" not in str(change) and "procrastinate" not in str(change)]
    assert differences == []


def test_every_migration_is_known_to_the_version_check() -> None:
    """REVISIONS lists the migrations folder, oldest first."""
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    scripts = ScriptDirectory.from_config(config).walk_revisions()

    assert tuple(reversed([script.revision for script in scripts])) == migrate.REVISIONS


def test_job_that_raises_is_undone_alone(store: Store) -> None:
    """Of three jobs in one batch the middle one fails and leaves nothing; the others are kept."""
    gate = threading.Event()
    store.writer.submit(lambda c: gate.wait(5))

    def broken(connection: sa.Connection) -> None:
        next_number(connection, "broken")
        raise ValueError("no")

    jobs = [
        store.writer.submit(lambda c: next_number(c, "one")),
        store.writer.submit(broken),
        store.writer.submit(lambda c: next_number(c, "two")),
    ]
    gate.set()

    assert (jobs[0].result(5), jobs[2].result(5)) == (1, 1)
    with pytest.raises(ValueError, match="no"):
        jobs[1].result(5)
    names = store.read_now(lambda c: set(c.execute(sa.select(counters.c.name)).scalars()))
    assert names == {"one", "two"}


def test_f45_store_of_which_any_writer_hangs_shows_it(store: Store) -> None:
    """What makes decisions waits in a writer of its own on PostgreSQL: that one is looked at, too."""
    begun, gate = threading.Event(), threading.Event()

    def hang(_connection: sa.Connection) -> None:
        begun.set()
        gate.wait(10)

    hanging = store.decider.submit(hang)
    assert begun.wait(10)
    before = store.idle_for()
    world.until(lambda: store.idle_for() > before + 1.2, 10, "the writer that hangs shows it")

    gate.set()
    hanging.result(10)
    world.until(lambda: store.idle_for() < 1.2, 10, "it shows life again")
    assert store.fault == ""


def test_f09_daemon_that_lost_its_epoch_writes_nothing(store: Store) -> None:
    """Once another daemon has taken over, every write of the old one is refused."""
    database.write_once(store.engine, lambda c: c.execute(daemon.update().values(epoch=daemon.c.epoch + 1)))

    with pytest.raises(errors.Fenced):
        store.writer.submit(lambda c: next_number(c, "late")).result(5)

    assert store.writer.fenced
    assert store.read_now(lambda c: c.execute(sa.select(counters)).all()) == []


def test_take_over_needs_a_dead_holder_of_another_boot(store: Store) -> None:
    """A row of another boot keeps the database for 30 s after its last beat, and is named."""
    foreign = {"boot_id": "another", "pid": 4711, "host": "elsewhere", "beat": START}
    database.write_once(store.engine, lambda c: c.execute(daemon.update().values(**foreign)))

    with pytest.raises(errors.DatabaseHeld, match="4711 on elsewhere"):
        database.write_once(store.engine, lambda c: hold.take(c, START + timedelta(seconds=29)))
    epoch = database.write_once(store.engine, lambda c: hold.take(c, START + timedelta(seconds=31)))

    assert epoch == store.epoch + 1


def test_newer_schema_is_refused_untouched(store: Store) -> None:
    """A database of a later version is not written to, and the message says what to do."""
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(errors.DatabaseTooNew, match="9999"):
        migrate.upgrade(store.engine, START)


def holding(connection: sa.Connection, *words: str) -> list[int]:
    """Return the articles that the full-text index finds by every one of some folded words."""
    every = wanted.all_of(wanted.phrase([word]) for word in words)
    return [number for batch in search.candidates(connection, every, search.Filters()) for number in batch.ids]


def test_search_finds_articles_by_folded_words_of_their_newest_text(desk: Desk) -> None:
    """The full-text index follows a changed headline: the new words are found, the old ones no longer."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Égypte refuses"))
    desk.later()
    before = desk.read(lambda c: holding(c, "egypte"))
    desk.publishes("gazette", item(1, "Jordan refuses"))
    desk.later()

    assert before == [1]
    assert desk.read(lambda c: holding(c, "egypte")) == []
    assert desk.read(lambda c: holding(c, "jordan", "refuses")) == [1]


def test_notice_is_told_once_a_day_and_again_after_it_was_over(store: Store) -> None:
    """A trouble that stands open reminds once a day; one that came back is told at once."""

    def open_at(**later: float) -> bool:
        return store.writer.submit(lambda c: notices.open_notice(c, "k", "h", "b", START + timedelta(**later))).result(
            5
        )

    told = [open_at(), open_at(hours=1), open_at(hours=25)]
    closed = store.writer.submit(lambda c: notices.close_notice(c, "k", START + timedelta(hours=26))).result(5)

    assert told == [True, False, True]
    assert closed
    assert open_at(hours=27)


def test_renamed_feed_keeps_its_history(desk: Desk) -> None:
    """A feed known by its address keeps its entries when its id changes."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    known = feeds.Declared("gazette-new", "https://gazette.example/feed", "Gazette", "Gazette", 600, 0)

    desk.write(lambda c: feeds.declare(c, [known], desk.clock.now()))

    (found,) = desk.read(feeds.list_active)
    assert (found.slug, found.baselined) == ("gazette-new", True)


def test_backup_is_whole_and_never_overwrites(tmp_path: Path, desk: Desk) -> None:
    """An SQLite backup opens as a database; an existing file is left alone; PostgreSQL is told to use its own tool."""
    target = tmp_path / "copy.db"
    if desk.store.engine.dialect.name != "sqlite":
        with pytest.raises(errors.DatabaseUnusable, match="pg_dump"):
            database.backup(desk.store.engine, target)
        return
    desk.has(["gazette"])

    database.backup(desk.store.engine, target)

    copy = database.open_engine(f"sqlite:///{target}")
    with copy.connect() as connection:
        assert [feed.slug for feed in feeds.list_active(connection)] == ["gazette"]
    copy.dispose()
    with pytest.raises(errors.DatabaseUnusable, match="exists already"):
        database.backup(desk.store.engine, target)


def test_f09_second_daemon_is_refused_at_once_and_names_the_holder(database_url: str) -> None:
    """While one process holds the database, another is refused without waiting; afterwards it gets it."""
    first, second = database.open_engine(database_url), database.open_engine(database_url)

    with hold.exclusive(first):
        database.write_once(first, lambda connection: hold.take(connection, START))
        with pytest.raises(errors.DatabaseHeld, match="process"), hold.exclusive(second):
            pass
    with hold.exclusive(second):
        holder = hold.read_holder(second.connect())

    assert holder is not None
    first.dispose()
    second.dispose()


def test_f15_future_date_counts_as_now(desk: Desk) -> None:
    """An item dated in the year 2099 is stored as published when it was first seen."""
    desk.has(["gazette"]).publishes("gazette")
    desk.run()
    desk.publishes("gazette", item(1, "Resettlement plan") | {"pubDate": "Mon, 05 Jan 2099 10:00:00 GMT"})

    desk.later()

    (alert,) = desk.read(decisions.list_alerts)
    assert alert.published == desk.clock.now()
