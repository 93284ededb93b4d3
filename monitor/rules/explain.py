"""Why a rule fired, or which clause failed and how near it came: a pack's judgement of one article.

`explain_told` holds the values, `explain_clauses` makes the clauses of a rule, with `explain_terms` for words that are
dropped and `explain_gaps` for words that stand too far apart; `explain_labels` names them, `explain_text` writes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from monitor import errors, model
from monitor.rules import explain_clauses as clauses
from monitor.rules import explain_terms as terms
from monitor.rules.compile import CompiledRule, RuleSet
from monitor.rules.explain_told import NOT_FOUND, Clause, Explanation, RuleExplanation
from monitor.rules.match import why_not
from monitor.rules.view import View

MOST_BLOCKERS = 2
"""Clauses that a line tells of."""


def explain(rules: RuleSet, pack: str, article: model.Article) -> Explanation:
    """Return why the rules of `pack` match `article` or do not.

    Raises: RuleError, where the set holds no such pack.
    """
    if pack not in rules.packs:
        known = ", ".join(rules.packs) or "none"
        message = f"no pack `{pack}`; there is {known}"
        raise errors.RuleError([errors.Fault("rules", None, None, "unknown_pack", message)])
    view = View(article)
    own = rules.rules_of(pack)
    told = tuple(explain_rule(rule, view) for rule in own)
    matched = any(rule.true and rule.recorded for rule in told)
    dropped = terms.all_dropped([rule.node for rule in own], view)
    return Explanation(pack, rules.id, article.title, article.lang, matched, told, dropped)


def explain_rule(rule: CompiledRule, view: View) -> RuleExplanation:
    """Return why a rule is true of an article, or is not."""
    traits = rule.rule.traits
    skipped = why_not(traits, view.article) or ""
    tree = clauses.tree_of(rule.rule, rule.node, view)
    return RuleExplanation(rule.id, traits.severity, traits.status, tree.true and not skipped, skipped, tree)


# -- the nearest clause ----------------------------------------------------------------------------


def nearest(rules: Iterable[CompiledRule], article: model.Article) -> str:
    """Return which clause kept the rule that came nearest from being true."""
    view = View(article)
    told = [explain_rule(rule, view) for rule in rules]
    if not told:
        return "no rule of the pack is switched on"
    best = max(told, key=lambda rule: (not rule.skipped, rule.tree.nearness))
    return f"rule {best.rule}: {why_not_rule(best)}"


def why_not_rule(rule: RuleExplanation) -> str:
    """Return in one line why a rule is not true: the clause that came nearest first."""
    if rule.skipped:
        return rule.skipped
    if rule.tree.kind == "score":
        return "; ".join([rule.tree.why, *_lost_points(rule.tree)])
    bad = list(blockers(rule.tree))
    near = [one_line(clause) for clause in bad if clause.true or clause.why != NOT_FOUND]
    absent = [clause for clause in bad if not clause.true and clause.why == NOT_FOUND]
    return "; ".join([*near[:MOST_BLOCKERS], *([clauses.missing_words(absent)] if absent else [])])


def _lost_points(tree: Clause) -> Iterator[str]:
    lost = (c for c in tree.children if (not c.true and (c.weight or 0) > 0) or (c.points or 0) < 0)
    for clause in sorted(lost, key=lambda clause: clause.pull, reverse=True)[:MOST_BLOCKERS]:
        yield f"{points_text(clause)}: {clauses.excluded(clause) if clause.true else _why_lost(clause)}"


def _why_lost(clause: Clause) -> str:
    inner = next(blockers(clause))
    return f"{inner.label} {NOT_FOUND}" if inner.why == NOT_FOUND else one_line(inner)


def points_text(clause: Clause) -> str:
    """Return what a clause of a score gives: `host +20`, `refusal +20 (+15, +5 for the title)`, `inside 0 of -20`."""
    if not clause.true:
        return f"{clause.id} 0 of {clause.weight:+}"
    bonus = (clause.points or 0) - (clause.weight or 0)
    return f"{clause.id} {clause.points:+}" + (f" ({clause.weight:+}, {bonus:+} for the title)" if bonus else "")


def blockers(clause: Clause) -> Iterator[Clause]:
    """Yield the innermost clauses that keep `clause` from being as it should, the nearest first."""
    if clause.true or clause.kind != "all":
        inner = clause.innermost
        yield from (inner,) if inner is clause or inner.kind != "all" else blockers(inner)
    else:
        bad = [child for child in clause.children if not child.good]
        for child in sorted(bad, key=lambda child: -child.nearness):
            yield from blockers(child)


def one_line(clause: Clause) -> str:
    """Return a clause that is not as it should be, and why, with the words that came nearest."""
    if clause.true:
        return f"NOT {clauses.excluded(clause)}"
    far = clause.gap is not None and clause.kind != "apart"
    words = " … ".join(terms.in_quotes(found.text) for found in clause.found)
    return f"{clause.label}: {clause.why}" + (f" ({words})" if words and far else "")
