"""`wirewatch db copy`: an installation moves between SQLite and PostgreSQL; nothing is lost, changed, or told twice."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import errors
from monitor.jobs import archive
from monitor.rules import asked
from monitor.store import copy, copy_ends, database, hold, members, migrate
from monitor.store.schema import UtcTime, alerts, metadata
from tests.support import commands, copying
from tests.support.commands import ROOT
from tests.support.databases import EPOCH, Databases
from tests.support.desk import Desk, item, page

QUERIES = ("resettlement", "Gaza AND Cairo", '"resettlement committee"', "توطين", "תוכנית", "delegat*", "re-settlement",
           "committee AND NOT resettlement")  # fmt: skip


@dataclass(frozen=True)
class World:
    """One installation in three places: as it was, copied to PostgreSQL, and copied back from there."""

    sqlite: str
    postgresql: str
    back: str
    done: dict[str, Any]
    """What the first copy printed."""
    desk: Desk
    """The monitor that ran on the first."""


@pytest.fixture(scope="module")
def world(made_databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world in which every table has a row, copied there and back by the command."""
    folder = tmp_path_factory.mktemp("world")
    url = made_databases.sqlite()
    desk = Desk(url, folder)
    copying.build(desk)
    desk.close()
    postgresql, back = made_databases.postgresql(), f"sqlite:///{folder / 'back.db'}"
    there = commands.call("db", "copy", path_of(url), postgresql, "--json")
    assert there.code == 0, there.err
    again = commands.call("db", "copy", postgresql, path_of(back))
    assert again.code == 0, again.err
    return World(url, postgresql, back, there.json, desk)


@pytest.fixture
def source(world: World, tmp_path: Path) -> str:
    """The URL of the world's SQLite database, a file of the test's own."""
    copied = tmp_path / "source.db"
    shutil.copy(path_of(world.sqlite), copied)
    return f"sqlite:///{copied}"


def path_of(url: str) -> Path:
    """Return the file of an SQLite database."""
    path = database.sqlite_path(url)
    assert path is not None
    return path


def rows_of(url: str) -> dict[str, list[Any]]:
    """Return all rows of all tables as the store reads them, sorted."""
    engine = database.open_engine(url)
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET timezone = 'UTC'")  # a time in the year 9999 is none further east
        found = {
            table.name: sorted((tuple(row) for row in connection.execute(sa.select(table))), key=repr)
            for table in copy_ends.tables()
        }
    engine.dispose()
    return found


def change(url: str, *statements: str) -> None:
    """Run statements on a database."""
    engine = database.open_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


# -- nothing is lost or changed ----------------------------------------------------------------------


def test_both_ways_hold_the_same_rows(world: World) -> None:
    """Every table, with JSON, far times, bytes and odd characters, is read alike from SQLite, PostgreSQL and SQLite."""
    there, back = rows_of(world.postgresql), rows_of(world.back)
    before = {
        name: [tuple(v.replace("\0", "") if isinstance(v, str) else v for v in row) for row in rows]
        for name, rows in rows_of(world.sqlite).items()
    }

    assert [name for name, rows in before.items() if not rows] == []
    assert {name: sorted(rows, key=repr) for name, rows in before.items()} == there
    assert there == back


def test_the_copy_says_what_it_did(world: World) -> None:
    """Rows and checksums of each table, what was left out of texts, and what waits to be sent."""
    done = world.done

    assert {name: table["rows"] for name, table in done["tables"].items()} == {
        name: len(rows) for name, rows in rows_of(world.sqlite).items()
    }
    assert done["copied"] == sum(table["rows"] for table in done["tables"].values())
    assert len({table["checksum"] for table in done["tables"].values()}) == len(done["tables"])
    assert (done["cleaned"], done["resumed"], done["sending"]) == (copying.NULS, False, 1)
    assert done["waiting"] == 1


def test_json_null_and_null_stay_apart(source: str, made_databases: Databases) -> None:
    """What a query may ask for, IS NULL, is asked of the copy with the same answer."""
    target = made_databases.postgresql()
    change(source, "UPDATE decisions SET detail = NULL WHERE n = 1", "UPDATE decisions SET detail = 'null' WHERE n > 1")
    query = "SELECT count(*) FROM decisions WHERE detail IS NULL"

    copy.copy(source, target, EPOCH)

    assert scalar(source, query) == scalar(target, query) != 0


