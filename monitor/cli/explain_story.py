"""`wirewatch explain --story A B`: whether two articles are one story, and what decides it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from monitor.cli import common, story_words

if TYPE_CHECKING:
    from monitor.store.articles import StoredArticle
    from monitor.store.store import Connection
    from monitor.store.story_views import Report
    from monitor.stories.copies import Copy
    from monitor.stories.sketch import Sketch


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
        "recorded": recorded(earlier, later),
        "copy": copy_of(connection, earlier, later),
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


# -- for people --------------------------------------------------------------------------------------


def print_pair(told: Mapping[str, Any], zone: str) -> None:
    """Print a comparison: what stands, what was recorded, and what the comparison says now."""
    earlier, later = told["earlier"], told["later"]
    for side in (earlier, later):
        print(common.bold(f"{side['article']}  {common.clean(side['title'])}"))
        trust = "" if side["trusted"] else ", not trusted"
        newsroom = f"{common.clean(side['newsroom'])} ({side['lang'] or '?'}{trust})"
        print(f"  {newsroom}, {common.when(side['at'], zone)} {zone}, story {side['story']}")
    print(common.bold(_headline(told)))
    print(f"  recorded of {later['article']}: {_recorded_line(told)}")
    print(f"  text: {_copy_line(told['copy'], earlier['article'])}")


def _headline(told: Mapping[str, Any]) -> str:
    stories = told["earlier"]["story"], told["later"]["story"]
    return f"one story ({stories[0]})" if told["one_story"] else f"two stories ({stories[0]} and {stories[1]})"


def _recorded_line(told: Mapping[str, Any]) -> str:
    kept = told["recorded"]
    if kept["duplicate_of"]:
        return story_words.copied(kept["duplicate_of"], kept["duplicate_reason"], kept["share"])
    return story_words.joined(kept["joined"]) if kept["joined"] else "it began a story"


def _copy_line(found: Mapping[str, Any], earlier: str) -> str:
    """Return what the texts share in a sentence."""
    if found["same_url"] or found["same_text"]:
        return f"the same {'URL' if found['same_url'] else 'text'} as {earlier}"
    passages = found["passages"]
    counted = (
        f"{passages['in_common']:,} of {min(passages['earlier'], passages['later']):,} passages of "
        f"{found['passage_words']} words ({story_words.percent(found['share'])}) stand in both"
    )
    if found["copy"]:
        return f"a copy of {earlier}: {counted}"
    if found["too_short"]:
        return f"no copy: one of them has fewer than {found['least_words']} words, which name nothing alone"
    return f"no copy: {counted}"
