"""Real, labelled items: precision and recall of the shipped packs, by set and language.

```
python -m tests.eval.real_items [--pack P] [--misses] [--part dev|check] [--rules DIR]
```

Labels stand in `tests/eval/labels/*.tsv`, a line an item: SET<TAB>ID<TAB>PACKS (comma-separated, `-` for none). The
texts belong to their publishers and stay outside the repository, in `../shared/data`; an id is the first 12 hex digits
of the SHA-1 of what names an item in its set (`SETS`). Items whose id ends in 0-7 are `dev`, to work on; the others are
`check`.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from monitor import model
from monitor.articles import language
from monitor.cli import rules_measure
from monitor.feeds import plain
from monitor.rules import corpus
from tests.eval import labelled
from tests.eval.packs import RULES, load_sound
from tests.support.corpora import DATA

ROOT = Path(__file__).resolve().parents[2]
LABELS = ROOT / "tests" / "eval" / "labels"
PARTS = {"dev": frozenset("01234567"), "check": frozenset("89abcdef")}
LONGEST_TITLE = 1000

Row = Mapping[str, Any]
Key = tuple[str, str]
"""Set and id."""


@dataclass(frozen=True, slots=True)
class Set_:
    """A set of items: its files, what names an item, and how an item becomes an article."""

    files: str
    name: Callable[[Row], str]
    article: Callable[[Row], model.Article]


def _article(title: str, text: str, lang: str | None, date: str | None) -> model.Article:
    """Return an article as the monitor would read it: plain text, and the language as it would be detected."""
    title, text = plain.plain_title(title, LONGEST_TITLE), plain.plain_text(text)
    published = _moment(date) if date else None
    detected = language.detect_language(title, text, lang)
    return model.Article(title, text, detected, published=published, first_seen=published)


def _moment(date: str) -> datetime:
    """Return the time that a set writes in one of its ways: ISO, `30.05.19`, `30.05.2019`, `10/31/2023`."""
    if re.match(r"\d{4}-", date):
        found = datetime.fromisoformat(date)
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    day, month, year = map(int, re.split("[./]", date.strip()))
    if "/" in date:
        day, month = month, day
    return datetime(2000 + year % 100, month, day, tzinfo=UTC)


def _rss(row: Row) -> model.Article:
    return _article(row["title"], row["description"] or "", row.get("language"), row["date_published"])


def _fignews(row: Row) -> model.Article:
    codes = {"Arabic": "ar", "English": "en", "French": "fr", "Hebrew": "he", "Hindi": "hi"}
    return _article("", row["text"], codes[row["source_language"]], None)


def _hebrew_article(row: Row) -> model.Article:
    text = "\n\n".join(part for part in (row["subtitle"], *row["paragraphs"]) if part)
    return _article(row["title"], text, "he", row["date"])


SETS: Mapping[str, Set_] = {
    "rss-archive-2023": Set_("dev/*.jsonl.gz", lambda row: row["link"], _rss),
    "rss-archive-2025-02-05": Set_("sample.jsonl.gz", lambda row: row["link"], _rss),
    "aljazeera-ar-palestine": Set_(
        "dev.jsonl.gz",
        lambda row: row["link"],
        lambda row: _article(row["title"], row["excerpt"] or "", "ar", row["date"]),
    ),
    "fignews-2024-iaa": Set_(
        "dev.jsonl.gz", lambda row: f"{row['batch']}/{row['source_language']}/{row['id']}", _fignews
    ),
    "hebrew-headlines-2014": Set_(
        "dev.jsonl.gz",
        lambda row: f"{row['first_seen']}/{row['outlet']}/{row['headline']}",
        lambda row: _article(row["headline"], "", "he", row["date"]),
    ),
    "hebrew-articles-2019": Set_("dev.jsonl.gz", lambda row: row["title"], _hebrew_article),
    "mediacloud-gaza-2023": Set_(
        "dev.jsonl.gz",
        lambda row: row["url"],
        lambda row: _article(row["title"], "", row["language"], row["date"]),
    ),
}


def id_of(name: str) -> str:
    """Return the id of an item."""
    return hashlib.sha1(name.encode()).hexdigest()[:12]


def part_of(id_: str) -> str:
    """Return `dev` or `check`."""
    return next(part for part, digits in PARTS.items() if id_[-1] in digits)


def load_labels(folder: Path = LABELS) -> dict[Key, frozenset[str]]:
    """Return (set, id) -> packs that must alert. Raises: ValueError with file and line."""
    found: dict[Key, frozenset[str]] = {}
    for path in sorted(folder.glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            cells = line.split("\t")
            if line.startswith("#") or not line.strip():
                continue
            if len(cells) != 3 or cells[0] not in SETS:
                raise ValueError(f"{path}:{number}: write SET<TAB>ID<TAB>PACKS; a set is one of {', '.join(SETS)}")
            packs = frozenset() if cells[2] == "-" else frozenset(cells[2].split(","))
            if found.setdefault((cells[0], cells[1]), packs) != packs:
                raise ValueError(f"{path}:{number}: {cells[0]} {cells[1]} has another label elsewhere")
    return found


def load_articles(wanted: Iterable[Key], data: Path = DATA) -> dict[Key, model.Article]:
    """Return the articles of `wanted`, as far as the data folder holds them."""
    keys, found = set(wanted), {}
    for name in sorted({set_ for set_, _ in keys}):
        for row in read_rows(data / name, SETS[name].files):
            key = (name, id_of(SETS[name].name(row)))
            if key in keys and key not in found:
                found[key] = SETS[name].article(row)
    return found


def read_rows(folder: Path, files: str) -> Iterator[Row]:
    """Yield the items of a set: `files` is a pattern below `folder`."""
    for path in sorted(folder.glob(files)):
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            yield from map(json.loads, stream)


def load_cases(part: str | None = None) -> tuple[corpus.Case, ...]:
    """Return the labelled items of a part, or of both; the tier of a case is its set."""
    labels = {key: packs for key, packs in load_labels().items() if part in (None, part_of(key[1]))}
    articles = load_articles(labels)
    absent = len(labels.keys() - articles.keys())
    if absent:
        print(f"{absent} labelled items are not in {DATA}", file=sys.stderr)
    return tuple(
        corpus.Case(id_, name, articles[name, id_], labels[name, id_])
        for name, id_ in labels
        if (name, id_) in articles
    )


def main() -> None:
    """Read the arguments, judge the items, print a table a pack."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.real_items", description=__doc__.splitlines()[0])
    parser.add_argument("--pack", help="this pack only")
    parser.add_argument("--part", choices=list(PARTS), help="items to work on, or items to check with")
    parser.add_argument("--misses", action="store_true", help="also list every item that came out wrong")
    parser.add_argument("--rules", type=Path, default=RULES)
    given = parser.parse_args()
    rules = load_sound(given.rules)
    outcomes = labelled.run_cases(rules, load_cases(given.part))
    for pack in [pack for pack in rules.packs if given.pack in (None, pack)]:
        rules_measure.print_scores(pack, outcomes)
        if given.misses:
            rules_measure.print_wrong(pack, outcomes)


if __name__ == "__main__":
    main()
