"""Lints of rules and clauses: what never decides anything, has ended, or is not acted on."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from datetime import timedelta
from functools import cache

from monitor import errors
from monitor.rules import packs, syntax, terms
from monitor.rules.lint.shapes import implies, item_shape, rule_shape, shape
from monitor.rules.lint.world import RuleOf, World, flat_groups, queries_of, text_words
from monitor.rules.packs import Item, Pack, Rule
from monitor.rules.view import script_of
from monitor.rules.yaml_nodes import Place

MOST_SHOWN = 5

MOST_COMPARED = 100
"""Alternatives that are compared with one another; beyond, a lint would take seconds."""

MOST_SUMMED = 40
"""Clauses of which all sums are tried, as above."""

MOST_PAIRS = 10_000
"""Of words in two alternatives, as above."""

THROTTLE = "throttle: {same_story: 6h, max: 12 per 1h}"


# -- W601: unreachable -----------------------------------------------------------------------------


def w601_unreachable(world: World) -> Iterator[errors.Fault]:
    """An alternative that another one implies: by what it says, not by what the names in it hold."""
    for group in world.groups:
        seen: dict[Hashable, Item] = {}
        for item in group.items:
            if item.term.parts and item.plain:
                continue  # W510 speaks of these
            first = seen.setdefault(item_shape(item), item)
            if first is not item and "W601" not in group.silenced | item.lint_ok:
                message = f"`{item.term.written}` stands here twice (line {first.term.place.line})"
                yield item.term.place.fault("W601", message, "remove it")
    for one in world.rules_for("W601"):
        for expr in queries_of(one.rule):
            for operands in flat_groups(expr):
                yield from _implied(operands)
        yield from _same_clauses(one)


def _implied(operands: tuple[syntax.Expr, ...]) -> Iterator[errors.Fault]:
    shapes = [shape(operand) for operand in operands] if len(operands) <= MOST_COMPARED else []
    for number, form in enumerate(shapes):
        operand = operands[number]
        others = (o for n, o in enumerate(operands) if n != number and (n < number or shapes[n] != form))
        found = next((other for other in others if _adds_nothing(operand, other)), None)
        if found is not None:
            at = _start(found)
            message = f"whatever this alternative finds, the one in line {at.line}, column {at.column} finds as well"
            yield _start(operand).fault("W601", message, "remove this one")


def _adds_nothing(operand: syntax.Expr, other: syntax.Expr) -> bool:
    if isinstance(operand, syntax.Word) and isinstance(other, syntax.Word):
        return False  # W510 speaks of these, and the group above of $names
    return _size(operand) * _size(other) <= MOST_PAIRS and implies(operand, other)


def _size(expr: syntax.Expr) -> int:
    return sum(1 for _ in syntax.walk(expr))


def _start(expr: syntax.Expr) -> Place:
    """Return where `expr` begins: an operator stands behind its first operand."""
    return min(part.place for part in syntax.walk(expr))


def _same_clauses(one: RuleOf) -> Iterator[errors.Fault]:
    seen: dict[Hashable, packs.Clause] = {}
    for clause in one.rule.score.clauses if one.rule.score is not None else ():
        first = seen.setdefault(shape(clause.query), clause)
        if first is not clause:
            message = f"clause `{clause.id}` asks the same as `{first.id}` (line {first.place.line})"
            yield clause.place.fault("W601", message, "make them one, with the sum of both weights")


def w601_same_rule(world: World) -> Iterator[errors.Fault]:
    """A live rule that asks what another live rule of the pack asks: an article alerts a pack once."""
    for pack in world.loaded.packs:
        seen: dict[Hashable, Rule] = {}
        for rule in pack.rules:
            if rule.traits.status != "live":
                continue
            first = seen.setdefault(rule_shape(rule), rule)
            if first is not rule and "W601" not in rule.traits.lint_ok:
                message = f"rule `{rule.id}` asks the same as `{first.id}` (line {first.place.line})"
                yield rule.place.fault("W601", message, "remove one of them")


def w601_other_languages(world: World) -> Iterator[errors.Fault]:
    """A $name whose terms count only in languages that the rule does not read."""
    for one in world.rules_for("W601"):
        if one.rule.traits.languages:
            for term in _names(one.rule):
                if not _counts(one.pack, term.ref or "", one.rule.traits.languages):
                    message = f"`{term.written}` has no term for the `languages` of the rule"
                    fix = "add terms, put them under `any:`, or add a language to the rule"
                    yield term.place.fault("W601", message, fix)


def _names(rule: Rule) -> Iterator[terms.Term]:
    yield from (item.term for item in (*rule.all, *rule.any, *rule.none) if item.term.ref is not None)
    yield from (w.term for expr in queries_of(rule) for w in text_words(expr) if w.term.ref is not None)


def _counts(pack: Pack, name: str, languages: frozenset[str], seen: set[str] | None = None) -> bool:
    """Return whether a term behind `$name` counts in an article of one of `languages`; `seen`: names without one."""
    seen = seen if seen is not None else set()
    if name in seen:
        return False
    seen.add(name)
    vocabulary = pack.vocabularies[name]
    if any(_counts(pack, holder.entity, languages, seen) for holder in vocabulary.holders):
        return True
    return any(
        any(_counts_in(item, lang) for lang in languages)
        and (item.term.ref is None or _counts(pack, item.term.ref, languages, seen))
        for item in vocabulary.items
    )


@cache
def _script(lang: str) -> str:
    return script_of(lang)


def _counts_in(item: Item, lang: str) -> bool:
    if item.langs is not None and lang not in item.langs:
        return False
    return item.lang in (None, lang) or _script(item.lang or "") != _script(lang)


# -- W604: never matched ---------------------------------------------------------------------------


def w604_never_matched(world: World) -> Iterator[errors.Fault]:
    """Rules that matched nothing in the archive; one line a pack."""
    since = world.today - timedelta(days=world.days)
    for pack in world.loaded.packs:
        asked = [rule for rule in world.rules_of(pack, "W604") if (pack.id, rule.id) in world.matched]
        idle = []
        for rule in asked:
            last = world.matched[pack.id, rule.id]
            if last is None or last < since:
                idle.append(rule)
        if idle:
            shown = ", ".join(f"`{rule.id}`" for rule in idle[:MOST_SHOWN])
            message = f"{len(idle)} of {len(asked)} rules matched nothing in {world.days} days: {shown}"
            fix = "`wirewatch explain` shows what an article that should match lacks; else set `status: retired`"
            yield pack.place.fault("W604", message, fix)


# -- W605, W606: scores ----------------------------------------------------------------------------


def w605_one_clause(world: World) -> Iterator[errors.Fault]:
    """A score whose only positive clause reaches the threshold by itself."""
    for one in world.rules_for("W605"):
        score = one.rule.score
        positive = [clause for clause in score.clauses if clause.weight > 0] if score is not None else []
        if score is not None and len(positive) == 1 and positive[0].weight >= score.threshold:
            clause = positive[0]
            message = f"clause `{clause.id}` reaches the threshold of {score.threshold} by itself"
            yield clause.place.fault("W605", message, "write it as `query:`, with AND NOT for what counts against it")


def w606_idle_clause(world: World) -> Iterator[errors.Fault]:
    """A negative clause that no sum of the others is close enough to the threshold for, or one without points."""
    for one in world.rules_for("W606"):
        score = one.rule.score
        for clause in score.clauses if score is not None and len(score.clauses) <= MOST_SUMMED else ():
            if clause.weight == 0 and clause.title_bonus == 0:
                message = f"clause `{clause.id}` gives no points"
                yield clause.place.fault("W606", message, "give it a weight, or remove it")
            elif score is not None and clause.weight < 0 and not _can_decide(clause, score):
                message = f"clause `{clause.id}` can never bring a sum below the threshold of {score.threshold}"
                yield clause.place.fault("W606", message, "make its weight more negative, or remove it")


def _can_decide(clause: packs.Clause, score: packs.Score) -> bool:
    """Return whether the other clauses have a sum that reaches the threshold with this one absent only."""
    others = [other for other in score.clauses if other is not clause]
    lowest = sum(min(0, other.weight + min(0, other.title_bonus)) for other in others)
    sums = 1 << -lowest  # bit n: a sum of n + lowest can be reached
    for other in others:
        sums |= _shifted(sums, other.weight) | _shifted(sums, other.weight + other.title_bonus)
    taken = -(clause.weight + min(0, clause.title_bonus))
    return bool(sums >> (score.threshold - lowest) & ((1 << taken) - 1))


def _shifted(sums: int, by: int) -> int:
    return sums << by if by >= 0 else sums >> -by


# -- W702, W703: traits ----------------------------------------------------------------------------


def w702_urgent_without_throttle(world: World) -> Iterator[errors.Fault]:
    """A live rule of severity urgent that nothing holds back on a bad day."""
    for one in world.rules_for("W702"):
        traits = one.rule.traits
        if traits.status == "live" and traits.severity == "urgent" and traits.throttle is None:
            message = f"rule `{one.rule.id}` is urgent and has no `throttle`"
            yield one.rule.place.fault("W702", message, THROTTLE)


def w703_expired(world: World) -> Iterator[errors.Fault]:
    """A rule whose `active` has ended, or an office that nobody holds any more."""
    for one in world.rules_for("W703"):
        end = one.rule.traits.active_to
        if end is not None and end <= world.today:
            message = f"rule `{one.rule.id}` of `{one.pack.id}` ended before {end:%Y-%m-%d}"
            yield one.rule.place.fault("W703", message, "set `status: retired`, or move `active.to`")
    for office in world.loaded.vocabularies:
        ends = [holder.end for holder in office.holders]
        if ends and all(end is not None and end <= world.today for end in ends) and "W703" not in office.lint_ok:
            message = f"nobody holds `{office.id}` any more"
            yield office.holders[-1].place.fault("W703", message, "add a line for the new holder")
