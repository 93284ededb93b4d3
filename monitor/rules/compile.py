"""Packs -> RuleSet: a node tree for each rule, and one automaton that says which rules an article may match."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import NamedTuple

import ahocorasick_rs

from monitor import text
from monitor.rules import anchors, gazetteer, load, packs, regexes, syntax, terms, tree
from monitor.rules.yaml_nodes import Place

SENDING = ("live", "test")
"""Statuses whose matches are recorded; drafts are judged only by tests and `explain`."""


MOST_MATCHES = 100
"""Matches of an operator of distance that another one looks at."""

MOST_KEPT = 2_000
"""Rules of a set whose trees are all kept from the start; of a larger one only those that an article asked for."""

MOST_SHOWN = 5
"""Matches of the outermost operator of distance: all that truth and evidence need."""


class CompiledRule:
    """A rule with its tree, which is built when it is first asked for: of ten thousand rules most never are."""

    __slots__ = ("_build", "_node", "pack", "rule")

    def __init__(self, pack: str, rule: packs.Rule, build: Callable[[packs.Rule], tree.Node]) -> None:
        self.pack = pack
        self.rule = rule
        self._build = build
        self._node: tree.Node | None = None

    @property
    def id(self) -> str:
        """Return the rule's id."""
        return self.rule.id

    @property
    def node(self) -> tree.Node:
        """Return the rule's tree."""
        if self._node is None:
            self._node = self._build(self.rule)
        return self._node

    def fresh_node(self) -> tree.Node:
        """Return the rule's tree, built anew and not kept."""
        return self._build(self.rule)

    @property
    def recorded(self) -> bool:
        """Return whether matches of the rule count outside of tests."""
        return self.rule.traits.status in SENDING


class _Selection(NamedTuple):
    """What tells by the words of an article which rules may match it. `always`: those that nothing can be told of."""

    automaton: ahocorasick_rs.BytesAhoCorasick | None
    by_pattern: list[int | list[int]]
    """The numbers of the rules that a pattern allows."""
    always: tuple[int, ...]


class RuleSet:
    """All rules of some packs, ready to judge articles. Immutable; `id` names its source and the text tables."""

    def __init__(self, found: Iterable[packs.Pack]) -> None:
        self.packs: Mapping[str, packs.Pack] = {pack.id: pack for pack in sorted(found, key=lambda pack: pack.id)}
        self._shared: dict[int, tree.Named] = {}
        leaves: dict[tuple[object, ...], tree.Leaf] = {}
        builders = [_Builder(pack, self._shared, leaves) for pack in self.packs.values()]
        self.rules = tuple(rule for builder in builders for rule in builder.rules())
        self._leaves = leaves

    @cached_property
    def id(self) -> str:
        """Return what names the source and the text tables."""
        return id_of(source_of(self.packs.values()))

    @cached_property
    def gazetteer(self) -> gazetteer.Gazetteer:
        """Return every entity of the files that the packs are made of, ready to be looked for."""
        found = load.shared_vocabularies(self.packs.values())
        bare = packs.Pack("", Place("", 0, 0), packs.Traits(), (), (), found)
        named = _Builder(bare, dict(self._shared), {}).named
        return gazetteer.Gazetteer({name: (v.type, named[name]) for name, v in found.items() if v.type is not None})

    def build(self) -> RuleSet:
        """Return this rule set with its automaton, which is else built when an article is first looked at."""
        assert self._selection, "it has one"
        return self

    @cached_property
    def _selection(self) -> _Selection:
        rules_of: dict[str, int | list[int]] = {}
        always = []
        chosen = anchors.Anchors(_usage(self.packs.values()))
        for number, rule in enumerate(self.rules):
            if not rule.recorded:
                continue
            patterns = chosen.of(rule.node if len(self.rules) <= MOST_KEPT else rule.fresh_node())
            if patterns is None:
                always.append(number)
            for pattern in patterns or ():
                known = rules_of.setdefault(pattern, number)  # a number alone takes a tenth of a list's memory
                if isinstance(known, list):
                    known.append(number)
                elif known != number:
                    rules_of[pattern] = [known, number]
        if len(self.rules) > MOST_KEPT:
            self._leaves.clear()
        patterns_of_all = [pattern.encode() for pattern in rules_of]
        automaton = ahocorasick_rs.BytesAhoCorasick(patterns_of_all) if rules_of else None
        return _Selection(automaton, list(rules_of.values()), tuple(always))

    def candidates(self, haystack: bytes) -> list[CompiledRule]:
        """Return the recorded rules that `text.haystack` of an article allows to match, in order."""
        automaton, by_pattern, always = self._selection
        numbers = set(always)
        if automaton is not None:
            found = automaton.find_matches_as_indexes(haystack, overlapping=True)
            for pattern in {match[0] for match in found}:
                rules = by_pattern[pattern]
                if isinstance(rules, int):
                    numbers.add(rules)
                else:
                    numbers.update(rules)
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


