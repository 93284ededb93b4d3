"""Config + rule files -> the Setup that jobs work with; the same path at start and at every reload."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

import structlog

from monitor import config as configuration
from monitor import errors, http, metrics, scratch, text
from monitor.alerts import rating
from monitor.config import Config
from monitor.delivery import channel
from monitor.jobs import feed_add, names
from monitor.jobs.context import Outlet, Setup
from monitor.rules import live, load
from monitor.rules.live import LiveRules
from monitor.store import feeds, messages, ratings, rulesets
from monitor.store.store import Connection

log = structlog.get_logger()

MOST_LOGGED = 100
"""Faults of rule files at one load: a file of 100,000 wrong lines must not push everything else out of the log."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Channels as `open_channels` left them: one OpenTarget per recipient, with its channel's rate."""

    targets: tuple[tuple[channel.OpenTarget, configuration.Rate | None], ...]


class RuleFiles:
    """A folder of this process where workers find the rules they are told to match under."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="rules-", dir=scratch.folder()))

    def put(self, rules: LiveRules) -> Path:
        """Write the source of `rules` once and return its file; older ones stay for tasks under way."""
        return live.to_file(self._folder, rules.source, rules.id)

    def close(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def http_settings(config: Config) -> http.HttpSettings:
    """Return the limits of feeds and pages."""
    polling = config.polling
    return http.HttpSettings(
        user_agent=http.user_agent(polling.contact),
        allow_private=polling.allow_private,
        concurrency=polling.concurrency,
        per_host=polling.per_host,
    )


def load_rules(config: Config, current: LiveRules | None, deleted: Literal["go", "stay"] = "go") -> LiveRules:
    """Read the rule files and return what is live from now on; `deleted` as `live.next_live` has it.

    Raises: ConfigError when the rules cannot be loaded at all and there are none to go on with.
    """
    try:
        files = load.read_folder(config.rules)
    except OSError as fault:
        message = f"the rule folder {config.rules} cannot be read: {fault.strerror or fault}"
        return _none_loaded(config, current, message, fault)
    try:
        return live.next_live(current, files, names.known_to_rules(config), deleted)
    except Exception as fault:  # noqa: BLE001 - whatever files do to the loader, the rules before them go on
        message = f"the rule files cannot be loaded: {type(fault).__name__}: {fault}"
        return _none_loaded(config, current, message, fault)


def _none_loaded(config: Config, current: LiveRules | None, message: str, fault: Exception) -> LiveRules:
    """Return the rules before, each of them stale."""
    if current is None:
        place = errors.Fault(str(config.path), None, None, "rules_unreadable", message, "set [monitor] rules")
        raise errors.ConfigError([place]) from fault
    log.error("rules_unreadable", error=message)
    place = errors.Fault(str(config.rules), None, None, "rules_unreadable", message)
    why = f"the last good version stays: {message}"
    return replace(current, faults=(place,), stale=dict.fromkeys(current.ruleset.packs, why))


def stored_rules(connection: Connection) -> LiveRules | None:
    """Return the rules that were live last, None if there are none this version can load."""
    stored = rulesets.live_source(connection)
    if stored is None:
        return None
    try:
        return LiveRules(live.from_source(stored[1]), stored[1], stored[0], (), {})
    except errors.RuleError as fault:
        log.warning("stored_rules_unusable", ruleset=stored[0], error=str(fault))
        return None


def open_channels(config: Config) -> Opened:
    """Open every channel; nothing is connected to yet. Raises: ConfigError with every channel that cannot be used."""
    found: list[tuple[channel.OpenTarget, configuration.Rate | None]] = []
    faults: list[errors.Fault] = []
    for name, settings in configuration.effective_channels(config).items():
        try:
            own = channel.SenderSettings(public_url=config.web.public_url, template=settings.template)
            opened = channel.open_channel(name, settings.url.get_secret_value(), own)
        except errors.DeliveryError as fault:
            faults.append(errors.Fault(str(config.path), None, None, "unusable_channel", str(fault)))
            continue
        found.extend((target, settings.rate) for target in opened)
    if faults:
        raise errors.ConfigError(faults)
    return Opened(tuple(found))


def record_setup(
    config: Config, rules: LiveRules, rules_path: Path, opened: Opened, now: datetime
) -> Callable[[Connection], Setup]:
    """Return the job that makes config, rules and channels known to the database and gives the Setup for them."""

    def record(connection: Connection) -> Setup:
        feeds.declare(
            connection, feed_add.declared_feeds(config), now, spread=min(feeds.SPREAD, len(config.feeds) / 100)
        )
        ids = messages.declare_targets(connection, [target.target for target, _ in opened.targets], now)
        rulesets.record_live(connection, rules.id, rules.source, text.TABLE_ID, now)
        outlets = {
            ids[target.target]: Outlet(ids[target.target], target.target, target.sender, rate)
            for target, rate in opened.targets
        }
        key = ratings.signing_key(connection, rating.KEY_NAME)
        return Setup(with_route(config), rules, rules_path, outlets, key)

    return record


def member_setup(
    config: Config, rules: LiveRules, rules_path: Path, opened: Opened, now: datetime
) -> Callable[[Connection], Setup]:
    """Return the job that gives the Setup of a member that does not lead.

    It declares the channels that nobody has yet, for it may decide before a leader does; what the leader has removed
    stays so.
    """

    def read(connection: Connection) -> Setup:
        ids = messages.know_targets(connection, [target.target for target, _ in opened.targets], now)
        outlets = {
            ids[target.target]: Outlet(ids[target.target], target.target, target.sender, rate)
            for target, rate in opened.targets
            if target.target in ids
        }
        secret = ratings.signing_key(connection, rating.KEY_NAME)
        return Setup(with_route(config), rules, rules_path, outlets, secret)

    return read


def with_route(config: Config) -> Config:
    """Return the config with its effective default route: the console where no channel is configured."""
    return replace(
        config, default_route=configuration.effective_route(config), channels=configuration.effective_channels(config)
    )


def report_warnings(config: Config) -> None:
    """Log what is odd in the configuration but stops nothing."""
    for warning in config.warnings:
        log.warning("config_warning", place=warning.place, code=warning.code, message=warning.message, fix=warning.fix)


def report_refused(fault: errors.ConfigError) -> None:
    """Log and count a configuration that was not taken over."""
    metrics.CONFIG_RELOAD_SUCCESS.set(0)
    for item in fault.faults:
        log.error("config_fault", place=item.place, code=item.code, message=item.message, fix=item.fix)


def report_rules(rules: LiveRules, before: LiveRules | None) -> None:
    """Log what is wrong with the rule files, and which packs run on an older version."""
    faults = [fault for fault in rules.faults if fault.is_error]
    for fault in faults[:MOST_LOGGED]:
        log.error("rule_fault", place=fault.place, code=fault.code, message=fault.message, fix=fault.fix)
    if len(faults) > MOST_LOGGED:
        log.error("rule_faults_left_out", faults=len(faults) - MOST_LOGGED, meaning="`wirewatch check` shows them all")
    for pack, why in rules.stale.items():
        log.error("pack_stale", pack=pack, why=why)
    metrics.PACKS_STALE.set(len(rules.stale))
    if rules.stale:
        metrics.RULES_LOAD_FAILURES.inc()
    if before is None or before.id != rules.id:
        log.info("rules_live", ruleset=rules.id, packs=sorted(rules.ruleset.packs))


def fingerprint(files: tuple[Path, ...], folder: Path) -> tuple[object, ...]:
    """Return what changes when any of the files, or any file under `folder`, is saved, replaced, added or removed."""
    below = sorted(folder.rglob("*")) if folder.is_dir() else []
    return stamps((*files, folder, *below))


def stamps(files: tuple[Path, ...]) -> tuple[object, ...]:
    """Return what changes when any of the files is saved, replaced, added or removed."""
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[str, int, int, int] | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return (str(path), seen.st_mtime_ns, seen.st_size, seen.st_ino)
