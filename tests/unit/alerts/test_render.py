"""The sentences that show why a rule fired."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from monitor import model
from monitor.alerts import render

TEXT = (
    "The cabinet met on Sunday. The minister spoke of a transfer plan for residents. "
    "Nobody commented. Egypt rejected the transfer plan and any displacement.\n"
    "The transfer plan is old."
)


def evidence(text, word, term=None, field="text", nth=0):
    """Return evidence for the `nth` occurrence of `word`."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(word, start + 1)
    return model.Evidence(field, start, start + len(word), word, term or word)


def marked(snippet):
    """Return the words that a snippet marks."""
    return [snippet.text[a:b] for a, b in snippet.marks]


def test_sentence_holds_the_marked_words():
    """The sentence around the evidence is shown, with offsets within itself."""
    shown, title_marks = render.snippets("Title", TEXT, [evidence(TEXT, "transfer plan")])

    assert [s.text for s in shown] == ["The minister spoke of a transfer plan for residents."]
    assert marked(shown[0]) == ["transfer plan"]
    assert title_marks == ()


def test_sentences_that_add_terms_come_first():
    """Of many sentences, those that together show most terms are taken, in reading order."""
    found = [
        evidence(TEXT, "cabinet"),
        evidence(TEXT, "transfer plan"),
        evidence(TEXT, "transfer plan", nth=1),
        evidence(TEXT, "displacement"),
        evidence(TEXT, "transfer plan", nth=2),
    ]

    shown, _ = render.snippets("Title", TEXT, found)

    assert [marked(s) for s in shown] == [["cabinet"], ["transfer plan", "displacement"]]


def test_sentences_that_add_nothing_are_left_out():
    """The same term a second time is no second sentence."""
    shown, _ = render.snippets("", TEXT, [evidence(TEXT, "transfer plan", nth=n) for n in range(3)])

    assert len(shown) == 1


def test_title_marks_are_joined():
    """Evidence in the title marks the title; overlapping spans become one."""
    title = "Cabinet plans transfer of residents"
    found = [
        evidence(title, "plans transfer", field="title"),
        evidence(title, "transfer of", field="title"),
        evidence(title, "residents", field="title"),
    ]

    shown, title_marks = render.snippets(title, TEXT, found)

    assert shown == ()
    assert [title[a:b] for a, b in title_marks] == ["plans transfer of", "residents"]


def test_long_sentences_are_cut_around_their_marks():
    """Of an endless sentence, 400 characters around the first mark are shown, cut at words."""
    text = "before " * 300 + "the transfer plan " + "after " * 300
    shown, _ = render.snippets("", text, [evidence(text, "transfer plan")])

    assert len(shown[0].text) <= render.LONGEST_SNIPPET
    assert marked(shown[0]) == ["transfer plan"]
    assert shown[0].text.startswith("…before ")
    assert shown[0].text.endswith(" after…") or shown[0].text.endswith("after …")


def test_limit_counts_sentences():
    """`limit` is the most sentences that are shown."""
    found = [evidence(TEXT, word) for word in ("cabinet", "minister", "Egypt")]

    assert len(render.snippets("", TEXT, found, limit=1)[0]) == 1
    assert len(render.snippets("", TEXT, found, limit=3)[0]) == 3


def test_arabic_and_hebrew_sentences():
    """Sentences in right-to-left scripts are found and marked by the same offsets."""
    text = "قال المسؤول ذلك. ترفض القاهرة التهجير القسري! הממשלה דנה בהגירה מרצון."
    found = [evidence(text, "التهجير"), evidence(text, "הגירה מרצון")]

    shown, _ = render.snippets("", text, found)

    assert [s.text for s in shown] == ["ترفض القاهرة التهجير القسري!", "הממשלה דנה בהגירה מרצון."]
    assert [marked(s) for s in shown] == [["التهجير"], ["הגירה מרצון"]]


def test_evidence_outside_the_text_is_left_out():
    """Offsets that fit no text (a revised article) mark nothing and break nothing."""
    stray = model.Evidence("text", 5000, 5010, "gone", "gone")

    assert render.snippets("T", TEXT, [stray, model.Evidence("title", 3, 2, "", "x")]) == ((), ())


@given(
    st.text(alphabet="ab .\n!?א", max_size=900),
    st.lists(st.tuples(st.integers(0, 900), st.integers(1, 60)), max_size=6),
)
def test_marks_always_lie_within_their_snippet(text, spans):
    """Whatever text and spans are, marks are sorted, disjoint, inside, and hold the evidence's own letters."""
    found = [
        model.Evidence("text", a, min(a + n, len(text)), text[a : a + n], str(i)) for i, (a, n) in enumerate(spans)
    ]

    for snippet in render.snippets("", text, found)[0]:
        edges = [edge for mark in snippet.marks for edge in mark]
        assert edges == sorted(edges)
        assert all(0 <= edge <= len(snippet.text) for edge in edges)
        assert all(snippet.text[a:b] in text for a, b in snippet.marks)
        assert len(snippet.text) <= render.LONGEST_SNIPPET


def test_item_carries_the_article():
    """An item has what the message says about the article."""
    published = datetime(2026, 11, 22, tzinfo=UTC)
    article = model.Article(
        "Title", TEXT, "en", "https://gazette.test/1", "gazette", "Gazette", published=published, partial=True
    )
    told = model.Telling(1, "p", "Pack", ("core",), "high", "alert", "first_report")

    item = render.render_item(article, [evidence(TEXT, "cabinet")], [told])

    assert (item.title, item.url, item.newsroom, item.published) == ("Title", article.url, "Gazette", published)
    assert item.partial
    assert item.tellings == (told,)
    assert marked(item.snippets[0]) == ["cabinet"]


def test_a_message_of_three_packs_shows_three_sentences():
    """Where three packs tell an article, a sentence can speak for each."""
    told = [model.Telling(n, f"p{n}", f"Pack {n}", ("r",), "normal", "alert", "first_report") for n in range(3)]
    article = model.Article("Title", TEXT)
    found = [evidence(TEXT, word) for word in ("cabinet", "residents", "displacement")]

    item = render.render_item(article, found, told)

    assert [marked(s) for s in item.snippets] == [["cabinet"], ["residents"], ["displacement"]]
