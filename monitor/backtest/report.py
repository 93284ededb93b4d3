"""Last step, in a worker: both sides beside one another, with titles and causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from monitor import model
from monitor.backtest import causes, compare, course, sift
from monitor.backtest.values import MOST_SHOWN, SIDES, Change, Counted, Job, Report, Ruled, Seen, Side
from monitor.rules.compile import RuleSet
from monitor.store import backtests, visit
from monitor.store.store import Connection

NOT_TRIED = (
    "Stories are those of the archive; texts and first sightings too.",
    "Digests, quiet hours, budgets, rates and `throttle: max` move messages, not alerts, and are not tried.",
    "What was held when the period began is not known here.",
)
"""What every reader of a report should know."""


def decide_and_report(job: Job, since: datetime, until: datetime, counted: Counted) -> Report:
    """Decide for both sides one after the other, and return the report: the shorter way where little matched."""
    for side in SIDES:
        course.decide_side(job, side, until)
    return report(job, since, until, counted)


def report(job: Job, since: datetime, until: datetime, counted: Counted) -> Report:
    """Return what the edit would have changed, by what the steps before left. Raises: StoreError."""
    ruled = {side: course.read_side(job, side) for side in SIDES}
    with visit.reading_again(job.database) as archive:
        return compared(archive, job, (since, until), counted, ruled, sift.read_spool(job.spool))


def compared(
    archive: Connection,
    job: Job,
    period: tuple[datetime, datetime],
    counted: Counted,
    ruled: Mapping[Side, Sequence[Ruled]],
    found: Iterable[Seen],
) -> Report:
    """Return what the edit would have changed, by what either side saw and decided. Raises: StoreError."""
    told = {side: [one.told for one in ruled[side] if one.told is not None] for side in SIDES}
    kept, changes = compare.compare(told["live"], told["edited"])
    recorded = backtests.count_alerts(archive, job.span, job.packs("live"))
    seen = _changed(changes, found)
    rules = {side: sift.rules_of(job, side) for side in SIDES}
    texts = _texts(archive, changes, seen, rules)
    by_key = {side: {(one.revision_id, one.pack): one for one in ruled[side]} for side in SIDES}
    known = causes.Known(seen, by_key, rules, texts)
    full = [causes.with_cause(change, known) for change in changes]
    return Report(
        packs=job.packs("edited"),
        since=period[0],
        until=period[1],
        read=counted.read,
        matched=(counted.live, counted.edited),
        recorded=recorded,
        told=(len(told["live"]), len(told["edited"])),
        kept=kept,
        counts=compare.count_kinds(full),
        days=compare.per_day(told["live"], told["edited"], full, job.zone),
        terms=compare.per_term(full),
        changes=tuple(_titled(change, seen[change.told.revision_id].article) for change in full[:MOST_SHOWN]),
        notes=NOT_TRIED,
    )


def _changed(changes: list[Change], found: Iterable[Seen]) -> dict[int, Seen]:
    """Return the revisions that changes are about."""
    wanted = {told.revision_id for change in changes for told in (change.before, change.after) if told is not None}
    return {one.revision_id: one for one in found if one.revision_id in wanted}


def _texts(
    archive: Connection, changes: list[Change], seen: Mapping[int, Seen], rules: Mapping[Side, RuleSet]
) -> dict[int, model.Article]:
    """Return the articles that must be judged again to say why, by revision."""
    asked = (causes.asks_for_text(change, seen, rules) for change in changes)
    wanted = [number for number in asked if number is not None][: causes.MOST_EXPLAINED]
    found = backtests.get_written(archive, wanted)
    return {number: replace(seen[number].article, text=one.text) for number, one in found.items()}


def _titled(change: Change, about: model.Article) -> Change:
    return replace(change, title=about.title, newsroom=about.newsroom, url=about.url or None, lang=about.lang)
