"""Forget what feeds brought and nobody asks for any more: keys of entries, pauses of hosts, batches."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from monitor.store.schema import batches, entry_keys, hosts

KEPT = timedelta(days=400)
"""How long keys stay after their feed listed them last, yearly pages and archives come back; and closed batches."""
TOUCHED = timedelta(days=7)
"""Keys that one body lists are noted within this time of one another.

A note is renewed when it is a day old (`entries.TOUCH_AFTER`), an item that stands as it stood is looked at once a day,
and a feed may be polled but once a day: three days, and room.
"""


def prune_keys(connection: sa.Connection, feed_id: int, now: datetime) -> int:
    """Delete the keys of a feed that it has not listed for KEPT; return how many.

    A feed that stands still lists its old entries still, though nobody has noted it since its body last changed: what
    its last body before that time listed stays, and so a quiet feed's first news are not its whole archive.
    """
    own = entry_keys.c.feed_id == feed_id
    last = sa.select(sa.func.max(entry_keys.c.listed_at)).where(own, entry_keys.c.listed_at < now - KEPT)
    newest = connection.execute(last).scalar()
    if newest is None:
        return 0
    return connection.execute(entry_keys.delete().where(own, entry_keys.c.listed_at < newest - TOUCHED)).rowcount


def prune_hosts(connection: sa.Connection, now: datetime) -> int:
    """Delete the pauses that are over: a feed that links to ever new hosts would add one for each; return how many."""
    return connection.execute(hosts.delete().where(hosts.c.not_before < now)).rowcount


def prune_batches(connection: sa.Connection, newest: int, now: datetime) -> int:
    """Delete the batches that were closed over KEPT ago, all before `newest`; return how many.

    `newest` stays and is there already: an empty table would give its next batch the number, and so the entries and
    digests, of one that is forgotten.
    """
    old = sa.and_(batches.c.id < newest, batches.c.closed_at < now - KEPT)
    return connection.execute(batches.delete().where(old)).rowcount
