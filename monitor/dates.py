"""Dates as feeds and pages write them, read strictly: a date is right or absent, never guessed.

feedparser turns `2024-13-45T99:99:99Z` into 2025-01-01, `1730800000` into 2017 and accepts the year 1.
"""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone

EARLIEST_YEAR = 1990
"""Earlier dates are a server's zero, not a day of publication: a feed that says 1970 says nothing."""
LATEST_YEAR = 2199

_ISO = re.compile(
    r"(\d{4})-?(\d\d)-?(\d\d)"
    r"(?:[T ]\s*(\d\d):?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?$",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(\d{10})(?:\.\d+|\d{3})?$")
_WEEKDAY = re.compile(r"^[^\W\d_]{2,12}\.?,?\s+(?=\d)")
_RFC822 = re.compile(r"\d{1,2}[\s-]+[^\W\d_]{3,10}\.?[\s-]+(?:\d\d|[12]\d{3})(?:,?\s+\d{1,2}:\d\d|$)")
_ASCTIME = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(?:(\d\d:\d\d(?::\d\d)?)\s+)?(\d{4})$"
)
_ZONES = {"CET": "+0100", "CEST": "+0200", "BST": "+0100", "IST": "+0200", "IDT": "+0300", "EET": "+0200",
          "EEST": "+0300", "MSK": "+0300", "JST": "+0900", "AEST": "+1000", "AEDT": "+1100", "UTC": "+0000",
          "WET": "+0000", "WEST": "+0100", "SAST": "+0200", "Z": "+0000"}  # fmt: skip
_ZONE_NAME = re.compile(r"\s([A-Z]{1,5})$")


def parse_date(text: str | None) -> datetime | None:
    """Return the aware UTC time that `text` says, or None if it says none that is plausible.

    Read are ISO 8601, RFC 822 and 2822, `asctime` and seconds since 1970; a time without a zone counts as UTC.
    A date in the future is returned as it stands: whoever knows the time of the fetch judges it.
    """
    text = " ".join((text or "").split())[:80]
    if not text:
        return None
    found = _parse_iso(text) or _parse_epoch(text) or _parse_rfc822(text) or _parse_asctime(text)
    return found if found and EARLIEST_YEAR <= found.year <= LATEST_YEAR else None


def _parse_iso(text: str) -> datetime | None:
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[n] or 0) for n in range(1, 7))
    micro = int((found[7] or "0")[:6].ljust(6, "0"))
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), micro, tzinfo=_zone(found[8]))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-span if text[0] == "-" else span)


def _parse_epoch(text: str) -> datetime | None:
    found = _EPOCH.match(text)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _parse_rfc822(text: str) -> datetime | None:
    text = _WEEKDAY.sub("", text)
    if not _RFC822.match(text):
        return None
    text = _ZONE_NAME.sub(lambda m: " " + _ZONES.get(m[1], m[1]), text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _parse_asctime(text: str) -> datetime | None:
    found = _ASCTIME.match(text)
    return _parse_rfc822(f"{found[2]} {found[1]} {found[4]} {found[3] or '00:00'}") if found else None