def _usage(found: Iterable[packs.Pack]) -> Counter[str]:
    """Return in how many terms of all packs each word stands."""
    usage: Counter[str] = Counter()
    seen: set[int] = set()
    for pack in found:
        for vocabulary in pack.vocabularies.values():
            if id(vocabulary) not in seen:
                seen.add(id(vocabulary))
                usage.update(part.folded for item in vocabulary.items for part in item.term.parts)
        for rule in pack.rules:
            usage.update(part.folded for item in (*rule.all, *rule.any) for part in item.term.parts)
            queries = [rule.query] if rule.query else []
            queries += [clause.query for clause in rule.score.clauses] if rule.score else []
            usage.update(part.folded for query in queries for word in syntax.words(query) for part in word.term.parts)
    return usage


class _Builder:
    """Builds the trees of a pack's rules.

    Entities and global lists (`shared`) and equal words of rules (`leaves`) are built once for all packs.
    """

    def __init__(
        self, pack: packs.Pack, shared: dict[int, tree.Named], leaves: dict[tuple[object, ...], tree.Leaf]
    ) -> None:
        self._pack = pack
        self._shared = shared
        self._leaves = leaves

    def rules(self) -> Iterator[CompiledRule]:
        """Yield the pack's rules, retired ones left out."""
        kept = (rule for rule in self._pack.rules if rule.traits.status != "retired")
        return (CompiledRule(self._pack.id, rule, self.rule) for rule in kept)

    @cached_property
    def named(self) -> dict[str, tree.Named]:
        """Return the trees of the pack's vocabularies by name."""
        names: dict[str, tree.Named] = {}
        for name, vocabulary in self._pack.vocabularies.items():  # in an order where uses come after what they use
            names[name] = self._vocabulary(vocabulary, names, name in self._pack.local)
        return names

    def _vocabulary(self, found: packs.Vocabulary, names: Mapping[str, tree.Named], local: bool) -> tree.Named:
        if not local and id(found) in self._shared:
            return self._shared[id(found)]
        entity = found.id if found.kind == "entity" else None
        children = [self._item(item, names, self._alias(item.term, names, entity)) for item in found.items]
        children += [tree.Held(names[h.entity], h.start, h.end) for h in found.holders]
        named = tree.Named(found.id, found.kind, str(found.place), tree.any_of(children))
        if not local:
            self._shared[id(found)] = named
        return named

    def rule(self, rule: packs.Rule) -> tree.Node:
        """Return the tree of one of the pack's rules."""
        names = self.named
        if rule.query is not None:
            return self._expr(rule.query, names, frozenset())
        if rule.score is not None:
            return self._score(rule.score, names)
        children = [self._item(item, names) for item in rule.all]
        if rule.any:
            children.append(tree.any_of(self._item(item, names) for item in rule.any))
        return tree.AllOf(tuple(children), tuple(self._item(item, names) for item in rule.none))

    def _score(self, score: packs.Score, names: Mapping[str, tree.Named]) -> tree.Scored:
        clauses = tuple(
            tree.Clause(c.id, c.weight, c.title_bonus, self._expr(c.query, names, frozenset())) for c in score.clauses
        )
        return tree.Scored(clauses, score.threshold, frozenset(score.require))

    def _item(
        self, item: packs.Item, names: Mapping[str, tree.Named], child: tree.Leaf | tree.Named | None = None
    ) -> tree.Node:
        """Return the node of an item; `child`: of its term, where that is no word of a rule."""
        if item.plain:
            return child or self._term(item.term, names)
        child = child or self._alias(item.term, names, None)
        require = tuple(self._term(term, names) for term in item.require)
        forbid = tuple(self._term(term, names) for term in item.forbid)
        return tree.Mention(child, item.lang, item.langs, require, item.within, forbid, item.forbid_within)

    def _term(self, term: terms.Term, names: Mapping[str, tree.Named]) -> tree.Leaf | tree.Named:
        if term.ref is not None:
            return names[term.ref]
        key = (term.parts, term.clitics, term.written)
        if key not in self._leaves:
            self._leaves[key] = tree.leaf(term.parts, term.clitics, term.written)
        return self._leaves[key]

    def _alias(self, term: terms.Term, names: Mapping[str, tree.Named], entity: str | None) -> tree.Leaf | tree.Named:
        """Return an item of a vocabulary, which knows where it stands."""
        if term.ref is not None:
            return names[term.ref]
        return tree.leaf(term.parts, term.clitics, term.written, str(term.place), entity)

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
                return _within(fields, self._term(expr.term, names))
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
        leaf = self._term(operand.term, {})
        assert isinstance(leaf, tree.Leaf), "a metadata field takes no $name"
        return leaf


def _within(fields: frozenset[str], child: tree.Node) -> tree.Node:
    narrow = fields - {"text"}
    return tree.Within(narrow, child) if narrow else child


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> object:
    return regexes.compile_pattern(pattern)


def _pattern(expr: syntax.Regex) -> tree.Pattern:
    return tree.Pattern(_compiled(expr.pattern), f"re:/{expr.pattern}/", str(expr.place))
