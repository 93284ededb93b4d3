"""The forms by which searches find words, on both databases: noted with each article, and later for those of before."""

from __future__ import annotations

from monitor.store import word_forms
from tests.support.desk import Desk, item


def test_an_article_brings_the_forms_of_its_words(desk: Desk) -> None:
    """Words behind clitics and hyphens are known with the article's own commit, whole and by their beginning."""
    desk.has(["gazette"], backfill=5)
    desk.publishes("gazette", item(1, "Talks on re-settling resume", "قالت للقاهرة إنها ترفض"))
    desk.run()

    found = desk.read(lambda c: word_forms.find(c, ["resettling", "قاهره", "absent"]))
    beginning = desk.read(lambda c: word_forms.find_beginning(c, "resettl"))

    assert found == {"resettling": ["re settling"], "قاهره": ["للقاهره"]}
    assert beginning == ["re settling"]


def test_a_word_longer_than_any_is_kept_by_its_beginning(desk: Desk) -> None:
    """No row grows with what a hostile feed takes for a word."""
    long = "ب" + "ت" * 5_000

    desk.write(lambda c: word_forms.note(c, [(long[1:], long)]))
    found = desk.read(lambda c: word_forms.find_beginning(c, "تتتت"))

    assert found == [long[: word_forms.LONGEST] + "*"]
