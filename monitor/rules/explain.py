"""Why a rule fired, or which clause failed and why: the tree of a rule with the article's words in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from monitor import errors, model
from monitor.rules import tree
from monitor.rules.compile import CompiledRule, RuleSet
from monitor.rules.evaluate import Surroundings, counts_in, evaluate, evidence, holds, in_office
from monitor.rules.match import why_not
from monitor.rules.tree import Hit, Node
from monitor.rules.view import View

MOST_SHOWN = 5


SHOWN = 3
"""Spans of a clause that the text form lists; the JSON form has all."""


@dataclass(frozen=True, slots=True)
class Found:
    """An occurrence: where it stands in the original, by which alias, and which clitics were peeled off."""

    field: str
    start: int
    end: int
    text: str
    term: str
    place: str
    entity: str | None = None
    clitics: tuple[str, ...] = ()
    """As in "بالتهجير = ب+ال+تهجير"."""


@dataclass(frozen=True, slots=True)
class Clause:
    """A node of a rule. `role`: how it stands in the rule (all, any, none); `why`: the reason when it is false."""

    role: str
    label: str
    kind: str
    true: bool
    why: str = ""
    found: tuple[Found, ...] = ()
    children: tuple[Clause, ...] = ()


@dataclass(frozen=True, slots=True)
class RuleExplanation:
    """A rule of the pack. `skipped`: why it does not look at the article at all."""

    rule: str
    severity: str
    status: str
    true: bool
    skipped: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """A pack's whole judgement of an article. `matched`: a live or test rule is true."""

    pack: str
    ruleset: str
    title: str
    lang: str | None
    matched: bool
    rules: tuple[RuleExplanation, ...]


def explain(rules: RuleSet, pack: str, article: model.Article) -> Explanation:
    """Return why the rules of `pack` match `article` or do not.

    Raises: RuleError, where the set holds no such pack.
    """
    if pack not in rules.packs:
        known = ", ".join(rules.packs) or "none"
        message = f"no pack `{pack}`; there is {known}"
        raise errors.RuleError([errors.Fault("rules", None, None, "unknown_pack", message)])
    view = View(article)
    told = tuple(_rule(rule, view) for rule in rules.rules_of(pack))
    matched = any(rule.true and rule.status in ("live", "test") for rule in told)
    return Explanation(pack, rules.id, article.title, article.lang, matched, told)


def _rule(rule: CompiledRule, view: View) -> RuleExplanation:
    traits = rule.rule.traits
    skipped = why_not(traits, view.article) or ""
    true = not skipped and holds(rule.node, view)
    return RuleExplanation(rule.id, traits.severity, traits.status, true, skipped, tuple(_clauses(rule.node, view)))


def _clauses(node: Node, view: View) -> Iterator[Clause]:
    """Yield the clauses of a rule: all of `all`, the one `any`, each of `none`."""
    if not isinstance(node, tree.AllOf):
        yield clause("all", node, view)
        return
    for child in node.children:
        yield clause("any" if isinstance(child, tree.AnyOf) else "all", child, view)
    for child in node.without:
        yield clause("none", child, view)


def clause(role: str, node: Node, view: View) -> Clause:
    """Return `node` with what the article holds of it."""
    true = holds(node, view)
    children = _children(node, view)
    why = "" if true else _why(node, view)
    return Clause(
        role, label(node), _KINDS.get(type(node), "query"), true, why, _found(evidence(node, view), view), children
    )


def _children(node: Node, view: View) -> tuple[Clause, ...]:
    """Return what is worth showing below a node: children that hold, or whose mentions were dropped."""
    if isinstance(node, (tree.Named, tree.Held)):
        return _children(node.child, view)
    if isinstance(node, tree.AllOf):
        return tuple(_clauses(node, view))
    if isinstance(node, tree.AnyOf):
        below = (clause("any", child, view) for child in node.children if _worth_showing(child, view))
        return tuple(c for c in below if c.true or c.why != NOT_FOUND)
    return ()


def _worth_showing(node: Node, view: View) -> bool:
    return holds(node, view) or not isinstance(node, tree.Leaf)


NOT_FOUND = "not found"


