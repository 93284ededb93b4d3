"""Backups put back: whole, ours, of no running daemon, and without telling again what was told (F08, A13, A24)."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from monitor import errors
from monitor.store import database, hold, migrate, restore, visit
from monitor.store.schema import counters, messages, targets
from tests.support import commands
from tests.support.archive import START, Written, fill
from tests.support.databases import Databases
from tests.support.desk import Desk, item

BACKUPS = int(os.environ.get("BACKUPS", "4"))
"""Made under load; the catalogue asks for 100."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    """Databases made from one template."""
    return Databases(tmp_path_factory.mktemp("databases"))


@pytest.fixture
def url(made: Databases) -> str:
    """A database with two articles and a message that waits."""
    url = made.sqlite()
    engine = database.open_engine(url)
    database.write_once(engine, lambda c: fill(c, [Written("First"), Written("Second")]))
    database.write_once(engine, _queue)
    engine.dispose()
    return url


def _queue(connection: sa.Connection) -> None:
    connection.execute(targets.insert().values(id=1, channel="desk", key="k", label="desk"))
    row = {"target_id": 1, "kind": "test", "state": "queued", "due_at": START, "attempt": 0, "possible_repeat": False}
    row |= {
        "plain": False,
        "message_id": "<1@t>",
        "severity": "high",
        "headline": "h",
        "body": "b",
        "created_at": START,
    }
    connection.execute(messages.insert().values(row))


def titles(url: str) -> list[str]:
    """Return the titles in a database."""
    with visit.reading(url) as connection:
        assert connection is not None
        return list(connection.execute(sa.text("SELECT title FROM revisions ORDER BY id")).scalars())


def path_of(url: str) -> Path:
    """Return the file of a database."""
    path = database.sqlite_path(url)
    assert path is not None
    return path


def test_f08_a_restored_backup_stands_where_the_database_stood(url: str, tmp_path: Path) -> None:
    """What came after the backup is kept beside the database; a daemon starts on what was restored."""
    backup = tmp_path / "monday.db"
    visit.backup(url, backup)
    visit.write(url, lambda c: fill(c, [Written("Third", feed="herald")]))

    done = restore.restore(url, backup, START)

    assert (done.articles, done.upgraded_from, done.newest) == (2, None, START.replace(hour=1))
    assert titles(url) == ["First", "Second"]
    assert done.kept is not None
    assert titles(f"sqlite:///{done.kept}") == ["First", "Second", "Third"]
    engine = database.open_engine(url)
    hold.require_latest(engine)
    database.check_integrity(engine)
    engine.dispose()
    assert not list(path_of(url).parent.glob(f"{path_of(url).name}.restoring*"))


def test_f08_what_waited_at_the_backup_is_not_sent_again(url: str, tmp_path: Path) -> None:
    """It may have been sent since: it is dead with its reason, counted, and can be resent by hand."""
    visit.backup(url, tmp_path / "b.db")

    done = restore.restore(url, tmp_path / "b.db", START)

    with visit.reading(url) as connection:
        assert connection is not None
        states = connection.execute(sa.select(messages.c.state, messages.c.reason)).all()
    assert done.messages == 1
    assert [tuple(row) for row in states] == [("dead", "restored")]


def test_f08_backups_under_load_hold_every_commit_before_them(url: str, tmp_path: Path) -> None:
    """While another thread commits, each backup is whole and holds at least what was committed when it began."""
    engine = database.open_engine(url)
    database.write_once(engine, lambda c: c.execute(counters.insert().values(name="n", value=0)))
    done, committed = threading.Event(), [0]

    def commit() -> None:
        while not done.is_set():
            database.write_once(engine, lambda c: c.execute(counters.update().values(value=committed[0] + 1)))
            committed[0] += 1

    writer = threading.Thread(target=commit)
    writer.start()
    held = []
    for n in range(BACKUPS):
        before = committed[0]
        visit.backup(url, tmp_path / f"{n}.db")
        copy = database.open_engine(f"sqlite:///{tmp_path / f'{n}.db'}")
        database.check_integrity(copy)
        with copy.connect() as connection:
            held.append((before, connection.scalar(sa.select(counters.c.value).where(counters.c.name == "n"))))
        copy.dispose()
    done.set()
    writer.join()
    engine.dispose()

    assert all(before <= there for before, there in held)
    assert committed[0] > 0


def test_f08_no_restore_under_a_running_daemon(url: str, tmp_path: Path) -> None:
    """Exit 5's error, and nothing is touched; the same for a backup that another daemon runs on."""
    visit.backup(url, tmp_path / "b.db")
    engine, other = database.open_engine(url), database.open_engine(f"sqlite:///{tmp_path / 'b.db'}")

    with hold.exclusive(engine), pytest.raises(errors.DatabaseHeld):
        restore.restore(url, tmp_path / "b.db", START)
    with hold.exclusive(other), pytest.raises(errors.DatabaseHeld, match="make a backup of it"):
        restore.restore(url, tmp_path / "b.db", START)

    assert titles(url) == ["First", "Second"]
    engine.dispose()
    other.dispose()


