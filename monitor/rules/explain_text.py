"""An explanation for people, a line a clause and the most telling first."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from monitor.rules import explain
from monitor.rules.explain_terms import in_quotes, printable
from monitor.rules.explain_told import DISTANCE, NOT_FOUND, Clause, Dropped, Explanation, Found, RuleExplanation

MOST_ALSO = 2
"""Further words of a clause that are named."""

MOST_WORDS = 6
"""Words of an operator of distance, one for each operand."""

MOST_MISSED = 2
"""Alternatives that are not there, and clauses of a score, which are named beside those that are."""

MOST_MISSING = 4
"""The same where none is there."""

MOST_DROPPED = 3
"""Dropped mentions that are named at the end."""

MOST_IN_FULL = 3
"""Rules that are not true whose clauses are shown, where no rule is true."""

MOST_IN_SHORT = 7
"""Further rules that take a line."""

MOST_NAMED = 6
"""Clauses of a score of which only id and weight are told."""

LONGEST_TITLE = 100
LONGEST_REASON = 200
LONGEST_OUTER = 40
"""Characters of a label that is there only to say in what the clause stands that failed."""

WIDTH = 120
_SEPARATOR = "   "
_STEP = "    "


def to_text(told: Explanation) -> str:
    """Return the explanation for people: rules that fired, then those that did not, the nearest first."""
    title = _cut(printable(told.title), LONGEST_TITLE)
    verdict = "MATCH" if told.matched else "no match"
    lines = [f"{told.pack}  {verdict}  {told.lang or 'language unknown'}  {in_quotes(title)}"]
    fired = [rule for rule in told.rules if rule.true]
    for rule in fired:
        lines += [_rule_head(rule), *_rule_clauses(rule)]
    others = sorted((rule for rule in told.rules if not rule.true), key=_farness)
    in_full = [] if told.matched else [rule for rule in others[:MOST_IN_FULL] if _says_more(rule)]
    for rule in in_full:
        lines += [_rule_head(rule), *_rule_clauses(rule)]
    rest = [rule for rule in others if rule not in in_full]
    lines += map(_rule_line, rest[:MOST_IN_SHORT])
    if len(rest) > MOST_IN_SHORT:
        lines.append(f"  and no: {', '.join(rule.rule for rule in rest[MOST_IN_SHORT:])}")
    return "\n".join([*lines, *_dropped_lines(told.dropped)])


# -- rules -----------------------------------------------------------------------------------------


def _farness(rule: RuleExplanation) -> tuple[bool, float]:
    return bool(rule.skipped), -rule.tree.nearness


def _rule_head(rule: RuleExplanation) -> str:
    return f"  rule {rule.rule}  {f'MATCH  {rule.severity}' if rule.true else 'no'}{_points(rule)}{_status(rule)}"


def _rule_line(rule: RuleExplanation) -> str:
    """Return a rule that is not true in one line."""
    there = ", ".join(_short(clause) for clause in rule.clauses if clause.true and clause.good)
    more = f" (there: {there})" if there and not rule.skipped and rule.tree.kind != "score" else ""
    return f"  rule {rule.rule}  no: {_cut(explain.why_not_rule(rule) + more, LONGEST_REASON)}{_status(rule)}"


def _rule_clauses(rule: RuleExplanation) -> Iterator[str]:
    """Yield the clauses of a rule, what decided it first."""
    bad = sorted((clause for clause in rule.clauses if not clause.good), key=lambda clause: clause.pull, reverse=True)
    good = [clause for clause in rule.clauses if clause.good]
    if rule.tree.kind == "score":
        good.sort(key=lambda clause: -abs(clause.points or 0))
        there, missing = [clause for clause in good if clause.true], list(_few(bad, "nor there", rule.true))
        idle = [clause for clause in good if not clause.true]
        present = [*_few(there, "also there", False), *_named_only("+ none there", idle)]
    else:
        present = [line for clause in good for line in _clause_lines(clause, _STEP)]
        missing = [line for clause in bad for line in _clause_lines(clause, _STEP)]
    yield from [*present, *missing] if rule.true else [*missing, *present]


def _few(clauses: Sequence[Clause], others: str, short: bool) -> Iterator[str]:
    """Yield the first clauses of a score, and the names of the others."""
    most = MOST_MISSED if short else MOST_MISSING
    for clause in clauses[:most]:
        yield from _clause_lines(clause, _STEP)
    sign = "+" if clauses and clauses[0].good else "-"
    yield from _named_only(f"{sign} {others}", clauses[most:])


def _named_only(head: str, clauses: Sequence[Clause]) -> Iterator[str]:
    if clauses:
        more = f" and {len(clauses) - MOST_NAMED} more" if len(clauses) > MOST_NAMED else ""
        yield f"{_STEP}{head}: {', '.join(f'{c.id} {c.weight:+}' for c in clauses[:MOST_NAMED])}{more}"


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _says_more(rule: RuleExplanation) -> bool:
    """Return whether there is more to say than that words are not there."""
    if rule.skipped or rule.tree.kind == "score":
        return not rule.skipped and any(clause.nearness > 0 for clause in rule.clauses)
    return any(clause.true or clause.nearness > 0 for clause in explain.blockers(rule.tree))


def _points(rule: RuleExplanation) -> str:
    tree = rule.tree
    if tree.kind != "score":
        return ""
    lacking = "" if tree.true or (tree.got or 0) < (tree.needed or 0) else f": {tree.why.partition(', but ')[2]}"
    return f"  {tree.got} of {tree.needed} points{lacking}"


def _status(rule: RuleExplanation) -> str:
    notes = {"test": "  (status test: recorded, not sent)", "draft": "  (status draft: judged only here and in tests)"}
    return notes.get(rule.status, "")


def _short(clause: Clause) -> str:
    return f"{clause.label} {in_quotes(clause.found[0].text)}" if clause.found and clause.plain else clause.label


# -- clauses ---------------------------------------------------------------------------------------

_GROUPS = ("or", "all", "at_least")


def _clause_lines(clause: Clause, indent: str) -> Iterator[str]:
    points = f"{explain.points_text(clause)}  " if clause.id is not None else ""
    yield f"{indent}{'+' if clause.good else '-'} {points}{_head(clause)}"
    if clause.role == "none" or clause.plain:
        return
    core = _core(clause)
    if clause.kind in _GROUPS:
        yield from _alternatives(clause.children, indent + "  ")
    elif core.kind in DISTANCE and all(child.true for child in core.children):
        yield from _flowing([_operand(child) for child in core.children], indent + _STEP)


def _core(clause: Clause) -> Clause:
    """Return what to show of a clause: of NOTNEAR, and of a choice in it, the operator whose match it is; else itself.

    Of a false one it is the clause that came nearest.
    """
    if not clause.true:
        return clause.innermost
    while not clause.plain and (clause.kind == "apart" or (clause.kind == "or" and clause.decisive is not None)):
        clause = clause.children[0] if clause.kind == "apart" else clause.decisive or clause
    return clause


def _head(clause: Clause) -> str:
    if clause.role == "none":
        return f"NOT {clause.label}: " + (f"{_spans(clause)}, {_where(clause)}" if clause.true else "none there")
    if clause.plain:
        return _named(clause) if clause.true else f"{clause.label}: {clause.why}"
    if clause.true:
        state = _state(clause)
        return f"{_heading(clause)}: {state}" if state else _heading(clause)
    core = _core(clause)
    if clause.kind in ("or", "all") or core is clause or core.kind in ("or", "all"):
        return f"{_heading(clause)}: {_reason(clause)}"
    outer = "" if clause.kind == "apart" else f"{_cut(clause.label, LONGEST_OUTER)}: "
    return f"{outer}{core.label}: {_reason(core)}"


def _heading(clause: Clause) -> str:
    grouped = clause.kind in ("or", "all") and not clause.plain
    return {"or": "one of these", "all": "all of these"}[clause.kind] if grouped else clause.label


def _reason(clause: Clause) -> str:
    if clause.kind in ("or", "all") and not clause.plain:
        return NOT_FOUND if clause.nearness == 0 else "none is true" if clause.kind == "or" else "not all are true"
    if clause.kind == "times" and clause.found:
        return f"{clause.why}, {_spans(clause)}"
    return clause.why + (f", {_where(clause)}" if clause.gap is not None and clause.where else "")


def _state(clause: Clause) -> str:
    """Return what makes a clause true that is more than a name."""
    match clause.kind:
        case "near" | "then":
            return f"gap {clause.gap} of {clause.allowed}, {_where(clause)}"
        case "sentence" | "paragraph":
            return _where(clause)
        case "at_least":
            return f"{clause.got} of {clause.needed} needed"
        case "times":
            return f"found {clause.got} of {clause.needed}, {_spans(clause)}"
        case "apart":
            core = _core(clause)
            return f"{_operand(core)}, {_where(core)}" if core.plain or core.kind == "apart" else _state(core)
        case _:
            return ""


def _alternatives(below: Sequence[Clause], indent: str) -> Iterator[str]:
    """Yield what is as it should be, then what is not, the nearest first and no more than a few."""
    for child in (child for child in below if child.good):
        yield from _clause_lines(child, indent)
    missed = sorted((child for child in below if not child.good), key=lambda child: -child.nearness)
    most = MOST_MISSING if len(missed) == len(below) else MOST_MISSED
    for child in missed[:most]:
        yield from _clause_lines(child, indent)
    if len(missed) > most:
        yield f"{indent}- and {len(missed) - most} more"


def _flowing(parts: Iterable[str], indent: str) -> Iterator[str]:
    """Yield the parts in as few lines as hold them."""
    line = ""
    for part in parts:
        joined = f"{line}{_SEPARATOR}{part}" if line else f"{indent}{part}"
        if line and len(joined) > WIDTH:
            yield line
            joined = f"{indent}{part}"
        line = joined
    if line:
        yield line


# -- words -----------------------------------------------------------------------------------------


def _named(clause: Clause) -> str:
    """Return a name with its words: which, where, by which alias, and what else."""
    others = _others(clause)
    more = clause.mentions - 1 - len(others)
    also = f"; also {', '.join(others)}" if others else ""
    further = f"{' and' if others else ';'} {more} more" if more > 0 else ""
    return f"{_operand(clause)}, {_where(clause)}{also}{further}"


def _operand(clause: Clause) -> str:
    """Return a name with its first word, or several with all of theirs."""
    if not clause.found:
        return clause.label
    decisive = clause.decisive if clause.kind in ("any", "or") else None
    label = clause.label if decisive is None else decisive.label
    words = clause.found[0] if clause.plain else None
    if words is None:
        return f"{label} = {_spans(clause)}"
    if label.strip('="').casefold() == words.text.casefold():
        return _quoted(words)
    return f"{label} = {_quoted(words)}{_alias(words, label)}"


def _others(clause: Clause) -> list[str]:
    """Return further words of a clause that differ from the first and from one another."""
    different = {found.text.casefold(): found.text for found in reversed(clause.found)}
    different.pop(clause.found[0].text.casefold(), None)
    return [in_quotes(words) for words in reversed(different.values())][:MOST_ALSO]


def _quoted(found: Found) -> str:
    return in_quotes(found.text) + "".join(f" [{printable(clitics)}]" for clitics in found.clitics)


def _alias(found: Found, label: str) -> str:
    place = posixpath.basename(found.place)
    if found.entity:
        return f" (alias {found.term}, {place})"
    plain = found.term.strip('="').casefold() in (found.text.casefold(), label.strip('="').casefold())
    return "" if plain else f" ({found.term}, {place})"


def _spans(clause: Clause) -> str:
    """Return the first words of a clause of several."""
    words = list(dict.fromkeys(_quoted(found) for found in clause.found))
    return " … ".join(words[:MOST_WORDS])


def _where(clause: Clause) -> str:
    where = clause.where
    if where is None:
        return ""
    words = f"word {where.first}" if where.first == where.last else f"words {where.first}-{where.last}"
    return f"{where.field} {words}"


def _dropped_lines(dropped: Sequence[Dropped]) -> Iterator[str]:
    yield "  dropped mentions:" + ("" if dropped else " none")
    for one in dropped[:MOST_DROPPED]:
        yield f"    {in_quotes(one.found.text)}: {one.why} ({posixpath.basename(one.found.place)})"
    if len(dropped) > MOST_DROPPED:
        yield f"    and {len(dropped) - MOST_DROPPED} more"
