"""The language that a feed's entries are written in, as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from monitor.articles import language

FEWEST = 6
"""Entries below which nothing is said."""
MOST = 30
"""Entries that are looked at."""
PARTS = 3
"""Samples that must agree, each of every third entry: a feed in two languages speaks none clearly."""
OF_EACH = 60
"""Characters of each entry; a sample is a few hundred."""


def spoken_language(texts: Sequence[str], declared: str | None) -> str | None:
    """Return the two-letter code of the language that `texts` (title and summary of each entry) are clearly in.

    `declared` as in `language.detect_language`. None if they are too few, unsure or mixed.
    """
    if len(texts) < FEWEST:
        return None
    samples = (" ".join(text[:OF_EACH] for text in texts[part:MOST:PARTS]) for part in range(PARTS))
    found = {language.detect_language("", sample, declared) for sample in samples}
    return found.pop() if len(found) == 1 else None
