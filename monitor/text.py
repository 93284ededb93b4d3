"""Folding, tokens, sentences and offsets back into the original: the one reading of text that rules and stories share.

A text is cut into tokens on the original, each token is folded (case, accents and spelling variants vanish), and each
token also exists in further *forms*: without Arabic or Hebrew clitics, and joined with its hyphen neighbours. Nothing
is stemmed. Whitespace-separated chunks are cached, since news repeats its words: one look-up a chunk is all that an
article costs which no rule may match.

Offsets count code points of the original text. What these tables do to text is part of rule format 1: a change to
them changes `TABLE_ID`, which every alert records.
"""

from __future__ import annotations

import bisect
import hashlib
import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

import regex

# -- tables ---------------------------------------------------------------------------------------

LETTERS = {
    "œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ı": "i",
    "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه", "ـ": "",
    "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
    "ʼ": "", "ʿ": "", "ʾ": "", "ʻ": "",
}  # fmt: skip
"""What is left of a letter after NFKD, casefold and the loss of its marks. أ إ آ ؤ ئ decompose by themselves."""

QUOTES = "'’ʼʿʾʻ`׳\"״”"
"""Vanish inside a word. ” counts as ״: Hebrew typed with automatic quotes has it in acronyms."""

HYPHENS = "-‐‑־"
ELISIONS = ("l", "d", "c", "j", "m", "n", "s", "t", "qu", "jusqu", "lorsqu", "puisqu")
ARABIC_CLITICS = (("و", "ف"), ("ب", "ك", "ل", "س"), ("ال",))
HEBREW_CLITICS = (("ו",), ("לכש", "כש", "מש", "ש"), ("ב", "כ", "ל", "מ"), ("ה",))
HEBREW_ELIDING = ("ב", "כ", "ל")
LEAST_LEFT = 3
LEAST_LEFT_ACRONYM = 2
MOST_JOINED = 5
LONGEST_JOINED = 2_000
"""Characters without a space beyond which nothing is joined: no word of any language, but a way to cost us seconds."""

_ABBREVIATIONS = (
    "mr mrs ms dr prof gen lt col sgt capt cmdr maj brig adm gov sen rep st jr sr vs vol fig inc ltd corp dept approx"
    " jan feb mar apr jun jul aug sep sept oct nov dec mme mlle mm pr ste av bd env cf פרופ גב עמ"
)
ABBREVIATIONS = frozenset(_ABBREVIATIONS.split())
"""Words whose full stop ends no sentence."""

_HEBREW = "א-ת"
_WORD_PATTERN = (
    r"(?P<number>\p{Nd}[\p{Nd}\p{M}]*(?:[.,٫٬]\p{Nd}[\p{Nd}\p{M}]*)*)"
    r"|(?P<dotted>\p{L}\p{M}*(?:\.\p{L}\p{M}*(?![\p{L}\p{M}\p{Nd}]))+\.?(?:['’]s(?![\p{L}\p{Nd}]))?)"
    r"|(?P<word>\p{L}[\p{L}\p{M}\p{Nd}]*"
    rf"(?:(?:['’`׳]{{1,2}}|(?<=[{_HEBREW}\u0591-\u05c7])[\"״”](?=[{_HEBREW}]))[\p{{L}}\p{{Nd}}][\p{{L}}\p{{M}}\p{{Nd}}]*)*)"
)

TABLE_ID = "t1-" + hashlib.sha256(
    repr(
        (LETTERS, QUOTES, HYPHENS, ELISIONS, ARABIC_CLITICS, HEBREW_CLITICS, HEBREW_ELIDING, LEAST_LEFT,
         LEAST_LEFT_ACRONYM, MOST_JOINED, LONGEST_JOINED, sorted(ABBREVIATIONS), _WORD_PATTERN)
    ).encode()
).hexdigest()[:8]  # fmt: skip
"""Names the tables above; recorded with every rule set and alert, so that a past decision can be explained again."""

LONGEST = 200_000
"""Characters of a text that are read; what lies behind is cut, and the cut is recorded."""

