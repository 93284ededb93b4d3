"""A day of 36 real feeds through the real daemon with the shipped rules: CPU, alerts, memory, growth of the database.

The archive (../shared/data/rss-archive-2023) is not part of the project; without it this part says so and is skipped.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from bench import measure, rig
from bench.figures import Figure

ROOT = Path(__file__).resolve().parents[1]
ARCHIVE = ROOT.parent / "shared" / "data" / "rss-archive-2023" / "dev"
DAY = "2023-10-17"
STEP = 50
"""Items that come between two looks at whether all are read."""
BACKLOG = 400
"""Items that stand in the feeds when the daemon first comes: the baseline."""


def day(more: str = "") -> Iterator[Figure]:
    """Replay the day; `more`: further lines of `[polling]`."""
    file = ARCHIVE / f"{DAY}.jsonl.gz"
    if not file.exists():
        print(f"day: {file} is not here, so it is not measured", file=sys.stderr)
        return
    port = rig.free_port()
    command = [sys.executable, "-m", "bench.day_server", "--port", str(port), "--file", str(file)]
    with (
        tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name,
        subprocess.Popen(command, stdout=subprocess.PIPE) as server,
    ):
        try:
            assert server.stdout is not None
            server.stdout.readline()
            yield from _replay(Path(name), rig.Site(port, server.pid), more)
        finally:
            server.terminate()


def _replay(folder: Path, site: rig.Site, more: str) -> Iterator[Figure]:
    database, config = folder / "world.db", folder / "config.toml"
    text = rig.head(folder, site, rig.Setting(every=2, backfill=0, more=more), ROOT / "rules")
    feeds = site.ask("feeds.json")
    for number, (url, newsroom, lang) in enumerate(feeds):
        text += f'[[feeds]]\nurl = "{url}"\nid = "f{number}"\nname = "{newsroom} {number}"\n'
        text += f'newsroom = "{newsroom}"\nlang = "{lang}"\n'
    config.write_text(text, "utf-8")
    site.ask(f"publish?count={BACKLOG}", "POST")
    with rig.daemon(config) as pid:
        rig.until(lambda: site.count("unchanged") >= len(feeds), 120.0)
        size, items = _size(database), site.ask("left")
        processes = measure.Processes(pid)
        processes.mark()
        began = time.monotonic()
        with measure.Memory(pid) as memory:
            while site.ask("left"):
                site.ask(f"publish?count={STEP}", "POST")
                rig.until(partial(_is_read, database, datetime.now(UTC)), 120.0, every=0.5)
        cpu, wall = processes.since(), time.monotonic() - began
        time.sleep(3.0)
        grown = _size(database) - size
        alerts, read = rig.count(database, "alerts"), rig.count(database)
        stories = rig.count(database, "stories")
        packs = rig.ask(database, "SELECT pack, count(*) FROM alerts GROUP BY pack ORDER BY pack")
        sent = len([one for one in site.ask("messages") if one[0] == "monitor"])
    yield Figure(
        "day",
        f"{DAY}, {items} items of {len(feeds)} feeds: CPU",
        cpu,
        "s",
        None,
        f"{read} articles in {wall:.0f} s, two cores",
    )
    yield Figure("day", "CPU per item", 1000 * cpu / items, "ms")
    yield Figure("day", "alerts", alerts, "", None, ", ".join(f"{pack} {number}" for pack, number in packs))
    yield Figure("day", "messages to one channel", sent, "", None, f"{stories} stories")
    yield Figure("day", "most memory", memory.peak, "MB", 260.0)
    yield Figure("day", "growth of the database", grown / 1e6, "MB", None, f"{grown / items / 1000:.1f} kB an item")


def _is_read(database: Path, told_at: datetime) -> bool:
    """Return whether every feed was polled since `told_at` and no entry waits; items told again make no new one."""
    stale = f"SELECT count(*) FROM feeds WHERE polled_at IS NULL OR polled_at <= '{told_at:%Y-%m-%d %H:%M:%S.%f}'"
    waiting = "SELECT count(*) FROM entries WHERE state = 'pending'"
    return not rig.ask(database, stale)[0][0] and not rig.ask(database, waiting)[0][0]


def _size(database: Path) -> int:
    """Return the bytes of a database and its journal."""
    journal = database.with_name(database.name + "-wal")
    return sum(path.stat().st_size for path in (database, journal) if path.exists())
