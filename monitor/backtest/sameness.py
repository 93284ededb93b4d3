"""Which rules of an edited pack are not the live ones, wherever they stand in their files. Pure.

A rule that is the same on both sides, with all that its names lead to, matches the same: it is evaluated once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import is_dataclass
from typing import Any

from monitor.rules import packs
from monitor.rules.terms import Term
from monitor.rules.yaml_nodes import Place


def same_rules(live: packs.Pack, edited: packs.Pack) -> frozenset[str]:
    """Return the ids of the rules that are the same in both packs, and lead to the same."""
    changed = _changed_names(live.vocabularies, edited.vocabularies)
    before = {rule.id: rule for rule in live.rules}
    same = (rule for rule in edited.rules if rule.id in before and is_same(before[rule.id], rule))
    return frozenset(rule.id for rule in same if changed.isdisjoint(_names(rule)))


def _changed_names(live: Mapping[str, packs.Vocabulary], edited: Mapping[str, packs.Vocabulary]) -> frozenset[str]:
    """Return the names that do not lead to the same on both sides."""
    changed = {name for name in live.keys() | edited.keys() if not is_same(live.get(name), edited.get(name))}
    if not changed:
        return frozenset()
    users = {name: frozenset(_names(vocabulary)) for name, vocabulary in edited.items()}
    grown = True
    while grown:
        more = {name for name, used in users.items() if name not in changed and not changed.isdisjoint(used)}
        changed |= more
        grown = bool(more)
    return frozenset(changed)


def is_same(one: object, other: object) -> bool:
    """Return whether two rules, items or queries say the same, wherever they stand."""
    if one is other or isinstance(one, Place):
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, packs.Item) and isinstance(other, packs.Item):  # most of what there is
        return _said(one) == _said(other)
    if isinstance(one, tuple) and isinstance(other, tuple) and type(one) is tuple:
        return len(one) == len(other) and all(map(is_same, one, other))
    if is_dataclass(one):
        return all(is_same(getattr(one, name), getattr(other, name)) for name in _fields(one))
    return one == other


def _said(item: packs.Item) -> object:
    """Return all that an item says, ready to be compared."""
    terms = [(term.written, term.parts, term.ref, term.clitics) for term in _terms(item)]
    return terms, item.lang, item.langs, len(item.require), item.within, item.forbid_within, item.lint_ok, item.key


def _terms(item: packs.Item) -> tuple[Term, ...]:
    return item.term, *item.require, *item.forbid


def _fields(value: Any) -> Iterable[str]:
    """Return the fields of a dataclass by name; `dataclasses.fields` makes a list of them each time."""
    names: Mapping[str, Any] = value.__dataclass_fields__
    return names


def _names(value: object) -> Iterator[str]:
    """Yield the entities and lists that something names."""
    if isinstance(value, packs.Item):
        yield from (term.ref for term in _terms(value) if term.ref is not None)
    elif isinstance(value, Term):
        if value.ref is not None:
            yield value.ref
    elif isinstance(value, packs.Holder):
        yield value.entity
    elif is_dataclass(value) and not isinstance(value, Place):
        for name in _fields(value):
            yield from _names(getattr(value, name))
    elif isinstance(value, tuple) and not isinstance(value, Place):
        for part in value:
            yield from _names(part)
