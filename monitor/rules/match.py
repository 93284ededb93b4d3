"""RuleSet x Article -> matches. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from monitor import model, text
from monitor.rules import collector, evaluate, tree
from monitor.rules.compile import CompiledRule, RuleSet
from monitor.rules.packs import EVERY_SOURCE, Sources, Traits
from monitor.rules.presence import Presence
from monitor.rules.tree import Hit
from monitor.rules.view import View

MOST_EVIDENCE = 50
"""Spans that a match keeps: every term's first occurrence before any second one."""


def match_article(rules: RuleSet, article: model.Article, haystack: bytes | None = None) -> tuple[model.Match, ...]:
    """Return the live and test rules that `article` makes true, by pack and rule.

    Judges languages, sources and `active`; never `max_age`, which depends on the clock of who decides.

    Args:
        haystack: `haystack_of` the article, where it is known already.
    """
    with collector.paused():
        words = haystack_of(article) if haystack is None else haystack
        candidates = rules.candidates(words)
        return _judge(candidates, article, Presence(words)) if candidates else ()


def haystack_of(article: model.Article) -> bytes:
    """Return every form of every word that is read of an article (`text.haystack`): what pre-selections look into."""
    return text.haystack(text.cut(article.title)[0], text.cut(article.text)[0])


def may_match(rules: RuleSet, haystack: bytes) -> bool:
    """Return False only if no live or test rule can match any article whose forms all stand in `haystack`.

    A rule without a word that must occur (negations, fields, patterns alone) may always match.
    """
    with collector.paused():
        candidates = rules.candidates(haystack)
        if not candidates:
            return False
        there = Presence(haystack)
        return any(there.allows(rule.node) for rule in candidates)


def match_everything(rules: RuleSet, article: model.Article) -> tuple[model.Match, ...]:
    """Return the same as `match_article` by evaluating every rule: the reference that pre-selection is tested by."""
    return _judge((rule for rule in rules.rules if rule.recorded), article, None)


def match_among(rules: Iterable[CompiledRule], article: model.Article) -> tuple[model.Match, ...]:
    """Return the same as `match_article` of recorded rules that were selected otherwise."""
    with collector.paused():
        return _judge(rules, article, None)


def _judge(rules: Iterable[CompiledRule], article: model.Article, there: Presence | None) -> tuple[model.Match, ...]:
    """Return the rules that are true. `there` saves the work of cutting the article into words where none can be."""
    view: View | None = None
    matches = []
    for rule in rules:
        if why_not(rule.rule.traits, article) is not None:
            continue
        if view is None:
            if there is not None and not there.allows(rule.node):
                continue
            view = View(article)
        if evaluate.holds(rule.node, view):
            traits, score = rule.rule.traits, score_of(rule, view)
            found = evidence_of(evaluate.evidence(rule.node, view), view)
            matches.append(model.Match(rule.pack, rule.id, traits.severity, traits.status, found, score))
    return tuple(matches)


def score_of(rule: CompiledRule, view: View) -> int | None:
    """Return the points of a score rule, None for any other."""
    return evaluate.score(rule.node, view) if isinstance(rule.node, tree.Scored) else None


def why_not(traits: Traits, article: model.Article) -> str | None:
    """Return why a rule does not look at `article` at all, or None if it does."""
    if traits.languages is not None:
        lang = article.lang.replace("_", "-").split("-")[0].casefold() if article.lang else None
        if lang and lang not in traits.languages:
            return f"language {lang} is not among {', '.join(sorted(traits.languages))}"
    if traits.sources is not EVERY_SOURCE and (why := _why_not_source(traits.sources, article)):
        return why
    return _why_not_active(traits, article)


def _why_not_source(sources: Sources, article: model.Article) -> str | None:
    names, groups = {article.source, article.newsroom}, set(article.groups)
    if names & sources.deny or groups & sources.deny_groups:
        return f"source {article.source or article.newsroom} is denied"
    if (sources.allow or sources.allow_groups) and not (names & sources.allow or groups & sources.allow_groups):
        return f"source {article.source or article.newsroom or '(unknown)'} is not allowed"
    return None


def _why_not_active(traits: Traits, article: model.Article) -> str | None:
    moment = article.published or article.first_seen
    if moment is None or (traits.active_from is None and traits.active_to is None):
        return None
    if traits.active_from is not None and moment < traits.active_from:
        return f"not active before {traits.active_from:%Y-%m-%d %H:%M} UTC"
    if traits.active_to is not None and moment >= traits.active_to:
        return f"not active since {traits.active_to:%Y-%m-%d %H:%M} UTC"
    return None


def evidence_of(leaves: Iterable[Hit], view: View) -> tuple[model.Evidence, ...]:
    """Return the places in the original text that made a node true, title first, each place once."""
    first: dict[tuple[int, int], tree.Leaf | tree.Pattern] = {}
    later: dict[tuple[int, int], tree.Leaf | tree.Pattern] = {}
    terms: set[str] = set()
    for lo, hi, leaf in leaves:
        assert not isinstance(leaf, tuple), "evidence is made of leaves"
        key = (lo, hi)
        if key not in first and key not in later:
            (later if leaf.term in terms else first)[key] = leaf
            terms.add(leaf.term)
    kept = sorted([*first.items(), *later.items()][:MOST_EVIDENCE], key=_place)
    return tuple(view.evidence(lo, hi, leaf.term, leaf.entity) for (lo, hi), leaf in kept)


def _place(item: tuple[tuple[int, int], object]) -> tuple[int, int]:
    return item[0]
