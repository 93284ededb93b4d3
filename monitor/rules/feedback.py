"""What readers' ratings say of rules and of their terms. Pure.

An alert counts for each of its rules, and for each term that was evidence of one. It is useful or noise as most of its
ratings say; a draw is useful, for what one reader needed is worth what bored another.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from monitor.rules.usage import Word


@dataclass(frozen=True, slots=True)
class Judged:
    """An alert with what its readers said of it.

    `words`: by rule, the terms that were its evidence. `decided_after`, `sent_after`: seconds since it was published,
    None where that is not known, or where nothing was sent.
    """

    id: int
    pack: str
    words: Mapping[str, frozenset[Word]]
    story_id: int
    useful: bool | None
    """None: nobody rated it."""
    decided_after: float | None = None
    sent_after: float | None = None


class Delay(NamedTuple):
    """Seconds, over `alerts` whose delay is known: the median, and what 95 % of them kept to."""

    alerts: int
    median: float
    p95: float


@dataclass(frozen=True, slots=True)
class Row:
    """What became of the alerts of a rule, or of those of them in which `word` was evidence."""

    pack: str
    rule: str
    word: Word | None
    alerts: int
    useful: int
    noise: int
    decided: Delay | None
    sent: Delay | None

    @property
    def rated(self) -> int:
        """Return how many of the alerts were rated."""
        return self.useful + self.noise

    @property
    def share_useful(self) -> float | None:
        """Return the share of the rated alerts that were useful; None where none was rated."""
        return self.useful / self.rated if self.rated else None


def verdict(ratings: Iterable[str]) -> bool | None:
    """Return whether an alert was useful to its readers; None where none of them said."""
    given = list(ratings)
    return 2 * given.count("useful") >= len(given) if given else None


def rule_rows(alerts: Iterable[Judged]) -> list[Row]:
    """Return a row for each rule that alerted, by pack and rule."""
    return [_row(pack, rule, None, own) for (pack, rule), own in sorted(by_rule(alerts).items())]


def term_rows(alerts: Iterable[Judged]) -> list[Row]:
    """Return a row for each term of each rule that alerted, by pack and rule; what cost most noise comes first."""
    found: dict[tuple[str, str, Word], list[Judged]] = {}
    for (pack, rule), own in by_rule(alerts).items():
        for alert in own:
            for word in alert.words[rule]:
                found.setdefault((pack, rule, word), []).append(alert)
    return sorted((_row(*key, own) for key, own in found.items()), key=_cost)


def by_rule(alerts: Iterable[Judged]) -> dict[tuple[str, str], list[Judged]]:
    """Return (pack, rule) -> its alerts."""
    found: dict[tuple[str, str], list[Judged]] = {}
    for alert in alerts:
        for rule in alert.words:
            found.setdefault((alert.pack, rule), []).append(alert)
    return found


def _cost(row: Row) -> tuple[str, str, int, float, int, str, str]:
    word = row.word or Word("", None)
    share = row.share_useful if row.share_useful is not None else 1.0
    return row.pack, row.rule, -row.noise, share, -row.alerts, word.term, word.entity or ""


def _row(pack: str, rule: str, word: Word | None, alerts: Sequence[Judged]) -> Row:
    said = [alert.useful for alert in alerts]
    decided = _delay(alert.decided_after for alert in alerts)
    sent = _delay(alert.sent_after for alert in alerts)
    return Row(pack, rule, word, len(alerts), said.count(True), said.count(False), decided, sent)


def _delay(seconds: Iterable[float | None]) -> Delay | None:
    known = sorted(value for value in seconds if value is not None)
    if not known:
        return None
    return Delay(len(known), _rank(known, 0.5), _rank(known, 0.95))


def _rank(values: Sequence[float], share: float) -> float:
    """Return the least value that at least `share` of the sorted `values` keep to (nearest rank)."""
    return values[max(0, math.ceil(share * len(values)) - 1)]
