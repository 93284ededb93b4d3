"""A rule's tree as a tree of clauses: what is there and where, and what is not and how near it came."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from monitor.rules import explain_gaps as gaps
from monitor.rules import explain_terms as terms
from monitor.rules import packs, syntax, tree
from monitor.rules.evaluate import evaluate, evidence, holds, points, score, times
from monitor.rules.explain_labels import label
from monitor.rules.explain_told import NOT_FOUND, Clause, Where
from monitor.rules.tree import Hit, Node
from monitor.rules.view import View

MOST_LEAVES = 300
"""Places of one clause that are looked at for what to show."""

MOST_BELOW = 8
"""Aliases of a list that are shown below it."""

MOST_ABSENT = 4
"""Clauses that a line names as not found."""

MOST_COUNTED = 100
"""Matches that TIMES counts for show."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A node and how it stands in its rule. `expr`: as its query writes it; None in lists and below names."""

    role: str
    node: Node
    expr: syntax.Expr | None = None

    @property
    def inner(self) -> syntax.Expr | None:
        """Return the expression without the text fields before it, which have no node of their own."""
        expr = self.expr
        while isinstance(expr, syntax.Field) and expr.name in syntax.TEXT_FIELDS:
            expr = expr.operand
        return expr


def tree_of(rule: packs.Rule, node: Node, view: View) -> Clause:
    """Return the clauses of a rule whose tree is `node`."""
    if rule.score is not None and isinstance(node, tree.Scored):
        return _scored(node, rule.score, view)
    return _told(_Part("rule", node, rule.query), view, None)


def _told(part: _Part, view: View, chosen: Hit | None) -> Clause:
    """Return what the article holds of a node. `chosen`: the one match of it that is of interest."""
    tell = _of_names if _is_list(part) else _TELLERS[type(part.node)]
    return tell(part, view, chosen)


def _is_list(part: _Part) -> bool:
    """Return whether a part is an alternative with a hundred aliases rather than an OR that somebody wrote."""
    return isinstance(part.node, tree.AnyOf) and not isinstance(part.inner, syntax.Or)


def _clause(part: _Part, kind: str, true: bool, why: terms.Why = terms.NOTHING) -> Clause:
    text, nearness = ("", 1.0) if true else why
    return Clause(part.role, kind, label(part.node, part.expr), true, nearness, text)


def _shown(clause: Clause, leaves: Iterable[Hit], view: View, whole: Hit | None = None) -> Clause:
    """Return `clause` with its words, and where they, or the `whole` match that they are part of, stand."""
    hits = list(itertools.islice(leaves, MOST_LEAVES))
    found, mentions = terms.spans(hits, view)
    first = whole or next(iter(hits), None)
    return replace(clause, found=found, mentions=mentions, where=_where(first, view) if first else None)


def _where(hit: Hit, view: View) -> Where:
    field, start, end, _ = view.place(hit.lo, hit.hi)
    before = 0 if field == "title" else view.in_title
    return Where(field, hit.lo - before, hit.hi - before, start, end)


def _below(part: _Part, role: str = "operand") -> list[_Part]:
    """Return the parts below a node that an operator of a query, or the three lists of a rule, stand for."""
    node, expr = part.node, part.inner
    nodes: Sequence[Node] = getattr(node, "children", None) or (node.child,)  # type: ignore[union-attr]
    written: Sequence[syntax.Expr | None] = syntax.operands_of(expr) if expr is not None else ()
    padded = itertools.chain(written, itertools.repeat(None))
    return [_Part(role, child, one) for child, one in zip(nodes, padded, strict=False)]


# -- terms and names -------------------------------------------------------------------------------

_KINDS: dict[type, str] = {
    tree.Leaf: "term",
    tree.Pattern: "regex",
    tree.Mention: "mention",
    tree.Held: "holder",
    tree.Named: "name",
    tree.AnyOf: "any",
    tree.Within: "field",
}


def _of_names(part: _Part, view: View, chosen: Hit | None) -> Clause:
    """Tell of a term, a name, a list, a mention: everything whose match is a match of one term."""
    node, true = part.node, holds(part.node, view)
    why = terms.NOTHING if true else terms.why_not_there(node, view)
    clause = _clause(part, _KINDS[type(node)], true, why)
    if chosen is not None:
        return _shown(clause, tree.leaves_of(chosen), view)
    lost = tuple(terms.dropped(node, view)) if isinstance(node, tree.Mention | tree.Held) else ()
    leaves = itertools.chain.from_iterable(map(tree.leaves_of, evaluate(node, view)))
    shown = _shown(clause, leaves, view)
    return replace(shown, dropped=lost, children=tuple(itertools.islice(_aliases_below(node, true, view), MOST_BELOW)))


