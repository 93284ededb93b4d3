"""The operations of the API on silences."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from monitor.jobs import hush
from monitor.jobs.silencing import Draft
from monitor.store import silences
from monitor.store.silences import StoredSilence
from monitor.web import silence_parts
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.api.values import Limit
from monitor.web.desk import MOST_ID, Desk
from monitor.web.faults import Conflicting, NotThere


class SilencePath(Model):
    """Where a silence is."""

    id: Id


class SilenceQuery(Model):
    """Which silences a list holds."""

    state: Literal["active", "over"] = "active"
    cursor: Id | None = Field(None, description="`next` of the page before; for those that are over")
    limit: Limit = 50


class SilenceDraft(Model):
    """What a silence names; all of it must fit. At least one is needed."""

    pack: str = Field("", max_length=silence_parts.LONGEST)
    rule: str = Field("", max_length=silence_parts.LONGEST)
    story: str = Field("", max_length=30, description="`s12` or `12`")
    newsroom: str = Field("", max_length=silence_parts.LONGEST)
    text: str = Field("", max_length=silence_parts.LONGEST, description="Words in title or text, side by side")

    def draft(self) -> Draft:
        """Return it checked. Raises: Unusable."""
        return silence_parts.draft_of(self.pack, self.rule, self.story, self.newsroom, self.text)


class SilenceIn(SilenceDraft):
    """A silence to make: either `for` or `until`."""

    lasts: str = Field("", max_length=20, alias="for", description="How long: `4h`")
    until: str = Field("", max_length=40, description="Until when; in the desk's zone without an offset")
    comment: str = Field("", max_length=silence_parts.LONGEST_COMMENT)


class SilenceOut(Model):
    """A silence as it was made."""

    id: int
    says: str
    """What it mutes, in words."""
    pack: str | None
    rule: str | None
    story: int | None
    newsroom: str | None
    text: str | None
    comment: str
    created_at: datetime
    until: datetime
    ended_at: datetime | None
    hidden: int
    """Alerts and updates that it hid."""
    notes: list[str] = Field(default_factory=list)
    """What is odd about one that was just made."""

    @classmethod
    def of(cls, one: StoredSilence, notes: tuple[str, ...] = ()) -> SilenceOut:
        """Return what is stored."""
        return cls(
            id=one.id,
            says=hush.describe(one),
            pack=one.pack,
            rule=one.rule,
            story=one.story_id,
            newsroom=one.newsroom,
            text=one.words,
            comment=one.comment,
            created_at=one.created_at,
            until=one.until,
            ended_at=one.ended_at,
            hidden=one.hidden,
            notes=list(notes),
        )


class SilenceList(Model):
    """Silences, the newest first."""

    silences: list[SilenceOut]
    next: int | None
    """`cursor` of the next page."""


class MutedAlert(Model):
    """An alert that a silence would have muted."""

    id: int
    pack: str
    title: str
    newsroom: str
    created_at: datetime


class SilencePreview(Model):
    """What a silence would have muted in the last seven days."""

    count: int
    looked: int
    """Alerts that were looked at, the newest."""
    is_whole: bool
    """Whether those were all."""
    alerts: list[MutedAlert]
    """The newest of those it would have muted."""


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on silences."""
    return [
        Operation("GET", "/silences", "What is muted", list_silences, answer=SilenceList, query_model=SilenceQuery),
        Operation("POST", "/silences", "Mute something", add_silence, SilenceOut, body_model=SilenceIn, status=201),
        Operation(
            "POST",
            "/silences/preview",
            "What a silence would have muted in the last seven days",
            preview_silence,
            answer=SilencePreview,
            body_model=SilenceDraft,
        ),
        Operation("GET", "/silences/{id}", "One silence", show_silence, answer=SilenceOut, path_model=SilencePath),
        Operation("DELETE", "/silences/{id}", "End a silence now", end_silence, path_model=SilencePath),
    ]


async def list_silences(call: Call) -> Answer:
    """Answer with the silences that hold, or a page of those that are over."""
    asked, now = call.query(SilenceQuery), call.desk.now()
    if asked.state == "active":
        active = await call.desk.read(silences.list_active)
        found = [SilenceOut.of(one) for one in reversed(active) if one.until > now]
        return Answer(SilenceList(silences=found, next=None))
    before = asked.cursor or MOST_ID
    ended = await call.desk.read(lambda c: silences.list_ended(c, before, asked.limit + 1))
    page = ended[: asked.limit]
    more = page[-1].id if len(ended) > asked.limit else None
    return Answer(SilenceList(silences=[SilenceOut.of(one) for one in page], next=more))


async def show_silence(call: Call) -> Answer:
    """Answer with one silence."""
    return Answer(SilenceOut.of(await _found(call, call.path(SilencePath).id)))


async def preview_silence(call: Call) -> Answer:
    """Answer with what a silence would have muted."""
    seen = await silence_parts.preview(call.desk, call.body(SilenceDraft).draft())
    return Answer(SilencePreview.like(seen))


async def add_silence(call: Call) -> Answer:
    """Make a silence."""
    given = call.body(SilenceIn)
    made = silence_parts.check(call.desk, given.draft(), given.lasts, given.until, given.comment)
    number = await silence_parts.add(call.desk, made)
    return Answer(SilenceOut.of(await _found(call, number), made.notes))


async def end_silence(call: Call) -> Answer:
    """End a silence."""
    number, now = call.path(SilencePath).id, call.desk.now()
    if not await call.desk.write(lambda c: silences.end(c, number, now)):
        await _found(call, number)
        raise Conflicting("It is over already.")
    return Answer()


async def _found(call: Call, number: int) -> StoredSilence:
    found = await call.desk.read(lambda c: silences.get(c, number))
    if found is None:
        raise NotThere("There is no such silence.")
    return found
