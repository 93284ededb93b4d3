"""The archive by its words: which articles may hold what is wanted, newest first.

One question for both databases: FTS5 on SQLite, where rows come one by one as they are found, tsvector on PostgreSQL.
Positions are not asked for on PostgreSQL, which keeps but 256 of a word; the query itself sorts out what stands apart.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store import word_forms
from monitor.store.schema import articles, feeds, matches, revisions
from monitor.store.wanted import All, Phrase, Wanted

FIRST_BATCH, BATCH = 30, 500
"""Rows taken at once, at first and later: most pages are full with the first."""

MOST_SPELLINGS = 256
"""Ways to write a phrase of which each is asked for; of one with more, its words are, wherever they stand."""

_NEWEST = 2**62


@dataclass(frozen=True, slots=True)
class Filters:
    """What else must be true of articles. `since`, `until`: of the time they were first seen, from and before.

    `newsroom`: the newsroom or the id of its feed; `pack`: one that matched it, in any of its revisions.
    """

    since: datetime | None = None
    until: datetime | None = None
    newsroom: str | None = None
    lang: str | None = None
    pack: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Ids of articles that pass the filters, newest first, perhaps none; no other one down to `oldest` does."""

    ids: tuple[int, ...]
    oldest: int


# -- candidates ------------------------------------------------------------------------------------


def candidates(
    connection: sa.Connection, asked: Wanted | None, filters: Filters, below: int | None = None
) -> Iterator[Batch]:
    """Yield the articles that may hold what is `asked` for, newest first. None: every article may.

    Args:
        below: Only articles with a smaller id.
    """
    oldest, newest = _bounds(connection, filters)
    above = newest + 1 if below is None else min(below, newest + 1)
    for batch in _batches(connection, asked, oldest, above):
        yield Batch(tuple(_passing(connection, batch, filters)), batch[-1])


def _bounds(connection: sa.Connection, filters: Filters) -> tuple[int, int]:
    """Return the smallest and the greatest id that articles of the period may have; the index on time holds both."""
    seen = articles.c.first_seen
    oldest, newest = 0, _NEWEST
    if filters.since is not None:
        oldest = connection.scalar(sa.select(sa.func.min(articles.c.id)).where(seen >= filters.since)) or _NEWEST
    if filters.until is not None:
        newest = connection.scalar(sa.select(sa.func.max(articles.c.id)).where(seen < filters.until)) or 0
    return oldest, newest


def _batches(connection: sa.Connection, asked: Wanted | None, oldest: int, above: int) -> Iterator[list[int]]:
    if asked is None:
        yield from _pages(connection, _EVERY, {}, oldest, above)
    elif connection.dialect.name == "sqlite":
        found = connection.execute(_FTS5, {"words": to_fts5(connection, asked), "oldest": oldest, "above": above})
        try:
            for size in _sizes():
                rows = found.fetchmany(size)
                if rows:
                    yield [row[0] for row in rows]
                if len(rows) < size:
                    return
        finally:
            found.close()
    else:
        yield from _pages(connection, _TSVECTOR, {"words": to_tsquery(connection, asked)}, oldest, above)


_EVERY = sa.text("SELECT id FROM articles WHERE id >= :oldest AND id < :above ORDER BY id DESC LIMIT :limit")
_FTS5 = sa.text(
    "SELECT rowid FROM search WHERE search MATCH :words AND rowid >= :oldest AND rowid < :above ORDER BY rowid DESC"
)
_TSVECTOR = sa.text(
    "SELECT article_id FROM search WHERE words @@ to_tsquery('simple', :words)"
    " AND article_id >= :oldest AND article_id < :above ORDER BY article_id DESC LIMIT :limit"
)


def _pages(
    connection: sa.Connection, query: sa.TextClause, values: dict[str, str], oldest: int, above: int
) -> Iterator[list[int]]:
    for size in _sizes():
        bounds = {"oldest": oldest, "above": above, "limit": size}
        ids = list(connection.execute(query, {**values, **bounds}).scalars())
        if ids:
            yield ids
        if len(ids) < size:
            return
        above = ids[-1]


def _sizes() -> Iterator[int]:
    size = FIRST_BATCH
    while True:
        yield size
        size = min(2 * size, BATCH)


def _passing(connection: sa.Connection, ids: list[int], filters: Filters) -> list[int]:
    """Return those of `ids` that are there and pass the filters, newest first."""
    query = sa.select(articles.c.id).where(articles.c.id.in_(ids)).order_by(articles.c.id.desc())
    if filters.since is not None:
        query = query.where(articles.c.first_seen >= filters.since)
    if filters.until is not None:
        query = query.where(articles.c.first_seen < filters.until)
    if filters.lang is not None:
        query = query.where(articles.c.lang == filters.lang)
    if filters.newsroom is not None:
        of_feed = sa.select(feeds.c.id).where(feeds.c.slug == filters.newsroom)
        query = query.where(sa.or_(articles.c.newsroom == filters.newsroom, articles.c.feed_id.in_(of_feed)))
    if filters.pack is not None:
        matched = (
            sa.exists()
            .where(revisions.c.article_id == articles.c.id)
            .where(matches.c.revision_id == revisions.c.id, matches.c.pack == filters.pack)
        )
        query = query.where(matched)
    return list(connection.execute(query).scalars())


