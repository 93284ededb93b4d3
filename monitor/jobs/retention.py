"""retention: texts that were kept long enough go, a few at a time; forms of words are noted and forgotten likewise.

Words are folded beside the database, so that the writer is held for the rows alone: each batch is one short write
among those of polls.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from monitor import text
from monitor.jobs.context import Context
from monitor.store import retention, word_forms
from monitor.store.store import Connection
from monitor.stories import sketch

log = structlog.get_logger()

BATCH, BATCHES = 20, 5
"""Articles in one write, and writes in one sweep."""

NOTED = 40
"""Articles of before whose word forms are noted in one sweep."""

FORMS = 200
"""Word forms that one sweep looks at."""


async def keep_up(context: Context) -> None:
    """Do what is due of all this, as much as a sweep may."""
    await note_forms(context)
    keep = context.setup.config.retention.articles
    if keep is None:
        return
    before, removed = context.clock.now() - timedelta(seconds=keep), 0
    for _ in range(BATCHES):
        due = await context.store.read(lambda connection: prepare(connection, before))
        if not due[1]:
            break
        removed += await context.store.write(lambda connection, due=due: remove(connection, *due))  # type: ignore[misc]
    if removed:
        log.info("texts_removed", articles=removed, first_seen_before=before.isoformat())
    await _forget_forms(context)


def prepare(connection: Connection, before: datetime) -> tuple[list[retention.Removal], int]:
    """Return the next articles first seen `before` a time, ready to be removed, and the newest that was looked at."""
    due = retention.list_due(connection, before, BATCH)
    return [_removal(old) for old in due.old], due.newest


def _removal(old: retention.Old) -> retention.Removal:
    words = text.folded_words(old.text)
    title = " ".join(text.folded_words(old.title))
    return retention.Removal(old, title, " ".join(words), sketch.sketch_of(words).hashes)


def remove(connection: Connection, removals: Sequence[retention.Removal], newest: int) -> int:
    """Remove texts in one transaction; return of how many articles."""
    count = sum([retention.remove(connection, one) for one in removals])
    retention.note_done(connection, newest)
    return count


async def note_forms(context: Context) -> None:
    """Note the word forms of some articles that were stored before there was a table for them."""
    old = await context.store.read(lambda connection: word_forms.list_missing(connection, NOTED))
    if not old:
        missing = await context.store.read(word_forms.missing_from)
        if missing:  # none of these articles is there any more
            await context.store.write(lambda connection: word_forms.note_missing(connection, (), 0))
        return
    forms = text.other_forms(*(written for _, title, body in old for written in (title, body)))
    oldest = old[-1][0] if len(old) == NOTED else 0
    await context.store.write(lambda connection: word_forms.note_missing(connection, forms, oldest))


async def _forget_forms(context: Context) -> None:
    """Look at some word forms, in turn, and forget those whose words went with the texts."""
    seen = context.forms_seen
    found = await context.store.read(lambda connection: retention.list_idle_forms(connection, seen, FORMS))
    context.forms_seen = found.last
    if found.idle:
        await context.store.write(lambda connection: retention.forget_idle_forms(connection, found.idle))
