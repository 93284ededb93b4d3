"""What queries of other systems say, and how that is written here: tables and the words of their faults."""

from __future__ import annotations

import re
from collections.abc import Mapping

from monitor.rules import syntax
from monitor.rules.reader import fix_for

BARE = frozenset({"NEAR", "THEN", "NOTNEAR", "ATLEAST", "TIMES"})
"""Operators that need a number; without one they are reserved all the same."""

TYPOGRAPHIC = "“”„‟«»‹›‘’״"

DISTANCE = re.compile(r"([A-Za-z]*)/(\d+|[A-Za-z]+)")
DISTANCES: Mapping[str, str] = {
    "": "NEAR", "W": "NEAR", "WITHIN": "NEAR", "N": "NEAR", "NEAR": "NEAR", "NEARF": "NEAR", "AROUND": "NEAR",
    "PRE": "THEN", "ONEAR": "THEN", "ADJ": "THEN", "THEN": "THEN",
    "NOTNEAR": "NOTNEAR", "NOTW": "NOTNEAR", "ATLEAST": "ATLEAST", "TIMES": "TIMES",
}  # fmt: skip
"""Heads of distance operators elsewhere -> ours."""

FIELD_NAMES: Mapping[str, str] = {
    "intitle": "title", "allintitle": "title", "headline": "title", "hl": "title", "hd": "title", "title": "title",
    "hlead": "top", "lp": "lead", "lead": "lead", "intext": "body", "body": "body", "text": "text",
    "inurl": "url", "allinurl": "url", "url": "url", "link": "url", "site": "source", "domain": "source",
    "source": "source", "sourcename": "source", "outlet": "source", "language": "lang", "lang": "lang",
    "by": "author", "byline": "author", "author": "author", "tag": "tags", "section": "tags", "keyword": "tags",
}  # fmt: skip
"""Fields and functions elsewhere -> our field."""

_CALL = re.compile(
    r"(?i:o?near|around|within|adj|pre|atleast\d*|atl\d+|minimum|sent|sentence|para|paragraph|same|any|all|or|and)"
    r"|NEAR|THEN|NOTNEAR|ATLEAST|TIMES|W"
)


_CALLS: Mapping[str, str] = {
    "sent": "SENT", "sentence": "SENT", "para": "PARA", "paragraph": "PARA", "same": "PARA",
}  # fmt: skip


def is_call(word: str) -> bool:
    """Return whether `word` before a bracket is a function of another system."""
    return word.lower() in FIELD_NAMES or _CALL.fullmatch(word) is not None


def translate_call(name: str, args: list[str]) -> tuple[str, bool]:
    """Return what `name(args)` is here, and whether that is an operator between operands."""
    lowered, numbers = name.lower(), [arg for arg in args if arg.isdigit()]
    rest = [arg for arg in args if not arg.isdigit()]
    inside, choice = ", ".join(rest) or "a, b", " OR ".join(rest) or "..."
    if lowered in FIELD_NAMES:
        return f"{FIELD_NAMES[lowered]}:({choice})", False
    if name == "ATLEAST" and len(rest) > 1:
        return f"ATLEAST/{capped(numbers[0]) if numbers else 2}({inside})", False
    if lowered.startswith(("atl", "minimum", "times")):
        count = re.sub(r"\D", "", name) or (numbers[0] if numbers else "2")
        return f"TIMES/{capped(count)}({choice})", False
    if lowered in _CALLS:
        return f"{_CALLS[lowered]}({inside})", False
    if lowered in ("any", "or", "all", "and"):
        return f"({choice if lowered in ('any', 'or') else ' AND '.join(rest)})", False
    ours = f"{DISTANCES.get(name.upper(), 'NEAR')}/{capped(numbers[0]) if numbers else 5}"
    return (f"{ours}({inside})", False) if rest else (ours, True)


def denied(ours: str) -> str:
    """Return our operator for NOT before `ours`; there is none for a paragraph, and none that minds the order."""
    return "NOTNEAR/50" if ours == "PARA" else f"NOT{ours}".replace("NOTTHEN", "NOTNEAR")


def translate_distance(head: str, tail: str) -> tuple[str, str]:
    """Return our operator for `head/tail`, and the code of the fault."""
    if tail.lower() == "n":
        tail = "5"
    if not tail.isdigit():
        return ("SENT" if tail.lower() in ("s", "sent") else "PARA"), "E316"
    ours = f"{DISTANCES.get(head.upper(), 'NEAR')}/{capped(tail)}"
    return ours, "E317" if head.upper() in BARE else "E316"


_WORD_OPERATOR = re.compile(r"(ADJ|NEAR|ONEAR|NEARF|W|PRE|WITHIN|THEN)(\d*|n)")
_WORDS: Mapping[str, str] = {
    "SAME": "PARA", "ANDNOT": "AND NOT", "BUTNOT": "AND NOT", "AND-NOT": "AND NOT", "SENTENCE": "SENT",
    "PARAGRAPH": "PARA", "XOR": "OR",
}  # fmt: skip


def translate_word(word: str) -> str | None:
    """Return our operator for a word that is one elsewhere."""
    found = _WORD_OPERATOR.fullmatch(word)
    if found is None or word == "W":
        return _WORDS.get(word)
    if found[2] in ("", "n"):
        return f"{DISTANCES[found[1]]}/{0 if found[0] == 'ADJ' else 5}"
    return f"{DISTANCES[found[1]]}/{capped(found[2])}"


def capped(digits: str) -> str:
    """Return the number as a distance or count that is allowed."""
    return str(min(50, int(digits[:6] or 0)))


def field_words(name: str) -> tuple[str, str, str]:
    """Return code, message and fix for an unknown field."""
    ours = FIELD_NAMES.get(name.lower())
    if name == "re":
        return "E310", "a regex stands between slashes", "write `re:/.../`"
    if ours is not None and name.lower() != ours:
        return "E316", f"`{name}:` is written `{ours}:` here", f"write `{ours}:`"
    listed = ", ".join(syntax.FIELDS)
    fix = f"write `{ours}:`" if ours is not None else fix_for(name, syntax.FIELDS)
    return "E310", f"`{name}:` is no field", fix or f"quote it if the colon belongs to the text; fields: {listed}"


def junk_words(sign: str, run: str, last: str | None) -> tuple[str, str, str]:
    """Return code, message and fix for a character that means nothing. `run`: what it stands in."""
    message = f"`{sign}` means nothing in a query"
    if sign in "*?" and run[:1] == "$":
        return "E320", "a $name takes no wildcard", "leave it out"
    if sign in "*?" and not re.search(r"\w", run):
        return "E320", "a wildcard needs a word before it", "write the beginning of the word"
    if sign in TYPOGRAPHIC:
        return "E328", "typographic quotes do not make a phrase", 'write `"` at both ends'
    if run == ":" and last in syntax.FIELDS:
        return "E310", "no space stands before the colon of a field", f"write `{last}:`"
    if sign == "#" and run == "#":
        return "E310", message, "a comment begins with `--`"
    if re.search(r"\w", run):
        return "E310", message, f'write `"{run}"`'
    return "E310", message, "write AND, or quote the phrase" if sign in "-–—" else "leave it out"


def run_around(text: str, start: int, end: int, kind: str) -> str:
    """Return the run of characters of a kind that holds text[start:end]."""
    before = re.search(rf"{kind}*$", text[max(0, start - 200) : start])
    behind = re.match(rf"{kind}*", text[end : end + 200])
    return (before.group() if before else "") + text[start:end] + (behind.group() if behind else "")
