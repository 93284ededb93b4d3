"""The deciding step: one transaction, one at a time, in the order of `decided_seq`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import Any

import structlog

from monitor import model, tasks, text
from monitor.alerts import decide, digest, facts
from monitor.jobs import hush, origin, post, release
from monitor.jobs.context import Context, Setup
from monitor.jobs.desk import Address, Desk, address, desk_of
from monitor.jobs.history import History, terms_of
from monitor.jobs.place import Placed, Task, place_article
from monitor.model import Decision, Match, Outcome, Reason
from monitor.store import articles, batches, decisions, entries, quotas
from monitor.store.later import next_number
from monitor.store.store import Connection

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Judged:
    """What was decided and stored about one revision."""

    placed: Placed
    decisions: tuple[Decision, ...]
    alerts: Mapping[int, tuple[Decision, tuple[str, ...]]]
    """Those that are told, by alert id, with their routes."""
    released: tuple[release.Released, ...] = ()
    """What became of decisions about earlier articles of the story that were held."""


def record(
    context: Context, setup: Setup, connection: Connection, task: Task, read: tasks.Reading
) -> tuple[Decision, ...]:
    """Store article, revision, matches, decisions, alerts and messages, and close the entry; return what was decided.

    A revision that changes nothing is not stored, and nothing is decided about it again. For `Store.decide`.
    """
    now = context.clock.now()
    batch = batches.get(connection, task.waiting.batch_id) if task.waiting.batch_id else None
    judged = judge(connection, desk_of(setup), task, read, now, batch)
    if judged is None:
        _close(connection, task.waiting, "done", task.own.id if task.own else None, now)
        return ()
    if not context.store.decides_apart:
        quotas.add_stored(connection, task.waiting.feed_id, len(read.article.text.encode()))
    _post(setup, connection, judged.placed.article_id, judged.placed.revision_id, judged.alerts, batch, now)
    queue_released(setup, connection, judged.released, now)
    _close(connection, task.waiting, "done", judged.placed.article_id, now)
    context.reached("process.before_commit")
    return (*judged.decisions, *(one.decision for one in judged.released))


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
    return decide_placed(desk, connection, task, read, placed, batch, now)


def _close(
    connection: Connection, waiting: entries.WaitingEntry, state: str, article_id: int | None, now: datetime
) -> None:
    """Close an entry; the last one of a batch lets its digests go."""
    entries.close(connection, waiting.id, state, article_id, at_once=waiting.batch_id is not None)
    if waiting.batch_id is not None:
        batches.settle(connection, now)


def decide_placed(
    desk: Desk,
    connection: Connection,
    task: Task,
    read: tasks.Reading,
    placed: Placed,
    batch: batches.Batch | None,
    now: datetime,
) -> Judged:
    """Decide for every pack about an article that has its story, and about what is held of that story; store it.

    A backtest begins here: its articles keep the stories that the archive has put them into.
    """
    subject = decide.Subject(
        placed.article_id,
        read.article.published,
        task.waiting.first_seen,
        placed.duplicate_of,
        placed.duplicate_reason,
        missed=batch is not None and batch.kind in (digest.CATCH_UP, digest.RESTORED),
        trusted=task.waiting.trusted,
    )
    seq = next_number(connection, "decided_seq")
    past = History(connection, desk, placed.story_id, begins=placed.begins)
    case = _Case(connection, desk, past, subject, read.article, placed, batch, seq, now)
    made: list[Decision] = []
    alerts: dict[int, tuple[Decision, tuple[str, ...]]] = {}
    for pack, found in _by_pack(read.matches):
        decision, told = _decide_pack(case, pack, found, read.facts)
        made.append(decision)
        alerts |= told
    known: dict[str, Any] = {"ruleset": read.ruleset_id}
    if read.partial_reason == tasks.PREFILTERED:
        known["prefiltered"] = True
    nothing = Decision(decisions.EVERY_PACK, Outcome.NONE, Reason.NO_MATCH, None, known)
    decisions.record(connection, placed.revision_id, nothing, seq, now, None)
    if case.history.holds:
        case.released.extend(release.release_story(connection, case.history, seq, now))
    return Judged(placed, (*made, nothing), alerts, tuple(case.released))


@dataclass(frozen=True, slots=True)
class _Case:
    """The article that is decided about, and what its decisions go by."""

    connection: Connection
    desk: Desk
    history: History
    subject: decide.Subject
    article: model.Article
    placed: Placed
    batch: batches.Batch | None
    seq: int
    now: datetime
    released: list[release.Released] = field(default_factory=list)


def _by_pack(matches: Sequence[Match]) -> list[tuple[str, list[Match]]]:
    ordered = sorted(matches, key=lambda match: (match.pack, match.rule))
    return [(pack, list(found)) for pack, found in groupby(ordered, key=lambda match: match.pack)]


def _decide_pack(
    case: _Case, pack: str, found: list[Match], known: facts.ArticleFacts
) -> tuple[Decision, dict[int, tuple[Decision, tuple[str, ...]]]]:
    """Decide for one pack and store it; return the decision, and what is told at once."""
    story = case.history.of_pack(pack)
    wanted = {match.rule: terms_of(case.desk.rules, pack, match.rule) for match in found}
    ruling = decide.decide_alert(pack, found, case.subject, story, wanted, case.now, known)
    ruling = _in_batch(case, ruling)
    if ruling.decision.outcome is Outcome.UPDATE:
        folded = {"folded": case.history.folded(pack, story.told)}
        ruling = replace(ruling, decision=_with(ruling.decision, folded))
    to = _address(case, ruling, found)
    placed = case.placed
    ruling = hush.silenced(case.connection, ruling, to.rules, placed.revision_id, placed.story_id, case.now)
    ruling = hush.inhibited(case.connection, ruling, to.route, case.history, placed.article_id, case.now)
    decision = ruling.decision
    alert = _new_alert(case, ruling, to)
    alert_id = decisions.record(case.connection, case.placed.revision_id, decision, case.seq, case.now, alert)
    if alert is not None and alert_id is not None:
        case.released.extend(
            release.close_told(case.connection, case.history, pack, case.subject.trusted, case.seq, case.now)
        )
        return decision, {alert_id: (decision, alert.route)}
    if decision.outcome is Outcome.HELD:
        _hold(case, ruling, to)
    else:
        release.gather(case.connection, case.history, ruling)
    return decision, {}


def _in_batch(case: _Case, ruling: decide.Ruling) -> decide.Ruling:
    """Return the ruling about an entry of a batch: told in its digest, it disturbs nobody and need not be held."""
    batch = case.batch
    if batch is None:
        return ruling
    if ruling.otherwise == "unconfirmed":
        marked = decide.unconfirmed(ruling)
        if digest.joins_digest(batch.kind, batch.created_at, marked.decision, case.now):
            ruling = marked
    if digest.joins_digest(batch.kind, batch.created_at, ruling.decision, case.now):
        return replace(ruling, decision=_with(ruling.decision, {"batch": batch.id}))
    return ruling


def _with(decision: Decision, more: Mapping[str, Any]) -> Decision:
    return replace(decision, detail={**(decision.detail or {}), **more})


def _new_alert(case: _Case, ruling: decide.Ruling, to: Address) -> decisions.NewAlert | None:
    if ruling.decision.outcome not in (Outcome.ALERT, Outcome.UPDATE):
        return None
    return decisions.NewAlert(
        pack_title=to.pack_title,
        rules=to.rules,
        route=to.route,
        story_id=case.placed.story_id,
        article_id=case.placed.article_id,
        ruleset_id=case.desk.ruleset_id,
        newsrooms=len(case.history.names),
        facts=ruling.facts.to_json(),
    )


def _hold(case: _Case, ruling: decide.Ruling, to: Address) -> None:
    """Keep a decision that is held, with what it will be told as under the rules of now."""
    alert = {
        "pack_title": to.pack_title,
        "rules": to.rules,
        "route": to.route,
        "ruleset_id": case.desk.ruleset_id,
        "otherwise": ruling.otherwise,
        "needed": (ruling.decision.detail or {}).get("needed", 0),
    }
    placed = case.placed
    release.hold(case.connection, case.history, placed.article_id, placed.revision_id, ruling, alert, case.now)


def _address(case: _Case, ruling: decide.Ruling, found: list[Match]) -> Address:
    decision = ruling.decision
    return address(case.desk, decision.pack, str(decision.severity), found, case.article)


def queue_released(setup: Setup, connection: Connection, released: Sequence[release.Released], now: datetime) -> None:
    """Queue the messages about what was held and is told now, one per article and recipient."""
    for revision_id, alerts in release.routes_of(released).items():
        article_id = next(one.article_id for one in released if one.revision_id == revision_id)
        _post(setup, connection, article_id, revision_id, alerts, None, now)


def _post(
    setup: Setup,
    connection: Connection,
    article_id: int,
    revision_id: int,
    alerts: Mapping[int, tuple[Decision, tuple[str, ...]]],
    batch: batches.Batch | None,
    now: datetime,
) -> None:
    if alerts:
        post.post_alerts(
            setup, connection, revision_id, {number: made for number, (made, _) in alerts.items()}, batch, now
        )
        log.info("alert", article=article_id, alerts=sorted(alerts), packs=[d.pack for d, _ in alerts.values()])


def record_unreadable(context: Context, setup: Setup, connection: Connection, waiting: entries.WaitingEntry) -> None:
    """Store an entry that killed its worker every time as an article without text. For `Store.decide`."""
    now = context.clock.now()
    article = model.Article(title=waiting.entry.title, text="", newsroom=origin.newsroom_of(waiting), partial=True)
    read = tasks.Reading(article, "unreadable", False, (), setup.live.id, text.TABLE_ID, None, "", "")
    placed = place_article(connection, Task(waiting, None, None), read, now)
    seq = next_number(connection, "decided_seq")
    decision = Decision(decisions.EVERY_PACK, Outcome.NONE, Reason.UNREADABLE, None, {"attempts": waiting.attempts + 1})
    decisions.record(connection, placed.revision_id, decision, seq, now, None)
    _close(connection, waiting, "unreadable", placed.article_id, now)
