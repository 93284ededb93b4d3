"""The monitor on a simulated world: what it finds, CPU per new article and memory, beside others in the same run.

The real command reads 50 feeds of 20 entries under 300 rules and tells a webhook what it finds, once as it ships and
once with `prefilter`; the naive monitor and the floor do the same on the same world, `reader` polls the feeds.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from bench import measure, peers, rig
from bench.figures import Figure

FEEDS, ENTRIES = 50, 20
TARGETS = {"cpu_ms_per_article": 14.0, "filtered_cpu_ms_per_article": 6.0, "pss_peak_mb": 260.0}
PREFILTER = "prefilter = true"

Pairs = set[tuple[str, int]]
"""(article, topic) pairs that matched."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What one run gave; memory in MB of 10**6 bytes over all processes; None: not measured."""

    planted: int
    found: int
    missed: int
    invented: int
    told: int
    filtered_found: int
    filtered_invented: int
    naive_found: int
    floor_found: int
    cpu_ms_per_article: float
    filtered_cpu_ms_per_article: float
    naive_cpu_ms_per_article: float
    floor_cpu_ms_per_article: float
    reader_cpu_ms_per_entry: float | None
    wall_s: float
    naive_wall_s: float
    floor_wall_s: float
    startup_cpu_s: float
    pss_peak_mb: float
    filtered_pss_peak_mb: float
    naive_pss_peak_mb: float
    floor_pss_peak_mb: float


def run(reader: peers.Peer | None) -> Figures:
    """Run everything once, in folders and processes of its own."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name, rig.served(FEEDS) as site:
        folder = Path(name)
        base = start(folder / "start", site)
        monitor, pairs = read_world(folder / "monitor", site)
        told = {name for channel, _, names in site.ask("messages") if channel == "monitor" for name in names}
        filtered, filtered_pairs = read_world(folder / "filtered", site, PREFILTER)
        naive, floor = peers.naive(folder, site), peers.floor(folder, site)
        polled = reader(folder, site) if reader else None
        truth = {(article, topic) for article, topic in site.ask("truth.json")}
        naive_pairs, floor_pairs = hits(folder / "naive.db"), hits(folder / "floor.db")
    articles = FEEDS * ENTRIES
    return Figures(
        planted=len(truth),
        found=len(pairs & truth),
        missed=len(truth - pairs),
        invented=len(pairs - truth),
        told=len(told),
        filtered_found=len(filtered_pairs & truth),
        filtered_invented=len(filtered_pairs - truth),
        naive_found=len(naive_pairs & truth),
        floor_found=len(floor_pairs & truth),
        cpu_ms_per_article=1000 * (monitor.cpu_s - base.cpu_s) / articles,
        filtered_cpu_ms_per_article=1000 * (filtered.cpu_s - base.cpu_s) / articles,
        naive_cpu_ms_per_article=1000 * naive.cpu_s / articles,
        floor_cpu_ms_per_article=1000 * floor.cpu_s / articles,
        reader_cpu_ms_per_entry=1000 * polled.cpu_s / articles if polled else None,
        wall_s=monitor.wall_s,
        naive_wall_s=naive.wall_s,
        floor_wall_s=floor.wall_s,
        startup_cpu_s=base.cpu_s,
        pss_peak_mb=monitor.pss_peak_mb,
        filtered_pss_peak_mb=filtered.pss_peak_mb,
        naive_pss_peak_mb=naive.pss_peak_mb,
        floor_pss_peak_mb=floor.pss_peak_mb,
    )


def start(folder: Path, site: rig.Site) -> measure.Cost:
    """Return what a pass costs that has the rules, the channel and a new database, and no feed."""
    folder.mkdir()
    return rig.once(rig.prepare(folder, site, []))


def read_world(folder: Path, site: rig.Site, more: str = "") -> tuple[measure.Cost, Pairs]:
    """Read a whole world once, with further lines of `[polling]`; return the cost and what matched."""
    folder.mkdir()
    cost = rig.once(rig.prepare(folder, site, site.ask("feeds.json"), rig.Setting(more=more)))
    articles = rig.count(folder / "world.db")
    assert articles == FEEDS * ENTRIES, f"{articles} articles were read, not {FEEDS * ENTRIES}"
    query = (
        "SELECT articles.url, matches.rule FROM matches JOIN revisions ON revisions.id = matches.revision_id"
        " JOIN articles ON articles.id = revisions.article_id"
    )
    return cost, {(rig.name_of(url), int(rule[1:])) for url, rule in rig.ask(folder / "world.db", query)}


def hits(database: Path) -> Pairs:
    """Return what a peer found."""
    return {(rig.name_of(url), rule) for url, rule in rig.ask(database, "SELECT url, rule FROM hit")}


def main(repeat: int, as_json: bool) -> None:
    """Run `repeat` times and print the medians."""
    with peers.reader_installed() as reader:
        runs = [asdict(run(reader)) for _ in range(repeat)]
    if as_json:
        print(json.dumps({"median": {name: _median(runs, name) for name in runs[0]}, "runs": runs}))
        return
    for figure in _figures(runs):
        print(figure)


def _median(runs: list[dict[str, float | None]], name: str) -> float | None:
    values = [value for one in runs if (value := one[name]) is not None]
    return statistics.median(values) if values else None


def _figures(runs: list[dict[str, float | None]]) -> Iterator[Figure]:
    for name in runs[0]:
        middle = _median(runs, name)
        if middle is not None:
            spread = ", ".join(f"{one[name]:.4g}" for one in runs if one[name] is not None)
            yield Figure("world", name, middle, "", TARGETS.get(name), f"({spread})")