def test_f08_a_damaged_database_does_not_stand_in_the_way(url: str, tmp_path: Path) -> None:
    """A restore is for the day when nothing opens any more: garbage in the place is put aside like anything else."""
    visit.backup(url, tmp_path / "b.db")
    path_of(url).write_bytes(b"garbage" * 1000)

    done = restore.restore(url, tmp_path / "b.db", START)

    assert titles(url) == ["First", "Second"]
    assert done.kept is not None
    assert done.kept.read_bytes().startswith(b"garbage")


def test_f08_an_empty_place_takes_a_backup(url: str, tmp_path: Path) -> None:
    """On a new machine there is nothing to keep."""
    visit.backup(url, tmp_path / "b.db")
    new = f"sqlite:///{tmp_path / 'new' / 'wirewatch.db'}"

    done = restore.restore(new, tmp_path / "b.db", START)

    assert done.kept is None
    assert titles(new) == ["First", "Second"]


def test_f08_after_a_restore_there_is_one_summary_and_nothing_old(made: Databases, tmp_path: Path) -> None:
    """A day later the backup comes back: what it knew is not told again, what came since is one digest."""
    url = made.sqlite()
    desk = Desk(url, tmp_path).has(["gazette"], backfill=5)
    known = [_dated(1, "Resettlement plan unveiled", desk), _dated(2, "Resettlement talks begin in the capital", desk)]
    desk.publishes("gazette", *known)
    desk.run()
    visit.backup(url, tmp_path / "b.db")
    desk.clock.advance(hours=6)
    since = [_dated(n, f"Resettlement of village {n} ordered by court number {n}", desk) for n in range(3, 7)]
    desk.publishes("gazette", *since, *known)
    desk.run()
    desk.close()
    assert desk.senders["desk"].titles

    desk.clock.advance(hours=18)
    restore.restore(url, tmp_path / "b.db", desk.clock.now())
    after = Desk(url, tmp_path)
    after.clock.time = desk.clock.now()
    after.has(["gazette"], backfill=5)
    after.web.answers = desk.web.answers
    after.run()
    after.later()

    sent = after.senders["desk"].notices
    assert len(sent) == 1
    assert sorted(item.title for item in sent[0].items) == sorted(one["title"] for one in since)
    after.close()


def _dated(n: int, title: str, desk: Desk) -> dict[str, str]:
    return {**item(n, title), "pubDate": desk.clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")}


# -- hostile backups -------------------------------------------------------------------------------


def _garbage(path: Path) -> None:
    path.write_bytes(os.urandom(50_000))


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _damage(path: Path) -> None:
    with path.open("r+b") as file:
        for page in range(10, 60):
            file.seek(page * 4096)
            file.write(b"\xa5" * 4096)


def _sql(statement: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with contextlib.closing(database.sqlite_module().connect(str(path))) as connection:
            connection.execute(statement)
            connection.commit()

    return change


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (_garbage, errors.DatabaseUnusable, "no SQLite database"),
        (Path.unlink, errors.DatabaseUnusable, "cannot be read"),
        (_folder, errors.DatabaseUnusable, "no SQLite database"),
        (_cut, errors.DatabaseDamaged, "damaged"),
        (_damage, errors.DatabaseDamaged, "damaged"),
        (
            _sql("CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM alerts; END"),
            errors.DatabaseUnusable,
            "a trigger `t`",
        ),
        (_sql("CREATE VIEW v AS SELECT 1"), errors.DatabaseUnusable, "a view `v`"),
        (_sql("CREATE TABLE other (x)"), errors.DatabaseUnusable, "a table `other`"),
        (_sql("DROP TABLE alembic_version"), errors.DatabaseUnusable, "no Wirewatch tables"),
        (_sql("ALTER TABLE notices ADD COLUMN x TEXT"), errors.DatabaseUnusable, "notices.x"),
        (_sql("UPDATE alembic_version SET version_num = '9999'"), errors.DatabaseTooNew, "9999"),
    ],
)
def test_a24_a_backup_that_is_none_changes_nothing(
    url: str, tmp_path: Path, spoil: Callable[[Path], None], kind: type[errors.StoreError], said: str
) -> None:
    """Refused with its reason; the database stands as it stood, and nothing is left beside it."""
    backup = tmp_path / "b.db"
    visit.backup(url, backup)
    spoil(backup)

    with pytest.raises(kind, match=said):
        restore.restore(url, backup, START)

    assert titles(url) == ["First", "Second"]
    assert not list(path_of(url).parent.glob(f"{path_of(url).name}.restoring*"))
    assert not list(path_of(url).parent.glob(f"{path_of(url).name}.before-restore*"))