def scalar(url: str, query: str) -> Any:
    """Return the one value of a query."""
    engine = database.open_engine(url)
    with engine.connect() as connection:
        found = connection.exec_driver_sql(query).scalar()
    engine.dispose()
    return found


@pytest.mark.parametrize("query", QUERIES)
def test_search_answers_the_same(world: World, query: str) -> None:
    """The full-text index of a copy gives the very articles that the source gave."""
    found = []
    for url in (world.sqlite, world.postgresql, world.back):
        engine = database.open_engine(url)
        with engine.connect() as connection:
            page = archive.search(connection, archive.Asked(asked.parse(query, {}), limit=200))
            found.append([hit.id for hit in page.hits])
        engine.dispose()

    assert found[0] == found[1] == found[2]


def test_search_finds_something(world: World) -> None:
    """The questions above are about something."""
    engine = database.open_engine(world.postgresql)
    with engine.connect() as connection:
        found = [len(archive.search(connection, archive.Asked(asked.parse(query, {}))).hits) for query in QUERIES]
    engine.dispose()

    assert min(found[:-1]) > 0


# -- the monitor goes on on the copy -----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_the_monitor_goes_on_and_tells_nothing_twice(
    source: str, world: World, made_databases: Databases, tmp_path: Path, kind: str
) -> None:
    """What waited is sent once, what was being sent goes again labelled, nothing else is; new rows get new numbers."""
    if kind == "postgresql":
        target = made_databases.postgresql()
        copy.copy(source, target, EPOCH)
    else:
        target = made_databases.sqlite()
        copy.copy(world.postgresql, target, EPOCH)
    epoch, highest = scalar(target, "SELECT epoch FROM daemon"), scalar(target, "SELECT max(id) FROM alerts")
    desk = Desk(target, tmp_path)
    desk.clock, desk.web.answers = world.desk.clock, dict(world.desk.web.answers)
    desk.has(["gazette", "herald", "wafa", "makor"], ["desk", "mail"]).restart()

    desk.later(minutes=2)
    waited = {name: [(one.items[0].title, one.possible_repeat) for one in sender.notices]
              for name, sender in desk.senders.items()}  # fmt: skip
    fresh = "Fishermen on the coast fear resettlement"
    said = "Boats stayed in the harbour while their owners asked the mayor for quays, nets and ice before winter comes."
    desk.web.answers["https://wafa.example/a/8"] = page(fresh, said, "Nobody has asked us, the oldest skipper said.")
    desk.publishes("wafa", item(8, fresh, "", "wafa"))
    desk.later()
    told = desk.senders["desk"].titles[1:]
    newest = desk.read(lambda c: c.scalar(sa.select(sa.func.max(alerts.c.id))))
    desk.close()

    assert waited == {"desk": [(copying.NEW, False)], "mail": [(copying.NEW, True)]}
    assert told == [fresh]
    assert newest == highest + 1
    assert epoch >= 1


def test_the_next_epoch_is_behind_those_of_a_cluster(made_databases: Databases, tmp_path: Path) -> None:
    """A daemon on the copy takes a number that no member of the source had, and it may start at once."""
    source, target = made_databases.postgresql(), made_databases.sqlite()
    desk = Desk(source, tmp_path)
    desk.has(["gazette"]).close()
    change(source, "DELETE FROM daemon", "SELECT setval(pg_get_serial_sequence('members', 'id'), 41)")
    copy.copy(source, target, EPOCH)
    forth = made_databases.postgresql()
    copy.copy(target, forth, EPOCH)

    for url in (target, forth):
        engine = database.open_engine(url)
        hold.require_latest(engine)
        assert database.write_once(engine, lambda connection: hold.take(connection, EPOCH)) == 42
        engine.dispose()


# -- killed and resumed ------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_copy_that_is_killed_again_and_again_comes_to_its_end(
    source: str, world: World, made_databases: Databases, tmp_path: Path, kind: str
) -> None:
    """Killed as it is about to commit, again and again, the same command goes on until both sides are equal."""
    target = made_databases.postgresql() if kind == "postgresql" else f"sqlite:///{tmp_path / 'copy.db'}"
    ends = (source, target) if kind == "postgresql" else (world.postgresql, target)

    done = subprocess.run(
        [sys.executable, "-m", "tests.support.copying", "16", "60", *ends],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) >= 5
    assert rows_of(target) == rows_of(world.postgresql)


