"""An explanation for people, a line a clause and the most telling first."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from monitor.rules import explain
from monitor.rules.explain_terms import in_quotes, printable
from monitor.rules.explain_told import NOT_FOUND, Clause, Dropped, Explanation, Found, RuleExplanation

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

LONGEST_TITLE = 100
WIDTH = 120
_SEPARATOR = "   "
_STEP = "    "


def to_text(told: Explanation) -> str:
    """Return the explanation for people: rules that fired, then those that did not, the nearest first."""
    title = printable(told.title)
    title = title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
    verdict = "MATCH" if told.matched else "no match"
    lines = [f"{told.pack}  {verdict}  {told.lang or 'language unknown'}  {in_quotes(title)}"]
    for rule in sorted(told.rules, key=lambda rule: (not rule.true, bool(rule.skipped), -rule.tree.nearness)):
        lines += _rule_lines(rule, told.matched)
    return "\n".join([*lines, *_dropped_lines(told.dropped)])


# -- rules -----------------------------------------------------------------------------------------


def _rule_lines(rule: RuleExplanation, matched: bool) -> Iterator[str]:
    """Yield the lines of a rule: a single one where it is not true while another is, or where little is there."""
    if rule.true:
        yield f"  rule {rule.rule}  MATCH  {rule.severity}{_points(rule)}{_status(rule)}"
        yield from _rule_clauses(rule, MOST_MISSED)
    elif matched or rule.skipped or not _says_more(rule.tree):
        there = ", ".join(_short(clause) for clause in rule.clauses if clause.true and clause.good)
        more = f" (there: {there})" if there and not rule.skipped and rule.tree.kind != "score" else ""
        yield f"  rule {rule.rule}  no: {explain.why_not_rule(rule)}{more}{_status(rule)}"
    else:
        yield f"  rule {rule.rule}  no{_points(rule)}{_status(rule)}"
        yield from _rule_clauses(rule, MOST_MISSING)


def _rule_clauses(rule: RuleExplanation, most: int) -> Iterator[str]:
    """Yield the clauses of a rule: of one that is not true what stands against it first, the weightiest first."""
    bad = sorted((clause for clause in rule.clauses if not clause.good), key=lambda clause: clause.pull, reverse=True)
    good = [clause for clause in rule.clauses if clause.good]
    if rule.tree.kind == "score":
        idle = [clause for clause in good if not clause.true]
        good = [clause for clause in good if clause.true]
        lines = [*_few(bad, most), *(f"{_STEP}+ none there: {_weights(idle)}" for _ in idle[:1])]
    else:
        lines = list(_few(bad, len(bad)))
    there = [line for clause in good for line in _clause_lines(clause, _STEP)]
    yield from [*there, *lines] if rule.true else [*lines, *there]


def _few(bad: Sequence[Clause], most: int) -> Iterator[str]:
    for clause in bad[:most]:
        yield from _clause_lines(clause, _STEP)
    if len(bad) > most:
        yield f"{_STEP}- nor there: {_weights(bad[most:])}"


def _weights(clauses: Sequence[Clause]) -> str:
    return ", ".join(f"{clause.id} {clause.weight:+}" for clause in clauses)


def _says_more(tree: Clause) -> bool:
    """Return whether there is more to say than that words are not there."""
    if tree.kind == "score":
        return any(clause.nearness > 0 for clause in tree.children)
    return any(clause.true or clause.nearness > 0 for clause in explain.blockers(tree))


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
    return f"{clause.label} {in_quotes(clause.found[0].text)}" if clause.found and _is_names(clause) else clause.label


# -- clauses ---------------------------------------------------------------------------------------

_NAMES = ("term", "regex", "mention", "holder", "name", "any", "field")
_DISTANCE = ("near", "then", "sentence", "paragraph")
_GROUPS = ("or", "all", "at_least")


def _clause_lines(clause: Clause, indent: str) -> Iterator[str]:
    points = f"{explain.points_text(clause)}  " if clause.id is not None else ""
    yield f"{indent}{'+' if clause.good else '-'} {points}{_head(clause)}"
    if clause.role == "none" or _is_names(clause):
        return
    if clause.kind in _GROUPS:
        yield from _alternatives(clause.children, indent + "  ")
    elif clause.kind in _DISTANCE and (clause.true or all(child.true for child in clause.children)):
        yield from _flowing([_operand(child) for child in clause.children], indent + _STEP)


def _is_names(clause: Clause) -> bool:
    """Return whether a clause is a name, a term, or a choice of such: one line tells it all."""
    return clause.kind in _NAMES or (clause.kind == "or" and all(child.kind in _NAMES for child in clause.children))


def _head(clause: Clause) -> str:
    if clause.role == "none":
        return f"NOT {clause.label}: " + (f"{_spans(clause)}, {_where(clause)}" if clause.true else "none there")
    if not clause.true:
        return f"{_heading(clause)}: {_reason(clause)}"
    if _is_names(clause):
        return _named(clause)
    state = _state(clause)
    return f"{_heading(clause)}: {state}" if state else _heading(clause)


def _heading(clause: Clause) -> str:
    grouped = clause.kind in ("or", "all") and not _is_names(clause)
    return {"or": "one of these", "all": "all of these"}[clause.kind] if grouped else clause.label


def _reason(clause: Clause) -> str:
    if clause.kind in ("or", "all") and not _is_names(clause):
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
            return f"{_spans(clause)}, {_where(clause)}"
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
    words = clause.found[0] if _is_names(clause) else None
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
