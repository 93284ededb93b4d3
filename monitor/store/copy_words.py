"""The full-text index of a copy: made anew from the texts, since each database keeps it in a way of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from monitor import text
from monitor.store.articles import NEWEST_REVISION
from monitor.store.schema import articles, revisions, texts

Words = tuple[int, str, str]
"""Article, and the folded words of its title and of its text."""

ROWS, FETCHED = 500, 100
"""Articles that are indexed in one transaction, and those whose texts are in memory."""

_NEWEST = (
    sa.select(articles.c.id, revisions.c.title, texts.c.text)
    .select_from(articles)
    .join(revisions, NEWEST_REVISION)
    .join(texts, texts.c.hash == revisions.c.text_hash)
)


def read(connection: sa.Connection, after: int) -> Iterator[list[Words]]:
    """Yield the words of all articles behind `after`, in the order of their ids, some at a time."""
    query = _NEWEST.where(articles.c.id > after).order_by(articles.c.id)
    some: list[Words] = []
    for rows in connection.execute(query.execution_options(yield_per=FETCHED)).partitions():
        some += [(row.id, text.folded(row.title), text.folded(row.text)) for row in rows]
        if len(some) >= ROWS:
            yield some
            some = []
    if some:
        yield some


def write(connection: sa.Connection, words: Sequence[Words]) -> None:
    """Put articles into the index, which has none of them."""
    if connection.dialect.name == "postgresql":
        columns = {"ids": [one[0] for one in words], "words": [f"{one[1]} {one[2]}" for one in words]}
        connection.execute(_TSVECTOR, columns)
    else:
        connection.exec_driver_sql("INSERT INTO search (rowid, title, text) VALUES (?, ?, ?)", list(words))


_TSVECTOR = sa.text(
    "INSERT INTO search (article_id, words) SELECT id, to_tsvector('simple', words)"
    " FROM unnest(CAST(:ids AS bigint[]), CAST(:words AS text[])) AS given (id, words)"
)


def count_wanted(connection: sa.Connection) -> int:
    """Return how many articles the index must hold."""
    return int(connection.scalar(sa.select(sa.func.count(sa.distinct(revisions.c.article_id)))) or 0)


def count(connection: sa.Connection) -> int:
    """Return how many articles the index holds."""
    table = "search" if connection.dialect.name == "postgresql" else "search_docsize"
    return int(connection.scalar(sa.text(f"SELECT count(*) FROM {table}")) or 0)


def clear(connection: sa.Connection) -> None:
    """Empty the index."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("DELETE FROM search")
    else:
        connection.exec_driver_sql("INSERT INTO search(search) VALUES('delete-all')")
