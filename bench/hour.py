"""10,000 feeds at a ten-minute interval, for as long as is asked: does the daemon keep up, and does it stay so?

The lag of a poll is the time from when its feed was due (`next_check`, read from the database every few seconds) to
when its request reached the server. Meanwhile entries are published at a steady rate and their pages read.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from bench import measure, rig
from bench.figures import Figure

FEEDS, ENTRIES, EVERY = 10_000, 5, 600
NEW_A_MINUTE = 60
LOOK = 5.0
"""Seconds between two looks at what is due."""
SPAN = 300.0
"""Seconds that one line of the report covers."""
WARM = 120.0
"""Seconds after the first polls that belong to no line: ten thousand baselines are still being written."""


class Lags:
    """Joins what was due with what was asked for."""

    def __init__(self) -> None:
        self._due: dict[int, float] = {}
        self.late: list[float] = []

    def look(self, database: Path, site: rig.Site) -> None:
        """Take in the requests since the last look, then what is due now."""
        for feed, moment in site.ask("polls"):
            due = self._due.pop(feed, None)
            if due is not None:
                self.late.append(moment - due)
        rows = rig.ask(database, "SELECT slug, next_check FROM feeds WHERE retired_at IS NULL")
        now = time.time()
        for slug, next_check in rows:
            due = datetime.fromisoformat(next_check).replace(tzinfo=UTC).timestamp()
            # What is overdue already keeps its older time: it has been due since then.
            if due > now:
                self._due[int(slug[1:])] = due

    def taken(self) -> list[float]:
        """Return the lags since this was last asked, in order of size."""
        late, self.late = sorted(self.late), []
        return late


def hour(minutes: float = 60.0) -> Iterator[Figure]:
    """Lag, CPU and memory of every five minutes, then of the whole time."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, rig.served(FEEDS, ENTRIES) as site:
        folder = Path(name)
        config = rig.prepare(folder, site, site.ask("feeds.json"), rig.Setting(EVERY, backfill=0))
        with rig.daemon(config) as pid:
            began = time.monotonic()
            rig.until(lambda: site.count("feed") >= FEEDS, 1200.0, every=1.0)
            yield Figure("hour", f"first polls of {FEEDS:,} feeds", time.monotonic() - began, "s")
            time.sleep(WARM)
            yield from _watch(pid, folder / "world.db", site, minutes)


def _watch(pid: int, database: Path, site: rig.Site, minutes: float) -> Iterator[Figure]:
    lags, processes = Lags(), measure.Processes(pid)
    lags.look(database, site)
    medians, peaks, published = [], [], 0
    spans = max(1, round(60 * minutes / SPAN))
    began = time.monotonic()
    for number in range(spans):
        processes.mark()
        with measure.Memory(pid) as memory:
            while time.monotonic() < began + (number + 1) * SPAN:
                time.sleep(LOOK)
                wanted = int((time.monotonic() - began) * NEW_A_MINUTE / 60)
                for place in range(published, wanted):
                    site.ask(f"publish?feed={place * 7919 % FEEDS}", "POST")
                published = max(published, wanted)
                lags.look(database, site)
        cpu, late = processes.since(), lags.taken()
        medians.append(statistics.median(late) if late else 0.0)
        peaks.append(memory.peak)
        what = f"minutes {number * SPAN / 60:.0f} to {(number + 1) * SPAN / 60:.0f}: lag, 99 of 100"
        rest = f"median {medians[-1]:.2f}, most {max(late, default=0):.2f} s; {len(late)} polls;"
        note = f"{rest} CPU {100 * cpu / SPAN:.1f} % of a core, PSS {memory.peak:.0f} MB"
        yield Figure("hour", what, late[int(0.99 * len(late))] if late else 0.0, "s", None, note)
    read = rig.count(database)
    yield Figure("hour", "growth of the median lag, first span to last", medians[-1] - medians[0], "s", 1.0)
    yield Figure("hour", "most memory of any span", max(peaks), "MB", 260.0, f"{read} of {published} new entries read")
