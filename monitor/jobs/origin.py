"""Whose article an entry is: the feed's newsroom, or the publisher that an aggregator names."""

from __future__ import annotations

from dataclasses import replace

from monitor import urls
from monitor.feeds import wrapper
from monitor.store import entries


def newsroom_of(waiting: entries.WaitingEntry) -> str:
    """Return who stands behind an entry; an aggregator that names nobody stands for itself."""
    publisher = waiting.entry.publisher if _is_passed_on(waiting) else None
    return publisher or waiting.newsroom


def aggregator_of(waiting: entries.WaitingEntry) -> str | None:
    """Return the newsroom of the feed where it only passed the entry on: no independent one."""
    return waiting.newsroom if _is_passed_on(waiting) else None


def waits_for_match(waiting: entries.WaitingEntry) -> bool:
    """Return whether the entry's page is fetched only after a rule matched what the feed says of it."""
    return wrapper.waits_for_match(waiting.feed_url, waiting.entry.url)


def resolved(waiting: entries.WaitingEntry, url: str) -> entries.WaitingEntry:
    """Return an entry under the address that its wrapper link led to."""
    if not wrapper.is_wrapper(waiting.entry.url):
        return waiting
    return replace(waiting, entry=replace(waiting.entry, url=url), canonical_url=urls.canonical_url(url))


def _is_passed_on(waiting: entries.WaitingEntry) -> bool:
    return wrapper.is_aggregator(waiting.feed_url, waiting.feed_tags)
