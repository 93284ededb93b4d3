"""Which story an article belongs to: that of what it repeats, else the one that it is like, else a new one."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from monitor.stories.features import Features
from monitor.stories.similarity import Comparison, compare, judge

MOST_OF_STORY = 4
"""Articles of each of two stories that are compared before the stories are merged."""
SHOWN = 5
"""Shared terms that are kept with an article."""


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier article that is the same by URL or text, or that is copied."""

    article_id: int
    story_id: int
    reason: str
    """`same_url`, `same_text` or `copy`."""
    share: float | None = None
    """Of the shorter text that stands in the other; None where the addresses or the whole texts are equal."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier article that shares terms with the newcomer, or is among the first of such a story."""

    article_id: int
    story_id: int
    at: datetime
    features: Features


@dataclass(frozen=True, slots=True)
class Merge:
    """Two stories that a newcomer shows to be one: the younger becomes part of the older."""

    younger: int
    older: int
    fit: float


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where an article goes; `story_id` None starts a new story. `detail`: what it was told by."""

    story_id: int | None
    duplicate_of: int | None = None
    reason: str | None = None
    share: float | None = None
    detail: Mapping[str, Any] | None = None
    merge: Merge | None = None


@dataclass(frozen=True, slots=True)
class _Fit:
    """How well an article fits a story: the mean margin over the story's articles; the nearest of them."""

    story_id: int
    fit: float
    nearest: Candidate
    comparison: Comparison
    compared: int
    members: tuple[Candidate, ...]


def of_twin(twin: Twin) -> Assigned:
    """Return the story of an article that repeats another."""
    return Assigned(twin.story_id, twin.article_id, twin.reason, twin.share)


def nearness(own: Sequence[Candidate], others: Sequence[Candidate]) -> float:
    """Return by how much of what is needed an article is more alike to another than is needed; below 0: two events.

    Args: each article with the one that it copies, if any: a copy is like whatever its original is like, however much
        was put around it. Articles that cannot be compared, stored by an earlier version, count as alike.
    """
    if {one.article_id for one in own} & {other.article_id for other in others}:
        return math.inf
    margins = [judge(one.features, other.features, _hours(one.at, other.at)).margin for one in own for other in others]
    return max(margins, default=math.inf)


def join_story(own: Features, at: datetime, candidates: Iterable[Candidate], ties: bool = True) -> Assigned:
    """Return the story that an article fits best; a new one where it fits none.

    A story fits by the mean over its articles, not by the one that is nearest: else one article that tells of two
    events would tie their stories together.

    Args: `own` and the candidates' features are weighed; `at`: when the article came out; `ties`: whether it may show
        that two stories are one.
    """
    by_story: dict[int, list[Candidate]] = {}
    for candidate in sorted(candidates, key=lambda one: one.article_id):
        by_story.setdefault(candidate.story_id, []).append(candidate)
    fits = [_fit(own, at, members) for members in by_story.values()]
    fits.sort(key=lambda fit: (-fit.fit, fit.story_id))
    fitting = [fit for fit in fits if fit.fit >= 0]
    if not fitting:
        return Assigned(None, detail={"nearly": _shown(fits[0])} if fits and fits[0].comparison.score > 0 else None)
    best = fitting[0]
    detail = _shown(best) | {"compared": best.compared}
    if len(fits) > 1 and fits[1].comparison.score > 0:
        detail["nearly"] = _shown(fits[1])
    merge = _merge(best, fitting[1:]) if ties else None
    return Assigned(merge.older if merge else best.story_id, detail=detail, merge=merge)


def _fit(own: Features, at: datetime, members: Sequence[Candidate]) -> _Fit:
    """Return how well an article fits a story, by its articles in the same language where there is one."""
    alike = [member for member in members if member.features.lang == own.lang] or members
    compared = [(member, judge(own, member.features, _hours(at, member.at))) for member in alike]
    best, _ = min(compared, key=lambda pair: (-pair[1].margin, pair[0].article_id))
    fit = sum(found.margin for _, found in compared) / len(compared)
    comparison = compare(own, best.features, _hours(at, best.at))
    return _Fit(members[0].story_id, fit, best, comparison, len(compared), tuple(alike))


def _merge(best: _Fit, others: Sequence[_Fit]) -> Merge | None:
    """Return the merge of two stories that an article fits and that fit one another."""
    for other in others:
        margins = [
            judge(one.features, two.features, _hours(one.at, two.at)).margin
            for one in best.members[:MOST_OF_STORY]
            for two in other.members[:MOST_OF_STORY]
        ]
        fit = sum(margins) / len(margins)
        if fit >= 0:
            older, younger = sorted((best.story_id, other.story_id))
            return Merge(younger, older, round(fit, 3))
    return None


def _hours(one: datetime, other: datetime) -> float:
    return abs((one - other).total_seconds()) / 3600


def _shown(fit: _Fit) -> dict[str, Any]:
    found = fit.comparison
    shown: dict[str, Any] = {
        "story": fit.story_id,
        "article": fit.nearest.article_id,
        "score": round(found.score, 3),
        "least": round(found.least, 3),
        "fit": round(fit.fit, 3),
        "by": found.by,
        "shared": [term for term, _ in found.shared[:SHOWN]],
    }
    return shown | ({"veto": list(found.veto)} if found.veto else {})