def test_a_password_is_no_part_of_what_is_copied() -> None:
    """A copy goes on where the password comes from elsewhere the next time: from ~/.pgpass, or a changed one."""
    bare = "postgresql+psycopg://desk@db:5432/wirewatch?sslmode=require"

    assert copy_ends.named("postgresql+psycopg://desk:one@db:5432/wirewatch?sslmode=require&sslpassword=two") == bare
    assert copy_ends.named(bare) == bare


def stop_at(table: str) -> Callable[[copy.Step], None]:
    """Return what interrupts a copy once rows of a table are written."""

    def stop(step: copy.Step) -> None:
        if step.what == table:
            raise KeyboardInterrupt

    return stop


@pytest.fixture
def half(source: str, made_databases: Databases) -> str:
    """The URL of half a copy of `source`."""
    target = made_databases.sqlite()

    with pytest.raises(KeyboardInterrupt):
        copy.copy(source, target, EPOCH, stop_at(alerts.name))
    return target


def test_no_daemon_starts_on_half_a_copy(half: str, tmp_path: Path) -> None:
    """A monitor that is pointed at a copy too early says what is missing, and changes nothing."""
    config = commands.write_config(tmp_path)
    config.write_text(f'[monitor]\ndatabase = "{half}"\nrules = "rules"\n')

    started = commands.call("run", "--once", "--config", config)
    read = commands.call("alerts", "list", "--config", config)

    assert (started.code, read.code) == (2, 2)
    assert "not finished" in started.err
    assert "wirewatch db copy" in read.err


def test_half_a_copy_of_another_database_is_kept(half: str, world: World) -> None:
    """Half a copy is gone on with from its own source alone, unless it is begun anew."""
    with pytest.raises(errors.DatabaseUnusable, match=r"DST: it holds half a copy of .*source\.db; `--anew`"):
        copy.copy(world.back, half, EPOCH)

    done = copy.copy(world.back, half, EPOCH, anew=True)

    assert not done.resumed
    assert rows_of(half) == rows_of(world.back)


def test_half_a_copy_is_stale_once_the_monitor_ran_on_its_source(half: str, source: str) -> None:
    """What was copied before a daemon ran would be half of one state and half of another: it is refused."""
    change(source, "UPDATE daemon SET epoch = epoch + 1")

    with pytest.raises(errors.DatabaseUnusable, match="the monitor has run on SRC"):
        copy.copy(source, half, EPOCH)


def test_a_difference_names_table_and_key(half: str, source: str, made_databases: Databases) -> None:
    """A row that was changed behind the copy's back is found; the copy stays unfinished and the exit code is 1."""
    change(half, "UPDATE feeds SET name = 'Other' WHERE id = 2")

    done = commands.call("db", "copy", source, path_of(half))

    assert done.code == 1
    assert "table feeds differs, first at key 2:" in done.err
    with pytest.raises(errors.DatabaseUnusable, match="not finished"):
        migrate.refuse_newer(database.open_engine(half))


def test_rows_that_were_added_behind_its_back_are_a_difference(half: str, source: str) -> None:
    """A row that only the copy has is named, too."""
    change(half, "INSERT INTO counters (name, value) VALUES ('stranger', 1)")

    with pytest.raises(errors.CopyDiffers, match="table counters differs, first at key stranger"):
        copy.copy(source, half, EPOCH)


def test_a_finished_copy_can_be_copied_again(world: World) -> None:
    """A kill after the last commit does no harm either: the same command finds everything there and equal."""
    before = rows_of(world.postgresql)

    again = copy.copy(world.sqlite, world.postgresql, EPOCH)

    assert again.copied == 0
    assert again.tables.keys() == before.keys()
    assert rows_of(world.postgresql) == before


# -- what is refused ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_an_installation_is_never_written_over(
    source: str, made_databases: Databases, tmp_path: Path, kind: str
) -> None:
    """A target that holds feeds, articles or alerts of its own is refused, and stays as it was."""
    target = made_databases.sqlite() if kind == "sqlite" else made_databases.postgresql()
    desk = Desk(target, tmp_path)
    desk.has(["gazette"])
    desk.close()
    before = rows_of(target)

    with pytest.raises(
        errors.DatabaseUnusable, match=r"DST: .* holds an installation already \(1 feeds, 0 articles, 0 alerts\)"
    ):
        copy.copy(source, target, EPOCH)

    assert rows_of(target) == before


