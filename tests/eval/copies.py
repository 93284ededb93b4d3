"""How well copies are found in a day of real articles, against exact counting.

    python -m tests.eval.copies [--list] [FILE]

Truth is exact: two articles are copies of a strong kind where the sets of their five-word shingles have a Jaccard
resemblance above 0.8, of a weak kind from 0.3 to 0.8. Texts of fewer than 20 words are left out (a third of the day's
equal pairs are pages without text). The articles run through the real look-up on a database, in the order of the file.

- *recall*: of the pairs of each kind, how many are in one story afterwards; a story here is an original and its copies.
- *precision*: of the articles that are said to copy another one, how many resemble it by 0.3, or share half of the
  shorter text's shingles with it.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from bench.copies_stream import Placed, Stream, Told
from monitor import text
from monitor.stories import sketch
from tests.support.corpora import DATA

DAY = DATA / "saudinewsnet-ar" / "dev-2015-08-09.jsonl.gz"
STRONG, WEAK, HALF = 0.8, 0.3, 0.5


@dataclass(frozen=True, slots=True)
class Overlap:
    """What two texts have in common, counted."""

    jaccard: float
    containment: float
    """Of the shorter."""

    @property
    def is_copy(self) -> bool:
        """Whether calling one a copy of the other is right."""
        return self.jaccard >= WEAK or self.containment >= HALF


NOTHING = Overlap(0.0, 0.0)
Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Score:
    """The figures of a day."""

    strong: int
    strong_found: int
    weak: int
    weak_found: int
    said: int
    wrong: tuple[Pair, ...]
    """(copy, original) by their places in the day."""
    share_error: float
    """Mean difference between the share that is told and the exact one, signs dropped."""

    @property
    def precision(self) -> float:
        """Of what is said to be a copy."""
        return 1 - len(self.wrong) / max(1, self.said)


def read_day(path: Path) -> list[Told]:
    """Return the articles of a file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [Told(row["source"], row["title"], row["content"]) for row in map(json.loads, lines)]


def count_overlaps(day: list[Told]) -> dict[Pair, Overlap]:
    """Return what each two articles with a shingle in common share; the earlier one first."""
    sets = [_shingles(told.body) for told in day]
    holders: dict[tuple[str, ...], list[int]] = defaultdict(list)
    common: Counter[Pair] = Counter()
    for place, shingles in enumerate(sets):
        for shingle in shingles:
            common.update((earlier, place) for earlier in holders[shingle])
            holders[shingle].append(place)
    return {pair: _overlap(len(sets[pair[0]]), len(sets[pair[1]]), count) for pair, count in common.items()}


def _shingles(body: str) -> set[tuple[str, ...]]:
    words = text.folded_words(body)
    found = {tuple(words[at : at + sketch.WORDS]) for at in range(len(words) - sketch.WORDS + 1)}
    return found if len(found) >= sketch.LEAST else set()


def _overlap(first: int, second: int, common: int) -> Overlap:
    return Overlap(common / (first + second - common), common / min(first, second))


def place_day(day: list[Told]) -> list[Placed]:
    """Place the articles in order, on a database of their own."""
    with tempfile.TemporaryDirectory(prefix="wirewatch-eval-") as folder:
        stream = Stream(f"sqlite:///{folder}/copies.db")
        placed = [stream.place(told) for told in day]
        stream.close()
    return placed


def score(placed: list[Placed], exact: dict[Pair, Overlap]) -> Score:
    """Compare what was found with what is there."""
    story = [one.story_id for one in placed]
    kinds = {"strong": [p for p, o in exact.items() if o.jaccard > STRONG]}
    kinds["weak"] = [p for p, o in exact.items() if WEAK <= o.jaccard <= STRONG]
    found = {kind: sum(story[a] == story[b] for a, b in pairs) for kind, pairs in kinds.items()}
    said = [(place, one.copy.article_id - 1, one.copy.share) for place, one in enumerate(placed) if one.copy]
    told = [(copy, original, share, exact.get((original, copy), NOTHING)) for copy, original, share in said]
    wrong = tuple((copy, original) for copy, original, _, overlap in told if not overlap.is_copy)
    error = sum(abs(share - overlap.containment) for *_, share, overlap in told) / max(1, len(told))
    return Score(len(kinds["strong"]), found["strong"], len(kinds["weak"]), found["weak"], len(said), wrong, error)


def main() -> None:
    """Print the figures, and with --list what is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.copies", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=DAY)
    parser.add_argument("--list", action="store_true", help="print the pairs that are called copies and are none")
    args = parser.parse_args()
    if not args.file.is_file():
        sys.exit(f"{args.file} is not here")
    day = read_day(args.file)
    exact, placed = count_overlaps(day), place_day(day)
    made = score(placed, exact)
    print(f"{len(day)} articles, {made.said} said to be copies")
    print(f"resemblance above 0.8: {made.strong_found} of {made.strong} pairs in one story")
    print(f"from 0.3 to 0.8: {made.weak_found} of {made.weak}")
    print(f"precision {made.precision:.3f}; the share that is told is off by {made.share_error:.3f}")
    for copy, original in made.wrong if args.list else ():
        overlap = exact.get((original, copy), NOTHING)
        print(f"  {overlap.jaccard:.2f} {overlap.containment:.2f} {day[copy].title} | {day[original].title}")


if __name__ == "__main__":
    main()
