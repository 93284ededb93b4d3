"""Stories of real articles that people grouped: which articles replay puts together, and which it keeps apart.

    python -m tests.eval.stories [SET ...]

Each set is a stream through `monitor.replay` with the shipped rules, which judges as the daemon does. Printed
are B-cubed precision, recall and F1 of the sets of whole stories, pairs of story-tgcontest-pairs, and apart what is
harmful: articles of two look-alike events of story-ecbplus in one story, and events that a desk which wants everything
would not hear of. Sets: ../shared/data/story-*.
"""

from __future__ import annotations

import gzip
import itertools
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from monitor import replay
from monitor.rules import compile
from monitor.rules import load as loading
from tests.eval import labelled
from tests.support.corpora import DATA

RULES = Path(__file__).parents[2] / "rules"


@dataclass(frozen=True, slots=True)
class Told:
    """An article of a set. `story`: what people say that it tells; `topic`: of which there are look-alike stories."""

    row: replay.Row
    story: str
    topic: str = ""


@dataclass(frozen=True, slots=True)
class BCubed:
    """Precision and recall of a grouping, the mean over its articles."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """Return their harmonic mean."""
        return 2 * self.precision * self.recall / (self.precision + self.recall)


def rows_of(file: Path) -> list[dict[str, Any]]:
    """Return the objects of a compressed file of JSON lines."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def load_ecbplus() -> list[Told]:
    """Return headlines with leads of 66 events, two look-alikes a topic."""
    return [
        Told(
            replay.Row(one["doc_id"], one["sentences"][0], "\n".join(one["sentences"][1:]), source=one["doc_id"]),
            one["event"],
            one["topic"],
        )
        for one in rows_of(DATA / "story-ecbplus" / "dev.jsonl.gz")
    ]


def load_basil() -> list[Told]:
    """Return whole articles of 45 events, three newsrooms each, in the order of time."""
    found = sorted(rows_of(DATA / "story-basil" / "dev.jsonl.gz"), key=lambda one: (one["date"], one["id"]))
    return [
        Told(
            replay.Row(
                f"{one['id']} {number}",  # two articles have one id
                one["title"],
                "\n".join(one["paragraphs"]),
                url=one["url"],
                source=one["source"],
                published=datetime.fromisoformat(one["date"]).replace(tzinfo=UTC),
            ),
            one["story"],
        )
        for number, one in enumerate(found)
    ]


def load_wikiref() -> list[Told]:
    """Return texts of five topics and noise; a topic is wider than a story, so that only precision says something."""
    found = rows_of(DATA / "story-wikiref220" / "all.jsonl.gz")
    parts = [(one, one["text"].replace("\r", "").partition("\n")) for one in found]
    return [Told(replay.Row(one["file"], p[0], p[2], source=one["file"]), one["topic"]) for one, p in parts]


def load_pairs() -> tuple[list[Told], list[tuple[str, str, bool]]]:
    """Return articles in English and Russian, and the pairs of them that people judged."""
    articles: dict[str, Told] = {}
    pairs = []
    for one in rows_of(DATA / "story-tgcontest-pairs" / "dev.jsonl.gz"):
        for side in ("first", "second"):
            url = one[f"{side}_url"]
            site = urlsplit(url).hostname or url
            row = replay.Row(url, one[f"{side}_title"], one[f"{side}_text"], url=url, source=site, lang=one["lang"])
            articles.setdefault(url, Told(row, ""))
        pairs.append((one["first_url"], one["second_url"], one["label"] == "OK"))
    return list(articles.values()), pairs


def judge(rules: compile.RuleSet, told: Sequence[Told]) -> dict[str, str]:
    """Return article id -> the story that it stands in at the end of the stream."""
    stream = replay.Replay(rules, only="stories")
    try:
        for one in told:
            stream.judge(one.row)
        return dict(stream.stories())
    finally:
        stream.close()


EVERYTHING = b"""\
format: 1
pack: everything
rules: [{id: core, query: 'title:re:/./'}]
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a desk hears that wants to be told of everything.

    `alerts`: updates left out. `lost`: stories of people of which it was told nothing. `again`: alerts beyond the first
    about a story.
    """

    alerts: int
    stories: int
    lost: int
    again: int


