"""A worker's task: why the packs of a rule file are true of an article or are not, ready to be shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from monitor import model
from monitor.rules import explain, explain_json, explain_text, live
from monitor.rules.explain_told import Explanation


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one pack says of an article."""

    pack: str
    matched: bool
    nearest: str
    """The clause that kept the nearest of its rules from being true; empty where one is."""
    text: str
    """The explanation for people, in lines."""
    tree: dict[str, Any]
    """The same for programs (docs/commands.md, `explain --json`)."""


def judge(rules_path: str, packs: Sequence[str], article: model.Article) -> tuple[Judgement, ...]:
    """Return the judgement of some packs, of all where none is named; a pack that is not there is left out.

    Args:
        rules_path: File with the rule source.
    Raises: RuleError, where the source cannot be read.
    """
    rules = live.of_file(rules_path)
    asked = [name for name in packs if name in rules.packs] if packs else sorted(rules.packs)
    return tuple(_judgement(explain.explain(rules, name, article)) for name in asked)


def _judgement(told: Explanation) -> Judgement:
    nearest = "" if told.matched else _nearest(told)
    return Judgement(told.pack, told.matched, nearest, explain_text.to_text(told), explain_json.to_json(told))


def _nearest(told: Explanation) -> str:
    if not told.rules:
        return "no rule of the pack is switched on"
    best = max(told.rules, key=lambda rule: (not rule.skipped, rule.tree.nearness))
    return f"rule {best.rule}: {explain.why_not_rule(best)}"
