"""The values of config.toml: what may stand behind a key, as types that pydantic checks, and what is said of others.

Messages may hold `{shown}`: the text as the file has it, never what a reference was filled with.
"""

from __future__ import annotations

import difflib
import ipaddress
import os
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_core import PydanticCustomError

from monitor import hours, model, toml_places, urls
from monitor.errors import FetchError
from monitor.http import addresses

MIN_TOKEN_LENGTH = 16
MIN_PASSWORD_LENGTH = 10
LEAST_KEPT = 7 * 86_400.0
"""Seconds: the stories and copies of some days are told by their texts."""
MAX_DURATION = 400 * 86_400.0

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*([smhd])")
_RATE = re.compile(r"(\d+) per (\S.*)")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OUR_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "user-agent", "te", "upgrade"}
)
_CHANNEL_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def _refuse(code: str, message: str, fix: str | None = None) -> PydanticCustomError:
    return PydanticCustomError("wirewatch", "{code}", {"code": code, "message": message, "fix": fix})


def parse_duration(text: str) -> float:
    """Return the seconds of `90s`, `10m`, `6h`, `2d`. Raises: ValueError."""
    found = _DURATION.fullmatch(text.strip())
    seconds = float(found[1]) * _UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= MAX_DURATION:
        raise ValueError(text)
    return seconds


def database_url(url: str, folder: Path) -> str | None:
    """Return the URL of a database as the store takes it, a file's below `folder`; None for what is none."""
    scheme, found, rest = url.partition("://")
    if found and scheme in ("postgresql", "postgres", "postgresql+psycopg") and rest:
        return f"postgresql+psycopg://{rest}"
    if found and scheme == "sqlite" and len(rest) > 1 and rest.startswith("/") and ":memory:" not in rest:
        file = os.path.normpath(folder / rest[1:])
        if "?" not in file and "#" not in file:
            return f"sqlite:///{file}"
    return None


def _duration(value: object) -> float:
    try:
        if isinstance(value, str):
            return parse_duration(value)
    except ValueError:
        pass_on = "`{shown}` is not a duration"
    else:
        pass_on = "a duration is text with its unit"
    raise _refuse("bad_duration", pass_on, 'write a number and s, m, h or d: "90s", "10m", "6h", "2d"; at most "400d"')


def _rate(value: object) -> tuple[int, float]:
    found = _RATE.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if found and int(found[1]) > 0:
            return int(found[1]), parse_duration(found[2])
    except ValueError:
        found = None
    raise _refuse("bad_rate", "`{shown}` is not a rate", 'write "30 per 1m": messages, then a duration')


def _timetable(value: object) -> hours.Timetable:
    try:
        if isinstance(value, str):
            return hours.parse_timetable(value)
    except ValueError:
        value = None
    raise _refuse("bad_digest", "`{shown}` is no time for a digest", 'write "07:00", "mon-fri 07:00" or "hourly"')


def _quiet(value: object) -> hours.Quiet:
    try:
        if isinstance(value, str):
            return hours.parse_quiet(value)
    except ValueError:
        value = None
    fix = 'write "22:00-06:30": from, then to, in the desk\'s time zone; they must differ'
    raise _refuse("bad_quiet", "`{shown}` names no quiet hours", fix)


def _severity(value: str) -> str:
    if value not in model.SEVERITIES:
        near = nearest(value, model.SEVERITIES)
        fix = f"did you mean `{near}`?" if near else "write one of " + ", ".join(model.SEVERITIES)
        raise _refuse("bad_severity", "`{shown}` is no severity", fix)
    return value


def _timezone(name: str) -> str:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        near = nearest(name, sorted(zoneinfo.available_timezones()))
        fix = f"did you mean `{near}`?" if near else "write an IANA name such as Europe/London"
        raise _refuse("unknown_timezone", "`{shown}` is not a time zone", fix) from None
    return name


