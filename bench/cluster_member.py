"""A process of the bench's cluster: the product's own `run`, with what the bench holds still or counts in it.

```
python -m bench.cluster_member [options] run --config config.toml --role worker --listen 127.0.0.1:0
```

`--places N`        entries that it has under way at once, instead of its own number; 0: it only polls
`--readings FILE`   nothing is fetched or read: each entry's reading stands ready there (`cluster_rig.make_readings`)
`--wait S`          and is had after so many seconds
`--all-told`        every alert is a message of its own, however many there are
`--profile FILE`    statements by their text, [count, seconds], since SIGUSR2, written there as it ends
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pickle
import signal
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg

from monitor import app, errors, model, scratch, tasks
from monitor.alerts import posting
from monitor.cli import common, run
from monitor.engine import work
from monitor.jobs import pages, process


def main() -> None:
    """Run a member until SIGTERM."""
    options = _options()
    if options.places is not None:
        work.PROCESSING = options.places
    if options.readings:
        _take_ready(options.readings, options.wait)
    if options.all_told:
        posting.STORM_MESSAGES = sys.maxsize
    statements = _count_statements() if options.profile else {}
    code = 0
    try:
        run.run_with(app.Seams(), options.config, False, False, "warning", options.role, options.listen)
    except errors.MonitorError as fault:
        common.print_fault(fault)
        code = common.exit_code_of(fault)
    if options.profile:
        options.profile.write_text(json.dumps(statements), "utf-8")
    sys.stderr.flush()
    scratch.remove()
    os._exit(code)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--places", type=int)
    parser.add_argument("--readings", type=Path)
    parser.add_argument("--wait", type=float, default=0.0)
    parser.add_argument("--all-told", action="store_true")
    parser.add_argument("--profile", type=Path)
    parser.add_argument("command", choices=["run"])
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--role", default="all")
    parser.add_argument("--listen", default="127.0.0.1:0")
    return parser.parse_args()


def _take_ready(file: Path, wait: float) -> None:
    """Have readings from a file instead of the network and the worker processes."""
    ready: dict[str, tasks.Reading] = pickle.loads(file.read_bytes())

    async def fetch(*_given: Any) -> pages.Fetched:
        await asyncio.sleep(wait)
        return pages.Fetched(None, None)

    async def read(_context: Any, _setup: Any, draft: model.Article, _fetched: Any) -> tasks.Reading:
        found = ready[draft.url.rpartition("/")[2]]
        known = found.article
        article = replace(draft, title=known.title, text=known.text, lang=known.lang, author=known.author)
        return replace(found, article=article)

    pages.fetch_page, process.call_reader = fetch, read  # type: ignore[assignment]


def _count_statements() -> dict[str, list[float]]:
    """Count what every connection of this process executes from now on; how long it took includes the way there."""
    found: dict[str, list[float]] = {}
    lock = threading.Lock()

    def note(query: Any, began: float) -> None:
        with lock:
            entry = found.setdefault(query if isinstance(query, str) else str(query), [0, 0.0])
            entry[0] += 1
            entry[1] += time.perf_counter() - began

    def plain(execute: Callable[..., Any]) -> Callable[..., Any]:
        def counted(self: Any, query: Any, *rest: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return execute(self, query, *rest, **options)
            finally:
                note(query, began)

        return counted

    def awaited(execute: Callable[..., Any]) -> Callable[..., Any]:
        async def counted(self: Any, query: Any, *rest: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return await execute(self, query, *rest, **options)
            finally:
                note(query, began)

        return counted

    def ended(commit: Callable[..., Any]) -> Callable[..., Any]:
        def counted(self: Any) -> Any:
            began = time.perf_counter()
            try:
                return commit(self)
            finally:
                note("COMMIT", began)

        return counted

    signal.signal(signal.SIGUSR2, lambda *_: found.clear())
    psycopg.Cursor.execute = plain(psycopg.Cursor.execute)  # type: ignore[method-assign]
    psycopg.Cursor.executemany = plain(psycopg.Cursor.executemany)  # type: ignore[method-assign]
    psycopg.AsyncCursor.execute = awaited(psycopg.AsyncCursor.execute)  # type: ignore[method-assign]
    psycopg.Connection.commit = ended(psycopg.Connection.commit)  # type: ignore[method-assign]
    return found


if __name__ == "__main__":
    main()
