"""Small things every file of queries needs."""

from __future__ import annotations

import sqlalchemy as sa


def new_id(connection: sa.Connection, insert: sa.Insert) -> int:
    """Run an insert of one row and return the id it was given."""
    key = connection.execute(insert).inserted_primary_key
    assert key is not None, "every table that is asked has an id of its own"
    return int(key[0])
