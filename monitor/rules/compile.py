"""Packs -> RuleSet: a node tree for each rule, and one automaton that says which rules an article may match."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import ahocorasick_rs

from monitor import text
from monitor.rules import anchors, packs, regexes, syntax, terms, tree

SENDING = ("live", "test")
"""Statuses whose matches are recorded; drafts are judged only by tests and `explain`."""


MOST_MATCHES = 400
"""Matches of an operator of distance that another one looks at."""

MOST_SHOWN = 20
"""Matches of the outermost operator of distance: all that truth and evidence need."""


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its tree."""

    pack: str
    rule: packs.Rule
    node: tree.Node

    @property
    def id(self) -> str:
        """Return the rule's id."""
        return self.rule.id

    @property
    def recorded(self) -> bool:
        """Return whether matches of the rule count outside of tests."""
        return self.rule.traits.status in SENDING


class RuleSet:
    """All rules of some packs, ready to judge articles. Immutable; `id` names its source and the text tables."""

    def __init__(self, found: Iterable[packs.Pack]) -> None:
        self.packs: Mapping[str, packs.Pack] = {pack.id: pack for pack in sorted(found, key=lambda pack: pack.id)}
        self.id = id_of(source_of(self.packs.values()))
        builder = _Builder()
        self.rules = tuple(rule for pack in self.packs.values() for rule in builder.rules(pack))
        self._by_pattern: list[tuple[int, ...]] = []
        self._always: tuple[int, ...] = ()
        self._automaton = self._build()

    def _build(self) -> ahocorasick_rs.BytesAhoCorasick | None:
        rules_of: dict[str, list[int]] = {}
        always = []
        for number, rule in enumerate(self.rules):
            if not rule.recorded:
                continue
            patterns = anchors.anchor(rule.node)
            if patterns is None:
                always.append(number)
            for pattern in patterns or ():
                rules_of.setdefault(pattern, []).append(number)
        self._always = tuple(always)
        self._by_pattern = [tuple(numbers) for numbers in rules_of.values()]
        if not rules_of:
            return None
        return ahocorasick_rs.BytesAhoCorasick([pattern.encode() for pattern in rules_of])

    def candidates(self, haystack: bytes) -> list[CompiledRule]:
        """Return the recorded rules that `text.haystack` of an article allows to match, in order."""
        numbers = set(self._always)
        if self._automaton is not None:
            found = self._automaton.find_matches_as_indexes(haystack, overlapping=True)
            for pattern in {match[0] for match in found}:
                numbers.update(self._by_pattern[pattern])
        return [self.rules[number] for number in sorted(numbers)]

    def max_age(self, pack: str, rule: str) -> float | None:
        """Return the greatest age of an article in seconds at which the rule still alerts; None: any.

        Raises: KeyError, where there is no such rule.
        """
        return self.rule(pack, rule).traits.max_age

    def rule(self, pack: str, rule: str) -> packs.Rule:
        """Return a rule by its ids.

        Raises: KeyError.
        """
        for found in self.packs[pack].rules:
            if found.id == rule:
                return found
        raise KeyError(rule)

    def rules_of(self, pack: str) -> tuple[CompiledRule, ...]:
        """Return the compiled rules of a pack, retired ones left out."""
        return tuple(rule for rule in self.rules if rule.pack == pack)


def compile_rules(found: Iterable[packs.Pack]) -> RuleSet:
    """Return the rule set of `found`."""
    return RuleSet(found)


def source_of(found: Iterable[packs.Pack]) -> str:
    """Return the canonical source: JSON with each pack's files, the same for the same packs in any order."""
    return source_from({pack.id: pack.files for pack in found})


