"""An explanation for programs: the same tree as plain values, as docs/commands.md describes it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from monitor.rules import explain
from monitor.rules.explain_told import Clause, Dropped, Explanation, Found, RuleExplanation


def to_json(told: Explanation) -> dict[str, Any]:
    """Return the explanation as plain values."""
    return {
        "pack": told.pack,
        "ruleset": told.ruleset,
        "title": told.title,
        "lang": told.lang,
        "matched": told.matched,
        "rules": [_rule_json(rule) for rule in told.rules],
        "dropped": [_dropped_json(one) for one in told.dropped],
    }


def _rule_json(rule: RuleExplanation) -> dict[str, Any]:
    score = rule.tree if rule.tree.kind == "score" else None
    return {
        "rule": rule.rule,
        "severity": rule.severity,
        "status": rule.status,
        "matched": rule.true,
        "skipped": rule.skipped or None,
        "score": score.got if score else None,
        "threshold": score.needed if score else None,
        "nearest": None if rule.true else explain.why_not_rule(rule),
        "clauses": [_clause_json(clause) for clause in rule.clauses],
    }


def _clause_json(clause: Clause) -> dict[str, Any]:
    return {
        "role": clause.role,
        "clause": clause.id,
        "node": clause.kind,
        "label": clause.label,
        "true": clause.true,
        "reason": clause.why or None,
        "where": asdict(clause.where) if clause.where else None,
        "gap": clause.gap,
        "allowed": clause.allowed,
        "got": clause.got,
        "needed": clause.needed,
        "weight": clause.weight,
        "points": clause.points,
        "mentions": clause.mentions,
        "found": [_found_json(found) for found in clause.found],
        "dropped": [_dropped_json(one) for one in clause.dropped],
        "children": [_clause_json(child) for child in clause.children],
    }


def _found_json(found: Found) -> dict[str, Any]:
    return {**asdict(found), "clitics": list(found.clitics)}


def _dropped_json(dropped: Dropped) -> dict[str, Any]:
    return {
        **_found_json(dropped.found),
        "reason": dropped.why,
        "gap": dropped.gap,
        "allowed": dropped.allowed,
    }
