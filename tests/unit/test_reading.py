"""From a page and an entry to what is stored, matched and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from monitor import model, reading
from monitor.rules import live, load
from monitor.tasks import PageBytes
from tests.support.desk import PACK, page

BODY = [f"Paragraph {n} tells of the families and of their homes in the town." for n in range(12)]


@pytest.fixture
def rules_path(tmp_path: Path) -> str:
    """A file with the live source of one pack."""
    rules = live.next_live(None, {"packs/move.yaml": PACK.encode()}, load.Known())
    path = tmp_path / "rules.json"
    path.write_text(rules.source, "utf-8")
    return str(path)


def draft(title: str = "Plan unveiled", text: str = "") -> model.Article:
    """Return what a feed alone gives."""
    return model.Article(title=title, text=text, url="https://gazette.example/a/1")


def fetched(*paragraphs: str, title: str = "Plan unveiled") -> PageBytes:
    """Return an article page."""
    return PageBytes(page(title, *paragraphs).encode(), "https://gazette.example/a/1", "text/html; charset=utf-8")


def test_full_page_replaces_the_feeds_text(rules_path: str) -> None:
    """A page gives the text; evidence offsets point into it."""
    read = reading.read_entry(rules_path, draft(), fetched(*BODY, "The resettlement of families goes on."), None)

    (span,) = read.matches[0].evidence
    assert not read.article.partial
    assert read.article.text[span.start : span.end] == span.text == "resettlement"
    assert read.article.lang == "en"


def test_page_that_no_rule_could_match_is_left_unread(rules_path: str) -> None:
    """With the pre-filter such an article keeps the feed's text and says why; it is not partial."""
    read = reading.read_sifted(rules_path, draft(text="Lawmakers debate."), fetched(*BODY, *BODY), None)

    assert (read.article.text, read.article.partial, read.partial_reason) == ("Lawmakers debate.", False, "prefiltered")
    assert read.matches == ()


@pytest.mark.parametrize("told", ["The resettlement of families goes on.", "The re<b>settle</b>ment goes on."])
def test_page_that_a_rule_could_match_is_read(rules_path: str, told: str) -> None:
    """With the pre-filter a page with a rule's word, in one piece or cut by tags, is read as ever."""
    page = fetched(*BODY, *BODY, told)

    assert reading.read_sifted(rules_path, draft(), page, None) == reading.read_entry(rules_path, draft(), page, None)


def test_rule_without_a_necessary_word_has_every_page_read(tmp_path: Path) -> None:
    """A rule that is true for want of a word can match any page: the pre-filter leaves none unread."""
    pack = "format: 1\npack: any\nrules:\n  - {id: wild, query: 're:/pa+ragraph/'}\n"
    rules = live.next_live(None, {"packs/any.yaml": pack.encode()}, load.Known())
    path = tmp_path / "any.json"
    path.write_text(rules.source, "utf-8")

    read = reading.read_sifted(str(path), draft(), fetched(*BODY, *BODY), None)

    assert [match.rule for match in read.matches] == ["wild"]


def test_headline_in_the_page_is_not_the_first_paragraph(rules_path: str) -> None:
    """A page that repeats its headline above the text gives the text alone."""
    read = reading.read_entry(rules_path, draft(), fetched(*BODY), None)

    assert read.article.text.startswith("Paragraph 0")


def test_summary_that_repeats_nothing_becomes_the_first_paragraph(rules_path: str) -> None:
    """What only the feed says is read too, before the page's text."""
    read = reading.read_entry(rules_path, draft(text="Exclusive: a resettlement map."), fetched(*BODY), None)

    assert read.article.text.startswith("Exclusive: a resettlement map.\nParagraph 0")
    assert read.matches


def test_summary_that_repeats_the_body_is_left_out(rules_path: str) -> None:
    """A summary cut from the page's first paragraph is not read twice."""
    summary = "PARAGRAPH 0 tells of the families and of their homes in the tow..."

    read = reading.read_entry(rules_path, draft(text=summary), fetched(*BODY), None)

    assert read.article.text.startswith("Paragraph 0")


def test_missing_page_leaves_the_feeds_text_marked_partial(rules_path: str) -> None:
    """Without its page an article is what the feed says, and says why."""
    read = reading.read_entry(rules_path, draft(text="A resettlement map."), None, "timeout")

    assert (read.article.partial, read.partial_reason, read.article.text) == (True, "timeout", "A resettlement map.")
    assert read.matches


def test_entry_without_an_address_is_whole(rules_path: str) -> None:
    """An entry that names no page has no page to miss."""
    read = reading.read_entry(rules_path, draft(text="A resettlement map."), None, None)

    assert not read.article.partial


def test_page_without_text_falls_back_to_the_feed(rules_path: str) -> None:
    """A page that holds no article text counts as a page that failed."""
    empty = PageBytes(b"<html><body></body></html>", "https://gazette.example/a/1", "text/html")

    read = reading.read_entry(rules_path, draft(text="A resettlement map."), empty, None)

    assert read.article.partial
    assert read.article.text == "A resettlement map."


def test_text_beyond_the_limit_is_cut_and_recorded(rules_path: str) -> None:
    """Matching reads the first 200 kB of a text and says that it did."""
    read = reading.read_entry(rules_path, draft(text="word " * 60_000 + "resettlement"), None, None)

    assert read.cut
    assert not read.matches


def test_equal_texts_have_equal_fingerprints_across_case_and_accents(rules_path: str) -> None:
    """Folded texts are compared: case, accents and punctuation do not make another article."""
    one = reading.read_entry(rules_path, draft(text="Une décision très attendue!"), None, None)
    two = reading.read_entry(rules_path, draft(text="UNE DECISION TRES ATTENDUE"), None, None)

    assert one.folded_hash == two.folded_hash


WHOLE = " ".join(f"Sentence {n} of the feed tells of the families and of their homes." for n in range(40))


@pytest.mark.parametrize(
    ("summary", "page_text", "partial_reason"),
    [
        (WHOLE, ["Only the first lines are open."], None),
        (WHOLE + " …", ["Only the first lines are open."], "no_text"),
        (WHOLE + " Continue reading on the site.", ["Only the first lines are open."], "no_text"),
        (WHOLE[:600], ["Only the first lines are open."], "no_text"),
        (WHOLE, ["The first lines of the report are open to all who come here to read it today."], None),
    ],
)
def test_feed_that_carries_the_whole_article_needs_no_page(
    rules_path: str, summary: str, page_text: list[str], partial_reason: str | None
) -> None:
    """A long text that is not broken off is the article; a page that shows less does not make it partial."""
    read = reading.read_entry(rules_path, draft(text=summary), fetched(*page_text), None)

    assert read.article.text == summary
    assert read.partial_reason == partial_reason
    assert read.article.partial == (partial_reason is not None)


def test_feed_far_longer_than_its_page_is_read_in_its_place(rules_path: str) -> None:
    """Where the page holds a piece and the feed all, the feed is read; where they hold the same, the page."""
    longer = reading.read_entry(rules_path, draft(text=WHOLE), fetched(*BODY), None)
    alike = reading.read_entry(rules_path, draft(text=WHOLE), fetched(*WHOLE.split(". ")), None)

    assert longer.article.text == WHOLE
    assert alike.article.text != WHOLE
    assert not longer.article.partial
    assert not alike.article.partial
