"""Which earlier article a text copies: how much of the shorter one stands in the other, without what is furniture."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitor import text
from monitor.stories import sketch

# Tuned on saudinewsnet-ar (dev day) and the simulated world (`python -m bench copies`, hard edits, seed 3).
ALIKE = 0.29
"""Resemblance (Jaccard) from which two texts are copies."""
CONTAINED = 0.54
"""Share of the shorter text from which it is one of the other, ..."""
FAR_LONGER, CONTAINED_IN_FAR_LONGER = 3.0, 0.7
"""... and where the other is so much longer: half a brief stands in many a round-up."""
PASSAGE = 36
"""Shingles in a row, of 40 words, that two texts share: that is taken over, not a phrase of a release that both had."""
PIECE, PIECE_SHARE = 75, 0.25
"""Shingles of such passages, and their part of the shorter text, that make a copy of what else was written anew."""
BACKGROUND = 0.65
"""Where passages lie on average in both texts, 0 to 1, from which on they are the background that reports end with."""
SHARED = 12
"""The fewest shingles that tell anything, furniture not counted."""
SEEN = 5
"""The fewest values of the digests that they must have in common: digests of long texts are samples."""
LIKELY = 0.25
"""Of the shorter digest: less in common is not looked at. Furniture lessens both what is in common and the text."""
OWN_PAGES, OWN_ALIKE = 0.8, 0.5
"""Containment and resemblance that two texts of one newsroom need, with like headlines: its pages share furniture."""
OWN_HEADLINE = 0.5
"""Share of the words of the shorter headline that stand in the other."""
SAME_TEXT = 0.9
"""Resemblance from which two articles of one newsroom show no frame that it puts around its texts: they are one."""
WITNESSES = 3
"""Articles of a newsroom that are asked for its frame."""
EQUAL = 0.05
"""Shares that differ by less are equal: they are estimates, and the earliest original is named."""
STORIES = 4
"""Other stories of trusted feeds from which on what stands in all of them is furniture, whoever carries it."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """The article whose original is sought."""

    sketch: sketch.Sketch
    newsroom: str
    title: str
    trusted: bool = True


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier article that shares hashes with the newcomer."""

    article_id: int
    story_id: int
    newsroom: str
    title: str
    size: int
    digest: bytes
    trusted: bool = True
    joinable: bool = True
    """False: it shows what is furniture, but must not be joined (A20: an untrusted article in a trusted story)."""


@dataclass(frozen=True, slots=True)
class Copy:
    """The earlier article that a text copies."""

    article_id: int
    story_id: int
    share: float
    """Of the shorter text that stands in the other, 0 to 1, furniture not counted."""
    of_own: float
    """Share of the newcomer's text that stands in the earlier one; the rest is new."""
    of_other: float
    """Share of the earlier text that stands in the newcomer's."""
    why: str
    """`alike`, `contained` or `piece`."""
    trusted: bool


@dataclass(frozen=True, slots=True)
class _Page:
    """A text with what is needed to compare it."""

    newsroom: str
    title: str
    size: int
    below: int
    """Its digest holds all values below, and those of its lead."""
    values: Sequence[int]
    common: frozenset[int]
    """Values that the newcomer holds too."""
    of: Candidate | None = None


@dataclass(frozen=True, slots=True)
class _Counted:
    """What two texts have in common, furniture not counted."""

    of_own: float
    of_other: float
    shared: float
    """Shingles."""
    passages: float = 0.0
    """Shingles in passages of at least PASSAGE."""
    lie: float = 0.0
    """Where the passages lie on average, 0 to 1, in the text where they lie earlier."""

    @property
    def share(self) -> float:
        return max(self.of_own, self.of_other)

    @property
    def alike(self) -> float:
        return _alike(self.of_own, self.of_other)


def find_copy(own: Newcomer, candidates: Iterable[Candidate]) -> Copy | None:
    """Return the article that `own` is a copy of: of a trusted feed first, then with the largest share, the oldest.

    Args:
        candidates: Earlier articles with sketches of this kind, those that show what is furniture among them.
    """
    if own.sketch.size < sketch.LEAST:
        return None
    values = sketch.values_of(own.sketch.digest)
    size = own.sketch.size
    page = _Page(own.newsroom, own.title, size, sketch.below(size), values, frozenset(values))
    others = [_page(page, candidate) for candidate in candidates]
    found = [copy for other in others if (copy := _judge(page, other, others)) is not None]
    return min(found, key=lambda copy: (not copy.trusted, -round(copy.share / EQUAL), copy.article_id), default=None)


def _page(own: _Page, of: Candidate) -> _Page:
    values = sketch.values_of(of.digest)
    common = own.common.intersection(values)
    return _Page(of.newsroom, of.title, of.size, sketch.below(of.size), values, common, of)


def _judge(own: _Page, other: _Page, others: Sequence[_Page]) -> Copy | None:
    """Return the copy that the newcomer is of one candidate; None if it is none."""
    of = other.of
    if of is None or not of.joinable or len(other.common) < SEEN:
        return None
    if own.newsroom == other.newsroom and not _like_headlines(own.title, other.title):
        return None
    counted = _count(own, other, others)
    why = counted and _reason(counted)
    if not counted or not why:
        return None
    if own.newsroom == other.newsroom and not _is_one_page(counted.share, counted.alike):
        return None
    return Copy(of.article_id, of.story_id, counted.share, counted.of_own, counted.of_other, why, of.trusted)


