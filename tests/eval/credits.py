"""Whom articles credit, on real ones: samples to be read, what was passed over, and the cost.

```
python -m tests.eval.credits sample SET [N] [agency|report]
python -m tests.eval.credits missed SET [N]
python -m tests.eval.credits cost
python -m tests.eval.credits count
```

SET: `archive` (rss-archive-2023: titles and descriptions, English), `saudi` (saudinewsnet-ar: full Arabic texts with
author fields), `jazeera` (aljazeera-ar-palestine: Arabic headlines and first paragraphs), `basil` (story-basil: full
English texts), `hebrew` (hebrew-articles-2019), `posts` (fignews-2024-iaa: posts in five languages), `pages`
(extract-fundus and extract-newspaper4k: full texts in many languages).
`sample` prints detections of a fixed random choice with what stands around them; `missed` prints places where a
newsroom or agency is named in the headline or the lead and was not credited; `count` what it costs to keep the voices
of one story of 10,000 articles, of 300 newsrooms through 100 feeds, 40 in 100 of them copies, on SQLite. Nobody
labelled these sets: a person reads and counts. What was counted stands in docs/stories.md.
"""

from __future__ import annotations

import gzip
import html
import json
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from monitor import text
from monitor.store import database
from monitor.stories import names, reports
from monitor.stories.credits import credits_of
from tests.support import databases
from tests.support.corpora import DATA
from tests.support.newsstand import Newsstand

SEED = 7
_TAG = re.compile(r"<[^>]+>")


class Item(NamedTuple):
    """An article, as `credits_of` takes it."""

    title: str
    body: str
    author: str
    newsroom: str


def _rows(pattern: str) -> Iterator[dict[str, Any]]:
    for path in sorted(DATA.glob(pattern)):
        with gzip.open(path, "rt") as lines:
            for line in lines:
                yield json.loads(line)


def _archive() -> Iterator[Item]:
    for row in _rows("rss-archive-2023/dev/*.jsonl.gz"):
        body = html.unescape(_TAG.sub(" ", row["description"] or ""))
        newsroom = "NBC" if "nbcnews.com" in row["feed"] else row["author"]
        yield Item(row["title"], body, "", newsroom)


def _saudi() -> Iterator[Item]:
    for row in _rows("saudinewsnet-ar/*.jsonl.gz"):
        yield Item(row["title"], row["content"], row["author"], row["source"])


def _jazeera() -> Iterator[Item]:
    for row in _rows("aljazeera-ar-palestine/*.jsonl.gz"):
        yield Item(row["title"], row["excerpt"], "", "Al Jazeera")


def _basil() -> Iterator[Item]:
    papers = {"fox": "Fox News", "nyt": "New York Times", "hpo": "HuffPost"}
    for row in _rows("story-basil/*.jsonl.gz"):
        yield Item(row["title"], "\n".join(row["paragraphs"]), "", papers[row["source"].lower()])


def _hebrew() -> Iterator[Item]:
    for row in _rows("hebrew-articles-2019/*.jsonl.gz"):
        body = "\n".join([row["subtitle"] or "", *row["paragraphs"]])
        yield Item(row["title"], body, row["author"] or "", row["outlet"].title())


def _posts() -> Iterator[Item]:
    for row in _rows("fignews-2024-iaa/*.jsonl.gz"):
        yield Item("", row["text"], "", "")


def _pages() -> Iterator[Item]:
    for row in _rows("extract-fundus/truth.dev.jsonl.gz"):
        body = "\n".join(str(part) for part in row["text_paragraphs"] or ())
        yield Item(row["title"] or "", body, ", ".join(row["authors"] or ()), row["publisher"])
    for path in sorted((DATA / "extract-newspaper4k/txt").glob("*.txt")):
        yield Item("", path.read_text("utf-8", "replace"), "", path.stem)


SETS: dict[str, Callable[[], Iterator[Item]]] = {
    "archive": _archive,
    "saudi": _saudi,
    "jazeera": _jazeera,
    "basil": _basil,
    "hebrew": _hebrew,
    "posts": _posts,
    "pages": _pages,
}


