"""Notice saved files and take them over: all or nothing, the old on any fault, told once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import structlog

from monitor import config as configuration
from monitor import errors, metrics, wiring
from monitor.config import Config
from monitor.jobs import names, notice
from monitor.jobs.context import Context, Setup
from monitor.rules.live import LiveRules
from monitor.store.store import Connection

CHECK = 0.5
"""Seconds between looks at the files; a change is taken over once it has stood still for one look."""

log = structlog.get_logger()


class Reloader:
    """Compares the stamps of config, feed lists, secret files and rules; on a change loads them again.

    Looking at a hundred files costs a tenth of a millisecond and works for editors that replace files, for bind mounts
    and for network folders, where change notifications do not.
    """

    def __init__(
        self, context: Context, rule_files: wiring.RuleFiles, config: Config, taken: Callable[[Config], None]
    ) -> None:
        self._context = context
        self._rule_files = rule_files
        self._config = config
        self._tell_taken = taken
        self._faulty: tuple[Path, ...] = ()
        """Files that the last load found fault with and the running configuration does not name."""
        self._taken = self._seen = _stamps(config)
        self._wanted = False
        self._begun = False

    def ask(self) -> None:
        """Reload at the next look whatever the stamps say (SIGHUP)."""
        self._wanted = True

    async def look(self) -> None:
        """Reload if a file changed and is no longer being written; the first look tells how the files stood."""
        if not self._begun:
            self._begun = True
            rules = self._context.setup.live
            await self._context.store.write(lambda connection: self._tell(connection, self._config, rules))
        now = _stamps(self._config, self._faulty)
        settled, self._seen = now == self._seen, now
        if self._wanted or (settled and now != self._taken):
            self._wanted = False
            self._taken = now
            await self.reload()

    async def reload(self) -> bool:
        """Load everything again; return whether it was taken over. On any fault of config.toml all stays as it was.

        Rules are loaded beside the loop: some thousand of them take seconds, in which polls and sends go on.
        """
        self._context.reached("reload.begun")
        try:
            config = configuration.load(self._config.path)
            opened = wiring.open_channels(config)
        except errors.ConfigError as fault:
            await self._refuse(fault)
            return False
        metrics.CONFIG_RELOAD_SUCCESS.set(1)
        setup = self._context.setup
        if (config.sources, config.rules) != (self._config.sources, self._config.rules):
            # Other files from now on; before they are read, so that what is saved meanwhile is seen by the next look.
            self._taken = self._seen = _stamps(config)
        self._faulty = ()
        rules = await asyncio.to_thread(wiring.load_rules, config, setup.live, "stay")
        wiring.report_rules(rules, setup.live)
        await self._take_over(config, rules, opened, setup)
        return True

    async def _refuse(self, fault: errors.ConfigError) -> None:
        wiring.report_refused(fault)
        # A file that only the refused configuration names is looked at, too; being new to us, it is read once more.
        named = {Path(os.path.abspath(item.file)) for item in fault.faults}
        self._faulty = tuple(sorted(named - {self._config.path, *self._config.sources}))
        now = self._context.clock.now()
        body = "\n".join(str(item) for item in fault.faults)
        await self._context.store.write(
            lambda connection: notice.tell(
                self._context,
                connection,
                "config_broken",
                "config.toml is broken; the monitor goes on with the one before",
                body,
                now,
            )
        )

    async def _take_over(self, config: Config, rules: LiveRules, opened: wiring.Opened, before: Setup) -> None:
        changes = configuration.differences(self._config, config)
        for name in changes.restart:
            log.warning("restart_needed", key=name, meaning="the change takes effect when the monitor is started again")
        now = self._context.clock.now()
        path = self._rule_files.put(rules)
        make = wiring.record_setup(config, rules, path, opened, now)

        def record(connection: Connection) -> Setup:
            setup = make(connection)
            self._tell(connection, config, rules)
            return setup

        self._context.setup = await self._context.store.write(record)
        self._context.gate.replace(wiring.http_settings(config))
        self._config = config
        self._tell_taken(config)
        wiring.report_warnings(config)
        for outlet in before.outlets.values():
            await outlet.sender.close()
        log.info("reloaded", config=str(config.path), feeds=len(config.feeds), packs=len(rules.ruleset.packs))

    def _tell(self, connection: Connection, config: Config, rules: LiveRules) -> None:
        """Tell the ops channel about rule files that are broken, and that config and rules are sound again."""
        now = self._context.clock.now()
        notice.over(self._context, connection, "config_broken", "config.toml is sound again", "", now)
        self._tell_routes(connection, config, rules)
        if rules.stale:
            body = "\n".join(f"{pack}: {why}" for pack, why in rules.stale.items())
            headline = "Rule files are broken; the last good versions stay"
            notice.tell(self._context, connection, "rules_broken", headline, body, now)
        else:
            notice.over(self._context, connection, "rules_broken", "The rule files are sound again", "", now)

    def _tell_routes(self, connection: Connection, config: Config, rules: LiveRules) -> None:
        """Tell of routes that name no pack, rule or tag there is: nobody sees a pager that stays silent."""
        if rules.stale:
            return  # what they name may stand in a file that is broken
        found = names.route_faults(config, rules.ruleset.packs.values())
        for fault in found:
            log.warning("route_unmet", place=fault.place, code=fault.code, message=fault.message, fix=fault.fix)
        faults, now = [str(fault) for fault in found if fault.is_error], self._context.clock.now()
        if faults:
            headline = "Routes of config.toml name what is not there"
            notice.tell(self._context, connection, "routes_unmet", headline, "\n".join(faults), now)
        else:
            headline = "All that the routes of config.toml name is there again"
            notice.over(self._context, connection, "routes_unmet", headline, "", now)


def _stamps(config: Config, others: tuple[Path, ...] = ()) -> tuple[object, ...]:
    """Return the stamps of every file that `config` leads to, and of `others`."""
    return wiring.fingerprint((config.path, *config.sources, *others), config.rules)
