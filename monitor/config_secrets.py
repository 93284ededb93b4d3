"""Which values of a configuration must never be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from monitor.config_settings import Config

MIN_SECRET_LENGTH = 4
"""Shorter values are not masked: logs would be unreadable, and such a value protects nothing."""
_MIN_TOKEN = 16
_SECRET_OPTIONS = frozenset({"pass", "password", "token", "secret", "key", "apikey"})
_PLAIN_OPTIONS = frozenset({"to", "from", "cc", "bcc", "name", "smtp", "mode", "format"})


_last: tuple[Config, frozenset[str]] | None = None


def secrets_of(config: Config) -> frozenset[str]:
    """Return every value that must not be shown, in each spelling in which it may turn up.

    The log asks at every line, so the answer for the configuration last asked about is kept.
    """
    global _last
    kept = _last
    if kept is None or kept[0] is not config:
        found = {value for secret in _secrets(config) for value in _spellings(secret)}
        kept = _last = config, frozenset(value for value in found if len(value) >= MIN_SECRET_LENGTH)
    return kept[1]


def _secrets(config: Config) -> Iterator[str]:
    for channel in config.channels.values():
        yield from _parts_of_address(channel.url.get_secret_value())
    for feed in config.feeds:
        for secret in (*feed.headers.values(), *([feed.password] if feed.password else [])):
            yield secret.get_secret_value()
    yield from (secret.get_secret_value() for secret in (config.web.metrics, config.web.password) if secret)
    if config.ops.heartbeat_url:
        yield from _parts_of_address(config.ops.heartbeat_url.get_secret_value())
    yield from (value.get_secret_value() for value in config.filled)
    password = _password(config.database)
    if password:
        yield password


def _parts_of_address(url: str) -> Iterator[str]:
    """Yield the address, its password, and whatever in it is long enough to be a token."""
    yield url
    password = _password(url)
    if password:
        yield password
    place, _, query = url.partition("://")[2].partition("?")
    host, *path = place.split("/")
    options = [(key.lower(), value) for key, value in parse_qsl(query)]
    yield from (value for key, value in options if key in _SECRET_OPTIONS)
    # Where a service has no host, apprise puts a token in its place; a name with dots is a host.
    pieces = [piece for piece in re.split("[:@]", host) if "." not in piece]
    pieces += [*path, *(value for key, value in options if key not in _PLAIN_OPTIONS)]
    yield from (piece for piece in pieces if len(piece) >= _MIN_TOKEN and "@" not in piece)


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def _spellings(secret: str) -> tuple[str, ...]:
    return secret, quote(secret, safe=""), quote(secret), unquote(secret)
