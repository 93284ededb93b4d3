"""The first report that an article leans on: "according to the New York Times", قال لرويترز, לפי דיווח ב-ynet.

A newsroom counts where its name stands beside a phrase that hands it the word, in the headline or the first sentences:
what the article is about comes from there. Further down it is one source among others, unless the article says that it
was "first reported by" it. Only names of newsrooms count, so that "according to the ministry" is no report.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from monitor import text
from monitor.stories import names

LEAD = 500
"""Characters of the text that are its first sentences: about the first 110 words of English, 120 of Arabic."""
FIRST = ("first reported by", "first reported in", "first published by", "first published in", "first revealed by")
"""Phrases that name the first report wherever they stand."""


def _set(words: str) -> frozenset[str]:
    return frozenset(text.fold(words).split())


def _phrases(written: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.fold(written).split(" | "))


_SAYS = _phrases(
    "according to | according to a | told | tells | tell | citing | cites | quoting | quotes | per"
    " | selon | selon l | d apres | d apres l | citant | revele | rapporte | informations du | informations de"
    " | نقلا عن | بحسب | حسب | حسبما | وفق | قالت | ذكرت | افادت | كشفت | نقلت | اوردت | نشرت | بثت | رات"
    " | اكدت | اعلنت | توقعت | حذرت | اوضح | اوضحت | تحدث | تحدثت | علق | روت | كتبت | كتب | وصفت | اعتبرت | اشارت"
    " | اظهرت | تقول | نسبت | عرضت | اجرته | اجراه | نقلتها | نقلت عنه | اطلعت عليها | اطلعت عليه | حصلت عليها"
    " | حصلت عليه | تقرير | تحقيق | نشر | تعبير | ورد علي | افادت به"
    " | نشرته | اوردته | ذكرته | نقلته | كشفته | بثته | قال | ذكر | كشف | نقل | افاد | اورد | نشره | نقله | اورده"
    " | לפי | עפי | על פי | דיווח | דיווחה | דיווחו | מדווח | מדווחת | חשפ | חשפה | פרסמ | פרסמה | מצטט | מצטטת"
    " | ציטט | חשיפת | פרסומ | סקר"
)
"""Phrases that hand the word to the name behind them, as folded words."""
_SPEECH = _set(
    "speaking spoke statement statements remarks comments confirmed interview interviews said disclosed leaked"
    " declare indique confie affirme dit assure explique precise confirme raconte annonce rapporte interroge"
    " قال قالت قالوا صرح صرحت تصريح تصريحات حديث اكد اكدت مقابله اوضح اوضحت اخبر اخبرت ابلغ ابلغت ابلغوا كشف كشفت"
    " ذكر ذكرت وفقا طبقا تبعا خاص خاصه بيان اضاف اضافت حوار تحدث تحدثت تحدثوا اخبروا صرحوا قوله قولها قولهم"
    " تحقيق تقرير مقال اقر اقرت"
    " אמר אמרה אמרו מסר מסרה מסרו סיפר סיפרה סיפרו ראיונ ריאיונ הצהיר אישר אישרה אישרו נמסר אומר אומרת אומרימ"
)
_PRINTED = _set(
    "report reports reported published investigation interview article reporting"
    " דיווח דיווחימ פורסמו נחשפו פורסמ פורסמה שפורסמ שפורסמה דווח"
    " שדווח נכתב נחשפ נחשפה שנחשפ תחקיר פרסומ ראיונ כתבה מדווח"
    " הדיווח ריאיונ פרסומימ הפרסומ הפרסומימ"
    " مقال مقاله مقالات تقرير تقريره محلل المحلل كاتب الكاتب العمود نشر نشرت كتب كتبت افتتاحيه تحقيق"
)
_MADE = _set(
    "report reported reports published investigation seen obtained reviewed cited quoted revealed released analysis"
    " poll survey recording leaked rapporte revele publie cite enquete"
)
_RELAYED = _set("نقلا نقلت نقل ناقله")
_INTERVIEW = _set("interview interviews spoke speaking مقابله حوار لقاء ראיונ ריאיונ שיחה ראיונות entretien")
_ON_AIR = _set("interview said asked appearance appeared speaking told")
_BESIDE: Mapping[tuple[str, ...], tuple[frozenset[str], int]] = {
    ("to",): (_SPEECH, 5),
    ("by",): (_MADE, 6),
    ("in",): (_PRINTED, 4),
    ("from",): (_PRINTED, 4),
    ("with",): (_INTERVIEW, 3),
    ("on",): (_ON_AIR, 4),
    ("par",): (_MADE, 5),
    ("sur",): (_SPEECH, 4),
    ("a",): (_SPEECH, 8),
    ("au",): (_SPEECH, 8),
    ("a", "l"): (_SPEECH, 8),
    ("عن",): (_RELAYED, 4),
    ("في",): (_PRINTED, 4),
    ("مع",): (_INTERVIEW, 3),
    ("של",): (_PRINTED, 3),
    ("עמ",): (_INTERVIEW, 2),
}
"""Prepositions that do so where one of some words stands shortly before them."""
_GLUED_TO, _GLUED_IN = (_SPEECH, 14), (_PRINTED, 4)
_LONGEST_LINK = max(len(link) for link in (*_SAYS, *_BESIDE))

# What may stand between the phrase and the name, and says that a name is one.
_NOUNS = _set(
    "newspaper daily paper website site outlet broadcaster network channel agency magazine weekly station news tv radio"
    " journal quotidien site chaine agence hebdomadaire media"
    " صحيفه جريده موقع قناه وكاله مجله شبكه اذاعه هيئه صحيفتا صحيفتي وكالتا اعلام القناه الصحيفه عدسه افتتاحيه"
    " עיתונ אתר רשת ערוצ סוכנות תחנת מגזינ יומונ היומונ העיתונ האתר הרשת הערוצ עיתונימ ידיעות הידיעות"
)
_FILLERS = _set(
    "the us american british israeli arabic hebrew french german saudi qatari turkish egyptian state public s"
    " palestinian emirati london based local news le la les du de des l"
    " الاسرائيليه العبريه الاميركيه الامريكيه البريطانيه الفرنسيه الالمانيه العبري الاميركي الامريكي البريطاني الانباء"
    " البث تلفزيون راديو انباء الرسميه الايرانيه المصريه السعوديه القطريه التركيه السوريه الصين الجديده"
    " الاذاعه الاستراليه الكنديه الروسيه الصينيه الاخباريه מקומי"
    " האמריקני האמריקאי הבריטי הישראלי האמריקנית האמריקאית הבריטית הישראלית הזרה"
)
_VERBS = _set(
    "reported reports reveals revealed citing quoted quoting disclosed report investigation interview analysis"
    " poll survey"
    " rapporte rapportait revele citant rapportent"
    " תדווח דיווח דיווחה דיווחו מדווח מדווחת מדווחימ פרסמ פרסמה חשפ חשפה מצטט מצטטת"
    " عن تكشف تنقل كشفت نقلت ذكرت افادت تروي تتحدث تدحض تتناول تقول تفند توكد توضح ترصد تنشر توثق يكشف يوثق يروي يرصد"
)
_GAP = 5
"""Words from a name to the verb that follows it."""
_BEFORE_VERB = _set(
    "has had have also first earlier later on monday tuesday wednesday thursday friday saturday sunday last week this s"
    " morning yesterday today exclusively a le la aussi et قد الاحد הבוקר היומ אתמול אמש הערב גמ כי"
)
_MOST_BETWEEN = 5
_LAM, _BEH, _WAW = "\u0644", "\u0628", "\u0648"
_TO, _IN = frozenset((_LAM, _WAW + _LAM, "ל", "ול")), frozenset((_BEH, _WAW + _BEH, "ב", "וב"))
_ANDS = frozenset((_WAW, "ו", "and", "et"))
_PREFIXES = (*_TO, *_IN, _WAW, "ו", "ה")
"""What is glued to a name: "to" and "in", which say something, and "and" and the Hebrew article, which do not."""
_TITLE_HEAD = re.compile(r"\s*[\"“«”']?([^:\"”»“]{2,40}?)[\"”»“']?\s?[:：]\s")
_TITLE_END = re.compile(r"(?:[:：]|\s[-–—])\s*([^:–—-]{2,40}?)(?:\s+report)?\s*$", re.IGNORECASE)
_PAPERS = (
    "Times|Post|Journal|Tribune|Herald|Gazette|Chronicle|Telegraph|Newspaper|Daily|Mirror|Standard|Mail|Express|Press"
)
_UNLISTED = tuple(
    (tuple(literals.split("|")), re.compile(pattern))
    for literals, pattern in (
        (
            "ccording to |told |citing |eported by ",
            r"(?:[Aa]ccording to|\btold|\bciting|[Rr]eported by) (?:the |The )?"
            rf"(?!The )((?:[A-Z][\w'’.&-]+ ){{1,3}}(?:{_PAPERS}))\b(?! [A-Z])",
        ),
        (
            "صحيفة |موقع |قناة |مجلة |شبكة |وكالة |إذاعة ",
            r"(?:عن|بحسب|حسب|وفق|وفقاً? ل|ذكرت|أفادت|قالت|كشفت|نقلت|نشرت|أوردت|ذكر|أفاد|كشف|نقل)\s?"
            r"(?:صحيفة|موقع|قناة|مجلة|شبكة|وكالة|إذاعة) [«\"“”']([^«»\"“”'\n]{2,40})[»\"“”']",
        ),
        (
            "עיתון |אתר |רשת |סוכנות ",
            r"(?:לפי|על פי|דיווח|דיווחה) ה?(?:עיתון|אתר|רשת|סוכנות) [\"'״”]([^\"'״”\n]{2,40})[\"'״”]",
        ),
        (
            "e journal |e quotidien |e site ",
            r"(?:[Ss]elon|[Rr]apporte|cité par|d['’]après) le (?:journal|quotidien|site) "
            r"[«\"“]\s?([^»\"”\n]{2,40}?)\s?[»\"”]",
        ),
    )
)
"""Newsrooms that are not listed, named as such: with a noun and in quotation marks, or with a name that papers have."""


def reports_of(title: str, body: str) -> set[str]:
    """Return the keys of the newsrooms and agencies on whose report an article rests (`stories.names`)."""
    title, lead = title[:LEAD], body[:LEAD]
    found = {*_of_words(title, lead), *_of_title(title), *_of_unlisted(f"{title}\n{lead}")}
    for phrase in FIRST:
        at = body.find(phrase, LEAD)
        if at >= 0:
            found.update(_of_words("", body[at : at + 80]))
    return found


def _of_unlisted(lead: str) -> Iterator[str]:
    for literals, pattern in _UNLISTED:
        if any(literal in lead for literal in literals):
            yield from (
                names.newsroom_key(f[1]) for f in pattern.finditer(lead) if f[1].lower() not in names.SHORT_NAMES
            )


def _of_title(title: str) -> Iterator[str]:
    """Yield whom a headline quotes as a whole: "هآرتس: ...", "... : Axios"."""
    for pattern in (_TITLE_HEAD, _TITLE_END):
        found = pattern.match(title) if pattern is _TITLE_HEAD else pattern.search(title)
        words = text.folded_words(found[1]) if found else []
        words = words[1:] if len(words) > 1 and words[0] in _FILLERS | _NOUNS else words
        name = _PLAIN.get(tuple(words))
        if name is not None and not name.common:
            yield name.key


def _of_words(title: str, lead: str) -> Iterator[str]:
    rows = text.Words(f"{title}\n{lead}")
    folded = [piece.folded for piece in rows.pieces]
    at, told = 0, -1
    while at < len(folded):
        found = _name_at(folded, at)
        if found is None:
            at += 1
            continue
        name, prefix, end = found
        raws = [piece.raw for piece in rows.pieces[at : end + 1]]
        if _is_told(folded, at, end, name, prefix, raws) or (told >= 0 and _is_joined(folded, told, at, prefix)):
            yield name.key
            told = end
        at = end


def _is_joined(folded: Sequence[str], told: int, at: int, prefix: str) -> bool:
    """Return whether a name is one more in a list: "the Guardian and the BBC", يديعوت أحرونوت وموقع والا."""
    between = folded[told:at]
    linked = prefix in _ANDS or any(word in _ANDS or word[:1] in _ANDS for word in between)
    return linked and len(between) <= 3 and all(_is_noun_or_filler(word) for word in between)


def _is_noun_or_filler(word: str) -> bool:
    return word in _NOUNS or word in _FILLERS or word in _ANDS or (word[:1] in _PREFIXES and word[1:] in _NOUNS)


def _name_at(folded: Sequence[str], at: int) -> tuple[names.Name, str, int] | None:
    """Return the longest name that begins at a word, the preposition glued to it, and where it ends."""
    for rest, prefix, name in _BY_FIRST.get(folded[at], ()):
        end = at + 1 + len(rest)
        if tuple(folded[at + 1 : end]) == rest:
            return name, prefix, end
    return None


def _is_told(folded: Sequence[str], at: int, end: int, name: names.Name, prefix: str, raws: Sequence[str]) -> bool:
    """Return whether what stands around a name hands it the word."""
    glued, between, noun = _glued(prefix), at, False
    while glued is None and between and at - between < _MOST_BETWEEN:
        word = folded[between - 1]
        stem = word[1:] if word[:1] in _PREFIXES and word[1:] in _NOUNS else word
        if stem not in _NOUNS and stem not in _FILLERS:
            break
        noun = noun or stem in _NOUNS
        glued, between = _glued(word[:1] if stem != word else ""), between - 1
    if name.common and not noun and (not raws[0].isascii() or _is_word(raws, end - at)):
        return False
    if _has_link(folded, between, glued):
        return not (name.common and not noun and folded[between - 1] == "by")
    return (noun or not name.common) and _goes_on(folded, end)


def _goes_on(folded: Sequence[str], end: int) -> bool:
    """Return whether a verb of reporting follows a name: "Axios on Monday first reported"."""
    for word in folded[end : end + _GAP]:
        if word in _VERBS:
            return True
        if word not in _BEFORE_VERB and word not in _NOUNS:
            return False
    return False


def _glued(prefix: str) -> tuple[frozenset[str], int] | None:
    """Return what must stand before "to" or "in" that is glued to a word, and how far back; None for other prefixes."""
    if prefix in _TO:
        return _GLUED_TO
    return _GLUED_IN if prefix in _IN else None


def _is_word(raws: Sequence[str], size: int) -> bool:
    """Return whether a Latin name that is a word too is written as one, or goes on: "the Independent Commission"."""
    after = raws[size] if len(raws) > size else ""
    return not raws[size - 1][0].isupper() or after[:1].isupper() or after == "of"


def _has_link(folded: Sequence[str], end: int, glued: tuple[frozenset[str], int] | None) -> bool:
    """Return whether the words before `end`, or a preposition glued to what follows, say whose word it is."""
    if glued is not None:
        return _stands(folded, end, *glued)
    for size in range(min(_LONGEST_LINK, end), 0, -1):
        start = end - size
        rest = tuple(folded[start + 1 : end])
        for first in {folded[start], _stem(folded[start])}:
            link = (first, *rest)
            if link in _SAYS or (link in _BESIDE and _stands(folded, start, *_BESIDE[link])):
                return True
            if size == 1 and _glued(first) is not None and _stands(folded, start, *(_glued(first) or ())):
                return True
    return False


def _stands(folded: Sequence[str], end: int, words: frozenset[str], reach: int) -> bool:
    return any(word in words or _stem(word) in words for word in folded[max(0, end - reach) : end])


def _stem(word: str) -> str:
    """Return a word without "and" and the like before it: وقالت is قالت, שדיווחה is דיווחה."""
    return word[1:] if len(word) > 3 and word[0] in _CLITICS else word


_CLITICS = frozenset("\u0648\u0641\u0628ושכב")
_ALL = (*names.NEWSROOM_NAMES, *names.AGENCY_NAMES)
_PLAIN = {name.words: name for name in reversed(_ALL) if name.key != names.UNNAMED}


def _by_first() -> dict[str, list[tuple[tuple[str, ...], str, names.Name]]]:
    found: dict[str, list[tuple[tuple[str, ...], str, names.Name]]] = {}
    for words, name in _PLAIN.items():
        for prefix in ("", *_PREFIXES):
            found.setdefault(prefix + words[0], []).append((words[1:], prefix, name))
        if words[0].startswith("\u0627\u0644"):  # to the: لل
            found.setdefault(_LAM + _LAM + words[0][2:], []).append((words[1:], _LAM, name))
    for listed in found.values():
        listed.sort(key=lambda entry: (-len(entry[0]), entry[1]))
    return found


_BY_FIRST = _by_first()
