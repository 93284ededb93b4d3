"""A corpus made to hurt, through the real daemon, beside healthy feeds: what is refused, killed, and late meanwhile.

Every file of `tests/faults/hostile` is served as a feed of its own, and once more as the page of an article of a
carrier, from 64 hosts on loopback. Twenty healthy feeds on hosts of their own publish an item every ten seconds; each
item must alert. Late is what an alert took from publication, beyond the ten seconds that the feed may wait for its
poll. The daemon first runs with as many feeds and pages of the same names that are good, so that its growth afterwards
is what hostility costs and not what seven hundred feeds do; then all of their addresses change to the hostile ones.
"""

from __future__ import annotations

import json
import re
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from bench.hostile_world import EVERY, HEALTHY, HOSTS, PER_CARRIER
from tests.faults import hostile

CALM = 20.0
"""Seconds after the last of the good feeds and pages was read, in which the memory of the daemon is the base."""
MAX_LATE, MAX_GROWTH = 30.0, 30.0
CONFIG = """\
[monitor]
database = "sqlite:///{folder}/hostile.db"
rules = "{folder}/rules"
default_route = ["hook"]
[polling]
every = "10m"
min_every = "10s"
backfill = 100
allow_private = ["127.0.0.0/8"]
[channels.hook]
url = "json://127.0.1.1:{port}/hook"
rate = "100000 per 1m"
[web]
listen = "127.0.0.1:{web}"
"""
PACK = """\
format: 1
pack: move
rules:
  - {id: core, any: [resettlement]}
tests:
  should_not_match:
    - {title: Nothing happened, text: It was a quiet day.}
"""


# -- the run ---------------------------------------------------------------------------------------


def main(minutes: float, as_json: bool) -> None:
    """Run the corpus through the daemon for at most so many minutes and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-hostile-") as name:
        folder, port, web = Path(name), _free_port(), _free_port()
        (folder / "rules" / "packs").mkdir(parents=True)
        (folder / "rules" / "packs" / "move.yaml").write_text(PACK, "utf-8")
        config = folder / "config.toml"
        healthy = [(f"h{n}", f"http://127.0.1.{n + 1}:{port}/h/{n}", "10s") for n in range(HEALTHY)]
        _write(config, port, web, [*healthy, *_feeds(port, good=True)])
        with _world(port) as figures, _daemon(config) as pid:
            calm = _Peaks(pid)
            time.sleep(CALM)
            assert _wait(folder / "hostile.db", time.monotonic() + 900.0, calm), "the good feeds were not read"
            del calm.seen[:]
            calm.look_for(CALM)
            peaks, changed = _Peaks(pid), _moment(folder / "hostile.db")
            _write(config, port, web, [*healthy, *_feeds(port, good=False)])
            began = time.monotonic()
            done = _wait(folder / "hostile.db", began + minutes * 60, peaks, changed)
            took, said = time.monotonic() - began, figures()
            figures_ = _report(folder, said, max(calm.seen), peaks, took, done)
    print(json.dumps(figures_) if as_json else "\n".join(f"{key:34} {value}" for key, value in figures_.items()))


def _feeds(port: int, good: bool) -> Iterator[tuple[str, str, str]]:
    names, kind = [file.name for file in hostile.corpus()], "g" if good else ""
    for place, name in enumerate(names):
        yield f"x-{name}", f"http://127.0.2.{place % HOSTS + 1}:{port}/{kind}f/{name}", "10m"
    for place in range(-(-len(names) // PER_CARRIER)):
        yield f"carrier-{place}", f"http://127.0.2.{place % HOSTS + 1}:{port}/{kind}c/{place}", "10m"


def _write(config: Path, port: int, web: int, feeds: Sequence[tuple[str, str, str]]) -> None:
    rows = "".join(
        f'[[feeds]]\nid = "{_id(slug)}"\nname = "{slug}"\nurl = "{url}"\nevery = "{every}"\n'
        for slug, url, every in feeds
    )
    waiting = config.with_suffix(".new")
    waiting.write_text(CONFIG.format(folder=config.parent, port=port, web=web) + rows, "utf-8")
    waiting.replace(config)


def _id(slug: str) -> str:
    return re.sub(r"[^a-z0-9-]", "-", slug.lower())


@contextmanager
def _world(port: int) -> Iterator[Callable[[], Any]]:
    command = [sys.executable, "-m", "bench.hostile_world", "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield lambda: json.load(urllib.request.urlopen(f"http://127.0.1.1:{port}/figures", timeout=60))
        finally:
            server.terminate()


@contextmanager
def _daemon(config: Path) -> Iterator[int]:
    command = [sys.executable, "-m", "monitor", "run", "--config", str(config)]
    with (config.parent / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            yield process.pid
        finally:
            process.terminate()


class _Peaks:
    """What the daemon's own process held at each look, and whether it lives."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.seen: list[float] = []

    def look_for(self, seconds: float) -> None:
        """Look ten times a second."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.seen.append(_rss_mb(self.pid))
            time.sleep(0.1)


def _rss_mb(pid: int) -> float:
    """Return the resident memory of one process, MB of 10**6 bytes; 0 if it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return 0.0
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _moment(database: Path) -> str:
    """Return when the last poll was, as the database writes it."""
    return str(_one(database, "SELECT max(polled_at) FROM feeds"))


