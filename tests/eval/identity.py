"""What identity folds within one feed, on an archive of real items.

    python -m tests.eval.identity [--list] [FOLDER]

Each feed's items are taken one by one in order of publication, as polls would bring them. Printed is how many titles
occur in a feed with more than one link, what became of the later ones, and with --list each of them, to read. The
archive has no guids: the link stands for it, so that only words can make two items one.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from monitor import model
from monitor.feeds import identity
from tests.support.corpora import ARCHIVE

WINDOW = 60
"""Items that a feed lists at once."""

_MARKUP = re.compile(r"<[^>]*>")
_WORDS = re.compile(r"\W+")


@dataclass(frozen=True, slots=True)
class Later:
    """An item whose title another link of the same feed had before."""

    feed: str
    entry: model.Entry
    first: model.Entry
    verdict: str


def read_archive(folder: Path) -> dict[str, list[model.Entry]]:
    """Return the entries of each feed in order of publication."""
    feeds: dict[str, list[model.Entry]] = defaultdict(list)
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                feeds[row["feed"]].append(_entry(row))
    return {feed: sorted(found, key=lambda entry: entry.published or datetime.min) for feed, found in feeds.items()}


def _entry(row: dict[str, str]) -> model.Entry:
    link = row["link"] if "://" in row["link"] else f"https:{row['link']}"
    summary = _MARKUP.sub(" ", row["description"] or "")
    return model.Entry(link, link, row["title"], summary, published=datetime.fromisoformat(row["date_published"]))


def judge_feed(feed: str, items: list[model.Entry]) -> Iterator[Later]:
    """Yield what becomes of each later item of a title."""
    known: list[identity.KnownKeys] = []
    by_key: dict[tuple[str, str], list[identity.KnownKeys]] = defaultdict(list)
    titles: dict[str, model.Entry] = {}
    for entry in items:
        keys = identity.entry_keys(entry)
        hits = list({hit.entry_id: hit for key in keys for hit in by_key[key]}.values())
        decision = identity.decide_entry(entry, hits, keys=keys)
        if isinstance(decision, identity.New):
            own = {kind: frozenset((value,)) for kind, value in keys}
            known.append(identity.KnownKeys(len(known), own, entry.title, entry.summary, entry.published))
            for key in keys:
                by_key[key].append(known[-1])
        title = _WORDS.sub(" ", entry.title.casefold()).strip()
        if title in titles and titles[title].url != entry.url:
            yield Later(feed, entry, titles[title], decision.reason)
        titles.setdefault(title, entry)


def main(arguments: list[str]) -> None:
    """Print the table."""
    folders = [Path(argument) for argument in arguments if not argument.startswith("--")]
    archive = read_archive(folders[0] if folders else ARCHIVE)
    later = [found for feed, items in archive.items() for found in judge_feed(feed, items)]
    titles = {(found.feed, found.first.title) for found in later}
    print(f"{sum(map(len, archive.values())):,} items, {len(archive)} feeds")
    print(f"{len(titles)} titles with more than one link in one feed, {len(later)} later items:")
    for verdict, count in Counter(found.verdict for found in later).most_common():
        print(f"  {count:4}  {verdict}")
    if "--list" in arguments:
        for found in sorted(later, key=lambda found: (found.verdict, found.feed)):
            gap = (found.entry.published - found.first.published).total_seconds() / 3600  # type: ignore[operator]
            print(f"{found.verdict:15} {gap:7.1f} h  {found.entry.title[:70]} | {found.first.url} | {found.entry.url}")


if __name__ == "__main__":
    main(sys.argv[1:])