# -- folding --------------------------------------------------------------------------------------


class _FoldTable(dict[int, str]):
    """Folds character by character, each once: marks are dropped, so no composition across characters matters."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        folded = _fold_char(char)
        if len(self) < 20_000:  # hostile text may hold every code point there is
            self[code] = folded
        return folded


def _fold_char(char: str) -> str:
    if char.isspace():
        return " "
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", char).casefold())
    kept = (c for c in decomposed if not c.isspace() and unicodedata.category(c)[0] != "M")
    return "".join(_plain(c) for c in kept if unicodedata.category(c) != "Cf")


def _plain(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    return LETTERS.get(char, char)


_FOLD = _FoldTable()
_UNQUOTE = str.maketrans("", "", QUOTES + ".")
_POSSESSIVE = re.compile(r"['’ʼ`][sS]$")
POSSESSIVE_S = re.compile("['’]s$")
"""No letter of a word in capitals: NATO's."""


def fold(text: str) -> str:
    """Return `text` without case, accents, vowel points and spelling variants; characters are folded one by one."""
    return text.translate(_FOLD)


def _fold_word(raw: str) -> str:
    folded = _POSSESSIVE.sub("", raw).translate(_UNQUOTE).translate(_FOLD)
    return folded if folded.isalnum() else "".join(c for c in folded if c.isalnum())


def _fold_number(raw: str) -> str:
    """Return digits with `.` before a fraction; groups of exactly three digits join (1,300 = 1.300 = 1300)."""
    head, *groups = re.split(r"[.,٫٬]", raw)
    head, groups = fold(head), [fold(g) for g in groups]
    if len(head) <= 3 and head != "0":
        while groups and len(groups[0]) == 3:
            head += groups.pop(0)
    return ".".join([head, *groups])


def exact_form(raw: str) -> str:
    """Return what `=word` compares: NFC, without inner dots and quotes and possessive, before case and accents."""
    composed = unicodedata.normalize("NFC", _POSSESSIVE.sub("", raw))
    return _fold_number(raw) if raw[:1].isdecimal() else composed.translate(_UNQUOTE)


# -- forms ----------------------------------------------------------------------------------------


class Form(NamedTuple):
    """One way in which a token can be found. `peeled` holds the clitics taken off, empty for the word itself."""

    text: str
    peeled: tuple[str, ...] = ()


def forms_of(folded: str, least: int = LEAST_LEFT) -> tuple[Form, ...]:
    """Return `folded` and what is left of it without clitics; at least `least` letters stay after each peel."""
    first = folded[0]
    if first in "وفبكلسا":
        return _peel(folded, ARABIC_CLITICS, least)
    if first in "ושכלמבה":
        return _peel(folded, HEBREW_CLITICS, least)
    return (Form(folded),)


def _peel(word: str, stages: tuple[tuple[str, ...], ...], least: int) -> tuple[Form, ...]:
    open_forms, found = [Form(word)], {word: Form(word)}
    for stage in stages:
        for form in tuple(open_forms):
            fresh = [Form(form.text[len(p) :], (*form.peeled, p)) for p in stage if form.text.startswith(p)]
            if "ل" in stage and form.text.startswith("لل"):
                fresh.append(Form("ال" + form.text[2:], (*form.peeled, "ل")))
            fresh = [f for f in fresh if len(f.text) >= least]
            open_forms += fresh
            for new in fresh:
                found.setdefault(new.text, new)
                if new.peeled[-1] in HEBREW_ELIDING:
                    elided = "ה" + new.text
                    found.setdefault(elided, Form(elided, new.peeled))
    return tuple(found.values())


# -- chunks ---------------------------------------------------------------------------------------


class Piece(NamedTuple):
    """A word of a chunk; `start` and `end` count within the chunk. The rest as in `Token`."""

    start: int
    end: int
    raw: str
    folded: str
    forms: tuple[Form, ...]
    joined: tuple[tuple[int, tuple[Form, ...]], ...]


