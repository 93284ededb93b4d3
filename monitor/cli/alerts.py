"""`wirewatch alerts`: what was told, why, and what became of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common, story_words

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.store.alert_views import Sending
    from monitor.store.decisions import AlertRow, LedgerRow
    from monitor.store.ratings import StoredRating
    from monitor.store.store import Connection
    from monitor.store.story_views import Folded

FOLDED = 10
"""Folded reports that `alerts show` lists."""

group = typer.Typer(help="Alerts with their evidence and deliveries.", no_args_is_help=True)
common.app.add_typer(group, name="alerts")

Id = Annotated[str, typer.Argument(metavar="ID", help="The alert's id, as messages and lists show it: al-3.")]
Pack = Annotated[str | None, typer.Option("--pack", help="Only of this pack.")]
Decided = Annotated[bool, typer.Option("--decisions", help="Every decision about a match, also those not to tell.")]
Why = Annotated[str | None, typer.Option("--reason", help="Only decisions with this reason (docs/decisions.md).")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many, the newest first.")]


@group.command("list")
def list_alerts(
    pack: Pack = None,
    decided: Decided = False,
    reason: Why = None,
    limit: Limit = 50,
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
) -> None:
    """List alerts, the newest first, with what became of their messages; or every decision, also not to tell.

    Example: wirewatch alerts list --decisions --reason silenced
    """
    from monitor.store import alert_views, decisions

    loaded = common.load_config(config)
    if decided or reason:
        _list_ledger(loaded, pack, _known_reason(reason), limit, json)
        return
    found: list[dict[str, Any]] = []
    with common.reading(loaded) as connection:
        if connection is not None:
            rows = decisions.list_alerts(connection, pack, limit=limit)
            sent = alert_views.sendings_of(connection, [row.id for row in rows])
            found = [_json(row) | {"deliveries": _states(sent.get(row.id, []))} for row in rows]
    if json:
        common.print_json(found)
        return
    common.print_table(
        ("ID", "DECIDED", "PACK", "SEVERITY", "SENT", "TITLE"),
        [
            (a["id"], common.when(a["created_at"], loaded.timezone), a["pack"], a["severity"],
             _sent(a["deliveries"]), f"{common.clean(a['title'])} ({common.clean(a['newsroom'])})")
            for a in found
        ],
    )  # fmt: skip


def _known_reason(reason: str | None) -> str | None:
    from monitor.model import Reason

    if reason is not None and reason not in set(Reason):
        raise common.fail(f"--reason: `{reason}` is none; known: {', '.join(sorted(Reason))}", 2)
    return reason


def _list_ledger(loaded: Config, pack: str | None, reason: str | None, limit: int, json: bool) -> None:
    from monitor.store import decisions

    found: list[dict[str, Any]] = []
    with common.reading(loaded) as connection:
        if connection is not None:
            found = [_decision(row) for row in decisions.list_ledger(connection, pack, reason, limit)]
    if json:
        common.print_json(found)
        return
    common.print_table(
        ("DECIDED", "ARTICLE", "DECISION", "TITLE"),
        [
            (common.when(d["decided_at"], loaded.timezone), d["article"], story_words.decided(d, loaded.timezone),
             f"{common.clean(d['title'])} ({common.clean(d['newsroom'])})")
            for d in found
        ],
    )  # fmt: skip


def _decision(row: LedgerRow) -> dict[str, Any]:
    return {
        "article": f"art-{row.article_id}",
        "revision": row.revision_n,
        "title": row.title,
        "newsroom": row.newsroom,
        "pack": row.pack,
        "n": row.n,
        "decision": row.outcome,
        "reason": row.reason,
        "severity": row.severity,
        "detail": row.detail,
        "decided_at": row.decided_at,
        "alert": f"al-{row.alert_id}" if row.alert_id else None,
    }


@group.command("show")
def show(alert: Id, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Show one alert: the sentences with the matched words marked, why it was told, deliveries and attempts.

    Example: wirewatch alerts show al-3
    """
    loaded = common.load_config(config)
    number = alert_number(alert)
    with common.reading(loaded) as connection:
        found = _load(connection, number) if connection is not None else None
    if found is None:
        raise common.fail(f"there is no alert al-{number}")
    common.print_json(found) if json else _print(found, loaded)