def sample(name: str, most: int, kind: str) -> None:
    """Print detections with what stands around them."""
    items = list(SETS[name]())
    found = [(item, credit) for item in items for credit in credits_of(*item) if credit.startswith(kind)]
    print(f"{name}: {len(items):,} articles, {len(found):,} credits")
    for item, credit in random.Random(SEED).sample(found, min(most, len(found))):
        print(f"\n{credit} | {item.newsroom[:24]} | {item.author[:60]}\n  {item.title[:120]}")
        print("  " + " ... ".join(_around(item, credit.partition(":")[2])))


def _around(item: Item, key: str) -> list[str]:
    """Return the places of a text that name a newsroom, else its beginning and end."""
    words = text.folded_words(item.body)
    found = []
    at = 0
    while at < len(words):
        named = reports._name_at(words, at)
        if named and (named[0].key == key or key in names.SHORT_NAMES):
            found.append(" ".join(words[max(0, at - 10) : named[2] + 10]))
        at = named[2] if named else at + 1
    flat = item.body.replace("\n", " / ")
    return found[:2] or [flat[:200], flat[-120:]]


def missed(name: str, most: int) -> None:
    """Print where a name of no common word stands in headline or lead without being credited."""
    named, found = 0, []
    for item in SETS[name]():
        credited = {credit.partition(":")[2] for credit in credits_of(*item)}
        own = names.newsroom_key(item.newsroom)
        words = text.folded_words(f"{item.title}\n{item.body[: reports.LEAD]}")
        at = 0
        while at < len(words):
            place = reports._name_at(words, at)
            if place and not place[0].common and place[0].key != own:
                named += 1
                if place[0].key not in credited:
                    before, after = words[max(0, at - 9) : at], words[place[2] : place[2] + 7]
                    found.append(f"{place[0].key}: {' '.join(before)} [] {' '.join(after)}")
            at = place[2] if place else at + 1
    print(f"{name}: {named:,} names in headline or lead, {len(found):,} not credited")
    for line in random.Random(SEED).sample(found, min(most, len(found))):
        print(line)


def cost() -> None:
    """Print what an article costs beyond what matching has read of it already, best of three."""
    for name in ("saudi", "basil"):
        spent, words = [], []
        for item in SETS[name]():
            text.folded_words(item.title)
            words.append(len(text.folded_words(item.body)))
            spent.append(min(_seconds(item) for _ in range(3)))
        print(f"{name}: {statistics.mean(words):.0f} words, {1e3 * statistics.mean(spent):.3f} ms an article")


def _seconds(item: Item) -> float:
    begin = time.process_time()
    credits_of(*item)
    return time.process_time() - begin


def count() -> None:
    """Print what an article of a growing story costs in the deciding step, and what it costs to count its voices."""
    with tempfile.TemporaryDirectory() as folder:
        engine = database.open_engine(next(databases.session(Path(folder))).sqlite())
        with engine.begin() as connection:
            _grow(connection)
        engine.dispose()


def _grow(connection: sa.Connection) -> None:
    rng = random.Random(SEED)
    stand = Newsstand(connection)
    through = [stand.feed(f"feed-{n}") for n in range(100)]
    story, known = stand.story(), list[int]()
    for number in range(1, 10_001):
        credited = rng.choices(((), ("agency:reuters",), ("report:axios",)), (65, 30, 5))[0]
        copies = rng.choice(known) if known and rng.random() < 0.4 else None
        known.append(
            stand.puts(story, f"Paper {rng.randrange(300)}", *credited, feed=rng.choice(through), copies=copies)
        )
        if number in (500, 2_000, 10_000):
            begin = time.process_time()
            voices = stand.voices(story)
            counting = 1e3 * (time.process_time() - begin)
            speaking = 1e3 * statistics.mean(stand.spent[-500:])
            print(f"{number:,} articles: {speaking:.2f} ms an article, {counting:.2f} ms to count {len(voices)} voices")


def main(arguments: list[str]) -> int:
    """Run one of the commands above."""
    match arguments:
        case ["cost"]:
            cost()
        case ["count"]:
            count()
        case ["sample", name, *rest] if name in SETS:
            sample(name, int(rest[0]) if rest else 40, rest[1] if len(rest) > 1 else "")
        case ["missed", name, *rest] if name in SETS:
            missed(name, int(rest[0]) if rest else 40)
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    assert Path(DATA).is_dir(), f"the data is not at {DATA}"
    sys.exit(main(sys.argv[1:]))
