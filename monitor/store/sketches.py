"""Sketches of articles (`stories.sketch`): which earlier ones share hashes with a text."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, NamedTuple, Protocol

import sqlalchemy as sa

from monitor.store import later

MOST_OF_HASH = 40
"""Articles that are found by one hash, the earliest: what more share is furniture, or one text that all have copied."""
MOST_UNTRUSTED = 8
"""Of these, that untrusted feeds may fill: what one of them repeats must not keep newsrooms' own from being found."""
MOST = 12
"""Articles that a text is compared with: those that share the most hashes with it."""
ENOUGH = ((200, 1), (400, 2), (1 << 62, 3))
"""Hashes in common that are worth a look, by the shingles of the text (up to, hashes): little of a lead is sampled in a
long report; what makes a copy of a long text shows more often than a phrase that both have."""
_LAST = 2**62


class Sketch(Protocol):
    """What is kept of a text: `stories.sketch.Sketch`."""

    @property
    def kind(self) -> str:
        """How it was made; others cannot be compared with it."""
        ...

    @property
    def hashes(self) -> tuple[int, ...]:
        """To be looked up by."""
        ...

    @property
    def digest(self) -> bytes:
        """To be compared by."""
        ...

    @property
    def size(self) -> int:
        """Shingles of the text."""
        ...


class Neighbour(NamedTuple):
    """An article that shares hashes with a text; the fields of `stories.copies.Candidate`."""

    article_id: int
    story_id: int
    newsroom: str
    title: str
    size: int
    digest: bytes
    trusted: bool
    joinable: bool


def find(connection: sa.Connection, sketch: Sketch, trusted: bool = True, but: int | None = None) -> list[Neighbour]:
    """Return the articles that share the most hashes with a text, in the order of their ids.

    `trusted`: whether the text's article is of a trusted feed. `but` is the article itself, once it is stored: only
    earlier ones are found. One of an untrusted feed in a story with a trusted article cannot be joined by a trusted
    one, as in `articles.find_twin`; it is found still, since it shows what is furniture.
    """
    if not sketch.hashes:
        return []
    known = {
        "hashes": _listed(connection, sketch.hashes),
        "but": _LAST if but is None else but,
        "most": MOST,
        "kind": sketch.kind,
        "enough": next(enough for size, enough in ENOUGH if sketch.size < size),
        "trusted": trusted,
    }
    rows = connection.execute(_FIND[connection.dialect.name], known)
    return [
        Neighbour(id_, story, paper, title, size, digest, bool(good), bool(joinable))
        for id_, story, paper, title, size, digest, good, joinable in rows
    ]


def columns_of(sketch: Sketch) -> dict[str, Any]:
    """Return what of a sketch stands in the row of its article."""
    if not sketch.hashes:
        return {"sketch_kind": None, "sketch_size": None, "sketch": None}
    return {"sketch_kind": sketch.kind, "sketch_size": sketch.size, "sketch": sketch.digest}


def record(
    connection: sa.Connection, article_id: int, sketch: Sketch, before: Collection[int] = (), trusted: bool = True
) -> None:
    """Store the sketch of an article's text; `before` are the hashes of the text that stood there until now."""
    index(connection, article_id, sketch, before, trusted)
    if sketch.hashes or before:
        connection.execute(_KEEP, columns_of(sketch) | {"own": article_id})


def index(
    connection: sa.Connection, article_id: int, sketch: Sketch, before: Collection[int] = (), trusted: bool = True
) -> None:
    """Store the hashes alone, where `columns_of` went into the article's row with the rest."""
    gone, new = set(before).difference(sketch.hashes), set(sketch.hashes).difference(before)
    own, dialect = {"id": article_id}, connection.dialect.name
    if gone:
        connection.execute(_FORGET[dialect], own | {"hashes": _listed(connection, gone)})
    if new:
        listed = {"hashes": _listed(connection, new), "most": MOST_OF_HASH if trusted else MOST_UNTRUSTED}
        later.soon(connection, _ADD[dialect], own | listed)


# A statement with a list of values is built anew for each length of it, which costs more than to run it: the hashes go
# beside it as one value.
_EACH = {"sqlite": "json_each(:hashes) AS each", "postgresql": "unnest(CAST(:hashes AS bigint[])) AS each(value)"}


def _listed(connection: sa.Connection, hashes: Collection[int]) -> Any:
    """Return hashes in the order of the table, which is the order of its pages."""
    return json.dumps(sorted(hashes)) if connection.dialect.name == "sqlite" else sorted(hashes)


def _each_dialect(statement: str) -> dict[str, sa.TextClause]:
    return {dialect: sa.text(statement.replace("EACH", each)) for dialect, each in _EACH.items()}


_FIND = _each_dialect("""
    WITH near AS (
        SELECT sketches.article_id AS id FROM EACH CROSS JOIN sketches
        WHERE sketches.hash = each.value AND sketches.article_id < :but
        GROUP BY sketches.article_id HAVING count(*) >= :enough ORDER BY count(*) DESC, sketches.article_id LIMIT :most
    )
    SELECT articles.id, articles.story_id, articles.newsroom,
        coalesce((SELECT title FROM revisions WHERE revisions.article_id = articles.id ORDER BY n DESC LIMIT 1), ''),
        articles.sketch_size, articles.sketch, feeds.trusted AS trusted,
        feeds.trusted OR NOT :trusted OR NOT EXISTS (
            SELECT 1 FROM articles AS other JOIN feeds AS its ON its.id = other.feed_id
            WHERE other.story_id = articles.story_id AND its.trusted
        ) AS joinable
    FROM near JOIN articles ON articles.id = near.id JOIN feeds ON feeds.id = articles.feed_id
    WHERE articles.sketch_kind = :kind
    ORDER BY articles.id
""")
_ADD = _each_dialect("""
    INSERT INTO sketches (hash, article_id) SELECT each.value, :id FROM EACH
    WHERE (SELECT count(*) FROM sketches AS held WHERE held.hash = each.value) < :most
    ON CONFLICT DO NOTHING
""")
_FORGET = _each_dialect("DELETE FROM sketches WHERE article_id = :id AND hash IN (SELECT value FROM EACH)")
_KEEP = sa.text(
    "UPDATE articles SET sketch_kind = :sketch_kind, sketch_size = :sketch_size, sketch = :sketch WHERE id = :own"
)
