"""`wirewatch replay`: a stream of articles through rules, duplicates, stories and decisions, in memory."""

from __future__ import annotations

import contextlib
import json as json_module
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from monitor import errors
from monitor.cli import check, common
from monitor.cli import rules as rules_command

if TYPE_CHECKING:
    from monitor.config import Config, FeedSettings
    from monitor.replay import Replayed
    from monitor.rules.compile import RuleSet


class Part(StrEnum):
    """What a replay may be limited to."""

    RULES = "rules"
    DUPLICATES = "duplicates"
    STORIES = "stories"


File = Annotated[Path, typer.Argument(metavar="FILE.jsonl", help="One JSON object a line; `-` is standard input.")]
Only = Annotated[Part | None, typer.Option("--only", help="One stage alone; the others stay empty in the output.")]


@common.app.command()
def replay(
    file: File,
    rules: rules_command.RulesOption = None,
    only: Only = None,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Judge a stream of articles as the daemon would, in memory; nothing is sent or stored.

    Example: wirewatch replay articles.jsonl --rules rules --json
    """
    common.quiet_logs(verbose)
    from monitor import replay as replaying

    ruleset, feeds, whole = _rules(rules, config, only)
    judge = replaying.Replay(ruleset, feeds, only.value if only else None)
    bad = 0

    def report(number: int, fault: str) -> None:
        nonlocal bad
        bad += 1
        print(f"{file}:{number}: {fault}; the line is skipped", file=sys.stderr)

    with _opened(file) as stream, _progress(file, quiet) as advance:
        for done in replaying.replay_lines(advance(stream), judge, report):
            print(json_module.dumps(done.to_json(), ensure_ascii=False) if json else _line(done))
    if bad or not whole:
        raise typer.Exit(1)


def _rules(
    rules: Path | None, config: Path | None, only: Part | None
) -> tuple[RuleSet, tuple[FeedSettings, ...], bool]:
    """Return the rules, the known feeds, and whether every pack is in; what is out is said on stderr."""
    from monitor.jobs import names
    from monitor.rules import live, load

    loaded = _config(config, needed=rules is None)
    if only is Part.DUPLICATES:
        return live.next_live(None, {}, load.Known()).ruleset, loaded.feeds if loaded else (), True
    known = names.known_to_rules(loaded) if loaded and rules is None else load.Known()
    folder = rules or (loaded.rules if loaded else Path("rules"))
    found = live.next_live(None, check.read_rules(folder), known)
    for fault in found.faults:
        if fault.is_error:
            print(check.placed(fault, folder), file=sys.stderr)
    for pack, why in found.stale.items():
        print(f"pack {pack} is {why}", file=sys.stderr)
    return found.ruleset, loaded.feeds if loaded else (), not found.stale


def _config(path: Path | None, needed: bool) -> Config | None:
    """Return the configuration; None where none is named or found and the rules are given anyway."""
    try:
        return common.load_config(path)
    except errors.ConfigError as fault:
        if needed or path is not None or [one.code for one in fault.faults] != ["no_config"]:
            raise
        return None


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield sys.stdin
        return
    try:
        stream = file.open(encoding="utf-8-sig", errors="replace")
    except OSError as fault:
        raise common.fail(f"{file}: cannot be read: {fault.strerror}", 2) from None
    with stream:
        yield stream


@contextlib.contextmanager
def _progress(file: Path, quiet: bool) -> Iterator[common.Advance]:
    """Yield what passes lines on and counts them, for a person at a terminal."""
    if quiet or not sys.stderr.isatty():
        yield iter
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.completed} lines"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        yield lambda lines: bar.track(lines, total=None, description=str(file))


def _line(done: Replayed) -> str:
    """Return a judgement for people: id, language, decision, and what each pack was told or why not."""
    told = ", ".join(f"{made.pack} {made.outcome.value} ({made.reason.value})" for made in done.decisions)
    told = told or ", ".join(done.packs)
    copy = f"copy of {done.duplicate_of}" if done.duplicate_of else ""
    cells = (done.id, done.lang or "-", done.decision.value, done.story or "", told, copy)
    return "  ".join(common.clean(cell) for cell in cells if cell)
