"""An archive for backtests: articles that the daemon's own deciding step has decided, and workers that run in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from monitor import replay, text
from monitor.backtest import plan
from monitor.backtest.values import Job, Pair
from monitor.config import Config
from monitor.rules import compile as rules_compile
from monitor.rules import load
from monitor.store import backtests, database, rulesets

T = TypeVar("T")
START = datetime(2025, 3, 10, 8, 0, tzinfo=UTC)


def source_of(files: Mapping[str, str]) -> str:
    """Return the source of rule files that are without error."""
    loaded = load.load_packs({name: said.encode() for name, said in files.items()})
    assert not loaded.broken, loaded.faults
    return rules_compile.source_of(loaded.packs)


@dataclass(slots=True)
class Archive:
    """A database with the articles that were told of, decided under `files` as they came."""

    url: str
    files: Mapping[str, str]
    stream: replay.Replay
    engine: Any
    count: int = 0

    @classmethod
    def begin(cls, url: str, files: Mapping[str, str]) -> Archive:
        """Return an archive without articles, whose live rules are `files`."""
        source = source_of(files)
        loaded = load.load_packs({name: said.encode() for name, said in files.items()})
        ruleset = rules_compile.compile_rules(loaded.packs)
        engine = database.open_engine(url)
        with engine.begin() as connection:
            rulesets.record_live(connection, rules_compile.id_of(source), source, text.TABLE_ID, START)
        return cls(url, files, replay.Replay(ruleset, engine=engine), engine)

    def has(self, title: str, newsroom: str = "Gazette", after: float = 60.0, body: str = "", **more: Any) -> str:
        """Let an article come `after` minutes from START on, and return what was decided, as `pack outcome reason`."""
        self.count += 1
        line = {
            "id": f"a{self.count}",
            "title": title,
            "text": body or f"{title}. Nothing more is known of it.",
            "url": f"https://{newsroom.lower()}.test/{self.count}",
            "source": newsroom,
            "published": (START + timedelta(minutes=after)).isoformat(),
            **more,
        }
        done = self.stream.judge(replay.parse_line(json.dumps(line)))
        return ", ".join(f"{one.pack} {one.outcome.value} {one.reason.value}" for one in done.decisions)

    def job(
        self,
        folder: Path,
        edited: Mapping[str, str],
        *pairs: Pair,
        since: datetime = START,
        recorded: bool = False,
        **more: Any,
    ) -> Job:
        """Return the backtest of edited files over all that came since `since`."""
        sources = source_of(self.files), source_of(edited)
        with self.engine.connect() as connection:
            span = backtests.span_of(connection, since)
        assert span is not None, "something came"
        names = pairs or [Pair(name, name) for name in plan.changed_packs(*sources)]
        config = Config(path=folder / "config.toml", database=self.url, rules=folder / "rules", **more)
        return plan.make_job(config, folder, sources, names, span, recorded)


class InPlace:
    """Stands in for the workers: runs each task where it is called; `fail` maps its name to what it raises instead."""

    def __init__(self) -> None:
        self.called: list[str] = []
        self.fail: dict[str, Exception] = {}
        self.is_closed = False

    async def call(self, function: Callable[..., T], *args: object, timeout: float, source: str = "") -> T:
        """Return what the task returns."""
        assert timeout > 0
        self.called.append(function.__name__)
        if function.__name__ in self.fail:
            raise self.fail[function.__name__]
        return function(*args)

    def close(self) -> None:
        """Note that nobody asks any more."""
        self.is_closed = True


def pack(rules: Sequence[str], name: str = "aid", more: str = "") -> dict[str, str]:
    """Return the file of a pack with rules in a line each."""
    lines = "".join(f"  - {rule}\n" for rule in rules)
    return {f"packs/{name}.yaml": f"format: 1\npack: {name}\n{more}rules:\n{lines}"}
