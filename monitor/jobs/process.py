"""process_entry: from a stored entry to recorded decisions and queued messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from monitor import errors, metrics, model, tasks, text
from monitor.feeds import quota
from monitor.jobs import decide, meter, origin, pages, place, recover
from monitor.jobs.context import Context, Setup
from monitor.store import articles, entries, quotas
from monitor.store.store import Connection

READ_SECONDS = 10.0
COUNTED_TOGETHER = 0.5
"""Seconds that counting a text may wait for others to share its commit."""
GROUP = 0.02
"""Seconds that a decision may wait for others to share its commit."""
BUSY = timedelta(seconds=60)
"""How long an entry of a feed with slow pages waits while the slow ones before it are not done."""
STRANGE = timedelta(seconds=10)
"""How long an entry waits of a feed whose pages are not known yet, while others like it take long: a hundred new feeds
with pages of that kind must not hold all places of this lane."""
CROWDED = timedelta(seconds=5)
"""How long an entry waits whose host has more than enough to answer; it would hold the place of others."""
TRIES = 3
"""Times a reading may kill its worker before the entry is set aside as unreadable."""
REREAD = 8
"""Revisions of an article up to which a change of the feed's text has its page read again; a clock in the text has no
end."""
COMPARED = 12
"""Leading words of the feed's text that are looked for in what was read; its end is often cut."""

log = structlog.get_logger()


async def process_entry(context: Context, entry_id: int) -> datetime | None:
    """Read, match and decide one entry; what fails is tried again, and after TRIES set aside with a record.

    Returns: When it is looked at again, if it was put off because others go first; else None.
    """
    waiting = await context.store.read(lambda connection: entries.load(connection, entry_id))
    if waiting is None or waiting.state != "pending":
        return None
    if context.workers.is_busy(source_of(waiting.feed_slug)):
        return await _put_off(context, entry_id, BUSY)
    if context.workers.is_stuck(source_of(waiting.feed_slug)):
        return await _put_off(context, entry_id, STRANGE)
    if context.gate.is_crowded(pages.page_of(waiting) or ""):
        return await _put_off(context, entry_id, CROWDED)
    async with context.locks.hold(waiting.canonical_url or f"entry {entry_id}"):
        try:
            async with context.under_way.mark(entry_id) as deaths:
                await _process_suspect(context, waiting, deaths)
        except errors.WorkerBusy:
            return await _put_off(context, entry_id, BUSY)
        except errors.WorkerUnavailable:
            raise  # not the entry's fault: it stays pending and is taken up again
        except errors.WorkerError as fault:
            await _set_back(context, waiting, str(fault))
    return None


def source_of(feed_slug: str) -> str:
    """Return the name under which the workers remember how long the articles of this feed took."""
    return f"articles of {feed_slug}"


async def _put_off(context: Context, entry_id: int, wait: timedelta) -> datetime:
    """Put off an entry whose pages take long to come or to read, while others of their kind wait: no try is lost."""
    due = context.clock.now() + wait
    await context.store.write(lambda connection: entries.postpone(connection, entry_id, due), GROUP)
    return due


async def _process_suspect(context: Context, waiting: entries.WaitingEntry, deaths: int) -> None:
    """Process an entry that was under way in so many deaths of the daemon; after some without its page, then not."""
    if deaths < recover.DEATHS:
        tries = TRIES - 1 if deaths >= recover.WITHOUT_PAGE else 0
        await _process(context, replace(waiting, attempts=max(waiting.attempts, tries)))
        return
    log.error("entry_set_aside", entry=waiting.id, feed=waiting.feed_slug, deaths=deaths)
    metrics.ARTICLES.labels("unreadable").inc()

    def record(connection: Connection) -> None:
        if deaths == recover.DEATHS:
            decide.record_unreadable(context, context.setup, connection, waiting)
        else:  # that killed it, too
            entries.close(connection, waiting.id, "unreadable", waiting.article_id)
        recover.tell_of_article(context, connection, f"entry {waiting.id}", waiting.feed_slug, context.clock.now())

    await context.store.decide(record)


async def _process(context: Context, waiting: entries.WaitingEntry) -> None:
    setup = context.setup
    known = await context.store.read(lambda connection: _find_known(connection, waiting))
    if known is None or known.partial_reason == tasks.PREFILTERED:  # other words came to it, and it has no text
        read, retry_at = await _read_new(context, setup, waiting)
    elif _says_more(waiting, known):
        read, retry_at = await _read_again(context, setup, waiting, known), None
    else:
        read, retry_at = await _read_known(context, setup, waiting, known), None
        if known.id == waiting.article_id and read.article.partial:
            retry_at = known.retry_at  # its page is still owed
            if origin.waits_for_match(waiting) and read.matches and not known.retries:
                retry_at = context.clock.now()
    context.reached("process.read")
    own = known if known is not None and known.id == waiting.article_id else None
    task = place.Task(waiting, own, retry_at)
    made = await context.store.decide(lambda connection: decide.record(context, setup, connection, task, read), GROUP)
    context.reached("process.committed")
    count(context, waiting.feed_id, read, made)


