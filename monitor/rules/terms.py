"""The words of rule files: `resettl*`, `=US`, `bande de Gaza`, `$gaza`, cut and folded as articles are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

import regex

from monitor import errors, text
from monitor.rules.yaml_nodes import Place

ID = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
"""Of entities and lists; ids of packs and rules may also hold `_`."""

LOOSE_ID = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")

_ANY_LETTER = "ꙮ"
"""Stands for `?` while a term is cut into tokens: a letter that folding leaves alone and no news text holds."""

_HEBREW = "א-ת\u0591-\u05c7"
_QUOTE_IN_HEBREW = re.compile(rf"(?<=[{_HEBREW}])[\"״”](?=[{_HEBREW}])")
_SYNTAX = re.compile(r"[()\[\]{}|:\"]|re:/")
_NAME_INSIDE = re.compile(r"(?<!\S)\$[a-z]")
_TYPOGRAPHIC = re.compile("[“”„«»‹›]")
_MARKS = regex.compile(r"[^?]*(?:(?<=[\p{L}\p{M}])\?(?=\p{L})[^?]*)*")
_SHORT_SCRIPT = regex.compile(r"[\p{Arabic}\p{Hebrew}]")
LEAST_BEFORE_STAR = 4
LEAST_BEFORE_STAR_SHORT = 3
LEAST_BEFORE_MARK = 2
MOST_PARTS = 40
LONGEST_SHOWN = 80


class Part(NamedTuple):
    """One token of a term.

    `folded`: what a token's form must be; with `prefix`, how it must begin; `?` in it is any one letter.
    `exact`: what the token itself must be before folding, for `=word`. `glued`: a hyphen stands before it.
    """

    folded: str
    exact: str | None = None
    prefix: bool = False
    glued: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """A term as written, with its place: either a `$name` (`ref`) or parts that must stand side by side."""

    written: str
    place: Place
    parts: tuple[Part, ...] = ()
    ref: str | None = None
    clitics: bool = True

    @property
    def exact(self) -> bool:
        """Return whether case and accents count."""
        return bool(self.parts) and self.parts[0].exact is not None


class _Wrong(Exception):
    def __init__(self, code: str, message: str, fix: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.fix = code, message, fix


def shown(written: str) -> str:
    """Return `written` for a message, cut where it is long."""
    return written if len(written) <= LONGEST_SHOWN else f"{written[:LONGEST_SHOWN]}..."


def parse(written: str, place: Place, *, exact: bool = False, clitics: bool = True) -> Term | errors.Fault:
    """Return the term that `written` spells, or why it spells none.

    Args:
        exact: As if every word had `=` before it (an alias with `case: exact`). `clitics`: see `Term`.
    """
    try:
        return _parse(" ".join(written.split()), place, exact, clitics)
    except _Wrong as wrong:
        return place.fault(wrong.code, f"`{shown(written)}`: {wrong.message}", wrong.fix)


def parse_leaf(written: str, place: Place) -> Term | errors.Fault:
    """Return the term of a query that `written` spells: `$name`, `word`, `=word`, `"a phrase"` or `="a phrase"`.

    Unlike in an item, quotes make the phrase, and what stands between them may hold any sign: it is cut as text is.
    """
    try:
        return _parse_leaf(written, place)
    except _Wrong as wrong:
        return place.fault(wrong.code, f"`{shown(written)}`: {wrong.message}", wrong.fix)


def _parse_leaf(written: str, place: Place) -> Term:
    if written.startswith("$"):
        return Term(written, place, ref=_query_ref(written))
    exact = written.startswith("=")
    bare = written[1:] if exact else written
    if bare.startswith('"'):
        bare = bare[1:-1]
        if _NAME_INSIDE.search(bare):
            raise _Wrong(
                "E310", "a $name is not looked up inside quotes", "write THEN/0 between the words and the name"
            )
    return Term(written, place, _parts(bare, exact), clitics=not exact)


def _query_ref(written: str) -> str:
    name = written[1:]
    if ID.fullmatch(name):
        return name
    likely = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
    raise _Wrong("E310", "a $name holds only a-z, 0-9 and -", f"write `${likely}`" if ID.fullmatch(likely) else None)


def _parse(written: str, place: Place, exact: bool, clitics: bool) -> Term:
    if written.startswith("$"):
        return Term(written, place, ref=_ref(written))
    bare = written
    if written.startswith("="):
        bare, exact = _unwrap(written[1:]), True
    _refuse_syntax(bare)
    return Term(written, place, _parts(bare, exact), clitics=clitics and not exact)


def _parts(bare: str, exact: bool) -> tuple[Part, ...]:
    parts = tuple(part for word in bare.split() for part in _word(word, exact))
    if not parts:
        fix = 'a quote inside a Hebrew acronym is written ״ or " between letters'
        raise _Wrong("E324", "holds no letter or digit", fix)
    if len(parts) > MOST_PARTS:
        raise _Wrong("E105", f"a term of more than {MOST_PARTS} words", "write the few words that matter")
    return parts


def _ref(written: str) -> str:
    name = written[1:]
    if not ID.fullmatch(name):
        raise _Wrong("E327", "a $name stands alone and holds only a-z, 0-9 and -")
    return name


def _unwrap(written: str) -> str:
    """Return what `=` covers: one word, or a phrase in quotes."""
    if len(written) > 1 and written[0] == written[-1] == '"':
        return written[1:-1]
    if " " in written:
        raise _Wrong("E327", "`=` covers one word", f"""write '="{written}"' for the whole phrase""")
    return written


def _refuse_syntax(bare: str) -> None:
    unquoted = _QUOTE_IN_HEBREW.sub("", bare)
    if _TYPOGRAPHIC.search(unquoted):
        raise _Wrong("E328", "typographic quotes", "leave them out: words in a row are a phrase")
    if "$" in bare:
        raise _Wrong("E327", "a $name stands alone in an item", "make it an item of its own")
    found = _SYNTAX.search(unquoted)
    if found:
        fix = "leave quotes out: words in a row are a phrase" if found.group() == '"' else "leave it out"
        raise _Wrong("E327", f"`{found.group()}` means nothing in an item", fix)


def _word(word: str, exact: bool) -> list[Part]:
    stem, star = (word[:-1], True) if word.endswith("*") else (word, False)
    _refuse_wildcards(word, stem, star, exact)
    if stem.isascii() and stem.isalpha():  # most words: nothing to cut
        return [_checked(Part(stem.lower(), stem if exact else None, star))]
    tokens = text.tokenize(stem.replace("?", _ANY_LETTER))
    if star and not tokens:
        raise _Wrong("E320", "a wildcard needs a word before it")
    last = len(tokens) - 1
    return [
        _checked(
            Part(
                folded=token.folded.replace(_ANY_LETTER, "?"),
                exact=text.exact_form(token.raw) if exact else None,
                prefix=star and i == last,
                glued=not exact and i > 0 and bool(tokens[i - 1].joined),
            )
        )
        for i, token in enumerate(tokens)
    ]


def _refuse_wildcards(word: str, stem: str, star: bool, exact: bool) -> None:
    if exact and (star or "?" in word):
        raise _Wrong("E320", "an exact word takes no wildcard")
    if word.startswith(("*", "?")) and len(word) > 1:
        raise _Wrong("E320", "a wildcard stands at the start", "write out the beginning of the word")
    if "*" in stem:
        raise _Wrong("E320", "`*` stands only at the end of a word")
    if "?" in stem and not _MARKS.fullmatch(stem):
        raise _Wrong("E320", "`?` stands for one letter, between letters")


def _checked(part: Part) -> Part:
    """Return `part`, or refuse it for too few letters before its wildcard."""
    if "?" in part.folded and part.folded.index("?") < LEAST_BEFORE_MARK:
        raise _Wrong("E321", f"fewer than {LEAST_BEFORE_MARK} letters before `?`")
    if not part.prefix:
        return part
    least = LEAST_BEFORE_STAR_SHORT if _SHORT_SCRIPT.match(part.folded) else LEAST_BEFORE_STAR
    if len(part.folded.replace("?", "")) < least:
        raise _Wrong("E321", f"fewer than {least} letters before `*`", "write more of the word, or list its forms")
    return part
