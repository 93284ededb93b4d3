"""retry_page: a partial article's page once more."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog

from monitor import errors, metrics, model, tasks
from monitor.jobs import decide, origin, pages, process
from monitor.jobs.context import Context, Setup
from monitor.store import articles, entries
from monitor.store.store import Connection

log = structlog.get_logger()


async def retry_page(context: Context, article_id: int) -> None:
    """Fetch a partial article's page again; full text becomes a new revision, matched under the live rules."""
    known = await context.store.read(lambda connection: articles.get(connection, article_id))
    if known is None:
        return
    waiting = await context.store.read(lambda connection: entries.load(connection, known.entry_id))
    if waiting is None:
        return
    async with context.locks.hold(waiting.canonical_url or f"entry {waiting.id}"):
        setup = context.setup
        fetched = await pages.fetch_page(context, pages.page_of(waiting))
        retries = known.retries + 1
        due = context.clock.now() + pages.PAGE_RETRIES[retries] if retries < len(pages.PAGE_RETRIES) else None
        if fetched.missing == pages.UNRESOLVED:
            due = None  # it would lead nowhere again
        if fetched.page is not None:
            waiting = origin.resolved(waiting, fetched.page.url)
        try:
            read = await process.call_reader(
                context, setup, replace(process.draft_of(waiting), lang=known.lang), fetched
            )
        except errors.WorkerError as fault:
            metrics.WORKER_RESTARTS.inc()
            log.warning("page_unreadable", article=article_id, error=str(fault))
            read = None
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
    if read is None or read.article.partial:
        await context.store.write(
            lambda connection: articles.update(connection, known.id, retries=retries, retry_at=due)
        )
        return
    task = decide.Task(waiting, known, None)

    def record(connection: Connection) -> tuple[model.Decision, ...]:
        articles.update(connection, known.id, url=waiting.entry.url, canonical_url=waiting.canonical_url)
        return decide.record(context, setup, connection, task, read)

    made = await context.store.write(record)
    process.count(read, made)
