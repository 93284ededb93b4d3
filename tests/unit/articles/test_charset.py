"""Pages in the charsets of their time, declared rightly, wrongly and not at all."""

from __future__ import annotations

import itertools

import pytest

from monitor.articles import charset, extract
from tests.support import constructed

URL = "https://gazette.example/a/1"
OWN = {"he": ("windows-1255", "iso-8859-8"), "ar": ("windows-1256", "iso-8859-6")}
WIDE = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")
STORIES = [story for story in constructed.STORIES if story.lang in OWN and len(story.paragraphs) > 3]
DECLARED = [None, "right", "utf-8", "iso-8859-1"]
CASES = [
    (story, encoding, meta, header)
    for story in STORIES
    for encoding, meta, header in itertools.product((*OWN[story.lang], *WIDE), DECLARED, DECLARED)
]
IDS = [
    f"{story.lang}{len(story.paragraphs)}-{encoding}-meta {meta}-header {header}"
    for story, encoding, meta, header in CASES
]


def encoded(story: constructed.Story, encoding: str, meta: str | None, says_language: bool) -> bytes:
    """Return a page in an encoding, with what its `<meta>` declares."""
    html = constructed.page("wordpress", story).decode()
    declared = {"right": encoding, None: None}.get(meta, meta)
    html = html.replace('<meta charset="utf-8">', f'<meta charset="{declared}">' if declared else "")
    if not says_language:
        html = html.replace(f'<html lang="{story.lang}" dir="rtl">', "<html>")
    return html.encode(encoding, "xmlcharrefreplace")


@pytest.mark.parametrize("says_language", [True, False])
@pytest.mark.parametrize(("story", "encoding", "meta", "header"), CASES, ids=IDS)
def test_text_is_read_whatever_was_declared(
    story: constructed.Story, encoding: str, meta: str | None, header: str | None, says_language: bool
) -> None:
    """Hebrew and Arabic come out in their letters: declarations that the bytes contradict are not believed."""
    page = encoded(story, encoding, meta, says_language)
    declared = {"right": encoding, None: None}.get(header, header)

    seen = extract.extract_page(page, URL, f"text/html; charset={declared}" if declared else "text/html")

    assert story.title == seen.title
    assert "\ufffd" not in seen.text
    for part in story.paragraphs:
        assert _plain(part) in _plain(seen.text)


def _plain(text: str) -> str:
    """Leave out quotation marks, which old charsets lack and pages then write as references."""
    return text.replace('"', "").replace("«", "").replace("»", "")


def test_windows_arabic_declared_as_iso() -> None:
    """Bytes of windows-1256 under the name of ISO-8859-6 are read as what they are."""
    story = next(story for story in STORIES if story.lang == "ar")
    page = encoded(story, "windows-1256", "iso-8859-6", says_language=False)

    assert story.paragraphs[0] in extract.extract_page(page, URL).text


def test_west_european_page_stays_what_it_declares() -> None:
    """ISO-8859-1 is read with the signs that Windows added, as browsers do."""
    page = "<html lang='fr'><meta charset='iso-8859-1'><p>Été – « déjà » l’œuvre</p></html>".encode("cp1252")

    assert "Été – « déjà » l’œuvre" in charset.to_utf8(page).decode()


def test_english_page_with_a_nul_here_and_there_is_not_utf_16() -> None:
    """A few NULs are dirt and are taken out."""
    page = b"<html><body><p>The port\x00 is closed\x00 today.</p></body></html>"

    assert b"<p>The port is closed today.</p>" in charset.to_utf8(page)


def test_iso_arabic_declared_as_windows() -> None:
    """Bytes of ISO-8859-6 under the name of windows-1256 are read as what they are too."""
    story = next(story for story in STORIES if story.lang == "ar")
    page = encoded(story, "iso-8859-6", "windows-1256", says_language=False)

    assert story.paragraphs[1] in extract.extract_page(page, URL).text
