"""An article as rules see it: the words of title and body in one row, and where each form occurs."""

from __future__ import annotations

import bisect
import itertools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from monitor import model, text
from monitor.rules import bits, lines
from monitor.rules.terms import Part
from monitor.rules.tree import Hit, Leaf, Pattern, heads_of

Places = list[tuple[int, int]]
"""First and last token of each occurrence, sorted, each once."""

LEAST_OTHERS = 3
"""Cased words that an all-capitals sentence holds beside the one in question."""

LEAD_PARAGRAPHS = 2
LEAD_WORDS = 80

_ANCHORED = re.compile(r"[\^$]|\\[AzZB]")
"""In a pattern that may hold of a paragraph alone and not of the whole text."""

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


class Row:
    """Words in a row, and where each form occurs. A place is (first word, last word).

    `starts`: the first words of the paragraphs, and of nothing else: no term crosses one.
    """

    def __init__(self, *words: text.Words) -> None:
        self.pieces = words[0].pieces if len(words) == 1 else [p for one in words for p in one.pieces]
        before = itertools.accumulate((len(one) for one in words), initial=0)
        self.starts = [at + start for one, at in zip(words, before, strict=False) for start in one.paragraphs]
        self._singles: defaultdict[str, list[int]] = defaultdict(list)
        self._joined: dict[str, Places] = {}
        singles = self._singles
        for i, piece in enumerate(self.pieces):
            if not piece[4]:  # a stand-in
                continue
            for form in piece[4]:
                singles[form[0]].append(i)
            if piece[5]:
                self._join(i, piece[5])
        self._found: dict[tuple[tuple[Part, ...], bool], Places] = {}
        self._shouting: dict[int, bool] = {}

    def _join(self, i: int, joined: Iterable[tuple[int, tuple[text.Form, ...]]]) -> None:
        for parts, forms in joined:
            for form in forms:
                self._joined.setdefault(form.text, []).append((i, i + parts - 1))

    @cached_property
    def forms(self) -> frozenset[str]:
        """Every form that occurs."""
        return frozenset(self._singles.keys() | self._joined.keys())

    @cached_property
    def heads(self) -> frozenset[str]:
        """The first letters of each form."""
        return heads_of(self.forms)

    @cached_property
    def _sorted_forms(self) -> list[str]:
        return sorted(self.forms)

    def paragraph(self, number: int) -> int:
        """Return the paragraph of word `number`."""
        return bisect.bisect_right(self.starts, number) - 1

    # -- occurrences of terms ------------------------------------------------------------------------

    def find(self, parts: tuple[Part, ...], clitics: bool) -> Places:
        """Return each place where `parts` stand side by side in one paragraph."""
        key = (parts, clitics)
        known = self._found.get(key)
        if known is None:
            known = self._found[key] = self._find(parts, clitics)
        return known

    def _find(self, parts: tuple[Part, ...], clitics: bool) -> Places:
        if len(parts) == 1:
            return self._word(parts[0], clitics)
        if any(part.glued for part in parts):
            return sorted(set(self._glued(parts, clitics)))
        if not all(self._occurs(part) for part in parts):
            return []
        return self._phrase([self.find((part,), clitics) for part in parts])

    def _phrase(self, words: Sequence[Places]) -> Places:
        """Return where the words follow one another, starting from the rarest of them."""
        at = min(range(len(words)), key=lambda n: len(words[n]))
        found = {(lo, hi) for lo, hi in words[at]}
        for following in words[at + 1 :]:
            if not found:
                return []
            ends = _by_first(following, {hi + 1 for _, hi in found})
            found = {(lo, end) for lo, hi in found for end in ends.get(hi + 1, ())}
        for before in reversed(words[:at]):
            if not found:
                return []
            begins = _by_last(before, {lo - 1 for lo, _ in found})
            found = {(begin, hi) for lo, hi in found for begin in begins.get(lo - 1, ())}
        return sorted(place for place in found if self.paragraph(place[0]) == self.paragraph(place[1]))

    def _word(self, part: Part, clitics: bool) -> Places:
        if not part.prefix and "?" not in part.folded and part.exact is None:
            return self._form(part.folded, clitics)
        found = {place for form in self._spellings(part) for place in self._form(form, clitics)}
        if part.exact is not None:
            found = {(lo, hi) for lo, hi in found if lo == hi and self._is_exact(lo, part.exact)}
        return sorted(found)

    def _form(self, form: str, clitics: bool) -> Places:
        pieces = self.pieces
        singles = self._singles.get(form, ())
        found = [(i, i) for i in singles if clitics or pieces[i].folded == form]
        joined = self._joined.get(form)
        if not joined:
            return found
        whole = joined if clitics else [(lo, hi) for lo, hi in joined if self._unpeeled(lo, hi) == form]
        return sorted({*found, *whole})

    def _unpeeled(self, lo: int, hi: int) -> str:
        return next(forms[0].text for parts, forms in self.pieces[lo].joined if parts == hi - lo + 1)

    def _occurs(self, part: Part) -> bool:
        return bool(self._spellings(part))

    def _spellings(self, part: Part) -> list[str]:
        """Return the article's forms that `part` stands for."""
        if not part.prefix and "?" not in part.folded:
            return [part.folded] if part.folded in self._singles or part.folded in self._joined else []
        head = part.folded.split("?", 1)[0]
        first = bisect.bisect_left(self._sorted_forms, head)
        last = bisect.bisect_left(self._sorted_forms, head + "\U0010ffff")
        near = self._sorted_forms[first:last]
        if "?" not in part.folded:
            return near
        spelled = re.escape(part.folded).replace(r"\?", r"[^\W\d_]")
        pattern = re.compile(spelled + (".*" if part.prefix else ""), re.DOTALL)
        return [form for form in near if pattern.fullmatch(form)]

    def _glued(self, parts: tuple[Part, ...], clitics: bool) -> Iterator[tuple[int, int]]:
        """Yield the places of a term with hyphens: each hyphened word read in parts or joined."""
        open_ends: set[tuple[int, int, int]] = set()
        for count, part in readings(parts, 0):
            open_ends |= {(lo, hi, count) for lo, hi in self.find((part,), clitics)}
        while open_ends:
            reached: dict[int, list[tuple[int, int, int]]] = {}
            for state in open_ends:
                if state[2] == len(parts):
                    yield state[0], state[1]
                else:
                    reached.setdefault(state[2], []).append(state)
            open_ends = {new for at, states in reached.items() for new in self._step(parts, at, states, clitics)}

    def _step(
        self, parts: tuple[Part, ...], at: int, states: list[tuple[int, int, int]], clitics: bool
    ) -> Iterator[tuple[int, int, int]]:
        for count, part in readings(parts, at):
            ends = _by_first(self.find((part,), clitics), {last + 1 for _, last, _ in states})
            for first, last, _ in states:
                for hi in ends.get(last + 1, ()):
                    if self.paragraph(first) == self.paragraph(hi):
                        yield first, hi, at + count

    def peeled(self, leaf: Leaf, lo: int, hi: int) -> tuple[tuple[int, text.Form], ...]:
        """Return the words of an occurrence of `leaf` that lost clitics to be found, with their forms."""
        wanted = [(count, part) for at in range(len(leaf.parts)) for count, part in readings(leaf.parts, at)]
        found = []
        for i in range(lo, hi + 1):
            forms = [*self.pieces[i].forms, *(form for _, forms in self.pieces[i].joined for form in forms)]
            spelled = {spelling for _, part in wanted for spelling in self._spellings(part)}
            named = [form for form in forms if form.text in spelled]
            if named and all(form.peeled for form in named):
                found.append((i, named[0]))
        return tuple(found)

    # -- exact words -----------------------------------------------------------------------------------

    def _is_exact(self, number: int, wanted: str) -> bool:
        raw = self.pieces[number].raw
        if text.exact_form(raw) != wanted:
            return False
        return "." in raw or not text.POSSESSIVE_S.sub("", raw).isupper() or not self._in_capitals(number)

    def _in_capitals(self, number: int) -> bool:
        """Return whether 3 or more other cased words, and no lower-case one, stand in the word's sentence."""
        if not (self._is_capital(number - 1, number) or self._is_capital(number + 1, number)):
            return False  # a sentence of several words holds one of these two
        sentence = self.sentence(number)
        if sentence not in self._shouting:
            low = self.sentences[sentence]
            high = self.sentences[sentence + 1] if sentence + 1 < len(self.sentences) else len(self.pieces)
            raws = [text.POSSESSIVE_S.sub("", self.pieces[i].raw) for i in range(low, high)]
            cased = sum(1 for raw in raws if raw.upper() != raw.lower())
            self._shouting[sentence] = cased > LEAST_OTHERS and all(raw == raw.upper() for raw in raws)
        return self._shouting[sentence]

    def _is_capital(self, number: int, beside: int) -> bool:
        """Return whether word `number` may stand in the sentence of `beside`, and has no small letter."""
        if not 0 <= number < len(self.pieces) or self.paragraph(number) != self.paragraph(beside):
            return False
        raw = text.POSSESSIVE_S.sub("", self.pieces[number].raw)
        return raw == raw.upper()

    @property
    def sentences(self) -> list[int]:
        """The first words of the sentences; here each paragraph is one."""
        return self.starts

    def sentence(self, number: int) -> int:
        """Return the sentence of word `number`."""
        return bisect.bisect_right(self.sentences, number) - 1


