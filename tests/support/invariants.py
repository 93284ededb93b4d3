"""What holds of every database at every moment between two transactions, whatever ran, was killed or was set.

`check` raises with every breach at once. It reads the tables themselves, not the product's own queries: a query that
overlooks a row must not hide it here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from monitor.store import database
from monitor.store.schema import (
    alerts,
    articles,
    attempts,
    decisions,
    holds,
    matches,
    message_alerts,
    messages,
    revisions,
    silences,
    stories,
    targets,
)

TOLD = ("alert", "update")
EMPTY_DIGEST = "Digest: 0 "
UNTOLD_KINDS = ("ops", "test")
"""Messages that are about no alert."""
Row = sa.Row[Any]


def check(connection: sa.Connection) -> None:
    """Raise an AssertionError that names every breach."""
    found = violations(connection)
    assert not found, "the database breaks its promises:\n" + "\n".join(found[:40])


def check_file(path: Path) -> None:
    """Check an SQLite database that nobody writes to; one that was never made breaks nothing."""
    if path.exists():
        check_url(f"sqlite:///{path}")


def check_url(url: str) -> None:
    """Check a database that nobody writes to."""
    engine = database.open_engine(url)
    try:
        with engine.connect() as connection:
            check(connection)
    finally:
        engine.dispose()


def broken(url: str) -> str:
    """Return what `check_url` finds, in words; nothing where all is kept."""
    try:
        check_url(url)
    except AssertionError as fault:
        return str(fault)
    return ""


def violations(connection: sa.Connection) -> list[str]:
    """Return every breach, in words."""
    return [found for rule in RULES for found in rule(connection)]


def _rows(connection: sa.Connection, *columns: Any) -> list[Row]:
    return list(connection.execute(sa.select(*columns)))


# -- articles and decisions ----------------------------------------------------------------------


def every_match_is_decided(connection: sa.Connection) -> Iterator[str]:
    """Every revision has its row for all packs, and one decision or more for each pack that matched, for no other."""
    decided = {(row.revision_id, row.pack) for row in _rows(connection, decisions.c.revision_id, decisions.c.pack)}
    matched = {(row.revision_id, row.pack) for row in _rows(connection, matches.c.revision_id, matches.c.pack)}
    every = {row.id for row in _rows(connection, revisions.c.id)}
    for revision in sorted(every - {number for number, pack in decided if pack == "*"}):
        yield f"revision {revision} has no decision that stands for the packs that did not match"
    for revision, pack in sorted(matched - decided):
        yield f"revision {revision} matched {pack} and nothing is decided"
    for revision, pack in sorted({pair for pair in decided if pair[1] != "*"} - matched):
        yield f"revision {revision} is decided for {pack}, which it did not match"
    for revision in sorted({number for number, _ in decided} - every):
        yield f"revision {revision} is decided and does not exist"


def one_decision_stands(connection: sa.Connection) -> Iterator[str]:
    """Only what is held is decided again: of the rows of a revision and a pack all but the last are `held`."""
    chains: dict[tuple[int, str], list[Row]] = {}
    query = sa.select(decisions).order_by(decisions.c.revision_id, decisions.c.pack, decisions.c.n)
    for row in connection.execute(query):
        chains.setdefault((row.revision_id, row.pack), []).append(row)
    for (revision, pack), rows in chains.items():
        if [row.n for row in rows] != list(range(1, len(rows) + 1)):
            yield f"revision {revision}, {pack}: decisions are numbered {[row.n for row in rows]}"
        if any(row.outcome != "held" for row in rows[:-1]):
            yield f"revision {revision}, {pack}: {[row.outcome for row in rows]} leaves two decisions standing"


def holds_are_what_is_held(connection: sa.Connection) -> Iterator[str]:
    """Exactly the decisions that stand as `held` have a row by which they end."""
    last: dict[tuple[int, str], str] = {}
    for row in connection.execute(sa.select(decisions).order_by(decisions.c.n)):
        last[row.revision_id, row.pack] = row.outcome
    held = {pair for pair, outcome in last.items() if outcome == "held"}
    kept = {(row.revision_id, row.pack) for row in _rows(connection, holds.c.revision_id, holds.c.pack)}
    for revision, pack in sorted(held - kept):
        yield f"revision {revision}, {pack} is held, and nothing will ever end it"
    for revision, pack in sorted(kept - held):
        yield f"revision {revision}, {pack} has a hold, and is decided already"


def every_article_has_a_revision(connection: sa.Connection) -> Iterator[str]:
    """An article without one was looked at by nobody."""
    seen = {row.article_id for row in _rows(connection, revisions.c.article_id)}
    for row in _rows(connection, articles.c.id):
        if row.id not in seen:
            yield f"article {row.id} has no revision"


def stories_count_their_articles(connection: sa.Connection) -> Iterator[str]:
    """A story says how many articles it has; one that became part of another has none."""
    there = Counter(row.story_id for row in _rows(connection, articles.c.story_id))
    known = {row.id: row for row in connection.execute(sa.select(stories))}
    for number in sorted(there.keys() - known.keys()):
        yield f"story {number} has articles and does not exist"
    for number, row in known.items():
        if row.merged_into is not None and there[number]:
            yield f"story {number} became part of {row.merged_into} and has {there[number]} articles left"
        elif row.merged_into is None and row.articles != there[number]:
            yield f"story {number} says {row.articles} articles and has {there[number]}"
        if row.merged_into is not None and row.merged_into not in known:
            yield f"story {number} became part of {row.merged_into}, which does not exist"


def reasons_lead_somewhere(connection: sa.Connection) -> Iterator[str]:
    """The alert or silence that a decision gives as its reason exists, and a silence counts what it hid."""
    told = {row.id for row in _rows(connection, alerts.c.id)}
    muted = {row.id: row.hidden for row in _rows(connection, silences.c.id, silences.c.hidden)}
    hidden: Counter[int] = Counter()
    for row in connection.execute(sa.select(decisions).where(decisions.c.outcome == "suppressed")):
        where, detail = f"revision {row.revision_id}, {row.pack}: {row.reason}", _mapping(row.detail)
        if "alert" in detail and detail["alert"] not in told:
            yield f"{where} by al-{detail['alert']}, which does not exist"
        if row.reason == "silenced":
            hidden[detail.get("silence", 0)] += 1
    for silence in sorted(hidden.keys() | muted.keys()):
        if hidden[silence] != muted.get(silence):
            yield f"silence {silence} counts {muted.get(silence)} hidden, {hidden[silence]} are recorded"


def _mapping(detail: Any) -> dict[str, Any]:
    found = json.loads(detail) if isinstance(detail, str) else detail
    return found or {}


# -- alerts and messages -------------------------------------------------------------------------


def alerts_are_decisions(connection: sa.Connection) -> Iterator[str]:
    """Every decision to tell has its alert, every alert its decision, and its story, article and revision exist."""
    known = {row.id: row for row in connection.execute(sa.select(alerts))}
    named: Counter[int] = Counter()
    for row in connection.execute(sa.select(decisions)):
        where = f"revision {row.revision_id}, {row.pack}: {row.outcome}"
        if (row.alert_id is not None) != (row.outcome in TOLD):
            yield f"{where} with alert {row.alert_id}"
        if row.alert_id is None:
            continue
        named[row.alert_id] += 1
        alert = known.get(row.alert_id)
        if alert is None or (alert.revision_id, alert.pack, alert.outcome) != (row.revision_id, row.pack, row.outcome):
            yield f"{where}: al-{row.alert_id} is not its alert"
    for number in known:
        if named[number] != 1:
            yield f"al-{number} was decided {named[number]} times"
    yield from _lost_subjects(connection, list(known.values()))


def _lost_subjects(connection: sa.Connection, known: list[Row]) -> Iterator[str]:
    known_stories = {row.id for row in _rows(connection, stories.c.id)}
    of_article = {row.id: row.article_id for row in _rows(connection, revisions.c.id, revisions.c.article_id)}
    known_articles = {row.id for row in _rows(connection, articles.c.id)}
    for alert in known:
        if alert.story_id not in known_stories:
            yield f"al-{alert.id} is of story {alert.story_id}, which does not exist"
        if alert.article_id not in known_articles or of_article.get(alert.revision_id) != alert.article_id:
            yield f"al-{alert.id}: article {alert.article_id} has no revision {alert.revision_id}"


def every_recipient_has_its_message(connection: sa.Connection) -> Iterator[str]:
    """Every alert has a message to each recipient of its route, and to one recipient at least if there is any."""
    carried: dict[int, set[int]] = {}
    for row in _rows(connection, message_alerts.c.alert_id, message_alerts.c.target_id):
        carried.setdefault(row.alert_id, set()).add(row.target_id)
    open_targets = list(connection.execute(sa.select(targets).where(targets.c.removed_at.is_(None))))
    for alert in connection.execute(sa.select(alerts)):
        reached = carried.get(alert.id, set())
        if not reached and open_targets:
            yield f"al-{alert.id} is in no message"
        for target in open_targets:
            was_there = target.created_at is None or target.created_at <= alert.created_at
            if reached and was_there and target.channel in alert.route and target.id not in reached:
                yield f"al-{alert.id} is in no message to {target.channel} ({target.label})"


def no_message_is_about_nothing(connection: sa.Connection) -> Iterator[str]:
    """Every message carries alerts of its own recipient, but notices, tests and digests that say that nothing came."""
    carried: Counter[int] = Counter()
    owner = {row.id: row.target_id for row in _rows(connection, messages.c.id, messages.c.target_id)}
    for row in connection.execute(sa.select(message_alerts)):
        carried[row.message_id] += 1
        if owner.get(row.message_id) != row.target_id:
            yield f"al-{row.alert_id} to target {row.target_id} is in message {row.message_id} of another"
    for row in connection.execute(sa.select(messages)):
        empty = row.kind == "digest" and row.headline.startswith(EMPTY_DIGEST)
        if not carried[row.id] and row.kind not in UNTOLD_KINDS and not empty:
            yield f"message {row.id} ({row.kind}, {row.slot}) carries no alert"
        if carried[row.id] and (row.kind in UNTOLD_KINDS or empty):
            yield f"message {row.id} says that it carries none and carries {carried[row.id]}"
        if row.state == "gathering" and not row.slot:
            yield f"message {row.id} gathers under no slot"


def what_was_sent_was_tried(connection: sa.Connection) -> Iterator[str]:
    """A message is sent by its last attempt and no other way, and says when."""
    last: dict[int, str | None] = {}
    for row in connection.execute(sa.select(attempts).order_by(attempts.c.message_id, attempts.c.n)):
        last[row.message_id] = row.outcome
    for row in connection.execute(sa.select(messages).where(messages.c.state == "sent")):
        if last.get(row.id) != "sent" or row.sent_at is None:
            yield f"message {row.id} is sent; its last attempt: {last.get(row.id)}, sent at {row.sent_at}"


RULES: tuple[Callable[[sa.Connection], Iterator[str]], ...] = (
    every_match_is_decided,
    one_decision_stands,
    holds_are_what_is_held,
    every_article_has_a_revision,
    stories_count_their_articles,
    reasons_lead_somewhere,
    alerts_are_decisions,
    every_recipient_has_its_message,
    no_message_is_about_nothing,
    what_was_sent_was_tried,
)
