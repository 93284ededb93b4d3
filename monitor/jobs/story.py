"""Part of the deciding step: which story a new article joins, by what it copies or by what it is like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from monitor import tasks
from monitor.jobs import voices
from monitor.store import articles, sketches, stories
from monitor.store.later import next_of
from monitor.store.store import Connection
from monitor.stories import assign, copies, features
from monitor.stories.assign import Assigned

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Newcomer:
    """An article that has no story yet. `trusted`: whether its feed is."""

    read: tasks.Reading
    canonical_url: str | None
    first_seen: datetime
    trusted: bool


def find_alike(connection: Connection, new: Newcomer) -> articles.Alike:
    """Return what has the address or the text of a new article."""
    article, read = new.read.article, new.read
    like = articles.Likeness(new.canonical_url, read.folded_hash, article.newsroom, article.title, new.trusted)
    return articles.find_alike(connection, like)


def find_repeated(connection: Connection, new: Newcomer, alike: articles.Alike) -> Assigned | None:
    """Return the story of what a new article repeats: its twin by URL or text, or what it copies; None if it is new."""
    article, read = new.read.article, new.read
    if alike.twin is not None:
        return assign.of_twin(assign.Twin(*alike.twin))
    near = sketches.find(connection, read.sketch, new.trusted)
    own = copies.Newcomer(read.sketch, article.newsroom, article.title, new.trusted)
    copied = copies.find_copy(own, [copies.Candidate(*row) for row in near])
    if copied is None:
        return None
    return assign.of_twin(assign.Twin(copied.article_id, copied.story_id, "copy", round(copied.share, 3)))


def is_told_anew(connection: Connection, original: int, trusted: bool) -> bool:
    """Return whether a copy is to be compared with others although its original is: trusted, of one that is not."""
    return trusted and not articles.is_trusted(connection, original)


@dataclass(frozen=True, slots=True)
class Weighed:
    """An article's features as they were weighed."""

    features: features.Features

    @property
    def is_compared(self) -> bool:
        """Return whether others may be compared with it: live blogs and round-ups would tie stories together."""
        return not self.features.kind and bool(self.features.words)


def weigh(connection: Connection, read: tasks.Reading, counts: bool = False) -> Weighed | None:
    """Return an article's features, weighed by how often their terms occurred so far; None where it has none.

    `counts`: its terms count for those that come after it; not those of a revision.
    """
    raw = features.unpack(read.features)
    if raw is None:
        return None
    count = stories.add_terms if counts else stories.count_terms
    return Weighed(features.weigh(raw, *count(connection, features.terms_of(raw))))


def without_text(read: tasks.Reading) -> tasks.Reading:
    """Return what was read of an article whose text tells nothing, with the features of its headline only.

    What one newsroom carries under another headline too is a consent wall or an error page.
    """
    bare = features.features_of(replace(read.article, text=""), read.title_words.split(), ())
    return replace(read, features=features.pack(bare))


def join_story(connection: Connection, new: Newcomer, own: Weighed | None) -> Assigned:
    """Return the story that a new article is like."""
    if own is None:
        return Assigned(None)
    at = features.when(new.read.article.published, new.first_seen)
    near = stories.find_near(connection, features.looked_up(own.features), at, new.trusted)
    return assign.join_story(own.features, at, _candidates(near), ties=new.trusted and own.is_compared)


def _candidates(near: Sequence[stories.Near]) -> list[assign.Candidate]:
    found = []
    for row in near:
        kept = features.unpack(row.features)
        if kept is not None and not kept.kind:
            at = features.when(row.published, row.first_seen)
            found.append(assign.Candidate(row.article_id, row.story_id, at, kept))
    return found


def keep(connection: Connection, article_id: int, own: Weighed, trusted: bool, indexed: bool, revised: bool) -> None:
    """Store by what an article is found and compared."""
    terms: Mapping[int, int] = features.indexed(own.features) if indexed and own.is_compared else {}
    stories.index_terms(connection, article_id, list(terms), trusted, replaces=revised)


def merge(connection: Connection, found: assign.Merge, article_id: int, now: datetime) -> None:
    """Make two stories one, as an article showed. Nothing that was told is taken back; what comes goes to the older."""
    stories.merge(connection, found, article_id, next_of(connection, "decided_seq"), now)
    voices.recount(connection, found.older)
    log.info("stories_merged", story=found.younger, into=found.older, fit=found.fit)
