"""Labelled articles: what the packs say of them against what a person says. Pure.

A corpus is YAML, a list under `cases`, or JSON lines with the same keys: `id`, `expected` (packs that must alert),
`title` and `text` (one of them), and optionally `lang`, `date` or `published`, `tier` (how hard a case is), `source`,
`author`, `url`, `tags`. Other keys are notes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from monitor import errors, model
from monitor.rules import compile, match, reader, usage, yaml_nodes
from monitor.rules.yaml_nodes import Map, Node, Place, Seq, Text

LARGEST = 100_000_000
"""Bytes of a corpus in JSON lines; one in YAML may be as large as a rule file."""

TIERS = ("plain", "paraphrase", "oblique", "trap")
"""The tiers that come first in a breakdown, from what a list of words finds to what must not alert."""


@dataclass(frozen=True, slots=True)
class Case:
    """An article and the packs that a person says it must alert."""

    id: str
    tier: str
    article: model.Article
    expected: frozenset[str]
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the packs said of a case."""

    case: Case
    fired: Mapping[str, tuple[model.Match, ...]]
    """Pack -> its live matches; a pack that stayed silent is absent."""
    matches: tuple[model.Match, ...] = ()
    """Of rules on trial too."""

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


# -- judging -------------------------------------------------------------------------------------


def run_cases(rules: compile.RuleSet, cases: Iterable[Case]) -> tuple[Outcome, ...]:
    """Return what the rules say of every case."""
    return tuple(_outcome(case, match.match_article(rules, case.article)) for case in cases)


def _outcome(case: Case, found: tuple[model.Match, ...]) -> Outcome:
    fired: dict[str, tuple[model.Match, ...]] = {}
    for hit in found:
        if hit.status == "live":
            fired[hit.pack] = (*fired.get(hit.pack, ()), hit)
    return Outcome(case, fired, found)


def score(pack: str, outcomes: Iterable[Outcome]) -> Score:
    """Return the counts of `pack`."""
    pairs = [(pack in o.fired, pack in o.case.expected) for o in outcomes]
    return Score(pairs.count((True, True)), pairs.count((True, False)), pairs.count((False, True)))


def breakdown(pack: str, outcomes: tuple[Outcome, ...]) -> Iterator[tuple[str, str, Score]]:
    """Yield (kind, name, counts) of `pack`: `all` cases, then each `language`, then each `tier`."""
    yield "all", "all", score(pack, outcomes)
    for lang in sorted({_lang(o) for o in outcomes}):
        yield "language", lang, score(pack, [o for o in outcomes if _lang(o) == lang])
    tiers = {o.case.tier for o in outcomes if o.case.tier}
    for tier in (*(tier for tier in TIERS if tier in tiers), *sorted(tiers.difference(TIERS))):
        yield "tier", tier, score(pack, [o for o in outcomes if o.case.tier == tier])


def _lang(outcome: Outcome) -> str:
    return outcome.case.article.lang or "unknown"


def usage_of(outcomes: Iterable[Outcome]) -> usage.Usage:
    """Return which terms fired on the cases."""
    counted = usage.Usage()
    for outcome in outcomes:
        counted.add(outcome.case.article.lang, outcome.matches)
    return counted


# -- reading -------------------------------------------------------------------------------------


def parse_corpus(file: str, data: bytes) -> tuple[tuple[Case, ...], tuple[errors.Fault, ...]]:
    """Return the cases of a corpus and every fault in it; `file` ends in `.yaml` or `.yml`, else it is JSON lines."""
    faults: list[errors.Fault] = []
    is_yaml = file.endswith((".yaml", ".yml"))
    nodes = _yaml_nodes(file, data, faults) if is_yaml else _json_nodes(file, data, faults)
    cases: dict[str, Case] = {}

    def read(row: reader.Reader) -> None:
        case = _case(row)
        if case is not None and case.id in cases:
            message = f"case `{case.id}` is already in {cases[case.id].place}"
            row.fault(row.node, "E202", message, "give it an id of its own")
        elif case is not None:
            cases[case.id] = case

    reader.each(nodes, faults, "a case", read)
    if not cases and not faults:
        faults.append(errors.Fault(file, None, None, "E105", "there is no case in the file"))
    return tuple(cases.values()), tuple(faults)


def _yaml_nodes(file: str, data: bytes, faults: list[errors.Fault]) -> tuple[Node, ...]:
    root, found = yaml_nodes.parse(file, data)
    faults += found
    if root is None:
        return ()
    if not isinstance(root, Map) or root.get("cases") is None:
        faults.append(root.place.fault("E105", "`cases` is missing", "write `cases:` with a list of cases"))
        return ()
    return reader.Reader(root, faults).nodes("cases")


def _json_nodes(file: str, data: bytes, faults: list[errors.Fault]) -> tuple[Node, ...]:
    if len(data) > LARGEST:
        faults.append(errors.Fault(file, None, None, "E101", "the file is larger than 100 MB", "split it"))
        return ()
    found = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").splitlines(), start=1):
        if line.strip():
            place = Place(file, number, 1)
            try:
                found.append(_node(json.loads(line), place))
            except (ValueError, RecursionError) as fault:
                why = "not UTF-8 text" if isinstance(fault, UnicodeDecodeError) else f"not JSON: {fault}"
                faults.append(place.fault("E101", why, 'one object a line: {"id": "a1", "title": "..."}'))
    return tuple(found)


def _node(value: object, place: Place) -> Node:
    """Return JSON as the nodes that YAML would give."""
    if isinstance(value, dict):
        entries = ((Text(place, key, '"'), _node(item, place)) for key, item in value.items() if item is not None)
        return Map(place, tuple(entries))
    if isinstance(value, list):
        return Seq(place, tuple(_node(item, place) for item in value))
    return Text(place, value if isinstance(value, str) else json.dumps(value), '"')


def _case(row: reader.Reader) -> Case | None:
    name = row.scalar("id")
    if name is None or not name.value:
        row.fault(row.node, "E105", "`id` is missing", "give the case an id of its own")
    if row.node.get("title") is None and row.node.get("text") is None:
        row.fault(row.node, "E105", "a case needs `title` or `text`")
    if row.node.get("expected") is None:
        row.fault(row.node, "E105", "`expected` is missing", "list the packs that must alert; [] for none")
    lang = row.scalar("lang")
    moment = row.moment("date") or row.moment("published")
    article = model.Article(
        title=row.text("title"),
        text=row.text("text"),
        lang=lang.value if lang is not None and row.language(lang) else None,
        url=row.text("url"),
        source=row.text("source"),
        newsroom=row.text("source"),
        author=row.text("author"),
        tags=row.words("tags"),
        published=moment,
        first_seen=moment,
    )
    expected = frozenset(row.words("expected"))
    if name is None:
        return None
    return Case(name.value, row.text("tier"), article, expected, row.node.place)
