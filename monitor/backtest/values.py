"""What a backtest is asked and what it answers: frozen values, no reading and no matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from monitor import model
from monitor.alerts.facts import ArticleFacts
from monitor.alerts.route import Route
from monitor.rules.usage import Word
from monitor.store.backtests import Span

Side = Literal["live", "edited"]
SIDES: tuple[Side, Side] = ("live", "edited")
Kind = Literal["gained", "lost", "moved"]
KINDS: tuple[Kind, ...] = ("gained", "lost", "moved")

MOST_SHOWN = 2_000
"""Changes that a report lists; the tables count all."""
MOST_MATCHED = 50_000
"""Revisions that a side may match: more is an edit that lets everything through, and need not be decided to be seen."""


class Pair(NamedTuple):
    """A pack on either side; most often one and the same."""

    live: str
    edited: str

    def on(self, side: Side) -> str:
        """Return its name on a side."""
        return self.live if side == "live" else self.edited


@dataclass(frozen=True, slots=True)
class Job:
    """A backtest as workers are told of it; paths name files that they can read."""

    database: str
    spool: str
    """Folder for what one step leaves for the next."""
    live: str
    edited: str
    """Files with the rule sources, named so that another source has another name."""
    named_by: tuple[str, str]
    """The files whose entities tell what an article names, by side: they differ only where entity files do."""
    pairs: tuple[Pair, ...]
    span: Span
    recorded: bool = False
    """Whether what was matched is taken from the archive (a shadow) instead of matching anew."""
    default_route: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    zone: str = "UTC"

    def rules(self, side: Side) -> str:
        """Return the file of a side's rules."""
        return self.live if side == "live" else self.edited

    def packs(self, side: Side) -> tuple[str, ...]:
        """Return the packs of a side by the names that they have there."""
        return tuple(pair.on(side) for pair in self.pairs)


@dataclass(frozen=True, slots=True)
class Seen:
    """A revision that a side matches, with what its decisions go by; evidence is cut to one span of each term."""

    seq: int
    at: datetime
    revision_id: int
    n: int
    story_id: int
    article_id: int
    feed_id: int
    batch_id: int | None
    trusted: bool
    duplicate_of: int | None
    duplicate_reason: str | None
    article: model.Article
    """Without its text."""
    matches: Mapping[Side, tuple[model.Match, ...]]
    facts: Mapping[Side, ArticleFacts]


class Counted(NamedTuple):
    """What a step of matching saw: revisions read, and how many of them each side matched."""

    read: int = 0
    live: int = 0
    edited: int = 0


NOTHING = Counted()


@dataclass(frozen=True, slots=True)
class Told:
    """An alert or update that a side would have decided."""

    pack: str
    article_id: int
    revision_id: int
    story_id: int
    at: datetime
    outcome: str
    reason: str
    severity: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruled:
    """What a side decided about a revision that it matched. `told`: where that is an alert or an update."""

    pack: str
    revision_id: int
    outcome: str
    reason: str
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """An alert that one side has and the other has not, or has otherwise.

    `words`: the terms that caused it; none where it was not a term. `why`: the same for people, in one sentence.
    """

    kind: Kind
    pack: str
    before: Told | None
    after: Told | None
    title: str = ""
    newsroom: str = ""
    url: str | None = None
    lang: str | None = None
    words: tuple[Word, ...] = ()
    why: str = ""

    @property
    def told(self) -> Told:
        """Return the alert that the change is about: the one that there would be, else the one that there was."""
        found = self.after or self.before
        assert found is not None, "a change has a side"
        return found


@dataclass(frozen=True, slots=True)
class Day:
    """The alerts of a day in the desk's zone on either side, and the changes whose alert falls on it."""

    day: date
    live: int = 0
    edited: int = 0
    gained: int = 0
    lost: int = 0
    moved: int = 0


class TermRow(NamedTuple):
    """How many alerts a term gained and lost."""

    pack: str
    word: Word
    gained: int
    lost: int


@dataclass(frozen=True, slots=True)
class Report:
    """What an edit would have changed. `recorded`: alerts that the daemon itself decided in the period."""

    packs: tuple[str, ...]
    since: datetime
    until: datetime
    read: int
    matched: tuple[int, int]
    recorded: int
    told: tuple[int, int]
    kept: int
    counts: Mapping[str, int]
    days: tuple[Day, ...]
    terms: tuple[TermRow, ...]
    changes: tuple[Change, ...]
    """At most MOST_SHOWN, the newest first; `counts` has all."""
    stopped: str = ""
    """Why the figures do not cover what was asked; empty where they do."""
    notes: Sequence[str] = ()
    """What the reader must know of how it was tried."""

    @property
    def changed(self) -> int:
        """Return how many alerts differ."""
        return sum(self.counts.values())

    def to_json(self) -> dict[str, Any]:
        """Return the documented shape."""
        return {
            "packs": list(self.packs),
            "since": _time(self.since),
            "until": _time(self.until),
            "articles": self.read,
            "matched": dict(zip(SIDES, self.matched, strict=True)),
            "alerts": dict(zip(SIDES, self.told, strict=True)),
            "recorded": self.recorded,
            "kept": self.kept,
            **{kind: self.counts.get(kind, 0) for kind in KINDS},
            "days": [{**asdict(day), "day": day.day.isoformat()} for day in self.days],
            "terms": [
                {"pack": row.pack, "term": row.word.term, "entity": row.word.entity, "gained": row.gained,
                 "lost": row.lost}
                for row in self.terms
            ],
            "changes": [_change_json(change) for change in self.changes],
            "changes_left_out": self.changed - len(self.changes),
            "stopped": self.stopped or None,
            "notes": list(self.notes),
        }  # fmt: skip


def _change_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "pack": change.pack,
        "title": change.title,
        "newsroom": change.newsroom,
        "url": change.url,
        "lang": change.lang,
        "why": change.why,
        "terms": [{"term": word.term, "entity": word.entity} for word in change.words],
        "before": _told_json(change.before),
        "after": _told_json(change.after),
    }


def _told_json(told: Told | None) -> dict[str, Any] | None:
    if told is None:
        return None
    return {
        "article": f"art-{told.article_id}",
        "story": f"s{told.story_id}",
        "at": _time(told.at),
        "decision": told.outcome,
        "reason": told.reason,
        "severity": told.severity,
        "rules": list(told.rules),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
