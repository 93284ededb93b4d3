"""Articles, their revisions, texts and full-text rows."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import model
from monitor.store import later
from monitor.store.rows import unless_there
from monitor.store.schema import articles, entries, feeds, matches, revisions, stories, texts


@dataclass(frozen=True, slots=True)
class StoredArticle:
    """An article with its newest revision."""

    id: int
    feed_id: int
    entry_id: int
    story_id: int
    url: str | None
    canonical_url: str | None
    newsroom: str
    aggregator: str | None
    """Newsroom of the feed that only passed it on."""
    author: str | None
    lang: str | None
    published: datetime | None
    first_seen: datetime
    folded_hash: str | None
    partial: bool
    retry_at: datetime | None
    retries: int
    duplicate_of: int | None
    duplicate_reason: str | None
    revision_id: int
    revision_n: int
    partial_reason: str | None
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class NewRevision:
    """A revision to store."""

    title: str
    text: str
    lang: str | None
    partial: bool
    partial_reason: str | None
    cut: bool
    ruleset_id: str | None
    table_id: str


def text_hash(text: str) -> str:
    """Return the address of a text: equal texts are stored once."""
    return hashlib.sha256(text.encode()).hexdigest()


_NEWEST = (
    sa.select(
        articles,
        revisions.c.id.label("revision_id"),
        revisions.c.n,
        revisions.c.partial_reason,
        revisions.c.title,
        texts.c.text,
    )
    .join(revisions, revisions.c.article_id == articles.c.id)
    .join(texts, texts.c.hash == revisions.c.text_hash)
)


def _stored(row: sa.RowMapping) -> StoredArticle:
    return StoredArticle(
        **{name: row[name] for name in StoredArticle.__dataclass_fields__ if name != "revision_n"}, revision_n=row["n"]
    )


def get(connection: sa.Connection, article_id: int) -> StoredArticle | None:
    """Return one article with its newest revision."""
    query = _NEWEST.where(articles.c.id == article_id).order_by(revisions.c.n.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    return None if row is None else _stored(row)


def text_of(connection: sa.Connection, revision_id: int) -> str:
    """Return the text of one revision."""
    query = sa.select(texts.c.text).join(revisions, revisions.c.text_hash == texts.c.hash)
    return str(connection.execute(query.where(revisions.c.id == revision_id)).scalar() or "")


def words_of(connection: sa.Connection, revision_id: int) -> tuple[str, str, str]:
    """Return newsroom, title and text of one revision."""
    query = (
        sa.select(articles.c.newsroom, revisions.c.title, texts.c.text)
        .join(revisions, revisions.c.article_id == articles.c.id)
        .join(texts, texts.c.hash == revisions.c.text_hash)
    )
    row = connection.execute(query.where(revisions.c.id == revision_id)).one()
    return row.newsroom, row.title, row.text


# An untrusted article may be like a trusted one in all that identifies it: it is known by its feed alone, which is
# asked of the rows that are found. A join would be made, and sorted, for each article with a text that thousands share.
_TRUSTED = sa.select(feeds.c.trusted).where(feeds.c.id == articles.c.feed_id).scalar_subquery()
_OF_TRUSTED = _TRUSTED.is_(sa.true())
_BY_URL = (
    sa.select(articles.c.id)
    .where(articles.c.canonical_url == sa.bindparam("canonical"))
    .order_by(articles.c.id)
    .limit(1)
)
_BY_TRUSTED_URL = _BY_URL.where(_OF_TRUSTED)


def find_by_url(connection: sa.Connection, canonical_url: str, trusted: bool = False) -> StoredArticle | None:
    """Return the first article with this canonical URL; `trusted`: the first that a trusted feed brought."""
    query = _BY_TRUSTED_URL if trusted else _BY_URL
    found = connection.execute(query, {"canonical": canonical_url}).scalar()
    return None if found is None else get(connection, found)


def find_by_link(connection: sa.Connection, url: str) -> int | None:
    """Return the id of the first article with this very link or canonical URL."""
    query = sa.select(articles.c.id).where(sa.or_(articles.c.url == url, articles.c.canonical_url == url))
    return connection.execute(query.order_by(articles.c.id).limit(1)).scalar()


@dataclass(frozen=True, slots=True)
class Likeness:
    """What tells that an earlier article is the same."""

    canonical_url: str | None
    folded_hash: str | None
    newsroom: str
    title: str
    trusted: bool = True
    """Whether its feed is trusted."""


@dataclass(frozen=True, slots=True)
class Alike:
    """What stands in the archive that is like an article."""

    twin: tuple[int, int, str] | None
    """(article id, story id, `same_url` or `same_text`) of the earliest one that is the same."""
    is_wall: bool
    """Whether its newsroom has brought the same text before: under another headline it is a consent wall."""


def find_alike(connection: sa.Connection, like: Likeness) -> Alike:
    """Return the earliest article with the same canonical URL, else with the same folded text, and whose text it is.

    Two articles of one newsroom with one text and two headlines are no twins: what they share is a consent wall or an
    error page, and folding them would hide the second. Twins of trusted feeds come first. A trusted article joins one
    of an untrusted feed only in a story without any other trusted article: with the address of one report and the text
    of another, it would else tie two stories together and hide the second.
    """
    known = {"canonical": like.canonical_url, "folded": like.folded_hash, "paper": like.newsroom}
    known["headline"] = like.title
    rows = {row.reason: row for row in connection.execute(_ALIKE, known)}
    is_wall, untrusted = _WALL in rows, []
    for reason, query in _SAME.items():
        row = rows.get(reason)
        if row is not None and not row.trusted:
            untrusted.append((row.id, row.story_id, reason))
            row = connection.execute(query.where(_OF_TRUSTED), known).first()
        if row is not None:
            return Alike((row.id, row.story_id, reason), is_wall)
    joinable = (twin for twin in untrusted if not (like.trusted and _is_trusted_story(connection, twin[1])))
    return Alike(next(joinable, None), is_wall)


def is_trusted(connection: sa.Connection, article_id: int) -> bool:
    """Return whether a trusted feed brought an article."""
    return (
        connection.execute(sa.select(articles.c.id).where(articles.c.id == article_id, _OF_TRUSTED)).first() is not None
    )


def _is_trusted_story(connection: sa.Connection, story_id: int) -> bool:
    query = sa.select(articles.c.id).where(articles.c.story_id == story_id, _OF_TRUSTED).limit(1)
    return connection.execute(query).first() is not None


# Built once: to build a statement costs more than to run it. Of what is unknown nothing is equal to NULL.
_EARLIEST = sa.select(articles.c.id, articles.c.story_id, _TRUSTED.label("trusted")).order_by(articles.c.id).limit(1)
_SAME_URL = _EARLIEST.where(articles.c.canonical_url == sa.bindparam("canonical"))
_SAME_TEXT = (
    _EARLIEST.join(revisions, sa.and_(revisions.c.article_id == articles.c.id, revisions.c.n == 1))
    .where(articles.c.folded_hash == sa.bindparam("folded"))
    .where(sa.or_(articles.c.newsroom != sa.bindparam("paper"), revisions.c.title == sa.bindparam("headline")))
)
_SAME = {"same_url": _SAME_URL, "same_text": _SAME_TEXT}
_WALL = "wall"
_WALLED = (
    sa.select(articles.c.id, articles.c.story_id, sa.true().label("trusted"))
    .where(articles.c.folded_hash == sa.bindparam("folded"), articles.c.newsroom == sa.bindparam("paper"))
    .limit(1)
)
_ALIKE = sa.union_all(
    *(
        sa.select(sa.literal_column(f"'{reason}'").label("reason"), *query.subquery().c)
        for reason, query in {**_SAME, _WALL: _WALLED}.items()
    )
)


def new_story(connection: sa.Connection, now: datetime) -> int:
    """Start a story with the one article that is decided now, and return its id."""
    return later.new_id(connection, stories.insert(), {"created_at": now, "updated_at": now, "articles": 1})


def count_in_story(connection: sa.Connection, story_id: int, now: datetime, new: int) -> None:
    """Note that a story has so many `new` articles, and that one of its articles was decided `now`."""
    later.soon(connection, _COUNT_IN_STORY, {"story": story_id, "at": now, "new": new})


_COUNT_IN_STORY = (
    stories.update()
    .where(stories.c.id == sa.bindparam("story"))
    .values(articles=stories.c.articles + sa.bindparam("new"), updated_at=sa.bindparam("at"))
)


def insert(connection: sa.Connection, **values: Any) -> int:
    """Store an article's own row and return its id."""
    return later.new_id(connection, articles.insert(), {"retries": 0, **values})


