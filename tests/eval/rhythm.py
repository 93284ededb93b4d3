"""Real publication times: what the rules of `feeds.rhythm` and `feeds.pace` cost and bring.

```
python -m tests.eval.rhythm pace|silence|language
```

`pace`: polls of each feed a day and the delay of its entries, under the product's rule and under fixed waits.
`silence`: how often feeds that were well would have been called stale, and after how long one that ends is.
`language`: how often a listing is taken for another language. On `../shared/data/rss-archive-2023`: 37 feeds over
twelve days of October 2023; two days are missing at its source and are cut out of the time line. No network, about half
a minute each.
"""

from __future__ import annotations

import bisect
import collections
import gzip
import itertools
import json
import random
import statistics
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from monitor import model
from monitor.articles import spoken
from monitor.feeds import pace, plain, rhythm
from tests.support.corpora import ARCHIVE

BEGIN = datetime(2023, 10, 8, tzinfo=UTC).timestamp()
DAY = 86_400.0
MISSING = frozenset((2, 10))
"""Days that are absent at the source."""
THIN = 11
"""A day that is absent for some feeds only."""
SETTINGS = pace.PaceSettings(every=600, min_every=60)
FIXED = (60.0, 120.0, 180.0, 300.0, 366.0, 600.0)


def rows() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each item with its day."""
    for path in sorted(ARCHIVE.glob("*.jsonl.gz")):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                yield path.name, json.loads(line)


def load_times() -> dict[str, list[float]]:
    """Return the publication times of each feed, sorted, without the days that are missing."""
    found: dict[str, list[float]] = collections.defaultdict(list)
    for _, row in rows():
        found[row["feed"]].append(datetime.fromisoformat(row["date_published"]).timestamp())
    return {feed: _without_holes(sorted(times)) for feed, times in found.items()}


def _without_holes(times: list[float]) -> list[float]:
    per_day = collections.Counter(int((moment - BEGIN) // DAY) for moment in times)
    first = min(day for day in per_day if day >= 0)
    present = [day for day in range(first, 14) if day not in MISSING and not (day == THIN and not per_day[THIN])]
    shift = {day: (day - place) * DAY for place, day in enumerate(present)}
    return [moment - shift[day] for moment in times if (day := int((moment - BEGIN) // DAY)) in shift]


def poll(times: list[float], fixed: float | None, seed: int = 1) -> tuple[float, list[float]]:
    """Return polls a day and the delay of each entry in seconds, from the second day on."""
    draw = random.Random(seed).random
    start = (times[0] // DAY) * DAY
    now, end, warm = start, (times[-1] // DAY + 1) * DAY, start + DAY
    polls, seen, delays = 0, 0, []
    feed = model.Feed(1, "x", "https://x.example/", "X", "X", every=fixed or SETTINGS.every)
    arrivals: tuple[float, ...] = ()
    while now < end:
        upto = bisect.bisect_right(times, now)
        came = times[seen:upto]
        if now > warm:
            polls += 1
            delays += [now - moment for moment in came]
        if came and fixed is None:
            arrivals = rhythm.learn(rhythm.Rhythm(arrivals), came, now).arrivals
        seen = upto
        here = datetime.fromtimestamp(now, UTC)
        polled = model.Feed(
            1, "x", feed.url, "X", "X", every=feed.every, arrivals=arrivals, due=here, polled_at=here - timedelta(1)
        )
        due, _ = pace.next_check(polled, model.HttpInfo(200), here, SETTINGS, draw)
        now = due.timestamp()
    return polls / ((end - warm) / DAY), delays


def show_pace() -> None:
    """Print a line for the product's rule and for each fixed wait."""
    feeds = load_times()
    for name, fixed in (("rhythm", None), *((f"every {wait:.0f} s", wait) for wait in FIXED)):
        done = [poll(times, fixed) for times in feeds.values()]
        delays = sorted(delay for _, own in done for delay in own)
        print(
            f"{name:12} polls a feed and day {statistics.mean(polls for polls, _ in done):6.0f}   "
            f"delay: median {statistics.median(delays):4.0f} s, mean {statistics.mean(delays):4.0f} s, "
            f"nine in ten {delays[len(delays) * 9 // 10]:4.0f} s"
        )


def silences(times: list[float]) -> tuple[int, float, float]:
    """Return false alarms, days watched, and the silence in hours after which the feed's end would be told."""
    known, alarms = rhythm.Rhythm(), 0
    for earlier, later in itertools.pairwise(times):
        known = rhythm.learn(known, [earlier], earlier)
        allowed = rhythm.tolerance(known, young=earlier - times[0] < rhythm.YOUNG)
        alarms += later - earlier > allowed
    watched = times[-1] - times[0]
    return alarms, watched / DAY, rhythm.tolerance(known, young=watched < rhythm.YOUNG) / 3600


def show_silence() -> None:
    """Print how many false alarms there were, and how long the end of a feed goes untold."""
    found = [silences(times) for times in load_times().values()]
    ends = sorted(hours for _, _, hours in found)
    print(
        f"{sum(alarms for alarms, _, _ in found)} false alarms in {sum(days for _, days, _ in found):.0f} days of "
        f"{len(found)} feeds; the end of a feed is told after {statistics.median(ends):.0f} h (median), "
        f"{ends[len(ends) * 9 // 10]:.0f} h (nine in ten)"
    )


def show_language() -> None:
    """Print how often 20 items in a row of one feed are taken for another language than its first clear listing."""
    listings: dict[str, dict[str, list[str]]] = collections.defaultdict(lambda: collections.defaultdict(list))
    declared: dict[str, str | None] = {}
    for day, row in rows():
        text = f"{plain.plain_title(row['title'], 500)}. {plain.plain_text(row['description'] or '')[:500]}"
        listings[row["feed"]][day].append(text)
        declared[row["feed"]] = (row["language"] or "")[:2].lower() or None
    for said in (False, True):
        seen = [_spoken(days, declared[feed] if said else None) for feed, days in listings.items()]
        clear, other = sum(one for one, _ in seen), sum(two for _, two in seen)
        print(f"{'declared' if said else 'undeclared'}: {clear} clear listings, {other} taken for another language")


def _spoken(days: dict[str, list[str]], declared: str | None) -> tuple[int, int]:
    parts = (texts[start : start + 20] for texts in days.values() for start in range(0, len(texts), 20))
    found = [lang for part in parts if (lang := spoken.spoken_language(part, declared))]
    return len(found), sum(lang != found[0] for lang in found)


if __name__ == "__main__":
    {"pace": show_pace, "silence": show_silence, "language": show_language}[sys.argv[1]]()
