"""A backtest's report for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from monitor.cli import common

if TYPE_CHECKING:
    from monitor.backtest.values import Change, Report

SHOWN_TERMS = 15
SHOWN_CHANGES = 40
"""Rows of a table where not all are asked for."""
SIGNS = {"gained": "+", "lost": "-", "moved": "~"}


def print_report(report: Report, zone: str, whole: bool) -> None:
    """Print the sums, the days, the terms and the alerts that differ."""
    print(common.bold(_headline(report)))
    print(f"  {', '.join(report.packs)}, {_period(report, zone)}")
    print(f"  {report.read:,} articles read; {report.matched[0]:,} match live, {report.matched[1]:,} edited")
    print(f"  alerts: {report.told[0]:,} live, {report.told[1]:,} edited, {report.kept:,} the same; "
          f"the daemon itself decided {report.recorded:,}")  # fmt: skip
    if report.days:
        print()
        common.print_table(("DAY", "LIVE", "EDITED", "GAINED", "LOST", "MOVED"), _days(report))
    if report.terms:
        print()
        shown = report.terms if whole else report.terms[:SHOWN_TERMS]
        rows = [(f"+{row.gained}", f"-{row.lost}", row.pack, _term(row.word.term, row.word.entity)) for row in shown]
        common.print_table(("GAINED", "LOST", "PACK", "TERM"), rows)
        _more(len(report.terms) - len(shown))
    if report.changes:
        print()
        changes = report.changes if whole else report.changes[:SHOWN_CHANGES]
        for change in changes:
            print("\n".join(_change(change, zone)))
        _more(report.changed - len(changes))
    print("\n" + "\n".join(report.notes))


def _headline(report: Report) -> str:
    if not report.changed:
        return "No alert would differ"
    counts = [f"{report.counts.get(kind, 0)} {kind}" for kind in SIGNS]
    return f"{', '.join(counts[:-1])} and {counts[-1]}"


def _period(report: Report, zone: str) -> str:
    return f"{common.when(report.since, zone)} to {common.when(report.until, zone)}"


def _days(report: Report) -> list[Sequence[object]]:
    return [(day.day, day.live, day.edited, day.gained, day.lost, day.moved) for day in report.days]


def _term(term: str, entity: str | None) -> str:
    return common.clean(term) + (f" (${entity})" if entity else "")


def _change(change: Change, zone: str) -> Iterator[str]:
    told = change.told
    head = f"{SIGNS[change.kind]} {common.when(told.at, zone)}  {told.severity:<6}  {change.pack}"
    if told.outcome == "update":
        head += "  update"
    yield f"{head}  art-{told.article_id}  {common.clean(change.title)} ({common.clean(change.newsroom)})"
    if change.why:
        yield f"    {common.clean(change.why)}"


def _more(count: int) -> None:
    if count > 0:
        print(f"and {count:,} more; -v lists them")
