"""Rule sets by hash: what an article was matched under can be loaded again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from monitor.store.schema import rulesets


def record_live(connection: sa.Connection, ruleset_id: str, source: str, table_id: str, now: datetime) -> None:
    """Make a rule set the live one; its source is stored once."""
    connection.execute(rulesets.update().where(rulesets.c.live, rulesets.c.id != ruleset_id).values(live=False))
    done = connection.execute(rulesets.update().where(rulesets.c.id == ruleset_id).values(live=True)).rowcount
    if not done:
        values = {"id": ruleset_id, "source": source, "table_id": table_id, "created_at": now, "live": True}
        connection.execute(rulesets.insert().values(values))


def live_source(connection: sa.Connection) -> tuple[str, str] | None:
    """Return (id, source) of the rule set that was live last."""
    row = connection.execute(sa.select(rulesets.c.id, rulesets.c.source).where(rulesets.c.live)).first()
    return None if row is None else (row.id, row.source)


def live_id(connection: sa.Connection) -> str | None:
    """Return the id of the rule set that is live, None before there is one."""
    return connection.execute(sa.select(rulesets.c.id).where(rulesets.c.live)).scalar()


def source_of(connection: sa.Connection, ruleset_id: str) -> str | None:
    """Return the source of a rule set by its id."""
    return connection.execute(sa.select(rulesets.c.source).where(rulesets.c.id == ruleset_id)).scalar()
