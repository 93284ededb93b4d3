"""What an alert's decision recorded of its story -> what messages say of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from monitor.model import Development

KINDS = ("numbers", "places", "entities")
"""Of new facts, in the order in which they are told: what is counted says most."""


def read_development(reason: str, newsrooms: int | None, detail: Mapping[str, Any] | None) -> Development:
    """Return what of a story's development its alert recorded.

    Args:
        newsrooms: Independent ones when it was decided; None where they were not counted.
        detail: As the decision stored it; what an older version left out is empty, what is malformed counts as absent.
    """
    told = detail or {}
    before = told.get("from")
    return Development(
        newsrooms=newsrooms or _count(told.get("newsrooms")),
        names=_words(told.get("names")),
        new=_facts(told.get("new")),
        severity_before=before if isinstance(before, str) else None,
        unconfirmed=reason == "unconfirmed" or told.get("unconfirmed") is True,
        folded=_count(told.get("folded")),
    )


def first_alert(detail: Mapping[str, Any] | None) -> int | None:
    """Return the id of the alert that an update carries on."""
    return _count((detail or {}).get("alert")) or None


def _facts(new: object) -> tuple[str, ...]:
    if not isinstance(new, Mapping):
        return ()
    return tuple(dict.fromkeys(fact for kind in KINDS for fact in _words(new.get(kind))))


def _words(value: object) -> tuple[str, ...]:
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list | tuple) else ()


def _count(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
