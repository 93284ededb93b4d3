"""When a feed is asked next."""

from __future__ import annotations

import email.utils
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from monitor import model
from monitor.feeds import rhythm, wrapper

LONGEST_WISH = 86_400.0
"""Seconds a server may ask us to stay away; it cannot silence a feed for longer."""
EAGERNESS = 60.0
"""Seconds; a feed that brings something every G seconds is asked every sqrt(G * EAGERNESS).

The square root is what makes the mean delay of an entry least for a given number of polls in all. The factor was taken
from the publication times of `rss-archive-2023`; `python -m tests.eval.rhythm pace` and docs/decisions/0013-pace.md.
"""
OURS = 300.0
"""Longest back-off, seconds, while nothing at all answers: then the fault is ours, and all is to be well soon after."""

_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)
_OK = (200, 299)
_NOT_MODIFIED = 304


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """How often feeds are asked; all in seconds, `jitter` as a share of the wait."""

    every: float
    """Longest wait of a healthy feed that sets none of its own."""
    min_every: float
    """Shortest wait, and the first step of the back-off."""
    max_backoff: float = 86_400.0
    jitter: float = 0.1


def next_check(
    feed: model.Feed,
    answer: model.HttpInfo | None,
    now: datetime,
    settings: PaceSettings,
    draw: Callable[[], float],
    ours: bool = False,
) -> tuple[datetime, str]:
    """Return when to ask `feed` next, never sooner than its server asks, and the reason.

    `every` is the longest wait of a healthy feed; its rhythm shortens it, only the server and its text lengthen it.

    Args:
        feed: With arrivals, ttl, skip_hours and skip_days as this poll left them; its `failures` count the polls that
            failed in a row before this one.
        answer: Status and headers of this poll; None if nothing answered, or a good status brought no feed.
        now: Aware, UTC.
        draw: Gives a number in [0, 1) for the jitter, as `random.random` does.
        ours: Nothing answers at all: the network is the trouble, not this feed.
    Returns: A time after `now` by at least `settings.min_every` less jitter and at most about a day, and one of
        `healthy`, `rhythm`, `overflow`, `server_cache`, `feed_ttl`, `feed_skips`, `retry_after`, `back_off`, `gone`,
        `no_answer`, `network`. A feed is never given up here.
    Raises: Nothing; a malformed header counts as absent.
    Source: RFC 9110 section 10.2.3 (Retry-After); RFC 9111 section 4.2.1 (freshness); RSS 2.0 `ttl`, `skipHours`,
        `skipDays`.
    """
    healthy = answer is not None and (answer.status == _NOT_MODIFIED or _OK[0] <= answer.status <= _OK[1])
    if healthy:
        wait, reason = _healthy_wait(feed, answer, now, settings)
    else:
        wait, reason = _backoff(feed, answer, settings, ours)
    asked = _retry_after(answer, now) if answer else None
    if asked is not None and asked >= wait:
        wait, reason = asked, "retry_after"
    when = now + timedelta(seconds=_jittered(wait, reason, _is_late(feed, wait, now), settings, draw()))
    if healthy and (feed.skip_hours or feed.skip_days):
        return _after_skips(feed, when, now, wait, reason, settings.min_every * draw())
    return when, reason


def _healthy_wait(
    feed: model.Feed, answer: model.HttpInfo | None, now: datetime, settings: PaceSettings
) -> tuple[float, str]:
    """Return the longest of what we, the server and the feed want."""
    longest = max(feed.every or settings.every, settings.min_every)
    wishes = [_own_wait(feed, now, longest, settings.min_every)]
    if answer:
        wishes.append((min(_freshness(answer, now), LONGEST_WISH), "server_cache"))
    if feed.ttl:
        wishes.append((min(feed.ttl, LONGEST_WISH), "feed_ttl"))
    return max(wishes, key=lambda wish: wish[0])


def _own_wait(feed: model.Feed, now: datetime, longest: float, shortest: float) -> tuple[float, str]:
    """Return what the feed's own rhythm makes of `longest`; a feed that overflowed is asked as often as may be.

    A search keeps to its `every`: its rhythm is that of all who publish, and its service owes us nothing.
    """
    if wrapper.is_aggregator(feed.url, feed.tags):
        return longest, "healthy"
    if "overflow" in feed.troubles:
        return shortest, "overflow"
    gap = rhythm.gap(feed.arrivals, now.timestamp())
    quick = max(math.sqrt(gap * EAGERNESS), shortest) if gap is not None else longest
    return (quick, "rhythm") if quick < longest else (longest, "healthy")


def _backoff(feed: model.Feed, answer: model.HttpInfo | None, settings: PaceSettings, ours: bool) -> tuple[float, str]:
    """Return `min_every`, doubled with each failure in a row up to `max_backoff`."""
    doublings = min(feed.failures, 30)
    wait = min(settings.min_every * 2**doublings, settings.max_backoff)
    if answer is None:
        return (min(wait, max(OURS, settings.min_every)), "network") if ours else (wait, "no_answer")
    return wait, "gone" if answer.status in (404, 410) else "back_off"


def _is_late(feed: model.Feed, wait: float, now: datetime) -> bool:
    """Return whether the poll came much later than it was due, or is the first: then many others did, too."""
    return feed.due is None or feed.polled_at is None or (now - feed.due).total_seconds() > wait / 2


def _jittered(wait: float, reason: str, late: bool, settings: PaceSettings, drawn: float) -> float:
    """Spread the wait: only later where somebody asked for it, only sooner where news waits for the next poll.

    After a catch-up over half of it. What failed is tried again sooner or later.
    """
    if reason == "retry_after":
        return wait + settings.min_every * settings.jitter * drawn
    spread = min(wait, settings.every) * settings.jitter
    if reason in ("server_cache", "feed_ttl"):
        return wait + spread * drawn
    if late and reason in ("healthy", "rhythm") and wait > 2 * settings.min_every:
        return wait * (1 - 0.5 * drawn)
    if reason in ("back_off", "gone", "no_answer", "network"):
        spread = wait * settings.jitter
        return wait - spread + 2 * spread * drawn
    return min(wait, wait - spread + 2 * spread * drawn)


def _after_skips(
    feed: model.Feed, when: datetime, now: datetime, wait: float, reason: str, spread: float
) -> tuple[datetime, str]:
    """Return the first time from `when` on that the feed does not ask to skip, at most a day or `wait` after now."""
    free = when
    last = now + timedelta(seconds=max(wait, LONGEST_WISH))
    while free < last and (free.hour in feed.skip_hours or free.weekday() in feed.skip_days):
        free = free.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if free == when:
        return when, reason
    return max(min(free, last), when) + timedelta(seconds=spread), "feed_skips"


def _retry_after(answer: model.HttpInfo, now: datetime) -> float | None:
    """Return the seconds of Retry-After, at most LONGEST_WISH; None if absent, malformed or in the past."""
    text = (answer.retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:10]), LONGEST_WISH)
    moment = _http_date(text)
    if moment is None or moment <= now:
        return None
    return min((moment - now).total_seconds(), LONGEST_WISH)


def _freshness(answer: model.HttpInfo, now: datetime) -> float:
    """Return for how many seconds the answer stays fresh; 0 if its headers do not say."""
    control = answer.cache_control or ""
    if re.search(r"no-cache|no-store", control, re.IGNORECASE):
        return 0.0
    age = _MAX_AGE.search(control)
    if age:
        return float(age[1])
    expires, sent = _http_date(answer.expires), _http_date(answer.date) or now
    return max((expires - sent).total_seconds(), 0.0) if expires else 0.0


def _http_date(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
