"""What lists are narrowed to, as forms and addresses write it: times, choices, words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import text as texts
from monitor.config_values import parse_duration
from monitor.store import wanted
from monitor.store.wanted import Wanted
from monitor.web.faults import Unusable

LONGEST = 200
"""Characters of a filter that anybody types."""
LEAST_BEGUN = 3
"""Letters from which on a word finds those that begin with it."""


def given(values: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """Return the filters of an address as it writes them, each cut to what any of ours is long; empty: none."""
    return {name: values.get(name, "").strip()[:LONGEST] for name in names}


def number(written: str) -> int | None:
    """Return a whole number as an address or a form writes it; None for what is none, or longer than any id."""
    return int(written) if written.isascii() and written.isdecimal() and len(written) < 20 else None


def moment(written: str, zone: str, now: datetime, field: str, ends: bool = False) -> datetime | None:
    """Return a time: `2025-03-10`, `2025-03-10T07:00` (in `zone` without an offset), or `2d` before `now`.

    Args:
        ends: A day means its end, so that `until` holds the whole of it.
    Raises: Unusable naming `field`.
    """
    text = written.strip()
    if not text:
        return None
    try:
        if text[:1].isdigit() and "-" not in text:
            return now - timedelta(seconds=parse_duration(text))
        found = datetime.fromisoformat(text)
        if len(text) == len("2025-03-10") and ends:
            found += timedelta(days=1)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        said = f"`{text[:40]}` is no time. Write 2025-03-10, 2025-03-10T07:00, or 12h or 2d for as long ago."
        raise Unusable(said, field) from None


def chosen(written: str, known: tuple[str, ...], field: str) -> str | None:
    """Return one of `known`, None for nothing. Raises: Unusable naming `field`."""
    if not written:
        return None
    if written not in known:
        raise Unusable(f"`{written[:40]}` is no {field}; known: {', '.join(known)}.", field)
    return written


def typed(written: str) -> str | None:
    """Return what somebody typed, cut to what any of ours is long; None for nothing."""
    return written.strip().replace("\0", "")[:LONGEST] or None


def words(written: str, field: str) -> Wanted | None:
    """Return what asks the full-text index for every word, each also as the beginning of one; None for nothing.

    Raises: Unusable where something is written that holds no word.
    """
    if not written.strip():
        return None
    folded = texts.folded_words(written[:LONGEST])
    asked = wanted.all_of(wanted.phrase([word], begins=len(word) >= LEAST_BEGUN) for word in folded)
    if asked is None:
        raise Unusable("There is no word in it that the archive could be searched for.", field)
    return asked
