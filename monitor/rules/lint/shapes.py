"""When one query implies another, judged by their text alone."""

from __future__ import annotations

from collections.abc import Hashable

from monitor.rules import syntax
from monitor.rules.lint.world import key_of
from monitor.rules.packs import Item, Rule


def shape(expr: syntax.Expr) -> Hashable:
    """Return a value that is the same for queries that mean the same: places, spelling and order are left out."""
    match expr:
        case syntax.Word():
            return key_of(expr.term)
        case syntax.Regex():
            return "regex", expr.pattern
        case syntax.And():
            return "and", _set(expr.operands), _set(expr.without)
        case syntax.Or():
            return "or", _set(expr.operands)
        case syntax.Near():
            return "near", expr.distance, _row(expr.operands) if expr.ordered else _bag(expr.operands)
        case syntax.Together():
            return expr.unit, _bag(expr.operands)
        case syntax.Apart():
            return "apart", expr.distance, shape(expr.operand), shape(expr.other)
        case syntax.AtLeast():
            return "at least", expr.count, _bag(expr.operands)
        case syntax.Times():
            return "times", expr.count, shape(expr.operand)
        case syntax.Field():
            return "field", expr.name, shape(expr.operand)


def _set(operands: tuple[syntax.Expr, ...]) -> Hashable:
    return frozenset(map(shape, operands))


def _row(operands: tuple[syntax.Expr, ...]) -> Hashable:
    return tuple(map(shape, operands))


def _bag(operands: tuple[syntax.Expr, ...]) -> Hashable:
    return tuple(sorted(map(shape, operands), key=repr))


def implies(one: syntax.Expr, other: syntax.Expr) -> bool:
    """Return whether every article that makes `one` true makes `other` true, as far as the text of both shows it."""
    if shape(one) == shape(other):
        return True
    if isinstance(other, syntax.Or) and any(implies(one, operand) for operand in other.operands):
        return True
    match one:
        case syntax.Or() | syntax.AtLeast():
            return all(implies(operand, other) for operand in one.operands)
        case syntax.And():
            return any(implies(operand, other) for operand in one.operands)
        case syntax.Near() | syntax.Together():
            return _closer(one, other) or any(implies(operand, other) for operand in one.operands)
        case syntax.Apart() | syntax.Times():
            return implies(one.operand, other)
        case syntax.Field(name=name) if name in syntax.TEXT_FIELDS:
            # What a field lacks the whole article may hold: only a query without NOT stays true of more text.
            return not any(syntax.excluded(one.operand)) and implies(one.operand, other)
        case _:
            return False


def _closer(one: syntax.Near | syntax.Together, other: syntax.Expr) -> bool:
    """Return whether both ask for the same operands and `other` lets them stand farther apart."""
    if isinstance(one, syntax.Together):
        return isinstance(other, syntax.Together) and other.unit == "paragraph" and _same_operands(one, other)
    if not isinstance(other, syntax.Near) or one.distance > other.distance:
        return False
    if other.ordered:
        return one.ordered and _row(one.operands) == _row(other.operands)
    return _same_operands(one, other)


def _same_operands(one: syntax.Near | syntax.Together, other: syntax.Near | syntax.Together) -> bool:
    return _bag(one.operands) == _bag(other.operands)


def item_shape(item: Item) -> Hashable:
    """Return a value that is the same for items that find the same."""
    require, forbid = (frozenset(map(key_of, terms)) for terms in (item.require, item.forbid))
    reach = (item.within if require else None, item.forbid_within if forbid else None)
    return key_of(item.term), item.key, item.lang, item.langs, require, forbid, reach


def rule_shape(rule: Rule) -> Hashable:
    """Return a value that is the same for rules of one pack that ask the same of the same articles."""
    lists = tuple(frozenset(map(item_shape, items)) for items in (rule.all, rule.any, rule.none))
    query = shape(rule.query) if rule.query is not None else None
    score: Hashable = None
    if rule.score is not None:
        clauses = frozenset((c.id, c.weight, c.title_bonus, shape(c.query)) for c in rule.score.clauses)
        score = rule.score.threshold, frozenset(rule.score.require), clauses
    traits = rule.traits
    return lists, query, score, traits.languages, traits.sources, traits.active_from, traits.active_to
