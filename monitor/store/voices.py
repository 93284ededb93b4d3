"""Whose word the articles of a story give, counted as they come: a story of ten thousand costs what one of ten costs.

A claim is opaque text here (`stories.independence.Claim`). Each article has one; each (story, claim, feed) has a row
that counts its articles. Whether a feed is trusted is asked when voices are counted, so that declaring one untrusted
takes its word away at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitor.store import later
from monitor.store.schema import articles, feeds, voices


@dataclass(frozen=True, slots=True)
class Speaker:
    """An article, as far as whose word it gives is concerned."""

    id: int
    story_id: int
    feed_id: int
    newsroom: str
    aggregator: str | None
    credits: tuple[str, ...]
    duplicate_of: int | None
    copied_id: int | None
    """The head of its chain of copies."""
    claim: str | None
    """None: not counted yet."""
    trusted: bool
    counted: bool = True
    """Whether its story's voices are kept: not those of articles stored by a version that did not count."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is stored of an article."""

    credits: tuple[str, ...]
    claim: str
    head: int | None = None
    """Of its chain of copies; None: itself."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A claim of a story, with the newsroom of the first article that gives it."""

    claim: str
    newsroom: str


_SPEAKERS = sa.select(
    *(articles.c[name] for name in ("id", "story_id", "feed_id", "newsroom", "aggregator", "credits")),
    *(articles.c[name] for name in ("duplicate_of", "copied_id", "claim")),
    feeds.c.trusted,
).join(feeds, feeds.c.id == articles.c.feed_id)
_COUNTED = sa.exists().where(voices.c.story_id == articles.c.story_id).label("counted")
_ONE = _SPEAKERS.add_columns(_COUNTED).where(articles.c.id == sa.bindparam("article"))
_OF_STORY = _SPEAKERS.where(articles.c.story_id == sa.bindparam("story")).order_by(articles.c.id)
_COPIES = _SPEAKERS.where(articles.c.copied_id == sa.bindparam("head")).order_by(articles.c.id)
_KEY = sa.and_(
    voices.c.story_id == sa.bindparam("story"),
    voices.c.claim == sa.bindparam("said"),
    voices.c.feed_id == sa.bindparam("feed"),
)
_MORE = voices.update().where(_KEY).values(articles=voices.c.articles + sa.bindparam("many"))
_ADD = {  # whoever was first stays first
    name: insert(voices).on_conflict_do_update(
        index_elements=list(voices.primary_key), set_={"articles": voices.c.articles + insert(voices).excluded.articles}
    )
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_GONE = voices.delete().where(_KEY, voices.c.articles <= 0)
_NEXT = (  # the articles have their new claims already
    voices.update()
    .where(_KEY, voices.c.first_id == sa.bindparam("first"))
    .values(
        first_id=sa.select(sa.func.coalesce(sa.func.min(articles.c.id), sa.bindparam("first")))
        .where(
            articles.c.story_id == sa.bindparam("story"),
            articles.c.claim == sa.bindparam("said"),
            articles.c.feed_id == sa.bindparam("feed"),
        )
        .scalar_subquery()
    )
)
_FIRST = sa.func.min(voices.c.first_id).label("first_id")
_CLAIMS = (
    sa.select(voices.c.claim, _FIRST)
    .join(feeds, feeds.c.id == voices.c.feed_id)
    .where(voices.c.story_id == sa.bindparam("story"), voices.c.claim != "", feeds.c.trusted.is_(sa.true()))
    .group_by(voices.c.claim)
    .subquery()
)
_SPOKEN = (
    sa.select(_CLAIMS.c.claim, articles.c.newsroom)
    .join(articles, articles.c.id == _CLAIMS.c.first_id)
    .order_by(_CLAIMS.c.first_id, _CLAIMS.c.claim)
)


def _speaker(row: sa.RowMapping) -> Speaker:
    return Speaker(**{**row, "credits": tuple(row["credits"] or ()), "counted": bool(row.get("counted", True))})


def get_speaker(connection: sa.Connection, article_id: int) -> Speaker | None:
    """Return one article."""
    row = connection.execute(_ONE, {"article": article_id}).mappings().first()
    return None if row is None else _speaker(row)


def list_speakers(connection: sa.Connection, story_id: int) -> list[Speaker]:
    """Return all articles of a story, in order of arrival."""
    return [_speaker(row) for row in connection.execute(_OF_STORY, {"story": story_id}).mappings()]


def list_copies(connection: sa.Connection, head: int) -> list[Speaker]:
    """Return the copies in the chain of `head`, itself left out, in order of arrival."""
    return [_speaker(row) for row in connection.execute(_COPIES, {"head": head}).mappings()]


def list_spoken(connection: sa.Connection, story_id: int) -> list[Spoken]:
    """Return the claims of a story that articles of trusted feeds make, in order of arrival; nobody's left out."""
    return [Spoken(*row) for row in connection.execute(_SPOKEN, {"story": story_id})]


def record_speaker(connection: sa.Connection, speaker: Speaker, told: Told) -> None:
    """Store whom an article credits and whose word it gives, and count it under that claim."""
    values = {"credited": list(told.credits) or None, "said": told.claim, "head": told.head}
    later.soon(connection, _TELL, {"article": speaker.id, **values})
    _move(connection, [speaker], told.claim)


def begin(connection: sa.Connection, story_id: int, claim: str, feed_id: int, article_id: int) -> None:
    """Count the first article of a new story, whose row has its claim already."""
    _count(connection, (story_id, claim, feed_id), [article_id])


def record_claims(connection: sa.Connection, speakers: Iterable[Speaker], claim: str) -> None:
    """Count articles under `claim`, no longer under those that they had."""
    moving = [speaker for speaker in speakers if speaker.claim != claim]
    if moving:
        connection.execute(_CLAIM, [{"article": speaker.id, "said": claim} for speaker in moving])
        _move(connection, moving, claim)


def _move(connection: sa.Connection, speakers: Sequence[Speaker], claim: str) -> None:
    moving = [speaker for speaker in speakers if speaker.claim != claim]
    for key, found in _by_row(speaker for speaker in moving if speaker.claim is not None).items():
        row = dict(zip(_ROW, key, strict=True))
        connection.execute(_MORE, {**row, "many": -len(found)})
        connection.execute(_GONE, row)
        connection.execute(_NEXT, {**row, "first": min(found)})
    for key, found in _by_row(replace(speaker, claim=claim) for speaker in moving).items():
        _count(connection, key, found)


def _count(connection: sa.Connection, key: tuple[int, str | None, int], article_ids: Sequence[int]) -> None:
    """Count articles of a feed under the claim of a story, which may have some already."""
    story, claim, feed = key
    row = {"story_id": story, "claim": claim, "feed_id": feed}
    row |= {"articles": len(article_ids), "first_id": min(article_ids)}
    later.soon(connection, _ADD[connection.dialect.name], row)


_ROW = ("story", "said", "feed")


def _by_row(speakers: Iterable[Speaker]) -> dict[tuple[int, str | None, int], list[int]]:
    rows: dict[tuple[int, str | None, int], list[int]] = {}
    for speaker in speakers:
        rows.setdefault((speaker.story_id, speaker.claim, speaker.feed_id), []).append(speaker.id)
    return rows


def record_head(connection: sa.Connection, article_ids: Sequence[int], head: int | None) -> None:
    """Note behind which article articles stand in a chain of copies; None: each begins its own."""
    if article_ids:
        connection.execute(_HEAD, [{"article": article_id, "head": head} for article_id in article_ids])


def merge(connection: sa.Connection, story_id: int, into: int) -> None:
    """Count all that was counted for a story for another one, which its articles belong to now."""
    for row in connection.execute(sa.select(voices).where(voices.c.story_id == story_id)).mappings().all():
        key = {"story": into, "said": row["claim"], "feed": row["feed_id"]}
        if connection.execute(_MORE, {**key, "many": row["articles"]}).rowcount == 0:
            connection.execute(voices.insert(), {**row, "story_id": into})
        else:
            earlier = voices.update().where(_KEY, voices.c.first_id > row["first_id"])
            connection.execute(earlier.values(first_id=row["first_id"]), key)
    connection.execute(voices.delete().where(voices.c.story_id == story_id))


def clear(connection: sa.Connection, story_id: int) -> None:
    """Forget the voices of a story and the claims of its articles, to be counted anew."""
    connection.execute(voices.delete().where(voices.c.story_id == story_id))
    connection.execute(articles.update().where(articles.c.story_id == story_id).values(claim=None, copied_id=None))


_TELL = (
    articles.update()
    .where(articles.c.id == sa.bindparam("article"))
    .values(credits=sa.bindparam("credited"), claim=sa.bindparam("said"), copied_id=sa.bindparam("head"))
)
_CLAIM = articles.update().where(articles.c.id == sa.bindparam("article")).values(claim=sa.bindparam("said"))
_HEAD = articles.update().where(articles.c.id == sa.bindparam("article")).values(copied_id=sa.bindparam("head"))
