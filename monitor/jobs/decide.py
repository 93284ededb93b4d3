"""The deciding step: one transaction, one at a time, in the order of `decided_seq`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog

from monitor import model, tasks, text
from monitor.alerts import decide, digest
from monitor.jobs import origin
from monitor.jobs.context import Context, Outlet, Setup
from monitor.model import Decision, Match, Outcome, Reason
from monitor.store import articles, batches, decisions, entries, messages, quotas
from monitor.store.store import Connection, lock_deciding, next_number
from monitor.stories import assign

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Task:
    """The entry being decided."""

    waiting: entries.WaitingEntry
    own: articles.StoredArticle | None
    """The entry's article as it stood when the job began, None if it has none yet."""
    retry_at: datetime | None
    """When a partial article's page is due again."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """An article stored with its new revision."""

    article_id: int
    story_id: int
    revision_id: int
    duplicate_of: int | None
    duplicate_reason: str | None


def record(
    context: Context, setup: Setup, connection: Connection, task: Task, read: tasks.Reading
) -> tuple[Decision, ...]:
    """Store article, revision, matches, decisions, alerts and messages, and close the entry.

    A revision that changes nothing is not stored, and nothing is decided about it again.
    """
    lock_deciding(connection)
    now = context.clock.now()
    if task.own is not None and (task.own.title, task.own.text) == (read.article.title, read.article.text):
        articles.update(connection, task.own.id, retry_at=task.retry_at, partial=read.article.partial)
        _close(connection, task.waiting, "done", task.own.id, now)
        return ()
    placed = _place(connection, task, read, now)
    quotas.add_stored(connection, task.waiting.feed_id, len(read.article.text.encode()))
    decisions.record_matches(connection, placed.revision_id, read.matches)
    batch = batches.get(connection, task.waiting.batch_id) if task.waiting.batch_id else None
    made, alerts = _decide(setup, connection, task, read, placed, batch, now)
    _queue(setup, connection, placed, alerts, batch, now)
    _close(connection, task.waiting, "done", placed.article_id, now)
    context.reached("process.before_commit")
    return made


def _close(connection: Connection, waiting: entries.WaitingEntry, state: str, article_id: int, now: datetime) -> None:
    """Close an entry; the last one of a batch lets its digests go."""
    entries.close(connection, waiting.id, state, article_id)
    if waiting.batch_id is not None:
        batches.settle(connection, now)


def _place(connection: Connection, task: Task, read: tasks.Reading, now: datetime) -> _Placed:
    own = task.own
    waiting, article = task.waiting, read.article
    like = articles.Likeness(waiting.canonical_url, read.folded_hash, article.newsroom, article.title, waiting.trusted)
    found = articles.find_twin(connection, like, own.id if own else None)
    assigned = assign.assign_story(assign.Twin(*found) if found else None, own.story_id if own else None)
    story = assigned.story_id if assigned.story_id is not None else articles.new_story(connection, now)
    article_id = _store_article(connection, task, read, story, assigned)
    revision = articles.NewRevision(
        title=read.article.title,
        text=read.article.text,
        lang=read.article.lang,
        partial=read.article.partial,
        partial_reason=read.partial_reason,
        cut=read.cut,
        ruleset_id=read.ruleset_id,
        table_id=read.table_id,
    )
    revision_id = articles.add_revision(connection, article_id, own.revision_n + 1 if own else 1, revision, now)
    before = (_words(own.title), _words(own.text)) if own else None
    articles.index_words(connection, article_id, (read.title_words, read.text_words), before)
    if own is not None:
        return _Placed(article_id, story, revision_id, own.duplicate_of, own.duplicate_reason)
    return _Placed(article_id, story, revision_id, assigned.duplicate_of, assigned.reason)


def _words(folded: str) -> str:
    return " ".join(text.folded_words(folded))


def _store_article(
    connection: Connection, task: Task, read: tasks.Reading, story: int, assigned: assign.Assigned
) -> int:
    article = read.article
    changing = {
        "lang": article.lang,
        "author": article.author or None,
        "published": article.published,
        "folded_hash": read.folded_hash,
        "partial": article.partial,
        "retry_at": task.retry_at,
    }
    if task.own is not None:
        articles.update(connection, task.own.id, **changing, **_moved(task))
        return task.own.id
    return articles.insert(
        connection,
        feed_id=task.waiting.feed_id,
        entry_id=task.waiting.id,
        story_id=story,
        url=task.waiting.entry.url,
        canonical_url=task.waiting.canonical_url,
        newsroom=article.newsroom,
        aggregator=origin.aggregator_of(task.waiting),
        first_seen=task.waiting.first_seen,
        duplicate_of=assigned.duplicate_of,
        duplicate_reason=assigned.reason,
        **changing,
    )


def _moved(task: Task) -> dict[str, str | None]:
    """Return the address of an article whose slug changed with its headline; an aggregator's links lead elsewhere."""
    waiting = task.waiting
    if not waiting.canonical_url or origin.aggregator_of(waiting) is not None:
        return {}
    return {"url": waiting.entry.url, "canonical_url": waiting.canonical_url}