def _by_first(places: Places, wanted: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for lo, hi in places:
        if lo in wanted:
            found.setdefault(lo, []).append(hi)
    return found


def _by_last(places: Places, wanted: set[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for lo, hi in places:
        if hi in wanted:
            found.setdefault(hi, []).append(lo)
    return found


def _line(
    words: text.Words, before: int, first: int, last: int, offset: int, written: str
) -> tuple[int, list[int], list[int], lines.Line]:
    pieces = words.pieces[first : last + 1]
    begins = [start - offset for start in words.starts[first : last + 1]]
    ends = [begin + piece.end - piece.start for begin, piece in zip(begins, pieces, strict=True)]
    return before + first, begins, ends, lines.Line(written)


def readings(parts: tuple[Part, ...], at: int) -> Iterator[tuple[int, Part]]:
    """Yield (parts used, word) for each way to read the next word: alone, or joined with its hyphen neighbours."""
    part = parts[at]
    yield 1, part if not part.glued else Part(part.folded, part.exact, part.prefix)
    joined = part.folded
    for last in range(at + 1, min(at + text.MOST_JOINED, len(parts))):
        if not parts[last].glued:
            return
        joined += parts[last].folded
        yield last - at + 1, Part(joined, prefix=parts[last].prefix)


class View(Row):
    """The words of an article's title and body.

    `memo` holds what nodes were found to be, `truth` whether they are true, by identity.
    """

    def __init__(self, article: model.Article, read: Callable[[str], text.Words] = text.Words) -> None:
        self.article = article
        self.lang = article.lang.replace("_", "-").split("-")[0].casefold() if article.lang else None
        self.title, _ = text.cut(article.title)
        self.body, self.was_cut = text.cut(article.text)
        self._words = (read(self.title), read(self.body))
        super().__init__(*self._words)
        self.in_title = len(self._words[0])
        if self.in_title:  # however it is broken into lines
            self.starts = [0, *(start for start in self.starts if start >= self.in_title)]
        self.memo: dict[Any, Any] = {}
        self.truth: dict[int, bool] = {}
        self._evidence: dict[tuple[int, int, str, str | None], model.Evidence] = {}

    @property
    def moment(self) -> datetime | None:
        """Return the article's date: published, else first seen."""
        return self.article.published or self.article.first_seen

    def same_field(self, a: int, b: int) -> bool:
        """Return whether words `a` and `b` both stand in the title or both in the body."""
        return (a < self.in_title) == (b < self.in_title)

    def place(self, lo: int, hi: int) -> tuple[str, int, int, str]:
        """Return (field, start, end, written text) of words `lo` to `hi`."""
        found = self.evidence(lo, hi, "", None)
        return found.field, found.start, found.end, found.text

    def evidence(self, lo: int, hi: int, term: str, entity: str | None) -> model.Evidence:
        """Return words `lo` to `hi` as evidence of `term`."""
        key = (lo, hi, term, entity)
        known = self._evidence.get(key)
        if known is None:
            known = self._evidence[key] = model.Evidence(*self._place(lo, hi), term, entity)
        return known

    def _place(self, lo: int, hi: int) -> tuple[str, int, int, str]:
        if lo < self.in_title:
            start, end = self._words[0].place(lo, hi)
            return "title", start, end, self.article.title[start:end]
        start, end = self._words[1].place(lo - self.in_title, hi - self.in_title)
        return "text", start, end, self.article.text[start:end]

    @cached_property
    def sentences(self) -> list[int]:
        """The first words of the sentences; the title is one."""
        offsets = self._words[1].starts
        begins = (bisect.bisect_left(offsets, start) for start, _ in text.sentences(self.body))
        firsts = {self.in_title + begin for begin in begins if begin < len(offsets)}
        return sorted({*firsts, *self.starts})

    @cached_property
    def fields(self) -> dict[str, tuple[int, int]]:
        """The words of each text field: the first, and the first behind it."""
        title, end = self.in_title, len(self.pieces)
        below = [start for start in self.starts if start >= title]
        two = below[LEAD_PARAGRAPHS] if len(below) > LEAD_PARAGRAPHS else end
        lead = min(two, title + LEAD_WORDS)
        return {"title": (0, title), "lead": (title, lead), "body": (title, end), "text": (0, end), "top": (0, lead)}

    # -- sets of word numbers (`bits`) and units -----------------------------------------------------------

    def words(self, parts: tuple[Part, ...], clitics: bool) -> int | None:
        """Return the words at which a term stands, None where it is longer than one word somewhere."""
        key = ("bits", parts, clitics)
        if key not in self.memo:
            places = self.find(parts, clitics)
            single = all(lo == hi for lo, hi in places)
            self.memo[key] = bits.of([lo for lo, _ in places]) if single else None
        known: int | None = self.memo[key]
        return known

    @property
    def size(self) -> int:
        """The number of words."""
        return len(self.pieces)

    @cached_property
    def title_bits(self) -> int:
        """The title's words."""
        return bits.below(self.in_title)

    def units(self, unit: str) -> list[int]:
        """Return the first words of the sentences or paragraphs."""
        return self.sentences if unit == "sentence" else self.starts

    def unit_of(self, unit: str) -> list[int]:
        """Return the number of the sentence or paragraph of each word."""
        key = ("unit of", unit)
        if key not in self.memo:
            starts = [*self.units(unit), len(self.pieces)]
            sizes = (b - a for a, b in itertools.pairwise(starts))
            self.memo[key] = [number for number, size in enumerate(sizes) for _ in range(size)]
        known: list[int] = self.memo[key]
        return known

    # -- metadata and patterns -------------------------------------------------------------------------

    def values(self, field: str) -> tuple[str, ...]:
        """Return what the metadata `field` holds."""
        article = self.article
        match field:
            case "url":
                return (article.url,)
            case "source":
                return (article.source, article.newsroom)
            case "author":
                return (article.author,)
            case "lang":
                return (self.lang or "",)
            case _:
                return article.tags

    def metadata(self, field: str) -> tuple[Row, ...]:
        """Return the words of each value of the metadata `field`."""
        key = ("metadata", field)
        if key not in self.memo:
            self.memo[key] = tuple(Row(text.Words(value)) for value in self.values(field) if value)
        rows: tuple[Row, ...] = self.memo[key]
        return rows

    def find_pattern(self, pattern: Pattern, most: int) -> list[Hit]:
        """Return the words that the first `most` matches of `pattern` touch."""
        found: dict[tuple[int, int], None] = {}
        if not _ANCHORED.search(pattern.term) and not self._whole.holds(pattern.pattern):
            return []
        for first, begins, ends, line in self._lines:
            for start, end in line.find(pattern.pattern, most - len(found)):
                lo, hi = bisect.bisect_right(ends, start), bisect.bisect_left(begins, end) - 1
                if lo <= hi:
                    found.setdefault((first + lo, first + hi))
            if len(found) >= most:
                break
        return [Hit(lo, hi, pattern) for lo, hi in sorted(found)]

    @cached_property
    def _whole(self) -> lines.Line:
        """All paragraphs at once: what is not in here is in none of them."""
        return lines.Line("\n".join([self.title, *(written for *_, written in self._words[1].lines())]))

    @cached_property
    def _lines(self) -> list[tuple[int, list[int], list[int], lines.Line]]:
        """For each paragraph: its first word, where its words begin and end within it, and its text for patterns."""
        title, body = self._words
        last = len(title) - 1
        found = [_line(title, 0, 0, last, 0, self.title)] if last >= 0 else []  # one paragraph, however it is broken
        return found + [_line(body, self.in_title, *line) for line in body.lines()]
