"""The monitor on a simulated world: what it finds, CPU per new article and per unchanged feed, memory.

The real command reads 50 feeds of 20 entries under 300 rules and tells a webhook what it finds; the naive monitor does
the same on the same world. Then the daemon runs on 500 feeds that never change.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench import measure

FEEDS, ENTRIES = 50, 20
UNCHANGED_FEEDS = 500
SETTLE, WATCH = 8.0, 25.0
"""Seconds that the daemon gets to warm up, and seconds that it is watched, on unchanged feeds."""
EVERY = 3
"""Seconds between two polls of an unchanged feed: 170 polls a second, a load of 100,000 feeds at ten minutes."""

CONFIG = """\
[monitor]
database = "sqlite:///{folder}/world.db"
rules = "{folder}/rules"
default_route = ["hook"]

[polling]
every = "{every}s"
min_every = "1s"
backfill = 100
allow_private = ["127.0.0.0/8"]

[channels.hook]
url = "json://127.0.0.1:{port}/hook/monitor"
rate = "100000 per 1m"

[web]
listen = "127.0.0.1:{web}"
"""
TESTS = ("tests:", "  should_not_match:", "    - {title: Nothing happened, text: It was a quiet day.}")


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave; memory in MB of 10**6 bytes over all processes."""

    planted: int
    found: int
    missed: int
    invented: int
    told: int
    naive_found: int
    cpu_ms_per_article: float
    naive_cpu_ms_per_article: float
    wall_s: float
    naive_wall_s: float
    startup_cpu_s: float
    pss_peak_mb: float
    naive_pss_peak_mb: float
    cpu_ms_per_unchanged_feed: float
    unchanged_polls: int
    daemon_pss_mb: float


def run() -> Figures:
    """Run everything once, in folders and processes of its own."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        with served(FEEDS) as site:
            base = measure_start(folder / "start", site)
            monitor, pairs = read_world(folder / "monitor", site)
            articles = count(folder / "monitor" / "world.db")
            naive, naive_pairs = read_naively(folder, site)
            truth = {(article, topic) for article, topic in fetch(site, "truth.json")}
            told = {name for channel, _, names in fetch(site, "messages") if channel == "monitor" for name in names}
        unchanged = watch_unchanged(folder / "unchanged")
    assert articles == FEEDS * ENTRIES, f"{articles} articles were read, not {FEEDS * ENTRIES}"
    return Figures(
        planted=len(truth),
        found=len(pairs & truth),
        missed=len(truth - pairs),
        invented=len(pairs - truth),
        told=len(told),
        naive_found=len(naive_pairs & truth),
        cpu_ms_per_article=1000 * (monitor.cpu_s - base.cpu_s) / articles,
        naive_cpu_ms_per_article=1000 * naive.cpu_s / articles,
        wall_s=monitor.wall_s,
        naive_wall_s=naive.wall_s,
        startup_cpu_s=base.cpu_s,
        pss_peak_mb=monitor.pss_peak_mb,
        naive_pss_peak_mb=naive.pss_peak_mb,
        **unchanged,
    )


# -- the world -----------------------------------------------------------------------------------


@contextlib.contextmanager
def served(feeds: int) -> Iterator[int]:
    """Serve a world in a process of its own; yield its port."""
    port = free_port()
    command = [sys.executable, "-m", "bench.server", "--port", str(port), "--feeds", str(feeds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield port
        finally:
            server.terminate()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def fetch(port: int, name: str) -> Any:
    """Return what the world's server says about itself."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=30) as answer:
        return json.load(answer)


# -- the monitor ---------------------------------------------------------------------------------


def prepare(folder: Path, port: int, feeds: list[str], every: int = 600) -> Path:
    """Write config and rules for a world; return the config's path."""
    (folder / "rules" / "packs").mkdir(parents=True)
    rules = fetch(port, "rules.json")
    (folder / "rules" / "packs" / "world.yaml").write_text(as_pack(rules), "utf-8")
    config = CONFIG.format(folder=folder, port=port, every=every, web=free_port())
    declared = "".join(
        f'[[feeds]]\nurl = "{url}"\nid = "f{place}"\nname = "Feed {place}"\n' for place, url in enumerate(feeds)
    )
    path = folder / "config.toml"
    path.write_text(f"{config}\n{declared}", "utf-8")
    return path


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


