"""Lines of a page that are around an article's text: its headline again above, labels and rights below."""

from __future__ import annotations

import re

HEAD_LINES = 4
"""Lines from the top in which the headline may stand again, below a kicker or a date."""
TAIL_LABEL = 45
"""Characters: a longer last line that ends in a colon or a question mark may be the author's."""

_OTHER = re.compile(r"[\W_]+")
_RIGHTS = re.compile(
    r"(?:©|\(c\)|copyright\b|all rights reserved|alle rechte vorbehalten|tous droits réservés|todos los derechos"
    r"|כל הזכויות שמורות|جميع الحقوق محفوظة|حقوق النشر).{0,200}$",
    re.IGNORECASE,
)


def without_headline(text: str, title: str) -> str:
    """Return `text` without a line near its top that says the title again; one that says something else is text.

    The heading stays in the tree until here: with one paragraph left the extractor would go on to a wider frame.
    """
    wanted = _letters(title)
    lines = text.split("\n")
    for number, line in enumerate(lines[:HEAD_LINES]):
        if wanted and _letters(line) == wanted and len(lines) > 1:
            return "\n".join(lines[:number] + lines[number + 1 :])
    return text


def without_tail(text: str) -> str:
    """Return `text` without last lines that are a label of what followed ("More on this:") or a notice of rights."""
    lines = text.split("\n")
    while len(lines) > 1 and _is_tail(lines[-1].strip()):
        lines.pop()
    return "\n".join(lines)


def _is_tail(line: str) -> bool:
    if len(line) <= TAIL_LABEL and line.endswith((":", "：", "?", "؟", "…", ">", "»")):
        return True
    return not line or bool(_RIGHTS.match(line))


def _letters(text: str) -> str:
    return _OTHER.sub("", text).casefold()
