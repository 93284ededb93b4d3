"""Which stories an article may belong to, by the terms of the articles of the last days; how often terms occur."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa

from monitor.store import later
from monitor.store.rows import new_id
from monitor.store.schema import UtcTime, articles, stories, story_changes, story_terms

WINDOW = timedelta(days=4)
"""How long after it came out an article is compared with others."""
MOST_OF_TERM = 64
"""Articles that are found by one term, the newest: what more share does not tell stories apart."""
NEAREST = 24
"""Articles that share the most with the newcomer and are compared with it, ..."""
STORIES, OLDEST = 5, 3
"""... and, of the stories of the nearest, the first articles."""
TOTAL, LEARNED = -1, -2
"""The terms whose counts are those of all articles, and of the reports whose words alone were counted."""
MOST_PRUNED = 500
"""Articles whose terms one sweep deletes."""


class Near(NamedTuple):
    """An earlier article that may tell of the same event."""

    article_id: int
    story_id: int
    published: datetime | None
    first_seen: datetime
    features: bytes


def count_terms(connection: sa.Connection, terms: Sequence[int]) -> tuple[Mapping[int, int], int, int]:
    """Return in how many articles each term stood, how many articles there were, and of how many more words alone."""
    asked = {"terms": _listed(connection, [TOTAL, LEARNED, *terms])}
    rows = connection.execute(_COUNTS[connection.dialect.name], asked)
    found = {row.term: row.articles for row in rows}
    return found, found.pop(TOTAL, 0), found.pop(LEARNED, 0)


def add_terms(
    connection: sa.Connection, terms: Sequence[int], whole: bool = True
) -> tuple[Mapping[int, int], int, int]:
    """Count an article's terms, each once, and the article; return what `count_terms` would have said before.

    `whole`: False where they are those of its words alone.
    """
    other = LEARNED if whole else TOTAL
    asked = {"terms": _listed(connection, sorted({TOTAL, LEARNED, *terms})), "other": other}
    rows = connection.execute(_COUNT[connection.dialect.name], asked)
    found = {row.term: row.articles - (row.term != other) for row in rows}
    return found, found.pop(TOTAL), found.pop(LEARNED)


def index_terms(
    connection: sa.Connection, article_id: int, terms: Sequence[int], trusted: bool, replaces: bool = False
) -> None:
    """Store the terms that an article is found by; `replaces`: instead of those of its revision before."""
    if replaces:
        connection.execute(_UNINDEX, {"of_article": article_id})
    if terms:
        listed = _listed(connection, sorted({_kept(term, trusted) for term in terms}))
        later.soon(connection, _INDEX[connection.dialect.name], {"article": article_id, "terms": listed})


def find_near(
    connection: sa.Connection, weights: Mapping[int, int], at: datetime, trusted: bool, but: int = 2**62
) -> list[Near]:
    """Return the articles to compare with a newcomer, in the order of their ids; at most NEAREST + STORIES * OLDEST.

    Args:
        weights: The newcomer's terms, each with what it is worth.
        at: When it came out; others that came out within WINDOW are found.
        trusted: Whether its feed is trusted: it is then compared with articles of trusted feeds only, so that others
            neither keep it from being told nor tie stories together.
        but: Id below which articles are found.
    """
    if not weights:
        return []
    kinds = (True,) if trusted else (True, False)
    pairs = [[_kept(term, kind), weight] for term, weight in sorted(weights.items()) for kind in kinds]
    asked = {"terms": json.dumps(pairs), "but": but, "since": at - WINDOW, "until": at + WINDOW, "trusted": trusted}
    return [Near(*row) for row in connection.execute(_NEAR[connection.dialect.name], asked)]


class Kept(NamedTuple):
    """What an article is compared by."""

    article_id: int
    story_id: int
    published: datetime | None
    first_seen: datetime
    features: bytes | None
    original: int | None
    """The article at the head of its chain of copies; None: itself."""


def kept_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Kept]:
    """Return by what articles are compared, by id; those that they copy are among them."""
    found = _kept_of(connection, ids)
    originals = {row.original for row in found.values() if row.original is not None}
    return found | _kept_of(connection, originals - found.keys())


def _kept_of(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Kept]:
    asked = sorted(ids)
    rows = connection.execute(_KEPT, {"ids": asked}) if asked else ()
    return {row[0]: Kept._make(row) for row in rows}


def _kept(term: int, trusted: bool) -> int:
    """Return the number under which a term is indexed: articles of feeds that are not trusted crowd out no others."""
    return 2 * term + (not trusted)


class Merge(Protocol):
    """Two stories that are one: `stories.assign.Merge`."""

    @property
    def younger(self) -> int:
        """The story that becomes part of the other."""
        ...

    @property
    def older(self) -> int:
        """The story that stays."""
        ...

    @property
    def fit(self) -> float:
        """How well they fit one another."""
        ...


def merge(connection: sa.Connection, found: Merge, article_id: int, seq: int, now: datetime) -> None:
    """Make one story part of another: its articles move, what was told of it stays told.

    Args: `article_id`: whose coming showed it; `seq`: the number of the decision about it.
    """
    moving = articles.update().where(articles.c.story_id == found.younger).values(story_id=found.older)
    moved = connection.execute(moving).rowcount
    grown = stories.update().where(stories.c.id == found.older)
    connection.execute(grown.values(articles=stories.c.articles + moved, updated_at=now))
    gone = stories.update().where(stories.c.id == found.younger)
    connection.execute(gone.values(articles=0, merged_into=found.older))
    row = {"kind": "merge", "story_id": found.younger, "other_id": found.older, "article_id": article_id}
    detail = {"fit": found.fit, "articles": moved}
    new_id(connection, story_changes.insert(), row | {"decided_seq": seq, "at": now, "detail": detail})


def prune_terms(connection: sa.Connection, now: datetime) -> int:
    """Forget by what articles were found that are too old to be compared; return how many rows went."""
    oldest = sa.select(story_terms.c.article_id).distinct().order_by(story_terms.c.article_id).limit(MOST_PRUNED)
    listed = oldest.subquery()
    old = sa.select(articles.c.id).join(listed, listed.c.article_id == articles.c.id)
    ids = list(connection.execute(old.where(articles.c.first_seen < now - 2 * WINDOW)).scalars())
    return connection.execute(story_terms.delete().where(story_terms.c.article_id.in_(ids))).rowcount if ids else 0


# -- statements ------------------------------------------------------------------------------------
# Lists go beside a statement as one value: one that is built anew for each length of them costs more than it takes.


def _listed(connection: sa.Connection, terms: Sequence[int]) -> Any:
    return json.dumps(terms) if connection.dialect.name == "sqlite" else list(terms)


_EACH = {"sqlite": "json_each(:terms) AS each", "postgresql": "unnest(CAST(:terms AS bigint[])) AS each(value)"}
_PAIRS = {
    "sqlite": "SELECT value ->> 0 AS term, value ->> 1 AS weight FROM json_each(:terms)",
    "postgresql": "SELECT CAST(value ->> 0 AS bigint) AS term, CAST(value ->> 1 AS bigint) AS weight"
    " FROM jsonb_array_elements(CAST(:terms AS jsonb))",
}
# The bounds of SQLite's are keys of its index, asked for once; PostgreSQL would ask for them at every row.
_NEWEST = {
    "sqlite": f"""wanted CROSS JOIN story_terms
        WHERE story_terms.term = wanted.term AND story_terms.article_id < :but
            AND story_terms.article_id >= COALESCE((
                SELECT newer.article_id FROM story_terms AS newer
                WHERE newer.term = wanted.term AND newer.article_id < :but
                ORDER BY newer.article_id DESC LIMIT 1 OFFSET {MOST_OF_TERM - 1}
            ), 0)""",
    "postgresql": f"""wanted CROSS JOIN LATERAL (
            SELECT newer.article_id FROM story_terms AS newer
            WHERE newer.term = wanted.term AND newer.article_id < :but
            ORDER BY newer.article_id DESC LIMIT {MOST_OF_TERM}
        ) AS story_terms""",
}
_FIRST = {
    "sqlite": f"""close JOIN articles ON articles.story_id = close.id
            AND articles.id <= COALESCE((
                SELECT early.id FROM articles AS early WHERE early.story_id = close.id
                ORDER BY early.id LIMIT 1 OFFSET {OLDEST - 1}
            ), articles.id)
        WHERE articles.id < :but""",
    "postgresql": f"""close CROSS JOIN LATERAL (
            SELECT early.id FROM articles AS early WHERE early.story_id = close.id AND early.id < :but
            ORDER BY early.id LIMIT {OLDEST}
        ) AS articles""",
}
_PARTS = {"EACH": _EACH, "PAIRS": _PAIRS, "NEWEST_OF_TERMS": _NEWEST, "FIRST_OF_STORIES": _FIRST}


def _each_dialect(statement: str) -> dict[str, sa.TextClause]:
    found = {}
    for dialect in _EACH:
        written = statement
        for name, part in _PARTS.items():
            written = written.replace(name, part[dialect])
        found[dialect] = sa.text(written)
    return found


_COUNTS = _each_dialect("SELECT term, articles FROM EACH JOIN term_counts ON term_counts.term = each.value")
_COUNT = _each_dialect(
    "INSERT INTO term_counts (term, articles)"
    " SELECT each.value, CASE WHEN each.value = :other THEN 0 ELSE 1 END FROM EACH WHERE true"
    " ON CONFLICT (term) DO UPDATE SET articles = term_counts.articles + excluded.articles RETURNING term, articles"
)
_INDEX = _each_dialect(
    "INSERT INTO story_terms (term, article_id) SELECT each.value, :article FROM EACH WHERE true ON CONFLICT DO NOTHING"
)
_KEPT = sa.select(
    *(articles.c[name] for name in ("id", "story_id", "published", "first_seen", "features")),
    sa.func.coalesce(articles.c.copied_id, articles.c.duplicate_of),
).where(articles.c.id.in_(sa.bindparam("ids", expanding=True)))
_UNINDEX = story_terms.delete().where(story_terms.c.article_id == sa.bindparam("of_article"))
_FOUND = f"""
    WITH wanted AS (PAIRS),
    found AS (
        SELECT story_terms.article_id AS id, sum(wanted.weight) AS weight
        FROM NEWEST_OF_TERMS
        GROUP BY story_terms.article_id ORDER BY sum(wanted.weight) DESC, story_terms.article_id DESC LIMIT {NEAREST}
    ),
    close AS (
        SELECT articles.story_id AS id, max(found.weight) AS weight
        FROM found JOIN articles ON articles.id = found.id
        GROUP BY articles.story_id ORDER BY max(found.weight) DESC, articles.story_id LIMIT {STORIES}
    ),
    wide AS (
        SELECT id FROM found
        UNION
        SELECT articles.id FROM FIRST_OF_STORIES
    )
    SELECT articles.id, articles.story_id, articles.published, articles.first_seen, articles.features
    FROM wide JOIN articles ON articles.id = wide.id JOIN feeds ON feeds.id = articles.feed_id
    WHERE articles.features IS NOT NULL AND (feeds.trusted OR NOT :trusted)
        AND CASE WHEN articles.published <= articles.first_seen THEN articles.published ELSE articles.first_seen END
            BETWEEN :since AND :until
    ORDER BY articles.id
"""
_NEAR = {
    name: found.bindparams(
        sa.bindparam("since", type_=UtcTime),
        sa.bindparam("until", type_=UtcTime),
        sa.bindparam("trusted", type_=sa.Boolean),
    ).columns(articles.c.id, articles.c.story_id, articles.c.published, articles.c.first_seen, articles.c.features)
    for name, found in _each_dialect(_FOUND).items()
}
