"""Entries and the keys by which a feed's items are known again."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import later, wakes
from monitor.store.rows import some
from monitor.store.schema import entries, entry_keys, feeds

Key = tuple[str, str]
"""(kind, value): kind is `guid`, `url`, `print` or `brief`."""
KEPT_KEYS = 16
"""Keys of one kind that an entry keeps: guids that change at each poll must not fill the database."""
TOUCH_AFTER = timedelta(days=1)
"""Age from which the note that a key is still listed is renewed; retention counts in months."""
OVER_QUOTA = "over_quota"
"""State of an entry that its feed brought beyond its bound: known by its keys, without its text, not read yet."""
CHUNK = 300
"""Keys per query, under every database's limit of bound values."""


@dataclass(frozen=True, slots=True)
class KnownEntry:
    """A stored entry that shares a key with one just listed, with all the keys it ever had."""

    id: int
    title: str
    summary: str
    state: str
    published: datetime | None
    keys: Mapping[str, frozenset[str]]
    """Values by kind."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to store, with its keys."""

    entry: model.Entry
    canonical_url: str | None
    keys: tuple[Key, ...]
    state: str
    """`baseline` or `pending`."""
    batch_id: int | None = None
    """Batch whose alerts are told together."""


@dataclass(frozen=True, slots=True)
class WaitingEntry:
    """A pending entry with all that processing it needs."""

    id: int
    entry: model.Entry
    canonical_url: str | None
    first_seen: datetime
    state: str
    attempts: int
    article_id: int | None
    batch_id: int | None
    feed_id: int
    feed_slug: str
    feed_url: str
    newsroom: str
    feed_lang: str | None
    feed_tags: tuple[str, ...]
    trusted: bool
    feed_bytes: int
    """Bytes of text stored for the feed on the day of its newest entries."""


def find_known(connection: sa.Connection, feed_id: int, keys: Sequence[Key]) -> list[KnownEntry]:
    """Return the entries of one feed that have any of the given keys."""
    ids: set[int] = set()
    for values in some(sorted({value for _, value in keys}), CHUNK):
        query = sa.select(entry_keys.c.entry_id).where(entry_keys.c.feed_id == feed_id, entry_keys.c.value.in_(values))
        ids.update(connection.execute(query).scalars())
    return [entry for chunk in some(sorted(ids), CHUNK) for entry in _with_keys(connection, chunk)]


def _with_keys(connection: sa.Connection, ids: list[int]) -> list[KnownEntry]:
    keys: dict[int, dict[str, set[str]]] = {}
    owned = sa.select(entry_keys.c.entry_id, entry_keys.c.kind, entry_keys.c.value).where(
        entry_keys.c.entry_id.in_(ids)
    )
    for entry_id, kind, value in connection.execute(owned):
        keys.setdefault(entry_id, {}).setdefault(kind, set()).add(value)
    columns = (entries.c[name] for name in ("id", "title", "summary", "state", "published"))
    query = sa.select(*columns).where(entries.c.id.in_(ids))
    return [
        KnownEntry(row.id, row.title, row.summary, row.state, row.published, _frozen(keys[row.id]))
        for row in connection.execute(query)
    ]


