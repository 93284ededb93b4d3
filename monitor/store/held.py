"""Decisions that are held: what waits in which story, until when, and what it will be told as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.schema import articles, feeds, holds, story_changes


@dataclass(frozen=True, slots=True)
class Hold:
    """A held decision. `alert` and `facts` are as the deciding step wrote them."""

    revision_id: int
    pack: str
    story_id: int
    article_id: int
    reason: str
    severity: str
    held_at: datetime
    until: datetime
    alert: Mapping[str, Any]
    facts: Mapping[str, Any]
    trusted: bool
    """Whether the feed of its article is trusted, as it is declared now."""


def family_of(name: str) -> sa.Select[tuple[int]]:
    """Return a query for a story and all that were merged into it, by the bound parameter `name`."""
    family = sa.select(sa.bindparam(name, type_=story_changes.c.story_id.type).label("id")).cte("family", True)
    merged = sa.select(story_changes.c.story_id).where(
        story_changes.c.other_id == family.c.id, story_changes.c.kind == "merge"
    )
    return sa.select(family.union(merged).c.id)


_HOLDS = (
    sa.select(*(column for column in holds.c), feeds.c.trusted)
    .join(articles, articles.c.id == holds.c.article_id)
    .join(feeds, feeds.c.id == articles.c.feed_id)
    .order_by(holds.c.revision_id, holds.c.pack)
)
_OF_STORY = _HOLDS.where(holds.c.story_id.in_(family_of("of_story")))
_DUE = sa.select(holds.c.story_id).where(holds.c.until <= sa.bindparam("now")).distinct().order_by(holds.c.story_id)


def add(connection: sa.Connection, hold: Hold) -> None:
    """Hold a decision."""
    row = {name: getattr(hold, name) for name in holds.columns.keys()}  # noqa: SIM118 - a collection of columns, not a dict
    connection.execute(holds.insert(), row)


def of_story(connection: sa.Connection, story_id: int) -> list[Hold]:
    """Return what is held in a story and in those that were merged into it, oldest first."""
    return [Hold(*row) for row in connection.execute(_OF_STORY, {"of_story": story_id})]


def due(connection: sa.Connection, now: datetime) -> list[int]:
    """Return the stories of holds whose time is over."""
    return list(connection.scalars(_DUE, {"now": now}))


def of_other_rules(connection: sa.Connection, ruleset_id: str) -> list[Hold]:
    """Return what is held under another rule set than this one."""
    return [hold for row in connection.execute(_HOLDS) if (hold := Hold(*row)).alert.get("ruleset_id") != ruleset_id]


def set_facts(connection: sa.Connection, hold: Hold, facts: Mapping[str, Any]) -> None:
    """Keep what is told when the hold is over."""
    same = sa.and_(holds.c.revision_id == hold.revision_id, holds.c.pack == hold.pack)
    connection.execute(holds.update().where(same).values(facts=dict(facts)))


def remove(connection: sa.Connection, hold: Hold) -> None:
    """Hold it no longer."""
    connection.execute(holds.delete().where(holds.c.revision_id == hold.revision_id, holds.c.pack == hold.pack))


def begin_again(connection: sa.Connection, now: datetime) -> int:
    """Let holds that a clock was ahead of begin now, and return how many: they would last until it is there again."""
    ahead = connection.execute(sa.select(holds).where(holds.c.held_at > now)).all()
    for row in ahead:
        same = sa.and_(holds.c.revision_id == row.revision_id, holds.c.pack == row.pack)
        connection.execute(holds.update().where(same).values(held_at=now, until=now + (row.until - row.held_at)))
    return len(ahead)