def test_a_strange_file_is_refused_untouched(source: str, tmp_path: Path) -> None:
    """A file of another program is not opened for writing; nothing appears beside it."""
    strange = tmp_path / "place" / "cookies.db"
    strange.parent.mkdir()
    with sqlite3.connect(strange) as connection:
        connection.execute("CREATE TABLE cookies (id INTEGER)")
    connection.close()
    before = strange.read_bytes()

    done = commands.call("db", "copy", source, strange)

    assert done.code == 2
    assert "holds a table `cookies` that Wirewatch did not make" in done.err
    assert strange.read_bytes() == before
    assert [path.name for path in strange.parent.iterdir()] == ["cookies.db"]


def test_a_strange_postgresql_database_is_refused(source: str, made_databases: Databases) -> None:
    """A database that somebody else's tables stand in is refused, also beside empty ones of ours."""
    target = made_databases.postgresql()
    change(target, "CREATE TABLE customers (id INTEGER)")

    with pytest.raises(errors.DatabaseUnusable, match=r"DST: .*`customers` that Wirewatch did not make"):
        copy.copy(source, target, EPOCH)

    assert scalar(target, "SELECT count(*) FROM feeds") == 0


@pytest.mark.parametrize("held", ["SRC", "DST"])
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_that_a_daemon_holds_is_refused(
    source: str, world: World, made_databases: Databases, tmp_path: Path, held: str, kind: str
) -> None:
    """Neither end may have a daemon; the error names it, and the exit code is that of a held database."""
    empty = made_databases.postgresql() if kind == "postgresql" else made_databases.sqlite()
    ends = {"SRC": world.postgresql if kind == "postgresql" else source, "DST": str(tmp_path / "new.db")}
    ends |= {"DST": empty, "SRC": source} if held == "DST" else {}
    engine = database.open_engine(ends[held])

    with hold.exclusive(engine):
        done = commands.call("db", "copy", ends["SRC"], ends["DST"])
    engine.dispose()

    assert done.code == 5
    assert done.err.startswith(f"{held}: another wirewatch holds ")
    assert not (tmp_path / "new.db").exists()


def test_a_source_that_a_cluster_works_on_is_refused(world: World, made_databases: Databases, tmp_path: Path) -> None:
    """Members share the database with one another and with nobody else; the error names them."""
    source = made_databases.postgresql()
    engine = database.open_engine(source)
    with hold.shared(engine):
        database.write_once(engine, lambda connection: members.join(connection, "worker", "1"))

        done = commands.call("db", "copy", source, tmp_path / "new.db")
    engine.dispose()

    assert done.code == 5
    assert f"SRC: another wirewatch holds this database: process {os.getpid()} on " in done.err
    assert "(worker)" in done.err


def test_a_database_of_another_encoding_is_refused(source: str, made_databases: Databases) -> None:
    """PostgreSQL made with the locale C keeps bytes, not texts: that is said before anything is written."""
    server = sa.make_url(made_databases.postgresql())
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT")
    name = f"{server.database}_ascii"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C' "
                                   "TEMPLATE template0")  # fmt: skip
        target = server.set(database=name).render_as_string(hide_password=False)

        with pytest.raises(errors.DatabaseUnusable, match=r"DST: .* has the encoding SQL_ASCII; make one with"):
            copy.copy(source, target, EPOCH)

        assert scalar(target, "SELECT count(*) FROM pg_class WHERE relname = 'feeds'") == 0
        connection.exec_driver_sql(f"DROP DATABASE {name}")
    engine.dispose()


def test_a_source_that_a_daemon_of_another_machine_holds_is_refused(source: str, tmp_path: Path) -> None:
    """A lock on a file does not reach over a network mount: a sign of life in the row does."""
    change(source, "UPDATE daemon SET boot_id = 'elsewhere', host = 'far'")
    last = UtcTime().process_result_value(world_beat(source), sa.dialects.sqlite.dialect())
    assert last is not None

    with pytest.raises(errors.DatabaseHeld, match=r"SRC: .* on far, last seen"):
        copy.copy(source, f"sqlite:///{tmp_path / 'new.db'}", last)


def world_beat(url: str) -> Any:
    """Return when the last daemon showed life, as SQLite reads it."""
    engine = database.open_engine(url)
    with engine.connect() as connection:
        found = connection.scalar(sa.select(metadata.tables["daemon"].c.beat))
    engine.dispose()
    return found


