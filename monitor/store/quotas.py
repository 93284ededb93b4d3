"""What a feed has used of its day, as it stands beside the feed."""

from __future__ import annotations

import sqlalchemy as sa

from monitor import model
from monitor.store import later
from monitor.store.schema import feeds


def read(connection: sa.Connection, feed_id: int) -> model.FeedUse | None:
    """Return what was noted last of a feed, None if nothing ever was."""
    row = connection.execute(_READ, {"this": feed_id}).one()
    if row.quota_day is None:
        return None
    return model.FeedUse(row.quota_day, row.quota_used, row.quota_changed, row.quota_over, row.quota_bytes)


def record(connection: sa.Connection, feed_id: int, use: model.FeedUse) -> None:
    """Note what a feed has used."""
    values = {
        "quota_day": use.day,
        "quota_used": use.taken,
        "quota_changed": use.changed,
        "quota_over": use.over,
        "quota_bytes": use.stored,
    }
    connection.execute(_RECORD, {"this": feed_id, **values})


def add_stored(connection: sa.Connection, feed_id: int, size: int) -> None:
    """Count `size` bytes of text stored for a feed to the day noted last."""
    later.write(connection, _ADD, {"this": feed_id, "size": size})


_COLUMNS = ("quota_day", "quota_used", "quota_changed", "quota_over", "quota_bytes")
_READ = (
    sa.select(*(feeds.c[name] for name in _COLUMNS))
    .where(feeds.c.id == sa.bindparam("this"))
    .with_for_update(key_share=True)  # what is read here is written back with more
)
_RECORD = feeds.update().where(feeds.c.id == sa.bindparam("this"))
_ADD = _RECORD.where(feeds.c.quota_bytes.is_not(None)).values(quota_bytes=feeds.c.quota_bytes + sa.bindparam("size"))
