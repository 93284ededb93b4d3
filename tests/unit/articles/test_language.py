"""monitor.articles.language: by script first, then by a small detector."""

from __future__ import annotations

import pytest

from monitor.articles import language

ENGLISH = "The dockers of Haifa voted on Monday to stay out until their pensions are secured, the port authority said."
FRENCH = "Les dockers du port ont voté lundi la poursuite de la grève jusqu'à ce que leurs retraites soient garanties."
GERMAN = "Die Hafenarbeiter haben am Montag dafür gestimmt, den Streik fortzusetzen, bis ihre Renten gesichert sind."
SPANISH = "Los estibadores votaron el lunes a favor de continuar la huelga hasta que se garanticen sus pensiones."
HEBREW = "עובדי הנמל הצביעו בעד המשך השביתה"
ARABIC = "قال العمال إن الإضراب مستمر في الميناء"
PERSIAN = "کارگران بندر می\u200cگویند اعتصاب ادامه دارد"
URDU = "بندرگاہ کے مزدوروں نے ہڑتال جاری رکھی"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (ENGLISH, "en"),
        (FRENCH, "fr"),
        (GERMAN, "de"),
        (SPANISH, "es"),
        (HEBREW, "he"),
        (ARABIC, "ar"),
        (PERSIAN, "fa"),
        (URDU, "ur"),
        (
            "Докеры продолжают забастовку",
            "ru",
        ),
    ],
)
def test_undeclared_text(text, code):
    """Without any declaration the letters tell, among Latin ones the detector."""
    assert language.detect_language("", text) == code


@pytest.mark.parametrize(
    ("text", "declared", "code"),
    [
        (HEBREW, "en", "he"),
        (HEBREW, "he-IL", "he"),
        (ARABIC, "he", "ar"),
        (ENGLISH, "he", "en"),
        (ENGLISH, "fr", "en"),
        (ENGLISH, "tr", "tr"),
        (PERSIAN, "ar", "fa"),
        (ARABIC, "fa", "fa"),
    ],
)
def test_declaration_counts_where_the_letters_allow_it(text, declared, code):
    """A wrong script overrules the declaration; what the detector does not know is believed."""
    assert language.detect_language("", text, declared) == code


@pytest.mark.parametrize(
    ("title", "declared", "code"), [("", None, None), ("2024", None, None), ("OK", "fr", "fr"), ("!!", "he", None)]
)
def test_too_short_a_text_has_no_language_of_its_own(title, declared, code):
    """A few letters say nothing; the declaration stands if they do not contradict it."""
    assert language.detect_language(title, "", declared) == code


def test_foreign_names_in_a_hebrew_title_do_not_decide():
    """The script of most letters counts."""
    assert language.detect_language("CNN: " + HEBREW, "") == "he"


@pytest.mark.parametrize(
    ("words", "lang"),
    [
        ("Cairo refuses the mass migration of Gazans.", "en"),
        ("Le gel de l'aide", "fr"),
        ("Kairo lehnt den Plan von Trump ab", "de"),
        ("El Cairo rechaza el plan de Trump", "es"),
        ("Sisi rejects Trump plan", None),
        ("Israel, Egypt, Gaza", None),
    ],
)
def test_short_latin_text_has_a_language_only_where_its_words_say_so(words: str, lang: str | None) -> None:
    """A headline of names has no language: a wrong one would switch off the rule items of the right one."""
    assert language.detect_language(words, "") == lang
