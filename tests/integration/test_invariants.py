"""The check that every desk and world ends with finds each breach of a database's promises; see support/invariants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from monitor import hours
from monitor.store import database, silences
from tests.support import databases, invariants
from tests.support.desk import PACK, SECOND, Desk, item

STRICT = "format: 1\npack: strict\ncorroboration: {newsrooms: 2, hold: 90m}\nrules: [{id: core, any: [embargo]}]\n"
PACKS = {"packs/move.yaml": PACK, "packs/talks.yaml": SECOND, "packs/strict.yaml": STRICT}


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.Engine]:
    """The database of a desk that told, folded, held, silenced, gathered and sent an empty digest."""
    folder = tmp_path_factory.mktemp("lived")
    url = databases.Databases(folder).sqlite()
    desk = Desk(url, folder, PACKS)
    desk.has(["gazette"], ["desk", "night", "ops"], ops="ops").publishes("gazette")
    night = replace(desk.config.channels["night"], digest=hours.parse_timetable("07:00"))
    desk.config = replace(desk.config, channels={**desk.config.channels, "night": night})
    desk.set_up(desk.context.setup.live if desk.context else None)
    desk.run()
    desk.later(days=1)  # an empty digest
    now = desk.clock.now()
    desk.write(lambda c: silences.add(c, now + timedelta(days=1), now, "known", words="harbour"))
    titles = ["Resettlement in the valley", "Delegation lands", "Embargo on grain", "Resettlement in the harbour"]
    titles += ["Resettlement in the valley", "Weather of the week"]
    for n in range(len(titles)):
        desk.publishes("gazette", *(item(k, title) for k, title in enumerate(titles[: n + 1])))
        desk.later()
    desk.close()
    engine = database.open_engine(url)
    yield engine
    engine.dispose()


def broken(engine: sa.Engine, plant: str = "SELECT 1", rule: Any = invariants.violations) -> list[str]:
    """Return what is found once `plant` was done, and undo it."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        raw.execute("PRAGMA foreign_keys=OFF")
        with connection.begin() as transaction:
            changed = connection.exec_driver_sql(plant).rowcount
            found = list(rule(connection))
            transaction.rollback()
        raw.execute("PRAGMA foreign_keys=ON")
    assert changed, "the plant changed nothing"
    return found


def test_a_desk_that_lived_breaks_nothing(lived: sa.Engine) -> None:
    """Every kind of row is there, and no promise is broken."""
    with lived.connect() as connection:
        outcomes = set(connection.exec_driver_sql("SELECT outcome FROM decisions").scalars())
        states = set(connection.exec_driver_sql("SELECT kind || ' ' || state FROM messages").scalars())

    assert outcomes == {"alert", "held", "suppressed", "none"}
    assert states >= {"alert sent", "digest gathering", "digest sent"}
    assert broken(lived) == []


SOME = "(SELECT min(id) FROM alerts)"
TOLD = "(SELECT min(revision_id) FROM decisions WHERE outcome = 'alert')"


