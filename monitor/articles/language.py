"""The language of an article: by its script where that tells, by a small detector among the Latin ones."""

from __future__ import annotations

import functools
import re

import lingua

MIN_LETTERS = 12
"""Letters: a shorter text has a script but no language."""
SAMPLE = 600
"""Characters given to the detector; more costs time and decides nothing."""
MIN_CONFIDENCE = 0.6
SHORT = 150
"""Letters below which function words decide, or nothing: the detector guesses there ("Cairo refuses the mass" is
French). A rule's items for other languages do not count in a text, so a wrong language is worse than none."""

LATIN_LANGUAGES = ("en", "de", "fr", "es")
"""What the detector tells apart; other languages are known only where a feed or page declares them."""

_FUNCTION_WORDS = {
    "en": "the of and to in for on with at by from is are was were be has have will not that this it as his",
    "fr": "le la les des du un une et en au aux est sont pour dans sur avec par que qui ne pas plus l d",
    "de": "der die das den dem des ein eine und in im zu mit von auf für ist sind nicht auch als bei nach",
    "es": "el la los las de del un una y en al es son para con por que no más su se lo como",
}
_FUNCTIONS = {lang: frozenset(words.split()) for lang, words in _FUNCTION_WORDS.items()}
_WORDS = re.compile(r"[^\W\d_]+")

_SCRIPTS = (
    ("Arab", re.compile(r"[\u0620-\u064a\u0671-\u06d3\u0750-\u077f]")),
    ("Hebr", re.compile(r"[\u05d0-\u05ea]")),
    ("Latn", re.compile(r"[A-Za-z\u00c0-\u024f]")),
    ("Cyrl", re.compile(r"[\u0400-\u04ff]")),
    ("Grek", re.compile(r"[\u0370-\u03ff]")),
    ("Kana", re.compile(r"[\u3040-\u30ff]")),
    ("Hani", re.compile(r"[\u4e00-\u9fff]")),
    ("Hang", re.compile(r"[\uac00-\ud7af]")),
    ("Deva", re.compile(r"[\u0900-\u097f]")),
    ("Thai", re.compile(r"[\u0e00-\u0e7f]")),
)
_OF_SCRIPT = {"Hebr": "he", "Grek": "el", "Kana": "ja", "Hani": "zh", "Hang": "ko", "Deva": "hi", "Thai": "th"}
_WRITTEN_IN = {
    "Arab": frozenset(("ar", "fa", "ur", "ps", "ckb", "ku", "ug", "sd")),
    "Hebr": frozenset(("he", "yi")),
    "Cyrl": frozenset(("ru", "uk", "bg", "sr", "mk", "be", "kk", "mn", "ky", "tg")),
    "Grek": frozenset(("el",)),
    "Kana": frozenset(("ja",)),
    "Hani": frozenset(("zh", "ja")),
    "Hang": frozenset(("ko",)),
    "Deva": frozenset(("hi", "mr", "ne", "sa")),
    "Thai": frozenset(("th",)),
}
_URDU = re.compile(r"[\u0679\u0688\u0691\u06ba\u06d2\u06be]")
_PERSIAN = re.compile(r"[\u067e\u0686\u0698\u06af\u06cc\u06a9]")
_UKRAINIAN = re.compile(r"[\u0456\u0457\u0454\u0491]")


def detect_language(title: str, text: str, declared: str | None = None) -> str | None:
    """Return the two-letter code of the language that title and text are in, None if they are too short or unsure.

    `declared` (by feed or page) is believed where the script allows it; among LATIN_LANGUAGES the detector may
    overrule it, because templates of one language carry articles of another.
    """
    sample = f"{title}\n{text[:SAMPLE]}"
    script, letters = _main_script(sample)
    said = (declared or "").replace("_", "-").partition("-")[0].lower() or None
    if letters < MIN_LETTERS:
        return said if said and _fits(said, script) else None
    if script == "Latn":
        if said and said not in LATIN_LANGUAGES and _fits(said, script):
            return said
        return _short_latin(sample, said) if letters < SHORT else _latin(sample, said)
    if said and said in _WRITTEN_IN.get(script, ()) and not (script == "Arab" and said == "ar"):
        return said
    return _of_script(script, sample)


def _main_script(sample: str) -> tuple[str, int]:
    counts = [(len(pattern.findall(sample)), name) for name, pattern in _SCRIPTS]
    count, name = max(counts)
    if name == "Hani" and any(found * 10 > count for found, other in counts if other == "Kana"):
        name = "Kana"
    return (name, count) if count else ("", 0)


def _fits(lang: str, script: str) -> bool:
    if script in _WRITTEN_IN:
        return lang in _WRITTEN_IN[script]
    return not any(lang in languages for languages in _WRITTEN_IN.values())


def _of_script(script: str, sample: str) -> str | None:
    if script == "Arab":
        return _arabic(sample)
    if script == "Cyrl":
        return "uk" if _UKRAINIAN.search(sample) else "ru"
    return _OF_SCRIPT.get(script)


def _arabic(sample: str) -> str:
    """Tell Arabic from Persian and Urdu by the letters that only those have; a name or two does not count."""
    letters = len(_SCRIPTS[0][1].findall(sample))
    if len(_URDU.findall(sample)) * 50 > letters:
        return "ur"
    return "fa" if len(_PERSIAN.findall(sample)) * 50 > letters else "ar"


def _short_latin(sample: str, said: str | None) -> str | None:
    """Return the language with most of the function words; what was declared counts unless the words are clear."""
    words = _WORDS.findall(sample.lower())
    votes = [(sum(word in known for word in words), lang) for lang, known in _FUNCTIONS.items()]
    (most, lang), (second, _) = sorted(votes, reverse=True)[:2]
    if most >= 3 and most >= 2 * second:
        return lang
    if said in LATIN_LANGUAGES:
        return said
    return lang if most >= 2 and most > second else None


def _latin(sample: str, said: str | None) -> str | None:
    ranked = _detector().compute_language_confidence_values(sample)
    best = ranked[0]
    code = best.language.iso_code_639_1.name.lower()
    if best.value >= MIN_CONFIDENCE:
        return code
    return said if said in LATIN_LANGUAGES else None


@functools.cache
def _detector() -> lingua.LanguageDetector:
    languages = [lingua.Language.from_iso_code_639_1(getattr(lingua.IsoCode639_1, c.upper())) for c in LATIN_LANGUAGES]
    return lingua.LanguageDetectorBuilder.from_languages(*languages).with_low_accuracy_mode().build()
