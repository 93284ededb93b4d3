"""The operations of the API on stories."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from monitor.store.story_pages import Narrowed, Place
from monitor.store.story_views import ToldOf
from monitor.web import story_parts
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.api.values import Limit, Moment, Text
from monitor.web.desk import Desk
from monitor.web.faults import NotThere, Unusable
from monitor.web.story_parts import FullStory, ListedStory
from monitor.web.story_parts import Told as ToldReport


class StoryPath(Model):
    """Where a story is."""

    id: Id


class StoryQuery(Model):
    """Which stories a list holds; all of what is given must be true."""

    pack: Text | None = Field(None, description="Told to this pack's readers")
    told: bool | None = Field(None, description="Whether anybody was told of it")
    min_articles: int = Field(1, ge=1, le=1_000_000)
    lang: Text | None = Field(None, description="With an article in this language")
    newsroom: Text | None = Field(None, description="With an article by a newsroom whose name holds this")
    since: Moment | None = Field(None, description="With an article that was decided then or later")
    cursor: str | None = Field(None, max_length=40, description="`next` of the page before")
    limit: Limit = 50


class StoryAlert(Model):
    """An alert or update about a story."""

    alert: int
    pack: str
    decision: str
    reason: str
    at: datetime
    article: int
    newsrooms: int | None
    """Independent ones when this was told."""

    @classmethod
    def of(cls, told: ToldOf) -> StoryAlert:
        """Return what is stored."""
        return cls(
            alert=told.alert_id,
            pack=told.pack,
            decision=told.outcome,
            reason=told.reason,
            at=told.created_at,
            article=told.article_id,
            newsrooms=told.newsrooms,
        )


class Story(Model):
    """A story as lists show it."""

    id: int
    title: str
    """Headline of its first article, as it stands now."""
    first_article: int
    articles: int
    newsrooms: int
    """Independent ones."""
    newsroom_names: list[str]
    languages: dict[str, int]
    """Articles by language; `?` where it is not known."""
    first_at: datetime
    last_at: datetime
    told: list[StoryAlert]


class StoryList(Model):
    """A page of stories, the one with the latest article first."""

    stories: list[Story]
    next: str | None
    """`cursor` of the next page."""


class StoryDecision(Model):
    """A decision that stands, about an article of a story."""

    pack: str
    revision: int
    decision: str
    reason: str
    severity: str | None
    detail: dict[str, Any] | None
    decided_at: datetime
    alert: int | None


class StoryArticle(Model):
    """An article of a story and what it is to it."""

    id: int
    title: str
    url: str | None
    newsroom: str
    aggregator: str | None
    feed: str
    trusted: bool
    lang: str | None
    published: datetime | None
    first_seen: datetime
    after_first_seconds: float
    duplicate_of: int | None
    duplicate_reason: str | None
    share: float | None
    joined: dict[str, Any] | None
    """Why it is in the story: the nearest article, the score and its parts."""
    credits: list[str]
    voice: str | None
    """For whom it counts; null: for nobody."""
    voice_reason: str | None
    decisions: list[StoryDecision]

    @classmethod
    def of(cls, told: ToldReport) -> StoryArticle:
        """Return an article with its decisions."""
        report = told.report
        kept = ("id", "title", "url", "newsroom", "aggregator", "feed", "trusted", "lang", "published", "first_seen")
        more = ("duplicate_of", "duplicate_reason", "share")
        return cls(
            **{name: getattr(report, name) for name in (*kept, *more)},
            after_first_seconds=told.after,
            joined=dict(report.joined) if report.joined is not None else None,
            credits=list(report.credits),
            voice=told.voice,
            voice_reason=told.why,
            decisions=[
                StoryDecision(
                    pack=made.pack,
                    revision=made.revision,
                    decision=made.outcome,
                    reason=made.reason,
                    severity=made.severity,
                    detail=dict(made.detail) if made.detail is not None else None,
                    decided_at=made.decided_at,
                    alert=made.alert_id,
                )
                for made in told.decisions
            ],
        )


class Voice(Model):
    """An independent newsroom, and the articles that give its word."""

    name: str
    articles: list[int]


class Change(Model):
    """A merge (`story` became part of `other`) or a split (`story` left `other`)."""

    kind: str
    story: int
    other: int
    article: int
    at: datetime


class StoryDetail(Story):
    """Everything about one story."""

    asked: int
    """The id that was asked for; another where that story became part of this one."""
    voices: list[Voice]
    unheard: int
    """Articles that count for nobody."""
    reports: list[StoryArticle]
    """Its first articles."""
    left_out: int
    changes: list[Change]


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on stories."""
    return [
        Operation("GET", "/stories", "Stories, the latest first", _list, answer=StoryList, query_model=StoryQuery),
        Operation(
            "GET",
            "/stories/{id}",
            "One story with its articles, newsrooms and what was told",
            _show,
            answer=StoryDetail,
            path_model=StoryPath,
            heavy=True,
        ),
    ]


def _story(row: Any, names: list[str]) -> dict[str, Any]:
    kept = ("id", "title", "first_article", "articles", "first_at", "last_at")
    return {
        **{name: getattr(row, name) for name in kept},
        "newsrooms": len(names),
        "newsroom_names": names,
        "languages": dict(row.languages),
        "told": [StoryAlert.of(told) for told in row.told],
    }


def _listed(one: ListedStory) -> Story:
    return Story(**_story(one.row, list(one.names)))


def _detail(full: FullStory) -> StoryDetail:
    voices = [Voice(name=voice.name, articles=[heard.article_id for heard in voice.articles]) for voice in full.voices]
    changes = [
        Change(kind=one.kind, story=one.story_id, other=one.other_id, article=one.article_id, at=one.at)
        for one in full.changes
    ]
    return StoryDetail(
        **_story(full.row, [voice.name for voice in full.voices]),
        asked=full.asked,
        voices=voices,
        unheard=full.unheard,
        reports=[StoryArticle.of(told) for told in full.reports],
        left_out=full.left_out,
        changes=changes,
    )


async def _list(call: Call) -> Answer:
    query = call.query(StoryQuery)
    place = Place.from_text(query.cursor) if query.cursor is not None else None
    if query.cursor is not None and place is None:
        raise Unusable("`cursor` is not one that a page before gave.", "cursor")
    wanted = Narrowed(query.pack, query.told, query.min_articles, query.lang, query.newsroom, query.since)
    page, found = await call.desk.read(lambda c: story_parts.list_page(c, wanted, query.limit, place))
    return Answer(
        StoryList(stories=[_listed(one) for one in found], next=page.before.to_text() if page.before else None)
    )


async def _show(call: Call) -> Answer:
    full = await call.desk.read(lambda c: story_parts.load(c, call.path(StoryPath).id))
    if full is None:
        raise NotThere("There is no such story in the archive.")
    return Answer(_detail(full))
