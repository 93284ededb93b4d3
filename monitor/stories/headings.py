"""Which articles tell of many events: live blogs and round-ups, known by their headline or by how they are built."""

from __future__ import annotations

import re

from monitor import text

ORDINARY, LIVE, ROUND_UP = "", "live", "round-up"
"""What an article is; the last two may join a story, but nothing is compared with them."""

_LIVE = r"""
    ^live\b | \blive ?blog | \blive (?:updates?|coverage)\b | \bas it happened\b
    \blatest updates\b | \bminute by minute\b
    ^en direct\b | ^direct\b ?[:|] | \ben direct ?[:|] | \bminute par minute\b | \bau fil des heures\b
    ^مباشر\b | \bلحظه بلحظه\b | \b(?:تغطيه|تحديثات) (?:مستمره|مباشره|متواصله|حيه)\b
    \bעדכונימ (?:שוטפימ|חיימ|בזמנ אמת)\b | \bדיווחימ? שוטפ | \bדקה אחר דקה\b | \bבשידור חי\b | ^לייב\b | ^עדכונ חי\b
    \bпрямая трансляция\b | \bпрямои эфир\b | \bтекстовая трансляция\b
"""
_ROUND_UP = r"""
    \b(?:morning|evening|daily|weekly|news|world|midday|night) (?:brief|briefing|digest|roundup|wrap|bulletin|summary)\b
    \bround ?up\b | \bin brief\b | \bweek in (?:review|pictures)\b | \btop stories\b
    \bheadlines (?:of|for) the (?:day|week)\b
    \bwhat (?:to|you need to) know (?:today|this morning|this week)\b
    \b(?:three|five|six|ten|3|5|6|10) things (?:to|you)\b
    \bnewsletter\b | \bat a glance\b | \bthe day in\b | \bthis week in\b | \byour (?:\w+day|morning|evening|weekend)\b
    \brevue de presse\b | \bles titres\b
    \bl essentiel (?:de|du) (?:la |l |ce )?(?:actualite|journee|jour|semaine|matin|soir)\b
    \ben bref\b | \btour d horizon\b | \bles (?:infos?|actualites) (?:de la|du)\b
    \bce qu il faut (?:retenir|savoir) de (?:la|ce)
    \bl actualite (?:de la|du) (?:journee|jour|semaine|matin)\b
    \bموجز\b | \bنشره (?:ال)?(?:اخبار|اخباريه|صباحيه|مسائيه)\b | \bحصاد (?:اليوم|الاسبوع|الاخبار)\b
    \b(?:اهم|ابرز) (?:ال)?(?:اخبار|انباء|عناوين|احداث|تطورات)\b | \bعناوين (?:الصحف|اليوم|الاخبار)\b
    \bجوله (?:الصحافه|اخباريه|في الصحف)\b
    \bמבזקימ?\b | \bהכותרות\b | \bסיכומ (?:היומ|יומי|השבוע|חדשות|החדשות)\b | \b(?:תמצית|תקציר|עיקרי) החדשות\b
    \bבקצרה\b | \bחדשות (?:היומ|הבוקר|הערב) ב
    \bглавное за (?:день|неделю|ночь|сутки)\b | \bглавные (?:новости|события) (?:дня|недели)\b
    \bобзор (?:прессы|новостеи)\b | \bитоги (?:дня|недели)\b
"""
"""Patterns of folded headlines, in five languages, between ` | ` and line breaks."""


def _pattern(listed: str) -> re.Pattern[str]:
    return re.compile("|".join(pattern.strip() for pattern in re.split(r" \| |\n", listed) if pattern.strip()))


_KINDS = ((LIVE, _pattern(_LIVE)), (ROUND_UP, _pattern(_ROUND_UP)))
_SEPARATORS = re.compile(r"[^\w:|]+")

LONG_PARAGRAPH, PARAGRAPHS = 12, 5
"""Words of a paragraph, and how many such paragraphs a text has at least, that may be a round-up by its build."""
OWN = 0.8
"""Share of its paragraphs that have no rarer word with another in common, from which a text is a round-up."""
READ = 6_000
"""Characters of a text that its build is told by."""
RARER = 6
"""Letters of a word that may tie paragraphs together."""


def kind_of(title: str, body: str) -> str:
    """Return ORDINARY, LIVE or ROUND_UP."""
    written = _SEPARATORS.sub(" ", text.fold(title.replace("'", " ").replace("’", " "))).strip()
    for kind, pattern in _KINDS:
        if pattern.search(written):
            return kind
    return ROUND_UP if _is_assorted(body) else ORDINARY


def _is_assorted(body: str) -> bool:
    """Return whether a text's paragraphs have nothing to do with one another."""
    lines = [line for line in body[:READ].split("\n") if line.count(" ") >= LONG_PARAGRAPH - 1]
    if len(lines) < PARAGRAPHS:
        return False
    held = [{word[:RARER] for word in line.casefold().split() if len(word) >= RARER} for line in lines]
    seen: dict[str, int] = {}
    for words in held:
        for word in words:
            seen[word] = seen.get(word, 0) + 1
    alone = sum(not any(seen[word] > 1 for word in words) for words in held)
    return alone >= OWN * len(held)
