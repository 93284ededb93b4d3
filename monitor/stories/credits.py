"""Whom an article itself credits: the agency whose report it prints, and the first report that it leans on.

An agency counts where it stands as the source: the author field, a byline or dateline (`CAIRO (Reuters) -`, القاهرة -
واس), a credit at the end ("AFP contributed to this report", المصدر: وكالات). That Reuters is mentioned somewhere is no
credit, nor is the credit of a photo. Who said it first is `stories.reports`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from monitor import text
from monitor.stories import names, reports

HEAD = 900
"""Characters at the beginning in which bylines and datelines stand: some sixty words, and a summary before them."""
HEAD_LINES = 8
TAIL = 420
"""Characters at the end in which credits stand: some forty words, and a line about the author behind them."""
TAIL_LINES = 4
LONGEST_AUTHOR = 300
LONGEST_LINE = 100
"""Characters of a line that is nothing but a byline or a credit."""
SHORT = 30
"""Characters before the bracket of a dateline that stands on a line of its own."""
MOST = 6
"""Names kept of one article; more are a list of sources, not a credit."""

_AGENCY = {name.words: name for name in names.AGENCY_NAMES}
_ANYWHERE = {
    name.words: name
    for name in names.AGENCY_NAMES
    if not name.common and (len(name.words) > 1 or len(name.words[0]) > 2)
}
_DOTTED = frozenset(tuple(text.folded_words(written)) for written in ("أ.ب", "د.ب.أ", "أ.ش.أ"))
_LONGEST_NAME = max(len(words) for words in _AGENCY)
_CUT = re.compile(
    r"[:،,;|/()\[\]+&«»“”\"•_\n]|--|[–—ـ]|\s-|-\s|-$|^-|(?<=[ء-ي])-(?=[ء-ي])"
    r"|\s(?:and|et|avec|with|via|for|pour)\s|\s[וו](?=סוכנויות)|\sو(?=\s?ال?وكالات|رويترز|أ ف ب|د ب أ)",
    re.IGNORECASE,
)
_BROKEN = re.compile(r"[()/]|[.!?] ")
_DATED = re.compile(r"[-\d./]*\d[-\d./]*")
_PHOTO = re.compile(
    r"photo|getty|screenshot|\bfile\b|picture|image|pool\b|handout|courtesy|صورة|صور\b|تصوير|أرشيف|צילום|תמונה|ארכיון",
    re.IGNORECASE,
)
_AROUND_WORDS = (
    "by from with the staff source sources par de l la le من عن المصدر مصدر مصادر מאת מקור writer writers reporter"
    " reporters correspondent correspondents news agency newswire wire ap's journalist journalists in and via"
    " متابعه متابعات خاص שירות כתבי additional reporting press also"
)
_AROUND = frozenset(_AROUND_WORDS.split())
_BYLINE = re.compile(r"\s*(?:by|par|from|من|بقلم|כתב|מאת)\b[\s:]*", re.IGNORECASE)
_DATELINE = re.compile(r"[^\n()]{0,60}(?:\([^()\n]{1,40}\)[^\n()]{0,12})?\(([^()\n]{1,60})\)\s*(?:([-–—:ـ])|$)")
_PLAIN_DATELINE = re.compile(r"\s?[–—:/|،]\s?|\s?--?\s|\s-|ـ")
_LAST_BRACKET = re.compile(r"[(\[]([^()\[\]\n]{2,60})[)\]]\W*$")
_LAST_DASH = re.compile(r"[.!?»”\"']\s*[-–—/ـ]+\s*([^\n.]{2,40}?)\W*$")
_SOURCE = re.compile(r"(?:\bsources?|المصدر|المصادر|מקור|מקורות)\s?[:：]\s*([^\n]{2,80})", re.IGNORECASE)
_REUTERS_DESK = re.compile(r"\b(?:reporting|writing) by .{3,250}?\bediting by ", re.IGNORECASE | re.DOTALL)
_CREDITS = tuple(
    (literal, re.compile(pattern, re.IGNORECASE))
    for literal, pattern in (
        ("contributed", r"([^.\n]{2,160})\bcontributed (?:to (?:this|the) (?:report|story|article)|(?:to )?reporting)"),
        (" from ", r"\b(?:with|by)? ?(?:inputs?|reporting|reports|files|material) from ([^.\n)]{2,80})"),
        ("©", r"©\s*(?:\d{4}\s*)?([^\n.]{2,50})"),
        ("copyright", r"\bcopyright\b\s*(?:©|\(c\))?\s*(?:\d{4}\s*)?([^\n.]{2,50})"),
        ("this ", r"\bthis (?:story|article|report)\b[^.\n]{0,80}?\b(?:by|from) ([^.\n]{2,50})"),
        ("avec ", r"\bavec (?:l['’]\s?)?([^.\n)]{2,40})"),
        (" input", r"\b((?:news )?agenc(?:y|ies)) inputs?\b"),
    )
)
"""Credits in sentences, each looked for only where its literal stands."""


def credits_of(title: str, body: str, author: str, newsroom: str) -> tuple[str, ...]:
    """Return whom an article credits, sorted: `agency:reuters`, `agency:agencies` (unnamed), `report:axios`.

    Args:
        author: The author field of feed or page, which often names the agency.
        newsroom: Whose article it is; what it says of itself is no credit.
    Returns: at most MOST names, as keys of `stories.names`.
    """
    own = names.newsroom_key(newsroom)
    agencies = {*_of_author(author[:LONGEST_AUTHOR]), *_of_head(body), *_of_tail(body)}
    told = reports.reports_of(title, body)
    agencies |= told & names.AGENCIES
    if len(agencies) > 1:
        agencies.discard(names.UNNAMED)
    found = [f"agency:{key}" for key in agencies if key != own]
    found += [f"report:{key}" for key in told - names.AGENCIES if own not in (key, *names.SHORT_NAMES.get(key, ()))]
    return tuple(sorted(found)[:MOST])


def _of_author(author: str) -> Iterator[str]:
    """Yield the agencies in an author field or a sentence that names contributors."""
    if not author or _PHOTO.search(author):
        return
    yield from _of_parts(_CUT.split(author))
    words = text.folded_words(author)
    for start in range(len(words)):
        for size in range(min(_LONGEST_NAME, len(words) - start), 0, -1):
            name = _ANYWHERE.get(tuple(words[start : start + size]))
            if name is not None:
                yield name.key
                break


def _of_parts(parts: Iterable[str]) -> Iterator[str]:
    """Yield the agencies that are a whole part: "Riyadh - SPA" has two, of which the second is one."""
    for part in parts:
        key = _agency(part)
        if key:
            yield key


def _of_credit(written: str) -> tuple[str, ...]:
    """Return the agencies of "(Reuters, AFP)"; none if more stands there: "(Amir Cohen/Reuters)" is of a photo."""
    found = [_agency(part) for part in _CUT.split(written) if part and part.strip()]
    return tuple(key for key in found if key) if all(found) else ()


def _agency(part: str) -> str | None:
    """Return the agency that `part` names and nothing else but a date and words like "by", "staff"."""
    if not 2 <= len(part) <= 90:
        return None
    dated = _DATED.search(part) is not None
    words = text.folded_words(_DATED.sub(" ", part) if dated else part)
    name = _AGENCY.get(tuple(words))
    while name is None and words and words[0] in _AROUND:
        words = words[1:]
        name = _AGENCY.get(tuple(words))
    while name is None and words and words[-1] in _AROUND:
        words = words[:-1]
        name = _AGENCY.get(tuple(words))
    if name is None and dated and not _BROKEN.search(part):  # "Riyadh 12 October 2023 SPA"
        name = next((found for size in (3, 2, 1) if (found := _AGENCY.get(tuple(words[-size:])))), None)
    return None if name is None or _is_other_word(name, part) else name.key


def _is_other_word(name: names.Name, part: str) -> bool:
    """Return whether a short name is written as the word that it also is: "map", "spa"; آب is August, أ.ب is AP."""
    word = name.words[0]
    if name.words in _DOTTED:
        return "." not in part
    return name.common and len(word) <= 4 and word.isascii() and word.upper() not in part


def _of_head(body: str) -> Iterator[str]:
    for number, line in enumerate(body[:HEAD].split("\n")[:HEAD_LINES]):
        if not line or _PHOTO.search(line[:80]):
            continue
        bracket = _DATELINE.match(line)
        if bracket and (bracket[2] or bracket.start(1) < SHORT):  # a sentence that ends in "(Reuters)" is of a photo
            yield from _of_parts(_CUT.split(bracket[1]))
        yield from _of_parts(part for part in _PLAIN_DATELINE.split(line[:90])[:-1][:4] if part.count(" ") < 8)
        if len(line) <= LONGEST_LINE:
            yield from _of_byline(line, number)


def _of_byline(line: str, number: int) -> Iterator[str]:
    """Yield the agencies of a line of its own: "By Jane Doe, Associated Press", "الرياض - واس", "Reuters"."""
    begin = _BYLINE.match(line)
    if begin:
        yield from _of_author(line[begin.end() :])
        return
    parts = [part for part in _CUT.split(line) if part and part.strip()]
    if number < 3 and ". " not in line and all(part.count(" ") < 4 for part in parts):
        yield from _of_parts(parts)


def _of_tail(body: str) -> Iterator[str]:
    tail = body.rstrip()[-TAIL:]
    lines = tail.split("\n")[-TAIL_LINES:]
    for number, line in enumerate(lines, start=1):
        if _PHOTO.search(line[-80:]):
            continue
        last = number == len(lines) or (number == len(lines) - 1 and len(lines[-1]) <= LONGEST_LINE // 2)
        for pattern in (_LAST_BRACKET, _LAST_DASH) if last else ():
            found = pattern.search(line, max(0, len(line) - 90))
            if found:
                yield from _of_credit(found[1])
        if len(line) <= LONGEST_LINE:
            yield from _of_parts((line,))
    for found in _SOURCE.finditer(tail):
        yield from _of_parts(_CUT.split(found[1]))
    small = tail.lower()
    if "editing by" in small and _REUTERS_DESK.search(tail):
        yield "reuters"
    for literal, pattern in _CREDITS:
        if literal in small:
            for found in pattern.finditer(tail):
                yield from _of_author(found[1])
