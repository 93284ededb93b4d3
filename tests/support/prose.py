"""Invented prose: texts that share nothing but what a test puts into both."""

from __future__ import annotations

import random

_SYLLABLES = [
    onset + vowel for onset in ("b", "d", "f", "k", "l", "m", "n", "p", "r", "s", "t", "v") for vowel in "aeiou"
]


def prose(name: str, words: int) -> str:
    """Return that many words in sentences of twelve, the same for the same name."""
    rng = random.Random(name)
    drawn = ["".join(rng.choices(_SYLLABLES, k=rng.randint(2, 4))) for _ in range(words)]
    sentences = [" ".join(drawn[at : at + 12]).capitalize() + "." for at in range(0, words, 12)]
    return " ".join(sentences)
