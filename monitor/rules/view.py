"""An article as rules see it: tokens of title and body in one row, and where each form occurs. Built for candidates."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cached_property

from monitor import model, text
from monitor.rules.terms import Part
from monitor.rules.tree import Hit, heads_of

Occurrence = tuple[int, int, text.Form]
"""First token, last token, and the form in which they are this word."""

Peeled = tuple[tuple[int, text.Form], ...]
"""The tokens that lost clitics, with what was peeled."""

LEAST_OTHERS = 3
"""Cased words that an all-capitals sentence holds beside the one in question."""

_POSSESSIVE = re.compile("['’]s$")

TITLE = -1
"""The paragraph number of the title."""

_SCRIPTS = {
    **dict.fromkeys(("ar", "fa", "ur", "ps", "sd", "ug", "ku"), "arabic"),
    **dict.fromkeys(("he", "yi", "iw", "ji"), "hebrew"),
    **dict.fromkeys(("ru", "uk", "be", "bg", "mk", "sr", "kk", "ky", "mn", "tg", "tt", "ba", "cv", "os"), "cyrillic"),
    **dict.fromkeys(("hi", "mr", "ne", "sa"), "devanagari"),
    **dict.fromkeys(("am", "ti"), "ethiopic"),
    **{code: code for code in ("el", "hy", "ka", "th", "ko", "ja", "zh", "bn", "pa", "gu", "ta", "te")},
}


def script_of(lang: str) -> str:
    """Return the script that `lang` is written in; Latin where nothing else is known."""
    return _SCRIPTS.get(lang, "latin")


class View:
    """The forms of one article's title and body. `memo` holds what nodes were found to be, by identity."""

    def __init__(self, article: model.Article) -> None:
        self.article = article
        self.lang = article.lang.replace("_", "-").split("-")[0].casefold() if article.lang else None
        self.title, _ = text.cut(article.title)
        self.body, self.was_cut = text.cut(article.text)
        title = text.tokenize(self.title)
        self.in_title = len(title)
        self.tokens = title + text.tokenize(self.body)
        self.memo: dict[int, list[Hit]] = {}
        self.forms: dict[str, list[Occurrence]] = {}
        for i, token in enumerate(self.tokens):
            for form in token.forms:
                self.forms.setdefault(form.text, []).append((i, i, form))
            for parts, forms in token.joined:
                for form in forms:
                    self.forms.setdefault(form.text, []).append((i, i + parts - 1, form))

    @property
    def moment(self) -> datetime | None:
        """Return the article's date: published, else first seen."""
        return self.article.published or self.article.first_seen

    def paragraph(self, number: int) -> int:
        """Return the paragraph of token `number`."""
        return TITLE if number < self.in_title else self.tokens[number].paragraph

    def same_field(self, a: int, b: int) -> bool:
        """Return whether tokens `a` and `b` both stand in the title or both in the body."""
        return (a < self.in_title) == (b < self.in_title)

    def place(self, lo: int, hi: int) -> tuple[str, int, int, str]:
        """Return (field, start, end, written text) of tokens `lo` to `hi`."""
        field, whole = ("title", self.article.title) if lo < self.in_title else ("text", self.article.text)
        start, end = self.tokens[lo].start, self.tokens[hi].end
        return field, start, end, whole[start:end]

    # -- occurrences of terms ------------------------------------------------------------------------

    def find(self, parts: tuple[Part, ...], clitics: bool) -> list[tuple[int, int, Peeled]]:
        """Return (first token, last token, peeled) of each place where `parts` stand side by side, in order."""
        found: dict[tuple[int, int], Peeled] = {}
        places = self._occurrences(parts[0], clitics) if len(parts) == 1 else self._sequences(parts, clitics)
        for lo, hi, peeled in places:
            found.setdefault((lo, hi), peeled)
        return [(lo, hi, peeled) for (lo, hi), peeled in sorted(found.items())]

    def _sequences(self, parts: tuple[Part, ...], clitics: bool) -> Iterator[tuple[int, int, Peeled]]:
        """Yield each place where `parts`, in one of their readings, follow one another in one paragraph."""
        if not all(self._occurs(parts, at) for at in range(len(parts))):
            return
        open_ends: list[tuple[int, int, int, Peeled]] = []
        for count, part in _readings(parts, 0):
            open_ends += [(lo, hi, count, p) for lo, hi, p in self._occurrences(part, clitics)]
        while open_ends:
            reached: dict[int, list[tuple[int, int, int, Peeled]]] = {}
            for state in open_ends:
                if state[2] == len(parts):
                    yield state[0], state[1], state[3]
                else:
                    reached.setdefault(state[2], []).append(state)
            following = (new for at, states in reached.items() for new in self._step(parts, at, states, clitics))
            open_ends = list({new[:3]: new for new in following}.values())

    def _occurs(self, parts: tuple[Part, ...], at: int) -> bool:
        """Return False if the word at `at` stands nowhere; a hyphen neighbour may hide it in a joined one."""
        glued = parts[at].glued or (at + 1 < len(parts) and parts[at + 1].glued)
        return glued or any(spelling in self.forms for spelling in self._spellings(parts[at]))

    def _step(
        self, parts: tuple[Part, ...], at: int, states: list[tuple[int, int, int, Peeled]], clitics: bool
    ) -> Iterator[tuple[int, int, int, Peeled]]:
        for count, part in _readings(parts, at):
            starts: dict[int, list[tuple[int, Peeled]]] = {}
            for lo, hi, peeled in self._occurrences(part, clitics):
                starts.setdefault(lo, []).append((hi, peeled))
            for first, last, _, before in states:
                for hi, peeled in starts.get(last + 1, ()):
                    if self.paragraph(first) == self.paragraph(hi):
                        yield first, hi, at + count, before + peeled

    def _occurrences(self, part: Part, clitics: bool) -> Iterator[tuple[int, int, Peeled]]:
        for spelling in self._spellings(part):
            for lo, hi, form in self.forms.get(spelling, ()):
                if part.exact is not None:
                    if lo == hi and not form.peeled and self._is_exact(lo, part.exact):
                        yield lo, hi, ()
                elif clitics or not form.peeled:
                    yield lo, hi, ((lo, form),) if form.peeled else ()

    def _spellings(self, part: Part) -> list[str]:
        """Return the article's forms that `part` stands for."""
        if not part.prefix and "?" not in part.folded:
            return [part.folded]
        head = part.folded.split("?", 1)[0]
        first = bisect.bisect_left(self._sorted_forms, head)
        last = bisect.bisect_left(self._sorted_forms, head + "\U0010ffff")
        near = self._sorted_forms[first:last]
        if "?" not in part.folded:
            return near
        spelled = re.escape(part.folded).replace(r"\?", r"[^\W\d_]")
        pattern = re.compile(spelled + (".*" if part.prefix else ""), re.DOTALL)
        return [form for form in near if pattern.fullmatch(form)]

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first letters of each form."""
        return heads_of(self.forms)

    @cached_property
    def _sorted_forms(self) -> list[str]:
        return sorted(self.forms)

    # -- exact words -----------------------------------------------------------------------------------

    def _is_exact(self, number: int, wanted: str) -> bool:
        raw = self.tokens[number].raw
        if text.exact_form(raw) != wanted:
            return False
        return "." in raw or not raw.isupper() or not self._in_capitals(number)

    def _in_capitals(self, number: int) -> bool:
        """Return whether 3 or more other cased tokens, and no lower-case one, stand in the token's sentence."""
        key = self._sentence_of[number]
        if key not in self._shouting:
            low, high = bisect.bisect_left(self._sentence_of, key), bisect.bisect_right(self._sentence_of, key)
            raws = [_POSSESSIVE.sub("", self.tokens[i].raw) for i in range(low, high)]
            cased = sum(1 for raw in raws if raw.upper() != raw.lower())
            self._shouting[key] = cased > LEAST_OTHERS and all(raw == raw.upper() for raw in raws)
        return self._shouting[key]

    @cached_property
    def _shouting(self) -> dict[int, bool]:
        return {}

    @cached_property
    def _sentence_of(self) -> list[int]:
        """The sentence number of each token; the title is one sentence, number -1."""
        starts = [start for start, _ in text.sentences(self.body)]
        body = self.tokens[self.in_title :]
        return [TITLE] * self.in_title + [bisect.bisect_right(starts, token.start) - 1 for token in body]


def _readings(parts: tuple[Part, ...], at: int) -> Iterator[tuple[int, Part]]:
    """Yield (parts used, word) for each way to read the next word: alone, or joined with its hyphen neighbours."""
    yield 1, parts[at]
    joined = parts[at].folded
    for last in range(at + 1, min(at + text.MOST_JOINED, len(parts))):
        if not parts[last].glued:
            return
        joined += parts[last].folded
        yield last - at + 1, Part(joined, prefix=parts[last].prefix)
