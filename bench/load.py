"""The daemon under load: are both cores busy, and does memory stay flat as feeds grow?"""

from __future__ import annotations

import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench import measure, rig
from bench.figures import Figure

BUSY_FEEDS = 200
ARTICLES = 4000
SIZES = (100, 1_000, 10_000)
ENTRIES = 5
"""That a feed shows in `memory`: 10,000 feeds of 20 would be more than the server can invent in reasonable time."""
WATCH = 30.0
READ = 400
"""Articles that are read while memory is watched, at every size."""


@dataclass(frozen=True, slots=True)
class Machine:
    """CPU seconds of all cores since boot."""

    busy: float
    whole: float

    @classmethod
    def now(cls) -> Machine:
        """Read /proc/stat."""
        fields = [int(field) for field in Path("/proc/stat").read_text("ascii").split("\n", 1)[0].split()[1:9]]
        idle = fields[3] + fields[4]
        return cls((sum(fields) - idle) / measure.TICK, sum(fields) / measure.TICK)


def busy() -> Iterator[Figure]:
    """Share of the cores that are busy between the first page that is fetched and the last."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, rig.served(BUSY_FEEDS) as site:
        config = rig.prepare(Path(name), site, site.ask("feeds.json"))
        with rig.daemon(config) as pid:
            rig.until(lambda: site.count("a") > 0, every=0.05)
            processes, server = measure.Processes(pid), measure.Processes(site.pid)
            processes.mark()
            server.mark()
            began, before = time.monotonic(), Machine.now()
            rig.until(lambda: site.count("a") >= ARTICLES, 600.0, every=0.25)
            wall, after = time.monotonic() - began, Machine.now()
            own, served = processes.since(), server.since()
    whole = after.whole - before.whole
    others = max(0.0, after.busy - before.busy - own - served)
    note = f"{ARTICLES} articles in {wall:.1f} s; others took {100 * others / whole:.0f} % of the machine"
    share = 100 * (own + served) / (whole - others)
    yield Figure("busy", "cores busy, with the world's server", share, "%", 85.0, note, least=True)
    yield Figure("busy", "the monitor's own part of it", 100 * own / (whole - others), "%")
    yield Figure("busy", "articles a second", ARTICLES / wall, "/s")


def memory() -> Iterator[Figure]:
    """Memory of the daemon with few and many feeds, while it polls and reads the same number of articles."""
    for feeds in SIZES:
        peak, median, start = _memory_of(feeds)
        note = f"median {median:.0f}; peak while the feeds were first polled {start:.0f}"
        yield Figure("memory", f"{feeds:,} feeds, {READ} articles: peak", peak, "MB", 260.0, note)


def _memory_of(feeds: int) -> tuple[float, float, float]:
    """Return the peak and the median while articles are read, and the peak before, MB."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, rig.served(feeds, ENTRIES) as site:
        folder = Path(name)
        config = rig.prepare(folder, site, site.ask("feeds.json"), rig.Setting(every=60, backfill=0))
        with rig.daemon(config) as pid:
            with measure.Memory(pid) as first:
                rig.until(lambda: site.count("feed") >= feeds, 900.0, every=1.0)
            publishing = threading.Thread(target=_publish, args=(site, feeds))
            with measure.Memory(pid) as while_reading:
                publishing.start()
                rig.until(lambda: site.count("a") >= READ, 600.0, every=1.0)
                time.sleep(WATCH)
            publishing.join()
    return while_reading.peak, while_reading.median, first.peak


def _publish(site: rig.Site, feeds: int) -> None:
    """Publish READ entries, in as many feeds as there are."""
    for number in range(READ):
        site.ask(f"publish?feed={number * 7919 % feeds}", "POST")
