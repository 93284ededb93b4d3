"""What a member of a cluster works on: taken in batches, each item by one member, void when that member ends.

Which items are due stands in their own tables; a claim only keeps others from them. So nothing is lost with a queue:
what is due and claimed by nobody is found again by whoever looks next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from monitor import model
from monitor.store import feeds as store_feeds
from monitor.store import schema, wakes
from monitor.store.schema import claims

Kind = Literal["feed", "entry", "page"]
BATCH = 20
"""Most items of one claim."""
OFFERED = 16
"""Times as many are looked at: others claim at the same moment, and what they look at is passed over."""
OLDEST = 4_000
"""Entries, the longest due first, among which each feed gets its turn: the whole of a large backlog is not sorted."""


def claim_feeds(
    connection: sa.Connection, member_id: int, now: datetime, among: store_feeds.Among, limit: int = BATCH
) -> list[model.Feed]:
    """Take feeds that are due, those first that are late by most of the wait they had."""
    ids = _locked(connection, schema.feeds, _free_feeds(connection, now, among), limit)
    return store_feeds.get_many(connection, list(_take(connection, "feed", ids, member_id)))


def claim_entries(connection: sa.Connection, member_id: int, now: datetime, limit: int = BATCH) -> dict[int, int]:
    """Take entries that wait: the oldest of each feed, then the second of each, ...; return id -> deaths so far."""
    entries = schema.entries
    waiting = _free_entries(now).with_only_columns(entries.c.id, entries.c.feed_id, entries.c.due_at)
    base = waiting.order_by(entries.c.due_at).limit(OLDEST).subquery()
    age = (base.c.due_at, base.c.id)
    turn = sa.func.row_number().over(partition_by=base.c.feed_id, order_by=age).label("turn")
    turns = sa.select(base.c.id, base.c.due_at, turn).subquery()
    order = sa.select(turns.c.id).order_by(turns.c.turn, turns.c.due_at, turns.c.id)
    return _take(connection, "entry", _locked(connection, entries, order, limit), member_id)


def claim_pages(connection: sa.Connection, member_id: int, now: datetime, limit: int = BATCH) -> dict[int, int]:
    """Take partial articles whose page is due for another try; return id -> deaths so far."""
    due = _free_pages(now).order_by(schema.articles.c.retry_at)
    return _take(connection, "page", _locked(connection, schema.articles, due, limit), member_id)


def _free_feeds(connection: sa.Connection, now: datetime, among: store_feeds.Among) -> sa.Select[tuple[int]]:
    return store_feeds.due(connection, now, among).where(_is_free("feed", schema.feeds.c.id))


def _free_entries(now: datetime) -> sa.Select[tuple[int]]:
    entries = schema.entries
    return sa.select(entries.c.id).where(
        entries.c.state == "pending", entries.c.due_at <= now, _is_free("entry", entries.c.id)
    )


def _free_pages(now: datetime) -> sa.Select[tuple[int]]:
    articles = schema.articles
    return sa.select(articles.c.id).where(articles.c.retry_at <= now, _is_free("page", articles.c.id))


def _is_free(kind: Kind, item: Any) -> sa.ColumnElement[bool]:
    # NOT IN, which the server hashes once. NOT EXISTS it joins row by row for as long as its statistics take the table
    # for empty, as it is most of the time: 4,000 entries beside 600 claims took 47 ms of its processor, now 5.
    held = sa.select(claims.c.item_id).where(claims.c.kind == kind, claims.c.member_id.is_not(None))
    return item.not_in(held)  # type: ignore[no-any-return]


def _locked(connection: sa.Connection, table: sa.Table, ordered: sa.Select[Any], limit: int) -> list[int]:
    """Return the first `limit` ids of a query that nobody else is claiming right now, in its order."""
    offered = list(connection.execute(ordered.limit(limit * OFFERED)).scalars())
    if not offered:
        return []
    among = _array(offered)
    place = sa.func.array_position(among, table.c.id)
    query = sa.select(table.c.id).where(table.c.id == sa.any_(among)).order_by(place).limit(limit)
    return list(connection.execute(query.with_for_update(skip_locked=True, key_share=True)).scalars())


def _array(ids: Sequence[int]) -> sa.ColumnElement[Any]:
    """Return numbers as one value: a statement that says each of them is another one for each count of them."""
    return sa.cast(sa.bindparam(None, list(ids), postgresql.ARRAY(sa.BigInteger)), postgresql.ARRAY(sa.BigInteger))


def _take(connection: sa.Connection, kind: Kind, ids: Sequence[int], member_id: int) -> dict[int, int]:
    """Claim what is free of `ids`; who looked at the same moment and came second gets nothing. Keep their order."""
    if not ids:
        return {}
    each = sa.func.unnest(_array(sorted(ids))).column_valued("each")
    rows = sa.select(sa.literal(kind), each, sa.literal(member_id, sa.BigInteger), sa.literal(0))
    made = postgresql.insert(claims).from_select(["kind", "item_id", "member_id", "deaths"], rows)
    taken = made.on_conflict_do_update(
        index_elements=["kind", "item_id"], set_={"member_id": member_id}, where=claims.c.member_id.is_(None)
    )
    found = {row.item_id: row.deaths for row in connection.execute(taken.returning(claims.c.item_id, claims.c.deaths))}
    return {item: found[item] for item in ids if item in found}


def note_alone(connection: sa.Connection, kind: Kind, item: int, member_id: int) -> None:
    """Note that this member works on nothing else now: should it die, this is what it died of."""
    mine = sa.and_(claims.c.kind == kind, claims.c.item_id == item, claims.c.member_id == member_id)
    connection.execute(claims.update().where(mine).values(alone=True))


def forget(connection: sa.Connection, items: Iterable[tuple[Kind, int]]) -> None:
    """Drop what nobody works on and that waits for nothing any more."""
    for kind, item in items:
        free = sa.and_(claims.c.kind == kind, claims.c.item_id == item, claims.c.member_id.is_(None))
        connection.execute(claims.delete().where(free))


def release(connection: sa.Connection, kind: Kind, items: Iterable[int], member_id: int) -> None:
    """Let go of items that were worked on to an end, good or bad."""
    mine = sa.and_(
        claims.c.kind == kind, claims.c.item_id == sa.any_(_array(list(items))), claims.c.member_id == member_id
    )
    connection.execute(claims.delete().where(mine))


def kinds_due(connection: sa.Connection, now: datetime) -> list[wakes.Kind]:
    """Return the kinds of work of which something is due and claimed by nobody; sends are not claimed."""
    waiting: dict[wakes.Kind, sa.Select[tuple[int]]] = {
        "poll": _free_feeds(connection, now, "proven").order_by(None),
        "trial": _free_feeds(connection, now, "strangers").order_by(None),
        "process": _free_entries(now),
        "page": _free_pages(now),
    }
    row = connection.execute(sa.select(*(query.exists().label(kind) for kind, query in waiting.items()))).one()
    return [kind for kind, there in zip(waiting, row, strict=True) if there]
