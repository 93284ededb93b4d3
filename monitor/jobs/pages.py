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
UNRESOLVED = "unresolved"
"""The answer came from an aggregator, not from the newsroom whose article it passes on."""
SLOW_HOST = timedelta(minutes=2)
"""How long no page is asked of a host that did not answer in time: each of thirty articles would wait the whole limit
for it, two at a time, and so would their alerts."""
_USUAL = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=3), timedelta(hours=12))
_SELDOM = (timedelta(minutes=5), timedelta(hours=3))
_ONCE = (timedelta(hours=12),)
RETRIES = {
    "http_404": _SELDOM, "not_found": _SELDOM, "script_only": _SELDOM, "meta_refresh": _SELDOM,
    "http_410": _ONCE, "too_large": _ONCE, "not_a_page": (),
    UNRESOLVED: (),  # it would lead nowhere again
}  # fmt: skip
"""When a page that failed is tried again, after the last try, where its reason promises less than usual."""

_NO_PAGES = ("application/pdf", "application/zip", "application/octet-stream", "application/json", "image/", "audio/",
             "video/", "font/", "application/vnd.", "application/msword", "application/epub")  # fmt: skip
_NO_PAGE_STARTS = (b"%PDF-", b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"\x1a\x45\xdf\xa3", b"ID3")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page, or why there is none."""

    page: tasks.PageBytes | None
    missing: str | None


def page_of(waiting: entries.WaitingEntry) -> str | None:
    """Return the page to fetch; an item that links to a site's front page (no canonical URL) has none of its own."""
    return waiting.entry.url if waiting.canonical_url else None


async def fetch_page(context: Context, url: str | None, room: http.Room | None = None) -> Fetched:
    """Fetch the page at `url`; None, a host that asked for a pause, and every failure give no page, with the reason."""
    if not url:
        return Fetched(None, None)
    now = context.clock.now()
    if context.host_pauses.get(urls.host_of(url), now) > now:
        return Fetched(None, "host_paused")
    if context.slow_hosts.get(urls.host_of(url), now) > now:
        return Fetched(None, "host_slow")
    try:
        reply = await context.gate.fetch(url, cap=PAGE_CAP, accept=ACCEPT, room=room)
    except errors.FetchError as fault:
        if fault.code == "timeout":
            _note_slow(context, urls.host_of(url))
        return Fetched(None, fault.code)
    if reply.info.status != 200:
        await _obey(context, reply)
        return Fetched(None, f"http_{reply.info.status}")
    if wrapper.is_wrapper(reply.url):
        return Fetched(None, UNRESOLVED)
    if _is_other_file(reply):
        return Fetched(None, "not_a_page")
    return Fetched(tasks.PageBytes(reply.body, reply.url, reply.info.content_type), None)


def _note_slow(context: Context, host: str) -> None:
    """Let the articles of a host that does not answer go by what their feed says, until their next try."""
    now = context.clock.now()
    for name in [name for name, until in context.slow_hosts.items() if until <= now]:
        del context.slow_hosts[name]
    context.slow_hosts[host] = now + SLOW_HOST


def next_try(reason: str | None, tries: int) -> timedelta | None:
    """Return how long a page that failed for `reason` waits for the retry after `tries` retries; None: for ever."""
    waits = RETRIES.get(reason or "", _USUAL)
    return waits[tries] if tries < len(waits) else None


def _is_other_file(reply: model.Reply) -> bool:
    """Return whether an answer is a document, picture or film: by its declared type, else by its first bytes."""
    declared = (reply.info.content_type or "").strip().lower()
    if declared.startswith(_NO_PAGES) and reply.body.lstrip()[:1] != b"<":
        return True
    return reply.body.startswith(_NO_PAGE_STARTS)


async def _obey(context: Context, reply: model.Reply) -> None:
    now = context.clock.now()
    wait = http.retry_after_seconds(reply.info.retry_after, now)
    if wait:
        host, until = urls.host_of(reply.url), now + timedelta(seconds=wait)
        context.host_pauses[host] = until
        await context.store.write(lambda connection: feeds.pause_host(connection, host, until))
