"""Labelled cases -> precision and recall, by pack, language and tier."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from monitor import model
from monitor.rules import compile, load, match


@dataclass(frozen=True, slots=True)
class Case:
    """An article and the packs that a person says it must alert."""

    id: str
    tier: str
    article: model.Article
    expected: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the packs said of a case."""

    case: Case
    fired: Mapping[str, tuple[model.Match, ...]]
    """Pack -> its matches; a pack that stayed silent is absent."""

    def wrong(self, pack: str) -> bool:
        """Return whether `pack` said something else than the label."""
        return (pack in self.fired) != (pack in self.case.expected)


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one pack over some cases."""

    true: int = 0
    false: int = 0
    missed: int = 0

    @property
    def precision(self) -> float:
        """Return the share of alerts that were wanted; 1 where none was raised."""
        return self.true / (self.true + self.false) if self.true + self.false else 1.0

    @property
    def recall(self) -> float:
        """Return the share of wanted alerts that were raised; 1 where none was wanted."""
        return self.true / (self.true + self.missed) if self.true + self.missed else 1.0


def load_rules(folder: Path) -> compile.RuleSet:
    """Return the compiled packs of a rule folder. Raises: ValueError naming every fault, if a pack has one."""
    loaded = load.load_packs(load.read_folder(folder))
    if loaded.broken:
        raise ValueError("\n".join(str(fault) for fault in loaded.faults))
    return compile.compile_rules(loaded.packs)


def load_cases(file: Path) -> tuple[Case, ...]:
    """Return the cases of a YAML file: a list under `cases`, each with id, lang, date, title, text, expected, tier."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))["cases"]
    return tuple(_case(row) for row in rows)


def _case(row: Mapping[str, Any]) -> Case:
    date = datetime.fromisoformat(str(row["date"])).replace(tzinfo=UTC)
    article = model.Article(row["title"], row["text"], row["lang"], published=date, first_seen=date)
    return Case(row["id"], row["tier"], article, frozenset(row["expected"]))


def run_cases(rules: compile.RuleSet, cases: Iterable[Case]) -> tuple[Outcome, ...]:
    """Return what the live rules say of every case."""
    return tuple(Outcome(case, _fired(rules, case.article)) for case in cases)


def _fired(rules: compile.RuleSet, article: model.Article) -> dict[str, tuple[model.Match, ...]]:
    found: dict[str, tuple[model.Match, ...]] = {}
    for hit in match.match_article(rules, article):
        if hit.status == "live":
            found[hit.pack] = (*found.get(hit.pack, ()), hit)
    return found


def score(pack: str, outcomes: Iterable[Outcome]) -> Score:
    """Return the counts of `pack`."""
    pairs = [(pack in o.fired, pack in o.case.expected) for o in outcomes]
    return Score(pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)))


def breakdown(pack: str, outcomes: tuple[Outcome, ...]) -> Iterator[tuple[str, Score]]:
    """Yield (group, counts) of `pack`: all cases, then each language, then each tier."""
    yield "all", score(pack, outcomes)
    for lang in sorted({o.case.article.lang or "" for o in outcomes}):
        yield lang, score(pack, [o for o in outcomes if o.case.article.lang == lang])
    for tier in ("plain", "paraphrase", "oblique", "trap"):
        yield tier, score(pack, [o for o in outcomes if o.case.tier == tier])
