"""How a member of a cluster that does not lead keeps up: rules from the database, its own config.toml from its file.

The leader alone reads rule files, so that all match under one set. Each machine has its own copy of the config files:
channels, secrets, limits. A broken one is refused, and what was loaded before goes on.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from monitor import config as configuration
from monitor import errors, metrics, wiring
from monitor.config import Config
from monitor.jobs.context import Context
from monitor.store import messages, rulesets

LOOK = 2.0
"""Seconds between looks."""

log = structlog.get_logger()


class Follower:
    """Takes over what the leader made live, and what was saved in config.toml."""

    def __init__(
        self, context: Context, rule_files: wiring.RuleFiles, config: Config, taken: Callable[[Config], None]
    ) -> None:
        self._context, self._rule_files, self._config, self._tell_taken = context, rule_files, config, taken
        self._stamps = self._seen = _stamps(config)
        self._targets: set[int] | None = None
        """Those that were declared at the last look: a channel that was not is opened once it is."""
        self._wanted = False

    def ask(self) -> None:
        """Load again at the next look whatever the stamps say (SIGHUP)."""
        self._wanted = True

    async def look(self) -> None:
        """Take over what has changed: a file once it has stood still for one look."""
        now = _stamps(self._config)
        settled, self._seen = now == self._seen, now
        config = self._config
        if self._wanted or (settled and now != self._stamps):
            self._wanted, self._stamps = False, now
            config = self._load() or config
        live, targets = await self._context.store.read(
            lambda connection: (rulesets.live_id(connection), {one.id for one in messages.list_targets(connection)})
        )
        is_new = live not in (None, self._context.setup.live.id) or targets != self._targets
        self._targets = targets
        if is_new or config is not self._config:
            await self._take_over(config)

    def _load(self) -> Config | None:
        try:
            config = configuration.load(self._config.path)
        except errors.ConfigError as fault:
            wiring.report_refused(fault)
            return None
        metrics.CONFIG_RELOAD_SUCCESS.set(1)
        return config

    async def _take_over(self, config: Config) -> None:
        before = self._context.setup
        rules = await self._context.store.read(wiring.stored_rules) or before.live
        opened = wiring.open_channels(config)
        make = wiring.member_setup(config, rules, self._rule_files.put(rules), opened, self._context.clock.now())
        self._context.setup = await self._context.store.write(make)
        self._context.gate.replace(wiring.http_settings(config))
        self._config = config
        self._tell_taken(config)
        for outlet in before.outlets.values():
            await outlet.sender.close()
        log.info("followed", ruleset=rules.id, channels=len(self._context.setup.outlets))


def _stamps(config: Config) -> tuple[object, ...]:
    return wiring.stamps((config.path, *config.sources))
