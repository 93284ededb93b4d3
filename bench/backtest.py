"""What a backtest costs: an edit of the shipped pack `us_aid` over an archive of 100,000 articles.

The archive is that of `bench archive` (1,100 characters an article), of which two in a hundred are about the pack:
texts of its own tests, three articles a story, spread over thirty days. The command is the one that people give; CPU
and memory count all processes that it starts.
"""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench import archive, measure
from bench.figures import Figure
from monitor import text
from monitor.rules import live, load
from monitor.store import database, feeds, migrate, rulesets
from monitor.store.feeds import Declared

ARTICLES = 100_000
ROOT = Path(__file__).resolve().parents[1]
PACK = "packs/us_aid.yaml"
EDITS = (
    ("military aid, military assistance, military financing", "military aid, weapons money, military financing"),
    ("  - id: law\n", "  - id: law\n    severity: high\n"),
    ("$arms-lever), ($israel-words OR $egypt-words))", "$arms-lever), ($israel-words OR $egypt-words)) AND NOT would"),
    ("\nrules:\n", "\nrules:\n  - {id: unrest, query: 'title:(police SENT talks)'}\n"),
)
"""A term for another, a higher severity, an exclusion, a new rule: gained, lost and moved."""
EVERY = 50
"""Of so many articles one is about the pack."""
CONFIG = """[monitor]
database = "sqlite:///world.db"
rules = "{rules}"
"""


@dataclass(frozen=True, slots=True)
class Period:
    """The articles of an archive: how many in how many days up to `end`, of how many sentences each."""

    articles: int
    end: datetime = datetime(2025, 7, 1, tzinfo=UTC)
    days: int = 30
    length: int = archive.SENTENCES


def backtest(articles: int = ARTICLES) -> Iterator[Figure]:
    """Time, CPU and memory of `wirewatch backtest` over the whole archive."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        config = prepare(folder, Period(articles))
        edited = write_edited(folder)
        command = [sys.executable, "-m", "monitor", "backtest", "--config", str(config), "--rules", str(edited)]
        command += ["--pack", "us_aid", "--since", "2025-06-01", "--json", "-q"]
        with (folder / "report").open("w") as report:
            cost = measure.run(command, stderr=report)
        said = (folder / "report").read_text("utf-8")
        if cost.code:
            sys.exit(f"the backtest failed with {cost.code}:\n{said[-2000:]}")
        found = json.loads(said[said.index("{") :])
    what = f"one pack over {articles:,} articles"
    yield Figure("backtest", what, cost.wall_s, "s", 60.0, f"{cost.cpu_s:.1f} s of CPU in all processes")
    yield Figure("backtest", f"{what}: memory", cost.pss_peak_mb, "MB", 500.0)
    yield Figure("backtest", f"{what}: alerts that differ", differing(found), "", None, told(found))


def differing(report: Mapping[str, int]) -> int:
    """Return how many alerts an edit changed."""
    return report["gained"] + report["lost"] + report["moved"]


def told(report: Mapping[str, int]) -> str:
    """Return in words what an edit changed."""
    counts = ", ".join(f"{kind} {report[kind]:,}" for kind in ("kept", "gained", "lost", "moved"))
    return f"{counts} of {report['articles']:,} articles"


def prepare(folder: Path, period: Period) -> Path:
    """Write an archive that was decided under the shipped rules, and return its config.toml."""
    rules, path = ROOT / "rules", folder / "world.db"
    config = folder / "config.toml"
    config.write_text(CONFIG.format(rules=rules), "utf-8")
    known = live.next_live(None, load.read_folder(rules), load.Known())
    engine = database.open_engine(f"sqlite:///{path}")
    migrate.upgrade(engine, period.end)
    with engine.begin() as connection:
        rulesets.record_live(connection, known.id, known.source, text.TABLE_ID, period.end)
        for number in range(100):
            feed = Declared(slug=f"f{number}", url=f"https://f{number}.test/", name=f"F{number}", newsroom=f"F{number}",
                            every=600.0, backfill=0)  # fmt: skip
            feeds.insert(connection, feed, "replay", period.end)
    engine.dispose()
    archive.fill(path, period.articles, period.length)
    _make_relevant(path, known, period)
    return config


def _make_relevant(path: Path, known: live.LiveRules, period: Period) -> None:
    """Put texts of the pack's own tests into some articles, and spread all of them over the days."""
    cases = [case for case in known.ruleset.packs["us_aid"].tests if case.kind == "should_match" and case.lang != "he"]
    with contextlib.closing(archive.open_database(path)) as connection:
        rows = connection.execute("SELECT id, text_hash FROM revisions ORDER BY id").fetchall()
        step = timedelta(days=period.days) / len(rows)
        start = period.end - timedelta(days=period.days)
        times = [((start + n * step).strftime("%Y-%m-%d %H:%M:%S.%f"), row[0]) for n, row in enumerate(rows)]
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


def write_edited(folder: Path) -> Path:
    """Write the shipped rules with every one of EDITS, and return their folder."""
    edited = folder / "edited"
    for name, data in load.read_folder(ROOT / "rules").items():
        (edited / name).parent.mkdir(parents=True, exist_ok=True)
        (edited / name).write_bytes(data)
    said = (ROOT / "rules" / PACK).read_text("utf-8")
    for old, new in EDITS:
        said = replaced(said, old, new)
    (edited / PACK).write_text(said, "utf-8")
    return edited


def replaced(said: str, old: str, new: str) -> str:
    """Return a pack with an edit. Raises: AssertionError, where the shipped pack has changed under it."""
    assert old in said, f"the edit is of the shipped pack: {old}"
    return said.replace(old, new, 1)
