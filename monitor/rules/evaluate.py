"""Nodes to matches: what an article makes true, and with which words.

Span-level nodes have a value, the list of their matches in order; article-level ones are true or false. `holds` asks
for truth and stops at the first reason, `evidence` for the matches to show.
"""

from __future__ import annotations

import bisect
import dataclasses
import functools
import itertools
import operator
from collections.abc import Callable, Iterable, Sequence

from monitor.rules import bits, near, near_words, tree
from monitor.rules.surroundings import Edges, Surroundings
from monitor.rules.tree import Hit, Node
from monitor.rules.view import View, script_of

FEW_MATCHES = 50
"""Matches of an inner operator of distance that are tried first."""

MOST_PATTERN = 400
"""Matches of a pattern that an operator of distance looks at."""

MOST_HITS = 10
"""Matches of one node that are kept as evidence."""


def evaluate(node: Node, view: View) -> list[Hit]:
    """Return the matches of a span-level `node`, in order of their places. Each node is judged once."""
    known: list[Hit] | None = view.memo.get(id(node))
    if known is None:
        known = view.memo[id(node)] = _VALUES[type(node)](node, view)
    return known


def holds(node: Node, view: View) -> bool:
    """Return whether `node` is true of the article."""
    known = view.truth.get(id(node))
    if known is None:
        judge = _JUDGES.get(type(node))
        known = view.truth[id(node)] = bool(evaluate(node, view)) if judge is None else judge(node, view)
    return known


def evidence(node: Node, view: View) -> list[Hit]:
    """Return places of leaves that make `node` true; none where it is false, and none of what it excludes."""
    found: list[Hit] = []
    _add_evidence(node, view, found)
    return found


def _add_evidence(node: Node, view: View, found: list[Hit]) -> None:
    if not holds(node, view):
        return
    below = _SHOWN.get(type(node))
    if below is not None:
        for child in below(node, view):
            _add_evidence(child, view, found)
    elif isinstance(node, tree.Pattern):
        found += view.find_pattern(node, MOST_HITS)
    elif isinstance(node, tree.Leaf):
        found += [Hit(lo, hi, node) for lo, hi in view.find(node.parts, node.clitics)[:MOST_HITS]]
    else:
        for hit in evaluate(node, view)[:MOST_HITS]:
            found += tree.leaves_of(hit)


# -- span level ------------------------------------------------------------------------------------


def _leaf(node: tree.Leaf, view: View) -> list[Hit]:
    if not node.needs <= view.forms:
        return []
    return [Hit(lo, hi, node) for lo, hi in view.find(node.parts, node.clitics)]


def _pattern(node: tree.Pattern, view: View) -> list[Hit]:
    return view.find_pattern(node, MOST_PATTERN)


def _mention(node: tree.Mention, view: View) -> list[Hit]:
    if not counts_in(node, view.lang):
        return []
    hits = evaluate(node.child, view)
    if hits and node.require:
        hits = around(node.require, node.within, view).beside(hits)
    if hits and node.forbid:
        hits = around(node.forbid, node.forbid_within, view).clear(hits)
    return hits


def around(nodes: Sequence[Node], within: int | None, view: View) -> Surroundings:
    """Return where words of any of `nodes` stand near, found out once an article."""
    key = ("around", tuple(map(id, nodes)), within)
    known: Surroundings | None = view.memo.get(key)
    if known is None:
        known = view.memo[key] = Surroundings(_edges(nodes, view), within, view.title_bits, len(view.pieces))
    return known


def _edges(nodes: Sequence[Node], view: View) -> Edges:
    begins = ends = into = 0
    for node in nodes:
        words = words_of(node, view)
        if words is not None:
            begins, ends = begins | words, ends | words
            continue
        hits = evaluate(node, view)
        begins |= bits.of([hit.lo for hit in hits])
        ends |= bits.of([hit.hi for hit in hits])
        into |= bits.of([n for hit in hits for n in range(hit.lo + 1, hit.hi + 1)])
    return Edges(begins, ends, into)


def counts_in(node: tree.Mention, lang: str | None) -> bool:
    """Return whether the mention counts in articles of `lang`; unknown languages pass.

    A list item under key L also counts where L is written in another script: it can hardly be mistaken there.
    """
    if lang is None:
        return True
    if node.langs is not None and lang not in node.langs:
        return False
    return node.lang is None or node.lang == lang or script_of(node.lang) != script_of(lang)


def _held(node: tree.Held, view: View) -> list[Hit]:
    return evaluate(node.child, view) if in_office(node, view) else []


def in_office(node: tree.Held, view: View) -> bool:
    """Return whether the holder held the office at the article's date; an article without any date passes."""
    moment = view.moment
    if moment is None:
        return True
    return (node.start is None or node.start <= moment) and (node.end is None or moment < node.end)


