"""A channel's URL -> what a sender needs to know; nothing here connects, and no message here repeats a secret."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from urllib.parse import SplitResult, unquote, urlsplit

from monitor import errors
from monitor.delivery import mail

SLACK_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")

_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*)://")
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*")
_TOKEN = re.compile(r"[A-Za-z0-9]{1,64}")
_ROOM = re.compile(r"[#@]?[\w.-]{1,80}")
_MAIL_KEYS = ("to", "from", "name", "smtp", "mode", "user", "pass")
_PORTS = {"ssl": 465, "starttls": 587, "insecure": 25}
_LONGEST_ADDRESS = 254


@dataclass(frozen=True, slots=True)
class SlackAddress:
    """A webhook and the rooms its messages go to; no room: the webhook's own."""

    url: str = field(repr=False)
    host: str
    rooms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MailAddress:
    """A mail server, who writes, and to whom."""

    server: mail.Server
    sender: str
    sender_name: str
    recipients: tuple[str, ...]


def scheme(url: str) -> str:
    """Return the lower-case scheme of a channel's URL. Raises: DeliveryError if it has none."""
    found = _SCHEME.match(url)
    if not found:
        raise errors.DeliveryError(
            "a channel's url begins with a scheme: slack://, mailtos://, console:// or that of an apprise service"
        )
    return found[1].lower()


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url.strip())
        _ = parts.port
    except ValueError as error:
        # The parser's own words may quote the URL, and with it a password.
        raise errors.DeliveryError("the url cannot be read: check its host and port (a number to 65535)") from error
    return parts