@group.command("resend")
def resend(alert: Id, config: common.ConfigOption = None, json: common.JsonOption = False) -> None:
    """Queue again what died of an alert; a running daemon sends it at once, else the next one does.

    Example: wirewatch alerts resend al-3
    """
    from monitor.clock import SystemClock
    from monitor.store import decisions, messages, visit

    loaded, number = common.load_config(config), alert_number(alert)
    now = SystemClock().now()

    def queue(connection: Connection) -> list[int] | None:
        return messages.resend(connection, number, now) if decisions.get_alerts(connection, [number]) else None

    queued = visit.write(loaded.database, queue)
    if queued is None:
        raise common.fail(f"there is no alert al-{number}")
    if json:
        common.print_json({"alert": f"al-{number}", "queued": queued})
    elif queued:
        print(f"al-{number}: {len(queued)} message{'s' * (len(queued) > 1)} queued again")
    else:
        print(f"al-{number}: nothing to send again: no message of it is dead")


def alert_number(written: str) -> int:
    """Return the number of `al-3` or `3`. Raises: typer.Exit."""
    found = re.fullmatch(r"(?:al-)?(\d{1,18})", written.strip(), re.IGNORECASE)
    if found is None:
        raise common.fail(f"{written!r} is not an alert's id; write al-3", 2)
    return int(found[1])


def _json(row: AlertRow) -> dict[str, Any]:
    return {
        "id": f"al-{row.id}",
        "pack": row.pack,
        "pack_title": row.pack_title,
        "rules": list(row.rules),
        "severity": row.severity,
        "decision": row.outcome,
        "reason": row.reason,
        "created_at": row.created_at,
        "article": f"art-{row.article_id}",
        "story": f"s{row.story_id}",
        "title": row.title,
        "url": row.url,
        "newsroom": row.newsroom,
        "published": row.published,
        "lang": row.lang,
        "partial": row.partial,
        "route": list(row.route),
    }


def _states(sendings: Sequence[Sending]) -> list[dict[str, Any]]:
    return [{"channel": one.channel, "target": one.target, "state": one.state} for one in sendings]


def _sent(deliveries: list[dict[str, Any]]) -> str:
    """Return `2/2`, with what is not sent named behind it."""
    states = [row["state"] for row in deliveries]
    left = sorted({state for state in states if state != "sent"})
    return f"{states.count('sent')}/{len(states)}" + (f" {','.join(left)}" if left else "")


def _load(connection: Connection, number: int) -> dict[str, Any] | None:
    from monitor.alerts import render
    from monitor.store import articles, decisions, messages, ratings

    rows = decisions.get_alerts(connection, [number])
    if not rows:
        return None
    row = rows[0]
    evidence = decisions.evidence_of(connection, row.revision_id, [row.pack])
    snippets, marks = render.snippets(row.title, articles.text_of(connection, row.revision_id), evidence)
    names = ("field", "start", "end", "text", "term", "entity")
    return _json(row) | {
        "evidence": [{name: getattr(span, name) for name in names} for span in evidence],
        "snippets": [{"text": s.text, "marks": [list(mark) for mark in s.marks]} for s in snippets],
        "title_marks": [list(mark) for mark in marks],
        **_story_of(connection, row),
        "ratings": [_rating(rating) for rating in ratings.list_of(connection, number)],
        "deliveries": [_delivery(one, row.published) for one in messages.deliveries_of(connection, number)],
    }


def _story_of(connection: Connection, row: AlertRow) -> dict[str, Any]:
    """Return where the alert's article stands now, what the alert told of it, and what was folded into its story."""
    from monitor.store import story_views

    (report,) = story_views.get_reports(connection, [row.article_id])
    told = story_views.told_of(connection, [report.story_id]).get(report.story_id, ())
    own = next(one for one in told if one.alert_id == row.id)
    count, folded = story_views.list_folded(connection, row.pack, report.story_id, FOLDED)
    return {
        "story": f"s{report.story_id}",
        "duplicate_of": f"art-{report.duplicate_of}" if report.duplicate_of else None,
        "duplicate_reason": report.duplicate_reason,
        "share": report.share,
        "newsrooms": own.newsrooms,
        "detail": own.detail,
        "also_told": [f"al-{one.alert_id}" for one in told if one.pack == row.pack and one.alert_id != row.id],
        "folded": {"count": count, "articles": [_folded(one) for one in folded]},
    }


def _folded(one: Folded) -> dict[str, Any]:
    return {
        "article": f"art-{one.article_id}",
        "title": one.title,
        "url": one.url,
        "newsroom": one.newsroom,
        "reason": one.reason,
        "decided_at": one.decided_at,
    }


