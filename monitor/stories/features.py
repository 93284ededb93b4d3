"""What an article's story is told by: the words it begins with, what they mean in any language, the dates it names.

Made in the worker (`features_of`), weighed in the deciding step by how rare each term has been (`weigh`), stored as it
was weighed: what a comparison used is what stands in the database, and may be computed again.
"""

from __future__ import annotations

import json
import math
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache

from monitor import model, text
from monitor.stories import headings, senses

VERSION = 1
"""Of the packed form; features of another version are compared with nothing."""
LEAD = 60
"""Words of the text that count beside the title. On story-tgcontest-pairs 40 and 60 tell more than 120."""
COUNTED = 400
"""Words in which it is counted how often those of title and lead occur."""
STEM = 6
"""Letters that are left of a word: 5 to 8 make no difference (story-ecbplus, story-tgcontest-pairs: en, ru)."""
NAME = 1.5
"""How much more a word counts that is written as a name, inside a sentence (1 to 2 on the same sets)."""
TITLE = 1
"""Occurrences that standing in the title adds."""
MOST_COMMON, MOST_DATES = 24, 8
LARGEST = 1_000
"""Bytes of packed features; the last words of the lead go first."""
ENTITY, NUMBER = 5.0, 4.5
"""Weight of an entity that `senses.txt` does not know, and of a number (tests/eval/cases/stories.yaml, dev)."""
NUMBERS_LEAD = 80
MAGNITUDES = frozenset(
    text.fold(word)
    for word in ("magnitude", "richter", "ريختر", "بقوة", "قوته", "قوتها", "ריכטר", "בעוצמה", "магнитудой")
)
"""Words beside which a decimal number is the strength of an earthquake."""
NEAR_MAGNITUDE = 3

