"""Feeds as pages and the API list them: a page by cursor, one with its last entries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import feeds as stored
from monitor.store.feeds import Health
from monitor.store.schema import entries, feeds

PAGE = 50
LISTABLE = (*stored.STATES, "retired", "trouble")
"""What a list may be narrowed to: a state, or that a trouble stands, failing ones included."""
# Of one row this may be megabytes, and no page shows it.
_COLUMNS: list[Any] = [column for column in feeds.c if column.name != "memory"]
_COLUMNS += [sa.null().label("memory"), stored.STATE.label("state")]
_LEARNED = ("memory", "memory_at", "history", "arrivals", "lulls", "skip", "troubles", "dropped", "error")
_LEAN: list[Any] = [sa.null().label(column.name) if column.name in _LEARNED else column for column in feeds.c]
"""What a feed is, without what its polls taught."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Which feeds are listed; empty stands for any that is not retired."""

    state: str = ""
    """One of LISTABLE."""
    words: str = ""
    """Part of its id, name, newsroom or address, in any case."""
    origin: str = ""
    """`config` or `added`."""


@dataclass(frozen=True, slots=True)
class FeedRow:
    """A feed as a list shows it."""

    health: Health
    paused_at: datetime | None
    stopped_at: datetime | None
    retired_at: datetime | None


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Some feeds by their ids; `next` is the cursor of the page after, None at the end."""

    rows: tuple[FeedRow, ...]
    next: str | None


def list_page(connection: sa.Connection, wanted: Narrowed, after: str = "", limit: int = PAGE) -> FeedPage:
    """Return the feeds whose ids come after `after`."""
    rows = [_row(row) for row in connection.execute(page_query(wanted, after, limit + 1)).mappings()]
    more = len(rows) > limit
    return FeedPage(tuple(rows[:limit]), rows[limit - 1].health.feed.slug if more else None)


def page_query(wanted: Narrowed, after: str, limit: int) -> sa.Select[Any]:
    """Return the query of a page: along the index of ids from the cursor on."""
    query = sa.select(*_COLUMNS).where(*_conditions(wanted)).order_by(feeds.c.slug).limit(limit)
    return query.where(feeds.c.slug > after) if after else query


def _conditions(wanted: Narrowed) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state == "retired":
        found.append(feeds.c.retired_at.is_not(None))
    else:
        found.append(feeds.c.retired_at.is_(None))
    if wanted.state == "trouble":
        found.append(sa.or_(feeds.c.troubles.is_not(None), stored.STATE.in_(("failing", "stopped"))))
    elif wanted.state and wanted.state != "retired":
        found.append(stored.STATE.in_((wanted.state,)))
    if wanted.origin:
        found.append(feeds.c.origin == wanted.origin)
    if wanted.words:
        names = (feeds.c.slug, feeds.c.name, feeds.c.newsroom, feeds.c.url)
        found.append(sa.or_(*(name.icontains(wanted.words, autoescape=True) for name in names)))
    return found


def _row(row: sa.RowMapping) -> FeedRow:
    return FeedRow(stored.to_health(row), row["paused_at"], row["stopped_at"], row["retired_at"])


@dataclass(frozen=True, slots=True)
class Counts:
    """How many feeds there are, by state; `trouble` counts those of any state that need a look."""

    states: dict[str, int]
    retired: int
    trouble: int

    @property
    def polled(self) -> int:
        """Return how many are not retired."""
        return sum(self.states.values())


def count(connection: sa.Connection) -> Counts:
    """Return how many feeds there are, in one pass over them."""
    needs_look = sa.func.sum(sa.case((sa.and_(*_conditions(Narrowed("trouble"))), 1), else_=0))
    query = sa.select(stored.STATE.label("state"), sa.func.count(), needs_look).group_by(sa.text("state"))
    found = {state: (int(number), int(trouble)) for state, number, trouble in connection.execute(query)}
    states = {state: found.get(state, (0, 0))[0] for state in stored.STATES}
    return Counts(states, found.get("retired", (0, 0))[0], sum(trouble for _, trouble in found.values()))


@dataclass(frozen=True, slots=True)
class EntryRow:
    """An entry of a feed, and what became of it."""

    id: int
    title: str
    url: str | None
    published: datetime | None
    first_seen: datetime
    state: str
    """`baseline`, `pending`, `done`, `unreadable` or `over_quota`."""
    article_id: int | None


@dataclass(frozen=True, slots=True)
class FeedDetail:
    """One feed with all that its page shows."""

    row: FeedRow
    dropped: tuple[str, ...]
    """What of its last body was left out, a sentence each."""
    lulls: tuple[tuple[float, float], ...]
    """(end, length) of its longest gaps, in seconds."""
    stale_at: datetime | None
    entries: tuple[EntryRow, ...]
    """The newest, first the one seen last."""


def get(connection: sa.Connection, feed_id: int, entry_count: int = 30) -> FeedDetail | None:
    """Return one feed; None where there is none with this id."""
    row = connection.execute(sa.select(*_COLUMNS).where(feeds.c.id == feed_id)).mappings().first()
    if row is None:
        return None
    return FeedDetail(
        _row(row),
        tuple(row["dropped"] or ()),
        tuple((end, length) for end, length in row["lulls"] or ()),
        row["stale_at"],
        list_entries(connection, feed_id, entry_count),
    )


def find(connection: sa.Connection, url: str) -> FeedRow | None:
    """Return the feed that is polled at an address, or was declared with it."""
    same = sa.or_(feeds.c.url == url, feeds.c.declared_url == url)
    query = sa.select(*_COLUMNS).where(same, feeds.c.retired_at.is_(None)).limit(1)
    row = connection.execute(query).mappings().first()
    return _row(row) if row else None


def list_entries(connection: sa.Connection, feed_id: int, limit: int) -> tuple[EntryRow, ...]:
    """Return the newest entries of a feed."""
    columns = (entries.c[name] for name in EntryRow.__dataclass_fields__)
    query = sa.select(*columns).where(entries.c.feed_id == feed_id).order_by(entries.c.id.desc()).limit(limit)
    return tuple(EntryRow(**row) for row in connection.execute(query).mappings())


def list_polled(connection: sa.Connection) -> list[model.Feed]:
    """Return every feed that is polled, by id, without what only polls need."""
    query = sa.select(*_LEAN).where(stored.is_active()).order_by(feeds.c.slug)
    return [stored.to_feed(row) for row in connection.execute(query).mappings()]


def name_of(connection: sa.Connection, feed_id: int) -> tuple[str, str, str] | None:
    """Return id, name and origin of a feed by its number; None where there is none."""
    row = connection.execute(sa.select(feeds.c.slug, feeds.c.name, feeds.c.origin).where(feeds.c.id == feed_id)).first()
    return (row.slug, row.name, row.origin) if row else None


def number_of(connection: sa.Connection, slug: str) -> int | None:
    """Return the number of the feed with this id; None where there is none."""
    return connection.scalar(sa.select(feeds.c.id).where(feeds.c.slug == slug))


def retire(connection: sa.Connection, slug: str, now: datetime) -> bool:
    """Stop polling a feed that was added by hand, for good; return whether there was one."""
    change = feeds.update().where(feeds.c.slug == slug, feeds.c.origin == "added", feeds.c.retired_at.is_(None))
    return connection.execute(change.values(retired_at=now)).rowcount > 0
