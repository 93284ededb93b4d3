"""What is stored of a message's alerts -> what the message says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from monitor import model
from monitor.alerts import developments, render
from monitor.delivery import wording
from monitor.store import articles, decisions, messages, tellings
from monitor.store.store import Connection

FULL_ITEMS = 100
"""Articles of a digest that are shown with their sentences; of the others titles are enough to count and to name."""
REPORTS_NAMED = 5
"""Of those that were folded."""


def build_notice(connection: Connection, claim: messages.Claim, timezone: str) -> model.Notice:
    """Return what a message says, from what is stored about its alerts."""
    by_revision: dict[int, list[decisions.AlertRow]] = {}
    for row in decisions.get_alerts(connection, claim.alert_ids):
        by_revision.setdefault(row.revision_id, []).append(row)
    items = []
    for place, (_, own) in enumerate(sorted(by_revision.items(), key=_weight)):
        items.append(_full_item(connection, claim, own) if place < FULL_ITEMS else _item(own, [_told(r) for r in own]))
    said = model.Notice(
        kind=claim.kind,
        message_id=claim.message_id,
        severity=claim.severity,
        items=tuple(items),
        headline=claim.headline,
        body=claim.body,
        timezone=timezone,
        possible_repeat=claim.possible_repeat,
        plain=claim.plain,
    )
    return replace(said, thread=_thread(connection, claim, said))


def _weight(revision: tuple[int, list[decisions.AlertRow]]) -> tuple[int, float, int]:
    """Sort what matters most to the top, where nothing is cut off: by severity, then the newest first."""
    number, rows = revision
    severity = max(model.severity_rank(row.severity) for row in rows)
    published = rows[0].published or datetime.min.replace(tzinfo=UTC)
    return -severity, -(published - datetime.min.replace(tzinfo=UTC)).total_seconds(), number


def _full_item(connection: Connection, claim: messages.Claim, rows: Sequence[decisions.AlertRow]) -> model.NoticeItem:
    revision = rows[0].revision_id
    by_rule = decisions.evidence_by_rule(connection, revision, [row.pack for row in rows])
    told = [_with_past(connection, claim, row) if row.outcome == "update" else _told(row) for row in rows]
    told = [replace(one, clause=_clause(one, by_rule)) for one in told]
    evidence = decisions.in_order({span for spans in by_rule.values() for span in spans})
    return _item(rows, told, evidence, articles.text_of(connection, revision))


def _clause(told: model.Telling, by_rule: Mapping[tuple[str, str], Sequence[model.Evidence]]) -> model.Clause | None:
    """Return what the rule with the fewest terms was true by: three words tell more than a page of them."""
    clauses = [model.Clause(rule, _terms(by_rule.get((told.pack, rule), ()))) for rule in told.rules]
    return min((one for one in clauses if one.terms), key=lambda one: len(one.terms), default=None)


def _terms(evidence: Sequence[model.Evidence]) -> tuple[str, ...]:
    """Return each person, place and term once."""
    terms: dict[str, str] = {}
    for span in evidence:
        terms.setdefault(span.entity or span.term, span.term)
    return tuple(terms.values())


def _item(
    rows: Sequence[decisions.AlertRow],
    told: Sequence[model.Telling],
    evidence: Sequence[model.Evidence] = (),
    text: str = "",
) -> model.NoticeItem:
    first = rows[0]
    article = model.Article(
        title=first.title,
        text=text,
        lang=first.lang,
        url=first.url or "",
        newsroom=first.newsroom,
        published=first.published,
        partial=first.partial,
    )
    return render.render_item(article, evidence, told)


def _told(row: decisions.AlertRow) -> model.Telling:
    development = developments.read_development(row.reason, row.newsrooms, row.detail)
    return model.Telling(
        row.id, row.pack, row.pack_title, row.rules, row.severity, row.outcome, row.reason, development
    )


# -- updates -------------------------------------------------------------------------------------


def _with_past(connection: Connection, claim: messages.Claim, row: decisions.AlertRow) -> model.Telling:
    """Return an update with what its pack's readers were told before, and what was folded since they were."""
    told = _told(row)
    story = decisions.story_now(connection, row.story_id)
    past = tellings.list_past(connection, row.pack, story, row.id, developments.first_alert(row.detail))
    if not past:
        return told
    folded = tellings.list_folded(connection, row.pack, story, past[-1].decided_seq, row.decided_seq)
    development = replace(
        told.development,
        first=_first(connection, claim, past),
        folded=max(told.development.folded, len(folded)),
        folded_since=past[-1].created_at,
        folded_reports=_different_newsrooms(folded),
    )
    return replace(told, development=development)


def _first(connection: Connection, claim: messages.Claim, past: Sequence[tellings.Past]) -> model.FirstTold:
    """Return what the recipient got first about the story; if that is nothing, what was told first elsewhere."""
    earlier = tellings.first_message(connection, claim.target_id, [alert.alert_id for alert in past])
    carried = earlier.alert_ids if earlier is not None else ()
    alert = next((alert for alert in past if alert.alert_id in carried), past[0])
    at = earlier.sent_at if earlier is not None else alert.created_at
    return model.FirstTold(
        alert.alert_id, replace(alert.article, at=at), earlier is not None, alert.reason == "unconfirmed"
    )


def _different_newsrooms(reports: Iterable[model.Report]) -> tuple[model.Report, ...]:
    """Return some of the reports, as many newsrooms as there are before any comes twice."""
    ordered: dict[str, list[model.Report]] = {}
    for report in reports:
        ordered.setdefault(report.newsroom, []).append(report)
    firsts = [own[0] for own in ordered.values()]
    others = [report for own in ordered.values() for report in own[1:]]
    return tuple([*firsts, *others][:REPORTS_NAMED])


def _thread(connection: Connection, claim: messages.Claim, said: model.Notice) -> model.Thread | None:
    """Return the message under which an update belongs; a message about several articles belongs under none."""
    if wording.is_list(said) or not said.items or not wording.is_update(said.items[0]):
        return None
    known = [told.development.first for told in said.items[0].tellings if told.development.first is not None]
    ids = [first.alert_id for first in known if first.here]
    earlier = tellings.first_message(connection, claim.target_id, ids)
    if earlier is None:
        return None
    first = _first_that_holds(connection, earlier, said)
    return model.Thread(earlier.message_id, wording.subject(first) if first is not None else "", first)


def _first_that_holds(connection: Connection, earlier: tellings.Earlier, said: model.Notice) -> model.Notice | None:
    """Return an earlier message if its subject is as true of this one."""
    rows = decisions.get_alerts(connection, earlier.alert_ids)
    items = (_item(rows, [_told(row) for row in rows]),)
    first = model.Notice(earlier.kind, earlier.message_id, earlier.severity, items, earlier.headline)
    unconfirmed = wording.is_unconfirmed(first.items[0])
    if earlier.severity != said.severity or wording.is_list(first) or unconfirmed:
        return None
    return first