def _named(node: tree.Named, view: View) -> list[Hit]:
    return evaluate(node.child, view)


def _any_of(node: tree.AnyOf, view: View) -> list[Hit]:
    values = [hits for child in _asked(node, view) if (hits := evaluate(child, view))]
    if len(values) < 2:
        return values[0] if values else []
    first: dict[tuple[int, int], Hit] = {}
    for hit in itertools.chain.from_iterable(values):
        first.setdefault((hit[0], hit[1]), hit)
    return [first[place] for place in sorted(first)]


def _asked(node: tree.AnyOf, view: View) -> Iterable[Node]:
    """Return the alternatives that may be true, told once an article."""
    if len(node.rest) == len(node.children):
        return node.children
    key = ("asked", id(node))
    if key not in view.memo:
        view.memo[key] = node.worth_asking(view)
    asked: Iterable[Node] = view.memo[key]
    return asked


def _within(node: tree.Within, view: View) -> list[Hit]:
    first, behind = _range(node, view)
    return [hit for hit in evaluate(node.child, view) if hit.lo >= first and hit.hi < behind]


def _range(node: tree.Within, view: View) -> tuple[int, int]:
    """Return the first word of the fields' common part, and the first behind it."""
    ranges = [view.fields[field] for field in node.fields]
    return max(first for first, _ in ranges), max(0, min(behind for _, behind in ranges))


def _near(node: tree.Near, view: View) -> list[Hit]:
    if not all(holds(child, view) for child in node.children):
        return []
    sets = words_of_all(node.children, view)
    if sets is None:
        return _near_any(node, view)
    found: list[Hit] = []
    for field in (view.title_bits, ~view.title_bits):
        part = [words & field for words in sets]
        if all(part):
            stretches = near_words.close(part, node.distance, node.ordered)
            found += [_hit(node.children, one, view) for one in itertools.islice(stretches, node.most - len(found))]
    return found


def _near_any(node: tree.Near, view: View) -> list[Hit]:
    """Return the matches of a node some of whose operands have matches of several words."""

    def search(values: Sequence[list[Hit]], most: int) -> list[Hit]:
        found: list[Hit] = []
        for in_title in (True, False):
            operands = [near.Operand(part) for hits in values if (part := _in_field(hits, in_title, view))]
            if len(operands) == len(values) and len(found) < most:
                found += near.close(operands, node.distance, node.ordered, most - len(found))
        return found

    return _first_few(node, search, view)


def _in_field(hits: list[Hit], in_title: bool, view: View) -> list[Hit]:
    at = bisect.bisect_left(hits, view.in_title, key=_lo)
    return hits[:at] if in_title else hits[at:]


def _lo(hit: Hit) -> int:
    return hit.lo


def _first_few(
    node: tree.Near | tree.Together, search: Callable[[Sequence[list[Hit]], int], list[Hit]], view: View
) -> list[Hit]:
    """Return the first matches of `node`, if need be from only the first ones of operators inside it.

    What ends before the last match that is known of each operand is the same whatever else they may have.
    """
    first = [_start_of(child, view) for child in node.children]
    open_ends = [hits[-1].lo for hits, whole in first if not whole]
    if open_ends:
        found = search([hits for hits, _ in first], node.most)
        sure = [hit for hit in found if hit.hi < min(open_ends)]
        if len(sure) == node.most:
            return sure
    return search([evaluate(child, view) for child in node.children], node.most)


def _start_of(node: Node, view: View) -> tuple[list[Hit], bool]:
    """Return the first matches of an operator of distance and whether these are all; of any other node all."""
    if not isinstance(node, (tree.Near, tree.Together)) or node.most <= FEW_MATCHES or id(node) in view.memo:
        return evaluate(node, view), True
    key = ("start", id(node))
    if key not in view.memo:
        few = dataclasses.replace(node, most=FEW_MATCHES)
        view.memo[key] = (few, _VALUES[type(node)](few, view))
    hits: list[Hit] = view.memo[key][1]
    return hits, len(hits) < FEW_MATCHES


def _starts(node: tree.Near | tree.Together, view: View) -> bool:
    return bool(_start_of(node, view)[0])


def _hit(children: Sequence[Node], found: near_words.Stretch, view: View) -> Hit:
    what = (word_at(child, word, view) for child, word in zip(children, found.words, strict=True))
    return Hit(found.begin, found.end, tuple(what))


