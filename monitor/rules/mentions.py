"""RuleSet x Article -> the entities that an article names, whatever its language. Pure.

Rules ask whether an article is about Gaza; stories ask what it names at all, since `$gaza` and `$egypt` are the same in
English, Arabic, Hebrew and French. Folding, clitics, contexts and terms of office are those of the rules.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor import model
from monitor.rules import collector, evaluate, match
from monitor.rules.compile import RuleSet
from monitor.rules.gazetteer import Entity
from monitor.rules.tree import Hit
from monitor.rules.view import View


def mentions(rules: RuleSet, article: model.Article, haystack: bytes | None = None) -> tuple[model.Mention, ...]:
    """Return the entities that `article` names, in the order of their first mentions.

    All entities of the files that the rules are made of, also those that no rule uses. An office is named by its title
    and, on dates within the term, by who held it; the holder is then named, too.

    Args:
        haystack: `match.haystack_of` the article, where it is known already.
    """
    with collector.paused():
        candidates = rules.gazetteer.candidates(match.haystack_of(article) if haystack is None else haystack)
        return _mentions(candidates, View(article, rules.gazetteer.read)) if candidates else ()


def mentions_of_all(rules: RuleSet, article: model.Article) -> tuple[model.Mention, ...]:
    """Return the same as `mentions` by evaluating every entity on all words: the reference it is tested by."""
    return _mentions(rules.gazetteer.entities, View(article))


def _mentions(entities: Iterable[Entity], view: View) -> tuple[model.Mention, ...]:
    found = [_mention(entity, hits, view) for entity in entities if (hits := evaluate.evaluate(entity.node, view))]
    return tuple(sorted(found, key=lambda mention: (mention.first, mention.entity)))


def _mention(entity: Entity, hits: list[Hit], view: View) -> model.Mention:
    first = hits[0].lo
    return model.Mention(entity.id, entity.type, _count(hits), first < view.in_title, first)


def _count(hits: list[Hit]) -> int:
    """Return how many matches there are that do not overlap: "Gaza Strip" is one mention, though "Gaza" is one too."""
    count, behind = 0, -1
    for hit in sorted(hits, key=lambda hit: hit.hi):
        if hit.lo > behind:
            count, behind = count + 1, hit.hi
    return count
