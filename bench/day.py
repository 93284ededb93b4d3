"""A day of 37 real feeds through the real daemon with the shipped rules: CPU, alerts, memory, growth of the database.

The archive (../shared/data/rss-archive-2023) is not part of the project; without it this part says so and is skipped.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
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

CONFIG = """\
[monitor]
database = "sqlite:///{folder}/day.db"
rules = "{rules}"
default_route = ["hook"]

[polling]
every = "2s"
min_every = "1s"
allow_private = ["127.0.0.0/8"]
{more}

[channels.hook]
url = "json://127.0.0.1:{port}/hook/monitor"
rate = "100000 per 1m"

[web]
listen = "127.0.0.1:{web}"

"""


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
    database, config = folder / "day.db", folder / "config.toml"
    text = CONFIG.format(folder=folder, rules=ROOT / "rules", port=site.port, web=rig.free_port(), more=more)
    for number, (url, newsroom, lang) in enumerate(site.ask("feeds.json")):
        text += f'[[feeds]]\nurl = "{url}"\nid = "f{number}"\nname = "{newsroom} {number}"\n'
        text += f'newsroom = "{newsroom}"\nlang = "{lang}"\n'
    config.write_text(text, "utf-8")
    site.ask(f"publish?count={BACKLOG}", "POST")
    with rig.daemon(config) as pid:
        rig.until(lambda: site.count("unchanged") >= 37, 120.0)
        size, items = _size(database), site.ask("left")
        processes = measure.Processes(pid)
        processes.mark()
        began = time.monotonic()
        with measure.Memory(pid) as memory:
            while site.ask("left"):
                told = items - site.ask(f"publish?count={STEP}", "POST")
                rig.until(lambda: _decided(database) >= told, 120.0, every=0.5)  # noqa: B023 - used in this round only
        cpu, wall = processes.since(), time.monotonic() - began
        time.sleep(3.0)
        grown = _size(database) - size
        alerts = rig.count(database, "alerts")
        stories = rig.count(database, "stories")
        packs = rig.ask(database, "SELECT pack, count(*) FROM alerts GROUP BY pack ORDER BY pack")
        sent = len([one for one in site.ask("messages") if one[0] == "monitor"])
    yield Figure("day", f"{DAY}, {items} items of 37 feeds: CPU", cpu, "s", None, f"in {wall:.0f} s, two cores")
    yield Figure("day", "CPU per item", 1000 * cpu / items, "ms")
    yield Figure("day", "alerts", alerts, "", None, ", ".join(f"{pack} {number}" for pack, number in packs))
    yield Figure("day", "messages to one channel", sent, "", None, f"{stories} stories")
    yield Figure("day", "most memory", memory.peak, "MB", 260.0)
    yield Figure("day", "growth of the database", grown / 1e6, "MB", None, f"{grown / items / 1000:.1f} kB an item")


def _decided(database: Path) -> int:
    """Return how many entries were decided, of those that came after the baseline."""
    return int(rig.ask(database, "SELECT count(*) FROM entries WHERE state IN ('done', 'unreadable')")[0][0])


def _size(database: Path) -> int:
    """Return the bytes of a database and its journal."""
    journal = database.with_name(database.name + "-wal")
    return sum(path.stat().st_size for path in (database, journal) if path.exists())
