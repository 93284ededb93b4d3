"""Precision and recall of the example packs, by half of each data set.

```
python -m tests.eval.examples [--pack displacement|places] [--part tuned|other|fresh] [--misses] [--rules DIR]
```

The texts belong to others and stay outside the repository, in `../shared/data`. `tuned` is the half that the packs were
written on, those whose key (the text, or the number of a Reuters story) has a SHA-1 that ends in 0-7; `other` are the
rest, and `fresh` those of the rest that are not nearly the same as a text of the tuned half.
"""

from __future__ import annotations

import argparse
import collections
import dataclasses
import gzip
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor import model
from monitor.cli import rules_measure
from monitor.rules import compile, corpus
from tests.eval import labelled, packs
from tests.support.corpora import DATA

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "examples" / "rules"
PARTS: Mapping[str, frozenset[str]] = {
    "all": frozenset({"tuned", "repeat", "fresh"}),
    "tuned": frozenset({"tuned"}),
    "other": frozenset({"repeat", "fresh"}),
    "fresh": frozenset({"fresh"}),
}
"""Part -> the tiers of its cases; a `repeat` is a text of the other half that says what one of the tuned half says."""
RUN = 6
"""Words in a row: texts that share more than half of those of the shorter one are nearly the same."""
PLACES = ("egypt", "israel", "jordan")
NAMES: Mapping[str, tuple[str, ...]] = {"displacement": ("displacement",), "places": PLACES}
"""Pack -> what is measured of it: the pack as a whole, or each of its rules."""

Run = tuple[str, ...]
NAIVE: Mapping[str, str] = {
    "displacement": r"displac\w*|evacuat\w*|fled|flee\w*|homeless\w*|uproot\w*|refugee\w*|relocat\w*|resettl\w*"
    r"|left their homes|forced (?:out|from)",
    "egypt": r"egypt\w*|cairo|mubarak|suez",
    "israel": r"israel\w*",
    "jordan": r"jordan\w*|amman",
}
"""What a list of words would be: the figures to beat."""


def is_tuned(key: str) -> bool:
    """Return whether a text is of the half that the packs were written on."""
    return hashlib.sha1(key.encode()).hexdigest()[-1] in "01234567"


def in_part(case: corpus.Case, part: str) -> bool:
    """Return whether a case belongs to a part."""
    return case.tier in PARTS[part]


# -- data ----------------------------------------------------------------------------------------


def load_cases(pack: str) -> tuple[corpus.Case, ...]:
    """Return the labelled texts of a pack; PARTS says what their tiers mean. Raises: FileNotFoundError."""
    tuned: list[corpus.Case] = []
    other: list[corpus.Case] = []
    for key, case in _displacement() if pack == "displacement" else _places():
        (tuned if is_tuned(key) else other).append(case)
    known: dict[Run, set[int]] = collections.defaultdict(set)
    sizes = [len(runs) for runs in map(_runs, tuned)]
    for number, case in enumerate(tuned):
        for run in _runs(case):
            known[run].add(number)
    return (
        *(dataclasses.replace(case, tier="tuned") for case in tuned),
        *(
            dataclasses.replace(case, tier="repeat" if _repeats(_runs(case), known, sizes) else "fresh")
            for case in other
        ),
    )


def _repeats(runs: set[Run], known: Mapping[Run, set[int]], sizes: list[int]) -> bool:
    shared = collections.Counter(number for run in runs if run in known for number in known[run])
    return any(count > min(len(runs), sizes[number]) / 2 for number, count in shared.items())


def _runs(case: corpus.Case) -> set[Run]:
    words = re.findall(r"\w+", f"{case.article.title} {case.article.text}".lower())
    return {tuple(words[start : start + RUN]) for start in range(len(words) - RUN + 1)}


def _displacement() -> Iterator[tuple[str, corpus.Case]]:
    for row in _rows("displacement-idetect/is_displacement.dev.jsonl.gz"):
        expected = frozenset({"displacement"} if row["is_displacement"] == "yes" else ())
        article = model.Article("", row["text"], "en")
        yield row["text"], corpus.Case(str(row["row"]), "", article, expected)


def _places() -> Iterator[tuple[str, corpus.Case]]:
    for row in _rows("reuters21578-places/dev.jsonl.gz"):
        number, expected = str(row["newid"]), frozenset(PLACES).intersection(row["places"])
        yield number, corpus.Case(number, "", _story(row), expected)


def _story(row: Mapping[str, Any]) -> model.Article:
    """Return a story as a page would show it: the dateline begins the text; only an indented line is a paragraph."""
    text = " ".join(part for part in (row["dateline"], row["body"]) if part)
    return model.Article(row["title"] or "", re.sub(r"\n(?!\s)", " ", text), "en")


def _rows(name: str) -> Iterator[dict[str, Any]]:
    with gzip.open(DATA / name, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


# -- judging -------------------------------------------------------------------------------------


def judge(rules: compile.RuleSet, pack: str, cases: tuple[corpus.Case, ...]) -> tuple[corpus.Outcome, ...]:
    """Return what a pack says of the cases, under the names that are measured."""
    outcomes = labelled.run_cases(rules, cases)
    if pack == "displacement":
        return outcomes
    return tuple(corpus.Outcome(o.case, {m.rule: (m,) for m in o.fired.get(pack, ())}, o.matches) for o in outcomes)


def judge_naively(name: str, cases: tuple[corpus.Case, ...]) -> tuple[corpus.Outcome, ...]:
    """Return what the list of words says."""
    words = re.compile(rf"\b(?:{NAIVE[name]})\b", re.IGNORECASE)
    found = ((case, words.search(f"{case.article.title}\n{case.article.text}")) for case in cases)
    return tuple(corpus.Outcome(case, {name: ()} if hit else {}) for case, hit in found)


def main() -> None:
    """Read the arguments, judge the texts, print a line for each part."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval.examples", description=__doc__.splitlines()[0])
    parser.add_argument("--pack", choices=list(NAMES), help="this pack only")
    parser.add_argument("--part", choices=list(PARTS), default="all", help="whose texts --misses lists")
    parser.add_argument("--misses", action="store_true", help="also list every text that came out wrong")
    parser.add_argument("--rules", type=Path, default=RULES)
    given = parser.parse_args()
    rules = packs.load_sound(given.rules)
    print(f"{'':26} precision  recall   true  false  missed")
    for pack in [pack for pack in NAMES if given.pack in (None, pack)]:
        cases = load_cases(pack)
        outcomes = judge(rules, pack, cases)
        for name in NAMES[pack]:
            _print_name(name, outcomes, judge_naively(name, cases))
            if given.misses:
                listed = tuple(o for o in outcomes if in_part(o.case, given.part))
                rules_measure.print_wrong(name, listed)


def _print_name(name: str, outcomes: tuple[corpus.Outcome, ...], naive: tuple[corpus.Outcome, ...]) -> None:
    for label, judged in ((name, outcomes), ("  list of words", naive)):
        for part in PARTS:
            s = corpus.score(name, [o for o in judged if in_part(o.case, part)])
            shown = label if part == "all" else ""
            print(f"{shown:18} {part:7} {s.precision:9.3f}  {s.recall:6.3f}  {s.true:5}  {s.false:5}  {s.missed:6}")


if __name__ == "__main__":
    main()
