"""How long the playground's preview takes: a day of 2,000 articles of 3,300 characters, edits of the shipped `us_aid`.

A real daemon with the shipped rules serves it. Asked as a page asks that somebody types into: the whole pack goes in,
each time with another edit, and the answer is the report of the last day. The first one finds no worker started and
nothing kept; for the others, workers were asked within the last two minutes. What is edited differs in what must be
matched anew: a severity, a rule that is new, a term in a list that few rules use, one in a list that all rules use.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench import archive, backtest, measure, rig
from bench.figures import Figure, percentile

ARTICLES = 2_000
LENGTH = 36
"""Sentences of an article."""
ROUNDS = 5
LIMIT = 1.0
"""Seconds that a preview may take."""
KINDS = {
    "a severity": ("  - id: law\n", "  - id: law\n    severity: {severity}\n"),
    "a new rule": ("\nrules:\n", "\nrules:\n  - {{id: unrest, query: 'title:({word} SENT said)'}}\n"),
    "a term of few rules": ("military aid, military assistance,", "military aid, {word} money, military assistance,"),
    "a term of all rules": ("[$us-side, $us-congress,", "[{word}, $us-side, $us-congress,"),
}
"""What is edited; `word` is another one in each round."""
WORDS = ("police", "country", "market", "company", "minister", "report")
WEB = '\n[web]\nlisten = "127.0.0.1:{port}"\n'


def preview(articles: int = ARTICLES) -> Iterator[Figure]:
    """Wall of previews: the first one, then edits by kind, then what was asked before."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder, port = Path(name), rig.free_port()
        config = backtest.prepare(folder, backtest.Period(articles, datetime.now(UTC), 1, LENGTH))
        config.write_text(config.read_text("utf-8") + WEB.format(port=port), "utf-8")
        _let_be(folder / "world.db")
        with rig.daemon(config) as pid:
            address = f"http://127.0.0.1:{port}"
            rig.until(lambda: _is_up(address))
            time.sleep(5.0)  # what a start leaves to do is done
            yield from _asked(address, measure.Processes(pid))


def _asked(address: str, daemon: measure.Processes) -> Iterator[Figure]:
    said = (backtest.ROOT / "rules" / backtest.PACK).read_text("utf-8")
    daemon.mark()
    took, found = _preview(address, said)
    assert backtest.differing(found) == 0, "it is the live pack"
    note = f"{daemon.since():.2f} s of CPU, {backtest.told(found)}"
    yield Figure("preview", "the first one, workers started for it", took, "s", LIMIT, note)
    everything, edited = [], said
    for kind, (old, new) in KINDS.items():
        walls, differing = [], 0
        daemon.mark()
        for number in range(ROUNDS):
            change = new.format(word=WORDS[number], severity=("high", "urgent", "info")[number % 3])
            edited = backtest.replaced(said, old, f"{change}# {number}\n" if change.endswith("\n") else change)
            took, found = _preview(address, edited)
            differing += backtest.differing(found)
            walls.append(took)
        everything += walls
        note = f"{daemon.since() / ROUNDS:.2f} s of CPU each, {differing} alerts differ"
        yield Figure("preview", f"{kind}: median", percentile(walls, 0.5), "s", LIMIT, note)
    yield Figure("preview", "p95 of all edits", percentile(everything, 0.95), "s", LIMIT, f"{len(everything)} edits")
    yield Figure("preview", "the last one again", _preview(address, edited)[0], "s", LIMIT)


def _preview(address: str, said: str) -> tuple[float, dict[str, Any]]:
    """Return how long a preview took, and its report."""
    body = json.dumps({"text": said, "file": backtest.PACK.rpartition("/")[2]}).encode()
    request = urllib.request.Request(
        f"{address}/api/v1/rules/preview", body, {"Content-Type": "application/json"}, method="POST"
    )
    began = time.perf_counter()
    with urllib.request.urlopen(request, timeout=120) as answer:
        found = json.load(answer)
    took = time.perf_counter() - began
    report: dict[str, Any] | None = found["report"]
    assert report is not None, found["checked"]
    return took, report


def _is_up(address: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/healthz", timeout=5):
        return True
    return False


def _let_be(path: Path) -> None:
    """Pause the feeds, which are nowhere, and let the last article be a moment old."""
    with contextlib.closing(archive.open_database(path)) as connection:
        paused = datetime.now(UTC) - timedelta(days=1)
        connection.execute("UPDATE feeds SET paused_at = ?", (f"{paused:%Y-%m-%d %H:%M:%S.%f}",))
        connection.commit()
