"""When a rule wants its story told, held, or told again; and what several rules of a pack that match agree on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

STEPS = (3, 10)
"""Independent newsrooms at which a story is told again, where a rule names no others."""
INTERVAL = 6 * 3600.0
"""Seconds between a telling of a story and one for new facts, where a rule names no others."""


@dataclass(frozen=True, slots=True)
class Corroboration:
    """A first alert waits up to `hold` seconds for `newsrooms` independent ones.

    `otherwise`: `unconfirmed`, told with a mark, or `suppress`.
    """

    newsrooms: int
    hold: float
    otherwise: str = "unconfirmed"


@dataclass(frozen=True, slots=True)
class Terms:
    """What one rule asks for; None where it says nothing. `max_age`, `same_story`: seconds."""

    max_age: float | None = None
    steps: tuple[int, ...] | None = None
    corroboration: Corroboration | None = None
    same_story: float | None = None


@dataclass(frozen=True, slots=True)
class Agreed:
    """What holds for an article."""

    steps: tuple[int, ...]
    interval: float
    corroboration: Corroboration | None


def agree(terms: Sequence[Terms]) -> Agreed:
    """Return what several rules of a pack agree on: what one of them alone would have told is told, and as early.

    So a story is held only if all of them want it held, for the shortest hold and the smallest number; it is told
    again at the steps of each, and new facts at the shortest interval. The number that a corroboration asks for is a
    step as well: a story that was told unconfirmed is told again when it is confirmed.
    """
    wanted = [each.corroboration for each in terms]
    confirmed = {one.newsrooms for one in wanted if one is not None}
    steps = {step for each in terms for step in (STEPS if each.steps is None else each.steps)}
    interval = min(INTERVAL if each.same_story is None else each.same_story for each in terms)
    return Agreed(tuple(sorted(steps | confirmed)), interval, _least([one for one in wanted if one], len(terms)))


def _least(wanted: Sequence[Corroboration], rules: int) -> Corroboration | None:
    if not wanted or len(wanted) < rules:
        return None
    marked = any(one.otherwise == "unconfirmed" for one in wanted)
    return Corroboration(
        min(one.newsrooms for one in wanted),
        min(one.hold for one in wanted),
        "unconfirmed" if marked else "suppress",
    )
