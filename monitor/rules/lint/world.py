"""What lints look at, walked once: rules, terms with what silences them, what stands behind a $name, a corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from monitor import model
from monitor.rules import evaluate, packs, syntax, terms, tree
from monitor.rules.load import Loaded
from monitor.rules.packs import Item, Pack, Rule, Vocabulary
from monitor.rules.view import View

TermKey = tuple[str | None, tuple[terms.Part, ...], bool]


class Use(NamedTuple):
    """A term where it is written, and the codes that `lint_ok` silences there.

    `item`: the item that it is the name of; None for words of a query, of `require` and of `forbid`.
    """

    term: terms.Term
    silenced: frozenset[str]
    item: Item | None


class Group(NamedTuple):
    """Terms that stand together: one of them is enough, or `every` one must be found."""

    items: tuple[Item, ...]
    silenced: frozenset[str]
    every: bool


class Behind(NamedTuple):
    """An item that a $name leads to. `free`: every mention counts, on the whole way."""

    item: Item
    free: bool
    silenced: frozenset[str]


class Finder(NamedTuple):
    """What some terms find: words and phrases, and the beginnings of words."""

    words: frozenset[tuple[terms.Part, ...]]
    heads: frozenset[str]

    @classmethod
    def of(cls, found: Iterable[terms.Term]) -> Finder:
        """Return what `found`, none of which is a $name, finds."""
        parts = [term.parts for term in found]
        heads = (p[0].folded for p in parts if len(p) == 1 and p[0].prefix and "?" not in p[0].folded)
        return cls(frozenset(parts), frozenset(heads))

    def finds(self, term: terms.Term) -> bool:
        """Return whether every mention of `term`, which is no $name, is one of the name's."""
        word = term.parts[0]
        plain = tuple(part._replace(exact=None) for part in term.parts)
        if term.parts in self.words or plain in self.words:
            return True
        return len(term.parts) == 1 and any(word.folded[:n] in self.heads for n in range(3, len(word.folded) + 1))


class RuleOf(NamedTuple):
    """A rule with its pack; retired ones are left out."""

    pack: Pack
    rule: Rule


