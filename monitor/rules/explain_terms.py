"""Terms, names and mentions: where they stand, and why those that are there do not count."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from monitor import text
from monitor.rules import tree
from monitor.rules.evaluate import around, counts_in, evaluate, evidence, in_office
from monitor.rules.explain_gaps import between, nearest_word
from monitor.rules.explain_labels import label, names
from monitor.rules.explain_told import NOT_FOUND, Dropped, Found
from monitor.rules.terms import Part
from monitor.rules.tree import Hit, Node
from monitor.rules.view import View

MOST_FOUND = 8
"""Spans of a clause that are kept."""

MOST_DROPPED = 5
"""Dropped mentions of one alias whose reasons are looked for."""


class Why(NamedTuple):
    """Why a clause is false, and how near it came: 0 for nothing there, 1 for true."""

    text: str = NOT_FOUND
    nearness: float = 0.0


NOTHING = Why()
WORTH_SAYING = 0.3
"""Nearness from which an alias of a long list is worth a word."""

# -- occurrences -----------------------------------------------------------------------------------


def spans(leaves: Iterable[Hit], view: View) -> tuple[tuple[Found, ...], int]:
    """Return the first occurrence of each term, then further ones, and the number of places."""
    places: dict[tuple[int, int], Hit] = {}
    for hit in leaves:
        places.setdefault((hit.lo, hit.hi), hit)
    first: dict[str, Hit] = {}
    for hit in places.values():
        first.setdefault(_term(hit), hit)
    later = (hit for hit in places.values() if first[_term(hit)] is not hit)
    kept = [*first.values(), *later][:MOST_FOUND]
    return tuple(found(hit, view) for hit in kept), len(places)


def _term(hit: Hit) -> str:
    return "" if isinstance(hit.what, tuple) else hit.what.term


def found(hit: Hit, view: View) -> Found:
    """Return the occurrence of a leaf, or of the first leaf of a match that is made of several."""
    place = view.place(hit.lo, hit.hi)
    leaf = next(tree.leaves_of(hit)).what
    assert not isinstance(leaf, tuple), "evidence is made of leaves"
    peeled = view.peeled(leaf, hit.lo, hit.hi) if isinstance(leaf, tree.Leaf) else ()
    clitics = tuple(f"{view.pieces[n].raw} = {'+'.join((*form.peeled, form.text))}" for n, form in peeled)
    return Found(*place, leaf.term, leaf.place, leaf.entity, clitics)


def quoted(hit: Hit, view: View) -> str:
    """Return the words of a match in quotes."""
    return in_quotes(view.place(hit.lo, hit.hi)[3])


def in_quotes(words: str) -> str:
    """Return `words` in quotes, on one line, without anything that a terminal would act on."""
    return '"' + printable(words) + '"'


def printable(words: str) -> str:
    """Return `words` on one line, without invisible and control characters."""
    return "".join(c for c in " ".join(words.split()) if c.isprintable())


# -- reasons ---------------------------------------------------------------------------------------


def why_not_there(node: Node, view: View) -> Why:
    """Return why a false term, name, mention, holder or list of them is false."""
    return _REASONS[type(node)](node, view)


def _why_leaf(node: tree.Leaf, view: View) -> Why:
    if any(part.exact is not None for part in node.parts):
        loose = view.find(tuple(Part(part.folded, None, part.prefix, part.glued) for part in node.parts), False)
        return _why_inexact(node, Hit(*loose[0], node), view) if loose else NOTHING
    if not node.clitics and (places := view.find(node.parts, True)):
        return Why(f"{quoted(Hit(*places[0], node), view)} has a prefix, which is not taken off here", 0.6)
    single = (Part(part.folded, part.exact, part.prefix) for part in node.parts)
    if len(node.parts) > 1 and all(view.find((part,), node.clitics) for part in single):
        return Why("its words are there, but not side by side", 0.2)
    return NOTHING


def _why_inexact(node: tree.Leaf, hit: Hit, view: View) -> Why:
    wanted = node.term.removeprefix("=").strip('"')
    raws = [text.exact_form(view.pieces[n].raw) for n in range(hit.lo, hit.hi + 1)]
    if raws == [part.exact for part in node.parts]:
        return Why(f"{quoted(hit, view)} stands in a sentence all in capitals, where it could be any word", 0.7)
    return Why(f"found {quoted(hit, view)}, not exactly {in_quotes(wanted)}", 0.6)


def _why_pattern(node: tree.Pattern, view: View) -> Why:
    return NOTHING


def _why_named(node: tree.Named, view: View) -> Why:
    return why_not_there(node.child, view)


def _why_any(node: tree.AnyOf, view: View) -> Why:
    reasons = [why_not_there(child, view) for child in node.worth_asking(view)]
    best = max(reasons, key=lambda why: why.nearness, default=NOTHING)
    return best if best.nearness >= WORTH_SAYING else NOTHING


def _why_within(node: tree.Within, view: View) -> Why:
    hits = evaluate(node.child, view)
    if not hits:
        return why_not_there(node.child, view)
    field = view.place(hits[0].lo, hits[0].hi)[0]
    wanted = " and ".join(_FIELDS.get(name, name) for name in sorted(node.fields))
    return Why(f"{quoted(hits[0], view)} stands in the {field}, not in the {wanted}", 0.6)


_FIELDS = {"top": "title or lead"}


def _why_mention(node: tree.Mention, view: View) -> Why:
    hits = evaluate(node.child, view)
    if not hits:
        return why_not_there(node.child, view)
    if not counts_in(node, view.lang):
        return Why(f"{quoted(hits[0], view)} does not count in language {view.lang}", 0.3)
    lost = list(dropped(node, view))
    more = f", and {len(hits) - 1} more" if len(hits) > 1 else ""
    return Why(f"{quoted(hits[0], view)} dropped{more}: {lost[0].why} ({posixpath.basename(lost[0].found.place)})", 0.7)


def _why_held(node: tree.Held, view: View) -> Why:
    hits = evaluate(node.child, view)
    if hits and not in_office(node, view):
        name = label(node.child, None)
        return Why(f"{quoted(hits[0], view)}: {name} did not hold the office at the article's date", 0.7)
    return why_not_there(node.child, view)


_REASONS: dict[type, Callable[..., Why]] = {
    tree.Leaf: _why_leaf,
    tree.Pattern: _why_pattern,
    tree.Named: _why_named,
    tree.AnyOf: _why_any,
    tree.Within: _why_within,
    tree.Mention: _why_mention,
    tree.Held: _why_held,
}

# -- dropped mentions ------------------------------------------------------------------------------


def dropped(node: tree.Mention | tree.Held, view: View) -> Iterator[Dropped]:
    """Yield the first mentions that `node` does not count, with the reason."""
    hits, kept = evaluate(node.child, view), {(hit.lo, hit.hi) for hit in evaluate(node, view)}
    lost = [hit for hit in hits if (hit.lo, hit.hi) not in kept][:MOST_DROPPED]
    for hit in lost:
        if isinstance(node, tree.Held):
            why = f"{label(node.child, None)} did not hold the office at the article's date"
            yield Dropped(found(hit, view), why)
        elif not counts_in(node, view.lang):
            yield Dropped(found(hit, view), f"does not count in language {view.lang}")
        else:
            yield _dropped(node, hit, view)


def _words(nodes: Iterable[tree.Node], view: View) -> list[Hit]:
    return [hit for node in nodes for hit in evaluate(node, view)]


def _blocks(word: Hit, mention: Hit, within: int | None, view: View) -> bool:
    """Return whether `word` is near enough to forbid `mention`, and no mere part of it."""
    if word.lo >= mention.lo and word.hi <= mention.hi:
        return False
    gap = max(0, word.lo - mention.hi - 1, mention.lo - word.hi - 1)
    return within is None or (gap <= within and view.same_field(word.lo, mention.lo))


def _dropped(node: tree.Mention, mention: Hit, view: View) -> Dropped:
    if node.require and not around(node.require, node.within, view).beside([mention]):
        gap, why = _why_required(node, mention, _words(node.require, view), view)
        return Dropped(found(mention, view), why, gap, node.within)
    blocking = [word for word in _words(node.forbid, view) if _blocks(word, mention, node.forbid_within, view)]
    near = nearest_word(mention, blocking, view)
    if near is None:
        word = quoted(blocking[0], view) if blocking else names(node.forbid)
        return Dropped(found(mention, view), f"forbidden {word} in the article", None, node.forbid_within)
    gap, _, nearest = near
    why = f"forbidden {quoted(nearest, view)} {away(mention, nearest)}"
    return Dropped(found(mention, view), why, gap, node.forbid_within)


def _why_required(node: tree.Mention, mention: Hit, words: Sequence[Hit], view: View) -> tuple[int | None, str]:
    """Return (words between the mention and the nearest required one, the reason)."""
    reach = "in the article" if node.within is None else f"within {node.within} word{'s' * (node.within != 1)}"
    wanted = f"requires {names(node.require)} {reach}"
    beside = [word for word in words if word.lo > mention.hi or word.hi < mention.lo]
    near = nearest_word(mention, beside, view)
    if near is not None:
        return near[0], f"{wanted}, nearest {quoted(near[2], view)} {away(mention, near[2])}"
    if beside:
        field = view.place(beside[0].lo, beside[0].hi)[0]
        return None, f"{wanted}, {quoted(beside[0], view)} only in the {field}"
    return None, f"{wanted}, {'only the mention itself' if words else 'not found'}"


def away(mention: Hit, word: Hit) -> str:
    """Return how far from a mention a word stands."""
    if word.lo <= mention.hi and mention.lo <= word.hi:
        return "overlapping it"
    gap = between(mention, word)
    return "beside it" if gap == 0 else f"{gap} word{'s' * (gap > 1)} away"


def all_dropped(nodes: Sequence[Node], view: View) -> tuple[Dropped, ...]:
    """Return the mentions that anything in `nodes` dropped, each place once; neither foreign words nor evidence."""
    kept = {view.place(hit.lo, hit.hi)[:3] for node in nodes for hit in evidence(node, view)}
    lost: dict[tuple[str, int, int], Dropped] = {}
    for node in _judged(nodes, view):
        if isinstance(node, tree.Mention) and not counts_in(node, view.lang):
            continue
        for one in dropped(node, view):
            place = (one.found.field, one.found.start, one.found.end)
            if place not in kept:
                lost.setdefault(place, one)
    return tuple(sorted(lost.values(), key=lambda one: (one.found.field != "title", one.found.start)))


def _judged(nodes: Iterable[Node], view: View) -> Iterator[tree.Mention | tree.Held]:
    """Yield each mention and holder below `nodes` that may be there, once."""
    seen: set[int] = set()
    open_ = list(nodes)
    while open_:
        node = open_.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, tree.Mention | tree.Held):
            yield node
        open_ += children_of(node, view)


def children_of(node: Node, view: View) -> Sequence[Node]:
    """Return the nodes below `node`; of a list, those that may be there."""
    match node:
        case tree.AnyOf():
            return list(node.worth_asking(view))
        case tree.Near() | tree.Together() | tree.OneOf() | tree.AtLeast():
            return node.children
        case tree.AllOf():
            return (*node.children, *node.without)
        case tree.Apart():
            return (node.child, node.other)
        case tree.Scored():
            return tuple(clause.child for clause in node.clauses)
        case tree.Named() | tree.Mention() | tree.Held() | tree.Within() | tree.Times():
            return (node.child,)
        case _:
            return ()
