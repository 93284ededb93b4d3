"""What keeps an alert from being told although it is new: a silence, or an urgent alert about the same story."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from monitor import model
from monitor.alerts import decide, silence
from monitor.jobs import notice, silencing
from monitor.jobs.context import Context
from monitor.jobs.history import History
from monitor.model import Decision, Outcome, Reason
from monitor.store import articles, decisions, silences
from monitor.store.store import Connection

INHIBITED = timedelta(hours=12)
"""How long an urgent alert about a story mutes routine ones (info, normal) about it."""


def silenced(
    connection: Connection,
    ruling: decide.Ruling,
    rules: Sequence[str],
    revision_id: int,
    story_id: int,
    now: datetime,
) -> decide.Ruling:
    """Return `ruling`, suppressed where it would tell what a person muted."""
    made = ruling.decision
    active = silences.list_active(connection) if made.outcome in (Outcome.ALERT, Outcome.UPDATE) else []
    if not active:
        return ruling
    newsroom, title, body = articles.words_of(connection, revision_id)
    alert = silence.Muted(made.pack, rules, story_id, newsroom, silencing.folded((title, body)))
    found = silence.find_silence((_now(connection, one) for one in active), alert, now)
    if found is None:
        return ruling
    silences.count_hidden(connection, found.id)
    detail = {"silence": found.id, "would": made.outcome.value, "because": made.reason.value}
    return replace(ruling, decision=Decision(made.pack, Outcome.SUPPRESSED, Reason.SILENCED, made.severity, detail))


def inhibited(
    connection: Connection,
    ruling: decide.Ruling,
    route: Sequence[str],
    history: History,
    article_id: int,
    now: datetime,
) -> decide.Ruling:
    """Return `ruling`, suppressed where it is routine and all it would reach were told the story as urgent lately.

    An urgent alert mutes only what is like it: the story may hold another event as well.
    """
    made = ruling.decision
    told = made.outcome in (Outcome.ALERT, Outcome.UPDATE)
    if not told or model.severity_rank(str(made.severity)) >= model.severity_rank("high"):
        return ruling
    for alert in decisions.list_urgent(connection, history.story_id, now - INHIBITED):
        if set(route) <= set(alert.route) and history.nearness(article_id, alert.article_id) >= 0:
            detail = {"alert": alert.id, "would": made.outcome.value, "because": made.reason.value}
            said = Decision(made.pack, Outcome.SUPPRESSED, Reason.INHIBITED, made.severity, detail)
            return replace(ruling, decision=said)
    return ruling


def _now(connection: Connection, stored: silences.StoredSilence) -> silence.Silence:
    """Return a silence with the story that its own has become part of since."""
    story = decisions.story_now(connection, stored.story_id) if stored.story_id is not None else None
    return silence.Silence(stored.id, stored.until, stored.pack, stored.rule, story, stored.newsroom, stored.words)


def describe(stored: silences.StoredSilence) -> str:
    """Return what a silence mutes, in words."""
    named = {
        "pack": stored.pack,
        "rule": stored.rule,
        "story": f"s{stored.story_id}" if stored.story_id is not None else None,
        "newsroom": stored.newsroom,
        "text": f'"{stored.words}"' if stored.words else None,
    }
    return ", ".join(f"{key} {value}" for key, value in named.items() if value)


def tell_ends(context: Context, connection: Connection, now: datetime) -> None:
    """Say of each silence that is over how much it hid, through the ops channel, once."""
    for stored in silences.list_over(connection, now):
        silences.end(connection, stored.id, now)
        hid = f"{stored.hidden} alert{'' if stored.hidden == 1 else 's'}"
        headline = f"Silence si-{stored.id} is over; it hid {hid}"
        why = f" ({stored.comment})" if stored.comment else ""
        body = f"It muted {describe(stored)}{why} until {stored.until:%Y-%m-%d %H:%M} UTC.\n"
        body += "`wirewatch alerts list --decisions` shows what it hid as `silenced`."
        notice.tell(context, connection, f"silence:{stored.id}", headline, body, now)
        notice.close(connection, f"silence:{stored.id}", now)
