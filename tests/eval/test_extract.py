"""Quality of page extraction on labelled pages, by the daemon's own path; floors stand just under what is reached."""

from __future__ import annotations

import collections
import gzip
import json
import re
import statistics
from datetime import UTC, datetime
from pathlib import Path

import pytest

from monitor import errors, model
from monitor.articles import extract

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the labelled corpora (../shared/data) are not here")

WORD = re.compile(r"\w+")
SHINGLE = 4


def read_page(path: Path, url: str) -> model.Page | None:
    try:
        return extract.extract_page(gzip.decompress(path.read_bytes()), url)
    except errors.ExtractError:
        return None


def shingles(text: str) -> collections.Counter[tuple[str, ...]]:
    words = WORD.findall(text)
    return collections.Counter(tuple(words[n : n + SHINGLE]) for n in range(max(1, len(words) - SHINGLE + 1)))


def precision_recall(true: str, found: str) -> tuple[float, float]:
    """Return precision and recall of `found` over 4-word shingles."""
    wanted, got = shingles(true), shingles(found)
    common = sum((wanted & got).values())
    return common / max(1, sum(got.values())), common / max(1, sum(wanted.values()))


def f_score(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall)


@needs_data
def test_article_text_f1():
    """On hand-made article texts (extract-aeb) the shingle F1 is at least 0.955."""
    truth = json.loads((DATA / "extract-aeb/ground-truth.dev.json").read_text("utf-8"))
    scores = []

    for name, row in truth.items():
        page = read_page(DATA / f"extract-aeb/html/{name}.html.gz", row["url"])
        scores.append(precision_recall(row["articleBody"], page.text if page else ""))

    assert f_score(*map(statistics.mean, zip(*scores, strict=True))) >= 0.955


@needs_data
def test_segments_f():
    """Segments that must and must not come out (extract-trafilatura): F at least 0.921."""
    truth = json.loads((DATA / "extract-trafilatura/evaldata.dev.json").read_text("utf-8"))
    hits = misses = leaks = 0

    for url, row in truth.items():
        page = read_page(DATA / "extract-trafilatura/html" / f"{row['file']}.gz", url)
        text = page.text if page else ""
        found = sum(segment in text for segment in row["with"])
        hits, misses = hits + found, misses + len(row["with"]) - found
        leaks += sum(segment in text for segment in row["without"])

    assert 2 * hits / (2 * hits + misses + leaks) >= 0.921


def folded(text: str) -> str:
    return " ".join(WORD.findall(text.casefold()))


@needs_data
def test_titles_dates_and_authors():
    """Publishers' pages (extract-fundus): titles, days of publication and authors as their own parsers give them."""
    lines = gzip.decompress((DATA / "extract-fundus/truth.dev.jsonl.gz").read_bytes()).decode().splitlines()
    rows = [json.loads(line) for line in lines]
    seen: dict[str, list[bool]] = {"title": [], "date": [], "author": []}

    for row in rows:
        page = read_page(DATA / "extract-fundus/html" / row["file"], row["url"] or "https://news.example/a")
        seen["title"].append(bool(page) and folded(page.title) == folded(row["title"]))
        seen["date"].append(bool(page and page.published) and page.published.date() == day(row["publishing_date"]))
        if row["authors"]:
            author = folded(page.author or "") if page else ""
            seen["author"].append(all(folded(name) in author for name in row["authors"]))

    assert statistics.mean(seen["title"]) >= 0.79
    assert statistics.mean(seen["date"]) >= 0.937
    assert statistics.mean(seen["author"]) >= 0.78


def day(text: str):
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()


@needs_data
@pytest.mark.parametrize("name", ["nrg", "ynet", "maariv"])
def test_hebrew_pages_are_read_in_their_charset(name):
    """Home pages of 2015, one of them windows-1255: what comes out is Hebrew letters, and no replacement character."""
    page = read_page(DATA / f"html-hebrew-homepages-2015/{name}.html.gz", "https://news.example/")

    assert page is not None
    hebrew = len(re.findall(r"[\u05d0-\u05ea]", page.text))
    assert hebrew > len(re.findall(r"[A-Za-z]", page.text))
    assert "\ufffd" not in page.text
