"""Folding, tokens, clitics, sentences and offsets."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor import text

SCRIPTS = "abcXYZ éñß'’-.,!? \n0123٣ابةغزوللقاهرהשבקיר״\"ם־Ωж\u200f\u00ad\u0301"


def words(written: str) -> list[str]:
    return text.folded_words(written)


def forms(written: str) -> set[str]:
    """Every form in which a text can be found."""
    return set(text.haystack(written).decode().split())


@pytest.mark.parametrize(
    ("written", "folded"),
    [
        ("Égypte", "egypte"),
        ("Straße", "strasse"),
        ("œuvre Łódź Ørsted Đặng İzmir ısı", "oeuvre lodz orsted dang izmir isi"),
        ("أحمد إسرائيل آمال ٱلله", "احمد اسراييل امال الله"),
        ("مصطفى ایران کرد غزة مسؤول شئون", "مصطفي ايران كرد غزه مسوول شيون"),
        ("غَزَّة غـــزة", "غزه غزه"),
        ("ﻏﺰﺔ", "غزه"),
        ("שָׁלוֹם ארץ מים", "שלומ ארצ מימ".translate({ord("מ"): "מ"})),
        ("ＧＡＺＡ", "gaza"),
        ("١٢٣ ۴۵", "123 45"),
        ("ΣΊΣΥΦΟΣ Москва", "σισυφοσ москва"),
    ],
)
def test_folding_drops_case_marks_and_variants(written: str, folded: str) -> None:
    """Case, accents, vowel points and spelling variants vanish."""
    assert text.fold(written) == folded


def test_table_has_an_id() -> None:
    """The tables are named, so that an alert can say by which it was decided."""
    assert text.TABLE_ID.startswith("t1-")
    assert len(text.TABLE_ID) == 11


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("Sa'ar Sa’ar Saʼar Saʿar Saʾar Saʻar Sa`ar Saar", ["saar"] * 8),
        ('ארה״ב ארה"ב ארהב ארה”ב', ["ארהב"] * 4),
        ("ג'ורג' ג׳ורג׳", ["גורג", "גורג"]),
        ('the "word" here', ["the", "word", "here"]),
        ("U.S. U.S.A. US's U.S.'s", ["us", "usa", "us", "us"]),
        ("end.Start a.m.", ["end", "start", "am"]),
        ("Gaza's Gaza’s TRUMP'S", ["gaza", "gaza", "trump"]),
        (
            "l'Égypte d’Israël qu'il jusqu'à aujourd'hui",
            ["l", "egypte", "d", "israel", "qu", "il", "jusqu", "a", "aujourdhui"],
        ),
        (
            "1.3bn 1,3 1,300 1.300 12,345,678 1,300.50 0.125",
            ["1.3", "bn", "1.3", "1300", "1300", "12345678", "1300.50", "0.125"],
        ),
        ("١٬٣٠٠ ١٫٥ ١٣٠٠", ["1300", "1.5", "1300"]),
        ("F-16 F16 3rd", ["f", "16", "f16", "3", "rd"]),
        ("so\u00adft \u200fעזה\u200f me\u200dta", ["soft", "עזה", "meta"]),
        ("Gaza\u00a0Strip", ["gaza", "strip"]),
        ("— … ! ʿ", []),
        ("ﷺ", ["صلياللهعليهوسلم"]),
    ],
)
def test_tokens(written: str, expected: list[str]) -> None:
    """Words are cut as the format says, and folded."""
    assert words(written) == expected


def test_hyphen_separates_and_joins() -> None:
    """re-settle is two words and also resettle; up to five parts join."""
    assert words("re-settle") == ["re", "settle"]
    assert {"re", "settle", "resettle"} == forms("re-settle")
    assert "abcde" in forms("a-b-c-d-e-f")
    assert "abcdef" not in forms("a-b-c-d-e-f")
    assert "usled" in forms("U.S.-led")
    assert "תלאביב" in forms("תל־אביב")


def test_dash_does_not_join() -> None:
    """Only hyphens and the maqaf join words: dashes and doubled hyphens do not."""
    assert forms("talks–aid talks--aid") == {"talks", "aid"}


def test_line_break_hyphen_is_dropped() -> None:
    """A hyphen at the end of a line keeps its word, and the place of both halves."""
    written = "They will re-\nsettle there."

    tokens = text.tokenize(written)

    assert "resettle" in forms(written)
    assert [written[t.start : t.end] for t in tokens] == ["They", "will", "re", "settle", "there"]
    assert {t.paragraph for t in tokens} == {0}


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("وللقاهرة", "قاهره"),
        ("وللقاهرة", "القاهره"),
        ("للقاهرة", "القاهره"),
        ("بالتهجير", "تهجير"),
        ("والقاهرة", "القاهره"),
        ("لليبيا", "ليبيا"),
        ("שבקהיר", "קהיר"),
        ("ולכשבמצרים", "מצרימ"),
        ("בבית", "הבית"),
        ("לצה״ל", "צהל"),
        ('בח"כ', "חכ"),
        ("ב-קהיר", "קהיר"),
    ],
)
def test_clitics_are_peeled(written: str, found: str) -> None:
    """Attached prefixes of Arabic and Hebrew do not hide a word."""
    assert found.translate(str.maketrans("ם", "מ")) in forms(written)


@pytest.mark.parametrize(("written", "not_found"), [("وزن", "زن"), ("بعد", "عد"), ("הבן", "בנ"), ("ולד", "לד")])
def test_three_letters_stay(written: str, not_found: str) -> None:
    """Nothing is peeled that would leave fewer than three letters."""
    assert not_found not in forms(written)


def test_peeled_clitics_are_told() -> None:
    """Each form knows what was taken off."""
    peeled = {form.text: form.peeled for form in text.tokenize("بالتهجير")[0].forms}

    assert peeled["تهجير"] == ("ب", "ال")


def test_offsets_slice_the_original() -> None:
    """Places count code points of the original, whatever vanished in folding."""
    written = "\u200fوبالتهجير، l'Égypte’s Sa'ar 😀 re-settle U.S. 1,300bn"

    cut = [written[t.start : t.end] for t in text.tokenize(written)]

    assert cut == ["وبالتهجير", "l", "Égypte’s", "Sa'ar", "re", "settle", "U.S.", "1,300", "bn"]


@given(st.text(alphabet=SCRIPTS, max_size=60))
def test_tokens_and_words_agree(written: str) -> None:
    """The fast paths give the same words as the tokens, whose places lie in order inside the text."""
    tokens = text.tokenize(written)

    assert [t.folded for t in tokens] == text.folded_words(written)
    assert text.folded(written) == " ".join(text.folded_words(written))
    assert all(0 <= t.start < t.end <= len(written) for t in tokens)
    assert all(a.end <= b.start for a, b in itertools.pairwise(tokens))
    assert {form.text for t in tokens for form in t.forms} <= forms(written)
    assert all(t.folded and " " not in t.folded for t in tokens)


@given(st.text(max_size=40))
def test_folding_twice_changes_nothing(written: str) -> None:
    """Folding is idempotent, whatever the text."""
    once = text.fold(written)

    assert text.fold(once) == once


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("One. Two! Three? Four… Five؟ Six", ["One.", "Two!", "Three?", "Four…", "Five؟", "Six"]),
        ("“It is.” He left.", ["“It is.”", "He left."]),
        (
            "J. D. Vance of the U.S. Senate met Mr. Katz. He left.",
            ["J. D. Vance of the U.S. Senate met Mr. Katz.", "He left."],
        ),
        ("He said no. then left! and came.", ["He said no. then left! and came."]),
        ("First line\nSecond line. Third", ["First line", "Second line.", "Third"]),
        ("קהיר סירבה. עמאן שותקת.", ["קהיר סירבה.", "עמאן שותקת."]),
        ("1.3 billion. 2 more", ["1.3 billion.", "2 more"]),
        ("  \n ", []),
    ],
)
def test_sentences(written: str, expected: list[str]) -> None:
    """Sentences end at a stop before a space and no small letter, never after initials and abbreviations."""
    assert [written[a:b] for a, b in text.sentences(written)] == expected


def test_sentence_at() -> None:
    """Each offset has a sentence; space belongs to the one before it."""
    written = "One two. Three four.\n\nFive."

    assert text.sentence_at(written, 4) == (0, 8)
    assert text.sentence_at(written, 8) == (0, 8)
    assert text.sentence_at(written, 10) == (9, 20)
    assert text.sentence_at(written, 99) == (22, 27)
    assert text.sentence_at("", 0) == (0, 0)


def test_direction() -> None:
    """The first strong character decides."""
    assert text.is_rtl("«123» غزة Gaza")
    assert text.is_rtl("עזה")
    assert not text.is_rtl("Gaza غزة")
    assert not text.is_rtl("123")


def test_long_text_is_cut_between_words() -> None:
    """What lies behind the longest text read is cut at a space, and told."""
    whole, untouched = text.cut("word " * 40_000)
    head, was_cut = text.cut("x" + "word " * 40_000)

    assert (len(whole), untouched) == (text.LONGEST, False)
    assert was_cut
    assert len(head) <= text.LONGEST
    assert head.endswith("word")
    assert len(text.cut("x" * 300_000)[0]) == text.LONGEST


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit", ["a", "a-", "'", "a'", 'א"', "1,", "و", "U.", "\u0301", ". ", "-\n", "\u200f", "a\u0301b "]
)
def test_hostile_text_is_read_in_linear_time(unit: str) -> None:
    """No repeated character makes tokens, forms or sentences slow."""
    written = unit * (text.LONGEST // len(unit))

    text.tokenize(written)
    text.haystack(written)
    text.sentences(written)


def test_chunk_cache_is_bounded() -> None:
    """The cache of chunks starts a new generation instead of growing."""
    cache = text._ChunkCache()
    cache.size = 10

    for number in range(95):
        assert cache[f"w{number}"].words == (f"w{number}",)

    assert len(cache) + len(cache._old) <= 20