def _wait(database: Path, end: float, peaks: _Peaks, since: str = "") -> bool:
    """Wait until every feed was polled after `since` and every entry decided; return whether that was so in time."""
    settled = 0
    while time.monotonic() < end:
        peaks.look_for(2.0)
        if peaks.seen[-1] == 0.0:
            return False
        unpolled = _one(
            database, f"SELECT count(*) FROM feeds WHERE coalesce(polled_at, '') <= '{since}' AND slug NOT LIKE 'h%'"
        )
        waiting = _one(
            database,
            "SELECT count(*) FROM entries JOIN feeds ON feeds.id = feed_id"
            " WHERE state = 'pending' AND feeds.slug LIKE 'carrier%'",
        )
        settled = settled + 1 if not unpolled and not waiting else 0
        if settled > 5:
            return True
    return False


def _one(database: Path, query: str) -> Any:
    with closing(sqlite3.connect(database, timeout=30)) as connection:
        return connection.execute(query).fetchone()[0]


def _report(folder: Path, said: Any, base: float, peaks: _Peaks, took: float, done: bool) -> dict[str, Any]:
    with closing(sqlite3.connect(folder / "hostile.db", timeout=30)) as connection:
        feeds = connection.execute(
            "SELECT next_reason, status, error, failures FROM feeds WHERE slug LIKE 'x-%' OR slug LIKE 'carrier%'"
        ).fetchall()
        pages = connection.execute(
            "SELECT entries.state, revisions.partial_reason FROM entries JOIN feeds ON feeds.id = entries.feed_id"
            " LEFT JOIN revisions ON revisions.article_id = entries.article_id WHERE feeds.slug LIKE 'carrier%'"
        ).fetchall()
    log = (folder / "log").read_text("utf-8", "replace")
    killed = log.count("was killed") + log.count("processor time and was ended") + log.count("ran out of memory")
    late = [max(0.0, seconds - EVERY) for seconds in said["late"].values()]
    polls: dict[str, int] = defaultdict(int)
    for reason, _, error, failures in feeds:
        polls[reason if failures else "read" if error is None else str(reason)] += 1
    return {
        "files": len(hostile.corpus()),
        "feeds and carriers": len(feeds),
        "feeds by outcome": dict(sorted(polls.items())),
        "pages by outcome": dict(Counter(f"{state}{f' ({why})' if why else ''}" for state, why in pages)),
        "tasks killed": killed,
        "all done": f"{done} after {took:.0f} s",
        "daemon lives": peaks.seen[-1] > 0,
        "jobs that failed": log.count("job_failed"),
        "daemon RSS with as many good feeds, MB": round(base, 1),
        "daemon RSS growth at the end, MB": _judged(statistics.median(peaks.seen[-20:]) - base, MAX_GROWTH),
        "daemon RSS growth at its peak, MB": _judged(max(peaks.seen) - base, MAX_GROWTH),
        "healthy items told": f"{len(late)} of {said['due']} (some are not due yet)",
        "healthy items late, median s": round(statistics.median(late), 1),
        "healthy items late, worst s": _judged(max(late), MAX_LATE),
    }


def _judged(value: float, limit: float) -> str:
    return f"{value:.1f} (at most {limit:g}){'' if value <= limit else '  OVER'}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
