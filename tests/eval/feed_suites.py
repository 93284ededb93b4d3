"""Every file of other projects' feed suites through our readers, beside feedparser: counts, refusals, differences.

    .venv/bin/python -m tests.eval.feed_suites [--list] [FOLDER]

FOLDER holds the archives (default `../shared/data/feeds-parser-suites`). A file counts as equal where both find the
same number of items, or where neither finds any; every other outcome has one of REASONS, or is unexplained. `--list`
names the files of each difference.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import feedparser

from monitor import errors, model
from monitor.feeds import discover, opml, parse, sitemap
from tests.support.corpora import SUITES

URL = "http://127.0.0.1:8097/feed.xml"

UNEXPLAINED = "UNEXPLAINED"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    suite: str
    name: str
    ours: int | None
    """Entries, or feeds of a list; None where the file was refused."""
    theirs: int | None
    """feedparser's entries; None where feedparser raised an exception."""
    code: str
    """`read`, `list` (OPML), or the code of the refusal."""
    reason: str
    """Empty where the counts are equal."""
    raised: str = ""
    """What a reader of ours raised besides ParseError: a fault of ours."""


@dataclass(frozen=True, slots=True)
class _Case:
    body: bytes
    parsed: model.ParsedFeed | None
    code: str
    theirs: int | None

    @property
    def told(self) -> str:
        return " ".join(self.parsed.dropped) if self.parsed else ""


REASONS: dict[str, Callable[[_Case], bool]] = {
    "an item without title, text and link is left out": lambda case: (
        case.parsed is not None and case.parsed.items == case.theirs and "neither title, text nor link" in case.told
    ),
    "JSON Feed, which feedparser does not read": lambda case: (
        case.parsed is not None and case.parsed.format.startswith("json_feed") and not case.theirs
    ),
    "news sitemap, which feedparser does not read": lambda case: (
        case.parsed is not None and case.parsed.format == "news_sitemap" and not case.theirs
    ),
    "the item that the document's end interrupts is left out": lambda case: (
        case.parsed is not None
        and "The document ends early" in case.told
        and case.parsed.items == (case.theirs or 0) - 1
    ),
    "only the first 1,000 items are read": lambda case: (
        case.parsed is not None
        and "only the first 1,000" in case.told
        and (case.theirs or 0) > len(case.parsed.entries)
    ),
    "gzip without a Content-Encoding is unpacked": lambda case: (
        case.parsed is not None and case.body.startswith(b"\x1f\x8b") and not case.theirs
    ),
    "feedparser raises an exception": lambda case: case.theirs is None,
}
"""Why our count may differ from feedparser's, each with what proves it; the first that holds counts."""


def outcomes(folder: Path = SUITES) -> Iterator[Outcome]:
    """Yield what becomes of each file of each archive, in order."""
    for path in sorted(folder.glob("*.tar.gz")):
        suite = path.name.removesuffix(".tar.gz")
        for name, body in members(path):
            yield outcome(suite, name, body)


def members(archive: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and bytes of every file in an archive."""
    with tarfile.open(archive) as opened:
        for member in opened:
            stream = opened.extractfile(member) if member.isfile() else None
            if stream:
                yield member.name, stream.read()


def outcome(suite: str, name: str, body: bytes) -> Outcome:
    """Return what becomes of one file: every reader is tried on it, whatever its name says."""
    theirs = _feedparser_count(body)
    try:
        discover.discover_feeds(body, URL)
        sitemap.list_sitemaps(body, URL)
        feeds, _ = opml.read_opml(body)
        parsed, code = _parse(body)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return Outcome(suite, name, None, theirs, "raised", UNEXPLAINED, f"{type(error).__name__}: {error}")
    if code == "opml_list":
        return Outcome(suite, name, len(feeds), theirs, "list", "" if not theirs else UNEXPLAINED)
    ours = len(parsed.entries) if parsed else None
    if (ours or 0) == theirs:
        return Outcome(suite, name, ours, theirs, code, "")
    case = _Case(body, parsed, code, theirs)
    reason = next((reason for reason, holds in REASONS.items() if holds(case)), UNEXPLAINED)
    return Outcome(suite, name, ours, theirs, code, reason)


def _parse(body: bytes) -> tuple[model.ParsedFeed | None, str]:
    try:
        return parse.parse_feed(body, URL), "read"
    except errors.ParseError as error:
        return None, error.code


def _feedparser_count(body: bytes) -> int | None:
    headers = {"content-type": "application/xml"}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            # As the product calls it: as a stream, without what costs time and changes no count.
            found = feedparser.parse(
                io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
            )
        except Exception:  # noqa: BLE001 - the peer may raise anything
            return None
    return len(found.get("entries") or ())


# -- the table -------------------------------------------------------------------------------------


def table(found: Iterable[Outcome]) -> str:
    """Return a line for each suite, then the differences and the refusals with their counts."""
    found = list(found)
    suites = [*dict.fromkeys(item.suite for item in found), "all"]
    lines = [f"{'suite':30}{'files':>7}{'read':>7}{'lists':>7}{'refused':>9}{'equal':>7}{'differ':>8}{'raised':>8}"]
    for suite in suites:
        own = [item for item in found if suite in (item.suite, "all")]
        codes = Counter(item.code for item in own)
        refused = len(own) - codes["read"] - codes["list"] - codes["raised"]
        equal = sum(not item.reason for item in own)
        counts = (len(own), codes["read"], codes["list"], refused, equal, len(own) - equal, codes["raised"])
        lines.append(f"{suite:30}" + "".join(f"{n:>{w}}" for n, w in zip(counts, (7, 7, 7, 9, 7, 8, 8), strict=True)))
    reasons = Counter(item.reason for item in found if item.reason)
    codes = Counter(item.code for item in found if item.code not in ("read", "list"))
    lines += ["", "differences to feedparser's count:", *(f"{n:7}  {reason}" for reason, n in reasons.most_common())]
    lines += ["", "refused, by code (feedparser finds nothing in any of them, unless listed above):"]
    return "\n".join([*lines, *(f"{n:7}  {code}" for code, n in codes.most_common())])


def main(arguments: list[str]) -> int:
    """Print the table; exit 1 if anything was raised or is unexplained."""
    parser = argparse.ArgumentParser(prog="feed_suites", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", nargs="?", type=Path, default=SUITES)
    parser.add_argument("--list", action="store_true", help="name the files of each difference and refusal")
    given = parser.parse_args(arguments)
    found = list(outcomes(given.folder))
    print(table(found))
    if given.list:
        print()
        for item in found:
            if item.reason or item.code not in ("read", "list"):
                counts = f"ours {item.ours}, feedparser {item.theirs}"
                print(f"{item.suite}/{item.name}: {item.code}, {counts}; {item.raised or item.reason or 'equal'}")
    return int(any(item.raised or item.reason == UNEXPLAINED for item in found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
