"""In which story an article was when it came, before stories became one. Pure.

The archive moves the articles of a story that is merged. Where they were is told by what they joined: a copy its
original's story, a likeness the story that `joined` names, and each of the others began a story of its own, in the
order of the stories' ids. Where this does not add up (articles pruned, stories split), a story is taken as it is today.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from monitor.store.backtests import Member, Merged


@dataclass(frozen=True, slots=True)
class Lineage:
    """`first`: article -> the story that it came into. `merges`: those that then happened, in order."""

    first: Mapping[int, int]
    merges: Sequence[Merged]


def trace(members: Sequence[Member], merges: Sequence[Merged]) -> Lineage:
    """Return where the articles of some stories (in the order of their decisions) came into, given all their merges."""
    into = {one.younger: one for one in merges}
    begun = _begun(members, into)
    first: dict[int, int] = {}
    for member in members:
        story = begun.get(member.article_id)
        if story is None and member.story_id not in begun.unclear:
            story = _joined(member, first, into)
        first[member.article_id] = member.story_id if story is None else story
    return Lineage(first, [one for one in merges if _top(one.older, into) not in begun.unclear])


@dataclass(frozen=True, slots=True)
class _Begun:
    """Article -> the story that it began; `unclear`: stories of today of which that is not known."""

    stories: Mapping[int, int]
    unclear: frozenset[int]

    def get(self, article_id: int) -> int | None:
        """Return the story that an article began; None where it joined one."""
        return self.stories.get(article_id)


def _begun(members: Iterable[Member], into: Mapping[int, Merged]) -> _Begun:
    families: dict[int, set[int]] = {}
    for younger in into:
        families.setdefault(_top(younger, into), set()).add(younger)
    roots: dict[int, list[int]] = {}
    for member in members:
        found = roots.setdefault(member.story_id, [])
        if member.duplicate_of is None and "story" not in (member.joined or {}):
            found.append(member.article_id)
    stories: dict[int, int] = {}
    unclear = set()
    for today, own in roots.items():
        family = sorted({today, *families.get(today, ())})
        if len(family) == len(own):
            stories |= dict(zip(sorted(own), family, strict=True))
        else:
            unclear.add(today)
    return _Begun(stories, frozenset(unclear))


def _joined(member: Member, first: Mapping[int, int], into: Mapping[int, Merged]) -> int | None:
    """Return the story that an article joined, as it stood then."""
    story = first.get(member.duplicate_of) if member.duplicate_of is not None else (member.joined or {}).get("story")
    while story is not None and (merged := into.get(story)) is not None and merged.seq <= member.seq:
        story = merged.older
    return story if story is not None and _top(story, into) == member.story_id else None


def _top(story: int, into: Mapping[int, Merged]) -> int:
    """Return the story that a story is part of today."""
    while story in into:
        story = into[story].older
    return story
