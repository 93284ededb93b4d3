"""Revisions of the archive by the words that they hold, and which of them some rules match.

Rules are evaluated on what their words allow (`rules.crowd`), and only that is loaded with its text: of a thousand
articles a dozen. A block holds no text, so that a day of them fits beside a dashboard.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from monitor import model
from monitor.rules import crowd, match
from monitor.rules.compile import CompiledRule, RuleSet
from monitor.store import backtests
from monitor.store.backtests import Archived, Span, Written
from monitor.store.rows import some
from monitor.store.store import Connection

MOST = 2_000
"""Revisions of a block."""
MOST_WORDS = 4_000_000
"""Distinct words of all its articles together, 4 bytes each: a block of long articles holds fewer."""

Matches = Mapping[int, tuple[model.Match, ...]]
"""Revision -> the rules that match it; those that none matches are not in it."""


@dataclass(slots=True)
class Block:
    """Revisions in the order in which they were decided."""

    crowd: crowd.Crowd = field(default_factory=crowd.Crowd)
    seqs: list[int] = field(default_factory=list)
    revisions: list[int] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Return whether the next revision begins another block."""
        return len(self.seqs) >= MOST or self.crowd.words >= MOST_WORDS

    @property
    def last(self) -> int:
        """Return the number of its newest revision."""
        return self.seqs[-1]

    def add(self, written: Written) -> None:
        """Add the next revision."""
        self.crowd.add(model.Article(written.title, written.text))
        self.seqs.append(written.seq)
        self.revisions.append(written.revision_id)

    def within(self, span: Span) -> int:
        """Return which of its revisions are of a period, as a set of `crowd`."""
        low, high = bisect.bisect_left(self.seqs, span.first), bisect.bisect_right(self.seqs, span.last)
        return (1 << max(low, high)) - (1 << low)

    def allowed(self, rules: RuleSet, among: int) -> dict[int, list[CompiledRule]]:
        """Return by revision, among those of a set, the recorded rules that its words allow."""
        sieve, found = crowd.Sieve(self.crowd), dict[int, list[CompiledRule]]()
        for rule in rules.rules:
            if rule.recorded:
                for place in crowd.places_of(sieve.allows(rule.node) & among):
                    found.setdefault(self.revisions[place], []).append(rule)
        return found


def read(connection: Connection, span: Span, begun: Block | None = None) -> Iterator[Block]:
    """Yield the revisions of a period in blocks, the first of which may be begun already; none where there are none."""
    block = Block() if begun is None else begun
    for written in backtests.iter_written(connection, span):
        block.add(written)
        if block.full:
            yield block
            block = Block()
    if block.seqs:
        yield block


def load(connection: Connection, revisions: Iterable[int]) -> Iterator[tuple[Written, Archived, model.Article]]:
    """Yield revisions with their articles as rules see them; one whose text is gone meanwhile is left out."""
    for part in some(revisions):
        texts, sources = backtests.get_written(connection, part), backtests.get_archived(connection, part)
        for number in part:
            if number in texts and number in sources:
                written, source = texts[number], sources[number]
                yield written, source, replace(source.article, text=written.text)


def judge(connection: Connection, allowed: Mapping[int, Sequence[CompiledRule]]) -> Matches:
    """Return what the rules that words allow match in the end."""
    found = {}
    for written, _, article in load(connection, allowed):
        matches = match.match_among(allowed[written.revision_id], article)
        if matches:
            found[written.revision_id] = matches
    return found