def heard(told: Sequence[tuple[replay.Row, str]]) -> Heard:
    """Return what a pack that every article fires is told of rows, each with the story that it tells.

    It stands beside the shipped rules, whose entities join languages.
    """
    loaded = loading.load_packs({**loading.read_folder(RULES), "packs/everything.yaml": EVERYTHING})
    stream = replay.Replay(compile.compile_rules(loaded.packs))
    story_of = {row.id: story for row, story in told}
    try:
        for row, _ in told:
            stream.judge(row)
        told_of = [one for one in stream.standing() if one.made.alert_id and one.made.pack == "everything"]
    finally:
        stream.close()
    stories = set(story_of.values())
    alerts = [story_of[one.id] for one in told_of if one.made.outcome == "alert"]
    lost = stories - {story_of[one.id] for one in told_of}
    return Heard(len(alerts), len(stories), len(lost), len(alerts) - len(set(alerts)))


def b_cubed(told: Sequence[Told], found: Mapping[str, str]) -> BCubed:
    """Return how well a grouping keeps to the stories of people (Bagga and Baldwin, 1998)."""
    made = Counter(found[one.row.id] for one in told)
    true = Counter(one.story for one in told)
    both = Counter((found[one.row.id], one.story) for one in told)
    precision = sum(both[found[one.row.id], one.story] / made[found[one.row.id]] for one in told)
    recall = sum(both[found[one.row.id], one.story] / true[one.story] for one in told)
    return BCubed(precision / len(told), recall / len(told))


def overmerged(told: Sequence[Told], found: Mapping[str, str]) -> tuple[int, int, int, int]:
    """Return what was wrongly put together: (topics whose look-alikes share a story, topics with look-alikes,
    articles outside the main event of their story, pairs of unlike topics that share a story)."""
    members: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        members[found[one.row.id]].append(one)
    alike: set[str] = set()
    strangers, outside = set(), 0
    for group in members.values():
        events = Counter(one.story for one in group)
        outside += len(group) - max(events.values())
        for one, other in itertools.combinations({one.story: one for one in group}.values(), 2):
            if one.topic == other.topic:
                alike.add(one.topic)
            else:
                strangers.add(frozenset((one.topic, other.topic)))
    by_topic: dict[str, set[str]] = defaultdict(set)
    for one in told:
        by_topic[one.topic].add(one.story)
    return len(alike), sum(len(events) > 1 for events in by_topic.values()), outside, len(strangers)


def pair_figures(pairs: Sequence[tuple[str, str, bool]], found: Mapping[str, str]) -> tuple[float, float]:
    """Return precision and recall of judged pairs."""
    together = [same for one, other, same in pairs if found[one] == found[other]]
    return sum(together) / max(1, len(together)), sum(together) / sum(same for *_, same in pairs)


def main(names: list[str]) -> None:
    """Print the figures."""
    rules = labelled.load_rules(RULES)
    wholes = {"story-ecbplus": load_ecbplus, "story-basil": load_basil, "story-wikiref220": load_wikiref}
    for name, load in wholes.items():
        if names and name not in names:
            continue
        told, began = load(), time.process_time()
        found = judge(rules, told)
        spent = (time.process_time() - began) / len(told) * 1000
        made = b_cubed(told, found)
        print(f"{name}: {len(told)} articles, {len({one.story for one in told})} stories, put into", end=" ")
        print(f"{len(set(found.values()))}; {spent:.1f} ms each, reading included")
        print(f"  B-cubed precision {made.precision:.3f}  recall {made.recall:.3f}  F1 {made.f1:.3f}")
        if name == "story-ecbplus":
            alike, of, outside, strangers = overmerged(told, found)
            print(f"  look-alike events in one story: {alike} of {of} topics; unlike topics: {strangers} pairs")
            print(f"  articles in a story of another event: {outside}")
        if name != "story-wikiref220":
            desk = heard([(one.row, one.story) for one in told])
            print(f"  a desk told of everything: {desk.alerts} alerts, {desk.again} about events that were", end=" ")
            print(f"told; {desk.lost} of {desk.stories} events lost")
    if not names or "story-tgcontest-pairs" in names:
        told, pairs = load_pairs()
        precision, recall = pair_figures(pairs, judge(rules, told))
        print(f"story-tgcontest-pairs: {len(told)} articles, {len(pairs)} pairs")
        print(f"  pairs: precision {precision:.3f}  recall {recall:.3f}")


if __name__ == "__main__":
    main(sys.argv[1:])