# -- the question in the words of a database ---------------------------------------------------------


def to_fts5(connection: sa.Connection, asked: Wanted) -> str:
    """Return what FTS5 is asked, with every spelling of each word that the archive holds."""
    return _fts5(asked, _Spellings(connection, asked))


def to_tsquery(connection: sa.Connection, asked: Wanted) -> str:
    """Return what `to_tsquery('simple', ...)` is asked, with every spelling of each word that the archive holds."""
    return _tsquery(asked, _Spellings(connection, asked))


Spelling = tuple[str, bool]
"""Words that stand side by side, and whether the last of them is only how it begins."""


class _Spellings:
    """How the forms of a question stand in the index."""

    def __init__(self, connection: sa.Connection, asked: Wanted) -> None:
        found = list(_phrases(asked))
        whole = {form for one in found for form in (one.forms[:-1] if one.begins else one.forms)}
        self._whole = word_forms.find(connection, whole)
        heads = {one.forms[-1] for one in found if one.begins}
        self._begun = {head: word_forms.find_beginning(connection, head) for head in heads}

    def of(self, asked: Phrase) -> list[list[Spelling]]:
        """Return the spellings of each word of a phrase, the word itself first."""
        found = [self._of(form) for form in asked.forms]
        if asked.begins:
            head = asked.forms[-1]
            others = (_spelling(words) for words in self._begun[head] if not words.startswith(head))
            found[-1] = [(head, True), *others]
        return found

    def _of(self, form: str) -> list[Spelling]:
        return [(form, False), *map(_spelling, self._whole.get(form, ()))]


def _spelling(words: str) -> Spelling:
    return words.rstrip("*"), words.endswith("*")


def _phrases(asked: Wanted) -> Iterator[Phrase]:
    if isinstance(asked, Phrase):
        yield asked
    else:
        for part in asked.parts:
            yield from _phrases(part)


def _fts5(asked: Wanted, spellings: _Spellings) -> str:
    if isinstance(asked, Phrase):
        words = f"({_fts5_phrase(spellings.of(asked))})"
        return words if asked.column is None else f"{{{asked.column}}} : {words}"
    sign = " AND " if isinstance(asked, All) else " OR "
    return f"({sign.join(_fts5(part, spellings) for part in asked.parts)})"


def _fts5_phrase(words: Sequence[list[Spelling]]) -> str:
    count = 1
    for ways in words:
        count *= len(ways)
    if count > MOST_SPELLINGS or any(begins for ways in words[:-1] for _, begins in ways):
        each = (" OR ".join(map(_fts5_words, ways)) for ways in words)
        return f"({' AND '.join(f'({one})' for one in each)})"
    return " OR ".join(_fts5_words(_joined(ways)) for ways in itertools.product(*words))


def _joined(words: Iterable[Spelling]) -> Spelling:
    words = list(words)
    return " ".join(word for word, _ in words), words[-1][1]


def _fts5_words(spelling: Spelling) -> str:
    words, begins = spelling
    return f'"{words}"{" *" if begins else ""}'  # folded words hold letters, digits and dots only


def _tsquery(asked: Wanted, spellings: _Spellings) -> str:
    if isinstance(asked, Phrase):
        return "(" + " & ".join(_one_of(ways) for ways in spellings.of(asked)) + ")"
    sign = " & " if isinstance(asked, All) else " | "
    return f"({sign.join(_tsquery(part, spellings) for part in asked.parts)})"


def _one_of(ways: list[Spelling]) -> str:
    return "(" + " | ".join(map(_lexemes, ways)) + ")"


def _lexemes(spelling: Spelling) -> str:
    words, begins = spelling
    *before, last = words.split(" ")
    return "(" + " & ".join([*(f"'{word}'" for word in before), f"'{last}'{':*' if begins else ''}"]) + ")"


def is_held(connection: sa.Connection, words: str, begins: bool = False) -> bool:
    """Return whether the index holds words side by side (on PostgreSQL: in one article)."""
    if connection.dialect.name == "sqlite":
        query, asked = "SELECT 1 FROM search WHERE search MATCH :words LIMIT 1", _fts5_words((words, begins))
    else:
        query = "SELECT 1 FROM search WHERE words @@ to_tsquery('simple', :words) LIMIT 1"
        asked = _lexemes((words, begins))
    return connection.execute(sa.text(query), {"words": asked}).first() is not None


def seen_at(connection: sa.Connection, article_id: int) -> datetime | None:
    """Return when the newest article up to an id was first seen; None where there is none."""
    query = sa.select(articles.c.first_seen).where(articles.c.id <= article_id).order_by(articles.c.id.desc())
    found: datetime | None = connection.scalar(query.limit(1))
    return found