def _language(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise _refuse("bad_language", "`{shown}` is not a language code", "write two letters: en, ar, he, fr")
    return value.lower()


def _country(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2}", value):
        raise _refuse("bad_country", "`{shown}` is not a country code", "write two letters: IL, EG, US")
    return value.upper()


def _feed_url(value: str) -> str:
    try:
        urls.parse_url(value)
    except FetchError:
        if "@" in value:  # never shown: what stands before it may be a password
            fix = "write http:// or https:// and a host; a login goes into the keys `user` and `password`"
            raise _refuse("bad_url", "this is not the address of a feed, or it holds a login", fix) from None
        fix = "write http:// or https://, a host, and a path without spaces"
        raise _refuse("bad_url", "`{shown}` is not the address of a feed", fix) from None
    return value


def _channel_url(value: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", value) or re.search(r"[\x00-\x1f\x7f]", value):
        raise _refuse(
            "bad_url", "the address has no scheme", "write slack://..., mailtos://... or another address with ://"
        )
    return value


def _kept(value: float) -> float:
    if value < LEAST_KEPT:
        message = "`{shown}` is too short: new articles are compared with those of the last days"
        raise _refuse("short_retention", message, 'write at least "7d"')
    return value


def _heartbeat_url(value: SecretStr) -> SecretStr:
    try:
        urls.parse_url(value.get_secret_value())
    except FetchError:
        fix = "write http:// or https://, a host and a path; the service that watches for the heartbeat gives it"
        raise _refuse("bad_url", "this is no web address, or it holds a login or a space", fix) from None
    return value


def _slug_like(value: str) -> str:
    if not re.fullmatch(r"\w(?:[\w.-]{0,79})", value):
        raise _refuse("bad_id", "`{shown}` is not an id", "use letters, digits, `-`, `_` and `.` only, at most 80")
    return value


def _one_line(value: str) -> str:
    if not value.strip() or len(value) > 200 or re.search(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", value):
        raise _refuse("bad_text", "this text is empty, or no single line of 200 characters", "write one short line")
    return value.strip()


def _contact(value: str) -> str:
    is_mail = re.fullmatch(r"[^@\s]+@[^@\s]+", value)
    is_page = re.fullmatch(r"https?://\S+", value)
    if value and (not value.isascii() or not value.isprintable() or not (is_mail or is_page)):
        raise _refuse("bad_contact", "`{shown}` is neither mail nor web address", "for example desk@example.org")
    return value


def _private_place(value: str) -> str:
    try:
        addresses.parse_allowed([value])
    except ValueError:
        fix = 'write "10.1.2.3:8080" or "10.1.2.0/24"; public addresses need no leave'
        raise _refuse("bad_private", "`{shown}` is neither host:port nor a private network", fix) from None
    return value


def _headers(value: Mapping[str, SecretStr]) -> Mapping[str, SecretStr]:
    for name, text in value.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OUR_HEADERS:
            raise _refuse("bad_header", f"the header {name!r} cannot be set", "remove it")
        if re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text.get_secret_value()):
            raise _refuse("bad_header", f"the value of {name} holds a control character", "write it on one line")
    return value


def parse_listen(value: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8080` or `[::1]:8080`. Raises: ValueError."""
    host, _, port = value.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    host = host[1:-1] if bracketed else host
    if bracketed:
        ipaddress.IPv6Address(host)
    if not re.fullmatch(r"[0-9A-Za-z.:%_-]+", host) or (":" in host and not bracketed) or not port.isdecimal():
        raise ValueError(value)
    if int(port) > 65_535:
        raise ValueError(value)
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Return whether `host`, an address or `localhost`, can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _listen(value: object) -> tuple[str, int]:
    try:
        if isinstance(value, str):
            return parse_listen(value)
    except ValueError:
        value = None
    raise _refuse("bad_listen", "`{shown}` is not host:port", 'write "127.0.0.1:8080", "0.0.0.0:8080" or "[::1]:8080"')


def _public_url(value: str) -> str:
    try:
        parsed = urls.parse_url(value)
    except FetchError:
        parsed = None
    if parsed is None or re.search(r"[?#\s]", value):
        shown = "this" if "@" in value else "`{shown}`"  # what stands before the @ may be a password
        fix = 'write "https://wire.example.org", with a path where the monitor is below one'
        raise _refuse("bad_url", f"{shown} is no address of a web site", fix)
    return value.rstrip("/")


def _token(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if len(text) < MIN_TOKEN_LENGTH or not re.fullmatch(r"[!-~]+", text):
        fix = f"at least {MIN_TOKEN_LENGTH} characters without spaces; `openssl rand -hex 16` makes one"
        raise _refuse("weak_token", "this token is too short, or holds characters that a header cannot", fix)
    return value


_ARGON2 = re.compile(r"\$argon2(?:id|i|d)\$v=\d+\$m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}")
_MOST_ARGON2_KIB = 262_144


def _password(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    if text.startswith("$argon2"):
        found = _ARGON2.fullmatch(text)
        if found is None or int(found[1]) > _MOST_ARGON2_KIB or int(found[2]) > 20 or int(found[3]) > 16:
            fix = "write the whole line that `wirewatch web hash` printed; at most m=262144,t=20,p=16"
            raise _refuse("bad_password", "this begins like an argon2 hash, and is none that can be used", fix)
    elif len(text) < MIN_PASSWORD_LENGTH or re.search(r"[\x00-\x1f\x7f]", text):
        fix = f"at least {MIN_PASSWORD_LENGTH} characters; `openssl rand -base64 15` makes one"
        raise _refuse("weak_password", "this password is too short, or holds a control character", fix)
    return value


def _host_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?", value):
        raise _refuse(
            "bad_host", "`{shown}` is no host name", 'write the bare name, without scheme and port: "wire.lan"'
        )
    return value.lower()


def _header_name(value: str) -> str:
    if not _HEADER_NAME.fullmatch(value) or value.lower() in (*_OUR_HEADERS, "cookie", "authorization"):
        raise _refuse("bad_header", "`{shown}` cannot name a user", 'write the header of your proxy: "X-Remote-User"')
    return value.lower()


def _proxy_address(value: str) -> str:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        network = None
    if network is None or network.prefixlen == 0:
        fix = 'write the address of the proxy, or its network: "127.0.0.1", "10.0.0.0/24"'
        raise _refuse("bad_proxy", "`{shown}` is no address or network of a proxy", fix)
    return value


def nearest(name: str, known: Sequence[str]) -> str | None:
    """Return the member of `known` that `name` most probably means, if any is near."""
    found = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return found[0] if found else None


def is_channel_name(name: str) -> bool:
    """Return whether `name` can stand in routes, logs and metrics as it is."""
    return _CHANNEL_NAME.fullmatch(name) is not None


def is_secret(path: toml_places.Path) -> bool:
    """Return whether the value at `path` is a secret as such."""
    return path[-1:] in (("password",), ("metrics",)) or "headers" in path or path[:1] in (("channels",), ("ops",))


Duration = Annotated[float, BeforeValidator(_duration)]
Line = Annotated[str, AfterValidator(_one_line)]
Secret = Annotated[SecretStr, Field(strict=False)]
Timezone = Annotated[str, AfterValidator(_timezone)]
PrivatePlace = Annotated[str, AfterValidator(_private_place)]
Contact = Annotated[str, AfterValidator(_contact)]
FeedUrl = Annotated[str, AfterValidator(_feed_url)]
Slug = Annotated[str, AfterValidator(_slug_like)]
Language = Annotated[str, AfterValidator(_language)]
Country = Annotated[str, AfterValidator(_country)]
Severity = Annotated[str, AfterValidator(_severity)]
Rate = Annotated[tuple[int, float], BeforeValidator(_rate)]
Timetable = Annotated[hours.Timetable, BeforeValidator(_timetable)]
Quiet = Annotated[hours.Quiet, BeforeValidator(_quiet)]
Listen = Annotated[tuple[str, int], BeforeValidator(_listen)]
Token = Annotated[Secret, AfterValidator(_token)]
PublicUrl = Annotated[str, AfterValidator(_public_url)]
Password = Annotated[Secret, AfterValidator(_password)]
HostName = Annotated[str, AfterValidator(_host_name)]
HeaderName = Annotated[str, AfterValidator(_header_name)]
ProxyAddress = Annotated[str, AfterValidator(_proxy_address)]
HeartbeatUrl = Annotated[Secret, AfterValidator(_heartbeat_url)]
KeptFor = Annotated[Duration, AfterValidator(_kept)]
FeedHeaders = Annotated[dict[str, Secret], AfterValidator(_headers)]
ChannelUrl = Annotated[Secret, AfterValidator(lambda url: SecretStr(_channel_url(url.get_secret_value())))]
