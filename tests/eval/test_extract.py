"""Quality of page extraction on labelled pages, by the daemon's own path; floors stand just under what is reached.

`python -m tests.eval.extraction` prints the figures, with their halves and the CPU time.
"""

from __future__ import annotations

import re

import pytest

from tests.eval import extraction
from tests.support.corpora import DATA, needs_data


@needs_data
def test_article_text_f1() -> None:
    """On hand-made article texts (extract-aeb) the shingle F1 is at least 0.966."""
    reads = extraction.aeb()

    assert extraction.text_f1(reads) >= 0.966


@needs_data
def test_segments_f() -> None:
    """Segments that must and must not come out (extract-trafilatura): F at least 0.940."""
    reads = extraction.segments()

    assert extraction.segment_f(reads) >= 0.940


@needs_data
def test_publishers_pages() -> None:
    """Publishers' pages (extract-fundus): texts, titles, days of publication and authors as their own parsers say."""
    reads = extraction.fundus()

    assert extraction.text_f1(reads) >= 0.967
    assert extraction.titles_equal(reads) >= 0.840
    assert extraction.titles_within(reads) >= 0.890
    assert extraction.dates(reads) >= 0.947
    assert extraction.authors(reads) >= 0.800


@needs_data
def test_pages_in_many_languages() -> None:
    """Twelve pages in nine languages, one of them Arabic (extract-newspaper4k): F1 at least 0.945."""
    reads = extraction.newspaper()

    assert extraction.text_f1(reads) >= 0.945
    arabic = next(read for read in reads if read.name.startswith("arabic"))
    assert extraction.text_f1([arabic]) >= 0.85


@needs_data
@pytest.mark.parametrize("name", ["nrg", "ynet", "maariv"])
def test_hebrew_pages_are_read_in_their_charset(name: str) -> None:
    """Home pages of 2015, one of them windows-1255: what comes out is Hebrew letters, and no replacement character."""
    path = DATA / f"html-hebrew-homepages-2015/{name}.html.gz"

    read = extraction.read_file(path, "https://news.example/", {})

    hebrew = len(re.findall(r"[\u05d0-\u05ea]", read.text))
    assert hebrew > len(re.findall(r"[A-Za-z]", read.text))
    assert "\ufffd" not in read.text


@pytest.mark.parametrize("lang", ["ar", "he"])
def test_constructed_pages_right_to_left(lang: str) -> None:
    """Pages built for tests in Arabic and Hebrew, old ones in the charsets of their time: F1 at least 0.98."""
    reads = extraction.built(lang)

    assert extraction.text_f1(reads) >= 0.98