def _frozen(keys: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {kind: frozenset(values) for kind, values in keys.items()}


def insert(connection: sa.Connection, feed_id: int, new: Iterable[NewEntry], now: datetime) -> int:
    """Store entries and their keys; return how many. A key that another entry holds stays with that one."""
    return len(insert_numbered(connection, feed_id, list(new), now))


def insert_numbered(connection: sa.Connection, feed_id: int, items: list[NewEntry], now: datetime) -> list[int]:
    """Store entries and their keys as `insert` does; return their ids, in order."""
    if not items:
        return []
    # In two statements, however many there are: one for each entry and each entry's keys took half of a first poll.
    made = list(connection.execute(_INSERT, [_values(feed_id, item, now) for item in items]).scalars())
    owned = [(entry_id, item.keys) for entry_id, item in zip(made, items, strict=True)]
    _insert_keys(connection, [row for entry_id, keys in owned for row in _key_rows(feed_id, entry_id, keys, now)])
    wakes.note(connection, "process")
    return made


_INSERT = entries.insert().returning(entries.c.id, sort_by_parameter_order=True)


def _values(feed_id: int, item: NewEntry, now: datetime) -> dict[str, Any]:
    entry = item.entry
    return {
        "feed_id": feed_id,
        "guid": entry.guid,
        "url": entry.url,
        "canonical_url": item.canonical_url,
        "title": entry.title,
        "summary": entry.summary,
        "author": entry.author,
        "lang": entry.lang,
        "tags": list(entry.tags),
        "publisher": entry.publisher,
        # A date to come is a scheduled post or a wrong clock; the article is here now.
        "published": min(entry.published, now) if entry.published else None,
        "first_seen": now,
        "state": item.state,
        "due_at": now if item.state == "pending" else None,
        "attempts": 0,
        "batch_id": item.batch_id,
    }


def add_keys(connection: sa.Connection, feed_id: int, entry_id: int, keys: Sequence[Key], now: datetime) -> None:
    """Add keys to an entry where no entry of the feed has them."""
    _insert_keys(connection, _key_rows(feed_id, entry_id, keys, now))


def _key_rows(feed_id: int, entry_id: int, keys: Sequence[Key], now: datetime) -> list[dict[str, Any]]:
    return [
        {"feed_id": feed_id, "kind": kind, "value": value, "entry_id": entry_id, "listed_at": now}
        for kind, value in keys
    ]


def _insert_keys(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_new_keys(connection.dialect.name), rows)


@functools.cache
def _new_keys(dialect: str) -> sa.Executable:
    """Return the statement that adds keys which no entry of the feed has; built once a dialect."""
    from sqlalchemy.dialects import postgresql, sqlite

    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    added: sa.Executable = make(entry_keys).on_conflict_do_nothing()
    return added


def drop_oldest_keys(connection: sa.Connection, entry_id: int, kind: str) -> None:
    """Keep the KEPT_KEYS keys of one kind that were listed last."""
    own = sa.and_(entry_keys.c.entry_id == entry_id, entry_keys.c.kind == kind)
    kept = sa.select(entry_keys.c.value).where(own).order_by(entry_keys.c.listed_at.desc()).limit(KEPT_KEYS)
    values = list(connection.execute(kept).scalars())
    connection.execute(entry_keys.delete().where(own, entry_keys.c.value.not_in(values)))


def touch_keys(connection: sa.Connection, feed_id: int, keys: Sequence[Key], now: datetime) -> None:
    """Note that the feed still lists these keys, to the day."""
    for values in some(sorted({value for _, value in keys}), CHUNK):
        listed = entry_keys.update().where(entry_keys.c.feed_id == feed_id, entry_keys.c.value.in_(values))
        connection.execute(listed.where(entry_keys.c.listed_at < now - TOUCH_AFTER).values(listed_at=now))


def revise(
    connection: sa.Connection, entry_id: int, entry: model.Entry, canonical_url: str | None, now: datetime
) -> None:
    """Take over a changed title and summary; a processed entry becomes pending again, for a new revision.

    Args:
        canonical_url: Of the page where the entry lies now; None leaves its address as it was.
    """
    row = entries.c.id == entry_id
    moved = {"url": entry.url, "canonical_url": canonical_url} if canonical_url else {}
    connection.execute(entries.update().where(row).values(title=entry.title, summary=entry.summary, **moved))
    connection.execute(
        entries.update().where(row, entries.c.state == "done").values(state="pending", due_at=now, attempts=0)
    )
    wakes.note(connection, "process")


def take_up(connection: sa.Connection, entry_id: int, entry: model.Entry, now: datetime) -> None:
    """Have an entry read after all that was over its feed's bound when it was first listed."""
    values = {"title": entry.title, "summary": entry.summary, "author": entry.author, "tags": list(entry.tags)}
    row = sa.and_(entries.c.id == entry_id, entries.c.state == OVER_QUOTA)
    connection.execute(entries.update().where(row).values(state="pending", due_at=now, **values))
    wakes.note(connection, "process")


def list_pending(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Return ids of entries that wait to be processed: the oldest of each feed, then the second of each, ...

    In order of age alone, a feed that brings a thousand would keep all others waiting until it is done.
    """
    age = (entries.c.due_at, entries.c.id)
    turn = sa.func.row_number().over(partition_by=entries.c.feed_id, order_by=age).label("turn")
    waiting = sa.select(entries.c.id, entries.c.due_at, turn).where(
        entries.c.state == "pending", entries.c.due_at <= now
    )
    found = waiting.subquery()
    order = (found.c.turn, found.c.due_at, found.c.id)
    return list(connection.execute(sa.select(found.c.id).order_by(*order).limit(limit)).scalars())


def slugs_of(connection: sa.Connection, entry_ids: Sequence[int]) -> dict[int, str]:
    """Return the feed of each entry."""
    query = sa.select(entries.c.id, feeds.c.slug).join(feeds, feeds.c.id == entries.c.feed_id)
    rows = connection.execute(query.where(entries.c.id.in_(entry_ids)))
    return {row.id: row.slug for row in rows}


def load(connection: sa.Connection, entry_id: int) -> WaitingEntry | None:
    """Return one entry with its feed, None if it does not exist."""
    row = connection.execute(_WITH_FEED, {"this": entry_id}).mappings().first()
    return None if row is None else _waiting(row)


_WITH_FEED = (
    sa.select(
        entries,
        feeds.c.slug.label("feed_slug"),
        feeds.c.url.label("feed_url"),
        feeds.c.newsroom,
        feeds.c.lang.label("feed_lang"),
        feeds.c.tags.label("feed_tags"),
        feeds.c.trusted,
        feeds.c.quota_bytes,
    )
    .join(feeds, feeds.c.id == entries.c.feed_id)
    .where(entries.c.id == sa.bindparam("this"))
)


def _waiting(row: sa.RowMapping) -> WaitingEntry:
    return WaitingEntry(
        id=row["id"],
        entry=_entry(row),
        canonical_url=row["canonical_url"],
        first_seen=row["first_seen"],
        state=row["state"],
        attempts=row["attempts"],
        article_id=row["article_id"],
        batch_id=row["batch_id"],
        feed_id=row["feed_id"],
        feed_slug=row["feed_slug"],
        feed_url=row["feed_url"],
        newsroom=row["newsroom"],
        feed_lang=row["feed_lang"],
        feed_tags=tuple(row["feed_tags"]),
        trusted=row["trusted"],
        feed_bytes=row["quota_bytes"] or 0,
    )


def _entry(row: sa.RowMapping) -> model.Entry:
    return model.Entry(
        guid=row["guid"],
        url=row["url"],
        title=row["title"],
        summary=row["summary"],
        author=row["author"],
        published=row["published"],
        lang=row["lang"],
        tags=tuple(row["tags"]),
        publisher=row["publisher"],
    )


def record_attempt(connection: sa.Connection, entry_id: int, due: datetime) -> None:
    """Count a try that failed and put the next one at `due`."""
    connection.execute(
        entries.update().where(entries.c.id == entry_id).values(attempts=entries.c.attempts + 1, due_at=due)
    )


def postpone(connection: sa.Connection, entry_id: int, due: datetime) -> None:
    """Put an entry off until `due`, as if it had not been looked at."""
    connection.execute(entries.update().where(entries.c.id == entry_id).values(due_at=due))


def close(connection: sa.Connection, entry_id: int, state: str, article_id: int | None, at_once: bool = True) -> None:
    """Mark an entry `done` or `unreadable`. `at_once`: whether this transaction looks at it again."""
    values = {"this": entry_id, "state": state, "article_id": article_id, "due_at": None}
    if at_once:
        connection.execute(_BY_ID, values)
    else:
        later.write(connection, _BY_ID, values)


# Built once: the parameters name the columns to set.
_BY_ID = entries.update().where(entries.c.id == sa.bindparam("this"))


def count_pending(connection: sa.Connection) -> int:
    """Return how many entries wait to be processed."""
    query = sa.select(sa.func.count()).select_from(entries).where(entries.c.state == "pending")
    return int(connection.execute(query).scalar() or 0)


def find_by_link(connection: sa.Connection, canonical_url: str) -> list[int]:
    """Return ids of the entries, of any feed, that ever had this canonical URL, in order."""
    every_feed = sa.select(feeds.c.id)  # names the first column of the keys' index, so that it is used
    query = sa.select(entry_keys.c.entry_id).where(
        entry_keys.c.feed_id.in_(every_feed), entry_keys.c.kind == "url", entry_keys.c.value == canonical_url
    )
    return list(connection.execute(query.distinct().order_by(entry_keys.c.entry_id)).scalars())


def state_of(connection: sa.Connection, entry_id: int) -> str | None:
    """Return `baseline`, `pending`, `done` or `unreadable`; None for no such entry."""
    return connection.execute(sa.select(entries.c.state).where(entries.c.id == entry_id)).scalar()
