"""retry_page: a partial article's page once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog

from monitor import errors, metrics, model, tasks
from monitor.jobs import decide, origin, pages, place, process, recover
from monitor.jobs.context import Context, Setup
from monitor.store import articles, entries
from monitor.store.store import Connection

log = structlog.get_logger()


async def retry_page(context: Context, article_id: int) -> None:
    """Fetch a partial article's page again; more text becomes a new revision, matched under the live rules."""
    known = await context.store.read(lambda connection: articles.get(connection, article_id))
    if known is None:
        return
    waiting = await context.store.read(lambda connection: entries.load(connection, known.entry_id))
    if waiting is None:
        return
    page = context.locks.hold(waiting.canonical_url or f"entry {waiting.id}")
    async with page, context.under_way.mark(-article_id) as deaths:
        await (_set_aside if deaths >= recover.DEATHS else _retry)(context, waiting, known)


async def _set_aside(context: Context, waiting: entries.WaitingEntry, known: articles.StoredArticle) -> None:
    """Leave the page alone that the monitor died of again and again; what the feed said of it was matched."""
    log.error("page_set_aside", article=known.id, feed=waiting.feed_slug)

    def record(connection: Connection) -> None:
        articles.update(connection, known.id, retry_at=None)
        recover.tell_of_article(
            context, connection, f"the page of art-{known.id}", waiting.feed_slug, context.clock.now()
        )

    await context.store.write(record)


async def _retry(context: Context, waiting: entries.WaitingEntry, known: articles.StoredArticle) -> None:
    setup = context.setup
    fetched = await pages.fetch_page(context, pages.page_of(waiting))
    retries = known.retries + 1
    if fetched.page is not None:
        waiting = origin.resolved(waiting, fetched.page.url)
    try:
        read = await process.call_reader(context, setup, replace(process.draft_of(waiting), lang=known.lang), fetched)
    except errors.WorkerBusy:
        later = context.clock.now() + process.BUSY
        await context.store.write(lambda connection: articles.update(connection, known.id, retry_at=later))
        return
    except errors.WorkerError as fault:
        metrics.WORKER_RESTARTS.inc()
        log.warning("page_unreadable", article=known.id, error=str(fault))
        read = None
    wait = pages.next_try(read.partial_reason if read else "unreadable", retries)
    due = context.clock.now() + wait if wait else None
    await _record_retry(context, setup, waiting, known, read, retries, due)


async def _record_retry(
    context: Context,
    setup: Setup,
    waiting: entries.WaitingEntry,
    known: articles.StoredArticle,
    read: tasks.Reading | None,
    retries: int,
    due: datetime | None,
) -> None:
    if read is None or (read.article.partial and len(read.article.text) <= len(known.text)):
        await context.store.write(
            lambda connection: articles.update(connection, known.id, retries=retries, retry_at=due)
        )
        return
    task = place.Task(waiting, known, due if read.article.partial else None)

    def record(connection: Connection) -> tuple[model.Decision, ...]:
        moved = {"url": waiting.entry.url, "canonical_url": waiting.canonical_url}
        articles.update(connection, known.id, retries=retries, **moved)
        return decide.record(context, setup, connection, task, read)

    made = await context.store.decide(record)
    process.count(context, waiting.feed_id, read, made)