def _rating(given: StoredRating) -> dict[str, Any]:
    return {"rating": given.rating, "by": given.by, "at": given.at, "comment": given.comment}


def _delivery(row: dict[str, Any], published: datetime | None) -> dict[str, Any]:
    kept = ("state", "reason", "created_at", "due_at", "sent_at", "message_id", "service_id", "possible_repeat")
    tried = ("n", "started_at", "ended_at", "outcome", "status", "detail", "retry_after")
    return {
        "message": f"m-{row['id']}",
        "channel": row["channel"],
        "target": row["label"],
        **{name: row[name] for name in kept},
        "published_to_sent": _seconds_between(published, row["sent_at"]),
        "attempts": [{name: attempt[name] for name in tried} for attempt in row["attempts"]],
    }


def _seconds_between(published: datetime | None, sent: datetime | None) -> float | None:
    """Return the seconds from publication to acceptance; a publication stated in the future counts as 0."""
    return max(0.0, round((sent - published).total_seconds(), 1)) if published and sent else None


def _print(found: dict[str, Any], config: Config) -> None:
    zone = config.timezone
    print(common.bold(f"{found['id']}  {_marked(found['title'], found['title_marks'])}"))
    print(f"{common.clean(found['newsroom'])}, {common.when(found['published'], zone)} {zone}")
    print(f"{found['pack']} ({', '.join(found['rules'])}), {found['severity']}: {found['decision']}, {found['reason']}")
    for snippet in found["snippets"]:
        print(f"  “{_marked(snippet['text'], snippet['marks'])}”")
    if found["url"]:
        print(common.clean(found["url"]))
    print(f"{found['article']}, story {found['story']}; every pack's decision: wirewatch explain {found['id']}")
    _print_story(found)
    if not found["deliveries"]:
        print("no message carries it: its route led to no channel")
    for row in found["deliveries"]:
        _print_delivery(row, zone)
    for given in found["ratings"]:
        words = f": {common.clean(given['comment'])}" if given["comment"] else ""
        print(f"rated {given['rating']} by {common.clean(given['by'])}, {common.when(given['at'], zone)}{words}")


def _print_story(found: dict[str, Any]) -> None:
    """Print what the article repeats, who carried the story when it was told, and what was folded into it since."""
    if found["duplicate_of"]:
        copied = story_words.copied(found["duplicate_of"], found["duplicate_reason"], found["share"])
        print(f"the article: {copied}")
    if found["newsrooms"] is not None:
        print(f"{story_words.plural(found['newsrooms'], 'independent newsroom')} when it was told")
    if found["also_told"]:
        print(f"this pack was also told of the story by {', '.join(found['also_told'])}")
    folded = found["folded"]
    if folded["count"]:
        print(f"{story_words.plural(folded['count'], 'more report')} of the story folded, not told:")
    for one in folded["articles"]:
        told = f"{common.clean(one['title'])} ({common.clean(one['newsroom'])})"
        print(f"  {one['article']}  {story_words.spoken(one['reason'])}: {told}")
    if folded["count"] > len(folded["articles"]):
        print(f"  all of them: wirewatch stories show {found['story']}")


def _print_delivery(row: dict[str, Any], zone: str) -> None:
    why = f": {common.clean(row['reason'])}" if row["reason"] and row["state"] != "sent" else ""
    taken = row["published_to_sent"]
    late = "" if taken is None else f", {story_words.lasting(taken)} after publication"
    print(f"{row['channel']} to {common.clean(row['target'])}: {row['state']}{late}{why}")
    for attempt in row["attempts"]:
        answer = " ".join(filter(None, (str(attempt["status"] or ""), common.clean(attempt["detail"]))))
        state = attempt["outcome"] or "under way"
        print(f"  {attempt['n']}. {common.when(attempt['started_at'], zone)}  {state}  {answer}".rstrip())


def _marked(text: str, marks: list[list[int]]) -> str:
    """Return `text` with its matched words in bold at a terminal, else between »guillemets«, as in messages."""
    pieces, at = [], 0
    for start, end in marks:
        word = common.clean(text[start:end])
        lit = common.bold(word)
        pieces += [text[at:start], lit if lit != word else f"»{word}«"]
        at = end
    return "".join([*pieces, text[at:]]).replace("\n", " ")
