"""What is held is told, or is not: when another article of its story comes, and when its time is over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from monitor.alerts import decide, facts
from monitor.jobs import hush
from monitor.jobs.desk import Desk
from monitor.jobs.history import History, is_lifted
from monitor.model import Decision, Outcome, Reason
from monitor.store import decisions, held
from monitor.store.later import next_number
from monitor.store.store import Connection


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a held decision. `alert_id`, `route`: of one that is told."""

    revision_id: int
    article_id: int
    story_id: int
    decision: Decision
    alert_id: int | None = None
    route: tuple[str, ...] = ()


def hold(
    connection: Connection, history: History, article_id: int, revision_id: int, ruling: decide.Ruling,
    alert: Mapping[str, Any], now: datetime,
) -> None:  # fmt: skip
    """Keep a decision that is held, with what it will be told as."""
    detail = ruling.decision.detail or {}
    held.add(
        connection,
        held.Hold(
            revision_id=revision_id,
            pack=ruling.decision.pack,
            story_id=history.story_id,
            article_id=article_id,
            reason=ruling.decision.reason.value,
            severity=str(ruling.decision.severity),
            held_at=now,
            until=datetime.fromisoformat(detail["until"]),
            alert=alert,
            facts={"told": ruling.facts.to_json(), "news": ruling.news.to_json()},
            trusted=True,
        ),
    )


def gather(connection: Connection, history: History, ruling: decide.Ruling) -> None:
    """Let what is new in a suppressed article be told with the one that its detail names."""
    number = (ruling.decision.detail or {}).get("held")
    for known in history.holds:
        if ruling.news and (known.revision_id, known.pack) == (number, ruling.decision.pack):
            news = facts.from_json(known.facts.get("news")) | ruling.news
            held.set_facts(connection, known, {**known.facts, "news": news.to_json()})


def close_told(
    connection: Connection, history: History, pack: str, trusted: bool, seq: int, now: datetime
) -> list[Released]:
    """Close what is held for a pack because the story was just told to it by another article."""
    if not any(known.pack == pack for known in history.holds):
        return []
    story = history.of_pack(pack)
    closed = decide.close_told(pack, story.waiting, story.told[-1], story, trusted)
    return [_close(connection, history, pack, waiting, ruling, seq, now) for waiting, ruling in closed]


def release_story(connection: Connection, history: History, seq: int, now: datetime) -> list[Released]:
    """Tell or close what is held in a story and is ripe: corroborated, or over its time."""
    history.look_again()
    made: list[Released] = []
    for pack in sorted({known.pack for known in history.holds}):
        while closed := _release_pack(connection, history, pack, seq, now):
            made += closed
            history.look_again()
    return made


def _release_pack(connection: Connection, history: History, pack: str, seq: int, now: datetime) -> list[Released]:
    """Tell one event of a story to a pack, if it is ripe, with what is folded into it."""
    story = history.of_pack(pack)
    made: list[Released] = []
    told: int | None = None
    for waiting, ruling in decide.decide_release(pack, story, now):
        full = _naming(_counted(history, pack, story, ruling), told)
        closed = _close(connection, history, pack, waiting, full, seq, now)
        told = closed.alert_id or told
        made.append(closed)
    return made


def release_due(connection: Connection, desk: Desk, now: datetime) -> list[Released]:
    """Tell or close what is over its time in any story, and what the rules, as they are now, would not hold.

    The daemon's sweep and `replay` both call it: one at a time, like all that decides.
    """
    held.begin_again(connection, now)
    stories = set(held.due(connection, now))
    stories |= {known.story_id for known in held.of_other_rules(connection, desk.ruleset_id) if is_lifted(desk, known)}
    if not stories:
        return []
    seq = next_number(connection, "decided_seq")
    made: list[Released] = []
    for story in sorted({decisions.story_now(connection, story) for story in stories}):
        made += release_story(connection, History(connection, desk, story), seq, now)
    return made


def _counted(history: History, pack: str, story: decide.Story, ruling: decide.Ruling) -> decide.Ruling:
    """Return a ruling that counts, where it is an update, what was folded since the story was last told."""
    if ruling.decision.outcome is not Outcome.UPDATE:
        return ruling
    detail = {**(ruling.decision.detail or {}), "folded": history.folded(pack, story.told)}
    return replace(ruling, decision=replace(ruling.decision, detail=detail))


def _naming(ruling: decide.Ruling, alert_id: int | None) -> decide.Ruling:
    """Return a ruling that names the alert by which the story was told, where it is folded into one."""
    decision = ruling.decision
    if alert_id is None or decision.reason is not Reason.SAME_STORY or "alert" in (decision.detail or {}):
        return ruling
    return replace(ruling, decision=replace(decision, detail={**(decision.detail or {}), "alert": alert_id}))


def _close(
    connection: Connection, history: History, pack: str, waiting: decide.Waiting, ruling: decide.Ruling,
    seq: int, now: datetime,
) -> Released:  # fmt: skip
    """Write what became of a held decision after it."""
    known = next(one for one in history.holds if (one.revision_id, one.pack) == (waiting.revision_id, pack))
    ruling = hush.silenced(connection, ruling, known.alert["rules"], known.revision_id, history.story_id, now)
    ruling = hush.inhibited(connection, ruling, known.alert["route"], history, known.article_id, now)
    decision = ruling.decision
    alert = None
    if decision.outcome in (Outcome.ALERT, Outcome.UPDATE):
        alert = decisions.NewAlert(
            pack_title=known.alert["pack_title"],
            rules=tuple(known.alert["rules"]),
            route=tuple(known.alert["route"]),
            story_id=history.story_id,
            article_id=known.article_id,
            ruleset_id=known.alert["ruleset_id"],
            newsrooms=len(history.names),
            facts=ruling.facts.to_json(),
        )
    n = decisions.next_n(connection, known.revision_id, pack)
    alert_id = decisions.record(connection, known.revision_id, decision, seq, now, alert, n)
    held.remove(connection, known)
    route = alert.route if alert is not None else ()
    return Released(known.revision_id, known.article_id, history.story_id, decision, alert_id, route)


def routes_of(released: Sequence[Released]) -> dict[int, dict[int, tuple[Decision, tuple[str, ...]]]]:
    """Return revision -> alert -> (decision, route) of what is told, in the order in which it was decided."""
    told: dict[int, dict[int, tuple[Decision, tuple[str, ...]]]] = {}
    for one in released:
        if one.alert_id is not None:
            told.setdefault(one.revision_id, {})[one.alert_id] = (one.decision, one.route)
    return told
