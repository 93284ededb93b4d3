"""How long news takes from its publication to a mailbox and a webhook, while many feeds are polled.

The real daemon polls the world's feeds every minute, one entry a second is published in one of them, and a pack that
wants everything tells of each. Measured is from the publication to the moment the receiver has the message: the wait
for the next poll, the page, the decision, the outbox and the sending. Once with a message for each alert (through the
tests' entry point, which leaves storms out: their messages leave once a minute), once grouped, as a desk may have it.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import rig
from bench.figures import Figure, percentile

FEEDS, ENTRIES, SECONDS = 1000, 2, 120
EVERY = 60
SLACK = {"": 2.0, "group": 62.0}
"""Seconds beyond the poll interval that are wanted at most, with a message each and grouped."""
PACK = "format: 1\npack: world\nrules:\n  - {id: all, query: 're:/[a-z]{4}/'}\n"
CHANNELS = """\
[channels.mail]
url = "mailto://127.0.0.1:{smtp}/?from=wirewatch@desk.test&to=desk@desk.test"
{group}
"""


def delivery(feeds: int = FEEDS, seconds: int = SECONDS) -> Iterator[Figure]:
    """Percentiles of the time from publication to arrival, by channel, without and with grouping."""
    for kind, slack in SLACK.items():
        published, arrived = _run(feeds, seconds, kind)
        for channel, name in (("smtp", "mail"), ("monitor", "webhook")):
            took = sorted(at - published[entry] for entry, at in arrived[channel].items() if entry in published)
            how = "grouped by the minute" if kind else "a message each"
            told = f"{len(took)} of {len(published)} told, polled every {EVERY} s"
            note = f"p50 {percentile(took, 0.5):.1f}, max {took[-1]:.1f}; {told}"
            yield Figure(
                "delivery", f"{feeds:,} feeds, {how}, {name}: p95", percentile(took, 0.95), "s", EVERY + slack, note
            )


def _run(feeds: int, seconds: int, kind: str) -> tuple[dict[str, float], dict[str, dict[str, float]]]:
    """Return when entries were published, and by channel when their first message arrived."""
    smtp = rig.free_port()
    more = ["--smtp-port", str(smtp), "--hosts", "100"]
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, rig.served(feeds, ENTRIES, more=more) as site:
        setting = rig.Setting(every=EVERY, backfill=0, more=f'min_every = "{EVERY}s"')
        config = rig.prepare(Path(name), site, site.ask("feeds.json"), setting)
        _write(config, smtp, kind)
        database = config.parent / "world.db"
        with _daemon(config, storms=bool(kind)):
            rig.until(lambda: _polled(database) >= feeds, 900.0, every=2.0)
            published = _publish(site, feeds, seconds)
            time.sleep(EVERY + SLACK[kind] + 15)
            return published, _first(site.ask("messages"))


def _write(config: Path, smtp: int, kind: str) -> None:
    """Give the world's configuration a mail channel, grouping, and a pack that wants everything."""
    group = 'group = "60s"' if kind else ""
    text = config.read_text("utf-8").replace('default_route = ["hook"]', 'default_route = ["hook", "mail"]')
    text = text.replace('min_every = "1s"\n', "")
    text = text.replace('rate = "100000 per 1m"', group)
    config.write_text(text.replace("[web]", CHANNELS.format(smtp=smtp, group=group) + "\n[web]"), "utf-8")
    (config.parent / "rules" / "packs" / "world.yaml").write_text(PACK, "utf-8")


@contextlib.contextmanager
def _daemon(config: Path, storms: bool) -> Iterator[None]:
    command = ["-m", "monitor", "run", "--quiet"] if storms else ["-m", "tests.support.entry", "--no-storm", "run"]
    with (config.parent / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, *command, "--config", str(config)], stderr=log, stdout=log)
        try:
            yield
            if process.poll() is not None:
                sys.exit("the monitor ended:\n" + (config.parent / "log").read_text("utf-8")[-2000:])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def _polled(database: Path) -> int:
    if not database.exists():
        return 0
    with contextlib.suppress(Exception):
        return int(rig.ask(database, "SELECT count(*) FROM feeds WHERE baselined_at IS NOT NULL")[0][0])
    return 0


def _publish(site: rig.Site, feeds: int, seconds: int) -> dict[str, float]:
    """Publish one entry a second, and return when each was: `feed-number`, as its page is called."""
    draw, published, counts = random.Random(5), {}, dict[int, int]()
    for _ in range(seconds):
        feed = draw.randrange(feeds)
        number = counts.get(feed, ENTRIES)
        counts[feed] = number + 1
        site.ask(f"publish?feed={feed}", "POST")
        published[f"{feed}-{number}"] = time.time()
        time.sleep(1)
    return published


def _first(messages: list[Any]) -> dict[str, dict[str, float]]:
    found: dict[str, dict[str, float]] = {"smtp": {}, "monitor": {}}
    for channel, at, names in messages:
        for name in names:
            found[channel].setdefault(name, at)
    return found
