"""When two articles are the same, and which story they go to."""

from __future__ import annotations

from monitor.stories.assign import Twin, of_twin
from monitor.stories.fingerprint import LONG_ENOUGH, folded_hash

LONG = [f"word{n}" for n in range(LONG_ENOUGH)]


def test_long_texts_are_the_same_whatever_their_headline() -> None:
    """A wire report under another headline is the same text."""
    assert folded_hash(["one"], LONG) == folded_hash(["another", "headline"], LONG)


def test_short_texts_need_the_same_headline() -> None:
    """`Updates follow` under two headlines is two articles."""
    assert folded_hash(["one"], ["updates", "follow"]) != folded_hash(["two"], ["updates", "follow"])
    assert folded_hash(["one"], ["updates", "follow"]) == folded_hash(["one"], ["updates", "follow"])


def test_headline_and_text_do_not_run_into_each_other() -> None:
    """The border between headline and text counts."""
    assert folded_hash(["a", "b"], ["c"]) != folded_hash(["a"], ["b", "c"])


def test_article_without_a_word_is_like_no_other() -> None:
    """Two empty articles are not the same article."""
    assert folded_hash([], []) is None


def test_article_goes_to_the_story_of_its_twin() -> None:
    """A copy joins the story of the earlier article, names it and tells how much they share."""
    made = of_twin(Twin(3, 30, "copy", 0.91))

    assert (made.story_id, made.duplicate_of, made.reason, made.share) == (30, 3, "copy", 0.91)
