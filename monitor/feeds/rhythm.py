"""How often a feed brings something, as its polls showed: what pace and the silence alarm are taken from.

An arrival is the time at which an entry came out: its publication, at the latest its first sight; first sight where it
has no date. Times are seconds since 1970. Pure; `tests/eval/rhythm.py` measures these rules on real publication times.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

KEPT = 32
"""Arrivals that are remembered."""
RECENT = 6
"""Distinct arrivals that make the present gap: few, so that a burst is followed while it lasts."""
FEWEST = 3
"""Distinct arrivals below which there is no rhythm yet."""

LULLS = 8
"""Longest gaps that are remembered: every night of a week and the weekend."""
MEMORY = 28 * 86_400.0
"""Seconds after which a lull is forgotten."""
TOLERANCE = 2.0
"""Silence beyond so many times the longest lull is not explained by it."""
SHORTEST = 24 * 3600.0
"""Silence, in seconds, that no feed is blamed for."""
YOUNG = 8 * 86_400.0
"""Seconds for which a feed is new to us: we have not seen its weekend yet."""
WEEKEND = 72 * 3600.0
"""Silence that a new feed is not blamed for: Thursday night to Sunday, or Friday night to Monday."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """What is remembered of a feed."""

    arrivals: tuple[float, ...] = ()
    """The last of them, oldest first."""
    lulls: tuple[tuple[float, float], ...] = ()
    """(end, length) of the longest gaps between arrivals in the last weeks, the longest first."""


def learn(rhythm: Rhythm, came: Iterable[float], now: float) -> Rhythm:
    """Return the rhythm with the arrivals `came`, each at the latest `now`.

    A gap longer than what was tolerated counts as no more than that: an outage that was told of is no habit.
    """
    fresh = {min(moment, now) for moment in came}
    arrivals = tuple(sorted((*rhythm.arrivals, *fresh))[-KEPT:])
    most = tolerance(rhythm, young=True) if rhythm.arrivals else WEEKEND
    gaps = ((end, min(end - begin, most)) for begin, end in itertools.pairwise(arrivals) if end in fresh)
    lulls = {lull for lull in (*rhythm.lulls, *gaps) if now - lull[0] < MEMORY and lull[1] > 0}
    return Rhythm(arrivals, tuple(sorted(lulls, key=lambda lull: (-lull[1], lull[0]))[:LULLS]))


def gap(arrivals: Sequence[float], now: float) -> float | None:
    """Return the mean gap in seconds between the last few arrivals, the one that is still open included.

    None while there is no rhythm. Entries that came out at the same second count once, those ahead of a clock that was
    set back not at all.
    """
    last = sorted({moment for moment in arrivals if moment <= now})[-RECENT:]
    return max(now - last[0], 1.0) / len(last) if len(last) >= FEWEST else None


def tolerance(rhythm: Rhythm, young: bool) -> float:
    """Return how many seconds of silence the rhythm explains; `young`: we have known the feed for less than YOUNG."""
    longest = rhythm.lulls[0][1] if rhythm.lulls else 0.0
    return max(TOLERANCE * longest, WEEKEND if young else SHORTEST)
