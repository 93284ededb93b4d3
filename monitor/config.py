"""config.toml -> a frozen Config, or every fault of the file at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr


@dataclass(frozen=True, slots=True)
class FeedSettings:
    """One feed as config.toml or a feed list declares it; durations in seconds."""

    url: str
    id: str
    name: str
    newsroom: str
    lang: str | None = None
    country: str | None = None
    side: str | None = None
    tags: tuple[str, ...] = ()
    candidate: bool = False
    every: float | None = None
    backfill: int | None = None
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
    allow_private: tuple[str, ...] = ()
    concurrency: int = 64
    per_host: int = 2
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


@dataclass(frozen=True, slots=True)
class WebSettings:
    """`[web]`."""

    host: str = "127.0.0.1"
    port: int = 8080
    metrics: SecretStr | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, checked; paths are absolute."""

    path: Path
    database: str
    """SQLAlchemy URL, absolute path for SQLite."""
    rules: Path
    timezone: str = "UTC"
    default_route: tuple[str, ...] = ()
    ops_channel: str | None = None
    polling: PollingSettings = field(default_factory=PollingSettings)
    feeds: tuple[FeedSettings, ...] = ()
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)
    web: WebSettings = field(default_factory=WebSettings)
