"""What ails a feed that is polled: pure judgements, each a code with its sentence for people.

A code stands from the moment it is found until a judgement of its own kind no longer finds it. docs/operations.md has
the meaning and the remedy of each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor import model

CODES = ("failing", "html", "gone", "stale", "undated", "future", "language", "overflow")
OF_POLLS = frozenset(("failing", "html", "gone"))
"""Codes that every poll judges."""
OF_LISTINGS = frozenset(("undated", "future", "language", "overflow"))
"""Codes that a poll judges whose body is another than before."""
OF_TIME = frozenset(("stale", "overflow"))
"""Codes that stand or fall by time alone, also while a feed answers that nothing has changed."""

TELL_AFTER = 3
"""Failed polls in a row before a feed counts as failing."""
GONE_AFTER = timedelta(hours=24)
"""Time between the first and the last 410 after which a feed is not polled any more."""
FEWEST = 5
"""Entries below which a listing says nothing about dates, language and overflow."""
AHEAD = timedelta(hours=14)
"""A local time written as UTC is at most so far ahead (UTC+14, Kiribati); what is dated later is no slip of zone."""
CALM = timedelta(hours=24)
"""Time without a further overflow after which it is over: until then the feed is asked as often as may be."""
SETTLED = timedelta(hours=1)
"""Time for which a listing must be in another language before that is told."""
ADOPTED = timedelta(days=7)
"""Time after which another language counts as the feed's own."""

Standing = Mapping[str, tuple[float, str]]
"""By code: since when, seconds since 1970, and the sentence."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What the last body listed."""

    entries: int
    known: int
    """Entries that an earlier poll had listed."""
    published: tuple[datetime, ...]
    """Dates of those that have one, as they are written."""
    spoken: str | None
    """Language they are clearly in; None if that is not clear."""

    @property
    def newest(self) -> datetime | None:
        """Return the latest date."""
        return max(self.published, default=None)


def see_listing(parsed: model.ParsedFeed, known: int) -> Listing:
    """Return the listing of a body, the entries included that were not read again."""
    dates = (*(entry.published for entry in parsed.entries), *parsed.unchanged)
    return Listing(parsed.listed, known, tuple(date for date in dates if date), parsed.spoken)


def judge_failure(failures: int, reason: str, sentence: str, stopped: bool) -> dict[str, str]:
    """Return what a failed poll says of a feed.

    Args:
        failures: Failed polls in a row, this one included.
        reason: `html_page`, `dns`, `http_404`, ...
        stopped: It has answered 410 for a day and is not polled any more.
    """
    if stopped:
        return {"gone": "It has answered 410 Gone for a day and is not polled any more."}
    if failures < TELL_AFTER:
        return {}
    if reason == "html_page":
        return {"html": f"Its address has answered {failures} times with a web page in place of a feed."}
    return {"failing": f"It has failed {failures} times in a row: {sentence}"}


def judge_listing(feed: model.Feed, listing: Listing, now: datetime) -> dict[str, str]:
    """Return what a changed body says of a feed; `feed` is as it was before this poll."""
    found = {
        "undated": _undated(listing),
        "future": _future(listing, now),
        "language": _language(feed, listing, now),
        "overflow": _overflow(feed, listing, now),
    }
    return {code: sentence for code, sentence in found.items() if sentence}


def judge_time(feed: model.Feed, stale_at: datetime | None, now: datetime) -> dict[str, str]:
    """Return which of OF_TIME stand now.

    Args:
        stale_at: When the feed's silence became longer than its rhythm explains; only a good poll after it proves it.
    """
    found = {"stale": _stale(feed, stale_at), "overflow": _lasting_overflow(feed, now)}
    return {code: sentence for code, sentence in found.items() if sentence}


def _stale(feed: model.Feed, stale_at: datetime | None) -> str | None:
    if stale_at is None or feed.succeeded_at is None or feed.succeeded_at < stale_at:
        return None
    last = datetime.fromtimestamp(feed.arrivals[-1], UTC) if feed.arrivals else None
    since = f"since {last:%Y-%m-%d %H:%M} UTC" if last else "for long"
    return f"It answers, but has brought nothing {since}: longer than its rhythm explains."


def merge(
    before: Standing, judged: Collection[str], found: Mapping[str, str], now: datetime
) -> dict[str, tuple[float, str]]:
    """Return what stands after a judgement about the codes `judged` that found `found`; the others stay as they are.

    A code that stood already keeps its beginning; an overflow begins anew with each, since it ends by time.
    """
    after = {code: told for code, told in before.items() if code not in judged}
    for code, sentence in found.items():
        stood = before.get(code)
        begins = stood is None or (code == "overflow" and stood[1] != sentence)
        after[code] = (now.timestamp() if stood is None or begins else stood[0], sentence)
    return after


def is_settled(code: str, since: float, now: datetime) -> bool:
    """Return whether a trouble that stands since `since` may be told.

    A language must be another for SETTLED, with no listing in between that denies it: of 1,605 clear listings of
    `rss-archive-2023` one was taken for another language (Polish, undeclared), and the next one was not.
    """
    return code != "language" or now.timestamp() - since >= SETTLED.total_seconds()


def spoken_after(feed: model.Feed, listing: Listing, now: datetime) -> str | None:
    """Return the language that counts as the feed's own from now on: the first clear one, until another has stayed."""
    if feed.spoken is None or _has_stayed(feed, now):
        return listing.spoken or feed.spoken
    return feed.spoken


def _has_stayed(feed: model.Feed, now: datetime) -> bool:
    stood = feed.troubles.get("language")
    return stood is not None and now.timestamp() - stood[0] >= ADOPTED.total_seconds()


def _undated(listing: Listing) -> str | None:
    if listing.entries >= FEWEST and not listing.published:
        return "None of its entries has a date: they count as published when they are first seen."
    return None


def _future(listing: Listing, now: datetime) -> str | None:
    newest = listing.newest
    if newest is None or newest <= now + AHEAD:
        return None
    return f"Its newest entry is dated {newest:%Y-%m-%d %H:%M} UTC, which is still to come; it counts as published now."


def _language(feed: model.Feed, listing: Listing, now: datetime) -> str | None:
    stood = feed.troubles.get("language")
    if feed.spoken is None or _has_stayed(feed, now) or listing.spoken == feed.spoken:
        return None
    if listing.spoken is None or listing.entries < FEWEST:
        return stood[1] if stood else None  # not clear, or too few were read: what stood stands
    return f"Its entries are written in `{listing.spoken}`; they used to be in `{feed.spoken}`."


def _overflow(feed: model.Feed, listing: Listing, now: datetime) -> str | None:
    if _has_overflowed(feed, listing):
        before = f" after {feed.succeeded_at:%Y-%m-%d %H:%M} UTC" if feed.succeeded_at else ""
        return (
            f"At {now:%Y-%m-%d %H:%M} UTC it listed {listing.entries} entries, all new: "
            f"others may have come and gone{before}. It is asked as often as `min_every` allows."
        )
    return _lasting_overflow(feed, now)


def _lasting_overflow(feed: model.Feed, now: datetime) -> str | None:
    stood = feed.troubles.get("overflow")
    return stood[1] if stood is not None and now.timestamp() - stood[0] < CALM.total_seconds() else None


def _has_overflowed(feed: model.Feed, listing: Listing) -> bool:
    """Return whether no entry of the last poll is still listed, and the oldest listed is newer than all of them."""
    if not feed.baselined or feed.newest_at is None or listing.known or listing.entries < FEWEST:
        return False
    return len(listing.published) == listing.entries and min(listing.published) > feed.newest_at
