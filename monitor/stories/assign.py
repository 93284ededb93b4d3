"""Which story an article belongs to: the one of its twin by canonical URL or folded text, else a new one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Twin:
    """An earlier article that is the same by URL or text."""

    article_id: int
    story_id: int
    reason: str
    """`same_url` or `same_text`."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """Where an article goes; `story_id` None starts a new story."""

    story_id: int | None
    duplicate_of: int | None
    reason: str | None


def assign_story(twin: Twin | None, own_story: int | None) -> Assigned:
    """Return the story of an article.

    Args:
        twin: The earliest other article that is the same, if any.
        own_story: The story the article is in already: a new revision never leaves it.
    """
    if own_story is not None:
        return Assigned(own_story, None, None)
    if twin is None:
        return Assigned(None, None, None)
    return Assigned(twin.story_id, twin.article_id, twin.reason)
