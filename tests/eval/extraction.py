"""Print the quality and cost of page extraction on labelled pages: `python -m tests.eval.extraction [--wrong]`.

Every page goes through `extract.read_page`, the function that the daemon's workers call, with its defaults. Each figure
comes with those of the two halves of the corpus (by hash of the page's name), to show what is chance, and beside that
of trafilatura alone: its fast path without comments, on the same bytes in the same charset, with the same clock.

`constructed-ar` and `constructed-he` are not real pages: texts written for this project in templates modelled on common
systems (`tests/support/constructed.py`), since no labelled pages in these languages are at hand but one.
"""

from __future__ import annotations

import argparse
import collections
import gzip
import hashlib
import json
import re
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import trafilatura

from monitor import errors
from monitor.articles import charset, extract
from tests.support import constructed
from tests.support.corpora import DATA

WORD = re.compile(r"\w+")
SHINGLE = 4
UNKNOWN = "https://news.example/a"

Score = Callable[[Sequence[Any]], float]


@dataclass(frozen=True, slots=True)
class Read:
    """One labelled page as it was read."""

    name: str
    truth: dict[str, Any]
    seen: extract.Seen | None
    fault: str | None
    seconds: float
    plain: str
    """What trafilatura alone gives."""
    plain_seconds: float

    @property
    def text(self) -> str:
        """Return the text; empty if the page gave none."""
        return self.seen.page.text if self.seen else ""

    @property
    def title(self) -> str:
        """Return the title; empty if the page gave none."""
        return self.seen.page.title if self.seen else ""


def read_bytes(name: str, html: bytes, url: str, truth: dict[str, Any], content_type: str | None = None) -> Read:
    """Read a page, timing it in CPU seconds."""
    began = time.process_time()
    try:
        seen, fault = extract.read_page(html, url, content_type), None
    except errors.ExtractError as error:
        seen, fault = None, error.code
    seconds = time.process_time() - began
    plain, plain_seconds = read_plainly(html, url, content_type)
    return Read(name, truth, seen, fault, seconds, plain, plain_seconds)


def read_plainly(html: bytes, url: str, content_type: str | None) -> tuple[str, float]:
    """Return what trafilatura's fast path gives by itself, and its CPU seconds."""
    began = time.process_time()
    page = charset.to_utf8(html, content_type).decode("utf-8", "replace")
    found = trafilatura.bare_extraction(page, url=url, fast=True, include_comments=False, include_tables=True)
    return getattr(found, "text", None) or "", time.process_time() - began


def read_file(path: Path, url: str, truth: dict[str, Any]) -> Read:
    """Read a compressed page."""
    return read_bytes(path.name, gzip.decompress(path.read_bytes()), url, truth)


# -- corpora -------------------------------------------------------------------------------------


def aeb() -> list[Read]:
    """Pages with article texts made by hand."""
    truth = json.loads((DATA / "extract-aeb/ground-truth.dev.json").read_text("utf-8"))
    folder = DATA / "extract-aeb/html"
    return [
        read_file(folder / f"{name}.html.gz", row["url"], {"text": row["articleBody"]}) for name, row in truth.items()
    ]


def segments() -> list[Read]:
    """Pages with pieces that must and must not come out."""
    truth = json.loads((DATA / "extract-trafilatura/evaldata.dev.json").read_text("utf-8"))
    return [read_file(DATA / "extract-trafilatura/html" / f"{row['file']}.gz", url, row) for url, row in truth.items()]


def fundus() -> list[Read]:
    """Publishers' pages with text, title, author and date as parsers made for each of them give them."""
    lines = gzip.decompress((DATA / "extract-fundus/truth.dev.jsonl.gz").read_bytes()).decode().splitlines()
    rows: Iterator[dict[str, Any]] = map(json.loads, lines)
    return [
        read_file(
            DATA / "extract-fundus/html" / row["file"],
            row["url"] or UNKNOWN,
            {**row, "text": "\n".join(row["text_paragraphs"])},
        )
        for row in rows
    ]


