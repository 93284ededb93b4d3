"""Kinds of values that several operations take: moments, texts that are searched for, bounds of lists."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field

from monitor.web import filters

MOST = 200
"""Things on one page of a list."""


def _in_range(moment: datetime) -> datetime:
    try:
        utc = moment.astimezone(UTC)
    except OverflowError:
        utc = datetime.min.replace(tzinfo=UTC)
    if not 1970 <= utc.year < 9999:
        raise ValueError("it is no time of this archive: between 1970 and 9998")
    return utc


def _clean(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL")
    return text.strip()


Moment = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""RFC 3339 with its offset."""
Text = Annotated[str, Field(min_length=1, max_length=filters.LONGEST), AfterValidator(_clean)]
"""Something that is looked for."""
Limit = Annotated[int, Field(ge=1, le=MOST)]
