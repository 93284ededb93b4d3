"""What tells that two articles carry the same text."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

LONG_ENOUGH = 50
"""Words from which a text alone names an article; shorter ones ("Updates follow") count together with their title."""


def folded_hash(title_words: Sequence[str], text_words: Sequence[str]) -> str | None:
    """Return the hash that equal articles share, None for an article without a word.

    Args: folded words as `monitor.text.folded_words` gives them, so that case, accents and punctuation do not count.
    """
    words = list(text_words) if len(text_words) >= LONG_ENOUGH else [*title_words, "\n", *text_words]
    if not title_words and not text_words:
        return None
    return hashlib.sha256(" ".join(words).encode()).hexdigest()
