"""The second sieve for many articles at once: of which of them can a node be true, given which forms they hold?

`presence` asks one article for all words of a rule; whoever tries one rule after the other on the same thousand
articles asks each word of the rule once, for all of them: in which does it stand? Sets of articles are whole numbers,
the article at a place its bit, so that a tree of five thousand words is a few thousand operations on numbers.
"""

from __future__ import annotations

import bisect
import functools
import itertools
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence

from monitor import model, text
from monitor.rules import tree
from monitor.rules.presence import readings
from monitor.rules.terms import Part
from monitor.rules.tree import Node


class Crowd:
    """The words of many articles, each at the place at which it was added: 0, 1, ..."""

    def __init__(self) -> None:
        self.size = 0
        self.words = 0
        """Distinct runs of non-space characters of each article, together: what it takes to hold them."""
        self.anywhere, self.titles = _Words(), _Words()

    def add(self, article: model.Article) -> None:
        """Add the words that are read of an article (`match.haystack_of`)."""
        title = text.chunks(text.cut(article.title)[0])
        chunks = title | text.chunks(text.cut(article.text)[0])
        self.titles.add(self.size, title)
        self.anywhere.add(self.size, chunks)
        self.size += 1
        self.words += len(chunks)


class _Words:
    """In which articles words stand."""

    def __init__(self) -> None:
        self._places: defaultdict[str, array[int]] = defaultdict(_no_places)
        """Run of non-space characters -> where it stands, in order."""
        self._runs: dict[str, list[str]] = {}
        """Form -> the runs that have it."""
        self._known = (0, 0)
        """Articles and runs of which what follows tells."""
        self._size = 0
        self._sorted: list[str] = []
        self._sets: dict[str, int] = {}

    def add(self, place: int, chunks: Iterable[str]) -> None:
        """Add the next article."""
        places = self._places
        for chunk in chunks:
            places[chunk].append(place)
        self._size = place + 1

    def settle(self) -> None:
        """Take in what was added since."""
        if self._known[0] == self._size:
            return
        for chunk in itertools.islice(self._places, self._known[1], None):
            for form in text.forms_within(chunk):
                self._runs.setdefault(form, []).append(chunk)
        self._sorted = sorted(self._runs)
        self._sets.clear()
        self._known = self._size, len(self._places)

    def having(self, form: str) -> int:
        """Return the articles that have a form."""
        known = self._sets.get(form)
        if known is None:
            known = self._sets[form] = _any(_as_set(self._places[chunk]) for chunk in self._runs.get(form, ()))
        return known

    def beginning(self, head: str) -> int:
        """Return the articles that have a form which so begins."""
        found, at = 0, bisect.bisect_left(self._sorted, head)
        while at < len(self._sorted) and self._sorted[at].startswith(head):
            found |= self.having(self._sorted[at])
            at += 1
        return found


def places_of(articles: int) -> Iterator[int]:
    """Yield the places of some articles, in order."""
    while articles:
        lowest = articles & -articles
        yield lowest.bit_length() - 1
        articles ^= lowest


def _no_places() -> array[int]:
    return array("I")