PLANTS = [
    (f"DELETE FROM decisions WHERE revision_id = {TOLD} AND pack != '*'", "matched move and nothing is decided"),
    (f"DELETE FROM decisions WHERE revision_id = {TOLD} AND pack = '*'", "no decision that stands for the packs"),
    (f"DELETE FROM matches WHERE revision_id = {TOLD}", "is decided for move, which it did not match"),
    (
        "INSERT INTO decisions (revision_id, pack, n, outcome, reason, decided_seq, decided_at)"
        " VALUES (999, '*', 1, 'none', 'no_match', 1, '2025-03-10 08:00:00.000000')",
        "revision 999 is decided and does not exist",
    ),
    (
        "INSERT INTO decisions (revision_id, pack, n, outcome, reason, decided_seq, decided_at)"
        f" VALUES ({TOLD}, 'move', 2, 'suppressed', 'same_story', 1, '2025-03-10 08:00:00.000000')",
        "leaves two decisions standing",
    ),
    (f"UPDATE decisions SET n = 7 WHERE revision_id = {TOLD} AND pack = 'move'", "decisions are numbered [7]"),
    ("DELETE FROM holds", "is held, and nothing will ever end it"),
    ("UPDATE holds SET pack = 'talks'", "talks has a hold, and is decided already"),
    (f"DELETE FROM revisions WHERE id = {TOLD}", "has no revision"),
    ("UPDATE stories SET articles = articles + 1 WHERE id = 1", "story 1 says 3 articles and has 2"),
    ("UPDATE stories SET merged_into = 2 WHERE id = 1", "story 1 became part of 2 and has 2 articles left"),
    ("UPDATE stories SET merged_into = 99, articles = 0 WHERE id = 1", "part of 99, which does not exist"),
    ("DELETE FROM stories WHERE id = 1", "story 1 has articles and does not exist"),
    ("DELETE FROM silences", "silence 1 counts None hidden, 1 are recorded"),
    ("UPDATE silences SET hidden = 5", "silence 1 counts 5 hidden, 1 are recorded"),
    (
        "UPDATE decisions SET detail = '{\"alert\": 99}' WHERE reason = 'same_text'",
        "same_text by al-99, which does not exist",
    ),
    (f"DELETE FROM alerts WHERE id = {SOME}", "al-1 is not its alert"),
    (f"UPDATE decisions SET alert_id = NULL WHERE alert_id = {SOME}", "alert with alert None"),
    (f"UPDATE decisions SET alert_id = {SOME} WHERE alert_id = 2", "al-1 was decided 2 times"),
    (f"UPDATE alerts SET story_id = 99 WHERE id = {SOME}", "al-1 is of story 99, which does not exist"),
    (f"UPDATE alerts SET article_id = 99 WHERE id = {SOME}", "al-1: article 99 has no revision"),
    (f"DELETE FROM message_alerts WHERE alert_id = {SOME}", "al-1 is in no message"),
    (
        f"DELETE FROM message_alerts WHERE alert_id = {SOME} AND target_id ="
        " (SELECT id FROM targets WHERE channel = 'night')",
        "al-1 is in no message to night",
    ),
    (
        "UPDATE messages SET target_id = 1 - target_id WHERE kind = 'alert'",
        "of another",
    ),
    (f"DELETE FROM message_alerts WHERE alert_id = {SOME}", "carries no alert"),
    ("UPDATE messages SET headline = 'Digest: 3 reports' WHERE kind = 'digest'", "carries no alert"),
    ("UPDATE messages SET kind = 'ops' WHERE kind = 'alert'", "says that it carries none and carries 1"),
    ("UPDATE messages SET slot = NULL WHERE state = 'gathering'", "gathers under no slot"),
    ("UPDATE attempts SET outcome = 'retry'", "is sent; its last attempt: retry"),
    ("DELETE FROM attempts", "is sent; its last attempt: None"),
    ("UPDATE messages SET sent_at = NULL WHERE state = 'sent'", "sent at None"),
]


@pytest.mark.parametrize(("plant", "says"), PLANTS)
def test_each_breach_is_found(lived: sa.Engine, plant: str, says: str) -> None:
    """One row lost, doubled or changed by hand is named."""
    found = broken(lived, plant)

    assert any(re.search(re.escape(says), one) for one in found), found


@pytest.mark.parametrize("rule", invariants.RULES)
def test_every_promise_is_broken_by_a_plant(lived: sa.Engine, rule: Any) -> None:
    """A promise that no plant breaks would be one that nobody tried."""
    assert any(broken(lived, plant, rule) for plant, _ in PLANTS)


def test_a_file_that_was_never_made_breaks_nothing(tmp_path: Path) -> None:
    """A world whose daemon never ran has nothing to check."""
    invariants.check_file(tmp_path / "wirewatch.db")