def _find_known(connection: Connection, waiting: entries.WaitingEntry) -> articles.StoredArticle | None:
    """Return the article whose text need not be fetched again: the entry's own, else one with the same address.

    An aggregator's article whose page was never asked for has no text to share.

    What an untrusted feed brought under that address may be its own words: a trusted one does not take them over.
    """
    if waiting.article_id is not None:
        return articles.get(connection, waiting.article_id)
    if not waiting.canonical_url:
        return None
    known = articles.find_by_url(connection, waiting.canonical_url, waiting.trusted)
    return None if known is not None and known.partial and known.aggregator else known


def draft_of(waiting: entries.WaitingEntry) -> model.Article:
    """Return the article that the feed alone gives."""
    entry = waiting.entry
    return model.Article(
        title=entry.title,
        text=entry.summary,
        lang=None,
        url=entry.url or "",
        source=waiting.feed_slug,
        newsroom=origin.newsroom_of(waiting),
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
    page = pages.page_of(waiting)
    if origin.waits_for_match(waiting):
        read = await call_reader(context, setup, draft, pages.Fetched(None, "awaits_match"))
        return read, context.clock.now() if read.matches and page else None
    if quota.is_full(waiting.feed_bytes, meter.limit_of(context, waiting.feed_slug)):
        page, fetched = None, pages.Fetched(None, "feed_quota")
    elif waiting.attempts < TRIES - 1:
        return await _read_page(context, setup, draft, page)
    else:
        fetched = pages.Fetched(None, "unreadable")
    return await _read_fetched(context, setup, draft, page, fetched)


async def _read_page(
    context: Context, setup: Setup, draft: model.Article, page: str | None
) -> tuple[tasks.Reading, datetime | None]:
    async with context.gate.room() as room:
        fetched = await pages.fetch_page(context, page, room)
        return await _read_fetched(context, setup, draft, page, fetched)


async def _read_fetched(
    context: Context, setup: Setup, draft: model.Article, page: str | None, fetched: pages.Fetched
) -> tuple[tasks.Reading, datetime | None]:
    context.reached("process.fetched")
    read = await call_reader(context, setup, draft, fetched)
    wait = pages.next_try(read.partial_reason, 0) if read.article.partial and page else None
    return read, context.clock.now() + wait if wait else None


async def call_reader(context: Context, setup: Setup, draft: model.Article, fetched: pages.Fetched) -> tasks.Reading:
    """Have a worker read an entry, with its page if there is one. Raises: WorkerError."""
    read = tasks.read_sifted if setup.config.polling.prefilter else tasks.read_entry
    return await context.workers.call(
        read,
        str(setup.rules_path),
        draft,
        fetched.page,
        fetched.missing,
        timeout=READ_SECONDS,
        source=source_of(draft.source),
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
    return await context.workers.call(
        tasks.read_stored, str(setup.rules_path), article, timeout=READ_SECONDS, source=source_of(article.source)
    )


def _says_more(waiting: entries.WaitingEntry, known: articles.StoredArticle) -> bool:
    """Return whether the feed's text of a fully read article changed to something that neither page nor title says."""
    if known.id != waiting.article_id or known.partial or known.revision_n > REREAD:
        return False
    words = " ".join(text.folded_words(waiting.entry.summary)[:COMPARED])
    return bool(words) and not any(words in " ".join(text.folded_words(place)) for place in (known.title, known.text))


async def _read_again(
    context: Context, setup: Setup, waiting: entries.WaitingEntry, known: articles.StoredArticle
) -> tasks.Reading:
    """Read a changed article's page once more; where it does not come, what stood stays, below the feed's new text."""
    read, _ = await _read_new(context, setup, waiting)
    if read.partial_reason is None:
        return read
    stood = replace(known, text=f"{waiting.entry.summary}\n{known.text}")
    return await _read_known(context, setup, waiting, stood)


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
    await context.store.decide(lambda connection: decide.record_unreadable(context, setup, connection, waiting))


def count(context: Context, feed_id: int, read: tasks.Reading, made: tuple[model.Decision, ...]) -> None:
    """Bring the counters up to date with what was read and decided.

    In a cluster the text is counted to its feed's day now: nothing that decides waits for a row that somebody who
    records polls holds, since the two would wait for each other.
    """
    if made and context.store.decides_apart:
        size = len(read.article.text.encode())
        context.store.writer.submit(lambda connection: quotas.add_stored(connection, feed_id, size), COUNTED_TOGETHER)
    full = tasks.PREFILTERED if read.partial_reason == tasks.PREFILTERED else "full"
    metrics.ARTICLES.labels("partial" if read.article.partial else full).inc()
    for match in read.matches:
        metrics.MATCHES.labels(match.pack, match.rule).inc()
    for decision in made:
        metrics.DECISIONS.labels(decision.outcome.value, decision.reason.value).inc()