@dataclass(frozen=True)
class World:
    """Everything that lints look at. `matched`, `days`: see `lint`."""

    loaded: Loaded
    today: datetime
    corpus: tuple[model.Article, ...] = ()
    matched: Mapping[tuple[str, str], datetime | None] = field(default_factory=dict)
    days: int = 90
    _behind: dict[int, tuple[Behind, ...]] = field(default_factory=dict)
    _finders: dict[int, Finder] = field(default_factory=dict)

    @cached_property
    def rules(self) -> tuple[RuleOf, ...]:
        """Every rule that is not retired."""
        found = (RuleOf(pack, rule) for pack in self.loaded.packs for rule in pack.rules)
        return tuple(one for one in found if one.rule.traits.status != "retired")

    def rules_for(self, code: str) -> Iterator[RuleOf]:
        """Yield every rule where `code` is not silenced."""
        return (one for one in self.rules if code not in one.rule.traits.lint_ok)

    def rules_of(self, pack: Pack, code: str) -> list[Rule]:
        """Return the rules of `pack` that are not retired and where `code` is not silenced."""
        found = (rule for rule in pack.rules if rule.traits.status != "retired")
        return [rule for rule in found if code not in rule.traits.lint_ok]

    @cached_property
    def vocabularies(self) -> tuple[tuple[Vocabulary, frozenset[str]], ...]:
        """Every entity, global list and list of a pack, with what is silenced there."""
        found = [(v, v.lint_ok) for v in self.loaded.vocabularies]
        for pack in self.loaded.packs:
            found += [(pack.vocabularies[name], pack.traits.lint_ok) for name in sorted(pack.local)]
        return tuple(found)

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every term that is written anywhere, but for the values of metadata fields."""
        found: list[Use] = []
        for vocabulary, silenced in self.vocabularies:
            found += _uses(vocabulary.items, silenced)
        for _, rule in self.rules:
            silenced = rule.traits.lint_ok
            found += _uses((*rule.any, *rule.all, *rule.none), silenced)
            found += [Use(w.term, silenced, None) for expr in queries_of(rule) for w in text_words(expr)]
        return tuple(found)

    def uses_for(self, code: str) -> Iterator[Use]:
        """Yield every term where `code` is not silenced."""
        return (use for use in self.uses if code not in use.silenced)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """Terms that stand together in a list, an entity, a rule, an OR, an AND or the NOTs of one AND."""
        found = [Group(v.items, silenced, False) for v, silenced in self.vocabularies]
        for _, rule in self.rules:
            silenced = rule.traits.lint_ok
            found += [Group(rule.any, silenced, False), Group(rule.none, silenced, False)]
            found.append(Group(rule.all, silenced, True))
            for expr in queries_of(rule):
                found += [Group(_items(o), silenced, every) for o, every in operand_groups(expr)]
        return tuple(group for group in found if len(group.items) > 1)

    def behind(self, pack: Pack, name: str) -> tuple[Behind, ...]:
        """Return every item that `$name` leads to in `pack`, through other names and holders of offices."""
        vocabulary = pack.vocabularies[name]
        if id(vocabulary) not in self._behind:
            # Each item once: lists that name one another twice would double with every level.
            found = {(id(one.item), one.free): one for one in self._follow(pack, vocabulary)}
            self._behind[id(vocabulary)] = tuple(found.values())
        return self._behind[id(vocabulary)]

    def _follow(self, pack: Pack, vocabulary: Vocabulary) -> Iterator[Behind]:
        own = vocabulary.lint_ok | (pack.traits.lint_ok if vocabulary.id in pack.local else frozenset())
        for item in vocabulary.items:
            free = not (item.require or item.forbid)
            if item.term.ref is None:
                yield Behind(item, free, own | item.lint_ok)
                continue
            for one in self.behind(pack, item.term.ref):
                yield Behind(one.item, one.free and free, one.silenced | item.lint_ok)
        for holder in vocabulary.holders:
            yield from self.behind(pack, holder.entity)

    def finder(self, pack: Pack, name: str) -> Finder:
        """Return what `$name` finds in `pack`."""
        vocabulary = pack.vocabularies[name]
        if id(vocabulary) not in self._finders:
            found = (behind.item.term for behind in self.behind(pack, name))
            self._finders[id(vocabulary)] = Finder.of(found)
        return self._finders[id(vocabulary)]

    @cached_property
    def shares(self) -> Mapping[TermKey, int]:
        """Term -> how many articles of the corpus hold it; only of terms that lints ask about."""
        asked = {*(key_of(term) for pack in self.loaded.packs for term in own_terms(pack))}
        asked |= {key_of(use.term) for use in self.uses if use.term.ref is None}
        return count_terms(asked, self.corpus)


def _uses(items: Iterable[Item], silenced: frozenset[str]) -> Iterator[Use]:
    for item in items:
        own = silenced | item.lint_ok
        yield Use(item.term, own, item)
        yield from (Use(term, own, None) for term in (*item.require, *item.forbid))


def key_of(term: terms.Term) -> TermKey:
    """Return what makes two terms the same, however they are written."""
    return term.ref, term.parts, term.clitics


def all_terms(items: Iterable[Item]) -> Iterator[terms.Term]:
    """Yield the terms of items with those of their contexts."""
    for item in items:
        yield from (item.term, *item.require, *item.forbid)


def items_of(rule: Rule) -> tuple[Item, ...]:
    """Return the items of a list rule."""
    return (*rule.all, *rule.any, *rule.none)


def own_terms(pack: Pack) -> Iterator[terms.Term]:
    """Yield the terms that are written in the pack's own file and look for words of an article."""
    for name in sorted(pack.local):
        yield from (item.term for item in pack.vocabularies[name].items if item.term.parts)
    for rule in pack.rules:
        if rule.traits.status != "retired":
            yield from (item.term for item in items_of(rule) if item.term.parts)
            yield from (w.term for expr in queries_of(rule) for w in text_words(expr) if w.term.parts)


