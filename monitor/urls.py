"""The one URL parser of the program: what we check is what we connect to, store and show.

`parse_url` is strict where parsers disagree (backslash, userinfo, control characters, numeric hosts that are not plain
dotted quads), because an address that two parsers read differently is an address that passes a guard.
`canonical_url` names an article across feeds. It keeps every query parameter that is not known to be a tracker: calling
two articles one would lose an alert, calling one article two is caught again by its text. (courlan's cleaner was tried
for it: its pattern also drops `cid`, `eid`, `uid` and `gallery`, which name articles on real sites.)
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin

import idna

from monitor.errors import FetchError

MAX_URL = 8192
"""Longest address that is fetched, in characters."""
MAX_LINK = 2048
"""Longest link that is stored or shown, in characters."""

DEFAULT_PORTS = {"http": 80, "https": 443}

_SHAPE = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:\#(?P<fragment>.*))?", re.I
)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?", re.I)
_HEAD = re.compile(r"([^/?#]*//)?([^/?#]*)([^?#]*)(.*)", re.DOTALL)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\\\u2028\u2029\ufeff]")
_LONE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")

_UNRESERVED = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
_PATH_SAFE = "/:@!$&'()*+,;=~%"
_QUERY_SAFE = _PATH_SAFE + "?"


@dataclass(frozen=True, slots=True)
class Url:
    """An http(s) address in the one form in which it is checked and fetched; ASCII throughout."""

    scheme: str
    host: str
    """Lower case; A-labels for international names; an IPv6 address without brackets."""
    port: int
    path: str
    """Begins with a slash; percent-encoded."""
    query: str = ""
    fragment: str = ""

    @property
    def netloc(self) -> str:
        """Return host and port as an address shows them, the scheme's own port left out."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def shown(self) -> str:
        """Return the address for messages and logs: without its query, which may hold a key."""
        return f"{self.scheme}://{self.netloc}{self.path[:200]}{'?...' if self.query else ''}"

    def __str__(self) -> str:
        query = f"?{self.query}" if self.query else ""
        fragment = f"#{self.fragment}" if self.fragment else ""
        return f"{self.scheme}://{self.netloc}{self.path}{query}{fragment}"


# -- parsing -------------------------------------------------------------------------------------


@lru_cache(maxsize=2048)
def parse_url(url: str) -> Url:
    """Return the parts of an absolute http(s) address.

    Raises: FetchError `bad_url`: another scheme, a user name, a backslash or control character, a host that is neither
    a name nor a plainly written IP address, or more than MAX_URL characters.
    """
    shape = _SHAPE.fullmatch(url) if len(url) <= MAX_URL and not _FORBIDDEN.search(url) else None
    if shape is None:
        raise _bad(url, _what_is_wrong(url))
    scheme = shape["scheme"].lower()
    host, port = _split_authority(url, shape["authority"])
    try:
        path = _encode(shape["path"] or "/", _PATH_SAFE)
        query = _encode(shape["query"] or "", _QUERY_SAFE)
        fragment = _encode(shape["fragment"] or "", _QUERY_SAFE)
    except UnicodeEncodeError:
        raise _bad(url, "it holds half a character (a lone surrogate)") from None
    return Url(scheme, host, port or DEFAULT_PORTS[scheme], path, query, fragment)


def host_of(url: str) -> str:
    """Return the host of an address, lower case, as A-labels; empty if the address cannot be used."""
    try:
        return parse_url(url).host
    except FetchError:
        return ""


def safe_link(url: str | None, base: str | None = None) -> str | None:
    """Return `url` as an absolute http(s) link that is fit to store and show, joined to `base` where it is relative.

    None for anything else: other schemes, user names, unusable hosts, more than MAX_LINK characters. Spaces around it
    and line breaks within it, which feeds wrap long links with, are dropped as browsers drop them.
    """
    text = re.sub(r"[\t\r\n]", "", url or "").strip(" \x0b\x0c\xa0")
    if not text or len(text) > MAX_LINK:
        return None
    try:
        link = str(parse_url(urljoin(base, text) if base else text))
    except (FetchError, ValueError):  # urljoin refuses unbalanced brackets with a ValueError
        return None
    return link if len(link) <= MAX_LINK else None


def join_url(base: Url, reference: str) -> Url:
    """Return where `reference`, a Location header, leads from `base`. Raises: FetchError `bad_url`."""
    try:
        return parse_url(urljoin(str(base), reference.strip(" \t")))
    except ValueError:
        raise _bad(reference, "its brackets do not balance") from None


