"""Matches, decisions and alerts of a revision, and what a pack was told before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import later
from monitor.store.held import family_of
from monitor.store.rows import new_id, some
from monitor.store.schema import (
    MATCHED,
    NOT_UNMATCHED,
    alerts,
    articles,
    decisions,
    feeds,
    matches,
    revisions,
    stories,
)

ASKED = 1000
"""Rows asked for in one statement: databases bound its parameters (SQLite 32,766), and a digest may hold more."""
EVERY_PACK = "*"
"""Pack of the one row that stands for every pack of the rule set without a row of its own: no match."""


@dataclass(frozen=True, slots=True)
class Told:
    """An alert a pack's readers got about a story."""

    alert_id: int
    article_id: int
    severity: str
    created_at: datetime
    trusted: bool
    """Whether the feed of its article is trusted, as it is declared now."""
    newsrooms: int | None
    facts: Mapping[str, Any] | None


def list_told(connection: sa.Connection, pack: str, story_id: int) -> tuple[Told, ...]:
    """Return what a pack was told about a story and those that were merged into it, in order."""
    return tuple(Told(*row) for row in connection.execute(_TOLD, {"of_pack": pack, "of_story": story_id}))


_TOLD = (
    sa.select(
        alerts.c.id,
        alerts.c.article_id,
        alerts.c.severity,
        alerts.c.created_at,
        feeds.c.trusted,
        alerts.c.newsrooms,
        alerts.c.facts,
    )
    .join(articles, articles.c.id == alerts.c.article_id)
    .join(feeds, feeds.c.id == articles.c.feed_id)
    .where(alerts.c.pack == sa.bindparam("of_pack"), alerts.c.story_id.in_(family_of("of_story")))
    .order_by(alerts.c.id)
)


def record_matches(connection: sa.Connection, revision_id: int, found: Iterable[model.Match]) -> None:
    """Store what matched, with evidence."""
    rows = [
        {
            "revision_id": revision_id,
            "pack": match.pack,
            "rule": match.rule,
            "severity": match.severity,
            "status": match.status,
            "score": match.score,
            "evidence": [asdict(span) for span in match.evidence],
        }
        for match in found
    ]
    if rows:
        connection.execute(matches.insert(), rows)


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to store with its decision."""

    pack_title: str
    rules: tuple[str, ...]
    route: tuple[str, ...]
    story_id: int
    article_id: int
    ruleset_id: str
    newsrooms: int | None = None
    facts: Mapping[str, Any] | None = None


def record(
    connection: sa.Connection,
    revision_id: int,
    decision: model.Decision,
    seq: int,
    now: datetime,
    alert: NewAlert | None,
    n: int = 1,
) -> int | None:
    """Store a decision (and its alert, whose id is returned); `n`: the how manyth about this revision and pack."""
    alert_id = None
    if alert is not None:
        alert_id = _insert_alert(connection, revision_id, decision, seq, now, alert)
    row = {
        "revision_id": revision_id,
        "pack": decision.pack,
        "n": n,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "severity": decision.severity,
        "detail": dict(decision.detail) if decision.detail else None,
        "decided_seq": seq,
        "decided_at": now,
        "alert_id": alert_id,
    }
    if decision.pack == EVERY_PACK:  # no decision goes by it
        later.write(connection, _RECORD, row)
    else:
        connection.execute(_RECORD, row)
    return alert_id


_RECORD = decisions.insert()


def _insert_alert(
    connection: sa.Connection, revision_id: int, decision: model.Decision, seq: int, now: datetime, alert: NewAlert
) -> int:
    values = {
        "pack": decision.pack,
        "story_id": alert.story_id,
        "article_id": alert.article_id,
        "revision_id": revision_id,
        "outcome": decision.outcome.value,
        "reason": decision.reason.value,
        "severity": decision.severity,
        "pack_title": alert.pack_title,
        "rules": list(alert.rules),
        "route": list(alert.route),
        "ruleset_id": alert.ruleset_id,
        "decided_seq": seq,
        "created_at": now,
        "newsrooms": alert.newsrooms,
        "facts": alert.facts,
        "detail": dict(decision.detail) if decision.detail else None,
    }
    return new_id(connection, alerts.insert(), values)


def next_n(connection: sa.Connection, revision_id: int, pack: str) -> int:
    """Return the number of the next decision about a revision and a pack."""
    same = sa.and_(decisions.c.revision_id == revision_id, decisions.c.pack == pack)
    return 1 + (connection.scalar(sa.select(sa.func.max(decisions.c.n)).where(same)) or 0)


def story_now(connection: sa.Connection, story_id: int) -> int:
    """Return the story that a story is part of by now: itself, or the one that it was merged into."""
    while (into := connection.scalar(sa.select(stories.c.merged_into).where(stories.c.id == story_id))) is not None:
        story_id = into
    return story_id


def count_folded(connection: sa.Connection, pack: str, story_id: int, since: int) -> int:
    """Return how many articles of a story, newer than article `since`, a pack was not told by."""
    query = (
        sa.select(sa.func.count(sa.distinct(articles.c.id)))
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(decisions, decisions.c.revision_id == revisions.c.id)
        .where(
            articles.c.story_id == story_id,
            articles.c.id > since,
            decisions.c.pack == pack,
            decisions.c.outcome == model.Outcome.SUPPRESSED.value,
            decisions.c.reason.in_([reason.value for reason in FOLDED]),
        )
    )
    return connection.scalar(query) or 0


FOLDED = (
    model.Reason.SAME_ARTICLE,
    model.Reason.SAME_URL,
    model.Reason.SAME_TEXT,
    model.Reason.COPY,
    model.Reason.SAME_STORY,
)
"""Reasons of decisions not to tell an article because of what was told of its story."""


def list_of_revision(connection: sa.Connection, revision_id: int) -> list[Mapping[str, Any]]:
    """Return every decision about a revision, one mapping a row, newest last."""
    query = sa.select(decisions).where(decisions.c.revision_id == revision_id)
    return [dict(row) for row in connection.execute(query.order_by(decisions.c.pack, decisions.c.n)).mappings()]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A decision with its article, for the ledger."""

    article_id: int
    revision_n: int
    title: str
    newsroom: str
    pack: str
    n: int
    outcome: str
    reason: str
    severity: str | None
    detail: Mapping[str, Any] | None
    decided_at: datetime
    alert_id: int | None


