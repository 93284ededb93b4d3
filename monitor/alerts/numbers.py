"""Numbers that say how many or how much, in English, French, Arabic and Hebrew: what of a text can be new. Pure.

Years, dates, clock times, ages, durations, ordinals and names that end in a number (Channel 12, Resolution 2735) say
nothing of the kind and are left out. "100,000 people", "100 000 personnes" and "١٠٠ ألف نسمة" are one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.text import fold

LEAST = 10
"""Smaller numbers count only with one of COUNTED behind them: two ministers and three options are in any report."""
DISTINCT = 100
"""From here on a number is known by its value alone; smaller ones say something else about something else."""
LARGE = 1000
ROUNDED = 0.05
"""Part by which two numbers from LARGE on may differ and be one: 101,000 is told as 100,000."""
STEM = 4
"""Letters of what is counted by which it is known: killed, killings; blessés, blessées."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number, what is counted (folded, its first letters), and how it was written."""

    value: float
    noun: str
    written: str

    def known(self, others: Iterable[Number]) -> bool:
        """Return whether one of the others says the same."""
        return any(self._is(other) for other in others)

    def _is(self, other: Number) -> bool:
        if self.value >= LARGE:
            return abs(self.value - other.value) <= ROUNDED * self.value
        if self.value != other.value:
            return False
        return self.value >= DISTINCT or self.noun == other.noun or _script(self.noun) != _script(other.noun)


def find_numbers(text: str, lang: str | None, most: int) -> tuple[Number, ...]:
    """Return the first `most` different numbers of a text, in digits, then in words.

    `lang`: tells what 1.250 is; None for unknown.
    """
    found: dict[Number, None] = {}
    matches = (_of_digits(text, match, lang) for match in _DIGITS.finditer(text))
    said = (_of_words(text, match) for match in _WORDS.finditer(text)) if _MULTIPLIED.search(text) else ()
    for number in (*matches, *said):
        if number is not None:
            found[number] = None
    return tuple(found)[:most]


def _of_digits(text: str, match: re.Match[str], lang: str | None) -> Number | None:
    start = match.start()
    head = _HEAD.search(text, max(0, start - 24), start)
    value = _value(match["digits"], lang)
    if value is None or head is None:
        return None
    before, behind = fold(head["word"] or ""), _words_behind(text, match.end())
    if before in _NAMING or before.removeprefix("ال") in _NAMING:
        return None
    times = _times(match["times"])
    if times == 1 and _is_date(match["digits"], value, before, behind):
        return None
    money = head["money"] or ""
    return _number(money + " ".join(match.group().split()), value * times, behind, money)


def _of_words(text: str, match: re.Match[str]) -> Number | None:
    value = _SPELT[fold(match["word"] or match["dual"])] * _times(match["times"])
    return _number(" ".join(match.group().split()), float(value), _words_behind(text, match.end()), "")


def _number(said: str, value: float, behind: tuple[str, ...], money: str) -> Number | None:
    if behind and fold(behind[0]) in _LINKS:
        said, behind = f"{said} {behind[0]}", behind[1:]
    counted = fold(behind[0]) if behind else ""
    if counted in _TIME_UNITS or not (counted or money):
        return None
    if value < LEAST and not money and not any(fold(word)[:STEM] in _COUNTED for word in behind):
        return None
    return Number(value, money or counted.removeprefix("ال")[:STEM], said if money else f"{said} {behind[0]}")


def _value(digits: str, lang: str | None) -> float | None:
    """Return what digits with separators say: groups of three are thousands, one other group is a fraction."""
    head, *groups = re.split("[.,٫٬'’ \u00a0\u202f]", digits)
    decimal = len(groups) == 1 and (len(groups[0]) != 3 or len(head) > 3 or (lang == "en" and "." in digits))
    if not decimal and any(len(group) != 3 for group in groups):
        return None
    return float(f"{head}.{groups[0]}") if decimal else float(head + "".join(groups))


def _times(word: str | None) -> int:
    return _TIMES[fold(word)] if word else 1


def _is_date(digits: str, value: float, before: str, behind: tuple[str, ...]) -> bool:
    if len(digits) == 4 and 1900 <= value < 2100:
        return True
    near = (before, *(fold(word) for word in behind[:1]))
    return value <= 31 and any(word in _MONTHS or word[1:] in _MONTHS for word in near)


def _words_behind(text: str, end: int) -> tuple[str, ...]:
    found = _BEHIND.match(text, end)
    return tuple(word for word in found.groups() if word) if found else ()


def _script(noun: str) -> str:
    if "\u0590" <= noun[:1] <= "\u05ff":
        return "hebrew"
    return "arabic" if "\u0600" <= noun[:1] <= "\u06ff" else "latin"


def _folded(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split())


