"""What `rules test --corpus` and `rules terms` print: quality on labelled cases, and the use of terms."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from monitor import errors
from monitor.cli import check, common
from monitor.rules import corpus, usage
from monitor.rules.packs import Pack

if TYPE_CHECKING:
    from monitor.config import Config
    from monitor.rules.compile import RuleSet
    from monitor.rules.yaml_nodes import Place

SHOWN_WORDS = 8
"""Words of evidence in the line of a wrong case."""
SHOWN_TERMS = 20
"""Terms that never fired, where the rest is only counted."""
SHOWN_TEXT = 160
"""Characters of the text of a missed case."""


def read_corpus(file: Path) -> tuple[corpus.Case, ...]:
    """Return the cases of a corpus. Raises: ConfigError where it cannot be read, RuleError for every fault in it."""
    try:
        with file.open("rb") as stream:
            data = stream.read(corpus.LARGEST + 1)
    except OSError as fault:
        place = errors.Fault(str(file), None, None, "unreadable_file", f"cannot be read: {fault.strerror or fault}")
        raise errors.ConfigError([place]) from fault
    cases, faults = corpus.parse_corpus(str(file), data)
    if faults:
        raise errors.RuleError(faults)
    return cases


def report_broken(broken: Mapping[str, Sequence[errors.Fault]], folder: Path) -> None:
    """Say which packs are left out because of an error."""
    for pack, faults in broken.items():
        print(f"pack {pack} is left out: {check.placed(faults[0], folder)}", file=sys.stderr)


# -- quality ---------------------------------------------------------------------------------------


def report_unknown(rules: RuleSet, cases: Iterable[corpus.Case]) -> None:
    """Say which packs the labels name that the rules do not have: nothing is measured for them."""
    named = {pack: case for case in cases for pack in sorted(case.expected)}
    for pack in sorted(named.keys() - rules.packs.keys()):
        print(f"{named[pack].place}: there is no pack `{pack}`; it is not measured", file=sys.stderr)


def print_quality(rules: RuleSet, outcomes: tuple[corpus.Outcome, ...], folder: Path, verbose: bool) -> None:
    """Print of each pack its scores, its wrong cases and the terms that never fired."""
    counted = corpus.usage_of(outcomes)
    for pack in rules.packs.values():
        print_scores(pack.id, outcomes)
        print_wrong(pack.id, outcomes)
        _print_silent(pack, counted, folder, None if verbose else SHOWN_TERMS)
        print()


def print_scores(pack: str, outcomes: tuple[corpus.Outcome, ...]) -> None:
    """Print precision and recall of one pack: all cases, by language, by tier."""
    print(f"{common.bold(f'{pack:24}')} precision  recall   true  false  missed")
    for _, name, s in corpus.breakdown(pack, outcomes):
        print(f"  {name:22} {s.precision:9.3f}  {s.recall:6.3f}  {s.true:5}  {s.false:5}  {s.missed:6}")


def print_wrong(pack: str, outcomes: tuple[corpus.Outcome, ...]) -> None:
    """Print a line for each case that came out wrong, with the words that fired."""
    for outcome in outcomes:
        if outcome.wrong(pack):
            print(f"  {_describe(pack, outcome)}")


def _describe(pack: str, outcome: corpus.Outcome) -> str:
    case = outcome.case
    fired = outcome.fired.get(pack, ())
    words = "; ".join(f"{m.rule}: {' / '.join(e.text for e in m.evidence[:SHOWN_WORDS])}" for m in fired)
    told = f"alerted by {words}" if fired else f"missed: {case.article.text[:SHOWN_TEXT]}"
    about = ", ".join(part for part in (case.article.lang, case.tier) if part)
    return common.clean(f"{case.id} ({about}) {case.article.title!r} {told}")


def _print_silent(pack: Pack, counted: usage.Usage, folder: Path, most: int | None) -> None:
    silent, known = counted.never_fired(pack), len(usage.words_of(pack))
    print(f"  {len(silent)} of {known} terms never fired{':' if silent else ''}")
    for word, place in list(silent.items())[:most]:
        print(f"    {common.clean(word.term)}{_of(word)}  {os.path.relpath(folder / place.file)}:{place.line}")
    if most is not None and len(silent) > most:
        print(f"    and {len(silent) - most} more; -v lists all")


def _of(word: usage.Word) -> str:
    return f" (${word.entity})" if word.entity else ""


def quality_json(rules: RuleSet, outcomes: tuple[corpus.Outcome, ...], folder: Path) -> dict[str, Any]:
    """Return the same for programs."""
    counted = corpus.usage_of(outcomes)
    packs = [_pack_json(pack, outcomes, counted, folder) for pack in rules.packs.values()]
    return {"cases": len(outcomes), "packs": packs}


def _pack_json(pack: Pack, outcomes: tuple[corpus.Outcome, ...], counted: usage.Usage, folder: Path) -> dict[str, Any]:
    scores: dict[str, dict[str, Any]] = {"all": {}, "language": {}, "tier": {}}
    for kind, name, score in corpus.breakdown(pack.id, outcomes):
        scores[kind][name] = _score_json(score)
    return {
        "pack": pack.id,
        **scores["all"]["all"],
        "languages": scores["language"],
        "tiers": scores["tier"],
        "wrong": [_wrong_json(pack.id, outcome) for outcome in outcomes if outcome.wrong(pack.id)],
        "never_fired": _silent_json(counted.never_fired(pack), folder),
    }


def _score_json(score: corpus.Score) -> dict[str, Any]:
    return {
        "precision": round(score.precision, 4),
        "recall": round(score.recall, 4),
        "true": score.true,
        "false": score.false,
        "missed": score.missed,
    }


def _wrong_json(pack: str, outcome: corpus.Outcome) -> dict[str, Any]:
    case, fired = outcome.case, outcome.fired.get(pack, ())
    return {
        "id": case.id,
        "line": case.place.line if case.place else None,
        "lang": case.article.lang,
        "tier": case.tier or None,
        "title": case.article.title,
        "alerted": bool(fired),
        "rules": [match.rule for match in fired],
        "words": list(dict.fromkeys(span.text for match in fired for span in match.evidence)),
    }


def _silent_json(silent: dict[usage.Word, Place], folder: Path) -> list[dict[str, Any]]:
    return [
        {"term": word.term, "entity": word.entity, "file": os.path.relpath(folder / place.file), "line": place.line}
        for word, place in silent.items()
    ]


def below_floors(
    rules: RuleSet, outcomes: tuple[corpus.Outcome, ...], precision: float, recall: float
) -> Iterator[str]:
    """Yield a sentence for each pack that is below a floor."""
    for pack in rules.packs:
        reached = corpus.score(pack, outcomes)
        for name, value, floor in (
            ("precision", reached.precision, precision),
            ("recall", reached.recall, recall),
        ):
            if value < floor:
                yield f"{pack}: {name} {value:.3f} is below {floor:.3f}"


# -- use of terms ----------------------------------------------------------------------------------


def count_corpus(rules: RuleSet, config: Config | None, file: Path) -> tuple[usage.Usage, bool]:
    """Return which terms fire on the articles of a file in the form that replay reads, and whether a line was bad."""
    from monitor import replay

    counted, bad = usage.Usage(), False

    def report(number: int, fault: str) -> None:
        nonlocal bad
        bad = True
        print(f"{file}:{number}: {fault}; the line is skipped", file=sys.stderr)

    judge = replay.Replay(rules, config.feeds if config is not None else (), "rules")
    try:
        stream = file.open(encoding="utf-8-sig", errors="replace")
    except OSError as fault:
        raise common.fail(f"{file}: cannot be read: {fault.strerror}", 2) from None
    with stream:
        for done in replay.replay_lines(stream, judge, report):
            counted.add(done.lang, done.matches)
    return counted, bad


def count_archive(config: Config, since: str | None) -> usage.Usage | None:
    """Return which terms fired on the articles of the archive, as recorded then; None where there is no archive."""
    from monitor.clock import SystemClock
    from monitor.config_values import parse_duration
    from monitor.store import decisions

    try:
        start = SystemClock().now() - timedelta(seconds=parse_duration(since)) if since is not None else None
    except ValueError:
        raise common.fail(f"--since: `{since}` is no duration; write 30d, 12h or 90m", 2) from None
    with common.reading(config) as connection:
        if connection is None:
            return None
        counted = usage.Usage()
        for lang, matches in decisions.list_matches(connection, start):
            counted.add(lang, matches)
        return counted


def last_matches(config: Config, days: int, rules: Iterable[tuple[str, str]]) -> dict[tuple[str, str], datetime | None]:
    """Return when each of `rules` last matched in the last `days`; nothing while the archive is younger than that."""
    from monitor.clock import SystemClock
    from monitor.store import decisions

    since = SystemClock().now() - timedelta(days=days)
    with common.reading(config) as connection:
        begins, last = (None, {}) if connection is None else decisions.last_matches(connection, since)
    if begins is None or begins > since:
        print(f"the archive does not reach back {days} days: W604 is silent", file=sys.stderr)
        return {}
    return {rule: last.get(rule) for rule in rules}


def print_usage(found: Iterable[Pack], counted: usage.Usage, folder: Path) -> None:
    """Print of each pack the terms that fired, the most frequent first, and those that never did."""
    chosen = list(found)
    rows = [row for pack in chosen for row in counted.rows(pack.id)]
    common.print_table(
        ("PACK", "RULE", "ARTICLES", "SHARE", "OF RULE", "LANGUAGES", "TERM"),
        [
            (row.pack, row.rule, row.articles, f"{row.of_all:.1%}", f"{row.of_rule:.1%}", _languages(row), _term(row))
            for row in rows
        ],
    )
    print(f"{counted.articles} articles")
    for pack in chosen:
        print(f"\n{common.bold(pack.id)}")
        _print_silent(pack, counted, folder, None)


def _languages(row: usage.Row) -> str:
    return " ".join(f"{lang}:{count}" for lang, count in row.languages.items())


def _term(row: usage.Row) -> str:
    return f"{common.clean(row.word.term)}{_of(row.word)}"


def usage_json(found: Iterable[Pack], counted: usage.Usage, folder: Path) -> dict[str, Any]:
    """Return the same for programs."""
    packs = [
        {
            "pack": pack.id,
            "articles": {rule.id: counted.rules[pack.id, rule.id] for rule in pack.rules},
            "terms": [_row_json(row) for row in counted.rows(pack.id)],
            "never_fired": _silent_json(counted.never_fired(pack), folder),
        }
        for pack in found
    ]
    return {"articles": counted.articles, "packs": packs}


def _row_json(row: usage.Row) -> dict[str, Any]:
    return {
        "rule": row.rule,
        "term": row.word.term,
        "entity": row.word.entity,
        "articles": row.articles,
        "share": round(row.of_all, 6),
        "share_of_rule": round(row.of_rule, 6),
        "languages": row.languages,
    }
