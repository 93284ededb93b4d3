"""A database with fourteen days of real news, as the daemon would have filled it, for `wirewatch backtest`.

```
python -m tests.eval.backtest_2023 FOLDER [--rules DIR]
wirewatch backtest --config FOLDER/config.toml --rules EDITED --pack us_aid --since 10000d
```

The items of `../shared/data/rss-archive-2023` (titles and descriptions, 8 to 21 October 2023) are read, matched, put
into stories and decided in the order in which they came out, by the functions of the daemon, with `now` their date.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from monitor import replay, text
from monitor.feeds import plain
from monitor.rules import live, load
from monitor.store import database, migrate, rulesets
from tests.support.corpora import ARCHIVE

LONGEST_TITLE = 1000
CONFIG = """[monitor]
database = "sqlite:///archive.db"
rules = "{rules}"

[[feeds]]
url = "https://feeds.example.org/rss"
name = "Example"
"""


def rows() -> Iterator[replay.Row]:
    """Yield the items by date, as articles."""
    found = []
    for path in sorted(ARCHIVE.glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            found += [json.loads(line) for line in lines]
    for item in sorted(found, key=lambda item: (item["date_published"], item["link"])):
        line = {
            "id": item["link"],
            "title": plain.plain_title(item["title"] or "", LONGEST_TITLE),
            "text": plain.plain_text(item["description"] or ""),
            "url": item["link"],
            "source": item["feed_file"],
            "author": item["author"] or "",
            "published": item["date_published"],
        }
        yield replay.parse_line(json.dumps(line))


def fill(folder: Path, rules: Path) -> int:
    """Write config.toml and the database into `folder`, and return how many items it holds."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.toml").write_text(CONFIG.format(rules=rules.resolve()), "utf-8")
    known = live.next_live(None, load.read_folder(rules), load.Known())
    engine = database.open_engine(f"sqlite:///{folder / 'archive.db'}")
    stream, count = replay.Replay(known.ruleset, engine=engine), 0
    for row in rows():
        if count == 0:
            migrate.upgrade(engine, row.published or replay.EPOCH)
            with engine.begin() as connection:
                rulesets.record_live(connection, known.id, known.source, text.TABLE_ID, row.published or replay.EPOCH)
        stream.judge(row)
        count += 1
    stream.close()
    return count


def main() -> None:
    """Fill a folder and say how to go on."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="the live ones")
    args = parser.parse_args()
    if not ARCHIVE.is_dir():
        sys.exit(f"{ARCHIVE} is not here")
    began = time.monotonic()
    count = fill(args.folder, args.rules)
    print(f"{count:,} items in {time.monotonic() - began:.0f} s: {args.folder}")


if __name__ == "__main__":
    main()
