"""The fields of an entry, the same for every format: how long each may be, and what a language or a list of tags is."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from monitor import model
from monitor.feeds import plain

MAX_TITLE = 500
MAX_AUTHOR = 200
MAX_LINK = 2_000
MAX_GUID = 500
MAX_SUMMARY = 200_000
"""Characters of an entry's own text; matching reads no more either."""
MAX_TAGS = 30
MAX_TAG = 100

_LANG = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z0-9]{1,8})*$", re.IGNORECASE)
_OLD_LANGS = {"iw": "he", "ji": "yi", "in": "id"}


def language_of(value: object) -> str | None:
    """Return the primary subtag of a language tag, in its present spelling (`iw` is `he`)."""
    found = _LANG.match(value.strip()) if isinstance(value, str) else None
    primary = found[1].lower() if found else None
    return _OLD_LANGS.get(primary, primary) if primary else None


def tags_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return at most MAX_TAGS distinct one-line tags."""
    found: dict[str, None] = {}
    for number, name in enumerate(names):
        # A hostile item holds a million categories; past a few dozen none can be among the kept.
        if number >= MAX_TAGS * 4:
            break
        if tag := plain.plain_title(name, MAX_TAG):
            found[tag] = None
    return tuple(found)[:MAX_TAGS]


def names_of(people: Sequence[str]) -> str | None:
    """Return who wrote it, each once, as one line."""
    names = dict.fromkeys(name for person in people[:20] if (name := plain.plain_title(person, MAX_AUTHOR)))
    return plain.clamp(", ".join(names), MAX_AUTHOR) or None


def is_empty(entry: model.Entry) -> bool:
    """Return whether nothing can be read in an entry, or behind it."""
    return not (entry.title or entry.summary or entry.url)


def told_empty(count: int) -> tuple[str, ...]:
    """Return the sentence that tells of entries left out because they are empty; none if there were none."""
    noun = "1 entry" if count == 1 else f"{count} entries"
    return (f"{noun} with neither title, text nor link: left out.",) if count else ()