def measure_start(folder: Path, port: int) -> measure.Cost:
    """Return what a pass costs that has the rules, the channel and a new database, and one feed it cannot reach."""
    folder.mkdir()
    config = prepare(folder, port, [])
    return once(config)


def read_world(folder: Path, port: int) -> tuple[measure.Cost, set[tuple[str, int]]]:
    """Read a whole world once; return the cost and the (article, topic) pairs that matched."""
    folder.mkdir()
    cost = once(prepare(folder, port, fetch(port, "feeds.json")))
    query = (
        "SELECT articles.url, matches.rule FROM matches JOIN revisions ON revisions.id = matches.revision_id"
        " JOIN articles ON articles.id = revisions.article_id"
    )
    with contextlib.closing(sqlite3.connect(folder / "world.db")) as database:
        return cost, {(name_of(url), int(rule[1:])) for url, rule in database.execute(query)}


def name_of(url: str) -> str:
    """Return the article that an address is of."""
    return url.rpartition("/")[2].removesuffix(".html")


def count(database: Path) -> int:
    """Return how many articles a database of the monitor holds."""
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return int(connection.execute("SELECT count(*) FROM articles").fetchone()[0])


def read_naively(folder: Path, port: int) -> tuple[measure.Cost, set[tuple[str, int]]]:
    """Read the same world with the naive monitor."""
    database = folder / "naive.db"
    command = [sys.executable, "-m", "bench.naive_monitor", "--site", f"http://127.0.0.1:{port}"]
    cost = measure.run([*command, "--database", str(database)])
    with contextlib.closing(sqlite3.connect(database)) as connection:
        return cost, {(name_of(url), rule) for url, rule in connection.execute("SELECT url, rule FROM hit")}


# -- feeds that do not change --------------------------------------------------------------------


def watch_unchanged(folder: Path) -> dict[str, float]:
    """Run the daemon on feeds that answer 304; return CPU per poll, polls and memory."""
    folder.mkdir()
    with served(UNCHANGED_FEEDS) as port:
        config = prepare(folder, port, fetch(port, "feeds.json"), EVERY)
        without_backfill = config.read_text("utf-8").replace("backfill = 100", "backfill = 0")
        config.write_text(without_backfill, "utf-8")
        with daemon(config) as pid:
            until(lambda: fetch(port, "counters").get("unchanged", 0) >= UNCHANGED_FEEDS)
            time.sleep(SETTLE)
            processes, before = measure.Processes(pid), fetch(port, "counters")["unchanged"]
            processes.mark()
            with measure.Memory(pid) as memory:
                time.sleep(WATCH)
            cpu = processes.since()
            polls = fetch(port, "counters")["unchanged"] - before
    return {
        "cpu_ms_per_unchanged_feed": 1000 * cpu / polls,
        "unchanged_polls": polls,
        "daemon_pss_mb": memory.median,
    }


@contextlib.contextmanager
def daemon(config: Path) -> Iterator[int]:
    """Run `wirewatch run`; yield its process id, and end it."""
    command = [sys.executable, "-m", "monitor", "run", "--config", str(config), "--quiet"]
    with (config.parent / "log").open("w") as log, subprocess.Popen(command, stderr=log) as process:
        try:
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)


def until(holds: Any, limit: float = 120.0) -> None:
    """Wait until a condition holds. Raises: TimeoutError."""
    end = time.monotonic() + limit
    while not holds():
        if time.monotonic() > end:
            raise TimeoutError("the daemon did not get there")
        time.sleep(0.2)


# -- the report ----------------------------------------------------------------------------------


def main(repeat: int, as_json: bool) -> None:
    """Run `repeat` times and print the medians."""
    runs = [asdict(run()) for _ in range(repeat)]
    medians = {name: statistics.median(one[name] for one in runs) for name in runs[0]}
    if as_json:
        print(json.dumps({"median": medians, "runs": runs}))
        return
    for name, value in medians.items():
        spread = ", ".join(f"{one[name]:g}" if one[name] == int(one[name]) else f"{one[name]:.2f}" for one in runs)
        print(f"{name:28} {value:10.2f}   ({spread})")
