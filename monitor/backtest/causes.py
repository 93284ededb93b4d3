"""Why an alert was gained or lost: the terms that did it, and a sentence.

A term that the other side does not know at all is the cause. Where there is none, the other side's rule is asked why it
is not true of the article (`rules.explain`): it excludes a word, or its clauses ask for more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from monitor import model
from monitor.backtest import compare
from monitor.backtest.values import Change, Ruled, Seen, Side, Told
from monitor.rules import explain, usage
from monitor.rules.compile import CompiledRule, RuleSet
from monitor.rules.explain_told import Clause
from monitor.rules.usage import Word
from monitor.rules.view import View

MOST_EXPLAINED = 500
"""Changes whose article is judged again to say why; it takes some milliseconds each."""
MOST_NAMED = 4
"""Terms that a sentence names."""
OTHER: Mapping[Side, Side] = {"live": "edited", "edited": "live"}


@dataclass(frozen=True, slots=True)
class Known:
    """What both sides saw and decided, and the rules that they did it by."""

    seen: Mapping[int, Seen]
    ruled: Mapping[Side, Mapping[tuple[int, str], Ruled]]
    rules: Mapping[Side, RuleSet]
    articles: Mapping[int, model.Article]
    """With their texts, by revision; those that are not in it are not judged again."""


def asks_for_text(change: Change, seen: Mapping[int, Seen], rules: Mapping[Side, RuleSet]) -> int | None:
    """Return the revision that must be judged again to say why; None where it is plain."""
    found = _one_sided(change)
    if found is None:
        return None
    told, side = found
    one = seen[told.revision_id]
    if _of_pack(one.matches[OTHER[side]], told.pack) or _unknown(one, told.pack, side, rules[OTHER[side]]):
        return None
    return told.revision_id


def with_cause(change: Change, known: Known) -> Change:
    """Return a change with the terms that caused it, and why."""
    found = _one_sided(change)
    if found is None:
        assert change.before is not None, "it moved"
        assert change.after is not None, "it moved"
        return replace(change, why=compare.how_it_moved(change.before, change.after))
    told, side = found
    words, why = _cause(told, side, known)
    return replace(change, words=words, why=why)


def _one_sided(change: Change) -> tuple[Told, Side] | None:
    """Return the alert that only one side has, and which side that is."""
    if change.before is None and change.after is not None:
        return change.after, "edited"
    if change.after is None and change.before is not None:
        return change.before, "live"
    return None


def _cause(told: Told, side: Side, known: Known) -> tuple[tuple[Word, ...], str]:
    one, other = known.seen[told.revision_id], OTHER[side]
    if _of_pack(one.matches[other], told.pack):
        return (), _decided(known.ruled[other].get((told.revision_id, told.pack)), other)
    unknown = _unknown(one, told.pack, side, known.rules[other])
    if unknown:
        return unknown, f"{_named(unknown)} {'is new' if side == 'edited' else 'is gone'}"
    words = _words(_of_pack(one.matches[side], told.pack))
    article = known.articles.get(told.revision_id)
    rules = _rules_like(known.rules[other], told)
    if not rules:
        name = ", ".join(told.rules)
        return words, f"rule {name} is {'new' if side == 'edited' else 'gone'}: {_named(words)}"
    if article is None:
        return words, f"by {_named(words)}"
    return _explained(rules, article, words, other)


def _explained(
    rules: Sequence[CompiledRule], article: model.Article, words: tuple[Word, ...], other: Side
) -> tuple[tuple[Word, ...], str]:
    """Return why the other side's rules are not true of an article, and the words that they exclude it by."""
    view = View(article)
    told = max((explain.explain_rule(rule, view) for rule in rules), key=lambda one: one.tree.nearness)
    if told.true:
        return words, f"{other}: rule {told.rule} is {told.status}"
    excluded = tuple(dict.fromkeys(_excluding(told.tree))) if not told.skipped else ()
    return excluded or words, f"{other}: rule {told.rule}: {explain.why_not_rule(told)}"


def _excluding(tree: Clause) -> Iterable[Word]:
    for clause in explain.blockers(tree) if tree.kind != "score" else ():
        if clause.true:
            yield from (Word(found.term, found.entity) for found in clause.found)


def _rules_like(rules: RuleSet, told: Told) -> list[CompiledRule]:
    return [rule for rule in rules.rules_of(told.pack) if rule.id in told.rules]


def _decided(made: Ruled | None, side: Side) -> str:
    if made is None:
        return f"{side}: nothing was decided"
    return f"{side} matches it too: {made.outcome}, {made.reason.replace('_', ' ')}"


def _unknown(one: Seen, pack: str, side: Side, other: RuleSet) -> tuple[Word, ...]:
    """Return the terms of the matches of a side that no rule of the other side's pack has."""
    if pack not in other.packs:
        return ()
    known = usage.words_of(other.packs[pack])
    return tuple(word for word in _words(_of_pack(one.matches[side], pack)) if word not in known)


def _of_pack(found: Iterable[model.Match], pack: str) -> list[model.Match]:
    return [match for match in found if match.pack == pack]


def _words(found: Iterable[model.Match]) -> tuple[Word, ...]:
    return tuple(dict.fromkeys(Word(span.term, span.entity) for match in found for span in match.evidence))


def _named(words: Sequence[Word]) -> str:
    shown = ", ".join(f"`{word.term}`" for word in words[:MOST_NAMED])
    return shown + (f" and {len(words) - MOST_NAMED} more" if len(words) > MOST_NAMED else "")
