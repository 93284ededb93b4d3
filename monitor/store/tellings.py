"""What messages about a story that goes on need to know: what its recipient got before, and what was folded since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor import model
from monitor.store.decisions import FOLDED as ANY_FOLDED
from monitor.store.held import family_of
from monitor.store.schema import alerts, articles, decisions, message_alerts, messages, revisions

FOLDED = tuple(reason.value for reason in ANY_FOLDED if reason is not model.Reason.SAME_ARTICLE)
"""Reasons of decisions not to tell another report of a story that was told; the same one changed is no other."""
LOOKED_AT = 100
"""Of the folded reports, the last ones, in search of different newsrooms."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A message that a recipient got."""

    id: int
    message_id: str
    kind: str
    severity: str
    headline: str
    sent_at: datetime
    alert_ids: tuple[int, ...]
    """All that it carried."""


@dataclass(frozen=True, slots=True)
class Past:
    """An alert of the same pack about the same story, told before."""

    alert_id: int
    decided_seq: int
    created_at: datetime
    reason: str
    article: model.Report


def list_past(connection: sa.Connection, pack: str, story_id: int, before: int, first: int | None) -> list[Past]:
    """Return what a pack's readers were told about a story, and those merged into it, before the alert `before`.

    Args:
        first: Alert that the story was first told by; older ones are left out: they came from feeds that are not
            trusted.
    Returns: Oldest first.
    """
    query = (
        sa.select(
            alerts.c.id,
            alerts.c.decided_seq,
            alerts.c.created_at,
            alerts.c.reason,
            revisions.c.title,
            articles.c.newsroom,
            articles.c.url,
        )
        .join(revisions, revisions.c.id == alerts.c.revision_id)
        .join(articles, articles.c.id == alerts.c.article_id)
    )
    own = sa.and_(alerts.c.pack == pack, alerts.c.story_id.in_(family_of("of_story")), alerts.c.id < before)
    rows = list(connection.execute(query.where(own).order_by(alerts.c.id), {"of_story": story_id}))
    if first is not None:
        rows = [row for row in rows if row.id >= first]
    return [
        Past(row.id, row.decided_seq, row.created_at, row.reason, model.Report(row.title, row.newsroom, row.url or ""))
        for row in rows
    ]


def first_message(connection: sa.Connection, target_id: int, alert_ids: Sequence[int]) -> Earlier | None:
    """Return the first message with any of some alerts that a recipient got; what still waits or died is none."""
    query = (
        sa.select(messages)
        .join(message_alerts, message_alerts.c.message_id == messages.c.id)
        .where(
            message_alerts.c.alert_id.in_(list(alert_ids)),
            message_alerts.c.target_id == target_id,
            messages.c.state == "sent",
        )
        .order_by(messages.c.sent_at, messages.c.id)
        .limit(1)
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    carried = sa.select(message_alerts.c.alert_id).where(message_alerts.c.message_id == row.id)
    ids = tuple(connection.execute(carried.order_by(message_alerts.c.alert_id)).scalars())
    return Earlier(row.id, row.message_id, row.kind, row.severity, row.headline, row.sent_at, ids)


def list_folded(connection: sa.Connection, pack: str, story_id: int, after: int, before: int) -> list[model.Report]:
    """Return the last reports of a story that a pack's readers were not told, between two decisions, newest first.

    Args:
        after, before: `decided_seq` of the telling before, and of the one that lists them.
    Returns: At most LOOKED_AT, one an article.
    """
    query = (
        sa.select(articles.c.id, revisions.c.title, articles.c.newsroom, articles.c.url, decisions.c.decided_at)
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(decisions, decisions.c.revision_id == revisions.c.id)
        .where(
            articles.c.story_id == story_id,
            decisions.c.pack == pack,
            decisions.c.reason.in_(FOLDED),
            decisions.c.decided_seq > after,
            decisions.c.decided_seq < before,
        )
        .order_by(decisions.c.decided_seq.desc())
        .limit(LOOKED_AT)
    )
    found: dict[int, model.Report] = {}
    for row in connection.execute(query):
        found.setdefault(row.id, model.Report(row.title, row.newsroom, row.url or "", row.decided_at))
    return list(found.values())