def _count(own: _Page, other: _Page, others: Sequence[_Page]) -> _Counted | None:
    """Count what the newcomer and a candidate have in common; None if it is too little to tell anything."""
    if (lead := _count_lead(own, other, others)) is not None:
        return lead
    limit = min(own.below, other.below)
    first, second = _sampled(own, limit), _sampled(other, limit)
    if len(other.common) < LIKELY * min(len(first), len(second)):
        return None
    furniture = _furniture(own, other, others)
    if furniture:
        first = [value for value in first if value not in furniture]
        second = [value for value in second if value not in furniture]
    common = sum(value in other.common for value in first)
    if common < SEEN:
        return None
    chance = len(second) / limit  # that a value stands in the other by chance
    real = (common - chance * len(first)) / (1 - chance)
    shared = real * sketch.RANGE / limit
    if shared < SHARED:
        return None
    of_own, of_other = min(real / len(first), 1.0), min(real / len(second), 1.0)
    if _alike(of_own, of_other) >= ALIKE:  # passages would change nothing
        return _Counted(of_own, of_other, shared)
    least = PASSAGE * limit / sketch.RANGE
    taken, lies = _passages(first, other.common, least)
    also = _passages(second, other.common, least)[1] if taken else lies
    return _Counted(of_own, of_other, shared, taken * sketch.RANGE / limit, min(lies, also))


def _count_lead(own: _Page, other: _Page, others: Sequence[_Page]) -> _Counted | None:
    """Count a short text that is the lead of a far longer one, of which else the digest holds too little; or None."""
    short, long = (own, other) if own.size < other.size else (other, own)
    if FAR_LONGER * short.size > long.size or short.below < sketch.RANGE:
        return None
    held, lead = frozenset(short.values), frozenset(long.values[: sketch.LEAD])
    if len(held & lead) < CONTAINED_IN_FAR_LONGER * len(held):
        return None
    counting = held - _furniture(own, other, others)
    common = len(counting & lead)
    if common < max(SHARED, CONTAINED_IN_FAR_LONGER * len(counting)):
        return None
    of_short, of_long = common / len(counting), common / long.size
    return _Counted(*((of_short, of_long) if short is own else (of_long, of_short)), common)


def _sampled(page: _Page, limit: int) -> Sequence[int]:
    return page.values if limit == sketch.RANGE else [value for value in page.values if value < limit]


def _passages(values: Sequence[int], common: frozenset[int], least: float) -> tuple[int, float]:
    """Return how many values stand in rows of at least `least` common ones, and where those lie on average."""
    taken, places, row = 0, 0.0, 0
    for place, value in enumerate([*values, None]):
        if value in common:
            row += 1
            continue
        if row >= least:
            taken += row
            places += row * (place - row / 2)
        row = 0
    return taken, places / taken / len(values) if taken else 0.0


def _reason(counted: _Counted) -> str | None:
    if counted.alike >= ALIKE:
        return "alike"
    longer = counted.share / min(counted.of_own, counted.of_other)
    if counted.share >= (CONTAINED_IN_FAR_LONGER if longer > FAR_LONGER else CONTAINED):
        return "contained"
    shorter = counted.shared / counted.share
    is_piece = counted.passages >= max(PIECE, PIECE_SHARE * shorter) and counted.lie <= BACKGROUND
    return "piece" if is_piece else None


# -- furniture -------------------------------------------------------------------------------------


def _furniture(own: _Page, original: _Page, others: Sequence[_Page]) -> frozenset[int]:
    """Return the newcomer's values that count for nothing: they stand in other articles too.

    In another one of either newsroom, which is its frame; or in many stories, which is an agency's credit.
    """
    found = _in_many_stories(original, others)
    for page in (own, original):
        for other in _witnesses(page.newsroom, original, others):
            if not _is_version(other, page):
                found |= other.common
    return found


def _witnesses(newsroom: str, original: _Page, others: Sequence[_Page]) -> list[_Page]:
    """Return the articles of a newsroom that share most with the newcomer; a few show its frame as well as all."""
    known = [other for other in others if other.newsroom == newsroom and other is not original]
    return sorted(known, key=lambda other: -len(other.common))[:WITNESSES]


def _in_many_stories(original: _Page, others: Sequence[_Page]) -> frozenset[int]:
    stories: dict[int, frozenset[int]] = {}
    for other in others:
        if other.of and original.of and other.of.trusted and other.of.story_id != original.of.story_id:
            stories[other.of.story_id] = stories.get(other.of.story_id, frozenset()) | other.common
    if len(stories) < STORIES:
        return frozenset()
    seen = Counter(value for held in stories.values() for value in held)
    return frozenset(value for value, count in seen.items() if count >= STORIES)


def _is_version(one: _Page, other: _Page) -> bool:
    """Return whether two articles of one newsroom are one text, so that what they share is not its frame."""
    limit = min(one.below, other.below)
    first, second = frozenset(_sampled(one, limit)), _sampled(other, limit)
    common = len(first.intersection(second))
    if not common:
        return False
    of_one, of_other = common / len(first), common / len(second)
    alike = _alike(of_one, of_other)
    if alike >= SAME_TEXT:
        return True
    return _is_one_page(max(of_one, of_other), alike) and _like_headlines(one.title, other.title)


def _is_one_page(share: float, alike: float) -> bool:
    """Return whether two texts of one newsroom may be one article: what its pages share else is their frame."""
    return share >= OWN_PAGES and alike >= OWN_ALIKE


def _like_headlines(one: str, other: str) -> bool:
    first, second = set(text.folded_words(one)), set(text.folded_words(other))
    return bool(first and second) and len(first & second) >= OWN_HEADLINE * min(len(first), len(second))


def _alike(of_one: float, of_other: float) -> float:
    """Return the resemblance (Jaccard) of two texts from the share of each that stands in the other."""
    return 1 / (1 / of_one + 1 / of_other - 1)