def list_ledger(
    connection: sa.Connection, pack: str | None = None, reason: str | None = None, limit: int = 50
) -> list[LedgerRow]:
    """Return decisions, the newest first; those that no pack matched only where their `reason` is asked for."""
    query = _LEDGER.order_by(decisions.c.decided_seq.desc(), decisions.c.pack, decisions.c.n.desc()).limit(limit)
    if pack is not None:
        query = query.where(decisions.c.pack == pack)
    if reason is not None:
        query = query.where(decisions.c.reason == reason)
        if reason != model.Reason.NO_MATCH.value:
            query = query.where(NOT_UNMATCHED)
    if pack not in (None, EVERY_PACK) or (pack is None and reason is None):
        query = query.where(MATCHED)
    return [LedgerRow(*row) for row in connection.execute(query)]


_OF_LEDGER = ("pack", "n", "outcome", "reason", "severity", "detail", "decided_at", "alert_id")
_LEDGER = (
    sa.select(
        articles.c.id,
        revisions.c.n.label("revision_n"),
        revisions.c.title,
        articles.c.newsroom,
        *(decisions.c[name] for name in _OF_LEDGER),
    )
    .join(revisions, revisions.c.id == decisions.c.revision_id)
    .join(articles, articles.c.id == revisions.c.article_id)
)


@dataclass(frozen=True, slots=True)
class AlertRow:
    """An alert with its article, for lists and messages."""

    id: int
    pack: str
    pack_title: str
    outcome: str
    reason: str
    severity: str
    rules: tuple[str, ...]
    route: tuple[str, ...]
    created_at: datetime
    story_id: int
    article_id: int
    revision_id: int
    title: str
    url: str | None
    newsroom: str
    published: datetime | None
    lang: str | None
    partial: bool
    decided_seq: int
    newsrooms: int | None
    detail: Mapping[str, Any] | None


_OF_ALERT = ("id", "pack", "pack_title", "outcome", "reason", "severity", "rules", "route", "created_at", "story_id")
_COLUMNS = (
    *(alerts.c[name] for name in (*_OF_ALERT, "decided_seq", "newsrooms", "detail")),
    alerts.c.article_id,
    alerts.c.revision_id,
    revisions.c.title,
    articles.c.url,
    articles.c.newsroom,
    articles.c.published,
    revisions.c.lang,
    revisions.c.partial,
)
_ALERTS = (
    sa.select(*_COLUMNS)
    .join(revisions, revisions.c.id == alerts.c.revision_id)
    .join(articles, articles.c.id == alerts.c.article_id)
)


def _alert(row: sa.RowMapping) -> AlertRow:
    return AlertRow(**{**row, "rules": tuple(row["rules"]), "route": tuple(row["route"])})


