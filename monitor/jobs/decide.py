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
from monitor.jobs.place import Placed, Task, place_article
from monitor.model import Decision, Match, Outcome, Reason
from monitor.rules.compile import RuleSet
from monitor.store import articles, batches, decisions, entries, messages, quotas
from monitor.store.store import Connection, lock_deciding, next_number

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Desk:
    """Whose rules decide, and where a pack without a route goes."""

    rules: RuleSet
    ruleset_id: str
    default_route: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided and stored about one revision."""

    placed: Placed
    decisions: tuple[Decision, ...]
    alerts: Mapping[int, tuple[Decision, tuple[str, ...]]]
    """Those that are told, by alert id, with their routes."""


def record(
    context: Context, setup: Setup, connection: Connection, task: Task, read: tasks.Reading
) -> tuple[Decision, ...]:
    """Store article, revision, matches, decisions, alerts and messages, and close the entry.

    A revision that changes nothing is not stored, and nothing is decided about it again.
    """
    lock_deciding(connection)
    now = context.clock.now()
    batch = batches.get(connection, task.waiting.batch_id) if task.waiting.batch_id else None
    desk = Desk(setup.live.ruleset, setup.live.id, setup.config.default_route)
    judged = judge(connection, desk, task, read, now, batch)
    if judged is None:
        _close(connection, task.waiting, "done", task.own.id if task.own else None, now)
        return ()
    quotas.add_stored(connection, task.waiting.feed_id, len(read.article.text.encode()))
    _queue(setup, connection, judged.placed, judged.alerts, batch, now)
    _close(connection, task.waiting, "done", judged.placed.article_id, now)
    context.reached("process.before_commit")
    return judged.decisions


def judge(
    connection: Connection,
    desk: Desk,
    task: Task,
    read: tasks.Reading,
    now: datetime,
    batch: batches.Batch | None = None,
) -> Judged | None:
    """Place an article and decide for every pack, and store all of it; None where the revision changes nothing.

    The daemon and `replay` (over a database in memory) both decide by this function. Call it one at a time.
    """
    own = task.own
    if own is not None and (own.title, own.text) == (read.article.title, read.article.text):
        articles.update(connection, own.id, retry_at=task.retry_at, partial=read.article.partial)
        return None
    placed = place_article(connection, task, read, now)
    decisions.record_matches(connection, placed.revision_id, read.matches)
    made, alerts = _decide(desk, connection, task, read, placed, batch, now)
    return Judged(placed, made, alerts)


def _close(
    connection: Connection, waiting: entries.WaitingEntry, state: str, article_id: int | None, now: datetime
) -> None:
    """Close an entry; the last one of a batch lets its digests go."""
    entries.close(connection, waiting.id, state, article_id)
    if waiting.batch_id is not None:
        batches.settle(connection, now)


def _decide(
    desk: Desk,
    connection: Connection,
    task: Task,
    read: tasks.Reading,
    placed: Placed,
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
        decision = _decide_pack(desk, connection, pack, found, subject, placed.story_id)
        if batch is not None and digest.joins_digest(batch.kind, batch.created_at, decision, now):
            decision = replace(decision, detail={**(decision.detail or {}), "batch": batch.id})
        alert = _new_alert(desk, decision, found, placed)
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
    desk: Desk, connection: Connection, pack: str, found: list[Match], subject: decide.Subject, story_id: int
) -> Decision:
    told = [
        decide.Told(row.alert_id, row.article_id, row.severity, row.trusted)
        for row in decisions.list_told(connection, pack, story_id)
    ]
    ages = {match.rule: desk.rules.max_age(pack, match.rule) for match in found}
    return decide.decide_alert(pack, found, subject, told, ages)


def _new_alert(desk: Desk, decision: Decision, found: list[Match], placed: Placed) -> decisions.NewAlert | None:
    if decision.outcome not in (Outcome.ALERT, Outcome.UPDATE):
        return None
    pack = desk.rules.packs[decision.pack]
    return decisions.NewAlert(
        pack_title=pack.title or pack.id,
        rules=tuple(match.rule for match in found if match.status == "live"),
        route=tuple(pack.route) or desk.default_route,
        story_id=placed.story_id,
        article_id=placed.article_id,
        ruleset_id=desk.ruleset_id,
    )


def _queue(
    setup: Setup,
    connection: Connection,
    placed: Placed,
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
    placed = place_article(connection, Task(waiting, None, None), read, now)
    seq = next_number(connection, "decided_seq")
    decision = Decision(decisions.EVERY_PACK, Outcome.NONE, Reason.UNREADABLE, None, {"attempts": waiting.attempts + 1})
    decisions.record(connection, placed.revision_id, decision, seq, now, None)
    _close(connection, waiting, "unreadable", placed.article_id, now)
