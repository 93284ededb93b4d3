"""The operations of the API on alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from monitor.alerts.rating import MOST_COMMENT
from monitor.delivery import wording
from monitor.store.alert_views import Narrowed
from monitor.web import alert_parts, filters, reasons
from monitor.web.alert_parts import Full, Listed
from monitor.web.api.operation import Answer, Call, Id, Model, Operation
from monitor.web.api.values import Limit, Moment, Text
from monitor.web.desk import Desk
from monitor.web.faults import NotThere
from monitor.web.pages.alert import rate_alert, rater, resend_alert

Severity = Literal["info", "normal", "high", "urgent"]
_GONE = "There is no such alert in the archive."


class AlertPath(Model):
    """Where an alert is."""

    id: Id


class AlertQuery(Model):
    """Which alerts a list holds; all of what is given must be true."""

    pack: Text | None = None
    severity: Severity | None = None
    decision: Literal["alert", "update"] | None = None
    reason: Text | None = Field(None, description="Of the closed list in docs/decisions.md")
    rated: Literal["useful", "noise", "none"] | None = None
    lang: Text | None = None
    newsroom: Text | None = Field(None, description="Part of the newsroom's name")
    since: Moment | None = Field(None, description="Decided then or later")
    until: Moment | None = Field(None, description="Decided before then")
    text: Text | None = Field(None, description="Words in title or text, each also as the beginning of one")
    after: Id | None = Field(None, description="Only alerts with a greater id: what came since")
    cursor: Id | None = Field(None, description="`next` of the page before")
    limit: Limit = 50


class Snippet(Model):
    """A sentence with the matched words marked."""

    text: str
    marks: list[tuple[int, int]]
    """Begin and end, in code points of `text`."""


class Delivery(Model):
    """Where a message of an alert stands."""

    channel: str
    target: str
    state: str
    reason: str | None
    due_at: datetime
    sent_at: datetime | None


class Rating(Model):
    """What somebody said of an alert."""

    rating: str
    by: str
    at: datetime
    comment: str


class Alert(Model):
    """An alert as lists show it."""

    id: int
    pack: str
    pack_title: str
    rules: list[str]
    severity: str
    decision: str
    reason: str
    why: str
    """The reason in words."""
    detail: dict[str, Any] | None
    created_at: datetime
    article: int
    story: int
    """That the article belongs to now."""
    title: str
    title_marks: list[tuple[int, int]]
    snippets: list[Snippet]
    terms: list[str]
    """Of the rules, in the order of the text."""
    url: str | None
    newsroom: str
    published: datetime | None
    lang: str | None
    partial: bool
    newsrooms: int
    """Independent ones that carry the story by now."""
    newsrooms_when_told: int | None
    deliveries: list[Delivery]
    ratings: list[Rating]

    @classmethod
    def of(cls, one: Listed) -> Alert:
        """Return an alert with what belongs to it."""
        return cls(**_fields(one))


def _fields(one: Listed) -> dict[str, Any]:
    row, quotes = one.row, one.quotes
    return {
        "id": row.id,
        "pack": row.pack,
        "pack_title": row.pack_title,
        "rules": list(row.rules),
        "severity": row.severity,
        "decision": row.outcome,
        "reason": row.reason,
        "why": reasons.sentence(row.reason),
        "detail": dict(row.detail) if row.detail is not None else None,
        "created_at": row.created_at,
        "article": row.article_id,
        "story": one.story,
        "title": row.title,
        "title_marks": list(quotes.title_marks),
        "snippets": [Snippet.like(snippet) for snippet in quotes.snippets],
        "terms": list(quotes.terms),
        "url": row.url,
        "newsroom": row.newsroom,
        "published": row.published,
        "lang": row.lang,
        "partial": row.partial,
        "newsrooms": one.newsrooms,
        "newsrooms_when_told": row.newsrooms,
        "deliveries": [Delivery.like(sending) for sending in one.sendings],
        "ratings": [Rating.like(given) for given in one.ratings],
    }


class AlertList(Model):
    """A page of alerts, the newest first."""

    alerts: list[Alert]
    next: int | None
    """`cursor` of the next page."""


class Evidence(Model):
    """A place that made a rule true; offsets count code points of title or text."""

    field: str
    start: int
    end: int
    text: str
    term: str
    entity: str | None


class Rule(Model):
    """A rule that was true."""

    rule: str
    severity: str
    status: str
    score: int | None
    evidence: list[Evidence]


class Attempt(Model):
    """One try to send a message."""

    n: int
    started_at: datetime
    ended_at: datetime | None
    outcome: str | None
    status: int | None
    detail: str | None
    retry_after: float | None


class Message(Model):
    """A message that carries an alert."""

    id: int
    channel: str
    target: str
    kind: str
    state: str
    reason: str | None
    due_at: datetime
    sent_at: datetime | None
    possible_repeat: bool
    attempts: list[Attempt]

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Message:
        """Return what is stored."""
        kept = ("id", "channel", "kind", "state", "reason", "due_at", "sent_at", "possible_repeat")
        tried = [Attempt(**{name: one[name] for name in Attempt.model_fields}) for one in row["attempts"]]
        return cls(**{name: row[name] for name in kept}, target=row["label"], attempts=tried)


class Told(Model):
    """An alert or update about the same story."""

    alert: int
    pack: str
    decision: str
    reason: str
    at: datetime
    article: int


class Folded(Model):
    """A report of the story that was not told by itself."""

    article: int
    title: str
    newsroom: str
    url: str | None
    reason: str
    at: datetime


class AlertDetail(Alert):
    """Everything about one alert."""

    text: str
    """As the rules saw it; empty where it is kept no more."""
    revision: int
    matched: list[Rule]
    duplicate_of: int | None
    messages: list[Message]
    told: list[Told]
    """Of the story, to any pack, oldest first."""
    folded_count: int
    folded: list[Folded]

    @classmethod
    def of_full(cls, full: Full) -> AlertDetail:
        """Return an alert with everything."""
        return cls(
            **_fields(full.listed),
            text=full.text,
            revision=full.revision,
            matched=[Rule.like(fired) for fired in full.fired],
            duplicate_of=full.report.duplicate_of,
            messages=[Message.of(row) for row in full.deliveries],
            told=[
                Told(
                    alert=one.alert_id,
                    pack=one.pack,
                    decision=one.outcome,
                    reason=one.reason,
                    at=one.created_at,
                    article=one.article_id,
                )
                for one in full.told
            ],
            folded_count=full.folded_count,
            folded=[
                Folded(
                    article=one.article_id,
                    title=one.title,
                    newsroom=one.newsroom,
                    url=one.url,
                    reason=one.reason,
                    at=one.decided_at,
                )
                for one in full.folded
            ],
        )


class RatingIn(Model):
    """What is said of an alert; it takes the place of what the same visitor said before."""

    rating: Literal["useful", "noise"]
    comment: str = Field("", max_length=MOST_COMMENT)


class RatingOut(Model):
    """The ratings of an alert."""

    alert: int
    ratings: list[Rating]


class ResendOut(Model):
    """The messages that were queued again."""

    alert: int
    queued: list[int]


def operations(desk: Desk) -> list[Operation]:
    """Return the operations on alerts."""
    return [
        Operation("GET", "/alerts", "Alerts, the newest first", _list, answer=AlertList, query_model=AlertQuery),
        Operation(
            "GET",
            "/alerts/{id}",
            "One alert with its text, evidence, messages and story",
            _show,
            answer=AlertDetail,
            path_model=AlertPath,
        ),
        Operation(
            "POST",
            "/alerts/{id}/rating",
            "Rate an alert useful or noise",
            _rate,
            answer=RatingOut,
            path_model=AlertPath,
            body_model=RatingIn,
        ),
        Operation(
            "POST",
            "/alerts/{id}/resend",
            "Queue again what died of an alert",
            _resend,
            answer=ResendOut,
            path_model=AlertPath,
        ),
    ]


def narrowed(query: AlertQuery) -> Narrowed:
    """Return what a list is narrowed to. Raises: Unusable, where `text` holds no word."""
    return Narrowed(
        pack=query.pack,
        severity=query.severity,
        lang=query.lang,
        newsroom=query.newsroom,
        outcome=query.decision,
        reason=query.reason,
        rated=query.rated,
        since=query.since,
        until=query.until,
        words=filters.words(query.text or "", "text"),
    )


async def _list(call: Call) -> Answer:
    query = call.query(AlertQuery)
    wanted = narrowed(query)
    page, found = await call.desk.read(
        lambda c: alert_parts.list_page(c, wanted, query.limit, query.cursor, query.after or 0)
    )
    return Answer(AlertList(alerts=[Alert.of(one) for one in found], next=page.before))


async def _show(call: Call) -> Answer:
    full = await call.desk.read(lambda c: alert_parts.load(c, call.path(AlertPath).id))
    if full is None:
        raise NotThere(_GONE)
    return Answer(AlertDetail.of_full(full))


async def _rate(call: Call) -> Answer:
    number, given, by = call.path(AlertPath).id, call.body(RatingIn), rater(call.visitor)
    comment = wording.clean(given.comment)
    one = await call.desk.write(lambda c: rate_alert(c, call.desk, number, given.rating, by, comment))
    if one is None:
        raise NotThere(_GONE)
    return Answer(RatingOut(alert=number, ratings=[Rating.like(rated) for rated in one.ratings]))


async def _resend(call: Call) -> Answer:
    number = call.path(AlertPath).id
    queued = await call.desk.write(lambda c: resend_alert(c, call.desk, number))
    if queued is None:
        raise NotThere(_GONE)
    return Answer(ResendOut(alert=number, queued=queued))
