"""The archive under work: what a search, `explain` and a page take among a million articles; a backup while polling.

The archive is that of `stored.py`. Queries are made of its own texts and of the names of the shipped rules, so that
most find something; each runs once for a warm cache and then counts. CPU stands beside the wall, since a busy machine
shows in one and not in the other.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import rig, stored
from bench.figures import Figure, percentile
from monitor import errors
from monitor.jobs import archive
from monitor.rules import asked, load
from monitor.store import articles as store_articles
from monitor.store import database
from monitor.store.store import Connection

ARTICLES = 1_000_000
QUERIES = 40
EVERY, WATCH = 2, 20.0
"""Seconds between polls, and for which they are watched before the backup."""
FEEDS = 50
PAGES = {
    "/search?q=government": 300.0,
    "/search?q=%24gaza+AND+%24egypt": 1500.0,
    "/api/v1/search?q=%22police+country%22": 300.0,
}
"""What each may take in milliseconds: as long as its search may."""
WEB = '\n[web]\nlisten = "127.0.0.1:{port}"\n'


def search(articles: int = ARTICLES, only: Sequence[str] = ()) -> Iterator[Figure]:
    """Queries, `explain`, pages, and a backup while polling."""
    config = stored.prepared(articles)
    yield Figure(
        "search", f"size of {articles:,} articles", (config.parent / "wirewatch.db").stat().st_size / 1e6, "MB"
    )
    parts: dict[str, Callable[[Path], Iterator[Figure]]] = {
        "queries": _queries,
        "explain": _explain,
        "pages": _pages,
        "backup": _backup,
    }
    for name in only or parts:
        yield from parts[name](config)


# -- queries ---------------------------------------------------------------------------------------


def _queries(config: Path) -> Iterator[Figure]:
    vocabularies = {one.id: one for one in load.load_packs(load.read_folder(stored.ROOT / "rules")).vocabularies}
    engine = database.open_engine(f"sqlite:///{config.parent / 'wirewatch.db'}")
    with engine.connect() as connection:
        made = _made(connection, sorted(name for name, one in vocabularies.items() if one.kind == "entity"))
        for kind, (queries, target) in made.items():
            walls, cpus, late, empty = [], [], 0, 0
            for query in queries:
                try:
                    parsed = asked.parse(query, vocabularies)
                except errors.RuleError:
                    continue  # a word of the archive that is a word of the language
                archive.search(connection, archive.Asked(parsed))
                began, cpu = time.perf_counter(), time.thread_time()
                found = archive.search(connection, archive.Asked(asked.parse(query, vocabularies)))
                walls.append(1000 * (time.perf_counter() - began))
                cpus.append(1000 * (time.thread_time() - cpu))
                late += not found.in_time
                empty += not found.hits
            note = f"CPU p95 {percentile(cpus, 0.95):.0f} ms, {late} of {len(walls)} out of time, {empty} found nothing"
            yield Figure("search", f"{kind}: a page, p95", percentile(walls, 0.95), "ms", target, note)
    engine.dispose()


def _made(connection: Connection, names: list[str]) -> dict[str, tuple[list[str], float]]:
    """Return queries by kind, and what they may take in milliseconds."""
    rng = random.Random("queries")
    newest = int(connection.exec_driver_sql("SELECT max(id) FROM articles").scalar() or 1)
    some = store_articles.load(connection, [rng.randint(1, newest) for _ in range(2 * QUERIES)])
    texts = [one.article.text.replace(".", " ").replace("\n", " ").split() for one in some]

    def words(text: list[str], count: int, apart: int) -> list[str]:
        at = rng.randrange(len(text) - count * apart)
        return text[at : at + count * apart : apart]

    phrases = [f'"{" ".join(words(text, 2, 1))}"' for text in texts[:QUERIES]]
    both = [" AND ".join(words(text, 2, 7)) for text in texts[:QUERIES]]
    three = [" AND ".join(words(text, 3, 11)) for text in texts[QUERIES:]]
    pairs = [rng.sample(names, 2) for _ in range(QUERIES)]
    near = [f"NEAR/15(${a}, ${b})" for a, b in pairs]
    both_names = [f"${a} AND ${b}" for a, b in pairs]
    return {
        "a phrase": (phrases, 300.0),
        "two words": (both, 300.0),
        "three words": (three, 300.0),
        "two entities": (both_names, 1500.0),
        "NEAR over two entities": (near, 1500.0),
    }


# -- explain and pages -------------------------------------------------------------------------------


def _explain(config: Path) -> Iterator[Figure]:
    """Time `explain ID` in this process, and as a command with its start."""
    from monitor.cli import common, explain

    loaded, rng = common.load_config(config), random.Random("explain")
    newest = rig.ask(config.parent / "wirewatch.db", "SELECT max(id) FROM articles")[0][0]
    walls, cpus = [], []
    for _ in range(30):
        what, began, cpu = f"art-{rng.randint(1, newest)}", time.perf_counter(), time.thread_time()
        explain._recorded(loaded, what)
        walls.append(1000 * (time.perf_counter() - began))
        cpus.append(1000 * (time.thread_time() - cpu))
    began = time.perf_counter()
    command = [sys.executable, "-m", "monitor", "explain", f"art-{newest // 2}", "--config", str(config)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    note = f"CPU p95 {percentile(cpus, 0.95):.0f} ms; the whole command once: {time.perf_counter() - began:.2f} s"
    yield Figure("search", "explain ID, p95", percentile(walls, 0.95), "ms", 200.0, note)


def _pages(config: Path) -> Iterator[Figure]:
    """Time pages of a real daemon on the archive, whose feeds are paused."""
    port = rig.free_port()
    served = config.with_name("served.toml")
    served.write_text(config.read_text("utf-8") + WEB.format(port=port), "utf-8")
    with rig.daemon(served):
        rig.until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), 300.0)
        for page, target in PAGES.items():
            address = f"http://127.0.0.1:{port}{page}"
            if not _answers(address):
                yield Figure("search", f"{page} does not answer", 1.0, "", 0.0)
                continue
            walls = []
            for _ in range(20):
                began = time.perf_counter()
                _answers(address)
                walls.append(1000 * (time.perf_counter() - began))
            yield Figure("search", f"{page}, p95", percentile(walls, 0.95), "ms", target)


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=60) as answer:
            answer.read()
            return bool(answer.status == 200)
    except OSError:
        return False


# -- a backup while polling --------------------------------------------------------------------------


def _backup(config: Path) -> Iterator[Figure]:
    """Back a copy of the archive up while a daemon polls on it; count the polls, and put the backup back elsewhere."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-", dir=config.parent) as name, rig.served(FEEDS) as site:
        folder = Path(name)
        polling = rig.prepare(folder, site, site.ask("feeds.json"), rig.Setting(EVERY, backfill=0))
        shutil.copy(config.parent / "wirewatch.db", folder / "world.db")
        rig.once(polling)
        with rig.daemon(polling):
            rig.until(lambda: site.count("unchanged") > FEEDS, 600.0)
            before = _pace(site, lambda: time.sleep(WATCH))
            took: list[float] = []
            during = _pace(site, lambda: took.append(_run("backup", folder / "backup.db", polling)))
        size = (folder / "backup.db").stat().st_size / 1e6
        elsewhere = folder / "elsewhere.toml"
        elsewhere.write_text('[monitor]\ndatabase = "sqlite:///elsewhere.db"\nrules = "rules"\n', "utf-8")
        restored = _run("restore", folder / "backup.db", elsewhere)
        there = rig.count(folder / "elsewhere.db")
        known = rig.count(folder / "world.db")
    yield Figure("search", f"backup of {size:,.0f} MB while polling", took[0], "s")
    note = (
        f"{during[0]:.1f} polls a second, {before[0]:.1f} before; longest gap {during[1]:.1f} s, {before[1]:.1f} before"
    )
    yield Figure("search", "polls during the backup, of those before", during[0] / before[0], "x", 0.9, note, True)
    yield Figure("search", "restore of it, integrity checked", restored, "s", None, f"{there:,} of {known:,} articles")


def _run(what: str, file: Path, config: Path) -> float:
    began = time.perf_counter()
    command = [sys.executable, "-m", "monitor", "db", what, str(file), "--config", str(config)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def _pace(site: rig.Site, work: Callable[[], object]) -> tuple[float, float]:
    """Return the polls a second while `work` is done, and the longest time without one."""
    over, gap = threading.Event(), [0.0]

    def watch() -> None:
        last, seen = time.monotonic(), site.count("unchanged")
        while not over.wait(0.1):
            count, now = site.count("unchanged"), time.monotonic()
            if count > seen:
                last, seen = now, count
            gap[0] = max(gap[0], now - last)

    began, start = time.monotonic(), site.count("unchanged")
    watcher = threading.Thread(target=watch)
    watcher.start()
    work()
    over.set()
    watcher.join()
    return (site.count("unchanged") - start) / (time.monotonic() - began), gap[0]
