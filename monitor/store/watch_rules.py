"""How often the rules fired, and what they passed over: for the watch over rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from monitor import model
from monitor.store.articles import SEEN_BY_RULES, seen_by_rules
from monitor.store.schema import articles, entries, feeds, matches, revisions, texts

RuleName = tuple[str, str]
"""(pack, rule)."""
FEW = 300
"""Matches that are looked at for the words that make a rule flood."""


@dataclass(frozen=True, slots=True)
class Fired:
    """How often a rule matched with status `live`, in articles."""

    days: Mapping[str, int]
    """By date (of the database's day), those without a match left out."""
    last: datetime
    lately: int = 0
    """Within the last hour."""


def first_revision(connection: sa.Connection, since: datetime) -> int:
    """Return the id from which on revisions were made at `since` or later; beyond the last if none was.

    Ids grow with time, so that twenty look-ups find it: there is no index of times, and a million rows are not read.
    """
    # Two queries: SQLite finds one end by the index, and both at once by reading all.
    low, high = (connection.scalar(sa.select(end(revisions.c.id))) for end in (sa.func.min, sa.func.max))
    if low is None or high is None:
        return 1
    high += 1
    while low < high:
        middle = (low + high) // 2
        after = sa.select(revisions.c.id, revisions.c.created_at).where(revisions.c.id >= middle)
        row = connection.execute(after.order_by(revisions.c.id).limit(1)).first()
        if row is None or row.created_at >= since:
            high = middle
        else:
            low = row.id + 1
    return int(low)


def fired(connection: sa.Connection, since: datetime, lately: datetime) -> dict[RuleName, Fired]:
    """Return how often each rule matched since `since`, and of that since `lately`."""
    day = sa.func.date(revisions.c.created_at).label("day")
    count = sa.func.count(sa.distinct(revisions.c.article_id)).label("articles")
    rows = connection.execute(
        _live(first_revision(connection, since))
        .add_columns(day, count, sa.func.max(revisions.c.created_at).label("last"))
        .group_by(matches.c.pack, matches.c.rule, sa.text("day"))
    ).all()
    recent = connection.execute(
        _live(first_revision(connection, lately)).add_columns(count).group_by(matches.c.pack, matches.c.rule)
    )
    within = {(row.pack, row.rule): row.articles for row in recent}
    found: dict[RuleName, Fired] = {}
    for row in rows:
        name = row.pack, row.rule
        known = found.get(name)
        days = {**(known.days if known else {}), str(row.day): row.articles}
        last = max(known.last, row.last) if known else row.last
        found[name] = Fired(days, last, within.get(name, 0))
    return found


def _live(first: int) -> sa.Select[tuple[str, str]]:
    return (
        sa.select(matches.c.pack, matches.c.rule)
        .join(revisions, revisions.c.id == matches.c.revision_id)
        .where(matches.c.revision_id >= first, matches.c.status == "live")
    )


def count_read(connection: sa.Connection, since: datetime) -> int:
    """Return how many articles and changes of articles were judged since `since`, nearly."""
    newest = connection.scalar(sa.select(sa.func.max(revisions.c.id))) or 0
    return max(0, newest + 1 - first_revision(connection, since))


def began(connection: sa.Connection) -> datetime | None:
    """Return when the first article was judged."""
    return connection.scalar(sa.select(revisions.c.created_at).order_by(revisions.c.id).limit(1))


def frequent_terms(connection: sa.Connection, name: RuleName, since: datetime, most: int) -> list[tuple[str, int]]:
    """Return the terms that made a rule true most often of late, each with its articles."""
    query = (
        sa.select(matches.c.evidence)
        .where(matches.c.revision_id >= first_revision(connection, since))
        .where(matches.c.pack == name[0], matches.c.rule == name[1], matches.c.status == "live")
        .order_by(matches.c.revision_id.desc())
        .limit(FEW)
    )
    counts: Counter[str] = Counter()
    for evidence in connection.execute(query).scalars():
        counts.update({str(span["term"]) for span in evidence})
    return counts.most_common(most)


def latest_articles(connection: sa.Connection, since: datetime, most: int) -> list[model.Article]:
    """Return the articles judged last since `since`, as the rules saw them, the newest first."""
    query = (
        sa.select(*SEEN_BY_RULES, revisions.c.lang, revisions.c.partial, texts.c.text)
        .join(articles, articles.c.id == revisions.c.article_id)
        .join(texts, texts.c.hash == revisions.c.text_hash)
        .join(feeds, feeds.c.id == articles.c.feed_id)
        .join(entries, entries.c.id == articles.c.entry_id)
        .where(revisions.c.id >= first_revision(connection, since))
        .order_by(revisions.c.id.desc())
        .limit(most)
    )
    return [seen_by_rules(row, row["text"]) for row in connection.execute(query).mappings()]
