"""`wirewatch explain --story A B`: whether two articles are one story, and what decides it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from monitor.store.articles import StoredArticle
    from monitor.store.store import Connection
    from monitor.store.story_views import Report
    from monitor.stories.copies import Copy
    from monitor.stories.features import Features
    from monitor.stories.sketch import Sketch

LOOKED_AT = 4000
"""Characters in which the word is sought that a stem stands for."""
MEMBERS = 40
"""Articles of a story that another is compared with, beside its first ones."""
ONLY = 6
"""Terms that are named of those which one article alone has."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two articles."""

    stored: StoredArticle
    report: Report


def load_side(connection: Connection, article_id: int) -> Side:
    """Return an article of the archive that is there, with its newest revision."""
    from monitor.store import articles, story_views

    stored = articles.get(connection, article_id)
    assert stored is not None, "the article was just found"
    (report,) = story_views.get_reports(connection, [article_id])
    return Side(stored, report)


def compare(connection: Connection, one: int, other: int) -> dict[str, Any]:
    """Return what is recorded of two articles of the archive and what a comparison says of them now."""
    earlier, later = (load_side(connection, number) for number in sorted((one, other)))
    same = earlier.stored.story_id == later.stored.story_id
    return {
        "earlier": _side(earlier),
        "later": _side(later),
        "one_story": same,
        "hours_apart": (later.report.at - earlier.report.at).total_seconds() / 3600,
        "recorded": recorded(earlier, later) | {"first": _is_first(connection, later)},
        "copy": copy_of(connection, earlier, later),
        "whole": whole_of(connection, earlier, later),
        "likeness": likeness_of(connection, earlier, later),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "article": f"art-{side.stored.id}",
        "story": f"s{side.stored.story_id}",
        "title": side.stored.title,
        "newsroom": side.stored.newsroom,
        "lang": side.stored.lang,
        "at": side.report.at,
        "trusted": side.report.trusted,
    }


def _is_first(connection: Connection, side: Side) -> bool:
    from monitor.store import story_views

    return side.stored.id == story_views.first_of(connection, side.stored.story_id)


def recorded(earlier: Side, later: Side) -> dict[str, Any]:
    """Return what was stored of the later article when it was placed."""
    report = later.report
    return {
        "duplicate_of": f"art-{report.duplicate_of}" if report.duplicate_of else None,
        "duplicate_reason": report.duplicate_reason,
        "share": report.share,
        "of_the_other": report.duplicate_of == earlier.stored.id,
        "joined": report.joined,
    }


# -- copies ------------------------------------------------------------------------------------------


def copy_of(connection: Connection, earlier: Side, later: Side) -> dict[str, Any]:
    """Return what two texts share, counted exactly, and whether the daemon's sketches make the later one a copy."""
    from monitor import text
    from monitor.stories import sketch

    words = [text.folded_words(side.stored.text) for side in (earlier, later)]
    first, second = (_passages(own, sketch.WORDS) for own in words)
    shared = len(first & second)
    found = _judged(connection, earlier, later, *map(sketch.sketch_of, words))
    return {
        "same_url": _equal(later.stored.canonical_url, earlier.stored.canonical_url),
        "same_text": _equal(later.stored.folded_hash, earlier.stored.folded_hash),
        "copy": found is not None,
        "why": None if found is None else found.why,
        "passage_words": sketch.WORDS,
        "passages": {"earlier": len(first), "later": len(second), "in_common": shared},
        "share": shared / min(len(first), len(second)) if first and second else 0.0,
        "too_short": min(len(first), len(second)) < sketch.LEAST,
        "least_words": sketch.LEAST + sketch.WORDS - 1,
    }


def _equal(one: str | None, other: str | None) -> bool:
    return one is not None and one == other


def _passages(words: Sequence[str], length: int) -> set[tuple[str, ...]]:
    return set(zip(*(words[start:] for start in range(length)), strict=False))


