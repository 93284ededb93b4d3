"""The page of an entry: where it lies, and one try at fetching it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from monitor import errors, http, model, tasks, urls
from monitor.feeds import wrapper
from monitor.jobs.context import Context
from monitor.store import entries, feeds

ACCEPT = "text/html, application/xhtml+xml, */*;q=0.1"
PAGE_CAP = 2_000_000
PAGE_RETRIES = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=12))
"""When a page that failed is tried again, after the last try."""

UNRESOLVED = "unresolved"
"""The answer came from an aggregator, not from the newsroom whose article it passes on."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page, or why there is none."""

    page: tasks.PageBytes | None
    missing: str | None


def page_of(waiting: entries.WaitingEntry) -> str | None:
    """Return the page to fetch; an item that links to a site's front page (no canonical URL) has none of its own."""
    return waiting.entry.url if waiting.canonical_url else None


async def fetch_page(context: Context, url: str | None) -> Fetched:
    """Fetch the page at `url`; None, a host that asked for a pause, and every failure give no page, with the reason."""
    if not url:
        return Fetched(None, None)
    now = context.clock.now()
    if context.host_pauses.get(urls.host_of(url), now) > now:
        return Fetched(None, "host_paused")
    try:
        reply = await context.gate.fetch(url, cap=PAGE_CAP, accept=ACCEPT)
    except errors.FetchError as fault:
        return Fetched(None, fault.code)
    if reply.info.status != 200:
        await _obey(context, reply)
        return Fetched(None, f"http_{reply.info.status}")
    if wrapper.is_wrapper(reply.url):
        return Fetched(None, UNRESOLVED)
    return Fetched(tasks.PageBytes(reply.body, reply.url, reply.info.content_type), None)


async def _obey(context: Context, reply: model.Reply) -> None:
    now = context.clock.now()
    wait = http.retry_after_seconds(reply.info.retry_after, now)
    if wait:
        host, until = urls.host_of(reply.url), now + timedelta(seconds=wait)
        context.host_pauses[host] = until
        await context.store.write(lambda connection: feeds.pause_host(connection, host, until))