class _Chunk:
    """What a run of non-space characters holds. `words`: folded tokens; `forms`: all forms between spaces, UTF-8."""

    __slots__ = ("_pieces", "forms", "text", "words")

    def __init__(self, text: str) -> None:
        self.text = text
        if text.isascii() and text.isalpha():
            self._pieces: tuple[Piece, ...] | None = None
            word = text.lower()
            self.words: tuple[str, ...] = (word,)
            self.forms = word.encode()
            return
        self._pieces = _pieces(text)
        self.words = tuple(p.folded for p in self._pieces)
        self.forms = " ".join(dict.fromkeys(_all_forms(self._pieces))).encode("utf-8", "replace")

    @property
    def pieces(self) -> tuple[Piece, ...]:
        if self._pieces is None:
            word = self.words[0]
            self._pieces = (Piece(0, len(self.text), self.text, word, (Form(word),), ()),)
        return self._pieces

    def others(self) -> Iterator[tuple[str, str]]:
        """Yield (form, folded words) for every form that is not a folded word itself."""
        if self._pieces is None:
            return
        for at, piece in enumerate(self._pieces):
            yield from ((form.text, piece.folded) for form in piece.forms if form.text != piece.folded)
            for parts, forms in piece.joined:
                words = " ".join(self.words[at : at + parts])
                yield from ((form.text, words) for form in forms)

    def stand_ins(self) -> tuple[Piece, ...]:
        """Return what stands for its words where nobody asks for them."""
        if self._pieces is None:
            return _stand_in(self.text)
        if len(self._pieces) == 1:
            return _stand_in(self._pieces[0].raw)
        return tuple(_stand_in(piece.raw)[0] for piece in self._pieces)


def _all_forms(pieces: Iterable[Piece]) -> Iterator[str]:
    for piece in pieces:
        yield from (form.text for form in piece.forms)
        for _, forms in piece.joined:
            yield from (form.text for form in forms)


_WORD = regex.compile(_WORD_PATTERN)
_FORMAT = regex.compile(r"\p{Cf}")
_ELISION = re.compile(rf"(?:{'|'.join(ELISIONS)})['’ʼ](?=..|[^sS])", re.IGNORECASE)
_ACRONYM = re.compile(rf"[{_HEBREW}][\"״”'’׳]{{1,2}}[{_HEBREW}]$")


def _cuts(cleaned: str) -> list[tuple[int, int, str, str]]:
    """Return (start, end, raw, folded) of the words in a chunk without format characters."""
    return [cut for found in _WORD.finditer(cleaned) for cut in _cut_elisions(found) if cut[3]]


def _pieces(chunk: str) -> tuple[Piece, ...]:
    cleaned, places = _without_format(chunk)
    kept = _cuts(cleaned)
    joins = len(chunk) <= LONGEST_JOINED
    glued = [joins and a[1] + 1 == b[0] and cleaned[a[1]] in HYPHENS for a, b in itertools.pairwise(kept)]
    pieces = []
    for i, (start, end, raw, folded) in enumerate(kept):
        least = LEAST_LEFT_ACRONYM if _ACRONYM.search(raw) else LEAST_LEFT
        joined = tuple(_joins(kept, glued, i))
        pieces.append(Piece(places[start], places[end - 1] + 1, raw, folded, forms_of(folded, least), joined))
    return tuple(pieces)


def _without_format(chunk: str) -> tuple[str, range | list[int]]:
    """Return `chunk` without format characters (RLM, ZWJ, soft hyphen) and where each character stood."""
    if chunk.isascii() or not _FORMAT.search(chunk):
        return chunk, range(len(chunk))
    places = [i for i, char in enumerate(chunk) if unicodedata.category(char) != "Cf"]
    return "".join(chunk[i] for i in places), places


def _cut_elisions(found: regex.Match[str]) -> Iterator[tuple[int, int, str, str]]:
    """Yield (start, end, raw, folded) of the words in one match: l'Égypte is l and Égypte."""
    start, raw = found.start(), found.group()
    if found.lastgroup == "number":
        yield start, found.end(), raw, _fold_number(raw)
        return
    while (elision := _ELISION.match(raw)) is not None:
        length = elision.end() - 1
        yield start, start + length, raw[:length], _fold_word(raw[:length])
        start, raw = start + length + 1, raw[length + 1 :]
    yield start, found.end(), raw, _fold_word(raw)