def _together(node: tree.Together, view: View) -> list[Hit]:
    if not all(holds(child, view) for child in node.children):
        return []
    sets = words_of_all(node.children, view)
    if sets is None:
        return _together_any(node, view)
    starts = view.units(node.unit)
    common = functools.reduce(operator.and_, (unit_set(child, node.unit, view) for child in node.children))
    found: list[Hit] = []
    for unit in sorted(common):
        last = starts[unit + 1] - 1 if unit + 1 < len(starts) else len(view.pieces) - 1
        stretches = itertools.islice(near_words.inside(sets, starts[unit], last), node.most - len(found))
        found += [_hit(node.children, one, view) for one in stretches]
        if len(found) >= node.most:
            break
    return found


def _together_any(node: tree.Together, view: View) -> list[Hit]:
    """Return the same where some of the operands have matches of several words."""

    def search(values: Sequence[list[Hit]], most: int) -> list[Hit]:
        units = [near.by_unit(hits, view.units(node.unit)) for hits in values]
        return near.together(near.shared_units(units), most)

    return _first_few(node, search, view)


def _apart(node: tree.Apart, view: View) -> list[Hit]:
    hits = evaluate(node.child, view)
    if not hits or not holds(node.other, view):
        return hits
    if node.distance is not None:
        return around((node.other,), node.distance, view).away(hits)
    sentences = view.unit_of("sentence")
    if words_of(node.other, view) is not None:
        taken = unit_set(node.other, "sentence", view)
    else:
        taken = frozenset(unit for hit in evaluate(node.other, view) for unit in sentences[hit.lo : hit.hi + 1])
    return [hit for hit in hits if taken.isdisjoint(sentences[hit[0] : hit[1] + 1])]


_VALUES: dict[type, Callable[..., list[Hit]]] = {
    tree.Leaf: _leaf,
    tree.Pattern: _pattern,
    tree.Mention: _mention,
    tree.Held: _held,
    tree.Named: _named,
    tree.AnyOf: _any_of,
    tree.Within: _within,
    tree.Near: _near,
    tree.Together: _together,
    tree.Apart: _apart,
}

# -- sets of words: the value of a node whose every match is one word ------------------------------------


def words_of(node: Node, view: View) -> int | None:
    """Return the words (`bits`) at which a span-level `node` stands, None where one of its matches is longer."""
    key = ("words", id(node))
    if key not in view.memo:
        view.memo[key] = _words_of(node, view)
    known: int | None = view.memo[key]
    return known


def words_of_all(nodes: Iterable[Node], view: View) -> list[int] | None:
    """Return the words of each node, None where one of them has a longer match."""
    sets = []
    for node in nodes:
        words = words_of(node, view)
        if words is None:
            return None
        sets.append(words)
    return sets


def _words_of(node: Node, view: View) -> int | None:
    if isinstance(node, tree.Named):
        return words_of(node.child, view)
    if isinstance(node, tree.AnyOf):
        sets = words_of_all(_asked(node, view), view)
        return None if sets is None else functools.reduce(operator.or_, sets, 0)
    if isinstance(node, tree.Within):
        words = words_of(node.child, view)
        first, behind = _range(node, view)
        return None if words is None else words & bits.below(behind) & ~bits.below(first)
    if isinstance(node, tree.Leaf):
        return view.words(node.parts, node.clitics) if node.needs <= view.forms else 0
    hits = evaluate(node, view)
    return bits.of([hit.lo for hit in hits]) if all(hit.lo == hit.hi for hit in hits) else None


def word_at(node: Node, number: int, view: View) -> Hit:
    """Return the match of `node` at a word of its set; where several alternatives match, that of the first."""
    if isinstance(node, (tree.Named, tree.Within)):
        return word_at(node.child, number, view)
    if isinstance(node, tree.AnyOf):
        return next(word_at(c, number, view) for c in _asked(node, view) if (words_of(c, view) or 0) >> number & 1)
    if isinstance(node, tree.Leaf):
        return Hit(number, number, node)
    hits = evaluate(node, view)
    return hits[bisect.bisect_left(hits, number, key=lambda hit: hit.lo)]


def unit_set(node: Node, unit: str, view: View) -> frozenset[int]:
    """Return the sentences or paragraphs in which `node` stands, all of whose matches are single words."""
    key = (unit, "set", id(node))
    known: frozenset[int] | None = view.memo.get(key)
    if known is None:
        known = view.memo[key] = _unit_set(node, unit, view)
    return known


def _unit_set(node: Node, unit: str, view: View) -> frozenset[int]:
    if isinstance(node, tree.Named):
        return unit_set(node.child, unit, view)
    if isinstance(node, tree.AnyOf):
        return frozenset().union(*(unit_set(child, unit, view) for child in _asked(node, view)))
    if isinstance(node, tree.Leaf):
        return frozenset(view.unit_of(unit)[lo] for lo, _ in view.find(node.parts, node.clitics))
    return frozenset(view.unit_of(unit)[hit.lo] for hit in evaluate(node, view))