def _as_set(places: Sequence[int]) -> int:
    made = bytearray(places[-1] // 8 + 1)
    for place in places:
        made[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(made, "little")


class Sieve:
    """Asks a crowd about the nodes of one rule set, each node once; it must not outlive them."""

    def __init__(self, crowd: Crowd) -> None:
        crowd.anywhere.settle()
        crowd.titles.settle()
        self.everyone = (1 << crowd.size) - 1
        self._words = crowd.anywhere
        self._memo: dict[int, int] = {}
        self._of_titles: Sieve | None = Sieve._of_words(crowd.titles, self.everyone)

    @classmethod
    def _of_words(cls, words: _Words, everyone: int) -> Sieve:
        made = cls.__new__(cls)
        made.everyone, made._words, made._memo, made._of_titles = everyone, words, {}, None
        return made

    def allows(self, node: Node) -> int:
        """Return the articles that `node` may be true of.

        Those of which `Presence.allows` it and, where something must stand in the title, whose titles have the words.
        """
        known = self._memo.get(id(node))
        if known is None:
            known = self._memo[id(node)] = _CHECKS[type(node)](node, self)
        return known

    def within(self, node: tree.Within) -> int:
        """Return the articles that may have the matches of a node in some fields."""
        asked = self._of_titles if self._of_titles is not None and "title" in node.fields else self
        return asked.allows(node.child)

    def having(self, folded: str, prefix: bool) -> int:
        """Return the articles with a form that is `folded`, or begins with it (`Presence.holds`)."""
        head, mark, _ = folded.partition("?")
        if not prefix and not mark:
            return self._words.having(folded)
        return self._words.having(folded) | self._words.beginning(head)


def _leaf(node: tree.Leaf, asked: Sieve) -> int:
    if not any(part.glued for part in node.parts):
        return _all((asked.having(part.folded, part.prefix) for part in node.parts), asked.everyone)
    return _glued(node.parts, asked)


def _glued(parts: tuple[Part, ...], asked: Sieve) -> int:
    """Return who has the words in one of their readings; from the last part to the first."""
    readable = [0] * len(parts) + [asked.everyone]
    for at in range(len(parts) - 1, -1, -1):
        readable[at] = _any(readable[at + n] & asked.having(word, star) for n, word, star in readings(parts, at))
    return readable[0]


def _everyone(node: tree.Pattern | tree.Meta, asked: Sieve) -> int:
    return asked.everyone


def _inner(node: tree.Mention | tree.Held | tree.Named | tree.Times | tree.Apart, asked: Sieve) -> int:
    return asked.allows(node.child)


def _within(node: tree.Within, asked: Sieve) -> int:
    return asked.within(node)


def _any_of(node: tree.AnyOf | tree.OneOf, asked: Sieve) -> int:
    return _any(map(asked.allows, node.children))


def _all_of(node: tree.AllOf | tree.Near | tree.Together, asked: Sieve) -> int:
    return _all(map(asked.allows, node.children), asked.everyone)


def _at_least(node: tree.AtLeast, asked: Sieve) -> int:
    return _reaching([(1, asked.allows(child)) for child in node.children], node.count, asked.everyone)


def _scored(node: tree.Scored, asked: Sieve) -> int:
    among = asked.everyone
    if node.require:
        among = _any(asked.allows(clause.child) for clause in node.clauses if clause.id in node.require)
    points = [(clause.best, asked.allows(clause.child)) for clause in node.clauses if clause.best]
    return _reaching(points, node.threshold, among)


def _reaching(points: Sequence[tuple[int, int]], least: int, among: int) -> int:
    """Return those of some articles whose points, each given to a set of articles, sum up to `least`."""
    found = 0
    for place in places_of(among):
        bit = 1 << place
        if sum(given for given, to in points if to & bit) >= least:
            found |= bit
    return found


def _any(sets: Iterable[int]) -> int:
    return functools.reduce(int.__or__, sets, 0)


def _all(sets: Iterable[int], among: int) -> int:
    """Return those of some articles that are in all sets; no further one is asked for where none are left."""
    for one in sets:
        if not among:
            break
        among &= one
    return among


_CHECKS: dict[type, Callable[..., int]] = {
    tree.Leaf: _leaf,
    tree.Pattern: _everyone,
    tree.Mention: _inner,
    tree.Held: _inner,
    tree.Named: _inner,
    tree.AnyOf: _any_of,
    tree.Within: _within,
    tree.Near: _all_of,
    tree.Together: _all_of,
    tree.Apart: _inner,
    tree.AllOf: _all_of,
    tree.OneOf: _any_of,
    tree.AtLeast: _at_least,
    tree.Times: _inner,
    tree.Meta: _everyone,
    tree.Scored: _scored,
}
