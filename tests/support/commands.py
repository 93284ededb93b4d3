"""Commands run in this process, and an archive that the real daemon made, for tests of the command line.

```
done = commands.call("alerts", "list", "--config", str(archive.config))
assert done.code == 0
```
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from monitor import cli
from monitor.demo.site import Site
from monitor.demo.stories import Story

ROOT = Path(__file__).parents[2]
PACK = """\
format: 1
pack: move
title: Moving out
owner: desk
rules:
  - {id: core, any: [resettlement, التهجير], severity: high}
tests:
  should_match:
    - {title: The resettlement plan, text: It is back.}
    - {title: خطة, text: مخطط التهجير}
  should_not_match:
    - {title: Settled, text: Nothing.}
    - {title: Weather, text: Rain.}
"""
LONG = "The committee met for three hours in the old town hall and heard the report of its two members. " * 4
TOLD = Story("plan", "courier", "Resettlement plan unveiled", (f"A resettlement plan was unveiled. {LONG}",))
QUIET = Story(
    "rain",
    "courier",
    "Rain expected",
    (
        "Clouds from the west bring showers on Friday, and wind along the coast. Streets near the river may be flooded "
        "by the evening. Snow falls above nine hundred metres; drivers are asked to use winter tyres. Saturday stays "
        "dry and colder, with frost in the morning and sunshine after noon.",
    ),
)


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as data."""
        return json.loads(self.out)


class _Stream(io.TextIOWrapper):
    """Standard output in memory, with a `buffer` as the real one has."""

    def __init__(self, data: bytes = b"") -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8", write_through=True)

    @property
    def text(self) -> str:
        """All that was written."""
        self.flush()
        return self.buffer.getvalue().decode()  # type: ignore[attr-defined]


def call(*arguments: object, stdin: bytes = b"", folder: Path | None = None) -> Done:
    """Run one command in this process, in `folder`, and return how it ended."""
    out, err, before = _Stream(), _Stream(), sys.stdin
    sys.stdin = _Stream(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), contextlib.chdir(folder or Path.cwd()):
            code = cli.run_command([str(argument) for argument in arguments])
    finally:
        sys.stdin = before
        structlog.reset_defaults()
    return Done(code, out.text, err.text)


def process(*arguments: object, folder: Path | None = None, **environment: str) -> Done:
    """Run one command as a process of its own."""
    found = subprocess.run(
        [sys.executable, "-m", "monitor", *map(str, arguments)],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return Done(found.returncode, found.stdout, found.stderr)


def write_config(folder: Path, more: str = "", pack: str = PACK) -> Path:
    """Write config.toml and one pack into `folder` and return the former."""
    (folder / "rules" / "packs").mkdir(parents=True, exist_ok=True)
    (folder / "rules" / "packs" / "move.yaml").write_text(pack, "utf-8")
    config = folder / "config.toml"
    config.write_text(f'[monitor]\ndatabase = "sqlite:///data/wirewatch.db"\nrules = "rules"\n{more}', "utf-8")
    return config


@dataclass(frozen=True, slots=True)
class Archive:
    """A folder where the daemon made one pass over two feeds: one with backfill, one whose items are the baseline."""

    config: Path
    site: Site

    @property
    def database(self) -> Path:
        """The database file."""
        return self.config.parent / "data" / "wirewatch.db"


@contextlib.contextmanager
def archive(folder: Path) -> Iterator[Archive]:
    """Run the daemon once over a site and yield what it left; the site answers while the block runs."""
    site = Site()
    old = Story("old", "herald", "Resettlement was planned before", (f"An old resettlement plan. {LONG}",))
    site.publish(TOLD, QUIET, old)
    with site.running():
        config = write_config(
            folder,
            f"""
[polling]
allow_private = ["127.0.0.1:{site.port}"]
[[feeds]]
url = "{site.address}/courier/feed.xml"
name = "Courier"
backfill = 10
[[feeds]]
url = "{site.address}/herald/feed.xml"
name = "Herald"
""",
        )
        done = process("run", "--once", "--config", config)
        assert done.code == 0, done.err
        yield Archive(config, site)
