"""An ordinary day: a real stream of news through the whole decision chain, with the shipped packs.

```
python -m tests.eval.day_decisions [--set rss-archive-2023|rss-archive-2025-02-05] [--days N] [--sample 100] [--seed N]
```

Items are judged by `monitor.replay`, that is by the daemon's own deciding step, in the order of their dates. What is
printed, in all and a day: articles, matches (an article and a pack), stories among all articles, and what became of
the matches. `--sample N` prints N of the decisions about matches, drawn with a seed and in the order of time, for a
person to read: headline, newsroom, pack, decision, reason, and for one that was folded the headline it was folded into.

The texts are titles and descriptions: the archive has no pages. They belong to their publishers and stay outside the
repository, in `../shared/data`.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from monitor import model, replay
from monitor.cli import common
from monitor.feeds import plain
from monitor.rules.compile import RuleSet
from monitor.store.story_views import Made
from tests.eval.packs import RULES, load_sound
from tests.eval.real_items import SETS, read_rows
from tests.support.corpora import DATA

PARTED = {"feeds.a.dj.com": "Wall Street Journal", "moxie.foxnews.com": "Fox News"}
"""Newsrooms whose feeds' hosts do not name them."""
_FURNITURE = frozenset({"www", "feeds", "feed", "rss", "co", "com", "uk", "net", "org", "ca", "pl", "eu", "en", "fr"})


@dataclass(frozen=True, slots=True)
class Told:
    """One decision about a match as it stands in the end, with what a reader of a sample wants to know."""

    row: replay.Row
    made: Made
    story: str
    duplicate_of: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """What a stream came to."""

    articles: int
    duplicates: int
    stories: int
    """Among all articles, matched or not."""
    matched: int
    """Articles that a live rule of any pack matched."""
    told: tuple[Told, ...]
    seconds: float
    rows: Mapping[str, replay.Row]

    def by_reason(self) -> Counter[tuple[str, str]]:
        """Return how often each (outcome, reason) was decided."""
        return Counter((one.made.outcome, one.made.reason) for one in self.told)


def newsroom_of(feed: str) -> str:
    """Return the newsroom of a feed's address: `bbci` for every feed of one, as a feed list would say it."""
    host = urlsplit(feed).hostname or feed
    named = [part for part in host.split(".") if part not in _FURNITURE]
    return PARTED.get(host, named[-1] if named else host)


def load_rows(name: str, days: int | None = None) -> list[replay.Row]:
    """Return the items of a set as lines of a replay, in the order of their dates; `days`: the first ones only."""
    found = [_row(row) for row in read_rows(DATA / name, SETS[name].files)]
    found.sort(key=lambda row: (row.published or datetime.max.replace(tzinfo=UTC), row.id))
    if days is None:
        return found
    known = sorted({row.published.date() for row in found if row.published})[:days]
    return [row for row in found if row.published and row.published.date() in known]


def _row(row: Mapping[str, str]) -> replay.Row:
    published = datetime.fromisoformat(row["date_published"])
    return replay.Row(
        id=row["link"],
        title=plain.plain_title(row["title"], 1000),
        text=plain.plain_text(row["description"] or ""),
        url=row["link"],
        source=newsroom_of(row["feed"]),
        published=published if published.tzinfo else published.replace(tzinfo=UTC),
    )


def run(rules: RuleSet, rows: Iterable[replay.Row]) -> Day:
    """Judge rows in order, each knowing those before it."""
    judge, began = replay.Replay(rules), time.process_time()
    kept: dict[str, replay.Row] = {}
    copies: dict[str, str | None] = {}
    matched = 0
    for row in rows:
        done = judge.judge(row)
        kept[row.id], copies[row.id] = row, done.duplicate_of
        matched += bool(done.packs)
    seconds = time.process_time() - began
    told = [Told(kept[one.id], one.made, one.story, copies[one.id]) for one in judge.standing()]
    stories = len(set(judge.stories().values()))
    judge.close()
    duplicates = sum(of is not None for of in copies.values())
    return Day(len(kept), duplicates, stories, matched, tuple(told), seconds, kept)


def print_day(day: Day) -> None:
    """Print the figures, in all and a day."""
    days = len({row.published.date() for row in day.rows.values() if row.published}) or 1

    def line(name: str, count: int) -> None:
        print(f"{name:<44}{count:>8,}{count / days:>10.1f}")

    print(f"{'':<44}{'in all':>8}{'a day':>10}   ({days} days, {day.seconds:.0f} s of processor time)")
    line("articles", day.articles)
    line("copies of earlier ones", day.duplicates)
    line("stories", day.stories)
    line("articles that a pack matched", day.matched)
    line("decisions about them", len(day.told))
    for (outcome, reason), count in sorted(day.by_reason().items(), key=lambda found: (_rank(found[0][0]), -found[1])):
        line(f"  {outcome}: {reason}", count)
    for pack in sorted({one.made.pack for one in day.told}):
        own = Counter(one.made.outcome for one in day.told if one.made.pack == pack)
        stories = {one.story for one in day.told if one.made.pack == pack}
        parts = ", ".join(f"{outcome} {own[outcome]}" for outcome in sorted(own, key=_rank))
        print(f"{pack}: {parts}; {len(stories)} stories")


def _rank(outcome: str) -> int:
    return list(model.Outcome).index(model.Outcome(outcome))


def sample(day: Day, size: int, seed: int) -> Iterator[str]:
    """Yield decisions about matches as text, drawn evenly from all of them, in the order of time."""
    first: dict[tuple[str, str], Told] = {}
    for one in day.told:
        if one.made.alert_id is not None:
            first.setdefault((one.made.pack, one.story), one)
    places = sorted(random.Random(seed).sample(range(len(day.told)), min(size, len(day.told))))
    for number, place in enumerate(places, start=1):
        one = day.told[place]
        yield f"{number}. {_item(one.row)}\n   {one.row.text[:300]}"
        detail = json.dumps(dict(one.made.detail or {}), ensure_ascii=False, default=str)
        yield f"   {one.made.pack}: {one.made.outcome}, {one.made.reason} {detail} [{one.story}]"
        if one.duplicate_of is not None:
            yield f"   copy of: {_item(day.rows[one.duplicate_of])}"
        told = first.get((one.made.pack, one.story))
        if told is not None and told is not one:
            yield f"   told before: {_item(told.row)}\n   {told.row.text[:200]}"


def _item(row: replay.Row) -> str:
    return f"{row.published:%m-%d %H:%M} {row.source}: {row.title}"


def main() -> None:
    """Read the arguments, judge the items, print figures and sample."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.day_decisions", description=__doc__.splitlines()[0])
    parser.add_argument("--set", default="rss-archive-2023", choices=["rss-archive-2023", "rss-archive-2025-02-05"])
    parser.add_argument("--days", type=int, help="the first days only")
    parser.add_argument("--sample", type=int, default=0, help="decisions to print")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rules", type=Path, default=RULES)
    given = parser.parse_args()
    common.quiet_logs(verbose=False)
    day = run(load_sound(given.rules), load_rows(given.set, given.days))
    print_day(day)
    for text in sample(day, given.sample, given.seed):
        print(text)


if __name__ == "__main__":
    main()
