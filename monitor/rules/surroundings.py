"""Which mentions have certain words near: asked of sets of words (`bits`), for all mentions at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from monitor.rules import bits
from monitor.rules.tree import Hit


class Edges(NamedTuple):
    """Where the words of a context begin and end, and into which words a longer match reaches from the one before."""

    begins: int
    ends: int
    into: int


class Surroundings:
    """Where words stand that mentions require, must not have near, or keep away from."""

    def __init__(self, edges: Edges, within: int | None, title: int, size: int) -> None:
        """Take the context's `edges`.

        Args:
            within: Most words between, in the same field; None: the whole article.
            title: The title's words; `size`: how many words there are.
        """
        self._edges = edges
        self._within = within
        self._size = size
        if within is not None:
            self._after, self._before = self._reach(within, (title, bits.below(size) & ~title))

    def _reach(self, within: int, fields: Iterable[int]) -> tuple[int, int]:
        """Return the words that have one of the context's behind them, and those that have one before them."""
        after = before = 0
        for field in fields:
            after |= (bits.reach_down(self._edges.begins & field, within) >> 1) & field
            before |= (bits.reach_up(self._edges.ends & field, within) << 1) & field
        return after, before

    def beside(self, mentions: list[Hit]) -> list[Hit]:
        """Return the mentions that have a word near which does not overlap them."""
        if not self._edges.begins:
            return []
        if self._within is None:
            last, first = self._edges.begins.bit_length() - 1, (self._edges.ends & -self._edges.ends).bit_length() - 1
            return [hit for hit in mentions if last > hit.hi or first < hit.lo]
        return self._those(mentions, self._before, self._after, True)

    def clear(self, mentions: list[Hit]) -> list[Hit]:
        """Return the mentions that have no word near, but for one that is merely a part of them."""
        if not self._edges.begins:
            return mentions
        if self._within is None:
            first, last = (self._edges.begins & -self._edges.begins).bit_length() - 1, self._edges.ends.bit_length() - 1
            return [hit for hit in mentions if first >= hit.lo and last <= hit.hi]
        return self._those(mentions, self._before | self._edges.into, self._after | self._edges.into >> 1, False)

    def away(self, mentions: list[Hit]) -> list[Hit]:
        """Return the mentions that have no word near and none that overlaps them in any way."""
        clear = self.clear(mentions)
        return [hit for hit in clear if not self._edges.begins >> hit.lo & bits.below(hit.hi - hit.lo + 1)]

    def _those(self, mentions: list[Hit], at_begin: int, at_end: int, wanted: bool) -> list[Hit]:
        """Return the mentions whose first word is in one set or whose last word is in the other, or else the others."""
        size = self._size + 1
        begin, end = bits.row(at_begin, size), bits.row(at_end, size)
        return [
            hit
            for hit in mentions
            if bool(begin[hit[0] >> 3] >> (hit[0] & 7) & 1 or end[hit[1] >> 3] >> (hit[1] & 7) & 1) is wanted
        ]