def _aliases_below(node: Node, true: bool, view: View) -> Iterator[Clause]:
    """Yield the aliases that are there; of a true name none, whose words say it all."""
    if true and not isinstance(node, tree.AnyOf):
        return
    for child in _aliases(node, view):
        told = _told(_Part("any", child), view, None)
        if told.true or told.nearness >= terms.WORTH_SAYING:
            yield told


def _aliases(node: Node, view: View) -> Sequence[Node]:
    while isinstance(node, tree.Named | tree.Within):
        node = node.child
    if isinstance(node, tree.AnyOf):
        return list(node.worth_asking(view))
    return (node.child,) if isinstance(node, tree.Held) else ()


def _meta(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node = part.node
    assert isinstance(node, tree.Meta)
    values = [value for value in view.values(node.field) if value]
    told = ", ".join(map(terms.in_quotes, dict.fromkeys(values))) or "empty"
    return _clause(part, "metadata", holds(node, view), terms.Why(f"{node.field} is {told}", 0.1))


# -- all, any, at least, times ---------------------------------------------------------------------


def _all_of(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node = part.node
    assert isinstance(node, tree.AllOf)
    from_list = not isinstance(part.inner, syntax.And)
    wanted = [_told(_in_list(below) if from_list else below, view, None) for below in _below(part, "all")]
    written = part.inner.without if isinstance(part.inner, syntax.And) else itertools.repeat(None)
    without = [_told(_Part("none", *pair), view, None) for pair in zip(node.without, written, strict=False)]
    clause = _clause(part, "all", holds(node, view), _why_not_all(wanted, without))
    return replace(clause, children=(*wanted, *without))


def _in_list(part: _Part) -> _Part:
    return replace(part, role="any") if isinstance(part.node, tree.AnyOf) else part


def _why_not_all(wanted: Sequence[Clause], without: Sequence[Clause]) -> terms.Why:
    missing = [clause for clause in wanted if not clause.true]
    if missing:
        return terms.Why(missing_words(missing), 0.9 * sum(c.nearness for c in wanted) / len(wanted))
    return terms.Why("; ".join(excluded(clause) for clause in without if clause.true), 0.95)


def excluded(clause: Clause) -> str:
    """Return which word makes a clause true that must not be."""
    word = f" ({terms.in_quotes(clause.found[0].text)})" if clause.found else ""
    return f"{clause.label} is there{word}"


def missing_words(missing: Iterable[Clause]) -> str:
    """Return what of some clauses is not there, the nearest first."""
    ordered = sorted((clause.innermost for clause in missing), key=lambda clause: -clause.nearness)
    near = [f"{clause.label}: {clause.why}" for clause in ordered if clause.why != NOT_FOUND]
    absent = list(dict.fromkeys(clause.label for clause in ordered if clause.why == NOT_FOUND))
    more = [f"{len(near) - 1} more"] if len(near) > 1 else []
    return "; ".join([*near[:1], *more, *([f"{', '.join(absent[:MOST_ABSENT])} {NOT_FOUND}"] if absent else [])])


def _one_of(part: _Part, view: View, chosen: Hit | None) -> Clause:
    """Tell of an OR: every alternative, and where none is true the nearest."""
    node = part.node
    taken = _holder_of(chosen, part, view)
    below = [_told(one, view, chosen if n == taken else None) for n, one in enumerate(_below(part, "any"))]
    best = max(below, key=lambda clause: clause.nearness)
    why = terms.Why(missing_words([best]) if best.nearness else NOT_FOUND, best.nearness)
    clause = replace(_clause(part, "or", holds(node, view), why), children=tuple(below))
    if chosen is None and isinstance(node, tree.AnyOf):
        chosen = next(iter(evaluate(node, view)), None)
        return _shown(clause, evidence(node, view), view, chosen)
    return _shown(clause, tree.leaves_of(chosen) if chosen is not None else evidence(node, view), view, chosen)


def _holder_of(chosen: Hit | None, part: _Part, view: View) -> int | None:
    """Return which alternative the chosen match belongs to."""
    if chosen is None:
        return None
    place = (chosen.lo, chosen.hi)
    hits = (evaluate(one.node, view) for one in _below(part))
    return next((n for n, found in enumerate(hits) if any((h.lo, h.hi) == place for h in found)), None)


def _at_least(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node = part.node
    assert isinstance(node, tree.AtLeast)
    below = [_told(one, view, None) for one in _below(part)]
    got = sum(clause.true for clause in below)
    best = sorted((clause.nearness for clause in below), reverse=True)[: node.count]
    lacking = missing_words(clause for clause in below if not clause.true)
    why = terms.Why(f"{got} of {node.count} needed: {lacking}", 0.95 * sum(best) / node.count)
    clause = _clause(part, "at_least", holds(node, view), why)
    return replace(clause, got=got, needed=node.count, children=tuple(below))


def _times(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node = part.node
    assert isinstance(node, tree.Times)
    (below,) = (_told(one, view, None) for one in _below(part))
    got = times(node.child, view, max(node.count, MOST_COUNTED))
    reason = f"found {got} of {node.count}" + (f"; {missing_words([below])}" if below.nearness and not got else "")
    why = terms.Why(reason, 0.95 * got / node.count or 0.3 * below.nearness)
    clause = replace(_clause(part, "times", holds(node, view), why), got=got, needed=node.count, children=(below,))
    return replace(clause, found=below.found, mentions=below.mentions, where=below.where)


# -- operators of distance -------------------------------------------------------------------------


def _near(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node = part.node
    assert isinstance(node, tree.Near)
    kind = "then" if node.ordered else "near"
    hit = chosen or next(iter(evaluate(node, view)), None)
    if hit is not None:
        return replace(_joined(part, kind, hit, view), allowed=node.distance)
    if not all(holds(child, view) for child in node.children):
        return replace(_without_operand(part, kind, view), allowed=node.distance)
    miss = gaps.near_miss(node, view)
    return replace(_missed(part, kind, miss, _why_far(node, miss, view), view), allowed=node.distance)


def _why_far(node: tree.Near, miss: gaps.Miss, view: View) -> terms.Why:
    match miss.kind:
        case "far":
            gap = miss.gap or 0
            nearness = 0.6 + 0.35 * (node.distance + 1) / (gap + 1)
            return terms.Why(f"gap was {gap}, allowed {node.distance}", nearness)
        case "order":
            words = (terms.quoted(hit, view) for hit in sorted(miss.hits, key=lambda hit: hit.lo))
            return terms.Why(f"wrong order: {', '.join(words)}", 0.9)
        case "same":
            return terms.Why("one mention cannot be two operands", 0.5)
        case _:
            return terms.Why(f"more than {gaps.WIDE:,} words apart, allowed {node.distance}", 0.55)


def _together(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node = part.node
    assert isinstance(node, tree.Together)
    hit = chosen or next(iter(evaluate(node, view)), None)
    if hit is not None:
        return _joined(part, node.unit, hit, view)
    if not all(holds(child, view) for child in node.children):
        return _without_operand(part, node.unit, view)
    miss = gaps.unit_miss(node, view)
    apart = miss.gap or 0
    if miss.kind == "far":
        why = terms.Why(f"{apart} {node.unit}{'s' * (apart > 1)} apart", 0.6 + 0.35 / (1 + apart))
    else:
        why = terms.Why(f"never all in one {node.unit}", 0.5)
    return _missed(part, node.unit, miss, why, view)


def _joined(part: _Part, kind: str, hit: Hit, view: View) -> Clause:
    """Tell of a true operator of distance by one match of it."""
    parts = _below(part)
    chosen = gaps.assigned(hit, [evaluate(one.node, view) for one in parts])
    below = tuple(_told(one, view, inner) for one, inner in zip(parts, chosen, strict=True))
    clause = replace(_clause(part, kind, holds(part.node, view)), gap=gaps.gap_of(chosen), children=below)
    return _shown(clause, tree.leaves_of(hit), view, hit)


def _without_operand(part: _Part, kind: str, view: View) -> Clause:
    """Tell of one that misses an operand."""
    below = [_told(one, view, None) for one in _below(part)]
    nearness = 0.5 * sum(clause.nearness for clause in below) / len(below)
    why = terms.Why(missing_words(clause for clause in below if not clause.true), nearness)
    return replace(_clause(part, kind, False, why), children=tuple(below))


def _missed(part: _Part, kind: str, miss: gaps.Miss, why: terms.Why, view: View) -> Clause:
    """Tell of one whose operands are all there, by the place where they came nearest."""
    if miss.kind == "fields":
        why = terms.Why(_apart_in_fields(part, view), 0.55)
    parts = _below(part)
    chosen: Iterable[Hit | None] = miss.hits or itertools.repeat(None)
    below = tuple(_told(one, view, hit) for one, hit in zip(parts, chosen, strict=False))
    clause = replace(_clause(part, kind, False, why), gap=miss.gap, children=below)
    if not miss.hits:
        return clause
    lo, hi = min(hit.lo for hit in miss.hits), max(hit.hi for hit in miss.hits)
    whole = Hit(lo, hi, miss.hits)
    return _shown(clause, tree.leaves_of(whole), view, whole)


def _apart_in_fields(part: _Part, view: View) -> str:
    where = [(label(one.node, one.expr), gaps.only_field(one.node, view)) for one in _below(part)]
    told = [f"{', '.join(name for name, only in where if only == field)} only in the {field}"
            for field in ("title", "text") if any(only == field for _, only in where)]  # fmt: skip
    return "; ".join(told) or "never all in one field"


def _apart(part: _Part, view: View, chosen: Hit | None) -> Clause:
    node, expr = part.node, part.inner
    assert isinstance(node, tree.Apart)
    written = syntax.operands_of(expr) if expr is not None else (None, None)
    chosen = chosen or next(iter(evaluate(node, view)), None)
    child = _told(_Part("operand", node.child, written[0]), view, chosen)
    other = _told(_Part("none", node.other, written[1]), view, None)
    true = holds(node, view)
    near = gaps.kept_away(node, view) if child.true and not true else None
    why = terms.Why(missing_words([child]), 0.5 * child.nearness)
    if near is not None:
        reach = "in its sentence" if node.distance is None else f"within {node.distance} words"
        pair = f"{terms.quoted(near[1], view)} has {terms.quoted(near[2], view)} {terms.away(*near[1:])}"
        why = terms.Why(f"every mention has {other.label} {reach}: {pair}", 0.8)
    clause = replace(_clause(part, "apart", true, why), allowed=node.distance, children=(child, other))
    if near is not None:
        return _shown(replace(clause, gap=near[0]), tree.leaves_of(near[1]), view, near[1])
    return clause if chosen is None else _shown(clause, tree.leaves_of(chosen), view, chosen)


# -- scores ----------------------------------------------------------------------------------------


def _scored(node: tree.Scored, written: packs.Score, view: View) -> Clause:
    below = tuple(_scored_clauses(node, written, view))
    total = score(node, view)
    lacking = [clause for clause in below if clause.id in node.require]
    required = not lacking or any(clause.true for clause in lacking)
    if total >= node.threshold:
        names = " or ".join(clause.id or "" for clause in lacking)
        why = terms.Why(f"{total} of {node.threshold} points, but {names} is required and not true", 0.9)
    else:
        why = terms.Why(f"{total} of {node.threshold} points", 0.95 * max(0, total) / node.threshold)
    true = required and total >= node.threshold
    return Clause(
        "rule", "score", "score", true, *((1.0, "") if true else (why.nearness, why.text)), got=total,
        needed=node.threshold, children=below,
    )  # fmt: skip


def _scored_clauses(node: tree.Scored, written: packs.Score, view: View) -> Iterator[Clause]:
    for clause, source in zip(node.clauses, written.clauses, strict=True):
        told = _told(_Part("clause", clause.child, source.query), view, None)
        yield replace(told, id=clause.id, weight=clause.weight, points=points(clause, view))


_TELLERS: dict[type, Callable[[_Part, View, Hit | None], Clause]] = {
    **dict.fromkeys(_KINDS, _of_names),
    tree.AnyOf: _one_of,
    tree.OneOf: _one_of,
    tree.AllOf: _all_of,
    tree.AtLeast: _at_least,
    tree.Times: _times,
    tree.Meta: _meta,
    tree.Near: _near,
    tree.Together: _together,
    tree.Apart: _apart,
}
