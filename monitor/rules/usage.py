"""Which terms of a pack fired, in how many articles and languages, and which never did. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from monitor import model
from monitor.rules import packs, syntax, terms
from monitor.rules.compile import SENDING
from monitor.rules.yaml_nodes import Place


class Word(NamedTuple):
    """A term as its file writes it, and the entity whose alias it is, as evidence names it."""

    term: str
    entity: str | None


class Row(NamedTuple):
    """How often a term made a rule true. `of_all`, `of_rule`: share of all articles, and of those the rule matched."""

    pack: str
    rule: str
    word: Word
    articles: int
    of_all: float
    of_rule: float
    languages: dict[str, int]


@dataclass(slots=True)
class Usage:
    """Counts of articles, by rule and by term of a rule."""

    articles: int = 0
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    languages: dict[tuple[str, str, Word], Counter[str]] = field(default_factory=dict)

    def add(self, lang: str | None, matches: Iterable[model.Match]) -> None:
        """Count one article with its matches."""
        self.articles += 1
        for match in matches:
            self.rules[match.pack, match.rule] += 1
            for word in {Word(span.term, span.entity) for span in match.evidence}:
                self.languages.setdefault((match.pack, match.rule, word), Counter())[lang or "unknown"] += 1

    def rows(self, pack: str) -> list[Row]:
        """Return the terms of a pack that fired, by rule, the most frequent first."""
        found = [self._row(key, langs) for key, langs in self.languages.items() if key[0] == pack]
        return sorted(found, key=lambda row: (row.rule, -row.articles, row.word.term, row.word.entity or ""))

    def _row(self, key: tuple[str, str, Word], langs: Counter[str]) -> Row:
        count = langs.total()
        ordered = dict(sorted(langs.items(), key=lambda item: (-item[1], item[0])))
        return Row(*key, count, count / self.articles, count / self.rules[key[:2]], ordered)

    def never_fired(self, pack: packs.Pack) -> dict[Word, Place]:
        """Return the terms that could have made a rule of `pack` true and did not, with where they stand."""
        fired = {word for name, _, word in self.languages if name == pack.id}
        return {word: place for word, place in words_of(pack).items() if word not in fired}


def words_of(pack: packs.Pack) -> dict[Word, Place]:
    """Return every term that can be evidence of a recorded rule of `pack`, in the order of the rules."""
    recorded = (rule for rule in pack.rules if rule.traits.status in SENDING)
    return _words(pack, (term for rule in recorded for term in _terms_of_rule(rule)))


def words_of_rule(pack: packs.Pack, rule: packs.Rule) -> dict[Word, Place]:
    """Return every term that can be evidence of one rule.

    Left out: what a rule excludes, what a mention requires or forbids beside it, clauses that take points away, and
    metadata fields, which have no place in the text.
    """
    return _words(pack, _terms_of_rule(rule))


def _words(pack: packs.Pack, terms_: Iterable[terms.Term | syntax.Regex]) -> dict[Word, Place]:
    found: dict[Word, Place] = {}
    seen: set[str] = set()
    for term in terms_:
        _add(pack, term, None, found, seen)
    return found


def _add(
    pack: packs.Pack, term: terms.Term | syntax.Regex, entity: str | None, found: dict[Word, Place], seen: set[str]
) -> None:
    """Put a term, or what its `$name` leads to, into `found`."""
    if isinstance(term, syntax.Regex):
        found.setdefault(Word(f"re:/{term.pattern}/", None), term.place)
    elif term.ref is None:
        found.setdefault(Word(term.written, entity), term.place)
    else:
        _add_name(pack, term.ref, found, seen)


def _add_name(pack: packs.Pack, name: str, found: dict[Word, Place], seen: set[str]) -> None:
    if name in seen:
        return
    seen.add(name)
    vocabulary = pack.vocabularies[name]
    entity = vocabulary.id if vocabulary.kind == "entity" else None
    for item in vocabulary.items:
        _add(pack, item.term, entity, found, seen)
    for holder in vocabulary.holders:
        _add_name(pack, holder.entity, found, seen)


def _terms_of_rule(rule: packs.Rule) -> Iterator[terms.Term | syntax.Regex]:
    yield from (item.term for item in (*rule.all, *rule.any))
    queries = [rule.query] if rule.query is not None else []
    queries += [clause.query for clause in rule.score.clauses if clause.weight > 0] if rule.score is not None else []
    for query in queries:
        yield from _evidence_of(query)


def _evidence_of(expr: syntax.Expr) -> Iterator[terms.Term | syntax.Regex]:
    """Yield the terms of a query whose occurrences are evidence."""
    match expr:
        case syntax.Word():
            yield expr.term
        case syntax.Regex():
            yield expr
        case syntax.And() | syntax.Or() | syntax.Near() | syntax.Together() | syntax.AtLeast():
            for operand in expr.operands:
                yield from _evidence_of(operand)
        case syntax.Apart() | syntax.Times():
            yield from _evidence_of(expr.operand)
        case syntax.Field():
            if expr.name not in syntax.METADATA_FIELDS:
                yield from _evidence_of(expr.operand)