def update(connection: sa.Connection, article_id: int, **values: Any) -> None:
    """Change columns of an article's own row."""
    connection.execute(articles.update().where(articles.c.id == article_id).values(**values))


def add_revision(connection: sa.Connection, article_id: int, n: int, new: NewRevision, now: datetime) -> int:
    """Store a revision and its text; return the revision's id."""
    address = text_hash(new.text)
    later.soon(connection, unless_there(connection, texts), {"hash": address, "text": new.text})
    row = {
        "article_id": article_id,
        "n": n,
        "title": new.title,
        "text_hash": address,
        "lang": new.lang,
        "partial": new.partial,
        "partial_reason": new.partial_reason,
        "cut": new.cut,
        "ruleset_id": new.ruleset_id,
        "table_id": new.table_id,
        "created_at": now,
    }
    return later.new_id(connection, revisions.insert(), row)


def index_words(
    connection: sa.Connection, article_id: int, words: tuple[str, str], before: tuple[str, str] | None
) -> None:
    """Put folded title and text words into the full-text index, in place of what stood there before."""
    if connection.dialect.name == "postgresql":
        later.write(connection, _INDEX_VECTOR, {"id": article_id, "words": " ".join(words)})
        return
    if before is not None:  # a contentless table forgets a row only when told what the row held
        connection.execute(
            sa.text("INSERT INTO search(search, rowid, title, text) VALUES('delete', :id, :title, :text)"),
            {"id": article_id, "title": before[0], "text": before[1]},
        )
    later.write(connection, _INDEX_WORDS, {"id": article_id, "title": words[0], "text": words[1]})


