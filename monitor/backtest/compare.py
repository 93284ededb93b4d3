"""What two sides told, held beside one another: kept, gained, lost, moved. Pure.

An alert that both sides have about the same revision is kept where time, severity and kind are the same, else moved.
What is left of a story on both sides are alerts (or updates) that moved to another article. The rest was gained or
lost.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from monitor.backtest.values import Change, Day, TermRow, Told
from monitor.rules.usage import Word


def compare(live: Iterable[Told], edited: Iterable[Told]) -> tuple[int, list[Change]]:
    """Return how many alerts are the same, and every change, the newest first."""
    before, after = _by_story(live), _by_story(edited)
    kept, changes = 0, []
    for key in before.keys() | after.keys():
        same, found = _of_story(before.get(key, []), after.get(key, []))
        kept += same
        changes += found
    return kept, sorted(
        changes, key=lambda change: (change.told.at, change.told.revision_id, change.pack), reverse=True
    )


def _by_story(told: Iterable[Told]) -> dict[tuple[str, int], list[Told]]:
    found: dict[tuple[str, int], list[Told]] = {}
    for one in told:
        found.setdefault((one.pack, one.story_id), []).append(one)
    return found


def _of_story(before: Sequence[Told], after: Sequence[Told]) -> tuple[int, list[Change]]:
    """Pair what a pack was told of a story on either side: the same revision first, then the same article."""
    old, new = list(before), list(after)
    pairs = [pair for key in (_revision, _article, _kind) for pair in _paired(old, new, key)]
    same = [pair for pair in pairs if _is_same(*pair)]
    moved = [Change("moved", one.pack, one, other) for one, other in pairs if not _is_same(one, other)]
    gained = [Change("gained", one.pack, None, one) for one in new]
    lost = [Change("lost", one.pack, one, None) for one in old]
    return len(same), [*moved, *gained, *lost]


def _paired(old: list[Told], new: list[Told], key: Callable[[Told], object]) -> list[tuple[Told, Told]]:
    """Take what has the same key on both sides out of the lists, and return it in pairs."""
    pairs = []
    for one in list(old):
        other = next((found for found in new if key(found) == key(one)), None)
        if other is not None:
            pairs.append((one, other))
            old.remove(one)
            new.remove(other)
    return pairs


def _revision(told: Told) -> object:
    return told.revision_id


def _article(told: Told) -> object:
    return told.article_id


def _kind(told: Told) -> object:
    return told.outcome


def _is_same(one: Told, other: Told) -> bool:
    return (one.revision_id, one.at, one.outcome, one.severity) == (
        other.revision_id,
        other.at,
        other.outcome,
        other.severity,
    )


def how_it_moved(before: Told, after: Told) -> str:
    """Return in words what is different about an alert that both sides have."""
    said = []
    if before.article_id != after.article_id:
        said.append(f"told by art-{after.article_id} instead of art-{before.article_id}")
    if before.at != after.at:
        said.append(f"{_between(before.at, after.at)} {'later' if after.at > before.at else 'earlier'}")
    if before.severity != after.severity:
        said.append(f"{after.severity} instead of {before.severity}")
    if before.outcome != after.outcome:
        said.append(f"an {after.outcome} instead of an {before.outcome}")
    return ", ".join(said) or "by another revision of the same article"


def _between(one: datetime, other: datetime) -> str:
    minutes = abs((other - one).total_seconds()) / 60
    if minutes < 1:
        return "less than a minute"
    if minutes < 90:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:.0f} days"


# -- tables ----------------------------------------------------------------------------------------


def per_day(live: Iterable[Told], edited: Iterable[Told], changes: Iterable[Change], zone: str) -> tuple[Day, ...]:
    """Return the days of the desk's zone on which a side told something, in order."""
    local = ZoneInfo(zone)
    counts: dict[date, Counter[str]] = {}
    for name, told in (("live", live), ("edited", edited)):
        for one in told:
            counts.setdefault(one.at.astimezone(local).date(), Counter())[name] += 1
    for change in changes:
        counts.setdefault(change.told.at.astimezone(local).date(), Counter())[change.kind] += 1
    return tuple(Day(day, **counts[day]) for day in sorted(counts))


def per_term(changes: Iterable[Change]) -> tuple[TermRow, ...]:
    """Return the terms that gained or lost alerts, those that changed most first."""
    counts: dict[tuple[str, Word], Counter[str]] = {}
    for change in changes:
        for word in change.words:
            counts.setdefault((change.pack, word), Counter())[change.kind] += 1
    rows = [TermRow(pack, word, found["gained"], found["lost"]) for (pack, word), found in counts.items()]
    return tuple(sorted(rows, key=_weight))


def _weight(row: TermRow) -> tuple[int, str, str, str]:
    return -(row.gained + row.lost), row.pack, row.word.term, row.word.entity or ""


def count_kinds(changes: Iterable[Change]) -> Mapping[str, int]:
    """Return how many changes there are of each kind."""
    return Counter(change.kind for change in changes)
