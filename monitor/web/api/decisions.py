"""The operations of the API on decisions: the ledger."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from monitor.store import ledger
from monitor.store.ledger import Entry, Narrowed
from monitor.web import reasons
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.api.values import Limit, Moment, Text
from monitor.web.desk import Desk


class DecisionQuery(Model):
    """Which decisions a list holds; all of what is given must be true."""

    pack: Text | None = Field(None, description="A pack's own decisions; `*`, no pack matched, is left out")
    decision: Literal["alert", "update", "held", "suppressed", "none"] | None = None
    reason: Text | None = Field(None, description="Of the closed list in docs/decisions.md")
    feed: Text | None = Field(None, description="Id of a feed")
    since: Moment | None = Field(None, description="Decided then or later")
    until: Moment | None = Field(None, description="Decided before then")
    cursor: Id | None = Field(None, description="`next` of the page before")
    limit: Limit = 50


class Decision(Model):
    """What was decided for one pack about one version of an article."""

    seq: int
    """Decisions are made one at a time, in this order."""
    article: int
    revision: int
    title: str
    newsroom: str
    feed: str
    lang: str | None
    pack: str
    """`*`: every pack that has no row of its own."""
    n: int
    decision: str
    reason: str
    why: str
    """The reason in words."""
    severity: str | None
    detail: dict[str, Any] | None
    decided_at: datetime
    alert: int | None

    @classmethod
    def of(cls, row: Entry) -> Decision:
        """Return what is stored."""
        return cls(
            seq=row.seq,
            article=row.article_id,
            revision=row.revision,
            title=row.title,
            newsroom=row.newsroom,
            feed=row.feed,
            lang=row.lang,
            pack=row.pack,
            n=row.n,
            decision=row.outcome,
            reason=row.reason,
            why=reasons.sentence(row.reason),
            severity=row.severity,
            detail=dict(row.detail) if row.detail is not None else None,
            decided_at=row.decided_at,
            alert=row.alert_id,
        )


class DecisionList(Model):
    """A page of decisions, the newest first; what was decided about one article at once stays together."""

    decisions: list[Decision]
    next: int | None
    """`cursor` of the next page."""


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on decisions."""
    return [
        Operation(
            "GET",
            "/decisions",
            "Every decision about every article, the newest first",
            _list,
            answer=DecisionList,
            query_model=DecisionQuery,
        )
    ]


async def _list(call: Call) -> Answer:
    query = call.query(DecisionQuery)
    wanted = Narrowed(query.pack, query.decision, query.reason, query.feed, query.since, query.until)
    page = await call.desk.read(lambda c: ledger.list_page(c, wanted, query.limit, query.cursor))
    return Answer(DecisionList(decisions=[Decision.of(row) for row in page.rows], next=page.before))
