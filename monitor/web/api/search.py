"""The operations of the API on search."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import Field

from monitor.jobs import archive
from monitor.jobs.archive import Hit
from monitor.web import filters, search_parts
from monitor.web.api.operation import Answer, Call, Id, Invalid, Model, Operation
from monitor.web.desk import Desk
from monitor.web.search_parts import LONGEST_QUERY, Question, WrongQuery

Short = Annotated[str, Field(max_length=filters.LONGEST)]


class SearchIn(Model):
    """A question to the archive."""

    q: Annotated[str, Field(min_length=1, max_length=LONGEST_QUERY, description="As below `query:` in a rule.")]
    since: Annotated[Short, Field(description="First seen from: `7d`, `2025-03-01`, `2025-03-01T12:00Z`.")] = ""
    until: Annotated[Short, Field(description="First seen before, or on this day.")] = ""
    newsroom: Annotated[Short, Field(description="Name of the newsroom, or id of the feed.")] = ""
    lang: Annotated[Short, Field(description="Language of the article: `en`.")] = ""
    pack: Annotated[Short, Field(description="A live pack that it matched; the query may name its lists.")] = ""
    before: Annotated[Id | None, Field(description="`next` of the page before.")] = None
    limit: Annotated[int, Field(ge=1, le=archive.MOST)] = archive.LIMIT


class EvidenceOut(Model):
    """A place that makes the query true; offsets count code points of the field."""

    field: str
    start: int
    end: int
    text: str
    term: str
    entity: str | None


class HitOut(Model):
    """An article that the query is true of."""

    id: int
    story: int
    title: str
    url: str
    newsroom: str
    feed: str
    lang: str | None
    published: datetime | None
    first_seen: datetime | None
    evidence: list[EvidenceOut]
    excerpts: list[str]


class SearchOut(Model):
    """A page of articles, newest first."""

    hits: list[HitOut]
    next: Annotated[int | None, Field(description="`before` of the next page; null where the archive ends.")]
    in_time: Annotated[bool, Field(description="False: the time was over before the page was full.")]
    searched_to: datetime | None
    indexed: Annotated[bool, Field(description="False: no word could be looked up, articles were read one by one.")]
    looked_at: int
    notes: list[str]


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on search."""
    return [
        Operation(
            "GET",
            "/search",
            "Articles of the archive that a query is true of, newest first",
            search,
            answer=SearchOut,
            query_model=SearchIn,
            heavy=True,
            description="A page ends when it is full, or after two seconds; `next` is where to go on.",
        )
    ]


async def search(call: Call) -> Answer:
    """Answer GET /search."""
    asked, desk = call.query(SearchIn), call.desk
    question = Question(
        asked.q,
        since=filters.moment(asked.since, desk.zone, desk.now(), "since"),
        until=filters.moment(asked.until, desk.zone, desk.now(), "until", ends=True),
        newsroom=filters.typed(asked.newsroom),
        lang=filters.typed(asked.lang.lower()),
        pack=filters.typed(asked.pack),
        below=asked.before,
        limit=asked.limit,
    )
    try:
        found = await search_parts.search(desk, question)
    except WrongQuery as wrong:
        raise Invalid([{"in": "query", "field": "q", "message": str(one)[:500]} for one in wrong.faults]) from None
    return Answer(
        SearchOut(
            hits=[_hit(hit) for hit in found.hits],
            next=found.below,
            in_time=found.in_time,
            searched_to=found.searched_to,
            indexed=found.indexed,
            looked_at=found.looked_at,
            notes=archive.notes_of(found, desk.zone),
        )
    )


def _hit(hit: Hit) -> HitOut:
    article = hit.article
    return HitOut(
        id=hit.id,
        story=hit.story_id,
        title=article.title,
        url=article.url,
        newsroom=article.newsroom,
        feed=article.source,
        lang=article.lang,
        published=article.published,
        first_seen=article.first_seen,
        evidence=[EvidenceOut.like(span) for span in hit.evidence],
        excerpts=[part.text for part in search_parts.shown(hit).parts],
    )
