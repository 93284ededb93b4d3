"""Dates as pages write them in their markup: what feeds write, and some looser forms."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from monitor import dates

_LOOSE = re.compile(
    r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)"
    r"(?:[T ]+(\d\d:?\d\d(?::?\d\d(?:[.,]\d{1,9})?)?\s*(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?))?",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"/(20\d\d)[/-]?([01]?\d)[/-]?([0-3]?\d)(?=[/_.-])")
_MONTHS = {
    "jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11,
    "dec": 12,
}  # fmt: skip
_WORDY = re.compile(r"([A-Za-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")


def parse_date(text: str) -> datetime | None:
    """Return the aware UTC time that `text` says, None if it says none that is plausible; no zone counts as UTC.

    Beside what `dates.parse_date` reads: other separators, words after the date, and `March 3rd, 2025`.
    """
    text = text.strip()[:60]
    return dates.parse_date(text) or _loose(text) or _wordy(text)


def _loose(text: str) -> datetime | None:
    found = _LOOSE.match(text)
    if not found:
        return None
    day = f"{found[1]}-{found[2]}-{found[3]}"
    return dates.parse_date(f"{day}T{found[4]}" if found[4] else day)


def date_in_url(url: str) -> datetime | None:
    """Return midnight UTC of the day that a path such as /2024/05/03/ names."""
    found = _IN_URL.search(url)
    return _day(int(found[1]), int(found[2]), int(found[3])) if found else None


def _wordy(text: str) -> datetime | None:
    found = _WORDY.search(text)
    month = _MONTHS.get(found[1].lower()) if found else None
    day = _day(int(found[3]), month, int(found[2])) if found and month else None
    return day if day and dates.EARLIEST_YEAR <= day.year <= dates.LATEST_YEAR else None


def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