def _joins(
    cuts: list[tuple[int, int, str, str]], glued: list[bool], first: int
) -> Iterator[tuple[int, tuple[Form, ...]]]:
    """Yield (parts, forms) of the words that `first` makes with the hyphen neighbours behind it."""
    text = cuts[first][3]
    for last in range(first + 1, min(first + MOST_JOINED, len(cuts))):
        if not glued[last - 1]:
            return
        text += cuts[last][3]
        yield last - first + 1, forms_of(text)


class _ChunkCache(dict[str, _Chunk]):
    """Chunks by their text, in two generations: when this one is full it becomes the old one and starts again.

    A dict with `__missing__`, so that a hit costs one look-up in C. 16,384 chunks a generation keep it under 15 MB.
    """

    size = 16_384
    longest = 48

    def __init__(self) -> None:
        super().__init__()
        self._old: dict[str, _Chunk] = {}

    def __missing__(self, text: str) -> _Chunk:
        chunk = self._old.get(text) or _Chunk(text)
        if len(text) <= self.longest:
            if len(self) >= self.size:
                self._old = dict(self)
                self.clear()
            self[text] = chunk
        return chunk


_chunk = _ChunkCache()


class _FormsCache(dict[str, bytes]):
    """The forms of chunks by their text: what `haystack` looks up for each word of each article, all in C."""

    def __missing__(self, text: str) -> bytes:
        forms = _chunk[text].forms
        if len(text) <= _ChunkCache.longest:
            if len(self) >= 2 * _ChunkCache.size:
                self.clear()
            self[text] = forms
        return forms


_forms = _FormsCache()


class _WordsCache(dict[str, str]):
    """The folded words of chunks by their text, without their forms, which cost twice as much: for whole archives."""

    size = 100_000

    def __missing__(self, text: str) -> str:
        plain = text.isascii() and text.isalpha()
        words = text.lower() if plain else " ".join(cut[3] for cut in _cuts(_without_format(text)[0]))
        if len(text) <= _ChunkCache.longest:
            if len(self) >= self.size:
                self.clear()
            self[text] = words
        return words


_words = _WordsCache()

# -- tokens ---------------------------------------------------------------------------------------


class Token(NamedTuple):
    """A word of the original text.

    `start`, `end`: code points in the original, possessive and inner quotes included. `raw`: as written, without
    format characters. `forms`: `folded` first, then what clitics leave of it. `joined`: (parts, forms) of the words
    it makes with the hyphen neighbours behind it. `paragraph`: its line, counted from 0.
    """

    start: int
    end: int
    raw: str
    folded: str
    forms: tuple[Form, ...]
    joined: tuple[tuple[int, tuple[Form, ...]], ...]
    paragraph: int


_PARAGRAPH = re.compile("[^\n\r\v\f\x85\u2028\u2029]+")
_CHUNK = re.compile(r"\S+")
_LINE_HYPHEN = regex.compile(r"(?<=\p{L}[-‐‑\xad])\r?\n[ \t]*(?=\p{L})")
_HYPHEN_AT_END = re.compile("[-‐‑\xad]\r?\n")


def _mend(text: str) -> str:
    """Return `text` with line breaks after a hyphen replaced by as many word joiners, which vanish from tokens."""
    if not _HYPHEN_AT_END.search(text):
        return text
    return str(_LINE_HYPHEN.sub(lambda found: "\u2060" * len(found.group()), text))


def tokenize(text: str) -> list[Token]:
    """Return the tokens of `text` in order."""
    text, tokens = _mend(text), []
    for number, line in enumerate(_PARAGRAPH.finditer(text)):
        for found in _CHUNK.finditer(line.group()):
            at = line.start() + found.start()
            for start, end, raw, folded, forms, joined in _chunk[found.group()].pieces:
                tokens.append(Token(at + start, at + end, raw, folded, forms, joined, number))
    return tokens


