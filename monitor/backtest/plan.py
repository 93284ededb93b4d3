"""From two rule sources and a period to a Job: which packs are compared, and the files that workers read."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from monitor.backtest.values import Job, Pair
from monitor.config_settings import Config
from monitor.rules import live, packs
from monitor.rules.compile import source_from
from monitor.store.backtests import Span


def changed_packs(before: str, after: str) -> list[str]:
    """Return the packs whose files differ between two sources, those that only one of them has included."""
    old, new = _files(before), _files(after)
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))


def names_of(source: str) -> set[str]:
    """Return the packs of a source."""
    return set(_files(source))


def packs_on_trial(source: str) -> list[str]:
    """Return the packs of a source that have a rule of status `test`. Raises: RuleError."""
    return [pack.id for pack in live.packs_of(source).values() if is_on_trial(pack)]


def is_on_trial(pack: packs.Pack) -> bool:
    """Return whether a rule of the pack has status `test`."""
    return any(rule.traits.status == "test" for rule in pack.rules)


def with_pack(source: str, name: str, files: Mapping[str, str]) -> str:
    """Return a source in which one pack is made of other files."""
    return source_from({**_files(source), name: files})


def make_job(
    config: Config,
    folder: Path,
    sources: tuple[str, str],
    pairs: Sequence[Pair],
    span: Span,
    recorded: bool = False,
    live_path: Path | None = None,
) -> Job:
    """Write the live and the edited source into `folder` and return the job; its spool is made where it runs.

    Args:
        live_path: Where the live source stands already: workers may have loaded it from there.
    """
    before = str(live_path or live.to_file(folder, sources[0]))
    after = before if sources[1] == sources[0] else str(live.to_file(folder, sources[1]))
    same = _shared(sources[1]).items() <= _shared(sources[0]).items()
    return Job(
        database=config.database,
        spool="",
        live=before,
        edited=after,
        named_by=(before, before if same else after),
        pairs=tuple(pairs),
        span=span,
        recorded=recorded,
        default_route=config.default_route,
        routes=config.routes,
        zone=config.timezone,
    )


def _files(source: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(source)["packs"]
    return found


def _shared(source: str) -> dict[str, str]:
    """Return the files of entities and lists that a source's packs are made of."""
    texts = (item for files in _files(source).values() for item in files.items())
    return {path: text for path, text in texts if not path.startswith("packs/")}