def source_from(files: Mapping[str, Mapping[str, str]]) -> str:
    """Return the canonical source of packs given as id -> path -> text."""
    plain = {pack: dict(texts) for pack, texts in files.items()}
    return json.dumps({"packs": plain}, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def id_of(source: str) -> str:
    """Return the id of a rule set: 16 hex digits over its source and the text tables."""
    return hashlib.sha256(f"{source}\n{text.TABLE_ID}".encode()).hexdigest()[:16]


class _Builder:
    """Builds node trees. Entities, global lists and equal words are built once for all packs."""

    def __init__(self) -> None:
        self._shared: dict[int, tree.Named] = {}
        self._leaves: dict[tuple[object, ...], tree.Leaf] = {}

    def rules(self, pack: packs.Pack) -> list[CompiledRule]:
        names: dict[str, tree.Named] = {}
        for name, vocabulary in pack.vocabularies.items():  # in an order where uses come after what they use
            names[name] = self._vocabulary(vocabulary, names, name in pack.local)
        kept = (rule for rule in pack.rules if rule.traits.status != "retired")
        return [CompiledRule(pack.id, rule, self._rule(rule, names)) for rule in kept]

    def _vocabulary(self, found: packs.Vocabulary, names: Mapping[str, tree.Named], local: bool) -> tree.Named:
        if not local and id(found) in self._shared:
            return self._shared[id(found)]
        entity = found.id if found.kind == "entity" else None
        children = [self._item(item, names, entity) for item in found.items]
        children += [tree.Held(names[h.entity], h.start, h.end) for h in found.holders]
        named = tree.Named(found.id, found.kind, str(found.place), tree.any_of(children))
        if not local:
            self._shared[id(found)] = named
        return named

    def _rule(self, rule: packs.Rule, names: Mapping[str, tree.Named]) -> tree.Node:
        if rule.query is not None:
            return self._expr(rule.query, names, frozenset())
        if rule.score is not None:
            return self._score(rule.score, names)
        children = [self._item(item, names, None) for item in rule.all]
        if rule.any:
            children.append(tree.any_of(self._item(item, names, None) for item in rule.any))
        return tree.AllOf(tuple(children), tuple(self._item(item, names, None) for item in rule.none))

    def _score(self, score: packs.Score, names: Mapping[str, tree.Named]) -> tree.Scored:
        clauses = tuple(
            tree.Clause(c.id, c.weight, c.title_bonus, self._expr(c.query, names, frozenset())) for c in score.clauses
        )
        return tree.Scored(clauses, score.threshold, frozenset(score.require))

    def _item(self, item: packs.Item, names: Mapping[str, tree.Named], entity: str | None) -> tree.Node:
        child = self._term(item.term, names, entity)
        if item.plain:
            return child
        require = tuple(self._term(term, names, None) for term in item.require)
        forbid = tuple(self._term(term, names, None) for term in item.forbid)
        return tree.Mention(child, item.lang, item.langs, require, item.within, forbid, item.forbid_within)

    def _term(self, term: terms.Term, names: Mapping[str, tree.Named], entity: str | None) -> tree.Leaf | tree.Named:
        if term.ref is not None:
            return names[term.ref]
        key = (term.parts, term.clitics, term.written, entity, term.place.file)
        if key not in self._leaves:
            self._leaves[key] = tree.Leaf(term.parts, term.clitics, term.written, str(term.place), entity)
        return self._leaves[key]

    # -- queries -------------------------------------------------------------------------------------

    def _expr(
        self, expr: syntax.Expr, names: Mapping[str, tree.Named], fields: frozenset[str], most: int = MOST_SHOWN
    ) -> tree.Node:
        """Return the node of `expr`, counted in all of `fields`.

        Args:
            most: How many matches of an operator of distance are of use where `expr` stands.
        """

        def below(inner: syntax.Expr) -> tree.Node:
            return self._expr(inner, names, fields, most)

        def inside(inner: syntax.Expr) -> tree.Node:
            return self._expr(inner, names, fields, MOST_MATCHES)

        match expr:
            case syntax.Word():
                return _within(fields, self._term(expr.term, names, None))
            case syntax.Regex():
                return _within(fields, _pattern(expr))
            case syntax.And():
                return tree.AllOf(tuple(map(below, expr.operands)), tuple(map(below, expr.without)))
            case syntax.Or():
                children = tuple(map(below, expr.operands))
                return tree.any_of(children) if all(map(tree.is_span, children)) else tree.OneOf(children)
            case syntax.Near():
                return tree.Near(tuple(map(inside, expr.operands)), expr.distance, expr.ordered, most)
            case syntax.Together():
                return tree.Together(tuple(map(inside, expr.operands)), expr.unit, most)
            case syntax.Apart():
                return tree.Apart(inside(expr.operand), inside(expr.other), expr.distance)
            case syntax.AtLeast():
                return tree.AtLeast(expr.count, tuple(map(below, expr.operands)))
            case syntax.Times():
                return tree.Times(expr.count, inside(expr.operand))
            case syntax.Field() if expr.name in syntax.METADATA_FIELDS:
                return tree.Meta(expr.name, self._value(expr.operand))
            case syntax.Field():
                return self._expr(expr.operand, names, fields | {expr.name}, most)

    def _value(self, operand: syntax.Expr) -> tree.Leaf | tree.Pattern:
        """Return what a metadata field is compared with; the parser lets nothing else through."""
        if isinstance(operand, syntax.Regex):
            return _pattern(operand)
        assert isinstance(operand, syntax.Word), "a metadata field takes a word, a phrase or a regex"
        leaf = self._term(operand.term, {}, None)
        assert isinstance(leaf, tree.Leaf), "a metadata field takes no $name"
        return leaf


def _within(fields: frozenset[str], child: tree.Node) -> tree.Node:
    narrow = fields - {"text"}
    return tree.Within(narrow, child) if narrow else child


def _pattern(expr: syntax.Regex) -> tree.Pattern:
    return tree.Pattern(regexes.compile_pattern(expr.pattern), f"re:/{expr.pattern}/", str(expr.place))
