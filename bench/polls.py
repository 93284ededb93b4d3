"""What polls cost: feeds that do not change, and many feeds of which few have something new."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench import measure, peers, rig
from bench.figures import Figure

WATCHED_FEEDS = 500
SETTLE, WATCH = 8.0, 25.0
"""Seconds that the daemon gets to warm up, and seconds that it is watched, on unchanged feeds."""
EVERY = 3
"""Seconds between two polls of an unchanged feed: 170 polls a second, a load of 100,000 feeds at ten minutes."""
LATENCY_FEEDS, LATENCY = 200, 0.1
SPARSE_FEEDS, SPARSE_NEW = 1000, 100


def unchanged() -> Iterator[Figure]:
    """CPU per unchanged feed of the daemon; the wall that a pass over slow servers takes; the same for others."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        yield from _watched(Path(name) / "daemon")
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        yield from _distant(Path(name))


def _watched(folder: Path) -> Iterator[Figure]:
    folder.mkdir()
    with rig.served(WATCHED_FEEDS) as site:
        config = rig.prepare(folder, site, site.ask("feeds.json"), rig.Setting(EVERY, backfill=0))
        with rig.daemon(config) as pid:
            rig.until(lambda: site.count("unchanged") >= WATCHED_FEEDS)
            time.sleep(SETTLE)
            processes, before = measure.Processes(pid), site.count("unchanged")
            processes.mark()
            with measure.Memory(pid) as memory:
                time.sleep(WATCH)
            cpu = processes.since()
            polls = site.count("unchanged") - before
    yield Figure("unchanged", "CPU per unchanged feed", 1000 * cpu / polls, "ms", 0.6, f"{polls} polls in {WATCH:g} s")
    yield Figure("unchanged", "memory of the daemon meanwhile", memory.median, "MB")


def _distant(folder: Path) -> Iterator[Figure]:
    """Pass over feeds that do not change, on servers that take a while to answer."""
    what = f"{LATENCY_FEEDS} unchanged feeds, {1000 * LATENCY:g} ms latency"
    with rig.served(LATENCY_FEEDS, entries=3, latency=LATENCY) as site, peers.reader_installed() as reader:
        (folder / "monitor").mkdir()
        config = rig.prepare(folder / "monitor", site, site.ask("feeds.json"), rig.Setting(1, backfill=0))
        rig.once(config)
        spans, walls = [], []
        for _ in range(3):
            time.sleep(2.5)  # so that all are due again
            site.ask("polls")
            walls.append(rig.once(config).wall_s)
            asked = [moment for _, moment in site.ask("polls")]
            assert len(asked) == LATENCY_FEEDS, f"{len(asked)} polls"
            spans.append(max(asked) - min(asked) + LATENCY)
        note = f"whole command {statistics.median(walls):.2f} s, its start included"
        yield Figure("unchanged", f"{what}: first request to last answer", statistics.median(spans), "s", 1.2, note)
        found = {"naive": peers.naive, "floor": peers.floor, "reader (feeds only)": reader}
        for name, peer in found.items():
            if peer is not None:
                peer(folder, site)
                cost = peer(folder, site)
                cpu = f"{1000 * cost.cpu_s / LATENCY_FEEDS:.2f} ms of CPU a feed"
                yield Figure("unchanged", f"the same, {name}: whole command", cost.wall_s, "s", None, cpu)


def sparse() -> Iterator[Figure]:
    """CPU of a pass over many feeds of which some have one new entry each."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        with rig.served(SPARSE_FEEDS) as site, peers.reader_installed() as reader:
            (folder / "start").mkdir()
            base = rig.once(rig.prepare(folder / "start", site, []))
            (folder / "monitor").mkdir()
            config = rig.prepare(folder / "monitor", site, site.ask("feeds.json"), rig.Setting(1, backfill=0))
            rig.once(config)
            costs = []
            for number in range(3):
                _publish(site, number * SPARSE_NEW)
                time.sleep(2.5)  # so that all are due again
                costs.append(rig.once(config).cpu_s - base.cpu_s)
            done = rig.ask(folder / "monitor" / "world.db", "SELECT count(*) FROM articles")[0][0]
            assert done == 3 * SPARSE_NEW, f"{done} articles"
            note = f"({', '.join(f'{cost:.2f}' for cost in costs)}) without the start, {base.cpu_s:.2f} s"
            what = f"{SPARSE_FEEDS} feeds, {SPARSE_NEW} new entries"
            yield Figure("sparse", f"{what}: CPU", statistics.median(costs), "s", 2.5, note)
            if reader is not None:
                reader(folder, site)
                _publish(site, 3 * SPARSE_NEW)
                cost = reader(folder, site)
                yield Figure("sparse", "the same, reader (feeds only): CPU", cost.cpu_s, "s")


def _publish(site: rig.Site, first: int) -> None:
    for feed in range(first, first + SPARSE_NEW):
        site.ask(f"publish?feed={feed}", "POST")
