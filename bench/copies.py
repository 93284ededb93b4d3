"""Copies: how many of the world's are found, and what sketch, look-up and storing cost beside many stored articles.

A copy counts as found when the article that it is said to copy tells the same story; what is said to copy an article of
another story is false. Hard: half of the copies also lose two fifths of their paragraphs and gain three of another
story, by the same recipe as in any comparison of methods (seeded, so that two runs are the same).
"""

from __future__ import annotations

import ctypes
import gc
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import copies_stream
from bench.copies_stream import Placed, Stream, Told
from bench.figures import Figure
from bench.newsworld import Size, World
from monitor import text
from monitor.stories import sketch

FEEDS, ENTRIES, COPIES = 150, 20, 0.3
SEED = 3
KEPT, FOREIGN = 0.6, 3
"""Share of a hard copy's paragraphs that stay, and paragraphs of another story behind them."""
STORED = (10_000, 100_000)
WARM, MEASURED, TOGETHER = 200, 1000, 10
"""Articles before those that are measured, those, and how many share a commit."""


def copies(stored: Sequence[int] = STORED) -> Iterator[Figure]:
    """Quality on the world, then the cost beside so many stored articles."""
    for hard, least in ((False, (0.99, 0.99)), (True, (0.92, 0.98))):
        told, stories = make_world(hard)
        recall, precision, count = quality(told, stories)
        name = "hard edits" if hard else "brief edits"
        yield Figure("copies", f"{name}: copies found", recall, "", least[0], f"of {count}", least=True)
        yield Figure("copies", f"{name}: copies that are some", precision, "", least[1], least=True)
    before: dict[str, float] = {}
    for number in stored:
        cost = _alone(number)
        total = cost["sketch_ms"] + cost["decide_ms"]
        note = f"sketch {cost['sketch_ms']:.3f}, look-up and storing {cost['decide_ms']:.3f}"
        yield Figure("copies", f"{number:,} stored: CPU an article", total, "ms", 0.8, note)
        yield Figure("copies", f"{number:,} stored: memory", cost["mb"], "MB", 20.0)
        yield Figure("copies", f"{number:,} stored: disk an article", cost["kb"], "kB", 1.5)
        if before:
            ratio = total / (before["sketch_ms"] + before["decide_ms"])
            yield Figure("copies", f"{number:,} stored: CPU against {int(before['stored']):,}", ratio, "x", 1.3)
        before = {**cost, "stored": number}


def make_world(hard: bool, seed: int = SEED, feeds: int = FEEDS) -> tuple[list[Told], list[str]]:
    """Return the world's articles, one of each feed in turn, and what names the story of each."""
    news = World(Size(feeds=feeds, entries=ENTRIES, copies=COPIES), seed)
    told, stories = [], []
    for number in range(ENTRIES):
        for feed in range(feeds):
            article, story = news.article(feed, number), news.key(feed, number)
            body = article.text
            if hard and article.edited and (feed + number) % 2:
                body = _harder(body, news, random.Random(f"{seed}/hard/{feed}/{number}"), f"{feed}-{number}")
            told.append(Told(f"Newsroom {feed}", article.story.headline, body))
            stories.append(story)
    return told, stories


def _harder(body: str, news: World, rng: random.Random, name: str) -> str:
    kept = [paragraph for paragraph in body.split("\n") if rng.random() < KEPT]
    return "\n".join([*kept, *news.paragraphs(f"foreign {name}", FOREIGN)])


def quality(told: list[Told], stories: list[str]) -> tuple[float, float, int]:
    """Return recall, precision, and how many articles are copies of an earlier one."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as folder:
        stream = Stream(f"sqlite:///{folder}/copies.db")
        placed = [stream.place(one) for one in told]
        stream.close()
    said = [(place, one.copy.article_id - 1) for place, one in enumerate(placed) if one.copy]
    right = sum(stories[copy] == stories[original] for copy, original in said)
    count = len(stories) - len(set(stories))
    return right / count, right / max(1, len(said)), count


def _alone(stored: int) -> dict[str, float]:
    """Return what `measure` says in a fresh process."""
    code = f"import json; from bench import copies; print(json.dumps(copies.measure({stored})))"
    said = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True).stdout
    told: dict[str, float] = json.loads(said.splitlines()[-1])
    return told


def measure(stored: int) -> dict[str, float]:
    """Return milliseconds of CPU an article, MB that this process grew by, kB on disk of each stored article."""
    told, _ = make_world(hard=False, feeds=(WARM + MEASURED) // ENTRIES)
    made = [sketch.sketch_of(text.folded_words(one.body)) for one in told]
    sizes = [(len(one.hashes), len(one.digest) // 2, one.size) for one in made]
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as folder:
        filled, bare = _filled(Path(folder), stored, sizes, False), _filled(Path(folder), stored, sizes, True)
        kb = (filled.stat().st_size - bare.stat().st_size) / stored / 1024
        bare.unlink()
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)  # growth would hide in what others gave back
        before = _rss()
        stream = Stream(f"sqlite:///{filled}")
        placed, committing = _timed(stream, told)
        grown = _rss() - before
        stream.close()
    return {
        "sketch_ms": 1000 * statistics.fmean(one.sketching for one in placed),
        "decide_ms": 1000 * (statistics.fmean(one.deciding for one in placed) + committing),
        "mb": grown,
        "kb": kb,
    }


def _filled(folder: Path, stored: int, sizes: list[tuple[int, int, int]], bare: bool) -> Path:
    path = folder / ("bare.db" if bare else "copies.db")
    Stream(f"sqlite:///{path}").close()
    copies_stream.fill(path, stored, sizes, bare)
    return path


def _timed(stream: Stream, told: list[Told]) -> tuple[list[Placed], float]:
    """Place the articles; return those after WARM, and the CPU seconds of the commits for each of them."""
    placed: list[Placed] = []
    committing = 0.0
    for number, one in enumerate(told):
        placed.append(stream.place(one))
        if number % TOGETHER == TOGETHER - 1:
            began = time.thread_time()
            stream.connection.commit()
            committing += (time.thread_time() - began) * (number >= WARM)
    return placed[WARM:], committing / len(placed[WARM:])


def _rss() -> float:
    """Return the resident memory of this process, MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("VmRSS:"))
