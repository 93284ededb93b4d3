"""What others take for the same world: a naive monitor, the floor, and `reader` (lemon24), which does less.

Each is a command that makes one pass; on the same database a second pass finds everything unchanged. `reader` is put
by pip into an environment that lives as long as the run; where pip cannot get it, it is left out and that is said.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import measure
from bench.rig import Site

Peer = Callable[[Path, Site], measure.Cost]
"""Makes one pass over a world with the database in a folder."""


def naive(folder: Path, site: Site) -> measure.Cost:
    """Make a pass of `naive_monitor.py`: full work, one thread."""
    return _pass([sys.executable, "-m", "bench.naive_monitor"], folder / "naive.db", site)


def floor(folder: Path, site: Site) -> measure.Cost:
    """Make a pass of `floor_pipeline.py`: full work without anything that makes it safe."""
    return _pass([sys.executable, "-m", "bench.floor_pipeline"], folder / "floor.db", site)


def _pass(command: list[str], database: Path, site: Site) -> measure.Cost:
    cost = measure.run([*command, "--site", site.address, "--database", str(database)])
    assert cost.code == 0, f"{command[-1]} failed"
    return cost


@contextlib.contextmanager
def reader_installed() -> Iterator[Peer | None]:
    """Yield a pass of `reader`, which polls, parses and stores entries; None where pip cannot get it."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-bench-reader-") as name:
        python = Path(name) / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", name], check=True)
        got = subprocess.run(
            [python, "-m", "pip", "install", "-q", "reader", "sgmllib3k"], check=False, capture_output=True, text=True
        )
        if got.returncode:
            print(f"reader is not measured: pip cannot install it ({got.stderr.strip()[-200:]})", file=sys.stderr)
            yield None
            return

        def run(folder: Path, site: Site) -> measure.Cost:
            command = [str(python), str(Path(__file__).with_name("reader_pass.py")), site.address]
            database = folder / "reader.db"
            if not database.exists():
                added = measure.run([*command, str(database)])
                assert added.code == 0, "reader cannot add the feeds"
            cost = measure.run([*command, str(database)])
            assert cost.code == 0, "reader failed"
            return cost

        yield run