def _judged(connection: Connection, earlier: Side, later: Side, before: Sketch, made: Sketch) -> Copy | None:
    """Return the copy that the later article is of the earlier; what other articles share with it is furniture."""
    from monitor.store import sketches
    from monitor.stories import copies

    own = copies.Newcomer(made, later.stored.newsroom, later.stored.title, later.report.trusted)
    near = sketches.find(connection, made, own.trusted, later.stored.id)
    known = {row.article_id: replace(copies.Candidate(*row), joinable=False) for row in near}
    known[earlier.stored.id] = copies.Candidate(
        article_id=earlier.stored.id,
        story_id=earlier.stored.story_id,
        newsroom=earlier.stored.newsroom,
        title=earlier.stored.title,
        size=before.size,
        digest=before.digest,
        trusted=earlier.report.trusted,
    )
    return copies.find_copy(own, [known[number] for number in sorted(known)])


# -- likeness ----------------------------------------------------------------------------------------


def likeness_of(connection: Connection, earlier: Side, later: Side) -> dict[str, Any] | None:
    """Return how much two articles tell of the same event; None where one has nothing to be told by."""
    from monitor.store import story_views
    from monitor.stories import features, similarity

    before = features.unpack(story_views.features_of(connection, earlier.stored.id))
    own = features.unpack(story_views.features_of(connection, later.stored.id))
    if before is None or own is None:
        return None
    found = similarity.compare(own, before, _hours(earlier, later))
    written = _written(earlier) | _written(later)
    return {
        "by": found.by,
        "likeness": round(found.likeness, 4),
        "score": round(found.score, 4),
        "least": round(found.least, 4),
        "one_event": found.is_same,
        "shared": [{"term": written.get(term, term), "part": round(part, 4)} for term, part in found.shared],
        "veto": list(found.veto),
        "days": {"earlier": _days(before.dates), "later": _days(own.dates)},
        "magnitude": {"earlier": before.magnitude, "later": own.magnitude},
        "number": {"earlier": _number(before), "later": _number(own)},
        "kind": {"earlier": before.kind or None, "later": own.kind or None},
        "only": {"earlier": _only(before, own, found.by, written), "later": _only(own, before, found.by, written)},
    }


def whole_of(connection: Connection, earlier: Side, later: Side) -> dict[str, Any] | None:
    """Return how well the later article fits the story of the earlier as a whole, which is what decides.

    Compared is what came before the later one; None where there is nothing to compare.
    """
    from monitor.store import story_views
    from monitor.stories import assign, features, headings

    own = features.unpack(story_views.features_of(connection, later.stored.id))
    if own is None:
        return None
    ids = story_views.ids_before(connection, earlier.stored.story_id, later.stored.id, MEMBERS)
    members = [
        assign.Candidate(report.id, report.story_id, report.at, kept)
        for report in story_views.get_reports(connection, ids)
        if (kept := features.unpack(story_views.features_of(connection, report.id))) is not None
        and kept.kind == headings.ORDINARY
    ]
    made = assign.join_story(own, later.report.at, members)
    shown = made.detail if made.story_id is not None else (made.detail or {}).get("nearly")
    return None if shown is None else {"fits": made.story_id is not None, "compared": len(members), **shown}


def _hours(earlier: Side, later: Side) -> float:
    return abs((later.report.at - earlier.report.at).total_seconds()) / 3600


def _written(side: Side) -> dict[str, str]:
    """Return stem -> the word as the article has it, folded: what is compared are first letters."""
    from monitor import text
    from monitor.stories import features

    found: dict[str, str] = {}
    for word in text.folded_words(f"{side.stored.title}\n{side.stored.text[:LOOKED_AT]}"):
        found.setdefault(features.stem_of(word), word)
    return found


def _only(own: Features, other: Features, by: str, written: Mapping[str, str]) -> list[str]:
    """Return what weighs most in one article and is not in the other."""
    first, second = (own.words, other.words) if by == "words" else (own.common, other.common)
    left = sorted((term for term in first if term not in second), key=lambda term: (-first[term], term))
    return [written.get(term, term) for term in left[:ONLY]]


def _number(of: Features) -> str | None:
    """Return the number of a headline by which it is one of a series."""
    return None if of.series is None else of.series[1]


def _days(dates: Iterable[int]) -> list[str]:
    return [f"{day // 32:02}-{day % 32:02}" for day in sorted(dates)]