def test_a13_the_database_itself_is_no_backup(url: str, tmp_path: Path) -> None:
    """Also by another name; and a database in use, a part of which is still in its journal, is refused."""
    link = tmp_path / "link.db"
    link.symlink_to(path_of(url))
    visit.backup(url, tmp_path / "b.db")
    shutil.copy(tmp_path / "b.db", tmp_path / "b.db-wal")

    with pytest.raises(errors.DatabaseUnusable, match="the database itself"):
        restore.restore(url, link, START)
    with pytest.raises(errors.DatabaseUnusable, match="in use"):
        restore.restore(url, tmp_path / "b.db", START)


# -- the commands ------------------------------------------------------------------------------------


def configured(url: str, folder: Path, more: str = "") -> Path:
    """Write a config.toml."""
    (folder / "rules").mkdir(exist_ok=True)
    file = folder / "config.toml"
    file.write_text(f'[monitor]\ndatabase = "{url}"\nrules = "rules"\n{more}')
    return file


def test_db_restore_says_what_it_did(url: str, tmp_path: Path) -> None:
    """Counts, where the old database is, and what becomes of messages."""
    config = configured(url, tmp_path)
    commands.call("db", "backup", tmp_path / "b.db", "--config", config)

    done = commands.call("db", "restore", tmp_path / "b.db", "--config", config)

    assert (done.code, done.err) == (0, "")
    assert "restored: 2 articles and 0 alerts" in done.out
    assert "before-restore-" in done.out
    assert "1 messages waited" in done.out
    assert commands.call("db", "restore", tmp_path / "absent.db", "--config", config).code == 2


def test_db_prune_counts_and_removes(url: str, tmp_path: Path) -> None:
    """A dry run only counts; without [retention] a time must be given, and it must leave the last week alone."""
    visit.write(url, lambda c: fill(c, [Written("Old", "words that go", feed="herald")]))
    config = configured(url, tmp_path)

    dry = commands.call("db", "prune", "--older-than", "30d", "--dry-run", "--json", "--config", config)
    real = commands.call("db", "prune", "--older-than", "30d", "--config", config)
    again = commands.call("db", "prune", "--older-than", "30d", "--json", "--config", config)

    assert (dry.json["due"], dry.json["bytes"], dry.json["removed"]) == (1, len("words that go"), 0)
    assert real.out.startswith("1 articles first seen before")
    assert (again.json["due"], again.json["removed"]) == (0, 0)
    assert "set [retention]" in commands.call("db", "prune", "--config", config).err
    assert commands.call("db", "prune", "--older-than", "2d", "--config", config).code == 2


def test_db_stats_tells_span_growth_and_sizes(url: str, tmp_path: Path) -> None:
    """When the archive begins and ends, what a week brings, and what each table takes."""
    config = configured(url, tmp_path, '[retention]\narticles = "180d"\n')

    told = commands.call("db", "stats", "--config", config)
    data = commands.call("db", "stats", "--json", "--config", config).json

    assert "articles first seen from 2025-03-01 00:00 to 2025-03-01 01:00" in told.out
    assert "kept 180 days" in told.out
    assert data["archive"]["oldest"] == "2025-03-01T00:00:00Z"
    assert data["archive"]["growth"]["week"] == 0
    assert data["table_bytes"]["revisions"] > 0
    assert {"search", "texts"} <= data["table_bytes"].keys()


def test_f07_an_old_backup_is_brought_up_to_date(url: str, tmp_path: Path) -> None:
    """A backup of an older schema is upgraded on its way back, and says so."""
    assert migrate.newest() == migrate.REVISIONS[-1]
    visit.backup(url, tmp_path / "b.db")
    _to_third(tmp_path / "b.db")

    done = restore.restore(url, tmp_path / "b.db", START)

    assert (done.upgraded_from, done.schema) == ("0003", migrate.newest())
    assert titles(url) == ["First", "Second"]


def _to_third(path: Path) -> None:
    """Take a backup back to schema 0003 by making one anew and copying the rows."""
    from alembic import command
    from alembic.config import Config

    old = path.with_name("old.db")
    engine = database.open_engine(f"sqlite:///{old}")
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with engine.connect().execution_options(writes=True) as connection, connection.begin():
        config.attributes["connection"] = connection
        command.upgrade(config, "0003")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"ATTACH '{path}' AS new")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        for name in ("feeds", "entries", "stories", "articles", "texts", "revisions"):
            columns = [row[1] for row in connection.exec_driver_sql(f"PRAGMA main.table_info({name})")]
            listed = ", ".join(columns)
            connection.exec_driver_sql(f"INSERT INTO main.{name} ({listed}) SELECT {listed} FROM new.{name}")
        connection.commit()
        connection.exec_driver_sql("DETACH new")
    engine.dispose()
    old.replace(path)
