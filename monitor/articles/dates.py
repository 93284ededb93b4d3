"""Dates as pages write them in their markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

EARLIEST_YEAR = 1990
LATEST_YEAR = 2199

_ISO = re.compile(
    r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)"
    r"(?:[T ]+(\d\d):?(\d\d)(?::?(\d\d)(?:[.,]\d+)?)?\s*(Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"(\d{10})(?:\d{3})?$")
_IN_URL = re.compile(r"/(20\d\d)[/-]?([01]?\d)[/-]?([0-3]?\d)(?=[/_.-])")
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_WORDY = re.compile(r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")


def parse_date(text: str) -> datetime | None:
    """Return the aware UTC time that `text` says, None if it says none that is plausible; no zone counts as UTC."""
    text = text.strip()[:60]
    found = _iso(text) or _epoch(text) or _rfc822(text) or _wordy(text)
    return found if found and EARLIEST_YEAR <= found.year <= LATEST_YEAR else None


def date_in_url(url: str) -> datetime | None:
    """Return midnight UTC of the day that a path such as /2024/05/03/ names."""
    found = _IN_URL.search(url)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _iso(text: str) -> datetime | None:
    found = _ISO.match(text)
    if not found:
        return None
    year, month, day, hour, minute, second = (int(found[n] or 0) for n in range(1, 7))
    try:
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=_zone(found[7])).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if not text or text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-span if text[0] == "-" else span)


def _epoch(text: str) -> datetime | None:
    found = _EPOCH.match(text)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None


def _rfc822(text: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _wordy(text: str) -> datetime | None:
    found = _WORDY.search(text)
    month = _MONTHS.get(found[1].lower()) if found else None
    return _day(int(found[3]), month, int(found[2])) if found and month else None


def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