# -- queries ---------------------------------------------------------------------------------------


def queries_of(rule: Rule) -> Iterator[syntax.Expr]:
    """Yield the query of a rule, or those of its clauses."""
    if rule.query is not None:
        yield rule.query
    if rule.score is not None:
        yield from (clause.query for clause in rule.score.clauses)


def in_text(expr: syntax.Expr) -> Iterator[syntax.Expr]:
    """Yield `expr` and all below it but the values of metadata fields."""
    yield expr
    if isinstance(expr, syntax.Field) and expr.name in syntax.METADATA_FIELDS:
        return
    for operand in syntax.operands_of(expr):
        yield from in_text(operand)


def text_words(expr: syntax.Expr) -> Iterator[syntax.Word]:
    """Yield the words, phrases and $names that are looked for in the text."""
    return (part for part in in_text(expr) if isinstance(part, syntax.Word))


def wanted_words(expr: syntax.Expr) -> Iterator[syntax.Word]:
    """Yield the words of the text that make `expr` true: not those that it excludes."""
    named = {id(word) for word in text_words(expr)}
    return (word for word in syntax.wanted(expr) if id(word) in named)


def flat(expr: syntax.Or) -> Iterator[syntax.Expr]:
    """Yield the operands of an OR; an OR in brackets among them is as good as its own operands."""
    for operand in expr.operands:
        if isinstance(operand, syntax.Or):
            yield from flat(operand)
        else:
            yield operand


def flat_groups(expr: syntax.Expr) -> Iterator[tuple[syntax.Expr, ...]]:
    """Yield the operands of which one is enough, of each OR and each list of NOTs."""
    return (operands for operands, every in operand_groups(expr) if not every)


def operand_groups(expr: syntax.Expr) -> Iterator[tuple[tuple[syntax.Expr, ...], bool]]:
    """Yield (operands that stand together, whether every one must be true) of each OR, AND and list of NOTs."""
    inner: set[int] = set()
    for part in in_text(expr):
        if isinstance(part, syntax.Or):
            inner |= {id(operand) for operand in part.operands if isinstance(operand, syntax.Or)}
            if id(part) not in inner:
                yield tuple(flat(part)), False
        elif isinstance(part, syntax.And):
            yield part.operands, True
            yield tuple(o for w in part.without for o in (flat(w) if isinstance(w, syntax.Or) else (w,))), False


def _items(operands: Iterable[syntax.Expr]) -> tuple[Item, ...]:
    return tuple(packs.Item(operand.term) for operand in operands if isinstance(operand, syntax.Word))


def sufficient(expr: syntax.Expr) -> Iterator[terms.Term]:
    """Yield the terms of which one mention anywhere makes `expr` true."""
    match expr:
        case syntax.Word():
            yield expr.term
        case syntax.Or():
            for operand in expr.operands:
                yield from sufficient(operand)
        case syntax.AtLeast(count=1):
            for operand in expr.operands:
                yield from sufficient(operand)
        case syntax.And(operands=(operand,)):
            yield from sufficient(operand)
        case _:
            return


# -- corpus ----------------------------------------------------------------------------------------


def count_terms(asked: Iterable[TermKey], articles: Iterable[model.Article]) -> Mapping[TermKey, int]:
    """Return in how many articles each term stands."""
    keys = tuple(asked)
    leaves = tuple(tree.leaf(parts, clitics, "") for _, parts, clitics in keys)
    names = {id(leaf): key for leaf, key in zip(leaves, keys, strict=True)}
    index = tree.any_of(leaves)
    found: Counter[TermKey] = Counter()
    for article in articles:
        view = View(article)
        for leaf in index.worth_asking(view):
            if evaluate.holds(leaf, view):
                found[names[id(leaf)]] += 1
    return found
