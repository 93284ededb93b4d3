"""What an article is to its story, in words: shared by `stories`, `explain` and `alerts`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from monitor.cli import common

SHOWN = 5
"""Shared words that a line names."""


def story_number(written: str) -> int:
    """Return the number of `s12`, `st-12` or `12`. Raises: typer.Exit."""
    found = re.fullmatch(r"(?:st?-?)?(\d{1,18})", written.strip(), re.IGNORECASE)
    if found is None:
        raise common.fail(f"{written!r} is not a story's id; write s12, as `wirewatch stories list` shows it", 2)
    return int(found[1])


def plural(count: int, noun: str) -> str:
    """Return `1 article` or `12,000 articles`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def spoken(code: str) -> str:
    """Return a reason's code as words."""
    return code.replace("_", " ")


def after(seconds: float) -> str:
    """Return how long after the first article one came: `+2h05`, `+3d04h` from two days on."""
    minutes = int(abs(seconds) // 60)
    sign = "-" if seconds < 0 and minutes else "+"
    if minutes < 48 * 60:
        return f"{sign}{minutes // 60}h{minutes % 60:02}"
    return f"{sign}{minutes // 1440}d{minutes % 1440 // 60:02}h"


def lasting(seconds: float) -> str:
    """Return a time as one number, rounded down: `41 s`, `12 min`, `3 h`, `2 days`."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{int(seconds // length)} {unit}"
    return f"{int(seconds)} s"


def languages(counts: Mapping[str, int]) -> str:
    """Return `en 3, ar 2`."""
    return ", ".join(f"{lang} {count}" for lang, count in counts.items())


def copied(of: str | None, reason: str | None, share: float | None) -> str:
    """Return what makes an article a duplicate of another: `copy of art-5 (91 %)`."""
    how = {"same_url": "same URL as", "same_text": "same text as"}.get(reason or "", "copy of")
    return f"{how} {of}" + ("" if share is None else f" ({percent(share)})")


def percent(share: float) -> str:
    """Return a share as people read it; what is not all of it never reads as 100 %."""
    whole = round(share * 100)
    return f"{min(whole, 99) if share < 1 else whole} %"


def decided(row: Mapping[str, Any], zone: str) -> str:
    """Return a decision in words: `move: suppressed, copy (al-3 was told)`."""
    alert = f" {row['alert']}" if row.get("alert") else ""
    said = "; ".join(_details(row, zone))
    return f"{row['pack']}: {row['decision']}{alert}, {spoken(str(row['reason']))}" + (f" ({said})" if said else "")


def _details(row: Mapping[str, Any], zone: str) -> Iterator[str]:
    """Yield what explains a decision's reason: times, alerts, newsrooms, severities, what is new."""
    detail = row.get("detail") or {}
    if row["decision"] == "suppressed" and "alert" in detail:
        yield f"al-{detail['alert']} was told"
    if "nearest" in detail:
        yield f"art-{detail['nearest']} is nearest of what was told, {abs(detail['fit']):.0%} short of what is needed"
    if "held" in detail:
        yield "told with what is held"
    if "until" in detail:
        yield f"until {common.when(datetime.fromisoformat(detail['until']), zone)}"
    if "from" in detail:
        yield f"{detail['from']} before, {detail['to']} now"
    if row["decision"] != "suppressed" and "newsrooms" in detail:
        yield f"{plural(detail['newsrooms'], 'newsroom')}: {listed(detail.get('names', ()))}"
    new = [str(word) for words in (detail.get("new") or {}).values() for word in words]
    if new:
        yield f"new: {listed(new)}"


def listed(words: Sequence[str], most: int = SHOWN) -> str:
    """Return some words, and how many more there are."""
    more = len(words) - most
    shown = ", ".join(common.clean(word) for word in words[:most])
    return shown + (f" and {more} more" if more > 0 else "")


def relation(report: Mapping[str, Any]) -> str:
    """Return what an article is to its story: the first, a copy of another, or what it shares with the nearest."""
    if report["duplicate_of"]:
        return copied(report["duplicate_of"], report["duplicate_reason"], report["share"])
    return placed(report["joined"], report["first"])


def placed(kept: Mapping[str, Any] | None, first: bool) -> str:
    """Return why an article that repeats none is in its story, from what was recorded when it was decided."""
    kept = kept or {}
    nearly = f"; nearly joined {_likeness(kept['nearly'])}" if "nearly" in kept else ""
    if "article" in kept:
        return f"joined by {_likeness(kept)}{nearly}"
    return ("first of the story" if first else "first of a story that became part of this one") + nearly


def _likeness(kept: Mapping[str, Any]) -> str:
    """Return `art-5 (s2), 0.41 of 0.34 needed: quake, aceh`."""
    shared = f": {listed([term_shown(term) for term in kept['shared']])}" if kept.get("shared") else ""
    veto = f", but other {' and '.join(kept['veto'])}" if kept.get("veto") else ""
    return f"art-{kept['article']} (s{kept['story']}), {kept['score']:.2f} of {kept['least']:.2f} needed{veto}{shared}"


STEM = 6
"""Letters from which on a term may be the beginning of a word (`stories.features.STEM`)."""


def term_shown(term: str) -> str:
    """Return a term as rules write beginnings of words: `resett*`, for words are compared by their first letters."""
    return f"{term}*" if len(term) == STEM and term.isalpha() else term
