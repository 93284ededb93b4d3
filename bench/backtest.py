"""What a backtest costs: an edit of the shipped pack `us_aid` over an archive of 100,000 articles, and a day's preview.

The archive is that of `bench archive` (1,100 characters an article), of which two in a hundred are about the pack:
texts of its own tests, three articles a story, spread over thirty days. The command is the one that people give; CPU
and memory count all processes that it starts.
"""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import archive, measure
from bench.figures import Figure
from monitor import text
from monitor.rules import live, load
from monitor.store import database, feeds, migrate, rulesets
from monitor.store.feeds import Declared

ARTICLES = 100_000
DAYS = 30
NOW = datetime(2025, 7, 1, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[1]
PACK = "packs/us_aid.yaml"
EDIT = (
    "military aid, military assistance, military financing",
    "military assistance, military financing, security package",
)
"""A term taken away and a term added."""
EVERY = 50
"""Of so many articles one is about the pack."""
CONFIG = """[monitor]
database = "sqlite:///world.db"
rules = "{rules}"

[[feeds]]
url = "https://feeds.example.org/rss"
name = "Example"
"""


def backtest(articles: int = ARTICLES) -> Iterator[Figure]:
    """Time, CPU and memory of `wirewatch backtest` over the whole archive."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        config, edited = prepare(folder, articles)
        command = (sys.executable, "-m", "monitor", "backtest", "--config", str(config), "--rules", str(edited))
        cost = measure.run([*command, "--pack", "us_aid", "--since", "2025-06-01", "--json", "-q"], stderr=sys.stderr)
        note = f"{cost.cpu_s:.1f} s of CPU in all processes"
        what = f"one pack over {articles:,} articles"
        yield Figure("backtest", what, cost.wall_s, "s", 60.0, note)
        yield Figure("backtest", f"{what}: memory", cost.pss_peak_mb, "MB", 500.0)


def prepare(folder: Path, articles: int) -> tuple[Path, Path]:
    """Write an archive, and return its config.toml and a folder with edited rules."""
    rules, path = ROOT / "rules", folder / "world.db"
    config = folder / "config.toml"
    config.write_text(CONFIG.format(rules=rules), "utf-8")
    files = load.read_folder(rules)
    known = live.next_live(None, files, load.Known())
    engine = database.open_engine(f"sqlite:///{path}")
    migrate.upgrade(engine, NOW)
    with engine.begin() as connection:
        rulesets.record_live(connection, known.id, known.source, text.TABLE_ID, NOW)
        for number in range(100):
            feed = Declared(slug=f"f{number}", url=f"https://f{number}.test/", name=f"F{number}", newsroom=f"F{number}",
                            every=600.0, backfill=0)  # fmt: skip
            feeds.insert(connection, feed, "replay", NOW)
    engine.dispose()
    archive.fill(path, articles)
    _make_relevant(path, known)
    return config, _edited(folder, files)


def _make_relevant(path: Path, known: live.LiveRules) -> None:
    """Put texts of the pack's own tests into some articles, and spread all of them over the days."""
    cases = [case for case in known.ruleset.packs["us_aid"].tests if case.kind == "should_match" and case.lang != "he"]
    with contextlib.closing(archive.open_database(path)) as connection:
        rows = connection.execute("SELECT id, text_hash FROM revisions ORDER BY id").fetchall()
        step = timedelta(days=DAYS) / len(rows)
        times = [((NOW - timedelta(days=DAYS) + n * step).strftime("%Y-%m-%d %H:%M:%S.%f"), row[0])
                 for n, row in enumerate(rows)]  # fmt: skip
        connection.executemany("UPDATE decisions SET decided_at = ? WHERE revision_id = ?", times)
        connection.executemany("UPDATE articles SET published = ?1, first_seen = ?1 WHERE id = ?2", times)
        chosen = rows[::EVERY]
        for number, (article, address) in enumerate(chosen):
            case = cases[number % len(cases)]
            connection.execute(
                "UPDATE texts SET text = ? || text WHERE hash = ?", (f"{case.title}\n{case.text}\n", address)
            )
            story = chosen[number - number % 3][0]
            connection.execute("UPDATE articles SET story_id = ? WHERE id = ?", (story, article))
        connection.commit()


def _edited(folder: Path, files: dict[str, bytes]) -> Path:
    edited = folder / "edited"
    for name, data in files.items():
        (edited / name).parent.mkdir(parents=True, exist_ok=True)
        (edited / name).write_bytes(data)
    before = files[PACK].decode()
    assert EDIT[0] in before, "the edit is of the shipped pack"
    (edited / PACK).write_text(before.replace(*EDIT), "utf-8")
    return edited
