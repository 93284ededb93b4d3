"""What a feed's own text asks of those who poll it: `ttl`, `skipHours`, `skipDays`, and the `sy:` module."""

from __future__ import annotations

import re

MAX_TTL_MINUTES = 7 * 24 * 60
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PERIODS = {"daily": 86_400.0, "weekly": 7 * 86_400.0, "monthly": 30 * 86_400.0, "yearly": 365 * 86_400.0}
"""Of sy:updatePeriod. `hourly` is left out: WordPress writes it into every feed, whatever its owner thinks."""
LONGEST_PERIOD = 3600.0
"""Seconds for which a period counts at most: it describes and asks for nothing, and `daily` stands in busy feeds."""
_LONGEST_LIST = 4_000
"""Bytes of a skipHours or skipDays element; 24 hours take 600."""
_HOUR = re.compile(rb"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_DAY = re.compile(rb"<day>\s*([a-z]{6,9})\s*</day>", re.IGNORECASE)


def read_ttl(ttl: str, period: str, frequency: str) -> float | None:
    """Return for how many seconds the text of a feed asks to be left alone; None if it does not say.

    Args:
        ttl: RSS `<ttl>`, in minutes. It goes before the others.
        period, frequency: `sy:updatePeriod` and `sy:updateFrequency`, times in it (1 if it is missing).
    Source: RSS 2.0; RSS 1.0 Syndication module.
    """
    minutes = _number(ttl)
    if minutes is not None and 0 < minutes <= MAX_TTL_MINUTES:
        return minutes * 60.0
    length, times = _PERIODS.get(period.strip().lower()), _number(frequency) or 1
    return min(length / times, LONGEST_PERIOD) if length else None


def read_skip_hours(body: bytes) -> tuple[int, ...]:
    """Return the hours (0 to 23, UTC) at which the feed asks not to be polled, sorted; feedparser keeps one only."""
    hours = {int(found) % 24 for found in _HOUR.findall(_element(body, b"skipHours")) if int(found) <= 24}
    return tuple(sorted(hours)) if len(hours) < 24 else ()


def read_skip_days(body: bytes) -> tuple[int, ...]:
    """Return the days (0 is Monday, UTC) on which the feed asks not to be polled, sorted."""
    names = {found.decode("ascii").lower() for found in _DAY.findall(_element(body, b"skipDays"))}
    days = tuple(day for day, name in enumerate(DAYS) if name in names)
    return days if len(days) < 7 else ()


def _element(body: bytes, name: bytes) -> bytes:
    start = body.find(b"<" + name + b">")
    end = body.find(b"</" + name + b">", start, start + _LONGEST_LIST) if start >= 0 else -1
    return body[start:end] if end >= 0 else b""


def _number(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