def _why(node: Node, view: View) -> str:
    return _REASONS.get(type(node), _why_leaf)(node, view)


def _why_leaf(node: Node, view: View) -> str:
    return NOT_FOUND


def _why_mention(node: tree.Mention, view: View) -> str:
    mentions = evaluate(node.child, view)
    if not mentions:
        return NOT_FOUND
    if not counts_in(node, view.lang):
        return f"{_times(mentions)}, but it does not count in language {view.lang}"
    return f"{_times(mentions)} dropped ({_dropped_by(node, mentions, view)}, {_place(node)})"


def _dropped_by(node: tree.Mention, mentions: list[Hit], view: View) -> str:
    near = Surroundings.of(node.require, node.within, view)
    if node.require and not any(near.beside(hit) for hit in mentions):
        return f"requires {_or(node.require)} {_reach(node.within)}"
    near = Surroundings.of(node.forbid, node.forbid_within, view)
    blocking = next((b for hit in mentions for b in near.hits if near.blocks(b, hit)), None)
    word = view.place(blocking.lo, blocking.hi)[3] if blocking is not None else _or(node.forbid)
    return f"forbid {word}"


def _why_inner(node: tree.Named, view: View) -> str:
    return _why(node.child, view)


def _why_held(node: tree.Held, view: View) -> str:
    if evaluate(node.child, view) and not in_office(node, view):
        return f"{label(node.child)} did not hold the office at the article's date"
    return _why(node.child, view)


def _why_any(node: tree.AnyOf, view: View) -> str:
    reasons = dict.fromkeys(_why(child, view) for child in node.children)
    reasons.pop(NOT_FOUND, None)
    return "; ".join(list(reasons)[:3]) or NOT_FOUND


def _why_all(node: tree.AllOf, view: View) -> str:
    missing = [label(child) for child in node.children if not holds(child, view)]
    if missing:
        return f"{', '.join(missing[:3])} {NOT_FOUND}"
    return f"{', '.join(label(c) for c in node.without if holds(c, view))} excludes it"


_REASONS: dict[type, Callable[..., str]] = {
    tree.Leaf: _why_leaf,
    tree.Mention: _why_mention,
    tree.Held: _why_held,
    tree.Named: _why_inner,
    tree.AnyOf: _why_any,
    tree.AllOf: _why_all,
}
_KINDS: dict[type, str] = {
    tree.Leaf: "term",
    tree.Mention: "mention",
    tree.Held: "holder",
    tree.Named: "name",
    tree.AnyOf: "any",
    tree.AllOf: "all",
}


def label(node: Node) -> str:
    """Return a short name of `node`, as the rule file writes it where it does."""
    match node:
        case tree.Leaf():
            return node.term
        case tree.Named():
            return f"${node.id}"
        case tree.Mention() | tree.Held():
            return label(node.child)
        case tree.AnyOf():
            return f"({_or(node.children)})"
        case tree.AllOf():
            return " and ".join(label(child) for child in node.children)
        case _:
            return type(node).__name__


def _or(nodes: Iterable[Node]) -> str:
    names = [label(node) for node in nodes]
    more = ["..."] if len(names) > 4 else []
    return " or ".join(names[:4] + more)


def _times(hits: list[Hit]) -> str:
    return "1 mention" if len(hits) == 1 else f"{len(hits)} mentions"


def _reach(within: int | None) -> str:
    return "in the article" if within is None else f"within {within} words"


def _place(node: tree.Mention) -> str:
    child: Node = node.child
    return child.place if isinstance(child, (tree.Leaf, tree.Named)) else ""


def _found(leaves: Iterable[Hit], view: View) -> tuple[Found, ...]:
    places: dict[tuple[int, int], Hit] = {}
    for hit in leaves:
        places.setdefault((hit.lo, hit.hi), hit)
    return tuple(_occurrence(hit, view) for hit in list(places.values())[:MOST_SHOWN])


