"""What pages and API show of packs: how they stand, what their alerts were worth, what is wrong with their files."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor import errors, model
from monitor.rules import feedback, packs, usage
from monitor.rules.live import LiveRules
from monitor.store import ratings
from monitor.store.ratings import Count, Fired
from monitor.store.store import Connection

STATISTICS = timedelta(days=30)
"""Of which alerts are counted."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule of a pack, with its alerts and how many of them were useful, or noise."""

    id: str
    title: str
    kind: str
    severity: str
    status: str
    languages: tuple[str, ...]
    terms: int
    line: int
    alerts: int = 0
    useful: int = 0
    noise: int = 0


@dataclass(frozen=True, slots=True)
class PackRow:
    """A pack as it stands. `state`: `good`, `stale` (an older version runs) or `off`; `why`: of the last two."""

    id: str
    title: str
    description: str
    file: str
    state: str
    why: str
    status: str
    severity: str
    owner: str
    route: tuple[str, ...]
    terms: int
    tests: int
    rules: tuple[RuleRow, ...]
    faults: tuple[errors.Fault, ...]
    """Of its file, and of those that it uses, as they stand on disk."""
    alerts: int = 0
    rated: int = 0
    useful: int = 0

    @property
    def share_useful(self) -> float | None:
        """Return the share of the rated alerts that was useful."""
        return self.useful / self.rated if self.rated else None

    @property
    def on_trial(self) -> tuple[str, ...]:
        """Return the rules of status `test`."""
        return tuple(rule.id for rule in self.rules if rule.status == "test")

    @property
    def name(self) -> str:
        """Return the name of its file, without the folder."""
        return self.file.rpartition("/")[2]


def list_packs(connection: Connection, live: LiveRules, now: datetime) -> list[PackRow]:
    """Return every pack, live ones and those that are off, by id."""
    told = ratings.count_told(connection, now - STATISTICS)
    rows = [_pack_row(pack, live, told) for pack in live.ruleset.packs.values()]
    off = [_off(name, why, live) for name, why in live.stale.items() if name not in live.ruleset.packs]
    return sorted([*rows, *off], key=lambda row: row.id)


def find_pack(live: LiveRules, name: str, told: Sequence[Count] = ()) -> PackRow | None:
    """Return a pack, with the alerts that are given; None where there is none of that name."""
    pack = live.ruleset.packs.get(name)
    if pack is not None:
        return _pack_row(pack, live, told)
    return _off(name, live.stale[name], live) if name in live.stale else None


def get_pack(
    connection: Connection, live: LiveRules, name: str, now: datetime
) -> tuple[PackRow, Sequence[feedback.Row]] | None:
    """Return a pack and what became of the alerts of each of its terms; None where there is none of that name."""
    since = now - STATISTICS
    is_live = name in live.ruleset.packs
    pack = find_pack(live, name, ratings.count_told(connection, since, name) if is_live else ())
    return (
        None if pack is None else (pack, feedback.term_rows(_judged_since(connection, since, name) if is_live else ()))
    )


def _judged_since(connection: Connection, since: datetime, pack: str) -> list[feedback.Judged]:
    """Return the alerts of a pack since then with what their readers said, and the words that they fired by."""
    given = ratings.ratings_since(connection, since, pack)
    evidence = ratings.evidence_since(connection, since, pack)
    return [
        _judged(row, given.get(row.alert_id, []), evidence.get(row.alert_id, {}))
        for row in ratings.list_fired(connection, since, pack)
    ]


def _judged(row: Fired, given: Sequence[str], found: Mapping[str, Sequence[model.Evidence]]) -> feedback.Judged:
    by_rule = {
        rule: frozenset(usage.Word(span.term, span.entity) for span in found.get(rule, ())) for rule in row.rules
    }
    return feedback.Judged(row.alert_id, row.pack, by_rule, row.story_id, feedback.verdict(given))


def _pack_row(pack: packs.Pack, live: LiveRules, told: Sequence[Count]) -> PackRow:
    own = [one for one in told if one.pack == pack.id]
    said = [feedback.verdict(given) for one in own for given in one.ratings]
    why, (terms, by_rule) = live.stale.get(pack.id, ""), counts_of(pack, live)
    return PackRow(
        id=pack.id,
        title=pack.title,
        description=pack.traits.description,
        file=pack.place.file,
        state="stale" if why else "good",
        why=why,
        status=pack.status,
        severity=pack.severity,
        owner=pack.owner,
        route=pack.route,
        terms=terms,
        tests=len(pack.tests),
        rules=tuple(_rule_row(rule, by_rule[rule.id], own) for rule in pack.rules),
        faults=tuple(fault for fault in live.faults if fault.file in pack.files),
        alerts=sum(one.alerts for one in own),
        rated=len(said),
        useful=said.count(True),
    )


def _rule_row(rule: packs.Rule, terms: int, told: Sequence[Count]) -> RuleRow:
    traits = rule.traits
    own = [one for one in told if rule.id in one.rules]
    said = [feedback.verdict(given) for one in own for given in one.ratings]
    alerts, useful = sum(one.alerts for one in own), said.count(True)
    kind = "query" if rule.query is not None else "score" if rule.score is not None else "lists"
    languages = tuple(sorted(traits.languages)) if traits.languages is not None else ()
    standing = traits.severity, traits.status, languages
    return RuleRow(rule.id, traits.title, kind, *standing, terms, rule.place.line, alerts, useful, len(said) - useful)


def _off(name: str, why: str, live: LiveRules) -> PackRow:
    faults = tuple(fault for fault in live.faults if fault.file == name or f"`{name}`" in fault.message)
    file = name if name.startswith("packs/") else next((fault.file for fault in faults), f"packs/{name}.yaml")
    faults = tuple(fault for fault in live.faults if fault.file == file)
    return PackRow(name, name, "", file, "off", why, "", "", "", (), 0, 0, (), faults)


# Counting walks every alias behind every name: once for each version of the rules.


@functools.lru_cache(maxsize=64)
def _counts(ruleset: str, name: str, pack: _Counted) -> tuple[int, dict[str, int]]:
    rules = {rule.id: len(usage.words_of_rule(pack.pack, rule)) for rule in pack.pack.rules}
    return len(usage.words_of(pack.pack)), rules


@dataclass(frozen=True, slots=True)
class _Counted:
    """A pack that is not looked at to tell it from another."""

    pack: packs.Pack = field(compare=False)


def counts_of(pack: packs.Pack, live: LiveRules) -> tuple[int, dict[str, int]]:
    """Return how many terms a pack of the live rules has, and each of its rules."""
    return _counts(live.id, pack.id, _Counted(pack))
