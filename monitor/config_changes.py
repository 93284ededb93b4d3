"""What a reloaded configuration changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from monitor.config_settings import Config


@dataclass(frozen=True, slots=True)
class Changes:
    """What a reloaded configuration changes; ids of feeds, names of channels."""

    feeds_added: tuple[str, ...] = ()
    feeds_removed: tuple[str, ...] = ()
    feeds_changed: tuple[str, ...] = ()
    channels_added: tuple[str, ...] = ()
    channels_removed: tuple[str, ...] = ()
    channels_changed: tuple[str, ...] = ()
    polling: bool = False
    routing: bool = False
    """`default_route` or `ops_channel`."""
    timezone: bool = False
    rules: bool = False
    """The folder's path; changes inside it are the rules' own affair."""
    metrics_token: bool = False
    public_url: bool = False
    dashboard: bool = False
    """Who may see the dashboard, or what they may do there."""
    heartbeat: bool = False
    restart: tuple[str, ...] = ()
    """Keys whose change waits for the next start."""

    @property
    def any(self) -> bool:
        """Return whether anything changed at all."""
        return self != Changes()


def differences(old: Config, new: Config) -> Changes:
    """Return what changes from `old` to `new`; a declaration that only moved in its file has not changed."""
    feeds = _compare({f.id: replace(f, place="") for f in old.feeds}, {f.id: replace(f, place="") for f in new.feeds})
    channels = _compare(old.channels, new.channels)
    restart = {
        "monitor.database": old.database != new.database,
        "web.listen": (old.web.host, old.web.port) != (new.web.host, new.web.port),
    }
    return Changes(
        feeds_added=feeds[0],
        feeds_removed=feeds[1],
        feeds_changed=feeds[2],
        channels_added=channels[0],
        channels_removed=channels[1],
        channels_changed=channels[2],
        polling=old.polling != new.polling,
        routing=(old.default_route, old.ops_channel) != (new.default_route, new.ops_channel),
        timezone=old.timezone != new.timezone,
        rules=old.rules != new.rules,
        metrics_token=old.web.metrics != new.web.metrics,
        public_url=old.web.public_url != new.web.public_url,
        dashboard=_access(old) != _access(new),
        heartbeat=old.ops != new.ops,
        restart=tuple(key for key, changed in restart.items() if changed),
    )


def _access(config: Config) -> tuple[object, ...]:
    """Return what says who may see the dashboard, and what they may do there."""
    web = config.web
    return web.password, web.edit_rules, web.allowed_hosts, web.proxy_header, web.trusted_proxies


def _compare(old: Mapping[str, object], new: Mapping[str, object]) -> tuple[tuple[str, ...], ...]:
    """Return the names that are added, removed and changed."""
    added = tuple(name for name in new if name not in old)
    removed = tuple(name for name in old if name not in new)
    changed = tuple(name for name in new if name in old and old[name] != new[name])
    return added, removed, changed
