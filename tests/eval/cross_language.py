"""Stories told in several languages: which articles replay puts together, and which it keeps apart.

    python -m tests.eval.cross_language [--list]

Each half is a stream of its own, in the order of time. Printed are precision and recall of pairs of articles: over all,
by pair of languages; then what is harmful: look-alike stories put together, other
stories put together, round-ups that joined a story. With --list the errors of `dev`; those of `check` are never shown,
for thresholds are tuned on `dev`.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from monitor import replay
from monitor.rules import compile
from tests.eval import labelled
from tests.support.corpora import DATA

CASES = Path(__file__).parent / "cases" / "stories.yaml"
RULES = Path(__file__).parents[2] / "rules"
PARTS = ("dev", "check")
POSTS = DATA / "fignews-2024-iaa" / "dev.jsonl.gz"
LANGUAGES = {"English": "en", "Arabic": "ar", "Hebrew": "he", "French": "fr"}
LEAST_WORDS = 25
"""Of a post that says anything."""


@dataclass(frozen=True, slots=True)
class Told:
    """An article of the set. `story`: the one it tells, its own where it is a round-up (`mix`)."""

    id: str
    story: str
    part: str
    like: str | None
    mix: bool
    lang: str
    row: replay.Row


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of articles: rightly put together, wrongly put together, and wrongly kept apart."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Return the share of the pairs put together that tell one story; 1 where there is none."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """Return the share of the pairs of one story that were put together; 1 where there is none."""
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0


@dataclass(frozen=True, slots=True)
class Merged:
    """Stories of which an article of each was put into one story, and how many there were that could be.

    `alike`: of those that are easily taken for one another. `mixes`: round-ups that are not alone.
    """

    alike: int
    of_alike: int
    others: int
    mixes: int
    of_mixes: int


def load_told(file: Path = CASES) -> tuple[Told, ...]:
    """Return the articles of the set in the order of time."""
    stories = yaml.safe_load(file.read_text("utf-8"))["stories"]
    found = [told for story in stories for told in _articles(story)]
    return tuple(sorted(found, key=lambda told: (told.row.published, told.id)))


def _articles(story: Mapping[str, object]) -> Iterator[Told]:
    articles = story["articles"]
    assert isinstance(articles, list)
    for number, one in enumerate(articles, start=1):
        name = f"{story['id']}.{number}"
        moment = datetime.fromisoformat(str(one["at"])).replace(tzinfo=UTC)
        row = replay.Row(
            id=name,
            title=one["title"],
            text=one["text"],
            source=one["newsroom"],
            lang=one["lang"],
            published=moment,
        )
        like, mix = story.get("like"), story.get("mix") is True
        yield Told(name, str(story["id"]), str(story["part"]), str(like) if like else None, mix, one["lang"], row)


def judge(rules: compile.RuleSet, rows: Sequence[replay.Row]) -> dict[str, str]:
    """Return article id -> the story that replay puts it into, before later articles show two stories to be one."""
    stream = replay.Replay(rules, only="stories")
    try:
        return {row.id: stream.judge(row).story or row.id for row in rows}
    finally:
        stream.close()


def pairs_of(told: Iterable[Told], found: Mapping[str, str]) -> dict[str, Pairs]:
    """Return the pairs by pair of languages (`ar-en`), and those of all under `all`; round-ups left out."""
    counts: Counter[tuple[str, str]] = Counter()
    for one, other in itertools.combinations([t for t in told if not t.mix], 2):
        verdict = _verdict(one, other, found)
        if verdict is not None:
            counts["all", verdict] += 1
            counts["-".join(sorted((one.lang, other.lang))), verdict] += 1
    names = {name for name, _ in counts}
    return {name: Pairs(*(counts[name, verdict] for verdict in ("right", "wrong", "missed"))) for name in sorted(names)}


def across(pairs: Mapping[str, Pairs]) -> Pairs:
    """Return the pairs of two languages together."""
    several = [found for name, found in pairs.items() if "-" in name and len(set(name.split("-"))) == 2]
    return Pairs(sum(p.right for p in several), sum(p.wrong for p in several), sum(p.missed for p in several))


def _verdict(one: Told, other: Told, found: Mapping[str, str]) -> str | None:
    together = found[one.id] == found[other.id]
    if one.story == other.story:
        return "right" if together else "missed"
    return "wrong" if together else None


def merged_of(told: Sequence[Told], found: Mapping[str, str]) -> Merged:
    """Return how many stories were put together that are not one."""
    members: dict[str, set[str]] = defaultdict(set)
    for one in told:
        members[found[one.id]].add(one.story)
    like = {one.story: one.like for one in told}
    mixes = {one.story for one in told if one.mix}
    put = {pair for stories in members.values() for pair in itertools.combinations(sorted(stories), 2)}
    apart = [pair for pair in put if not mixes & set(pair)]
    alike = [(a, b) for a, b in itertools.combinations(sorted(like), 2) if like[a] and like[a] == like[b]]
    wrong = len(put & set(alike))
    joined = {story for pair in put for story in pair if story in mixes}
    return Merged(wrong, len(alike), len(apart) - wrong, len(joined), len(mixes))


def load_posts(file: Path = POSTS) -> list[replay.Row]:
    """Return posts about one war, twenty minutes apart."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        found = [row for row in map(json.loads, lines) if row["source_language"] in LANGUAGES]
    moments = (datetime(2023, 11, 1, tzinfo=UTC) + timedelta(minutes=20 * number) for number in itertools.count())
    return [
        replay.Row(
            f"{row['batch']}/{row['source_language']}/{row['id']}",
            "",
            row["text"],
            None,
            f"newsroom {number % 40}",
            "",
            LANGUAGES[row["source_language"]],
            (),
            "",
            moment,
        )
        for number, (row, moment) in enumerate(zip(found, moments, strict=False))
        if len(row["text"].split()) >= LEAST_WORDS
    ]


