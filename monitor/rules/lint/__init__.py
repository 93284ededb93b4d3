"""What is allowed but probably not meant: `lint` tells every fault of some rule files, the warnings included.

Each warning is a generator over a `World`, its code in its name, and stands in LINTS.

world           what lints look at: rules, terms with what silences them, what stands behind a $name, a corpus
term_lints      single terms: broad, ambiguous, hidden in another word, found already by their neighbour
query_lints     what operators make of terms: NOT, distance, fields, regexes
rule_lints      rules and clauses that never decide anything; shapes: when a query implies another
pack_lints      names, languages, owners, tests
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime

from monitor import errors, model
from monitor.rules import load, trial
from monitor.rules.lint import pack_lints, query_lints, rule_lints, term_lints
from monitor.rules.lint.world import World

Lint = Callable[[World], Iterator[errors.Fault]]

LINTS: tuple[Lint, ...] = (
    term_lints.w501_broad_term,
    term_lints.w501_broad_alternative,
    term_lints.w501_broad_by_share,
    term_lints.w502_common_name,
    term_lints.w503_hidden_in_a_word,
    term_lints.w504_acronym,
    term_lints.w505_two_entities,
    query_lints.w506_both_sides,
    query_lints.w507_ambiguous_not,
    query_lints.w508_one_mention,
    term_lints.w509_operator_word,
    term_lints.w510_subsumed,
    query_lints.w511_field_of_one_operand,
    query_lints.w512_ascii_class,
    query_lints.w513_open_regex,
    term_lints.w514_comma,
    term_lints.w515_name_without_sign,
    query_lints.w516_no_room,
    term_lints.w517_name_alone,
    rule_lints.w601_unreachable,
    rule_lints.w601_same_rule,
    rule_lints.w601_other_languages,
    pack_lints.w602_unused,
    pack_lints.w603_language_without_term,
    pack_lints.w603_language_lost,
    rule_lints.w604_never_matched,
    rule_lints.w605_one_clause,
    rule_lints.w606_idle_clause,
    pack_lints.w701_no_owner_or_route,
    rule_lints.w702_urgent_without_throttle,
    rule_lints.w703_expired,
    pack_lints.w901_too_few_tests,
    pack_lints.w902_never_exercised,
)


def lint(
    files: Mapping[str, bytes],
    known: load.Known,
    strict: bool = False,
    today: datetime | None = None,
    corpus: Iterable[model.Article] | None = None,
    matched: Mapping[tuple[str, str], datetime | None] | None = None,
    days: int = 90,
) -> tuple[errors.Fault, ...]:
    """Return every fault of the files: errors, failing tests and warnings, sorted by place.

    Args:
        strict: Too few tests (W901) are an error then, E901.
        today: For offices and `active` that ended; now if None.
        corpus: Articles of the kind that the rules will meet; W501 by share and W902 speak only with one.
        matched: (pack, rule) -> when it last matched in an archive of the last `days`, None for never; W604 speaks
            only of rules that stand in it.
    """
    loaded = load.load_packs(files, known)
    found = list(loaded.faults)
    for pack in loaded.packs:
        found += [failure.fault for failure in trial.run_tests(pack).wrong]
    world = World(loaded, today or datetime.now(UTC), tuple(corpus or ()), matched or {}, days)
    for check in LINTS:
        found += check(world)
    if strict:
        found = [_strict(fault) for fault in found]
    return tuple(sorted(dict.fromkeys(found), key=lambda f: (f.file, f.line or 0, f.column or 0, f.code)))


def _strict(fault: errors.Fault) -> errors.Fault:
    if fault.code != "W901":
        return fault
    return errors.Fault(fault.file, fault.line, fault.column, "E901", fault.message, fault.fix)
