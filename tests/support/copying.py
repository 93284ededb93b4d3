"""`wirewatch db copy` under test: a world with something in every table, and the command killed again and again.

```
python -m tests.support.copying COMMITS ROWS SRC DST
```

runs the command in child processes, each of which dies of SIGKILL as it is about to commit for the COMMITS-th time,
until one comes to its end. Batches hold ROWS rows. Prints how many were killed; leaves with the last one's exit code.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor import cli
from monitor.model import SendOutcome, SendResult
from monitor.store import articles, copy_rows, copy_words
from monitor.store.schema import UtcTime, entries, holds, messages, metadata, notices, revisions, texts
from monitor.text import folded_words
from tests.support import dashboard
from tests.support.desk import Desk, item, page

NEW = "Resettlement of the valley is begun"
"""Told to nobody yet: its message to the desk waits, that to the mail was being sent."""
ODD = "\U0001f600 \u202eabc\u202c \t\\N \\. \x01 خطة"
"""Characters that mean something to whoever carries text: COPY, terminals, JSON."""
NULS = 3
"""Texts that hold NUL characters."""


def build(desk: Desk) -> None:
    """Let a monitor on SQLite live, with something in every table, and stop in the middle of its work."""
    dashboard.seed(desk)
    desk.senders["desk"].script = [SendResult(SendOutcome.RETRY, 503, "not now")] * 3
    desk.web.answers["https://wafa.example/a/7"] = page(NEW, "The valley was told on Sunday. " * 20)
    desk.publishes("wafa", item(7, NEW, "", "wafa"), item(0, dashboard.ARABIC, "", "wafa"))
    desk.later()
    desk.write(_stop_in_a_send)
    desk.write(lambda connection: _fill(connection, desk.clock.now()))
    dashboard.seed_many(desk, 150)
    desk.write(_spoil)


def _stop_in_a_send(connection: sa.Connection) -> None:
    """Leave the newest message to the mail as a daemon does that is killed while it sends."""
    newest = connection.scalar(sa.select(sa.func.max(messages.c.id)).where(messages.c.state == "sent"))
    change = messages.update().where(messages.c.id == newest)
    connection.execute(change.values(state="sending", sent_at=None))


def _fill(connection: sa.Connection, now: datetime) -> None:
    """Put a row into every table that has none; what is held waits for long."""
    for table in metadata.sorted_tables:
        if connection.execute(sa.select(table).limit(1)).first() is None:
            row = {column.name: _value(connection, column, now) for column in table.columns}
            held = {"until": _far(), "alert": {"ruleset_id": "r", "rules": []}} if table is holds else {}
            connection.execute(table.insert(), row | held)


def _value(connection: sa.Connection, column: sa.Column[Any], now: datetime) -> Any:
    for key in column.foreign_keys:
        return connection.scalar(sa.select(sa.func.min(key.column)))
    by_type = {
        UtcTime: now.replace(microsecond=123456),
        sa.JSON: {"odd": [ODD, "\0", "\ud800", 1.5, None, True]},
        sa.LargeBinary: bytes(range(256)),
        sa.Boolean: True,
        sa.Float: 0.1,
        sa.Integer: 7,
        sa.String: "x",
    }
    return next(value for kind, value in by_type.items() if isinstance(column.type, kind))


def _spoil(connection: sa.Connection) -> None:
    """Put odd characters, and NULs, which SQLite alone keeps, where texts from outside stand."""
    connection.execute(notices.insert(), {"key": ODD, "headline": f"\0{ODD}\0", "body": ODD, "opened_at": _far()})
    first = connection.scalar(sa.select(sa.func.min(entries.c.id)))
    connection.execute(entries.update().where(entries.c.id == first).values(summary="a\0b", published=_far(1)))
    longest = sa.select(texts.c.hash).order_by(sa.func.length(texts.c.text).desc()).limit(1).scalar_subquery()
    connection.execute(texts.update().where(texts.c.hash == longest).values(text=texts.c.text + " one\0two"))
    missing = sa.select(revisions.c.article_id, revisions.c.title, texts.c.text).join(
        texts, texts.c.hash == revisions.c.text_hash
    )
    for number, title, text in connection.execute(missing.where(revisions.c.article_id >= 1_000_000)).all():
        words = (" ".join(folded_words(title)), " ".join(folded_words(text)))
        articles.index_words(connection, number, words, None)


def _far(year: int = 9999) -> datetime:
    return datetime.fromisoformat(f"{year:04}-12-31T23:59:59.999999+00:00")


# -- killed again and again --------------------------------------------------------------------------


def main() -> None:
    """Run the command until one run of it is not killed."""
    commits, rows = int(sys.argv[1]), int(sys.argv[2])
    copy_rows.ROWS = copy_words.ROWS = rows  # type: ignore[misc]
    for name in ("alembic.command", "monitor.clock", "monitor.config_filling", "monitor.store.copy"):
        importlib.import_module(name)  # once, and not in every child
    killed = 0
    while True:
        child = os.fork()
        if child == 0:
            _die_at(commits)
            os._exit(cli.run_command(["db", "copy", *sys.argv[3:]]))
        status = os.waitpid(child, 0)[1]
        code = os.waitstatus_to_exitcode(status)
        if code == -signal.SIGKILL:
            killed += 1
        elif code == 5:  # the server has not noticed yet that the one before is gone
            time.sleep(0.05)
        else:
            print(killed)
            sys.stdout.flush()
            os._exit(code)


def _die_at(commits: int) -> None:
    left = iter(range(1, commits))

    def committing(_connection: sa.Connection) -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    sa.event.listen(sa.Engine, "commit", committing)


if __name__ == "__main__":
    main()