@pytest.mark.parametrize(("schema", "code", "says"), [("0003", 2, "`wirewatch db upgrade`"), ("9999", 4, "not know")])
def test_a_source_of_another_schema_is_refused(source: str, tmp_path: Path, schema: str, code: int, says: str) -> None:
    """An older one is to be upgraded first, a newer one to be copied by its own version; neither is changed."""
    change(source, f"UPDATE alembic_version SET version_num = '{schema}'")

    done = commands.call("db", "copy", source, tmp_path / "new.db")

    assert done.code == code
    assert says in done.err
    assert scalar(source, "SELECT version_num FROM alembic_version") == schema


def test_one_database_under_two_names_is_refused(source: str, tmp_path: Path) -> None:
    """A link to the source is no place for its copy."""
    (tmp_path / "link.db").symlink_to(path_of(source))

    done = commands.call("db", "copy", source, tmp_path / "link.db")

    assert (done.code, done.err) == (2, "SRC and DST are the same database; name two\n")


def test_a_source_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A mistyped path is named, and stays as empty as it was."""
    done = commands.call("db", "copy", tmp_path / "a.db", tmp_path / "b.db")

    assert (done.code, done.err) == (2, f"SRC: there is no database {tmp_path / 'a.db'}\n")
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_postgresql_refuses_is_named(source: str, made_databases: Databases) -> None:
    """SQLite keeps a text of any length in a short column; the error says which one is too long."""
    change(source, "UPDATE feeds SET lang = 'much too long' WHERE id = 2")

    with pytest.raises(errors.DatabaseUnusable, match=r"DST, table feeds: value too long .* column lang"):
        copy.copy(source, made_databases.postgresql(), EPOCH)


# -- addresses and what is shown ---------------------------------------------------------------------


def test_no_password_is_printed(
    source: str, made_databases: Databases, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The password comes from a file or a variable, and stands in no line of any output."""
    url = sa.make_url(made_databases.postgresql())
    password = url.password or "s3cr3t-word"  # a server that asks for none takes any
    url = url.set(password=password)
    monkeypatch.setenv("DATABASE", url.render_as_string(hide_password=False))

    done = commands.call("db", "copy", source, "${DATABASE}")
    again = commands.call("db", "copy", source, "${DATABASE}", "--json")
    refused = commands.call("db", "copy", "${DATABASE}", "${DATABASE}")

    assert (done.code, again.code, refused.code) == (0, 0, 2)
    assert f":***@{url.host or '/'}" in done.out
    assert password not in done.out + done.err + again.out + again.err + refused.err


def test_a_configuration_stands_for_its_database(world: World, tmp_path: Path) -> None:
    """SRC may be the config.toml that the monitor ran with: its password is where it always was."""
    config = commands.write_config(tmp_path)
    config.write_text(f'[monitor]\ndatabase = "{world.back}"\nrules = "rules"\n')

    done = commands.call("db", "copy", config, tmp_path / "new.db")

    assert done.code == 0, done.err
    assert f'next: set database = "sqlite:///{tmp_path / "new.db"}" under [monitor], and `wirewatch run`' in done.out


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("mysql://host/name", "neither a file for SQLite nor a PostgreSQL database"),
        ("${NOT_SET}", "the variable NOT_SET is not set"),
        ("postgresql://user:secret@host:port/name", "no address of a database"),
    ],
)
def test_what_is_no_address_is_said(source: str, written: str, says: str) -> None:
    """A fault in an argument names it, and what to write instead."""
    done = commands.call("db", "copy", source, written)

    assert done.code == 2
    assert says in done.err
    assert "secret" not in done.err


def test_every_table_is_copied_or_has_a_reason(world: World) -> None:
    """No table of the schema is forgotten: it is copied, or stands in a short list with its reason and stays empty."""
    left = {name: reason for name, reason in world.done["not_copied"].items() if name in metadata.tables}

    assert set(world.done["tables"]) == set(metadata.tables) - set(left)
    assert all(left.values())
    left.pop(copy_ends.MADE_FULL, None)
    assert {name: scalar(world.sqlite, f"SELECT count(*) FROM {name}") for name in left} == dict.fromkeys(left, 1)
    assert {name: scalar(world.postgresql, f"SELECT count(*) FROM {name}") for name in left} == dict.fromkeys(left, 0)
