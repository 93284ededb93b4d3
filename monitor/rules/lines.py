"""A paragraph that patterns are run on: NFC, in UTF-8, with the way back to the original's offsets."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import regex

_CLUSTER = regex.compile(r"\P{M}\p{M}*|\p{M}+")


class Line:
    """A paragraph. Offsets count code points of the original."""

    def __init__(self, text: str) -> None:
        self._original = text
        self._text = unicodedata.normalize("NFC", text)
        self._bytes = self._text.encode("utf-8", "replace")

    def holds(self, pattern: Any) -> bool:
        """Return whether `pattern` matches somewhere."""
        return pattern.search(self._bytes) is not None

    def find(self, pattern: Any, most: int) -> Iterator[tuple[int, int]]:
        """Yield (start, end) of the first `most` matches of `pattern`, a compiled pattern over bytes."""
        at, chars = 0, 0
        for found in itertools.islice(pattern.finditer(self._bytes), most):
            start = chars + self._length(at, found.start())
            end = start + self._length(found.start(), found.end())
            at, chars = found.end(), end
            yield self._back(start), self._back(end)

    def _length(self, start: int, end: int) -> int:
        """Return the characters in a part of the bytes."""
        if len(self._bytes) == len(self._text):
            return end - start
        return len(self._bytes[start:end].decode("utf-8", "replace"))

    def _back(self, at: int) -> int:
        return at if self._text == self._original else self._places[at]

    @cached_property
    def _places(self) -> list[int]:
        """Where each character of the NFC text, and its end, stood in the original."""
        places: list[int] = []
        for cluster in _CLUSTER.finditer(self._original):
            composed = unicodedata.normalize("NFC", cluster.group())
            places += [min(cluster.start() + i, cluster.end() - 1) for i in range(len(composed))]
        places.append(len(self._original))
        if len(places) != len(self._text) + 1:  # a composition across clusters, which no news script has
            places = [min(i, len(self._original)) for i in range(len(self._text) + 1)]
        return places
