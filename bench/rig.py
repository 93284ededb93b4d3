"""The real command on a served world: folders, configuration and processes that the parts of the bench share."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import measure

CONFIG = """\
[monitor]
database = "sqlite:///{folder}/world.db"
rules = "{rules}"
default_route = ["hook"]

[polling]
every = "{every}s"
min_every = "1s"
backfill = {backfill}
allow_private = ["127.0.0.0/8"]
{more}

[channels.hook]
url = "json://127.0.0.1:{port}/hook/monitor"
rate = "100000 per 1m"

[web]
listen = "127.0.0.1:{web}"
"""
TESTS = ("tests:", "  should_not_match:", "    - {title: Nothing happened, text: It was a quiet day.}")


@dataclass(frozen=True, slots=True)
class Setting:
    """How a world is watched: seconds between polls, newest entries that may alert, further lines of `[polling]`."""

    every: int = 600
    backfill: int = 100
    more: str = ""


@contextlib.contextmanager
def served(feeds: int, entries: int = 20, latency: float = 0.0, more: Sequence[str] = ()) -> Iterator[Site]:
    """Serve a world in a process of its own; `more` are further arguments of `bench.server`."""
    port = free_port()
    command = [sys.executable, "-m", "bench.server", "--port", str(port), "--feeds", str(feeds)]
    command += ["--entries", str(entries), "--latency", str(latency), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield Site(port, server.pid)
        finally:
            server.terminate()


@dataclass(frozen=True, slots=True)
class Site:
    """A world that is being served."""

    port: int
    pid: int

    def ask(self, name: str, method: str = "GET") -> Any:
        """Return what the world's server says about itself."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/{name}", method=method)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def count(self, kind: str) -> int:
        """Return how many requests of a kind came since the start: `feed`, `a`, `unchanged`."""
        return int(self.ask("counters").get(kind, 0))

    @property
    def address(self) -> str:
        """Return where it answers."""
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# -- the command -----------------------------------------------------------------------------------


def prepare(folder: Path, site: Site, feeds: list[str], setting: Setting | None = None) -> Path:
    """Write config and rules for a world; return the config's path."""
    (folder / "rules" / "packs").mkdir(parents=True)
    (folder / "rules" / "packs" / "world.yaml").write_text(as_pack(site.ask("rules.json")), "utf-8")
    path = folder / "config.toml"
    write_config(path, site, feeds, setting or Setting())
    return path


def write_config(path: Path, site: Site, feeds: list[str], setting: Setting) -> None:
    """Write the configuration anew; rules and database beside it stay."""
    config = head(path.parent, site, setting, path.parent / "rules")
    declared = "".join(
        f'[[feeds]]\nurl = "{url}"\nid = "f{place}"\nname = "Feed {place}"\n' for place, url in enumerate(feeds)
    )
    path.write_text(f"{config}\n{declared}", "utf-8")


def head(folder: Path, site: Site, setting: Setting, rules: Path) -> str:
    """Return a configuration that lacks only its feeds."""
    return CONFIG.format(
        folder=folder,
        rules=rules,
        port=site.port,
        every=setting.every,
        backfill=setting.backfill,
        more=setting.more,
        web=free_port(),
    )


def as_pack(rules: list[dict[str, Any]], name: str = "world") -> str:
    """Return the world's rules as one pack: what any rule wants is a list of the pack, needed beside the entity."""
    lists, bodies = [], []
    for rule in rules:
        number = rule["id"]
        lists.append(f"  any-{number}: {{any: {json.dumps(rule['any'])}}}")
        needed = json.dumps([*rule["all"], f"$any-{number}"])
        bodies.append(f"  - {{id: r{number}, all: {needed}, none: {json.dumps(rule['none'])}}}")
    lines = ["format: 1", f"pack: {name}", "lists:", *lists, "rules:", *bodies, *TESTS]
    return "\n".join(lines) + "\n"


def once(config: Path) -> measure.Cost:
    """Run `wirewatch run --once`."""
    command = [sys.executable, "-m", "monitor", "run", "--config", str(config), "--once"]
    with (config.parent / "log").open("w") as log:
        cost = measure.run(command, stderr=log)
    if cost.code:
        sys.exit(f"the monitor failed with {cost.code}:\n" + (config.parent / "log").read_text("utf-8")[-2000:])
    return cost


@contextlib.contextmanager
def daemon(config: Path) -> Iterator[int]:
    """Run `wirewatch run`; yield its process id, and end it."""
    command = [sys.executable, "-m", "monitor", "run", "--config", str(config), "--quiet"]
    with (config.parent / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def until(holds: Callable[[], bool], limit: float = 120.0, every: float = 0.2) -> None:
    """Wait until a condition holds. Raises: TimeoutError."""
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the monitor did not get there")
        time.sleep(every)


# -- what a database holds -------------------------------------------------------------------------


def name_of(url: str) -> str:
    """Return the article that an address is of."""
    return url.rpartition("/")[2].removesuffix(".html")


def count(database: Path, table: str = "articles") -> int:
    """Return how many rows a table of the monitor's database holds."""
    return int(ask(database, f"SELECT count(*) FROM {table}")[0][0])


def ask(database: Path, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    with contextlib.closing(sqlite3.connect(database, timeout=30)) as connection:
        return connection.execute(query).fetchall()
