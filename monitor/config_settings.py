"""What config.toml says, as frozen values, and where alerts go that nothing else directs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from monitor.alerts.route import Route
from monitor.delivery.template import Template
from monitor.errors import Fault
from monitor.hours import Quiet, Timetable

CONSOLE = "console"
"""Name of the channel that is there without being declared."""


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """One feed as config.toml or a feed list declares it; durations in seconds."""

    url: str = field(repr=False)
    """May hold a key that was filled in from outside, so it is not part of the repr."""
    id: str
    name: str
    newsroom: str
    lang: str | None = None
    country: str | None = None
    side: str | None = None
    tags: tuple[str, ...] = ()
    trusted: bool = True
    candidate: bool = False
    every: float | None = None
    backfill: int | None = None
    daily_entries: int | None = None
    headers: Mapping[str, SecretStr] = field(default_factory=dict)
    user: str | None = None
    password: SecretStr | None = None
    place: str = ""
    """`file:line` of the declaration."""


@dataclass(frozen=True, slots=True)
class PollingSettings:
    """`[polling]`; durations in seconds."""

    every: float = 600.0
    min_every: float = 60.0
    backfill: int = 0
    daily_entries: int = 2000
    """Entries that one feed may bring on a day (UTC); see `monitor.feeds.quota`."""
    allow_private: tuple[str, ...] = ()
    concurrency: int = 64
    per_host: int = 2
    prefilter: bool = False
    """Whether a page is left unread whose words no rule could match."""
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` messages in any `seconds`."""

    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """`[channels.NAME]`."""

    name: str
    url: SecretStr
    rate: Rate | None = None
    digest: Timetable | None = None
    """When its alerts are collected into one message."""
    quiet: Quiet | None = None
    budget: int | None = None
    """Alerts a day, in the desk's zone, beyond which those less than high wait for the day's end."""
    group: float | None = None
    """Seconds after a message within which what follows is sent together."""
    template: Template | None = None
    """The user's own words for its messages."""


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`[web]`."""

    host: str = "127.0.0.1"
    port: int = 8080
    metrics: SecretStr | None = None
    public_url: str | None = None
    """Where readers reach the monitor, without a slash at its end."""
    password: SecretStr | None = None
    """Of the dashboard: plain, or an argon2 hash."""
    edit_rules: bool = False
    """Whether the playground may write rule files."""
    allowed_hosts: tuple[str, ...] = ()
    """Names, beside addresses and `localhost`, that the dashboard answers to; lower case."""
    proxy_header: str | None = None
    """Header by which a trusted proxy says who asks; lower case."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses and networks of those proxies."""


@dataclass(frozen=True, slots=True)
class OpsSettings:
    """`[ops]`."""

    heartbeat_url: SecretStr | None = None
    """Asked every minute while all is well."""


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """`[retention]`."""

    articles: float | None = None
    """Seconds for which texts of articles are kept that nobody was told of; None: for ever."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked; paths are absolute."""

    path: Path
    database: str = field(repr=False)
    """SQLAlchemy URL, absolute path for SQLite; may hold a password, so it is not part of the repr."""
    rules: Path
    timezone: str = "UTC"
    default_route: tuple[str, ...] = ()
    ops_channel: str | None = None
    polling: PollingSettings = field(default_factory=PollingSettings)
    feeds: tuple[FeedSettings, ...] = ()
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    web: WebSettings = field(default_factory=WebSettings)
    ops: OpsSettings = field(default_factory=OpsSettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    warnings: tuple[Fault, ...] = ()
    """What is odd but usable, mostly in feed lists; every code begins with W."""
    sources: tuple[Path, ...] = ()
    """Every file that was read: this one, feed lists, files of secrets; a change in one calls for a reload."""
    filled: tuple[SecretStr, ...] = ()
    """What references brought into addresses and secrets, for masking."""


def effective_channels(config: Config) -> dict[str, ChannelSettings]:
    """Return every channel that can be named: the declared ones, and `console`."""
    return {CONSOLE: ChannelSettings(CONSOLE, SecretStr(f"{CONSOLE}://")), **config.channels}


def effective_route(config: Config) -> tuple[str, ...]:
    """Return the channels of packs that name none: `default_route`, or the console where it is empty."""
    return config.default_route or (CONSOLE,)