def _split_authority(url: str, authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise _bad(url, "it holds a user name; give user and password as settings of their own")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise _bad(url, "it has no usable host and port")
    port = int(match["port"]) if match["port"] else None
    if port is not None and not 0 < port < 65536:
        raise _bad(url, "its port is not between 1 and 65535")
    return _check_host(url, match["host"]), port


def _check_host(url: str, host: str) -> str:
    if host.startswith("["):
        return _ipv6(url, host[1:-1])
    name = _to_ascii(url, host).removesuffix(".")
    labels = name.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _ipv4(url, name)
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise _bad(url, "its host is not a valid name")
    return name


def _to_ascii(url: str, host: str) -> str:
    if host.isascii():
        return host.lower()
    try:
        return idna.encode(host, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        raise _bad(url, "its host is not a valid international name") from None


def _ipv4(url: str, text: str) -> str:
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise _bad(url, "its host is an oddly written number; write an IPv4 address as four decimals") from None


def _ipv6(url: str, text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError:
        raise _bad(url, "its host is not a valid IPv6 address") from None


def _encode(text: str, safe: str) -> str:
    if text.isascii() and text.isalnum():
        return text
    return _LONE_PERCENT.sub("%25", quote(text, safe=safe))


def _what_is_wrong(url: str) -> str:
    if len(url) > MAX_URL:
        return f"it is longer than {MAX_URL} characters"
    if _FORBIDDEN.search(url):
        return "it holds a backslash or a control character"
    return "only absolute http:// and https:// addresses are fetched"


def _bad(url: str, why: str) -> FetchError:
    return FetchError("bad_url", f"cannot use the address {_shown(url)!a}: {why}")


def _shown(url: str) -> str:
    """Return `url` for a message, without what may be secret: a password before the @, a key in the query."""
    match = _HEAD.match(url[:MAX_URL])
    assert match is not None  # every part is optional
    scheme, authority, path, rest = match.groups(default="")
    if "@" in path + rest:  # a password may hold any character, so that the @ may end one
        return f"{scheme}..."
    user = "...@" if "@" in authority else ""
    return f"{scheme}{user}{authority.rpartition('@')[2]}{path}{'?...' if rest else ''}"[:200]


# -- identity ------------------------------------------------------------------------------------

_TRACKER_PREFIXES = (
    *("utm_", "mtm_", "itm_", "hsa_", "vero_", "oly_", "guce_", "ns_", "piwik_", "matomo_", "aspsessionid"),
    *("at_link", "at_campaign", "at_medium", "at_custom", "at_format", "fb_action", "fb_comment"),
    *("pk_campaign", "pk_kwd", "pk_source", "pk_medium", "pk_content", "ga_source", "ga_medium", "ga_campaign"),
)
_TRACKERS = frozenset(
    (
        *("fbclid", "gclid", "dclid", "gbraid", "wbraid", "gclsrc", "msclkid", "yclid", "ysclid", "twclid", "ttclid"),
        *("li_fat_id", "igshid", "igsh", "epik", "srsltid", "mc_cid", "mc_eid", "mkt_tok", "_ga", "_gl", "dicbo"),
        *("_hsenc", "_hsmi", "__hssc", "__hstc", "__hsfp", "hsctatracking", "s_cid", "s_kwcid", "rb_clickid", "__s"),
        *("ncid", "cmpid", "cmp", "icid", "ocid", "xtor", "ito", "smid", "smtyp", "fb_ref", "fb_source"),
        *("guccounter", "__twitter_impression", "wprss", "rss", "sr_share", "wt_mc", "wt.mc_id", "wt.mc_ev", "trk"),
        *("phpsessid", "jsessionid", "sessionid", "session_id", "cfid", "cftoken", "spm", "traffic_source"),
    )
)
_ORIGIN_KEYS = frozenset(("ref", "source", "src", "from", "via", "partner", "feed", "cid", "campaign", "medium"))
"""Often the article's own name: dropped only with a value of _ORIGIN_VALUES."""
_ORIGIN_VALUES = frozenset(
    ("", "rss", "rss2", "rss2.0", "rssfeed", "feed", "feeds", "atom", "twitter", "facebook", "newsletter", "googlenews")
)
_SESSION_KEYS = frozenset({"sid", "session", "sess"})
_SESSION_VALUE = re.compile(r"(?=[^&]*[0-9])[0-9A-Za-z]{20,}")
_SESSION_PATH = re.compile(r";jsessionid=[^/;]*", re.I)


def canonical_url(url: str) -> str | None:
    """Return the name of an article's address across feeds; None if it is not http(s). Never raises, idempotent.

    Equal for: http and https, upper and lower case hosts, a leading `www.`, ports 80 and 443, order of parameters,
    tracking and session parameters, percent-encoding of plain characters, trailing slashes, fragments other than `#!`.
    """
    link = safe_link(url)
    return None if link is None else _canonical(parse_url(link))


def _canonical(url: Url) -> str:
    host = _without_www(url.host)
    netloc = f"[{host}]" if ":" in host else host
    port = "" if url.port in DEFAULT_PORTS.values() else f":{url.port}"
    fragment = f"#{_same_escapes(url.fragment)}" if url.fragment.startswith("!") else ""
    query = _canonical_query(url.query)
    return f"https://{netloc}{port}{_canonical_path(url.path)}{'?' if query else ''}{query}{fragment}"


def _without_www(host: str) -> str:
    while host.startswith("www.") and host.count(".") > 1:
        host = host[4:]
    return host


def _canonical_path(path: str) -> str:
    plain = _SESSION_PATH.sub("", _same_escapes(path))
    return _without_dots(plain).rstrip("/") or "/"


def _without_dots(path: str) -> str:
    if "/." not in path:
        return path
    kept: list[str] = []
    for segment in path.split("/")[1:]:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    return "/" + "/".join(kept)


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    parts = [_same_escapes(part) for part in query.split("&") if part and not _is_tracker(part)]
    return "&".join(sorted(parts, key=lambda part: part.partition("=")[0]))


def _is_tracker(part: str) -> bool:
    raw_key, _, raw_value = part.partition("=")
    key, value = unquote(raw_key).lower(), unquote(raw_value)
    if key in _TRACKERS or key.startswith(_TRACKER_PREFIXES):
        return True
    if key in _SESSION_KEYS:
        return _SESSION_VALUE.fullmatch(value) is not None
    return key in _ORIGIN_KEYS and value.lower() in _ORIGIN_VALUES


def _same_escapes(text: str) -> str:
    return _ESCAPE.sub(_plain_or_upper, text) if "%" in text else text


def _plain_or_upper(match: re.Match[str]) -> str:
    char = chr(int(match[1], 16))
    return char if char in _UNRESERVED else match[0].upper()
