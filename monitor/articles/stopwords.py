"""The common words of a hundred languages, by which trafilatura's last resort tells prose from menus, kept small.

jusText keeps its 154,000 words twice, in 28 MB; by their hashes they take 1.2 MB. A word that is none of them passes
for one with a probability of 154,000 / 2**64.
"""

from __future__ import annotations

import importlib
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Any


class Stopwords:
    """A set of words that can only be asked whether a word is in it; `listed` gives them, at the first question."""

    __slots__ = ("_hashes", "_listed")

    def __init__(self, listed: Callable[[], Iterable[str]]) -> None:
        self._listed = listed
        self._hashes: array[int] | None = None

    def __contains__(self, word: str) -> bool:
        """Return whether a word, in small letters, is in the set."""
        if self._hashes is None:
            self._hashes = array("q", sorted({hash(listed.lower()) for listed in self._listed()}))
        wanted = hash(word)
        place = bisect_left(self._hashes, wanted)
        return place < len(self._hashes) and self._hashes[place] == wanted


def keep_small(external: Any) -> None:
    """Have `trafilatura.external` and jusText, which it calls, use Stopwords of all languages in place of their own."""
    justext: Any = importlib.import_module(external.classify_paragraphs.__module__)
    as_before = justext.define_stoplist

    def define_stoplist(words: Any) -> Any:
        return words if isinstance(words, Stopwords) else as_before(words)

    justext.define_stoplist = define_stoplist
    external.JT_STOPLIST = Stopwords(lambda: _all_words(external))


def _all_words(external: Any) -> Iterable[str]:
    for language in external.get_stoplists():
        yield from external.get_stoplist(language)