def _decide(
    setup: Setup,
    connection: Connection,
    task: Task,
    read: tasks.Reading,
    placed: _Placed,
    batch: batches.Batch | None,
    now: datetime,
) -> tuple[tuple[Decision, ...], dict[int, tuple[Decision, tuple[str, ...]]]]:
    """Decide for every pack; return all decisions, and those that alert by alert id with their route."""
    subject = decide.Subject(
        placed.article_id,
        read.article.published,
        task.waiting.first_seen,
        placed.duplicate_of,
        placed.duplicate_reason,
        missed=batch is not None and batch.kind == digest.CATCH_UP,
        trusted=task.waiting.trusted,
    )
    seq = next_number(connection, "decided_seq")
    made: list[Decision] = []
    alerts: dict[int, tuple[Decision, tuple[str, ...]]] = {}
    for pack, found in _by_pack(read.matches):
        decision = _decide_pack(setup, connection, pack, found, subject, placed.story_id)
        if batch is not None and digest.joins_digest(batch.kind, batch.created_at, decision, now):
            decision = replace(decision, detail={**(decision.detail or {}), "batch": batch.id})
        alert = _new_alert(setup, decision, found, placed)
        alert_id = decisions.record(connection, placed.revision_id, decision, seq, now, alert)
        made.append(decision)
        if alert is not None and alert_id is not None:
            alerts[alert_id] = (decision, alert.route)
    known: dict[str, Any] = {"ruleset": read.ruleset_id}
    if read.partial_reason == tasks.PREFILTERED:
        known["prefiltered"] = True
    nothing = Decision(decisions.EVERY_PACK, Outcome.NONE, Reason.NO_MATCH, None, known)
    decisions.record(connection, placed.revision_id, nothing, seq, now, None)
    return (*made, nothing), alerts


def _by_pack(matches: Sequence[Match]) -> list[tuple[str, list[Match]]]:
    ordered = sorted(matches, key=lambda match: (match.pack, match.rule))
    return [(pack, list(found)) for pack, found in groupby(ordered, key=lambda match: match.pack)]


def _decide_pack(
    setup: Setup, connection: Connection, pack: str, found: list[Match], subject: decide.Subject, story_id: int
) -> Decision:
    told = [
        decide.Told(row.alert_id, row.article_id, row.severity, row.trusted)
        for row in decisions.list_told(connection, pack, story_id)
    ]
    ages = {match.rule: setup.live.ruleset.max_age(pack, match.rule) for match in found}
    return decide.decide_alert(pack, found, subject, told, ages)


def _new_alert(setup: Setup, decision: Decision, found: list[Match], placed: _Placed) -> decisions.NewAlert | None:
    if decision.outcome not in (Outcome.ALERT, Outcome.UPDATE):
        return None
    pack = setup.live.ruleset.packs[decision.pack]
    return decisions.NewAlert(
        pack_title=pack.title or pack.id,
        rules=tuple(match.rule for match in found if match.status == "live"),
        route=tuple(pack.route) or setup.config.default_route,
        story_id=placed.story_id,
        article_id=placed.article_id,
        ruleset_id=setup.live.id,
    )


def _queue(
    setup: Setup,
    connection: Connection,
    placed: _Placed,
    alerts: Mapping[int, tuple[Decision, tuple[str, ...]]],
    batch: batches.Batch | None,
    now: datetime,
) -> None:
    """Queue one message per recipient, however many packs alert; where all of them can wait, in the batch's digest."""
    by_target: dict[int, list[int]] = {}
    for alert_id, (_, route) in alerts.items():
        for outlet in outlets_for(setup, route):
            by_target.setdefault(outlet.target_id, []).append(alert_id)
    waits = {alert_id for alert_id, (decision, _) in alerts.items() if "batch" in (decision.detail or {})}
    at_once = {target: own for target, own in by_target.items() if batch is None or not waits.issuperset(own)}
    if batch is not None:
        for target, own in by_target.items():
            if target in at_once:
                continue
            batches.gather(connection, target, batch.id, own, _worst(alerts[alert][0] for alert in own), now)
    if alerts:
        severity = _worst(decision for decision, _ in alerts.values())
        messages.queue_alerts(connection, list(at_once), placed.revision_id, at_once, severity, now)
        log.info("alert", article=placed.article_id, alerts=sorted(alerts), packs=[d.pack for d, _ in alerts.values()])


def _worst(made: Iterable[Decision]) -> str:
    return max((str(decision.severity) for decision in made), key=model.severity_rank)


def outlets_for(setup: Setup, route: Sequence[str]) -> tuple[Outlet, ...]:
    """Return the recipients of a route; a route that leads nowhere falls back to every channel there is.

    A pack may name a channel that has been removed since: better told in the wrong room than not at all.
    """
    return (
        setup.outlets_of(tuple(route)) or setup.outlets_of(setup.config.default_route) or tuple(setup.outlets.values())
    )


def record_unreadable(context: Context, setup: Setup, connection: Connection, waiting: entries.WaitingEntry) -> None:
    """Store an entry that killed its worker every time as an article without text, with its decision."""
    lock_deciding(connection)
    now = context.clock.now()
    article = model.Article(title=waiting.entry.title, text="", newsroom=origin.newsroom_of(waiting), partial=True)
    read = tasks.Reading(article, "unreadable", False, (), setup.live.id, text.TABLE_ID, None, "", "")
    placed = _place(connection, Task(waiting, None, None), read, now)
    seq = next_number(connection, "decided_seq")
    decision = Decision(decisions.EVERY_PACK, Outcome.NONE, Reason.UNREADABLE, None, {"attempts": waiting.attempts + 1})
    decisions.record(connection, placed.revision_id, decision, seq, now, None)
    _close(connection, waiting, "unreadable", placed.article_id, now)