_MONTHS = {
    text.fold(name): number
    for number, names in enumerate(
        (
            "january jan janvier يناير ינואר января",
            "february feb fevrier فبراير פברואר февраля",
            "march mars مارس מרץ марта",
            "april apr avril ابريل أبريل אפריל апреля",
            "may mai مايو מאי мая",
            "june juin يونيو יוני июня",
            "july juillet يوليو יולי июля",
            "august aug aout août اغسطس أغسطس אוגוסט августа",
            "september sept septembre سبتمبر ספטמבר сентября",
            "october oct octobre اكتوبر أكتوبر אוקטובר октября",
            "november nov novembre نوفمبر נובמבר ноября",
            "december dec decembre décembre ديسمبر דצמבר декабря",
        ),
        start=1,
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True)
class Features:
    """What stories are told by.

    `words`: first letters of the words of title and lead -> how much each counts here; once weighed, times how rare it
    is. `common`: entities, senses and numbers, the same in every language -> weight. `dates`: days that the text
    names, as month * 32 + day. `magnitude`: of an earthquake. `kind`: see `stories.headings`. `series`: a headline with
    numbers, as the number that stands for its words, and its numbers: "Report 12" is another one than "Report 13".
    """

    lang: str
    kind: str
    words: Mapping[str, float]
    common: Mapping[str, float]
    dates: frozenset[int] = frozenset()
    magnitude: float | None = None
    series: tuple[int, str] | None = None


def features_of(
    article: model.Article,
    title_words: Sequence[str],
    text_words: Sequence[str],
    mentions: Iterable[model.Mention] = (),
) -> Features:
    """Return the features of an article, not yet weighed.

    Args: folded words as `text.folded_words` gives them; `mentions`: entities that it names (`rules.mentions`).
    """
    lead = text_words[:LEAD]
    counts = Counter(map(stem_of, text_words[:COUNTED]))
    counts.update(stem for stem in map(stem_of, title_words) for _ in range(1 + TITLE))
    names = _names(f"{article.title}\n{article.text[: LEAD * 16]}", len(title_words) + LEAD)
    words = {
        stem: math.sqrt(counts[stem]) * (NAME if stem in names else 1.0) for stem in map(stem_of, (*title_words, *lead))
    }
    early = [*title_words, *text_words[:NUMBERS_LEAD]]
    return Features(
        lang=(article.lang or "")[:2],
        kind=headings.kind_of(article.title, article.text),
        words=words,
        common=_common(article, early, mentions),
        dates=frozenset(_dates([*title_words, *text_words[:COUNTED]])),
        magnitude=_magnitude(early),
        series=_series(title_words),
    )


@lru_cache(maxsize=16_384)
def stem_of(word: str) -> str:
    """Return what is left of a folded word without clitics and endings: rough, the same for every language."""
    if word[0].isdigit():
        return word
    return min((form.text for form in text.forms_of(word)), key=len)[:STEM]


def _names(written: str, most: int) -> set[str]:
    """Return the stems of words with a capital letter inside a sentence."""
    found: set[str] = set()
    for line in written.split("\n"):
        inside = False
        for chunk in line.split()[:most]:
            bare = chunk.lstrip("\"'“‘«„([")
            if inside and bare[:1].isupper() and len(bare) == len(chunk):
                found.update(map(stem_of, text.folded_words(chunk)))
            inside = chunk[-1] not in ".!?:"
    return found


def _common(article: model.Article, early: Sequence[str], mentions: Iterable[model.Mention]) -> dict[str, float]:
    known = senses.known()
    found = {mention.entity: ENTITY for mention in mentions}
    found |= {id: known[id].weight for id in senses.senses_of(article.title, article.text, article.lang)}
    found |= {f"#{number}": NUMBER for number in _numbers(early)}
    return dict(list(found.items())[:MOST_COMMON])


def _numbers(words: Sequence[str]) -> Iterable[str]:
    """Yield the numbers that say something: no days, years and small counts."""
    for before, word, behind in zip(("", *words), words, (*words[1:], ""), strict=False):
        if not word[0].isdigit() or before in _MONTHS or behind in _MONTHS:
            continue
        if len(word) >= 2 and not (len(word) == 4 and word[:2] in ("19", "20")):
            yield word


def _dates(words: Sequence[str]) -> Iterable[int]:
    found = []
    for at, word in enumerate(words):
        month = _MONTHS.get(word)
        if month is None:
            continue
        for beside in (words[at - 1] if at else "", words[at + 1] if at + 1 < len(words) else ""):
            if beside.isdecimal() and len(beside) <= 2 and 1 <= int(beside) <= 31:
                found.append(month * 32 + int(beside))
    return found[:MOST_DATES]


def _magnitude(words: Sequence[str]) -> float | None:
    for at, word in enumerate(words):
        if word not in MAGNITUDES:
            continue
        for near in words[max(0, at - NEAR_MAGNITUDE) : at + NEAR_MAGNITUDE + 1]:
            if len(near) == 3 and near[1] == "." and near[0].isdigit() and near[2].isdigit():
                return float(near)
    return None


def _series(title_words: Sequence[str]) -> tuple[int, str] | None:
    numbers = [word for word in title_words if word[0].isdigit()]
    words = " ".join(word for word in title_words if not word[0].isdigit())
    return (zlib.crc32(words.encode("utf-8", "replace")), " ".join(numbers)) if numbers and words else None


# -- weights ---------------------------------------------------------------------------------------

PRIOR = 1_500
"""Articles that what is known beforehand counts for: 300 to 2,000 make little difference."""
RARE = 0.002
"""Share of articles that hold a word of five letters or more, before any was counted."""
SHORT = {1: 0.3, 2: 0.3, 3: 0.1, 4: 0.02}
"""The same for short words, which are mostly those that no sentence goes without, in every language."""


def words_of(title_words: Sequence[str], text_words: Sequence[str]) -> list[int]:
    """Return the words of a report as terms, to be counted alone (`weigh`'s `learned`)."""
    return [term_of(stem) for stem in {*map(stem_of, title_words), *map(stem_of, text_words[:LEAD])}]


def weigh(raw: Features, counts: Mapping[int, int], total: int, learned: int = 0) -> Features:
    """Return features with each word and common term times how rare it is: the logarithm of one in how many articles.

    Args:
        counts: In how many of `total` articles each term stood, by `term_of`; what is absent stood in none.
        learned: Further reports whose words alone were counted.
    """
    words = {
        stem: strength * _rarity(_before(stem), counts.get(term_of(stem), 0), total + learned)
        for stem, strength in raw.words.items()
    }
    common = {
        id: _rarity(math.exp(-weight), counts.get(term_of(id, common=True), 0), total)
        for id, weight in raw.common.items()
    }
    return replace(raw, words=words, common=common)


def _before(stem: str) -> float:
    return RARE if stem[0].isdigit() else SHORT.get(len(stem), RARE)


def _rarity(before: float, count: int, total: int) -> float:
    return max(0.0, -math.log((PRIOR * before + count) / (PRIOR + total)))


def terms_of(features: Features) -> list[int]:
    """Return every term of an article, for `weigh` and to be counted."""
    return [*map(term_of, features.words), *(term_of(id, common=True) for id in features.common)]


def term_of(word: str, common: bool = False) -> int:
    """Return the number by which a term is stored: one of 2^20 for each of the two kinds."""
    return (zlib.crc32(word.encode("utf-8", "replace")) & 0xFFFFF) | (common << 20)


INDEXED, LOOKED_UP = (16, 10), (14, 10)
"""Words and common terms, the weightiest, that an article is found by, and that others are sought by."""


def indexed(weighed: Features) -> dict[int, int]:
    """Return the terms that an article is found by, with their weights."""
    return _weightiest(weighed, *INDEXED)


def looked_up(weighed: Features) -> dict[int, int]:
    """Return the terms by which other articles are sought, with their weights, as whole numbers."""
    return _weightiest(weighed, *LOOKED_UP)


def _weightiest(weighed: Features, of_words: int, of_common: int) -> dict[int, int]:
    found: dict[int, int] = {}
    for weights, most, common in ((weighed.words, of_words, False), (weighed.common, of_common, True)):
        for word, weight in sorted(weights.items(), key=lambda entry: (-entry[1], entry[0]))[:most]:
            found[term_of(word, common)] = round(weight * SCALE)
    return found


# -- packed ----------------------------------------------------------------------------------------

SCALE = 100
"""Weights are kept in hundredths."""


def pack(features: Features) -> bytes:
    """Return features as they are stored, at most LARGEST bytes: a line of JSON, the terms, and their weights."""
    words, common = list(features.words), list(features.common)
    head = [
        VERSION,
        features.lang,
        features.kind,
        sorted(features.dates),
        features.magnitude,
        features.series,
    ]
    line = json.dumps([*head, len(common)], ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    sizes = [len(word.encode("utf-8", "replace")) + 3 for word in words]
    left = LARGEST - len(line) - 3 - sum(len(id.encode("utf-8", "replace")) + 3 for id in common)
    while words and sum(sizes) > left:
        words.pop()
        sizes.pop()
    weights = [*(features.common[id] for id in common), *(features.words[word] for word in words)]
    kept = array("H", [min(round(weight * SCALE), 0xFFFF) for weight in weights])
    if sys.byteorder == "big":
        kept.byteswap()
    return b"\n".join((line, " ".join([*common, *words]).encode("utf-8", "replace"), kept.tobytes()))


def unpack(packed: bytes | None) -> Features | None:
    """Return stored features; None where there are none, or some of another version."""
    if not packed:
        return None
    line, _, weighed = packed.partition(b"\n")
    version, *rest = json.loads(line.decode())
    if version != VERSION:
        return None
    terms, _, kept = weighed.partition(b"\n")
    lang, kind, dates, magnitude, series, split = rest
    weights = array("H", kept)
    if sys.byteorder == "big":
        weights.byteswap()
    pairs = list(zip(terms.decode().split(), [weight / SCALE for weight in weights], strict=True))
    return Features(
        lang, kind, dict(pairs[split:]), dict(pairs[:split]), frozenset(dates), magnitude, series and tuple(series)
    )


def when(published: datetime | None, first_seen: datetime) -> datetime:
    """Return the time of an article: when it came out, where that is said and can be."""
    return published if published is not None and published <= first_seen else first_seen
