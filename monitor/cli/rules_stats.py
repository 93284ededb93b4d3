"""`wirewatch rules stats`: what readers thought of its alerts, how late they came, and what would cut the noise."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from monitor.cli import common
from monitor.cli.rules import group

if TYPE_CHECKING:
    from monitor import model
    from monitor.config import Config
    from monitor.rules import exclusion, feedback, packs
    from monitor.store.ratings import Told
    from monitor.store.store import Connection

SHOWN_TERMS = 10
"""Terms of a rule, where all are counted in the JSON."""
SHOWN_REMOVED = 10
"""Alerts that an exclusion would have removed, by title."""

Since = Annotated[str, typer.Option("--since", metavar="TIME", help="Alerts of the last `30d`, `12h`.")]


@dataclass(frozen=True, slots=True)
class _Archive:
    """The alerts of the time that is asked about."""

    told: Mapping[int, Told]
    judged: Sequence[feedback.Judged]
    articles: Mapping[int, model.Article]
    """By alert id: those of rules of which something was rated noise."""


@group.command("stats")
def show_stats(
    pack: Annotated[str | None, typer.Argument(metavar="[PACK]", help="This pack only.")] = None,
    since: Since = "30d",
    config: common.ConfigOption = None,
    json: common.JsonOption = False,
    verbose: common.VerboseOption = False,
) -> None:
    """Show per rule and term how many alerts came, the share that was useful, and how late they were.

    Terms that cost most noise come first; where a word stands in the noise and in nothing useful, it is suggested for
    exclusion with what that would have removed.

    Example: wirewatch rules stats resettlement --since 30d
    """
    from monitor.rules import feedback

    common.quiet_logs(verbose)
    loaded, start = common.load_config(config), start_of(since)
    with common.reading(loaded) as connection:
        found = _read(connection, start, pack) if connection is not None else None
    if found is None:
        found = _Archive({}, [], {})
    if pack is not None and not found.judged and pack not in (known := _packs(loaded)):
        raise common.fail(f"there is no pack {common.clean(pack)}; there is {', '.join(known) or 'none'}", 2)
    rules = feedback.rule_rows(found.judged)
    terms = feedback.term_rows(found.judged)
    advice = _advice(loaded, found)
    if json:
        common.print_json(_json(start, found, rules, terms, advice))
    else:
        _print(found, rules, terms, advice, verbose)


def start_of(since: str) -> datetime:
    """Return the moment that `30d` or `12h` ago was, or the beginning of a date in UTC; other words end the command."""
    from monitor.clock import SystemClock
    from monitor.config_values import parse_duration

    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", since):
            return datetime.fromisoformat(since).replace(tzinfo=UTC)
        return SystemClock().now() - timedelta(seconds=parse_duration(since))
    except ValueError:
        message = f"--since: `{common.clean(since)}` is no duration; write 30d, 12h, or a date: 2025-03-01"
        raise common.fail(message, 2) from None


# -- reading -------------------------------------------------------------------------------------


def _read(connection: Connection, start: datetime, pack: str | None) -> _Archive:
    from monitor import model
    from monitor.rules import feedback
    from monitor.store import ratings

    told = {row.alert_id: row for row in ratings.list_told(connection, start, pack)}
    given = ratings.ratings_since(connection, start, pack)
    evidence = ratings.evidence_since(connection, start, pack)
    judged = [_judged(row, given.get(row.alert_id, ()), evidence.get(row.alert_id, {})) for row in told.values()]
    noisy = {key for key, own in feedback.by_rule(judged).items() if any(alert.useful is False for alert in own)}
    asked = [alert.id for alert in judged if any((alert.pack, rule) in noisy for rule in alert.words)]
    texts = ratings.texts_of(connection, (told[number].revision_id for number in asked))
    articles = {
        number: model.Article(told[number].title, texts[told[number].revision_id], told[number].lang)
        for number in asked
        if told[number].revision_id in texts
    }
    return _Archive(told, judged, articles)


def _judged(row: Told, given: Sequence[str], evidence: Mapping[str, Sequence[model.Evidence]]) -> feedback.Judged:
    from monitor.rules import feedback, usage

    words = {
        rule: frozenset(usage.Word(span.term, span.entity) for span in evidence.get(rule, ())) for rule in row.rules
    }
    return feedback.Judged(
        row.alert_id,
        row.pack,
        words,
        row.story_id,
        feedback.verdict(given),
        _seconds(row.published, row.decided_at),
        _seconds(row.published, row.sent_at),
    )


def _seconds(published: datetime | None, until: datetime | None) -> float | None:
    """Return the time between, none below zero: newsrooms date articles ahead."""
    return max(0.0, (until - published).total_seconds()) if published is not None and until is not None else None


# -- what would cut the noise --------------------------------------------------------------------

Advice = Mapping[tuple[str, str], "exclusion.Suggestion | exclusion.NoSuggestion"]
"""By pack and rule, of the rules that something was rated noise of."""


def _advice(config: Config, found: _Archive) -> Advice:
    from monitor.rules import exclusion, feedback

    noisy = {key: own for key, own in feedback.by_rule(found.judged).items() if any(one.useful is False for one in own)}
    files = _packs(config) if noisy else {}
    advice = {}
    for (pack, rule), own in sorted(noisy.items()):
        written = files.get(pack)
        now = next((one for one in written.rules if one.id == rule), None) if written is not None else None
        advice[pack, rule] = exclusion.suggest(own, found.articles, now, written)
    return advice


def _packs(config: Config) -> dict[str, packs.Pack]:
    """Return the packs of the rule folder as it stands; those that are broken are left out."""
    from monitor.cli import check
    from monitor.jobs import names
    from monitor.rules import load

    loaded = load.load_packs(check.read_rules(config.rules), names.known_to_rules(config))
    for pack in loaded.broken:
        print(f"pack {pack} has an error: what its file names now is not looked at", file=sys.stderr)
    return {pack.id: pack for pack in loaded.packs}


def _how(word: str) -> str:
    """Return what to write into a rule of lists and into a query."""
    plain = word.isalnum()
    quoted = word if plain else "'" + word.replace("'", "''") + "'"
    return f"none: [{quoted}], in a query: NOT {word if plain else chr(34) + word + chr(34)}"


# -- for people ----------------------------------------------------------------------------------


def _print(
    found: _Archive,
    rules: Sequence[feedback.Row],
    terms: Sequence[feedback.Row],
    advice: Advice,
    verbose: bool,
) -> None:
    head = ("PACK", "RULE", "ALERTS", "USEFUL", "NOISE", "SHARE", "DECIDED", "SENT")
    common.print_table(head, [(row.pack, row.rule, *_cells(row)) for row in rules])
    rated = sum(alert.useful is not None for alert in found.judged)
    print(f"{len(found.judged)} alerts, {rated} rated; DECIDED and SENT: after publication, median / 95 % of them")
    for rule in rules:
        own = [row for row in terms if (row.pack, row.rule) == (rule.pack, rule.rule)]
        _print_terms(rule, own, None if verbose else SHOWN_TERMS)
        if (rule.pack, rule.rule) in advice:
            _print_advice(advice[rule.pack, rule.rule], found)


def _cells(row: feedback.Row) -> tuple[object, ...]:
    share = f"{row.share_useful:.0%}" if row.share_useful is not None else "-"
    return row.alerts, row.useful, row.noise, share, _delay(row.decided), _delay(row.sent)


def _delay(delay: feedback.Delay | None) -> str:
    return "-" if delay is None else f"{_time(delay.median)} / {_time(delay.p95)}"


def _time(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _print_terms(rule: feedback.Row, terms: Sequence[feedback.Row], most: int | None) -> None:
    print(f"\n{common.bold(f'{rule.pack}: {rule.rule}')}, its terms, those with most noise first")
    shown = terms[:most]
    head = ("  ALERTS", "USEFUL", "NOISE", "SHARE", "DECIDED", "SENT", "TERM")
    common.print_table(head, [(f"  {row.alerts}", *_cells(row)[1:], _term(row)) for row in shown])
    if len(terms) > len(shown):
        print(f"  and {len(terms) - len(shown)} more; -v lists all")


def _term(row: feedback.Row) -> str:
    assert row.word is not None, "a row of a term"
    return common.clean(row.word.term) + (f" (${row.word.entity})" if row.word.entity else "")


def _print_advice(advice: exclusion.Suggestion | exclusion.NoSuggestion, found: _Archive) -> None:
    from monitor.rules import exclusion

    if isinstance(advice, exclusion.NoSuggestion):
        print(f"  no exclusion to suggest: {advice.why}")
        return
    word, removed = common.clean(advice.word), [*advice.noise, *advice.unrated]
    of_noise, of_rest = f"{len(advice.noise)} of {advice.of_noise}", f"{len(advice.unrated)} not rated"
    print(
        f"  `{word}` stands in {of_noise} alerts rated noise, in none of {advice.of_useful} rated useful, in {of_rest}"
    )
    print(f"  to exclude it: {_how(word)}; it would have removed")
    for number in removed[:SHOWN_REMOVED]:
        told = found.told[number]
        said = "noise" if number in advice.noise else "not rated"
        print(f"    al-{number}  {said}  {common.clean(told.title)} ({common.clean(told.newsroom)})")
    if len(removed) > SHOWN_REMOVED:
        print(f"    and {len(removed) - SHOWN_REMOVED} more; --json lists all")
    if advice.kept:
        print(f"  {advice.kept} of them another rule of the pack would have told all the same")


# -- for programs --------------------------------------------------------------------------------


def _json(
    start: datetime,
    found: _Archive,
    rules: Sequence[feedback.Row],
    terms: Sequence[feedback.Row],
    advice: Advice,
) -> dict[str, Any]:
    return {
        "since": start,
        "alerts": len(found.judged),
        "rated": sum(alert.useful is not None for alert in found.judged),
        "rules": [
            {
                "pack": rule.pack,
                "rule": rule.rule,
                **_row_json(rule),
                "terms": [_term_json(row) for row in terms if (row.pack, row.rule) == (rule.pack, rule.rule)],
                "exclusion": _advice_json(advice.get((rule.pack, rule.rule))),
            }
            for rule in rules
        ],
    }


def _term_json(row: feedback.Row) -> dict[str, Any]:
    assert row.word is not None, "a row of a term"
    return {"term": row.word.term, "entity": row.word.entity, **_row_json(row)}


def _row_json(row: feedback.Row) -> dict[str, Any]:
    return {
        "alerts": row.alerts,
        "useful": row.useful,
        "noise": row.noise,
        "share_useful": round(row.share_useful, 4) if row.share_useful is not None else None,
        "decided": _delay_json(row.decided),
        "sent": _delay_json(row.sent),
    }


def _delay_json(delay: feedback.Delay | None) -> dict[str, Any] | None:
    return None if delay is None else {"alerts": delay.alerts, "median": delay.median, "p95": delay.p95}


def _advice_json(advice: exclusion.Suggestion | exclusion.NoSuggestion | None) -> dict[str, Any] | None:
    from monitor.rules import exclusion

    if advice is None:
        return None
    if isinstance(advice, exclusion.NoSuggestion):
        return {"word": None, "why": advice.why}
    return {
        "word": advice.word,
        "why": None,
        "removed": {
            "noise": [f"al-{number}" for number in advice.noise],
            "unrated": [f"al-{number}" for number in advice.unrated],
            "told_by_another_rule": advice.kept,
        },
        "of_noise": advice.of_noise,
        "of_useful": advice.of_useful,
    }