class Words:
    """The tokens of a text in columns, for work on long texts that needs few places. Row i is `tokenize(text)[i]`.

    `pieces`: what stands there (`raw`, `folded`, `forms`, `joined`); `paragraphs`: the first row of each line.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._mended = _mend(text)
        self.pieces: list[Piece] = []
        self.paragraphs: list[int] = []
        self._lines: list[tuple[int, str]] = []
        self._begun: dict[int, list[int]] = {}
        for line in _PARAGRAPH.finditer(self._mended):
            before, written = len(self.pieces), line.group()
            self._take(written)
            if len(self.pieces) > before:
                self.paragraphs.append(before)
                self._lines.append((line.start(), written))

    def _take(self, line: str) -> None:
        """Add the pieces of a line."""
        add = self.pieces.extend
        for chunk in line.split():
            add(_chunk[chunk].pieces)

    def __len__(self) -> int:
        return len(self.pieces)

    @cached_property
    def starts(self) -> list[int]:
        """The offset in the original at which each row begins."""
        return [start for line in range(len(self.paragraphs)) for start in self._starts(line)]

    def _starts(self, line: int) -> list[int]:
        """Return where the rows of a line begin; a long text is asked for a few of its lines only."""
        known = self._begun.get(line)
        if known is None:
            offset, written = self._lines[line]
            known = self._begun[line] = []
            for chunk in _CHUNK.finditer(written):
                at = offset + chunk.start()
                known += [at + piece.start for piece in _chunk[chunk.group()].pieces]
        return known

    def lines(self) -> Iterator[tuple[int, int, int, str]]:
        """Yield (first row, last row, offset, text) of each line that holds words; hyphened line breaks are mended."""
        behind = [*self.paragraphs[1:], len(self.pieces)] if self.pieces else []
        for first, following, (offset, written) in zip(self.paragraphs, behind, self._lines, strict=True):
            yield first, following - 1, offset, written

    def place(self, first: int, last: int) -> tuple[int, int]:
        """Return (start, end) of rows `first` to `last` in the original."""
        end = self.pieces[last]
        return self._start(first), self._start(last) + end.end - end.start

    def _start(self, row: int) -> int:
        line = bisect.bisect_right(self.paragraphs, row) - 1
        return self._starts(line)[row - self.paragraphs[line]]


LOWER, UPPER, UNCASED = ((Piece(0, 0, raw, "", (), ()),) for raw in ("x", "X", "1"))
"""Stand for words that nobody asks for: all that is known of them is how they are written."""


class FewWords(Words):
    """The same row, but only words with a form that `Wanted` knows are there; LOWER, UPPER or UNCASED stand for others.

    A reader who looks for two thousand names in every article is spared most of its words.
    """

    def __init__(self, text: str, wanted: Wanted) -> None:
        self._wanted = wanted
        super().__init__(text)

    def _take(self, line: str) -> None:
        self.pieces.extend(itertools.chain.from_iterable(map(self._wanted.__getitem__, line.split())))


class Wanted(dict[str, tuple[Piece, ...]]):
    """By chunk, what a reader of `FewWords` wants to know of it.

    `asks`: whether one of the forms between spaces (UTF-8, as in `haystack`) is asked for.
    """

    def __init__(self, asks: Callable[[bytes], bool]) -> None:
        super().__init__()
        self._asks = asks

    def __missing__(self, text: str) -> tuple[Piece, ...]:
        chunk = _chunk[text]
        pieces: tuple[Piece, ...] = chunk.pieces if self._asks(b" %b " % chunk.forms) else chunk.stand_ins()
        if len(text) <= _ChunkCache.longest:
            if len(self) >= 2 * _ChunkCache.size:
                self.clear()
            self[chunk.text] = pieces  # the string that other caches hold
        return pieces


def _stand_in(raw: str) -> tuple[Piece]:
    """Return what stands for a word; a possessive's s is no letter of it."""
    if raw.upper() == raw.lower():
        return UNCASED
    bare = POSSESSIVE_S.sub("", raw)
    if bare.upper() == bare.lower():
        return UNCASED
    return UPPER if bare == bare.upper() else LOWER


