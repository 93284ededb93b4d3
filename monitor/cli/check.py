"""`wirewatch check`: every fault of every file at once."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from monitor import errors
from monitor.cli import common

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.jobs import names
    from monitor.rules import load

UNREADABLE = ("no_config", "unreadable_file", "rules_unreadable")
"""Faults that exit with 2: there was nothing to check."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found; `counts` is empty where config.toml has a fault."""

    faults: tuple[errors.Fault, ...]
    counts: dict[str, int]

    @property
    def code(self) -> int:
        """Return the exit code."""
        found = [fault for fault in self.faults if fault.is_error]
        return 2 if any(fault.code in UNREADABLE for fault in found) else int(bool(found))


@common.app.command()
def check(
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
    quiet: common.QuietOption = False,
) -> None:
    """Check configuration, rules, entities, lists and channels, and show every fault of every file at once.

    What routes and silences name and is not there is shown, too. Warnings of the rules are left to
    `wirewatch rules lint`, unless -v asks for them.

    Example: wirewatch check --config config.toml
    """
    common.quiet_logs(verbose)
    checked = check_all(config, verbose)
    shown = [fault for fault in checked.faults if fault.is_error or not quiet]
    if json:
        common.print_json({"faults": list(map(fault_json, shown)), **checked.counts})
    else:
        for fault in shown:
            print(fault)
        if not checked.code and not quiet:
            print("ok: " + ", ".join(f"{count} {name}" for name, count in checked.counts.items()))
    raise typer.Exit(checked.code)


def fault_json(fault: errors.Fault) -> dict[str, object]:
    """Return a fault for programs."""
    return {name: getattr(fault, name) for name in ("file", "line", "column", "code", "message", "fix")}


def check_all(path: Path | None, warnings: bool) -> Checked:
    """Return what is wrong with the configuration and the files it leads to; `warnings`: those of the rules too."""
    from monitor.rules import load

    faults: list[errors.Fault] = []
    known, counts = load.Known(), {}
    try:
        config = common.load_config(path)
        faults += config.warnings
        faults += _name_faults(config)
        faults += _channel_faults(config)
        folder, known, counts = config.rules, *_known(config)
    except errors.ConfigError as fault:
        faults += fault.faults
        folder = rules_beside(path)
    found, packs = _rule_faults(folder, known, warnings)
    counts = {"feeds": counts["feeds"], "packs": packs, "channels": counts["channels"]} if counts else {}
    return Checked((*faults, *found), counts)


def _known(config: Config) -> tuple[load.Known, dict[str, int]]:
    from monitor.jobs import names

    return names.known_to_rules(config), {"feeds": len(config.feeds), "channels": len(config.channels)}


def _channel_faults(config: Config) -> tuple[errors.Fault, ...]:
    from monitor import wiring

    try:
        wiring.open_channels(config)
    except errors.ConfigError as fault:
        return fault.faults
    return ()


def _name_faults(config: Config) -> list[errors.Fault]:
    """Return what routes and silences name that is not there; nothing while a file is broken that may bring it."""
    from monitor.jobs import names
    from monitor.rules import load

    try:
        loaded = load.load_packs(read_rules(config.rules), names.known_to_rules(config))
    except errors.ConfigError:
        return []
    if loaded.broken:
        return []
    return [
        *names.route_faults(config, loaded.packs),
        *_silence_faults(config, names.known_to(loaded.packs, config.feeds)),
    ]


def _silence_faults(config: Config, known: names.Known) -> list[errors.Fault]:
    """Return a warning for each silence that mutes nothing, as far as the database can be asked."""
    from monitor.jobs import names
    from monitor.store import silences, visit

    try:
        with visit.reading(config.database) as connection:
            active = silences.list_active(connection) if connection is not None else []
    except errors.StoreError as fault:
        return [errors.Fault(str(config.path), None, None, "W_silences", f"silences are not looked at: {fault}")]
    return [
        errors.Fault(
            f"si-{one.id}", None, None, "W_silence", f"this silence mutes nothing: {unknown.message}", unknown.fix
        )
        for one in active
        for unknown in names.silence_faults(known, one.pack, one.rule, one.newsroom, one.words)
    ]


def _rule_faults(folder: Path, known: load.Known, warnings: bool) -> tuple[list[errors.Fault], int]:
    """Return the faults of the rule files, and how many packs there are."""
    from monitor.rules import lint

    try:
        files = read_rules(folder)
    except errors.ConfigError as fault:
        return list(fault.faults), 0
    found = [fault for fault in lint.lint(files, known) if warnings or fault.is_error]
    return [placed(fault, folder) for fault in found], sum(name.startswith("packs/") for name in files)


def read_rules(folder: Path) -> dict[str, bytes]:
    """Return the rule files under `folder`. Raises: ConfigError where it is no folder that can be read."""
    from monitor.rules import load

    try:
        if not folder.is_dir():
            raise FileNotFoundError(2, "there is no such folder")
        return load.read_folder(folder)
    except OSError as fault:
        message = f"the rule folder cannot be read: {fault.strerror or fault}"
        place = errors.Fault(
            str(folder), None, None, "rules_unreadable", message, "set [monitor] rules, or give --rules"
        )
        raise errors.ConfigError([place]) from fault


def placed(fault: errors.Fault, folder: Path) -> errors.Fault:
    """Return a fault of a rule file with a path that opens from here."""
    return replace(fault, file=os.path.relpath(folder / fault.file))


def rules_beside(path: Path | None) -> Path:
    """Return the rule folder of a configuration that does not load: what it names if that much can be read."""
    from monitor import config as configuration

    try:
        file = configuration.find(path)
        monitor = tomllib.loads(file.read_text("utf-8-sig")).get("monitor", {})
    except (errors.ConfigError, OSError, ValueError):
        return (path or Path("config.toml")).parent / "rules"
    named = monitor.get("rules") if isinstance(monitor, dict) else None
    return file.parent / (named if isinstance(named, str) else "rules")
