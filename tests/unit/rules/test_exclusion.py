"""A word that a rule could exclude, and when none is suggested."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from monitor import model
from monitor.rules import exclusion, feedback, load
from monitor.rules.usage import Word

TRANSFER = frozenset((Word("transfer", None),))
NOISE = (
    "Striker completes transfer before football season",
    "Transfer of the goalkeeper agreed, football fans rejoice",
    "Football club denies transfer of its captain",
    "A transfer fee that shook football",
    "Late transfer deals: football in numbers",
)
USEFUL = (
    "Minister presents transfer of residents",
    "Transfer plan meets protest abroad",
    "Court halts transfer of families",
    "Army prepares transfer to the valley",
    "Parliament debates transfer bill",
)
PACK = """\
format: 1
pack: move
rules:
  - {id: core, any: [transfer], none: [chess]}
tests:
  should_match:
    - {title: Plan, text: The transfer begins.}
"""


def told(
    noise: Sequence[str] = NOISE, useful: Sequence[str] = USEFUL, unrated: Sequence[str] = (), **words: frozenset[Word]
) -> tuple[list[feedback.Judged], dict[int, model.Article]]:
    """Return alerts, each a story of its own, and their articles."""
    rated: list[tuple[str, bool | None]] = [(title, False) for title in noise]
    rated += [(title, True) for title in useful] + [(title, None) for title in unrated]
    alerts = [feedback.Judged(n, "move", words or {"core": TRANSFER}, n, said) for n, (_, said) in enumerate(rated, 1)]
    return alerts, {n: model.Article(title, "") for n, (title, _) in enumerate(rated, 1)}


def suggest(
    alerts: Sequence[feedback.Judged], articles: Mapping[int, model.Article], pack: str | None = PACK
) -> exclusion.Suggestion | exclusion.NoSuggestion:
    """Return what is suggested for rule `core` as `pack` has it."""
    if pack is None:
        return exclusion.suggest(alerts, articles, None, None)
    (loaded,) = load.load_packs({"packs/move.yaml": pack.encode()}).packs
    return exclusion.suggest(alerts, articles, loaded.rules[0], loaded)


def test_word_of_the_noise_is_suggested_with_what_it_would_have_removed() -> None:
    """What stands in every noisy story and in no useful one, with the unrated alerts that it would cost."""
    found = suggest(*told(unrated=("Football transfer window opens", "Transfer of prisoners")))

    assert found == exclusion.Suggestion("football", (1, 2, 3, 4, 5), (11,), 5, 5, 0)


def test_word_that_a_useful_alert_holds_is_not_suggested() -> None:
    """One useful alert outweighs all the noise: what would be lost in silence is not excluded."""
    found = suggest(*told(useful=(*USEFUL, "Residents held in football ground before transfer")))

    assert isinstance(found, exclusion.NoSuggestion)
    assert found.why == "no word tells the noise from what was useful, beyond chance"


def test_word_that_the_rule_names_is_not_suggested() -> None:
    """What the rule looks for, and what it excludes already, are no news to who wrote it."""
    looked_for = PACK.replace("any: [transfer]", "any: [transfer, 'footb*']")
    excluded = PACK.replace("none: [chess]", "none: [football]")

    for pack in (looked_for, excluded):
        assert isinstance(suggest(*told(), pack), exclusion.NoSuggestion)


def test_word_that_a_test_of_the_pack_holds_is_not_suggested() -> None:
    """What the pack says it must match stays matched."""
    found = suggest(*told(), PACK.replace("The transfer begins.", "The transfer begins at the football ground."))

    assert isinstance(found, exclusion.NoSuggestion)


def test_few_ratings_prove_nothing() -> None:
    """With three stories each, some word is always found by chance; a story that was told thrice is one story."""
    few = suggest(*told(NOISE[:3], USEFUL[:3]))
    alerts, articles = told()
    one_story = [feedback.Judged(a.id, a.pack, a.words, 1 if a.useful is False else a.id, a.useful) for a in alerts]

    same = suggest(one_story, articles)

    assert isinstance(few, exclusion.NoSuggestion)
    assert few.why == "3 stories rated noise and 3 useful: too few to tell them apart by a word"
    assert isinstance(same, exclusion.NoSuggestion)
    assert same.why.startswith("1 story rated noise and 5 useful")


def test_alert_of_another_rule_is_told_all_the_same() -> None:
    """What two rules found stays when one of them gives it up, and the suggestion says how often."""
    alerts, articles = told(core=TRANSFER, loud=TRANSFER)

    found = suggest(alerts, articles)

    assert isinstance(found, exclusion.Suggestion)
    assert found.kept == 5


def test_arabic_words_are_compared_without_their_prefixes() -> None:
    """A word of the noise that useful alerts hold behind a conjunction and an article is none of the noise alone."""
    noise = tuple(f"انتقال اللاعب {name} كرة القدم" for name in ("سالم", "خالد", "فهد", "ماجد", "نواف"))
    useful = (
        *("خطة انتقال السكان إلى الوادي " + n for n in ("اليوم", "غدا", "مساء", "فجرا")),
        "انتقال وبكرة في الوادي",
    )
    alerts, articles = told(noise, useful, core=frozenset((Word("انتقال", None),)))

    found = suggest(alerts, articles, None)

    assert isinstance(found, exclusion.Suggestion)
    assert found.word in ("اللاعب", "القدم")


def test_alerts_whose_text_is_gone_are_left_out() -> None:
    """What retention removed cannot speak for or against a word."""
    alerts, articles = told()

    found = suggest(alerts, {number: article for number, article in articles.items() if number != 1})

    assert found == exclusion.Suggestion("football", (2, 3, 4, 5), (), 4, 5, 0)


def test_words_of_long_texts_are_not_found_by_chance() -> None:
    """Of thousands of words some stand in the noise alone whatever was rated; none of them is suggested."""
    dice = random.Random(7)
    words = [f"word{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)}" for n in range(5000)]
    alerts, articles = told(noise=["Transfer"] * 12, useful=["Transfer"] * 12)
    filled = {
        number: model.Article(article.title, " ".join(dice.choices(words, [1 / (n + 1) for n in range(5000)], k=400)))
        for number, article in articles.items()
    }

    found = suggest(alerts, filled)

    assert isinstance(found, exclusion.NoSuggestion)
    assert found.why == "no word tells the noise from what was useful, beyond chance"
