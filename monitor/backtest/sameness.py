"""Which rules of an edited pack are not the live ones, wherever they stand in their files. Pure.

A rule that is the same on both sides, with all that its names lead to, matches the same: it is evaluated once.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import fields, is_dataclass

from monitor.rules import packs
from monitor.rules.terms import Term
from monitor.rules.yaml_nodes import Place


def same_rules(live: packs.Pack, edited: packs.Pack) -> frozenset[str]:
    """Return the ids of the rules that are the same in both packs, and lead to the same."""
    changed = _changed_names(live.vocabularies, edited.vocabularies)
    before = {rule.id: shape(rule) for rule in live.rules}
    same = (rule for rule in edited.rules if before.get(rule.id) == shape(rule))
    return frozenset(rule.id for rule in same if changed.isdisjoint(_names(rule)))


def _changed_names(live: Mapping[str, packs.Vocabulary], edited: Mapping[str, packs.Vocabulary]) -> frozenset[str]:
    """Return the names that do not lead to the same on both sides."""
    changed = {name for name in live.keys() | edited.keys() if shape(live.get(name)) != shape(edited.get(name))}
    users = {name: frozenset(_names(vocabulary)) for name, vocabulary in edited.items()}
    grown = True
    while grown:
        more = {name for name, used in users.items() if name not in changed and not changed.isdisjoint(used)}
        changed |= more
        grown = bool(more)
    return frozenset(changed)


def shape(value: object) -> Hashable:
    """Return what is equal for equal rules, items and queries: all that they say, but not where they stand."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return type(value).__name__, *(shape(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, tuple):
        return tuple(map(shape, value))
    assert isinstance(value, Hashable), "rules are made of frozen values"
    return value


def _names(value: object) -> Iterator[str]:
    """Yield the entities and lists that something names."""
    if isinstance(value, Term):
        if value.ref is not None:
            yield value.ref
    elif isinstance(value, packs.Holder):
        yield value.entity
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _names(getattr(value, field.name))
    elif isinstance(value, tuple) and not isinstance(value, str | Place):
        for part in value:
            yield from _names(part)