def _options(query: str) -> dict[str, str]:
    """Return the options of a query; a plus sign stays one, since mail addresses hold them."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {unquote(key).strip().lower(): unquote(value).strip() for key, _, value in pairs}


# -- Slack ---------------------------------------------------------------------------------------


def is_slack(url: str) -> bool:
    """Return whether our own Slack sender takes this URL."""
    kind = scheme(url)
    return kind in ("slack", "slack+https") or (kind == "https" and _split(url).hostname in SLACK_HOSTS)


def parse_slack(url: str) -> SlackAddress:
    """Read `slack://A/B/C[/#room]`, `https://hooks.slack.com/services/A/B/C` or `slack+https://host/path[#room]`.

    Raises: DeliveryError with what to write instead.
    """
    kind = scheme(url)
    if kind == "slack":
        return _slack_tokens(url)
    parts = _split(url)
    if not parts.hostname or len(parts.path) < 2:
        raise errors.DeliveryError("the webhook's url lacks its host or its path: slack+https://host/path")
    if parts.hostname in SLACK_HOSTS and not re.fullmatch(r"/services/[^/]+/[^/]+/[^/]+/?", parts.path):
        raise errors.DeliveryError(
            f"https://{parts.hostname}/services/A/B/C is the form of an incoming webhook; this path is another"
        )
    rooms = _rooms([parts.fragment]) if parts.fragment else ()
    plain = parts._replace(scheme="https", fragment="")
    return SlackAddress(plain.geturl(), parts.hostname, rooms)


def _slack_tokens(url: str) -> SlackAddress:
    rest, _, query = url.strip().partition("://")[2].partition("?")
    if query:
        raise errors.DeliveryError("slack:// takes no options after '?'; name a room as slack://A/B/C/#room")
    if rest.startswith(("xoxb-", "xoxp-", "xoxa-")):
        raise errors.DeliveryError(
            "slack:// needs the three tokens of an incoming webhook (slack://A/B/C), not a bot's token; "
            "add an incoming webhook to the Slack app and use its address"
        )
    if "@" in rest.partition("/")[0]:
        raise errors.DeliveryError("slack:// takes no name before '@': an incoming webhook has its own; remove it")
    tokens = [unquote(piece) for piece in rest.split("/") if piece]
    if len(tokens) < 3 or not all(map(_TOKEN.fullmatch, tokens[:3])):
        raise errors.DeliveryError("slack:// needs three tokens, slack://A/B/C, as in the webhook's address")
    return SlackAddress(f"https://{SLACK_HOSTS[0]}/services/{'/'.join(tokens[:3])}", SLACK_HOSTS[0], _rooms(tokens[3:]))


def _rooms(names: list[str]) -> tuple[str, ...]:
    rooms = []
    for name in map(unquote, names):
        if not _ROOM.fullmatch(name):
            raise errors.DeliveryError(f"{name!r} is not the name of a room; write #room")
        rooms.append(name if name[0] in "#@" else f"#{name}")
    return tuple(dict.fromkeys(rooms))


# -- mail ----------------------------------------------------------------------------------------


def is_mail(url: str) -> bool:
    """Return whether our own mail sender takes this URL."""
    return scheme(url) in ("mailto", "mailtos")


def parse_mail(url: str) -> MailAddress:
    """Read `mailto(s)://user:password@host:port/?to=a@x,b@y&from=...&name=...&smtp=...&mode=starttls|ssl|insecure`.

    Without `from`, the user writes (`user@host` if the user is no address); without `to`, the writer is the reader.
    Raises: DeliveryError with what to write instead.
    """
    parts, options = _split(url), _options(_split(url).query)
    unknown = sorted(set(options) - set(_MAIL_KEYS))
    if unknown:
        raise errors.DeliveryError(f"a mail url has no option {unknown[0]!r}; known are {', '.join(_MAIL_KEYS)}")
    if not parts.hostname:
        raise errors.DeliveryError(
            "the mail url lacks its server: mailtos://user:password@smtp.example.org/?to=desk@example.org"
        )
    server = _server(parts, options)
    sender, name = _sender(parts.hostname, server.user, options)
    return MailAddress(server, sender, options.get("name") or name or "Wirewatch", _recipients(parts, options, sender))


def _server(parts: SplitResult, options: dict[str, str]) -> mail.Server:
    mode = options.get("mode", "").lower() or _usual_mode(parts)
    if mode not in _PORTS:
        raise errors.DeliveryError(f"mode={mode} is unknown; write mode=starttls, mode=ssl or mode=insecure")
    if parts.scheme.lower() == "mailtos" and mode == "insecure":
        raise errors.DeliveryError(
            "mailtos:// is encrypted and mode=insecure is not; write mailto:// for no encryption"
        )
    user = options.get("user") or unquote(parts.username or "") or None
    password = options.get("pass") or unquote(parts.password or "") or None
    host = options.get("smtp") or parts.hostname or ""
    return mail.Server(_domain(host), parts.port or _PORTS[mode], mode, user, password)


def _usual_mode(parts: SplitResult) -> str:
    if parts.scheme.lower() == "mailto":
        return "insecure"
    return "ssl" if parts.port == _PORTS["ssl"] else "starttls"


def _sender(host: str, user: str | None, options: dict[str, str]) -> tuple[str, str]:
    written = options.get("from", "")
    name, address = parseaddr(written) if "@" in written else (written, "")
    if address:
        return checked_address(address), name
    if not user:
        raise errors.DeliveryError("nobody is named as the mail's writer: add from=monitor@example.org")
    return checked_address(user if "@" in user else f"{user}@{host}"), name


def _recipients(parts: SplitResult, options: dict[str, str], sender: str) -> tuple[str, ...]:
    named = re.split(r"[,;\s]+", options.get("to", "")) + [unquote(piece) for piece in parts.path.split("/")]
    recipients = [checked_address(address) for address in named if address]
    return tuple(dict.fromkeys(recipients)) or (sender,)


def checked_address(address: str) -> str:
    """Return a mail address in the form that every server takes. Raises: DeliveryError if it is none."""
    local, _, domain = address.strip().rpartition("@")
    if not _LOCAL.fullmatch(local) or len(address) > _LONGEST_ADDRESS:
        raise errors.DeliveryError(f"{address!r} is not a mail address that every server takes; write name@example.org")
    return f"{local}@{_domain(domain)}"


def _domain(name: str) -> str:
    if ":" in name:
        return name
    try:
        ascii_name = name.encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_name = ""
    if not _DOMAIN.fullmatch(ascii_name):
        raise errors.DeliveryError(f"{name!r} is not the name of a host")
    return ascii_name
