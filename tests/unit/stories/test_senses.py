"""What a text tells of, the same in four languages."""

from __future__ import annotations

import re
from collections import defaultdict
from importlib import resources

import pytest

from monitor import text
from monitor.stories import senses

QUAKE = [
    ("en", "Earthquake kills seven in eastern Turkey", "Rescuers searched collapsed houses."),
    ("fr", "Un séisme fait sept morts en Turquie", "Les secours fouillent des immeubles effondrés."),
    ("ar", "سبعة قتلى في زلزال شرقي تركيا", "وتواصل فرق الإنقاذ البحث في المباني المنهارة."),
    ("he", "רעידת אדמה בטורקיה: שבעה הרוגים", "צוותי חילוץ מחפשים בין הבתים שקרסו."),
]


@pytest.mark.parametrize(("lang", "title", "body"), QUAKE)
def test_a_quake_is_a_quake_in_every_language(lang: str, title: str, body: str) -> None:
    """The event, its place and what it did are the same terms, whoever tells of it."""
    assert {"earthquake", "kill", "turkey", "rescue", "building"} <= senses.senses_of(title, body, lang).keys()


def test_words_are_told_by_where_they_first_stand() -> None:
    """The title's words come first; a term counts where it is first met."""
    found = senses.senses_of("Fire in Cairo", "The fire began in a museum.", "en")

    assert found == {"wildfire": 0, "cairo": 2, "museum": 8}


def test_clitics_regions_and_phrases_are_known() -> None:
    """Arabic and Hebrew prefixes are taken off, `en-GB` is English, and a phrase is found in its own order only."""
    assert "ceasefire" in senses.senses_of("", "وبوقف إطلاق النار", "ar")
    assert "ceasefire" in senses.senses_of("", "הודיעו שהפסקת האש תוארך", "he")
    assert "ceasefire" in senses.senses_of("", "a cease-fire", "en-GB")
    assert "prime-minister" in senses.senses_of("", "the prime minister", "en_US")
    assert "prime-minister" not in senses.senses_of("", "the minister prime", "en")
    assert "prime-minister" not in senses.senses_of("", "the prime", "en")


def test_words_of_one_language_mean_nothing_in_another() -> None:
    """French `or` is gold, English `or` is not; of a language without names nothing is known."""
    assert "gold" in senses.senses_of("", "le prix de l'or", "fr")
    assert "gold" not in senses.senses_of("", "this or that", "en")
    assert senses.senses_of("Erdbeben in Istanbul", "", "de") == {}
    assert senses.senses_of("Earthquake", "", None) == {}


def test_only_the_lead_counts() -> None:
    """What stands far down in a report is background."""
    filler = "word " * senses.LEAD

    assert senses.senses_of("", f"quake {filler}", "en").keys() == {"earthquake"}
    assert senses.senses_of("", f"{filler} quake", "en") == {}
    assert senses.senses_of("", "", "en") == {}


def test_what_was_looked_up_first_makes_no_difference() -> None:
    """Kept look-ups give the same as fresh ones, more words than are kept included."""
    before = senses.senses_of("Quake near Cairo", "", "en")

    for number in range(senses.MOST_KEPT // senses.LEAD + 2):
        senses.senses_of("", " ".join(f"w{number}x{n}" for n in range(senses.LEAD)), "en")

    assert senses.senses_of("Quake near Cairo", "", "en") == before == {"earthquake": 0, "cairo": 2}


# -- the file ----------------------------------------------------------------------------------------


AMBIGUOUS = {"fr": {"prix", "vol", "vols"}, "ar": {"ضم"}, "he": {"דחה"}}
"""Words that stand for two things: French for price and prize, flight and theft; both count."""


def test_every_line_of_the_file_is_sound() -> None:
    """Each term has an id, a weight from 1 to 6, and names in three languages at least."""
    written = resources.files("monitor.stories").joinpath("senses.txt").read_text("utf-8").splitlines()
    lines = [line for line in written if not line.startswith("#")]

    for line in lines:
        assert re.fullmatch(r"[a-z][a-z-]* [1-6]\.\d: [^|]*(\|[^|]*){3}", line), line
        names = [column.split(",") for column in line.partition(": ")[2].split("|")]
        assert sum(any(name.strip() for name in column) for column in names) >= 3, line
    assert len(senses.known()) == len(lines) >= 450


def test_no_name_stands_for_two_things_by_accident() -> None:
    """A word is under one term in each language, save the few that are known to have two meanings."""
    written = resources.files("monitor.stories").joinpath("senses.txt").read_text("utf-8").splitlines()
    where: dict[tuple[str, str], set[str]] = defaultdict(set)
    for line in written:
        if not line.startswith("#"):
            head, _, names = line.partition(": ")
            for lang, column in zip(senses.LANGUAGES, names.split("|"), strict=True):
                for name in filter(None, map(str.strip, column.split(","))):
                    words = " ".join(text.folded_words(name.removesuffix("*")))
                    assert words, line
                    where[lang, words].add(head)

    twice = {(lang, name) for (lang, name), heads in where.items() if len(heads) > 1}
    allowed = {(lang, " ".join(text.folded_words(name))) for lang, names in AMBIGUOUS.items() for name in names}
    assert twice == allowed