def folded_words(text: str) -> list[str]:
    """Return the folded tokens of `text` in order, without their places: for search rows and text hashes."""
    return [word for chunk in _mend(text).split() for word in _chunk[chunk].words]


def folded(text: str) -> str:
    """Return the words of `folded_words` between spaces, sooner where nobody asks the same text for their forms."""
    return " ".join(filter(None, map(_words.__getitem__, _mend(text).split())))


def haystack(*texts: str) -> bytes:
    """Return every form of every token of `texts` between spaces, UTF-8, each distinct chunk once."""
    chunks: dict[str, None] = {}
    for text in texts:
        chunks.update(dict.fromkeys(_mend(text).split()))
    return b" " + b" ".join(map(_forms.__getitem__, chunks)) + b" "


def chunks(*texts: str) -> set[str]:
    """Return the distinct runs of non-space characters of `texts`: the forms of them all are what `haystack` has."""
    return {chunk for text in texts for chunk in _mend(text).split()}


def forms_within(chunk: str) -> list[str]:
    """Return every form of every token of one of `chunks`."""
    return _forms[chunk].decode("utf-8", "replace").split(" ")


def other_forms(*texts: str) -> list[tuple[str, str]]:
    """Return (form, folded words) for each way to find words of `texts` otherwise than as they are folded.

    `words` stand side by side in `folded_words`: one that has lost its clitics, or several joined by hyphens.
    """
    found: dict[tuple[str, str], None] = {}
    for chunk in dict.fromkeys(chunk for text in texts for chunk in _mend(text).split()):
        found.update(dict.fromkeys(_chunk[chunk].others()))
    return list(found)


# -- sentences and shape --------------------------------------------------------------------------

_SENTENCE_END = re.compile("[.!?…؟]+[\"'”’»)\\]״]*(?=\\s+(\\S))")
_LAST_WORD = re.compile(r"(?:^|[^\w.])((?:\w\.)*\w+)\.$")


def sentences(text: str) -> list[tuple[int, int]]:
    """Return (start, end) of each sentence, without the space around it. A line is a paragraph and ends a sentence."""
    mended = _mend(text)
    return [span for line in _PARAGRAPH.finditer(mended) for span in _line_sentences(mended, line.start(), line.end())]


def _line_sentences(text: str, start: int, end: int) -> list[tuple[int, int]]:
    ends = [m.end() for m in _SENTENCE_END.finditer(text, start, end) if _ends_sentence(text, m)]
    spans = (_trim(text, a, b) for a, b in zip([start, *ends], [*ends, end], strict=True))
    return [(a, b) for a, b in spans if a < b]


def _ends_sentence(text: str, found: re.Match[str]) -> bool:
    if found.group(1).islower():
        return False
    if found.group().rstrip("\"'”’»)]״") != ".":
        return True
    stop = found.start() + 1
    before = _LAST_WORD.search(text, max(0, stop - 24), stop)
    word = before.group(1) if before else ""
    return not (len(word) == 1 and word.isalpha()) and "." not in word and word.casefold() not in ABBREVIATIONS


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def sentence_at(text: str, offset: int) -> tuple[int, int]:
    """Return (start, end) of the sentence that holds `offset`, else of the one before it; (0, 0) for empty text."""
    spans = sentences(text)
    if not spans:
        return (0, 0)
    return spans[max(0, bisect.bisect_right(spans, offset, key=lambda span: span[0]) - 1)]


def is_rtl(text: str) -> bool:
    """Return whether the first character with a strong direction reads from right to left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("L", "R", "AL"):
            return direction != "L"
    return False


def cut(text: str) -> tuple[str, bool]:
    """Return `text`, or its first LONGEST characters up to a space, and whether something was cut off."""
    if len(text) <= LONGEST:
        return text, False
    head = text[:LONGEST]
    space = max(head.rfind(" ", LONGEST - 1000), head.rfind("\n", LONGEST - 1000))
    return (head[:space] if space > 0 else head), True
