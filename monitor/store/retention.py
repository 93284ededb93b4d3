"""Texts that were kept long enough: those of articles that nobody was told of go, with all that is derived from them.

Title, address, matches and decisions stay, so that nothing points nowhere: a story still counts its articles, and why
an article was not told can still be read. What was told keeps everything that it told.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor.store import articles as store_articles
from monitor.store import search, sketches, word_forms
from monitor.store.rows import read_counter
from monitor.store.schema import alerts, articles, counters, entries, holds, revisions, story_terms, texts
from monitor.store.wanted import phrase

REMOVED = "retention"
"""The `partial_reason` of a revision whose text was removed."""

_DONE = "texts_removed"
"""Counter: the newest article that was looked at."""

_EMPTY = store_articles.text_hash("")


@dataclass(frozen=True, slots=True)
class Old:
    """An article whose texts are to go; `title` and `text` of its newest revision."""

    id: int
    revision_id: int
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Due:
    """Some of the articles that are old enough, and the newest that was looked at for them; 0: there is none."""

    old: tuple[Old, ...]
    newest: int


def list_due(connection: sa.Connection, before: datetime, limit: int) -> Due:
    """Return the next articles first seen `before` a time, in the order of their ids, `limit` of them at most.

    Told and held ones are passed over. An article that is older than one before it waits for that one.
    """
    done = read_counter(connection, _DONE) or 0
    query = sa.select(articles.c.id, articles.c.first_seen).where(articles.c.id > done).order_by(articles.c.id)
    newest, ids = 0, []
    for row in connection.execute(query.limit(limit)):
        if row.first_seen >= before:
            break
        newest = row.id
        ids.append(row.id)
    return Due(tuple(_list_old(connection, ids)), newest)


def _list_old(connection: sa.Connection, ids: list[int]) -> list[Old]:
    query = (
        sa.select(articles.c.id, revisions.c.id.label("revision_id"), revisions.c.title, texts.c.text)
        .select_from(articles)
        .join(revisions, store_articles.NEWEST_REVISION)
        .join(texts, texts.c.hash == revisions.c.text_hash)
        .where(articles.c.id.in_(ids), _NOBODY_TOLD)
        .order_by(articles.c.id)
    )
    return [Old(*row) for row in connection.execute(query)]


_NOBODY_TOLD = sa.and_(
    ~sa.exists().where(alerts.c.article_id == articles.c.id), ~sa.exists().where(holds.c.article_id == articles.c.id)
)


def count_due(connection: sa.Connection, before: datetime) -> tuple[int, int]:
    """Return how many articles first seen `before` a time have texts that may go, and how many bytes these have."""
    query = (
        sa.select(sa.func.count(sa.distinct(articles.c.id)), sa.func.sum(sa.func.length(texts.c.text)))
        .select_from(articles)
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(texts, texts.c.hash == revisions.c.text_hash)
        .where(articles.c.first_seen < before, revisions.c.text_hash != _EMPTY, _NOBODY_TOLD)
    )
    count, size = connection.execute(query).one()
    return int(count), int(size or 0)


@dataclass(frozen=True, slots=True)
class Removal:
    """What stands in indexes of an article's text: its folded words, and the hashes of its sketch."""

    old: Old
    title_words: str
    text_words: str
    hashes: tuple[int, ...]


def remove(connection: sa.Connection, removal: Removal) -> bool:
    """Remove the texts of an article; return whether it still stood as it was read, and there was something to go."""
    own = removal.old
    known = revisions.c.article_id == own.id
    newest = connection.scalar(sa.select(revisions.c.id).where(known).order_by(revisions.c.n.desc()).limit(1))
    told = connection.scalar(sa.select(articles.c.id).where(articles.c.id == own.id, _NOBODY_TOLD)) is None
    if newest != own.revision_id or told:
        return False
    hashes = set(connection.execute(sa.select(revisions.c.text_hash).where(known)).scalars()) - {_EMPTY}
    if not hashes:
        return False
    if connection.scalar(sa.select(texts.c.hash).where(texts.c.hash == _EMPTY)) is None:
        connection.execute(texts.insert(), {"hash": _EMPTY, "text": ""})
    connection.execute(revisions.update().where(known).values(text_hash=_EMPTY, partial_reason=REMOVED))
    shared = sa.exists().where(revisions.c.text_hash == texts.c.hash)
    connection.execute(texts.delete().where(texts.c.hash.in_(hashes), ~shared))
    before = removal.title_words, removal.text_words
    store_articles.index_words(connection, own.id, (removal.title_words, ""), before)
    sketches.record(connection, own.id, _NO_SKETCH, removal.hashes)
    connection.execute(story_terms.delete().where(story_terms.c.article_id == own.id))
    nothing_left = {"features": None, "retry_at": None}
    connection.execute(articles.update().where(articles.c.id == own.id).values(**nothing_left))
    connection.execute(entries.update().where(entries.c.article_id == own.id).values(summary=""))
    return True


@dataclass(frozen=True, slots=True)
class _NoSketch:
    kind: str = ""
    hashes: tuple[int, ...] = ()
    digest: bytes = b""
    size: int = 0


_NO_SKETCH = _NoSketch()


def note_done(connection: sa.Connection, newest: int) -> None:
    """Note down to which article everything was looked at."""
    done = counters.update().where(counters.c.name == _DONE, counters.c.value < newest).values(value=newest)
    if not connection.execute(done).rowcount and read_counter(connection, _DONE) is None:
        connection.execute(counters.insert().values(name=_DONE, value=newest))


# -- word forms that no text holds any more --------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Forms:
    """Some word forms that may be forgotten, and the last that was looked at; START: the table ends there."""

    idle: tuple[word_forms.Pair, ...]
    last: word_forms.Pair


START: word_forms.Pair = ("", "")


def list_idle_forms(connection: sa.Connection, after: word_forms.Pair, limit: int) -> Forms:
    """Return which of the next `limit` word forms behind `after` lead to words that stand nowhere."""
    pairs = word_forms.list_after(connection, after, limit)
    idle = tuple(pair for pair in pairs if not stands(connection, pair))
    return Forms(idle, pairs[-1] if len(pairs) == limit else START)


def forget_idle_forms(connection: sa.Connection, idle: tuple[word_forms.Pair, ...]) -> int:
    """Forget those word forms whose words still stand nowhere; return how many."""
    gone = [pair for pair in idle if not stands(connection, pair)]
    word_forms.forget(connection, gone)
    return len(gone)


def stands(connection: sa.Connection, pair: word_forms.Pair) -> bool:
    """Return whether the index holds the words of a form; True where it cannot tell."""
    words, begins = pair[1].rstrip("*"), pair[1].endswith("*")
    asked = phrase(words.split(" "), begins)
    return asked is None or search.is_held(connection, words, begins)
