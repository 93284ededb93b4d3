"""process_entry: from a stored entry to recorded decisions and queued messages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from monitor import errors, http, metrics, model, tasks, urls
from monitor.jobs import decide
from monitor.jobs.context import Context, Setup
from monitor.store import articles, entries, feeds
from monitor.store.store import Connection

ACCEPT = "text/html, application/xhtml+xml, */*;q=0.1"
PAGE_CAP = 2_000_000
READ_SECONDS = 10.0
GROUP = 0.02
"""Seconds that a decision may wait for others to share its commit."""
TRIES = 3
"""Times a reading may kill its worker before the entry is set aside as unreadable."""
PAGE_RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=12))
"""When a page that failed is tried again, after the last try."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A page, or why there is none."""

    page: tasks.PageBytes | None
    missing: str | None


async def process_entry(context: Context, entry_id: int) -> None:
    """Read, match and decide one entry; what fails is tried again, and after TRIES set aside with a record."""
    waiting = await context.store.read(lambda connection: entries.load(connection, entry_id))
    if waiting is None or waiting.state != "pending":
        return
    async with context.locks.hold(waiting.canonical_url or f"entry {entry_id}"):
        try:
            await _process(context, waiting)
        except errors.WorkerUnavailable:
            raise  # not the entry's fault: it stays pending and is taken up again
        except errors.WorkerError as fault:
            await _set_back(context, waiting, str(fault))


async def _process(context: Context, waiting: entries.WaitingEntry) -> None:
    setup = context.setup
    known = await context.store.read(lambda connection: _find_known(connection, waiting))
    if known is None:
        read, retry_at = await _read_new(context, setup, waiting)
    else:
        read, retry_at = await _read_known(context, setup, waiting, known), None
        if known.id == waiting.article_id and read.article.partial:
            retry_at = known.retry_at  # its page is still owed
    context.reached("process.read")
    own = known if known is not None and known.id == waiting.article_id else None
    task = decide.Task(waiting, own, retry_at)
    made = await context.store.write(lambda connection: decide.record(context, setup, connection, task, read), GROUP)
    context.reached("process.committed")
    _count(read, made)


def _find_known(connection: Connection, waiting: entries.WaitingEntry) -> articles.StoredArticle | None:
    """Return the article whose text need not be fetched again: the entry's own, else one with the same address."""
    if waiting.article_id is not None:
        return articles.get(connection, waiting.article_id)
    return articles.find_by_url(connection, waiting.canonical_url) if waiting.canonical_url else None


def draft_of(waiting: entries.WaitingEntry) -> model.Article:
    """Return the article that the feed alone gives."""
    entry = waiting.entry
    return model.Article(
        title=entry.title,
        text=entry.summary,
        lang=None,
        url=entry.url or "",
        source=waiting.feed_slug,
        newsroom=waiting.newsroom,
        groups=waiting.feed_tags,
        author=entry.author or "",
        tags=entry.tags,
        published=entry.published,
        first_seen=waiting.first_seen,
    )


async def _read_new(
    context: Context, setup: Setup, waiting: entries.WaitingEntry
) -> tuple[tasks.Reading, datetime | None]:
    draft = replace(draft_of(waiting), lang=waiting.entry.lang or waiting.feed_lang)
    page = _page_of(waiting)
    fetched = await _fetch_page(context, page) if waiting.attempts < TRIES - 1 else _Fetched(None, "unreadable")
    context.reached("process.fetched")
    read = await _call_reader(context, setup, draft, fetched)
    retry_at = context.clock.now() + PAGE_RETRIES[0] if read.article.partial and page else None
    return read, retry_at


def _page_of(waiting: entries.WaitingEntry) -> str | None:
    """Return the page to fetch; an item that links to a site's front page (no canonical URL) has none of its own."""
    return waiting.entry.url if waiting.canonical_url else None


async def _call_reader(context: Context, setup: Setup, draft: model.Article, fetched: _Fetched) -> tasks.Reading:
    return await context.workers.call(
        tasks.read_entry, str(setup.rules_path), draft, fetched.page, fetched.missing, timeout=READ_SECONDS
    )


async def _read_known(
    context: Context, setup: Setup, waiting: entries.WaitingEntry, known: articles.StoredArticle
) -> tasks.Reading:
    """Read with the text that is stored: the page was fetched before, and nothing is fetched twice."""
    draft = draft_of(waiting)
    body = known.text if not known.partial or len(known.text) > len(draft.text) else draft.text
    article = replace(
        draft,
        title=draft.title or known.title,
        text=body,
        lang=known.lang,
        author=draft.author or known.author or "",
        published=draft.published or known.published,
        partial=known.partial,
    )
    return await context.workers.call(tasks.read_stored, str(setup.rules_path), article, timeout=READ_SECONDS)


async def _fetch_page(context: Context, url: str | None) -> _Fetched:
    if not url:
        return _Fetched(None, None)
    now = context.clock.now()
    if context.host_pauses.get(urls.host_of(url), now) > now:
        return _Fetched(None, "host_paused")
    try:
        reply = await context.gate.fetch(url, cap=PAGE_CAP, accept=ACCEPT)
    except errors.FetchError as fault:
        return _Fetched(None, fault.code)
    if reply.info.status != 200:
        await _obey(context, reply)
        return _Fetched(None, f"http_{reply.info.status}")
    return _Fetched(tasks.PageBytes(reply.body, reply.url, reply.info.content_type), None)


async def _obey(context: Context, reply: model.Reply) -> None:
    now = context.clock.now()
    wait = http.retry_after_seconds(reply.info.retry_after, now)
    if wait:
        host, until = urls.host_of(reply.url), now + timedelta(seconds=wait)
        context.host_pauses[host] = until
        await context.store.write(lambda connection: feeds.pause_host(connection, host, until))


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
        fetched = await _fetch_page(context, _page_of(waiting))
        retries = known.retries + 1
        due = context.clock.now() + PAGE_RETRIES[retries] if retries < len(PAGE_RETRIES) else None
        try:
            read = await _call_reader(context, setup, replace(draft_of(waiting), lang=known.lang), fetched)
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
    made = await context.store.write(lambda connection: decide.record(context, setup, connection, task, read))
    _count(read, made)


async def _set_back(context: Context, waiting: entries.WaitingEntry, sentence: str) -> None:
    """Try again without the page; after TRIES set the entry aside, recorded and visible."""
    now = context.clock.now()
    metrics.WORKER_RESTARTS.inc()
    log.warning(
        "entry_unreadable", entry=waiting.id, feed=waiting.feed_slug, attempt=waiting.attempts + 1, error=sentence
    )
    if waiting.attempts + 1 < TRIES:
        await context.store.write(lambda connection: entries.record_attempt(connection, waiting.id, now))
        return
    metrics.ARTICLES.labels("unreadable").inc()
    setup = context.setup
    await context.store.write(lambda connection: decide.record_unreadable(context, setup, connection, waiting))


def _count(read: tasks.Reading, made: tuple[model.Decision, ...]) -> None:
    metrics.ARTICLES.labels("partial" if read.article.partial else "full").inc()
    for match in read.matches:
        metrics.MATCHES.labels(match.pack, match.rule).inc()
    for decision in made:
        metrics.DECISIONS.labels(decision.outcome.value, decision.reason.value).inc()