# -- article level ---------------------------------------------------------------------------------


def _found(node: tree.Leaf, view: View) -> bool:
    return node.needs <= view.forms and bool(view.find(node.parts, node.clitics))


def _occurs(node: tree.Pattern, view: View) -> bool:
    return bool(view.find_pattern(node, 1))


def _some(node: tree.AnyOf, view: View) -> bool:
    return any(holds(child, view) for child in _asked(node, view))


def _same(node: tree.Named, view: View) -> bool:
    return holds(node.child, view)


def _all_of(node: tree.AllOf, view: View) -> bool:
    for child in node.children:
        if not holds(child, view):
            return False
    return not any(holds(child, view) for child in node.without)


def _one_of(node: tree.OneOf, view: View) -> bool:
    return any(holds(child, view) for child in node.children)


def _at_least(node: tree.AtLeast, view: View) -> bool:
    missing = len(node.children) - node.count
    for child in node.children:
        missing -= not holds(child, view)
        if missing < 0:
            return False
    return True


def _times(node: tree.Times, view: View) -> bool:
    return times(node.child, view, node.count) >= node.count


def times(node: Node, view: View, most: int) -> int:
    """Return how many matches of `node` there are that do not overlap, counted up to `most`."""
    count, behind = 0, -1
    for hit in sorted(_all_hits(node, view), key=lambda hit: hit.hi):
        if hit.lo > behind:
            count, behind = count + 1, hit.hi
            if count == most:
                break
    return count


def _all_hits(node: Node, view: View) -> list[Hit]:
    """Return every match that makes `node` true, also where it is article-level."""
    if tree.is_span(node):
        return evaluate(node, view)
    if not holds(node, view):
        return []
    return [hit for child in _SHOWN[type(node)](node, view) for hit in _all_hits(child, view)]


def _meta(node: tree.Meta, view: View) -> bool:
    if isinstance(node.child, tree.Pattern):
        pattern = node.child.pattern
        return any(pattern.search(value.encode("utf-8", "replace")) for value in view.values(node.field) if value)
    leaf = node.child
    return any(row.find(leaf.parts, leaf.clitics) for row in view.metadata(node.field))


def _scored(node: tree.Scored, view: View) -> bool:
    if node.require and not any(holds(c.child, view) for c in node.clauses if c.id in node.require):
        return False
    return score(node, view) >= node.threshold


def score(node: tree.Scored, view: View) -> int:
    """Return the sum of the points of the true clauses."""
    return sum(points(clause, view) for clause in node.clauses)


def points(clause: tree.Clause, view: View) -> int:
    """Return what `clause` gives: its weight once, more if one of its words stands in the title, 0 if it is false."""
    if not holds(clause.child, view):
        return 0
    bonus = clause.title_bonus and _in_title(clause.child, view)
    return clause.weight + (clause.title_bonus if bonus else 0)


def _in_title(node: Node, view: View) -> bool:
    """Return whether a word that makes `node` true stands in the title: matches are in order, the title's first."""
    if not holds(node, view):
        return False
    below = _SHOWN.get(type(node))
    if below is not None:
        return any(_in_title(child, view) for child in below(node, view))
    return evaluate(node, view)[0].lo < view.in_title


_JUDGES: dict[type, Callable[..., bool]] = {
    tree.Leaf: _found,
    tree.Pattern: _occurs,
    tree.Near: _starts,
    tree.Together: _starts,
    tree.AnyOf: _some,
    tree.Named: _same,
    tree.AllOf: _all_of,
    tree.OneOf: _one_of,
    tree.AtLeast: _at_least,
    tree.Times: _times,
    tree.Meta: _meta,
    tree.Scored: _scored,
}


def _shown_children(node: tree.AllOf | tree.OneOf | tree.AtLeast, view: View) -> Iterable[Node]:
    return node.children


def _shown_asked(node: tree.AnyOf, view: View) -> Iterable[Node]:
    return _asked(node, view)


def _shown_child(node: tree.Times | tree.Named, view: View) -> Iterable[Node]:
    return (node.child,)


def _shown_clauses(node: tree.Scored, view: View) -> Iterable[Node]:
    return (clause.child for clause in node.clauses if clause.weight > 0)


def _shown_nothing(node: tree.Meta, view: View) -> Iterable[Node]:
    return ()


_SHOWN: dict[type, Callable[..., Iterable[Node]]] = {
    tree.AnyOf: _shown_asked,
    tree.Named: _shown_child,
    tree.AllOf: _shown_children,
    tree.OneOf: _shown_children,
    tree.AtLeast: _shown_children,
    tree.Times: _shown_child,
    tree.Scored: _shown_clauses,
    tree.Meta: _shown_nothing,
}