_INDEX_WORDS = sa.text("INSERT INTO search(rowid, title, text) VALUES(:id, :title, :text)")
_INDEX_VECTOR = sa.text(
    "INSERT INTO search (article_id, words) VALUES (:id, to_tsvector('simple', :words))"
    " ON CONFLICT (article_id) DO UPDATE SET words = excluded.words"
)


def count_without_text(connection: sa.Connection) -> dict[str, int]:
    """Return how many articles have no full text, by why: `prefiltered`, or a reason for which they are partial."""
    later = revisions.alias("later")
    newest = ~sa.exists().where(later.c.article_id == revisions.c.article_id, later.c.n > revisions.c.n)
    query = (
        sa.select(revisions.c.partial_reason, sa.func.count())
        .where(revisions.c.partial_reason.is_not(None), newest)
        .group_by(revisions.c.partial_reason)
        .order_by(revisions.c.partial_reason)
    )
    return {reason: int(count) for reason, count in connection.execute(query)}


def list_retries(connection: sa.Connection, now: datetime, limit: int) -> list[int]:
    """Return ids of partial articles whose page is due for another try."""
    query = sa.select(articles.c.id).where(articles.c.retry_at <= now).order_by(articles.c.retry_at).limit(limit)
    return list(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision with what was matched in it, for explain and show."""

    id: int
    n: int
    title: str
    lang: str | None
    partial: bool
    ruleset_id: str | None
    created_at: datetime
    matches: tuple[Mapping[str, Any], ...]


def list_revisions(connection: sa.Connection, article_id: int) -> list[Revision]:
    """Return an article's revisions in order, with their matches."""
    query = sa.select(revisions).where(revisions.c.article_id == article_id).order_by(revisions.c.n)
    return [_revision(connection, row) for row in connection.execute(query).mappings().all()]


def _revision(connection: sa.Connection, row: sa.RowMapping) -> Revision:
    found = connection.execute(
        sa.select(matches).where(matches.c.revision_id == row["id"]).order_by(matches.c.pack, matches.c.rule)
    )
    return Revision(
        row["id"],
        row["n"],
        row["title"],
        row["lang"],
        row["partial"],
        row["ruleset_id"],
        row["created_at"],
        tuple(dict(match) for match in found.mappings()),
    )


# -- as rules see them -----------------------------------------------------------------------------

SEEN_BY_RULES = (
    *(articles.c[name] for name in ("url", "newsroom", "author", "published", "first_seen")),
    revisions.c.title,
    feeds.c.slug,
    feeds.c.tags.label("groups"),
    entries.c.tags,
)
"""What `seen_by_rules` asks of a row, beside `lang` and `partial` of the article or of one of its revisions."""


def seen_by_rules(row: sa.RowMapping, text: str) -> model.Article:
    """Return what a row tells of an article, as rules see it."""
    return model.Article(
        title=row["title"],
        text=text,
        lang=row["lang"],
        url=row["url"] or "",
        source=row["slug"],
        newsroom=row["newsroom"],
        groups=tuple(row["groups"]),
        author=row["author"] or "",
        tags=tuple(row["tags"]),
        published=row["published"],
        first_seen=row["first_seen"],
        partial=row["partial"],
    )


@dataclass(frozen=True, slots=True)
class Archived:
    """An article of the archive with its newest revision, as rules see it."""

    id: int
    story_id: int
    revision_id: int
    article: model.Article


_OTHER = revisions.alias("other")
_LAST = sa.select(sa.func.max(_OTHER.c.n)).where(_OTHER.c.article_id == articles.c.id).scalar_subquery()
NEWEST_REVISION = sa.and_(revisions.c.article_id == articles.c.id, revisions.c.n == _LAST)
_ARCHIVED = (
    sa.select(articles.c.id, articles.c.story_id, articles.c.lang, articles.c.partial, *SEEN_BY_RULES)
    .add_columns(revisions.c.id.label("revision_id"), texts.c.text)
    .select_from(articles)
    .join(revisions, NEWEST_REVISION)
    .join(texts, texts.c.hash == revisions.c.text_hash)
    .join(feeds, feeds.c.id == articles.c.feed_id)
    .join(entries, entries.c.id == articles.c.entry_id)
    .where(articles.c.id.in_(sa.bindparam("ids", expanding=True)))
    .order_by(articles.c.id.desc())
)


def load(connection: sa.Connection, ids: Sequence[int]) -> list[Archived]:
    """Return articles with their newest text, newest first; one that is gone meanwhile is left out."""
    rows = connection.execute(_ARCHIVED, {"ids": list(ids)}).mappings()
    return [Archived(row["id"], row["story_id"], row["revision_id"], seen_by_rules(row, row["text"])) for row in rows]
