"""The last day under an edit, at once: what does not depend on the edit is kept by one worker between two keys.

It answers what the steps of `run` answer, in one process and without files between them. Kept are the words of the
day's articles, and what the live rules match of them; new articles join them as they come.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from monitor import model
from monitor.backtest import blocks, course, report, sift
from monitor.backtest.blocks import Block
from monitor.backtest.values import SIDES, Job, Pair, Report, Seen
from monitor.rules import live
from monitor.store import visit
from monitor.store.backtests import Span
from monitor.store.store import Connection

MOST_KEPT = 12_000_000
"""Distinct words of all articles of a day together (`Crowd.words`) that are kept, 4 bytes each; what is beyond them is
read again for each edit."""


def open_day(database: str, rules_path: str, span: Span) -> int:
    """Read the words of a day before somebody asks, and return how many revisions it has. Raises: StoreError."""
    live.of_file(rules_path)
    with visit.reading_again(database) as archive:
        return sum(len(one.block.seqs) for one in _day(database).read(archive, span))


def preview(job: Job, since: datetime, until: datetime) -> Report:
    """Return what an edit would have changed on a day. Raises: RuleError, StoreError."""
    read, seen = 0, list[Seen]()
    with visit.reading_again(job.database) as archive:
        for kept in _day(job.database).read(archive, job.span):
            among = kept.block.within(job.span)
            read += among.bit_count()
            seen += sift.compare(archive, job, kept.block, among, kept.live_matches(archive, job))
        ruled = {side: course.decide(archive, job, side, until, seen) for side in SIDES}
        return report.compared(archive, job, (since, until), sift.count(read, seen), ruled, seen)


@functools.lru_cache(maxsize=1)
def _day(database: str) -> _Day:
    return _Day()


@dataclass(slots=True)
class _Kept:
    """A block with what the live rules match of it, as far as somebody asked."""

    block: Block = field(default_factory=Block)
    _live: dict[int, tuple[model.Match, ...]] = field(default_factory=dict)
    _of: tuple[str, tuple[Pair, ...]] | None = None
    """By which rules that is."""
    _known: int = 0
    """Of which revisions, as a set."""

    def live_matches(self, archive: Connection, job: Job) -> blocks.Matches:
        """Return what the live rules match of the whole block, having judged what came since."""
        if self._of != (job.live, job.pairs):
            self._of, self._known, self._live = (job.live, job.pairs), 0, {}
        everyone = (1 << len(self.block.seqs)) - 1
        new = everyone & ~self._known
        if new:
            self._live.update(sift.live_matches(archive, job, self.block, new))
            self._known = everyone
        return self._live


class _Day:
    """The blocks of a period whose end moves on, and whose beginning follows it."""

    def __init__(self) -> None:
        self._blocks: list[_Kept] = []
        self._first = 0
        """From this number on they hold everything, up to the last of them."""

    def read(self, archive: Connection, span: Span) -> Iterator[_Kept]:
        """Yield the blocks with the revisions of a period, and others beside them."""
        if not self._blocks or not self._first <= span.first <= self._blocks[-1].block.last:
            self._blocks, self._first = [], span.first
        self._blocks = [one for one in self._blocks if one.block.last >= span.first]
        open_ = self._blocks.pop() if self._blocks and not self._blocks[-1].block.full else _Kept()
        yield from self._blocks
        last = open_.block.last if open_.block.seqs else self._blocks[-1].block.last if self._blocks else 0
        for block in blocks.read(archive, Span(max(span.first, last + 1), span.last), open_.block):
            kept = open_ if block is open_.block else _Kept(block)
            if block.crowd.words + sum(one.block.crowd.words for one in self._blocks) <= MOST_KEPT:
                self._blocks.append(kept)
            yield kept
