"""How much two articles tell of the same event, with the parts that it is made of. Pure.

Articles in one language are compared by their words, those in two by what is the same in every language: entities,
senses and numbers. What contradicts, the days that they name or the strength of a quake, counts against.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from operator import mul

from monitor.stories.features import Features

# Tuned once for all on the dev halves of story-ecbplus, story-basil, story-tgcontest-pairs and
# tests/eval/cases/stories.yaml: `python -m tests.eval.stories`.
LEAST_OF_FEW, LEAST_OF_MANY, MANY = 0.2, 0.35, 45
"""Likeness by words from which articles tell one story: of a headline, and of articles with so many different words.

The more words, the more are shared by chance: a headline with a sentence needs less than a full lead.
"""
FEWEST = 8
"""Different words that an article has at least that is like another: two short headlines have too little in common."""
LEAST_COMMON = 0.44
"""Likeness across languages from which articles tell one story."""
TELLING, COMMON = 6.0, 2.0
"""Likeness across languages needs shared terms that are worth so much, each counted beyond what everybody tells of.

Of 363 posts about one war, nearly none of them about one event, 47 such stories were made without it, 10 with it
(fignews-2024-iaa); on stories.yaml it takes 0.9 % of the pairs across languages, dev and check.
"""
OTHER_DAYS = 0.3
"""What counts against articles that name days, none of them the same."""
OTHER_QUAKE, MAGNITUDES_APART = 1.0, 0.55
"""What counts against two quakes whose magnitudes differ by so much."""
OTHER_NUMBER = 1.0
"""What counts against two headlines that differ in a number only: bulletins, forecasts, episodes."""
OTHER_SUBJECT = 0.3
"""What counts against articles of two languages that share nothing telling."""
A_DAY_LATER, AT_ONCE = 0.1, 2.0
"""Part by which more is needed for each day that lies between them, and the days that cost nothing."""
LONGEST = 96.0
"""Hours between two reports of one event; what lies further apart is another one, or another day of it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """How alike two articles are.

    `likeness`: 0 to 1, by words or across languages. `score`: what is left after what contradicts. `least`: the score
    from which they tell one story. `shared`: terms in common with their part of the likeness, the largest first.
    `veto`: what contradicts: `days`, `magnitude`, `number`, `time`; `subject` where all that two languages share is a
    subject that everybody tells of.
    """

    likeness: float
    score: float
    least: float
    by: str
    """`words`, or `common` across languages."""
    shared: tuple[tuple[str, float], ...] = ()
    veto: tuple[str, ...] = ()

    @property
    def margin(self) -> float:
        """Return by how much of what is needed they are more alike than is needed; below 0: two stories."""
        return self.score / self.least - 1.0

    @property
    def is_same(self) -> bool:
        """Return whether they tell one story."""
        return self.score >= self.least


MOST_SHARED = 12


def compare(own: Features, other: Features, hours: float) -> Comparison:
    """Return how much two weighed articles are alike, with the terms that they share.

    Args: hours: time between them.
    """
    found = judge(own, other, hours)
    first, second = _sides(own, other, found.by)
    if not found.likeness:
        return found
    norm = math.sqrt(_squares(first) * _squares(second))
    products = [(term, weight * second[term] / norm) for term, weight in first.items() if term in second]
    shared = sorted(products, key=lambda entry: (-entry[1], entry[0]))[:MOST_SHARED]
    return replace(found, shared=tuple(shared))


def judge(own: Features, other: Features, hours: float) -> Comparison:
    """Return the same as `compare` without the terms: for the many that an article is compared with."""
    by = "words" if own.lang == other.lang else "common"
    first, second = _sides(own, other, by)
    likeness = 0.0
    if min(len(own.words), len(other.words)) >= FEWEST:
        dot = sum(first[term] * second[term] for term in first if term in second)
        likeness = dot / math.sqrt(_squares(first) * _squares(second)) if dot else 0.0
    veto, against = _contradictions(own, other, hours)
    if by == "common" and likeness and _telling(first, second) < TELLING:
        veto, against = (*veto, "subject"), against + OTHER_SUBJECT
    return Comparison(likeness, likeness - against, _least(own, other, by, hours), by, (), veto)


def _telling(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    return sum(max(0.0, min(weight, second[term]) - COMMON) for term, weight in first.items() if term in second)


def _sides(own: Features, other: Features, by: str) -> tuple[Mapping[str, float], Mapping[str, float]]:
    return (own.words, other.words) if by == "words" else (own.common, other.common)


def _least(own: Features, other: Features, by: str, hours: float) -> float:
    later = 1.0 + A_DAY_LATER * max(0.0, hours / 24 - AT_ONCE)
    if by == "common":
        return LEAST_COMMON * later
    share = min(1.0, len(own.words) / MANY, len(other.words) / MANY)
    return max(LEAST_OF_FEW, LEAST_OF_MANY * share) * later


def _contradictions(own: Features, other: Features, hours: float) -> tuple[tuple[str, ...], float]:
    veto, against = [], 0.0
    if hours > LONGEST:
        veto.append("time")
        against += 1.0
    if own.dates and other.dates and not own.dates & other.dates:
        veto.append("days")
        against += OTHER_DAYS
    if own.magnitude and other.magnitude and abs(own.magnitude - other.magnitude) >= MAGNITUDES_APART:
        veto.append("magnitude")
        against += OTHER_QUAKE
    if own.series and other.series and own.series[0] == other.series[0] and own.series[1] != other.series[1]:
        veto.append("number")
        against += OTHER_NUMBER
    return tuple(veto), against


def _squares(weights: Mapping[str, float]) -> float:
    return math.fsum(map(mul, weights.values(), weights.values()))
