"""What a feed lists at its first poll teaches how common words are, before the first article is told.

Without it a desk's first day would put into one story all that shares the words everybody uses on that day: of the
first 1,500 items of rss-archive-2023, 58 with "Israel" and "Hamas"; once 2,000 were counted, at most 15 of a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable

from monitor import text
from monitor.store import entries, stories
from monitor.store.store import Connection
from monitor.stories import features

ENOUGH = 3_000
"""Articles and reports after which a first poll teaches nothing more."""
READ = 600
"""Characters of a report's text that are read."""


def learn_words(connection: Connection, listed: Iterable[entries.NewEntry]) -> int:
    """Count the words of the baseline among new entries, as long as few were counted; return of how many."""
    baseline = [item.entry for item in listed if item.state == "baseline"]
    if not baseline:
        return 0
    _, total, learned = stories.count_terms(connection, ())
    some = baseline[: max(0, ENOUGH - total - learned)]
    for entry in some:
        terms = features.words_of(text.folded_words(entry.title), text.folded_words(entry.summary[:READ]))
        stories.add_terms(connection, terms, whole=False)
    return len(some)