def _occurrence(hit: Hit, view: View) -> Found:
    leaf = hit.what
    assert not isinstance(leaf, tuple), "evidence is made of leaves"
    peeled = view.peeled(leaf, hit.lo, hit.hi) if isinstance(leaf, tree.Leaf) else ()
    clitics = tuple(f"{view.pieces[n].raw} = {'+'.join((*form.peeled, form.text))}" for n, form in peeled)
    return Found(*view.place(hit.lo, hit.hi), leaf.term, leaf.place, leaf.entity, clitics)


def nearest(rules: Iterable[CompiledRule], article: model.Article) -> str:
    """Return which clause kept the rule that came nearest from being true."""
    view = View(article)
    told = [_rule(rule, view) for rule in rules]
    if not told:
        return "no rule of the pack is switched on"
    best = max(told, key=_nearness)
    return f"rule {best.rule}: {best.skipped or '; '.join(_blockers(best))}"


def _nearness(rule: RuleExplanation) -> tuple[bool, float]:
    good = sum(1 for c in rule.clauses if c.true != (c.role == "none"))
    return not rule.skipped, good / max(1, len(rule.clauses))


def _blockers(rule: RuleExplanation) -> Iterator[str]:
    for c in rule.clauses:
        if c.role == "none" and c.true:
            yield f"none: {c.label} is there (`{c.found[0].text}`)"
        elif c.role != "none" and not c.true:
            yield f"{c.role}: {c.label}: {c.why}"


def to_text(told: Explanation) -> str:
    """Return the explanation for people, a line a clause."""
    head = f'{told.pack}  {"MATCH" if told.matched else "no match"}  {told.lang or "language unknown"}  "{told.title}"'
    lines = [head]
    for rule in told.rules:
        note = "" if rule.status == "live" else f" (status {rule.status})"
        lines.append(f"  rule {rule.rule}  {'MATCH' if rule.true else 'no'}{note}")
        if rule.skipped:
            lines.append(f"    - {rule.skipped}")
        for c in rule.clauses:
            lines += _clause_lines(c, "    ")
    return "\n".join(lines)


def _clause_lines(c: Clause, indent: str) -> Iterator[str]:
    good = c.true != (c.role == "none")
    state = _spans_text(c.found) if c.true else ("ok: absent" if c.role == "none" else c.why)
    yield f"{indent}{'+' if good else '-'} {c.role}: {c.label}  {state}"
    if c.true:  # what was found says it all; JSON has the whole tree
        return
    for child in c.children:
        if not child.true or child.label.startswith("$"):
            yield from _clause_lines(child, indent + "    ")


def _spans_text(found: tuple[Found, ...]) -> str:
    """Return the first spans with different words, and how many more there are."""
    different = {span.text.casefold(): span for span in reversed(found)}
    shown = sorted(different.values(), key=found.index)[:SHOWN]
    more = len(found) - len(shown)
    return "; ".join(map(_found_text, shown)) + (f"; and {more} more" if more else "")


def _found_text(found: Found) -> str:
    alias = f" (alias {found.term}, {found.place})" if found.entity else ""
    if not found.entity and found.term != found.text:
        alias = f" (term {found.term})"
    peeled = "".join(f" {clitics}" for clitics in found.clitics)
    return f'"{found.text}"{alias}{peeled} in {found.field} at {found.start}-{found.end}'


def to_json(told: Explanation) -> dict[str, Any]:
    """Return the same tree as plain values."""
    return {
        "pack": told.pack,
        "ruleset": told.ruleset,
        "title": told.title,
        "lang": told.lang,
        "matched": told.matched,
        "rules": [
            {
                "rule": rule.rule,
                "severity": rule.severity,
                "status": rule.status,
                "matched": rule.true,
                "skipped": rule.skipped or None,
                "clauses": [_clause_json(c) for c in rule.clauses],
            }
            for rule in told.rules
        ],
    }


def _clause_json(c: Clause) -> dict[str, Any]:
    return {
        "role": c.role,
        "label": c.label,
        "node": c.kind,
        "true": c.true,
        "reason": c.why or None,
        "found": [
            {
                "field": f.field,
                "start": f.start,
                "end": f.end,
                "text": f.text,
                "term": f.term,
                "place": f.place,
                "entity": f.entity,
                "clitics": list(f.clitics),
            }
            for f in c.found
        ],
        "children": [_clause_json(child) for child in c.children],
    }
