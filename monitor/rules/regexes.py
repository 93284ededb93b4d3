"""The only door to RE2: patterns that run in linear time, whatever the text."""

from __future__ import annotations

import re
from typing import Any

import re2

LONGEST = 500
"""Characters of a pattern."""

MEMORY = 8 << 20
"""Bytes that one compiled pattern may take."""

_FORBIDDEN = (
    (r"\(\?<?[=!]", "look-around (`(?=`, `(?!`, `(?<=`) is not known to RE2"),
    (r"\\[1-9]|\(\?P=|\\k[<{']", "back-references (`\\1`) are not known to RE2"),
    (r"\\C", "`\\C` may cut a letter in two"),
    (r"\(\?>", "atomic groups (`(?>`) are not known to RE2"),
)
_UNESCAPED = re.compile(r"(?:\\\\)+")


def compile_pattern(pattern: str) -> Any:
    """Return `pattern` compiled: UTF-8, case-insensitive; `finditer`, `search` and `span` work as in `re`.

    Raises: ValueError, with plain words: RE2 refuses it, it is too long or too large, or matches the empty string.
    """
    if len(pattern) > LONGEST:
        raise ValueError(f"a regex of {len(pattern)} characters; at most {LONGEST} are allowed")
    refused = _forbidden(pattern)
    if refused is not None:
        raise ValueError(refused)
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as error:
        raise ValueError(_plain_words(error)) from None
    if _matches_nothing(compiled):
        raise ValueError("the regex matches the empty string, and so every article")
    return compiled


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = MEMORY
    return options


def _forbidden(pattern: str) -> str | None:
    bare = _UNESCAPED.sub("", pattern)
    return next((words for sign, words in _FORBIDDEN if re.search(sign, bare)), None)


def _plain_words(error: Exception) -> str:
    told = error.args[0] if error.args else ""
    words = told.decode("utf-8", "replace") if isinstance(told, bytes) else str(told)
    if "too large" in words or "repetition size" in words:
        return f"the regex is too large for RE2: {words}"
    if "repetition operator" in words:
        return "possessive repeats (`a++`) are not known to RE2, nor any repeat of a repeat"
    return f"RE2 does not read it: {words}"


_AROUND = ("", "a", " ", "\n")
"""What an empty match may need on either side: nothing, a letter, none, a line end."""


def _matches_nothing(compiled: Any) -> bool:
    return any(compiled.fullmatch(a + b, len(a), len(a)) is not None for a in _AROUND for b in _AROUND)
