"""The common words of all languages are kept small, and tell prose from menus as they did before."""

from __future__ import annotations

import lxml.html
import pytest
import trafilatura.external
from justext import core

from monitor.articles import extract
from monitor.articles.stopwords import Stopwords

PAGE = """<html><body><h1>Port closed by strike</h1>
<p>The port was closed on Tuesday by a strike of its pilots, and no ship has left it since then.</p>
<p>Der Hafen wurde am Dienstag durch einen Streik geschlossen, und seitdem ist kein Schiff ausgelaufen.</p>
<p>أغلق الميناء يوم الثلاثاء بسبب إضراب المرشدين ولم تغادره أي سفينة منذ ذلك الحين</p>
<p>Qwrtz vbnmx plkjh gfdsa zxcvb mnbvc lkjhg qwpoi yxcvb asdfg hjklq wertz uiopa sdfgh jklyx cvbnm</p>
<div>Home | Sport | Video</div></body></html>"""

THIN = """<html><body><article><h1>Port closed by strike</h1>
<p>The port was closed on Tuesday by a strike of its pilots; no ship has left it since.</p></article></body></html>"""


def all_words() -> frozenset[str]:
    """Return the words as jusText lists them."""
    lists = [trafilatura.external.get_stoplist(name) for name in trafilatura.external.get_stoplists()]
    return frozenset(word.lower() for words in lists for word in words)


def test_paragraphs_are_judged_as_by_the_words_themselves() -> None:
    """What is prose and what is not does not depend on how the words are kept."""
    ours = core.ParagraphMaker.make_paragraphs(lxml.html.fromstring(PAGE))
    theirs = core.ParagraphMaker.make_paragraphs(lxml.html.fromstring(PAGE))
    words = all_words()

    core.classify_paragraphs(ours, Stopwords(lambda: words), 50, 150, 0.1, 0.2, 0.25, True)
    core.classify_paragraphs(theirs, tuple(words), 50, 150, 0.1, 0.2, 0.25, True)

    kinds = [paragraph.cf_class for paragraph in ours]
    assert kinds == [paragraph.cf_class for paragraph in theirs]
    assert {"neargood", "bad"} <= set(kinds)


def test_every_listed_word_is_known_and_no_other() -> None:
    """A word of any language's list is found, small differences are not."""
    words = all_words()
    kept = Stopwords(lambda: words)

    unknown = [word for word in words if word not in kept]

    assert not unknown
    assert [word for word in words if f"{word}\x00" in kept] == []


def test_a_thin_page_is_read_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last resort for thin pages asks our words, whatever version of trafilatura is installed."""
    asked: list[str] = []

    class Watched(Stopwords):
        def __contains__(self, word: str) -> bool:
            asked.append(word)
            return super().__contains__(word)

    monkeypatch.setattr(trafilatura.external, "JT_STOPLIST", Watched(all_words))

    extract.read_page(THIN.encode(), "https://www.example.org/a", "text/html; charset=utf-8")

    assert "tuesday" in asked
    assert isinstance(trafilatura.external.JT_STOPLIST, Stopwords)
