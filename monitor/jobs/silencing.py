"""Making a silence: until when, whether it can mute anything, and what it would have muted lately."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from monitor import text
from monitor.alerts import silence
from monitor.alerts.silence import Muted, Silence
from monitor.config_values import parse_duration
from monitor.jobs import names
from monitor.jobs.context import Setup
from monitor.jobs.names import Unknown
from monitor.store import articles, decisions
from monitor.store.decisions import AlertRow
from monitor.store.store import Connection

LOOKED = 1_000
"""Alerts that a preview looks at."""
SHOWN = 20
LONGEST = timedelta(days=400)


class Unfit(ValueError):
    """What was written cannot be used; `field` is `for` or `until`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Draft:
    """What a silence names; None stands for any."""

    pack: str | None = None
    rule: str | None = None
    story_id: int | None = None
    newsroom: str | None = None
    words: str | None = None

    @property
    def names_something(self) -> bool:
        """Return whether it is not a silence of everything."""
        return any(value is not None for value in (self.pack, self.rule, self.story_id, self.newsroom, self.words))


def end_of(lasts: str | None, until: str | None, zone: str, now: datetime) -> datetime:
    """Return when a silence ends, by how long it lasts (`4h`) or until when (`2025-03-10T07:00` in `zone`).

    Raises: Unfit.
    """
    if (lasts is None) == (until is None):
        raise Unfit("for", "say either how long (4h) or until when (2025-03-10T07:00): a silence has an end")
    try:
        if lasts is not None:
            return now + timedelta(seconds=parse_duration(lasts))
        moment = datetime.fromisoformat(str(until))
        end = (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        field, written = ("for", lasts) if lasts is not None else ("until", until)
        raise Unfit(field, f"`{written}` is not understood; write 90m, 4h or 7d, or 2025-03-10T07:00") from None
    if end <= now:
        raise Unfit("until", f"`{until}` is over already")
    if end > now + LONGEST:
        raise Unfit("until", f"`{until}` is too far off; a silence lasts {LONGEST.days} days at most")
    return end


def faults(setup: Setup, draft: Draft) -> list[Unknown]:
    """Return what a silence names that is not there."""
    known = names.known_to(setup.live.ruleset.packs.values(), setup.config.feeds)
    return names.silence_faults(known, draft.pack, draft.rule, draft.newsroom, draft.words)


@dataclass(frozen=True, slots=True)
class Preview:
    """What a silence would have muted."""

    count: int
    looked: int
    """Alerts that were looked at."""
    is_whole: bool
    """Whether those were all since then."""
    alerts: tuple[AlertRow, ...]
    """The newest of those it would have muted."""


def preview(connection: Connection, draft: Draft, since: datetime, now: datetime) -> Preview:
    """Return which of the newest alerts and updates since `since` the silence would have muted."""
    rows = decisions.list_alerts(connection, None, since, LOOKED + 1)
    looked = rows[:LOOKED]
    story = decisions.story_now(connection, draft.story_id) if draft.story_id is not None else None
    made = Silence(0, now + timedelta(days=1), draft.pack, draft.rule, story, draft.newsroom, draft.words)
    found = [row for row in looked if _mutes(connection, made, row, now)]
    return Preview(len(found), len(looked), len(rows) <= LOOKED, tuple(found[:SHOWN]))


def _mutes(connection: Connection, made: Silence, row: AlertRow, now: datetime) -> bool:
    """Return whether a silence mutes an alert; its text is read only where all else fits."""
    wordless = Silence(made.id, made.until, made.pack, made.rule, None, made.newsroom, None)
    if silence.find_silence([wordless], _muted(row, row.story_id, ""), now) is None:
        return False
    story = decisions.story_now(connection, row.story_id) if made.story_id is not None else row.story_id
    if made.story_id not in (None, story):
        return False
    words = _words(connection, row.revision_id) if made.words is not None else ""
    return silence.find_silence([made], _muted(row, story, words), now) is not None


def _muted(row: AlertRow, story_id: int, words: str) -> Muted:
    return Muted(row.pack, row.rules, story_id, row.newsroom, words)


def _words(connection: Connection, revision_id: int) -> str:
    return folded(articles.words_of(connection, revision_id)[1:])


def folded(texts: Sequence[str]) -> str:
    """Return the folded words of title and text, as silences look for phrases in them: none crosses the two."""
    return " \n ".join(" ".join(text.folded_words(one)) for one in texts)