def newspaper() -> list[Read]:
    """Pages in many languages, one of them Arabic; the texts are what another extractor gave and people accepted."""
    folder = DATA / "extract-newspaper4k"
    return [
        read_file(folder / f"html/{file.stem}.html.gz", UNKNOWN, {"text": file.read_text("utf-8")})
        for file in sorted((folder / "txt").glob("*.txt"))
    ]


def built(lang: str) -> list[Read]:
    """Pages built for tests: every template with every text of a language, old ones in the charsets of their time."""
    old = {"ar": "windows-1256", "he": "windows-1255"}
    return [
        read_bytes(
            f"{template} {number}",
            constructed.page(
                template,
                story,
                constructed.planted(lang, story.title),
                old[lang] if template == "old_tables" else "utf-8",
            ),
            UNKNOWN,
            {"text": story.text},
        )
        for template in constructed.TEMPLATES
        for number, story in enumerate(constructed.STORIES)
        if story.lang == lang
    ]


# -- scores --------------------------------------------------------------------------------------


def shingles(text: str) -> collections.Counter[tuple[str, ...]]:
    """Return the runs of four words of a text."""
    words = WORD.findall(text)
    return collections.Counter(tuple(words[n : n + SHINGLE]) for n in range(max(1, len(words) - SHINGLE + 1)))


def precision_recall(true: str, found: str) -> tuple[float, float]:
    """Return precision and recall of `found` over 4-word shingles."""
    wanted, got = shingles(true), shingles(found)
    common = sum((wanted & got).values())
    return common / max(1, sum(got.values())), common / max(1, sum(wanted.values()))


def text_f1(reads: Sequence[Read]) -> float:
    """Return F of mean precision and mean recall, as the article-extraction-benchmark counts."""
    return _f1([(read.truth["text"], read.text) for read in reads])


def plain_f1(reads: Sequence[Read]) -> float:
    """Return the same for trafilatura alone."""
    return _f1([(read.truth["text"], read.plain) for read in reads])


def _f1(texts: Sequence[tuple[str, str]]) -> float:
    pairs = [precision_recall(true, found) for true, found in texts]
    precision, recall = (statistics.mean(side) for side in zip(*pairs, strict=True))
    return 2 * precision * recall / (precision + recall)


def segment_f(reads: Sequence[Read]) -> float:
    """Return F over pieces of text: wanted ones that came out, and unwanted ones that did."""
    return _segment_f([(read.truth, read.text) for read in reads])


def plain_segment_f(reads: Sequence[Read]) -> float:
    """Return the same for trafilatura alone."""
    return _segment_f([(read.truth, read.plain) for read in reads])


def _segment_f(texts: Sequence[tuple[dict[str, Any], str]]) -> float:
    hits = sum(piece in text for truth, text in texts for piece in truth["with"])
    misses = sum(piece not in text for truth, text in texts for piece in truth["with"])
    leaks = sum(piece in text for truth, text in texts for piece in truth["without"])
    return 2 * hits / (2 * hits + misses + leaks)


def titles_equal(reads: Sequence[Read]) -> float:
    """Return the share of titles with the very words of the publisher's."""
    return statistics.mean(folded(read.title) == folded(read.truth["title"]) for read in reads)


def titles_within(reads: Sequence[Read]) -> float:
    """Return the share of titles of which one holds the other: equal but for a kicker or the site's name."""
    return statistics.mean(_within(folded(read.title), folded(read.truth["title"])) for read in reads)


def _within(found: str, true: str) -> bool:
    return bool(found) and (found in true or true in found)


def dates(reads: Sequence[Read]) -> float:
    """Return the share of pages dated on the right day, UTC."""
    return statistics.mean(_day_of(read) == day(read.truth["publishing_date"]) for read in reads)


