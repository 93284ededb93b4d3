"""Silences as the page and the API take and show them: what is written, checked; what it means, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.jobs import silencing
from monitor.jobs.silencing import Draft, Preview
from monitor.store import silences
from monitor.web.desk import Desk
from monitor.web.faults import Unusable, sentence

LONGEST = 200
LONGEST_COMMENT = 500
PREVIEWED = timedelta(days=7)
_STORY = re.compile(r"(?:st?-?)?(\d{1,18})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Checked:
    """A silence that can be made, and what is odd about it."""

    draft: Draft
    until: datetime
    comment: str
    notes: tuple[str, ...]
    """That no feed is of its newsroom: an aggregator may still pass it on."""


def draft_of(pack: str, rule: str, story: str, newsroom: str, text: str) -> Draft:
    """Return what a silence names as somebody wrote it. Raises: Unusable naming the field."""
    for field, value in (("pack", pack), ("rule", rule), ("newsroom", newsroom), ("text", text)):
        if len(value) > LONGEST or "\0" in value:
            raise Unusable(f"The {field} is one line of at most {LONGEST} characters.", field)
    found = _STORY.fullmatch(story.strip()) if story.strip() else None
    if story.strip() and found is None:
        raise Unusable(f"`{story[:40]}` is no story's id; write s12, as the page of the story shows it.", "story")
    draft = Draft(
        pack.strip() or None,
        rule.strip() or None,
        int(found[1]) if found else None,
        newsroom.strip() or None,
        text.strip() or None,
    )
    if not draft.names_something:
        raise Unusable("Name what to mute: a pack, a rule, a story, a newsroom or words.", "pack")
    return draft


def check(desk: Desk, draft: Draft, lasts: str, until: str, comment: str) -> Checked:
    """Return the silence if it can be made and would mute something. Raises: Unusable naming the field."""
    if len(comment) > LONGEST_COMMENT or "\0" in comment:
        raise Unusable(f"A comment has at most {LONGEST_COMMENT} characters.", "comment")
    try:
        end = silencing.end_of(lasts.strip() or None, until.strip() or None, desk.zone, desk.now())
    except silencing.Unfit as fault:
        raise Unusable(sentence(str(fault)), fault.field) from None
    unknown = silencing.faults(desk.context.setup, draft)
    for one in unknown:
        if one.sure:
            raise Unusable(f"{one.message[:1].upper()}{one.message[1:]}: {one.fix}", one.key)
    notes = (f"{one.message}, so only what an aggregator passes on is muted ({one.fix})" for one in unknown)
    return Checked(draft, end, comment.strip(), tuple(map(sentence, notes)))


async def preview(desk: Desk, draft: Draft) -> Preview:
    """Return what a silence would have muted in the last days. Raises: Busy."""
    now = desk.now()
    async with desk.heavy():
        return await desk.read(lambda c: silencing.preview(c, draft, now - PREVIEWED, now))


async def add(desk: Desk, made: Checked) -> int:
    """Store a silence; return its number."""
    now, draft = desk.now(), made.draft
    return await desk.write(
        lambda c: silences.add(
            c, made.until, now, made.comment, draft.pack, draft.rule, draft.story_id, draft.newsroom, draft.words
        )
    )
