"""The operations of the API on articles: what was decided about one, and what the live rules say of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from monitor.web import article_parts, reasons
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.api.values import Text
from monitor.web.article_parts import Decided, FullArticle
from monitor.web.desk import Desk
from monitor.web.faults import NotThere
from monitor.web.judging import Judging


class ArticlePath(Model):
    """Where an article is."""

    id: Id


class PackQuery(Model):
    """Which pack is asked."""

    pack: Text | None = Field(None, description="None: every pack, forty at the most")


class ArticleMatch(Model):
    """A rule that was true of a version of an article."""

    pack: str
    rule: str
    severity: str
    status: str
    score: int | None
    evidence: list[dict[str, Any]]


class ArticleDecision(Model):
    """What was decided for a pack about a version of an article."""

    pack: str
    n: int
    decision: str
    reason: str
    why: str
    """The reason in words."""
    severity: str | None
    detail: dict[str, Any] | None
    decided_at: datetime
    alert: int | None


class Revision(Model):
    """A version of an article, with what matched and what was decided, oldest first."""

    n: int
    title: str
    ruleset: str | None
    created_at: datetime
    matches: list[ArticleMatch]
    decisions: list[ArticleDecision]

    @classmethod
    def of(cls, one: Decided) -> Revision:
        """Return what is stored."""
        names = tuple(ArticleMatch.model_fields)
        return cls(
            n=one.n,
            title=one.title,
            ruleset=one.ruleset,
            created_at=one.created_at,
            matches=[ArticleMatch(**{name: match[name] for name in names}) for match in one.matches],
            decisions=[
                ArticleDecision(
                    pack=made["pack"],
                    n=made["n"],
                    decision=made["outcome"],
                    reason=made["reason"],
                    why=reasons.sentence(made["reason"]),
                    severity=made["severity"],
                    detail=made["detail"],
                    decided_at=made["decided_at"],
                    alert=made["alert_id"],
                )
                for made in one.decisions
            ],
        )


class ArticleDetail(Model):
    """Everything that is recorded of one article."""

    id: int
    feed: str
    story: int
    title: str
    text: str
    """Empty where it is kept no more."""
    url: str | None
    newsroom: str
    aggregator: str | None
    author: str | None
    lang: str | None
    published: datetime | None
    first_seen: datetime
    partial: bool
    partial_reason: str | None
    duplicate_of: int | None
    duplicate_reason: str | None
    share: float | None
    credits: list[str]
    revisions: list[Revision]

    @classmethod
    def of(cls, full: FullArticle) -> ArticleDetail:
        """Return what is stored."""
        stored = full.stored
        kept = ("id", "title", "text", "url", "newsroom", "aggregator", "author", "lang", "published", "first_seen")
        more = ("partial", "partial_reason", "duplicate_of", "duplicate_reason")
        return cls(
            **{name: getattr(stored, name) for name in (*kept, *more)},
            feed=full.feed,
            story=stored.story_id,
            share=full.report.share,
            credits=list(full.report.credits),
            revisions=[Revision.of(one) for one in full.revisions],
        )


class PackJudgement(Model):
    """What one pack says of an article."""

    pack: str
    matched: bool
    nearest: str
    """The clause that kept the nearest of its rules from being true; empty where one is."""
    text: str
    """For people, in lines."""
    rules: list[dict[str, Any]]
    """For programs: rules and clauses as `explain --json` has them (docs/commands.md)."""


class Explanation(Model):
    """What the live rules say of an article as it stands now."""

    article: int
    ruleset: str
    packs: list[PackJudgement]
    left_out: int
    """Packs that were not asked."""


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on articles."""
    judging = Judging(desk)

    async def explain(call: Call) -> Answer:
        number = call.path(ArticlePath).id
        told = await judging.of(number, call.query(PackQuery).pack or "")
        packs = [
            PackJudgement(
                pack=one.pack, matched=one.matched, nearest=one.nearest, text=one.text, rules=one.tree["rules"]
            )
            for one in told.packs
        ]
        return Answer(Explanation(article=number, ruleset=told.ruleset, packs=packs, left_out=told.left_out))

    return [
        Operation(
            "GET",
            "/articles/{id}",
            "One article with every decision about it",
            _show,
            answer=ArticleDetail,
            path_model=ArticlePath,
        ),
        Operation(
            "GET",
            "/articles/{id}/explanation",
            "Why the live rules are true of an article, or are not",
            explain,
            answer=Explanation,
            path_model=ArticlePath,
            query_model=PackQuery,
        ),
    ]


async def _show(call: Call) -> Answer:
    full = await call.desk.read(lambda c: article_parts.load(c, call.path(ArticlePath).id))
    if full is None:
        raise NotThere("There is no such article in the archive.")
    return Answer(ArticleDetail.of(full))
