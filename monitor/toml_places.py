"""Where things stand in a TOML text, which the parser of the standard library does not tell.

`parse` gives the values and their `Places`; both know a value by its path, such as `("feeds", 0, "url")`.
"""

from __future__ import annotations

import bisect
import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
Place = tuple[int, int]
"""Line and column, both from 1; the column counts code points."""


class TomlSyntaxError(ValueError):
    """The text is not TOML; the message is one sentence in plain words."""

    def __init__(self, message: str, fix: str | None, line: int | None, column: int | None) -> None:
        super().__init__(message)
        self.message, self.fix, self.line, self.column = message, fix, line, column


@dataclass(slots=True)
class Places:
    """Where the keys and values of one text stand."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)

    def of_key(self, path: Path) -> Place | None:
        """Return where the key at the end of `path` is written, else where its nearest parent is."""
        return self._nearest(self.keys, self.values, path)

    def of_value(self, path: Path) -> Place | None:
        """Return where the value at `path` begins, else where its key or its nearest parent is."""
        return self._nearest(self.values, self.keys, path)

    @staticmethod
    def _nearest(first: dict[Path, Place], second: dict[Path, Place], path: Path) -> Place | None:
        for end in range(len(path), 0, -1):
            place = first.get(path[:end]) or second.get(path[:end])
            if place:
                return place
        return None


def parse(text: str) -> tuple[dict[str, Any], Places]:
    """Return the values of `text` and where they stand.

    Raises: TomlSyntaxError, with line and column as far as they are known.
    """
    text = text.replace("\r\n", "\n")
    try:
        return tomllib.loads(text), _Scanner(text).scan()
    except tomllib.TOMLDecodeError as error:
        raise _in_plain_words(str(error), text) from None
    except RecursionError:
        raise TomlSyntaxError("arrays or tables are nested too deeply", "write fewer levels", None, None) from None


# -- syntax errors -------------------------------------------------------------------------------

_AT = re.compile(r"\s*\(at (?:line (\d+), column (\d+)|end of document)\)$")

_PLAIN_WORDS = (
    ("Cannot overwrite a value", "this key, or a table of this name, was given before", "keep one of the two"),
    ("Cannot declare", "this table was given before", "put the keys under the first one"),
    ("Duplicate inline table key", "this key stands twice in the braces", "keep one of the two"),
    ("Cannot mutate immutable", "this table was closed before with { }", "write the key inside its braces"),
    ("Cannot redefine namespace", "this name is used for a table already", "give it another name"),
    ("Expected '=' after a key", "a key without `=`", 'write key = "value"'),
    ("Expected ']", "the `]` of the table's name is missing", "write [name], or [[name]] for one of a list"),
    ("Invalid initial character for a key", "a key cannot begin like this", "put the key in double quotes"),
    ("Invalid statement", "a line cannot begin like this", 'write key = "value", [table], or a # comment'),
    ("Expected newline or end of document", "something follows the value", "one value per line; text goes in quotes"),
    ("Unclosed array", "an array is not closed", "add the missing `]` or comma"),
    ("Unclosed inline table", "a table in braces is not closed", "add the missing `}` or comma"),
    ("Unescaped '\\", "a backslash in double quotes means something special", "write \\\\, or use single quotes"),
    ("Unterminated string", "a text is not closed", "add the missing quotation mark"),
    ("Illegal character", "a text is not closed on its line", "add the missing quotation mark"),
    ('Expected "\'"', "a text is not closed", "add the missing quotation mark"),
    ("Found invalid character", "a control character stands here", "remove it"),
    ("Invalid hex value", "\\u and \\x in double quotes want hexadecimal digits", "write \\\\, or use single quotes"),
    ("Escaped character is not", "this \\u escape is not a character", "write the character itself"),
    ("Invalid date or datetime", "this is not a date or time", "text goes in quotes"),
    ("Invalid value", "the value is missing or not TOML", "text goes in quotes; else a number, true, false, [] or {}"),
)


def _in_plain_words(reason: str, text: str) -> TomlSyntaxError:
    at = _AT.search(reason)
    line = int(at[1]) if at and at[1] else None
    column = int(at[2]) if at and at[2] else None
    if at and line is None:
        line, column = _end(text)
    for beginning, message, fix in _PLAIN_WORDS:
        if reason.startswith(beginning):
            # A repeated key is noticed only after its value: the line helps, the column would not.
            repeated = beginning.startswith(("Cannot", "Duplicate"))
            return TomlSyntaxError(message, fix, line, None if repeated else column)
    return TomlSyntaxError(_AT.sub("", reason), None, line, column)


def _end(text: str) -> Place:
    lines = text.rstrip("\n").split("\n")
    return len(lines), len(lines[-1]) + 1


# -- positions -----------------------------------------------------------------------------------

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED_KEY = re.compile(r'"(?:[^"\\\n]|\\.)*"|\'[^\'\n]*\'')
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")'
    r"|'''.*?'{3,5}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]*")
_DOT = re.compile(r"[ \t]*\.[ \t]*")


class _Scanner:
    """Walks a text that is known to be TOML, and notes where keys and values begin."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._places = Places()
        self._lists: dict[Path, int] = {}
        self._line_starts = [0] + [m.end() for m in re.finditer("\n", text)]

    def scan(self) -> Places:
        table: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._skip(_BLANK)
        return self._places

    def _header(self) -> Path:
        is_list = self._text.startswith("[[", self._at)
        start = self._at
        self._at += 2 if is_list else 1
        path: Path = ()
        parts = self._key_parts()
        for number, (name, place) in enumerate(parts, 1):
            path = (*path, name)
            self._places.keys.setdefault(path, place)
            if is_list and number == len(parts):
                self._lists[path] = self._lists.get(path, -1) + 1
            if path in self._lists:
                path = (*path, self._lists[path])
        self._places.values[path] = self._place(start)
        self._at += 2 if is_list else 1
        return path

    def _pair(self, table: Path) -> None:
        path = table
        for name, place in self._key_parts():
            path = (*path, name)
            self._places.keys.setdefault(path, place)
        self._at += 1  # the equals sign
        self._skip(_BLANK)
        self._value(path)

    def _key_parts(self) -> list[tuple[str, Place]]:
        """Read a dotted key, and the blanks around it."""
        parts = []
        while True:
            self._skip(_BLANK)
            place = self._place(self._at)
            parts.append((self._key_part(), place))
            if not self._skip(_DOT):
                self._skip(_BLANK)
                return parts

    def _key_part(self) -> str:
        quoted = _QUOTED_KEY.match(self._text, self._at)
        found = quoted or _BARE_KEY.match(self._text, self._at)
        assert found is not None, "the text was parsed before"
        self._at = found.end()
        return str(tomllib.loads(f"k={found[0]}")["k"]) if quoted else found[0]

    def _value(self, path: Path) -> None:
        self._places.values[path] = self._place(self._at)
        first = self._text[self._at]
        if first == "[":
            self._array(path)
        elif first == "{":
            self._inline_table(path)
        else:
            self._skip(_STRING if first in "\"'" else _SCALAR)

    def _array(self, path: Path) -> None:
        self._at += 1
        number = 0
        while not self._closes("]"):
            self._value((*path, number))
            number += 1
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        while not self._closes("}"):
            self._pair(path)
        self._at += 1

    def _closes(self, bracket: str) -> bool:
        self._skip(_BLANK)
        if self._text[self._at] == ",":
            self._at += 1
            self._skip(_BLANK)
        return self._text[self._at] == bracket

    def _skip(self, pattern: re.Pattern[str]) -> bool:
        found = pattern.match(self._text, self._at)
        if found:
            self._at = found.end()
        return bool(found)

    def _place(self, at: int) -> Place:
        line = bisect.bisect_right(self._line_starts, at)
        return line, at - self._line_starts[line - 1] + 1