def list_alerts(
    connection: sa.Connection, pack: str | None = None, since: datetime | None = None, limit: int = 50
) -> list[AlertRow]:
    """Return alerts, newest first."""
    query = _ALERTS.order_by(alerts.c.id.desc()).limit(limit)
    if pack is not None:
        query = query.where(alerts.c.pack == pack)
    if since is not None:
        query = query.where(alerts.c.created_at >= since)
    return [_alert(row) for row in connection.execute(query).mappings()]


def list_urgent(connection: sa.Connection, story_id: int, since: datetime) -> list[AlertRow]:
    """Return the urgent alerts about a story by trusted feeds, of any pack, since `since`, oldest first."""
    about = alerts.c.story_id == story_id, alerts.c.severity == "urgent", alerts.c.created_at >= since
    trusted = sa.select(feeds.c.id).where(feeds.c.trusted)
    query = _ALERTS.where(*about, articles.c.feed_id.in_(trusted)).order_by(alerts.c.id)
    return [_alert(row) for row in connection.execute(query).mappings()]


def get_alerts(connection: sa.Connection, ids: Sequence[int]) -> list[AlertRow]:
    """Return the alerts with these ids, by id."""
    found: list[AlertRow] = []
    for part in some(sorted(set(ids)), ASKED):
        query = _ALERTS.where(alerts.c.id.in_(part)).order_by(alerts.c.id)
        found += [_alert(row) for row in connection.execute(query).mappings()]
    return found


def evidence_of(connection: sa.Connection, revision_id: int, packs: Iterable[str]) -> list[model.Evidence]:
    """Return the live evidence of a revision for some packs, sorted and without repeats."""
    by_rule = evidence_by_rule(connection, revision_id, packs)
    return in_order({span for spans in by_rule.values() for span in spans})


def evidence_by_rule(
    connection: sa.Connection, revision_id: int, packs: Iterable[str]
) -> dict[tuple[str, str], list[model.Evidence]]:
    """Return (pack, rule) -> its live evidence in a revision, in the order of the text."""
    query = sa.select(matches.c.pack, matches.c.rule, matches.c.evidence).where(
        matches.c.revision_id == revision_id, matches.c.pack.in_(list(packs)), matches.c.status == "live"
    )
    return {
        (row.pack, row.rule): in_order({model.Evidence(**span) for span in row.evidence})
        for row in connection.execute(query)
    }


def in_order(spans: Iterable[model.Evidence]) -> list[model.Evidence]:
    """Return evidence in the order of title and text."""
    return sorted(spans, key=lambda span: (span.field != "title", span.start, span.end, span.term, span.entity or ""))


def list_matches(connection: sa.Connection, since: datetime | None) -> Iterator[tuple[str | None, list[model.Match]]]:
    """Yield language and matches of every article first seen at `since` or later, as its newest revision stands."""
    newest = sa.select(sa.func.max(revisions.c.id)).group_by(revisions.c.article_id)
    query = (
        sa.select(revisions.c.id, revisions.c.lang, *_OF_MATCH)
        .join(articles, articles.c.id == revisions.c.article_id)
        .outerjoin(matches, matches.c.revision_id == revisions.c.id)
        .where(revisions.c.id.in_(newest))
        .order_by(revisions.c.id)
    )
    if since is not None:
        query = query.where(articles.c.first_seen >= since)
    rows = connection.execution_options(yield_per=1000).execute(query)
    for _, found in groupby(rows, key=lambda row: row.id):
        first, *others = found
        yield first.lang, [_match(row) for row in (first, *others) if row.pack is not None]


def last_matches(connection: sa.Connection, since: datetime) -> tuple[datetime | None, dict[tuple[str, str], datetime]]:
    """Return when the archive's first article was seen, and (pack, rule) -> when it last matched since `since`."""
    begins = connection.scalar(sa.select(sa.func.min(articles.c.first_seen)))
    query = (
        sa.select(matches.c.pack, matches.c.rule, sa.func.max(articles.c.first_seen).label("last"))
        .join(revisions, revisions.c.id == matches.c.revision_id)
        .join(articles, articles.c.id == revisions.c.article_id)
        .where(articles.c.first_seen >= since)
        .group_by(matches.c.pack, matches.c.rule)
    )
    return begins, {(row.pack, row.rule): row.last for row in connection.execute(query)}


_OF_MATCH = tuple(matches.c[name] for name in ("pack", "rule", "severity", "status", "score", "evidence"))


def _match(row: sa.Row[Any]) -> model.Match:
    evidence = tuple(model.Evidence(**span) for span in row.evidence)
    return model.Match(row.pack, row.rule, row.severity, row.status, evidence, row.score)
