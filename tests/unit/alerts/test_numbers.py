"""Numbers that say how many, as newsrooms of four languages write them; and those that say nothing of the kind."""

from __future__ import annotations

import pytest

from monitor.alerts.numbers import Number, find_numbers


def said(text: str, lang: str | None = None) -> list[str]:
    """Return the numbers of a text as people read them."""
    return [number.written for number in find_numbers(text, lang, 99)]


@pytest.mark.parametrize(
    ("text", "lang", "value"),
    [
        ("Some 100,000 people fled the city.", "en", 100_000),
        ("Près de 100 000 personnes ont fui.", "fr", 100_000),
        ("Près de 100.000 personnes ont fui.", "fr", 100_000),
        ("فر نحو ١٠٠ ألف نسمة من المدينة", "ar", 100_000),
        ("כ-100 אלף איש ברחו מהעיר", "he", 100_000),
        ("one hundred and 100 thousand people", "en", 100_000),
        ("Two million Palestinians live there.", "en", 2_000_000),
        ("deux millions d'habitants", "fr", 2_000_000),
        ("تهجير مليوني فلسطيني", "ar", 2_000_000),
        ("2.3 מיליון תושבים", "he", 2_300_000),
        ("2,3 millions d'habitants", "fr", 2_300_000),
        ("military aid of $1.3 billion", "en", 1_300_000_000),
        ("at least 12 killed near the crossing", "en", 12),
        ("مقتل 7 شهداء في الغارة", "ar", 7),
    ],
)
def test_quantities_are_read_in_every_language(text: str, lang: str, value: float) -> None:
    """Digits of two scripts, grouped as each language does it, with multipliers and in words."""
    found = find_numbers(text, lang, 99)

    assert [number.value for number in found] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "The war began on 7 October 2023 and went on.",
        "since October 7 attacks",
        "منذ 7 أكتوبر الماضي",
        "מאז ה-7 באוקטובר האחרון",
        "It happened at 10:30 in the morning.",
        "Channel 12 news said so.",
        "ערוץ 14 דיווח",
        "قالت القناة 12 العبرية",
        "UN resolution 2735 stands",
        "A 34-year-old man and a G7 summit with F-35 jets",
        "a truce of 60 days and 15 months of war",
        "67% of voters, 54 percent of men, 12 % of others",
        "two ministers and 3 options",
        "dated 10/12/2023, version 1.2.3 and 12-15 reports",
        "In 2024",
    ],
)
def test_dates_names_durations_and_shares_are_no_quantities(text: str) -> None:
    """What stands in every report's background is no fact of its own."""
    assert said(text) == []


def test_large_numbers_are_one_by_their_value() -> None:
    """Whoever counts 101,000 persons says what was told as 100,000 people; a million is another number."""
    told = [Number(100_000, "peop", "100,000 people")]

    assert Number(101_000, "نسمه", "١٠١ ألف نسمة").known(told)
    assert not Number(1_000_000, "peop", "a million people").known(told)


def test_small_numbers_are_one_by_what_they_count() -> None:
    """12 killed is no news beside 12 killed in another language, and is beside 12 countries."""
    assert Number(12, "kill", "12 killed").known([Number(12, "قتيل", "12 قتيلا")])
    assert not Number(12, "kill", "12 killed").known([Number(12, "coun", "12 countries")])


def test_no_more_numbers_are_kept_than_asked_for() -> None:
    """A table of results costs no more than a report."""
    table = " ".join(f"{n} points" for n in range(1000, 9000, 7))

    assert len(find_numbers(table, "en", 50)) == 50
