"""Scalars out of a YAML text and back in: while its structure is put in order, every text stays as it was written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import yaml

from monitor.rules.fmt_layout import column_of

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_BREAKS = re.compile("[\x85\u2028\u2029]")
_COMMENT = re.compile("#[^\n]*")
_OPENING = (yaml.FlowSequenceStartToken, yaml.FlowMappingStartToken)
_CLOSING = (yaml.FlowSequenceEndToken, yaml.FlowMappingEndToken)
_MARKERS = (yaml.DocumentStartToken, yaml.DocumentEndToken)


class Kept(NamedTuple):
    """A scalar, or a list or map in brackets that holds comments.

    `column`: of the key or item whose line it begins on, where it has further lines.
    """

    text: str
    column: int
    is_collection: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """A text whose scalars are words, and what each word stands for."""

    text: str
    kept: dict[str, Kept]
    pattern: re.Pattern[str]

    @property
    def originals(self) -> dict[str, str]:
        """Return word -> what was written, quotes left out."""
        return {word: kept.text.strip("'\"") for word, kept in self.kept.items()}


class _Piece(NamedTuple):
    start: int
    end: int
    is_collection: bool = False
    goes: bool = False
    """Whether nothing takes its place."""


def take_out(text: str) -> Words:
    """Return `text`, which must be valid YAML, with a word in the place of each scalar."""
    # Words are short, since the longer of two texts must stay below the limit for a file, and begin with a letter of
    # nobody's alphabet.
    sign = next(letter for letter in map(chr, range(0xE000, 0xF8FF)) if letter not in text)
    kept: dict[str, Kept] = {}
    out: list[str] = []
    at = 0
    for piece in _pieces(text):
        out.append(_BREAKS.sub("\n", text[at : piece.start]))
        at = piece.end
        if not piece.goes:
            word, written = f"{sign}{len(kept):x}", text[piece.start : piece.end]
            kept[word] = Kept(written, _column(text, piece.start) if "\n" in written else 0, piece.is_collection)
            out.append(word)
    out.append(_BREAKS.sub("\n", text[at:]))
    return Words("".join(out), kept, re.compile(f"{sign}[0-9a-f]+"))


def _column(text: str, at: int) -> int:
    return column_of(text[text.rfind("\n", 0, at) + 1 : at])


def _pieces(text: str) -> Iterator[_Piece]:
    """Yield what is kept, and the marks of a document's begin and end, which go, in order."""
    tokens = list(yaml.scan(text, Loader=_LOADER))
    closing = dict(_brackets_with_comments(text, tokens))
    number = 0
    while number < len(tokens):
        token = tokens[number]
        if number in closing:
            number = closing[number]
            yield _Piece(token.start_mark.index, tokens[number].end_mark.index, is_collection=True)
        elif isinstance(token, yaml.ScalarToken):
            yield _Piece(token.start_mark.index, _end_of(text, token))
        elif isinstance(token, _MARKERS):
            yield _Piece(token.start_mark.index, token.end_mark.index, goes=True)
        number += 1


def _brackets_with_comments(text: str, tokens: list[Any]) -> Iterator[tuple[int, int]]:
    """Yield the numbers of each opening bracket and of its closing one, where a comment stands between them."""
    opened: list[tuple[int, int]] = []
    comments = 0
    for number, token in enumerate(tokens):
        if number:
            comments += len(_comments_between(text, tokens[number - 1], token))
        if isinstance(token, _OPENING):
            opened.append((number, comments))
        elif isinstance(token, _CLOSING):
            first, before = opened.pop()
            if comments > before:
                yield first, number


def _end_of(text: str, token: Any) -> int:
    """Return where a scalar ends; what a block scalar swallows behind its last line does not belong to it."""
    start, end = int(token.start_mark.index), int(token.end_mark.index)
    if token.style not in ("|", ">"):
        return end
    first, *rest = text[start:end].removesuffix("\n").split("\n")
    if not re.search("[+1-9]", first.partition("#")[0]):
        indent = _indent_of(rest)
        while rest and not rest[-1].strip() and len(rest[-1]) <= indent:
            rest.pop()
    return start + len("\n".join([first, *rest]))


def _indent_of(lines: list[str]) -> int:
    filled = next((line for line in lines if line.strip()), "")
    return len(filled) - len(filled.lstrip(" "))


def _comments_between(text: str, before: Any, after: Any) -> list[str]:
    return _COMMENT.findall(_BREAKS.sub("\n", text[before.end_mark.index : after.start_mark.index]))


def comments_of(text: str) -> Counter[str]:
    """Return the comments of a YAML text, but for those on the first line of a block scalar."""
    tokens = pairwise(yaml.scan(text, Loader=_LOADER))
    return Counter(comment.rstrip() for before, after in tokens for comment in _comments_between(text, before, after))


def put_back(text: str, words: Words) -> str:
    """Return `text` with every scalar in the place of its word, further lines of it in two spaces."""
    return "".join(_restored(line, words) for line in text.splitlines(keepends=True))


def _restored(line: str, words: Words) -> str:
    column = column_of(line)
    is_key = re.match(words.pattern.pattern + ":", line[column:]) is not None
    return words.pattern.sub(lambda found: _lines_of(words.kept[found[0]], column, is_key), line)


def _lines_of(kept: Kept, column: int, is_key: bool) -> str:
    first, *rest = kept.text.split("\n")
    if not rest:
        return first
    if kept.is_collection:
        return "\n".join([first.rstrip(), *(_shifted(line, column - kept.column).rstrip() for line in rest)])
    indent = column + 2 if is_key else column
    if first[:1] not in ("|", ">"):
        return "\n".join([_right(first), *(" " * indent * bool(line.strip()) + _right(line).lstrip() for line in rest)])
    return "\n".join([first.rstrip(), *_block(first, rest, kept.column, column, indent, is_key)])


def _block(header: str, rest: list[str], before: int, column: int, indent: int, is_key: bool) -> Iterator[str]:
    """Yield the lines of a block scalar, indented as its new place asks, or as much as its header says."""
    said = re.match(r"[|>][+-]?([1-9])", header)
    if said:
        dedent, indent = (n + int(said[1]) - 2 * (not is_key) for n in (before, column))
    else:
        dedent = _indent_of(rest)
    for line in rest:
        content = line[dedent:]
        yield " " * indent + content if content else ""


def _shifted(line: str, by: int) -> str:
    bare = line.lstrip(" ")
    return " " * max(0, len(line) - len(bare) + by) + bare


def _right(line: str) -> str:
    """Return `line` without trailing space, unless a backslash keeps it."""
    bare = line.rstrip()
    return line if bare.endswith("\\") else bare