_THOUSAND = "thousand mille k ألف آلاف אלף אלפים"
_MILLION = "million millions mn m مليون مليونا ملايين מיליון מיליוני"
_BILLION = "billion billions milliard milliards bn مليار مليارا مليارات מיליארד מיליארדי"
_TIMES = {
    fold(word): value
    for words, value in ((_THOUSAND, 10**3), (_MILLION, 10**6), (_BILLION, 10**9))
    for word in words.split()
}
_UNITS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "un": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8, "neuf": 9, "dix": 10,
    "שני": 2, "שלושה": 3, "ארבעה": 4, "חמישה": 5, "שישה": 6, "שבעה": 7, "שמונה": 8, "תשעה": 9, "עשרה": 10,
    "ثلاثة": 3, "أربعة": 4, "خمسة": 5, "ستة": 6, "سبعة": 7, "ثمانية": 8, "تسعة": 9, "عشرة": 10, "مئة": 100, "مائة": 100,
}  # fmt: skip
_DUALS = {
    "ألفي": 2 * 10**3, "ألفا": 2 * 10**3, "مليوني": 2 * 10**6, "مليونين": 2 * 10**6,
    "ملياري": 2 * 10**9, "مليارين": 2 * 10**9,
}  # fmt: skip
"""Arabic: number and multiplier in one word."""
_SPELT = {fold(word): value for word, value in {**_UNITS, **_DUALS}.items()}

_COUNTED_WORDS = (
    "killed dead died deaths wounded injured arrested detained hostages captives bodies martyrs victims prisoners"
    " tués tues morts mort blessés otages prisonniers arrêtés victimes corps détenus"
    " قتيلا قتلى قتيل شهداء شهيدا شهيد جرحى جريحا مصابين مصابا أسرى أسيرا رهائن رهينة معتقلين"
    " הרוגים נהרגו פצועים נפצעו חטופים אסירים עצורים גופות"
)
_COUNTED = frozenset(word[:STEM] for word in _folded(_COUNTED_WORDS))
_TIME_UNITS = _folded(
    "second seconds minute minutes min hour hours hrs day days night nights week weeks month months year years yr"
    " decade decades century am pm a.m p.m gmt ist est utc percent per"
    " seconde secondes heure heures h jour jours semaine semaines mois an ans année années siècle pour"
    " ثانية دقيقة دقائق ساعة ساعات يوم يوما أيام أسبوع أسبوعا أسابيع شهر شهرا أشهر شهور سنة سنوات عام عاما أعوام عقود"
    " دقيقه بالمئة بالمائة في"
    " שניות דקה דקות שעה שעות יום ימים לילה שבוע שבועות חודש חודשים שנה שנים שנות אחוז אחוזים"
)
"""Behind a number: durations, ages, times of day and shares are in every report's background."""
_NAMING = _folded(
    "channel article resolution section paragraph chapter route highway phase page no number flight unit brigade"
    " division battalion group camp class type version vol episode covid since until from by at in of"
    " chaîne article résolution paragraphe phase numéro page vol depuis en"
    " القناة قناة المادة مادة القرار قرار الفقرة رقم المرحلة صفحة لواء الفرقة عام سنة الساعة"
    " ערוץ סעיף החלטה כביש שלב מספר עמוד חטיבה אוגדה בשנת שנת בשעה גיל בן בת"
) - _folded("since until from by at in of en depuis")
_MONTHS = _folded(
    "january february march april may june july august september october november december"
    " jan feb mar apr jun jul aug sep sept oct nov dec"
    " janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
    " يناير فبراير مارس أبريل إبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
    " كانون شباط آذار نيسان أيار حزيران تموز آب أيلول تشرين"
    " ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר"
)

_LINKS = _folded("of de d des")
_MULTIPLIERS = "|".join(f"{_THOUSAND} {_MILLION} {_BILLION}".split())
_MULTIPLIED = re.compile("illi|thous|mille|ألف|آلاف|ملي|ملا|אלפ|אלף|מיל", re.IGNORECASE)
"""In every text with a number in words that counts: cheap to look for."""
_DIGITS = re.compile(
    r"(?P<digits>\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d{1,12}(?:[.,٫٬'’]\d+){0,4})"
    rf"(?:[ \u00a0-]?(?P<times>{_MULTIPLIERS})\b)?(?![\w%٪:/]|[-–]\d|[ \u00a0][%٪])",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"(?:(?P<word>[^\W\d]+)[^\w.;:!?\n/$€£₪־-]{1,3}|(?:^|[\s(\[\"'“”«־;!?–—]))"
    r"(?:[ובכלמהש]{1,2}[-־]?|[وبلك]{1,2}ـ?)?(?P<money>[$€£₪])?[ \u00a0]?$"
)
"""What may stand before digits: a word, a Hebrew or Arabic clitic, a currency; not the rest of a name or a date."""
_WORDS = re.compile(
    rf"\b(?:(?P<word>{'|'.join(_UNITS)})[ -](?P<times>{_MULTIPLIERS})|(?P<dual>{'|'.join(_DUALS)}))\b", re.IGNORECASE
)
_BEHIND = re.compile(r"[ \u00a0-]{1,2}([^\W\d]+)(?:[ \u00a0'’-]{1,2}([^\W\d]+))?")