def _day_of(read: Read) -> date | None:
    return read.seen.page.published.date() if read.seen and read.seen.page.published else None


def authors(reads: Sequence[Read]) -> float:
    """Return the share of pages with authors of which all are named."""
    signed = [read for read in reads if read.truth["authors"]]
    return statistics.mean(
        all(folded(name) in folded(read.seen.page.author or "" if read.seen else "") for name in read.truth["authors"])
        for read in signed
    )


def folded(text: str) -> str:
    """Return the words of a text, nothing between them."""
    return " ".join(WORD.findall(text.casefold()))


def day(text: str) -> date:
    """Return the UTC day of an ISO time."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC).date()


# -- printing ------------------------------------------------------------------------------------


def main() -> None:
    """Print a line a figure."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.extraction", description=__doc__)
    parser.add_argument("--wrong", action="store_true", help="also list the pages that came out worst")
    given = parser.parse_args()
    for name, load, scores in CORPORA:
        reads = load()
        for label, score in scores:
            parts = [score([read for read in reads if half(read) == n]) for n in (0, 1)]
            print(f"{name:24} {label:14} {score(reads):.4f}   halves {parts[0]:.4f} {parts[1]:.4f}")
        print(f"{name:24} {_cost(reads)}")
        print(f"{name:24} {_origins(reads)}")
        if given.wrong:
            _print_wrong(reads)


def half(read: Read) -> int:
    """Return 0 or 1, by the page's name."""
    return hashlib.sha1(read.name.encode()).digest()[0] & 1


def _cost(reads: Sequence[Read]) -> str:
    ours = [read.seconds * 1000 for read in reads]
    plain = [read.plain_seconds * 1000 for read in reads]
    return (
        f"CPU a page      mean {statistics.mean(ours):.1f} ms, median {statistics.median(ours):.1f} ms"
        f"; trafilatura alone {statistics.mean(plain):.1f}, {statistics.median(plain):.1f}"
    )


def _origins(reads: Sequence[Read]) -> str:
    counts = collections.Counter(read.seen.origin if read.seen else f"none ({read.fault})" for read in reads)
    partial = sum(bool(read.seen and read.seen.partial_reason) for read in reads)
    return "text from       " + ", ".join(f"{name} {n}" for name, n in counts.most_common()) + f"; partial {partial}"


def _print_wrong(reads: Sequence[Read]) -> None:
    if "with" in reads[0].truth:
        for read in reads:
            missed = [piece for piece in read.truth["with"] if piece not in read.text]
            leaked = [piece for piece in read.truth["without"] if piece in read.text]
            if missed or leaked:
                print(f"  {read.name}: missed {missed}, leaked {leaked}")
        return
    worst = sorted(reads, key=lambda read: text_f1([read]) if read.text else 0.0)[:15]
    for read in worst:
        print(
            "  {}: precision {:.2f}, recall {:.2f}".format(read.name, *precision_recall(read.truth["text"], read.text))
        )


CORPORA: tuple[tuple[str, Callable[[], list[Read]], tuple[tuple[str, Score], ...]], ...] = (
    ("extract-aeb", aeb, (("text F1", text_f1), ("  alone", plain_f1))),
    ("extract-trafilatura", segments, (("segment F", segment_f), ("  alone", plain_segment_f))),
    (
        "extract-fundus",
        fundus,
        (
            ("text F1", text_f1),
            ("  alone", plain_f1),
            ("titles equal", titles_equal),
            ("titles within", titles_within),
            ("dates", dates),
            ("authors", authors),
        ),
    ),
    ("extract-newspaper4k", newspaper, (("text F1", text_f1), ("  alone", plain_f1))),
    ("constructed-ar", lambda: built("ar"), (("text F1", text_f1), ("  alone", plain_f1))),
    ("constructed-he", lambda: built("he"), (("text F1", text_f1), ("  alone", plain_f1))),
)

if __name__ == "__main__":
    main()
