"""search: the articles of the archive that a query is true of, newest first.

The index says which articles may hold its words, the query itself is evaluated on those. Whoever asks says for how
long: what was not looked at then is named, and where to go on. Nothing is held back in silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import model
from monitor.config_values import parse_duration
from monitor.rules import asked, collector
from monitor.store import articles, word_forms
from monitor.store import search as archive
from monitor.store.search import Filters
from monitor.store.store import Connection

LIMIT, MOST = 20, 200
"""Articles on a page, and at most."""

SECONDS = 2.0
"""How long a page is looked for."""

LOADED = 20
"""Articles whose texts are loaded at once."""

EVERYTHING = Filters()


@dataclass(frozen=True, slots=True)
class Asked:
    """A question to the archive.

    `below`: the cursor, only articles with a smaller id; `seconds`: for how long is looked.
    """

    query: asked.Query
    filters: Filters = EVERYTHING
    below: int | None = None
    limit: int = LIMIT
    seconds: float = SECONDS


@dataclass(frozen=True, slots=True)
class Hit:
    """An article that the query is true of, with the places that make it so."""

    id: int
    story_id: int
    article: model.Article
    evidence: tuple[model.Evidence, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """A page of hits, newest first.

    `below`: the cursor of the next page; None: the archive ends here. `searched_to`: when the article was first seen
    down to which everything was looked at. `in_time`: whether the page is as long as it can be; else the time was over
    before. `indexed`: whether the index could tell where to look. `looked_at`: how many articles were evaluated.
    `unsure_below`: articles up to this id are found by their words as written only; 0: all by every form.
    """

    hits: tuple[Hit, ...]
    below: int | None
    searched_to: datetime | None
    in_time: bool
    indexed: bool
    looked_at: int
    unsure_below: int


def search(connection: Connection, ask: Asked, now: Callable[[], float] = time.monotonic) -> Found:
    """Return the next page of what a query is true of.

    At least one batch is looked at however short the time is, so that a cursor always gets on.
    """
    until = now() + ask.seconds
    seeker = _Seeker(ask)
    for batch in archive.candidates(connection, ask.query.wanted, ask.filters, ask.below):
        for begin in range(0, len(batch.ids), LOADED):
            seeker.look_at(articles.load(connection, batch.ids[begin : begin + LOADED]))
            if seeker.full or now() >= until:
                return seeker.found(connection)
        seeker.below = batch.oldest
        if now() >= until:
            return seeker.found(connection)
    return seeker.found(connection, ended=True)


class _Seeker:
    """What was found so far."""

    def __init__(self, ask: Asked) -> None:
        self._ask = ask
        self._hits: list[Hit] = []
        self._looked_at = 0
        self.below = ask.below
        """Everything from here on was looked at."""

    @property
    def full(self) -> bool:
        """Whether the page is full."""
        return len(self._hits) >= self._ask.limit

    def look_at(self, batch: list[articles.Archived]) -> None:
        """Evaluate the query on articles, until the page is full."""
        with collector.paused():
            for one in batch:
                if self.full:
                    return
                self.below = one.id
                self._looked_at += 1
                evidence = asked.judge(self._ask.query, one.article)
                if evidence is not None:
                    self._hits.append(Hit(one.id, one.story_id, one.article, evidence))

    def found(self, connection: Connection, ended: bool = False) -> Found:
        """Return the page."""
        return Found(
            hits=tuple(self._hits),
            below=None if ended else self.below,
            searched_to=archive.seen_at(connection, self.below) if self.below is not None else None,
            in_time=ended or self.full,
            indexed=self._ask.query.wanted is not None,
            looked_at=self._looked_at,
            unsure_below=word_forms.missing_from(connection),
        )


# -- what is asked and answered in words -----------------------------------------------------------


def read_moment(written: str, zone: str, now: datetime, ends: bool = False) -> datetime:
    """Return the time that a person names: `7d` ago, `2025-03-01` in the desk's zone, or a whole one of RFC 3339.

    Args:
        ends: A day means its end, so that `until` holds the whole of it.
    Raises: ValueError that says what to write.
    """
    try:
        return now - timedelta(seconds=parse_duration(written))
    except (ValueError, OverflowError):
        pass  # the other ways to write a time are tried
    try:
        moment = datetime.fromisoformat(written) + timedelta(days=int(ends and len(written) == len("2025-03-01")))
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"`{written[:40]}` is no time; write 2025-03-01, 2025-03-01T12:00Z, 7d or 12h") from None


def notes_of(found: Found, zone: str) -> list[str]:
    """Return what whoever reads a page must know to take silence for what it is."""
    notes = []
    if not found.indexed:
        notes.append(
            "no word of the query can be looked up (it holds only patterns, fields or negations): articles are read one"
            " by one"
        )
    if not found.in_time and found.searched_to is not None:
        moment = f"{found.searched_to.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}"
        notes.append(
            f"the time was over: searched back to {moment}; older articles were not looked at yet, go on for them"
        )
    if found.unsure_below:
        notes.append(
            f"up to art-{found.unsure_below} articles are found by their words as written only, not behind clitics or"
            " across hyphens: the daemon is still noting their forms"
        )
    return notes