def mixed_of(rows: Sequence[replay.Row], found: Mapping[str, str]) -> int:
    """Return how many stories have articles in more than one language."""
    languages: dict[str, set[str | None]] = defaultdict(set)
    for row in rows:
        languages[found[row.id]].add(row.lang)
    return sum(len(spoken) > 1 for spoken in languages.values())


def main(arguments: list[str]) -> None:
    """Print the figures of both halves."""
    rules, everything = labelled.load_rules(RULES), load_told()
    for part in PARTS:
        told = [one for one in everything if one.part == part]
        found = judge(rules, [one.row for one in told])
        print_part(part, told, found)
        if part == "dev" and "--list" in arguments:
            print_errors(told, found)
    if POSTS.exists():
        posts = load_posts()
        found = judge(rules, posts)
        print(f"{len(posts)} posts about one war: {len(set(found.values()))} stories,", end=" ")
        print(f"{mixed_of(posts, found)} of them in several languages")


def print_part(part: str, told: Sequence[Told], found: Mapping[str, str]) -> None:
    """Print the figures of one half."""
    stories = {one.story for one in told if not one.mix}
    print(f"{part}: {len(stories)} stories, {len(told)} articles, put into {len(set(found.values()))}")
    pairs = pairs_of(told, found)
    for name, counted in {"all": pairs["all"], "across languages": across(pairs), **pairs}.items():
        print(
            f"  {name:<17} precision {counted.precision:.3f}  recall {counted.recall:.3f}"
            f"  ({counted.right} right, {counted.wrong} wrong, {counted.missed} missed)"
        )
    merged = merged_of(told, found)
    print(f"  look-alike stories put together: {merged.alike} of {merged.of_alike} pairs")
    print(f"  other stories put together: {merged.others}")
    print(f"  round-ups that joined a story: {merged.mixes} of {merged.of_mixes}")


def print_errors(told: Sequence[Told], found: Mapping[str, str]) -> None:
    """Print each article that is not where the others of its story are, and what else stands in a story."""
    members: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        members[found[one.id]].append(one)
    for group in members.values():
        if len({one.story for one in group}) > 1:
            print("  together:", *(f"\n    {one.id:<28} {one.lang}  {one.row.title}" for one in group))
    by_story: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        by_story[one.story].append(one)
    for group in by_story.values():
        if len({found[one.id] for one in group}) > 1:
            print("  apart:", *(f"\n    {found[one.id]:<6} {one.id:<28} {one.lang}  {one.row.title}" for one in group))


if __name__ == "__main__":
    main(sys.argv[1:])
